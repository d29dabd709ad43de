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
-- Headers
--

CREATE FUNCTION s3_content_disposition(filename pg_catalog.text,
									   disposition pg_catalog.text DEFAULT 'attachment')
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_content_disposition'
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION s3_content_disposition(pg_catalog.text, pg_catalog.text) IS
'value of a header Content-Disposition by which a browser saves a file under that name, whatever characters are in it';

--
-- Links.  Costs are measured: the unit is a function such as || of two short texts.
--

CREATE FUNCTION s3_url(url pg_catalog.text) RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_url'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 4;

COMMENT ON FUNCTION s3_url(pg_catalog.text) IS
'HTTP URL of an object, not signed';

CREATE FUNCTION s3_presign(url pg_catalog.text,
						   method pg_catalog.text DEFAULT 'get_object',
						   expires pg_catalog.interval DEFAULT NULL,
						   params pg_catalog.jsonb DEFAULT NULL,
						   signed_at pg_catalog.timestamptz DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_presign'
LANGUAGE C STABLE PARALLEL SAFE COST 25;

COMMENT ON FUNCTION s3_presign(pg_catalog.text, pg_catalog.text, pg_catalog.interval,
							   pg_catalog.jsonb, pg_catalog.timestamptz) IS
'presigned link to an object; method is an operation (get_object, head_object, put_object, delete_object, copy_object, upload_part, create_multipart_upload, complete_multipart_upload, abort_multipart_upload, list_parts, list_objects_v2) or an HTTP verb, NULL is get_object, expires defaults to s3store.presign_expires, params are boto3''s, signed_at defaults to the start of the statement';

CREATE FUNCTION s3_presign(urls pg_catalog.text[],
						   method pg_catalog.text DEFAULT 'get_object',
						   expires pg_catalog.interval DEFAULT NULL,
						   params pg_catalog.jsonb DEFAULT NULL,
						   signed_at pg_catalog.timestamptz DEFAULT NULL)
RETURNS pg_catalog.text[]
AS 'MODULE_PATHNAME', 's3store_presign_array'
LANGUAGE C STABLE PARALLEL SAFE COST 1000;

COMMENT ON FUNCTION s3_presign(pg_catalog.text[], pg_catalog.text, pg_catalog.interval,
							   pg_catalog.jsonb, pg_catalog.timestamptz) IS
'presigned links in the places of their URLs, NULL where there is none; the other arguments are those of s3_presign for one URL';

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
LANGUAGE C STABLE PARALLEL SAFE COST 30;

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
LANGUAGE C STABLE PARALLEL SAFE COST 500;

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
								  max_length pg_catalog.int4 DEFAULT NULL,
								  params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_available_name'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_available_name(pg_catalog.text, pg_catalog.int4, pg_catalog.jsonb) IS
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

CREATE FUNCTION s3_exists(url pg_catalog.text, params pg_catalog.jsonb DEFAULT NULL) RETURNS pg_catalog.bool
AS 'MODULE_PATHNAME', 's3store_exists'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_exists(pg_catalog.text, pg_catalog.jsonb) IS
'whether an object exists, or for a URL that ends in ''/'' any object below it; only the server''s "not found" means no, everything else is an error, a missing bucket included, where the server tells';

CREATE FUNCTION s3_size(url pg_catalog.text, params pg_catalog.jsonb DEFAULT NULL) RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME', 's3store_size'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_size(pg_catalog.text, pg_catalog.jsonb) IS
'size of an object in bytes, uncompressed where its metadata say so; NULL when it does not exist';

CREATE FUNCTION s3_modified_time(url pg_catalog.text, params pg_catalog.jsonb DEFAULT NULL) RETURNS pg_catalog.timestamptz
AS 'MODULE_PATHNAME', 's3store_modified_time'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000;

COMMENT ON FUNCTION s3_modified_time(pg_catalog.text, pg_catalog.jsonb) IS
'when an object was written last; NULL when it does not exist';

CREATE FUNCTION s3_list(prefix_url pg_catalog.text,
						delimiter pg_catalog.text DEFAULT NULL,
						start_after pg_catalog.text DEFAULT NULL,
						max_keys pg_catalog.int8 DEFAULT NULL,
						connections pg_catalog.int4 DEFAULT 1)
RETURNS TABLE (url pg_catalog.text,
			   size pg_catalog.int8,
			   last_modified pg_catalog.timestamptz,
			   etag pg_catalog.text,
			   storage_class pg_catalog.text,
			   is_prefix pg_catalog.bool)
AS 'MODULE_PATHNAME', 's3store_list'
LANGUAGE C VOLATILE PARALLEL SAFE COST 10000 ROWS 1000;

COMMENT ON FUNCTION s3_list(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.int8, pg_catalog.int4) IS
'objects whose URLs start with prefix_url, in the order of their keys; with a delimiter, such as ''/'', what has it behind the prefix is folded into one row with is_prefix; start_after is a key or a URL, max_keys the most rows to return, connections how many pages are fetched at a time; in FROM all pages are fetched before LIMIT sees a row, so give max_keys, or call it in the select list';

CREATE FUNCTION s3_copy(src pg_catalog.text,
						dst pg_catalog.text,
						params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_copy'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;

COMMENT ON FUNCTION s3_copy(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS
'copies an object, on its server where one server has both, and returns the URL of the copy; an object that stands there is replaced; a rollback takes the copy away again, but does not bring back what it replaced; params are boto3''s';

CREATE FUNCTION s3_rename(src pg_catalog.text, dst pg_catalog.text,
						  params pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
AS 'MODULE_PATHNAME', 's3store_rename'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 10000;

COMMENT ON FUNCTION s3_rename(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) IS
'copies an object, checks the copy, queues the deletion of the original, and returns the new URL; the original goes after the commit, if it has still the content that was copied and no row names it; an object that stands at the new URL is replaced';

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
-- Undo of puts
--

CREATE FUNCTION s3_intents(OUT url pg_catalog.text,
						   OUT state pg_catalog.text,
						   OUT kind pg_catalog.text,
						   OUT xid pg_catalog.xid8,
						   OUT created_at pg_catalog.timestamptz,
						   OUT size pg_catalog.int8,
						   OUT version_id pg_catalog.text,
						   OUT upload_id pg_catalog.text,
						   OUT answered pg_catalog.bool)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME', 's3store_intents'
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;

COMMENT ON FUNCTION s3_intents() IS
'puts and copies that may have to be undone; state is that of their transaction: ''in progress'' (or prepared), ''aborted'', ''unknown'' (too old to know), ''committed'' (shown while another put of the same object is not done), ''foreign'' (of the server of which this one is a copy); kind is what was under the name: ''create'' (nothing), ''replace'' (an object, or the server does not say), NULL (nobody has looked yet: nothing was sent); or ''keep'': it is never undone';

REVOKE ALL ON FUNCTION s3_intents() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION s3_intents() TO s3store_admin;

--
-- The queue of deletions.  Its table is the extension's own: nobody else
-- writes it, and a dump has the table without its rows.
--

CREATE SEQUENCE s3_deletion_id CACHE 100;

CREATE TABLE s3_deletion (
	id pg_catalog.int8 NOT NULL,
	object pg_catalog.int8 NOT NULL,
	server pg_catalog.int8 NOT NULL,
	next_at pg_catalog.timestamptz NOT NULL,
	queued_at pg_catalog.timestamptz NOT NULL,
	not_before pg_catalog.timestamptz,
	met_at pg_catalog.timestamptz,
	unsure_until pg_catalog.timestamptz,
	gone_at pg_catalog.timestamptz,
	relation pg_catalog.oid,
	owner pg_catalog.oid NOT NULL,
	attempts pg_catalog.int2 NOT NULL,
	attribute pg_catalog.int2,
	state pg_catalog."char" NOT NULL,
	kind pg_catalog."char" NOT NULL,
	void pg_catalog.bool NOT NULL,
	dead pg_catalog.bool NOT NULL,
	url pg_catalog.text NOT NULL,
	version_id pg_catalog.text,
	etag pg_catalog.text,
	last_error pg_catalog.text
) WITH (
	autovacuum_vacuum_scale_factor = 0.02,
	autovacuum_vacuum_threshold = 1000,
	autovacuum_analyze_scale_factor = 0.2
);

CREATE INDEX s3_deletion_pending ON s3_deletion (server, next_at, id) WHERE state OPERATOR(pg_catalog.=) 'p' AND NOT dead;
CREATE INDEX s3_deletion_object ON s3_deletion (object);
CREATE INDEX s3_deletion_started ON s3_deletion (server) WHERE state OPERATOR(pg_catalog.<>) 'p';
CREATE INDEX s3_deletion_dead ON s3_deletion (id) WHERE dead;

COMMENT ON SEQUENCE s3_deletion_id IS 'numbers of queued deletions';
COMMENT ON TABLE s3_deletion IS
'objects that wait for their deletion, or were left by puts that were rolled back; read it through the view s3_queue';
COMMENT ON COLUMN s3_deletion.id IS 'number of the deletion';
COMMENT ON COLUMN s3_deletion.object IS 'hash of server, bucket and the key on the server';
COMMENT ON COLUMN s3_deletion.server IS 'hash of the address that the URL led to when the deletion was queued';
COMMENT ON COLUMN s3_deletion.next_at IS 'when it is looked at next';
COMMENT ON COLUMN s3_deletion.queued_at IS 'when it was queued';
COMMENT ON COLUMN s3_deletion.not_before IS 'when it is due, where it has a delay; NULL: at once';
COMMENT ON COLUMN s3_deletion.met_at IS
'when it was first found committed while nothing in this database was writing the object; what others write later is not deleted; NULL: not yet';
COMMENT ON COLUMN s3_deletion.unsure_until IS
'a request to delete the object had no answer, and may be carried out until then; NULL: there is none';
COMMENT ON COLUMN s3_deletion.gone_at IS 'when the object was gone; NULL: it is not';
COMMENT ON COLUMN s3_deletion.relation IS 'table whose row named the object; NULL: the deletion was not queued for a row';
COMMENT ON COLUMN s3_deletion.owner IS 'role on whose behalf the object is deleted; for a row of a table: the table''s owner at that time, but its present owner counts';
COMMENT ON COLUMN s3_deletion.attempts IS 'attempts that have failed';
COMMENT ON COLUMN s3_deletion.attribute IS 'number of the column of that table';
COMMENT ON COLUMN s3_deletion.state IS
'p: pending; d: being deleted; g: the object is gone, but a transaction is open that may know it from before';
COMMENT ON COLUMN s3_deletion.kind IS
'd: the object is to be deleted; u: puts of it that were rolled back are to be undone, as the journal of puts says; k: that could not be decided, and the object was kept';
COMMENT ON COLUMN s3_deletion.void IS 'whether the object was stored again: it stays';
COMMENT ON COLUMN s3_deletion.dead IS 'whether it was given up, for the reason in last_error, until s3_queue_retry is called';
COMMENT ON COLUMN s3_deletion.url IS 'URL of the object';
COMMENT ON COLUMN s3_deletion.version_id IS 'version to delete; NULL: the object';
COMMENT ON COLUMN s3_deletion.etag IS 'ETag of the content that is meant, such as of the source of a rename; NULL: what was there when the deletion was committed';
COMMENT ON COLUMN s3_deletion.last_error IS 'why the last attempt failed, or why it waits';

-- A replica of the rows is no order to delete the objects once more.
CREATE FUNCTION s3_ignore_replicated() RETURNS pg_catalog.trigger
AS 'MODULE_PATHNAME', 's3store_ignore_replicated'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION s3_ignore_replicated() IS
'trigger function that drops what logical replication brings into the queue';

CREATE TRIGGER s3_ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON s3_deletion
FOR EACH ROW EXECUTE FUNCTION s3_ignore_replicated();

ALTER TABLE s3_deletion ENABLE REPLICA TRIGGER s3_ignore_replicated;
ALTER TABLE s3_deletion REPLICA IDENTITY FULL;

CREATE VIEW s3_queue AS
SELECT d.id,
	   d.url,
	   d.version_id,
	   CASE d.kind WHEN 'd' THEN 'deletion' ELSE 'undo' END AS kind,
	   CASE WHEN d.void THEN 'void' WHEN d.dead THEN 'dead'
			WHEN d.state OPERATOR(pg_catalog.=) 'd' THEN 'deleting'
			WHEN d.state OPERATOR(pg_catalog.=) 'g' THEN 'gone' ELSE 'pending' END AS state,
	   d.queued_at,
	   GREATEST(d.next_at, d.not_before) AS next_at,
	   d.attempts,
	   d.last_error,
	   d.relation::pg_catalog.regclass AS relation,
	   (SELECT a.attname FROM pg_catalog.pg_attribute a
		 WHERE a.attrelid OPERATOR(pg_catalog.=) d.relation
		   AND a.attnum OPERATOR(pg_catalog.=) d.attribute) AS attribute,
	   COALESCE((SELECT c.relowner FROM pg_catalog.pg_class c
				  WHERE c.oid OPERATOR(pg_catalog.=) d.relation), d.owner)::pg_catalog.regrole AS owner
  FROM s3_deletion d;

COMMENT ON VIEW s3_queue IS
'objects that wait for their deletion, or (kind undo) were left by puts that were rolled back; state is pending until next_at, or longer, as last_error says; deleting; gone, until every transaction has ended that may know the object from before; void where it was stored again; dead where it was given up, or nobody can tell whether the object is the one that was meant: last_error says why';

CREATE FUNCTION s3_delete_later(url pg_catalog.text,
								delay pg_catalog.interval DEFAULT NULL,
								version_id pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME', 's3store_delete_later'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION s3_delete_later(pg_catalog.text, pg_catalog.interval, pg_catalog.text) IS
'queues the deletion of an object, or of one version of it, and returns its number in s3_queue; a rollback takes it back; delay defaults to s3store.delete_delay';

CREATE FUNCTION s3_manage() RETURNS pg_catalog.trigger
AS 'MODULE_PATHNAME', 's3store_manage'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION s3_manage() IS
'trigger function that deletes objects whose rows go; arguments: the column, and ''delay=...'', ''within=...''; s3_follow makes such triggers';

CREATE FUNCTION s3_follow("table" pg_catalog.regclass,
						  "column" pg_catalog.name,
						  delay pg_catalog.interval DEFAULT NULL,
						  within pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME', 's3store_follow'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION s3_follow(pg_catalog.regclass, pg_catalog.name, pg_catalog.interval, pg_catalog.text) IS
'lets the objects that a column names follow the rows of its table: makes the triggers that delete an object some time (delay) after the last row that names it is gone; within is what all URLs of the column begin with';

CREATE FUNCTION s3_unfollow("table" pg_catalog.regclass, "column" pg_catalog.name)
RETURNS pg_catalog.void
AS 'MODULE_PATHNAME', 's3store_unfollow'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION s3_unfollow(pg_catalog.regclass, pg_catalog.name) IS
'drops the triggers of s3_follow, and whichever else let the objects of the column follow its rows; deletions that are queued go on';

CREATE PROCEDURE s3_drain(max_items pg_catalog.int8 DEFAULT NULL)
AS 'MODULE_PATHNAME', 's3store_drain'
LANGUAGE C;

COMMENT ON PROCEDURE s3_drain(pg_catalog.int8) IS
'undoes the puts that were rolled back, and deletes the objects whose deletion is due, at most max_items of them; commits as it goes; the worker does the same by itself';

CREATE FUNCTION s3_queue_retry(id pg_catalog.int8 DEFAULT NULL)
RETURNS pg_catalog.int8
AS 'MODULE_PATHNAME', 's3store_queue_retry'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION s3_queue_retry(pg_catalog.int8) IS
'makes a queued deletion due at once, or without a number all dead ones, but for undos of puts; returns how many; one that is dead and given by its number deletes the object even if it was written again, or nobody can tell whose it is, but not if a row names it';

CREATE TABLE s3_writer (
	database pg_catalog.oid PRIMARY KEY,
	token pg_catalog.text NOT NULL
);

COMMENT ON TABLE s3_writer IS
'the token that s3store.writer_token must match before a worker deletes anything; dumped, so that a copy knows that it is one';
COMMENT ON COLUMN s3_writer.database IS 'OID of the database that it was set for';
COMMENT ON COLUMN s3_writer.token IS 'the token';

-- A subscriber has a token of its own.
CREATE TRIGGER s3_ignore_replicated BEFORE INSERT OR UPDATE OR DELETE ON s3_writer
FOR EACH ROW EXECUTE FUNCTION s3_ignore_replicated();

ALTER TABLE s3_writer ENABLE REPLICA TRIGGER s3_ignore_replicated;

SELECT pg_catalog.pg_extension_config_dump('s3_writer', '');

CREATE FUNCTION s3_set_writer_token(token pg_catalog.text) RETURNS pg_catalog.void
AS 'MODULE_PATHNAME', 's3store_set_writer_token'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION s3_set_writer_token(pg_catalog.text) IS
'stores the token that the setting s3store.writer_token must match before queued deletions are carried out in this database; NULL removes it';

--
-- Many objects at once: a row for each URL, in their order
--

CREATE FUNCTION s3_head(urls pg_catalog.text[], params pg_catalog.jsonb DEFAULT NULL)
RETURNS TABLE (url pg_catalog.text,
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
			   metadata pg_catalog.jsonb,
			   error pg_catalog.text,
			   sqlstate pg_catalog.text)
AS 'MODULE_PATHNAME', 's3store_head'
LANGUAGE C VOLATILE PARALLEL SAFE COST 100000;

COMMENT ON FUNCTION s3_head(pg_catalog.text[], pg_catalog.jsonb) IS
'what is known of each object, as s3_head of one; only the URL where it does not exist; error and sqlstate where it could not be looked up; params are boto3''s';

CREATE FUNCTION s3_exists(urls pg_catalog.text[], params pg_catalog.jsonb DEFAULT NULL)
RETURNS TABLE (url pg_catalog.text,
			   "exists" pg_catalog.bool,
			   error pg_catalog.text,
			   sqlstate pg_catalog.text)
AS 'MODULE_PATHNAME', 's3store_exists'
LANGUAGE C VOLATILE PARALLEL SAFE COST 100000;

COMMENT ON FUNCTION s3_exists(pg_catalog.text[], pg_catalog.jsonb) IS
'whether each object exists, or for a URL that ends in / any object below it; error and sqlstate where it could not be looked up';

CREATE FUNCTION s3_get(urls pg_catalog.text[], params pg_catalog.jsonb DEFAULT NULL)
RETURNS TABLE (url pg_catalog.text,
			   content pg_catalog.bytea,
			   error pg_catalog.text,
			   sqlstate pg_catalog.text)
AS 'MODULE_PATHNAME', 's3store_get'
LANGUAGE C VOLATILE PARALLEL SAFE COST 100000;

COMMENT ON FUNCTION s3_get(pg_catalog.text[], pg_catalog.jsonb) IS
'the content of each object, as s3_get of one; error and sqlstate where there is none; params are boto3''s';

CREATE FUNCTION s3_put(urls pg_catalog.text[],
					   contents pg_catalog.bytea[],
					   content_type pg_catalog.text DEFAULT NULL,
					   metadata pg_catalog.jsonb DEFAULT NULL,
					   overwrite pg_catalog.bool DEFAULT NULL,
					   params pg_catalog.jsonb DEFAULT NULL)
RETURNS TABLE (url pg_catalog.text,
			   stored_url pg_catalog.text,
			   error pg_catalog.text,
			   sqlstate pg_catalog.text)
AS 'MODULE_PATHNAME', 's3store_put_many'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000;

COMMENT ON FUNCTION s3_put(pg_catalog.text[], pg_catalog.bytea[], pg_catalog.text,
						   pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) IS
'stores each content under its URL, as s3_put of one, with the same arguments for all; stored_url is where it stands; error and sqlstate where it was not stored';

CREATE FUNCTION s3_delete(urls pg_catalog.text[])
RETURNS TABLE (url pg_catalog.text,
			   deleted pg_catalog.bool,
			   error pg_catalog.text,
			   sqlstate pg_catalog.text)
AS 'MODULE_PATHNAME', 's3store_delete_many'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 100000;

COMMENT ON FUNCTION s3_delete(pg_catalog.text[]) IS
'deletes each object, by the thousand in a request; deleted: it is gone, whether or not it was there; error and sqlstate where it was not deleted';

REVOKE ALL ON FUNCTION s3_head(pg_catalog.text[], pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_exists(pg_catalog.text[], pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_get(pg_catalog.text[], pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_put(pg_catalog.text[], pg_catalog.bytea[], pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_delete(pg_catalog.text[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION s3_head(pg_catalog.text[], pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_exists(pg_catalog.text[], pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_get(pg_catalog.text[], pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_put(pg_catalog.text[], pg_catalog.bytea[], pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_delete(pg_catalog.text[]) TO s3store_write;

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
LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

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

CREATE FUNCTION s3_reconcile_row(url pg_catalog.text, prefix_url pg_catalog.text)
RETURNS pg_catalog.bytea
AS 'MODULE_PATHNAME', 's3store_reconcile_row'
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 10;

COMMENT ON FUNCTION s3_reconcile_row(pg_catalog.text, pg_catalog.text) IS
'what s3_reconcile sorts rows by: s3_key_below, a NUL, and the URL where it does not follow from the key';

CREATE FUNCTION s3_reconcile(prefix_url pg_catalog.text,
							 table_name pg_catalog.regclass,
							 column_name pg_catalog.name,
							 older_than pg_catalog.interval DEFAULT '1 day',
							 connections pg_catalog.int4 DEFAULT 1)
RETURNS TABLE (url pg_catalog.text,
			   state pg_catalog.text,
			   size pg_catalog.int8,
			   last_modified pg_catalog.timestamptz)
AS 'MODULE_PATHNAME', 's3store_reconcile'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;

COMMENT ON FUNCTION s3_reconcile(pg_catalog.text, pg_catalog.regclass, pg_catalog.name,
								 pg_catalog.interval, pg_catalog.int4) IS
'what is different between the objects below prefix_url and the URLs in a column: only_in_s3, an object that no row names and that is older than older_than; only_in_db, a URL that names no object';

CREATE FUNCTION s3_reconcile_all(prefix_url pg_catalog.text,
								 tables pg_catalog.regclass[],
								 columns pg_catalog.name[],
								 older_than pg_catalog.interval DEFAULT '1 day',
							 connections pg_catalog.int4 DEFAULT 1)
RETURNS TABLE (url pg_catalog.text,
			   state pg_catalog.text,
			   size pg_catalog.int8,
			   last_modified pg_catalog.timestamptz)
AS 'MODULE_PATHNAME', 's3store_reconcile_all'
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000;

COMMENT ON FUNCTION s3_reconcile_all(pg_catalog.text, pg_catalog.regclass[], pg_catalog.name[],
									 pg_catalog.interval, pg_catalog.int4) IS
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
-- Checks
--

CREATE FUNCTION s3_check(url pg_catalog.text,
						 OUT step pg_catalog.text,
						 OUT ok pg_catalog.bool,
						 OUT detail pg_catalog.text,
						 OUT hint pg_catalog.text)
RETURNS SETOF pg_catalog.record
AS 'MODULE_PATHNAME', 's3store_check'
LANGUAGE C VOLATILE STRICT PARALLEL SAFE COST 10000 ROWS 8;

COMMENT ON FUNCTION s3_check(pg_catalog.text) IS
'tries the steps of a request to a URL one by one, to the first one that fails: what it found, and what to do';

REVOKE ALL ON FUNCTION s3_check(pg_catalog.text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION s3_check(pg_catalog.text) TO s3store_read;

--
-- Rights: what reaches keys or the network is for the roles only.
--

REVOKE ALL ON FUNCTION s3_url(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_presign(pg_catalog.text, pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_presign(pg_catalog.text[], pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_presign_request(pg_catalog.text, pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_presign_post(pg_catalog.text, pg_catalog.interval, pg_catalog.int8, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_put(pg_catalog.text, pg_catalog.bytea, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_put(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_available_name(pg_catalog.text, pg_catalog.int4, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_get(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_get_text(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_head(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_exists(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_size(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_modified_time(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_list(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.int8, pg_catalog.int4) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_copy(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_rename(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_delete(pg_catalog.text, pg_catalog.jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_settings(pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_credentials(pg_catalog.text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION s3_url(pg_catalog.text) TO s3store_read, s3store_write;
-- They themselves ask for the role that the link's operation needs.
GRANT EXECUTE ON FUNCTION s3_presign(pg_catalog.text, pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) TO s3store_read, s3store_write;
GRANT EXECUTE ON FUNCTION s3_presign(pg_catalog.text[], pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) TO s3store_read, s3store_write;
GRANT EXECUTE ON FUNCTION s3_presign_request(pg_catalog.text, pg_catalog.text, pg_catalog.interval, pg_catalog.jsonb, pg_catalog.timestamptz) TO s3store_read, s3store_write;
GRANT EXECUTE ON FUNCTION s3_available_name(pg_catalog.text, pg_catalog.int4, pg_catalog.jsonb) TO s3store_read, s3store_write;
GRANT EXECUTE ON FUNCTION s3_get(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_get_text(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_head(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_exists(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_size(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_modified_time(pg_catalog.text, pg_catalog.jsonb) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_list(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.int8, pg_catalog.int4) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_presign_post(pg_catalog.text, pg_catalog.interval, pg_catalog.int8, pg_catalog.text, pg_catalog.jsonb, pg_catalog.jsonb, pg_catalog.timestamptz) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_put(pg_catalog.text, pg_catalog.bytea, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_put(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.jsonb, pg_catalog.bool, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_copy(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_rename(pg_catalog.text, pg_catalog.text, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_delete(pg_catalog.text, pg_catalog.jsonb) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_settings(pg_catalog.text) TO s3store_admin;
GRANT EXECUTE ON FUNCTION s3_credentials(pg_catalog.text) TO s3store_admin;

REVOKE ALL ON TABLE s3_deletion, s3_queue, s3_writer FROM PUBLIC;
REVOKE ALL ON SEQUENCE s3_deletion_id FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_ignore_replicated() FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_delete_later(pg_catalog.text, pg_catalog.interval, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_manage() FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_follow(pg_catalog.regclass, pg_catalog.name, pg_catalog.interval, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_unfollow(pg_catalog.regclass, pg_catalog.name) FROM PUBLIC;
REVOKE ALL ON PROCEDURE s3_drain(pg_catalog.int8) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_queue_retry(pg_catalog.int8) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_set_writer_token(pg_catalog.text) FROM PUBLIC;

GRANT SELECT ON TABLE s3_queue TO s3store_admin;

-- A dump has the token, and need not be a superuser's.
CREATE FUNCTION s3store_grant_token() RETURNS pg_catalog.void
AS 'MODULE_PATHNAME', 's3store_grant_token'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

SELECT s3store_grant_token();

DROP FUNCTION s3store_grant_token();

GRANT EXECUTE ON FUNCTION s3_delete_later(pg_catalog.text, pg_catalog.interval, pg_catalog.text) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_manage() TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_follow(pg_catalog.regclass, pg_catalog.name, pg_catalog.interval, pg_catalog.text) TO s3store_write;
GRANT EXECUTE ON FUNCTION s3_unfollow(pg_catalog.regclass, pg_catalog.name) TO s3store_write;
GRANT EXECUTE ON PROCEDURE s3_drain(pg_catalog.int8) TO s3store_admin;
GRANT EXECUTE ON FUNCTION s3_queue_retry(pg_catalog.int8) TO s3store_admin;
GRANT EXECUTE ON FUNCTION s3_set_writer_token(pg_catalog.text) TO s3store_admin;

-- Of the runs under way, the view's function shows to each role what it may see.
REVOKE ALL ON FUNCTION s3_progress_entries() FROM PUBLIC;
REVOKE ALL ON s3_progress FROM PUBLIC;
GRANT EXECUTE ON FUNCTION s3_progress_entries() TO s3store_read, s3store_write, s3store_admin, pg_read_all_stats;
GRANT SELECT ON s3_progress TO s3store_read, s3store_write, s3store_admin, pg_read_all_stats;

REVOKE ALL ON FUNCTION s3_key_below(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_reconcile_row(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_reconcile(pg_catalog.text, pg_catalog.regclass, pg_catalog.name, pg_catalog.interval, pg_catalog.int4) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_reconcile_all(pg_catalog.text, pg_catalog.regclass[], pg_catalog.name[], pg_catalog.interval, pg_catalog.int4) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION s3_key_below(pg_catalog.text, pg_catalog.text) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_reconcile_row(pg_catalog.text, pg_catalog.text) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_reconcile(pg_catalog.text, pg_catalog.regclass, pg_catalog.name, pg_catalog.interval, pg_catalog.int4) TO s3store_read;
GRANT EXECUTE ON FUNCTION s3_reconcile_all(pg_catalog.text, pg_catalog.regclass[], pg_catalog.name[], pg_catalog.interval, pg_catalog.int4) TO s3store_read;

REVOKE ALL ON PROCEDURE s3_sync_meta(pg_catalog.text, pg_catalog.text, pg_catalog.bool, pg_catalog.bool, pg_catalog.bool, pg_catalog.int8, pg_catalog.int8, pg_catalog.int8, pg_catalog.int8, pg_catalog.text) FROM PUBLIC;
REVOKE ALL ON FUNCTION s3_sync_meta_changes(pg_catalog.text, pg_catalog.text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE s3_sync_meta(pg_catalog.text, pg_catalog.text, pg_catalog.bool, pg_catalog.bool, pg_catalog.bool, pg_catalog.int8, pg_catalog.int8, pg_catalog.int8, pg_catalog.int8, pg_catalog.text) TO s3store_admin;
GRANT EXECUTE ON FUNCTION s3_sync_meta_changes(pg_catalog.text, pg_catalog.text) TO s3store_admin;
