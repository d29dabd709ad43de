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
-- Large objects: content of any size, a few parts of it in memory.
--

CREATE FUNCTION s3_put_lo(url pg_catalog.text,
						  large_object pg_catalog.oid,
						  content_type pg_catalog.text DEFAULT NULL,
						  metadata pg_catalog.jsonb DEFAULT NULL,
						  overwrite pg_catalog.bool DEFAULT NULL,
						  params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_put_lo'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;

COMMENT ON FUNCTION s3_put_lo(pg_catalog.text, pg_catalog.oid, pg_catalog.text,
							  pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) IS
'stores the content of a large object, as s3_put does but never compressed; returns the URL stored';

CREATE FUNCTION s3_get_lo(url pg_catalog.text, params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.oid
AS 'MODULE_PATHNAME', 's3store_get_lo'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;

COMMENT ON FUNCTION s3_get_lo(pg_catalog.text, pg_catalog.jsonb) IS
'the content of an object as a new large object, which is the caller''s to unlink; gzip is undone';

REVOKE ALL ON FUNCTION s3_put_lo(pg_catalog.text, pg_catalog.oid, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_get_lo(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION s3_put_lo(pg_catalog.text, pg_catalog.oid, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_get_lo(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;

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
