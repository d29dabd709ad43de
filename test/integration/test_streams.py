"""Large objects, and puts in parts.

Ceph RGW takes the uploads; what goes wrong on the way is shown by a server of
answers in turn, over one connection, so that their order is known.
"""
import base64
import gzip
import hashlib
import json
import os
import re
import threading
import time

import psycopg2
from backend import (PROMPT, BackendCase, Call, lives, wait_for)
from fault import Answer, FaultServer, Gate
from harness import BucketCase, Case, endpoint, environment, query, rgw, swift

PART = 5 * 1024 * 1024
THREE_PARTS = 2 * PART + 7
PUT_LO = 'SELECT s3_put_lo(%s, %s, %s, %s, %s, %s)'
SSE_KEY = {'SSECustomerAlgorithm': 'AES256',
           'SSECustomerKey': 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE='}


def make_lo(conn, content):
    """A large object of that content."""
    ((oid,),) = query(conn, 'SELECT lo_from_bytea(0, %s)', psycopg2.Binary(content))
    return oid


def lo_content(conn, oid):
    return bytes(query(conn, 'SELECT lo_get(%s)', oid)[0][0])


def small_parts(conn, connections=10):
    """What is above 5 MB goes in parts of 5 MB."""
    query(conn, "SET s3store.multipart_threshold = '5MB'")
    query(conn, "SET s3store.multipart_part_size = '5MB'")
    query(conn, "SELECT set_config('s3store.max_pool_connections', %s, false)", str(connections))


def in_order(conn):
    """Parts of 5 MB, one at a time."""
    small_parts(conn, 1)


def private_memory(pid):
    """Bytes that are the process's own: its shared buffers are not among them."""
    with open('/proc/%d/status' % pid, encoding='ascii') as file:
        return 1024 * int(re.search(r'RssAnon:\s+(\d+) kB', file.read()).group(1))


class Streams(BucketCase):

    def setUp(self):
        super().setUp()
        small_parts(self.session)

    def url(self, suffix=''):
        return 's3://%s/%s' % (self.name, self.key(suffix))

    def put_lo(self, url, oid, content_type=None, metadata=None, overwrite=None, params=None):
        ((stored,),) = query(self.session, PUT_LO, url, oid, content_type,
                             json.dumps(metadata) if metadata else None, overwrite,
                             json.dumps(params) if params else None)
        return stored

    def get_lo(self, url, params=None):
        ((oid,),) = query(self.session, 'SELECT s3_get_lo(%s, %s)', url,
                          json.dumps(params) if params else None)
        return oid

    def no_uploads(self):
        self.assertEqual(self.s3.list_multipart_uploads(Bucket=self.name).get('Uploads', []), [])

    # s3_put_lo and s3_get_lo

    def test_sizes(self):
        """Around one part and two, there and back."""
        for size, parts in ((0, None), (1, None), (PART, None), (PART + 1, 2), (2 * PART, 2),
                            (THREE_PARTS, 3)):
            with self.subTest(size=size):
                content = os.urandom(size)
                url = self.url('-%d' % size)
                self.assertEqual(self.put_lo(url, make_lo(self.session, content)), url)
                stored = self.stored(self.key('-%d' % size))
                self.assertEqual(stored['Body'], content)
                etag = re.search(r'-(\d+)"$', stored['ETag'])
                self.assertEqual(etag and int(etag[1]), parts)
                self.assertEqual(lo_content(self.session, self.get_lo(url)), content)
        self.no_uploads()

    def test_ranges(self):
        """Larger than all ranges that are under way at a time."""
        content = os.urandom(1 << 20) * 70
        self.store(self.key(), content)
        oid = self.get_lo(self.url())
        ((digest,),) = query(self.session, 'SELECT md5(lo_get(%s))', oid)
        self.assertEqual(digest, hashlib.md5(content).hexdigest())

    def test_headers(self):
        oid = make_lo(self.session, os.urandom(THREE_PARTS))
        self.put_lo(self.url('.pdf'), oid, None, {'k': 'v'}, None, {'CacheControl': 'no-cache',
                                                                    'Tagging': 'a=b'})
        stored = self.stored(self.key('.pdf'))
        self.assertEqual((stored['ContentType'], stored['Metadata'], stored['CacheControl']),
                         ('application/pdf', {'k': 'v'}, 'no-cache'))
        self.put_lo(self.url(), oid, 'image/x-own')
        self.assertEqual(self.stored(self.key())['ContentType'], 'image/x-own')

    def test_text_stays_as_it_is(self):
        """A stream is not compressed, whatever its type."""
        content = b'text ' * 1000
        self.put_lo(self.url('.txt'), make_lo(self.session, content))
        stored = self.stored(self.key('.txt'))
        self.assertEqual((stored['Body'], stored.get('ContentEncoding')), (content, None))

    def test_customer_key(self):
        content = os.urandom(THREE_PARTS)
        self.put_lo(self.url(), make_lo(self.session, content), params=SSE_KEY)
        self.assertEqual(lo_content(self.session, self.get_lo(self.url(), SSE_KEY)), content)
        with self.assertSqlState('22023'):
            self.get_lo(self.url())

    def test_replaced_meanwhile(self):
        """What comes is of one object, or an error."""
        size = 17 * 1024 * 1024             # three ranges
        self.store(self.key(), b'a' * size)
        with Gate(environment('RGW_ENDPOINT')) as gate:
            conn = self.connect(endpoints={'s3': endpoint('RGW', endpoint_url=gate.endpoint)})
            held = gate.hold(lambda request: request.headers.get('range', '').startswith('bytes=8388608-'))
            call = Call(conn, 'SELECT s3_get_lo(%s)', self.url())
            held.reached()
            self.store(self.key(), b'b' * size)
            held.release()
            with self.assertSqlState('58P02'):
                call.result(60)

    def test_gzip(self):
        """Undone while it comes, several members too."""
        content = os.urandom(1 << 20) * 20
        packed = gzip.compress(content[:1000]) + gzip.compress(content[1000:], 1)
        self.assertGreater(len(packed), 16 << 20)
        self.store(self.key(), packed, ContentEncoding='gzip')
        self.assertEqual(lo_content(self.session, self.get_lo(self.url())), content)

    def test_gzip_bomb(self):
        query(self.session, "SET s3store.max_object_size = '1MB'")
        self.store(self.key(), gzip.compress(bytes(100 << 20)), ContentEncoding='gzip')
        before = self.los()
        with self.assertSqlState('54000', 'uncompressed object is too large',
                                 hint='s3store.max_object_size'):
            self.get_lo(self.url())
        self.assertEqual(self.los(), before)

    def test_gzip_damaged(self):
        packed = gzip.compress(b'content' * 1000)
        for name, stored in (('cut', packed[:-1]), ('none', b'content'), ('more', packed + b'x')):
            with self.subTest(name):
                self.store(self.key(), stored, ContentEncoding='gzip')
                with self.assertSqlState('08P01', 'could not uncompress'):
                    self.get_lo(self.url())
        self.store(self.key(), b'', ContentEncoding='gzip')
        self.assertEqual(lo_content(self.session, self.get_lo(self.url())), b'')

    def los(self):
        return query(self.session, 'SELECT count(*) FROM pg_largeobject_metadata')[0][0]

    def test_larger_than_max_object_size(self):
        """That limit is for what goes through memory."""
        query(self.session, "SET s3store.max_object_size = '1MB'")
        self.store(self.key(), bytes(THREE_PARTS))
        self.assertEqual(lo_content(self.session, self.get_lo(self.url())), bytes(THREE_PARTS))

    def test_names(self):
        """Without overwrite, what exists is left alone."""
        oid = make_lo(self.session, bytes(THREE_PARTS))
        self.store(self.key('.bin'))
        stored = self.put_lo(self.url('.bin'), oid)
        self.assertRegex(stored, r'_\w{7}\.bin$')
        self.assertEqual(self.stored(self.key('.bin'))['Body'], b'content')
        self.assertEqual(self.put_lo(self.url('.bin'), oid, overwrite=True), self.url('.bin'))
        self.assertEqual(self.stored(self.key('.bin'))['Body'], bytes(THREE_PARTS))

    def test_no_file(self):
        oid = make_lo(self.session, b'content')
        before = self.los()
        for url in ('', '-', None):
            self.assertIsNone(self.put_lo(url, oid))
            self.assertIsNone(self.get_lo(url))
        self.assertIsNone(self.put_lo(self.url(), None))
        self.assertEqual(self.los(), before)

    def test_bad_arguments(self):
        oid = make_lo(self.session, b'content')
        before = self.los()
        with self.assertSqlState('42704'):
            self.put_lo(self.url(), 1)
        for params in ({'Range': 'bytes=0-1'}, {'PartNumber': 1}):
            with self.assertSqlState('22023', 'download in ranges', hint='s3_get()'):
                self.get_lo(self.url(), params)
        with self.assertSqlState('58P01'):
            self.get_lo(self.url())
        oid = make_lo(self.session, bytes(THREE_PARTS))
        with self.assertSqlState('0A000', 'multipart upload'):
            self.put_lo(self.url(), oid, params={'ContentMD5': '1B2M2Y8AsgTpgAmY7PhCfg=='})
        self.assertEqual(self.los(), before + 1)

    def test_rights(self):
        """Who may not read the large object cannot put it either."""
        query(self.session, 'CREATE ROLE streams_writer IN ROLE s3store_write')
        self.addCleanup(query, self.session, 'DROP ROLE streams_writer')
        oid = make_lo(self.session, b'content')
        query(self.session, 'SET ROLE streams_writer')
        self.addCleanup(query, self.session, 'RESET ROLE')
        with self.assertSqlState('42501', 'large object'):
            self.put_lo(self.url(), oid)
        with self.assertSqlState('42501', 's3_get_lo'):
            self.get_lo(self.url())

    def test_read_only(self):
        """A new large object is a change, whatever it is of."""
        self.store(self.key())
        oid = make_lo(self.session, b'content')
        query(self.session, 'SET default_transaction_read_only = on')
        for statement in ('s3_put_lo', 's3_get_lo'):
            with self.assertSqlState('25006', statement):
                query(self.session, 'SELECT %s(%%s, %%s)' % statement, self.url(),
                      oid if statement == 's3_put_lo' else None)

    def test_transaction(self):
        """A download that is rolled back leaves no large object."""
        self.store(self.key(), bytes(THREE_PARTS))
        before = self.los()
        query(self.session, 'BEGIN')
        self.get_lo(self.url())
        query(self.session, 'ROLLBACK')
        self.assertEqual(self.los(), before)

    def test_tls(self):
        content = os.urandom(THREE_PARTS)
        url = self.url().replace('s3:', 's3-tls:')
        self.put_lo(url, make_lo(self.session, content))
        self.assertEqual(lo_content(self.session, self.get_lo(url)), content)

    # s3_put above the threshold

    def test_put_in_parts(self):
        for size, parts in ((PART, None), (PART + 1, 2), (THREE_PARTS, 3)):
            with self.subTest(size=size):
                content = os.urandom(size)
                query(self.session, 'SELECT s3_put(%s, %s, overwrite => true)', self.url(),
                      psycopg2.Binary(content))
                stored = self.stored(self.key())
                self.assertEqual(stored['Body'], content)
                etag = re.search(r'-(\d+)"$', stored['ETag'])
                self.assertEqual(etag and int(etag[1]), parts)
                self.assertEqual(bytes(query(self.session, 'SELECT s3_get(%s)', self.url())[0][0]),
                                 content)
        self.no_uploads()

    def test_put_names(self):
        content = psycopg2.Binary(os.urandom(THREE_PARTS))
        self.store(self.key())
        ((url,),) = query(self.session, 'SELECT s3_put(%s, %s)', self.url(), content)
        self.assertRegex(url, r'_\w{7}$')
        self.assertEqual(self.stored(self.key())['Body'], b'content')
        ((url,),) = query(self.session, 'SELECT s3_put(%s, %s)', self.url('-new'), content)
        self.assertEqual(url, self.url('-new'))

    def test_put_digest(self):
        """A digest of the whole goes with one request, whatever its size."""
        content = os.urandom(PART + 1)
        digest = base64.b64encode(hashlib.md5(content).digest()).decode()
        query(self.session, 'SELECT s3_put(%s, %s, params => %s)', self.url(),
              psycopg2.Binary(content), json.dumps({'ContentMD5': digest}))
        self.assertNotIn('-', self.stored(self.key())['ETag'])

    def test_swift(self):
        """A server that knows no conditions."""
        client = swift()
        bucket = self.bucket(client)
        url = 's3-swift://%s/key' % bucket
        content = os.urandom(THREE_PARTS)
        self.put_lo(url, make_lo(self.session, content))
        self.assertEqual(client.get_object(Bucket=bucket, Key='key')['Body'].read(), content)
        self.assertRegex(self.put_lo(url, make_lo(self.session, content)), r'_\w{7}$')

    # Memory

    def test_memory(self):
        """A large object moves in less than 64 MB, there and back, whatever its size."""
        query(self.session, 'RESET s3store.multipart_part_size')
        query(self.session, 'RESET s3store.multipart_threshold')
        query(self.session, "SET maintenance_work_mem = '1MB'")
        oid = make_lo(self.session, b'')
        chunk = psycopg2.Binary(os.urandom(1 << 20) * 16)
        for number in range(16):
            query(self.session, 'SELECT lo_put(%s, %s, %s)', oid, number << 24, chunk)
        conn = self.connect()
        self.assertEqual(query(conn, 'SELECT s3_exists(%s)', self.url()), [(False,)])
        with Memory(conn.info.backend_pid) as memory:
            query(conn, PUT_LO, self.url(), oid, None, None, None, None)
        print('# s3_put_lo of 256 MB: %.1f MB more' % (memory.grown / 1e6), flush=True)
        self.assertLess(memory.grown, 64 << 20)
        with Memory(conn.info.backend_pid) as memory:
            ((copy,),) = query(conn, 'SELECT s3_get_lo(%s)', self.url())
        print('# s3_get_lo of 256 MB: %.1f MB more' % (memory.grown / 1e6), flush=True)
        self.assertLess(memory.grown, 64 << 20)
        self.assertEqual(*[query(conn, 'SELECT md5(lo_get(%s, 0, 200000000))', each)
                           for each in (oid, copy)])
        for each in (oid, copy):
            query(conn, 'SELECT lo_unlink(%s)', each)


class Memory(threading.Thread):
    """Watches how much memory of its own a process has, at most."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.ended = pid, threading.Event()

    def __enter__(self):
        self.base = self.peak = private_memory(self.pid)
        self.start()
        return self

    def run(self):
        while not self.ended.wait(0.002):
            self.peak = max(self.peak, private_memory(self.pid))

    def __exit__(self, *exc):
        self.ended.set()
        self.join()
        self.grown = self.peak - self.base


def document(root, content=''):
    return Answer(200, {}, ('<?xml version="1.0"?><%s>%s</%s>' % (root, content, root)).encode())


ABSENT = Answer(404, {}, b'')
STARTED = document('InitiateMultipartUploadResult', '<UploadId>u&amp;1</UploadId>')
PART_STORED = Answer(200, {'ETag': '"p"'}, b'')
COMPLETED = document('CompleteMultipartUploadResult')
GONE = Answer(204, {}, b'')
FAILED = Answer(500, {}, b'<Error><Code>InternalError</Code></Error>')
TAKEN = Answer(412, {}, b'<Error><Code>PreconditionFailed</Code></Error>')
UNKNOWN = Answer(501, {}, b'<Error><Code>NotImplemented</Code></Error>')
DAMAGED = Answer(200, {'ETag': '"%s"' % ('0' * 32)}, b'')
LATE_ERROR = document('Error', '<Code>InternalError</Code>')


class Broken(BackendCase):
    """Uploads in parts that do not come to their end."""

    PUT = ("SELECT s3_put('s3-bad://answer/key', convert_to(repeat('x', %d), 'UTF8'), "
           "overwrite => %%s)" % THREE_PARTS)

    def server(self, *answers, max_attempts=1, **more):
        server = FaultServer(answers=list(answers)).start()
        self.addCleanup(server.stop)
        conn = self.session(server.endpoint, timeout='60s', max_attempts=max_attempts, **more)
        in_order(conn)
        query(conn, 'SET s3store.put_undo = off')   # no question before the upload
        return conn, server

    def asked(self, server):
        return [request.method + ''.join(sorted(
            '?' + name for name in re.findall(r'[?&](uploads|uploadId|partNumber)\b', request.target)))
                for request in server.requests]

    def test_requests(self):
        """What is sent for a put in parts, where the name is free."""
        conn, server = self.server(ABSENT, STARTED, *[PART_STORED] * 3, COMPLETED)
        self.assertEqual(query(conn, self.PUT, False), [('s3-bad://answer/key',)])
        self.assertEqual(self.asked(server), ['HEAD', 'POST?uploads'] +
                         ['PUT?partNumber?uploadId'] * 3 + ['POST?uploadId'])
        self.assertEqual([len(request.body) for request in server.requests[2:5]],
                         [PART, PART, THREE_PARTS - 2 * PART])
        self.assertNotIn('if-none-match', server.requests[1].headers)
        self.assertEqual(server.requests[-1].headers['if-none-match'], '*')
        self.assertIn('uploadId=u%261', server.requests[-1].target)

    # name: answers, SQLSTATE, words, is the last request an abort?
    FAILURES = {
        'no start': ([FAILED], '58030', 'start the upload', False),
        'no ID': ([document('InitiateMultipartUploadResult')], '08P01', None, False),
        'the first part': ([STARTED, FAILED, GONE], '58030', 'put object', True),
        'the last part': ([STARTED, PART_STORED, PART_STORED, FAILED, GONE], '58030', None, True),
        'a part without an ETag': ([STARTED, Answer(200, {}, b''), GONE], '08P01', None, True),
        'a damaged part': ([STARTED, DAMAGED, GONE], '08P01', 'another content', True),
        'a lost part': ([STARTED, None, None, GONE], '08006', None, True),
        'no completion': ([STARTED, *[PART_STORED] * 3, FAILED, GONE], '58030', 'complete', True),
        'a late error': ([STARTED, *[PART_STORED] * 3, LATE_ERROR, GONE], '58030', 'complete', True),
        'a denied part': ([STARTED, Answer(403, {}, b''), GONE], '42501', None, True),
    }

    def test_etags_that_are_no_md5(self):
        conn, server = self.server(STARTED, *[DAMAGED] * 3, COMPLETED, verify_etag=False)
        self.assertEqual(query(conn, self.PUT, True), [('s3-bad://answer/key',)])
        self.assertEqual(len(server.requests), 5)

    def test_failures(self):
        for name, (answers, state, words, aborted) in self.FAILURES.items():
            with self.subTest(name):
                conn, server = self.server(*answers)
                with self.assertSqlState(state, words):
                    query(conn, self.PUT, True)
                self.assertEqual(self.asked(server)[-1] == 'DELETE?uploadId', aborted,
                                 self.asked(server))
                self.check_good(conn)

    def test_taken_meanwhile(self):
        """The name is free at first, and taken at the end: it gets another one."""
        conn, server = self.server(ABSENT, STARTED, *[PART_STORED] * 3, TAKEN, GONE,
                                   ABSENT, STARTED, *[PART_STORED] * 3, COMPLETED)
        self.assertRegex(query(conn, self.PUT, False)[0][0], r'^s3-bad://answer/key_\w{7}$')
        self.assertEqual(self.asked(server)[6], 'DELETE?uploadId')

    def test_no_conditions(self):
        """A server that knows none completes the upload without."""
        conn, server = self.server(ABSENT, STARTED, *[PART_STORED] * 3, UNKNOWN, COMPLETED)
        self.assertEqual(query(conn, self.PUT, False), [('s3-bad://answer/key',)])
        self.assertNotIn('if-none-match', server.requests[-1].headers)

    def test_a_part_again(self):
        conn, server = self.server(STARTED, PART_STORED, FAILED, PART_STORED, PART_STORED, COMPLETED,
                                   max_attempts=2)
        query(conn, self.PUT, True)
        self.assertEqual(re.findall(r'partNumber=(\d)', ' '.join(
            request.target for request in server.requests)), ['1', '2', '2', '3'])

    # Stops.  The server hangs at the request before the last answer.

    HANGING = {
        'at the start': ['silent-headers'],
        'in a part': [STARTED, 'upload-stall'],
        'after a part': [STARTED, 'silent-headers'],
        'at the end': [STARTED, *[PART_STORED] * 3, 'silent-headers'],
    }

    def begin(self, name, *more):
        answers = self.HANGING[name]
        conn, server = self.server(*answers, *more)
        call = Call(conn, self.PUT.replace('/key', '/key\x1b[1m'), True)
        server.reached(answers[-1])
        return conn, server, call

    def test_cancel(self):
        for name in self.HANGING:
            with self.subTest(name):
                conn, server, call = self.begin(name, GONE)
                start = time.monotonic()
                conn.cancel()
                with self.assertSqlState('57014'):
                    call.result()
                print('# cancelled %s: %.1f ms' % (name, 1000 * (call.ended - start)), flush=True)
                if name != 'at the start':
                    self.assertEqual(self.asked(server)[-1], 'DELETE?uploadId')
                self.check_good(conn)

    def test_cancel_and_the_abort_hangs(self):
        """The session is its user's again soon, with a word of what is left."""
        for name in self.HANGING:
            with self.subTest(name):
                conn, server, call = self.begin(name, 'silent-headers')
                start = time.monotonic()
                conn.cancel()
                with self.assertSqlState('57014'):
                    call.result()
                print('# cancelled %s, and the abort hangs: %.1f ms'
                      % (name, 1000 * (call.ended - start)), flush=True)
                self.assertRegex(''.join(conn.notices), r'could not remove the parts.*\n'
                                 r'DETAIL:  Upload of "s3-bad://answer/key\?\[1m": ')
                self.check_good(conn)

    def test_cancel_before_the_id_comes(self):
        """An answer that is late, but not too late, still tells what to abort."""
        answer = threading.Event()
        late = Late(answer, [STARTED, GONE])
        self.addCleanup(late.stop)
        conn = self.session(late.start().endpoint, timeout='60s')
        in_order(conn)
        query(conn, 'SET s3store.put_undo = off')
        call = Call(conn, self.PUT, True)
        late.reached('late')
        conn.cancel()
        threading.Timer(0.05, answer.set).start()
        with self.assertSqlState('57014'):
            call.result()
        self.assertEqual(self.asked(late), ['POST?uploads', 'DELETE?uploadId'])
        self.check_good(conn)

    def test_terminate(self):
        for name in self.HANGING:
            with self.subTest(name):
                conn, server, call = self.begin(name, GONE)
                pid = conn.info.backend_pid
                query(self.session(), 'SELECT pg_terminate_backend(%s)', pid)
                with self.assertRaises(psycopg2.OperationalError):
                    call.result()
                wait_for(lambda: not lives(pid), 'the backend exits')
                if name != 'at the start':
                    self.assertEqual(self.asked(server)[-1], 'DELETE?uploadId')

    # Downloads

    def download(self, *answers):
        conn, _ = self.server(*answers)
        return lambda: query(conn, "SELECT s3_get_lo('s3-bad://answer/key')")

    def test_download_whose_etag_is_no_md5(self):
        conn, _ = self.server(Answer(200, {'ETag': '"%s"' % ('0' * 32)}, b'content'),
                              verify_etag=False)
        oid = query(conn, "SELECT s3_get_lo('s3-bad://answer/key')")[0][0]
        self.assertEqual(lo_content(conn, oid), b'content')

    def test_downloads(self):
        """Ranges that do not fit together."""
        content = os.urandom(9 << 20)
        length = len(content)
        head = Answer(200, {'ETag': '"%s"' % hashlib.md5(content).hexdigest()}, content)
        first, second = content[:8 << 20], content[8 << 20:]

        def part(data, start, **more):
            return Answer(206, {'Content-Range': 'bytes %d-%d/%d' % (start, start + len(data) - 1,
                                                                     length), **more}, data)

        good = [head, part(first, 0), part(second, len(first))]
        oid = self.download(*good)()[0][0]
        self.assertEqual(lo_content(self.session(), oid), content)
        for name, answers, state, words in (
                ('another content', [head, part(first, 0), part(bytes(len(second)), len(first))],
                 '08P01', 'another content arrived'),
                ('another range', [head, part(first, 1), good[2]], '08P01', 'another part'),
                ('another size', [head, part(first, 0), Answer(
                    206, {'Content-Range': 'bytes %d-%d/1' % (len(first), length - 1)}, second)],
                 '08P01', 'another part'),
                ('too short', [head, part(first[1:], 0), good[2]], '08P01', 'another part'),
                ('all of it', [head, Answer(200, {}, content)], '54000', None),
                ('changed', [head, TAKEN], '58P02', None),
                ('gone', [head, ABSENT], '58P01', None),
                ('cut off', [head, part(first, 0), 'truncated'], '08P01', None),
                ('no length', ['chunked'], '08P01', None)):
            with self.subTest(name), self.assertSqlState(state, words):
                self.download(*answers)()


class Late(FaultServer):
    """Answers once it is told to."""

    def __init__(self, event, answers):
        super().__init__(answers=answers)
        self.event = event

    def _take(self, reader, head):
        super()._take(reader, head)
        self._note('late')
        self.event.wait(PROMPT)


class AlmostAGigabyte(Case):

    def test_bytea(self):
        """The largest bytea that there is goes there and back, or is refused clearly."""
        s3 = rgw()
        bucket = self.bucket(s3)
        conn = self.connect()
        url = 's3://%s/key' % bucket
        size = 1000 << 20
        query(conn, "SELECT s3_put(%s, convert_to(repeat('0123456789abcdef', %s), 'UTF8'))",
              url, size // 16)
        self.assertEqual(s3.head_object(Bucket=bucket, Key='key')['ContentLength'], size)
        self.assertEqual(query(conn, 'SELECT length(s3_get(%s))', url), [(size,)])
        query(conn, "SET s3store.max_object_size = '900MB'")
        with self.assertSqlState('54000', hint='s3store.max_object_size'):
            query(conn, 'SELECT length(s3_get(%s))', url)
