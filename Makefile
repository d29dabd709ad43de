# s3store: S3 objects from SQL
EXTENSION = s3store
EXTVERSION = 1.0
MODULE_big = s3store
DATA = sql/s3store--1.0.sql

# The rooms marked pure in src/README.md: they also build as plain C programs.
PURE_OBJS = \
	src/acl.o \
	src/address.o \
	src/age.o \
	src/buckets.o \
	src/copy_headers.o \
	src/crc.o \
	src/date.o \
	src/delete_result.o \
	src/digest.o \
	src/error.o \
	src/integrity.o \
	src/intent_record.o \
	src/json.o \
	src/key_document.o \
	src/key_guess.o \
	src/key_hosts.o \
	src/key_schedule.o \
	src/keys.o \
	src/link.o \
	src/list_page.o \
	src/location.o \
	src/metadata.o \
	src/naming.o \
	src/profile.o \
	src/region.o \
	src/request.o \
	src/response.o \
	src/retry.o \
	src/signing.o \
	src/sigv2.o \
	src/sigv4.o \
	src/sync_plan.o \
	src/tags.o \
	src/uri.o \
	src/xml.o

OBJS = $(sort $(patsubst %.c,%.o,$(wildcard src/*.c)))

REGRESS = location address presign links link_cache errors settings put_settings credentials privileges read_only \
	reconcile
REGRESS += queue manage
REGRESS_OPTS = --load-extension=s3store

PG_CPPFLAGS = $(shell pkg-config --cflags libcurl libcrypto expat zlib)
SHLIB_LINK = $(shell pkg-config --libs libcurl libcrypto expat zlib)
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS knows of headers only with --enable-depend: any change rebuilds all.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h)

include test/targets.mk
