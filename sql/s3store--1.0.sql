/* s3store 1.0 */

\echo Use "CREATE EXTENSION s3store" to load this file. \quit

-- The roles are the whole cluster's, and stay when the extension is dropped.
CREATE FUNCTION s3store_create_roles() RETURNS pg_catalog.void
AS 'MODULE_PATHNAME', 's3store_create_roles'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

SELECT s3store_create_roles();

DROP FUNCTION s3store_create_roles();

--
-- URLs
--

CREATE FUNCTION s3_scheme(url pg_catalog.text) RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_scheme'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION s3_scheme(pg_catalog.text) IS
'scheme of an S3 URL, in lower case; NULL for '''' and ''-''; error 22P02 for a malformed URL';

CREATE FUNCTION s3_bucket(url pg_catalog.text) RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_bucket'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION s3_bucket(pg_catalog.text) IS
'bucket of an S3 URL; NULL for '''' and ''-''; error 22P02 for a malformed URL';

CREATE FUNCTION s3_key(url pg_catalog.text) RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_key'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION s3_key(pg_catalog.text) IS
'key of an S3 URL, byte for byte; NULL for '''' and ''-''; error 22P02 for a malformed URL';

CREATE DOMAIN s3url AS pg_catalog.text
	CONSTRAINT s3url_syntax CHECK (VALUE IN ('', '-') OR s3_scheme(VALUE) IS NOT NULL);

COMMENT ON DOMAIN s3url IS
'text that is an S3 URL (scheme://bucket/key), or '''' or ''-'' for no file';

--
-- Links
--

CREATE FUNCTION s3_url(url pg_catalog.text) RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_url'
LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION s3_url(pg_catalog.text) IS
'HTTP URL of an object, not signed';

CREATE FUNCTION s3_presign(url pg_catalog.text,
						   method pg_catalog.text DEFAULT 'get_object',
						   expires pg_catalog.interval DEFAULT NULL,
						   params pg_catalog.jsonb DEFAULT NULL,
						   signed_at pg_catalog.timestamptz DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_presign'
LANGUAGE C STABLE PARALLEL SAFE;

COMMENT ON FUNCTION s3_presign(pg_catalog.text, pg_catalog.text, pg_catalog.interval,
							   pg_catalog.jsonb, pg_catalog.timestamptz) IS
'presigned link to an object; method is an operation (get_object, head_object, put_object, delete_object, copy_object, upload_part, create_multipart_upload, complete_multipart_upload, abort_multipart_upload, list_parts, list_objects_v2) or an HTTP verb, expires defaults to s3store.presign_expires, params are boto3''s, signed_at defaults to the start of the statement';

CREATE TYPE s3_request AS (
	method pg_catalog.text,
	url pg_catalog.text,
	headers pg_catalog.jsonb,
	expires_at pg_catalog.timestamptz
);

COMMENT ON TYPE s3_request IS
'what a client has to send to use a presigned link, and until when';

CREATE FUNCTION s3_presign_request(url pg_catalog.text,
								   method pg_catalog.text DEFAULT 'get_object',
								   expires pg_catalog.interval DEFAULT NULL,
								   params pg_catalog.jsonb DEFAULT NULL,
								   signed_at pg_catalog.timestamptz DEFAULT NULL)
RETURNS s3_request
AS 'MODULE_PATHNAME', 's3store_presign_request'
LANGUAGE C STABLE PARALLEL SAFE;

COMMENT ON FUNCTION s3_presign_request(pg_catalog.text, pg_catalog.text, pg_catalog.interval,
									   pg_catalog.jsonb, pg_catalog.timestamptz) IS
'presigned link as s3_presign makes it, with the HTTP verb to use, the headers to send and the end of its life';

CREATE FUNCTION s3_presign_post(url pg_catalog.text,
								expires pg_catalog.interval DEFAULT NULL,
								max_size pg_catalog.int8 DEFAULT NULL,
								content_type pg_catalog.text DEFAULT NULL,
								fields pg_catalog.jsonb DEFAULT NULL,
								conditions pg_catalog.jsonb DEFAULT NULL,
								signed_at pg_catalog.timestamptz DEFAULT NULL)
RETURNS pg_catalog.jsonb
AS 'MODULE_PATHNAME', 's3store_presign_post'
LANGUAGE C STABLE PARALLEL SAFE;

COMMENT ON FUNCTION s3_presign_post(pg_catalog.text, pg_catalog.interval, pg_catalog.int8,
									pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb,
									pg_catalog.timestamptz) IS
'url and fields of a browser form that uploads one file to an object; a key that ends in ${filename} gets the file''s name; max_size in bytes, fields and conditions are boto3''s';

--
-- Objects
--

CREATE TYPE s3_object AS (
	url pg_catalog.text,
	size pg_catalog.int8,
	last_modified pg_catalog.timestamptz,
	etag pg_catalog.text,
	content_type pg_catalog.text,
	content_encoding pg_catalog.text,
	content_disposition pg_catalog.text,
	content_language pg_catalog.text,
	cache_control pg_catalog.text,
	storage_class pg_catalog.text,
	version_id pg_catalog.text,
	server_side_encryption pg_catalog.text,
	metadata pg_catalog.jsonb
);

COMMENT ON TYPE s3_object IS
'what an S3 server says about an object';

CREATE FUNCTION s3_put(url pg_catalog.text,
					   content pg_catalog.bytea,
					   content_type pg_catalog.text DEFAULT NULL,
					   metadata pg_catalog.jsonb DEFAULT NULL,
					   overwrite pg_catalog.bool DEFAULT NULL,
					   params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_put'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;

COMMENT ON FUNCTION s3_put(pg_catalog.text, pg_catalog.bytea, pg_catalog.text,
						   pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) IS
'stores an object and returns its URL: another one when the name is taken and overwrite (default: s3store.file_overwrite) is off';

CREATE FUNCTION s3_put(url pg_catalog.text,
					   content pg_catalog.text,
					   content_type pg_catalog.text DEFAULT NULL,
					   metadata pg_catalog.jsonb DEFAULT NULL,
					   overwrite pg_catalog.bool DEFAULT NULL,
					   params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_put_text'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;

COMMENT ON FUNCTION s3_put(pg_catalog.text, pg_catalog.text, pg_catalog.text,
						   pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) IS
'stores text, in UTF-8, as an object and returns its URL: another one when the name is taken and overwrite (default: s3store.file_overwrite) is off';

CREATE FUNCTION s3_available_name(url pg_catalog.text,
								  max_length pg_catalog.int4 DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_available_name'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_available_name(pg_catalog.text, pg_catalog.int4) IS
'the URL itself, or when its name is taken or longer than max_length characters another one, with seven random characters before the extension';

CREATE FUNCTION s3_get(url pg_catalog.text, params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.bytea
AS 'MODULE_PATHNAME', 's3store_get'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_get(pg_catalog.text, pg_catalog.jsonb) IS
'content of an object, gzip encoding undone; error 58P01 when it does not exist, 54000 above s3store.max_object_size';

CREATE FUNCTION s3_get_text(url pg_catalog.text, params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_get_text'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_get_text(pg_catalog.text, pg_catalog.jsonb) IS
'content of an object as text, from the charset of its content type (default: UTF-8); errors as s3_get, and 22021 when it is not valid text';

CREATE FUNCTION s3_head(url pg_catalog.text, params pg_catalog.jsonb DEFAULT NULL)
RETURNS s3_object
AS 'MODULE_PATHNAME', 's3store_head'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_head(pg_catalog.text, pg_catalog.jsonb) IS
'metadata of an object; NULL when it does not exist';

CREATE FUNCTION s3_exists(url pg_catalog.text) RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME', 's3store_exists'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_exists(pg_catalog.text) IS
'whether an object exists, or for a URL that ends in ''/'' any object below it; only the server''s "not found" means no, everything else is an error';

CREATE FUNCTION s3_size(url pg_catalog.text) RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME', 's3store_size'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_size(pg_catalog.text) IS
'size of an object in bytes, uncompressed where its metadata say so; NULL when it does not exist';

CREATE FUNCTION s3_modified_time(url pg_catalog.text) RETURNS pg_catalog.timestamptz
AS 'MODULE_PATHNAME', 's3store_modified_time'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_modified_time(pg_catalog.text) IS
'when an object was written last; NULL when it does not exist';

CREATE FUNCTION s3_list(prefix_url pg_catalog.text,
						delimiter pg_catalog.text DEFAULT NULL,
						start_after pg_catalog.text DEFAULT NULL,
						max_keys pg_catalog.int8 DEFAULT NULL)
RETURNS TABLE (url pg_catalog.text,
			   size pg_catalog.int8,
			   last_modified pg_catalog.timestamptz,
			   etag pg_catalog.text,
			   storage_class pg_catalog.text,
			   is_prefix pg_catalog.bool)
AS 'MODULE_PATHNAME', 's3store_list'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000 ROWS 1000;

COMMENT ON FUNCTION s3_list(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.int8) IS
'objects whose URLs start with prefix_url, in the order of their keys; with a delimiter, such as ''/'', what has it behind the prefix is folded into one row with is_prefix; start_after is a key or a URL, max_keys the most rows to return';

CREATE FUNCTION s3_copy(src pg_catalog.text,
						dst pg_catalog.text,
						params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_copy'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;

COMMENT ON FUNCTION s3_copy(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS
'copies an object, on its server where one server has both, and returns the URL of the copy; an object that stands there is replaced; params are boto3''s';

CREATE FUNCTION s3_rename(src pg_catalog.text, dst pg_catalog.text)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_rename'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;

COMMENT ON FUNCTION s3_rename(pg_catalog.text, pg_catalog.text) IS
'copies an object, checks the copy, deletes the original and returns the new URL; an object that stands there is replaced';

CREATE FUNCTION s3_delete(url pg_catalog.text, params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME', 's3store_delete'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;

COMMENT ON FUNCTION s3_delete(pg_catalog.text, pg_catalog.jsonb) IS
'deletes an object at once, whatever becomes of the transaction; true when it is gone, whether or not it existed; with AllVersions in params, all its versions';

--
-- Settings
--

CREATE FUNCTION s3_settings(scheme pg_catalog.text,
							OUT name pg_catalog.text,
							OUT value pg_catalog.text,
							OUT source pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME', 's3store_settings'
LANGUAGE C STABLE STRICT PARALLEL SAFE ROWS 50;

COMMENT ON FUNCTION s3_settings(pg_catalog.text) IS
'settings in force for a scheme, secrets masked; source is ''endpoint entry'', ''setting'' or ''default''';

CREATE FUNCTION s3_credentials(scheme pg_catalog.text,
							   OUT source pg_catalog.text,
							   OUT access_key_id pg_catalog.text,
							   OUT expires_at pg_catalog.timestamptz)
RETURNS pg_catalog.record
AS 'MODULE_PATHNAME', 's3store_credentials'
LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION s3_credentials(pg_catalog.text) IS
'where the access keys for a scheme come from, the last characters of their ID, and when they expire; error 28000 when there are none';

--
-- Runs over a bucket
--

CREATE FUNCTION s3_progress_entries(OUT pid pg_catalog.int4,
									OUT datname pg_catalog.name,
									OUT usename pg_catalog.name,
									OUT command pg_catalog.text,
									OUT url pg_catalog.text,
									OUT started_at pg_catalog.timestamptz,
									OUT updated_at pg_catalog.timestamptz,
									OUT listed pg_catalog.int8,
									OUT rows_read pg_catalog.int8,
									OUT found pg_catalog.int8,
									OUT done pg_catalog.int8,
									OUT changed pg_catalog.int8,
									OUT skipped pg_catalog.int8,
									OUT failed pg_catalog.int8,
									OUT total pg_catalog.int8,
									OUT per_second pg_catalog.float8,
									OUT seconds_left pg_catalog.float8)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME', 's3store_progress'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE ROWS 10;

COMMENT ON FUNCTION s3_progress_entries() IS
'what the view s3_progress shows';

CREATE VIEW s3_progress AS
SELECT p.pid, p.datname, p.usename, p.command, p.url, p.started_at, p.updated_at,
	   p.listed, p.rows_read, p.found, p.done, p.changed, p.skipped, p.failed, p.total,
	   pg_catalog.round(p.per_second::pg_catalog.numeric, 1) AS per_second,
	   pg_catalog.make_interval(secs => pg_catalog.round(p.seconds_left::pg_catalog.numeric)::pg_catalog.float8) AS time_left
  FROM s3_progress_entries() p;

COMMENT ON VIEW s3_progress IS
'the runs of s3_reconcile and s3_sync_meta that are under way, in all databases: one''s own, and for s3store_admin and pg_read_all_stats everybody''s';

CREATE FUNCTION s3_key_below(url pg_catalog.text, prefix_url pg_catalog.text)
RETURNS pg_catalog.bytea
AS 'MODULE_PATHNAME', 's3store_key_below'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;

COMMENT ON FUNCTION s3_key_below(pg_catalog.text, pg_catalog.text) IS
'the key that the object of a URL has on its server, where that is an object below prefix_url, by whatever scheme; else NULL';

CREATE FUNCTION s3_reconcile(prefix_url pg_catalog.text,
							 table_name pg_catalog.regclass,
							 column_name pg_catalog.name,
							 older_than pg_catalog.interval DEFAULT '1 day')
RETURNS TABLE (url pg_catalog.text,
			   state pg_catalog.text,
			   size pg_catalog.int8,
			   last_modified pg_catalog.timestamptz)
AS 'MODULE_PATHNAME', 's3store_reconcile'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1000;

COMMENT ON FUNCTION s3_reconcile(pg_catalog.text, pg_catalog.regclass, pg_catalog.name,
								 pg_catalog.interval) IS
'what is different between the objects below prefix_url and the URLs in a column: only_in_s3, an object that no row names and that is older than older_than; only_in_db, a URL that names no object';

CREATE FUNCTION s3_reconcile_all(prefix_url pg_catalog.text,
								 tables pg_catalog.regclass[],
								 columns pg_catalog.name[],
								 older_than pg_catalog.interval DEFAULT '1 day')
RETURNS TABLE (url pg_catalog.text,
			   state pg_catalog.text,
			   size pg_catalog.int8,
			   last_modified pg_catalog.timestamptz)
AS 'MODULE_PATHNAME', 's3store_reconcile_all'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1000;

COMMENT ON FUNCTION s3_reconcile_all(pg_catalog.text, pg_catalog.regclass[], pg_catalog.name[],
									 pg_catalog.interval) IS
'as s3_reconcile, for the URLs of several columns: an object is only_in_s3 when none of them names it';

CREATE PROCEDURE s3_sync_meta(prefix_url pg_catalog.text,
							  start_after pg_catalog.text DEFAULT NULL,
							  dry_run pg_catalog.bool DEFAULT false,
							  keep_acl pg_catalog.bool DEFAULT true,
							  count_first pg_catalog.bool DEFAULT false,
							  INOUT done pg_catalog.int8 DEFAULT NULL,
							  INOUT changed pg_catalog.int8 DEFAULT NULL,
							  INOUT skipped pg_catalog.int8 DEFAULT NULL,
							  INOUT failed pg_catalog.int8 DEFAULT NULL,
							  INOUT resume_after pg_catalog.text DEFAULT NULL)
AS 'MODULE_PATHNAME', 's3store_sync_meta'
LANGUAGE C;

COMMENT ON PROCEDURE s3_sync_meta(pg_catalog.text, pg_catalog.text, pg_catalog.bool, pg_catalog.bool,
								  pg_catalog.bool, pg_catalog.int8, pg_catalog.int8, pg_catalog.int8,
								  pg_catalog.int8, pg_catalog.text) IS
'gives every object below prefix_url, behind start_after, the headers that a put would give it today, by copying it onto itself; dry_run only tells; keep_acl keeps the grants on it; count_first lists all objects before, so that the total is known';

CREATE FUNCTION s3_sync_meta_changes(prefix_url pg_catalog.text,
									 start_after pg_catalog.text DEFAULT NULL)
RETURNS TABLE (url pg_catalog.text,
			   header pg_catalog.text,
			   was pg_catalog.text,
			   becomes pg_catalog.text)
AS 'MODULE_PATHNAME', 's3store_sync_meta_changes'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000 ROWS 1000;

COMMENT ON FUNCTION s3_sync_meta_changes(pg_catalog.text, pg_catalog.text) IS
'what s3_sync_meta would change: a row for each header of each object';

--
-- Rights: what reaches keys or the network is for the roles only.
--

REVOKE ALL ON FUNCTION s3_url(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_presign(pg_catalog.text, pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_presign_request(pg_catalog.text, pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_presign_post(pg_catalog.text, pg_catalog.interval, pg_catalog.int8, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_put(pg_catalog.text, pg_catalog.bytea, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_put(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_available_name(pg_catalog.text, pg_catalog.int4) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_get(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_get_text(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_head(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_exists(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_size(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_modified_time(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_list(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.int8) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_copy(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_rename(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_delete(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_settings(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_credentials(pg_catalog.text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION s3_url(pg_catalog.text) TO s3store_read, s3store_write;
-- Both themselves ask for the role that the link's operation needs.
GRANT EXECUTE ON FUNCTION s3_presign(pg_catalog.text, pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) TO s3store_read, s3store_write;
GRANT EXECUTE ON FUNCTION s3_presign_request(pg_catalog.text, pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) TO s3store_read, s3store_write;
GRANT EXECUTE ON FUNCTION s3_available_name(pg_catalog.text, pg_catalog.int4) TO s3store_read, s3store_write;
GRANT EXECUTE ON FUNCTION s3_get(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_get_text(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_head(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_exists(pg_catalog.text) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_size(pg_catalog.text) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_modified_time(pg_catalog.text) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_list(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.int8) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_presign_post(pg_catalog.text, pg_catalog.interval, pg_catalog.int8, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.timestamptz) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_put(pg_catalog.text, pg_catalog.bytea, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_put(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_copy(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_rename(pg_catalog.text, pg_catalog.text) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_delete(pg_catalog.text, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_settings(pg_catalog.text) TO s3store_admin;
GRANT EXECUTE ON FUNCTION s3_credentials(pg_catalog.text) TO s3store_admin;

-- Of the runs under way, the view's function shows to each role what it may see.
REVOKE ALL ON FUNCTION s3_progress_entries() FROM PUBLIC;
REVOKE ALL ON s3_progress FROM PUBLIC;
GRANT EXECUTE ON FUNCTION s3_progress_entries() TO s3store_read, s3store_write, s3store_admin, pg_read_all_stats;
GRANT SELECT ON s3_progress TO s3store_read, s3store_write, s3store_admin, pg_read_all_stats;

REVOKE ALL ON FUNCTION s3_key_below(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_reconcile(pg_catalog.text, pg_catalog.regclass, pg_catalog.name, pg_catalog.interval) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_reconcile_all(pg_catalog.text, pg_catalog.regclass[], pg_catalog.name[], pg_catalog.interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION s3_key_below(pg_catalog.text, pg_catalog.text) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_reconcile(pg_catalog.text, pg_catalog.regclass, pg_catalog.name, pg_catalog.interval) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_reconcile_all(pg_catalog.text, pg_catalog.regclass[], pg_catalog.name[], pg_catalog.interval) TO s3store_read;

REVOKE ALL ON PROCEDURE s3_sync_meta(pg_catalog.text, pg_catalog.text, pg_catalog.bool, pg_catalog.bool, pg_catalog.bool, pg_catalog.int8, pg_catalog.int8, pg_catalog.int8, pg_catalog.int8, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_sync_meta_changes(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE s3_sync_meta(pg_catalog.text, pg_catalog.text, pg_catalog.bool, pg_catalog.bool, pg_catalog.bool, pg_catalog.int8, pg_catalog.int8, pg_catalog.int8, pg_catalog.int8, pg_catalog.text) TO s3store_admin;
GRANT EXECUTE ON FUNCTION s3_sync_meta_changes(pg_catalog.text, pg_catalog.text) TO s3store_admin;
