/*-------------------------------------------------------------------------
 *
 * link.h
 *	  Links in Signature Version 4: one, or many that differ in their keys
 *	  alone.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_LINK_H
#define S3STORE_LINK_H

#include "s3/location.h"
#include "s3/sigv4.h"

/* What stands around the key.  As secret as the key that signs. */
typedef struct S3LinkPlan
{
	bool		is_signed;
	StringInfoData url;			/* the link up to the key */
	StringInfoData query;		/* ... and behind it, without the signature */
	StringInfoData head;		/* CanonicalRequest up to the key */
	StringInfoData tail;		/* ... and behind it */
	S3SigV4Frame frame;			/* what both of them have of the signature */
} S3LinkPlan;

/* The link that was made last; its buffer is used again for the next one. */
typedef struct S3LinkWork
{
	StringInfoData canonical;	/* CanonicalRequest */
	S3Slice		key;			/* encoded, in there */
	bool		ascii;			/* the key was */
	char		signature[S3_SHA256_HEX];
} S3LinkWork;

/*
 * Makes one link of a request with its whole path, as its namesake in signing.h
 * does.
 */
extern bool s3_link_presign(const S3Request *request, const S3Signing *signing,
							int expires, StringInfo url, S3Error *err);

/* Whoever owns the plan wipes it. */
extern void s3_link_plan_init(S3LinkPlan *plan);
extern void s3_link_work_init(S3LinkWork *work);

/* Plans links without a signature; "url" is what comes before the key. */
extern void s3_link_plan_plain(S3LinkPlan *plan, S3Slice url);

/* To be called before other keys sign. */
extern void s3_link_plan_forget_keys(S3LinkPlan *plan);

/*
 * Plans links for a request whose path ends where the key begins, with the same
 * signing->key for all of them.  Replaces what was planned before, in the same
 * memory; temporary data are allocated in the current context.
 */
extern bool s3_link_plan_signed(S3LinkPlan *plan, const S3Request *request,
								const S3Signing *signing, int expires, S3Error *err);

/* Encodes the key (at most S3_KEY_MAX bytes), and signs. */
extern bool s3_link_make(const S3LinkPlan *plan, S3Slice key, S3LinkWork *work, S3Error *err);

/* The length of the link that was made; and writes it, without a NUL. */
extern size_t s3_link_length(const S3LinkPlan *plan, const S3LinkWork *work);
extern void s3_link_write(const S3LinkPlan *plan, const S3LinkWork *work, char *out);

#endif							/* S3STORE_LINK_H */
