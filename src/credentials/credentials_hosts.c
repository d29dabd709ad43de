/*-------------------------------------------------------------------------
 *
 * credentials_hosts.c
 *	  Which hosts may be asked for access keys.
 *
 * Pure.  An address counts only in its usual form: not as 2130706433 or 127.1.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include <arpa/inet.h>

#include "credentials/credentials_hosts.h"
#include "s3/address.h"
#include "s3/credentials_syntax.h"

#define URL_MAX		2048

static bool parse_url(const char *name, const char *url, S3EndpointUrl *base, S3Error *err);
static void refuse_host(const char *name, S3Error *err);
static bool host_of(const char *host, char *bare, size_t size, int *family);
static bool is_loopback(const char *host);
static bool is_container_host(const char *host);
static bool is_link_local(const char *host);
static bool is_address(const char *host, const char *address);

bool
s3_credentials_hosts_check_container(const char *name, const char *url, S3Error *err)
{
	S3EndpointUrl base;

	if (!parse_url(name, url, &base, err))
		return false;
	if (base.tls || is_loopback(base.host) || is_container_host(base.host))
		return true;
	refuse_host(name, err);
	return s3_error_detail(err, "Over http, only this machine, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] are.");
}

bool
s3_credentials_hosts_check_metadata(const char *name, const char *url, S3Error *err)
{
	S3EndpointUrl base;

	if (!parse_url(name, url, &base, err))
		return false;
	if (base.path[0] == '\0' && strchr(url, '?') == NULL &&
		(is_loopback(base.host) || is_link_local(base.host)))
		return true;
	refuse_host(name, err);
	return s3_error_detail(err, "It must be http://host[:port], with this machine or a link-local address such as 169.254.169.254 as the host.");
}

/* Parses the URL without its query. */
static bool
parse_url(const char *name, const char *url, S3EndpointUrl *base, S3Error *err)
{
	char		address[URL_MAX + 1];
	S3Error		why;

	if (s3_check_printable(name, url, URL_MAX, &why) && strchr(url, '\\') == NULL &&
		strchr(url, '#') == NULL)
	{
		strlcpy(address, url, sizeof(address));
		address[strcspn(address, "?")] = '\0';
		if (s3_endpoint_url_parse(name, address, base, &why))
			return true;
	}
	s3_error_set(err, S3_ERROR_NO_CREDENTIALS, "%s is not a valid URL", name);
	return why.detail[0] == '\0' ? false : s3_error_detail(err, "%s", why.detail);
}

static void
refuse_host(const char *name, S3Error *err)
{
	s3_error_set(err, S3_ERROR_NO_CREDENTIALS,
				 "%s names a host that is not trusted to give access keys", name);
	s3_error_hint(err, "Correct the variable in the environment of the database server, and restart it.");
}

/* Cuts off the port and the brackets; returns false when no address is left. */
static bool
host_of(const char *host, char *bare, size_t size, int *family)
{
	unsigned char scratch[sizeof(struct in6_addr)];
	bool		brackets = host[0] == '[';

	*family = brackets ? AF_INET6 : AF_INET;
	strlcpy(bare, host + brackets, size);
	bare[strcspn(bare, brackets ? "]" : ":")] = '\0';
	return inet_pton(*family, bare, scratch) == 1;
}

static bool
is_loopback(const char *host)
{
	char		bare[INET6_ADDRSTRLEN + 1];
	int			family;

	if (!host_of(host, bare, sizeof(bare), &family))
		return strcmp(bare, "localhost") == 0;
	return family == AF_INET ? strncmp(bare, "127.", 4) == 0 : is_address(bare, "::1");
}

static bool
is_container_host(const char *host)
{
	char		bare[INET6_ADDRSTRLEN + 1];
	int			family;

	if (!host_of(host, bare, sizeof(bare), &family))
		return false;
	if (family == AF_INET6)
		return is_address(bare, "fd00:ec2::23");
	return strcmp(bare, "169.254.170.2") == 0 || strcmp(bare, "169.254.170.23") == 0;
}

static bool
is_link_local(const char *host)
{
	char		bare[INET6_ADDRSTRLEN + 1];
	struct in6_addr address;
	int			family;

	if (!host_of(host, bare, sizeof(bare), &family))
		return false;
	if (family == AF_INET)
		return strncmp(bare, "169.254.", 8) == 0;
	return is_address(bare, "fd00:ec2::254") ||
		(inet_pton(AF_INET6, bare, &address) == 1 && IN6_IS_ADDR_LINKLOCAL(&address));
}

/* Compares IPv6 addresses in whatever spelling. */
static bool
is_address(const char *host, const char *address)
{
	struct in6_addr a;
	struct in6_addr b;

	return inet_pton(AF_INET6, host, &a) == 1 && inet_pton(AF_INET6, address, &b) == 1 &&
		memcmp(&a, &b, sizeof(a)) == 0;
}
