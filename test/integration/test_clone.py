"""test_clone.py - a copy of a database deletes nothing."""
import pathlib
import shutil
import subprocess
import unittest

from backend import program
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


if __name__ == '__main__':
    unittest.main()
