/*
 * Unit tests of the records of a journal: what it says, whole and torn.
 */
#include "journal/intent_record.h"
#include "tap.h"

static const S3Intent example = {
	.id = UINT64CONST(0xfedcba9876543210),
	.role = S3_INTENT_PUT,
	.xid = UINT64CONST(0x100000007),
	.oldest_xid = UINT64CONST(0x100000005),
	.created = INT64CONST(800000000000000),
	.server = -4,
	.object = INT64CONST(-5000000000000000000),
	.size = 42,
	.url = "s3://bucket/key",
	.etag = "9e107d9d372bb6826bd81d3542a419d6",
	.found_etag = "",
	.previous = "",
	.upload_id = "",
	.version = ""
};

static void test_round_trip(void);
static void test_on(void);
static void test_torn(void);
static void test_damaged(void);
static void test_strangers(void);
static void test_limits(void);
static void make_journal(StringInfo out);

int
main(void)
{
	test_round_trip();
	test_on();
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

	first.role = S3_INTENT_KEPT;
	first.found = S3_INTENT_FOUND_OBJECT;
	first.found_etag = "theirs";
	first.found_size = 7;
	first.found_marker = true;
	first.previous = "v0";
	first.upload_id = "upload";
	first.answered = true;
	first.etag = "etag";
	first.version = "v1";
	first.not_after = 1700000001;
	first.unsure_since = -5;
	first.unsure_noted = 6;
	first.unsure_count = 3;
	first.abandoned = true;
	second.id = 2;
	initStringInfo(out);
	s3_intent_record_home(out, home, 1234, UINT64CONST(0x8000000000000005));
	ok(out->len == S3_HOME_RECORD_LEN, "a journal without intents");
	s3_intent_record_all(out, &first);
	s3_intent_record_settled(out, first.id);
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
	is_int(content.damaged, 0, "every record is read");
	ok(content.has_home && memcmp(content.home, "0123456789abcde", S3_HOME_ID_LEN) == 0, "home");
	is_int(content.first_size, 1234, "its size");
	ok(content.generation == UINT64CONST(0x8000000000000005), "its generation");
	is_int(content.count, 2, "intents");
	intent = s3_intent_find(&content, example.id);
	ok(intent == &content.intents[0] && intent->role == S3_INTENT_KEPT, "role");
	ok(intent->xid == example.xid && intent->oldest_xid == example.oldest_xid &&
	   intent->created == example.created && intent->server == example.server &&
	   intent->object == example.object && intent->size == example.size, "numbers");
	is_string(intent->url, example.url, "URL");
	ok(intent->found == S3_INTENT_FOUND_OBJECT && intent->found_size == 7 && intent->found_marker &&
	   strcmp(intent->found_etag, "theirs") == 0 && strcmp(intent->previous, "v0") == 0,
	   "what was found");
	ok(strcmp(intent->upload_id, "upload") == 0 && strcmp(intent->etag, "etag") == 0 &&
	   strcmp(intent->version, "v1") == 0 && intent->answered && intent->not_after == 1700000001,
	   "the answer");
	ok(intent->unsure_since == -5 && intent->unsure_noted == 6 && intent->unsure_count == 3 &&
	   intent->abandoned && intent->settled, "what became of it");
	intent = s3_intent_find(&content, 2);
	ok(intent == &content.intents[1] && intent->role == S3_INTENT_PUT && !intent->answered &&
	   !intent->settled && !intent->abandoned && intent->unsure_since == 0 &&
	   intent->found == S3_INTENT_NOT_LOOKED && strcmp(intent->etag, example.etag) == 0,
	   "the other one is not touched");
	ok(s3_intent_find(&content, 3) == NULL, "no such intent");

	intent = s3_intent_copy(&content.intents[0]);
	ok(intent->id == content.intents[0].id && intent->unsure_count == 3 &&
	   intent->url != content.intents[0].url && strcmp(intent->url, content.intents[0].url) == 0 &&
	   intent->etag != content.intents[0].etag && strcmp(intent->etag, "etag") == 0 &&
	   intent->upload_id != content.intents[0].upload_id && strcmp(intent->upload_id, "upload") == 0 &&
	   strcmp(intent->found_etag, content.intents[0].found_etag) == 0 &&
	   strcmp(intent->previous, content.intents[0].previous) == 0 &&
	   strcmp(intent->version, content.intents[0].version) == 0, "a copy, with its strings");

	resetStringInfo(&bytes);
	s3_intent_record_intent(&bytes, &example);
	s3_intent_record_content(&bytes, example.id, "0-2", 99);
	s3_intent_records_read(s3_slice(bytes.data, bytes.len), &content);
	ok(content.intents[0].size == 99 && strcmp(content.intents[0].etag, "0-2") == 0,
	   "a content that is known later");
}

/*
 * Read in two parts, divided between any two records, it is the same; and the
 * intents of an object are found, from the last to the first.
 */
static void
test_on(void)
{
	StringInfoData bytes;
	bool		good = true;

	make_journal(&bytes);
	for (uint64 id = 3; id < 40; id++)
	{
		S3Intent	more = example;

		more.id = id;
		more.object = id % 2 == 0 ? example.object : 7;
		s3_intent_record_intent(&bytes, &more);
	}
	for (int len = 0; len < bytes.len; len++)
	{
		S3JournalContent content;
		const S3Intent *intent;
		int			count = 0;

		s3_intent_records_read(s3_slice(bytes.data, len), &content);
		if (content.damaged > 0)
			continue;			/* it is in the middle of a record */
		s3_intent_records_add(s3_slice(bytes.data + len, bytes.len - len), &content);
		good = good && content.damaged == 0 && content.has_home && content.count == 39 &&
			content.intents[0].settled && !content.intents[1].settled &&
			s3_intent_find(&content, 39) == &content.intents[38];
		for (intent = s3_intent_last_of(&content, 7); intent != NULL;
			 intent = s3_intent_before(&content, intent))
			good = good && intent->object == 7 && intent->id == (uint64) (39 - 2 * count++);
		good = good && count == 19 && s3_intent_last_of(&content, 8) == NULL &&
			s3_intent_last_of(&content, example.object)->id == 38;
	}
	ok(good, "read in two parts");
}

/*
 * Cut anywhere, what is whole before the cut is there, and what is written behind
 * it is, too.
 */
static void
test_torn(void)
{
	StringInfoData bytes;
	S3JournalContent content;
	bool		good = true;
	int			whole = 0;

	make_journal(&bytes);
	for (int len = 0; len <= bytes.len; len++)
	{
		StringInfoData torn;
		S3Intent	last = example;

		last.id = 3;
		initStringInfo(&torn);
		appendBinaryStringInfo(&torn, bytes.data, len);
		s3_intent_records_read(s3_slice(torn.data, torn.len), &content);
		good = good && content.damaged <= (size_t) len;
		whole += content.damaged == 0;
		s3_intent_record_intent(&torn, &last);
		s3_intent_records_read(s3_slice(torn.data, torn.len), &content);
		good = good && s3_intent_find(&content, 3) != NULL;
	}
	ok(good, "no part of a record hides another one");
	is_int(whole, 10, "nothing, and as many records as there are");
}

/* A byte that is changed takes its record, and no other. */
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
		good = good && content.damaged > 0 && content.count >= 1;
		bytes.data[i] ^= 0x40;
	}
	ok(good, "a checksum that is wrong takes one record");
}

static void
test_strangers(void)
{
	StringInfoData bytes;
	S3JournalContent content;
	S3Intent	unknown = example;

	unknown.id = 1;
	initStringInfo(&bytes);
	s3_intent_record_settled(&bytes, 1);
	s3_intent_record_found(&bytes, &unknown);
	s3_intent_record_answer(&bytes, 1, "etag", "version", 0);
	s3_intent_record_unsure(&bytes, &unknown);
	s3_intent_record_content(&bytes, 1, "etag", 1);
	s3_intent_record_abandoned(&bytes, 1);
	s3_intent_record_upload(&bytes, 1, "id");
	s3_intent_records_read(s3_slice(bytes.data, bytes.len), &content);
	ok(content.damaged == 0 && content.count == 0, "news of no intent are passed over");
	s3_intent_records_read(s3_slice("", 0), &content);
	ok(content.damaged == 0 && content.count == 0 && !content.has_home, "nothing at all");
	s3_intent_records_read(s3_slice("S3JrS3JrS3Jr", 12), &content);
	is_int(content.damaged, 12, "nothing but the beginnings of records");
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
	intent.url = intent.etag = longest;
	initStringInfo(&bytes);
	s3_intent_record_intent(&bytes, &intent);
	longest[S3_INTENT_STRING_MAX] = 'x';
	longest[S3_INTENT_STRING_MAX + 1] = '\0';
	s3_intent_record_answer(&bytes, intent.id, longest, "v", 0);
	for (int i = 0; i < 1000; i++)
	{
		intent = example;
		intent.id = i + 1;
		s3_intent_record_intent(&bytes, &intent);
	}
	s3_intent_records_read(s3_slice(bytes.data, bytes.len), &content);
	is_int(content.damaged, 0, "the longest strings fit");
	ok(strlen(content.intents[0].url) == S3_INTENT_STRING_MAX, "and come back");
	ok(content.intents[0].etag[0] == '\0', "what is longer is left out");
	is_int(content.count, 1001, "many intents");
	for (int i = 0; i < 1000; i++)
		if (s3_intent_find(&content, i + 1) != &content.intents[i + 1])
			ok(false, "intent %d is found", i + 1);
}
