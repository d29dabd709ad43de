/*-------------------------------------------------------------------------
 *
 * acl.h
 *	  Who has been granted what on an object.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ACL_H
#define S3STORE_ACL_H

#include "base/error.h"
#include "base/http_message.h"

#define S3_GRANTS_MAX	100		/* of an object, S3's limit */

/*
 * Adds the x-amz-grant-* headers that give a new object the grants of a
 * GetObjectAcl answer; none where there is only the owner's grant of full
 * control, which every new object has.  Returns false, with S3_ERROR_PROTOCOL,
 * when it is no such answer, and with S3_ERROR_UNSUPPORTED for a grant that no
 * header can hold.
 */
extern bool s3_acl_read(const S3HttpResponse *response, S3Fields *headers, S3Error *err);

#endif							/* S3STORE_ACL_H */
