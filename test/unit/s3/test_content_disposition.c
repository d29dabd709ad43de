/*
 * Unit tests of Content-Disposition (RFC 6266).
 */
#include "s3/content_disposition.h"
#include "tap.h"

#define STAR	"; filename*=UTF-8''"

/* value NULL: refused */
static const struct
{
	const char *filename;
	const char *disposition;
	const char *value;
}			cases[] =
{
	{"a.txt", "attachment", "attachment; filename=\"a.txt\""},
	{"a.txt", "inline", "inline; filename=\"a.txt\""},
	{"", "attachment", "attachment"},
	{"a b;c'd.txt", "attachment", "attachment; filename=\"a b;c'd.txt\""},
	{"\xc3\xbc.txt", "attachment", "attachment; filename=\"_.txt\"" STAR "%C3%BC.txt"},
	{"\xe2\x82\xac \xf0\x9f\x98\x80", "attachment", "attachment; filename=\"_ _\"" STAR "%E2%82%AC%20%F0%9F%98%80"},
	{"a\"b", "attachment", "attachment; filename=\"a_b\"" STAR "a%22b"},
	{"a\\b", "attachment", "attachment; filename=\"a_b\"" STAR "a%5Cb"},
	{"100%41", "attachment", "attachment; filename=\"100_41\"" STAR "100%2541"},
	{"a/b", "attachment", "attachment; filename=\"a/b\""},
	{"a\r\nb\x7f\x1b", "attachment", "attachment; filename=\"a__b__\""},
	{"a\xc2\x9b\xc2\xa0", "attachment", "attachment; filename=\"a__\"" STAR "a_%C2%A0"},
	{"\xc2", "attachment", "attachment; filename=\"_\"" STAR "%C2"},
	{"a", "", NULL},
	{"a", "attachment; filename=\"b\"", NULL},
	{"a", "in\r\nline", NULL}
};

int
main(void)
{
	for (int i = 0; i < lengthof(cases); i++)
	{
		StringInfoData value;
		S3Error		err = {0};
		bool		good;

		initStringInfo(&value);
		good = s3_content_disposition(s3_slice_cstring(cases[i].filename), cases[i].disposition,
									  &value, &err);
		is_string(good ? value.data : NULL, cases[i].value, "case %d", i);
		is_int(err.kind, good ? S3_ERROR_NONE : S3_ERROR_ARGUMENT, "... and its error");
	}
	return tap_done();
}
