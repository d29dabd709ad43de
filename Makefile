# s3store: S3 objects from SQL
EXTENSION = s3store
EXTVERSION = 1.0
MODULE_big = s3store
DATA = sql/s3store--1.0.sql

# The rooms marked pure in src/README.md: they also build as plain C programs.
PURE_OBJS = src/address.o src/digest.o src/error.o src/location.o \
	src/request.o src/response.o src/sigv4.o src/uri.o src/xml.o

OBJS = $(PURE_OBJS) src/client.o src/credentials.o src/fn_object.o \
	src/fn_presign.o src/fn_url.o src/guc.o src/http.o src/http_error.o \
	src/http_wait.o src/params.o \
	src/privileges.o src/s3store.o src/settings.o

REGRESS = location settings credentials privileges sigv4 presign read_only errors
REGRESS_OPTS = --inputdir=test/regress --load-extension=s3store

PG_CPPFLAGS = $(shell pkg-config --cflags libcurl libcrypto expat zlib)
SHLIB_LINK = $(shell pkg-config --libs libcurl libcrypto expat zlib)
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers -fvisibility=hidden

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
