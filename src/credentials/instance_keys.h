/*-------------------------------------------------------------------------
 *
 * instance_keys.h
 *	  Temporary keys of the role of an EC2 instance.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_INSTANCE_KEYS_H
#define S3STORE_INSTANCE_KEYS_H

#include "s3/keys.h"

/* An S3KeyFetch of the metadata service's URL, checked. */
extern bool s3_instance_keys_fetch(const void *url, S3KeySet *keys, S3Error *err);

#endif							/* S3STORE_INSTANCE_KEYS_H */
