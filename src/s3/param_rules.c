/*-------------------------------------------------------------------------
 *
 * param_rules.c
 *	  The parameters of S3's operations: where each one goes, and as what.
 *
 * Names, places and types are those of the Amazon S3 API Reference, as boto3
 * spells them.  There is no rule for a header that the signature or the
 * transfer lives by, so users cannot set one.  Bucket and Key stand in the
 * URL; what goes into the body (Body, MultipartUpload) is the sender's.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "s3/param_rules.h"

#define GET			S3_GET_OBJECT
#define HEAD		S3_HEAD_OBJECT
#define PUT			S3_PUT_OBJECT
#define DELETE		S3_DELETE_OBJECT
#define COPY		S3_COPY_OBJECT
#define PART		S3_UPLOAD_PART
#define CREATE		S3_CREATE_MULTIPART_UPLOAD
#define COMPLETE	S3_COMPLETE_MULTIPART_UPLOAD
#define ABORT		S3_ABORT_MULTIPART_UPLOAD
#define PARTS		S3_LIST_PARTS
#define LIST		S3_LIST_OBJECTS_V2

/* What several parameters have in common. */
#define READ		(GET | HEAD)
#define MAKE		(PUT | COPY | CREATE)	/* says what the object will be */
#define CONTENT		(PUT | PART)	/* has some of its content */
#define UPLOAD		(PART | COMPLETE | ABORT | PARTS)	/* is of an upload */
#define EVERY		(READ | DELETE | MAKE | UPLOAD | LIST)

#define QUERY(name, operations, type, wire_name) \
	{name, operations, S3_PARAM_IN_QUERY, S3_PARAM_##type, wire_name, 0}
#define HEADER(name, operations, type, wire_name) \
	{name, operations, S3_PARAM_IN_HEADER, S3_PARAM_##type, wire_name, 0}

const S3ParamRule s3_param_rules[] = {
	HEADER("ACL", MAKE, STRING, "x-amz-acl"),
	HEADER("BucketKeyEnabled", MAKE, BOOLEAN, "x-amz-server-side-encryption-bucket-key-enabled"),
	HEADER("BypassGovernanceRetention", DELETE, BOOLEAN, "x-amz-bypass-governance-retention"),
	HEADER("CacheControl", MAKE, STRING, "cache-control"),
	HEADER("ChecksumAlgorithm", CONTENT, STRING, "x-amz-sdk-checksum-algorithm"),
	HEADER("ChecksumAlgorithm", COPY | CREATE, STRING, "x-amz-checksum-algorithm"),
	HEADER("ChecksumCRC32", CONTENT | COMPLETE, STRING, "x-amz-checksum-crc32"),
	HEADER("ChecksumCRC32C", CONTENT | COMPLETE, STRING, "x-amz-checksum-crc32c"),
	HEADER("ChecksumMode", READ, STRING, "x-amz-checksum-mode"),
	HEADER("ChecksumSHA1", CONTENT | COMPLETE, STRING, "x-amz-checksum-sha1"),
	HEADER("ChecksumSHA256", CONTENT | COMPLETE, STRING, "x-amz-checksum-sha256"),
	HEADER("ContentDisposition", MAKE, STRING, "content-disposition"),
	HEADER("ContentEncoding", MAKE, STRING, "content-encoding"),
	HEADER("ContentLanguage", MAKE, STRING, "content-language"),
	HEADER("ContentLength", CONTENT, INTEGER, "content-length"),
	HEADER("ContentMD5", CONTENT, STRING, "content-md5"),
	HEADER("ContentType", MAKE, STRING, "content-type"),
	QUERY("ContinuationToken", LIST, STRING, "continuation-token"),
	{"CopySource", COPY, S3_PARAM_IN_HEADER, S3_PARAM_COPY_SOURCE, S3_PARAM_COPY_SOURCE_HEADER, COPY},
	HEADER("CopySourceIfMatch", COPY, STRING, "x-amz-copy-source-if-match"),
	HEADER("CopySourceIfModifiedSince", COPY, HTTP_DATE, "x-amz-copy-source-if-modified-since"),
	HEADER("CopySourceIfNoneMatch", COPY, STRING, "x-amz-copy-source-if-none-match"),
	HEADER("CopySourceIfUnmodifiedSince", COPY, HTTP_DATE, "x-amz-copy-source-if-unmodified-since"),
	HEADER("CopySourceSSECustomerAlgorithm", COPY, STRING, "x-amz-copy-source-server-side-encryption-customer-algorithm"),
	HEADER("CopySourceSSECustomerKey", COPY, SSE_CUSTOMER_KEY, S3_PARAM_SOURCE_SSE_KEY),
	HEADER("CopySourceSSECustomerKeyMD5", COPY, STRING, S3_PARAM_SOURCE_SSE_KEY "-md5"),
	QUERY("Delimiter", LIST, STRING, "delimiter"),
	QUERY("EncodingType", LIST, STRING, S3_PARAM_ENCODING_TYPE),
	HEADER("ExpectedBucketOwner", EVERY, STRING, "x-amz-expected-bucket-owner"),
	HEADER("ExpectedSourceBucketOwner", COPY, STRING, "x-amz-source-expected-bucket-owner"),
	HEADER("Expires", MAKE, HTTP_DATE, "expires"),
	QUERY("FetchOwner", LIST, BOOLEAN, "fetch-owner"),
	HEADER("GrantFullControl", MAKE, STRING, "x-amz-grant-full-control"),
	HEADER("GrantRead", MAKE, STRING, "x-amz-grant-read"),
	HEADER("GrantReadACP", MAKE, STRING, "x-amz-grant-read-acp"),
	HEADER("GrantWriteACP", MAKE, STRING, "x-amz-grant-write-acp"),
	HEADER("IfMatch", READ | PUT | DELETE | COMPLETE, STRING, "if-match"),
	HEADER("IfModifiedSince", READ, HTTP_DATE, "if-modified-since"),
	HEADER("IfNoneMatch", READ | PUT | COMPLETE, STRING, "if-none-match"),
	HEADER("IfUnmodifiedSince", READ, HTTP_DATE, "if-unmodified-since"),
	HEADER("MFA", DELETE, STRING, "x-amz-mfa"),
	QUERY("MaxKeys", LIST, INTEGER, "max-keys"),
	QUERY("MaxParts", PARTS, INTEGER, "max-parts"),
	HEADER("Metadata", MAKE, METADATA, "x-amz-meta-"),
	HEADER("MetadataDirective", COPY, STRING, "x-amz-metadata-directive"),
	HEADER("ObjectLockLegalHoldStatus", MAKE, STRING, "x-amz-object-lock-legal-hold"),
	HEADER("ObjectLockMode", MAKE, STRING, "x-amz-object-lock-mode"),
	HEADER("ObjectLockRetainUntilDate", MAKE, ISO_DATE, "x-amz-object-lock-retain-until-date"),
	{"PartNumber", READ | PART, S3_PARAM_IN_QUERY, S3_PARAM_INTEGER, "partNumber", PART},
	QUERY("PartNumberMarker", PARTS, INTEGER, "part-number-marker"),
	QUERY("Prefix", LIST, STRING, S3_PARAM_PREFIX),
	HEADER("Range", READ, STRING, "range"),
	HEADER("RequestPayer", EVERY, STRING, "x-amz-request-payer"),
	QUERY("ResponseCacheControl", GET, ANSWER_HEADER, "response-cache-control"),
	QUERY("ResponseContentDisposition", GET, ANSWER_HEADER, "response-content-disposition"),
	QUERY("ResponseContentEncoding", GET, ANSWER_HEADER, "response-content-encoding"),
	QUERY("ResponseContentLanguage", GET, ANSWER_HEADER, "response-content-language"),
	QUERY("ResponseContentType", GET, ANSWER_HEADER, "response-content-type"),
	QUERY("ResponseExpires", GET, HTTP_DATE, "response-expires"),
	HEADER("SSECustomerAlgorithm", READ | MAKE | PART | COMPLETE | PARTS, STRING, "x-amz-server-side-encryption-customer-algorithm"),
	HEADER(S3_PARAM_SSE_KEY_NAME, READ | MAKE | PART | COMPLETE | PARTS, SSE_CUSTOMER_KEY, S3_PARAM_SSE_KEY),
	HEADER("SSECustomerKeyMD5", READ | MAKE | PART | COMPLETE | PARTS, STRING, S3_PARAM_SSE_KEY "-md5"),
	HEADER("SSEKMSEncryptionContext", MAKE, STRING, "x-amz-server-side-encryption-context"),
	HEADER("SSEKMSKeyId", MAKE, STRING, "x-amz-server-side-encryption-aws-kms-key-id"),
	HEADER("ServerSideEncryption", MAKE, STRING, "x-amz-server-side-encryption"),
	QUERY("StartAfter", LIST, STRING, "start-after"),
	HEADER("StorageClass", MAKE, STRING, "x-amz-storage-class"),
	HEADER("Tagging", MAKE, STRING, "x-amz-tagging"),
	HEADER("TaggingDirective", COPY, STRING, "x-amz-tagging-directive"),
	{"UploadId", UPLOAD, S3_PARAM_IN_QUERY, S3_PARAM_STRING, "uploadId", UPLOAD},
	QUERY("VersionId", READ | DELETE, STRING, "versionId"),
	HEADER("WebsiteRedirectLocation", MAKE, STRING, "x-amz-website-redirect-location")
};

const int	s3_param_rules_count = lengthof(s3_param_rules);

bool
s3_param_is_of(const char *name, S3OperationId operation)
{
	for (int i = 0; i < s3_param_rules_count; i++)
		if ((s3_param_rules[i].operations & operation) != 0 &&
			strcmp(s3_param_rules[i].name, name) == 0)
			return true;
	return false;
}
