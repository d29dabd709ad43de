/*-------------------------------------------------------------------------
 *
 * presign.c
 *	  Makes links and forms of calls that somebody else will send.
 *
 * Never touches the network, but to fetch temporary keys.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "backend/error_report.h"
#include "base/uri.h"
#include "links/presign.h"
#include "s3/signing.h"

bool
s3_presign_is_public(const S3Endpoint *endpoint, const S3Operation *operation,
					 const S3Request *request)
{
	return !endpoint->settings.bucket_auth &&
		(operation->id == S3_GET_OBJECT || operation->id == S3_HEAD_OBJECT) &&
		request->query.count == 0 && request->headers.count == 0;
}

char *
s3_presign_link(const S3Call *call, const S3Lifetime *lifetime, int64 *ends_at)
{
	S3Signing	signing = s3_call_signing(call, lifetime->signed_at);
	StringInfoData url;
	S3Error		err;

	initStringInfo(&url);
	if (!s3_signing_presign(&call->request, &signing, lifetime->expires, &url, &err))
		s3_error_throw(&err);
	if (signing.credentials != NULL)
		*ends_at = s3_lifetime_end(lifetime, call->endpoint, signing.credentials);
	return url.data;
}

char *
s3_presign_public_url(const S3Call *call)
{
	const S3EndpointUrl *base = &call->endpoint->public_base;
	StringInfoData url;
	StringInfoData key;
	S3Error		err;

	initStringInfo(&url);
	if (call->endpoint->settings.public_url[0] == '\0')
	{
		s3_request_url(&call->request, &url);
		return url.data;
	}
	/* "public_url" has the key prefix in it. */
	initStringInfo(&key);
	if (!s3_location_object_key(&call->location, "", call->endpoint->settings.normalize_keys,
								&key, &err))
		s3_error_throw(&err);
	appendStringInfo(&url, "%s://%s%s/", base->tls ? "https" : "http", base->host,
					 base->path);
	s3_uri_encode_path(&url, s3_slice(key.data, key.len));
	return url.data;
}

char *
s3_presign_form_url(const S3Call *call)
{
	S3Address	address;
	S3Error		err;

	if (!s3_address_bucket(&call->endpoint->presigning_base,
						   call->endpoint->settings.addressing_style,
						   call->location.bucket, &address, &err))
		s3_error_throw(&err);
	return psprintf("%s://%s%s%s", address.tls ? "https" : "http", address.host,
					call->endpoint->settings.presigning_path_prefix,
					address.path[0] == '\0' ? "/" : address.path);
}

void
s3_presign_start_form(const S3Call *call, const S3Lifetime *lifetime, S3Fields *fields)
{
	S3Signing	signing = s3_call_signing(call, lifetime->signed_at);
	S3Error		err;

	if (!s3_signing_start_form(&signing, fields, &err))
		s3_error_throw(&err);
}

void
s3_presign_sign_form(const S3Call *call, const S3Lifetime *lifetime, const char *policy,
					 S3Fields *fields)
{
	S3Signing	signing = s3_call_signing(call, lifetime->signed_at);
	S3Error		err;

	if (!s3_signing_sign_form(&signing, policy, fields, &err))
		s3_error_throw(&err);
	(void) s3_lifetime_end(lifetime, call->endpoint, signing.credentials);
}
