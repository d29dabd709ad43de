/*-------------------------------------------------------------------------
 *
 * test_same_server.c
 *	  Tests of same_server.c.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "settings/same_server.h"
#include "tap.h"

#define INTERNAL	"http://store:9000"
#define PUBLIC		"https://files.example.com/s3"
#define THIRD		"http://10.0.0.1"
#define AWS			"https://s3.eu-central-1.amazonaws.com"
#define VPC			"https://vpce-1a2b-3c4d.s3.eu-central-1.vpce.amazonaws.com"
#define CHINA		"https://s3.cn-north-1.amazonaws.com.cn"

/* An entry; NULL: it does not have the setting. */
typedef struct Entry
{
	const char *endpoint_url;
	const char *same_server_as;
} Entry;

/* Two entries, and whether they are one server. */
typedef struct Pair
{
	Entry		a;
	Entry		b;
	bool		same;
} Pair;

static const Pair pairs[] = {
	{{INTERNAL}, {INTERNAL}, true},
	{{INTERNAL}, {PUBLIC}, false},
	{{INTERNAL}, {PUBLIC, INTERNAL}, true},
	{{INTERNAL}, {PUBLIC, "HTTP://Store:9000/"}, true},
	{{INTERNAL}, {PUBLIC, "https://store:9000"}, false},
	{{INTERNAL}, {PUBLIC, "http://store:9001"}, false},
	{{INTERNAL, INTERNAL}, {PUBLIC, INTERNAL}, true},
	{{INTERNAL, THIRD}, {PUBLIC, THIRD}, true},
	{{INTERNAL, THIRD}, {PUBLIC}, false},
	{{INTERNAL, THIRD}, {PUBLIC, AWS}, false},
	{{NULL}, {AWS}, true},
	{{NULL}, {VPC}, false},
	{{NULL}, {VPC, AWS}, true},
	{{CHINA}, {VPC, AWS}, false},
	{{"https://s3.us-west-2.amazonaws.com"}, {VPC, AWS}, true},
	{{"https://s3.us-west-2.amazonaws.com", AWS}, {NULL}, true},
	{{NULL}, {INTERNAL}, false},
};

/* An entry that is refused by itself. */
typedef struct Refusal
{
	Entry		entry;
	const char *message;
	const char *hint;
} Refusal;

#define URL_HINT "Write it as http[s]://host[:port][/path], such as \"https://s3.example.com\"."

static const Refusal refusals[] = {
	{{NULL, INTERNAL}, "\"same_server_as\" needs \"endpoint_url\"",
	"Set \"endpoint_url\" to the URL that requests go to."},
	{{NULL, AWS}, "\"same_server_as\" needs \"endpoint_url\"",
	"Set \"endpoint_url\" to the URL that requests go to."},
	{{INTERNAL, "store:9000"}, "invalid URL in \"same_server_as\"", URL_HINT},
	{{INTERNAL, "http://"}, "invalid URL in \"same_server_as\"", URL_HINT},
	{{AWS, INTERNAL}, "\"same_server_as\" is not the server of \"endpoint_url\"", ""},
	{{AWS, CHINA}, "\"same_server_as\" is not the server of \"endpoint_url\"", ""},
};

/* Entries that together make one address two servers, or do not. */
typedef struct Group
{
	const char *name;
	Entry		entries[4];
	int			count;
	int			wrong;			/* -1: none */
	const char *other;			/* the entry that it contradicts, */
	const char *setting;		/* by its own */
} Group;

static const Group groups[] = {
	{"no addresses in common", {{INTERNAL}, {PUBLIC}, {THIRD}, {NULL}}, 4, -1},
	{"one by itself", {{PUBLIC, INTERNAL}}, 1, -1},
	{"both to the address of one of them", {{INTERNAL}, {PUBLIC, INTERNAL}, {THIRD, INTERNAL}}, 3, -1},
	{"the same address, named twice", {{PUBLIC, INTERNAL}, {PUBLIC, INTERNAL}, {INTERNAL}}, 3, -1},
	{"named by itself", {{INTERNAL, INTERNAL}, {PUBLIC, INTERNAL}}, 2, -1},
	{"two of the same address, one without", {{PUBLIC}, {PUBLIC, INTERNAL}}, 2, 1, "e0", "endpoint_url"},
	{"the other way round", {{PUBLIC, INTERNAL}, {PUBLIC}}, 2, 0, "e1", "endpoint_url"},
	{"two of the same address that differ", {{PUBLIC, INTERNAL}, {PUBLIC, THIRD}}, 2, 0, "e1", "endpoint_url"},
	{"a chain", {{THIRD}, {PUBLIC, INTERNAL}, {INTERNAL, THIRD}}, 3, 1, "e2", "same_server_as"},
	{"a circle", {{PUBLIC, INTERNAL}, {INTERNAL, PUBLIC}}, 2, 0, "e1", "same_server_as"},
	{"AWS by two addresses", {{NULL}, {AWS}, {VPC, AWS}}, 3, -1},
};

static bool
make(S3Endpoint *endpoint, const Entry *entry, S3Error *err)
{
	const char *url = entry->endpoint_url;
	const char *same = entry->same_server_as;

	memset(endpoint, 0, sizeof(*endpoint));
	memset(err, 0, sizeof(*err));
	endpoint->settings.region = "us-east-1";
	endpoint->signing_region = endpoint->settings.region;
	endpoint->settings.same_server_as = unconstify(char *, same == NULL ? "" : same);
	if (url == NULL)
	{
		S3HostVariant variant = {0};

		if (!s3_region_endpoint_url("us-east-1", &variant, S3_ADDRESSING_AUTO, &endpoint->base, err))
			return false;
	}
	else if (!s3_endpoint_url_parse("endpoint_url", url, &endpoint->base, err))
		return false;
	return s3_same_server_read(endpoint, err);
}

static void
check_pair(const Pair *pair, int number)
{
	S3Endpoint	a;
	S3Endpoint	b;
	S3Error		err;

	ok(make(&a, &pair->a, &err) && make(&b, &pair->b, &err), "pair %d can be used", number);
	ok(s3_endpoint_same_server(&a, &b) == pair->same, "pair %d: %s", number,
	   pair->same ? "one server" : "two servers");
	ok(s3_endpoint_same_server(&b, &a) == pair->same, "pair %d, the other way round", number);
}

static void
check_refusal(const Refusal *refusal)
{
	S3Endpoint	endpoint;
	S3Error		err;

	ok(!make(&endpoint, &refusal->entry, &err), "%s: refused", refusal->message);
	is_int(err.kind, S3_ERROR_ARGUMENT, "... as a bad argument");
	is_string(err.message, refusal->message, "... with a message");
	ok(err.detail[0] != '\0', "... and details");
	is_string(err.hint, refusal->hint, "... and its hint");
}

static void
check_group(const Group *group)
{
	S3Endpoint	endpoints[lengthof(group->entries)];
	const S3Endpoint *wrong;
	char	   *message;
	char	   *detail;
	S3Error		err;

	for (int i = 0; i < group->count; i++)
	{
		ok(make(&endpoints[i], &group->entries[i], &err), "%s: entry %d", group->name, i);
		endpoints[i].scheme = psprintf("e%d", i);
	}
	wrong = s3_same_server_contradiction(endpoints, group->count, &err);
	is_int(wrong == NULL ? -1 : wrong - endpoints, group->wrong, "%s", group->name);
	if (wrong == NULL || group->wrong < 0)
		return;
	message = psprintf("\"same_server_as\" is not that of entry \"%s\"", group->other);
	detail = psprintf("The \"endpoint_url\" of that entry is the same as \"%s\" of this one.",
					  group->setting);
	is_string(err.message, message, "... with a message");
	is_string(err.detail, detail, "... and details");
	is_string(err.hint, "Set \"same_server_as\" to the same URL in the entries of all addresses of a server.",
			  "... and a hint");
}

int
main(void)
{
	for (int i = 0; i < lengthof(pairs); i++)
		check_pair(&pairs[i], i);
	for (int i = 0; i < lengthof(refusals); i++)
		check_refusal(&refusals[i]);
	for (int i = 0; i < lengthof(groups); i++)
		check_group(&groups[i]);
	return tap_done();
}
