/*
 * How many keys of list pages are read in a second, on one core.
 */
#include "base/base.h"

#include <time.h>

#include "s3/list_page.h"
#include "memory.h"

#define PAGES	1000

static char *make_page(void);
static double now(void);

int
main(void)
{
	char	   *document = make_page();
	double		start = now();
	double		seconds;

	for (int i = 0; i < PAGES; i++)
	{
		S3ListPage	page;
		S3Error		err;
		char	   *copy = pstrdup(document);

		if (!s3_list_page_parse(s3_slice_cstring(copy), S3_LIST_PAGE_OBJECTS, &page, &err) ||
			page.count != S3_LIST_ENTRIES_MAX)
		{
			fprintf(stderr, "not read: %s %s\n", err.message, err.detail);
			return 1;
		}
		pfree(copy);
		pfree(unconstify(char *, page.items[0].key.data));
		pfree(page.items);
	}
	seconds = now() - start;
	printf("%-40s %12.0f keys/s %8.1f MB/s\n", "pages of a list read",
		   PAGES * S3_LIST_ENTRIES_MAX / seconds, PAGES * strlen(document) / seconds / 1e6);
	return 0;
}

/* As AWS and Ceph write them. */
static char *
make_page(void)
{
	StringInfoData page;

	initStringInfo(&page);
	appendStringInfoString(&page, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
						   "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
						   "<Name>bucket</Name><EncodingType>url</EncodingType>"
						   "<IsTruncated>false</IsTruncated>");
	for (int i = 0; i < S3_LIST_ENTRIES_MAX; i++)
		appendStringInfo(&page, "<Contents><Key>photos%%2F2026%%2F05%%2FIMG_%08d.jpg</Key>"
						 "<LastModified>2026-05-31T04:59:24.776Z</LastModified>"
						 "<ETag>&quot;%032x&quot;</ETag><Size>%d</Size>"
						 "<StorageClass>STANDARD</StorageClass></Contents>", i, i * 7919, i * 1000);
	appendStringInfoString(&page, "</ListBucketResult>");
	return page.data;
}

static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}
