"""test_worker.py - the background worker: who starts it, what it survives, whom it lets pass."""
import os
import pathlib
import signal
import subprocess
import unittest

from backend import entry, lives, wait_for
from fault import FaultServer, Gate
from harness import endpoint, environment, query
from queue_case import WorkerCase


class OnDemandTest(WorkerCase):
    """Nothing is preloaded: a commit starts the worker."""

    @classmethod
    def setUpClass(cls):
        cls.silent = FaultServer(mode='silent-accept')
        cls.silent.start()
        cls.addClassCleanup(cls.silent.stop)
        cls.endpoints = {**cls.endpoints, 's3-silent': entry(cls.silent.endpoint)}
        super().setUpClass()

    def test_commit(self):
        self.managed('commit')
        self.assertEqual(self.workers(), [])
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('commit')
        wait_for(lambda: query(self.session, 'SELECT count(*) FROM s3_queue') == [(0,)], 'settled')
        self.assertEqual(len(self.workers()), 1)
        wait_for(lambda: self.workers() == [], 'the worker leaves', 30)

    def test_commit_while_it_lingers(self):
        self.managed('first', 'second')
        query(self.session, "DELETE FROM managed WHERE url LIKE '%first'")
        self.wait_until_gone('first')
        query(self.session, "DELETE FROM managed WHERE url LIKE '%second'")
        self.wait_until_gone('second')

    def test_rollback(self):
        self.managed('rollback')
        query(self.session, 'BEGIN')
        query(self.session, 'DELETE FROM managed')
        query(self.session, 'ROLLBACK')
        self.assertEqual(self.workers(), [])
        self.assertTrue(self.exists('rollback'))

    def test_switched_off(self):
        self.managed('off')
        query(self.session, 'SET s3store.worker = off')
        query(self.session, 'DELETE FROM managed')
        self.assertEqual(self.workers(), [])
        self.assertTrue(self.exists('off'))
        query(self.session, 'SET s3store.worker = on')
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.wait_until_gone('off')

    def test_it_tries_again(self):
        """Without another commit."""
        query(self.session, "SELECT s3_delete_later('s3://no-such-bucket-at-all/key')")
        wait_for(lambda: query(self.session, 'SELECT attempts FROM s3_queue')[0][0] >= 2,
                 'a second attempt', 30)
        self.assertIn('bucket does not exist', query(self.session, 'SELECT last_error FROM s3_queue')[0][0])

    def test_worker_is_killed(self):
        """That restarts the server; what it had queued is still there."""
        query(self.session, "SELECT s3_delete_later('s3://no-such-bucket-at-all/key')")
        wait_for(self.workers, 'a worker runs')
        os.kill(self.workers()[0], signal.SIGKILL)
        self.admin = self.reconnect('postgres')
        self.session = self.reconnect(self.database)
        self.assertEqual(query(self.session, 'SELECT count(*) FROM s3_queue'), [(1,)])
        self.managed('after')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('after')

    def reconnect(self, database):
        """A session, once the server has come back."""
        found = []

        def connected():
            try:
                conn = self.open(database)
                query(conn, 'SELECT 1')
                found.append(conn)
            except Exception:
                return False
            return True
        wait_for(connected, 'the server is back', 60)
        return found[0]

    def test_drop_extension(self):
        self.managed('dropped')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('dropped')
        (pid,) = self.workers()
        query(self.session, 'DROP EXTENSION s3store CASCADE')
        wait_for(lambda: not lives(pid), 'the worker leaves', 30)
        self.assertNotIn('PANIC', self.log())

    def test_drop_database(self):
        """It lingers, and goes in time."""
        self.managed('database')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('database')
        self.assertEqual(len(self.workers()), 1)
        self.session.close()
        query(self.admin, 'DROP DATABASE ' + self.database)

    def test_drop_database_during_a_call(self):
        """Without a launcher nobody else tells it that it is in the way."""
        query(self.session, "SELECT s3_delete_later('s3-silent://bucket/key')")
        self.silent.reached('silent-accept')
        (pid,) = self.workers()
        self.session.close()
        query(self.admin, 'DROP DATABASE ' + self.database)
        wait_for(lambda: not lives(pid), 'the worker is gone')

    def test_database_as_template(self):
        self.managed('template')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('template')
        self.session.close()
        query(self.admin, 'CREATE DATABASE %s_copy TEMPLATE %s' % (self.database, self.database))

    def test_settings_of_the_database(self):
        self.managed('by database')
        query(self.session, 'ALTER DATABASE %s SET s3store.read_only = on' % self.database)
        query(self.session, 'DELETE FROM managed')
        wait_for(lambda: 'read-only' in (query(self.session, 'SELECT last_error FROM s3_queue')[0][0] or ''),
                 'the worker has tried', 30)
        self.assertTrue(self.exists('by database'))
        self.assertEqual(query(self.session, 'SELECT attempts FROM s3_queue'), [(0,)])


class EncodingTest(WorkerCase):
    """A database whose encoding is not S3's."""

    options = "ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"

    def test_worker(self):
        key = 'caf\u00e9'
        self.managed(key)
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone(key)
        wait_for(lambda: query(self.session, 'SELECT count(*) FROM s3_queue') == [(0,)], 'settled')


class PreloadedTest(WorkerCase):
    """With shared_preload_libraries there is a launcher."""

    preload = True
    settings = {'s3store.worker_poll_interval': '1s', 'max_prepared_transactions': '5'}

    @classmethod
    def setUpClass(cls):
        cls.silent = []
        for number in (1, 2):
            silent = FaultServer(mode='silent-accept')
            silent.start()
            cls.addClassCleanup(silent.stop)
            cls.silent.append(silent)
            cls.endpoints['s3-silent-%d' % number] = entry(silent.endpoint)
        cls.gate = Gate(environment('RGW_ENDPOINT'))
        cls.gate.__enter__()
        cls.addClassCleanup(cls.gate.__exit__)
        cls.endpoints['s3-gate'] = endpoint('RGW', endpoint_url=cls.gate.endpoint)
        super().setUpClass()

    def test_launcher(self):
        self.assertEqual(query(self.admin, 'SELECT count(*) FROM pg_stat_activity'
                               " WHERE backend_type = 's3store launcher'"), [(1,)])

    def test_commit(self):
        self.managed('commit')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('commit')

    def test_delay(self):
        """The worker is gone by then; the launcher starts another one."""
        self.store('delayed')
        query(self.session, 'SELECT s3_delete_later(%s, %s)', self.url('delayed'), '1 s')
        self.wait_until_gone('delayed')

    def test_extension_comes_later(self):
        """The worker has looked before there was one."""
        name = self.database + '_later'
        query(self.admin, 'CREATE DATABASE ' + name)
        self.addCleanup(query, self.admin, 'DROP DATABASE %s WITH (FORCE)' % name)
        wait_for(lambda: query(self.admin, 'SELECT xact_commit > 0 FROM pg_stat_database'
                               ' WHERE datname = %s', name) == [(True,)], 'a worker has looked', 30)
        self.store('later')
        conn = self.open(name)
        query(conn, 'CREATE EXTENSION s3store')
        query(conn, 'SET s3store.worker = off')
        query(conn, 'SELECT s3_delete_later(%s)', self.url('later'))
        self.wait_until_gone('later')

    def test_commit_prepared(self):
        """Wakes nobody, so the launcher looks, as it does where there was work before."""
        self.managed('before')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('before')
        self.managed('prepared')
        query(self.session, 'BEGIN')
        query(self.session, 'DELETE FROM managed')
        query(self.session, "PREPARE TRANSACTION '%s'" % self.database)
        query(self.session, "COMMIT PREPARED '%s'" % self.database)
        self.wait_until_gone('prepared')

    def test_restart(self):
        self.check_restart('fast')

    def test_crash(self):
        self.check_restart('immediate')

    def check_restart(self, mode):
        """Nobody need commit anything: what was queued is carried out."""
        self.managed(mode)
        query(self.session, 'SET s3store.worker = off')
        query(self.session, 'DELETE FROM managed')
        self.assertTrue(self.exists(mode))
        self.session.close()
        self.admin.close()
        self.restart(mode)
        self.wait_until_gone(mode)

    def test_reload(self):
        self.managed('reload')
        query(self.admin, 'ALTER SYSTEM SET s3store.worker = off')
        query(self.admin, 'SELECT pg_reload_conf()')
        wait_for(lambda: query(self.session, 'SHOW s3store.worker') == [('off',)], 'the setting is read')
        query(self.session, 'DELETE FROM managed')
        self.assertTrue(self.exists('reload'))
        query(self.admin, 'ALTER SYSTEM RESET s3store.worker')
        query(self.admin, 'SELECT pg_reload_conf()')
        self.wait_until_gone('reload')

    def call_silence(self, scheme, silent):
        """Lets the worker call a server that has fallen silent."""
        query(self.session, 'SELECT s3_delete_later(%s)', scheme + '://bucket/key')
        silent.reached('silent-accept')

    def test_drop_database_during_a_call(self):
        """The launcher sends the worker away, though its server has fallen silent."""
        self.call_silence('s3-silent-1', self.silent[0])
        self.session.close()
        query(self.admin, 'DROP DATABASE ' + self.database)

    def test_no_transaction_during_a_call(self):
        """So DROP EXTENSION waits for nothing."""
        self.call_silence('s3-silent-2', self.silent[1])
        self.assertEqual(query(self.admin, 'SELECT xact_start, backend_xid, backend_xmin'
                               ' FROM pg_stat_activity WHERE pid = %s', self.workers()[0]),
                         [(None, None, None)])
        query(self.session, 'DROP EXTENSION s3store CASCADE')

    def hold_worker(self, key):
        """One whose request is held."""
        self.store(key)
        held = self.gate.hold(lambda request: request.method == 'HEAD')
        query(self.session, 'SELECT s3_delete_later(%s)', self.url(key).replace('s3:', 's3-gate:'))
        held.reached()
        return held

    def test_silent_server_delays_nobody_else(self):
        """Another process works for the others meanwhile."""
        self.managed('quick')
        held = self.hold_worker('slow')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('quick', timeout=15)
        self.assertTrue(self.exists('slow'))
        held.release()
        self.wait_until_gone('slow')

    def test_drop_extension_during_a_call(self):
        """There is nothing to settle any more; what is created again starts anew."""
        held = self.hold_worker('gone with it')
        (pid,) = self.workers()
        query(self.session, 'DROP EXTENSION s3store CASCADE')
        query(self.session, 'CREATE EXTENSION s3store')
        held.release()
        wait_for(lambda: not self.exists('gone with it') or not lives(pid), 'the call is over', 30)
        self.managed('created again')
        query(self.session, "SELECT s3_delete_later(%s)", self.url('created again'))
        self.wait_until_gone('created again')
        wait_for(lambda: query(self.session, 'SELECT count(*) FROM s3_queue') == [(0,)], 'settled')
        self.assertNotIn('PANIC', self.log())

    def new_version(self, script):
        """Of the extension, besides those that are installed."""
        sharedir = subprocess.run([os.environ.get('PG_CONFIG', 'pg_config'), '--sharedir'], check=True,
                                  capture_output=True, text=True).stdout.strip()
        path = pathlib.Path(sharedir) / 'extension' / 's3store--1.0--1.0.test.sql'
        path.write_text(script)
        path.chmod(0o644)
        self.addCleanup(path.unlink)

    def test_update_during_a_call(self):
        """It locks the queue's table: neither waits for the other, and the worker settles."""
        self.new_version("ALTER TABLE s3_deletion ADD CONSTRAINT has_url CHECK (url <> '');\n")
        held = self.hold_worker('updated')
        query(self.session, "SET lock_timeout = '5 s'")
        query(self.session, "ALTER EXTENSION s3store UPDATE TO '1.0.test'")
        held.release()
        self.wait_until_gone('updated')
        wait_for(lambda: query(self.session, 'SELECT count(*) FROM s3_queue') == [(0,)], 'settled')
        self.managed('afterwards')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('afterwards')

    def test_worker_waits_for_an_update(self):
        """What is queued and updated in one transaction is carried out after it."""
        self.new_version("ALTER TABLE s3_deletion ADD CONSTRAINT has_url CHECK (url <> '');\n")
        self.managed('early', 'late')
        other = self.open()
        query(self.session, 'BEGIN')
        query(self.session, "DELETE FROM managed WHERE url LIKE '%early'")
        query(self.session, "ALTER EXTENSION s3store UPDATE TO '1.0.test'")
        self.assertTrue(self.exists('early'))
        query(self.session, 'COMMIT')
        query(other, 'DELETE FROM managed')
        self.wait_until_gone('early', 'late')


class ManyDatabasesTest(WorkerCase):
    """More of them than the launcher can serve at a time."""

    COUNT = 70
    preload = True
    settings = {'s3store.worker_poll_interval': '5s', 's3store.worker': 'off',
                'max_worker_processes': '80', 'autovacuum': 'off'}

    def test_all_have_their_turn(self):
        query(self.session, 'SELECT s3_delete_later(%s)', self.url('none'))
        self.session.close()
        names = ['%s_%d' % (self.database, i) for i in range(self.COUNT)]
        for name in names:
            query(self.admin, 'CREATE DATABASE %s TEMPLATE %s' % (name, self.database))
        query(self.admin, 'ALTER SYSTEM RESET s3store.worker')
        query(self.admin, 'SELECT pg_reload_conf()')
        for name in names:
            conn = self.open(name)
            wait_for(lambda: query(conn, 'SELECT count(*) FROM s3_queue') == [(0,)], name, 60)
            conn.close()
        self.assertEqual(self.log().count('can serve only 64 databases at a time'), 1)


class AsynchronousCommitTest(WorkerCase):
    """A row whose deletion did not reach the disk must not lose its object."""

    settings = {'wal_writer_delay': '10s', 's3store.worker': 'off'}

    def test_crash_after_the_object_is_gone(self):
        self.managed('lost')
        query(self.session, 'CHECKPOINT')
        query(self.session, 'SET synchronous_commit = off')
        query(self.session, 'DELETE FROM managed')
        query(self.session, 'CALL s3_drain()')
        self.assertFalse(self.exists('lost'))
        self.cluster.kill()
        self.cluster.command('start')
        self.assertEqual(query(self.open(), 'SELECT count(*) FROM managed'), [(0,)])


if __name__ == '__main__':
    unittest.main()
