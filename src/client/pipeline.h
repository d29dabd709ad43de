/*-------------------------------------------------------------------------
 *
 * pipeline.h
 *	  Calls of S3's API under way together, each sent again where that helps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_PIPELINE_H
#define S3STORE_PIPELINE_H

#include "client/call.h"

typedef struct S3Pipeline S3Pipeline;

/*
 * Lives in the current memory context.  At most "connections" of its calls are
 * sent at the same time, and fewer for a while when a server throttles them.
 */
extern S3Pipeline *s3_pipeline_create(int connections);

/* Ends what is under way, and frees the pipeline. */
extern void s3_pipeline_free(S3Pipeline *pipeline);

/* Are fewer calls under way than there are connections? */
extern bool s3_pipeline_has_room(const S3Pipeline *pipeline);

/*
 * Sends a call, which is open and has its headers, query and body.  It, and all
 * that it refers to, must live until it has ended; its answer is allocated in
 * the memory context current here.  Throws when the endpoint has become
 * read-only, and when there are no credentials.
 */
extern void s3_pipeline_start(S3Pipeline *pipeline, S3Call *call, void *tag);

/*
 * Waits for any call to end.  Returns false when none is under way.  Throws
 * when the query is cancelled, and as s3_pipeline_start does.
 */
extern bool s3_pipeline_next(S3Pipeline *pipeline, S3Finished *finished);

/* The same, but returns false at the deadline (s3_http_now(); -1: none), too. */
extern bool s3_pipeline_next_until(S3Pipeline *pipeline, S3Finished *finished,
								   int64 deadline);

/*
 * Performs one call, and waits for its end.  Returns false, with the reason in
 * "err", when there was no answer or its status is not 2xx; throws as
 * s3_pipeline_next does.
 */
extern bool s3_call_perform(S3Call *call, S3HttpResponse *response, S3Error *err);

#endif							/* S3STORE_PIPELINE_H */
