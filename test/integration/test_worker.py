"""test_worker.py - the background worker: who starts it, what it survives, whom it lets pass."""
import os
import pathlib
import subprocess
import time
import unittest

from backend import Call, entry, lives, wait_for
from fault import Answer, FaultServer, Gate
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

    def test_commit_that_takes_long(self):
        """The worker that it has started waits for it: nobody would start another one."""
        self.managed('slow')
        self.synchronous_standby('nobody')
        try:
            waiting = self.wait_until_commits_wait()
            call = Call(self.session, 'DELETE FROM managed')
            wait_for(lambda: query(self.admin, "SELECT state FROM pg_stat_activity WHERE datname = %s AND"
                                   " backend_type = 's3store worker'", self.database) == [('idle',)],
                     'the worker has found nothing to do', 30)
            (pid,) = self.workers()
            time.sleep(0.5)         # it would leave at once
            self.assertTrue(lives(pid))
            self.assertTrue(call.is_alive())
        finally:
            self.synchronous_standby('')
        call.result(30)
        waiting.result(30)
        self.wait_until_gone('slow')

    def synchronous_standby(self, name):
        """With one that does not exist, a commit that writes something waits."""
        query(self.admin, 'SET synchronous_commit = local')
        query(self.admin, 'ALTER SYSTEM SET synchronous_standby_names = %s', name)
        query(self.admin, 'SELECT pg_reload_conf()')

    def wait_until_commits_wait(self):
        """Once the checkpointer, too, has read the settings.  Returns a commit that waits."""
        probe = self.open(self.database)
        query(probe, 'SET synchronous_commit = on')
        ((pid,),) = query(probe, 'SELECT pg_backend_pid()')
        waits = "SELECT pid FROM pg_stat_activity WHERE pid = %s AND wait_event = 'SyncRep'"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            write = Call(probe, "SELECT pg_logical_emit_message(true, 'test', '')")
            wait_for(lambda: not write.is_alive() or query(self.admin, waits, pid), 'it waits or ends', 30)
            if write.is_alive():
                return write
        raise AssertionError('no commit waits')

    def test_worker_that_is_terminated_holds_nothing(self):
        """Not even between two transactions: others delete its server's objects."""
        query(self.session, "SELECT s3_delete_later('s3-silent://bucket/key')")
        locks = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
        wait_for(lambda: query(self.admin, locks + " AND pid IN (SELECT pid FROM pg_stat_activity WHERE"
                               " backend_type = 's3store worker' AND xact_start IS NULL)"),
                 'it waits for the server', 30)
        (pid,) = self.workers()
        query(self.admin, 'SELECT pg_terminate_backend(%s)', pid)
        wait_for(lambda: not lives(pid), 'it leaves', 30)
        self.assertEqual(query(self.admin, locks), [])

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
        self.cluster.kill_process(self.workers()[0])
        self.admin = self.open('postgres')
        self.session = self.open()
        self.assertEqual(query(self.session, 'SELECT count(*) FROM s3_queue'), [(1,)])
        self.managed('after')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('after')

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


class TurnsTest(WorkerCase):
    """One worker for all databases, which take turns."""

    COUNT = 3000                # deletions: three rounds, longer than a turn
    preload = True
    settings = {'s3store.max_workers': '1', 's3store.worker_poll_interval': '1s'}

    @classmethod
    def setUpClass(cls):
        cls.slow = FaultServer(answers=[cls.answer]).start()
        cls.addClassCleanup(cls.slow.stop)
        cls.endpoints = {**cls.endpoints, 's3-slow': entry(cls.slow.endpoint)}
        super().setUpClass()

    @staticmethod
    def answer(request):
        """No object is there; a list of the bucket says that the bucket is."""
        time.sleep(0.03)
        if request.method == 'HEAD':
            return Answer(404, {}, b'')
        return Answer(403, {}, b'<Error><Code>AccessDenied</Code></Error>')

    def setUp(self):
        super().setUp()
        self.other = self.database + '_other'
        query(self.admin, 'CREATE DATABASE ' + self.other)
        self.addCleanup(query, self.admin, 'DROP DATABASE %s WITH (FORCE)' % self.other)
        self.other_session = self.open(self.other)
        query(self.other_session, 'CREATE EXTENSION s3store')

    def all_workers(self):
        """The databases of those that work, and are not just leaving."""
        return query(self.admin, "SELECT datname FROM pg_stat_activity"
                     " WHERE backend_type = 's3store worker' AND state = 'active'")

    def test_turns(self):
        key = self.key()
        self.store(key)
        query(self.session, "SELECT count(s3_delete_later('s3-slow://bucket/' || i)) FROM generate_series(1, %s) i",
              self.COUNT)
        wait_for(lambda: self.all_workers() == [(self.database,)], 'the first one works', 30)
        query(self.other_session, 'SELECT s3_delete_later(%s)', self.url(key))
        most = []

        def is_gone():
            most.append(len(self.all_workers()))
            return not self.exists(key)
        wait_for(is_gone, 'the other one has had its turn', 60)
        self.assertEqual(max(most), 1)
        self.assertGreater(query(self.session, 'SELECT count(*) FROM s3_queue')[0][0], 0)
        # and the first one goes on
        wait_for(lambda: query(self.session, 'SELECT count(*) FROM s3_queue') == [(0,)], 'all is done', 60)


class TurnsWithoutLauncherTest(TurnsTest):
    """Who leaves starts the worker of who waits."""

    preload = False


class NoProcessTest(WorkerCase):
    """The server has no process left for a worker: that is logged once."""

    settings = {'max_worker_processes': '1', 's3store.max_workers': '10'}

    def test_commits(self):
        keys = ['busy-%d' % number for number in range(5)]
        self.managed(*keys)
        for key in keys:
            query(self.session, 'DELETE FROM managed WHERE url = %s', self.url(key))
        self.assertEqual(self.log().count('no background worker slot is free for s3store'), 1)
        self.assertTrue(all(map(self.exists, keys)))
        query(self.session, 'CALL s3_drain()')
        self.assertFalse(any(map(self.exists, keys)))


if __name__ == '__main__':
    unittest.main()
