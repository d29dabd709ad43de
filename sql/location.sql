--
-- URLs: their parts, the domain s3url, and indexes
--
SET client_encoding = 'UTF8';
\pset null '(null)'

-- Whatever stands behind the bucket is the key, byte for byte.
SELECT url, s3_scheme(url), s3_bucket(url), s3_key(url) FROM (VALUES
	('s3://bucket/key'),
	('s3-minio://bucket/2024/report.csv'),
	('S3-MinIO://Bucket/Key'),
	('a+b-c.d9://bucket/key'),
	('x://b/k'),
	('http://bucket/key'),
	('s3://b_u.c-k9/key'),
	('s3://192.168.0.1/key'),
	('s3://-/key'),
	('s3://_/key'),
	('s3://.../key'),
	('s3://bucket'),
	('s3://bucket/'),
	('s3://bucket//'),
	('s3://bucket//key'),
	('s3://bucket/a//b'),
	('s3://bucket/a/'),
	('s3://bucket/.'),
	('s3://bucket/..'),
	('s3://bucket/./a/../b'),
	('s3://bucket/a?versionId=1#top'),
	('s3://bucket/?'),
	('s3://bucket/#'),
	('s3://bucket/100%'),
	('s3://bucket/a%20b%2Fc%00'),
	('s3://bucket/a+b'),
	('s3://bucket/a b'),
	('s3://bucket/ a '),
	('s3://bucket/user:password@host:80/'),
	('s3://bucket/s3://other/key'),
	('s3://bucket/\..\a'),
	('s3://bucket/"quoted"'),
	('s3://bucket/-'),
	('s3://bucket/Größe/日本語')
) AS urls (url);

-- Control characters may stand in a key.
SELECT s3_key('s3://bucket/' || chr(1) || chr(9) || E'\r\n' || chr(127)) =
	chr(1) || chr(9) || E'\r\n' || chr(127) AS same;

-- No file
SELECT s3_scheme(url), s3_bucket(url), s3_key(url), s3_url(url), s3_presign(url)
FROM (VALUES (NULL), (''), ('-')) AS urls (url);

-- Malformed
SELECT s3_scheme('--');
SELECT s3_scheme(' ');
SELECT s3_scheme('key');
SELECT s3_scheme('bucket/key');
SELECT s3_scheme('/bucket/key');
SELECT s3_scheme('//bucket/key');
SELECT s3_scheme('s3');
SELECT s3_scheme('s3:');
SELECT s3_scheme('s3:/bucket/key');
SELECT s3_scheme('s3:bucket');
SELECT s3_scheme('s3:\\bucket\key');
SELECT s3_scheme('://bucket/key');
SELECT s3_scheme(' s3://bucket/key');
SELECT s3_scheme('3s://bucket/key');
SELECT s3_scheme('-s3://bucket/key');
SELECT s3_scheme('s_3://bucket/key');
SELECT s3_scheme('s%33://bucket/key');
SELECT s3_scheme('ß3://bucket/key');
SELECT s3_scheme(E's3\n://bucket/key');
SELECT s3_bucket('s3://');
SELECT s3_bucket('s3:///');
SELECT s3_bucket('s3:///key');
SELECT s3_bucket('s3://./key');
SELECT s3_bucket('s3://../key');
SELECT s3_bucket('s3://..');
SELECT s3_bucket('s3://buc ket/key');
SELECT s3_bucket('s3://bucket?versionId=1');
SELECT s3_bucket('s3://bucket#top');
SELECT s3_bucket('s3://buc%6bet/key');
SELECT s3_bucket('s3://bücket/key');
SELECT s3_bucket('s3://bucket\key');
SELECT s3_bucket('s3://[::1]/key');
SELECT s3_bucket('s3://bucket' || chr(10) || '/key');
SELECT s3_bucket('s3://bucket' || chr(1) || '/key');
SELECT s3_bucket('s3://bucket' || chr(127) || '/key');
SELECT s3_bucket('s3://bucket:9000/key');
SELECT s3_bucket('s3://bucket:/key');
SELECT s3_bucket('s3://user@bucket/key');
SELECT s3_bucket('s3://AKIDREGRESS:nobody-may-see-this@bucket/key');
SELECT s3_bucket('s3://@bucket/key');

-- Limits
SELECT length(s3_scheme(repeat('s', 63) || '://bucket/key'));
SELECT s3_scheme(repeat('s', 64) || '://bucket/key');
SELECT length(s3_bucket('s3://' || repeat('b', 255) || '/key'));
SELECT s3_bucket('s3://' || repeat('b', 256) || '/key');
SELECT length(s3_key('s3://bucket/' || repeat('k', 1024)));
SELECT s3_key('s3://bucket/' || repeat('k', 1025));
SELECT s3_key('s3://bucket/' || repeat('ü', 512)) = repeat('ü', 512) AS same;
SELECT s3_key('s3://bucket/' || repeat('ü', 512) || 'x');
SELECT s3_key('s3://bucket/' || repeat('k', 1000000));

-- The domain
CREATE TABLE photo (id int PRIMARY KEY, url s3url);
INSERT INTO photo VALUES
	(1, NULL), (2, ''), (3, '-'),
	(4, 's3://bucket/cat.jpg'), (5, 's3://bucket/dog.jpg'), (6, 's3://attic/cat.jpg'),
	(7, 'nowhere-configured://bucket'), (8, 's3://bucket//cat.jpg');
INSERT INTO photo VALUES (9, 'cat.jpg');
INSERT INTO photo VALUES (9, 's3:///cat.jpg');
INSERT INTO photo VALUES (9, 's3://user:password@bucket/cat.jpg');
UPDATE photo SET url = 's3://bucket:9000/cat.jpg' WHERE id = 4;
SELECT '/etc/passwd'::s3url;
SELECT 's3://bucket/key'::s3url, NULL::s3url, ''::s3url, '-'::s3url;

-- Indexes
CREATE INDEX photo_bucket ON photo (s3_bucket(url), s3_key(url));
CREATE INDEX photo_key ON photo (s3_key(url)) WHERE s3_scheme(url) = 's3';
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM photo WHERE s3_bucket(url) = 'bucket' AND s3_key(url) = 'cat.jpg';
SELECT id FROM photo WHERE s3_bucket(url) = 'bucket' AND s3_key(url) = 'cat.jpg';
EXPLAIN (COSTS OFF) SELECT id FROM photo WHERE s3_scheme(url) = 's3' AND s3_key(url) = 'cat.jpg';
SELECT id FROM photo WHERE s3_scheme(url) = 's3' AND s3_key(url) = 'cat.jpg' ORDER BY id;
SELECT id FROM photo WHERE s3_bucket(url) IS NULL ORDER BY id;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- A column of plain text takes what it held before, and an index says what it is.
CREATE TABLE legacy (name text);
INSERT INTO legacy VALUES ('s3://bucket/cat.jpg'), ('cat.jpg');
CREATE INDEX ON legacy (s3_key(name));
CREATE INDEX ON legacy (s3_key(name)) WHERE name LIKE '%://%';
ALTER TABLE legacy ALTER name TYPE s3url;
DELETE FROM legacy WHERE name NOT LIKE '%://%';
ALTER TABLE legacy ALTER name TYPE s3url;
\d legacy

-- What the planner may do with them
SELECT proname, provolatile, proisstrict, proparallel FROM pg_proc
WHERE proname IN ('s3_scheme', 's3_bucket', 's3_key', 's3_url', 's3_presign') ORDER BY proname;

DROP TABLE photo, legacy;
