"""A query that waits for a server can be stopped, whatever it waits for.

Each state of a transfer (resolving the name, connecting, the TLS handshake,
sending, waiting for the answer, receiving) is held by a server that has
fallen silent, and each way to stop a query is tried in it.  All timeouts of
ours are far away, so what ends the wait is the stop.  The measured times are
printed; that they are short is asserted with a generous deadline only.
"""
import pathlib
import re
import signal
import time
import uuid

import psycopg2
from backend import (BackendCase, Call, Cluster, descriptors, is_connecting,
                     libcurl_version, lives, threads, user_time, wait_for, with_files)
from fault import Answer, FaultServer, FullBacklog, SilentDns
from harness import query

SILENT_HOST = 'storage.silent.test'
UPLOAD = 16 * 1024 * 1024       # bytes: more than the buffers of the sockets hold
IDLE = 30                       # seconds after which a connection is not used again
LARGE = 128 * 1024 * 1024       # bytes: of which five digests take most of a second


class Stops:
    """The ways to stop a query; each state of it is a subclass."""

    statement = "SELECT s3_get('s3-bad://bucket/key')"
    held = 0                    # descriptors that are kept until the next call

    def stall(self):
        """Makes the server that falls silent, and returns its endpoint."""
        raise NotImplementedError

    def stalled(self):
        """Returns once the call waits in the state."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.conn = self.session(self.stall())
        self.other = self.session()
        self.pid = self.conn.info.backend_pid
        self.check_good(self.conn)
        self.before = descriptors(self.pid)

    def begin(self):
        call = Call(self.conn, self.statement)
        self.stalled()
        self.assertTrue(call.is_alive(), 'the call did not wait: %s' % call.error)
        return call

    def cancel(self):
        query(self.other, 'SELECT pg_cancel_backend(%s)', self.pid)

    def show(self, what, seconds):
        print('# %s, %s: %.1f ms' % (type(self).__name__, what, 1000 * seconds), flush=True)

    def check_afterwards(self):
        """The stopped call has left nothing behind, and the session goes on."""
        wait_for(lambda: len(threads(self.pid)) == 1, 'threads end', 30)
        self.check_descriptors(self.conn, self.before, self.held)
        self.check_good(self.conn)
        self.check_descriptors(self.conn, self.before)

    def test_cancel(self):
        call = self.begin()
        start = time.monotonic()
        self.cancel()
        with self.assertSqlState('57014', 'user request'):
            call.result()
        self.show('cancel', call.ended - start)
        self.check_afterwards()

    def test_statement_timeout(self):
        timeout = 2             # longer than it takes to get there
        query(self.conn, 'SET statement_timeout = %s', int(1000 * timeout))
        start = time.monotonic()
        call = self.begin()
        with self.assertSqlState('57014', 'statement timeout'):
            call.result()
        self.show('statement_timeout', call.ended - start - timeout)
        query(self.conn, 'RESET statement_timeout')
        self.check_afterwards()

    def test_caught(self):
        """An error that PL/pgSQL catches ends the transfer all the same."""
        query(self.conn, """
            CREATE FUNCTION pg_temp.caught(statement text) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN
                EXECUTE statement;
                RETURN NULL;
            EXCEPTION WHEN query_canceled THEN
                PERFORM s3_get('s3-good://answer/key');
                RETURN sqlstate;
            END $$""")
        call = Call(self.conn, 'SELECT pg_temp.caught(%s)', self.statement)
        self.stalled()
        self.cancel()
        self.assertEqual(call.result(), [('57014',)])
        self.check_afterwards()

    def test_terminate(self):
        call = self.begin()
        start = time.monotonic()
        query(self.other, 'SELECT pg_terminate_backend(%s)', self.pid)
        with self.assertRaises(psycopg2.OperationalError):
            call.result()
        self.show('terminate', call.ended - start)
        wait_for(lambda: not lives(self.pid), 'the backend exits')
        # The driver loses the SQLSTATE (57P01); these are its words
        self.assertRegex(self.log(), r'\[%d\] FATAL:  terminating connection '
                                     r'due to administrator command' % self.pid)
        self.check_good(self.other)

    def test_barrier(self):
        """DROP DATABASE elsewhere needs an answer of every backend (PostgreSQL 15 on)."""
        name = 's3store_barrier_' + uuid.uuid4().hex[:12]
        query(self.other, 'CREATE DATABASE ' + name)
        call = self.begin()
        start = time.monotonic()
        drop = Call(self.other, 'DROP DATABASE ' + name)
        drop.result()
        self.show('DROP DATABASE elsewhere', drop.ended - start)
        self.assertTrue(call.is_alive(), 'the barrier ended the call: %s' % call.error)
        self.cancel()
        with self.assertSqlState('57014'):
            call.result()
        self.check_afterwards()


class InDns(Stops, BackendCase):
    """A cluster of its own, whose processes see the address of a silent DNS server.

    The thread that asks it cannot be stopped: it is left behind, and ends with
    its question, a few seconds later.  Older releases of libcurl cannot leave
    it: there we leave the whole transfer behind, and the next call releases it.
    """

    held = 2 if libcurl_version() < (7, 87) else 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dns = cls.enter(SilentDns())
        cls.cluster = cls.enter(Cluster(with_files({
            '/etc/resolv.conf': 'nameserver %s\noptions timeout:8 attempts:1\n' % cls.dns.host,
            '/etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n'})))

    def stall(self):
        self.dns.forget()
        return 'http://%s:9000' % SILENT_HOST

    def stalled(self):
        self.dns.reached(SILENT_HOST)

    def test_signals(self):
        """PostgreSQL's handlers never run in the thread that resolves the name."""
        call = self.begin()
        others = [tid for tid in threads(self.pid) if tid != self.pid]
        self.assertTrue(others, 'no thread resolves the name')
        for tid in others:
            status = pathlib.Path('/proc/%d/task/%d/status' % (self.pid, tid)).read_text()
            blocked = int(re.search(r'^SigBlk:\s*(\w+)', status, re.M)[1], 16)
            for name in ('SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGHUP', 'SIGQUIT'):
                self.assertTrue(blocked >> (signal.Signals[name] - 1) & 1, name)
        self.cancel()
        with self.assertSqlState('57014'):
            call.result()

    def test_one_after_the_other(self):
        """Stopped faster than the threads end."""
        query(self.conn, "SET statement_timeout = '50ms'")
        for _ in range(20):
            with self.assertSqlState('57014'):
                query(self.conn, self.statement)
        query(self.conn, 'RESET statement_timeout')
        wait_for(lambda: len(threads(self.pid)) == 1, 'threads end', 30)
        self.check_good(self.conn)
        self.check_descriptors(self.conn, self.before)

    def test_connect_timeout(self):
        query(self.conn, "SET s3store.connect_timeout = '1s'")
        with self.assertSqlState('08006', 'timed out after 1000 ms while resolving the host name',
                                 detail=SILENT_HOST):
            query(self.conn, self.statement)
        self.check_afterwards()


class InConnect(Stops, BackendCase):

    def stall(self):
        server = FullBacklog().start()
        self.addCleanup(server.stop)
        self.port = server.port
        return server.endpoint

    def stalled(self):
        wait_for(lambda: is_connecting(self.pid, self.port), 'a connection begins')


class Silent(Stops):
    """Connected to a server that falls silent, each in its mode."""

    def stall(self):
        self.server = FaultServer(self.mode).start()
        self.addCleanup(self.server.stop)
        return self.server.endpoint

    def stalled(self):
        self.server.reached(self.mode)


class InTls(Silent, BackendCase):
    mode = 'silent-tls'

    def stall(self):
        return super().stall().replace('http:', 'https:')


class InAnswer(Silent, BackendCase):
    mode = 'silent-headers'


class InDownload(Silent, BackendCase):
    mode = 'download-stall'


class InUpload(Silent, BackendCase):
    mode = 'upload-stall'

    def setUp(self):
        super().setUp()
        query(self.conn, 'SET s3store.put_undo = off')   # straight to the upload

    statement = ("SELECT s3_put('s3-bad://bucket/key', decode(repeat('00', %d), 'hex'), "
                 "overwrite => true)" % UPLOAD)


class InComparison(BackendCase):
    """The digests of a large content take longer than anybody waits."""

    def test_cancel(self):
        wrong = {'x-amz-checksum-%s' % name: 'AAAA' for name in
                 ('crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256')}
        server = self.enter(FaultServer(answers=[Answer(200, wrong, b'')]))
        conn = self.session(server.endpoint)
        query(conn, "SET s3store.put_undo = off; SET s3store.multipart_threshold = '1GB'")
        call = Call(conn, "SELECT s3_put('s3-bad://bucket/key', convert_to(repeat('x', %d), 'UTF8'), "
                          'overwrite => true)' % LARGE)
        wait_for(lambda: server.requests, 'the content is sent', 60)
        start = time.monotonic()
        query(self.session(), 'SELECT pg_cancel_backend(%s)', conn.info.backend_pid)
        with self.assertSqlState('57014', 'user request'):      # and not what is wrong
            call.result()
        print('# comparing, cancel: %.1f ms' % (1000 * (call.ended - start)), flush=True)
        self.check_good(conn)


def nothing_compressed(size):
    """About so many bytes of gzip from which nothing comes out, and slowly.

    Blocks without content, each of which brings codes of its own (RFC 1951, 3.2.7),
    and no end.
    """
    order = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1)
    number = lambda value, length: [value >> i & 1 for i in range(length)]   # noqa: E731
    block = [0] + number(2, 2) + number(0, 5) + number(0, 5) + number(len(order) - 4, 4)
    for symbol in order:        # a bit for a length of 1, and for many lengths of 0
        block += number(symbol in (18, 1), 3)
    block += [1] + number(138 - 11, 7) + [1] + number(118 - 11, 7) + [0, 0]
    block += [0]                # the end of the block, before anything is in it
    bits = block * 8
    packed = bytes(sum(bits[i + j] << j for j in range(8)) for i in range(0, len(bits), 8))
    return b'\x1f\x8b\x08' + bytes(7) + packed * (size // len(packed))


class InDecompression(BackendCase):
    """A content may take long to decompress though nothing comes out of it."""

    def cancel(self, statement, size, requests):
        answer = Answer(200, {'Content-Encoding': 'gzip'}, nothing_compressed(size))
        server = self.enter(FaultServer(answers=[answer]))
        conn, other = self.session(server.endpoint), self.session()
        call = Call(conn, statement)
        server.reached('answer', times=requests, timeout=60)
        before = user_time(conn.info.backend_pid)
        wait_for(lambda: user_time(conn.info.backend_pid) > before + 0.2, 'it decompresses', 60)
        start = time.monotonic()
        query(other, 'SELECT pg_cancel_backend(%s)', conn.info.backend_pid)
        with self.assertSqlState('57014', 'user request'):      # and not what is wrong
            call.result()
        print('# decompressing, cancel: %.1f ms' % (1000 * (call.ended - start)), flush=True)
        self.check_good(conn)

    def test_cancel(self):
        self.cancel("SELECT s3_get('s3-bad://bucket/key')", 64 * 1024 * 1024, 1)

    def test_cancel_of_a_stream(self):
        """It comes in ranges of 8 MB, the first of which takes most of a second."""
        self.cancel("SELECT s3_get_lo('s3-bad://bucket/key')", 8000000, 2)


class InDocument(BackendCase):
    """A page of a list may be much work, whatever is in it."""

    def test_cancel(self):
        page = (b'<ListBucketResult><IsTruncated>false</IsTruncated>' +
                (b'<A>' + 8000 * b'&#1;' + b'</A>') * 209)     # and no end
        server = self.enter(FaultServer(answers=[Answer(200, {}, page)]))
        conn, other = self.session(server.endpoint), self.session()
        pid = conn.info.backend_pid
        before = user_time(pid)
        call = Call(conn, "SELECT count(*) FROM s3_list('s3-bad://bucket/')")
        server.reached('answer')
        wait_for(lambda: user_time(pid) > before + 0.2, 'it reads the page', 60)
        start = time.monotonic()
        query(other, 'SELECT pg_cancel_backend(%s)', pid)
        with self.assertSqlState('57014', 'user request'):      # and not what is wrong
            call.result()
        print('# reading, cancel: %.1f ms' % (1000 * (call.ended - start)), flush=True)
        self.check_good(conn)


class Idle(BackendCase):

    def test_connection_ends(self):
        """A session that uses its connection no more does not keep it."""
        server = self.enter(FaultServer())
        conn = self.session(server.endpoint)
        get = "SELECT s3_get('s3-bad://answer/key')"
        query(conn, get)
        query(conn, get)
        self.assertEqual((server.connections, server.open_connections()), (1, 1))
        start = time.monotonic()

        def is_closed():
            time.sleep(0.2)
            query(conn, 'SELECT 1')         # another transaction
            return not server.open_connections()
        wait_for(is_closed, 'the connection is closed', 60)
        self.assertGreater(time.monotonic() - start, IDLE)
        self.assertEqual(bytes(query(conn, get)[0][0]), b'good')
        self.assertEqual(server.connections, 2)


class Postmaster(BackendCase):

    def test_postmaster_dies(self):
        """A backend that waits does not outlive its postmaster."""
        self.cluster = self.enter(Cluster())
        server = self.enter(FaultServer('silent-headers'))
        conn = self.session(server.endpoint)
        pid = conn.info.backend_pid
        call = Call(conn, Stops.statement)
        server.reached('silent-headers')
        self.cluster.kill()         # waits for its children
        self.assertFalse(lives(pid))
        with self.assertRaises(psycopg2.Error):
            call.result()
