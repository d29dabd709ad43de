--
-- What a put asks the settings before it asks a server; and what is in force
--
\set SHOW_CONTEXT never
SELECT s3_scheme('s3://bucket/key');
CREATE ROLE regress_s3_writer;
GRANT s3store_write TO regress_s3_writer;
CREATE SCHEMA regress_s3;
GRANT USAGE ON SCHEMA regress_s3 TO regress_s3_writer;

--
-- Buckets
--
CREATE FUNCTION may_touch(bucket text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM s3_url('s3://' || bucket || '/key');
	RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
	RETURN false;
END
$$;
CREATE FUNCTION touched(list text) RETURNS text LANGUAGE sql AS $$
	SELECT set_config('s3store.buckets', list, true);
	SELECT string_agg(bucket, ' ' ORDER BY n) FROM unnest(string_to_array('a ab abc b photos Photos logs-1 logs-2-x logs', ' '))
		WITH ORDINALITY AS b (bucket, n) WHERE may_touch(bucket);
$$;
SELECT left(list, 20) AS list, touched(list) FROM unnest(ARRAY['', ' ', '*', 'a', ' photos , b ', 'a*', '*a', '*b*', 'a*b*c', 'logs-*', 'logs-*-*',
	'**-**', 'x', '*s', 'a,*-1,' || repeat('z,', 1000) || 'b']) WITH ORDINALITY AS l (list, n) ORDER BY n;
SET s3store.buckets = 'photos';
SELECT s3_url('s3://Logs/key');
SELECT s3_presign('s3://logs/key');
SELECT s3_get('s3://logs/key');
SELECT s3_put('s3://logs/key', '', overwrite => true);
SELECT s3_delete('s3://logs/key');
SELECT s3_exists('s3://logs/');
-- an entry's list replaces that of the settings
SET s3store.endpoints = '{"s3": {}, "b": {"buckets": ["logs", "x-*"]}, "c": {"buckets": "logs, x-*"}, "d": {"buckets": ""}}';
SELECT s3_url('b://logs/key'), s3_url('c://x-y/key'), s3_url('d://any/key');
SELECT s3_url('b://photos/key');
SELECT s3_url('c://photos/key');
SELECT s3_url('s3://logs/key');
RESET s3store.buckets;
RESET s3store.endpoints;

--
-- Functions: those that are none, and those that are not allowed
--
CREATE FUNCTION regress_s3.fine(text) RETURNS text LANGUAGE sql AS $$ SELECT NULL::text $$;
CREATE FUNCTION regress_s3.name_type(name) RETURNS text LANGUAGE sql AS $$ SELECT NULL::text $$;
CREATE FUNCTION regress_s3.two(text, text) RETURNS text LANGUAGE sql AS $$ SELECT NULL::text $$;
CREATE FUNCTION regress_s3.number(text) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;
CREATE FUNCTION regress_s3.many(text) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'a'::text $$;
CREATE PROCEDURE regress_s3.proc(text) LANGUAGE sql AS $$ SELECT 1 $$;
CREATE AGGREGATE regress_s3.agg(text) (SFUNC = textcat, STYPE = text);
CREATE FUNCTION regress_s3.failing(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'no % today', $1 USING ERRCODE = 'XX123'; END $$;
CREATE FUNCTION regress_s3.bad(text) RETURNS text LANGUAGE sql AS $$ SELECT E'a\nb'::text $$;
CREATE FUNCTION regress_s3.hidden(text) RETURNS text LANGUAGE sql AS $$ SELECT NULL::text $$;
REVOKE ALL ON FUNCTION regress_s3.hidden(text) FROM PUBLIC;
CREATE FUNCTION regress_s3.array(text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '["a"]'::jsonb $$;
CREATE FUNCTION regress_s3.numbers(text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"a": 1}'::jsonb $$;
CREATE FUNCTION regress_s3.large(text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('a', repeat('x', 2048)) $$;
CREATE FUNCTION regress_s3.again(text) RETURNS text LANGUAGE sql AS $$ SELECT s3_put($1, 'x', overwrite => true) $$;
CREATE FUNCTION put_with(setting text, function text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	PERFORM set_config('s3store.' || setting, function, true);
	RETURN s3_put('s3://bucket/key', 'content', overwrite => true);
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', SQLSTATE || ': ' || message, nullif(detail, ''), nullif(hint, ''));
END
$$;
\x on
SELECT function, put_with('content_disposition_function', 'regress_s3.' || function)
  FROM unnest('{none,name_type,two,number,many,proc,agg,failing,bad,array,"\"Fine\""}'::text[]) AS function;
SELECT left(put_with('content_disposition_function', 'regress_s3.again'), 5);
SELECT put_with('content_disposition_function', 'regress_s4.fine');
SELECT put_with('content_language_function', 'regress_s3.bad');
SELECT function, put_with('metadata_function', 'regress_s3.' || function)
  FROM unnest('{fine,array,numbers,large}'::text[]) AS function;
\x off
-- with the rights of the caller
SET s3store.content_disposition_function = 'regress_s3.hidden';
SET ROLE regress_s3_writer;
SELECT s3_put('s3://bucket/key', 'content', overwrite => true);
RESET ROLE;
SET s3store.content_disposition_function = 'regress_s3.fine';
REVOKE USAGE ON SCHEMA regress_s3 FROM regress_s3_writer;
SET ROLE regress_s3_writer;
SELECT s3_put('s3://bucket/key', 'content', overwrite => true);
RESET ROLE;
RESET s3store.content_disposition_function;

-- what does not go together
SET s3store.encrypt_key = on;
SET s3store.kms_encryption_key_id = 'key';
SELECT s3_put('s3://bucket/key', 'content', overwrite => true);
SELECT s3_put('s3://bucket/key', 'content', overwrite => true, metadata => jsonb_build_object('a', repeat('x', 2000)),
	params => '{"ServerSideEncryption": "aws:kms"}') FROM set_config('s3store.metadata', format('{"b": "%s"}', repeat('x', 100)), false);
RESET ALL;

--
-- What is in force
--
SELECT bool_and(source = 'default'), count(*) > 30 AS many, count(*) = count(DISTINCT name) AS each_once,
	count(*) = count(value) AS not_null FROM s3_settings('s3');
SELECT * FROM s3_settings('s3')
 WHERE name IN ('addressing_style', 'bucket_auth', 'connect_timeout', 'endpoint_url', 'endpoint_url_presigning',
	'max_age_seconds', 'max_object_size', 'metadata', 'region', 'secret_access_key', 'storage_class');
SET s3store.access_key_id = 'AKIAIOSFODNN7EXAMPLE';
SET s3store.secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
SET s3store.region = 'eu-west-1';
SET s3store.storage_class = 'GLACIER';
SET s3store.metadata = '{"a": "\u00fc"}';
SET s3store.read_only = on;
SET s3store.endpoints = '{"a": {}, "b": {"endpoint_url": "http://minio:9000/s3/", "endpoint_url_presigning": "https://Files",
	"access_key_id": "12345678", "secret_access_key": "secret", "session_token": "token", "read_only": false,
	"reduced_redundancy": true, "metadata": {"b": "}\u00fc"}, "buckets": ["x", "y"], "encrypt_key": true, "max_age_seconds": "10min"},
	"c": {"storage_class": "STANDARD", "access_key_id": "1234567", "secret_access_key": "x"}, "d": {"reduced_redundancy": false}}';
SELECT * FROM s3_settings('A') WHERE source <> 'default';
SELECT * FROM s3_settings('b') WHERE source <> 'default';
SELECT * FROM s3_settings('c') WHERE source <> 'default';
SELECT * FROM s3_settings('d') WHERE name IN ('storage_class', 'reduced_redundancy');
SELECT * FROM s3_settings('e');
SELECT * FROM s3_settings(NULL);
SELECT scheme, c.* FROM unnest('{a,b,c}'::text[]) AS scheme, s3_credentials(scheme) AS c;
SELECT count(*) FROM s3_settings('a') AS s, s3_settings('b') AS t
 WHERE (s, t)::text ~ 'IOSFODNN7|wJalrXUtnFEMI|secret"|token"';
SELECT * FROM s3_credentials('e');
RESET s3store.access_key_id;
RESET s3store.secret_access_key;
RESET ALL;
-- for administrators
SET ROLE regress_s3_writer;
SELECT * FROM s3_settings('s3');
SELECT * FROM s3_credentials('s3');
RESET ROLE;
GRANT s3store_admin TO regress_s3_writer;
SET ROLE regress_s3_writer;
SELECT count(*) > 0 AS some FROM s3_settings('s3');
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA regress_s3 CASCADE;
DROP FUNCTION may_touch, touched, put_with;
DROP ROLE regress_s3_writer;

-- a header for any name of a file
SELECT s3_content_disposition('a.txt'), s3_content_disposition('a.txt', 'inline') AS inline,
       s3_content_disposition(NULL) IS NULL AS nothing, s3_content_disposition('') AS nameless;
SELECT s3_content_disposition(E'\u00fc"\\%41\r\n\u009b\U0001f600.txt');
SELECT s3_content_disposition('a', 'attachment; filename="b"');
SELECT s3_content_disposition('a', E'\x1b[1m');
SELECT s3_content_disposition('a', '');
SELECT proname, provolatile, proisstrict, proparallel FROM pg_proc WHERE proname = 's3_content_disposition';
