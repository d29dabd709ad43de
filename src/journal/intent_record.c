/*-------------------------------------------------------------------------
 *
 * intent_record.c
 *	  The records of a journal: parsing and writing them.  Pure.
 *
 * Guarantees: whatever the bytes are, parsing ends, in memory bounded by their
 * number, and stops at the first record whose checksum is wrong.  A record about
 * an unknown intent is ignored.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "common/hashfn.h"
#include "journal/intent_record.h"
#include "port/pg_crc32c.h"

#define HEADER_LEN	(2 * sizeof(uint32))
#define FIRST_CAPACITY	16
#define CLOCKS_DIFFER	2		/* s, between the machines of one server */

typedef enum RecordType
{
	RECORD_HOME = 1,
	RECORD_INTENT = 2,
	RECORD_UPLOAD = 3,
	RECORD_ANSWER = 4,
	RECORD_UNSURE = 5,
	RECORD_SETTLED = 6,
	RECORD_REMOVING = 7
} RecordType;

/* A payload being read; "good" becomes false when it is too short. */
typedef struct Reader
{
	S3Slice		rest;
	bool		good;
} Reader;

static bool read_record(S3Slice *rest, S3Slice *payload);
static bool apply_record(S3Slice payload, S3JournalContent *content);
static bool apply_home(Reader *reader, S3JournalContent *content);
static bool apply_intent(Reader *reader, S3JournalContent *content);
static bool apply_news(RecordType type, Reader *reader, S3JournalContent *content);
static S3Intent *add_intent(S3JournalContent *content);
static void read_bytes(Reader *reader, void *out, size_t len);
static uint8 read_byte(Reader *reader);
static uint64 read_number(Reader *reader);
static const char *read_string(Reader *reader);
static int	start_record(StringInfo out, RecordType type);
static void end_record(StringInfo out, int start);
static void append_number(StringInfo out, uint64 number);
static void append_string(StringInfo out, const char *text);
static pg_crc32c checksum(S3Slice payload);

void
s3_intent_records_read(S3Slice bytes, S3JournalContent *content)
{
	S3Slice		rest = bytes;
	S3Slice		payload;

	memset(content, 0, sizeof(*content));
	while (read_record(&rest, &payload) && apply_record(payload, content))
		content->valid = bytes.len - rest.len;
}

bool
s3_intent_same_object(const S3Intent *a, const S3Intent *b)
{
	return a->target_hash == b->target_hash && strcmp(a->target, b->target) == 0;
}

uint32
s3_intent_hash(const char *target)
{
	return hash_bytes((const unsigned char *) target, (int) strlen(target));
}

bool
s3_intent_is_older(const S3Intent *intent, int64 last_modified)
{
	return intent->not_after != 0 && last_modified > intent->not_after + CLOCKS_DIFFER;
}

S3Intent *
s3_intent_find(const S3JournalContent *content, uint64 id)
{
	/* Most records are about one of the last intents. */
	for (int i = content->count - 1; i >= 0; i--)
		if (content->intents[i].id == id)
			return &content->intents[i];
	return NULL;
}

/* Takes one record off the bytes. */
static bool
read_record(S3Slice *rest, S3Slice *payload)
{
	uint32		length;
	pg_crc32c	crc;

	if (rest->len < HEADER_LEN)
		return false;
	memcpy(&length, rest->data, sizeof(length));
	memcpy(&crc, rest->data + sizeof(length), sizeof(crc));
	if (length == 0 || length > S3_INTENT_RECORD_MAX || length > rest->len - HEADER_LEN)
		return false;
	*payload = s3_slice(rest->data + HEADER_LEN, length);
	if (!EQ_CRC32C(crc, checksum(*payload)))
		return false;
	*rest = s3_slice(payload->data + length, rest->len - HEADER_LEN - length);
	return true;
}

static bool
apply_record(S3Slice payload, S3JournalContent *content)
{
	Reader		reader = {payload, true};
	RecordType	type = (RecordType) read_byte(&reader);

	switch (type)
	{
		case RECORD_HOME:
			return apply_home(&reader, content);
		case RECORD_INTENT:
			return apply_intent(&reader, content);
		case RECORD_UPLOAD:
		case RECORD_ANSWER:
		case RECORD_UNSURE:
		case RECORD_SETTLED:
		case RECORD_REMOVING:
			return apply_news(type, &reader, content);
	}
	return false;
}

static bool
apply_home(Reader *reader, S3JournalContent *content)
{
	read_bytes(reader, content->home, S3_HOME_ID_LEN);
	content->has_home = reader->good;
	return reader->good;
}

static bool
apply_intent(Reader *reader, S3JournalContent *content)
{
	S3Intent	intent = {0};

	intent.id = read_number(reader);
	intent.kind = (S3IntentKind) read_byte(reader);
	intent.xid = read_number(reader);
	intent.created = (int64) read_number(reader);
	intent.not_before = (int64) read_number(reader);
	intent.size = (int64) read_number(reader);
	intent.url = read_string(reader);
	intent.target = read_string(reader);
	intent.target_hash = s3_intent_hash(intent.target);
	intent.etag = read_string(reader);
	intent.previous = read_string(reader);
	intent.upload_id = "";
	intent.version = "";
	if (!reader->good || intent.kind < S3_INTENT_CREATE || intent.kind > S3_INTENT_PARTS)
		return false;
	*add_intent(content) = intent;
	return true;
}

/* A record about an intent that was noted before. */
static bool
apply_news(RecordType type, Reader *reader, S3JournalContent *content)
{
	S3Intent	unknown = {0};
	S3Intent   *intent = s3_intent_find(content, read_number(reader));

	if (intent == NULL)
		intent = &unknown;
	switch (type)
	{
		case RECORD_UPLOAD:
			intent->upload_id = read_string(reader);
			break;
		case RECORD_ANSWER:
			intent->etag = read_string(reader);
			intent->version = read_string(reader);
			intent->not_after = (int64) read_number(reader);
			intent->answered = true;
			break;
		case RECORD_UNSURE:
			intent->unsure_since = (int64) read_number(reader);
			break;
		case RECORD_REMOVING:
			intent->removing_until = (int64) read_number(reader);
			break;
		default:
			intent->settled = true;
			break;
	}
	return reader->good;
}

static S3Intent *
add_intent(S3JournalContent *content)
{
	if (content->capacity == 0)
	{
		content->capacity = FIRST_CAPACITY;
		content->intents = palloc(content->capacity * sizeof(S3Intent));
	}
	else if (content->count == content->capacity)
	{
		content->capacity *= 2;
		content->intents = repalloc(content->intents, content->capacity * sizeof(S3Intent));
	}
	return &content->intents[content->count++];
}

/* Fills "out" with zeros when the payload is too short. */
static void
read_bytes(Reader *reader, void *out, size_t len)
{
	if (reader->rest.len < len)
	{
		reader->good = false;
		memset(out, 0, len);
		return;
	}
	memcpy(out, reader->rest.data, len);
	reader->rest = s3_slice(reader->rest.data + len, reader->rest.len - len);
}

static uint8
read_byte(Reader *reader)
{
	uint8		byte;

	read_bytes(reader, &byte, sizeof(byte));
	return byte;
}

static uint64
read_number(Reader *reader)
{
	uint64		number;

	read_bytes(reader, &number, sizeof(number));
	return number;
}

/* Never returns NULL; a string with a NUL in it is not good. */
static const char *
read_string(Reader *reader)
{
	uint16		len;
	char	   *text;

	read_bytes(reader, &len, sizeof(len));
	if (len > reader->rest.len || memchr(reader->rest.data, '\0', len) != NULL)
		reader->good = false;
	if (!reader->good || len == 0)
		return "";
	text = palloc(len + 1);
	read_bytes(reader, text, len);
	text[len] = '\0';
	return text;
}

void
s3_intent_record_home(StringInfo out, const uint8 home[S3_HOME_ID_LEN])
{
	int			start = start_record(out, RECORD_HOME);

	appendBinaryStringInfo(out, (const char *) home, S3_HOME_ID_LEN);
	end_record(out, start);
	Assert(out->len - start == S3_HOME_RECORD_LEN);
}

void
s3_intent_record_intent(StringInfo out, const S3Intent *intent)
{
	int			start = start_record(out, RECORD_INTENT);

	append_number(out, intent->id);
	appendStringInfoChar(out, (char) intent->kind);
	append_number(out, intent->xid);
	append_number(out, (uint64) intent->created);
	append_number(out, (uint64) intent->not_before);
	append_number(out, (uint64) intent->size);
	append_string(out, intent->url);
	append_string(out, intent->target);
	append_string(out, intent->etag);
	append_string(out, intent->previous);
	end_record(out, start);
}

void
s3_intent_record_upload(StringInfo out, uint64 id, const char *upload_id)
{
	int			start = start_record(out, RECORD_UPLOAD);

	append_number(out, id);
	append_string(out, upload_id);
	end_record(out, start);
}

void
s3_intent_record_answer(StringInfo out, uint64 id, const char *etag, const char *version,
						int64 not_after)
{
	int			start = start_record(out, RECORD_ANSWER);

	append_number(out, id);
	append_string(out, etag);
	append_string(out, version);
	append_number(out, (uint64) not_after);
	end_record(out, start);
}

void
s3_intent_record_unsure(StringInfo out, uint64 id, int64 since)
{
	int			start = start_record(out, RECORD_UNSURE);

	append_number(out, id);
	append_number(out, (uint64) since);
	end_record(out, start);
}

void
s3_intent_record_removing(StringInfo out, uint64 id, int64 until)
{
	int			start = start_record(out, RECORD_REMOVING);

	append_number(out, id);
	append_number(out, (uint64) until);
	end_record(out, start);
}

void
s3_intent_record_settled(StringInfo out, uint64 id)
{
	int			start = start_record(out, RECORD_SETTLED);

	append_number(out, id);
	end_record(out, start);
}

void
s3_intent_record_all(StringInfo out, const S3Intent *intent)
{
	s3_intent_record_intent(out, intent);
	if (intent->upload_id[0] != '\0')
		s3_intent_record_upload(out, intent->id, intent->upload_id);
	if (intent->answered)
		s3_intent_record_answer(out, intent->id, intent->etag, intent->version,
								intent->not_after);
	if (intent->unsure_since != 0)
		s3_intent_record_unsure(out, intent->id, intent->unsure_since);
	if (intent->removing_until != 0)
		s3_intent_record_removing(out, intent->id, intent->removing_until);
	if (intent->settled)
		s3_intent_record_settled(out, intent->id);
}

/* Leaves room for length and checksum; returns its position. */
static int
start_record(StringInfo out, RecordType type)
{
	int			start = out->len;

	appendStringInfoSpaces(out, HEADER_LEN);
	appendStringInfoChar(out, (char) type);
	return start;
}

static void
end_record(StringInfo out, int start)
{
	S3Slice		payload = s3_slice(out->data + start + HEADER_LEN, out->len - start - HEADER_LEN);
	uint32		length = (uint32) payload.len;
	pg_crc32c	crc = checksum(payload);

	Assert(payload.len <= S3_INTENT_RECORD_MAX);
	memcpy(out->data + start, &length, sizeof(length));
	memcpy(out->data + start + sizeof(length), &crc, sizeof(crc));
}

static void
append_number(StringInfo out, uint64 number)
{
	appendBinaryStringInfo(out, (const char *) &number, sizeof(number));
}

/* Nothing that we send is too long; if it were, it would be left out. */
static void
append_string(StringInfo out, const char *text)
{
	size_t		len = strlen(text);
	uint16		len16 = len <= S3_INTENT_STRING_MAX ? (uint16) len : 0;

	appendBinaryStringInfo(out, (const char *) &len16, sizeof(len16));
	appendBinaryStringInfo(out, text, len16);
}

static pg_crc32c
checksum(S3Slice payload)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, payload.data, payload.len);
	FIN_CRC32C(crc);
	return crc;
}
