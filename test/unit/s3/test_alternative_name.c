/*
 * Unit tests of the naming room: Django's rule, and its limits.
 */
#include "s3/alternative_name.h"
#include "tap.h"

#define SUFFIX	"Abc1234"
#define U8		"\xc3\xbc"		/* two bytes */
#define EMOJI	"\xf0\x9f\x98\x80"	/* four */

/* want NULL: there is no name */
static const struct
{
	const char *url;
	S3NameLimits limits;
	const char *want;
	S3ErrorKind kind;
}			cases[] =
{
	{"s3://b/photo.jpg", {0, 0}, "s3://b/photo_Abc1234.jpg"},
	{"s3://b/photo", {0, 0}, "s3://b/photo_Abc1234"},
	{"s3://b/a.tar.gz", {0, 0}, "s3://b/a.tar_Abc1234.gz"},
	{"s3://b/.bashrc", {0, 0}, "s3://b/.bashrc_Abc1234"},
	{"s3://b/...", {0, 0}, "s3://b/..._Abc1234"},
	{"s3://b/..a.b", {0, 0}, "s3://b/..a_Abc1234.b"},
	{"s3://b/a.b/c", {0, 0}, "s3://b/a.b/c_Abc1234"},
	{"s3://b/a.", {0, 0}, "s3://b/a_Abc1234."},
	{"s3://b/dir/", {0, 0}, "s3://b/dir/_Abc1234"},
	{"s3://b/" U8 "." U8, {0, 0}, "s3://b/" U8 "_Abc1234." U8},

	/* characters: 7 before the name, 8 of the suffix, 4 of the extension */
	{"s3://b/photo.jpg", {0, 24}, "s3://b/photo_Abc1234.jpg"},
	{"s3://b/photo.jpg", {0, 23}, "s3://b/phot_Abc1234.jpg"},
	{"s3://b/photo.jpg", {0, 20}, "s3://b/p_Abc1234.jpg"},
	{"s3://b/photo.jpg", {0, 19}, NULL, S3_ERROR_ARGUMENT},
	{"s3://b/photo.jpg", {0, 1}, NULL, S3_ERROR_ARGUMENT},
	{"s3://b/" U8 EMOJI U8 ".x", {0, 20}, "s3://b/" U8 EMOJI U8 "_Abc1234.x"},
	{"s3://b/" U8 EMOJI U8 ".x", {0, 19}, "s3://b/" U8 EMOJI "_Abc1234.x"},
	{"s3://b/" U8 EMOJI U8 ".x", {0, 18}, "s3://b/" U8 "_Abc1234.x"},
	{"s3://b/" U8 EMOJI U8 ".x", {0, 17}, NULL, S3_ERROR_ARGUMENT},
	{"s3://b/dir/", {0, 19}, "s3://b/dir/_Abc1234"},
	{"s3://b/dir/", {0, 18}, NULL, S3_ERROR_ARGUMENT},

	/* bytes */
	{"s3://b/photo.jpg", {23, 0}, "s3://b/phot_Abc1234.jpg"},
	{"s3://b/photo.jpg", {20, 0}, "s3://b/p_Abc1234.jpg"},
	{"s3://b/photo.jpg", {19, 0}, NULL, S3_ERROR_TOO_LARGE},
	{"s3://b/a" U8 U8, {20, 0}, "s3://b/a" U8 U8 "_Abc1234"},
	{"s3://b/a" U8 U8, {19, 0}, "s3://b/a" U8 "_Abc1234"},
	{"s3://b/a" U8 U8, {18, 0}, "s3://b/a" U8 "_Abc1234"},
	{"s3://b/a" U8 U8, {17, 0}, "s3://b/a_Abc1234"},
	{"s3://b/" EMOJI EMOJI, {22, 0}, "s3://b/" EMOJI "_Abc1234"},
	{"s3://b/" EMOJI, {18, 0}, NULL, S3_ERROR_TOO_LARGE},

	/* both */
	{"s3://b/photo.jpg", {23, 21}, "s3://b/ph_Abc1234.jpg"},
	{"s3://b/photo.jpg", {21, 23}, "s3://b/ph_Abc1234.jpg"},
	{"s3://b/photo.jpg", {19, 30}, NULL, S3_ERROR_TOO_LARGE},
	{"s3://b/photo.jpg", {30, 19}, NULL, S3_ERROR_ARGUMENT},
};

int
main(void)
{
	for (int i = 0; i < lengthof(cases); i++)
	{
		StringInfoData name;
		S3Error		err = {0};
		bool		good;

		initStringInfo(&name);
		appendStringInfoString(&name, "before ");
		good = s3_alternative_name_alternative(s3_slice_cstring(cases[i].url), SUFFIX, &cases[i].limits,
											   &name, &err);
		is_string(good ? name.data + strlen("before ") : NULL, cases[i].want, "another name %d", i);
		is_int(err.kind, cases[i].kind, "... or why there is none");
		if (good)
			ok(s3_alternative_name_fits(s3_slice_cstring(cases[i].want), &cases[i].limits), "... fits");
	}
	return tap_done();
}
