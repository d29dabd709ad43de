/*-------------------------------------------------------------------------
 *
 * address.c
 *	  Where a request for a bucket goes: endpoint, host and path.
 *
 * Pure.  A bucket enters a host name only when it is a safe DNS label, so no
 * URL can make a request go to a host that the settings do not name.
 *
 *-------------------------------------------------------------------------
 */
#include <arpa/inet.h>

#include "s3/address.h"

#define HOST_MAX	253			/* bytes of a host name, RFC 1035 */
#define PORT_MAX	65535
#define BUCKET_SHOWN_MAX	200 /* bytes of a bucket's name in a message */

/* Buckets on AWS whose names end in ... have hosts or signatures of their own. */
static const struct
{
	const char *suffix;
	const char *kind;
}			unsupported_buckets[] = {
	{"--x-s3", "directory buckets of S3 Express One Zone"},
	{"--xa-s3", "access points of directory buckets"},
	{".mrap", "multi-Region access points"},
	{"--op-s3", "buckets and access points of S3 on Outposts"},
	{"--ol-s3", "S3 Object Lambda access points"}
};

static bool refuse_endpoint(const char *what, const char *why, S3Error *err);
static size_t host_length(const char *authority);
static char *copy_host(const char *host, size_t len);
static bool is_number(const char *label, size_t len);
static bool parse_port(const char *digits, size_t len, int *port);
static bool check_supported(S3Slice bucket, S3Error *err);
static bool refuse_path(const char *setting, S3Slice bucket, S3Error *err);
static bool is_ip_literal(const char *host);
static bool is_dns_label(const char *data, size_t len);
static bool is_hostable_bucket(S3Slice bucket, bool allow_dots);

bool
s3_endpoint_url_parse(const char *what, const char *url, S3EndpointUrl *base, S3Error *err)
{
	bool		tls = pg_strncasecmp(url, "https://", 8) == 0;
	const char *authority;
	const char *path;
	const char *fault;
	char	   *host;
	size_t		host_len;
	int			port;

	if (!tls && pg_strncasecmp(url, "http://", 7) != 0)
		return refuse_endpoint(what, "It must start with \"http://\" or \"https://\".", err);
	authority = url + (tls ? 8 : 7);
	path = authority + strcspn(authority, "/?#");
	if (memchr(authority, '@', path - authority) != NULL)
		return refuse_endpoint(what, "It must not hold a user or a password.", err);
	if ((fault = s3_endpoint_path_fault(path)) != NULL)
		return refuse_endpoint(what, fault, err);

	host_len = host_length(authority);
	host = host_len == 0 ? NULL : copy_host(authority, host_len);
	if (host == NULL)
		return refuse_endpoint(what, "Its host must be a name or an IP address, IPv6 in brackets.", err);
	port = tls ? 443 : 80;
	if (authority + host_len != path &&
		(authority[host_len] != ':' ||
		 !parse_port(authority + host_len + 1, path - authority - host_len - 1, &port)))
		return refuse_endpoint(what, "Its port must be a number from 1 to 65535.", err);

	base->custom = true;
	base->tls = tls;
	base->host = port == (tls ? 443 : 80) ? host : psprintf("%s:%d", host, port);
	base->virtual_only = NULL;
	base->path = pstrdup(path);
	for (size_t len = strlen(path); len > 0 && path[len - 1] == '/'; len--)
		base->path[len - 1] = '\0';
	return true;
}

const char *
s3_endpoint_path_fault(const char *path)
{
	size_t		len = strlen(path);

	if (strchr(path, '?') != NULL || strchr(path, '#') != NULL)
		return "It must not hold a query or a fragment.";
	if (strstr(path, "//") != NULL || strstr(path, "/.") != NULL ||
		strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/") != len)
		return "Its path may hold letters, digits, \"-\", \"_\", \"~\", \".\" and single slashes.";
	return NULL;
}

bool
s3_endpoint_url_is_loopback(const S3EndpointUrl *base)
{
	const char *host = base->host;
	char	   *name = pnstrdup(host, strcspn(host, ":"));
	struct in_addr address;

	return strcmp(name, "localhost") == 0 ||
		strcmp(host, "[::1]") == 0 || s3_starts_with(host, "[::1]:") ||
		(inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

bool
s3_endpoint_url_equal(const S3EndpointUrl *a, const S3EndpointUrl *b)
{
	return a->tls == b->tls && strcmp(a->host, b->host) == 0 && strcmp(a->path, b->path) == 0;
}

bool
s3_address_bucket(const S3EndpointUrl *base, S3AddressingStyle style,
				  S3Slice bucket, S3Address *address, S3Error *err)
{
	bool		virtual_host;

	if (!base->custom && !check_supported(bucket, err))
		return false;
	if (style == S3_ADDRESSING_PATH ||
		(style == S3_ADDRESSING_AUTO && base->custom))
		virtual_host = false;
	else
	{
		/* A certificate's wildcard covers one label, so no dots with TLS. */
		virtual_host = is_hostable_bucket(bucket, !base->tls) &&
			!is_ip_literal(base->host);
	}
	if (!virtual_host && base->virtual_only != NULL)
		return refuse_path(base->virtual_only, bucket, err);

	address->tls = base->tls;
	if (virtual_host)
	{
		address->host = psprintf("%.*s.%s", S3_SLICE_ARGS(bucket), base->host);
		address->path = pstrdup(base->path);
	}
	else
	{
		address->host = pstrdup(base->host);
		address->path = psprintf("%s/%.*s", base->path, S3_SLICE_ARGS(bucket));
	}
	return true;
}

/* The URL itself is not shown: it may hold a password. */
static bool
refuse_endpoint(const char *what, const char *why, S3Error *err)
{
	s3_error_set(err, S3_ERROR_ARGUMENT, "invalid URL in \"%s\"", what);
	s3_error_detail(err, "%s", why);
	return s3_error_hint(err, "Write it as http[s]://host[:port][/path], such as \"https://s3.example.com\".");
}

/* Returns the length of the host at the start of "authority", 0 when invalid. */
static size_t
host_length(const char *authority)
{
	size_t		len;
	size_t		label = 0;

	if (authority[0] == '[')
	{
		len = strspn(authority + 1, "0123456789abcdefABCDEF:.");
		return len >= 2 && authority[len + 1] == ']' ? len + 2 : 0;
	}
	len = strcspn(authority, ":/?#");
	if (len == 0 || len > HOST_MAX)
		return 0;
	for (size_t i = 0; i <= len; i++)
	{
		if (i == len || authority[i] == '.')
		{
			if (!is_dns_label(authority + label, i - label))
				return 0;
			label = i + 1;
		}
	}
	return len;
}

/*
 * Returns the host in lower case, palloc'd; NULL when it looks like an IP
 * address but is none.  Addresses come out in the one form in which libcurl
 * sends them, whatever it was given: the host is signed.
 */
static char *
copy_host(const char *host, size_t len)
{
	char	   *copy = pnstrdup(host, len);
	char		text[INET6_ADDRSTRLEN];
	struct in_addr ipv4;
	struct in6_addr ipv6;
	size_t		label = 0;

	for (char *p = copy; *p != '\0'; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	if (copy[0] == '[')
	{
		copy[len - 1] = '\0';
		if (inet_pton(AF_INET6, copy + 1, &ipv6) != 1)
			return NULL;
		return psprintf("[%s]", inet_ntop(AF_INET6, &ipv6, text, sizeof(text)));
	}

	/* libcurl also takes 127.1, 0x7f.1 and the like for addresses. */
	while (is_number(copy + label, strcspn(copy + label, ".")))
	{
		label += strcspn(copy + label, ".");
		if (copy[label++] == '\0')
			return inet_pton(AF_INET, copy, &ipv4) == 1 ? copy : NULL;
	}
	return copy;
}

/* In lower case: decimal, octal or hexadecimal. */
static bool
is_number(const char *label, size_t len)
{
	if (len > 2 && label[0] == '0' && label[1] == 'x')
		return strspn(label + 2, "0123456789abcdef") == len - 2;
	return strspn(label, "0123456789") == len;
}

static bool
parse_port(const char *digits, size_t len, int *port)
{
	*port = 0;
	if (len < 1 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		*port = *port * 10 + (digits[i] - '0');
	}
	return *port >= 1 && *port <= PORT_MAX;
}

/* Refuses what the plain hosts of a region would not find. */
static bool
check_supported(S3Slice bucket, S3Error *err)
{
	char		shown[BUCKET_SHOWN_MAX];

	for (int i = 0; i < lengthof(unsupported_buckets); i++)
	{
		const char *suffix = unsupported_buckets[i].suffix;
		size_t		len = strlen(suffix);

		if (bucket.len < len || memcmp(bucket.data + bucket.len - len, suffix, len) != 0)
			continue;
		s3_error_copy_text(shown, sizeof(shown), bucket);
		s3_error_set(err, S3_ERROR_UNSUPPORTED, "%s are not supported", unsupported_buckets[i].kind);
		return s3_error_detail(err, "The bucket \"%s\" is one, as the \"%s\" at its end says.",
							   shown, suffix);
	}
	return true;
}

static bool
refuse_path(const char *setting, S3Slice bucket, S3Error *err)
{
	char		shown[BUCKET_SHOWN_MAX];

	s3_error_copy_text(shown, sizeof(shown), bucket);
	s3_error_set(err, S3_ERROR_ARGUMENT, "\"%s\" cannot be used with bucket \"%s\"", setting, shown);
	return s3_error_detail(err, "It needs the bucket in the host name, as a DNS label of 3 to 63 lower-case letters, digits and \"-\".");
}

/* "host" may have a port.  Names that are all digits and dots count, too. */
static bool
is_ip_literal(const char *host)
{
	size_t		len = strcspn(host, ":");

	return host[0] == '[' || strspn(host, "0123456789.") == len;
}

/* Letters, digits, '-' and '_', the hyphen not at either end. */
static bool
is_dns_label(const char *data, size_t len)
{
	if (len < 1 || len > 63 || data[0] == '-' || data[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
	{
		char		c = data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

/* S3's rule for buckets in host names: lower case, 3 to 63, no IP address. */
static bool
is_hostable_bucket(S3Slice bucket, bool allow_dots)
{
	size_t		label = 0;
	size_t		digits_and_dots = 0;

	if (bucket.len < 3 || bucket.len > 63)
		return false;
	for (size_t i = 0; i <= bucket.len; i++)
	{
		char		c = i < bucket.len ? bucket.data[i] : '.';

		if ((c >= 'A' && c <= 'Z') || c == '_' ||
			(c == '.' && i < bucket.len && !allow_dots))
			return false;
		digits_and_dots += (c >= '0' && c <= '9') || c == '.';
		if (c == '.')
		{
			if (!is_dns_label(bucket.data + label, i - label))
				return false;
			label = i + 1;
		}
	}
	/* The end counts as one dot more. */
	return digits_and_dots != bucket.len + 1 ||
		memchr(bucket.data, '.', bucket.len) == NULL;
}
