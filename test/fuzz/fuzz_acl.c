/*
 * Fuzzes answers that say who has been granted what on an object.
 */
#include "fuzz.h"

#include "s3/acl.h"
#include "s3/request.h"

const FuzzSeed fuzz_seeds[] = {
	SEED("<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList><Grant><Grantee>"
		 "<ID>me</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>"
		 "</AccessControlList></AccessControlPolicy>"),
	SEED("<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList><Grant><Grantee>"
		 "<URI>http://a/b&amp;c</URI></Grantee><Permission>READ</Permission></Grant><Grant><Grantee>"
		 "<EmailAddress>a@b&#x1F600;</EmailAddress></Grantee><Permission>WRITE_ACP</Permission>"
		 "</Grant></AccessControlList></AccessControlPolicy>"),
	SEED("<?xml version='1.0' encoding='ISO-8859-1'?><AccessControlPolicy><Owner>"
		 "<ID>\xfc\xfc\xfc\xfc</ID></Owner><x><Grant><Grantee><ID>\xfc\xfc\"</ID></Grantee>"
		 "<Permission>READ_ACP</Permission></Grant></x></AccessControlPolicy>"),
	{NULL, 0}
};

static void check_header(const S3Field *header);

void
fuzz_one(const uint8 *data, size_t size)
{
	S3HttpResponse response = {.status = 200,.headers = ""};
	S3Fields	headers = {0};
	S3Error		err;

	response.body = palloc(size + 1);
	memcpy(response.body, data, size);
	response.body_len = size;
	if (!s3_acl_read(&response, &headers, &err))
	{
		must_be_error(&err);
		return;
	}
	MUST(headers.count <= 5);
	for (int i = 0; i < headers.count; i++)
		check_header(&headers.items[i]);
}

/* kind="name", kind="name": a quote in a name would let it grant more. */
static void
check_header(const S3Field *header)
{
	const char *value = header->value;
	S3Error		err;
	int			grants = 0;

	MUST(strncmp(header->name, "x-amz-grant-", strlen("x-amz-grant-")) == 0);
	MUST(s3_check_header_value(header->name, value, &err));
	while (*value != '\0')
	{
		MUST(strncmp(value, "id=\"", 4) == 0 || strncmp(value, "uri=\"", 5) == 0 ||
			 strncmp(value, "emailAddress=\"", 14) == 0);
		value = strchr(value, '"') + 1;
		MUST(strchr(value, '"') > value);	/* nobody's is empty */
		value = strchr(value, '"') + 1;
		MUST(*value == '\0' || (strncmp(value, ", ", 2) == 0 && value[2] != '\0'));
		value += *value == '\0' ? 0 : 2;
		grants++;
	}
	MUST(grants > 0 && grants <= S3_GRANTS_MAX);
}
