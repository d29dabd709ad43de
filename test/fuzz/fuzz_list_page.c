/*
 * Fuzzes pages of lists.
 */
#include "fuzz.h"
#include "s3/list_page.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
		 "<Contents><Key>a%20+b</Key><LastModified>2026-05-31T04:59:24.776Z</LastModified>"
		 "<ETag>&quot;0&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>"
		 "<CommonPrefixes><Prefix>a%2F</Prefix></CommonPrefixes>"
		 "<NextContinuationToken>a&#x01;</NextContinuationToken></ListBucketResult>"),
	SEED("<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
		 "<NextKeyMarker>a%</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>"
		 "<Version><Key>a%25</Key><VersionId>1</VersionId><Size>1</Size></Version>"
		 "<DeleteMarker><Key>b</Key><VersionId>2</VersionId></DeleteMarker></ListVersionsResult>"),
	SEED("<?xml version='1.0' encoding='ISO-8859-1'?><ListBucketResult><Contents><Key>\xfc\xfc</Key>"
		 "<Size>1</Size></Contents></ListBucketResult>"),
	{NULL, 0}
};

static void check_item(const S3ListItem *item);

void
fuzz_one(const uint8 *data, size_t size)
{
	for (int kind = S3_LIST_PAGE_OBJECTS; kind <= S3_LIST_PAGE_VERSIONS; kind++)
	{
		S3ListPage	page;
		S3Error		err;

		if (!s3_list_page_parse(s3_slice((const char *) data, size), kind, &page, &err))
		{
			must_be_error(&err);
			MUST(err.kind == S3_ERROR_PROTOCOL);
			continue;
		}
		MUST(page.count >= 0 && page.count <= S3_LIST_ENTRIES_MAX);
		MUST(!page.truncated || page.next_token.len + page.next_key_marker.len > 0);
		for (int i = 0; i < page.count; i++)
			check_item(&page.items[i]);
	}
}

static void
check_item(const S3ListItem *item)
{
	MUST(item->key.len > 0);
	MUST(memchr(item->key.data, '\0', item->key.len) == NULL);
	MUST(item->size >= 0 || item->kind == S3_LIST_PREFIX || item->kind == S3_LIST_DELETE_MARKER);
	MUST(item->version_id.len > 0 ||
		 item->kind == S3_LIST_OBJECT || item->kind == S3_LIST_PREFIX);
}
