"""test_objects.py - objects read and written on real servers.

What s3store writes boto3 reads, and the other way round; what goes wrong is
told with its SQLSTATE, the server's words and a way out, and never with a
secret.
"""
import contextlib
import datetime
import gzip
import hashlib
import io
import json
import os
import re
import unittest

import psycopg2
from backend import Cluster, entry, with_files
from fault import Answer, FaultServer
from harness import ENDPOINTS, BucketCase, endpoint, environment, query, rgw, swift
from keys import ODD_KEYS
from sts import temporary_keys

ALL_BYTES = bytes(range(256)) * 4
LARGE = 100 * 1024 * 1024
KIB = 1024
SSE_KEY = 'abcdefghijklmnopqrstuvwxyz012345'
ABSENT_SECRET = 'canary0secret0canary0secret0canary0secre'
ABSENT_TOKEN = 'canary1token1canary1token1'
OBJECT_FIELDS = ('url', 'size', 'last_modified', 'etag', 'content_type', 'content_encoding',
                 'content_disposition', 'content_language', 'cache_control', 'storage_class',
                 'version_id', 'server_side_encryption', 'metadata')


# -----------------------------------------------------------------------------
# Shared
# -----------------------------------------------------------------------------

class ObjectCase(BucketCase):
    """A case with the functions at hand."""

    def url(self, key, bucket=None, scheme='s3'):
        return '%s://%s/%s' % (scheme, bucket or self.name, key)

    def one(self, statement, *args, session=None):
        """The one value of the one row."""
        ((value,),) = query(session or self.session, statement, *args)
        return bytes(value) if isinstance(value, memoryview) else value

    def put(self, key, content, **arguments):
        """s3_put with arguments by name; returns the URL that was stored."""
        names = ''.join(', %s => %%s' % name for name in arguments)
        values = [json.dumps(value) if isinstance(value, dict) else value
                  for value in arguments.values()]
        return self.one('SELECT s3_put(%s, %s::bytea' + names + ')', self.url(key),
                        psycopg2.Binary(content), *values)

    def get(self, key, params=None, **where):
        return self.one('SELECT s3_get(%s, %s)', self.url(key, **where),
                        None if params is None else json.dumps(params))

    def head(self, key, params=None, **where):
        """The fields of s3_head by name, or None."""
        (row,) = query(self.session, 'SELECT h.* FROM s3_head(%s, %s) AS h',
                       self.url(key, **where), None if params is None else json.dumps(params))
        self.assertEqual(len(row), len(OBJECT_FIELDS))
        return None if row[0] is None else dict(zip(OBJECT_FIELDS, row))

    def set(self, name, value):
        query(self.session, 'SELECT set_config(%s, %s, false)', 's3store.' + name, value)

    @contextlib.contextmanager
    def assertServerError(self, state, status, code=None, **words):
        """An answer of the server's: what it said stands in the detail."""
        with self.assertSqlState(state, **words) as caught:
            yield caught
        detail = caught.error.diag.message_detail
        self.assertIn('HTTP status %d' % status, detail)
        self.assertRegex(detail, r'request ID "[^"]+"')
        if code is not None:
            self.assertIn('error code "%s"' % code, detail)


# -----------------------------------------------------------------------------
# Keys and content
# -----------------------------------------------------------------------------

class KeyTest(ObjectCase):
    """Keys of every class of bytes, in both directions."""

    def setUp(self):
        super().setUp()
        self.s3 = rgw()
        self.name = self.bucket()

    def test_written_by_us(self):
        for number, key in enumerate(ODD_KEYS):
            with self.subTest(key=key):
                content = b'%d' % number
                self.assertEqual(self.put(key, content), self.url(key))
                self.assertEqual(self.stored(key)['Body'], content)
        self.assertEqual(self.listed(), sorted(ODD_KEYS))

    def test_written_by_boto3(self):
        for number, key in enumerate(ODD_KEYS):
            with self.subTest(key=key):
                content = b'%d' % number
                self.store(key, content)
                self.assertEqual(self.get(key), content)
                self.assertEqual(self.head(key)['size'], len(content))
                self.assertTrue(self.one('SELECT s3_exists(%s)', self.url(key)))

    def test_deleted_by_us(self):
        for key in ODD_KEYS:
            self.store(key, b'')
        for key in ODD_KEYS:
            with self.subTest(key=key):
                self.assertIs(self.one('SELECT s3_delete(%s)', self.url(key)), True)
        self.assertEqual(self.listed(), [])

    def test_too_long(self):
        for key in ('a' * 1025, '\u00fc' * 513):
            with self.subTest(key=key), self.assertSqlState('54000', detail='1024'):
                self.get(key)

    def listed(self):
        pages = self.s3.get_paginator('list_objects_v2').paginate(Bucket=self.name)
        return sorted(item['Key'] for page in pages for item in page.get('Contents', []))


class ContentTest(ObjectCase):
    """Content comes out as it went in."""

    def test_bytes_written_by_us(self):
        self.put(self.key(), ALL_BYTES)
        self.assertEqual(self.stored(self.key())['Body'], ALL_BYTES)

    def test_bytes_written_by_boto3(self):
        self.store(self.key(), ALL_BYTES)
        self.assertEqual(self.get(self.key()), ALL_BYTES)

    def test_nothing_but_nul(self):
        self.put(self.key(), bytes(1000))
        self.assertEqual(self.get(self.key()), bytes(1000))

    def test_empty(self):
        self.put(self.key('-ours'), b'')
        self.assertEqual(self.stored(self.key('-ours'))['Body'], b'')
        self.store(self.key('-theirs'), b'')
        self.assertEqual(self.get(self.key('-theirs')), b'')
        self.assertEqual(self.one('SELECT s3_get_text(%s)', self.url(self.key('-theirs'))), '')
        self.assertEqual(self.one('SELECT s3_size(%s)', self.url(self.key('-theirs'))), 0)
        self.assertTrue(self.one('SELECT s3_exists(%s)', self.url(self.key('-theirs'))))

    def test_sizes_around_a_buffer(self):
        for size in (1, 2, 8191, 8192, 16383, 16384, 16385, 32768, 65535, 65536, 1000003):
            with self.subTest(size=size):
                content = os.urandom(size)
                self.put(self.key(str(size)), content)
                self.assertEqual(self.stored(self.key(str(size)))['Body'], content)
                self.assertEqual(self.get(self.key(str(size))), content)

    def test_large(self):
        """100 MB from boto3 into a table, and from there back to boto3."""
        content = os.urandom(LARGE)
        digest = hashlib.sha256(content).digest()
        self.s3.upload_fileobj(io.BytesIO(content), self.name, self.key('-theirs'))
        query(self.session, 'CREATE TEMPORARY TABLE large AS SELECT s3_get(%s) AS content',
              self.url(self.key('-theirs')))
        self.assertEqual(self.one('SELECT sha256(content) FROM large'), digest)
        self.one('SELECT s3_put(%s, content) FROM large', self.url(self.key('-ours')))
        self.assertEqual(hashlib.sha256(self.stored(self.key('-ours'))['Body']).digest(), digest)

    def test_text(self):
        text = 'Gr\u00fc\u00dfe, \u20ac, \u4e2d, \U0001f600\r\n\ttab'
        self.one('SELECT s3_put(%s, %s::text)', self.url(self.key()), text)
        self.assertEqual(self.stored(self.key())['Body'], text.encode())
        self.assertEqual(self.one('SELECT s3_get_text(%s)', self.url(self.key())), text)

    def test_text_in_its_charset(self):
        for charset, encoding in (('iso-8859-1', 'latin-1'), ('"UTF-8"', 'utf-8'),
                                  ('windows-1252', 'cp1252'), ('utf8', 'utf-8')):
            with self.subTest(charset=charset):
                self.store(self.key(), 'Gr\u00fc\u00dfe'.encode(encoding),
                           ContentType='text/plain; charset=' + charset)
                self.assertEqual(self.one('SELECT s3_get_text(%s)', self.url(self.key())),
                                 'Gr\u00fc\u00dfe')

    def test_what_is_no_text(self):
        for content in (b'\xff\xfe', b'a\x00b', b'\xc3'):
            with self.subTest(content=content):
                self.store(self.key(), content)
                with self.assertSqlState('22021'):
                    self.one('SELECT s3_get_text(%s)', self.url(self.key()))

    def test_range(self):
        self.store(self.key(), b'0123456789')
        self.assertEqual(self.get(self.key(), {'Range': 'bytes=2-4'}), b'234')
        self.assertEqual(self.get(self.key(), {'Range': 'bytes=-3'}), b'789')
        with self.assertServerError('22023', 416, contains='range'):
            self.get(self.key(), {'Range': 'bytes=100-'})

    def test_conditions(self):
        etag = self.store(self.key(), b'x')['ETag']
        self.assertEqual(self.get(self.key(), {'IfMatch': etag}), b'x')
        with self.assertServerError('58P02', 412):
            self.get(self.key(), {'IfMatch': '"0"'})
        with self.assertServerError('58P02', 304):
            self.get(self.key(), {'IfNoneMatch': etag})


class NoFileTest(ObjectCase):
    """NULL, '' and '-' name no file: the answer is NULL, and nobody is asked."""

    CALLS = (
        's3_put(%s, \'x\'::bytea)', 's3_put(%s, \'x\'::text)', 's3_get(%s)', 's3_get_text(%s)',
        's3_head(%s)', 's3_exists(%s)', 's3_size(%s)', 's3_modified_time(%s)', 's3_delete(%s)',
        's3_url(%s)', 's3_presign(%s)', 's3_scheme(%s)', 's3_bucket(%s)', 's3_key(%s)',
    )

    def test_all(self):
        for call in self.CALLS:
            for url in (None, '', '-'):
                with self.subTest(call=call, url=url):
                    self.assertIsNone(self.one('SELECT ' + call, url))

    def test_no_content(self):
        for kind in ('bytea', 'text'):
            self.assertIsNone(self.one('SELECT s3_put(%s, NULL::' + kind + ')',
                                       self.url(self.key())))
        self.assertFalse(self.one('SELECT s3_exists(%s)', self.url(self.key())))


# -----------------------------------------------------------------------------
# Names that are taken
# -----------------------------------------------------------------------------

class OverwriteTest(ObjectCase):
    """Django's rule for names that are taken."""

    # key: what the other name looks like
    NAMES = {
        'photo.jpg': r'photo_\w{7}\.jpg',
        'photo': r'photo_\w{7}',
        'archive.tar.gz': r'archive\.tar_\w{7}\.gz',
        '.bashrc': r'\.bashrc_\w{7}',
        '..a.b': r'\.\.a_\w{7}\.b',
        'dir.d/file': r'dir\.d/file_\w{7}',
        'dir/a b.\u00fc': r'dir/a b_\w{7}\.\u00fc',
        'ends.': r'ends_\w{7}\.',
    }

    def test_other_name(self):
        for key, pattern in self.NAMES.items():
            with self.subTest(key=key):
                self.assertEqual(self.put(key, b'first'), self.url(key))
                other = self.put(key, b'second')
                self.assertRegex(other, r'\A%s\Z' % (re.escape(self.url('')) + pattern))
                self.assertEqual(self.stored(key)['Body'], b'first')
                self.assertEqual(self.one('SELECT s3_get(%s)', other), b'second')

    def test_many_of_one_name(self):
        urls = {self.put(self.key(), b'%d' % number) for number in range(20)}
        self.assertEqual(len(urls), 20)

    def test_overwrite(self):
        for content in (b'first', b'second'):
            self.assertEqual(self.put(self.key(), content, overwrite=True), self.url(self.key()))
            self.assertEqual(self.stored(self.key())['Body'], content)

    def test_setting(self):
        self.set('file_overwrite', 'on')
        self.put(self.key(), b'first')
        self.assertEqual(self.put(self.key(), b'second'), self.url(self.key()))
        self.assertNotEqual(self.put(self.key(), b'third', overwrite=False), self.url(self.key()))
        self.assertEqual(self.stored(self.key())['Body'], b'second')

    def test_condition_of_the_caller(self):
        """It decides by itself: no other name is tried, and an error says that it failed."""
        self.put(self.key(), b'first')
        for condition in ({'IfMatch': 'f' * 32}, {'IfNoneMatch': '*'}):
            with self.subTest(condition), self.assertSqlState('58P02', detail='412'):
                self.put(self.key(), b'second', params=condition)
        etag = self.head(self.key())['etag']
        self.assertEqual(self.put(self.key(), b'third', params={'IfMatch': etag}),
                         self.url(self.key()))
        self.assertEqual(self.stored(self.key())['Body'], b'third')

    def test_conditional(self):
        """With the condition in the parameters it is the caller's to handle."""
        self.put(self.key(), b'first')
        with self.assertServerError('58P02', 412, 'PreconditionFailed'):
            self.put(self.key(), b'second', overwrite=True, params={'IfNoneMatch': '*'})

    def test_swift(self):
        """Swift knows no conditional put."""
        name = self.bucket(swift())
        url = self.url('a.txt', name, 's3-swift')
        put = 'SELECT s3_put(%s, %s::text)'
        self.assertEqual(self.one(put, url, 'first'), url)
        other = self.one(put, url, 'second')
        self.assertRegex(other, r'/a_\w{7}\.txt\Z')
        self.assertEqual(self.one('SELECT s3_get_text(%s)', url), 'first')
        self.assertEqual(self.one('SELECT s3_get_text(%s)', other), 'second')


# -----------------------------------------------------------------------------
# Headers, metadata, parameters
# -----------------------------------------------------------------------------

class HeaderTest(ObjectCase):
    """What is given with an object is seen on it with boto3."""

    def test_defaults(self):
        self.put(self.key(), b'x')
        stored = self.stored(self.key())
        self.assertEqual(stored['ContentType'], 'application/octet-stream')
        self.assertEqual(stored['CacheControl'], 'private,max-age=3600')
        self.assertEqual(stored['Metadata'], {})

    def test_max_age(self):
        self.set('max_age_seconds', '10')
        self.put(self.key(), b'x')
        self.assertEqual(self.stored(self.key())['CacheControl'], 'private,max-age=10')

    def test_content_type(self):
        self.put(self.key('1'), b'x', content_type='text/csv; charset=utf-8')
        self.assertEqual(self.stored(self.key('1'))['ContentType'], 'text/csv; charset=utf-8')
        self.put(self.key('2'), b'x', params={'ContentType': 'image/png'})
        self.assertEqual(self.stored(self.key('2'))['ContentType'], 'image/png')
        with self.assertSqlState('22023', 'twice'):
            self.put(self.key('3'), b'x', content_type='a/b', params={'ContentType': 'a/b'})

    def test_metadata(self):
        # Neither tabs nor underscores: Ceph signs the one and renames the other
        # in its own way.
        metadata = {'Owner': 'Ann', 'x-y': '', 'note': 'a  b', 'n': '1', "!#$%&'*+.^`|~": '"\\'}
        self.put(self.key(), b'x', metadata=metadata)
        stored = self.stored(self.key())['Metadata']
        self.assertEqual(stored, {name.lower(): value for name, value in metadata.items()})
        self.assertEqual(self.head(self.key())['metadata'], stored)

    def test_metadata_in_params(self):
        self.put(self.key(), b'x', params={'Metadata': {'a': 'b'}})
        self.assertEqual(self.stored(self.key())['Metadata'], {'a': 'b'})

    def test_bad_metadata(self):
        bad = ({'a b': 'c'}, {'': 'c'}, {'a': 'x\ny: z'}, {'a': ' b'}, {'a': 1}, ['a'],
               {'a': {'b': 'c'}}, {'a:': 'b'})
        for metadata in bad:
            with self.subTest(metadata=metadata), self.assertSqlState('22023'):
                self.put_with_metadata(metadata)
        with self.assertSqlState('54000', detail='2048'):
            self.put_with_metadata({'a': 'b' * 2048})
        self.assertFalse(self.one('SELECT s3_exists(%s)', self.url(self.key())))

    def put_with_metadata(self, metadata):
        self.one('SELECT s3_put(%s, \'x\'::text, metadata => %s)', self.url(self.key()),
                 json.dumps(metadata))

    def test_params(self):
        params = {
            'ContentDisposition': 'attachment; filename="a b.txt"', 'ContentLanguage': 'de',
            'ContentEncoding': 'x-own', 'CacheControl': 'no-store',
            'Expires': '2031-02-03 04:05:06+00', 'StorageClass': 'STANDARD_IA',
        }
        self.put(self.key(), b'x', params=params)
        stored = self.stored(self.key())
        self.assertEqual(stored['Expires'], datetime.datetime(2031, 2, 3, 4, 5, 6,
                                                              tzinfo=datetime.timezone.utc))
        for name in set(params) - {'Expires'}:
            self.assertEqual(stored[name], params[name], name)

    def test_tagging(self):
        self.put(self.key(), b'x', params={'Tagging': 'a=1&b%20c=%26'})
        tags = self.s3.get_object_tagging(Bucket=self.name, Key=self.key())['TagSet']
        self.assertEqual({tag['Key']: tag['Value'] for tag in tags}, {'a': '1', 'b c': '&'})

    def test_acl(self):
        self.put(self.key(), b'x', params={'ACL': 'public-read'})
        grants = self.s3.get_object_acl(Bucket=self.name, Key=self.key())['Grants']
        grantees = [grant['Grantee'].get('URI', '') for grant in grants]
        self.assertIn('http://acs.amazonaws.com/groups/global/AllUsers', grantees)

    def test_every_storage_class(self):
        for name in ('STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'REDUCED_REDUNDANCY', 'GLACIER',
                     'INTELLIGENT_TIERING', 'GLACIER_IR', 'DEEP_ARCHIVE'):
            with self.subTest(name=name):
                self.put(self.key(name), b'x', params={'StorageClass': name})
                self.assertEqual(self.stored(self.key(name)).get('StorageClass', 'STANDARD'), name)
                self.assertEqual(self.head(self.key(name))['storage_class'], name)

    def test_content_md5(self):
        with self.assertServerError('22023', 400, 'BadDigest'):
            self.put(self.key(), b'x', params={'ContentMD5': 'AAAAAAAAAAAAAAAAAAAAAA=='})

    def test_encryption_with_own_key(self):
        sse = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': SSE_KEY}
        self.put(self.key(), b'secret', params=sse)
        self.assertEqual(self.stored(self.key(), **sse)['Body'], b'secret')
        self.assertEqual(self.get(self.key(), sse), b'secret')
        self.assertEqual(self.head(self.key(), sse)['size'], 6)
        with self.assertServerError('22023', 400):
            self.get(self.key())
        with self.assertServerError('22023', 400):
            self.get(self.key(), dict(sse, SSECustomerKey=SSE_KEY[::-1]))

    def test_encryption_with_own_key_of_boto3(self):
        key = bytes(range(32))
        self.store(self.key(), b'secret', SSECustomerAlgorithm='AES256', SSECustomerKey=key)
        self.assertEqual(self.get(self.key(), {
            'SSECustomerAlgorithm': 'AES256',
            'SSECustomerKey': 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='}), b'secret')

    def test_encryption_by_the_server(self):
        params = {'ServerSideEncryption': 'aws:kms', 'SSEKMSKeyId': 'testkey-1'}
        self.put(self.key(), b'x', params=params)
        stored = self.stored(self.key())
        self.assertEqual({name: stored[name] for name in params}, params)
        self.assertEqual(self.head(self.key())['server_side_encryption'], 'aws:kms')

    def test_length_is_ours(self):
        with self.assertSqlState('22023', 'ContentLength'):
            self.put(self.key(), b'x', params={'ContentLength': 5})

    def test_no_such_param(self):
        for call in ('s3_put(%s, \'x\'::text, params => %s)', 's3_get(%s, %s)',
                     's3_head(%s, %s)', 's3_delete(%s, %s)'):
            with self.subTest(call=call), self.assertSqlState('22023', 'Nothing', 'RequestPayer'):
                self.one('SELECT ' + call, self.url(self.key()), '{"Nothing": 1}')


class HeadTest(ObjectCase):
    """Every field of s3_head, and what is made of it."""

    def test_every_field(self):
        answer = self.store(
            self.key(), b'12345', ContentType='text/plain', ContentEncoding='x-own',
            ContentDisposition='inline; filename="\u00fc.txt"', ContentLanguage='en',
            CacheControl='no-cache', StorageClass='GLACIER', Metadata={'a': 'b', 'c-d': 'e f'})
        theirs = self.s3.head_object(Bucket=self.name, Key=self.key())
        head = self.head(self.key())
        modified = head.pop('last_modified')
        self.assertEqual(modified, theirs['LastModified'])
        self.assertEqual(head, {
            'url': self.url(self.key()), 'size': 5, 'etag': answer['ETag'].strip('"'),
            'content_type': 'text/plain', 'content_encoding': 'x-own',
            'content_disposition': 'inline; filename="\u00fc.txt"', 'content_language': 'en',
            'cache_control': 'no-cache', 'storage_class': 'GLACIER', 'version_id': None,
            'server_side_encryption': None, 'metadata': {'a': 'b', 'c-d': 'e f'}})

    def test_plain_object(self):
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'')
        head = self.head(self.key())
        self.assertEqual(head['size'], 0)
        self.assertEqual(head['storage_class'], 'STANDARD')
        self.assertEqual(head['metadata'], {})
        for name in ('content_encoding', 'content_disposition', 'content_language', 'version_id',
                     'server_side_encryption'):
            self.assertIsNone(head[name], name)

    def test_modified_time(self):
        self.store(self.key(), b'x')
        theirs = self.s3.head_object(Bucket=self.name, Key=self.key())['LastModified']
        for zone in ('UTC', 'Europe/Berlin', 'America/St_Johns'):
            query(self.session, 'SELECT set_config(\'timezone\', %s, false)', zone)
            self.assertEqual(self.one('SELECT s3_modified_time(%s)', self.url(self.key())), theirs)

    def test_size(self):
        self.store(self.key(), bytes(12345))
        self.assertEqual(self.one('SELECT s3_size(%s)', self.url(self.key())), 12345)

    def test_metadata_that_is_not_ascii(self):
        """They come back the same from every server, also through copies."""
        values = ['M\u00fcller \u20ac', '\U0001f600' * 30, 'a=?b', '=?UTF-8?B?w7w=?=']
        swift_bucket = self.bucket(swift())
        for number, value in enumerate(values):
            place = self.url(self.key() + str(number))
            other = 's3-swift://%s/%d' % (swift_bucket, number)
            self.put(self.key() + str(number), b'x', metadata={'name': value})
            urls = [place] + [self.one('SELECT s3_copy(%s, %s)', source, target) for source, target in (
                (place, place + 'c'), (place, other), (other, other + 'c'), (other, place + 'd'))]
            for url in urls:
                with self.subTest(value=value, url=url):
                    self.assertEqual(self.one("SELECT (s3_head(%s)).metadata->>'name'", url), value)

    def test_metadata_as_servers_send_them(self):
        """AWS answers with words of its own choice, Ceph with the bytes that others sent."""
        for sent, value in (('=?UTF-8?Q?a_=C3=BC?=', 'a \u00fc'), ('=?UTF-8?B?w7w=?= =?UTF-8?B?w7w=?=', '\u00fc\u00fc'),
                            ('\u00fc'.encode().decode('latin-1'), '\u00fc'), ('=?x?=', '=?x?='),
                            ('=?UTF-8?Q?=1B[1m?=', '?[1m')):
            server = FaultServer(answers=[Answer(200, {'x-amz-meta-a': sent, 'ETag': '"1"'}, b'')]).start()
            self.addCleanup(server.stop)
            conn = self.connect(endpoints={'s3-aws': entry(server.endpoint)})
            with self.subTest(sent):
                self.assertEqual(query(conn, "SELECT metadata->>'a' FROM s3_head('s3-aws://answer/a')"), [(value,)])


class ExistsTest(ObjectCase):
    """Objects, and prefixes."""

    def exists(self, key, **where):
        return self.one('SELECT s3_exists(%s)', self.url(key, **where))

    def test_object(self):
        self.assertIs(self.exists(self.key()), False)
        self.store(self.key(), b'')
        self.assertIs(self.exists(self.key()), True)

    def test_prefix(self):
        self.store(self.key('/a/b.txt'), b'')
        self.assertIs(self.exists(self.key('/')), True)
        self.assertIs(self.exists(self.key('/a/')), True)
        self.assertIs(self.exists(self.key('/a')), False)
        self.assertIs(self.exists(self.key('/b/')), False)
        self.assertIs(self.exists(self.key('/a/b.txt/')), False)

    def test_odd_prefix(self):
        # No controls: Ceph repeats the prefix in its answer as it is, and no
        # XML may hold them.
        for name in ('a b', 'a+b', '%41', '\u00fc', '?', '#', '&', '..', '<', '"'):
            with self.subTest(name=name):
                self.assertIs(self.exists(self.key(name + '/')), False)
                self.store(self.key(name + '/x'), b'')
                self.assertIs(self.exists(self.key(name + '/')), True)

    def test_bucket(self):
        name = self.bucket()
        self.assertIs(self.exists('', bucket=name), False)
        self.s3.put_object(Bucket=name, Key='x')
        self.assertIs(self.exists('', bucket=name), True)


# -----------------------------------------------------------------------------
# Versions, gzip, limits
# -----------------------------------------------------------------------------

class VersionTest(ObjectCase):
    """VersionId, in a bucket that keeps versions."""

    def setUp(self):
        super().setUp()
        self.name = self.bucket()
        self.s3.put_bucket_versioning(Bucket=self.name,
                                      VersioningConfiguration={'Status': 'Enabled'})
        self.versions = [self.store('key', content)['VersionId'] for content in (b'1', b'22')]

    def test_get(self):
        self.assertEqual(self.get('key'), b'22')
        for version, content in zip(self.versions, (b'1', b'22')):
            self.assertEqual(self.get('key', {'VersionId': version}), content)

    def test_head(self):
        self.assertEqual(self.head('key')['version_id'], self.versions[1])
        old = self.head('key', {'VersionId': self.versions[0]})
        self.assertEqual((old['size'], old['version_id']), (1, self.versions[0]))

    def test_delete(self):
        self.assertTrue(self.one('SELECT s3_delete(%s)', self.url('key')))
        self.assertIsNone(self.head('key'))
        self.assertIs(self.one('SELECT s3_exists(%s)', self.url('key')), False)
        self.assertEqual(self.get('key', {'VersionId': self.versions[0]}), b'1')

    def test_delete_version(self):
        params = json.dumps({'VersionId': self.versions[1]})
        self.assertTrue(self.one('SELECT s3_delete(%s, %s)', self.url('key'), params))
        self.assertEqual(self.get('key'), b'1')

    def test_absent_version(self):
        params = {'VersionId': self.versions[0][::-1]}
        with self.assertSqlState('58P01'):
            self.get('key', params)
        self.assertIsNone(self.head('key', params))


class GzipTest(ObjectCase):
    """Content that is stored compressed, as other programs do."""

    TEXT = b'<p>hello</p>\n' * 1000

    def store_gzip(self, content, **more):
        self.store(self.key(), gzip.compress(content), ContentEncoding='gzip', **more)

    def test_get(self):
        self.store_gzip(self.TEXT, ContentType='text/html')
        self.assertEqual(self.get(self.key()), self.TEXT)
        self.assertEqual(self.one('SELECT s3_get_text(%s)', self.url(self.key())),
                         self.TEXT.decode())

    def test_size(self):
        """Ceph makes uncompressed-size of it, Swift leaves it."""
        self.store_gzip(self.TEXT, Metadata={'uncompressed_size': str(len(self.TEXT))})
        self.assertEqual(self.one('SELECT s3_size(%s)', self.url(self.key())), len(self.TEXT))

    def test_other_names(self):
        """Old clients say x-gzip; some servers keep what was for the upload."""
        packed = gzip.compress(self.TEXT)
        for encoding in ('x-gzip', 'aws-chunked,gzip', 'GZIP, aws-chunked'):
            headers = {'Content-Encoding': encoding, 'ETag': '"1"', 'x-amz-meta-uncompressed_size': '13000'}
            server = FaultServer(answers=[Answer(200, headers, packed)]).start()
            self.addCleanup(server.stop)
            conn = self.connect(endpoints={'s3-old': entry(server.endpoint)})
            with self.subTest(encoding):
                ((content, size, oid),) = query(
                    conn, 'SELECT s3_get(u), s3_size(u), s3_get_lo(u) FROM (VALUES (%s)) AS urls (u)',
                    's3-old://answer/key')
                self.assertEqual((content.tobytes(), size), (self.TEXT, 13000))
                self.assertEqual(query(conn, 'SELECT lo_get(%s)', oid)[0][0].tobytes(), self.TEXT)

    def test_size_on_swift(self):
        name = self.bucket(swift())
        swift().put_object(Bucket=name, Key='key', Body=gzip.compress(self.TEXT),
                           ContentEncoding='gzip', Metadata={'uncompressed_size': '13000'})
        self.assertEqual(self.one('SELECT s3_size(%s)', self.url('key', name, 's3-swift')), 13000)

    def test_size_that_nobody_said(self):
        self.store_gzip(self.TEXT)
        self.assertEqual(self.one('SELECT s3_size(%s)', self.url(self.key())),
                         len(gzip.compress(self.TEXT)))

    def test_size_that_is_none(self):
        for size in ('', '-1', '1e3', 'x', '9' * 30):
            with self.subTest(size=size):
                self.store_gzip(self.TEXT, Metadata={'uncompressed_size': size})
                self.assertEqual(self.one('SELECT s3_size(%s)', self.url(self.key())),
                                 len(gzip.compress(self.TEXT)))

    def test_empty(self):
        self.store_gzip(b'')
        self.assertEqual(self.get(self.key()), b'')

    def test_members(self):
        self.store(self.key(), gzip.compress(b'a') + gzip.compress(b'b'), ContentEncoding='gzip')
        self.assertEqual(self.get(self.key()), b'ab')

    def test_range(self):
        """A part cannot be uncompressed, and comes as it is stored."""
        self.store_gzip(self.TEXT)
        self.assertEqual(self.get(self.key(), {'Range': 'bytes=0-1'}), b'\x1f\x8b')

    def test_damaged(self):
        for content in (b'hello', gzip.compress(self.TEXT)[:-1],
                        gzip.compress(self.TEXT)[:-8] + bytes(8)):
            with self.subTest(content=content[:10]):
                self.store(self.key(), content, ContentEncoding='gzip')
                with self.assertSqlState('08P01'):
                    self.get(self.key())

    def test_bomb(self):
        self.set('max_object_size', '1MB')
        self.store_gzip(bytes(KIB * KIB))
        self.assertEqual(len(self.get(self.key())), KIB * KIB)
        self.store_gzip(bytes(KIB * KIB + 1))
        with self.assertSqlState('54000', hint='s3store.max_object_size'):
            self.get(self.key())
        self.store_gzip(bytes(500 * KIB * KIB))
        with self.assertSqlState('54000', hint='s3store.max_object_size'):
            self.get(self.key())

    def test_nothing(self):
        self.store(self.key(), b'', ContentEncoding='gzip')
        self.assertEqual(self.get(self.key()), b'')

    def test_not_ours_to_undo(self):
        """A .gz file without the encoding is a file like any other."""
        compressed = gzip.compress(self.TEXT)   # with the time in it
        self.store(self.key('.gz'), compressed, ContentType='application/gzip')
        self.assertEqual(self.get(self.key('.gz')), compressed)


class LimitTest(ObjectCase):

    def test_max_object_size(self):
        self.set('max_object_size', '64kB')
        self.store(self.key('1'), bytes(64 * KIB))
        self.assertEqual(len(self.get(self.key('1'))), 64 * KIB)
        self.store(self.key('2'), bytes(64 * KIB + 1))
        with self.assertSqlState('54000', hint='s3store.max_object_size'):
            self.get(self.key('2'))
        self.assertEqual(len(self.get(self.key('2'), {'Range': 'bytes=0-99'})), 100)
        self.assertEqual(self.head(self.key('2'))['size'], 64 * KIB + 1)

    def test_lists_have_their_own_limit(self):
        self.set('max_object_size', '1kB')
        self.store(self.key('/' + 'x' * 900), b'x')
        self.assertIs(self.one('SELECT s3_exists(%s)', self.url(self.key('/'))), True)


# -----------------------------------------------------------------------------
# What is not there, and what is not allowed
# -----------------------------------------------------------------------------

class MissingTest(ObjectCase):

    def test_object(self):
        url = self.url('absent')
        for call in ('s3_get(%s)', 's3_get_text(%s)'):
            with self.subTest(call), self.assertServerError('58P01', 404, 'NoSuchKey',
                                                            contains='"absent"'):
                self.one('SELECT ' + call, url)
        for call in ('s3_head(%s)', 's3_size(%s)', 's3_modified_time(%s)'):
            self.assertIsNone(self.one('SELECT ' + call, url), call)
        self.assertIs(self.one('SELECT s3_exists(%s)', url), False)
        self.assertIs(self.one('SELECT s3_delete(%s)', url), True)

    def test_head_is_null(self):
        """Not a row of NULLs, which count() would count."""
        self.assertEqual(self.one('SELECT count(s3_head(%s))', self.url('absent')), 0)

    def test_bucket(self):
        for call in ('s3_get(%s)', 's3_get_text(%s)', 's3_put(%s, \'x\'::text)', 's3_delete(%s)'):
            with self.subTest(call), self.assertServerError('58P01', 404, 'NoSuchBucket',
                                                            contains='absent-bucket'):
                self.one('SELECT ' + call, self.url('key', 'absent-bucket'))

    def test_bucket_of_a_prefix(self):
        with self.assertServerError('58P01', 404, 'NoSuchBucket'):
            self.one('SELECT s3_exists(%s)', self.url('', 'absent-bucket'))

    def test_words_of_a_bucket(self):
        """What is said of a whole bucket names no object."""
        with self.assertSqlState('58P01') as caught:
            self.one('SELECT s3_exists(%s)', self.url('', 'absent-bucket'))
        self.assertNotIn('object ""', caught.error.diag.message_primary)


class DeniedTest(ObjectCase):

    def session_with(self, **more):
        return self.connect(endpoints={'s3': dict(ENDPOINTS['s3'], **more)})

    CALLS = ('s3_get(%s)', 's3_put(%s, \'x\'::text)', 's3_delete(%s)', 's3_exists(%s)',
             's3_head(%s)', 's3_size(%s)', 's3_modified_time(%s)', 's3_get_text(%s)')

    def assertDenied(self, session, url, hint=None, code=None):
        for call in self.CALLS:
            with self.subTest(call), self.assertServerError('42501', 403, hint=hint) as caught:
                self.one('SELECT ' + call, url, session=session)
        with self.subTest('prefix'), self.assertServerError('42501', 403, code, hint=hint):
            self.one('SELECT s3_exists(%s)', url.rpartition('/')[0] + '/', session=session)
        return caught

    def test_bad_secret(self):
        session = self.session_with(secret_access_key=ABSENT_SECRET)
        self.assertDenied(session, self.url('key'), hint='Check', code='SignatureDoesNotMatch')
        with self.assertServerError('42501', 403, 'SignatureDoesNotMatch', hint='secret'):
            self.one('SELECT s3_get(%s)', self.url('key'), session=session)

    def test_absent_access_key(self):
        session = self.session_with(access_key_id='ABSENTACCESSKEY')
        self.assertDenied(session, self.url('key'), hint='Check', code='InvalidAccessKeyId')
        with self.assertServerError('42501', 403, 'InvalidAccessKeyId', hint='access_key_id'):
            self.one('SELECT s3_get(%s)', self.url('key'), session=session)

    def test_session_token(self):
        """Temporary keys work with their token, and with no other."""
        keys = temporary_keys()
        session = self.session_with(**keys)
        self.one('SELECT s3_put(%s, \'x\'::text)', self.url(self.key()), session=session)
        self.assertEqual(self.one('SELECT s3_get_text(%s)', self.url(self.key()), session=session),
                         'x')
        for token in (ABSENT_TOKEN, ''):
            session = self.session_with(**dict(keys, session_token=token))
            with self.assertServerError('42501', 403):
                self.one('SELECT s3_get(%s)', self.url(self.key()), session=session)

    def test_bucket_of_somebody_else(self):
        """HEAD says 403: an error, never "it does not exist"."""
        other = rgw(user=2)
        name = self.bucket(other)
        other.put_object(Bucket=name, Key='key', Body=b'x')
        self.assertDenied(self.session, self.url('key', name), hint='Check', code='AccessDenied')
        self.assertDenied(self.session, self.url('absent', name), hint='Check', code='AccessDenied')

    def test_swift(self):
        session = self.connect(endpoints={'s3-swift': dict(ENDPOINTS['s3-swift'],
                                                           secret_access_key=ABSENT_SECRET)})
        with self.assertServerError('42501', 403, 'SignatureDoesNotMatch', hint='secret'):
            self.one('SELECT s3_get(%s)', 's3-swift://bucket/key', session=session)


class RegionTest(ObjectCase):

    def test_wrong_region(self):
        """Swift checks it, says which one it wants, and gets that; s3_head learns it, too."""
        name = self.bucket(swift())
        url = self.url('key', name, 's3-swift')
        session = self.connect(endpoints={'s3-swift': endpoint('SWIFT', region='eu-west-1')})
        for statement in ("SELECT s3_put(%s, 'x'::text, overwrite => true)",
                          'SELECT s3_get_text(%s)', 'SELECT s3_exists(%s)', 'SELECT s3_delete(%s)'):
            with self.subTest(statement):
                self.one(statement, url, session=session)
        self.assertIsNone(self.head('key', bucket=name, scheme='s3-swift'))

    def test_wrong_region_without_a_body(self):
        """HEAD has no words: a GET is told the region."""
        name = self.bucket(swift())
        for call, value in (('s3_head(%s)::text', None), ('s3_exists(%s)', False),
                            ('s3_put(%s, \'x\'::text)', self.url('key', name, 's3-swift'))):
            session = self.connect(endpoints={'s3-swift': endpoint('SWIFT', region='eu-west-1')})
            with self.subTest(call):
                self.assertEqual(self.one('SELECT ' + call, self.url('key', name, 's3-swift'),
                                          session=session), value)


# -----------------------------------------------------------------------------
# Servers
# -----------------------------------------------------------------------------

class EndpointTest(ObjectCase):

    def test_two_servers_in_one_query(self):
        swift_name = self.bucket(swift())
        urls = [self.url(self.key()), self.url(self.key(), swift_name, 's3-swift')]
        query(self.session, 'SELECT s3_put(u, u) FROM unnest(%s) AS u', urls)
        self.assertEqual(
            query(self.session, 'SELECT u, s3_get_text(u) FROM unnest(%s) AS u', urls * 3),
            [(url, url) for url in urls * 3])
        self.assertEqual(self.stored(self.key())['Body'].decode(), urls[0])
        answer = swift().get_object(Bucket=swift_name, Key=self.key())
        self.assertEqual(answer['Body'].read().decode(), urls[1])

    def test_swift(self):
        s3 = swift()
        name = self.bucket(s3)
        for key in ('a', 'a b', 'a+b', '%41', '\u00fc\u20ac\U0001f600', 'd/e', "'\"", '?#&',
                    'a//b'):
            with self.subTest(key=key):
                url = self.url(key, name, 's3-swift')
                self.one('SELECT s3_put(%s, %s::bytea, metadata => \'{"a": "b"}\')', url, ALL_BYTES)
                answer = s3.get_object(Bucket=name, Key=key)
                self.assertEqual(answer['Body'].read(), ALL_BYTES)
                self.assertEqual(answer['Metadata'], {'a': 'b'})
                s3.put_object(Bucket=name, Key=key, Body=b'theirs', ContentType='text/x')
                self.assertEqual(self.get(key, bucket=name, scheme='s3-swift'), b'theirs')
                head = self.head(key, bucket=name, scheme='s3-swift')
                self.assertEqual((head['size'], head['content_type']), (6, 'text/x'))
                self.assertTrue(self.one('SELECT s3_exists(%s)', url))
                self.assertTrue(self.one('SELECT s3_delete(%s)', url))
                self.assertFalse(self.one('SELECT s3_exists(%s)', url))
                self.assertIsNone(self.head(key, bucket=name, scheme='s3-swift'))
                with self.assertSqlState('58P01'):
                    self.one('SELECT s3_get(%s)', url)

    def test_tls(self):
        url = self.url(self.key(), scheme='s3-tls')
        self.one('SELECT s3_put(%s, \'over TLS\'::text)', url)
        self.assertEqual(self.stored(self.key())['Body'], b'over TLS')
        self.assertEqual(self.one('SELECT s3_get_text(%s)', url), 'over TLS')

    def test_tls_without_the_authority(self):
        bare = {name: value for name, value in ENDPOINTS['s3-tls'].items() if name != 'ca_file'}
        session = self.connect(endpoints={'s3': bare})
        with self.assertSqlState('08006', 'certificate', hint='s3store.ca_file'):
            self.one('SELECT s3_get(%s)', self.url('key'), session=session)
        self.assertEqual(self.one('SELECT s3_exists(%s)', self.url('key', scheme='s3-tls')), False)

    def test_tls_of_another_authority(self):
        """One session may not trust for the one what it was told for the other."""
        bare = {name: value for name, value in ENDPOINTS['s3-tls'].items() if name != 'ca_file'}
        session = self.connect(endpoints={'s3-tls': ENDPOINTS['s3-tls'], 's3-bare': bare})
        for _ in range(2):
            self.assertEqual(self.one('SELECT s3_exists(%s)', self.url('key', scheme='s3-tls'),
                                      session=session), False)
            with self.assertSqlState('08006', 'certificate'):
                self.one('SELECT s3_exists(%s)', self.url('key', scheme='s3-bare'), session=session)

    def test_tls_not_verified(self):
        bare = {name: value for name, value in ENDPOINTS['s3-tls'].items() if name != 'ca_file'}
        session = self.connect(endpoints={'s3': dict(bare, verify_tls=False)})
        self.assertEqual(self.one('SELECT s3_exists(%s)', self.url('key'), session=session), False)

    def test_other_name_in_the_certificate(self):
        port = environment('RGW_TLS_PORT')
        session = self.connect(endpoints={'s3': dict(
            ENDPOINTS['s3-tls'], endpoint_url='https://127.0.0.2:' + port)})
        with self.assertSqlState('08006'):
            self.one('SELECT s3_get(%s)', self.url('key'), session=session)

    def test_virtual_host(self):
        """bucket.localhost, which not every release of libcurl takes for loopback."""
        hosts = '127.0.0.1 localhost %s.localhost\n' % self.name
        with Cluster(with_files({'/etc/hosts': hosts})) as cluster:
            self.check_virtual_host(cluster)

    def check_virtual_host(self, cluster):
        session = cluster.connect(endpoints={'s3': endpoint(
            'RGW', endpoint_url='http://localhost:' + environment('RGW_PORT'),
            addressing_style='virtual')})
        self.addCleanup(session.close)
        self.one('SELECT s3_put(%s, \'x\'::text)', self.url(self.key()), session=session)
        self.assertEqual(self.stored(self.key())['Body'], b'x')

    def test_nobody_there(self):
        session = self.connect(endpoints={'s3': endpoint('RGW', endpoint_url='http://127.0.0.1:9')})
        with self.assertSqlState('08006', 'could not connect', '127.0.0.1:9'):
            self.one('SELECT s3_get(%s)', self.url('key'), session=session)

    def test_presigning_endpoint(self):
        """Links name its host, requests go to the other one."""
        url = self.url(self.key(), scheme='s3-links')
        self.one('SELECT s3_put(%s, \'x\'::text)', url)
        start = 'http://localhost:%s/%s/%s' % (environment('RGW_PORT'), self.name, self.key())
        self.assertEqual(self.one('SELECT s3_url(%s)', url), start)
        self.assertTrue(self.one('SELECT s3_presign(%s)', url).startswith(start + '?'))
        nowhere = self.connect(endpoints={'s3': dict(
            ENDPOINTS['s3'], endpoint_url_presigning='http://127.0.0.1:9')})
        self.assertEqual(self.one('SELECT s3_get_text(%s)', self.url(self.key()), session=nowhere),
                         'x')

    def test_key_prefix(self):
        session = self.connect(endpoints={'s3': dict(ENDPOINTS['s3'], key_prefix='media/\u00fc')})
        self.one('SELECT s3_put(%s, \'x\'::text)', self.url('a.txt'), session=session)
        self.assertEqual(self.stored('media/\u00fc/a.txt')['Body'], b'x')
        self.assertIs(self.one('SELECT s3_exists(%s)', self.url(''), session=session), True)
        with self.assertSqlState('22023', 'prefix'):
            self.one('SELECT s3_get(%s)', self.url('../a.txt'), session=session)

    def test_below_an_empty_key_prefix(self):
        """What lies outside the prefix does not count."""
        session = self.connect(endpoints={'s3': dict(ENDPOINTS['s3'], key_prefix='nothing')})
        self.store(self.key(), b'x')
        self.assertIs(self.one('SELECT s3_exists(%s)', self.url(''), session=session), False)


# -----------------------------------------------------------------------------
# Secrets
# -----------------------------------------------------------------------------

class SecretTest(ObjectCase):
    """No key, token or signature in a message, nor in the log at its chattiest."""

    CALLS = (
        's3_put(%s, \'x\'::text, overwrite => true)', 's3_get(%s)', 's3_get_text(%s)',
        's3_head(%s)', 's3_exists(%s)', 's3_size(%s)', 's3_modified_time(%s)', 's3_url(%s)',
        's3_presign(%s, \'put\')', 's3_presign(%s, \'nothing\')', 's3_get(%s, \'{"Nothing": 1}\')',
        's3_delete(%s)',
    )

    def sessions(self):
        """With keys that are right, and with each thing wrong."""
        right = ENDPOINTS['s3']
        wrong = ({}, {'secret_access_key': ABSENT_SECRET}, {'session_token': ABSENT_TOKEN},
                 {'access_key_id': 'ABSENTACCESSKEY'}, {'endpoint_url': 'http://127.0.0.1:9'},
                 {'endpoint_url': 'http://absent.invalid'},
                 {'endpoint_url': environment('RGW_TLS_ENDPOINT')},
                 {'endpoint_url': environment('SWIFT_ENDPOINT')})
        for change in wrong:
            session = self.connect(endpoints={'s3': dict(right, max_attempts=2, **change)})
            # From here on, so that the settings above are not in it.
            query(session, 'SET log_min_messages = debug5')
            query(session, 'SET log_min_error_statement = debug5')
            query(session, 'SET log_error_verbosity = verbose')
            query(session, 'SET client_min_messages = debug5')
            query(session, 'SET log_duration = on')
            yield session

    def call_everything(self, session):
        """Returns what was said, and the signatures of links that came out."""
        said, signatures = [], []
        for call in self.CALLS:
            try:
                ((value,),) = query(session, 'SELECT ' + call, self.url(self.key()))
                signatures += re.findall(r'X-Amz-Signature=(\w+)', str(value))
            except psycopg2.Error as error:
                said.append(repr([getattr(error.diag, name) for name in dir(error.diag)
                                  if not name.startswith('_')]))
        return said + list(session.notices), signatures

    def test_canary(self):
        log = environment('PG_LOG')
        start = os.path.getsize(log)
        said, signatures = [], []
        for session in self.sessions():
            session.notices = []    # psycopg2's own list keeps the last 50 only
            words, found = self.call_everything(session)
            said += words
            signatures += found
        with open(log, encoding='utf-8', errors='replace') as file:
            file.seek(start)
            logged = file.read()
        self.assertIn('DEBUG', logged)
        self.assertIn('s3_get(', logged)
        self.assertTrue(signatures)
        self.assertNothingOf(signatures, '\n'.join(said), 'messages')
        self.assertNothingOf(signatures, logged, 'log')

    def assertNothingOf(self, signatures, text, where):
        secrets = [environment('RGW_SECRET_ACCESS_KEY'), ABSENT_SECRET, ABSENT_TOKEN, *signatures]
        words = ['X-Amz-Signature', 'X-Amz-Security-Token', 'AWS4-HMAC-SHA256', 'Signature=',
                 'authorization:']
        text = text.lower()
        for secret in secrets + words:
            # The whole text would be shown with assertNotIn.
            self.assertFalse(secret.lower() in text, '"%s" in the %s' % (secret, where))


if __name__ == '__main__':
    unittest.main()
