/*
 * Unit tests of what the intents of one object say together.
 */
#include "journal/intent_group.h"
#include "tap.h"

#define INTENTS_MAX	4

/* What a put found: nothing, or the bytes of a put; of somebody else. */
#define LOOKED_NOT	(-3)
#define NOTHING		(-2)
#define OTHERS		(-1)

static S3JournalContent content;
static S3Intent intents[INTENTS_MAX];
static S3Outcome outcomes[INTENTS_MAX];
static const char *const etags[] = {"e0", "e1", "e2", "e3"};

static void test_one(void);
static void test_two(void);
static void test_roles(void);
static void test_moot(void);
static void test_index(void);
static void test_group_of(void);
static void test_states(void);
static void start(void);
static S3Intent *add(S3Outcome outcome, int found);
static S3Outcome outcome_of(const S3Intent *intent);
static S3IntentVerdict judge(void);
static bool goes(void);

int
main(void)
{
	test_one();
	test_two();
	test_roles();
	test_moot();
	test_index();
	test_group_of();
	test_states();
	return tap_done();
}

static void
start(void)
{
	memset(&content, 0, sizeof(content));
	memset(intents, 0, sizeof(intents));
	content.intents = intents;
}

/* A put of bytes of its own, in a transaction that is not older than another. */
static S3Intent *
add(S3Outcome outcome, int found)
{
	int			number = content.count++;
	S3Intent   *intent = &intents[number];

	outcomes[number] = outcome;
	intent->id = number + 1;
	intent->role = S3_INTENT_PUT;
	intent->object = 9;
	intent->xid = 100 + number;
	intent->oldest_xid = 100;
	intent->etag = etags[number];
	intent->size = 1;
	intent->answered = true;
	intent->upload_id = "";
	intent->found = found == LOOKED_NOT ? S3_INTENT_NOT_LOOKED :
		found == NOTHING ? S3_INTENT_FOUND_NOTHING : S3_INTENT_FOUND_OBJECT;
	intent->found_etag = found >= 0 ? etags[found] : "foreign";
	intent->found_size = 1;
	return intent;
}

static S3Outcome
outcome_of(const S3Intent *intent)
{
	return outcomes[intent - intents];
}

static S3IntentVerdict
judge(void)
{
	S3IntentIndex index;
	S3IntentGroup group;
	S3IntentVerdict verdict;

	s3_intent_index_make(&index, &content);
	group = s3_intent_index_group(&index, 0);
	s3_intent_judge(&group, outcome_of, &verdict);
	return verdict;
}

/* May what stands there be removed? */
static bool
goes(void)
{
	S3IntentVerdict verdict = judge();

	return !verdict.runs && verdict.made && !verdict.stays;
}

static void
test_one(void)
{
	start();
	ok(!judge().undoes && !judge().runs && !goes(), "no intent: nothing to do");
	add(S3_OUTCOME_ABORTED, NOTHING);
	ok(goes() && judge().undoes, "rolled back, and found nothing: it goes");
	outcomes[0] = S3_OUTCOME_IN_PROGRESS;
	ok(judge().runs && !judge().undoes, "it runs");
	outcomes[0] = S3_OUTCOME_COMMITTED;
	ok(!goes() && judge().stays && !judge().undoes, "it has committed");
	outcomes[0] = S3_OUTCOME_FORGOTTEN;
	ok(!goes() && judge().forgotten && judge().stays && judge().undoes, "nobody knows any more");
	intents[0].settled = true;
	ok(!judge().undoes && !judge().forgotten, "it is settled");

	start();
	add(S3_OUTCOME_ABORTED, OTHERS);
	ok(!goes() && judge().stays && judge().undoes, "it has replaced an object");
	intents[0].found = S3_INTENT_FOUND_UNKNOWN;
	ok(!goes() && judge().stays, "what it replaced is not known");
	intents[0].found = S3_INTENT_NOT_LOOKED;
	ok(!judge().undoes && !judge().stays, "it has sent nothing");
	outcomes[0] = S3_OUTCOME_COMMITTED;
	ok(!judge().stays, "nor has one that commits");
	outcomes[0] = S3_OUTCOME_IN_PROGRESS;
	ok(judge().runs, "but it may yet");
}

/* Of each other they know by what they have found. */
static void
test_two(void)
{
	start();
	add(S3_OUTCOME_ABORTED, NOTHING);
	add(S3_OUTCOME_ABORTED, 0);
	ok(goes(), "the second one has found the first one's bytes");
	outcomes[1] = S3_OUTCOME_COMMITTED;
	ok(!goes() && judge().undoes, "it has committed");
	outcomes[1] = S3_OUTCOME_IN_PROGRESS;
	ok(judge().runs, "it runs");

	start();
	add(S3_OUTCOME_ABORTED, 1);
	add(S3_OUTCOME_ABORTED, NOTHING);
	ok(goes(), "the first one has looked later");

	start();
	add(S3_OUTCOME_ABORTED, NOTHING);
	add(S3_OUTCOME_ABORTED, OTHERS);
	ok(!goes(), "the second one has found somebody else's");
	intents[1].found_etag = etags[1];
	ok(!goes(), "what it finds is not its own");
	intents[1].found_etag = etags[0];
	intents[1].found_size = 2;
	ok(!goes(), "another size is another object");

	start();
	add(S3_OUTCOME_ABORTED, 1);
	add(S3_OUTCOME_ABORTED, 0);
	ok(!goes(), "there was something before both");

	start();
	add(S3_OUTCOME_ABORTED, LOOKED_NOT);
	add(S3_OUTCOME_ABORTED, 0);
	ok(!goes(), "who has sent nothing was not found");
}

static void
test_roles(void)
{
	start();
	add(S3_OUTCOME_ABORTED, NOTHING);
	add(S3_OUTCOME_ABORTED, LOOKED_NOT)->role = S3_INTENT_KEPT;
	intents[1].answered = false;
	ok(!goes() && judge().stays, "what is never undone stays");
	intents[1].role = S3_INTENT_SYNC;
	ok(goes(), "a sync writes what was there");
	outcomes[1] = S3_OUTCOME_COMMITTED;
	ok(goes(), "whether or not it commits");
	outcomes[1] = S3_OUTCOME_IN_PROGRESS;
	ok(judge().runs, "but it is waited for");
	intents[1].upload_id = "upload";
	ok(!s3_intent_left_upload(&intents[1], S3_OUTCOME_IN_PROGRESS) &&
	   s3_intent_left_upload(&intents[1], S3_OUTCOME_ABORTED) &&
	   s3_intent_left_upload(&intents[1], S3_OUTCOME_COMMITTED) &&
	   s3_intent_left_upload(&intents[1], S3_OUTCOME_FORGOTTEN), "a sync that left an upload");
	intents[1].role = S3_INTENT_KEPT;
	ok(s3_intent_left_upload(&intents[1], S3_OUTCOME_ABORTED) &&
	   s3_intent_left_upload(&intents[1], S3_OUTCOME_COMMITTED), "a put that did");
	ok(s3_intent_is_open(&intents[1], S3_OUTCOME_ABORTED), "which is not forgotten");
	intents[1].answered = true;
	ok(!s3_intent_left_upload(&intents[1], S3_OUTCOME_ABORTED), "it was completed");
	intents[1].answered = false;
	outcomes[0] = S3_OUTCOME_COMMITTED;
	outcomes[1] = S3_OUTCOME_ABORTED;
	ok(judge().undoes && judge().stays, "there is something to abort, and the object stays");
	intents[1].settled = true;
	ok(!judge().undoes, "not any more");

	start();
	add(S3_OUTCOME_ABORTED, NOTHING)->role = S3_INTENT_KEPT;
	add(S3_OUTCOME_ABORTED, 0);
	ok(!goes(), "nor is it taken for a put that is undone");
}

/* Who found nothing has seen that what was there before is gone. */
static void
test_moot(void)
{
	start();
	add(S3_OUTCOME_COMMITTED, NOTHING);
	add(S3_OUTCOME_ABORTED, NOTHING);
	ok(!goes(), "they may have run at the same time");
	intents[1].oldest_xid = 101;
	ok(goes(), "the first one had ended before");
	intents[0].unsure_since = S3_INTENT_NEVER_SEEN;
	ok(goes(), "nobody wants what a request of it that was sent twice has written later");
	outcomes[0] = S3_OUTCOME_ABORTED;
	intents[0].found = S3_INTENT_FOUND_OBJECT;
	ok(!goes(), "but what it may have replaced later is not known");
	intents[0].found = S3_INTENT_FOUND_NOTHING;
	intents[0].unsure_since = 0;
	outcomes[0] = S3_OUTCOME_IN_PROGRESS;
	ok(!goes(), "a transaction that runs has not ended");

	start();
	add(S3_OUTCOME_COMMITTED, LOOKED_NOT)->role = S3_INTENT_KEPT;
	add(S3_OUTCOME_ABORTED, NOTHING)->oldest_xid = 101;
	ok(goes(), "what is never undone was gone, too");
	intents[0].answered = false;
	ok(!goes(), "but one that had no answer may have come later");

	start();
	add(S3_OUTCOME_ABORTED, OTHERS);
	add(S3_OUTCOME_ABORTED, NOTHING)->oldest_xid = 101;
	ok(goes(), "what it had replaced is gone, too");
	intents[1].found = S3_INTENT_FOUND_OBJECT;
	intents[1].found_etag = etags[0];
	ok(!goes(), "that is not known of who found something");
}

static void
test_index(void)
{
	S3IntentIndex index;
	S3IntentGroup group;

	start();
	for (int i = 0; i < INTENTS_MAX; i++)
		add(S3_OUTCOME_ABORTED, NOTHING)->object = i % 2 == 0 ? INT64CONST(5) : INT64CONST(-5);
	s3_intent_index_make(&index, &content);
	group = s3_intent_index_group(&index, 0);
	is_int(group.count, 2, "the first group");
	ok(group.intents[0] == &intents[1] && group.intents[1] == &intents[3],
	   "those of one object, in their order");
	is_int(s3_intent_index_group(&index, 2).intents[0]->object, 5, "the second one");
}

/* Of what was read of a journal: without those that are settled. */
static void
test_group_of(void)
{
	S3JournalContent read;
	S3IntentGroup group;
	StringInfoData bytes;

	initStringInfo(&bytes);
	for (uint64 id = 1; id <= 5; id++)
	{
		S3Intent	intent = {.id = id,.role = S3_INTENT_PUT,.object = id == 2 ? 8 : 9,
			.url = "s3://b/k",.etag = "",.upload_id = ""
		};

		s3_intent_record_all(&bytes, &intent);
	}
	s3_intent_record_settled(&bytes, 3);
	s3_intent_record_settled(&bytes, 2);
	s3_intent_records_read(s3_slice(bytes.data, bytes.len), &read);
	group = s3_intent_group_of(&read, 9);
	ok(group.count == 3 && group.intents[0]->id == 1 && group.intents[1]->id == 4 &&
	   group.intents[2]->id == 5, "those of one object, in their order");
	is_int(s3_intent_group_of(&read, 8).count, 0, "none that is not settled");
	is_int(s3_intent_group_of(&read, 7).count, 0, "none at all");
	s3_intent_records_read(s3_slice("", 0), &read);
	is_int(s3_intent_group_of(&read, 9).count, 0, "of an empty journal");
}

static void
test_states(void)
{
	S3Intent   *intent;

	start();
	intent = add(S3_OUTCOME_ABORTED, NOTHING);
	ok(s3_intent_is_open(intent, S3_OUTCOME_IN_PROGRESS) &&
	   s3_intent_is_open(intent, S3_OUTCOME_ABORTED) &&
	   s3_intent_is_open(intent, S3_OUTCOME_FORGOTTEN) &&
	   !s3_intent_is_open(intent, S3_OUTCOME_COMMITTED), "what is open");
	ok(!s3_intent_is_unsure(intent), "an answer is sure");
	intent->unsure_since = 1;
	ok(s3_intent_is_unsure(intent), "unless a request was sent twice");
	intent->unsure_since = 0;
	intent->answered = false;
	ok(s3_intent_is_unsure(intent), "or had none");
	ok(s3_intent_wrote(intent, "e0", 1) && !s3_intent_wrote(intent, "e1", 1) &&
	   !s3_intent_wrote(intent, "e0", 2), "what it wrote");
	intent->etag = "";
	ok(!s3_intent_wrote(intent, "", 1), "an ETag that is not known is no other one");
	intent->role = S3_INTENT_KEPT;
	ok(s3_intent_is_open(intent, S3_OUTCOME_IN_PROGRESS) &&
	   !s3_intent_is_open(intent, S3_OUTCOME_ABORTED), "what is never undone ends with its transaction");
	intent->settled = true;
	ok(!s3_intent_is_open(intent, S3_OUTCOME_IN_PROGRESS), "what is settled is not open");
}
