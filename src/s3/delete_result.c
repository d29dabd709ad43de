/*-------------------------------------------------------------------------
 *
 * delete_result.c
 *	  What a server says of each key of a DeleteObjects request.
 *
 * Pure.  Names are those of the DeleteResult element in the Amazon S3 API
 * Reference.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "s3/delete_result.h"
#include "s3/location.h"

#define VERSION_ID_MAX	1024	/* bytes */

/* One Deleted or Error element, as far as it is read. */
typedef struct Result
{
	S3DeleteKey *keys;
	int			count;
	int			status;			/* of the answer */

	char		key[S3_KEY_MAX];
	size_t		key_len;
	char		version_id[VERSION_ID_MAX + 1];
	char		code[S3_ERROR_CODE_MAX];
	char		message[S3_ERROR_SERVER_MAX];
} Result;

static int	compare_keys(const void *a, const void *b);
static void read_element(void *arg, int depth, const char *name, S3Slice text);
static void end_result(Result *result, bool deleted);
static void start_result(Result *result);

bool
s3_delete_result_read(const S3HttpResponse *response, S3DeleteKey *keys, int count,
					  S3Error *err)
{
	Result	   *result = palloc(sizeof(Result));
	bool		ok;

	for (int i = 0; i < count; i++)
	{
		keys[i].deleted = false;
		keys[i].err = NULL;
	}
	qsort(keys, count, sizeof(S3DeleteKey), compare_keys);
	memset(result, 0, sizeof(*result));
	result->keys = keys;
	result->count = count;
	result->status = response->status;
	ok = s3_response_document(response, "DeleteResult", read_element, result, err);
	pfree(result);
	return ok;
}

static int
compare_keys(const void *a, const void *b)
{
	const S3DeleteKey *x = a;
	const S3DeleteKey *y = b;
	int			order = s3_slice_compare(x->key, y->key);

	return order != 0 ? order : strcmp(x->version_id, y->version_id);
}

static void
read_element(void *arg, int depth, const char *name, S3Slice text)
{
	Result	   *result = arg;

	if (depth == 1)
	{
		if (strcmp(name, "Deleted") == 0 || strcmp(name, "Error") == 0)
			end_result(result, name[0] == 'D');
		start_result(result);
	}
	if (depth != 2)
		return;
	if (strcmp(name, "Key") == 0 && text.len <= S3_KEY_MAX)
	{
		memcpy(result->key, text.data, text.len);
		result->key_len = text.len;
	}
	else if (strcmp(name, "VersionId") == 0 && text.len <= VERSION_ID_MAX)
	{
		memcpy(result->version_id, text.data, text.len);
		result->version_id[text.len] = '\0';
	}
	else if (strcmp(name, "Code") == 0)
		s3_error_copy_text(result->code, sizeof(result->code), text);
	else if (strcmp(name, "Message") == 0)
		s3_error_copy_text(result->message, sizeof(result->message), text);
}

/* A key may have been asked for more than once. */
static void
end_result(Result *result, bool deleted)
{
	S3Slice		key = s3_slice(result->key, result->key_len);
	int			low = 0;
	int			high = result->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (s3_slice_compare(result->keys[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < result->count && s3_slice_equal(result->keys[low].key, key); low++)
	{
		S3DeleteKey *found = &result->keys[low];

		if (found->version_id[0] != '\0' && strcmp(found->version_id, result->version_id) != 0)
			continue;
		found->deleted = deleted;
		if (deleted)
			continue;
		if (found->err == NULL)
			found->err = palloc_extended(sizeof(S3Error), MCXT_ALLOC_NO_OOM);
		if (found->err != NULL)
			s3_response_code_error(result->code, result->message, result->status,
								   found->err);
	}
}

static void
start_result(Result *result)
{
	result->key_len = 0;
	result->version_id[0] = '\0';
	result->code[0] = '\0';
	result->message[0] = '\0';
}
