--
-- s3_presign: links with the signature of a fixed time
--
\pset format unaligned
\pset tuples_only on
SET client_encoding = 'UTF8';
SET TimeZone = 'Europe/Berlin';
SET s3store.endpoints = '{
	"s3": {"region": "eu-central-1"},
	"s3-token": {"region": "eu-central-1", "access_key_id": "ASIDREGRESS", "secret_access_key": "regress/secret+2", "session_token": "regress/token+1=="},
	"minio": {"endpoint_url": "http://minio:9000"},
	"minio-virtual": {"endpoint_url": "http://minio.example:9000", "addressing_style": "virtual"},
	"proxied": {"endpoint_url": "http://minio:9000", "endpoint_url_presigning": "https://files.example.com/s3"},
	"media": {"key_prefix": "media", "max_age_seconds": 60}
}';
SET s3store.access_key_id = 'AKIDREGRESS';
SET s3store.secret_access_key = 'regress-secret';
\set at '''2024-01-02 03:04:05 UTC'''

-- Operations and verbs
SELECT s3_presign('s3://bucket/key', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'get_object', signed_at => :at) = s3_presign('s3://bucket/key', 'GET', signed_at => :at) AS same,
	s3_presign('s3://bucket/key', 'get_object', signed_at => :at) = s3_presign('s3://bucket/key', 'Get_Object', signed_at => :at) AS same;
SELECT s3_presign('s3://bucket/key', 'head_object', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'delete_object', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'delete', signed_at => :at) = s3_presign('s3://bucket/key', 'DELETE', signed_at => :at) AS same;
SELECT s3_presign('s3://bucket/key', 'POST', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'get object', signed_at => :at);
SELECT s3_presign('s3://bucket/key', NULL, signed_at => :at) = s3_presign('s3://bucket/key', signed_at => :at) AS "null",
	s3_presign('{s3://bucket/key}'::text[], NULL, signed_at => :at) = ARRAY[s3_presign('s3://bucket/key', signed_at => :at)] AS "null",
	(s3_presign_request('s3://bucket/key', NULL, signed_at => :at)).method AS "null";
-- Other arguments where the operation stands
SELECT s3_presign('s3://bucket/key', '10 minutes');
SELECT s3_presign('s3://bucket/key', ' {"VersionId": "1"}');
-- URLs that are none
SELECT s3_presign('{s3://bucket/1,s3://bucket/2}');
SELECT s3_presign('https://bucket.s3.eu-central-1.amazonaws.com/key');
SELECT s3_presign('HTTP://minio:9000/bucket/key');
SELECT s3_presign('gs://bucket/key');

-- Buckets, keys, endpoints
SELECT s3_presign('s3://my.bucket/2024/a report.csv', signed_at => :at);
SELECT s3_presign('s3://bucket/a?b=c#d+e%20f//g/../h', signed_at => :at);
SELECT s3_presign('s3://bucket/Größe/日本語.txt', signed_at => :at);
SELECT s3_presign('minio://bucket/key', signed_at => :at);
SELECT s3_presign('minio-virtual://bucket/key', signed_at => :at);
SELECT s3_presign('proxied://bucket/key', signed_at => :at);
SELECT s3_presign('media://bucket/key', signed_at => :at);
SELECT s3_presign('media://bucket/../key', signed_at => :at);
SELECT s3_presign('s3://bucket', signed_at => :at);

-- Temporary keys
SELECT s3_presign('s3-token://bucket/key', signed_at => :at);
SELECT s3_presign('s3-token://bucket/key', 'put_object', params => '{"ContentType": "text/plain"}', signed_at => :at);

-- The time of the signature: whole seconds, whatever the time zone
SELECT s3_presign('s3://bucket/key', signed_at => '2024-02-29 23:59:59.999999 UTC') =
	s3_presign('s3://bucket/key', signed_at => '2024-03-01 01:59:59+02') AS same;
SELECT s3_presign('s3://bucket/key', signed_at => '1970-01-01 UTC');
SELECT s3_presign('s3://bucket/key', signed_at => '1999-12-31 23:59:59.5 UTC');
SELECT s3_presign('s3://bucket/key', signed_at => '9999-12-31 23:59:59 UTC');
SELECT s3_presign('s3://bucket/key', signed_at => '1969-12-31 23:59:59.5 UTC');
SELECT s3_presign('s3://bucket/key', signed_at => '10000-01-01 UTC');
SELECT s3_presign('s3://bucket/key', signed_at => 'infinity');

-- Without one it is the statement's start.
SELECT count(DISTINCT s3_presign('s3://bucket/key', params => '{"VersionId": "1"}')) FROM generate_series(1, 1000);
SELECT substring(s3_presign('s3://bucket/key') FROM 'X-Amz-Date=([0-9TZ]+)')
	BETWEEN to_char((statement_timestamp() - interval '1 minute') AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"')
	AND to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"') AS now;

-- Lifetimes
SELECT expires, substring(s3_presign('s3://bucket/key', expires => expires::interval, signed_at => :at) FROM 'X-Amz-Expires=([0-9]+)')
FROM (VALUES (NULL), ('1 second'), ('1.9 seconds'), ('90 minutes'), ('1 day 1 hour'), ('7 days'), ('1 month -29 days')) AS lives (expires);
SELECT s3_presign('s3://bucket/key', expires => '1 second', signed_at => :at);
SELECT s3_presign('s3://bucket/key', expires => '7 days', signed_at => :at);
SELECT substring(s3_presign('media://bucket/key', signed_at => :at) FROM 'X-Amz-Expires=([0-9]+)');
SELECT s3_presign('s3://bucket/key', expires => '0', signed_at => :at);
SELECT s3_presign('s3://bucket/key', expires => '-1 second', signed_at => :at);
SELECT s3_presign('s3://bucket/key', expires => '7 days 1 second', signed_at => :at);
SELECT s3_presign('s3://bucket/key', expires => '1 year', signed_at => :at);
SET s3store.max_age_seconds = 120;
SELECT substring(s3_presign('s3://bucket/key', signed_at => :at) FROM 'X-Amz-Expires=([0-9]+)');
SET s3store.max_age_seconds = 0;
SELECT s3_presign('s3://bucket/key', signed_at => :at);
RESET s3store.max_age_seconds;

-- Parameters that S3 has as query parameters
SELECT s3_presign('s3://bucket/key', params => '{
	"ResponseCacheControl": "no-cache", "ResponseContentDisposition": "attachment; filename=\"ä b+c.txt\"",
	"ResponseContentEncoding": "gzip", "ResponseContentLanguage": "de", "ResponseContentType": "text/plain; charset=utf-8",
	"ResponseExpires": "2024-01-02 03:04:05 UTC", "VersionId": "v/1+2=", "PartNumber": 10000}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'head_object', params => '{"VersionId": "null", "PartNumber": 1}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'delete_object', params => '{"VersionId": "v1"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"ResponseContentType": ""}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"VersionId": null}', signed_at => :at) = s3_presign('s3://bucket/key', params => '{}', signed_at => :at) AS same,
	s3_presign('s3://bucket/key', params => NULL, signed_at => :at) = s3_presign('s3://bucket/key', signed_at => :at) AS same;

-- Parameters that the client must send as headers
SELECT s3_presign('s3://bucket/key', params => '{
	"Range": "bytes=0-9", "IfMatch": "\"etag\"", "IfNoneMatch": "*", "IfModifiedSince": "2024-01-02 03:04:05 UTC",
	"IfUnmodifiedSince": 1704164645, "ExpectedBucketOwner": "123456789012", "RequestPayer": "requester", "ChecksumMode": "ENABLED"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{
	"ACL": "private", "BucketKeyEnabled": true, "CacheControl": "private,max-age=3600", "ContentDisposition": "inline",
	"ContentEncoding": "gzip", "ContentLanguage": "de", "ContentLength": 12, "ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg==",
	"ContentType": "text/plain", "Expires": "2024-01-02 04:04:05+01", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/key",
	"StorageClass": "STANDARD_IA", "Tagging": "a=1&b=2", "WebsiteRedirectLocation": "/other",
	"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2025-01-02 03:04:05 UTC", "ObjectLockLegalHoldStatus": "ON"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'delete_object', params => '{"MFA": "serial 123456", "BypassGovernanceRetention": false}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"ContentType": "text/plain;   charset=utf-8"}', signed_at => :at) =
	s3_presign('s3://bucket/key', 'put_object', params => '{"ContentType": "text/plain; charset=utf-8"}', signed_at => :at) AS same;

-- Times, in any form that timestamptz takes, or as seconds
SELECT s3_presign('s3://bucket/key', params => jsonb_build_object('ResponseExpires', "time"), signed_at => :at) =
	s3_presign('s3://bucket/key', params => '{"ResponseExpires": "2024-01-02 03:04:05 UTC"}', signed_at => :at) AS same
FROM unnest('{"2024-01-02T03:04:05Z","2024-01-02 04:04:05","Tue, 02 Jan 2024 03:04:05 GMT","20240102T030405Z"}'::text[]) AS times ("time");
SELECT s3_presign('s3://bucket/key', params => '{"ResponseExpires": "2024-02-30"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"ResponseExpires": "infinity"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"ResponseExpires": "0044-03-15 BC"}', signed_at => :at);

-- Metadata
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"Author": "somebody", "x-y_z": "", "n": "1  2"}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {}}', signed_at => :at) =
	s3_presign('s3://bucket/key', 'put_object', signed_at => :at) AS same;
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": "a"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": ["a"]}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"a": 1}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"a": null}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"a": {"b": "c"}}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"": "b"}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"a b": "c"}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"a:b": "c"}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"a\r\nb": "c"}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"ä": "c"}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"a": "b\r\nx-amz-acl: public-read"}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"Metadata": {"a": "b", "A": "c"}}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => jsonb_build_object('Metadata', jsonb_build_object('a', repeat('x', 2048))), signed_at => :at);

-- Keys of the client's own
SELECT s3_presign('s3://bucket/key', params => '{"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0123456789abcdef0123456789ABCDEF"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERUY="}', signed_at => :at) =
	s3_presign('s3://bucket/key', params => '{"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0123456789abcdef0123456789ABCDEF"}', signed_at => :at) AS same,
	s3_presign('s3://bucket/key', params => '{"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0123456789abcdef0123456789ABCDEF", "SSECustomerKeyMD5": "V5euSAsQOO0sIBHETfEa4w=="}', signed_at => :at) =
	s3_presign('s3://bucket/key', params => '{"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "0123456789abcdef0123456789ABCDEF"}', signed_at => :at) AS same_md5;
SELECT s3_presign('s3://bucket/key', params => '{"SSECustomerKey": "too short"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"SSECustomerKey": "MDEyMzQ1Njc4OWFiY2RlZg=="}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"SSECustomerKey": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERUYw"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"SSECustomerKey": "*DEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlBQkNERUY="}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => jsonb_build_object('SSECustomerKey', repeat('A', 10000)), signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"SSECustomerKey": ""}', signed_at => :at);

-- Parameters that are none, or of another type
SELECT s3_presign('s3://bucket/key', params => '{"Versionid": "1"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'head_object', params => '{"ResponseContentType": "text/plain"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"VersionId": "1"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'delete_object', params => '{"Range": "bytes=0-1"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"Bucket": "other"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"\u001b[1m": 1}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"VersionId": 1}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"VersionId": ["1"]}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"PartNumber": "1"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"PartNumber": 1.5}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"PartNumber": -1}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"ResponseExpires": true}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"BucketKeyEnabled": "true"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '[]', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '"VersionId"', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => 'null', signed_at => :at);

-- No header smuggles in another one.
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"ContentType": "text/plain\r\nx-amz-acl: public-read"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"ContentType": "text/plain\n"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"ContentType": "text/plain\u0001"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"ContentType": " text/plain"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', 'put_object', params => '{"ContentType": "text/plain\t"}', signed_at => :at);
-- ... nor one of the answer, or its content; what is no header holds any text.
SELECT s3_presign('s3://bucket/key', params => '{"ResponseContentDisposition": "attachment; filename=\"a\r\nContent-Type: text/html\r\n\r\n<script>\""}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"ResponseContentType": "text/plain\nx: y"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"ResponseCacheControl": "no\u007f"}', signed_at => :at);
SELECT s3_presign('s3://bucket/key', params => '{"ResponseContentEncoding": " gzip"}', signed_at => :at);
SELECT s3_presign(ARRAY['s3://bucket/1', 's3://bucket/2'], params => '{"ResponseContentLanguage": "de\r"}', signed_at => :at);
SELECT s3_presign('s3://bucket/' || i, params => jsonb_build_object('ResponseContentLanguage', 'de' || repeat(E'\n', i - 1)), signed_at => :at) IS NULL FROM generate_series(1, 2) AS i;
SELECT s3_presign('s3://bucket/key', params => '{"ResponseContentLanguage": "dé\tut"}', signed_at => :at) LIKE '%response-content-language=d%C3%A9%09ut&%' AS tab;
SELECT s3_presign('s3://bucket', 'list_objects_v2', params => '{"Prefix": "a\nb"}', signed_at => :at) LIKE '%prefix=a%0Ab&%' AS prefix;

-- Links are made where nothing can be written, too.
BEGIN READ ONLY;
SELECT s3_presign('s3://bucket/key', signed_at => :at) IS NOT NULL AS get;
SELECT s3_presign('s3://bucket/key', 'put_object', signed_at => :at) IS NOT NULL AS put;
COMMIT;

-- The keys as they are when the link is made
SET s3store.access_key_id = 'AKIDREGRESS2';
SELECT substring(s3_presign('s3://bucket/key', signed_at => :at) FROM 'X-Amz-Credential=([^&]+)');
SELECT substring(s3_presign('s3-token://bucket/key', signed_at => :at) FROM 'X-Amz-Credential=([^&]+)');

RESET s3store.access_key_id;
RESET s3store.secret_access_key;
RESET s3store.endpoints;
