/*
 * Unit tests of the intent_record room: what a journal says, whole and torn.
 */
#include "journal/intent_record.h"
#include "tap.h"

static const S3Intent example = {
	.id = UINT64CONST(0xfedcba9876543210),
	.kind = S3_INTENT_CREATE,
	.xid = UINT64CONST(0x100000007),
	.created = INT64CONST(800000000000000),
	.not_before = 1700000000,
	.size = 42,
	.url = "s3://bucket/key",
	.target = "http://127.0.0.1/bucket/key",
	.etag = "9e107d9d372bb6826bd81d3542a419d6",
	.previous = "",
	.upload_id = "",
	.version = ""
};

static void test_round_trip(void);
static void test_torn(void);
static void test_damaged(void);
static void test_strangers(void);
static void test_limits(void);
static void make_journal(StringInfo out);

int
main(void)
{
	test_round_trip();
	test_torn();
	test_damaged();
	test_strangers();
	test_limits();
	return tap_done();
}

/* A home, two intents, and all that can be said of the first. */
static void
make_journal(StringInfo out)
{
	uint8		home[S3_HOME_ID_LEN] = "0123456789abcde";
	S3Intent	first = example;
	S3Intent	second = example;

	first.kind = S3_INTENT_REPLACE;
	first.previous = "v0";
	first.upload_id = "upload";
	first.answered = true;
	first.etag = "etag";
	first.version = "v1";
	first.not_after = 1700000001;
	first.unsure_since = -5;
	first.removing_until = 7;
	first.settled = true;
	second.id = 2;
	initStringInfo(out);
	s3_intent_record_home(out, home);
	ok(out->len == S3_HOME_RECORD_LEN, "a journal without intents");
	s3_intent_record_all(out, &first);
	s3_intent_record_all(out, &second);
}

static void
test_round_trip(void)
{
	StringInfoData bytes;
	S3JournalContent content;
	const S3Intent *intent;

	make_journal(&bytes);
	s3_intent_records_read(s3_slice(bytes.data, bytes.len), &content);
	ok(content.valid == bytes.len, "every record is read");
	ok(content.has_home && memcmp(content.home, "0123456789abcde", S3_HOME_ID_LEN) == 0, "home");
	ok(content.count == 2, "intents");
	intent = s3_intent_find(&content, example.id);
	ok(intent != NULL && intent->kind == S3_INTENT_REPLACE && intent->xid == example.xid &&
	   intent->created == example.created && intent->not_before == example.not_before &&
	   intent->size == example.size, "numbers");
	ok(strcmp(intent->url, example.url) == 0 && strcmp(intent->target, example.target) == 0 &&
	   strcmp(intent->previous, "v0") == 0, "strings");
	ok(strcmp(intent->upload_id, "upload") == 0 && strcmp(intent->etag, "etag") == 0 &&
	   strcmp(intent->version, "v1") == 0 && intent->answered && intent->unsure_since == -5 &&
	   intent->removing_until == 7 && intent->settled, "what became of it");
	intent = s3_intent_find(&content, 2);
	ok(intent != NULL && !intent->answered && !intent->settled && intent->unsure_since == 0 &&
	   intent->removing_until == 0 &&
	   strcmp(intent->etag, example.etag) == 0, "the other one is not touched");
	ok(!s3_intent_is_older(&content.intents[0], 1700000003) &&
	   s3_intent_is_older(&content.intents[0], 1700000004) &&
	   !s3_intent_is_older(&content.intents[1], 1800000000), "what is younger than the answer");
	ok(s3_intent_same_object(&content.intents[0], &content.intents[1]), "one object");
	ok(s3_intent_find(&content, 3) == NULL, "no such intent");
}

/* Cut anywhere, what is whole before the cut is there, and nothing else. */
static void
test_torn(void)
{
	StringInfoData bytes;
	S3JournalContent content;
	size_t		last = 0;
	bool		good = true;
	int			steps = 0;

	make_journal(&bytes);
	for (int len = 0; len <= bytes.len; len++)
	{
		s3_intent_records_read(s3_slice(bytes.data, len), &content);
		good = good && content.valid <= (size_t) len && content.valid >= last;
		steps += content.valid > last;
		last = content.valid;
	}
	ok(good, "no part of a record is taken for one");
	is_int(steps, 8, "as many records as there are");
}

/* A byte that is changed takes its record, and all that follows. */
static void
test_damaged(void)
{
	StringInfoData bytes;
	S3JournalContent content;
	bool		good = true;

	make_journal(&bytes);
	for (int i = 0; i < bytes.len; i++)
	{
		bytes.data[i] ^= 0x40;
		s3_intent_records_read(s3_slice(bytes.data, bytes.len), &content);
		good = good && content.valid <= (size_t) i;
		bytes.data[i] ^= 0x40;
	}
	ok(good, "a checksum that is wrong ends the journal");
}

static void
test_strangers(void)
{
	StringInfoData bytes;
	S3JournalContent content;

	initStringInfo(&bytes);
	s3_intent_record_settled(&bytes, 1);
	s3_intent_record_answer(&bytes, 1, "etag", "version", 0);
	s3_intent_record_unsure(&bytes, 1, 1);
	s3_intent_record_removing(&bytes, 1, 1);
	s3_intent_record_upload(&bytes, 1, "id");
	s3_intent_records_read(s3_slice(bytes.data, bytes.len), &content);
	ok(content.valid == bytes.len && content.count == 0, "news of no intent are passed over");
	s3_intent_records_read(s3_slice("", 0), &content);
	ok(content.valid == 0 && content.count == 0 && !content.has_home, "nothing at all");
}

static void
test_limits(void)
{
	S3Intent	intent = example;
	StringInfoData bytes;
	S3JournalContent content;
	char	   *longest = palloc(S3_INTENT_STRING_MAX + 2);

	memset(longest, 'x', S3_INTENT_STRING_MAX + 1);
	longest[S3_INTENT_STRING_MAX] = '\0';
	intent.url = intent.target = intent.etag = intent.previous = longest;
	initStringInfo(&bytes);
	s3_intent_record_intent(&bytes, &intent);
	longest[S3_INTENT_STRING_MAX] = 'x';
	longest[S3_INTENT_STRING_MAX + 1] = '\0';
	s3_intent_record_answer(&bytes, intent.id, longest, "v", 0);
	for (int i = 0; i < 100; i++)
	{
		intent = example;
		intent.id = i + 1;
		s3_intent_record_intent(&bytes, &intent);
	}
	s3_intent_records_read(s3_slice(bytes.data, bytes.len), &content);
	ok(content.valid == bytes.len, "the longest strings fit");
	ok(strlen(content.intents[0].url) == S3_INTENT_STRING_MAX, "and come back");
	ok(content.intents[0].etag[0] == '\0', "what is longer is left out");
	is_int(content.count, 101, "many intents");
}
