--
-- The settings: who may set and see them, what they may hold
--
\set SHOW_CONTEXT never
SELECT 'user=' || current_user || ' options=''''' AS admin \gset
CREATE ROLE regress_s3_plain LOGIN;

-- Does nothing but load the library.
CREATE FUNCTION load_s3store() RETURNS text LANGUAGE sql
AS $$ SELECT s3_scheme('s3://bucket/key') $$;

--
-- What an ordinary user sets before the library is loaded
--

-- with SET
\c -reuse-previous=on "user=regress_s3_plain options=''"
SET s3store.read_only = on;
SET s3store.session_read_only = on;
SET s3store.region = 'eu-central-1';
SELECT load_s3store();
SHOW s3store.read_only;
SHOW s3store.session_read_only;
SHOW s3store.region;

-- with SET, to loosen what a superuser has set
\c -reuse-previous=on :admin
SELECT load_s3store();
ALTER ROLE regress_s3_plain SET s3store.read_only = on;
ALTER ROLE regress_s3_plain SET s3store.key_prefix = 'plain';
\c -reuse-previous=on "user=regress_s3_plain options=''"
BEGIN;
SET s3store.read_only = off;
SET LOCAL s3store.key_prefix = '';
SELECT load_s3store();
SHOW s3store.read_only;
SHOW s3store.key_prefix;
COMMIT;
SHOW s3store.read_only;
SHOW s3store.key_prefix;

-- with PGOPTIONS, whose values would hide those of the superuser
\c -reuse-previous=on "user=regress_s3_plain options='-c s3store.read_only=off'"
SELECT load_s3store();
SELECT load_s3store();
\c -reuse-previous=on "user=regress_s3_plain options='-c S3Store.Key_Prefix='"
SELECT load_s3store();
\c -reuse-previous=on "user=regress_s3_plain options='-c s3store.verify_tls=off'"
SET s3store.verify_tls = on;
SELECT load_s3store();

-- with PGOPTIONS, what is everyone's
\c -reuse-previous=on "user=regress_s3_plain options='-c s3store.connect_timeout=1 -c s3store.file_overwrite=on -c s3store.max_age_seconds=1 -c s3store.max_object_size=1 -c s3store.request_timeout=1 -c s3store.session_read_only=on'"
SELECT load_s3store();
SELECT name, setting FROM pg_settings
 WHERE name LIKE 's3store.%' AND (source = 'client' OR context = 'user') ORDER BY name COLLATE "C";
SHOW s3store.read_only;

-- with PGOPTIONS, as a superuser
SELECT replace(:'admin', 'options=''''', 'options=''-c s3store.read_only=on''') AS super \gset
\c -reuse-previous=on :super
SELECT load_s3store();
SHOW s3store.read_only;

-- with ALTER ROLE; the last one is for everyone
\c -reuse-previous=on "user=regress_s3_plain options=''"
ALTER ROLE regress_s3_plain SET s3store.read_only = off;
ALTER ROLE regress_s3_plain SET s3store.session_read_only = on;
SELECT load_s3store();
SHOW s3store.read_only;
ALTER ROLE regress_s3_plain SET s3store.read_only = off;
ALTER ROLE regress_s3_plain RESET s3store.read_only;
ALTER ROLE regress_s3_plain SET s3store.session_read_only = on;
\c -reuse-previous=on "user=regress_s3_plain options=''"
SELECT load_s3store();
SHOW s3store.read_only;
SHOW s3store.session_read_only;
\c -reuse-previous=on :admin
ALTER ROLE regress_s3_plain RESET ALL;

--
-- Rights once the library is loaded
--
SELECT load_s3store();
SELECT name, vartype, context, unit, min_val, max_val, enumvals, boot_val
  FROM pg_settings WHERE name LIKE 's3store.%' ORDER BY name COLLATE "C";
SET SESSION AUTHORIZATION regress_s3_plain;
SET s3store.access_key_id = 'id';
SET s3store.addressing_style = path;
SET s3store.bucket_auth = off;
SET s3store.buckets = 'a';
SET s3store.ca_file = '/ca.pem';
SET s3store.content_disposition_function = 'a.b';
SET s3store.content_language_function = 'a.b';
SET s3store.credentials_file = '/credentials';
SET s3store.encrypt_key = on;
SET s3store.endpoints = '{}';
SET s3store.key_prefix = 'prefix';
SET s3store.kms_encryption_key_id = 'key';
SET s3store.metadata_function = 'a.b';
SET s3store.normalize_keys = on;
SET s3store.profile = 'profile';
SET s3store.proxy = 'http://proxy:3128';
SET s3store.public_url = 'https://cdn.example.com';
SET s3store.read_only = on;
SET s3store.region = 'eu-central-1';
SET s3store.secret_access_key = 'secret';
SET s3store.session_token = 'token';
SET s3store.signature_version = s3v4;
SET s3store.use_accelerate = on;
SET s3store.use_dualstack = on;
SET s3store.use_fips = off;
SET s3store.verify_tls = off;
-- these are everyone's
SET s3store.connect_timeout = '5s';
SET s3store.content_disposition = 'inline';
SET s3store.content_language = 'de';
SET s3store.file_overwrite = on;
SET s3store.gzip = off;
SET s3store.max_age_seconds = '10min';
SET s3store.max_object_size = '1MB';
SET s3store.metadata = '{"a": "b"}';
SET s3store.reduced_redundancy = on;
SET s3store.presign_expires = '1h';
SET s3store.presign_window = '1min';
SET s3store.request_timeout = '5s';
SET s3store.session_read_only = on;
SET s3store.storage_class = 'STANDARD_IA';
RESET ALL;
-- the prefix is ours: an error since PostgreSQL 15
DO $$
BEGIN
	SET s3store.regoin = 'eu-central-1';
	IF current_setting('server_version_num')::int >= 150000 THEN
		RAISE 'an unknown setting was taken';
	END IF;
EXCEPTION WHEN invalid_name THEN
	NULL;
END
$$;
RESET SESSION AUTHORIZATION;

--
-- Secrets are not shown
--
SHOW s3store.access_key_id;
SHOW s3store.secret_access_key;
SHOW s3store.session_token;
SET s3store.access_key_id = 'AKIAIOSFODNN7EXAMPLE';
SET s3store.secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
SET s3store.session_token = 'AQoDYXdzEJr';
SET s3store.endpoints = '{"s3": {"access_key_id": "AKIAIOSFODNN7EXAMPLE",
  "secret_access_key" : "wJalrXUtnFEMI\/K7MDENG/bPxRfiCYEXAMPLEKEY", "region": "eu-central-1"},
  "other": {"session_token":"AQoDYXdzEJr", "access_key_id": "", "profile": null}}';
SHOW s3store.access_key_id;
SHOW s3store.secret_access_key;
SHOW s3store.session_token;
SHOW s3store.endpoints;
SELECT current_setting('s3store.secret_access_key');
SELECT set_config('s3store.secret_access_key', 'another', false);
SELECT count(*) FROM pg_settings
 WHERE concat_ws(' ', setting, boot_val, reset_val) ~ 'IOSFODNN7|wJalrXUtnFEMI|AQoDYXdzEJr|another';
SELECT name FROM pg_settings
 WHERE name IN ('s3store.access_key_id', 's3store.secret_access_key',
                's3store.session_token', 's3store.endpoints');
-- what is shown is not taken back
SET s3store.secret_access_key = '********';
SELECT set_config('s3store.endpoints', current_setting('s3store.endpoints'), false);
-- an ordinary user sees nothing of them; the words differ between versions
SET SESSION AUTHORIZATION regress_s3_plain;
\set VERBOSITY sqlstate
SHOW s3store.access_key_id;
SHOW s3store.secret_access_key;
SHOW s3store.session_token;
SHOW s3store.endpoints;
SELECT current_setting('s3store.secret_access_key', true);
\set VERBOSITY default
RESET SESSION AUTHORIZATION;
-- RESET ALL leaves the keys, and resets the endpoints
RESET ALL;
SHOW s3store.secret_access_key;
SHOW s3store.endpoints;
RESET s3store.access_key_id;
RESET s3store.secret_access_key;
RESET s3store.session_token;

--
-- Secrets do not enter catalogs that everyone reads
--
SELECT current_database() AS db \gset
ALTER ROLE regress_s3_plain SET s3store.access_key_id = 'id';
ALTER ROLE regress_s3_plain SET s3store.secret_access_key = 'secret';
ALTER ROLE ALL SET s3store.secret_access_key = 'secret';
ALTER DATABASE :"db" SET s3store.session_token = 'token';
ALTER ROLE regress_s3_plain IN DATABASE :"db" SET s3store.secret_access_key = 'secret';
ALTER ROLE regress_s3_plain SET s3store.endpoints = '{"s3": {"secret_access_key": "secret"}}';
CREATE FUNCTION with_secret() RETURNS int LANGUAGE sql
SET s3store.secret_access_key = 'secret' AS 'SELECT 1';
SET s3store.secret_access_key = 'secret';
CREATE FUNCTION with_secret() RETURNS int LANGUAGE sql
SET s3store.secret_access_key FROM CURRENT AS 'SELECT 1';
ALTER ROLE regress_s3_plain SET s3store.secret_access_key FROM CURRENT;
RESET s3store.secret_access_key;
-- what is no secret may stand there
ALTER ROLE regress_s3_plain SET s3store.secret_access_key = '';
ALTER ROLE regress_s3_plain SET s3store.endpoints = '{"s3": {"region": "eu-central-1"}}';
ALTER ROLE regress_s3_plain SET s3store.credentials_file = '/credentials';
ALTER ROLE regress_s3_plain RESET ALL;
-- the configuration file is read by few
ALTER SYSTEM SET s3store.secret_access_key = 'secret';
ALTER SYSTEM SET s3store.secret_access_key = 'no secret';
ALTER SYSTEM SET s3store.region = 'EU';
ALTER SYSTEM RESET s3store.secret_access_key;
-- one that got there before the library was loaded has no effect
\c -reuse-previous=on :admin
ALTER ROLE regress_s3_plain SET s3store.secret_access_key = 'secret';
\c -reuse-previous=on "user=regress_s3_plain options=''"
SELECT load_s3store();
\c -reuse-previous=on :admin
ALTER ROLE regress_s3_plain RESET ALL;
-- set for the session, it was for nobody else to see
\c -reuse-previous=on :admin
SET s3store.secret_access_key = 'secret';
SELECT load_s3store();
SHOW s3store.secret_access_key;
RESET s3store.secret_access_key;

--
-- What the settings may hold
--
SET s3store.access_key_id = 'id with blanks';
SET s3store.access_key_id = 'id,with,commas';
SET s3store.access_key_id = 'tenant$user:id/1';
SET s3store.access_key_id = '';
SET s3store.secret_access_key = E'line\nline';
SET s3store.secret_access_key = 'schlüssel';
SELECT set_config('s3store.secret_access_key', repeat('x', 256), false);
SET s3store.session_token = 'a token';
SET s3store.addressing_style = 'host';
SET s3store.signature_version = 'v4';
SET s3store.signature_version = 's3';
SET s3store.signature_version = 'unsigned';
SET s3store.signature_version = 's3v4';
SET s3store.ca_file = 'ca.pem';
SET s3store.ca_file = E'/ca\n.pem';
SET s3store.credentials_file = '~/.aws/credentials';
SET s3store.credentials_file = '/AKIAIOSFODNN7EXAMPLE';
SET s3store.credentials_file = '/etc/s3store/credentials';
SET s3store.key_prefix = E'a\tb';
SET s3store.key_prefix = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
SELECT set_config('s3store.key_prefix', repeat('x', 1001), false);
SET s3store.key_prefix = '/tenant=1/üben/';
SET s3store.key_prefix = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';
SET s3store.public_url = 'cdn.example.com';
SET s3store.public_url = 'https://user:password@cdn.example.com';
SET s3store.public_url = 'https://cdn.example.com/a?b';
SET s3store.public_url = 'https://cdn.example.com/a/';
SET s3store.profile = '[default]';
SET s3store.profile = 'default ';
SET s3store.profile = 'user:password@host';
SET s3store.profile = 'my profile';
SET s3store.region = '';
SET s3store.region = 'EU';
SET s3store.region = 'eu-central-1/x';
SET s3store.region = 'ASIAIOSFODNN7EXAMPLE';
SET s3store.region = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
SET s3store.region = 'abcdefghijklmnopqrstuvwxyzabcdefg';
SET s3store.region = 'eu-central-1';
SET s3store.buckets = 'photos, logs-*,a_b.C';
SET s3store.buckets = '*';
SET s3store.buckets = '   ';
SET s3store.buckets = ',';
SET s3store.buckets = 'photos,';
SET s3store.buckets = 'photos,,logs';
SET s3store.buckets = 'photos logs';
SET s3store.buckets = 'photos/cars';
SET s3store.buckets = '["photos"]';
SET s3store.buckets = 'photös';
SET s3store.buckets = 's3://photos';
SELECT set_config('s3store.buckets', repeat('x', 256), false);
SELECT set_config('s3store.buckets', repeat('x,', 40000) || 'x', false);
SET s3store.content_disposition = 'attachment; filename="me: a@b.c.txt"';
SET s3store.content_disposition = 'attachment; filename*=UTF-8''''%C3%BC';
SET s3store.content_disposition = 'Anhängsel';
SET s3store.content_disposition = E'inline\r\nx-evil: 1';
SET s3store.content_disposition = 'inline ';
SET s3store.content_disposition = 'AKIAIOSFODNN7EXAMPLE';
SELECT set_config('s3store.content_disposition', repeat('x', 2049), false);
SET s3store.content_language = 'de, en';
SET s3store.content_language = E'de\n';
SET s3store.content_disposition_function = 'disposition';
SET s3store.content_disposition_function = 'a.b.c';
SET s3store.content_disposition_function = 'a.b()';
SET s3store.content_disposition_function = 'a.';
SET s3store.content_disposition_function = '"a.b"';
SET s3store.content_disposition_function = '"a.b"."c d"';
SET s3store.content_disposition_function = 'a.b; DROP TABLE c';
SET s3store.content_language_function = '"a.b';
SET s3store.metadata_function = 'a . b';
SET s3store.encrypt_key = yes;
SET s3store.encrypt_key = 0;
SET s3store.encrypt_key = 'AES256';
SET s3store.encrypt_key = 'aws:kms:dsse';
SET s3store.encrypt_key = '';
SET s3store.encrypt_key = 'aws kms';
SET s3store.encrypt_key = 'on;';
SET s3store.kms_encryption_key_id = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
SET s3store.kms_encryption_key_id = 'a key';
SET s3store.metadata = '';
SET s3store.metadata = '{"Contact": "mailto:ops@example.com", "a": null, "\u00fc": "x"}';
SET s3store.metadata = '{"Contact": "mailto:ops@example.com", "a": null, "b": "\u00fc"}';
SET s3store.metadata = '[]';
SET s3store.metadata = '{"a": "b"';
SET s3store.metadata = '{"a": "b"} {}';
SET s3store.metadata = '{"a": 1}';
SET s3store.metadata = '{"a": {"b": "c"}}';
SET s3store.metadata = '{"a": ["b"]}';
SET s3store.metadata = '{"a": "b", "A": "c"}';
SET s3store.metadata = '{"": "b"}';
SET s3store.metadata = '{"a b": "c"}';
SET s3store.metadata = '{"a": "b\nc"}';
SET s3store.metadata = '{"a\nb": "c"}';
SET s3store.metadata = '{"a": " b"}';
SET s3store.metadata = '{"a": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}';
SELECT set_config('s3store.metadata', format('{"a": "%s"}', repeat('x', 2048)), false);
SET s3store.proxy = 'http://proxy:3128';
SET s3store.proxy = 'http://[::1]:3128/';
SET s3store.proxy = 'http://proxy';
SET s3store.proxy = 'proxy:3128';
SET s3store.proxy = 'https://proxy:3128';
SET s3store.proxy = 'socks5://proxy:3128';
SET s3store.proxy = 'http://user:password@proxy:3128';
SET s3store.proxy = 'http://proxy:3128/path';
SET s3store.proxy = 'http://proxy:x';
SET s3store.storage_class = 'GLACIER_IR';
SET s3store.storage_class = 'my-class';
SET s3store.storage_class = '';
SET s3store.storage_class = 'STANDARD IA';
-- the words of the range are the server's, and differ between versions
\set VERBOSITY sqlstate
SET s3store.max_age_seconds = -1;
SET s3store.max_age_seconds = 0;
SET s3store.max_age_seconds = '365d';
SET s3store.connect_timeout = 0;
SET s3store.connect_timeout = '2h';
SET s3store.connect_timeout = 1;
SET s3store.request_timeout = 0;
SET s3store.request_timeout = '1h';
SET s3store.max_object_size = 0;
SET s3store.max_object_size = '2GB';
SET s3store.max_object_size = '1GB';
SET s3store.multipart_part_size = '4MB';
SET s3store.multipart_part_size = '1GB';
SET s3store.multipart_part_size = '5MB';
SET s3store.multipart_copy_threshold = '6GB';
SET s3store.multipart_copy_threshold = '5GB';
SET s3store.multipart_threshold = '4MB';
SET s3store.multipart_threshold = '6GB';
SET s3store.presign_expires = '8 d';
SET s3store.presign_expires = -2;
SET s3store.presign_expires = -1;
SET s3store.presign_expires = '7 d';
SET s3store.presign_window = -1;
SET s3store.presign_window = '8 d';
SET s3store.presign_window = '7 d';
\set VERBOSITY default
RESET ALL;

--
-- The text of s3store.endpoints
--
SET s3store.endpoints = '';
SET s3store.endpoints = 's3';
SET s3store.endpoints = '[]';
SET s3store.endpoints = 'null';
SET s3store.endpoints = '{';
SET s3store.endpoints = '{"s3"}';
SET s3store.endpoints = '{"s3": }';
SET s3store.endpoints = '{"s3": {}';
SET s3store.endpoints = '{"s3": {},}';
SET s3store.endpoints = '{"s3": {} "b": {}}';
SET s3store.endpoints = '{"s3": {}} {}';
SET s3store.endpoints = '{s3: {}}';
SET s3store.endpoints = '{''s3'': {}}';
SET s3store.endpoints = '{"s3": {"region": "eu}}';
SET s3store.endpoints = E'{"s3": {"region": "e\nu"}}';
SET s3store.endpoints = E'{"s3": {\n  "region": "eu-central-1",\n  "profile" "x"}}';
SET s3store.endpoints = '{"s3": {"region": "\x"}}';
SET s3store.endpoints = '{"s3": {"region": "\u12"}}';
SET s3store.endpoints = '{"s3": {"key_prefix": "\u0000"}}';
SET s3store.endpoints = '{"s3": {"key_prefix": "\ud83d"}}';
SET s3store.endpoints = '{"s3": {"key_prefix": "\ud83dx"}}';
SET s3store.endpoints = '{"s3": {"key_prefix": "\ud83d\u0041"}}';
SET s3store.endpoints = '{"s3": {"key_prefix": "\ude00"}}';
SET s3store.endpoints = '{"s3": {"verify_tls": yes}}';
SET s3store.endpoints = '{"s3": {"verify_tls": truth}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": 01}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": +1}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": 1.}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": 1e}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": NaN}}';
SELECT set_config('s3store.endpoints', repeat('[', 100000), false);
SELECT set_config('s3store.endpoints', repeat('{"s3": ', 100000), false);

-- its entries
SET s3store.endpoints = '{"s3": null}';
SET s3store.endpoints = '{"s3": "eu-central-1"}';
SET s3store.endpoints = '{"s3": {}, "s3": {}}';
SET s3store.endpoints = '{"": {}}';
SET s3store.endpoints = '{"S3": {}}';
SET s3store.endpoints = '{"3s": {}}';
SET s3store.endpoints = '{"s3_minio": {}}';
SET s3store.endpoints = '{"s3:": {}}';
SET s3store.endpoints = '{"AKIAIOSFODNN7EXAMPLE": {}}';
SELECT set_config('s3store.endpoints', '{"' || repeat('s', 64) || '": {}}', false);

-- and their settings
SET s3store.endpoints = '{"s3": {"regoin": "eu-central-1"}}';
SET s3store.endpoints = '{"s3": {"Region": "eu-central-1"}}';
SET s3store.endpoints = '{"s3": {"endpoints": "x"}}';
SET s3store.endpoints = '{"s3": {"session_read_only": true}}';
SET s3store.endpoints = '{"s3": {"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "x"}}';
SET s3store.endpoints = '{"a": {}, "s3": {"region": "eu-central-1", "region": "eu-central-1"}}';
SET s3store.endpoints = '{"s3": {"region": null, "region": "eu-central-1"}}';
SET s3store.endpoints = '{"s3": {"region": 1}}';
SET s3store.endpoints = '{"s3": {"region": true}}';
SET s3store.endpoints = '{"s3": {"region": ["eu-central-1"]}}';
SET s3store.endpoints = '{"s3": {"region": {}}}';
SET s3store.endpoints = '{"s3": {"region": "eu central"}}';
SET s3store.endpoints = '{"s3": {"region": ""}}';
SET s3store.endpoints = '{"s3": {"read_only": "on"}}';
SET s3store.endpoints = '{"s3": {"read_only": 1}}';
SET s3store.endpoints = '{"s3": {"read_only": []}}';
SET s3store.endpoints = '{"s3": {"addressing_style": "host"}}';
SET s3store.endpoints = '{"s3": {"addressing_style": 1}}';
SET s3store.endpoints = '{"s3": {"signature_version": "v4"}}';
SET s3store.endpoints = '{"s3": {"public_url": "cdn.example.com"}}';
SET s3store.endpoints = '{"s3": {"presign_expires": -2}}';
SET s3store.endpoints = '{"s3": {"presign_window": "8 d"}}';
SET s3store.endpoints = '{"s3": {"bucket_auth": "off"}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": -1}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": 1e10}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": 1e999}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": false}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": "1 week"}}';
SET s3store.endpoints = '{"s3": {"max_age_seconds": ""}}';
SET s3store.endpoints = '{"s3": {"max_object_size": "2GB"}}';
SET s3store.endpoints = '{"s3": {"key_prefix": "a\tb"}}';
SET s3store.endpoints = '{"s3": {"connect_timeout": 0}}';
SET s3store.endpoints = '{"s3": {"access_key_id": "two words"}}';
SET s3store.endpoints = '{"s3": {"secret_access_key": "two\nlines"}}';
SET s3store.endpoints = '{"s3": {"secret_access_key": "********"}}';
SET s3store.endpoints = '{"s3": {"profile": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}';
SET s3store.endpoints = '{"s3": {"credentials_file": "credentials"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "minio:9000"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "ftp://minio"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "https://"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "https://user:password@minio"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "https://user@minio"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "https://minio/?x=y"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "https://minio/#x"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "https://minio:99999"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url_presigning": "gopher://files"}}';
-- which server it is
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://minio", "same_server_as": "minio:9000"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://minio", "same_server_as": "https://user:password@minio"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://minio", "same_server_as": true}}';
SET s3store.endpoints = '{"s3": {"same_server_as": "http://minio:9000"}}';
SET s3store.endpoints = '{"s3": {"endpoint_url": "https://s3.amazonaws.com", "same_server_as": "http://minio:9000"}}';
SET s3store.endpoints = '{"a": {"endpoint_url": "http://minio:9000"},
	"b": {"endpoint_url": "https://files", "same_server_as": "http://minio:9000"}, "c": {"endpoint_url": "https://files/"}}';
SET s3store.endpoints = '{"a": {"endpoint_url": "http://minio:9000", "same_server_as": "http://10.0.0.1"},
	"b": {"endpoint_url": "https://files", "same_server_as": "http://minio:9000"}}';
SET s3store.endpoints = '{"a": {"endpoint_url": "http://minio:9000"}, "b": {"endpoint_url": "https://files",
	"same_server_as": "http://Minio:9000/"}, "c": {"endpoint_url": "http://minio:9000", "same_server_as": ""},
	"d": {"endpoint_url": "https://files", "same_server_as": "http://minio:9000"}, "e": {"same_server_as": null}}';
SELECT source, value FROM unnest('{a,b,c,d,e}'::text[]) AS scheme, s3_settings(scheme) WHERE name = 'same_server_as';
SELECT scheme, s3_key_below(scheme || '://bucket/dir/key', 'a://bucket/dir') FROM unnest('{a,b,c,d,e}'::text[]) AS scheme;
RESET s3store.endpoints;
-- arrays, objects and switches
SET s3store.endpoints = '{"s3": {"buckets": []}}';
SET s3store.endpoints = '{"s3": {"buckets": [""]}}';
SET s3store.endpoints = '{"s3": {"buckets": ["a,b"]}}';
SET s3store.endpoints = '{"s3": {"buckets": ["a", 1]}}';
SET s3store.endpoints = '{"s3": {"buckets": ["a" "b"]}}';
SET s3store.endpoints = '{"s3": {"buckets": ["a",]}}';
SET s3store.endpoints = '{"s3": {"buckets": ["a"';
SET s3store.endpoints = '{"s3": {"buckets": ["a/b"]}}';
SET s3store.endpoints = '{"s3": {"buckets": {"a": "b"}}}';
SET s3store.endpoints = '{"s3": {"metadata": ["a"]}}';
SET s3store.endpoints = '{"s3": {"metadata": {"a": 1}}}';
SET s3store.endpoints = '{"s3": {"metadata": {"a": {"b": "c"}}}}';
SET s3store.endpoints = '{"s3": {"metadata": {"a" "b"}}}';
SET s3store.endpoints = '{"s3": {"metadata": {"a": "b"';
SET s3store.endpoints = '{"s3": {"metadata": {"a": "b\';
SET s3store.endpoints = '{"s3": {"metadata": {"a": "}"}}}';
SET s3store.endpoints = '{"s3": {"metadata": "{\"a\": \"b\"}"}}';
SET s3store.endpoints = '{"s3": {"metadata": "[]"}}';
SET s3store.endpoints = '{"s3": {"metadata": true}}';
SET s3store.endpoints = '{"s3": {"encrypt_key": true}}';
SET s3store.endpoints = '{"s3": {"encrypt_key": 1}}';
SET s3store.endpoints = '{"s3": {"gzip": "on"}}';
SET s3store.endpoints = '{"s3": {"proxy": "https://proxy"}}';
SET s3store.endpoints = '{"s3": {"metadata_function": "f"}}';
SELECT set_config('s3store.endpoints', '{"s3": {"metadata": ' || repeat('{"a": ', 100000), false);
-- shown as they were written, but for secrets
SET s3store.endpoints = '{"s3": {"buckets": ["a", "b\u002a"], "secret_access_key": "secret",
  "metadata": {"a\u0062": "}", "session_token": "x"}, "encrypt_key": false}}';
SHOW s3store.endpoints;

--
-- What is in force for a scheme
--
SELECT s3_url('s3://bucket/key');
SELECT s3_url('S3://bucket/key');
SELECT s3_url('s3-minio://bucket/key');
SET s3store.endpoints = '{"s3": {}, "s3-minio": {"endpoint_url": "http://minio:9000"}}';
SELECT s3_url('S3-Minio://bucket/key');
SELECT s3_url('ftp://bucket/key');
SET s3store.endpoints = '{}';
SELECT s3_url('s3://bucket/key');

-- an entry's setting wins, null is not set
SET s3store.region = 'eu-west-1';
SET s3store.key_prefix = 'all';
SET s3store.endpoints = ' {"a" : {}, "b": {"region": "eu-central-1", "key_prefix": ""},
	"c": {"region": null, "key_prefix": "\u00fcb\ud83d\ude00\/\"\\"},
	"d": {"key_prefix": "d", "normalize_keys": true, "addressing_style": "Path"},
	"e+x.y-1": {"endpoint_url": "", "endpoint_url_presigning": null},
	"f": {"endpoint_url": "http://Minio:80/s3/", "addressing_style": "virtual"},
	"g": {"endpoint_url": "http://minio", "endpoint_url_presigning": "https://files.example.com:8443"}}';
SELECT s3_url('a://bucket/key');
SELECT s3_url('b://bucket/key');
SELECT s3_url('c://bucket/key');
SELECT s3_url('d://bucket/x/../key?y');
SELECT s3_url('E+X.Y-1://bucket/key');
SELECT s3_url('f://bucket/key');
SELECT s3_url('g://bucket/key');

-- numbers have the unit of the setting, or their own
SET s3store.access_key_id = 'id';
SET s3store.secret_access_key = 'secret';
CREATE FUNCTION lifetime(url text) RETURNS text LANGUAGE sql
AS $$ SELECT substring(s3_presign(url) FROM 'X-Amz-Expires=([0-9]+)') $$;
SET s3store.max_age_seconds = 42;
SET s3store.endpoints = '{"a": {}, "b": {"max_age_seconds": 600}, "c": {"max_age_seconds": "2h"},
	"d": {"max_age_seconds": 6e1}, "e": {"max_age_seconds": "1.5min"}, "f": {"max_age_seconds": 0},
	"g": {"max_age_seconds": "30d"},
	"h": {"connect_timeout": "5s", "request_timeout": 2500, "max_object_size": "1MB"}}';
SELECT scheme, lifetime(scheme || '://bucket/key') FROM unnest('{a,b,c,d,e,h}'::text[]) AS scheme;
SELECT lifetime('f://bucket/key');
SELECT lifetime('g://bucket/key');

-- a change counts at once, and so does its end
BEGIN;
SET LOCAL s3store.region = 'eu-north-1';
SELECT s3_url('a://bucket/key');
SAVEPOINT s;
SET LOCAL s3store.endpoints = '{"a": {"region": "eu-south-1"}}';
SELECT s3_url('a://bucket/key');
ROLLBACK TO s;
SELECT s3_url('a://bucket/key');
COMMIT;
SELECT s3_url('a://bucket/key');
CREATE FUNCTION url_in_paris(url text) RETURNS text LANGUAGE sql
SET s3store.region = 'eu-west-3' AS $$ SELECT s3_url(url) $$;
SELECT url_in_paris('a://bucket/key'), s3_url('a://bucket/key');
RESET ALL;
SELECT s3_url('s3://bucket/key');

RESET s3store.access_key_id;
RESET s3store.secret_access_key;
DROP FUNCTION load_s3store, lifetime, url_in_paris;
DROP ROLE regress_s3_plain;
