/*-------------------------------------------------------------------------
 *
 * list_page.c
 *	  One page of a list of objects or of versions, as a server sends it.
 *
 * Pure.  All memory is there before the document is read: nothing can throw
 * inside of expat's callbacks, and the size of the document bounds it all.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "base/date.h"
#include "base/uri.h"
#include "base/xml.h"
#include "s3/list_page.h"
#include "s3/response.h"

/* Latin 1 becomes twice as long in UTF-8; no other encoding grows more. */
#define TEXT_PER_BYTE	2

typedef struct PageReader
{
	S3ListPageKind kind;
	S3ListPage *page;
	S3ListItem	item;			/* the entry under way; its size is -1 until
								 * there is one */
	bool		url_encoded;
	const char *fault;			/* what is wrong, or NULL */
	char	   *text;			/* the strings of the page */
	size_t		text_len;
} PageReader;

static void read_element(void *arg, int depth, const char *name, S3Slice text);
static void read_top_element(PageReader *reader, const char *name, S3Slice text);
static void read_item_element(PageReader *reader, const char *name, S3Slice text);
static void start_item(PageReader *reader);
static void add_item(PageReader *reader, S3ListKind kind);
static S3Slice keep(PageReader *reader, S3Slice text);
static const char *finish_page(PageReader *reader);
static bool decode_key_marker(S3ListPage *page);
static void mend_version_id_marker(S3ListPage *page);
static bool decode(S3Slice *text);
static void sort_items(S3ListPage *page);
static int	compare_items(const void *a, const void *b);

bool
s3_list_page_parse(S3Slice document, S3ListPageKind kind, S3ListPage *page, S3Error *err)
{
	PageReader	reader = {0};
	const char *root = kind == S3_LIST_PAGE_VERSIONS ? "ListVersionsResult" : "ListBucketResult";

	memset(page, 0, sizeof(*page));
	page->items = palloc(S3_LIST_ENTRIES_MAX * sizeof(S3ListItem));
	reader.kind = kind;
	reader.page = page;
	reader.text = palloc(document.len * TEXT_PER_BYTE + 1);
	start_item(&reader);

	if (!s3_xml_parse(document, root, read_element, &reader, err))
		return false;
	if (reader.fault == NULL)
		reader.fault = finish_page(&reader);
	if (reader.fault == NULL)
		return true;
	s3_error_set(err, S3_ERROR_PROTOCOL, "could not understand the server's list");
	return s3_error_detail(err, "%s", reader.fault);
}

/* The fields of an entry come before its own end. */
static void
read_element(void *arg, int depth, const char *name, S3Slice text)
{
	PageReader *reader = arg;

	if (reader->fault != NULL)
		return;
	if (depth == 1)
		read_top_element(reader, name, text);
	else if (depth == 2)
		read_item_element(reader, name, text);
}

static void
read_top_element(PageReader *reader, const char *name, S3Slice text)
{
	bool		versions = reader->kind == S3_LIST_PAGE_VERSIONS;

	if (!versions && strcmp(name, "Contents") == 0)
		add_item(reader, S3_LIST_OBJECT);
	else if (!versions && strcmp(name, "CommonPrefixes") == 0)
		add_item(reader, S3_LIST_PREFIX);
	else if (versions && strcmp(name, "Version") == 0)
		add_item(reader, S3_LIST_VERSION);
	else if (versions && strcmp(name, "DeleteMarker") == 0)
		add_item(reader, S3_LIST_DELETE_MARKER);
	else if (strcmp(name, "IsTruncated") == 0)
		reader->page->truncated = s3_slice_equal(text, s3_slice_cstring("true"));
	else if (strcmp(name, "EncodingType") == 0)
		reader->url_encoded = s3_slice_equal(text, s3_slice_cstring("url"));
	else if (strcmp(name, "NextContinuationToken") == 0)
		reader->page->next_token = keep(reader, text);
	else if (strcmp(name, "NextKeyMarker") == 0)
		reader->page->next_key_marker = keep(reader, text);
	else if (strcmp(name, "NextVersionIdMarker") == 0)
		reader->page->next_version_id_marker = keep(reader, text);
	start_item(reader);
}

static void
read_item_element(PageReader *reader, const char *name, S3Slice text)
{
	S3ListItem *item = &reader->item;

	if (strcmp(name, "Key") == 0 || strcmp(name, "Prefix") == 0)
		item->key = keep(reader, text);
	else if (strcmp(name, "LastModified") == 0)
		item->has_last_modified = s3_date_parse_iso(text, &item->last_modified);
	else if (strcmp(name, "ETag") == 0)
		item->etag = keep(reader, s3_etag_unquote(text));
	else if (strcmp(name, "Size") == 0)
	{
		if (!s3_parse_length(text, &item->size))
			reader->fault = "An object's size is not a number.";
	}
	else if (strcmp(name, "StorageClass") == 0)
		item->storage_class = keep(reader, text);
	else if (strcmp(name, "VersionId") == 0)
		item->version_id = keep(reader, text);
}

static void
start_item(PageReader *reader)
{
	memset(&reader->item, 0, sizeof(reader->item));
	reader->item.size = -1;
}

static void
add_item(PageReader *reader, S3ListKind kind)
{
	S3ListItem *item = &reader->item;
	bool		has_content = kind == S3_LIST_OBJECT || kind == S3_LIST_VERSION;
	bool		has_version = kind == S3_LIST_VERSION || kind == S3_LIST_DELETE_MARKER;

	item->kind = kind;
	if (item->key.len == 0)
		reader->fault = "There is an entry without a key.";
	else if (has_content && item->size < 0)
		reader->fault = "There is an object without a size.";
	else if (has_version && item->version_id.len == 0)
		reader->fault = "There is a version without an ID.";
	else if (reader->page->count == S3_LIST_ENTRIES_MAX)
		reader->fault = "It has more entries than were asked for.";
	else
		reader->page->items[reader->page->count++] = *item;
}

/* Copies the text, which is the parser's, into the page. */
static S3Slice
keep(PageReader *reader, S3Slice text)
{
	char	   *copy = reader->text + reader->text_len;

	memcpy(copy, text.data, text.len);
	reader->text_len += text.len;
	return s3_slice(copy, text.len);
}

/* What can only be done once the whole page is there; returns the fault. */
static const char *
finish_page(PageReader *reader)
{
	S3ListPage *page = reader->page;

	if (reader->url_encoded)
	{
		for (int i = 0; i < page->count; i++)
		{
			if (!decode(&page->items[i].key))
				return "A key is not encoded as it says.";
		}
		if (!decode_key_marker(page))
			return "A key is not encoded as it says.";
	}
	if (reader->kind == S3_LIST_PAGE_OBJECTS)
		sort_items(page);
	else
		mend_version_id_marker(page);
	if (page->truncated && (reader->kind == S3_LIST_PAGE_VERSIONS ?
							page->next_key_marker.len : page->next_token.len) == 0)
		return "It is not complete, but does not say how to go on.";
	return NULL;
}

/* Ceph does not encode this key, which is the last one of the page. */
static bool
decode_key_marker(S3ListPage *page)
{
	if (page->count > 0 &&
		s3_slice_equal(page->next_key_marker, page->items[page->count - 1].key))
		return true;
	return decode(&page->next_key_marker);
}

/* Swift names another version than the last one, and would skip the rest. */
static void
mend_version_id_marker(S3ListPage *page)
{
	const S3ListItem *last;

	if (page->count == 0)
		return;
	last = &page->items[page->count - 1];
	if (s3_slice_equal(page->next_key_marker, last->key))
		page->next_version_id_marker = last->version_id;
}

/* The text is the page's own, so it can be written to. */
static bool
decode(S3Slice *text)
{
	return text->len == 0 || s3_uri_decode_form(unconstify(char *, text->data), &text->len);
}

/*
 * Puts the prefixes, which S3 sends behind the objects of the page, between
 * them.  A page without them stays as it is.
 */
static void
sort_items(S3ListPage *page)
{
	for (int i = 0; i < page->count; i++)
	{
		if (page->items[i].kind == S3_LIST_PREFIX)
		{
			qsort(page->items, page->count, sizeof(S3ListItem), compare_items);
			return;
		}
	}
}

static int
compare_items(const void *a, const void *b)
{
	return s3_slice_compare(((const S3ListItem *) a)->key, ((const S3ListItem *) b)->key);
}
