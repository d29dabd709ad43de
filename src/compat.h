/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between PostgreSQL 13 and 18, in one place.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COMPAT_H
#define S3STORE_COMPAT_H

#if PG_VERSION_NUM < 130000
#error "s3store needs PostgreSQL 13 or later"
#endif

#endif							/* S3STORE_COMPAT_H */
