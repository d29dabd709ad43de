--
-- Links of every operation, what a request needs, forms, signature versions
--
\pset format unaligned
\pset tuples_only on
SET client_encoding = 'UTF8';
SET TimeZone = 'Europe/Berlin';
CREATE FUNCTION endpoints(VARIADIC settings jsonb[]) RETURNS void LANGUAGE sql AS $$
	SELECT set_config('s3store.endpoints', (SELECT jsonb_object_agg('s' || i, s)
		FROM unnest(settings) WITH ORDINALITY AS t (s, i))::text, false)
$$;
SET s3store.access_key_id = 'AKIDREGRESS';
SET s3store.secret_access_key = 'regress-secret';
SELECT endpoints('{}', '{"endpoint_url": "http://minio:9000/base"}', '{"endpoint_url": "http://minio.example/base", "addressing_style": "virtual"}',
	'{"key_prefix": "media"}', '{"key_prefix": "media/", "normalize_keys": true}');
\set at '''2024-01-02 03:04:05 UTC'''

-- Operations: method and URL, without what the signature needs
CREATE FUNCTION request(url text, method text, params jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT r.method || ' ' || regexp_replace(regexp_replace(r.url, '[?&]X-Amz-[^&]*', '', 'g'), '^([^?&]*)&', '\1?') ||
		' ' || r.headers FROM s3_presign_request(url, method, params => params) AS r
$$;
SELECT request(url, operation, params)
FROM (VALUES ('copy_object', jsonb '{"CopySource": "from/a key?x"}'), ('create_multipart_upload', NULL),
	('upload_part', '{"UploadId": "u+/=", "PartNumber": 3}'), ('complete_multipart_upload', '{"UploadId": "u"}'),
	('abort_multipart_upload', '{"UploadId": "u"}'), ('list_parts', '{"UploadId": "u", "MaxParts": 5}')) AS operations (operation, params),
	(VALUES ('s1://bucket/a key'), ('s2://bucket/a key'), ('s3://bucket/a key')) AS urls (url);

-- A list: the key of the URL is the prefix
SELECT url, params, request(url, 'list_objects_v2', params)
FROM (VALUES ('s1://bucket', NULL), ('s1://bucket/', jsonb '{}'), ('s1://bucket/a/', '{}'), ('s1://my.bucket', '{}'),
	('s2://bucket', '{}'), ('s2://bucket/a b', '{"Delimiter": "/", "MaxKeys": 10}'), ('s3://bucket/a', '{}'),
	('s1://bucket', '{"Prefix": "a", "EncodingType": "none", "FetchOwner": true}'), ('s1://bucket', '{"Prefix": ""}'),
	('s4://bucket', '{}'), ('s4://bucket/a', '{}'), ('s4://bucket', '{"Prefix": "a"}'), ('s4://bucket', '{"Prefix": ""}'),
	('s5://bucket/a//b/', '{}'), ('s5://bucket', '{"Prefix": "./a?b"}')) AS lists (url, params);
SELECT request('s1://bucket/a', 'list_objects_v2', '{"Prefix": "b"}');
SELECT request('s4://bucket/../a', 'list_objects_v2', NULL);
SELECT request('s4://bucket', 'list_objects_v2', '{"Prefix": "a/../../b"}');
SELECT request('s1://bucket/' || repeat('x', 1025), 'list_objects_v2', NULL);
SELECT request('s1://bucket', 'list_objects_v2', jsonb_build_object('Prefix', repeat('x', 1025)));
SELECT request('s1://bucket', 'list_objects_v2', '{"VersionId": "1"}');

-- What is to be copied
SELECT source, request('s1://bucket/key', 'copy_object', jsonb_build_object('CopySource', source))
FROM (VALUES (jsonb '"from/key"'), ('"/from/key"'), ('"from/a+b%41 ü"'), ('"from/key?versionId=v/1+2="'), ('"from/key?versionId="'),
	('"from/key?versionId=a b"'), ('"from/a?versionId=b c?versionId=d"'), ('{"Bucket": "from", "Key": "key"}'),
	('{"Bucket": "from", "Key": "a?versionId=b", "VersionId": "v1"}'), ('{"Bucket": "from", "Key": "key", "VersionId": null}')) AS sources (source);
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": {"Bucket": "from"}}');
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": {"Bucket": "from", "Key": 1}}');
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": {"Bucket": "from", "Key": "a", "key": "b"}}');
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": ["from", "key"]}');
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": 1}');
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": {"Bucket": "from", "Key": "a", "VersionId": "b\r\nc"}}');
-- ... stays below the prefix
SELECT request('s4://bucket/key', 'copy_object', '{"CopySource": "from/media/key"}');
SELECT request('s5://bucket/key', 'copy_object', '{"CopySource": "/from/media/key"}');
SELECT request('s4://bucket/key', 'copy_object', '{"CopySource": "from/key"}');
SELECT request('s4://bucket/key', 'copy_object', '{"CopySource": "from/media"}');
SELECT request('s5://bucket/key', 'copy_object', '{"CopySource": "media/key"}');
SELECT request('s4://bucket/key', 'copy_object', '{"CopySource": "from"}');
SELECT source, request('s4://bucket/key', 'copy_object', jsonb_build_object('CopySource', source))
FROM (VALUES ('from/media/..a/b..'), ('from/media/a..b/...?versionId=1')) AS sources (source);
SELECT request('s4://bucket/key', 'copy_object', '{"CopySource": "from/media/../key"}');
SELECT request('s4://bucket/key', 'copy_object', '{"CopySource": "from/media/a/.."}');
SELECT request('s4://bucket/key', 'copy_object', '{"CopySource": "from/media/..?versionId=1"}');
SELECT request('s4://bucket/key', 'copy_object', '{"CopySource": {"Bucket": "from", "Key": "media/a/../../key"}}');
-- ... and in a bucket of the storage
SET s3store.buckets = 'bucket, from-*';
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": "/from-1/key"}');
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": {"Bucket": "bucket", "Key": "key"}}');
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": "from/key"}');
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": "//from-1/key"}');
SELECT request('s1://other/', 'list_objects_v2', NULL);
SELECT s3_presign_post('s1://other/key');
RESET s3store.buckets;

-- Keys of one's own: the MD5 comes with them
SELECT request('s1://bucket/key', 'copy_object', '{"CopySource": "a/b", "SSECustomerKey": "0123456789abcdef0123456789abcdef", "CopySourceSSECustomerKey": "abcdef0123456789abcdef0123456789"}');
SELECT request('s1://bucket/key', 'list_parts', '{"UploadId": "u", "SSECustomerKey": "0123456789abcdef0123456789abcdef"}');

-- What is missing, or does not belong
SELECT s3_presign('s1://bucket/key', 'copy_object');
SELECT s3_presign('s1://bucket/key', 'upload_part', params => '{"PartNumber": 1}');
SELECT s3_presign('s1://bucket/key', 'upload_part', params => '{"UploadId": "u"}');
SELECT s3_presign('s1://bucket/key', 'upload_part', params => '{"UploadId": null, "PartNumber": 1}');
SELECT s3_presign('s1://bucket/key', 'upload_part', params => '{"UploadId": "u", "PartNumber": "1"}');
SELECT s3_presign('s1://bucket/key', 'complete_multipart_upload');
SELECT s3_presign('s1://bucket/key', 'abort_multipart_upload', params => '{}');
SELECT s3_presign('s1://bucket/key', 'list_parts');
SELECT s3_presign('s1://bucket/key', 'complete_multipart_upload', params => '{"UploadId": "u", "MultipartUpload": {"Parts": []}}');
SELECT s3_presign('s1://bucket/key', 'upload_part', params => '{"UploadId": "u", "PartNumber": 1, "Body": "x"}');
SELECT s3_presign('s1://bucket', 'create_multipart_upload');

-- What a request needs
SELECT * FROM s3_presign_request('s1://bucket/key', 'put_object', '1 h', '{"ContentType": "text/plain", "Metadata": {"Name": "ü"}}', :at);
SELECT * FROM s3_presign_request('s1://bucket/key', signed_at => :at);
SELECT r IS NULL FROM (VALUES (NULL), (''), ('-')) AS urls (url), s3_presign_request(url) AS r;
SELECT (s3_presign_request('s1://bucket/key', NULL)).method;
SELECT s3_presign_request('s1://bucket/key', 'none');

-- Who may: writing operations need s3store_write
CREATE ROLE regress_s3_links_reader IN ROLE s3store_read;
CREATE ROLE regress_s3_links_writer IN ROLE s3store_write;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	why text;
BEGIN
	EXECUTE statement;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS why := PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || ' ' || why;
END
$$;
CREATE FUNCTION try_all() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%-27s %s', operation, try(format('SELECT s3_presign_request(''s1://bucket/key'', %L, params => %L)', operation,
		CASE operation WHEN 'copy_object' THEN '{"CopySource": "a/b"}' WHEN 'upload_part' THEN '{"UploadId": "u", "PartNumber": 1}'
			WHEN 'complete_multipart_upload' THEN '{"UploadId": "u"}' WHEN 'abort_multipart_upload' THEN '{"UploadId": "u"}'
			WHEN 'list_parts' THEN '{"UploadId": "u"}' ELSE '{}' END)))
	FROM unnest('{get_object,head_object,list_parts,list_objects_v2,put_object,delete_object,copy_object,upload_part,create_multipart_upload,complete_multipart_upload,abort_multipart_upload}'::text[]) AS operation
	UNION ALL SELECT format('%-27s %s', 'form', try('SELECT s3_presign_post(''s1://bucket/key'')'))
$$;
SET ROLE regress_s3_links_reader;
SELECT try_all();
SET ROLE regress_s3_links_writer;
SELECT try_all();
RESET ROLE;
-- ... and no protection against change
SET s3store.session_read_only = on;
SELECT try_all();
RESET s3store.session_read_only;
DROP ROLE regress_s3_links_reader, regress_s3_links_writer;

-- Forms
CREATE FUNCTION policy(form jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT convert_from(decode(form -> 'fields' ->> 'policy', 'base64'), 'UTF8')
$$;
SELECT jsonb_pretty(s3_presign_post('s1://bucket/user/${filename}', '10 min', 1048576, 'image/png', signed_at => :at));
SELECT policy(s3_presign_post('s1://bucket/user/${filename}', '10 min', 1048576, 'image/png', signed_at => :at));
SELECT s3_presign_post(url) ->> 'url' FROM (VALUES ('s1://bucket/key'), ('s1://my.bucket/key'), ('s2://bucket/key'), ('s3://bucket/key')) AS urls (url);
SELECT policy(s3_presign_post('s4://bucket/${filename}', fields => '{"acl": "private", "x-amz-meta-a": "ü\"\\😀", "tagging": "<Tagging>\n</Tagging>"}',
	conditions => '[{"acl": "private"}, ["eq", "$x-amz-meta-a", "ü\"\\\n\u0001😀\u007f\b\f\r\t"], ["starts-with", "$tagging", ""], ["content-length-range", 1, 9223372036854775807]]', signed_at => :at));
SELECT s3_presign_post(url) IS NULL FROM (VALUES (NULL), (''), ('-')) AS urls (url);
SELECT s3_presign_post('s1://bucket');
SELECT s3_presign_post('s1://bucket/key', max_size => -1);
SELECT s3_presign_post('s1://bucket/key', '8 days');
SELECT s3_presign_post('s1://bucket/key', content_type => E'a/b\r\n');
SELECT s3_presign_post('s1://bucket/key', content_type => 'a/b', fields => '{"content-type": "c/d"}');
SELECT s3_presign_post('s1://bucket/key', fields => '{"Content-Disposition": "attachment; filename=\"a\r\nContent-Type: text/html\""}');
SELECT s3_presign_post('s1://bucket/key', fields => '{"acl\r\n": "private"}');
SELECT s3_presign_post('s1://bucket/key', fields => '[]');
SELECT s3_presign_post('s1://bucket/key', fields => '{"acl": 1}');
SELECT s3_presign_post('s1://bucket/key', fields => '{"acl": null}');
SELECT field, try(format('SELECT s3_presign_post(''s1://bucket/key'', fields => ''{"%s": "x"}'')', field))
FROM unnest('{KEY,Policy,file,signature,awsaccesskeyid,X-Amz-Signature,x-amz-date,x-amz-algorithm,x-amz-credential,x-amz-security-token,bucket,tagging}'::text[]) AS field;
SELECT condition, try(format('SELECT s3_presign_post(''s1://bucket/key'', conditions => %L)', condition))
FROM unnest(ARRAY['[]', '[{"acl": "x"}]', '{}', '"x"', 'null', '[1]', '["eq"]', '[null]', '[{}]', '[{"acl": "x", "key": "y"}]', '[{"acl": 1}]', '[{"acl": ["x"]}]',
	'[["eq", "$acl"]]', '[["eq", "$acl", "x", "y"]]', '[["eq", "acl", "x"]]', '[["eq", "$", "x"]]', '[["eq", "$acl", 1]]', '[["eq", 1, "x"]]', '[[1, "$acl", "x"]]',
	'[["ends-with", "$acl", "x"]]', '[[["eq"], "$acl", "x"]]', '[["content-length-range", 1, 2]]', '[["content-length-range", "1", "2"]]', '[["content-length-range", -1, 2]]',
	'[["content-length-range", 1, 2.5]]', '[["content-length-range", 1, 1e30]]', '[["content-length-range", 1, null]]']) AS condition;
SELECT s3_presign_post('s1://bucket/key', conditions => '[{"acl": "x", "key": "y"}]');

-- Signature version 2
SELECT endpoints('{"signature_version": "s3"}', '{"signature_version": "s3", "session_token": "to/ken", "access_key_id": "ASID", "secret_access_key": "secret"}',
	'{"signature_version": "s3", "endpoint_url": "http://minio:9000"}');
SELECT * FROM s3_presign_request('s1://bucket/a key', params => '{"VersionId": "v/1", "ResponseContentType": "a/b"}', signed_at => :at);
SELECT * FROM s3_presign_request('s1://bucket/key', 'put_object', params => '{"ContentType": "a/b", "ContentMD5": "m", "ACL": "private", "CacheControl": "no-cache"}', signed_at => :at);
SELECT s3_presign('s1://bucket/key', 'create_multipart_upload', signed_at => :at);
SELECT s3_presign('s2://bucket/key', signed_at => :at);
SELECT s3_presign(url, 'list_objects_v2', signed_at => :at) FROM (VALUES ('s1://bucket'), ('s3://bucket/a')) AS urls (url);
SELECT jsonb_pretty(s3_presign_post('s2://bucket/key', signed_at => :at));
SELECT s3_presign('s1://bucket/key', signed_at => '1969-12-31 UTC');
SELECT s3_presign_post('s1://bucket/key', signed_at => '20000-01-01 UTC');

-- Unsigned: no keys, and no end
RESET s3store.access_key_id;
RESET s3store.secret_access_key;
SELECT endpoints('{"signature_version": "unsigned"}', '{}');
SELECT * FROM s3_presign_request('s1://bucket/a key');
SELECT * FROM s3_presign_request('s1://bucket/key', 'put_object', params => '{"ContentType": "a/b"}');
SELECT s3_presign('s1://bucket/key', 'create_multipart_upload');
SELECT s3_presign('s1://bucket/key', params => '{"ResponseContentType": "a/b", "PartNumber": 1}');
SELECT s3_presign('s1://bucket/a', 'list_objects_v2');
SELECT s3_presign_post('s1://bucket/key', content_type => 'a/b', fields => '{"acl": "private"}');
SELECT s3_presign_post('s1://bucket/key', max_size => 1);
SELECT s3_presign_post('s1://bucket/key', conditions => '[]');
SELECT s3_presign('s1://bucket/key', expires => '8 days');
SELECT s3_presign('s2://bucket/key');

-- Public objects: links to read are plain, and need no keys
SELECT endpoints('{"bucket_auth": false}', '{"bucket_auth": false, "access_key_id": "id", "secret_access_key": "secret"}',
	'{"bucket_auth": false, "public_url": "https://CDN.example.com/files/", "key_prefix": "media"}', '{"public_url": "http://cdn.example.com:80", "normalize_keys": true}');
SELECT s3_presign('s1://bucket/a key?');
SELECT s3_presign('s1://bucket/key', 'head_object', '1 second');
SELECT s3_presign('s1://bucket/key', params => '{}') = s3_url('s1://bucket/key');
SELECT * FROM s3_presign_request('s1://bucket/key');
SELECT s3_presign('s1://bucket/key', 'put_object');
SELECT s3_presign('s1://bucket/key', params => '{"VersionId": "1"}');
SELECT s3_presign('s1://bucket/key', expires => '8 days');
SELECT s3_presign('s2://bucket/key', params => '{"VersionId": "1"}') ~ 'X-Amz-Signature';
SELECT s3_presign('s2://bucket/key', 'put_object') ~ 'X-Amz-Signature', s3_presign('s2://bucket/', 'list_objects_v2') ~ 'X-Amz-Signature';
SELECT s3_presign('s3://bucket/a b/ü?'), s3_url('s3://bucket/a b/ü?');
SELECT s3_url('s4://bucket/a//b/../c?d');
SELECT s3_url('s4://bucket/.');
SELECT s3_presign('s4://bucket/key');
SET s3store.bucket_auth = off;
SET s3store.public_url = 'https://cdn.example.com';
SELECT endpoints('{}', '{"bucket_auth": true, "public_url": ""}');
SELECT s3_presign('s1://bucket/key'), s3_url('s2://bucket/key');
RESET s3store.bucket_auth;
RESET s3store.public_url;

-- Lifetimes: presign_expires, or else max_age_seconds
SELECT endpoints('{"access_key_id": "id", "secret_access_key": "secret"}', '{"access_key_id": "id", "secret_access_key": "secret", "presign_expires": 60, "max_age_seconds": 120}');
CREATE FUNCTION lives(url text, expires interval) RETURNS text LANGUAGE sql
AS $$ SELECT substring(s3_presign(url, expires => expires) FROM 'X-Amz-Expires=([0-9]+)') $$;
SET s3store.max_age_seconds = 1000;
SELECT lives('s1://b/k', NULL), lives('s2://b/k', NULL), lives('s2://b/k', '5 s');
SET s3store.presign_expires = 30;
SELECT lives('s1://b/k', NULL), lives('s2://b/k', NULL), lives('s1://b/k', '5 s');
SET s3store.presign_expires = 0;
SELECT lives('s1://b/k', NULL);
SELECT lives('s1://b/k', '5 s');
RESET s3store.presign_expires;

-- Windows: the time is floored, the link lives that much longer, seven days at most
CREATE FUNCTION signed(url text, expires interval) RETURNS timestamptz LANGUAGE sql
AS $$ SELECT to_timestamp(substring(s3_presign(url, expires => expires) FROM 'X-Amz-Date=([0-9T]+)') || '+00', 'YYYYMMDD"T"HH24MISSTZH') $$;
CREATE FUNCTION try_window(w text, e interval, effective int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	at timestamptz;
BEGIN
	PERFORM set_config('s3store.presign_window', w, false);
	at := signed('s1://b/k', e);
	RETURN format('lives %s, floored %s, not old %s', lives('s1://b/k', e), extract(epoch FROM at)::int8 % effective = 0,
		at BETWEEN statement_timestamp() - make_interval(secs => effective) AND clock_timestamp());
END
$$;
SELECT w, e, try_window(w, e::interval, effective)
FROM (VALUES ('600', '1 h', 600), ('86400', '1 s', 86400), ('604800', '1 h', 601200), ('604800', '7 d', 1), ('3600', '6 d 23:30', 1800), ('7', '1 h', 7)) AS windows (w, e, effective);
SET s3store.presign_window = '1 d';
SELECT s3_presign('s1://b/k', signed_at => :at) ~ 'X-Amz-Date=20240102T030405Z&X-Amz-Expires=1000&';
SELECT expires_at > statement_timestamp() + interval '1 h', expires_at <= statement_timestamp() + interval '25 h' FROM s3_presign_request('s1://b/k', expires => '1 h');
SELECT (policy(s3_presign_post('s1://b/k', '1 h'))::jsonb ->> 'expiration')::timestamptz
	BETWEEN statement_timestamp() + interval '59 min 58 s' AND clock_timestamp() + interval '1 h';
RESET s3store.presign_window;

DROP FUNCTION endpoints, request, try, try_all, policy, lives, signed, try_window;
