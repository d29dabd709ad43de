/*-------------------------------------------------------------------------
 *
 * http_idle.c
 *	  Ends connections that nothing has used for a while.
 *
 * libcurl closes an idle connection when the next request comes, but a session
 * may sit there for days.  So the last group of transfers that ends sets a
 * clock, and the next one that is made stops it.  It rings in a signal
 * handler: all that is done there is to shut the sockets down.  Their servers
 * are rid of them, and libcurl, which finds them closed, gives the descriptors
 * back with the next request.
 *
 * PostgreSQL stops all clocks after an error.  The end of a transaction starts
 * this one again; after an error outside of one, the next transaction does.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <signal.h>

#include "utils/timeout.h"

#include "http/http_idle.h"
#include "http/http_socket.h"

#define CLOCK_MS	((S3_HTTP_IDLE_SECONDS + 1) * 1000)

static TimeoutId clock_id = MAX_TIMEOUTS;	/* not registered */
static volatile sig_atomic_t has_rung = false;

static void ring(void);

void
s3_http_make_idle_clock(void)
{
	if (clock_id == MAX_TIMEOUTS)
		clock_id = RegisterTimeout(USER_TIMEOUT, ring);
}

/* It goes on while it runs: transactions that use no connection do not set it anew. */
void
s3_http_start_idle_clock(void)
{
	if (clock_id != MAX_TIMEOUTS && s3_http_has_sockets() && !has_rung &&
		!get_timeout_active(clock_id))
		enable_timeout_after(clock_id, CLOCK_MS);
}

void
s3_http_stop_idle_clock(void)
{
	if (clock_id != MAX_TIMEOUTS)
		disable_timeout(clock_id, false);
	has_rung = false;
}

/* In a signal handler, while no transfer is under way. */
static void
ring(void)
{
	has_rung = true;
	s3_http_shut_sockets();
}
