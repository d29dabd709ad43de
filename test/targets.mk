# Targets that need no server: unit tests, fuzzing, checks of the source.
# The tests of the pure rooms are plain programs, built with sanitizers.

TEST_CC ?= $(CC)
TEST_SANITIZE ?= -fsanitize=address,undefined -fno-sanitize-recover=all
TEST_CFLAGS = -std=gnu99 -g -O1 -fno-omit-frame-pointer $(TEST_SANITIZE) \
	-Wall -Wextra -Werror -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -Wno-maybe-uninitialized
TEST_CPPFLAGS = -DFRONTEND -DUSE_ASSERT_CHECKING -Isrc -Itest/unit \
	-I$(includedir_server) -I$(includedir) -D_GNU_SOURCE $(PG_CPPFLAGS)
TEST_LIBS = -L$(pkglibdir) -L$(libdir) -lpgcommon -lpgport \
	$(shell pkg-config --libs libcrypto expat)

UNIT_TESTS = $(patsubst test/unit/%.c,test/unit/bin/%,$(wildcard test/unit/test_*.c))
FUZZERS = $(patsubst test/fuzz/%.c,test/unit/bin/%,$(wildcard test/fuzz/fuzz_*.c))
PURE_TEST_OBJS = $(patsubst src/%.o,test/unit/bin/%.o,$(PURE_OBJS)) test/unit/bin/memory.o

# Each program prints TAP.  All of them run, whatever fails.
unit: $(UNIT_TESTS)
	@failed=0; for test in $^; do \
		echo "# $$(basename $$test)"; $$test || failed=1; \
	done; exit $$failed

# A short, repeatable run; raise FUZZ_RUNS, or change FUZZ_SEED, to go on.
FUZZ_RUNS ?= 200000
FUZZ_SEED ?= 1
fuzz: $(FUZZERS)
	@n=0; for fuzzer in $^; do n=$$((n + 1)); \
		name="$$(basename $$fuzzer), $(FUZZ_RUNS) runs"; \
		if $$fuzzer -runs=$(FUZZ_RUNS) -seed=$(FUZZ_SEED); then echo "ok $$n - $$name"; \
		else echo "not ok $$n - $$name"; exit 1; fi; \
	done; echo "1..$$n"

# How fast the pure rooms are, as they are built for the server.  What needs
# one stands beside: test/bench/list.
bench: $(patsubst test/bench/%.c,test/unit/bin/bench_%,$(wildcard test/bench/*.c))
	@for bench in $^; do $$bench || exit 1; done

test/unit/bin/bench_%: test/bench/%.c test/unit/memory.c $(PURE_OBJS:.o=.c) $(PURE_HEADERS)
	@mkdir -p $(@D)
	$(TEST_CC) -O2 $(filter-out -O1 $(TEST_SANITIZE),$(TEST_CFLAGS)) \
		$(filter-out -DUSE_ASSERT_CHECKING,$(TEST_CPPFLAGS)) -o $@ $(filter %.c,$^) $(TEST_LIBS)

# With clang and its libFuzzer: make test/unit/bin/libfuzzer_location
test/unit/bin/libfuzzer_%: test/fuzz/fuzz_%.c test/unit/memory.c $(PURE_OBJS:.o=.c)
	@mkdir -p $(@D)
	clang $(filter-out -Werror,$(TEST_CFLAGS)) -Wno-ignored-attributes \
		-fsanitize=fuzzer $(TEST_CPPFLAGS) -o $@ $^ $(TEST_LIBS)

test/unit/bin/test_%: test/unit/bin/test_%.o $(PURE_TEST_OBJS)
	$(TEST_CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

test/unit/bin/fuzz_%: test/unit/bin/fuzz_%.o test/unit/bin/driver.o $(PURE_TEST_OBJS)
	$(TEST_CC) $(TEST_CFLAGS) -o $@ $^ $(TEST_LIBS)

PURE_HEADERS = $(wildcard src/*.h test/unit/*.h test/fuzz/*.h)

test/unit/bin/%.o: src/%.c $(PURE_HEADERS)
	@mkdir -p $(@D)
	$(TEST_CC) $(TEST_CFLAGS) $(TEST_CPPFLAGS) -c -o $@ $<

test/unit/bin/%.o: test/unit/%.c $(PURE_HEADERS)
	@mkdir -p $(@D)
	$(TEST_CC) $(TEST_CFLAGS) $(TEST_CPPFLAGS) -c -o $@ $<

test/unit/bin/%.o: test/fuzz/%.c $(PURE_HEADERS)
	@mkdir -p $(@D)
	$(TEST_CC) $(TEST_CFLAGS) $(TEST_CPPFLAGS) -c -o $@ $<

# Names, banned functions, who includes what
lint: all
	PURE_FILES='$(PURE_OBJS:.o=.c)' test/lint

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
	rm -rf test/unit/bin

.PHONY: unit fuzz bench lint indent indent-check analyze clean-tests
.SECONDARY:
