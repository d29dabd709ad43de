--
-- Protection against change: read_only, session_read_only, the transaction
--
\set SHOW_CONTEXT never
SELECT current_user AS admin \gset
SET s3store.access_key_id = 'id';
SET s3store.secret_access_key = 'secret';
-- nothing here may reach the network: this port is closed
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://127.0.0.1:1"},
	"safe": {"endpoint_url": "http://127.0.0.1:1", "read_only": true},
	"open": {"endpoint_url": "http://127.0.0.1:1", "read_only": false}}';
SET s3store.connect_timeout = '5s';
SET s3store.max_attempts = 1;
CREATE FUNCTION link(url text, method text) RETURNS text LANGUAGE sql
AS $$ SELECT substring(s3_presign(url, method, '1 h', NULL, '2026-01-01 00:00 UTC')
                       FROM '^[^?]*|$') $$;
-- Each way to change an object, and what comes of it.
CREATE FUNCTION try_changes(url text) RETURNS TABLE (command text, code text, message text, detail text)
LANGUAGE plpgsql AS $$
BEGIN
	FOREACH command IN ARRAY ARRAY[
		'SELECT s3_put($1, ''content''::bytea)',
		'SELECT s3_put($1, ''content''::text)',
		'SELECT s3_put($1, ''content''::text, overwrite => true)',
		'SELECT s3_delete($1)',
		'SELECT s3_copy(''s3://b/other'', $1)',
		'SELECT s3_copy($1, ''s3://b/other'')',
		'SELECT s3_rename(''s3://b/other'', $1)',
		'SELECT s3_rename($1, ''s3://b/other'')',
		'SELECT link($1, ''put_object'')',
		'SELECT link($1, ''PUT'')',
		'SELECT link($1, ''delete_object'')',
		'SELECT link($1, ''get_object'')',
		'SELECT link($1, ''head_object'')']
	LOOP
		BEGIN
			EXECUTE command USING url;
			code := '00000';
			message := NULL;
			detail := NULL;
		EXCEPTION
			WHEN connection_failure THEN
				code := '08006';
				message := 'went to the network';
				detail := NULL;
			WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS code := RETURNED_SQLSTATE,
					message := MESSAGE_TEXT, detail := PG_EXCEPTION_DETAIL;
		END;
		RETURN NEXT;
	END LOOP;
END
$$;

-- not protected
SELECT * FROM try_changes('s3://b/k');

-- by the entry
SELECT * FROM try_changes('safe://b/k');

-- by the setting, which an entry cannot loosen
SET s3store.read_only = on;
SELECT * FROM try_changes('s3://b/k');
SELECT * FROM try_changes('open://b/k');
RESET s3store.read_only;

-- by the session
SET s3store.session_read_only = on;
SELECT * FROM try_changes('open://b/k');
RESET s3store.session_read_only;

-- by the transaction; a link changes nothing now
BEGIN READ ONLY;
SELECT * FROM try_changes('s3://b/k');
ROLLBACK;

-- no file, no change
SET s3store.read_only = on;
SELECT s3_put(NULL, 'content'::bytea), s3_put('', 'content'::bytea), s3_put('-', 'content'::text),
       s3_delete(NULL), s3_delete(''), s3_delete('-'), link('', 'put_object'),
       s3_copy('', ''), s3_rename(NULL, '-');
RESET s3store.read_only;

-- what is wrong with the URL is said first
SELECT s3_put('safe:/b/k', 'content'::bytea);
SELECT s3_put('nowhere://b/k', 'content'::bytea);

-- it ends with the transaction that has set it, and not before
BEGIN;
SET LOCAL s3store.read_only = on;
SAVEPOINT s;
SELECT s3_delete('s3://b/k');
ROLLBACK TO s;
SELECT s3_delete('s3://b/k');
ROLLBACK;
SHOW s3store.read_only;

-- a function may protect what it calls
CREATE FUNCTION look_only(url text) RETURNS bool LANGUAGE plpgsql
SET s3store.session_read_only = on AS $$ BEGIN RETURN s3_delete(url); END $$;
SELECT look_only('s3://b/k');
SHOW s3store.session_read_only;

-- an ordinary user can add protection, and take away no other
CREATE ROLE regress_s3_writer IN ROLE s3store_write;
SET s3store.read_only = on;
SET ROLE regress_s3_writer;
SET s3store.read_only = off;
RESET s3store.read_only;
SET s3store.session_read_only = off;
SELECT s3_delete('s3://b/k');
RESET ROLE;
RESET s3store.read_only;

-- configured for the role, it holds from the first call of a new session
ALTER ROLE regress_s3_writer LOGIN;
ALTER ROLE regress_s3_writer SET s3store.read_only = on;
\c - regress_s3_writer
SELECT s3_delete('s3://b/k');
SET s3store.read_only = off;
SELECT s3_delete('s3://b/k');
\c - regress_s3_writer
SET s3store.read_only = off;
SELECT s3_delete('s3://b/k');
DISCARD ALL;
SELECT s3_delete('s3://b/k');
\c - :admin

DROP FUNCTION look_only, try_changes, link;
DROP ROLE regress_s3_writer;
