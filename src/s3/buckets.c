/*-------------------------------------------------------------------------
 *
 * buckets.c
 *	  The buckets that an endpoint may touch: names and patterns.  Pure.
 *
 * Guarantees: what cannot be read as a list is refused when it is set, so
 * that no slip of the pen opens every bucket.  Names are compared byte for
 * byte, in a time bounded by the product of both lengths.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "s3/buckets.h"

#define NAME_MAX_LEN	255		/* of buckets that AWS has from before 2018 */

static bool check_item(S3Slice item, S3Error *err);
static S3Slice next_item(const char **list);
static bool is_blank(const char *list);
static bool matches(S3Slice pattern, S3Slice name);

bool
s3_buckets_check(const char *list, S3Error *err)
{
	if (is_blank(list))
		return true;
	while (list != NULL)
		if (!check_item(next_item(&list), err))
			return false;
	return true;
}

bool
s3_buckets_allow(const char *list, S3Slice bucket)
{
	if (is_blank(list))
		return true;
	while (list != NULL)
		if (matches(next_item(&list), bucket))
			return true;
	return false;
}

static bool
check_item(S3Slice item, S3Error *err)
{
	static const char valid[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_*";
	bool		ok = item.len > 0 && item.len <= NAME_MAX_LEN;

	for (size_t i = 0; i < item.len; i++)
		ok &= item.data[i] != '\0' && strchr(valid, item.data[i]) != NULL;
	if (ok)
		return true;
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"buckets\" is not a list of bucket names");
	return s3_error_detail(err, "Names have letters, digits, \".\", \"-\" and \"_\"; \"*\" stands for any number of them, and commas stand between names.");
}

/* Returns what stands before the next comma; the list becomes NULL at its end. */
static S3Slice
next_item(const char **list)
{
	const char *start = *list;
	size_t		len = strcspn(start, ",");

	*list = start[len] == ',' ? start + len + 1 : NULL;
	return s3_slice_trim(s3_slice(start, len));
}

static bool
is_blank(const char *list)
{
	return s3_slice_trim(s3_slice_cstring(list)).len == 0;
}

/*
 * When the last "*" has taken too little, it takes one more: what came before
 * it can stay as it is.
 */
static bool
matches(S3Slice pattern, S3Slice name)
{
	size_t		p = 0;
	size_t		n = 0;
	size_t		star = pattern.len; /* the last one, if before the end */
	size_t		taken = 0;		/* by it, up to here */

	while (n < name.len)
	{
		if (p < pattern.len && pattern.data[p] == '*')
		{
			star = p++;
			taken = n;
		}
		else if (p < pattern.len && pattern.data[p] == name.data[n])
		{
			p++;
			n++;
		}
		else if (star < pattern.len)
		{
			p = star + 1;
			n = ++taken;
		}
		else
			return false;
	}
	while (p < pattern.len && pattern.data[p] == '*')
		p++;
	return p == pattern.len;
}
