--
-- Objects and rows: what is refused before anything is asked of a server
--
\set SHOW_CONTEXT never
SET s3store.access_key_id = 'id';
SET s3store.secret_access_key = 'secret';
SET s3store.max_attempts = 1;
-- nothing here may reach the network
SET s3store.endpoints = '{
  "s3": {"endpoint_url": "http://127.0.0.1:1"},
  "same": {"endpoint_url": "http://127.0.0.1:1/", "region": "eu-central-1"},
  "below": {"endpoint_url": "http://127.0.0.1:1", "key_prefix": "media"},
  "norm": {"endpoint_url": "http://127.0.0.1:1", "normalize_keys": true},
  "tls": {"endpoint_url": "https://127.0.0.1:1"},
  "port": {"endpoint_url": "http://127.0.0.1:2"},
  "path": {"endpoint_url": "http://127.0.0.1:1/s3"},
  "aws": {}, "aws-eu": {"region": "eu-central-1"}, "aws-dual": {"use_dualstack": true},
  "aws-cn": {"region": "cn-north-1"}, "aws-gov": {"region": "us-gov-west-1"}}';
-- the key on the server, whatever scheme names it
CREATE FUNCTION below(url text, prefix_url text) RETURNS text LANGUAGE sql
AS $$ SELECT convert_from(s3_key_below(url, prefix_url), 'UTF8') $$;
SELECT url, below(url, 's3://b/') FROM unnest(ARRAY[
	's3://b/a', 's3://b/a?b#c', 's3://b//a', 's3://b/media/a', 'S3://b/a', 'same://b/a', 'below://b/a',
	'norm://b/x/../a?b', 'tls://b/a', 'port://b/a', 'path://b/a', 'aws://b/a', 's3://c/a', 's3://B/a',
	'', '-', NULL]) AS url;
SELECT url, below(url, 's3://b/a/') FROM unnest(ARRAY['s3://b/a', 's3://b/a/', 's3://b/a/b', 's3://b/ab']) AS url;
SELECT url, below(url, 'below://b/a') FROM unnest(ARRAY['s3://b/a', 's3://b/media/ab', 'below://b/a']) AS url;
SELECT url, below(url, 'norm://b/x/../a/') FROM unnest(ARRAY['s3://b/a/b', 's3://b/x/../a/b', 'norm://b/a//b']) AS url;
SELECT url, below(url, 'aws://b/') FROM unnest(ARRAY['aws://b/a', 'aws-eu://b/a', 'aws-dual://b/a', 'aws-cn://b/a', 'aws-gov://b/a', 's3://b/a']) AS url;
SELECT url, below('s3://b/a', url) FROM unnest(ARRAY['', '-', NULL]) AS url;
-- many URLs that begin alike, and others between them
SELECT count(*), count(below(url, 's3://b/')) FROM generate_series(1, 1000) AS i,
	concat(CASE i % 3 WHEN 0 THEN 's3://b/' WHEN 1 THEN 's3://c/' ELSE 'below://b/' END, i) AS url;
\set SHOW_CONTEXT errors
SELECT s3_key_below(url, 's3://b/') FROM unnest(ARRAY['s3://b/a', 'no url']) AS url;
SELECT s3_key_below('s3://user:secret@b/a', 's3://b/');
\set SHOW_CONTEXT never
SELECT s3_key_below('s3://b', 's3://b/');
SELECT s3_key_below('s3://b/a' || repeat('a', 1024), 's3://b/');
SELECT s3_key_below('nowhere://b/a', 's3://b/');
SELECT s3_key_below('s3://b/a', 'nowhere://b/');
SELECT s3_key_below('s3://b/a', 'no url');
-- what is no table or column of text
CREATE TABLE car (id int, photo s3url, number int, thumb varchar(100), names text[], fixed char(20));
CREATE DOMAIN fixed AS char(20);
ALTER TABLE car ADD fixed_too fixed;
SELECT * FROM s3_reconcile('s3://b/', 'no_such_table', 'photo');
SELECT * FROM s3_reconcile('s3://b/', 'car', 'no_such_column');
SELECT * FROM s3_reconcile('s3://b/', 'car', 'ctid');
SELECT * FROM s3_reconcile('s3://b/', 'car', 'number');
SELECT * FROM s3_reconcile('s3://b/', 'car', 'names');
SELECT * FROM s3_reconcile('s3://b/', 'car', 'fixed');
SELECT * FROM s3_reconcile('s3://b/', 'car', 'fixed_too');
SELECT * FROM s3_reconcile_all('s3://b/', '{car,car}', '{photo,fixed}');
SELECT * FROM s3_reconcile('s3://b/', 4294967295::oid::regclass, 'photo');
CREATE SEQUENCE car_number;
SELECT * FROM s3_reconcile('s3://b/', 'car_number', 'last_value');
ALTER TABLE car DROP COLUMN number;
SELECT * FROM s3_reconcile('s3://b/', 'car', 'number');
-- bad arguments
SELECT * FROM s3_reconcile('s3://b/', NULL, 'photo');
SELECT * FROM s3_reconcile('s3://b/', 'car', NULL);
SELECT * FROM s3_reconcile('s3://b/', 'car', 'photo', NULL);
SELECT * FROM s3_reconcile('s3://b/', 'car', 'photo', '-1 second');
SELECT * FROM s3_reconcile('no url', 'car', 'photo');
SELECT * FROM s3_reconcile('nowhere://b/', 'car', 'photo');
SELECT * FROM s3_reconcile_all('s3://b/', '{car,car}', '{photo}');
SELECT * FROM s3_reconcile_all('s3://b/', '{}', '{}');
SELECT * FROM s3_reconcile_all('s3://b/', '{car}', '{NULL}');
SELECT * FROM s3_reconcile_all('s3://b/', '{{car}}', '{{photo}}');
SELECT * FROM s3_reconcile_all('s3://b/', NULL, '{photo}');
SELECT * FROM s3_reconcile_all('s3://b/', '{car,car}', '{photo,no_such_column}');
-- no file
SELECT * FROM s3_reconcile('', 'car', 'photo');
SELECT * FROM s3_reconcile('-', 'car', 'photo');
SELECT * FROM s3_reconcile(NULL, 'car', 'photo');
-- rights: the role, the column, every row
CREATE ROLE regress_s3_none;
CREATE ROLE regress_s3_reconciler IN ROLE s3store_read;
SET ROLE regress_s3_none;
SELECT * FROM s3_reconcile('s3://b/', 'car', 'photo');
SELECT * FROM s3_progress;
SET ROLE regress_s3_reconciler;
SELECT * FROM s3_progress;
SELECT * FROM s3_reconcile('s3://b/', 'car', 'photo');
RESET ROLE;
ALTER TABLE car ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON car TO regress_s3_reconciler;
SET ROLE regress_s3_reconciler;
SELECT * FROM s3_reconcile('s3://b/', 'car', 'photo');
RESET ROLE;
-- a server that nobody answers for, and rows that are none
SELECT * FROM s3_reconcile('s3://b/', 'car', 'photo');
SELECT * FROM s3_progress;
-- a prefix that ends within a name
SELECT * FROM s3_reconcile('s3://b/images', 'car', 'photo');
SELECT * FROM s3_reconcile_all('s3://b/images', '{car}', '{photo}');
CALL s3_sync_meta('s3://b/images');
SELECT * FROM s3_reconcile('s3://b/images/', 'car', 'photo');
SELECT * FROM s3_reconcile('s3://b', 'car', 'photo');
SELECT * FROM s3_reconcile('below://b', 'car', 'photo');
DROP TABLE car;
DROP DOMAIN fixed;
DROP SEQUENCE car_number;
DROP FUNCTION below(text, text);
DROP ROLE regress_s3_none, regress_s3_reconciler;
