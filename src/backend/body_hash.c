/*-------------------------------------------------------------------------
 *
 * body_hash.c
 *	  The digest of a body that may be large, so that a query can be
 *	  cancelled meanwhile: a gigabyte takes more than a second.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"

#include "backend/body_hash.h"

char *
s3_body_hash(S3Digest *digest, S3Slice body, S3Error *err)
{
	char	   *volatile hex = NULL;

	if (digest == NULL)
		return NULL;
	PG_TRY();
	{
		for (size_t at = 0; at < body.len; at += S3_BODY_HASH_STEP)
		{
			CHECK_FOR_INTERRUPTS();
			s3_digest_add(digest, body.data + at, Min(S3_BODY_HASH_STEP, body.len - at));
		}
		hex = s3_digest_hex(digest, err);
	}
	PG_CATCH();
	{
		s3_digest_free(digest);
		PG_RE_THROW();
	}
	PG_END_TRY();
	s3_digest_free(digest);
	return hex;
}
