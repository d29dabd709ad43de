/*
 * Fuzzes journals of puts.
 */
#include "fuzz.h"
#include "journal/intent_record.h"

/* A magic number, and what is no record behind it. */
const FuzzSeed fuzz_seeds[] = {
	SEED("S3Jr\x01\0\0\0\0\0\0\0\x01"),
	SEED("S3JrS3Jr\xff\xff\xff\xff"),
	{NULL, 0}
};

/* Reads them as they are, and behind and between good records. */
void
fuzz_one(const uint8 *data, size_t size)
{
	S3Intent	intent = {.id = 1,.role = S3_INTENT_PUT,.url = "s3://b/k",.etag = "e",
		.found_etag = "",.previous = "",.upload_id = "",.version = ""
	};
	S3JournalContent content;
	StringInfoData bytes;

	s3_intent_records_read(s3_slice((const char *) data, size), &content);
	MUST(content.damaged <= size);
	initStringInfo(&bytes);
	s3_intent_record_all(&bytes, &intent);
	appendBinaryStringInfo(&bytes, (const char *) data, size);
	intent.id = 2;
	s3_intent_record_all(&bytes, &intent);
	s3_intent_records_read(s3_slice(bytes.data, bytes.len), &content);
	MUST(s3_intent_find(&content, 1) != NULL);
	/* It may lie in what looks like the payload of a record. */
	MUST(content.damaged <= (size_t) bytes.len);
}
