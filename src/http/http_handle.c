/*-------------------------------------------------------------------------
 *
 * http_handle.c
 *	  libcurl's easy handles, kept from one transfer to the next.
 *
 * They are costly to make and to set up; their connections live in the multi
 * handle.  One that saw an error is thrown away.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "http/http_transfer.h"

#define IDLE_HANDLES_MAX	64

static S3HttpHandle *idle_handles[IDLE_HANDLES_MAX];
static int	nidle_handles = 0;

static void free_handle(S3HttpHandle *handle);

/* Throws when memory runs out. */
S3HttpHandle *
s3_http_take_handle(void)
{
	S3HttpHandle *handle;

	if (nidle_handles > 0)
		return idle_handles[--nidle_handles];
	handle = calloc(1, sizeof(S3HttpHandle));
	if (handle != NULL)
		handle->easy = curl_easy_init();
	if (handle == NULL || handle->easy == NULL)
	{
		free(handle);
		s3_http_check(CURLE_OUT_OF_MEMORY);
	}
	return handle;
}

/* Never throws; NULL is nothing. */
void
s3_http_give_back_handle(S3HttpHandle *handle, bool clean)
{
	if (handle == NULL)
		return;
	if (clean && handle->easy != NULL && nidle_handles < IDLE_HANDLES_MAX)
		idle_handles[nidle_handles++] = handle;
	else
		free_handle(handle);
}

static void
free_handle(S3HttpHandle *handle)
{
	if (handle->easy != NULL)
		curl_easy_cleanup(handle->easy);
	free(handle->proxy);
	free(handle->ca_file);
	free(handle);
}
