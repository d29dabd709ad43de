/*-------------------------------------------------------------------------
 *
 * address.h
 *	  Where a request for a bucket goes: endpoint, host and path.  Pure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_ADDRESS_H
#define S3STORE_ADDRESS_H

#include "base/error.h"

typedef enum S3AddressingStyle
{
	S3_ADDRESSING_AUTO,			/* path on a custom endpoint, else virtual */
	S3_ADDRESSING_PATH,
	S3_ADDRESSING_VIRTUAL
} S3AddressingStyle;

/* An endpoint URL, taken apart; the strings are palloc'd. */
typedef struct S3EndpointUrl
{
	bool		custom;			/* false: AWS's own endpoint of a region */
	bool		tls;
	char	   *host;			/* lower case, IPv6 in brackets, port only
								 * where it is not the scheme's default */
	char	   *path;			/* "" or "/prefix", no '/' at the end */
	const char *virtual_only;	/* the setting that needs buckets in the host
								 * name, or NULL */
} S3EndpointUrl;

/* Where the requests for one bucket go. */
typedef struct S3Address
{
	bool		tls;
	char	   *host;			/* as in the Host header */
	char	   *path;			/* what comes before "/key" in the path */
} S3Address;

/*
 * Takes apart http[s]://host[:port][/path]; refuses other schemes, user info,
 * queries and fragments (S3_ERROR_ARGUMENT).  "what" names the setting in the
 * error, which never shows the URL itself.
 */
extern bool s3_endpoint_url_parse(const char *what, const char *url,
								  S3EndpointUrl *base, S3Error *err);

/* Returns what is wrong with the path of an endpoint, as a sentence, or NULL. */
extern const char *s3_endpoint_path_fault(const char *path);

/* Do requests to it stay on this machine, by an address or "localhost"? */
extern bool s3_endpoint_url_is_loopback(const S3EndpointUrl *base);

/* Do requests to both go to one address? */
extern bool s3_endpoint_url_equal(const S3EndpointUrl *a, const S3EndpointUrl *b);

/*
 * Puts the bucket into the host or into the path.  On AWS, refuses buckets
 * that are reached by other means (S3_ERROR_UNSUPPORTED), and those that
 * cannot stand in a host name where they must (S3_ERROR_ARGUMENT); a custom
 * endpoint takes any.
 */
extern bool s3_address_bucket(const S3EndpointUrl *base, S3AddressingStyle style,
							  S3Slice bucket, S3Address *address, S3Error *err);

#endif							/* S3STORE_ADDRESS_H */
