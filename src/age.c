/*-------------------------------------------------------------------------
 *
 * age.c
 *	  Was an object written before its deletion was queued?
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "s3store.h"

#include "age.h"

S3Age
s3_age(const S3AgeQuestion *question)
{
	int64		skew = question->server_now - question->own_now;
	int64		doubt = 0;
	int64		queued = question->queued;

	/* The server's date is cut to the second, and a while under way. */
	if (skew < -S3_AGE_AGREE || skew > S3_AGE_AGREE)
	{
		queued += skew;
		doubt = S3_AGE_AGREE;
	}
	if (question->written + question->precision <= queued - doubt)
		return S3_AGE_BEFORE;
	if (question->written > queued + doubt)
		return S3_AGE_AFTER;
	return S3_AGE_UNCLEAR;
}
