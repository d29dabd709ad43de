"""test_disk.py - what is on disk before the next step is taken.

Killed processes do not show that: what they wrote is still there afterwards.  So
the order of a session's system calls is looked at, and up to where the WAL is flushed
when a request is sent, while the process that flushes it by itself stands still.
"""
import contextlib
import os
import signal

from backend import Call, wait_for
from fault import Gate
from harness import connect, endpoint, environment, query
from undo_case import CALLS, DEADLINE, UndoCase

JOURNAL = r'pg_s3store/'
WAL = 'pg_wal/'
QUIET = {'wal_writer_delay': '10s', 'autovacuum': 'off', 'bgwriter_lru_maxpages': '0',
         'wal_level': 'minimal', 'max_wal_senders': '0'}


class DiskCase(UndoCase):
    """Nothing flushes the WAL but sessions, and the walwriter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, value in QUIET.items():
            cls.cluster.set(name, value)
        cls.cluster.command('restart')
        conn = cls.cluster.connect(endpoints=None)
        query(conn, 'CREATE TRIGGER managed AFTER INSERT OR UPDATE OR DELETE ON car'
              " FOR EACH ROW EXECUTE FUNCTION s3_manage('photo')")
        conn.close()

    def tearDown(self):
        self.ask('DELETE FROM s3_deletion')
        super().tearDown()

    @staticmethod
    def named(trace, *words):
        """Where in a trace there is a line with all of these words."""
        return [i for i, line in enumerate(trace) if all(word in line for word in words)]


class CallsTest(DiskCase):
    """By the system calls of the session."""

    def test_put(self):
        """First the transaction's ID, then the intent with what was found; then the PUT."""
        with self.traced() as trace:
            self.put()
        (looked,), (sent,) = self.named(trace, '"HEAD '), self.named(trace, '"PUT ')
        noted = self.named(trace, 'pwrite64', JOURNAL)
        synced = self.named(trace, 'fdatasync', JOURNAL)
        self.assertLess(noted[0], looked)
        self.assertEqual(len([i for i in noted if looked < i < sent]), 1)
        self.assertTrue([i for i in self.named(trace, 'fdatasync', WAL) if i < noted[0]])
        (last,) = [i for i in synced if i < sent]
        self.assertGreater(last, max(i for i in noted if i < sent))
        self.session.rollback()
        self.settle()

    def test_array(self):
        """Many puts wait for the disk together."""
        count = 200
        urls = [self.url('/%d' % number) for number in range(count)]
        query(self.session, "SELECT s3_put(%s, 'x'::text)", self.url('first'))
        with self.traced(calls='fdatasync,fsync') as trace:
            self.assertEqual(query(self.session, "SELECT count(stored_url) FROM s3_put(%s,"
                                   " array_fill('x'::bytea, ARRAY[%s]))", urls, count), [(count,)])
        self.assertGreater(len(trace), 0)
        self.assertLessEqual(len(trace), count / 50)
        self.session.rollback()
        self.assertEqual(self.settle(), count + 1)

    def test_first_put_of_a_database(self):
        """The journal's name is on disk, too."""
        self.ask('CREATE DATABASE first')
        self.addCleanup(lambda: self.ask('DROP DATABASE first WITH (FORCE)'))
        conn = connect(host=self.cluster.settings['PGHOST'], port=self.cluster.settings['PGPORT'],
                       user='postgres', dbname='first', endpoints=None)
        self.addCleanup(conn.close)
        query(conn, 'CREATE EXTENSION s3store')
        with self.traced(CALLS + ',openat', conn) as trace:
            self.put(conn)
        (sent,) = self.named(trace, '"PUT ')
        ((oid,),) = query(conn, "SELECT oid FROM pg_database WHERE datname = 'first'")
        created = self.named(trace, 'openat', '"pg_s3store/%d"' % oid, 'O_CREAT')[0]
        self.assertTrue([i for i in self.named(trace, 'fsync', '/pg_s3store>') if created < i < sent])

    def test_upload(self):
        """The ID of an upload is noted before its parts are sent."""
        query(self.session, "SET s3store.multipart_threshold = '5MB'")
        query(self.session, "SET s3store.multipart_part_size = '5MB'")
        with self.traced() as trace:
            query(self.session, "SELECT s3_put(%s, repeat('x', 6000000))", self.url())
        started, sent = self.named(trace, '"POST ')[0], self.named(trace, '"PUT ')[0]
        between = lambda *words: [i for i in self.named(trace, *words) if started < i < sent]
        (noted,), (synced,) = between('pwrite64', JOURNAL), between('fdatasync', JOURNAL)
        self.assertLess(noted, synced)
        self.session.rollback()
        self.settle()

    def test_journal_is_replaced(self):
        """The new file is whole before it has the name, and has the name before anybody goes on."""
        self.put(suffix='open')
        done = self.connect()
        for number in range(3):
            self.put(done, suffix=str(number))
        done.commit()
        drain = self.connect(autocommit=True)
        with self.traced(conn=drain) as trace:
            query(drain, 'CALL s3_drain()')
        ((written, *_), (renamed,)) = self.named(trace, 'pwrite64', '.tmp>'), self.named(trace, 'rename(', '.tmp"')
        self.assertTrue([i for i in self.named(trace, 'fsync', '.tmp>') if written < i < renamed])
        self.assertTrue([i for i in self.named(trace, 'fsync', '/pg_s3store>') if i > renamed])
        self.session.rollback()
        self.settle()

    def test_undone(self):
        """A put is noted as undone before its row is taken off the queue."""
        self.put()
        self.session.rollback()
        drain = self.connect(autocommit=True)
        with self.traced(conn=drain) as trace:
            query(drain, 'CALL s3_drain()')
        (deleted,) = self.named(trace, '"POST ')
        (noted, *_) = [i for i in self.named(trace, 'pwrite64', JOURNAL) if i > deleted]
        (synced, *_) = [i for i in self.named(trace, 'fdatasync', JOURNAL) if i > noted]
        committed = [i for i in self.named(trace, 'fdatasync', WAL) if i > deleted]
        self.assertLess(synced, committed[-1])
        self.settle()

    def test_stays_for_a_commit(self):
        """A put that was rolled back is settled when the commit, for which the object stays, is on disk."""
        other = self.connect()
        query(other, 'SET synchronous_commit = off')
        self.put(other, content='theirs', overwrite=True)
        self.put(content='ours', overwrite=True)
        self.session.rollback()
        drain = self.connect(autocommit=True)
        query(drain, 'SET synchronous_commit = off')
        query(drain, "SELECT count(*) FROM s3_queue")
        with self.traced(conn=drain) as trace:
            other.commit()
            query(drain, 'CALL s3_drain()')
        noted = self.named(trace, 'pwrite64', JOURNAL)[0]
        self.assertTrue([i for i in self.named(trace, 'fdatasync', WAL) if i < noted], trace)
        self.settle()
        self.assertObjects({'': 'ours'})


class FlushTest(DiskCase):
    """By how far the WAL is flushed."""

    def setUp(self):
        self.gate = Gate(environment('RGW_ENDPOINT')).__enter__()
        self.addCleanup(self.gate.__exit__)
        super().setUp()
        self.admin = self.connect(autocommit=True)

    def connect(self, endpoints=None, **kw):
        conn = super().connect({'s3': endpoint('RGW', endpoint_url=self.gate.endpoint)}, **kw)
        query(conn, 'SET synchronous_commit = off')
        if not conn.autocommit:
            conn.commit()
        return conn

    @contextlib.contextmanager
    def quiet(self):
        """Nobody flushes the WAL without being asked to.

        The walwriter is stopped where it sleeps, with no lock that others wait for.
        """
        ((pid,),) = query(self.admin, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
        state = 'SELECT wait_event FROM pg_stat_activity WHERE pid = %s'

        def stops():
            os.kill(pid, signal.SIGSTOP)
            if query(self.admin, state, pid) == [('WalWriterMain',)]:
                return True
            os.kill(pid, signal.SIGCONT)
            return False
        try:
            wait_for(stops, 'the walwriter stands still', DEADLINE)
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def written(self):
        """Up to where there is WAL, which is not on disk."""
        ((lsn,),) = query(self.admin, 'SELECT pg_current_wal_insert_lsn()')
        self.assertFalse(self.is_flushed(lsn), 'it was flushed by others')
        return lsn

    def is_flushed(self, lsn):
        ((flushed,),) = query(self.admin, 'SELECT pg_current_wal_flush_lsn() >= %s', lsn)
        return flushed

    def flushed_at(self, call, lsn):
        """Is it on disk when the first request of the call is sent?"""
        held = self.gate.hold(lambda request: request.method == 'HEAD')
        running = Call(*call)
        held.reached()
        flushed = self.is_flushed(lsn)
        held.release()
        running.result(DEADLINE)
        return flushed

    def test_deletion(self):
        """That of the row, which has not waited for the disk, comes before that of the object."""
        conn = self.connect(autocommit=True)
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'content')
        query(conn, 'INSERT INTO car VALUES (%s)', self.url())
        with self.quiet():
            query(conn, 'DELETE FROM car')
            self.assertTrue(self.flushed_at((conn, 'CALL s3_drain()'), self.written()))

    def test_put(self):
        """The ID of its transaction, which would be another one's after a crash."""
        conn = self.connect()
        with self.quiet():
            query(conn, 'CREATE TEMPORARY TABLE something (n int)')     # the ID is assigned
            lsn = self.written()
            self.assertTrue(self.flushed_at((conn, "SELECT s3_put(%s, 'x'::text)", self.url()), lsn))
        conn.rollback()
        self.settle()

    def test_put_is_forgotten(self):
        """Its commit: without it, it would have to be undone."""
        conn = self.connect()
        self.put(conn)
        drain = self.connect(autocommit=True)
        with self.quiet():
            conn.commit()
            lsn = self.written()
            query(drain, 'CALL s3_drain()')
            self.assertEqual(self.intents('url'), [])
            self.assertTrue(self.is_flushed(lsn))
