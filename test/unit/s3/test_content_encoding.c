/*
 * Unit tests of the content encoding: what is stored, and whether it is gzip.
 */
#include "s3/content_encoding.h"
#include "tap.h"

static const struct
{
	const char *encoding;
	const char *stored;
	bool		is_gzip;
}			cases[] =
{
	{"", "", false},
	{"gzip", "gzip", true},
	{"GZip", "GZip", true},
	{"x-gzip", "x-gzip", true},
	{"aws-chunked,gzip", "gzip", true},
	{"aws-chunked, gzip", "gzip", true},
	{"gzip , AWS-Chunked", "gzip", true},
	{",aws-chunked,,x-gzip,", "x-gzip", true},
	{"aws-chunked", "", false},
	{"gzip,gzip", "gzip,gzip", false},
	{"br,gzip", "br,gzip", false},
	{"gzip x", "gzip x", false},
	{"identity", "identity", false}
};

int
main(void)
{
	for (int i = 0; i < lengthof(cases); i++)
	{
		is_string(s3_content_encoding_stored(cases[i].encoding), cases[i].stored,
				  "\"%s\" as it is stored", cases[i].encoding);
		is_int(s3_content_encoding_is_gzip(cases[i].encoding), cases[i].is_gzip, "... is it gzip?");
	}
	ok(!s3_content_encoding_is_gzip(NULL), "none is not gzip");
	return tap_done();
}
