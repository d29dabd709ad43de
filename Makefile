# s3store: S3 objects from SQL
EXTENSION = s3store
EXTVERSION = 1.0
MODULE_big = s3store
DATA = sql/s3store--1.0.sql
EXTRA_CLEAN = $(addsuffix *.d,$(ROOMS))

# Where this Makefile is: elsewhere than here in a build outside of the sources
TOP := $(dir $(firstword $(MAKEFILE_LIST)))
OBJS = $(sort $(patsubst $(TOP)%.c,%.o,$(wildcard $(TOP)src/*.c $(TOP)src/*/*.c)))
ROOMS = $(sort $(dir $(OBJS)))

REGRESS = location address presign links link_cache errors settings put_settings credentials privileges read_only \
	reconcile
REGRESS += queue manage
REGRESS_OPTS = --load-extension=s3store

PG_CPPFLAGS = -I$(TOP)src $(shell pkg-config --cflags libcurl libcrypto expat zlib)
SHLIB_LINK = $(shell pkg-config --libs libcurl libcrypto expat zlib)
# -MMD: each object notes which headers it depends on
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -MMD -MP

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# make would find these folders where the sources are
ifneq ($(TOP),./)
$(shell mkdir -p $(ROOMS))
endif
$(OBJS:.o=.bc): %.bc: %.o
-include $(OBJS:.o=.d)

include $(TOP)test/targets.mk
