--
-- Links of whole tables: the same as one by one, and nothing stays that has
-- changed.  The first link of a bucket at a place in a query is made in the
-- general way, and so is each one after an error was caught.
--
\set SHOW_CONTEXT never
\set at '''2024-02-29 12:34:56 UTC'''
SET s3store.access_key_id = 'AKIDREGRESS';
SET s3store.secret_access_key = 'secret';
SET s3store.endpoints = '{
	"s3": {"region": "eu-central-1"},
	"minio": {"endpoint_url": "http://minio:9000/base"},
	"virtual": {"endpoint_url": "http://minio:9000", "addressing_style": "virtual"},
	"token": {"access_key_id": "ASIA", "secret_access_key": "other", "session_token": "to/k+en="},
	"prefix": {"key_prefix": "pre fix", "presign_expires": 77},
	"normal": {"normalize_keys": true},
	"both": {"key_prefix": "p/", "normalize_keys": true, "public_url": "http://cdn/x"},
	"public": {"bucket_auth": false, "public_url": "http://cdn/x"},
	"old": {"signature_version": "s3"},
	"nobody": {"signature_version": "unsigned"},
	"window": {"presign_window": 600},
	"guarded": {"read_only": true},
	"listed": {"buckets": ["bucket"]}}';

-- In the general way, since each statement makes one link; or the error
CREATE FUNCTION general(function text, url text, method text, expires interval, params jsonb, at timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	IF function = 's3_url' THEN
		EXECUTE 'SELECT s3_url($1)' INTO result USING url;
	ELSE
		EXECUTE format('SELECT %s($1, $2, $3, $4, $5)::text', function) INTO result
		USING url, method, expires, params, at;
	END IF;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN 'ERROR ' || SQLSTATE || SQLERRM;
END $$;
-- What comes of the last of these URLs when one place in a query gets them all.
-- The place lasts as long as nothing is caught in between.
CREATE FUNCTION last_of(function text, urls text[], method text, expires interval, params jsonb, at timestamptz)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	url text;
	result text;
BEGIN
	FOREACH url IN ARRAY urls LOOP
		IF function = 's3_url' THEN
			result := s3_url(url);
		ELSIF function = 's3_presign' THEN
			result := s3_presign(url, method, expires, params, at);
		ELSE
			result := s3_presign_request(url, method, expires, params, at);
		END IF;
	END LOOP;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN 'ERROR ' || SQLSTATE || SQLERRM;
END $$;

CREATE TABLE link (id serial, url text);
INSERT INTO link (url)
SELECT scheme || '://' || bucket || key
FROM unnest('{s3,S3,minio,virtual,token,prefix,normal,both,public,old,nobody,window,guarded,listed,none}'::text[]) AS scheme,
	unnest('{bucket,my.bucket,Bucket_1,.,a@b}'::text[]) AS bucket,
	unnest('{/k,/a b/ä+%20?x#y,//x,/../up,/a/../b,/a/../../b,/./,/,"",/日本語/😀}'::text[]) AS key
UNION ALL SELECT unnest('{"","-",s3,s3:,s3:/b/k,s3://,:///,nothing}'::text[])
UNION ALL SELECT 's3://bucket/' || repeat('x', n) FROM unnest('{1024,1025}'::int[]) AS n
UNION ALL SELECT 'prefix://bucket/' || repeat('x', n) FROM unnest('{1016,1017}'::int[]) AS n;
SELECT count(*) FROM link;

-- Each function with each kind of arguments
CREATE TABLE expected AS
SELECT *, general(function, url, method, expires, params, at) AS link FROM link, (VALUES
	(1, 's3_url', NULL, NULL::interval, NULL::jsonb, NULL::timestamptz),
	(2, 's3_presign', 'get_object', NULL, NULL, :at),
	(3, 's3_presign', 'HEAD', '90 minutes', NULL, :at),
	(4, 's3_presign', 'put_object', NULL, '{"ContentType": "text/plain", "Metadata": {"a": "b  c"}}', :at),
	(5, 's3_presign', 'get_object', '1 day', '{"ResponseContentDisposition": "attachment; filename=\"ä\"", "VersionId": "1"}', :at),
	(6, 's3_presign', 'copy_object', NULL, '{"CopySource": "bucket/pre fix/k"}', :at),
	(7, 's3_presign', 'list_objects_v2', NULL, NULL, :at),
	(8, 's3_presign', 'create_multipart_upload', NULL, NULL, :at),
	(9, 's3_presign', 'get_object', '8 days', NULL, :at),
	(10, 's3_presign', 'get_object', NULL, '{"Nothing": 1}', :at),
	(11, 's3_presign', 'nothing', NULL, NULL, :at),
	(12, 's3_presign', 'get_object', NULL, NULL, '1969-01-01'),
	(13, 's3_presign', 'get_object', NULL, NULL, '2024-03-01 12:34:56 UTC'),
	(14, 's3_presign_request', 'put_object', NULL, '{"ContentType": "text/plain"}', :at),
	(15, 's3_presign_request', 'get_object', NULL, NULL, :at)) AS kind (kind, function, method, expires, params, at);

-- By one query, URL after URL of one bucket and of all: the rows that differ
SELECT kind, function, method, count(*), count(*) FILTER (WHERE link IS DISTINCT FROM made) AS different,
	count(DISTINCT made) AS links
FROM (SELECT *, CASE function WHEN 's3_url' THEN s3_url(url)
		WHEN 's3_presign' THEN s3_presign(url, method, expires, params, at)
		ELSE s3_presign_request(url, method, expires, params, at)::text END AS made
	FROM (SELECT * FROM expected WHERE link LIKE 'ERROR%' IS NOT TRUE ORDER BY kind, id OFFSET 0) AS good) AS rows
GROUP BY kind, function, method ORDER BY kind;

-- An error comes after good links as it comes without
SELECT kind, function, method, count(*), count(*) FILTER (WHERE link IS DISTINCT FROM
		last_of(function, good || url, method, expires, params, at)) AS different, count(DISTINCT link) AS errors
FROM (SELECT e.*, good FROM expected AS e LEFT JOIN (SELECT kind, split_part(url, ':', 1) AS scheme, (array_agg(url ORDER BY id))[:2] AS good
		FROM expected WHERE link NOT LIKE 'ERROR%' GROUP BY 1, 2) AS g ON g.kind = e.kind AND scheme = split_part(e.url, ':', 1)
	WHERE link LIKE 'ERROR%') AS bad
GROUP BY kind, function, method ORDER BY kind;

-- Everything changes from row to row
SELECT count(*), count(*) FILTER (WHERE link IS DISTINCT FROM s3_presign(url, method, expires, params, at)) AS different
FROM (SELECT *, general('s3_presign', url, method, expires, params, at) AS link
	FROM (SELECT id, url, (ARRAY['get_object', 'put_object', 'GET', 'delete_object'])[1 + id % 4] AS method,
		(id % 3 + 1) * interval '1 hour' AS expires,
		CASE WHEN id % 4 = 0 THEN jsonb_build_object('VersionId', id % 5 || '') WHEN id % 4 = 1 THEN '{"ContentType": "a/b"}' END AS params,
		timestamptz '2024-02-29 23:59:50 UTC' + id % 20 * interval '1 second' AS at FROM link) AS rows
	ORDER BY md5(id::text) OFFSET 0) AS rows
WHERE link NOT LIKE 'ERROR%';

-- The time alone, over days
SELECT count(*), count(*) FILTER (WHERE link IS DISTINCT FROM s3_presign('s3://bucket/k', 'GET', NULL, NULL, at)) AS different,
	count(DISTINCT link) AS links
FROM (SELECT at, general('s3_presign', 's3://bucket/k', 'GET', NULL, NULL, at) AS link
	FROM (SELECT timestamptz '2024-02-28 12:34:56.7 UTC' + i * interval '5 hours' AS at FROM generate_series(1, 20) AS i) AS times
	OFFSET 0) AS rows;

-- The parameters alone
SELECT count(*), count(*) FILTER (WHERE link IS DISTINCT FROM s3_presign('s3://bucket/k', 'get_object', NULL, params, :at)) AS different
FROM (SELECT params, general('s3_presign', 's3://bucket/k', 'get_object', NULL, params, :at) AS link
	FROM (VALUES (NULL::jsonb), ('{"VersionId": "1"}'), ('{"VersionId": "2"}'), ('{"ResponseContentType": "a/b"}'), (NULL)) AS v (params)
	OFFSET 0) AS rows;

-- More buckets than are remembered
SELECT count(*), count(*) FILTER (WHERE link IS DISTINCT FROM s3_presign(url, 'GET', NULL, NULL, :at)) AS different
FROM (SELECT url, general('s3_presign', url, 'GET', NULL, NULL, :at) AS link
	FROM (SELECT 's3://bucket' || i % 40 || '/' || i AS url FROM generate_series(1, 400) AS i) AS urls OFFSET 0) AS rows;

-- In order, as an array: the same shape, NULL where there is no link
SELECT (SELECT array_agg(substring(u FROM '^[^?]*') ORDER BY n) FROM unnest(s3_presign(urls, 'PUT', signed_at => :at)) WITH ORDINALITY AS t (u, n))
FROM (VALUES (ARRAY['s3://bucket/1', NULL, 's3://bucket/3', '', 'minio://b/4', '-', 's3://bucket/1'])) AS v (urls);
SELECT bool_and(link = s3_presign(url, 'PUT', '1 day', '{"ContentType": "a/b"}', :at))
FROM unnest((SELECT array_agg(url ORDER BY id) FROM link WHERE url LIKE 'minio://bucket/_%'),
	s3_presign((SELECT array_agg(url ORDER BY id) FROM link WHERE url LIKE 'minio://bucket/_%'), 'PUT', '1 day', '{"ContentType": "a/b"}', :at)) AS t (url, link);
SELECT array_dims(s3_presign('[2:3][0:1]={{s3://b/1,s3://b/2},{"",NULL}}'::text[])), array_ndims(s3_presign('{}'::text[])),
	s3_presign(NULL::text[]), cardinality(s3_presign('{s3://b/k}'::text[], NULL));
SELECT s3_presign('{s3://b/k,broken}'::text[]);
SELECT s3_presign('{s3://b/k,s3://b/l}'::text[], 'nothing');
SELECT s3_presign('{s3://b/k,s3://b/l}'::text[], expires => '8 days');
SELECT pg_typeof(s3_presign('s3://b/k')), pg_typeof(s3_presign(NULL));

-- Settings that change within a statement
CREATE FUNCTION changing(url text, setting text, value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config(setting, value, true);
	RETURN s3_presign(url, signed_at => '2024-02-29 12:34:56 UTC');
END $$;
SELECT substring(changing('s3://bucket/k', setting, value) FROM 'https://([^/]*)') AS host,
	substring(changing('s3://bucket/k', setting, value) FROM 'X-Amz-Expires=([0-9]*)') AS expires,
	substring(changing('s3://bucket/k', setting, value) FROM 'X-Amz-Credential=([^%]*)') AS id,
	substring(changing('s3://bucket/k', setting, value) FROM 'X-Amz-Signature=(.*)') <>
		lag(substring(changing('s3://bucket/k', setting, value) FROM 'X-Amz-Signature=(.*)')) OVER (ORDER BY n) AS other_signature
FROM (VALUES (1, 's3store.max_age_seconds', '100'), (2, 's3store.max_age_seconds', '200'),
	(3, 's3store.access_key_id', 'ANOTHER'), (4, 's3store.secret_access_key', 'another'),
	(5, 's3store.endpoints', '{"s3": {"region": "us-west-2"}}'), (6, 's3store.presign_expires', '50')) AS c (n, setting, value);
BEGIN;
SELECT changing('s3://bucket/k', 's3store.buckets', bucket) IS NOT NULL FROM (VALUES ('*'), ('bucket'), ('b*'), ('other')) AS v (bucket);
ROLLBACK;

-- Read-only, switched on between two rows.  Nothing is caught in between: the
-- place of the call stays, and so does what it knows
DO $$
DECLARE
	way record;
BEGIN
	FOR way IN SELECT * FROM (VALUES ('put_object', 'off'), ('put_object', 'off'), ('put_object', 'on')) AS v (method, read_only) LOOP
		PERFORM set_config('s3store.session_read_only', way.read_only, true);
		RAISE NOTICE '%, read-only %: %', way.method, way.read_only, substring(s3_presign('s3://bucket/k', way.method) FROM '^[^?]*');
	END LOOP;
END $$;
-- A link that reads is known; one that writes is another matter
DO $$
DECLARE
	method text;
BEGIN
	FOREACH method IN ARRAY '{get_object,get_object,put_object}'::text[] LOOP
		RAISE NOTICE '%: %', method, s3_presign('guarded://bucket/k', method) IS NOT NULL;
	END LOOP;
END $$;
CREATE FUNCTION guarded(url text, method text, read_only text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('s3store.session_read_only', read_only, true);
	RETURN substring(s3_presign(url, method) FROM '^[^?]*');
END $$;
SELECT guarded('s3://bucket/k', method, value)
FROM (VALUES ('put_object', 'off'), ('put_object', 'off'), ('get_object', 'on'), ('get_object', 'on'), ('put_object', 'off')) AS v (method, value);

-- Roles that change between two rows: SET ROLE, and a function of its owner
CREATE ROLE regress_s3_reader IN ROLE s3store_read;
CREATE ROLE regress_s3_writer IN ROLE s3store_write;
CREATE ROLE regress_s3_nobody;
GRANT USAGE, CREATE ON SCHEMA public TO regress_s3_reader, regress_s3_writer, regress_s3_nobody;
CREATE FUNCTION as_role(role text, url text, method text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', role, true);
	RETURN substring(s3_presign(url, method) FROM '^[^?]*');
EXCEPTION WHEN insufficient_privilege THEN
	RETURN SQLERRM;
END $$;
BEGIN;
SELECT method, role, as_role(role, 's3://bucket/k', method)
FROM unnest('{get_object,put_object,copy_object}'::text[]) AS method,
	unnest('{none,regress_s3_reader,regress_s3_writer,regress_s3_reader,none,regress_s3_writer}'::text[]) AS role
WHERE method <> 'copy_object' OR role <> 'none';
ROLLBACK;
-- nothing is caught in between
CREATE FUNCTION by_roles(roles text[], method text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	role text;
BEGIN
	FOREACH role IN ARRAY roles LOOP
		PERFORM set_config('role', role, true);
		RAISE NOTICE '%: %', role, substring(s3_presign('s3://bucket/k', method) FROM '^[^?]*');
	END LOOP;
END $$;
SELECT by_roles('{regress_s3_writer,regress_s3_writer,none,regress_s3_reader}', 'put_object');
SELECT by_roles('{regress_s3_reader,regress_s3_reader,none,regress_s3_writer}', 'get_object');
SELECT by_roles('{none,none,regress_s3_nobody}', 'get_object');
-- the place in the query is one, whoever runs it
CREATE FUNCTION link_of(url text) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN RETURN substring(s3_presign(url, 'put_object') FROM '^[^?]*'); END $$;
SET ROLE regress_s3_writer;
CREATE FUNCTION writer_link(url text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN public.link_of(url); END $$;
RESET ROLE;
SET ROLE regress_s3_reader;
SELECT writer_link('s3://bucket/' || i) FROM generate_series(1, 3) AS i;
SELECT writer_link('s3://bucket/' || i), link_of('s3://bucket/' || i) FROM generate_series(1, 3) AS i;
RESET ROLE;
-- a membership that ends within the transaction
GRANT s3store_read TO regress_s3_nobody;
BEGIN;
SET LOCAL ROLE regress_s3_nobody;
SELECT as_role('regress_s3_nobody', 's3://bucket/' || i, 'get_object') FROM generate_series(1, 2) AS i;
RESET ROLE;
REVOKE s3store_read FROM regress_s3_nobody;
GRANT EXECUTE ON FUNCTION s3_presign(text, text, interval, jsonb, timestamptz) TO regress_s3_nobody;
SELECT as_role('regress_s3_nobody', 's3://bucket/' || i, 'get_object') FROM generate_series(1, 2) AS i;
ROLLBACK;

-- Prepared statements
PREPARE link (text, text, timestamptz) AS SELECT s3_presign(url || $1, $2, signed_at => $3) FROM (VALUES ('s3://bucket/'), ('s3://bucket/a')) AS v (url);
SET plan_cache_mode = force_generic_plan;
EXECUTE link ('1', 'GET', '2024-02-29 23:59:59 UTC');
SET s3store.access_key_id = 'AKIDOTHER';
EXECUTE link ('1', 'GET', '2024-03-01 00:00:00 UTC');
SET s3store.secret_access_key = 'other';
EXECUTE link ('1', 'PUT', '2024-03-01 00:00:00 UTC');
DEALLOCATE link;
RESET plan_cache_mode;

-- What the planner does: links are made last, and only those that are needed
CREATE TABLE photo (id int PRIMARY KEY, taken int, url text);
INSERT INTO photo SELECT i, i * 7919 % 1009, 's3://bucket/' || i FROM generate_series(1, 1000) AS i;
CREATE VIEW photo_link AS SELECT id, taken, s3_presign(url) AS link FROM photo;
ANALYZE photo;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF, VERBOSE) SELECT link FROM photo_link WHERE id = 500;
EXPLAIN (COSTS OFF, VERBOSE) SELECT link FROM photo_link ORDER BY taken LIMIT 3;
EXPLAIN (COSTS OFF, VERBOSE) SELECT id FROM photo_link WHERE id = 500;
SET track_functions = 'all';
CREATE FUNCTION signed(command text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	before bigint := coalesce((SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = 's3_presign'), 0);
BEGIN
	EXECUTE command;
	RETURN coalesce((SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = 's3_presign'), 0) - before;
END $$;
SELECT signed('SELECT count(link) FROM photo_link WHERE id = 500') AS by_id,
	signed('SELECT link FROM photo_link ORDER BY taken LIMIT 3') AS sorted,
	signed('SELECT count(link) FROM (SELECT link FROM photo_link ORDER BY taken LIMIT 3) AS l') AS subquery,
	signed('SELECT count(*) FROM photo_link') AS counted,
	signed('SELECT count(link) FROM photo_link') AS everything;
RESET track_functions;
RESET enable_bitmapscan;

-- Workers sign, too
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT count(s3_presign(url)) FROM photo;
EXPLAIN (COSTS OFF) SELECT count(s3_presign_request(url)), count(s3_url(url)), count(s3_presign(ARRAY[url])) FROM photo;
SET parallel_leader_participation = off;
CREATE TABLE by_workers AS SELECT id, s3_presign(url, signed_at => :at) AS link FROM photo;
SET max_parallel_workers_per_gather = 0;
SELECT count(*), count(*) FILTER (WHERE link <> s3_presign(url, signed_at => :at)) AS different FROM by_workers JOIN photo USING (id);

DROP TABLE link, expected, by_workers;
DROP VIEW photo_link;
DROP TABLE photo;
DROP FUNCTION general, last_of, changing, guarded, as_role, by_roles, writer_link, link_of, signed;
REVOKE USAGE, CREATE ON SCHEMA public FROM regress_s3_reader, regress_s3_writer, regress_s3_nobody;
DROP ROLE regress_s3_reader, regress_s3_writer, regress_s3_nobody;
RESET s3store.access_key_id;
RESET s3store.secret_access_key;
RESET s3store.endpoints;
