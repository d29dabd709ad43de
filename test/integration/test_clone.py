"""test_clone.py - a copy of a database deletes nothing."""
import pathlib
import shutil
import subprocess
import unittest

from backend import program, wait_for
from harness import connect, query
from queue_case import WorkerCase
from test_standby import server

TOKEN = 'the-original'
REFUSED = 'may not carry out queued deletions'


class CloneTest(WorkerCase):
    """The configuration has the token; the database has it once it is set."""

    settings = {'s3store.writer_token': TOKEN, 's3store.worker': 'off'}

    def setUp(self):
        super().setUp()
        query(self.session, 'SELECT s3_set_writer_token(%s)', TOKEN)

    def check_refused(self, conn, key):
        """Its deletions stay queued, and the object stays."""
        query(conn, 'DELETE FROM managed')
        self.assertNotEqual(query(conn, 'SELECT count(*) FROM s3_queue'), [(0,)])
        with self.assertSqlState('55000', REFUSED):
            query(conn, 'CALL s3_drain()')
        self.assertTrue(self.exists(key))

    def test_original(self):
        self.managed('original')
        query(self.session, 'DELETE FROM managed')
        query(self.session, 'CALL s3_drain()')
        self.assertFalse(self.exists('original'))

    def test_no_token(self):
        """A partial dump, or a new database, of a cluster whose configuration has a token."""
        self.managed('fresh')
        query(self.session, 'SELECT s3_set_writer_token(NULL)')
        self.check_refused(self.session, 'fresh')

    def test_template(self):
        self.managed('template')
        self.session.close()
        copy = self.database + '_copy'
        query(self.admin, 'CREATE DATABASE %s TEMPLATE %s' % (copy, self.database))
        self.check_refused(self.open(copy), 'template')

    def test_dump(self):
        """The dump has the token, but none of the queued deletions."""
        self.managed('dump', 'queued')
        query(self.session, "DELETE FROM managed WHERE url LIKE '%queued'")
        settings = self.cluster.settings
        where = ['-h', settings['PGHOST'], '-p', settings['PGPORT'], '-U', 'postgres']
        dump = subprocess.run([program('pg_dump'), *where, self.database], check=True,
                              stdout=subprocess.PIPE).stdout
        copy = self.database + '_restored'
        query(self.admin, 'CREATE DATABASE ' + copy)
        subprocess.run([program('psql'), *where, '-X', '-q', '-v', 'ON_ERROR_STOP=1', copy],
                       input=dump, check=True, stdout=subprocess.DEVNULL)
        conn = self.open(copy)
        self.assertEqual(query(conn, 'SELECT count(*) FROM s3_queue'), [(0,)])
        self.check_refused(conn, 'dump')

    def test_dump_by_an_owner(self):
        """The owner of the database, who is no superuser, can dump it, token and all."""
        owned, restored = self.database + '_owned', self.database + '_again'
        query(self.admin, 'CREATE ROLE dump_owner LOGIN')
        query(self.admin, 'CREATE DATABASE %s OWNER dump_owner' % owned)
        conn = self.open(owned)
        query(conn, 'CREATE EXTENSION s3store')
        query(conn, 'SELECT s3_set_writer_token(%s)', TOKEN)
        query(conn, "SELECT s3_delete_later('s3://bucket/key')")
        settings = self.cluster.settings
        where = ['-h', settings['PGHOST'], '-p', settings['PGPORT']]
        dump = subprocess.run([program('pg_dump'), *where, '-U', 'dump_owner', owned], check=True,
                              stdout=subprocess.PIPE).stdout
        query(self.admin, 'CREATE DATABASE ' + restored)
        subprocess.run([program('psql'), *where, '-U', 'postgres', '-X', '-q', '-v', 'ON_ERROR_STOP=1',
                        restored], input=dump, check=True, stdout=subprocess.DEVNULL)
        copy = self.open(restored)
        self.assertEqual(query(copy, 'SELECT token FROM s3_writer'), [(TOKEN,)])
        self.assertEqual(query(copy, 'SELECT count(*) FROM s3_queue'), [(0,)])

    def test_data_directory(self):
        """Its configuration has no token."""
        self.managed('directory', 'queued')
        query(self.session, "DELETE FROM managed WHERE url LIKE '%queued'")
        self.session.close()
        self.admin.close()
        self.cluster.command('stop')
        data = pathlib.Path(self.cluster.settings['PGDATA'])
        clone = pathlib.Path(self.cluster.directory + '-clone')
        server('start', clone)
        server('stop', clone)
        own = server('env', clone)
        shutil.rmtree(own['PGDATA'])
        subprocess.run(['cp', '-a', str(data), own['PGDATA']], check=True)
        self.cluster.command('start')
        auto = pathlib.Path(own['PGDATA']) / 'postgresql.auto.conf'
        auto.write_text(''.join(line for line in auto.open() if 'writer_token' not in line))
        server('start', clone, 'port=' + own['PGPORT'], 'unix_socket_directories=' + own['PGHOST'])
        self.addCleanup(server, 'stop', clone)
        conn = connect(endpoints=None, host=own['PGHOST'], port=own['PGPORT'], dbname=self.database)
        self.addCleanup(conn.close)
        self.check_refused(conn, 'directory')
        self.assertTrue(self.exists('queued'))
        self.admin = self.cluster.connect(endpoints=None)
        query(self.open(), 'CALL s3_drain()')
        self.assertFalse(self.exists('queued'))


class QuietTest(WorkerCase):
    """What keeps a worker from working is logged once, and when something waits for it."""

    preload = True
    settings = {'s3store.worker_poll_interval': '1s', 's3store.writer_token': TOKEN,
                'autovacuum': 'off'}

    def said(self, words):
        """How often the log says that of this database."""
        return sum('"%s"' % self.database in line and words in line
                   for line in self.log().splitlines())

    def wait_until_said(self, words, times):
        wait_for(lambda: self.said(words) >= times, words, 30)
        self.visits()
        self.assertEqual(self.said(words), times)

    def visits(self):
        """Waits until workers have been there several times: nobody else commits anything."""
        def commits():
            return query(self.admin, 'SELECT xact_commit FROM pg_stat_database WHERE datname = %s',
                         self.database)[0][0]
        start = commits()
        wait_for(lambda: commits() > start + 12, 'a worker has looked', 60)

    def test_token(self):
        self.visits()
        self.assertEqual(self.said('carr'), 0)
        self.managed('token')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_said(REFUSED, 1)
        query(self.session, "SELECT s3_set_writer_token('another')")
        self.wait_until_said(REFUSED, 2)
        self.assertTrue(self.exists('token'))
        query(self.session, 'SELECT s3_set_writer_token(%s)', TOKEN)
        self.wait_until_gone('token')
        self.wait_until_said('carries out queued deletions again', 1)
        self.assertEqual(self.said('ERROR'), 0)

    def test_read_only(self):
        query(self.session, 'SELECT s3_set_writer_token(%s)', TOKEN)
        query(self.admin, 'ALTER DATABASE %s SET default_transaction_read_only = on' % self.database)
        errors = self.log().count('ERROR')
        self.visits()
        self.assertEqual(self.said('read-only'), 0)
        self.managed('read-only')
        query(self.session, 'DELETE FROM managed')
        self.wait_until_said('read-only', 1)
        self.assertTrue(self.exists('read-only'))
        query(self.admin, 'ALTER DATABASE %s RESET default_transaction_read_only' % self.database)
        self.wait_until_gone('read-only')
        self.wait_until_said('again', 1)
        self.assertEqual(self.log().count('ERROR'), errors)


if __name__ == '__main__':
    unittest.main()
