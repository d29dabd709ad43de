/*-------------------------------------------------------------------------
 *
 * http_idle.h
 *	  Ends connections that nothing has used for a while.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_HTTP_IDLE_H
#define S3STORE_HTTP_IDLE_H

/* A connection that was not used for so long is not used again. */
#define S3_HTTP_IDLE_SECONDS	30

/* Makes the clock, once.  FATAL where PostgreSQL has none left. */
extern void s3_http_make_idle_clock(void);

/* Neither throws. */
extern void s3_http_start_idle_clock(void);
extern void s3_http_stop_idle_clock(void);

#endif							/* S3STORE_HTTP_IDLE_H */
