"""test_versions.py - versions of objects, and the markers of their deletion."""
import json
from concurrent.futures import ThreadPoolExecutor

from backend import BackendCase
from fault import Answer
from harness import Case, endpoint, make_bucket, query, rgw, swift
from keys import ODD_KEYS

ALL = {'AllVersions': True}


class VersionCase(Case):

    SCHEME = 's3'
    make_client = staticmethod(rgw)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = cls.make_client()
        cls.name = cls.versioned_bucket()
        cls.s3.put_bucket_versioning(Bucket=cls.name,
                                     VersioningConfiguration={'Status': 'Enabled'})

    @classmethod
    def versioned_bucket(cls):
        return cls.class_bucket(cls.s3)

    def setUp(self):
        super().setUp()
        self.session = self.connect()

    def url(self, key):
        return '%s://%s/%s' % (self.SCHEME, self.name, key)

    def key(self, suffix=''):
        return self.id().rpartition('.')[2] + suffix

    def store(self, key, content):
        """Returns the ID of the version."""
        return self.s3.put_object(Bucket=self.name, Key=key, Body=content)['VersionId']

    def call(self, function, key, params=None, session=None):
        ((value,),) = query(session or self.session, 'SELECT %s(%%s, %%s)' % function,
                            self.url(key), None if params is None else json.dumps(params))
        return bytes(value) if isinstance(value, memoryview) else value

    def head(self, key, params=None):
        return query(self.session, 'SELECT size, version_id FROM s3_head(%s, %s)', self.url(key),
                     None if params is None else json.dumps(params))[0]

    def versions(self, prefix):
        """(key, version) of all versions, then of all markers, below the prefix."""
        found = []
        for page in self.s3.get_paginator('list_object_versions').paginate(
                Bucket=self.name, Prefix=prefix):
            for item in page.get('Versions', []) + page.get('DeleteMarkers', []):
                found.append((item['Key'], item['VersionId']))
        return found


class Versions(VersionCase):

    def test_get(self):
        first, second = self.store(self.key(), b'first'), self.store(self.key(), b'second!')
        self.assertEqual(self.call('s3_get', self.key()), b'second!')
        for version, content in ((first, b'first'), (second, b'second!')):
            self.assertEqual(self.call('s3_get', self.key(), {'VersionId': version}), content)
            self.assertEqual(self.call('s3_get_text', self.key(), {'VersionId': version}),
                             content.decode())
            self.assertEqual(self.head(self.key(), {'VersionId': version}), (len(content), version))
        self.assertEqual(self.head(self.key()), (7, second))

    def test_put(self):
        """Each put of ours makes a version; a name that is taken stays so."""
        for content in ('first', 'second'):
            query(self.session, 'SELECT s3_put(%s, %s::text, overwrite => true)',
                  self.url(self.key()), content)
        self.assertEqual(len(self.versions(self.key())), 2)
        query(self.session, 'SELECT s3_delete(%s)', self.url(self.key()))
        ((url,),) = query(self.session, "SELECT s3_put(%s, 'third')", self.url(self.key()))
        self.assertEqual(url, self.url(self.key()))

    def test_delete_version(self):
        first, second = self.store(self.key(), b'first'), self.store(self.key(), b'second')
        self.assertIs(self.call('s3_delete', self.key(), {'VersionId': second}), True)
        self.assertEqual(self.versions(self.key()), [(self.key(), first)])
        self.assertEqual(self.call('s3_get', self.key()), b'first')

    def test_delete_marker(self):
        """A delete hides the object; deleting the marker brings it back."""
        version = self.store(self.key(), b'content')
        self.assertIs(self.call('s3_delete', self.key()), True)
        with self.assertSqlState('58P01', 'does not exist'):
            self.call('s3_get', self.key())
        self.assertEqual(self.head(self.key()), (None, None))
        self.assertEqual(query(self.session, 'SELECT s3_exists(%s)', self.url(self.key())),
                         [(False,)])
        self.assertEqual(self.call('s3_get', self.key(), {'VersionId': version}), b'content')
        ((marker,),) = [(number,) for _, number in self.versions(self.key()) if number != version]
        with self.assertSqlState('58P01'):
            self.call('s3_get', self.key(), {'VersionId': marker})
        self.assertEqual(self.head(self.key(), {'VersionId': marker}), (None, None))
        self.call('s3_delete', self.key(), {'VersionId': marker})
        self.assertEqual(self.call('s3_get', self.key()), b'content')

    def test_list(self):
        """A list has the current versions only."""
        self.store(self.key('/1'), b'')
        self.store(self.key('/1'), b'')
        self.store(self.key('/2'), b'')
        self.call('s3_delete', self.key('/2'))
        self.assertEqual(query(self.session, 'SELECT url FROM s3_list(%s)',
                               self.url(self.key('/'))), [(self.url(self.key('/1')),)])

    def test_copy_of_a_version(self):
        first = self.store(self.key(), b'first')
        self.store(self.key(), b'second')
        copy = 'SELECT s3_copy(%s, %s, %s)'
        params = json.dumps({'CopySourceVersionId': first})
        query(self.session, copy, self.url(self.key()), self.url(self.key('-copy')), params)
        self.assertEqual(self.call('s3_get', self.key('-copy')), b'first')
        # onto itself: the old version is the current one again
        query(self.session, copy, self.url(self.key()), self.url(self.key()), params)
        self.assertEqual(self.call('s3_get', self.key()), b'first')
        self.assertEqual(len(self.versions(self.key())), 4)     # the copy is one of them

    def test_rename(self):
        """The source gets a marker, and keeps its versions."""
        version = self.store(self.key(), b'content')
        query(self.session, 'SELECT s3_rename(%s, %s)', self.url(self.key()),
              self.url('new-' + self.key()))
        query(self.session, 'CALL s3_drain()')
        self.assertEqual(self.call('s3_get', 'new-' + self.key()), b'content')
        self.assertIsNone(self.head(self.key())[0])
        self.assertEqual(self.call('s3_get', self.key(), {'VersionId': version}), b'content')


class AllVersions(VersionCase):

    def test_all_and_no_other(self):
        key = self.key()
        others = [key + '-2', key + '/', key + '/1', key[:-1], key.upper()]
        for other in others:
            self.store(other, b'')
            self.call('s3_delete', other)
        for number in range(3):
            self.store(key, b'%d' % number)
        self.call('s3_delete', key)
        self.store(key, b'last')
        self.assertEqual(len([1 for name, _ in self.versions(key) if name == key]), 5)
        self.assertIs(self.call('s3_delete', key, ALL), True)
        left = [name for other in others for name, _ in self.versions(other) if name == other]
        self.assertEqual(sorted(left), sorted(others * 2))
        self.assertEqual([name for name, _ in self.versions(key) if name == key], [])

    def test_nothing_there(self):
        self.assertIs(self.call('s3_delete', 'nothing', ALL), True)

    def test_keys(self):
        """Of every class of bytes."""
        keys = self.good_keys()
        for key in keys:
            self.store(key, b'1')
            self.store(key, b'2')
        for key in keys:
            with self.subTest(key=key):
                self.assertIs(self.call('s3_delete', key, ALL), True)
        # boto3 cannot read what Ceph answers for a prefix with control characters
        left = {name for name, _ in self.versions('')}
        self.assertEqual(left.intersection(keys), set())

    def good_keys(self):
        return ODD_KEYS

    COUNT = 1050

    def test_many(self):
        """More than a page."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: self.store(self.key(), b''), range(self.COUNT)))
        self.store(self.key('2'), b'')
        self.assertIs(self.call('s3_delete', self.key(), ALL), True)
        self.assertEqual([name for name, _ in self.versions(self.key())], [self.key('2')])

    def test_not_versioned(self):
        """One object is all its versions."""
        name = self.bucket(self.s3)
        self.s3.put_object(Bucket=name, Key='a', Body=b'')
        self.s3.put_object(Bucket=name, Key='ab', Body=b'')
        query(self.session, 'SELECT s3_delete(%s, %s)', '%s://%s/a' % (self.SCHEME, name),
              json.dumps(ALL))
        keys = [item['Key'] for item in self.s3.list_objects_v2(Bucket=name)['Contents']]
        self.assertEqual(keys, ['ab'])

    def test_suspended(self):
        """The version "null" among others."""
        name = self.bucket(self.s3)
        for status in ('Enabled', 'Suspended', 'Enabled'):
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={'Status': status})
            self.s3.put_object(Bucket=name, Key='a', Body=b'')
        query(self.session, 'SELECT s3_delete(%s, %s)', '%s://%s/a' % (self.SCHEME, name),
              json.dumps(ALL))
        self.assertEqual(self.s3.list_object_versions(Bucket=name).get('Versions', []), [])


class AllVersionsOnRgw(AllVersions):

    def test_key_prefix(self):
        session = self.connect(endpoints={'s3': endpoint('RGW', key_prefix='p')})
        for key in ('p/k', 'p/k', 'k', 'p/kk'):
            self.store(key, b'')
        self.call('s3_delete', 'k', ALL, session=session)
        self.assertEqual(sorted(name for name, _ in self.versions('')
                                if name in ('p/k', 'k', 'p/kk')), ['k', 'p/kk'])

    def test_normalized(self):
        session = self.connect(endpoints={'s3': endpoint('RGW', normalize_keys=True)})
        self.store('n/a', b'')
        self.store('n/a/', b'')
        self.call('s3_delete', 'n//a/?x', ALL, session=session)
        self.assertEqual([name for name, _ in self.versions('n/')], ['n/a/'])

    def test_params(self):
        version = self.store(self.key(), b'')
        for params in ({'AllVersions': True, 'VersionId': version}, {'AllVersions': 'yes'},
                       {'AllVersions': True, 'Range': 'x'}):
            with self.subTest(params=params), self.assertSqlState('22023'):
                self.call('s3_delete', self.key(), params)
        with self.assertSqlState('22023', 'invalid parameter "AllVersions"'):
            self.call('s3_get', self.key(), ALL)
        self.assertEqual(len(self.versions(self.key())), 1)
        for params in ({'AllVersions': False}, {'AllVersions': None}):
            self.assertIs(self.call('s3_delete', self.key(), params), True)
        self.assertIn((self.key(), version), self.versions(self.key()))

    def test_read_only(self):
        self.store(self.key(), b'')
        query(self.session, 'SET s3store.session_read_only = on')
        with self.assertSqlState('25006'):
            self.call('s3_delete', self.key(), ALL)
        self.assertEqual(len(self.versions(self.key())), 1)

    def test_no_file(self):
        for url in (None, '', '-'):
            self.assertEqual(query(self.session, 'SELECT s3_delete(%s, %s)', url, json.dumps(ALL)),
                             [(None,)])

    def test_missing_bucket(self):
        with self.assertSqlState('58P01', detail='NoSuchBucket'):
            query(self.session, 'SELECT s3_delete(%s, %s)', 's3://no-such-bucket-here/a',
                  json.dumps(ALL))


class OnSwift:
    SCHEME = 's3-swift'
    make_client = staticmethod(swift)

    @classmethod
    def versioned_bucket(cls):
        """It stays: boto3 cannot empty such a bucket of Swift's."""
        return make_bucket(cls.s3)


class VersionsOnSwift(OnSwift, Versions):
    pass


class AllVersionsOnSwift(OnSwift, AllVersions):
    COUNT = 30                  # a page would take it a minute

    def good_keys(self):
        """A few: the others are the same to us, and Swift is slow."""
        return ('a b+c', '%2F', '\u00fc', 'a\nb', '/', '?versionId=null')


del AllVersions


# -----------------------------------------------------------------------------
# Told by the server
# -----------------------------------------------------------------------------

VERSION = '<Version><Key>%s</Key><VersionId>%s</VersionId><Size>1</Size></Version>'
MARKER = '<DeleteMarker><Key>%s</Key><VersionId>%s</VersionId></DeleteMarker>'


def page(*items, markers=None):
    body = '<IsTruncated>%s</IsTruncated>' % str(markers is not None).lower()
    body += ''.join(kind % (key, version) for kind, key, version in items)
    if markers is not None:
        body += '<NextKeyMarker>%s</NextKeyMarker>' % markers[0]
        body += '<NextVersionIdMarker>%s</NextVersionIdMarker>' % markers[1]
    return Answer(200, {}, ('<ListVersionsResult>%s</ListVersionsResult>' % body).encode())


GONE = Answer(204, {}, b'')


class Told(BackendCase):

    def server(self, *answers):
        server = self.answering(*answers)
        return self.session(server.endpoint), server

    DELETE = "SELECT s3_delete('s3-bad://answer/k', '{\"AllVersions\": true}')"

    def test_delete_markers(self):
        """AWS tells of a marker in a header: 404 for the current one, 405 by its ID."""
        marker = {'x-amz-delete-marker': 'true', 'x-amz-version-id': 'm'}
        body = b'<Error><Code>%s</Code></Error>'
        for status, code, detail in ((404, b'NoSuchKey', 'current version is a delete marker'),
                                     (405, b'MethodNotAllowed', 'This version is a delete marker')):
            conn, _ = self.server(Answer(status, marker, body % code))
            with self.assertSqlState('58P01', 'object does not exist', detail, 'VersionId'):
                query(conn, "SELECT s3_get('s3-bad://answer/k')")
            self.assertEqual(query(conn, "SELECT size FROM s3_head('s3-bad://answer/k')"),
                             [(None,)])
            self.assertEqual(query(conn, "SELECT s3_exists('s3-bad://answer/k')"), [(False,)])
            with self.assertSqlState('58P01', detail=detail):
                query(conn, "SELECT s3_copy('s3-bad://answer/k', 's3-bad://answer/l')")
        conn, _ = self.server(Answer(405, {}, b'<Error><Code>MethodNotAllowed</Code></Error>'))
        with self.assertSqlState('0A000'):
            query(conn, "SELECT s3_get('s3-bad://answer/k')")
        conn, _ = self.server(Answer(403, marker, b''))
        with self.assertSqlState('42501'):
            query(conn, "SELECT s3_get('s3-bad://answer/k')")

    def test_order(self):
        """All are listed, to the end of the key, before the oldest is deleted."""
        conn, server = self.server(
            page((MARKER, 'k', '4'), (VERSION, 'k', '3'), markers=('k', '3')),
            page((VERSION, 'k', '2/ ?'), (VERSION, 'k', '1'), (VERSION, 'kk', '9'),
                 markers=('kk', '9')), GONE)
        query(conn, self.DELETE)
        self.assertEqual([(request.method, request.target) for request in server.requests], [
            ('GET', '/answer?encoding-type=url&max-keys=1000&prefix=k&versions'),
            ('GET', '/answer?encoding-type=url&key-marker=k&max-keys=1000&prefix=k'
                    '&version-id-marker=3&versions')] +
            [('DELETE', '/answer/k?versionId=' + version)
             for version in ('1', '2%2F%20%3F', '3', '4')])

    def test_headers(self):
        """Who pays and who owns is said with every request, the lists included."""
        missing = Answer(404, {}, b'<Error><Code>NoSuchVersion</Code></Error>')
        conn, server = self.server(page((VERSION, 'k', '1'), markers=('k', '1')),
                                   page((VERSION, 'k', '0')), missing, page(), GONE)
        params = {'AllVersions': True, 'ExpectedBucketOwner': '111122223333',
                  'RequestPayer': 'requester', 'MFA': 'device 123456'}
        query(conn, "SELECT s3_delete('s3-bad://answer/k', %s)", json.dumps(params))
        self.assertEqual([request.method for request in server.requests],
                         ['GET', 'GET', 'DELETE', 'GET', 'DELETE'])
        for request in server.requests:
            self.assertEqual(request.headers['x-amz-expected-bucket-owner'], '111122223333')
            self.assertEqual(request.headers['x-amz-request-payer'], 'requester')
            self.assertEqual('x-amz-mfa' in request.headers, request.method == 'DELETE')

    def test_failures(self):
        """What cannot be deleted ends it; nothing is taken for deleted."""
        two = page((VERSION, 'k', '2'), (VERSION, 'k', '1'))
        denied = Answer(403, {}, b'<Error><Code>AccessDenied</Code></Error>')
        for answers, state, deletes in (
                ([two, denied], '42501', 1),
                ([two, GONE, denied], '42501', 2),
                ([denied], '42501', 0),
                ([Answer(501, {}, b'')], '0A000', 0),
                ([Answer(200, {}, b'<x/>')], '08P01', 0),
                ([page((VERSION, 'other', '1'))], '08P01', 0),
                ([page((VERSION, 'k', ''))], '08P01', 0),
                ([page((VERSION, 'k', '1'), markers=('k', '1'))], '08P01', 0),
                ([page((VERSION, 'k', '1'), markers=('', ''))], '08P01', 0)):
            conn, server = self.server(*answers)
            with self.subTest(state), self.assertSqlState(state):
                query(conn, self.DELETE)
            self.assertEqual([request.method for request in server.requests].count('DELETE'),
                             deletes)
            self.check_good(conn)

    def test_gone_meanwhile(self):
        """What is not found is looked for in the list."""
        missing = Answer(404, {}, b'<Error><Code>NoSuchVersion</Code></Error>')
        one, two = page((VERSION, 'k', '1')), page((VERSION, 'k', '2'), (VERSION, 'k', '1'))
        conn, server = self.server(two, missing, page((VERSION, 'k', '2')), missing, page())
        self.assertEqual(query(conn, self.DELETE), [(True,)])
        self.assertEqual([request.method for request in server.requests],
                         ['GET', 'DELETE', 'GET', 'DELETE', 'GET'])
        conn, server = self.server(one, missing, one)
        with self.assertSqlState('58P01', 'could not delete'):
            query(conn, self.DELETE)
