--
-- Rights: the roles, and who may do what
--
\set SHOW_CONTEXT never
SELECT rolname, rolsuper, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
  FROM pg_roles WHERE rolname LIKE 's3store\_%' ORDER BY rolname COLLATE "C";
SELECT shobj_description(oid, 'pg_authid')
  FROM pg_roles WHERE rolname LIKE 's3store\_%' ORDER BY rolname COLLATE "C";

-- the function that makes them is gone, and they outlive the extension
SELECT to_regproc('s3store_create_roles');
DROP EXTENSION s3store;
SELECT count(*) FROM pg_roles WHERE rolname LIKE 's3store\_%';
CREATE EXTENSION s3store;

-- who may call what; PUBLIC, the pure ones
SELECT p.oid::regprocedure::text COLLATE "C" AS function,
       has_function_privilege('public', p.oid, 'EXECUTE') AS public,
       has_function_privilege('s3store_read', p.oid, 'EXECUTE') AS read,
       has_function_privilege('s3store_write', p.oid, 'EXECUTE') AS write,
       has_function_privilege('s3store_admin', p.oid, 'EXECUTE') AS admin
  FROM pg_proc p
  JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 's3store' ORDER BY 1;
-- and what none of the functions is
SELECT p.proname FROM pg_proc p
  JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 's3store' AND (p.prosecdef OR p.proconfig IS NOT NULL);

CREATE ROLE regress_s3_none;
CREATE ROLE regress_s3_reader IN ROLE s3store_read;
CREATE ROLE regress_s3_writer IN ROLE s3store_write;
CREATE ROLE regress_s3_both IN ROLE s3store_read, s3store_write;
CREATE ROLE regress_s3_noinherit NOINHERIT IN ROLE s3store_write, s3store_read;
SET s3store.access_key_id = 'id';
SET s3store.secret_access_key = 'secret';
-- nothing here may reach the network
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://127.0.0.1:1", "read_only": true}, "open": {}}';

CREATE FUNCTION link(url text, method text) RETURNS text LANGUAGE sql
AS $$ SELECT substring(s3_presign(url, method, '1 h', NULL, '2026-01-01 00:00 UTC')
                       FROM '^[^?]*|$') $$;

-- without a role
SET ROLE regress_s3_none;
SELECT s3_scheme('s3://b/k'), s3_bucket('s3://b/k'), s3_key('s3://b/k'), 's3://b/k'::s3url;
SELECT s3_content_disposition('k');
SELECT s3_url('s3://b/k');
SELECT s3_presign('s3://b/k');
SELECT s3_put('s3://b/k', 'content'::bytea);
SELECT s3_put('s3://b/k', 'content'::text);
SELECT s3_get('s3://b/k');
SELECT s3_get_text('s3://b/k');
SELECT s3_get_lo('s3://b/k');
SELECT s3_put_lo('s3://b/k', 1);
SELECT s3_head('s3://b/k');
SELECT s3_exists('s3://b/k');
SELECT s3_size('s3://b/k');
SELECT s3_modified_time('s3://b/k');
SELECT * FROM s3_list('s3://b/');
SELECT s3_available_name('s3://b/k');
SELECT s3_copy('s3://b/k', 's3://b/l');
SELECT s3_rename('s3://b/k', 's3://b/l');
SELECT s3_delete('s3://b/k');
SELECT s3_follow('pg_class', 'relname');
SELECT s3_unfollow('pg_class', 'relname');

-- a reader
SET ROLE regress_s3_reader;
SELECT s3_url('open://b/k');
SELECT link('open://b/k', 'get_object'), link('open://b/k', 'HEAD');
SELECT link('open://b/k', 'put_object');
SELECT link('open://b/k', 'PUT');
SELECT link('open://b/k', 'delete_object');
SELECT link('open://b/k', 'DELETE');
SELECT s3_put('s3://b/k', 'content'::bytea);
SELECT s3_copy('s3://b/k', 's3://b/l');
SELECT s3_rename('s3://b/k', 's3://b/l');
SELECT s3_delete('s3://b/k');
SELECT s3_get(NULL), s3_head(''), s3_exists('-'), s3_size(''), s3_modified_time('');
SELECT * FROM s3_list('');
SELECT s3_available_name('');

-- a writer, who may not read; the storage is protected, so the calls end here
SET ROLE regress_s3_writer;
SELECT s3_available_name('');
SELECT s3_url('open://b/k');
SELECT link('open://b/k', 'PUT'), link('open://b/k', 'delete_object');
SELECT link('open://b/k', 'get_object');
SELECT link('open://b/k', 'HEAD');
SELECT s3_put('s3://b/k', 'content'::bytea);
SELECT s3_put('s3://b/k', 'content'::text);
SELECT s3_delete('s3://b/k');
-- a copy also reads
SELECT s3_copy('open://b/k', 's3://b/l');
SELECT s3_rename('open://b/k', 'open://b/l');
SELECT link('open://b/k', 'copy_object');
SELECT s3_get('s3://b/k');
SELECT * FROM s3_list('s3://b/');

-- with both roles
SET ROLE regress_s3_both;
SELECT s3_copy('open://b/k', 's3://b/l');
SELECT s3_rename('s3://b/k', 'open://b/l');

-- a member that has to take the role first
SET ROLE regress_s3_noinherit;
SELECT link('open://b/k', 'PUT');
SET ROLE s3store_write;
SELECT link('open://b/k', 'PUT');
RESET ROLE;

-- a function lends the rights of its owner, who may have fewer than its caller
CREATE FUNCTION link_as_owner(url text) RETURNS text LANGUAGE sql SECURITY DEFINER
AS $$ SELECT link(url, 'PUT') $$;
SET ROLE regress_s3_none;
SELECT link_as_owner('open://b/k');
RESET ROLE;
ALTER FUNCTION link_as_owner(text) OWNER TO regress_s3_reader;
SELECT link_as_owner('open://b/k');
ALTER FUNCTION link_as_owner(text) OWNER TO regress_s3_writer;
SET ROLE regress_s3_none;
SELECT link_as_owner('open://b/k');
RESET ROLE;

-- who may call a function may not let others
SET ROLE regress_s3_reader;
GRANT EXECUTE ON FUNCTION s3_url(text) TO regress_s3_none;
RESET ROLE;
SELECT has_function_privilege('regress_s3_none', 's3_url(text)', 'EXECUTE');

RESET s3store.access_key_id;
RESET s3store.secret_access_key;
DROP FUNCTION link_as_owner, link;
DROP ROLE regress_s3_none, regress_s3_reader, regress_s3_writer, regress_s3_both, regress_s3_noinherit;
