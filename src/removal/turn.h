/*-------------------------------------------------------------------------
 *
 * turn.h
 *	  A server's turn: how long it is asked, whether it answers, and what
 *	  becomes of an item whose call has failed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_TURN_H
#define S3STORE_TURN_H

#include "client/call.h"
#include "client/server_facts.h"
#include "removal/gate.h"

/* Zero-initialize, then s3_turn_start. */
typedef struct S3Turn
{
	int64		until;			/* s3_http_now(): no call is started later */
	char		lost_host[S3_SERVER_NAME_MAX];	/* the last that did not
												 * answer */
	int			lost;			/* its calls in a row without an answer */
} S3Turn;

/*
 * A server has its turn for so long, and what is under way then comes to its
 * end.  Another start gives it another one; whether it answers is remembered.
 */
extern void s3_turn_start(S3Turn *turn);

/*
 * May the call be sent, which is open?  NULL: any call to the server.  Where it may
 * not, since there is no time left, or the server is taken to be down, the item
 * waits.
 */
extern bool s3_turn_goes_on(const S3Turn *turn, const S3Call *call, S3GateItem *item);

/* Takes note of the end of a call; the second one, of that of a call that has thrown. */
extern void s3_turn_note(S3Turn *turn, const S3Finished *finished);
extern void s3_turn_note_thrown(S3Turn *turn, int sqlstate);

/*
 * Decides an item: whose call has failed; for which no time was left; whose call
 * the server answered by asking for fewer requests.
 */
extern void s3_turn_fail(S3GateItem *item, const S3Error *err);
extern void s3_turn_is_over(S3GateItem *item);
extern void s3_turn_throttled(S3GateItem *item, const char *reason);

#endif							/* S3STORE_TURN_H */
