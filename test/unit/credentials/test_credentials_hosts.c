/*-------------------------------------------------------------------------
 *
 * test_credentials_hosts.c
 *	  Hosts that may be asked for access keys, and those that may not.
 *
 *-------------------------------------------------------------------------
 */
#include "credentials/credentials_hosts.h"
#include "tap.h"

static const struct
{
	const char *url;
	bool		container;
	bool		metadata;
}			cases[] =
{
	/* this machine */
	{"http://127.0.0.1/v1/keys", true, false},
	{"http://127.0.0.1", true, true},
	{"http://127.1.2.3:8080", true, true},
	{"http://localhost:1338", true, true},
	{"http://LOCALHOST", true, true},
	{"http://[::1]:80", true, true},
	{"http://[0:0:0:0:0:0:0:1]", true, true},

	/* AWS's */
	{"http://169.254.170.2/v2/keys?a=b", true, false},
	{"http://169.254.170.2", true, true},
	{"http://169.254.170.23/v1/credentials", true, false},
	{"http://[fd00:ec2::23]/v1/credentials", true, false},
	{"http://[fd00:ec2:0::23]", true, false},
	{"http://169.254.169.254", false, true},
	{"http://[fd00:ec2::254]", false, true},
	{"http://[fe80::1]", false, true},
	{"https://169.254.169.254", true, true},

	/* others */
	{"https://keys.example.com/path?query=1", true, false},
	{"https://10.0.0.1", true, false},
	{"http://keys.example.com", false, false},
	{"http://10.0.0.1", false, false},
	{"http://169.254.170.22", false, true},
	{"http://169.255.170.2", false, false},
	{"http://[fd00:ec2::24]", false, false},
	{"http://[2001:db8::1]", false, false},

	/* what only looks like one of them */
	{"http://127.0.0.1.example.com", false, false},
	{"http://127.evil.example.com", false, false},
	{"http://169.254.evil.example.com", false, false},
	{"http://169.254.170.2.example.com", false, false},
	{"http://localhost.example.com", false, false},
	{"http://127.1", false, false},
	{"http://0x7f000001", false, false},
	{"http://2130706433", false, false},
	{"http://0.0.0.0", false, false},
	{"http://[::ffff:10.0.0.1]", false, false},
	{"http://[::]", false, false},
	{"http://127.0.0.1@example.com", false, false},
	{"http://user:password@127.0.0.1", false, false},
	{"http://example.com#@127.0.0.1", false, false},
	{"http://example.com\\@127.0.0.1", false, false},
	{"http://example.com?@127.0.0.1", false, false},
	{"http://127.0.0.1 example.com", false, false},
	{"http://127.0.0.1\r\nHost: example.com", false, false},

	/* no URLs of ours */
	{"", false, false},
	{"127.0.0.1", false, false},
	{"ftp://127.0.0.1", false, false},
	{"file:///etc/passwd", false, false},
	{"http://", false, false},
	{"http:///path", false, false},
	{"http://127.0.0.1:0", false, false},
	{"http://127.0.0.1:99999", false, false},
	{"http://127.0.0.1/#fragment", false, false},
};

int
main(void)
{
	S3Error		err;

	for (int i = 0; i < lengthof(cases); i++)
	{
		const char *url = cases[i].url;
		bool		good = s3_credentials_hosts_check_container("VARIABLE", url, &err);

		ok(good == cases[i].container, "\"%s\" %s the container endpoint", url,
		   cases[i].container ? "may be" : "may not be");
		if (!good)
			ok(err.kind == S3_ERROR_NO_CREDENTIALS && strstr(err.message, "VARIABLE") != NULL &&
			   strstr(err.detail, "example") == NULL, "... and that is said without it");
		ok(s3_credentials_hosts_check_metadata("VARIABLE", url, &err) == cases[i].metadata,
		   "... and %s the metadata service", cases[i].metadata ? "may be" : "may not be");
	}
	return tap_done();
}
