--
-- s3_url: where an object is found
--
SET client_encoding = 'UTF8';
\pset null '(null)'
SET s3store.endpoints = '{
	"s3": {},
	"s3-eu": {"region": "eu-central-1"},
	"s3-cn": {"region": "cn-north-1"},
	"s3-gov": {"region": "us-gov-west-1"},
	"s3-iso": {"region": "us-iso-east-1"},
	"s3-path": {"region": "eu-west-1", "addressing_style": "path"},
	"s3-virtual": {"region": "eu-west-1", "addressing_style": "virtual"},
	"minio": {"endpoint_url": "http://minio:9000"},
	"minio-tls": {"endpoint_url": "https://MinIO.example:443/"},
	"minio-virtual": {"endpoint_url": "http://minio.example:9000", "addressing_style": "virtual"},
	"minio-tls-virtual": {"endpoint_url": "https://minio.example", "addressing_style": "virtual"},
	"minio-ip": {"endpoint_url": "http://127.0.0.1:9000", "addressing_style": "virtual"},
	"minio-ipv6": {"endpoint_url": "http://[2001:DB8::1]:80", "addressing_style": "virtual"},
	"ceph": {"endpoint_url": "https://ceph.example/s3/"},
	"ceph-virtual": {"endpoint_url": "https://ceph.example/s3", "addressing_style": "virtual"},
	"proxied": {"endpoint_url": "http://minio:9000", "endpoint_url_presigning": "https://files.example.com"},
	"media": {"endpoint_url": "http://minio:9000", "key_prefix": "media"},
	"media-normal": {"endpoint_url": "http://minio:9000", "key_prefix": "media/", "normalize_keys": true},
	"normal": {"endpoint_url": "http://minio:9000", "normalize_keys": true}
}';

-- Schemes have no case.
SELECT s3_url('s3://bucket/key'), s3_url('S3://bucket/key'), s3_url('MinIO-TLS://bucket/key');
SELECT s3_url('s4://bucket/key');
SELECT s3_url('http://bucket/key');

-- Regions
SELECT s3_url(url) FROM (VALUES
	('s3://bucket/key'),
	('s3-eu://bucket/key'),
	('s3-cn://bucket/key'),
	('s3-gov://bucket/key'),
	('s3-iso://bucket/key')
) AS urls (url);
SET s3store.region = 'ap-southeast-2';
SELECT s3_url('s3://bucket/key'), s3_url('s3-eu://bucket/key');
RESET s3store.region;

-- Buckets, in host names where they can be
SELECT scheme, bucket, s3_url(scheme || '://' || bucket || '/key')
FROM unnest('{s3,s3-path,s3-virtual,minio,minio-tls,minio-virtual,minio-tls-virtual,minio-ip,minio-ipv6,ceph,ceph-virtual}'::text[])
	WITH ORDINALITY AS schemes (scheme, n),
	unnest('{bucket,my.bucket,Bucket,my_bucket,ab,192.168.0.1,-bucket}'::text[])
	WITH ORDINALITY AS buckets (bucket, m)
ORDER BY n, m;
SELECT s3_url('s3://' || repeat('b', 63) || '/key');
SELECT s3_url('s3://' || repeat('b', 64) || '/key');
SET s3store.addressing_style = 'path';
SELECT s3_url('s3://bucket/key'), s3_url('s3-virtual://bucket/key');
SET s3store.addressing_style = 'virtual';
SELECT s3_url('s3://bucket/key'), s3_url('minio://bucket/key'), s3_url('s3-path://bucket/key');
RESET s3store.addressing_style;

-- Links are made for the endpoint that the clients see.
SELECT s3_url('proxied://bucket/key');

-- Keys are encoded, and otherwise left alone.
SELECT key, s3_url('minio://bucket/' || key) FROM (VALUES
	('a b'), ('a+b'), ('a%20b'), ('a?b=c&d#e'), ('a//b'), ('/a'), ('a/'), ('a/../b'), ('./a'),
	('AZaz09-._~'), ('!$&''()*,:;=@[]"<>\^`{|}'), ('Größe/日本語'), ('..')
) AS keys (key);
SELECT s3_url('minio://bucket/' || chr(10) || chr(127));
SELECT s3_url('minio://bucket');
SELECT s3_url('minio://bucket/');

-- A prefix before every key
SELECT key, s3_url('media://bucket/' || key) FROM (VALUES
	('a'), ('a/b'), ('/a'), ('a/../b'), ('a/..'), ('...'), ('..a'), ('a?b')
) AS keys (key);
SELECT s3_url('media://bucket/');
SELECT s3_url('media://bucket/..');
SELECT s3_url('media://bucket/../secret');
SELECT s3_url('media://bucket/a/../../secret');
SELECT s3_url('media://bucket/a?/../../secret');
SELECT s3_url('media://bucket/a#/../../secret');
SELECT s3_url('media://bucket/' || repeat('k', 1018)) = 'http://minio:9000/bucket/media/' || repeat('k', 1018) AS good;
SELECT s3_url('media://bucket/' || repeat('k', 1019));
SET s3store.key_prefix = '/top/';
SELECT s3_url('minio://bucket/a'), s3_url('media://bucket/a');
SELECT s3_url('minio://bucket/../a');
RESET s3store.key_prefix;

-- Keys read as the Python library reads them
SELECT key, s3_url('normal://bucket/' || key) FROM (VALUES
	('a'), ('a//b'), ('/a'), ('a/'), ('./a/./b'), ('a/../b'), ('../../a'), ('a?b'), ('a#b/../c'), ('a/..b?/c')
) AS keys (key);
SELECT s3_url('normal://bucket/?a');
SELECT s3_url('normal://bucket/a/..');
SELECT s3_url('normal://bucket//');
SELECT key, s3_url('media-normal://bucket/' || key) FROM (VALUES
	('a'), ('a//b/'), ('a/../b'), ('a?/../../b')
) AS keys (key);
SELECT s3_url('media-normal://bucket/../a');
SELECT s3_url('media-normal://bucket/a/../../b');
SELECT s3_url('media-normal://bucket/a/..');

-- Which rows the two readings take for different objects
SET s3store.normalize_keys = on;
SELECT url, s3_url(url) FROM (VALUES ('minio://bucket/a//b'), ('minio://bucket/a')) AS urls (url);
SET s3store.normalize_keys = off;
SELECT url, s3_url(url) FROM (VALUES ('minio://bucket/a//b'), ('minio://bucket/a')) AS urls (url);
RESET s3store.normalize_keys;

-- The other hosts of AWS
SET s3store.endpoints = '{
	"plain": {},
	"dual": {"use_dualstack": true},
	"dual-path": {"use_dualstack": true, "addressing_style": "path"},
	"fips": {"use_fips": true},
	"fips-dual": {"use_fips": true, "use_dualstack": true},
	"fast": {"use_accelerate": true},
	"fast-dual": {"use_accelerate": true, "use_dualstack": true},
	"global": {"region": "aws-global"},
	"old-fips": {"region": "fips-us-gov-west-1"},
	"cn": {"region": "cn-north-1"},
	"cn-dual": {"region": "cn-north-1", "use_dualstack": true},
	"path": {"addressing_style": "path"},
	"minio": {"endpoint_url": "http://minio:9000"},
	"minio-only": {"endpoint_url": "http://minio:9000", "use_fips": false},
	"links": {"use_accelerate": true, "endpoint_url_presigning": "https://files.example.com"}
}';
SELECT scheme, s3_url(scheme || '://bucket/key')
FROM unnest('{plain,dual,dual-path,fips,fips-dual,fast,fast-dual,global,old-fips,cn,cn-dual,links}'::text[])
	WITH ORDINALITY AS schemes (scheme, n)
ORDER BY n;
SELECT s3_url('dual://my.bucket/key');
SELECT s3_url('fips://my.bucket/key');
SELECT s3_url('fast://My_bucket/key');
SELECT s3_url('fast://ab/key');

-- What AWS does not have is refused with the entry that says it ...
SET s3store.endpoints = '{"s3": {"use_dualstack": true, "endpoint_url": "http://minio:9000"}}';
SET s3store.endpoints = '{"s3": {"use_fips": true, "endpoint_url": "http://minio:9000"}}';
SET s3store.endpoints = '{"s3": {"use_accelerate": true, "endpoint_url": "http://minio:9000"}}';
SET s3store.endpoints = '{"s3": {"use_accelerate": true, "use_fips": true}}';
SET s3store.endpoints = '{"s3": {"use_fips": true, "addressing_style": "path"}}';
SET s3store.endpoints = '{"s3": {"use_accelerate": true, "addressing_style": "path"}}';
SET s3store.endpoints = '{"s3": {}, "s3-cn": {"use_fips": true, "region": "cn-north-1"}}';
SET s3store.endpoints = '{"s3": {"use_accelerate": true, "region": "cn-north-1"}}';
SET s3store.endpoints = '{"s3": {"region": "fips-us-east-1", "use_accelerate": true}}';
SET s3store.endpoints = '{"s3": {"region": "s3-external-1"}}';
SET s3store.endpoints = '{"s3": {"region": "aws-cn-global"}}';

-- ... or when it is used, with the other settings
SET s3store.use_fips = on;
SELECT s3_url('plain://bucket/key'), s3_url('minio-only://bucket/key');
SELECT s3_url('minio://bucket/key');
SELECT s3_url('cn://bucket/key');
SELECT s3_url('path://bucket/key');
SELECT s3_url('fast://bucket/key');
RESET s3store.use_fips;
SET s3store.region = 's3-external-1';
SELECT s3_url('minio://bucket/key');
SELECT s3_url('plain://bucket/key');
RESET s3store.region;

-- Buckets that AWS reaches by other means; elsewhere they are as any other
SELECT s3_url('plain://my-access-po-5oiqnrsu6fgmpyw3drzdqh74zq4sqeuw2a-s3alias/key');
SELECT s3_url('plain://bucket--use1-az4--x-s3/key');
SELECT s3_url('path://bucket--use1-az4--xa-s3/key');
SELECT s3_url('plain://mfzwi23gnjvgw.mrap/key');
SELECT s3_url('plain://bucket--op-s3/key');
SELECT s3_url('plain://bucket--ol-s3/key');
SELECT s3_url('minio://bucket--use1-az4--x-s3/key'), s3_url('minio://mfzwi23gnjvgw.mrap/key');
SELECT s3_url('plain://arn:aws:s3:us-east-1:123456789012:accesspoint/my-point/key');

-- IP addresses come out in their one form; what only looks like one does not.
SET s3store.endpoints = '{"minio": {"endpoint_url": "http://[2001:0DB8:0:0::0001]:9000"}}';
SELECT s3_url('minio://bucket/key');
SET s3store.endpoints = '{"minio": {"endpoint_url": "http://[1::2::3]:9000"}}';
SET s3store.endpoints = '{"minio": {"endpoint_url": "http://127.1:9000"}}';

RESET s3store.endpoints;
