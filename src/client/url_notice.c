/*-------------------------------------------------------------------------
 *
 * url_notice.c
 *	  What is said of URLs that do what they say, but perhaps not what was meant.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/encoding.h"
#include "client/url_notice.h"
#include "s3/location.h"

void
s3_url_warn_no_file(const char *done)
{
	ereport(WARNING,
			(errmsg("nothing was %s: the URL means \"no file\"", done),
			 errdetail("'' and '-' stand for that, and so the result is NULL.")));
}

void
s3_url_notice_slash(const text *url, const char *then)
{
	size_t		len = url == NULL ? 0 : VARSIZE_ANY_EXHDR(url);

	if (len > 0 && VARDATA_ANY(url)[len - 1] == '/')
		ereport(NOTICE,
				(errmsg("a URL that ends in \"/\" names one object: %s", then)));
}

void
s3_url_warn_prefix(const text *url)
{
	S3Location	location;
	S3Error		err;

	if (s3_location_parse(s3_utf8_slice(VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url)), &location, &err) &&
		location.key.len > 0 && location.key.data[location.key.len - 1] != '/')
		ereport(WARNING,
				(errmsg("the URL does not end in \"/\""),
				 errdetail("It stands for all objects whose keys begin with its key, not only for those in a directory of that name."),
				 errhint("Append \"/\" for a directory.")));
}
