--
-- The SQLSTATE of every malformed input, and a session that goes on
--
CREATE EXTENSION IF NOT EXISTS plpgsql;
SET s3store.endpoints = '{
	"s3": {},
	"media": {"key_prefix": "media"},
	"normal": {"normalize_keys": true},
	"gone": {"endpoint_url": "http://127.0.0.1:1"},
	"gone-tls": {"endpoint_url": "https://127.0.0.1:1"}
}';
SET s3store.max_attempts = 1;
SET s3store.access_key_id = 'AKIDREGRESS';
SET s3store.secret_access_key = 'regress-secret';

-- Runs a command; returns its SQLSTATE.
CREATE FUNCTION state_of(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN '00000';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END
$$;

-- URLs
SELECT state_of(format('SELECT s3_key(%L)', url)) AS key,
	state_of(format('SELECT s3_url(%L)', url)) AS url,
	state_of(format('SELECT s3_presign(%L)', url)) AS presign,
	state_of(format('SELECT %L::s3url', url)) AS domain, url
FROM (VALUES
	(NULL), (''), ('-'), ('s3://bucket/key'),
	('s3://bucket'), ('s3://bucket/'), ('other://bucket/key'),
	('--'), (' '), ('key'), ('/bucket/key'), ('s3'), ('s3:'), ('s3:/bucket/key'), ('://bucket/key'),
	('3s://bucket/key'), ('s_3://bucket/key'),
	('s3://'), ('s3:///key'), ('s3://./key'), ('s3://../key'), ('s3://a b/key'), ('s3://a%20b/key'),
	('s3://bucket?a'), ('s3://bucket#a'), ('s3://bucket:80/key'), ('s3://user@bucket/key'),
	('media://bucket/../key'), ('media://bucket/a?/../../key'), ('media://bucket/'),
	('normal://bucket/?'), ('normal://bucket/a/..')
) AS urls (url);
SELECT state_of(format('SELECT s3_url(%L)', 's3://bucket/' || repeat('k', 1025))) AS key_too_long,
	state_of(format('SELECT s3_url(%L)', 'media://bucket/' || repeat('k', 1024))) AS with_prefix,
	state_of(format('SELECT s3_url(%L)', repeat('s', 64) || '://bucket/key')) AS scheme_too_long,
	state_of(format('SELECT s3_url(%L)', 's3://' || repeat('b', 256) || '/key')) AS bucket_too_long;

-- What every other function makes of a malformed URL, of no file, of NULL
SELECT call, state_of(format('SELECT ' || call, 'key')) AS malformed,
	state_of(format('SELECT ' || call, 's3:///key')) AS no_bucket,
	state_of(format('SELECT ' || call, 's3://bucket')) AS no_key,
	state_of(format('SELECT ' || call, 'other://bucket/key')) AS scheme,
	state_of(format('SELECT ' || call, '-')) AS no_file,
	state_of(format('SELECT ' || call, NULL)) AS "null"
FROM (VALUES
	('s3_get(%L)'), ('s3_get_text(%L)'), ('s3_head(%L)'), ('s3_exists(%L)'), ('s3_size(%L)'),
	('s3_modified_time(%L)'), ('s3_put(%L, ''\x''::bytea)'), ('s3_put(%L, ''''::text)'), ('s3_delete(%L)')
) AS calls (call);
SELECT s3_get('-') IS NULL AS get, s3_head('') IS NULL AS head, s3_exists('-') IS NULL AS "exists",
	s3_size('') IS NULL AS size, s3_put('-', 'x'::text) IS NULL AS put, s3_delete('') IS NULL AS delete;
SELECT s3_put(NULL, 'x'::text) IS NULL AS no_url, s3_put('s3://bucket/key', NULL::bytea) IS NULL AS no_content,
	s3_put('s3://bucket/key', NULL::text) IS NULL AS no_text;

-- Arguments of s3_presign
SELECT state_of(format('SELECT s3_presign(''s3://bucket/key'', %s)', arguments)) AS state, arguments
FROM (VALUES
	('''get_object'''), ('''GET'''), ('''Put_Object'''), (''''''), ('''get'' || ''_objects'''), ('''PATCH'''), ('NULL'),
	('expires => ''1 second'''), ('expires => ''7 days'''), ('expires => ''168:00:00'''), ('expires => NULL'),
	('expires => ''0'''), ('expires => ''0.9 seconds'''), ('expires => ''-1 hour'''),
	('expires => ''7 days 1 second'''), ('expires => ''1 month'''), ('expires => ''1 month -29 days'''),
	('expires => ''170000000 years'''), ('expires => ''-170000000 years'''),
	('params => ''{}'''), ('params => NULL'), ('params => ''null'''), ('params => ''[]'''), ('params => ''"a"'''), ('params => ''1'''),
	('params => ''{"VersionId": "1"}'''), ('params => ''{"VersionId": null}'''), ('params => ''{"VersionId": 1}'''),
	('params => ''{"VersionId": true}'''), ('params => ''{"VersionId": ["1"]}'''), ('params => ''{"VersionId": {"a": "1"}}'''),
	('params => ''{"versionid": "1"}'''), ('params => ''{"ContentType": "a/b"}'''), ('params => ''{"": "1"}'''),
	('params => ''{"PartNumber": 1}'''), ('params => ''{"PartNumber": "1"}'''), ('params => ''{"PartNumber": 1.5}'''),
	('params => ''{"PartNumber": -1}'''), ('params => ''{"PartNumber": 1e30}'''),
	('params => ''{"Range": "bytes=0-1"}'''), ('params => ''{"Range": "bytes=0-1\r\nx: y"}'''), ('params => ''{"Range": " a"}'''),
	('params => ''{"IfModifiedSince": "2024-01-02"}'''), ('params => ''{"IfModifiedSince": "soon"}'''),
	('params => ''{"IfModifiedSince": "infinity"}'''), ('params => ''{"IfModifiedSince": 1e300}'''), ('params => ''{"IfModifiedSince": true}'''),
	('params => ''{"SSECustomerKey": "short"}'''), ('params => ''{"SSECustomerKey": 1}'''),
	('''put_object'', params => ''{"Metadata": {"a": "1"}}'''), ('''put_object'', params => ''{"Metadata": "a"}'''),
	('''put_object'', params => ''{"Metadata": [1]}'''), ('''put_object'', params => ''{"Metadata": {"a": 1}}'''),
	('''put_object'', params => ''{"Metadata": {"a": null}}'''), ('''put_object'', params => ''{"Metadata": {"a b": "1"}}'''),
	('''put_object'', params => ''{"Metadata": {"": "1"}}'''), ('''put_object'', params => ''{"Metadata": {"a": "1", "A": "2"}}'''),
	('''put_object'', params => ''{"Metadata": {"a": "b\nc"}}'''), ('''put_object'', params => ''{"Metadata": {"a\n": "b"}}'''),
	('''put_object'', params => jsonb_build_object(''Metadata'', jsonb_build_object(''a'', repeat(''x'', 2047)))'),
	('''put_object'', params => jsonb_build_object(''Metadata'', jsonb_build_object(''a'', repeat(''x'', 2048)))'),
	('''put_object'', params => ''{"BucketKeyEnabled": true}'''), ('''put_object'', params => ''{"BucketKeyEnabled": "yes"}'''),
	('''put_object'', params => ''{"ContentLength": 10}'''), ('''put_object'', params => ''{"Host": "a"}'''),
	('''put_object'', params => ''{"Authorization": "a"}'''),
	('signed_at => ''1970-01-01 UTC'''), ('signed_at => ''1969-12-31 23:59:59 UTC'''), ('signed_at => ''9999-12-31 23:59:59 UTC'''),
	('signed_at => ''10000-01-01 UTC'''), ('signed_at => ''infinity'''), ('signed_at => ''-infinity'''), ('signed_at => ''4713-01-01 BC UTC''')
) AS calls (arguments);
SET s3store.max_age_seconds = 0;
SELECT state_of('SELECT s3_presign(''s3://bucket/key'')');
SET s3store.max_age_seconds = 604801;
SELECT state_of('SELECT s3_presign(''s3://bucket/key'')');
RESET s3store.max_age_seconds;

-- Arguments of the functions that send requests are looked at before they do.
SELECT state_of('SELECT ' || call) AS state, call FROM (VALUES
	('s3_get(''gone://bucket/key'', ''{"Unheard": "1"}'')'),
	('s3_get(''gone://bucket/key'', ''{"ContentType": "a/b"}'')'),
	('s3_get(''gone://bucket/key'', ''[]'')'),
	('s3_head(''gone://bucket/key'', ''{"Range": "a\nb"}'')'),
	('s3_delete(''gone://bucket/key'', ''{"VersionId": 1}'')'),
	('s3_put(''gone://bucket/key'', ''x''::text, content_type => E''a\r\nb'', overwrite => true)'),
	('s3_put(''gone://bucket/key'', ''x''::text, metadata => ''{"a b": "1"}'', overwrite => true)'),
	('s3_put(''gone://bucket/key'', ''x''::text, metadata => ''"a"'', overwrite => true)'),
	('s3_put(''gone://bucket/key'', ''x''::text, metadata => ''{"a": "1"}'', params => ''{"Metadata": {"A": "2"}}'', overwrite => true)'),
	('s3_put(''gone://bucket/key'', ''x''::text, content_type => ''a/b'', params => ''{"ContentType": "c/d"}'', overwrite => true)'),
	('s3_put(''gone://bucket/key'', ''x''::text, params => ''{"ContentLength": 1}'', overwrite => true)')
) AS calls (call);

-- No server at the other end
SELECT state_of('SELECT ' || call) AS state, call FROM (VALUES
	('s3_get(''gone://bucket/key'')'), ('s3_get_text(''gone://bucket/key'')'), ('s3_head(''gone://bucket/key'')'),
	('s3_exists(''gone://bucket/key'')'), ('s3_exists(''gone://bucket/prefix/'')'), ('s3_size(''gone://bucket/key'')'),
	('s3_modified_time(''gone://bucket/key'')'), ('s3_put(''gone://bucket/key'', ''x''::text)'),
	('s3_put(''gone://bucket/key'', ''\x00''::bytea, overwrite => true)'), ('s3_delete(''gone://bucket/key'')'),
	('s3_get(''gone-tls://bucket/key'')')
) AS calls (call);
SELECT s3_get('gone://bucket/key');
\echo :LAST_ERROR_SQLSTATE
SELECT s3_put('gone://bucket/2024/report.csv', 'x'::text, overwrite => true);
\echo :LAST_ERROR_SQLSTATE

-- Without keys
SET s3store.access_key_id = '';
SELECT state_of('SELECT s3_presign(''s3://bucket/key'')');
RESET s3store.access_key_id;
RESET s3store.secret_access_key;
SELECT s3_url('s3://bucket/key');
SET s3store.access_key_id = 'AKIDREGRESS';
SET s3store.secret_access_key = 'regress-secret';

-- An error inside of a subtransaction, and the transaction goes on
BEGIN;
SAVEPOINT before;
SELECT s3_exists('gone://bucket/key');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO before;
SELECT s3_url('s3://bucket/key');
SAVEPOINT before;
SELECT s3_url('key');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO before;
SELECT s3_url('s3://bucket/key');
COMMIT;
SELECT state_of(format('SELECT s3_exists(''gone://bucket/key%s'')', n)) AS state, count(*)
FROM generate_series(1, 100) AS n GROUP BY 1;
SELECT s3_url('s3://bucket/key');

DROP FUNCTION state_of(text);
RESET s3store.access_key_id;
RESET s3store.secret_access_key;
RESET s3store.endpoints;
