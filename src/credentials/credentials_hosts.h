/*-------------------------------------------------------------------------
 *
 * credentials_hosts.h
 *	  Which hosts may be asked for keys.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_HOSTS_H
#define S3STORE_CREDENTIALS_HOSTS_H

#include "base/error.h"

/*
 * Each checks a URL that the environment variable "name" holds, and never
 * shows it in the error (S3_ERROR_NO_CREDENTIALS).
 */

/*
 * A container's endpoint sends keys to who has its token: https, or a host
 * that is this machine or AWS's (169.254.170.2, 169.254.170.23, fd00:ec2::23).
 * May have a query.
 */
extern bool s3_credentials_hosts_check_container(const char *name, const char *url, S3Error *err);

/* The instance metadata service is this machine's, or link-local. */
extern bool s3_credentials_hosts_check_metadata(const char *name, const char *url, S3Error *err);

#endif							/* S3STORE_CREDENTIALS_HOSTS_H */
