/*-------------------------------------------------------------------------
 *
 * credentials_hosts.h
 *	  Which hosts may be asked for access keys.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_CREDENTIALS_HOSTS_H
#define S3STORE_CREDENTIALS_HOSTS_H

#include "base/error.h"

/*
 * Each checks a URL that the environment variable "name" has.  An error,
 * S3_ERROR_NO_CREDENTIALS, never shows the URL.
 */

/*
 * A container's endpoint gets a token, and gives keys: over http, it must be
 * this machine or one of AWS's addresses (169.254.170.2, 169.254.170.23,
 * fd00:ec2::23); over https, any host.  The URL may have a query.
 */
extern bool s3_credentials_hosts_check_container(const char *name, const char *url, S3Error *err);

/* The instance metadata service must be this machine, or link-local. */
extern bool s3_credentials_hosts_check_metadata(const char *name, const char *url, S3Error *err);

#endif							/* S3STORE_CREDENTIALS_HOSTS_H */
