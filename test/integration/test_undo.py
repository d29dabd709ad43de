"""test_undo.py - what a transaction puts that does not commit goes again.

The cluster is one of our own, with fsync on: its backends and its postmaster
are killed.
"""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time
import uuid

import psycopg2
from backend import Call, Cluster, entry, lives, wait_for
from fault import Answer, FaultServer
from harness import Case, endpoint, make_bucket, query, remove_bucket, rgw

DEADLINE = 30


class UndoCluster(Cluster):
    """A cluster whose sessions find the storages in its configuration."""

    def __enter__(self):
        super().__enter__()
        for name, value in (('fsync', 'on'), ('max_prepared_transactions', '10'),
                            ('s3store.request_timeout', '1s'),
                            ('s3store.endpoints', json.dumps({'s3': endpoint('RGW')}))):
            self.set(name, value)
        self.command('restart')
        return self

    def set(self, name, value):
        conn = self.connect(endpoints=None)
        query(conn, "LOAD 's3store'")
        query(conn, 'ALTER SYSTEM SET %s = %%s' % name, value)
        query(conn, 'SELECT pg_reload_conf()')
        conn.close()

    @property
    def journals(self):
        return pathlib.Path(self.settings['PGDATA']) / 'pg_s3store'

    def start_again(self):
        """After a kill of the postmaster: its children must have left the shared memory."""
        def starts():
            with contextlib.suppress(subprocess.CalledProcessError):
                self.command('start')
                return True
            return False
        wait_for(starts, 'the cluster starts', DEADLINE)

    def wait_until_up(self):
        def is_up():
            with contextlib.suppress(psycopg2.OperationalError):
                self.connect(endpoints=None).close()
                return True
            return False
        wait_for(is_up, 'the cluster is up again', DEADLINE)


class UndoCase(Case):
    """A cluster, a bucket, and a table that names objects."""

    versioned = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = UndoCluster().__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.s3 = rgw()
        cls.name = cls.class_bucket(cls.s3)
        if cls.versioned:
            cls.s3.put_bucket_versioning(Bucket=cls.name,
                                         VersioningConfiguration={'Status': 'Enabled'})
        conn = cls.cluster.connect(endpoints=None)
        query(conn, 'CREATE TABLE car (photo text)')
        conn.close()

    def connect(self, endpoints=None, autocommit=False, **kw):
        conn = self.cluster.connect(endpoints=endpoints, **kw)
        conn.autocommit = autocommit
        self.addCleanup(conn.close)
        return conn

    def setUp(self):
        super().setUp()
        self.session = self.connect()

    def url(self, suffix=''):
        return 's3://%s/%s' % (self.name, self.key(suffix))

    def key(self, suffix=''):
        return self.id().rpartition('.')[2] + suffix

    def put(self, conn=None, content='content', suffix='', **arguments):
        names = ''.join(', %s => %%s' % name for name in arguments)
        return query(conn or self.session, 'SELECT s3_put(%s, %s::text' + names + ')',
                     self.url(suffix), content, *arguments.values())[0][0]

    def sweep(self, conn=None):
        conn = conn or self.connect(autocommit=True)
        return query(conn, 'SELECT s3_intents_sweep()')[0][0]

    def intents(self, *columns):
        conn = self.connect(autocommit=True)
        return query(conn, 'SELECT %s FROM s3_intents() WHERE url LIKE %%s ORDER BY created_at'
                     % ', '.join(columns), self.url('%'))

    def settle(self):
        """Sweeps until nothing of this test remains to be looked at; how many it removed."""
        removed = 0
        deadline = time.monotonic() + DEADLINE
        conn = self.connect(autocommit=True)
        while True:
            removed += self.sweep(conn)
            if not self.intents('url'):
                return removed
            self.assertLess(time.monotonic(), deadline, self.intents('*'))
            time.sleep(0.1)

    def versions(self, suffix=''):
        """The versions of the objects of this test: (key, content)."""
        answer = self.s3.list_object_versions(Bucket=self.name, Prefix=self.key(suffix))
        self.assertFalse(answer.get('DeleteMarkers'))
        return sorted((version['Key'], self.s3.get_object(
            Bucket=self.name, Key=version['Key'], VersionId=version['VersionId'])['Body'].read())
            for version in answer.get('Versions', []))

    def assertObjects(self, expected):
        """expected: suffix -> content"""
        self.assertEqual(self.versions(), sorted((self.key(suffix), content.encode())
                                                 for suffix, content in expected.items()))


class TransactionTest(UndoCase):
    """How a transaction can end."""

    def test_commit(self):
        self.put()
        self.session.commit()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_rollback(self):
        self.put()
        self.assertEqual(self.intents('state', 'kind', 'answered', 'size'),
                         [('in progress', 'create', True, 7)])
        self.session.rollback()
        self.assertEqual(self.intents('state'), [('aborted',)])
        self.assertObjects({'': 'content'})
        self.assertEqual(self.sweep(), 1)
        self.assertEqual(self.intents('state'), [])
        self.assertObjects({})

    def test_in_progress_stays(self):
        self.put()
        self.assertEqual(self.sweep(), 0)
        self.assertObjects({'': 'content'})
        self.session.commit()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_error(self):
        self.put()
        with self.assertSqlState('22012'):
            query(self.session, 'SELECT 1/0')
        self.session.rollback()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_autocommit(self):
        """The put's own statement fails after it."""
        conn = self.connect(autocommit=True)
        with self.assertSqlState('22012'):
            query(conn, 'SELECT s3_put(%s, %s::text), 1/(random() * 0)::int', self.url(), 'content')
        self.assertObjects({'': 'content'})
        self.assertEqual(self.settle(), 1)
        self.put(conn, 'content', 'kept')
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'kept': 'content'})

    def test_savepoints(self):
        """Each by its own transaction ID, while the transaction goes on."""
        self.put(suffix='1')
        query(self.session, 'SAVEPOINT a')
        self.put(suffix='2')
        query(self.session, 'SAVEPOINT b')
        self.put(suffix='3')
        query(self.session, 'RELEASE b')
        query(self.session, 'ROLLBACK TO a')
        self.put(suffix='4')
        query(self.session, 'SAVEPOINT c')
        self.put(suffix='5')
        query(self.session, 'RELEASE c')
        self.assertEqual(self.sweep(), 2)
        self.assertObjects({'1': 'content', '4': 'content', '5': 'content'})
        self.session.commit()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'1': 'content', '4': 'content', '5': 'content'})

    def test_sweep_inside(self):
        """A transaction sweeps its own savepoint, and holds no lock on it."""
        query(self.session, 'SAVEPOINT a')
        self.put(suffix='1')
        query(self.session, 'ROLLBACK TO a')
        self.put(suffix='2')
        self.assertEqual(self.sweep(self.session), 1)
        self.session.commit()
        self.assertObjects({'2': 'content'})

    def test_released_then_rolled_back(self):
        query(self.session, 'SAVEPOINT a')
        self.put()
        query(self.session, 'RELEASE a')
        self.session.rollback()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_exception_block(self):
        query(self.session, 'DO $$ BEGIN PERFORM s3_put(%s, %s::text); RAISE division_by_zero; '
              'EXCEPTION WHEN division_by_zero THEN END $$', self.url(), 'content')
        self.session.commit()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_prepared(self):
        for suffix, end in (('1', 'COMMIT'), ('2', 'ROLLBACK')):
            self.put(suffix=suffix)
            query(self.session, "PREPARE TRANSACTION 'x%s'" % suffix)
            self.session.rollback()
            self.assertEqual(self.sweep(), 0)
            self.assertEqual(len(self.versions(suffix)), 1)
            query(self.connect(autocommit=True), "%s PREPARED 'x%s'" % (end, suffix))
        self.assertEqual(self.settle(), 1)
        self.assertObjects({'1': 'content'})

    def test_prepared_through_crash(self):
        for suffix in '12':
            self.put(suffix=suffix)
            query(self.session, "PREPARE TRANSACTION 'y%s'" % suffix)
            self.session.rollback()
        self.cluster.command('stop', 'immediate')
        self.cluster.command('start')
        self.assertEqual(self.sweep(), 0)
        self.assertObjects({'1': 'content', '2': 'content'})
        conn = self.connect(autocommit=True)
        query(conn, "COMMIT PREPARED 'y1'")
        query(conn, "ROLLBACK PREPARED 'y2'")
        self.assertEqual(self.settle(), 1)
        self.assertObjects({'1': 'content'})

    def test_off(self):
        query(self.session, 'SET s3store.put_undo = off')
        self.put()
        self.assertEqual(self.intents('state'), [])
        self.session.rollback()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_off_in_entry(self):
        entry = endpoint('RGW', put_undo=False)
        conn = self.connect(endpoints={'s3': entry})
        self.put(conn)
        conn.rollback()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_files_go(self):
        for number in range(20):
            self.put(suffix=str(number))
        self.session.rollback()
        directories = [path for path in self.cluster.journals.iterdir() if path.is_dir()]
        self.assertGreater(sum(len(list(path.iterdir())) for path in directories), 1)
        self.assertEqual(self.settle(), 20)
        self.assertEqual([list(path.iterdir()) for path in directories], [[]])

    def test_modes(self):
        self.put()
        self.session.rollback()
        for path in self.cluster.journals.rglob('*'):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.settle()


class CrashTest(UndoCase):
    """The server, or a part of it, goes away."""

    def test_terminated(self):
        self.put()
        admin = self.connect(autocommit=True)
        query(admin, 'SELECT pg_terminate_backend(%s)', self.session.info.backend_pid)
        wait_for(lambda: not lives(self.session.info.backend_pid), 'the backend has gone')
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_disconnected(self):
        self.put()
        pid = self.session.info.backend_pid
        os.close(os.dup(self.session.fileno()))
        self.session.close()
        wait_for(lambda: not lives(pid), 'the backend has gone')
        self.assertEqual(self.settle(), 1)

    def test_backend_killed(self):
        committed = self.connect()
        self.put(committed, suffix='committed')
        committed.commit()
        self.put(suffix='1')
        other = self.connect()
        self.put(other, suffix='2')
        os.kill(self.session.info.backend_pid, signal.SIGKILL)
        wait_for(lambda: not lives(other.info.backend_pid), 'all backends have gone')
        self.cluster.wait_until_up()
        self.assertEqual(self.settle(), 2)
        self.assertObjects({'committed': 'content'})

    def test_postmaster_killed(self):
        self.put(suffix='committed')
        self.session.commit()
        self.put(suffix='1')
        self.cluster.kill()
        self.cluster.start_again()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({'committed': 'content'})

    def test_shutdown(self):
        for mode in ('immediate', 'fast'):
            with self.subTest(mode):
                conn = self.connect()
                self.put(conn, suffix=mode)
                self.cluster.command('stop', mode)
                self.cluster.command('start')
                self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_commit_is_durable(self):
        """A put is the whole transaction: what the client was told holds after a crash."""
        conn = self.connect(autocommit=True)
        self.put(conn)
        self.cluster.command('stop', 'immediate')
        self.cluster.command('start')
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})
