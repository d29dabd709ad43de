/*-------------------------------------------------------------------------
 *
 * written_before.c
 *	  Was an object written before its deletion was queued, or after it was met?
 *
 * Pure.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "removal/written_before.h"

#define DATE_PRECISION	INT64CONST(1000000)
#define TICK			INT64CONST(100000)	/* a server may take its date from
											 * a clock that is this late */

S3WrittenBefore
s3_written_before(const S3WrittenBeforeQuestion *question)
{
	/* How far the server's clock is ahead of ours, at least and at most. */
	int64		least = question->server_now - question->answered;
	int64		most = question->server_now + DATE_PRECISION - question->asked;

	if (least <= TICK && most >= -TICK)
		least = most = 0;
	if (question->written + question->precision <= question->queued + least)
		return S3_WRITTEN_BEFORE;
	/* Some servers cut a second off, and some round it up. */
	if (question->written - question->precision > Max(question->queued, question->met) + most)
		return S3_WRITTEN_AFTER;
	return S3_WRITTEN_UNCLEAR;
}
