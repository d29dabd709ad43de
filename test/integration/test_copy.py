"""test_copy.py - copies and renames: on one server, between servers, and gone wrong."""
import base64
import io
import json
import os
import re
import time
import uuid

from backend import PROMPT, BackendCase, Call, lives, wait_for
from fault import Answer, Gate
from harness import ENDPOINTS, BucketCase, endpoint, environment, query, rgw, swift
from keys import ODD_KEYS

MIB = 1024 * 1024
PART = 5 * MIB
SSE_KEY = 'abcdefghijklmnopqrstuvwxyz012345'
OTHER_SSE_KEY = SSE_KEY[::-1]
TAGS = [{'Key': 'a b', 'Value': 'c&=d'}, {'Key': 'e', 'Value': ''}]
TAGGING = 'a%20b=c%26%3Dd&e='
HEADERS = {
    'ContentType': 'text/x-mine', 'CacheControl': 'no-store', 'ContentEncoding': 'x-own',
    'ContentDisposition': 'attachment; filename="a b.txt"', 'ContentLanguage': 'de',
}
METADATA = {'owner': 'Ann', 'note': 'a  b'}
NO_TAGS = {'TaggingDirective': 'REPLACE'}


class CopyCase(BucketCase):

    def url(self, key, bucket=None, scheme='s3'):
        return '%s://%s/%s' % (scheme, bucket or self.name, key)

    def stored(self, key, s3=None, bucket=None, **more):
        answer = (s3 or self.s3).get_object(Bucket=bucket or self.name, Key=key, **more)
        return dict(answer, Body=answer['Body'].read())

    def tags(self, key):
        tags = self.s3.get_object_tagging(Bucket=self.name, Key=key)['TagSet']
        return sorted(tags, key=lambda tag: tag['Key'])

    def copy(self, source, target, params=None, session=None):
        ((url,),) = query(session or self.session, 'SELECT s3_copy(%s, %s, %s)', source, target,
                          None if params is None else json.dumps(params))
        return url

    def rename(self, source, target):
        ((url,),) = query(self.session, 'SELECT s3_rename(%s, %s)', source, target)
        query(self.session, 'CALL s3_drain()')
        return url

    def exists(self, url):
        return query(self.session, 'SELECT s3_exists(%s)', url)[0][0]

    def in_parts(self):
        """Every copy above 5 MB goes in parts of 5 MB."""
        query(self.session, "SET s3store.multipart_copy_threshold = '5MB'")
        query(self.session, "SET s3store.multipart_part_size = '5MB'")

    def no_uploads(self, s3=None, bucket=None):
        uploads = (s3 or self.s3).list_multipart_uploads(Bucket=bucket or self.name)
        self.assertEqual(uploads.get('Uploads', []), [])

    def assertKept(self, stored):
        for name, value in HEADERS.items():
            self.assertEqual(stored[name], value, name)
        self.assertEqual(stored['Metadata'], METADATA)


# -----------------------------------------------------------------------------
# On one server
# -----------------------------------------------------------------------------

class OneServer(CopyCase):

    def test_keys(self):
        """From and to keys of every class of bytes."""
        for number, key in enumerate(ODD_KEYS):
            with self.subTest(key=key):
                middle = self.key('-%d' % number)
                self.store(key, b'%d' % number)
                self.assertEqual(self.copy(self.url(key), self.url(middle)), self.url(middle))
                self.s3.delete_object(Bucket=self.name, Key=key)
                self.assertEqual(self.copy(self.url(middle), self.url(key)), self.url(key))
                self.assertEqual(self.stored(key)['Body'], b'%d' % number)

    def test_everything_is_kept(self):
        self.store(self.key(), b'content', Metadata=METADATA, Tagging=TAGGING, **HEADERS)
        self.copy(self.url(self.key()), self.url(self.key('-copy')))
        stored = self.stored(self.key('-copy'))
        self.assertKept(stored)
        self.assertEqual(stored['Body'], b'content')
        self.assertEqual(self.tags(self.key('-copy')), TAGS)

    def test_everything_is_kept_in_parts(self):
        content = os.urandom(2 * PART + 7)
        self.store(self.key(), content, Metadata=METADATA, Tagging=TAGGING, **HEADERS)
        self.in_parts()
        self.copy(self.url(self.key()), self.url(self.key('-copy')))
        stored = self.stored(self.key('-copy'))
        self.assertKept(stored)
        self.assertTrue(stored['ETag'].endswith('-3"'), stored['ETag'])
        self.assertEqual(stored['Body'], content)
        self.assertEqual(self.tags(self.key('-copy')), TAGS)
        self.no_uploads()

    def test_number_of_parts(self):
        """At the threshold in one piece, one byte more in two."""
        self.in_parts()
        for size, parts in ((PART, None), (PART + 1, 2), (2 * PART, 2)):
            with self.subTest(size=size):
                self.store(self.key(), bytes(size))
                self.copy(self.url(self.key()), self.url(self.key('-copy')))
                stored = self.stored(self.key('-copy'))
                self.assertEqual(len(stored['Body']), size)
                self.assertEqual(re.findall(r'-(\d+)"', stored['ETag']),
                                 [] if parts is None else [str(parts)])

    def test_two_buckets(self):
        other = self.bucket()
        self.store(self.key(), b'content')
        self.copy(self.url(self.key()), self.url('there', other))
        self.assertEqual(self.stored('there', bucket=other)['Body'], b'content')

    def test_empty(self):
        self.store(self.key(), b'')
        self.copy(self.url(self.key()), self.url(self.key('-copy')))
        self.assertEqual(self.stored(self.key('-copy'))['Body'], b'')

    def test_target_is_replaced(self):
        self.store(self.key(), b'new')
        self.store(self.key('-copy'), b'old')
        self.copy(self.url(self.key()), self.url(self.key('-copy')))
        self.assertEqual(self.stored(self.key('-copy'))['Body'], b'new')

    def test_two_schemes(self):
        """Of one endpoint, with one access key: the server copies."""
        self.store(self.key(), b'x', Metadata=METADATA, Tagging=TAGGING)
        self.copy(self.url(self.key()), self.url(self.key('-copy'), scheme='s3-links'))
        self.assertEqual(self.stored(self.key('-copy'))['Metadata'], METADATA)

    def test_no_file(self):
        for source, target in ((None, self.url('a')), (self.url('a'), None), ('', self.url('a')),
                               (self.url('a'), '-'), ('-', '')):
            for function in ('s3_copy', 's3_rename'):
                rows = query(self.session, 'SELECT %s(%%s, %%s)' % function, source, target)
                self.assertEqual(rows, [(None,)])

    def test_missing(self):
        with self.assertSqlState('58P01', 'does not exist'):
            self.copy(self.url('missing'), self.url('a'))
        with self.assertSqlState('58P01'):
            self.copy(self.url('missing', 'no-such-bucket-here'), self.url('a'))
        self.store(self.key())
        with self.assertSqlState('58P01', detail='NoSuchBucket'):
            self.copy(self.url(self.key()), self.url('a', 'no-such-bucket-here'))

    def test_denied(self):
        s3 = rgw(user=2)
        other = self.bucket(s3)
        self.store(self.key())
        with self.assertSqlState('42501', 'could not copy to object "a"', detail='AccessDenied'):
            self.copy(self.url(self.key()), self.url('a', other))
        s3.put_object(Bucket=other, Key='b', Body=b'x')
        with self.assertSqlState('42501', 'could not look up object "b"'):
            self.copy(self.url('b', other), self.url('a'))

    def test_bad_urls(self):
        for source, target, state in ((self.url(''), self.url('a'), '2200F'),
                                      (self.url('a'), self.url(''), '2200F'),
                                      ('no-url', self.url('a'), '22P02'),
                                      (self.url('a'), 'nowhere://b/k', '42704')):
            with self.assertSqlState(state):
                self.copy(source, target)


class Onto(CopyCase):
    """An object and itself."""

    def names(self, key):
        """The same object by other names."""
        return (self.url(key), 'S3' + self.url(key)[2:], self.url(key, scheme='s3-links'),
                self.url(key, scheme='s3-tls'), self.url('b', scheme='s3-prefix'))

    def setUp(self):
        super().setUp()
        self.session = self.connect(endpoints=dict(
            ENDPOINTS, **{'s3-prefix': endpoint('RGW', key_prefix='a'),
                          's3-other': endpoint('RGW', access_key_id='somebody-else')}))
        self.store('a/b', b'x')

    def test_copy(self):
        for name in self.names('a/b'):
            with self.subTest(name), self.assertSqlState('22023', 'same object'):
                self.copy(self.url('a/b'), name)
        self.assertEqual(self.stored('a/b')['Body'], b'x')

    def test_rename(self):
        for name in self.names('a/b'):
            with self.subTest(name), self.assertSqlState('22023', 'same object'):
                self.rename(self.url('a/b'), name)
            with self.subTest(name), self.assertSqlState('22023', 'same object'):
                self.rename(name, self.url('a/b'))
        self.assertEqual(self.stored('a/b')['Body'], b'x')

    def test_other_access_key(self):
        """The endpoint tells that it is one object; no key need be right."""
        with self.assertSqlState('22023', 'same object'):
            self.rename(self.url('a/b'), self.url('a/b', scheme='s3-other'))

    def test_change(self):
        """What changes something is no copy onto itself."""
        url = self.url('a/b')
        self.copy(url, url, {'MetadataDirective': 'REPLACE', 'Metadata': {'n': '1'}})
        self.assertEqual(self.stored('a/b')['Metadata'], {'n': '1'})
        self.copy(url, url, {'StorageClass': 'STANDARD_IA'})
        self.assertEqual(self.stored('a/b')['StorageClass'], 'STANDARD_IA')
        with self.assertSqlState('22023', 'same object'):
            self.copy(url, url, {'MetadataDirective': 'COPY'})
        with self.assertSqlState('22023', 'same object'):
            self.copy(url, url, {'CopySourceIfMatch': self.stored('a/b')['ETag']})

    def test_change_in_parts(self):
        self.in_parts()
        content = os.urandom(PART + 1)
        self.store('large', content, ContentType='a/b')
        self.copy(self.url('large'), self.url('large'),
                  {'MetadataDirective': 'REPLACE', 'ContentType': 'c/d'})
        stored = self.stored('large')
        self.assertEqual((stored['ContentType'], stored['Body']), ('c/d', content))


class Params(CopyCase):

    def setUp(self):
        super().setUp()
        self.store(self.key(), b'content', Metadata=METADATA, Tagging=TAGGING, **HEADERS)

    def copied(self, params, **more):
        self.copy(self.url(self.key()), self.url(self.key('-copy')), params)
        return self.stored(self.key('-copy'), **more)

    def test_replaced_metadata(self):
        stored = self.copied({'MetadataDirective': 'REPLACE', 'Metadata': {'new': 'one'},
                              'ContentType': 'image/png'})
        self.assertEqual((stored['Metadata'], stored['ContentType']), ({'new': 'one'}, 'image/png'))
        self.assertNotIn('CacheControl', stored)
        self.assertEqual(self.tags(self.key('-copy')), TAGS)

    def test_replaced_tags(self):
        stored = self.copied({'TaggingDirective': 'REPLACE', 'Tagging': 'n=1'})
        self.assertKept(stored)
        self.assertEqual(self.tags(self.key('-copy')), [{'Key': 'n', 'Value': '1'}])

    def test_storage_class(self):
        stored = self.copied({'StorageClass': 'GLACIER'})
        self.assertEqual(stored['StorageClass'], 'GLACIER')
        self.assertKept(stored)

    def test_acl(self):
        self.copied({'ACL': 'public-read'})
        grants = self.s3.get_object_acl(Bucket=self.name, Key=self.key('-copy'))['Grants']
        self.assertIn('AllUsers', ' '.join(grant['Grantee'].get('URI', '') for grant in grants))

    def test_what_would_be_ignored(self):
        for params, word in (({'ContentType': 'a/b'}, 'content-type'),
                             ({'Metadata': {'a': 'b'}}, 'x-amz-meta-a'),
                             ({'Expires': '2031-01-01'}, 'expires'),
                             ({'MetadataDirective': 'COPY', 'CacheControl': 'x'}, 'cache-control'),
                             ({'Tagging': 'a=b'}, 'x-amz-tagging')):
            with self.subTest(params=params), \
                    self.assertSqlState('22023', word, detail='ignores', hint='as a whole'):
                self.copied(params)

    def test_bad_params(self):
        for params, words in (({'MetadataDirective': 'KEEP'}, 'invalid directive'),
                              ({'CopySource': 'b/k'}, 'given twice'),
                              ({'Range': 'bytes=0-1'}, 'invalid parameter'),
                              ({'CopySourceVersionId': 1}, 'invalid value'),
                              (['a'], 'invalid value'),
                              ({'StorageClass': 'a\nb'}, 'invalid value')):
            with self.subTest(params=params), self.assertSqlState('22023', words):
                self.copied(params)
        with self.assertSqlState('22023', detail='MetadataDirective'):
            self.copied({'NoSuch': 'x'})
        self.assertFalse(self.exists(self.url(self.key('-copy'))))

    def test_conditions(self):
        etag = self.stored(self.key())['ETag']
        self.copied({'CopySourceIfMatch': etag})
        self.copied({'CopySourceIfUnmodifiedSince': '2099-01-01'})
        for params in ({'CopySourceIfMatch': '"0"'}, {'CopySourceIfNoneMatch': etag},
                       {'CopySourceIfModifiedSince': '2099-01-01'},
                       {'CopySourceIfUnmodifiedSince': '2001-01-01'}):
            with self.subTest(params=params), self.assertSqlState('58P02'):
                self.copied(params)

    def test_checksum(self):
        """A server that makes the copy also makes its checksum; nobody else does."""
        params = {'ChecksumAlgorithm': 'SHA256'}
        self.copied(params)
        self.store(self.key(), b'x' * (PART + 1))
        self.in_parts()
        with self.assertSqlState('0A000', '"ChecksumAlgorithm"', 'in parts', 'multipart_copy_threshold'):
            self.copied(params)
        with self.assertSqlState('0A000', '"ChecksumAlgorithm"'):
            self.copy(self.url(self.key()), self.url('checksum', scheme='s3-swift'), params)
        self.no_uploads()

    def test_encryption_with_own_keys(self):
        """From one key to another, and to none.

        Ceph does not copy what is encrypted so; another address makes us copy.
        """
        sse = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': SSE_KEY}
        other = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': OTHER_SSE_KEY}
        from_sse = {'CopySource' + name: value for name, value in sse.items()}
        self.in_parts()
        url = self.url(self.key('-sse-copy'), scheme='s3-tls')
        for size in (10, PART + 1):
            with self.subTest(size=size):
                content = os.urandom(size)
                self.store(self.key('-sse'), content, **sse)
                self.copy(self.url(self.key('-sse')), url, dict(from_sse, **other))
                self.assertEqual(self.stored(self.key('-sse-copy'), **other)['Body'], content)
                self.copy(self.url(self.key('-sse')), url, from_sse)
                self.assertEqual(self.stored(self.key('-sse-copy'))['Body'], content)
                with self.assertSqlState('22023'):
                    self.copy(self.url(self.key('-sse')), url)

    def test_canary(self):
        """No key of ours is in a message."""
        with self.assertSqlState('22023', 'CopySourceSSECustomerKey') as caught:
            self.copied({'CopySourceSSECustomerAlgorithm': 'AES256',
                         'CopySourceSSECustomerKey': SSE_KEY[1:]})
        self.assertNotIn(SSE_KEY[1:], str(caught.error))


# -----------------------------------------------------------------------------
# Between servers
# -----------------------------------------------------------------------------

class Across(CopyCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.swift = swift()
        cls.there = cls.class_bucket(cls.swift)

    SIZES = (0, 1, 1000003, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 12345)

    def test_sizes(self):
        """There, and back again."""
        self.in_parts()
        for size in self.SIZES:
            with self.subTest(size=size):
                content = os.urandom(size)
                self.store(self.key(), content, Metadata=METADATA, **HEADERS)
                there = self.url(self.key(), self.there, 's3-swift')
                self.assertEqual(self.copy(self.url(self.key()), there), there)
                stored = self.stored(self.key(), self.swift, self.there)
                self.assertEqual(stored['Body'], content)
                self.assertKept(stored)
                self.copy(there, self.url(self.key('-back')))
                stored = self.stored(self.key('-back'))
                self.assertEqual(stored['Body'], content)
                self.assertKept(stored)
                self.assertEqual('-' in stored['ETag'], size > PART)
        self.no_uploads()
        self.no_uploads(self.swift, self.there)

    def test_swift_itself(self):
        """Also of what was uploaded in parts, which Swift knows by two ETags."""
        self.in_parts()
        for size in (10, PART + 1):
            with self.subTest(size=size):
                content = os.urandom(size)
                self.swift.upload_fileobj(io.BytesIO(content), self.there, self.key())
                url = self.url(self.key(), self.there, 's3-swift')
                self.copy(url, url + '-copy')
                self.assertEqual(self.stored(self.key('-copy'), self.swift, self.there)['Body'],
                                 content)
                self.copy(url + '-copy', url + '-again')
                self.assertEqual(self.stored(self.key('-again'), self.swift, self.there)['Body'],
                                 content)
                self.assertEqual(self.rename(url + '-again', url + '-moved'), url + '-moved')
                self.assertFalse(self.exists(url + '-again'))

    def test_tls(self):
        """Another address of the server is another server, as far as anybody says."""
        self.in_parts()
        for size in (10, PART + 1):
            with self.subTest(size=size):
                content = os.urandom(size)
                self.store(self.key(), content, Metadata=METADATA, Tagging=TAGGING, **HEADERS)
                self.copy(self.url(self.key()), self.url(self.key('-copy'), scheme='s3-tls'))
                stored = self.stored(self.key('-copy'))
                self.assertEqual(stored['Body'], content)
                self.assertKept(stored)
                self.assertEqual(self.tags(self.key('-copy')), TAGS)

    def test_replaced(self):
        self.in_parts()
        for size in (10, PART + 1):
            with self.subTest(size=size):
                self.store(self.key(), bytes(size), Metadata=METADATA, Tagging=TAGGING, **HEADERS)
                self.copy(self.url(self.key()), self.url(self.key('-copy'), scheme='s3-tls'), {
                    'MetadataDirective': 'REPLACE', 'ContentType': 'c/d', 'Metadata': {'n': '1'},
                    'TaggingDirective': 'REPLACE', 'Tagging': 'x%20y=%2B', 'ACL': 'public-read',
                    'StorageClass': 'STANDARD_IA'})
                stored = self.stored(self.key('-copy'))
                self.assertEqual((stored['ContentType'], stored['Metadata']), ('c/d', {'n': '1'}))
                self.assertEqual(stored['StorageClass'], 'STANDARD_IA')
                self.assertNotIn('CacheControl', stored)
                self.assertEqual(self.tags(self.key('-copy')), [{'Key': 'x y', 'Value': '+'}])

    def test_no_tags_there(self):
        """Tags are not lost silently."""
        self.store(self.key(), b'x', Tagging=TAGGING)
        there = self.url(self.key(), self.there, 's3-swift')
        with self.assertSqlState('0A000', detail='tagging is not supported'):
            self.copy(self.url(self.key()), there)
        self.copy(self.url(self.key()), there, NO_TAGS)
        self.assertEqual(self.stored(self.key(), self.swift, self.there)['Body'], b'x')

    def test_conditions(self):
        etag = self.store(self.key())['ETag']
        there = self.url(self.key(), self.there, 's3-swift')
        self.copy(self.url(self.key()), there, {'CopySourceIfMatch': etag})
        with self.assertSqlState('58P02'):
            self.copy(self.url(self.key()), there, {'CopySourceIfNoneMatch': etag})

    def test_beyond_max_object_size(self):
        """A copy is no object in memory."""
        query(self.session, "SET s3store.max_object_size = '1kB'")
        content = os.urandom(5000)
        self.store(self.key(), content)
        self.copy(self.url(self.key()), self.url(self.key(), self.there, 's3-swift'))
        self.assertEqual(self.stored(self.key(), self.swift, self.there)['Body'], content)

    def test_memory(self):
        """A few parts are held at a time, 48 MB of them."""
        self.in_parts()
        self.store(self.key(), bytes(PART + 1))
        copy = self.url(self.key('-copy'), scheme='s3-tls')
        self.copy(self.url(self.key()), copy)
        pid = self.session.info.backend_pid
        before = resident(pid)
        self.store(self.key(), bytes(100 * MIB))
        self.copy(self.url(self.key()), copy)
        self.assertEqual(query(self.session, 'SELECT s3_size(%s)', copy), [(100 * MIB,)])
        self.assertLess(resident(pid) - before, 64 * 1024)

    def test_rename(self):
        self.in_parts()
        for size in (10, PART + 1):
            with self.subTest(size=size):
                content = os.urandom(size)
                self.store(self.key(), content)
                there = self.url(self.key(), self.there, 's3-swift')
                self.assertEqual(self.rename(self.url(self.key()), there), there)
                self.assertEqual(self.stored(self.key(), self.swift, self.there)['Body'], content)
                self.assertFalse(self.exists(self.url(self.key())))

    def test_rename_over_what_stands_there(self):
        self.store(self.key(), b'new')
        self.swift.put_object(Bucket=self.there, Key=self.key(), Body=b'older')
        self.rename(self.url(self.key()), self.url(self.key(), self.there, 's3-swift'))
        self.assertEqual(self.stored(self.key(), self.swift, self.there)['Body'], b'new')


class TwoAddresses(CopyCase):
    """Of one server, as same_server_as says; s3-gate is the one that shows what is sent to it."""

    def setUp(self):
        super().setUp()
        self.gate = self.enter_gate()
        self.session = self.connect(endpoints=self.endpoints())

    def enter_gate(self):
        gate = Gate(environment('RGW_ENDPOINT'))
        gate.__enter__()
        self.addCleanup(gate.__exit__)
        return gate

    def endpoints(self, **more):
        return {'s3': endpoint('RGW'), 's3-gate': endpoint(
            'RGW', endpoint_url=self.gate.endpoint, same_server_as=environment('RGW_ENDPOINT'), **more)}

    def sent(self):
        """To the gate, without bodies: what the server is told to copy, or None."""
        sent = [(request.method, request.headers.get('x-amz-copy-source')) for request in self.gate.requests]
        self.gate.requests.clear()
        return sent

    def source(self, key):
        return '%s/%s' % (self.name, key)

    def test_copy(self):
        """The server copies, whichever address it is asked at."""
        self.store(self.key(), b'x', Metadata=METADATA, Tagging=TAGGING)
        there, back = self.key('-there'), self.key('-back')
        self.copy(self.url(self.key()), self.url(there, scheme='s3-gate'))
        self.assertIn(('PUT', self.source(self.key())), self.sent())
        self.copy(self.url(there, scheme='s3-gate'), self.url(back))
        self.assertEqual({method for method, _ in self.sent()} - {'HEAD'}, set())
        for key in there, back:
            self.assertEqual((self.stored(key)['Body'], self.stored(key)['Metadata'], self.tags(key)),
                             (b'x', METADATA, TAGS))

    def test_copy_in_parts(self):
        self.in_parts()
        content = os.urandom(PART + 1)
        self.store(self.key(), content)
        self.copy(self.url(self.key()), self.url(self.key('-there'), scheme='s3-gate'))
        sent = self.sent()
        self.assertEqual(sent.count(('PUT', self.source(self.key()))), 2)
        self.assertNotIn(('PUT', None), sent)
        self.assertEqual(self.stored(self.key('-there'))['Body'], content)

    def test_rename(self):
        self.store(self.key(), b'x')
        self.rename(self.url(self.key()), self.url(self.key('-new'), scheme='s3-gate'))
        self.rename(self.url(self.key('-new'), scheme='s3-gate'), self.url(self.key('-newer')))
        self.assertEqual(self.stored(self.key('-newer'))['Body'], b'x')
        for key in self.key(), self.key('-new'):
            self.assertFalse(self.exists(self.url(key)))

    def test_onto_itself(self):
        """No request is needed to tell."""
        self.store(self.key(), b'x')
        for source, target in (('s3', 's3-gate'), ('s3-gate', 's3')):
            for function in self.copy, self.rename:
                with self.assertSqlState('22023', 'same object', detail='the same server'):
                    function(self.url(self.key(), scheme=source), self.url(self.key(), scheme=target))
        self.assertEqual(self.stored(self.key())['Body'], b'x')

    def test_other_access_key(self):
        """One server, but two who ask: the content goes through here."""
        other = endpoint('RGW', access_key_id=environment('RGW_ACCESS_KEY_ID_2'),
                         secret_access_key=environment('RGW_SECRET_ACCESS_KEY_2'))
        bucket = self.foreign_bucket()
        session = self.connect(endpoints=dict(self.endpoints(), **{'s3-other': other}))
        self.store(self.key(), b'x')
        self.copy(self.url(self.key(), scheme='s3-gate'), self.url('there', bucket, 's3-other'), session=session)
        self.assertIn(('GET', None), self.sent())
        self.assertEqual(self.stored('there', rgw(user=2), bucket)['Body'], b'x')


def resident(pid):
    """The memory of a process, at its peak, in kB."""
    with open('/proc/%d/status' % pid, encoding='ascii') as file:
        return int(re.search(r'VmHWM:\s+(\d+) kB', file.read()).group(1))


class Rename(CopyCase):

    def test_rename(self):
        self.store(self.key(), b'content', Metadata=METADATA, Tagging=TAGGING, **HEADERS)
        self.assertEqual(self.rename(self.url(self.key()), self.url(self.key('-new'))),
                         self.url(self.key('-new')))
        self.assertFalse(self.exists(self.url(self.key())))
        stored = self.stored(self.key('-new'))
        self.assertEqual(stored['Body'], b'content')
        self.assertKept(stored)
        self.assertEqual(self.tags(self.key('-new')), TAGS)

    def test_in_parts(self):
        self.in_parts()
        content = os.urandom(PART + 1)
        self.store(self.key(), content)
        self.rename(self.url(self.key()), self.url(self.key('-new')))
        self.assertFalse(self.exists(self.url(self.key())))
        self.assertEqual(self.stored(self.key('-new'))['Body'], content)

    def test_missing(self):
        with self.assertSqlState('58P01'):
            self.rename(self.url('missing'), self.url('a'))

    def test_rows(self):
        """A table of URLs, moved."""
        for number in range(5):
            self.store('old/%d' % number, b'%d' % number)
        query(self.session, 'CREATE TEMPORARY TABLE photo AS SELECT url FROM s3_list(%s)',
              self.url('old/'))
        query(self.session, "UPDATE photo SET url = s3_rename(url, replace(url, '/old/', '/new/'))")
        self.assertEqual(len(query(self.session, 'SELECT * FROM s3_list(%s)', self.url('old/'))), 5)
        query(self.session, 'CALL s3_drain()')
        self.assertEqual(query(self.session, 'SELECT s3_get_text(url) FROM photo ORDER BY url'),
                         [(str(number),) for number in range(5)])
        self.assertEqual(query(self.session, 'SELECT * FROM s3_list(%s)', self.url('old/')), [])

    def test_read_only(self):
        """Both sides are checked, before anything is copied."""
        self.session = self.connect(endpoints={
            's3': endpoint('RGW'), 's3-safe': endpoint('RGW', read_only=True)})
        self.store(self.key())
        new = self.key('-new')
        for source, target in (('s3', 's3-safe'), ('s3-safe', 's3')):
            with self.assertSqlState('25006', 's3-safe'):
                self.rename(self.url(self.key(), scheme=source), self.url(new, scheme=target))
        with self.assertSqlState('25006', 's3-safe'):
            self.copy(self.url(self.key()), self.url(new, scheme='s3-safe'))
        self.assertFalse(self.exists(self.url(new)))
        self.copy(self.url(self.key(), scheme='s3-safe'), self.url(new))
        self.assertTrue(self.exists(self.url(new)))

    def test_roles(self):
        """Either needs both roles: what is copied is read."""
        role = 'copier_' + uuid.uuid4().hex[:8]
        query(self.session, 'CREATE ROLE %s' % role)
        self.addCleanup(query, self.connect(), 'DROP ROLE %s' % role)
        self.store(self.key())
        copier = self.connect(role=role)
        self.addCleanup(copier.close)
        for held in ([], ['s3store_read'], ['s3store_write']):
            for name in held:
                query(self.session, 'GRANT %s TO %s' % (name, role))
            for function in ('s3_copy', 's3_rename'):
                with self.subTest(held=held), self.assertSqlState('42501'):
                    query(copier, 'SELECT %s(%%s, %%s)' % function, self.url(self.key()),
                          self.url(self.key('-copy')))
            for name in held:
                query(self.session, 'REVOKE %s FROM %s' % (name, role))
        query(self.session, 'GRANT s3store_read, s3store_write TO %s' % role)
        self.copy(self.url(self.key()), self.url(self.key('-copy')), session=copier)
        query(copier, 'SELECT s3_rename(%s, %s)', self.url(self.key('-copy')),
              self.url(self.key('-moved')))
        self.assertTrue(self.exists(self.url(self.key('-moved'))))


# -----------------------------------------------------------------------------
# Gone wrong
# -----------------------------------------------------------------------------

SIZE = 2 * PART + 1


def head(size=10, **more):
    return Answer(200, {'Content-Length': str(size), 'ETag': '"e"',
                        'Last-Modified': 'Mon, 01 Jun 2026 00:00:00 GMT', **more}, b'')


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def document(root, content=''):
    return Answer(200, {'Content-Type': 'application/xml'},
                  ('<?xml version="1.0"?><%s>%s</%s>' % (root, content, root)).encode())


NO_TAGS_THERE = document('Tagging', '<TagSet></TagSet>')
COPIED = document('CopyObjectResult', '<ETag>"e"</ETag>')
STARTED = document('InitiateMultipartUploadResult', '<UploadId>u&amp;1</UploadId>')
PART_COPIED = document('CopyPartResult', '<ETag>"p"</ETag>')
COMPLETED = document('CompleteMultipartUploadResult', '<ETag>"c-3"</ETag>')
GONE = Answer(204, {}, b'')
FAILED = Answer(500, {}, b'<Error><Code>InternalError</Code><Message>We failed</Message></Error>')
LATE_ERROR = document('Error', '<Code>InternalError</Code><Message>We failed</Message>')
SLOW_DOWN = document('Error', '<Code>SlowDown</Code>')

# what comes after the source was looked up: SQLSTATE, words, of the detail
BAD_COPIES = {
    'an error with status 200': ([LATE_ERROR], '58030', 'the server failed', 'InternalError'),
    'another one': ([SLOW_DOWN], '58030', 'fewer requests', 'status 200'),
    'an error behind blanks': ([Answer(200, {}, b' \n ' + LATE_ERROR.body)], '58030', None,
                               'We failed'),
    'garbage': ([Answer(200, {}, b'\x00\xff')], '08P01', None, 'CopyObjectResult'),
    'another document': ([document('Other')], '08P01', None, 'root'),
    'half a document': ([Answer(200, {}, COPIED.body[:-5])], '08P01', None, 'CopyObjectResult'),
    'an error': ([FAILED], '58030', None, 'InternalError'),
}

# the same for a copy in parts, with the last words of the requests
BAD_PARTS = {
    'no start': ([NO_TAGS_THERE, FAILED], '58030', 'start the upload of', False),
    'no upload ID': ([NO_TAGS_THERE, document('InitiateMultipartUploadResult')], '08P01', None,
                     False),
    'an endless upload ID': ([NO_TAGS_THERE, document(
        'InitiateMultipartUploadResult', '<UploadId>%s</UploadId>' % ('u' * 3000))], '08P01', None,
        False),
    'a part fails': ([NO_TAGS_THERE, STARTED, PART_COPIED, FAILED, GONE], '58030',
                     'copy to object', True),
    'a part fails late': ([NO_TAGS_THERE, STARTED, PART_COPIED, LATE_ERROR, GONE], '58030',
                          'the server failed', True),
    'a part without an ETag': ([NO_TAGS_THERE, STARTED, document('CopyPartResult'), GONE], '08P01',
                               None, True),
    'no end': ([NO_TAGS_THERE, STARTED] + [PART_COPIED] * 3 + [FAILED, GONE], '58030',
               'complete the upload', True),
    'a late error at the end': ([NO_TAGS_THERE, STARTED] + [PART_COPIED] * 3 + [LATE_ERROR, GONE],
                                '58030', 'complete the upload', True),
    'garbage at the end': ([NO_TAGS_THERE, STARTED] + [PART_COPIED] * 3 +
                           [Answer(200, {}, b'<'), GONE], '08P01', None, True),
    'no tags told': ([FAILED], '58030', 'get the tags of', False),
    'tags denied': ([Answer(403, {}, b'')], '42501', 'get the tags of', False),
    'garbage for tags': ([Answer(200, {}, b'<x/>')], '08P01', None, False),
    'the source has changed': ([NO_TAGS_THERE, STARTED, Answer(412, {}, b''),
                                head(SIZE, ETag='"f"'), GONE], '58P02', 'source has changed',
                               True),
    'the source is gone': ([NO_TAGS_THERE, STARTED, Answer(412, {}, b''), Answer(404, {}, b''),
                            GONE], '58P02', 'the source has changed', True),
}


class Gone(BackendCase):
    """A server that fails on the way, and what is left there."""

    def server(self, *answers, **more):
        """A server with these answers, and a session that knows it."""
        server = self.answering(*answers)
        conn = self.session(server.endpoint, timeout='60s', put_undo=False, **more)
        query(conn, "SET s3store.multipart_copy_threshold = '5MB'")
        query(conn, "SET s3store.multipart_part_size = '5MB'")
        query(conn, 'SET s3store.max_pool_connections = 1')     # parts in order
        return conn, server

    COPY = "SELECT s3_copy('s3-bad://answer/a', 's3-bad://answer/b')"
    RENAME = "SELECT s3_rename('s3-bad://answer/a', 's3-bad://answer/b')"

    def asked(self, server):
        """What was asked for: verbs, and what in the query tells them apart."""
        return [request.method + ''.join(sorted(
            '?' + name for name in re.findall(r'[?&](uploads|uploadId|tagging|partNumber)\b',
                                              request.target)))
                for request in server.requests]

    def assertAborted(self, server):
        last = server.requests[-1]
        self.assertEqual(last.method, 'DELETE')
        self.assertIn('uploadId=u%261', last.target)

    def test_one_piece(self):
        for name, (answers, state, words, detail) in BAD_COPIES.items():
            with self.subTest(name):
                conn, server = self.server(head(), *answers)
                with self.assertSqlState(state, words, detail):
                    query(conn, self.COPY)
                self.assertEqual(self.asked(server), ['HEAD', 'PUT'])
                self.check_good(conn)

    def test_empty_answer(self):
        """It says neither that the copy was made, nor that it was not."""
        empty, then = Answer(200, {}, b''), {'Date': 'Mon, 01 Jun 2026 00:01:00 GMT'}
        made = {'Last-Modified': 'Mon, 01 Jun 2026 00:00:59 GMT'}
        md5 = 'd41d8cd98f00b204e9800998ecf8427e'
        for name, (source, blank, there, good) in {
                'made': (head(), empty, head(), True),
                'blanks': (head(), Answer(200, {}, b'\n  '), head(), True),
                'made just now': (head(**then), empty, head(**made), True),
                'not made': (head(**then), empty, head(), False),
                'another size': (head(), empty, head(11), False),
                'another content': (head(ETag='"%s"' % md5), empty, head(ETag='"%s"' % md5[::-1]), False),
                'nothing': (head(), empty, Answer(404, {}, b''), False)}.items():
            with self.subTest(name):
                conn, server = self.server(source, blank, there)
                if good:
                    self.assertEqual(query(conn, self.COPY), [('s3-bad://answer/b',)])
                else:
                    with self.assertSqlState('08P01', 'the server has not made the copy', 'was empty'):
                        query(conn, self.COPY)
                self.assertEqual(self.asked(server), ['HEAD', 'PUT', 'HEAD'])
        conn, server = self.server(head(), empty, Answer(403, {}, b''))
        with self.assertSqlState('42501'):
            query(conn, self.COPY)

    def test_request(self):
        """What is sent for a copy."""
        conn, server = self.server(head(), COPIED)
        query(conn, "SELECT s3_copy('s3-bad://answer/a b+\u00fc/%2F', 's3-bad://answer/b',"
                    " '{\"CopySourceVersionId\": \"v 1\"}')")
        self.assertEqual(server.requests[0].target, '/answer/a%20b%2B%C3%BC/%252F?versionId=v%201')
        headers = server.requests[1].headers
        self.assertEqual(headers['x-amz-copy-source'],
                         'answer/a%20b%2B%C3%BC/%252F?versionId=v%201')
        self.assertEqual(headers['x-amz-copy-source-if-match'], '"e"')

    def test_requests_in_parts(self):
        conn, server = self.server(head(SIZE, **{'x-amz-meta-K': 'v', 'Content-Type': 'a/b'}),
                                   NO_TAGS_THERE, STARTED, *[PART_COPIED] * 3, COMPLETED)
        query(conn, self.COPY)
        self.assertEqual(self.asked(server), [
            'HEAD', 'GET?tagging', 'POST?uploads'] + ['PUT?partNumber?uploadId'] * 3 +
            ['POST?uploadId'])
        create, parts, complete = server.requests[2], server.requests[3:6], server.requests[6]
        self.assertEqual((create.headers['content-type'], create.headers['x-amz-meta-k']),
                         ('a/b', 'v'))
        self.assertEqual([part.headers['x-amz-copy-source-range'] for part in parts], [
            'bytes=0-%d' % (PART - 1), 'bytes=%d-%d' % (PART, 2 * PART - 1),
            'bytes=%d-%d' % (2 * PART, 2 * PART)])
        for number, part in enumerate(parts):
            self.assertEqual(part.headers['x-amz-copy-source-if-match'], '"e"')
            self.assertIn('partNumber=%d&uploadId=u%%261' % (number + 1), part.target)
        self.assertIn(b'<Part><PartNumber>3</PartNumber><ETag>&quot;p&quot;</ETag></Part>',
                      complete.body)

    def test_encryption_in_parts(self):
        """Which requests have whose key; nobody but these."""
        params = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': SSE_KEY,
                  'CopySourceSSECustomerAlgorithm': 'AES256',
                  'CopySourceSSECustomerKey': OTHER_SSE_KEY, 'RequestPayer': 'requester',
                  'ExpectedBucketOwner': '111', 'ExpectedSourceBucketOwner': '222'}
        conn, server = self.server(head(SIZE), NO_TAGS_THERE, STARTED, *[PART_COPIED] * 3, FAILED,
                                   GONE)
        with self.assertSqlState('58030'):
            query(conn, "SELECT s3_copy('s3-bad://answer/a', 's3-bad://answer/b', %s)",
                  json.dumps(params))
        own, source = base64_of(SSE_KEY), base64_of(OTHER_SSE_KEY)
        sse = 'x-amz-server-side-encryption-customer-key'
        from_sse = 'x-amz-copy-source-server-side-encryption-customer-key'
        owner, from_owner = 'x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner'
        expected = {                # key, source's key, owner, source's owner
            'HEAD': (source, None, '222', None),
            'GET?tagging': (None, None, '222', None),
            'POST?uploads': (own, None, '111', None),
            'PUT?partNumber?uploadId': (own, source, '111', '222'),
            'POST?uploadId': (own, None, '111', None),
            'DELETE?uploadId': (None, None, '111', None),
        }
        for asked, request in zip(self.asked(server), server.requests):
            with self.subTest(asked):
                headers = request.headers
                self.assertEqual((headers.get(sse), headers.get(from_sse), headers.get(owner),
                                  headers.get(from_owner)), expected.pop(asked, None)
                                 or (own, source, '111', '222'))
                self.assertEqual(headers['x-amz-request-payer'], 'requester')
                self.assertEqual(sse + '-md5' in headers, sse in headers)
                self.assertEqual(from_sse + '-md5' in headers, from_sse in headers)
        self.assertEqual(expected, {})

    def test_parts_are_not_too_many(self):
        """10,000 at most, so that they grow."""
        size = 5 * 1024 ** 4
        conn, server = self.server(head(size), NO_TAGS_THERE, STARTED, FAILED, GONE)
        with self.assertSqlState('58030'):
            query(conn, self.COPY)
        last = int(server.requests[3].headers['x-amz-copy-source-range'].rpartition('-')[2]) + 1
        self.assertEqual(last, 525 * MIB)
        self.assertLessEqual(-(-size // last), 10000)

    def test_metadata_that_is_missing(self):
        conn, _ = self.server(head(SIZE, **{'x-amz-missing-meta': '1'}))
        with self.assertSqlState('0A000', 'metadata', hint='MetadataDirective'):
            query(conn, self.COPY)

    def test_what_no_header_may_hold(self):
        """What one server sends is not sent to another as it came."""
        for headers, name in (({'x-amz-meta-a': 'b\rx-amz-acl: public-read'}, 'x-amz-meta-a'),
                              ({'Content-Language': 'de\x1b[1m'}, 'content-language'),
                              ({'ETag': '"1"\rx-amz-acl: public-read'}, 'x-amz-copy-source-if-match')):
            with self.subTest(name):
                conn, server = self.server(head(SIZE, **headers), NO_TAGS_THERE, STARTED, GONE)
                with self.assertSqlState('08P01', 'invalid value of "%s"' % name, hint='came from a server'):
                    query(conn, self.COPY)
                self.assertNotIn('PUT?partNumber?uploadId', self.asked(server))
                self.check_good(conn)

    def test_parts(self):
        for name, (answers, state, words, aborted) in BAD_PARTS.items():
            with self.subTest(name):
                conn, server = self.server(head(SIZE), *answers)
                with self.assertSqlState(state, words):
                    query(conn, self.COPY)
                if aborted:
                    self.assertAborted(server)
                else:
                    self.assertNotIn('DELETE?uploadId', self.asked(server))
                self.assertEqual(conn.notices, [])
                self.check_good(conn)

    def test_tags_denied(self):
        conn, _ = self.server(head(SIZE), Answer(403, {}, b''))
        with self.assertSqlState('42501', hint='TaggingDirective'):
            query(conn, self.COPY)

    def test_etag_that_is_refused(self):
        """Without it, the source is looked up again before the end."""
        refused = Answer(412, {}, b'')
        conn, server = self.server(head(), refused, head(), COPIED, head())
        query(conn, self.COPY)
        self.assertEqual(self.asked(server), ['HEAD', 'PUT', 'HEAD', 'PUT', 'HEAD'])
        self.assertNotIn('x-amz-copy-source-if-match', server.requests[3].headers)
        conn, server = self.server(head(), refused, head(), COPIED, head(ETag='"f"'))
        with self.assertSqlState('58P02', 'has changed'):
            query(conn, self.COPY)
        conn, server = self.server(head(SIZE), NO_TAGS_THERE, STARTED, refused, head(SIZE),
                                   *[PART_COPIED] * 3, head(SIZE), COMPLETED)
        query(conn, self.COPY)
        parts = ['PUT?partNumber?uploadId'] * 3
        self.assertEqual(self.asked(server)[5:], [*parts, 'HEAD', 'POST?uploadId'])
        conn, server = self.server(head(SIZE), NO_TAGS_THERE, STARTED, refused, head(SIZE),
                                   *[PART_COPIED] * 3, head(SIZE + 1), GONE)
        with self.assertSqlState('58P02', 'has changed'):
            query(conn, self.COPY)
        self.assertAborted(server)

    def test_rename(self):
        """The deletion of the source is queued when all is well, and only then."""
        conn, server = self.server(head(), COPIED, head(), head())
        query(conn, self.RENAME)
        self.assertEqual(self.asked(server), ['HEAD', 'PUT', 'HEAD', 'HEAD'])
        self.assertEqual(self.queued(conn), [('s3-bad://answer/a',)])
        md5 = 'd41d8cd98f00b204e9800998ecf8427e'
        wrong = {
            'no copy': ([head(), COPIED, Answer(404, {}, b'')], '58P01', None),
            'another size': ([head(), COPIED, head(11)], '58P02', 'the copy differs'),
            'another content': ([head(ETag='"%s"' % md5), COPIED, head(ETag='"%s"' % md5[::-1])],
                                '58P02', 'the copy differs'),
            'nobody knows': ([head(), COPIED, FAILED], '58030', None),
            'the source has changed': ([head(), COPIED, head(), head(ETag='"f"')], '58P02',
                                       'source has changed'),
            'the source was written again': ([head(), COPIED, head(), head(**{
                'Last-Modified': 'Mon, 01 Jun 2026 00:00:01 GMT'})], '58P02', 'source has changed'),
            'the source is gone': ([head(), COPIED, head(), Answer(404, {}, b'')], '58P01', None),
            'a late error': ([head(), LATE_ERROR], '58030', None),
        }
        for name, (answers, state, words) in wrong.items():
            with self.subTest(name):
                conn, server = self.server(*answers)
                with self.assertSqlState(state, words):
                    query(conn, self.RENAME)
                self.assertEqual(self.queued(conn), [])
                self.check_good(conn)

    def queued(self, conn):
        """What is to be deleted; taken off."""
        rows = query(conn, "SELECT url FROM s3_queue WHERE url LIKE 's3-bad:%%'")
        query(conn, "DELETE FROM s3_deletion WHERE url LIKE 's3-bad:%%'")
        return rows

    def test_etags_that_say_nothing(self):
        """Of parts and of encrypted content: they differ, and that is all right."""
        md5 = 'd41d8cd98f00b204e9800998ecf8427e'
        encrypted = {'x-amz-server-side-encryption': 'aws:kms'}
        plain = head(ETag='"%s"' % md5)
        for source, target in ((head(ETag='"%s-3"' % md5), plain),
                               (plain, head(ETag='"%s"' % md5[::-1], **encrypted))):
            conn, server = self.server(source, COPIED, target, source, GONE)
            query(conn, self.RENAME)
            self.assertEqual(len(self.queued(conn)), 1)
        conn, server = self.server(plain, COPIED, head(ETag='"%s"' % md5[::-1]), plain, GONE,
                                   verify_etag=False)
        query(conn, self.RENAME)
        self.assertEqual(len(self.queued(conn)), 1)

    # Stopped

    HANGING = [head(SIZE), NO_TAGS_THERE, STARTED, PART_COPIED, 'silent-headers']

    def stop(self, conn, server, function):
        """Starts a copy, and stops it when it hangs; returns the call and the time."""
        call = Call(conn, self.COPY)
        server.reached('silent-headers')
        start = time.monotonic()
        query(self.connect(), 'SELECT %s(%%s)' % function, conn.info.backend_pid)
        call.join(2 * PROMPT)
        self.assertFalse(call.is_alive())
        return call, call.ended - start

    def test_cancel(self):
        conn, server = self.server(*self.HANGING, GONE)
        call, seconds = self.stop(conn, server, 'pg_cancel_backend')
        self.assertEqual(call.error.pgcode, '57014')
        self.assertLess(seconds, 1)
        self.assertAborted(server)
        self.check_good(conn)

    def test_cancel_at_the_end(self):
        """Nobody knows whether it was completed; what is not there is no failure."""
        for answer in (GONE, Answer(404, {}, b'<Error><Code>NoSuchUpload</Code></Error>')):
            conn, server = self.server(head(SIZE), NO_TAGS_THERE, STARTED, *[PART_COPIED] * 3,
                                       'silent-headers', answer)
            call, _ = self.stop(conn, server, 'pg_cancel_backend')
            self.assertEqual(call.error.pgcode, '57014')
            self.assertAborted(server)
            self.assertEqual(conn.notices, [])

    def test_timeout(self):
        conn, server = self.server(*self.HANGING, GONE)
        query(conn, "SET statement_timeout = '300ms'")
        with self.assertSqlState('57014', 'statement timeout'):
            query(conn, self.COPY)
        self.assertAborted(server)
        self.check_good(conn)

    def test_terminate(self):
        """The end of the session, too, removes the parts."""
        conn, server = self.server(*self.HANGING, GONE)
        pid = conn.info.backend_pid
        self.stop(conn, server, 'pg_terminate_backend')
        wait_for(lambda: not lives(pid), 'the backend ends')
        self.assertAborted(server)

    def test_caught(self):
        """A handler goes on, and the transaction with it."""
        conn, server = self.server(*self.HANGING[:-1], FAILED, GONE)
        query(conn, """
            DO $$ BEGIN
                PERFORM s3_copy('s3-bad://answer/a', 's3-bad://answer/b');
            EXCEPTION WHEN io_error THEN
                PERFORM s3_get('s3-good://answer/key');
            END $$""")
        self.assertAborted(server)

    def test_abort_hangs(self):
        """It does not hold the session."""
        conn, server = self.server(*self.HANGING, 'silent-headers')
        call, seconds = self.stop(conn, server, 'pg_cancel_backend')
        self.assertEqual(call.error.pgcode, '57014')
        self.assertLess(seconds, 1.5)
        self.assertEqual(len(conn.notices), 1)
        self.assertIn('could not remove the parts', conn.notices[0])
        self.check_good(conn)

    def test_abort_drips(self):
        """Its time is what counts, not that without a byte."""
        conn, server = self.server(*self.HANGING, 'slow-drip')
        call, seconds = self.stop(conn, server, 'pg_cancel_backend')
        self.assertLess(seconds, 1.5)
        self.check_good(conn)

    def test_abort_fails(self):
        conn, server = self.server(*self.HANGING[:-1], FAILED, Answer(403, {}, b''))
        with self.assertSqlState('58030', 'copy to object'):
            query(conn, self.COPY)
        self.assertIn('AbortIncompleteMultipartUpload', conn.notices[0])
        self.assertNotIn('secret', conn.notices[0])
        self.check_good(conn)

    # Through here

    def test_ranges(self):
        """A source that sends other bytes than asked for; the target is real."""
        name = self.bucket()
        good = Answer(206, {'Content-Range': 'bytes 0-%d/%d' % (PART - 1, SIZE)}, bytes(PART))
        wrong = {
            'all of it': (Answer(200, {}, bytes(PART)), '08P01'),
            'another range': (Answer(206, {'Content-Range': 'bytes 1-%d/%d' % (PART, SIZE)},
                                     bytes(PART)), '08P01'),
            'of another size': (Answer(206, {'Content-Range': 'bytes 0-%d/%d' % (PART - 1, PART)},
                                       bytes(PART)), '08P01'),
            'less': (Answer(206, good.headers, bytes(PART - 1)), '08P01'),
            'more': (Answer(206, good.headers, bytes(PART + 1)), '54000'),
            'no range': (Answer(206, {}, bytes(PART)), '08P01'),
            'changed': (Answer(412, {}, b''), '58P02'),
            'failed': (FAILED, '58030'),
            'broken off': ('truncated', '08P01'),
        }
        for title, (answer, state) in wrong.items():
            with self.subTest(title):
                conn, server = self.server(head(SIZE), NO_TAGS_THERE, answer)
                self.with_rgw(conn, server)
                with self.assertSqlState(state):
                    query(conn, "SELECT s3_copy('s3-bad://answer/a', %s)", 's3://%s/b' % name)
                get = server.requests[2] if isinstance(answer, Answer) else None
                if get:
                    self.assertEqual((get.headers['range'], get.headers['if-match']),
                                     ('bytes=0-%d' % (PART - 1), '"e"'))
                self.check_good(conn)
        s3 = rgw()
        self.assertEqual(s3.list_multipart_uploads(Bucket=name).get('Uploads', []), [])
        self.assertEqual(s3.list_objects_v2(Bucket=name)['KeyCount'], 0)

    def test_cancel_on_a_real_server(self):
        """A source that hangs after the first part; no upload stays at the target."""
        name = self.bucket()
        first = Answer(206, {'Content-Range': 'bytes 0-%d/%d' % (PART - 1, SIZE)}, bytes(PART))
        conn, server = self.server(head(SIZE), NO_TAGS_THERE, first, 'silent-headers')
        self.with_rgw(conn, server)
        call = Call(conn, "SELECT s3_copy('s3-bad://answer/a', %s)", 's3://%s/b' % name)
        server.reached('silent-headers')
        uploads = rgw().list_multipart_uploads(Bucket=name)['Uploads']
        self.assertEqual([upload['Key'] for upload in uploads], ['b'])
        conn.cancel()
        call.join(PROMPT)
        self.assertEqual(call.error.pgcode, '57014')
        self.assertEqual(rgw().list_multipart_uploads(Bucket=name).get('Uploads', []), [])

    def test_small_ranges(self):
        """The same in one piece."""
        name = self.bucket()
        for answer, state in ((Answer(200, {}, b'012345678'), '08P01'),
                              (Answer(200, {}, b'0123456789a'), '54000'),
                              (Answer(206, {'Content-Range': 'bytes 0-9/10'}, b'0123456789'),
                               '08P01')):
            conn, server = self.server(head(10), NO_TAGS_THERE, answer)
            self.with_rgw(conn, server)
            with self.assertSqlState(state):
                query(conn, "SELECT s3_copy('s3-bad://answer/a', %s)", 's3://%s/b' % name)
        self.assertEqual(rgw().list_objects_v2(Bucket=name)['KeyCount'], 0)

    def with_rgw(self, conn, server):
        """The session also knows the real server, as s3."""
        ((text,),) = query(conn, "SELECT %s::text", json.dumps({
            's3': endpoint('RGW'), 's3-good': self.entry_of(self.good),
            's3-bad': self.entry_of(server)}))
        query(conn, 'SET s3store.endpoints = %s', text)

    @staticmethod
    def entry_of(server):
        return {'endpoint_url': server.endpoint, 'access_key_id': 'AKIAWAITING',
                'secret_access_key': 'the-secret-of-waiting'}
