/*-------------------------------------------------------------------------
 *
 * intent_record.c
 *	  The records of a journal: parsing and writing them.  Pure.
 *
 * Guarantees: whatever the bytes are, parsing ends, in memory bounded by their
 * number.  A record that a crash has left incomplete is skipped, and hides none
 * that was written after it.  A record about an unknown intent is ignored.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "journal/intent_record.h"
#include "port/pg_crc32c.h"

#define MAGIC			0x724a3353	/* "S3Jr" where numbers begin with the
									 * lowest byte */
#define HEADER_LEN		(3 * sizeof(uint32))
#define FIRST_CAPACITY	16

typedef enum RecordType
{
	RECORD_HOME = 1,
	RECORD_INTENT = 2,
	RECORD_FOUND = 3,
	RECORD_UPLOAD = 4,
	RECORD_CONTENT = 5,
	RECORD_ANSWER = 6,
	RECORD_UNSURE = 7,
	RECORD_ABANDONED = 8,
	RECORD_SETTLED = 9
} RecordType;

/* A payload being read; "good" becomes false when it is too short. */
typedef struct Reader
{
	S3Slice		rest;
	bool		good;
} Reader;

static bool read_record(S3Slice *rest, S3Slice *payload);
static S3Slice skip_to_magic(S3Slice bytes);
static void apply_record(S3Slice payload, S3JournalContent *content);
static void apply_home(Reader *reader, S3JournalContent *content);
static void apply_intent(Reader *reader, S3JournalContent *content);
static void apply_news(RecordType type, Reader *reader, S3JournalContent *content);
static void read_found(Reader *reader, S3Intent *intent);
static void add_intent(S3JournalContent *content, const S3Intent *intent);
static void grow(S3JournalContent *content);
static void make_slots(S3JournalContent *content);
static void add_to_slots(S3JournalContent *content, int number);
static int	find_slot(const S3JournalContent *content, uint64 id);
static int	find_last(const S3JournalContent *content, int64 object);
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
	memset(content, 0, sizeof(*content));
	s3_intent_records_add(bytes, content);
}

void
s3_intent_records_add(S3Slice bytes, S3JournalContent *content)
{
	S3Slice		rest = bytes;
	S3Slice		payload;

	while (rest.len > 0)
	{
		S3Slice		next;

		if (read_record(&rest, &payload))
		{
			apply_record(payload, content);
			continue;
		}
		next = skip_to_magic(s3_slice(rest.data + 1, rest.len - 1));
		content->damaged += rest.len - next.len;
		rest = next;
	}
}

S3Intent *
s3_intent_find(const S3JournalContent *content, uint64 id)
{
	int			slot;

	if (content->slot_count == 0)
		return NULL;
	slot = find_slot(content, id);
	return content->slots[slot] == 0 ? NULL : &content->intents[content->slots[slot] - 1];
}

S3Intent *
s3_intent_copy(const S3Intent *intent)
{
	S3Intent   *copy = palloc(sizeof(S3Intent));

	*copy = *intent;
	copy->url = pstrdup(intent->url);
	copy->etag = pstrdup(intent->etag);
	copy->found_etag = pstrdup(intent->found_etag);
	copy->previous = pstrdup(intent->previous);
	copy->upload_id = pstrdup(intent->upload_id);
	copy->version = pstrdup(intent->version);
	return copy;
}

S3Intent *
s3_intent_last_of(const S3JournalContent *content, int64 object)
{
	int			slot;

	if (content->slot_count == 0)
		return NULL;
	slot = find_last(content, object);
	return content->last[slot] == 0 ? NULL : &content->intents[content->last[slot] - 1];
}

S3Intent *
s3_intent_before(const S3JournalContent *content, const S3Intent *intent)
{
	return intent->before == 0 ? NULL : &content->intents[intent->before - 1];
}

/* Takes one record off the bytes. */
static bool
read_record(S3Slice *rest, S3Slice *payload)
{
	uint32		header[2];
	pg_crc32c	crc;

	if (rest->len < HEADER_LEN)
		return false;
	memcpy(header, rest->data, sizeof(header));
	memcpy(&crc, rest->data + sizeof(header), sizeof(crc));
	if (header[0] != MAGIC || header[1] == 0 || header[1] > S3_INTENT_RECORD_MAX ||
		header[1] > rest->len - HEADER_LEN)
		return false;
	*payload = s3_slice(rest->data + HEADER_LEN, header[1]);
	if (!EQ_CRC32C(crc, checksum(*payload)))
		return false;
	*rest = s3_slice(payload->data + header[1], rest->len - HEADER_LEN - header[1]);
	return true;
}

/* Returns the rest of the bytes from where a record may begin. */
static S3Slice
skip_to_magic(S3Slice bytes)
{
	uint32		magic = MAGIC;

	while (bytes.len >= sizeof(magic))
	{
		const char *found = memchr(bytes.data, *(const char *) &magic, bytes.len);

		if (found == NULL)
			break;
		bytes = s3_slice(found, bytes.len - (found - bytes.data));
		if (bytes.len >= sizeof(magic) && memcmp(found, &magic, sizeof(magic)) == 0)
			return bytes;
		bytes = s3_slice(bytes.data + 1, bytes.len - 1);
	}
	return s3_slice(bytes.data + bytes.len, 0);
}

static void
apply_record(S3Slice payload, S3JournalContent *content)
{
	Reader		reader = {payload, true};
	RecordType	type = (RecordType) read_byte(&reader);

	switch (type)
	{
		case RECORD_HOME:
			apply_home(&reader, content);
			break;
		case RECORD_INTENT:
			apply_intent(&reader, content);
			break;
		case RECORD_FOUND:
		case RECORD_UPLOAD:
		case RECORD_CONTENT:
		case RECORD_ANSWER:
		case RECORD_UNSURE:
		case RECORD_ABANDONED:
		case RECORD_SETTLED:
			apply_news(type, &reader, content);
			break;
	}
}

static void
apply_home(Reader *reader, S3JournalContent *content)
{
	read_bytes(reader, content->home, S3_HOME_ID_LEN);
	content->first_size = (int64) read_number(reader);
	content->generation = read_number(reader);
	content->has_home = reader->good;
}

static void
apply_intent(Reader *reader, S3JournalContent *content)
{
	S3Intent	intent = {0};

	intent.id = read_number(reader);
	intent.role = (S3IntentRole) read_byte(reader);
	intent.xid = read_number(reader);
	intent.oldest_xid = read_number(reader);
	intent.created = (int64) read_number(reader);
	intent.server = (int64) read_number(reader);
	intent.object = (int64) read_number(reader);
	intent.size = (int64) read_number(reader);
	intent.url = read_string(reader);
	intent.etag = read_string(reader);
	intent.found_etag = intent.previous = intent.upload_id = intent.version = "";
	if (reader->good && intent.role >= S3_INTENT_PUT && intent.role <= S3_INTENT_SYNC)
		add_intent(content, &intent);
}

/* A record about an intent that was noted before. */
static void
apply_news(RecordType type, Reader *reader, S3JournalContent *content)
{
	S3Intent	unknown = {0};
	S3Intent   *intent = s3_intent_find(content, read_number(reader));

	if (intent == NULL)
		intent = &unknown;
	switch (type)
	{
		case RECORD_FOUND:
			read_found(reader, intent);
			break;
		case RECORD_UPLOAD:
			intent->upload_id = read_string(reader);
			break;
		case RECORD_CONTENT:
			intent->etag = read_string(reader);
			intent->size = (int64) read_number(reader);
			break;
		case RECORD_ANSWER:
			intent->etag = read_string(reader);
			intent->version = read_string(reader);
			intent->not_after = (int64) read_number(reader);
			intent->answered = true;
			break;
		case RECORD_UNSURE:
			intent->unsure_since = (int64) read_number(reader);
			intent->unsure_noted = (int64) read_number(reader);
			intent->unsure_count = (int) read_number(reader);
			break;
		case RECORD_ABANDONED:
			intent->abandoned = true;
			break;
		default:
			intent->settled = true;
			break;
	}
}

static void
read_found(Reader *reader, S3Intent *intent)
{
	intent->found = (S3IntentFound) read_byte(reader);
	intent->found_marker = read_byte(reader) != 0;
	intent->found_size = (int64) read_number(reader);
	intent->found_etag = read_string(reader);
	intent->previous = read_string(reader);
	if (intent->found < S3_INTENT_FOUND_NOTHING || intent->found > S3_INTENT_FOUND_UNKNOWN)
		intent->found = S3_INTENT_FOUND_UNKNOWN;
}

static void
add_intent(S3JournalContent *content, const S3Intent *intent)
{
	if (content->count == content->capacity)
		grow(content);
	content->intents[content->count++] = *intent;
	add_to_slots(content, content->count);
}

static void
grow(S3JournalContent *content)
{
	S3Intent   *intents = content->intents;

	content->capacity = Max(content->capacity * 2, FIRST_CAPACITY);
	content->intents = palloc_extended((Size) content->capacity * sizeof(S3Intent), MCXT_ALLOC_HUGE);
	if (intents != NULL)
	{
		memcpy(content->intents, intents, content->count * sizeof(S3Intent));
		pfree(intents);
	}
	make_slots(content);
}

/* Twice as many as there can be intents. */
static void
make_slots(S3JournalContent *content)
{
	Size		size;

	if (content->slots != NULL)
	{
		pfree(content->slots);
		pfree(content->last);
	}
	content->slot_count = content->capacity * 2;
	size = (Size) content->slot_count * sizeof(int);
	content->slots = palloc_extended(size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	content->last = palloc_extended(size, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < content->count; i++)
		add_to_slots(content, i + 1);
}

static void
add_to_slots(S3JournalContent *content, int number)
{
	S3Intent   *intent = &content->intents[number - 1];
	int			last = find_last(content, intent->object);

	intent->before = content->last[last];
	content->last[last] = number;
	content->slots[find_slot(content, intent->id)] = number;
}

/* That of the intent, or the free one where it belongs.  IDs are random. */
static int
find_slot(const S3JournalContent *content, uint64 id)
{
	int			slot = (int) (id & (content->slot_count - 1));

	while (content->slots[slot] != 0 && content->intents[content->slots[slot] - 1].id != id)
		slot = (slot + 1) & (content->slot_count - 1);
	return slot;
}

/* The same of an object, whose number is a hash. */
static int
find_last(const S3JournalContent *content, int64 object)
{
	int			slot = (int) ((uint64) object & (content->slot_count - 1));

	while (content->last[slot] != 0 && content->intents[content->last[slot] - 1].object != object)
		slot = (slot + 1) & (content->slot_count - 1);
	return slot;
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
s3_intent_record_home(StringInfo out, const uint8 home[S3_HOME_ID_LEN], int64 first_size,
					  uint64 generation)
{
	int			start = start_record(out, RECORD_HOME);

	appendBinaryStringInfo(out, (const char *) home, S3_HOME_ID_LEN);
	append_number(out, (uint64) first_size);
	append_number(out, generation);
	end_record(out, start);
	Assert(out->len - start == S3_HOME_RECORD_LEN);
}

void
s3_intent_record_intent(StringInfo out, const S3Intent *intent)
{
	int			start = start_record(out, RECORD_INTENT);

	append_number(out, intent->id);
	appendStringInfoChar(out, (char) intent->role);
	append_number(out, intent->xid);
	append_number(out, intent->oldest_xid);
	append_number(out, (uint64) intent->created);
	append_number(out, (uint64) intent->server);
	append_number(out, (uint64) intent->object);
	append_number(out, (uint64) intent->size);
	append_string(out, intent->url);
	append_string(out, intent->etag);
	end_record(out, start);
}

void
s3_intent_record_found(StringInfo out, const S3Intent *intent)
{
	int			start = start_record(out, RECORD_FOUND);

	append_number(out, intent->id);
	appendStringInfoChar(out, (char) intent->found);
	appendStringInfoChar(out, (char) intent->found_marker);
	append_number(out, (uint64) intent->found_size);
	append_string(out, intent->found_etag);
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
s3_intent_record_content(StringInfo out, uint64 id, const char *etag, int64 size)
{
	int			start = start_record(out, RECORD_CONTENT);

	append_number(out, id);
	append_string(out, etag);
	append_number(out, (uint64) size);
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
s3_intent_record_unsure(StringInfo out, const S3Intent *intent)
{
	int			start = start_record(out, RECORD_UNSURE);

	append_number(out, intent->id);
	append_number(out, (uint64) intent->unsure_since);
	append_number(out, (uint64) intent->unsure_noted);
	append_number(out, (uint64) intent->unsure_count);
	end_record(out, start);
}

void
s3_intent_record_abandoned(StringInfo out, uint64 id)
{
	int			start = start_record(out, RECORD_ABANDONED);

	append_number(out, id);
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
	if (intent->found != S3_INTENT_NOT_LOOKED)
		s3_intent_record_found(out, intent);
	if (intent->upload_id[0] != '\0')
		s3_intent_record_upload(out, intent->id, intent->upload_id);
	if (intent->answered)
		s3_intent_record_answer(out, intent->id, intent->etag, intent->version,
								intent->not_after);
	if (intent->unsure_since != 0)
		s3_intent_record_unsure(out, intent);
	if (intent->abandoned)
		s3_intent_record_abandoned(out, intent->id);
}

/* Leaves room for the header; returns its position. */
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
	uint32		header[2] = {MAGIC, (uint32) payload.len};
	pg_crc32c	crc = checksum(payload);

	Assert(payload.len <= S3_INTENT_RECORD_MAX);
	memcpy(out->data + start, header, sizeof(header));
	memcpy(out->data + start + sizeof(header), &crc, sizeof(crc));
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
