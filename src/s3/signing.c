/*-------------------------------------------------------------------------
 *
 * signing.c
 *	  Signs requests, links and forms, in the signature version that an endpoint
 *	  wants.
 *
 * Pure.  The versions themselves are in sigv4.c, with link.c, and in sigv2.c.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "s3/link.h"
#include "s3/signing.h"
#include "s3/sigv2.h"
#include "s3/sigv4.h"

bool
s3_signing_sign(S3Request *request, const S3Signing *signing, S3Error *err)
{
	switch (signing->version)
	{
		case S3_SIGNATURE_S3V4:
			return s3_sigv4_sign(request, signing, err);
		case S3_SIGNATURE_S3:
			return s3_sigv2_sign(request, signing, err);
		case S3_SIGNATURE_UNSIGNED:
			break;
	}
	return true;
}

bool
s3_signing_presign(const S3Request *request, const S3Signing *signing,
				   int expires, StringInfo url, S3Error *err)
{
	switch (signing->version)
	{
		case S3_SIGNATURE_S3V4:
			return s3_link_presign(request, signing, expires, url, err);
		case S3_SIGNATURE_S3:
			return s3_sigv2_presign(request, signing, expires, url, err);
		case S3_SIGNATURE_UNSIGNED:
			break;
	}
	s3_request_url(request, url);
	return true;
}

bool
s3_signing_start_form(const S3Signing *signing, S3Fields *fields, S3Error *err)
{
	if (signing->version == S3_SIGNATURE_S3V4 && !s3_sigv4_start_form(signing, fields, err))
		return false;
	if (signing->version != S3_SIGNATURE_UNSIGNED &&
		signing->credentials->session_token != NULL)
		s3_fields_add(fields, "x-amz-security-token", signing->credentials->session_token);
	return true;
}

bool
s3_signing_sign_form(const S3Signing *signing, const char *policy, S3Fields *fields,
					 S3Error *err)
{
	switch (signing->version)
	{
		case S3_SIGNATURE_S3V4:
			return s3_sigv4_sign_form(signing, policy, fields, err);
		case S3_SIGNATURE_S3:
			return s3_sigv2_sign_form(signing, policy, fields, err);
		case S3_SIGNATURE_UNSIGNED:
			break;
	}
	return true;
}
