/*
 * Unit tests of the delete_result room: which keys a server says are gone.
 */
#include "s3/delete_result.h"
#include "tap.h"

#define RESULT(results)	"<DeleteResult xmlns=\"x\">" results "</DeleteResult>"
#define DELETED(key)	"<Deleted><Key>" key "</Key></Deleted>"
#define VERSION(key, id) "<Deleted><Key>" key "</Key><VersionId>" id "</VersionId></Deleted>"
#define FAILED(key, code) \
	"<Error><Key>" key "</Key><Code>" code "</Code><Message>No.</Message></Error>"

#define KEYS_MAX	4

/*
 * Keys with their versions behind '@'.  What comes of them, in the same order:
 * "gone", the server's code, or "?" when it says nothing.
 */
static const struct
{
	const char *document;
	const char *keys[KEYS_MAX];
	const char *results[KEYS_MAX];
}			documents[] =
{
	{RESULT(DELETED("a") DELETED("b")), {"a", "b"}, {"gone", "gone"}},
	{RESULT(DELETED("b") DELETED("a")), {"b", "a"}, {"gone", "gone"}},
	{RESULT(DELETED("a")), {"b", "a"}, {"?", "gone"}},
	{RESULT(""), {"a"}, {"?"}},
	{RESULT(DELETED("c")), {"a", "d"}, {"?", "?"}},
	{RESULT(DELETED("a") FAILED("b", "AccessDenied")), {"a", "b"}, {"gone", "AccessDenied"}},
	{RESULT(FAILED("a", "")), {"a"}, {""}},
	{RESULT(DELETED("a") "<Error><Code>AccessDenied</Code></Error>"), {"a"}, {"gone"}},
	{RESULT(DELETED("a&amp;&lt;\xc3\xbc")), {"a&<\xc3\xbc"}, {"gone"}},
	{RESULT(DELETED("a") FAILED("a", "InternalError")), {"a"}, {"InternalError"}},

	/* One that was asked for twice, and one that another one begins with. */
	{RESULT(DELETED("a")), {"a", "b", "a"}, {"gone", "?", "gone"}},
	{RESULT(DELETED("a/")), {"a", "a/", "a/b"}, {"?", "gone", "?"}},

	/* Versions: the one that was asked for, or whichever the server names. */
	{RESULT(VERSION("a", "1") VERSION("a", "2")), {"a@2", "a@1"}, {"gone", "gone"}},
	{RESULT(VERSION("a", "1")), {"a@1", "a@2"}, {"gone", "?"}},
	{RESULT(VERSION("a", "1")), {"a"}, {"gone"}},
	{RESULT(DELETED("a")), {"a@1"}, {"?"}},
	{RESULT("<Error><Key>a</Key><VersionId>2</VersionId><Code>Slow</Code></Error>" VERSION("a", "1")),
	{"a@1", "a@2"}, {"gone", "Slow"}},

	/*
	 * Nothing of one result is left for the next one, or comes from
	 * elsewhere.
	 */
	{RESULT(VERSION("a", "1") DELETED("b")), {"b@1", "a@1"}, {"?", "gone"}},
	{RESULT("<Other><Key>a</Key></Other><Deleted/>"), {"a"}, {"?"}},
	{RESULT("<Other><Key>a</Key></Other>"), {"a"}, {"?"}},
	{RESULT("<Deleted><Of><Key>a</Key></Of></Deleted>"), {"a"}, {"?"}},
	{RESULT("<Key>a</Key><Deleted/>"), {"a"}, {"?"}}
};

static const char *const refused[] = {
	"",
	"<x/>",
	"<DeleteResult>",
	"<DeleteResult>" DELETED("a"),
	"<!DOCTYPE x>" RESULT(DELETED("a")),
	"<Error><Code>InternalError</Code></Error>",
};

static void test_reading(int number);
static void test_refused(void);
static void test_order(void);
static void test_long_key(void);
static void test_words(void);
static int	make_keys(const char *const *names, S3DeleteKey *keys);
static const char *result_of(const S3DeleteKey *key);
static bool read_document(const char *document, S3DeleteKey *keys, int count, S3Error *err);

int
main(void)
{
	for (int i = 0; i < lengthof(documents); i++)
		test_reading(i);
	test_refused();
	test_order();
	test_long_key();
	test_words();
	return tap_done();
}

static void
test_reading(int number)
{
	const char *document = documents[number].document;
	S3DeleteKey keys[KEYS_MAX];
	S3Error		err;
	int			count = make_keys(documents[number].keys, keys);

	ok(read_document(document, keys, count, &err), "%s", document);
	for (int i = 0; i < count; i++)
		is_string(result_of(&keys[i]), documents[number].results[keys[i].number],
				  "... of %s", documents[number].keys[keys[i].number]);
}

static void
test_refused(void)
{
	for (int i = 0; i < lengthof(refused); i++)
	{
		S3DeleteKey key = {.key = s3_slice_cstring("a"),.version_id = ""};
		S3Error		err = {0};

		ok(!read_document(refused[i], &key, 1, &err), "refused: %s", refused[i]);
		ok(err.kind != S3_ERROR_NONE && err.message[0] != '\0', "... with an error");
	}
}

/* Sorted, whatever order they were in; each still knows its number. */
static void
test_order(void)
{
	static const char *const names[KEYS_MAX] = {"b", "a@2", "\xc3\xbc", "a@1"};
	static const int sorted[KEYS_MAX] = {3, 1, 0, 2};
	S3DeleteKey keys[KEYS_MAX];
	S3Error		err;

	(void) make_keys(names, keys);
	ok(read_document(RESULT(""), keys, KEYS_MAX, &err), "four keys");
	for (int i = 0; i < KEYS_MAX; i++)
		is_int(keys[i].number, sorted[i], "key %d", i);
}

/* As long as S3 allows; and one byte more, which must not be cut to one of ours. */
static void
test_long_key(void)
{
	for (int len = 1024; len <= 1025; len++)
	{
		char	   *name = palloc0(len + 1);
		S3DeleteKey key = {.version_id = ""};
		S3Error		err;

		memset(name, 'k', len);
		key.key = s3_slice(name, 1024);
		ok(read_document(psprintf(RESULT(DELETED("%s")), name), &key, 1, &err), "%d bytes", len);
		is_int(key.deleted, len == 1024, "... of a key");
	}
}

/* Why the server has not deleted a key, as for a request of its own. */
static void
test_words(void)
{
	S3DeleteKey key = {.key = s3_slice_cstring("a"),.version_id = ""};
	S3Error		err;

	ok(read_document(RESULT(FAILED("a", "AccessDenied")), &key, 1, &err), "a denied one");
	if (!ok(key.err != NULL, "has an error"))
		return;
	is_int(key.err->kind, S3_ERROR_DENIED, "... of this kind");
	is_string(key.err->message, "access denied", "... in our words");
	is_string(key.err->server_message, "No.", "... and the server's");
}

static int
make_keys(const char *const *names, S3DeleteKey *keys)
{
	int			count = 0;

	while (count < KEYS_MAX && names[count] != NULL)
	{
		const char *name = names[count];
		const char *version = strchr(name, '@');

		memset(&keys[count], 0, sizeof(S3DeleteKey));
		keys[count].number = count;
		keys[count].key = s3_slice(name, version == NULL ? strlen(name) : version - name);
		keys[count].version_id = version == NULL ? "" : version + 1;
		count++;
	}
	return count;
}

static const char *
result_of(const S3DeleteKey *key)
{
	if (key->err != NULL && !key->deleted)
		return key->err->code;
	return key->deleted ? "gone" : "?";
}

static bool
read_document(const char *document, S3DeleteKey *keys, int count, S3Error *err)
{
	S3HttpResponse response = {.status = 200,.headers = ""};

	response.body = pstrdup(document);
	response.body_len = strlen(document);
	return s3_delete_result_read(&response, keys, count, err);
}
