"""A server that breaks the rules gives a clear error, and no more than that.

After each fault a good call is made on the same connection: nothing of the
bad one, neither bytes nor descriptors, may have stayed.
"""
import base64
import hashlib
import os
import pathlib
import subprocess
import uuid
import zlib

import psycopg2
from backend import SECRET_ACCESS_KEY, BackendCase, Cluster, descriptors
from fault import Answer, FaultServer, FullBacklog, Refused
from harness import environment, query

GET = "SELECT s3_get('s3-bad://%s/key')"
PUT = "SELECT s3_put('s3-bad://%s/key', %%s::bytea, overwrite => true)"
UPLOAD = psycopg2.Binary(os.urandom(1024) * 8192)
LIMIT = 1024 * 1024             # s3store.max_object_size in these tests

LATE = 'timed out after 300 ms without progress'
SLOW = 'timed out after 300 ms at less than 1000 bytes a second'
HEADERS_LATE = 'timed out after 300 ms before the headers of the answer were complete'
ENDED = 'server closed the connection before the answer was complete'
NOT_HTTP = "server's answer is not valid HTTP"
HEADERS = 'headers of the answer exceed 65536 bytes or 200 lines'
ENCODED = 'answer has a transfer encoding that was not asked for'
TOO_LARGE = 'answer is larger than %d bytes' % LIMIT

# mode: SQLSTATE, words of the message
FAULTS = {
    'truncated': ('08P01', ENDED),
    'truncated-chunked': ('08P01', ENDED),
    'truncated-headers': ('08P01', ENDED),
    'no-answer': ('08006', 'server closed the connection without an answer'),
    'reset': ('08006', 'connection to server was lost'),
    'reset-body': ('08006', 'connection to server was lost'),
    'garbage': ('08P01', NOT_HTTP),
    'bad-status': ('08P01', 'HTTP status 999'),
    'bad-length': ('08P01', NOT_HTTP),
    'bad-chunks': ('08P01', NOT_HTTP),
    'endless-headers': ('08P01', HEADERS),
    'endless-header-line': ('08P01', HEADERS),
    'endless-interim': ('08P01', HEADERS),
    'endless-trailers': ('08P01', HEADERS),
    'endless-body': ('54000', TOO_LARGE),
    'endless-chunked': ('54000', TOO_LARGE),
    'huge-length': ('54000', TOO_LARGE),
    'endless-error': ('58P01', None),
    'transfer-gzip': ('08P01', ENCODED),
    'transfer-gzip-chunked': ('08P01', ENCODED),
    'transfer-encoded-twice': ('08P01', ENCODED),
    'silent-headers': ('08006', LATE),
    'headers-stall': ('08006', LATE),
    'slow-headers': ('08006', LATE),
    'download-stall': ('08006', LATE),
    'slow-drip': ('08006', LATE),
    'trickle': ('08006', SLOW),
    'trickled-chunks': ('08006', SLOW),
    'trickled-status': ('08006', HEADERS_LATE),
    'trickled-headers': ('08006', HEADERS_LATE),
    'trickled-interim': ('08006', HEADERS_LATE),
}
UPLOAD_FAULTS = {mode: FAULTS[mode] for mode in (
    'truncated-headers', 'no-answer', 'reset', 'garbage', 'bad-status', 'endless-headers',
    'silent-headers')}
UPLOAD_FAULTS['upload-stall'] = ('08006', LATE)
UPLOAD_FAULTS['early-error'] = ('42501', None)

# mode: the content, however oddly it comes
ODDITIES = {
    'chunked': b'c' * 1000000,
    'until-close': b'u' * 1000000,
    'interim': b'good',
    'close-idle': b'good',
    'close-on-reuse': b'good',
    'short-length': b'good',
}


class Faults(BackendCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enter(FaultServer(drip=0.6))

    def setUp(self):
        super().setUp()
        self.conn = self.faulty(self.server.endpoint)

    def faulty(self, endpoint, **more):
        conn = self.session(endpoint, timeout='300ms', **more)
        query(conn, "SELECT set_config('s3store.max_object_size', %s, false)",
              '%dkB' % (LIMIT // 1024))
        return conn

    def check(self, conn, expected, statement, *args):
        """The statement fails as it should, and says nothing that is secret."""
        state, words = expected
        with self.assertSqlState(state, words) as caught:
            query(conn, statement, *args)
        for secret in (SECRET_ACCESS_KEY, 'Signature', 'X-Amz', 'x-amz', 'AWS4'):
            for text in (str(caught.error), caught.error.diag.message_hint or ''):
                self.assertNotIn(secret, text)
        self.check_good(conn)
        return caught.error

    def test_download(self):
        for mode, expected in FAULTS.items():
            with self.subTest(mode):
                self.check(self.conn, expected, GET % mode)

    def test_upload(self):
        for mode, expected in UPLOAD_FAULTS.items():
            with self.subTest(mode):
                self.check(self.conn, expected, PUT % mode, UPLOAD)

    def test_oddities(self):
        for mode, content in ODDITIES.items():
            with self.subTest(mode):
                for _ in range(2):
                    rows = query(self.conn, GET % mode)
                    self.assertEqual(bytes(rows[0][0]), content)
                self.check_good(self.conn)

    def test_nothing_stays(self):
        """However many calls have failed, the backend holds no more descriptors."""
        pid = self.conn.info.backend_pid
        self.check_good(self.conn)
        before = descriptors(pid)
        for _ in range(25):
            for mode in ('truncated', 'reset', 'garbage', 'huge-length'):
                with self.assertRaises(psycopg2.Error):
                    query(self.conn, GET % mode)
        self.check_good(self.conn)
        self.check_descriptors(self.conn, before)

    def test_one_connection(self):
        """The connection is kept between statements and transactions."""
        server = self.enter(FaultServer())
        conn = self.faulty(server.endpoint)
        for _ in range(10):
            query(conn, GET % 'answer')
        self.assertEqual((server.connections, len(server.requests)), (1, 10))

    def test_slow_but_alive(self):
        """What moves fast enough may last longer than the timeout."""
        conn = self.faulty(self.server.endpoint)
        query(conn, "SET s3store.request_timeout = '1500ms'; SET s3store.put_undo = off")
        self.assertEqual(bytes(query(conn, GET % 'slow-body')[0][0]), b's' * 10000)
        upload = psycopg2.Binary(bytes(100 * 65536))
        self.assertEqual(query(conn, PUT % 'slow-upload', upload), [('s3-bad://slow-upload/key',)])

    def test_server_at_work(self):
        """A copy may take long, while its answer has begun; but not for ever."""
        good = self.enter(FaultServer(answers=[Answer(200, {'ETag': '"0"'}, b'good'), 'at-work',
                                               Answer(200, {'ETag': '"0"'}, b'good'),
                                               'trickled-chunks']))
        conn = self.faulty(good.endpoint)
        query(conn, "SET s3store.request_timeout = '1s'; SET s3store.put_undo = off")
        copy = "SELECT s3_copy('s3-bad://bucket/here', 's3-bad://bucket/there')"
        self.assertEqual(query(conn, copy), [('s3-bad://bucket/there',)])
        query(conn, "SET s3store.request_timeout = '600ms'")
        self.check(conn, ('08006', 'timed out after 9000 ms at less than 1000 bytes a second'), copy)

    def test_slow_beside_fast(self):
        """One that trickles is given up, whatever its neighbours do."""
        urls = ['s3-bad://trickle/key'] + ['s3-bad://slow-body/%d' % i for i in range(4)]
        query(self.conn, "SET s3store.request_timeout = '1500ms'")
        rows = query(self.conn, 'SELECT sqlstate, length(content) FROM s3_get(%s)', urls)
        self.assertEqual(rows, [('08006', None)] + [(None, 10000)] * 4)

    def test_connect(self):
        with Refused() as server:
            error = self.check(self.faulty(server.endpoint), ('08006', 'could not connect to server'),
                               GET % 'bucket')
        self.assertIn('Connection refused', error.diag.message_detail)
        with FullBacklog() as server:
            self.check(self.faulty(server.endpoint),
                       ('08006', 'timed out after 300 ms while connecting'), GET % 'bucket')
        with FaultServer('silent-accept') as server:
            self.check(self.faulty(server.endpoint), ('08006', LATE), GET % 'bucket')
        with FaultServer('reset-accept') as server:
            self.check(self.faulty(server.endpoint), ('08006', None), GET % 'bucket')

    def test_headers(self):
        """Nothing is sent that we did not mean to send."""
        rows = query(self.conn, GET % 'echo')
        lines = bytes(rows[0][0]).decode().split('\n')
        self.assertEqual(lines[0], 'GET /echo/key')
        names = [line.split(':')[0] for line in lines[1:]]
        self.assertEqual(sorted(names), ['authorization', 'host', 'user-agent',
                                         'x-amz-content-sha256', 'x-amz-date'])

    def test_exists_without_a_length(self):
        """An object whose length the server does not say is there all the same."""
        self.assertEqual(query(self.conn, "SELECT s3_exists('s3-bad://chunked/key')"), [(True,)])
        self.check(self.conn, ('08P01', None), "SELECT s3_size('s3-bad://chunked/key')")

    PUT = "SELECT s3_put('s3-bad://bucket/key', 'content'::text)"
    ABSENT = Answer(404, {}, b'')
    TAKEN = Answer(412, {}, b'<Error><Code>PreconditionFailed</Code></Error>')

    def test_put_that_meets_itself(self):
        """The answer to a put is lost with its connection; sent again, it finds its own object."""
        etag = {'ETag': '"%s"' % hashlib.md5(b'content').hexdigest()}
        with FaultServer(answers=[self.ABSENT, None, self.TAKEN,
                                  Answer(200, etag, b'content')]) as server:
            conn = self.faulty(server.endpoint)
            self.assertEqual(query(conn, self.PUT), [('s3-bad://bucket/key',)])
            self.assertEqual([request.method for request in server.requests],
                             ['HEAD', 'PUT', 'PUT', 'HEAD'])

    def test_large_body_after_a_small_one(self):
        """Sent again over a new connection, it begins at its start."""
        size = 4000000
        with FaultServer(answers=[Answer(200, {}, b''), None, Answer(200, {}, b'')]) as server:
            conn = self.faulty(server.endpoint)
            query(conn, 'SET s3store.put_undo = off')
            for length in (10, size):
                query(conn, "SELECT s3_put('s3-bad://bucket/key', decode(repeat('616263', %s), 'hex'),"
                            ' overwrite => true)', length // 3)
            self.assertEqual([len(request.body) for request in server.requests],
                             [9, size // 3 * 3, size // 3 * 3])
            self.assertEqual(server.requests[2].body, server.requests[1].body)
            self.assertEqual(server.connections, 2)

    def test_put_that_meets_another(self):
        """The same, but the object is somebody else's: it gets another name."""
        with FaultServer(answers=[self.ABSENT, None, self.TAKEN,
                                  Answer(200, {'ETag': '"%s"' % ('0' * 32)}, b'another'),
                                  self.ABSENT, Answer(200, {}, b'')]) as server:
            conn = self.faulty(server.endpoint)
            self.assertRegex(query(conn, self.PUT)[0][0], r'^s3-bad://bucket/key_\w{7}$')

    def test_put_that_never_wins(self):
        """A server whose answers do not agree does not get the content a hundred times."""
        with FaultServer(answers=[self.ABSENT, self.TAKEN] * 10) as server:
            self.check(self.faulty(server.endpoint), ('58P02', None), self.PUT)
            puts = [request for request in server.requests if request.method == 'PUT']
            self.assertLess(len(puts), 10)

    def test_integrity(self):
        """What the server has stored, or sent, is compared with its digests."""
        digests = {'ETag': '"%s"' % hashlib.md5(b'content').hexdigest()}
        other = {'ETag': '"%s"' % hashlib.md5(b'other').hexdigest()}
        put = "SELECT s3_put('s3-bad://bucket/key', 'content'::bytea, overwrite => true)"
        with FaultServer(answers=[Answer(200, digests, b''), Answer(200, other, b''),
                                  Answer(200, digests, b'content'), Answer(200, other, b'content'),
                                  Answer(200, {'x-amz-checksum-crc32': 'AAAAAA=='}, b'content'),
                                  Answer(206, {**other, 'Content-Range': 'bytes 0-6/7'},
                                         b'content')]) as server:
            conn = self.faulty(server.endpoint)
            query(conn, 'SET s3store.put_undo = off')  # which asks for the object before
            self.assertEqual(query(conn, put), [('s3-bad://bucket/key',)])
            self.check(conn, ('08P01', 'the server has stored another content than was sent'), put)
            self.assertEqual(bytes(query(conn, GET % 'bucket')[0][0]), b'content')
            for _ in range(2):
                self.check(conn, ('08P01', 'another content arrived than the server has'),
                           GET % 'bucket')
            self.assertEqual(bytes(query(conn, GET % 'bucket')[0][0]), b'content')

    def test_etags_that_are_no_md5(self):
        """Some stores make ETags of that length otherwise; their checksums count."""
        other = {'ETag': '"%s"' % hashlib.md5(b'other').hexdigest()}
        wrong = {**other, 'x-amz-checksum-crc32': 'AAAAAA=='}
        crc = {**other, 'x-amz-checksum-crc32': base64.b64encode(
            zlib.crc32(b'content').to_bytes(4, 'big')).decode()}
        put = "SELECT s3_put('s3-bad://bucket/key', 'content'::bytea, overwrite => true)"
        with FaultServer(answers=[Answer(200, other, b''), Answer(200, other, b'content'),
                                  Answer(200, other, b''), Answer(200, crc, b'content'),
                                  Answer(200, wrong, b''),
                                  Answer(200, wrong, b'content')]) as server:
            strict = self.faulty(server.endpoint, put_undo=False)
            for statement in (put, GET % 'bucket'):
                with self.assertSqlState('08P01', hint='switch off "verify_etag"'):
                    query(strict, statement)
            conn = self.faulty(server.endpoint, put_undo=False, verify_etag=False)
            self.assertEqual(query(conn, put), [('s3-bad://bucket/key',)])
            self.assertEqual(bytes(query(conn, GET % 'bucket')[0][0]), b'content')
            for statement in (put, GET % 'bucket'):
                self.check(conn, ('08P01', None), statement)

    def test_integrity_of_large_content(self):
        """It is looked at while it comes, and all of it is."""
        content = os.urandom(3 * 1024 * 1024 + 1)
        digests = [{'ETag': '"%s"' % hashlib.md5(content).hexdigest()},
                   {'x-amz-checksum-sha1': base64.b64encode(hashlib.sha1(content).digest()).decode()},
                   {'x-amz-checksum-crc32': base64.b64encode(
                       zlib.crc32(content).to_bytes(4, 'big')).decode()}]
        for headers in digests:
            for wrong in (content[:-1] + b'-' if content[-1:] != b'-' else content[:-1] + b'+',
                          b'-' + content[1:] if content[:1] != b'-' else b'+' + content[1:]):
                with FaultServer(answers=[Answer(200, headers, content),
                                          Answer(200, headers, wrong)]) as server:
                    conn = self.faulty(server.endpoint)
                    query(conn, "SET s3store.max_object_size = '4MB'")
                    self.assertEqual(bytes(query(conn, GET % 'bucket')[0][0]), content)
                    self.check(conn, ('08P01', 'another content arrived than the server has'),
                               GET % 'bucket')

    def test_delete_elsewhere(self):
        """Only an S3 server can say that an object is gone."""
        with FaultServer(answers=[Answer(404, {}, b'<html>nothing here</html>'),
                                  Answer(404, {}, b'<Error><Code>NoSuchKey</Code></Error>')]) as server:
            conn = self.faulty(server.endpoint)
            self.check(conn, ('58P01', None), "SELECT s3_delete('s3-bad://bucket/key')")
            self.assertEqual(query(conn, "SELECT s3_delete('s3-bad://bucket/key')"), [(True,)])


class Environment(BackendCase):

    def test_proxy(self):
        """A proxy in the server's environment is not used."""
        proxy = 'http://127.0.0.1:1'
        self.cluster = self.enter(Cluster(['env', 'http_proxy=' + proxy, 'all_proxy=' + proxy]))
        self.check_good(self.session())


class Tls(Faults):
    """The same faults behind TLS, and those of TLS itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.directory = pathlib.Path(environment('S3STORE_TEST_DIR')) / ('tls-' + uuid.uuid4().hex[:8])
        cls.directory.mkdir()
        cls.trusted = cls.certificate('trusted', 'IP:127.0.0.1')
        cls.elsewhere = cls.certificate('elsewhere', 'DNS:elsewhere.test')
        cls.server = cls.enter(FaultServer(drip=0.6, tls=cls.trusted))

    @classmethod
    def certificate(cls, name, address):
        paths = [str(cls.directory / (name + suffix)) for suffix in ('.crt', '.key')]
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-subj', '/CN=' + name, '-addext', 'subjectAltName=' + address,
                        '-out', paths[0], '-keyout', paths[1]],
                       check=True, stderr=subprocess.DEVNULL)
        return paths

    def faulty(self, endpoint, **more):
        if endpoint.startswith('https:'):
            more.setdefault('ca_file', self.trusted[0])
        return super().faulty(endpoint, **more)

    def test_unknown_authority(self):
        error = self.check(self.faulty(self.server.endpoint, ca_file=self.elsewhere[0]),
                           ('08006', 'TLS certificate verification failed'), GET % 'answer')
        self.assertIn('s3store.ca_file', error.diag.message_hint)
        self.check(self.faulty(self.server.endpoint, ca_file=''),
                   ('08006', 'TLS certificate verification failed'), GET % 'answer')

    def test_other_host(self):
        server = self.enter(FaultServer(tls=self.elsewhere))
        self.check(self.faulty(server.endpoint, ca_file=self.elsewhere[0]),
                   ('08006', 'TLS certificate verification failed'), GET % 'answer')

    def test_not_verified(self):
        conn = self.faulty(self.server.endpoint, ca_file='', verify_tls=False)
        self.assertEqual(bytes(query(conn, GET % 'answer')[0][0]), b'good')

    def test_missing_file(self):
        self.check(self.faulty(self.server.endpoint, ca_file=str(self.directory / 'missing')),
                   ('22023', 'could not read the file of certificate authorities'), GET % 'answer')

    def test_no_tls(self):
        plain = self.enter(FaultServer())
        self.check(self.faulty(plain.endpoint.replace('http:', 'https:')),
                   ('08006', 'could not establish a TLS connection'), GET % 'answer')

    def test_silent(self):
        server = self.enter(FaultServer('silent-tls'))
        self.check(self.faulty(server.endpoint.replace('http:', 'https:')),
                   ('08006', 'timed out after 300 ms while negotiating TLS'), GET % 'answer')
