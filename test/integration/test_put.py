"""test_put.py - what a put sends by the settings, seen on the stored object.

Each setting is tried as s3store.<name>, in the endpoint's entry, which wins
over it, and in the call, which wins over both.
"""
import contextlib
import gzip
import json
import os
import time
import zlib

import psycopg2
from backend import BackendCase, Call, Cluster, entry, user_time, wait_for
from fault import Answer, FaultServer, Proxy
from harness import Case, ceph_release, connect, endpoint, environment, query, rgw

TEXT = b'<p>hello</p>\n' * 1000
SSE_KEY = 'abcdefghijklmnopqrstuvwxyz012345'
# As boto3 reads it: older releases of Ceph make a hyphen of the underscore
SIZE_NAME = 'uncompressed-size' if ceph_release() < 18 else 'uncompressed_size'
STORED = Answer(200, {'ETag': '"0"'}, b'')


def text_of(value):
    """A setting's value as SET takes it."""
    if isinstance(value, bool):
        return 'on' if value else 'off'
    if isinstance(value, dict):
        return json.dumps(value)
    return ','.join(value) if isinstance(value, list) else str(value)


# -----------------------------------------------------------------------------
# Shared
# -----------------------------------------------------------------------------

class PutCase(Case):
    """A bucket of Ceph RGW for the class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = rgw()
        cls.name = cls.class_bucket(cls.s3)

    def session(self, settings=None, **more):
        """A session with these settings; more stands in the endpoint's entry."""
        conn = self.connect(endpoints={'s3': endpoint('RGW', **more)})
        for name, value in (settings or {}).items():
            query(conn, 'SELECT set_config(%s, %s, false)', 's3store.' + name, text_of(value))
        return conn

    def key(self, suffix=''):
        return self.id().rpartition('.')[2] + suffix

    def url(self, suffix=''):
        return 's3://%s/%s' % (self.name, self.key(suffix))

    def put(self, conn, content=b'x', suffix='', **arguments):
        """Puts the object of this test, and returns it as boto3 gets it."""
        arguments.setdefault('overwrite', True)
        names = ''.join(', %s => %%s' % name for name in arguments)
        values = [json.dumps(value) if isinstance(value, dict) else value
                  for value in arguments.values()]
        ((url,),) = query(conn, 'SELECT s3_put(%s, %s::bytea' + names + ')', self.url(suffix),
                          psycopg2.Binary(content), *values)
        return self.stored(url.partition(self.name + '/')[2])

    def stored(self, key, **more):
        answer = self.s3.get_object(Bucket=self.name, Key=key, **more)
        return dict(answer, Body=answer['Body'].read())

    def function(self, conn, body, returns='text', language='sql'):
        """Makes a function of the URL, and returns its qualified name."""
        name = 'put_' + self.key()[-50:] + '_' + os.urandom(4).hex()
        query(conn, 'CREATE FUNCTION public.%s(url text) RETURNS %s LANGUAGE %s AS $body$ %s $body$'
              % (name, returns, language, body))
        self.addCleanup(self.drop, name)
        return 'public.' + name

    def drop(self, name):
        conn = connect(endpoints=None)
        query(conn, 'DROP FUNCTION public.' + name)
        conn.close()


class RecordingCase(Case):
    """A server that keeps what it is sent, for what Ceph does not show."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = FaultServer(answers=[STORED])
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def session(self, settings=None, **more):
        # nothing but the put is asked
        conn = self.connect(endpoints={'s3': entry(self.server.endpoint, put_undo=False, **more)})
        for name, value in (settings or {}).items():
            query(conn, 'SELECT set_config(%s, %s, false)', 's3store.' + name, text_of(value))
        return conn

    def sent(self, conn, params=None, content='x', url='s3://answer/key'):
        """What a put sends."""
        del self.server.requests[:]
        query(conn, 'SELECT s3_put(%s, %s::text, overwrite => true, params => %s)', url, content,
              None if params is None else json.dumps(params))
        (request,) = self.server.requests
        self.assertEqual(request.method, 'PUT')
        return request


# -----------------------------------------------------------------------------
# Headers
# -----------------------------------------------------------------------------

class ConstantTest(PutCase):
    """Settings that say what a header holds."""

    # setting: three of its values, the parameter that is given and seen
    CASES = {
        'storage_class': ('STANDARD_IA', 'ONEZONE_IA', 'GLACIER', 'StorageClass'),
        'content_disposition': ('inline', 'attachment; filename="a: b@c.txt"', 'attachment',
                                'ContentDisposition'),
        'content_language': ('de', 'en, fr', 'da', 'ContentLanguage'),
    }

    def test_where_it_stands(self):
        for name, (first, second, third, header) in self.CASES.items():
            with self.subTest(name=name):
                conn = self.session()
                self.assertNotIn(header, self.put(conn))
                conn = self.session({name: first})
                self.assertEqual(self.put(conn)[header], first)
                conn = self.session({name: first}, **{name: second})
                self.assertEqual(self.put(conn)[header], second)
                self.assertEqual(self.put(conn, params={header: third})[header], third)
                self.assertEqual(self.put(conn, params={header: None})[header], second)

    def test_entry_takes_it_away(self):
        settings = {'content_disposition': 'inline', 'content_language': 'de',
                    'storage_class': 'GLACIER', 'metadata': {'a': 'b'}, 'encrypt_key': 'aws:kms'}
        conn = self.session(settings, content_disposition='', content_language='',
                            storage_class='STANDARD', metadata={}, encrypt_key=False)
        stored = self.put(conn)
        self.assertEqual(stored['Metadata'], {})
        for header in ('ContentDisposition', 'ContentLanguage', 'StorageClass',
                       'ServerSideEncryption'):
            self.assertNotIn(header, stored)

    def test_every_storage_class(self):
        for name in ('STANDARD_IA', 'ONEZONE_IA', 'REDUCED_REDUNDANCY', 'GLACIER',
                     'INTELLIGENT_TIERING', 'GLACIER_IR', 'DEEP_ARCHIVE'):
            self.assertEqual(self.put(self.session({'storage_class': name}))['StorageClass'], name)
        with self.assertSqlState('22023', detail='InvalidArgument'):
            self.put(self.session({'storage_class': 'NO_SUCH_CLASS'}))

    def test_reduced_redundancy(self):
        for settings, more, expected in (
                ({'reduced_redundancy': True}, {}, 'REDUCED_REDUNDANCY'),
                ({'reduced_redundancy': True, 'storage_class': 'GLACIER'}, {}, 'GLACIER'),
                ({'reduced_redundancy': True, 'storage_class': 'STANDARD'}, {},
                 'REDUCED_REDUNDANCY'),
                ({}, {'reduced_redundancy': True}, 'REDUCED_REDUNDANCY'),
                ({'storage_class': 'GLACIER'}, {'reduced_redundancy': True},
                 'REDUCED_REDUNDANCY'),
                ({'storage_class': 'GLACIER'}, {'reduced_redundancy': False}, 'GLACIER'),
                ({'reduced_redundancy': True}, {'reduced_redundancy': False}, None),
                ({'reduced_redundancy': True}, {'storage_class': 'STANDARD'}, None),
                ({}, {'reduced_redundancy': True, 'storage_class': 'GLACIER'}, 'GLACIER')):
            with self.subTest(settings=settings, more=more):
                conn = self.session(settings, **more)
                self.assertEqual(self.put(conn).get('StorageClass'), expected)
                stored = self.put(conn, params={'StorageClass': 'ONEZONE_IA'})
                self.assertEqual(stored['StorageClass'], 'ONEZONE_IA')

    def test_by_anybody(self):
        """Settings that only superusers make hold for others, who can change the rest."""
        conn = self.session({'encrypt_key': 'aws:kms', 'kms_encryption_key_id': 'testkey-1'})
        query(conn, 'CREATE ROLE put_writer IN ROLE s3store_write')
        self.addCleanup(self.drop_role, 'put_writer')
        query(conn, 'SET SESSION AUTHORIZATION put_writer')
        with self.assertSqlState('42501'):
            query(conn, 'SET s3store.encrypt_key = off')
        query(conn, "SET s3store.storage_class = 'STANDARD_IA'")
        stored = self.put(conn)
        self.assertEqual((stored['ServerSideEncryption'], stored['StorageClass']),
                         ('aws:kms', 'STANDARD_IA'))

    def drop_role(self, name):
        conn = connect(endpoints=None)
        query(conn, 'DROP ROLE ' + name)
        conn.close()


class CacheControlTest(PutCase):
    """bucket_auth and max_age_seconds."""

    def test_all(self):
        for settings, more, expected in (
                ({}, {}, 'private,max-age=3600'),
                ({'bucket_auth': False}, {}, 'public,max-age=3600'),
                ({'bucket_auth': False, 'max_age_seconds': '1h'}, {}, 'public,max-age=3600'),
                ({'bucket_auth': False}, {'bucket_auth': True, 'max_age_seconds': 5},
                 'private,max-age=5'),
                ({}, {'bucket_auth': False, 'max_age_seconds': '1d'}, 'public,max-age=86400'),
                ({'max_age_seconds': 0}, {}, 'private,max-age=0')):
            with self.subTest(settings=settings, more=more):
                conn = self.session(settings, **more)
                self.assertEqual(self.put(conn)['CacheControl'], expected)
                stored = self.put(conn, params={'CacheControl': 'no-store'})
                self.assertEqual(stored['CacheControl'], 'no-store')

    def test_no_acl(self):
        """That objects are public is a matter of the bucket's policy."""
        self.put(self.session({'bucket_auth': False}))
        grants = self.s3.get_object_acl(Bucket=self.name, Key=self.key())['Grants']
        self.assertEqual([grant['Grantee']['Type'] for grant in grants], ['CanonicalUser'])


class MetadataTest(PutCase):
    """metadata, whose names are taken one by one."""

    def test_where_it_stands(self):
        first, second = {'Owner': 'Ann', 'note': 'a: b@c'}, {'owner': 'Ben', 'x': 'y'}
        conn = self.session({'metadata': first})
        self.assertEqual(self.put(conn)['Metadata'], {'owner': 'Ann', 'note': 'a: b@c'})
        for value in (second, json.dumps(second)):
            conn = self.session({'metadata': first}, metadata=value)
            self.assertEqual(self.put(conn)['Metadata'], second)
            self.assertEqual(self.put(conn, metadata={'OWNER': 'Carl'})['Metadata'],
                             {'owner': 'Carl', 'x': 'y'})
            self.assertEqual(self.put(conn, params={'Metadata': {'z': ''}})['Metadata'],
                             {**second, 'z': ''})

    def test_null_is_left_out(self):
        conn = self.session(metadata={'a': None, 'b': 'c'})
        self.assertEqual(self.put(conn)['Metadata'], {'b': 'c'})

    def test_too_much_together(self):
        conn = self.session({'metadata': {'a': 'x' * 1000}})
        self.put(conn, metadata={'b': 'x' * 1046})
        with self.assertSqlState('54000', detail='2049 bytes'):
            self.put(conn, metadata={'b': 'x' * 1047})


class FunctionTest(PutCase):
    """content_disposition_function, content_language_function, metadata_function."""

    def test_precedence(self):
        conn = self.session()
        first, second = self.function(conn, "SELECT 'first'"), self.function(conn, "SELECT 'second'")
        for name, header in (('content_disposition', 'ContentDisposition'),
                             ('content_language', 'ContentLanguage')):
            with self.subTest(name=name):
                function = name + '_function'
                conn = self.session({name: 'constant', function: first})
                self.assertEqual(self.put(conn)[header], 'first')
                conn = self.session({name: 'constant', function: first}, **{function: second})
                self.assertEqual(self.put(conn)[header], 'second')
                self.assertEqual(self.put(conn, params={header: 'call'})[header], 'call')
                conn = self.session({name: 'constant', function: first}, **{function: ''})
                self.assertEqual(self.put(conn)[header], 'constant')

    def test_metadata(self):
        conn = self.session()
        function = self.function(
            conn, "SELECT jsonb_build_object('URL', url, 'n', 'f', 'none', NULL)", 'jsonb')
        conn = self.session({'metadata': {'n': 'c', 'c': 'c'}, 'metadata_function': function})
        self.assertEqual(self.put(conn)['Metadata'], {'url': self.url(), 'n': 'f'})
        self.assertEqual(self.put(conn, metadata={'N': 'call'})['Metadata'],
                         {'url': self.url(), 'n': 'call'})

    def test_null(self):
        """Means no header, whatever the constant says."""
        conn = self.session()
        empty, null = self.function(conn, "SELECT ''"), self.function(conn, 'SELECT NULL')
        nothing = self.function(conn, 'SELECT NULL::jsonb', 'jsonb')
        for disposition, language in ((null, empty), (empty, null)):
            conn = self.session({
                'content_disposition': 'inline', 'content_language': 'de', 'metadata': {'a': 'b'},
                'content_disposition_function': disposition, 'content_language_function': language,
                'metadata_function': nothing})
            stored = self.put(conn)
            self.assertNotIn('ContentDisposition', stored)
            self.assertNotIn('ContentLanguage', stored)
            self.assertEqual(stored['Metadata'], {})

    def test_url_that_is_stored(self):
        """The function sees the name that was free."""
        conn = self.session()
        function = self.function(conn, "SELECT 'attachment; filename=\"' || "
                                       "substring(url FROM '[^/]*$') || '\"'")
        conn = self.session({'content_disposition_function': function})
        self.put(conn)
        ((url,),) = query(conn, "SELECT s3_put(%s, 'x'::text)", self.url())
        name = url.rpartition('/')[2]
        self.assertNotEqual(name, self.key())
        self.assertEqual(self.stored(name)['ContentDisposition'],
                         'attachment; filename="%s"' % name)

    def test_not_asked_in_vain(self):
        conn = self.session()
        function = self.function(conn, "BEGIN RAISE 'asked'; END", language='plpgsql')
        conn = self.session({'content_disposition_function': function,
                             'content_language_function': function})
        self.put(conn, params={'ContentDisposition': 'inline', 'ContentLanguage': 'de'})
        with self.assertSqlState('P0001', 'asked'):
            self.put(conn, params={'ContentDisposition': 'inline'})
        with self.assertSqlState('P0001', 'asked'):
            self.put(conn, params={'ContentLanguage': 'de'})
        ((url,),) = query(conn, "SELECT s3_url(%s)", self.url())
        self.assertIn(self.key(), url)

    def test_that_reads_tables(self):
        conn = self.session()
        query(conn, 'CREATE TABLE public.put_titles (url text PRIMARY KEY, title text)')
        self.addCleanup(query, conn, 'DROP TABLE public.put_titles')
        function = self.function(
            conn, "SELECT jsonb_build_object('title', title) FROM public.put_titles "
                  'WHERE put_titles.url = $1', 'jsonb')
        query(conn, "SELECT set_config('s3store.metadata_function', %s, false)", function)
        self.assertEqual(self.put(conn)['Metadata'], {})
        query(conn, "INSERT INTO public.put_titles VALUES (%s, 'A title')", self.url())
        self.assertEqual(self.put(conn)['Metadata'], {'title': 'A title'})
        # a volatile function sees what its own statement has changed
        query(conn, 'WITH changed AS (UPDATE public.put_titles SET title = title || 1 RETURNING url) '
                    'SELECT s3_put(url, %s::text, overwrite => true) FROM changed', 'x')
        self.assertEqual(self.stored(self.key())['Metadata'], {'title': 'A title1'})

    def test_that_changes_settings(self):
        """What it sets while it runs counts for the put; nothing is read after it is freed."""
        conn = self.session()
        other = json.dumps({'s3': endpoint('RGW', content_language='fr'),
                            **{'x%d' % i: {'key_prefix': 'y' * 900} for i in range(50)}})
        function = self.function(
            conn, "SELECT set_config('s3store.storage_class', 'GLACIER', false); "
                  "SELECT set_config('s3store.endpoints', $json$%s$json$, false); "
                  "SELECT 'asked'" % other)
        conn = self.session({'content_disposition_function': function,
                             'content_language_function': function, 'content_language': 'de'})
        for _ in range(3):
            stored = self.put(conn)
            self.assertEqual((stored['ContentDisposition'], stored['StorageClass']),
                             ('asked', 'GLACIER'))

    def test_that_takes_the_storage_away(self):
        conn = self.session()
        function = self.function(conn, "SELECT set_config('s3store.endpoints', '{}', false)")
        query(conn, "SELECT set_config('s3store.content_language_function', %s, false)", function)
        with self.assertSqlState('42704', '"s3" is not configured'):
            self.put(conn)

    def test_that_protects_the_storage(self):
        conn = self.session()
        function = self.function(conn, "SELECT set_config('s3store.read_only', 'on', false)")
        query(conn, "SELECT set_config('s3store.content_language_function', %s, false)", function)
        with self.assertSqlState('25006'):
            self.put(conn)

    def test_that_puts(self):
        """Another object, from within the put of this one."""
        conn = self.session()
        function = self.function(
            conn, "SELECT CASE WHEN url LIKE '%-log' THEN NULL ELSE "
                  "s3_put(url || '-log', url, overwrite => true) END")
        conn = self.session({'content_disposition_function': function})
        self.assertEqual(self.put(conn)['ContentDisposition'], self.url() + '-log')
        self.assertEqual(self.stored(self.key('-log'))['Body'], self.url().encode())

    def test_error_is_the_callers_to_catch(self):
        conn = self.session()
        function = self.function(conn, 'SELECT (1 / (length(url) - length(url)))::text')
        query(conn, "SELECT set_config('s3store.content_language_function', %s, false)", function)
        with self.assertSqlState('22012'):
            self.put(conn)
        query(conn, 'RESET s3store.content_language_function')
        self.assertEqual(self.put(conn, b'good')['Body'], b'good')


# -----------------------------------------------------------------------------
# Encryption
# -----------------------------------------------------------------------------

class EncryptionTest(PutCase):
    """encrypt_key and kms_encryption_key_id, as Ceph does it."""

    def test_kms(self):
        settings = {'encrypt_key': 'aws:kms', 'kms_encryption_key_id': 'testkey-1'}
        for conn in (self.session(settings), self.session(**settings),
                     self.session({'encrypt_key': 'off', 'kms_encryption_key_id': 'none'},
                                  **settings)):
            stored = self.put(conn, b'secret')
            self.assertEqual((stored['ServerSideEncryption'], stored['SSEKMSKeyId']),
                             ('aws:kms', 'testkey-1'))
            self.assertEqual(stored['Body'], b'secret')
            stored = self.put(conn, params={'SSEKMSKeyId': 'testkey-2'})
            self.assertEqual(stored['SSEKMSKeyId'], 'testkey-2')

    def test_unknown_key(self):
        with self.assertSqlState('42501' if ceph_release() in (16, 17) else '22023'):
            self.put(self.session(encrypt_key='aws:kms', kms_encryption_key_id='no-such-key'))

    def test_own_key(self):
        """Who gives a key of their own gets no other encryption."""
        conn = self.session(encrypt_key='aws:kms', kms_encryption_key_id='testkey-1')
        sse = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': SSE_KEY}
        query(conn, "SELECT s3_put(%s, 'secret'::text, params => %s)", self.url(), json.dumps(sse))
        stored = self.stored(self.key(), **sse)
        self.assertEqual((stored['Body'], stored['SSECustomerAlgorithm']), (b'secret', 'AES256'))


class EncryptionHeaderTest(RecordingCase):
    """The same by what is sent, which Ceph ignores in part."""

    SSE = 'x-amz-server-side-encryption'
    KEY = SSE + '-aws-kms-key-id'

    def test_all(self):
        call = {'ServerSideEncryption': 'x'}
        for settings, more, params, expected in (
                ({}, {}, None, (None, None)),
                ({'encrypt_key': 'on'}, {}, None, ('AES256', None)),
                ({'encrypt_key': 'true'}, {}, None, ('AES256', None)),
                ({'encrypt_key': 'no'}, {}, None, (None, None)),
                ({'encrypt_key': 'AES256'}, {}, None, ('AES256', None)),
                ({'encrypt_key': 'aws:kms'}, {}, None, ('aws:kms', None)),
                ({}, {'encrypt_key': True}, None, ('AES256', None)),
                ({}, {'encrypt_key': 'on'}, None, ('AES256', None)),
                ({'encrypt_key': 'on'}, {'encrypt_key': False}, None, (None, None)),
                ({'encrypt_key': 'on'}, {'encrypt_key': 'aws:kms:dsse'}, None,
                 ('aws:kms:dsse', None)),
                ({'encrypt_key': 'on'}, {}, call, ('x', None)),
                ({'kms_encryption_key_id': 'k'}, {}, None, (None, None)),
                ({'kms_encryption_key_id': 'k'}, {'encrypt_key': 'aws:kms:dsse'}, None,
                 ('aws:kms:dsse', 'k')),
                ({'kms_encryption_key_id': 'k'}, {'kms_encryption_key_id': ''},
                 {'ServerSideEncryption': 'aws:kms'}, ('aws:kms', None)),
                ({'kms_encryption_key_id': 'k'}, {}, {'ServerSideEncryption': 'aws:kms'},
                 ('aws:kms', 'k')),
                ({'kms_encryption_key_id': 'k', 'encrypt_key': 'on'}, {}, call, ('x', None)),
                ({'kms_encryption_key_id': 'k', 'encrypt_key': 'aws:kms'}, {},
                 {'SSEKMSKeyId': 'own'}, ('aws:kms', 'own')),
                ({'encrypt_key': 'on'}, {}, {'SSECustomerKey': SSE_KEY}, (None, None)),
                ({'encrypt_key': 'on', 'kms_encryption_key_id': 'k'}, {},
                 {'SSECustomerKey': SSE_KEY}, (None, None))):
            with self.subTest(settings=settings, more=more, params=params):
                headers = self.sent(self.session(settings, **more), params).headers
                self.assertEqual((headers.get(self.SSE), headers.get(self.KEY)), expected)

    def test_key_without_its_encryption(self):
        with self.assertSqlState('22023', '"AES256"', hint='aws:kms'):
            self.sent(self.session({'encrypt_key': 'on'}, kms_encryption_key_id='k'))


class EncodingTest(RecordingCase):
    """A database that is not in UTF-8: what is sent is."""

    DATABASE = 'put_latin1'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        conn = connect(endpoints=None)
        query(conn, "CREATE DATABASE %s ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' "
                    'TEMPLATE template0' % cls.DATABASE)
        cls.addClassCleanup(query, conn, 'DROP DATABASE %s WITH (FORCE)' % cls.DATABASE)
        with contextlib.closing(connect(endpoints=None, dbname=cls.DATABASE)) as latin1:
            query(latin1, 'CREATE EXTENSION s3store')
            query(latin1, 'CREATE FUNCTION public."f\u00fcr"(url text) RETURNS text LANGUAGE sql '
                          "AS $$ SELECT 'f\u00fcr ' || url $$")

    def connect(self, **more):
        return super().connect(dbname=self.DATABASE, **more)

    def test_all(self):
        function = 'public."f\u00fcr"'
        for settings, more in (
                ({'metadata': '{"a": "\u00fc\\u00fc"}', 'content_disposition': 'Anh\u00e4ngsel',
                  'content_language_function': function}, {}),
                ({}, {'metadata': {'a': '\u00fc\u00fc'}, 'content_disposition': 'Anh\u00e4ngsel',
                      'content_language_function': function})):
            with self.subTest(settings=settings):
                conn = self.session(settings, **more)
                headers = self.sent(conn, url='s3://answer/\u00fc').headers
                headers = {name: value.encode('latin-1').decode('utf-8')
                           for name, value in headers.items()}
                self.assertEqual(headers['x-amz-meta-a'], '=?UTF-8?B?w7zDvA==?=')
                self.assertEqual(headers['content-disposition'], 'Anh\u00e4ngsel')
                self.assertEqual(headers['content-language'], 'f\u00fcr s3://answer/\u00fc')

    def test_content_disposition(self):
        self.assertEqual(query(self.session(), "SELECT s3_content_disposition('\u00fc.txt')"),
                         [('attachment; filename="_.txt"; filename*=UTF-8\'\'%C3%BC.txt',)])


# -----------------------------------------------------------------------------
# Compression
# -----------------------------------------------------------------------------

class GzipTest(PutCase):
    """gzip: by type and size; compared with what Python makes of the content."""

    TYPES = {
        'text/plain': True, 'text/html': True, 'text/x-anything': True, 'TEXT/CSV': True,
        'text/html; charset=utf-8': True, 'text/plain;charset="a/b"': True,
        'application/json': True, 'Application/JSON': True, 'application/json; charset=utf-8': True,
        'application/json;x=y': True, 'application/json ;x=y': True, 'application/xml': True,
        'application/javascript': True, 'application/html': True,
        'application/xhtml+xml': True, 'image/svg+xml': True, 'application/ld+json': True,
        'application/vnd.a+b+json': True, 'application/vnd.a+JSON; x=y': True,
        'application/json+x': False, 'application/xjson': False, 'application/jsonx': False,
        'application/octet-stream': False, 'image/png': False, 'application/pdf': False,
        'application/gzip': False, 'application/x-text': False, 'textual/plain': False,
        'x-text/plain': False, 'application/x; type=text/plain': False, 'text': False, 'json': False,
        'application/': False, 'application/+': False, '/json': True, 'text/': True,
    }

    def gzipped(self, content):
        """As Python makes it: level 9, and neither name nor time in the header."""
        compressor = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        return compressor.compress(content) + compressor.flush()

    def assertGzip(self, stored, content):
        self.assertEqual(stored['ContentEncoding'], 'gzip')
        self.assertEqual(gzip.decompress(stored['Body']), content)
        self.assertLess(len(stored['Body']), len(content))
        self.assertEqual(len(stored['Body']), len(self.gzipped(content)))
        self.assertEqual(stored['Body'][:3] + stored['Body'][4:8], b'\x1f\x8b\x08' + bytes(4))
        self.assertEqual(stored['Metadata'][SIZE_NAME], str(len(content)))

    def assertPlain(self, stored, content):
        self.assertNotIn('ContentEncoding', stored)
        self.assertEqual(stored['Body'], content)
        self.assertNotIn(SIZE_NAME, stored['Metadata'])

    def test_types(self):
        conn = self.session()
        for content_type, compressed in self.TYPES.items():
            with self.subTest(content_type=content_type):
                stored = self.put(conn, TEXT, content_type=content_type)
                (self.assertGzip if compressed else self.assertPlain)(stored, TEXT)
                self.assertEqual(stored['ContentType'], content_type)

    def test_types_by_name(self):
        conn = self.session()
        for suffix, compressed in (('.txt', True), ('.html', True), ('.json', True), ('.svg', True),
                                   ('.xml', True), ('.js', True), ('.css', True), ('.png', False),
                                   ('.pdf', False), ('.zip', False), ('', False)):
            with self.subTest(suffix=suffix):
                stored = self.put(conn, TEXT, suffix)
                (self.assertGzip if compressed else self.assertPlain)(stored, TEXT)

    def test_sizes(self):
        """Only what becomes smaller is compressed; around the size where that begins, too."""
        conn = self.session()
        contents = [bytes(size) for size in (0, 1, 2, *range(15, 35), 1000, 65535, 65536, 65537,
                                             131072, 1000003, 5000000)]
        contents += [os.urandom(size) for size in (1, 100, 65536, 65537, 300000)]
        contents += [os.urandom(70000).hex().encode(), os.urandom(65536) + bytes(66000)]
        seen = set()
        for content in contents:
            with self.subTest(size=len(content), start=content[:4]):
                smaller = len(self.gzipped(content)) < len(content)
                seen.add(smaller)
                stored = self.put(conn, content, content_type='text/plain')
                (self.assertGzip if smaller else self.assertPlain)(stored, content)
        self.assertEqual(seen, {True, False})

    def test_read_back(self):
        conn = self.session()
        self.put(conn, TEXT, '.html')
        url = self.url('.html')
        ((content, text, size),) = query(conn, 'SELECT s3_get(%s), s3_get_text(%s), s3_size(%s)',
                                         url, url, url)
        self.assertEqual((bytes(content), text, size), (TEXT, TEXT.decode(), len(TEXT)))

    def test_same_bytes(self):
        conn = self.session()
        first = self.put(conn, TEXT, '.txt')
        time.sleep(1.1)
        second = self.put(conn, TEXT, '.txt')
        self.assertNotEqual(first['LastModified'], second['LastModified'])
        self.assertEqual(first['ETag'], second['ETag'])

    def test_text(self):
        conn = self.session()
        text = '\u00fc\u20ac' * 1000
        query(conn, 'SELECT s3_put(%s, %s::text, overwrite => true)', self.url('.txt'), text)
        self.assertGzip(self.stored(self.key('.txt')), text.encode())

    def test_switched_off(self):
        self.assertPlain(self.put(self.session({'gzip': False}), TEXT, '.txt'), TEXT)
        self.assertPlain(self.put(self.session(gzip=False), TEXT, '.txt'), TEXT)
        self.assertGzip(self.put(self.session({'gzip': False}, gzip=True), TEXT, '.txt'), TEXT)

    def test_what_the_caller_says(self):
        """An encoding, or a digest, is that of the content as it is given."""
        conn = self.session()
        stored = self.put(conn, TEXT, '.txt', params={'ContentEncoding': 'x-own'})
        self.assertEqual((stored['ContentEncoding'], stored['Body']), ('x-own', TEXT))
        packed = gzip.compress(TEXT)
        stored = self.put(conn, packed, '.txt', params={'ContentEncoding': 'gzip'})
        self.assertEqual((stored['ContentEncoding'], stored['Body']), ('gzip', packed))
        stored = self.put(conn, packed, '.txt', params={'ContentEncoding': 'aws-chunked,gzip'})
        self.assertEqual((stored['ContentEncoding'], stored['Body']), ('gzip', packed))
        self.assertGzip(self.put(conn, TEXT, '.txt', params={'ContentEncoding': 'aws-chunked'}), TEXT)
        ((digest,),) = query(conn, "SELECT encode(decode(md5(%s::bytea), 'hex'), 'base64')",
                             psycopg2.Binary(TEXT))
        self.assertPlain(self.put(conn, TEXT, '.txt', params={'ContentMD5': digest}), TEXT)
        ((digest,),) = query(conn, "SELECT encode(sha256(%s::bytea), 'base64')",
                             psycopg2.Binary(TEXT))
        self.assertPlain(self.put(conn, TEXT, '.txt', params={'ChecksumSHA256': digest}), TEXT)

    def test_packed_pictures(self):
        """Browsers show them with the encoding only; a file for download has none."""
        conn = self.session()
        picture = b'<svg xmlns="http://www.w3.org/2000/svg"/>' * 50
        packed = gzip.compress(picture)
        for suffix in ('.svgz', '.SVGZ'):
            stored = self.put(conn, packed, suffix)
            self.assertEqual((stored['ContentType'], stored['ContentEncoding'], stored['Body']),
                             ('image/svg+xml', 'gzip', packed))
            self.assertEqual(query(conn, 'SELECT s3_get(%s)', self.url(suffix))[0][0].tobytes(), picture)
        stored = self.put(self.session({'gzip': False}), packed, '.svgz')
        self.assertEqual(stored['ContentEncoding'], 'gzip')
        ((oid,),) = query(conn, 'SELECT lo_from_bytea(0, %s)', psycopg2.Binary(packed))
        self.addCleanup(query, self.connect(), 'SELECT lo_unlink(%s)', oid)
        query(conn, 'SELECT s3_put_lo(%s, %s, overwrite => true)', self.url('.svgz'), oid)
        self.assertEqual(self.stored(self.key('.svgz'))['ContentEncoding'], 'gzip')
        self.assertGzip(self.put(conn, picture, '.svgz'), picture)      # one that is not packed
        self.assertNotIn('ContentEncoding', self.put(conn, b'\x1f', '.svgz'))
        self.assertEqual(self.put(conn, packed, '.svgz', params={'ContentEncoding': 'x'})['ContentEncoding'], 'x')
        for suffix, more in (('.svg.gz', {}), ('.gz', {}), ('.tgz', {}),
                             ('.svgz', {'content_type': 'application/gzip'})):
            stored = self.put(conn, packed, suffix, **more)
            self.assertEqual(stored['ContentType'], 'application/gzip')
            self.assertNotIn('ContentEncoding', stored)

    def test_metadata(self):
        """The size is ours to say; the rest stays."""
        conn = self.session({'metadata': {'a': 'b'}})
        stored = self.put(conn, TEXT, '.txt', metadata={'uncompressed_size': '1', 'c': 'd'})
        self.assertEqual(stored['Metadata'],
                         {'a': 'b', 'c': 'd', SIZE_NAME: str(len(TEXT))})
        stored = self.put(conn, b'x', '.txt', metadata={'uncompressed_size': '1'})
        self.assertEqual(stored['Metadata'], {'a': 'b', SIZE_NAME: '1'})

    def test_under_another_name(self):
        conn = self.session()
        self.put(conn, TEXT, '.txt')
        for _ in range(2):
            self.assertGzip(self.put(conn, TEXT, '.txt', overwrite=False), TEXT)

    def test_cancel(self):
        """Compression of 64 MB takes seconds of the processor; a cancel ends it at once."""
        conn = self.session()
        query(conn, 'CREATE TEMPORARY TABLE large (content bytea)')
        query(conn, 'ALTER TABLE large ALTER content SET STORAGE EXTERNAL')
        query(conn, "INSERT INTO large SELECT convert_to(string_agg(md5(i::text), ''), 'UTF8') "
                    'FROM generate_series(1, 2000000) AS i')
        pid = conn.info.backend_pid
        before = user_time(pid)
        call = Call(conn, 'SELECT s3_put(%s, content, overwrite => true) FROM large', self.url('.txt'))
        wait_for(lambda: user_time(pid) > before + 0.2, 'it compresses', 60)
        conn.cancel()
        with self.assertSqlState('57014', 'user request'):
            call.result(60)
        self.assertLess(user_time(pid) - before, 1)
        self.assertGzip(self.put(conn, TEXT, '.txt'), TEXT)


# -----------------------------------------------------------------------------
# Where requests go
# -----------------------------------------------------------------------------

class BucketsTest(PutCase):
    """buckets: what is on the list works, the rest is refused before anything is sent."""

    CALLS = ('s3_url(%s)', 's3_presign(%s)', "s3_presign(%s, 'put_object')", 's3_get(%s)',
             's3_get_text(%s)', 's3_head(%s)', 's3_exists(%s)', 's3_size(%s)',
             's3_modified_time(%s)', "s3_put(%s, 'x'::text, overwrite => true)", 's3_delete(%s)')

    def test_all(self):
        for value in ([self.name], ['a', self.name[:8] + '*'], 'a, ' + self.name, '*'):
            conn = self.session({'buckets': 'none'}, buckets=value)
            self.assertEqual(self.put(conn, b'good')['Body'], b'good')
            query(self.session({'buckets': value}), 'SELECT s3_head(%s)', self.url())
        conn = self.session({'buckets': '*'}, buckets=['other', self.name + '-*'])
        for call in self.CALLS:
            with self.subTest(call=call), \
                    self.assertSqlState('42501', self.name, 'entry', 'pattern'):
                query(conn, 'SELECT ' + call, self.url())
        self.assertEqual(self.stored(self.key())['Body'], b'good')


class ProxyTest(PutCase):
    """proxy: for http and https, and never by the server's environment."""

    def test_http(self):
        with Proxy() as proxy:
            for conn in (self.session({'proxy': proxy.url}), self.session(proxy=proxy.url)):
                del proxy.requests[:]
                self.assertEqual(self.put(conn, b'good')['Body'], b'good')
                (request,) = proxy.requests
                self.assertEqual(request.target, '%s/%s/%s' % (environment('RGW_ENDPOINT'),
                                                               self.name, self.key()))
            del proxy.requests[:]
            self.put(self.session({'proxy': proxy.url}, proxy=''))
            self.assertEqual(proxy.requests, [])

    def test_https(self):
        """The proxy sees the host, and nothing of the request."""
        tls = {'endpoint_url': environment('RGW_TLS_ENDPOINT'), 'ca_file': environment('RGW_CA')}
        with Proxy() as proxy:
            conn = self.session(proxy=proxy.url, **tls)
            self.put(conn, b'good')
            ((content,),) = query(conn, 'SELECT s3_get(%s)', self.url())
            self.assertEqual(bytes(content), b'good')
            self.assertEqual({request.method for request in proxy.requests}, {'CONNECT'})
            for request in proxy.requests:
                self.assertEqual('https://' + request.target, environment('RGW_TLS_ENDPOINT'))
                self.assertLessEqual(set(request.headers), {'host', 'user-agent',
                                                            'proxy-connection'})

    def test_certificate(self):
        """A tunnel does not change whom we trust."""
        with Proxy() as proxy:
            conn = self.session(proxy=proxy.url, endpoint_url=environment('RGW_TLS_ENDPOINT'))
            with self.assertSqlState('08006', 'certificate verification failed',
                                     'The proxy is 127.0.0.1:%d' % proxy.port):
                self.put(conn)

    def test_refused(self):
        with Proxy(refuse=407) as proxy:
            conn = self.session(proxy=proxy.url, endpoint_url=environment('RGW_TLS_ENDPOINT'))
            with self.assertSqlState('08006', 'proxy refused the connection with HTTP status 407',
                                     'The proxy is 127.0.0.1:%d' % proxy.port, 'proxy'):
                self.put(conn)

    def test_absent(self):
        with Proxy() as proxy:
            port = proxy.port
        conn = self.session(proxy='http://127.0.0.1:%d' % port)
        with self.assertSqlState('08006', 'could not connect to proxy',
                                 'The proxy is 127.0.0.1:%d.' % port):
            self.put(conn)
        conn = self.session(proxy='http://no-such-host.invalid:3128')
        with self.assertSqlState('08006', 'could not resolve host name of proxy'):
            self.put(conn)

    def test_silent(self):
        with Proxy(silent=True) as proxy:
            conn = self.session({'connect_timeout': 300}, proxy=proxy.url,
                                endpoint_url=environment('RGW_TLS_ENDPOINT'))
            with self.assertSqlState('08006', 'timed out after 300 ms'):
                self.put(conn)
            conn = self.session({'request_timeout': 300}, proxy=proxy.url)
            with self.assertSqlState('08006', 'timed out after 300 ms'):
                self.put(conn)
            query(conn, "SET statement_timeout = '200ms'; RESET s3store.request_timeout")
            with self.assertSqlState('57014'):
                self.put(conn)


class ProxyEnvironmentTest(BackendCase):
    """A server whose environment names proxies, and hosts that need none."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = cls.enter(Cluster(wrap=(
            'env', 'http_proxy=http://127.0.0.1:1', 'HTTPS_PROXY=http://127.0.0.1:1',
            'all_proxy=http://127.0.0.1:1', 'no_proxy=*', 'NO_PROXY=*',
            'AWS_ACCESS_KEY_ID=AKIAENVIRONMENT', 'AWS_SECRET_ACCESS_KEY=secret')))

    def test_setting_counts(self):
        with Proxy() as proxy:
            conn = self.session(self.good.endpoint, proxy=proxy.url)
            self.check_good(conn)
            self.assertEqual(proxy.requests, [])
            query(conn, "SELECT s3_get('s3-bad://answer/key')")
            self.assertEqual(len(proxy.requests), 1)

    def test_credentials(self):
        """The environment as a source of keys, which no other test has."""
        conn = self.connect(endpoints={'s3': {}, 'own': entry('http://localhost')})
        rows = query(conn, "SELECT s, c.* FROM unnest('{s3,own}'::text[]) AS s, s3_credentials(s) AS c")
        self.assertEqual(rows, [('s3', 'environment', '********MENT', None),
                                ('own', 'endpoint entry', '********TING', None)])
