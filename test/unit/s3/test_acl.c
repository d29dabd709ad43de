/*
 * Unit tests of the acl room: a server's document, and the headers.
 */
#include "s3/acl.h"
#include "tap.h"

#define POLICY(grants) \
	"<AccessControlPolicy xmlns=\"x\"><Owner><ID>me</ID><DisplayName>Me</DisplayName></Owner>" \
	"<AccessControlList>" grants "</AccessControlList></AccessControlPolicy>"
#define GRANT(kind, who, permission) \
	"<Grant><Grantee xmlns:xsi=\"y\" xsi:type=\"z\"><" kind ">" who "</" kind ">" \
	"<DisplayName>?</DisplayName></Grantee><Permission>" permission "</Permission></Grant>"

/* headers NULL: refused */
static const struct
{
	const char *document;
	const char *headers;		/* name: value, a line each */
}			documents[] =
{
	{POLICY(""), ""},
	{POLICY(GRANT("ID", "me", "FULL_CONTROL")), ""},
	{POLICY(GRANT("ID", "me", "READ")), "x-amz-grant-read: id=\"me\"\n"},
	{POLICY(GRANT("ID", "you", "FULL_CONTROL")), "x-amz-grant-full-control: id=\"you\"\n"},
	{POLICY(GRANT("URI", "me", "FULL_CONTROL")), "x-amz-grant-full-control: uri=\"me\"\n"},
	{POLICY(GRANT("ID", "me", "FULL_CONTROL") GRANT("URI", "http://a/b", "READ")),
	"x-amz-grant-full-control: id=\"me\"\nx-amz-grant-read: uri=\"http://a/b\"\n"},
	{POLICY(GRANT("ID", "a", "READ") GRANT("ID", "b", "WRITE_ACP") GRANT("EmailAddress", "c@d", "READ")),
	"x-amz-grant-read: id=\"a\", emailAddress=\"c@d\"\nx-amz-grant-write-acp: id=\"b\"\n"},
	{POLICY(GRANT("ID", "a", "WRITE") GRANT("ID", "a", "READ_ACP")),
	"x-amz-grant-read-acp: id=\"a\"\nx-amz-grant-write: id=\"a\"\n"},
	{POLICY(GRANT("ID", "a", "FLY")), NULL},
	{POLICY(GRANT("ID", "", "READ")), NULL},
	{POLICY(GRANT("Name", "a", "READ")), NULL},
	{POLICY("<Grant/>"), NULL},
	{POLICY(GRANT("ID", "a", "READ") "<Grant/>"), NULL},
	{POLICY(GRANT("ID", "a\"b", "READ")), NULL},
	{POLICY(GRANT("ID", "a&#10;b", "READ")), NULL},
	{"", NULL},
	{"<x/>", NULL},
	{"<AccessControlPolicy>", NULL},
	{"<Error><Code>AccessDenied</Code></Error>", NULL}
};

static void test_reading(void);
static void test_many(void);
static bool read_document(const char *document, StringInfo headers, S3Error *err);

int
main(void)
{
	test_reading();
	test_many();
	return tap_done();
}

static void
test_reading(void)
{
	for (int i = 0; i < lengthof(documents); i++)
	{
		StringInfoData headers;
		S3Error		err = {0};
		bool		good = read_document(documents[i].document, &headers, &err);

		ok(good == (documents[i].headers != NULL), "%s: %s", documents[i].document, err.message);
		if (good)
			is_string(headers.data, documents[i].headers, "%s", documents[i].document);
	}
}

/* As many as S3 allows, and one more. */
static void
test_many(void)
{
	for (int count = S3_GRANTS_MAX; count <= S3_GRANTS_MAX + 1; count++)
	{
		StringInfoData grants;
		StringInfoData headers;
		S3Error		err;

		initStringInfo(&grants);
		for (int i = 0; i < count; i++)
			appendStringInfo(&grants, GRANT("ID", "%d", "READ"), i);
		ok(read_document(psprintf(POLICY("%s"), grants.data), &headers, &err) ==
		   (count == S3_GRANTS_MAX), "%d grants", count);
	}
}

static bool
read_document(const char *document, StringInfo headers, S3Error *err)
{
	S3HttpResponse response = {.status = 200,.headers = ""};
	S3Fields	fields = {0};

	response.body = pstrdup(document);
	response.body_len = strlen(document);
	initStringInfo(headers);
	if (!s3_acl_read(&response, &fields, err))
		return false;
	for (int i = 0; i < fields.count; i++)
		appendStringInfo(headers, "%s: %s\n", fields.items[i].name, fields.items[i].value);
	return true;
}
