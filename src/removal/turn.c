/*-------------------------------------------------------------------------
 *
 * turn.c
 *	  A server's turn: how long it is asked, whether it answers, and what
 *	  becomes of an item whose call has failed.
 *
 * Guarantees: a server that is silent costs the time of a few calls that are
 * under way together, not of one for each item.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "removal/turn.h"
#include "s3/retry.h"

#define THROTTLED_WAIT	5000	/* ms */
#define DOWN_WAIT		2000
#define NEXT_TURN_WAIT	1000
#define LOST_MAX		3		/* calls in a row without an answer, after
								 * which the server is taken to be down */

void
s3_turn_start(S3Turn *turn)
{
	turn->until = s3_http_now() + s3_guc_delete_timeout;
}

bool
s3_turn_goes_on(const S3Turn *turn, const S3Call *call, S3GateItem *item)
{
	if (s3_http_now() >= turn->until)
		s3_turn_is_over(item);
	else if (turn->lost >= LOST_MAX &&
			 (call == NULL || strcmp(turn->lost_host, call->request.host) == 0))
		s3_gate_decide(item, S3_FATE_WAITS, DOWN_WAIT, "the server does not answer");
	else
		return true;
	return false;
}

void
s3_turn_is_over(S3GateItem *item)
{
	s3_gate_decide(item, S3_FATE_WAITS, NEXT_TURN_WAIT,
				   "the server is slow: there was no time left for the object");
}

void
s3_turn_note(S3Turn *turn, const S3Finished *finished)
{
	if (finished->ok || finished->err.kind != S3_ERROR_CONNECTION)
		turn->lost = 0;
	else
	{
		turn->lost++;
		strlcpy(turn->lost_host, finished->call->request.host, sizeof(turn->lost_host));
	}
}

void
s3_turn_note_thrown(S3Turn *turn, int sqlstate)
{
	turn->lost = sqlstate == ERRCODE_CONNECTION_FAILURE ? turn->lost + 1 : 0;
}

void
s3_turn_fail(S3GateItem *item, const S3Error *err)
{
	char	   *reason = err->detail[0] == '\0' ? pstrdup(err->message) :
		psprintf("%s: %s", err->message, err->detail);

	if (s3_retry_reason(err, true) == S3_RETRY_THROTTLED)
		s3_turn_throttled(item, s3_error_text(reason));
	else
		s3_gate_decide(item, S3_FATE_FAILED, 0, s3_error_text(reason));
}

void
s3_turn_throttled(S3GateItem *item, const char *reason)
{
	s3_gate_decide(item, S3_FATE_WAITS, THROTTLED_WAIT, reason);
}
