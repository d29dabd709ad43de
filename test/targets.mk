# Targets that need no server: unit tests, fuzzing, checks of the source.
# The tests are plain programs, built with sanitizers and without a server.  So
# are the pure rooms, and what has a test by its name, wherever it lives.

TEST_CC ?= $(CC)
TEST_SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all
TEST_CFLAGS = -std=gnu99 -g -O1 -fno-omit-frame-pointer $(TEST_SANITIZE) \
	-Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wno-maybe-uninitialized
TEST_CPPFLAGS = -DFRONTEND -DUSE_ASSERT_CHECKING -Itest/unit -Itest/fuzz -MMD -MP \
	-I$(includedir_server) -I$(includedir) -D_GNU_SOURCE $(PG_CPPFLAGS)
TEST_LIBS = -L$(pkglibdir) -L$(libdir) -lpgcommon -lpgport \
	$(shell pkg-config --libs libcrypto expat zlib)

UNIT = test/unit/bin
UNIT_TESTS = $(patsubst test/unit/%.c,$(UNIT)/%,$(wildcard test/unit/*/test_*.c))
FUZZERS = $(patsubst test/fuzz/%.c,$(UNIT)/fuzz/%,$(wildcard test/fuzz/fuzz_*.c))
PURE_ROOMS = base s3
PURE = $(sort $(foreach room,$(PURE_ROOMS),$(wildcard src/$(room)/*.c)) \
	$(wildcard $(subst /test_,/,$(patsubst test/unit/%,src/%,$(wildcard test/unit/*/test_*.c)))))
PURE_LIB = $(UNIT)/libpure.a

# All that "unit" and "fuzz" need
test-programs: $(UNIT_TESTS) $(FUZZERS)

# Each program prints TAP.  All of them run, whatever fails.
unit: $(UNIT_TESTS)
	@failed=0; for test in $^; do \
		echo "# $${test#$(UNIT)/}"; $$test || failed=1; \
	done; exit $$failed

# A short run, the same each time; raise FUZZ_RUNS, or change FUZZ_SEED, to go on.
FUZZ_RUNS ?= 20000
FUZZ_SEED ?= 1
fuzz: $(FUZZERS)
	@n=0; failed=0; for fuzzer in $^; do n=$$((n + 1)); \
		name="$$(basename $$fuzzer), $(FUZZ_RUNS) runs"; \
		if $$fuzzer -runs=$(FUZZ_RUNS) -seed=$(FUZZ_SEED); then echo "ok $$n - $$name"; \
		else echo "not ok $$n - $$name"; failed=1; fi; \
	done; echo "1..$$n"; exit $$failed

# The models of removal and undo, in full: some minutes.
model:
	@test/model/check

# How fast the pure rooms are, as they are built for the server.  What needs
# one stands beside: test/bench/list.
bench: $(patsubst test/bench/%.c,$(UNIT)/bench_%,$(wildcard test/bench/*.c))
	@for bench in $^; do $$bench || exit 1; done

$(UNIT)/bench_%: test/bench/%.c test/unit/memory.c $(PURE)
	@mkdir -p $(@D)
	$(TEST_CC) -O2 $(filter-out -O1 $(TEST_SANITIZE),$(TEST_CFLAGS)) \
		$(filter-out -DUSE_ASSERT_CHECKING -MMD -MP,$(TEST_CPPFLAGS)) -o $@ $^ $(TEST_LIBS)

# With clang and its libFuzzer: make test/unit/bin/libfuzzer_location
$(UNIT)/libfuzzer_%: test/fuzz/fuzz_%.c test/fuzz/libfuzzer.c test/unit/memory.c $(PURE)
	@mkdir -p $(@D)
	clang $(filter-out -Werror,$(TEST_CFLAGS)) -Wno-ignored-attributes \
		-fsanitize=fuzzer $(filter-out -MMD -MP,$(TEST_CPPFLAGS)) -o $@ $^ $(TEST_LIBS)

$(UNIT_TESTS): %: %.o $(PURE_LIB)
	$(TEST_CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

$(FUZZERS): %: %.o $(UNIT)/fuzz/driver.o $(PURE_LIB)
	$(TEST_CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

$(PURE_LIB): $(patsubst %.c,$(UNIT)/%.o,$(PURE)) $(UNIT)/memory.o
	@rm -f $@
	$(AR) rcs $@ $^

compile_pure = @mkdir -p $(@D); \
	$(TEST_CC) $(TEST_CFLAGS) $(TEST_CPPFLAGS) -c -o $@ $<

$(UNIT)/src/%.o: src/%.c
	$(compile_pure)
$(UNIT)/fuzz/%.o: test/fuzz/%.c
	$(compile_pure)
$(UNIT)/%.o: test/unit/%.c
	$(compile_pure)

-include $(wildcard $(UNIT)/*.d $(UNIT)/*/*.d $(UNIT)/src/*/*.d)

# Names, banned functions, who includes what
lint: all
	PURE_FILES='$(PURE)' test/lint

# PostgreSQL's layout
indent: all
	test/indent
indent-check: all
	test/indent --check

analyze:
	@failed=0; for file in $(OBJS:.o=.c); do \
		$(TEST_CC) -fanalyzer -O1 -Werror $(CPPFLAGS) -c -o /dev/null $$file || failed=1; \
	done; exit $$failed

clean: clean-tests
clean-tests:
	rm -rf $(UNIT)

.PHONY: test-programs unit fuzz model bench lint indent indent-check analyze clean-tests
.SECONDARY:
