"""test_standby.py - a hot standby reads and makes links, and changes nothing."""
import json
import pathlib
import shlex
import shutil
import subprocess

import harness
from backend import as_owner, program

SERVER = pathlib.Path(__file__).resolve().parent.parent / 'servers' / 'postgres'


def server(verb, directory, *arguments):
    """Run the server script; what it prints as a dict of the variables."""
    done = subprocess.run([SERVER, verb, directory, *arguments], check=True,
                          capture_output=True, text=True)
    return dict(word.split('=', 1) for word in shlex.split(done.stdout) if '=' in word)


class Standby(harness.Case):
    """A primary and a standby of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        top = pathlib.Path(harness.environment('S3STORE_TEST_DIR'))
        cls.primary = cls.start(top / 'primary', 'wal_level=replica', 'max_wal_senders=4')
        cls.prepare()
        cls.standby = cls.start_standby(top / 'standby')
        cls.bucket_name = cls.class_bucket()

    @classmethod
    def start(cls, directory, *settings):
        """A cluster that is stopped after the tests; how to connect to it."""
        server('start', directory, *settings)
        cls.addClassCleanup(server, 'stop', directory)
        return server('env', directory)

    @classmethod
    def prepare(cls):
        """The extension and its settings, as the standby will inherit them."""
        conn = cls.connect_to(cls.primary)
        harness.query(conn, 'CREATE EXTENSION s3store')
        harness.query(conn, 'ALTER SYSTEM SET s3store.endpoints = %s', json.dumps(harness.ENDPOINTS))
        conn.close()

    @classmethod
    def start_standby(cls, directory):
        """A copy of the primary that follows it, at a port of its own."""
        own = cls.start(directory)
        server('stop', directory)
        for child in pathlib.Path(own['PGDATA']).iterdir():
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
        as_owner([program('pg_basebackup'), '-h', cls.primary['PGHOST'], '-p', cls.primary['PGPORT'],
                  '-U', 'postgres', '-D', own['PGDATA'], '-R', '-c', 'fast'])
        server('start', directory, 'port=' + own['PGPORT'],
               'unix_socket_directories=' + own['PGHOST'])
        return own

    @staticmethod
    def connect_to(env):
        """A session whose settings are the configuration's."""
        return harness.connect(endpoints=None, host=env['PGHOST'], port=env['PGPORT'],
                               dbname='postgres')

    def setUp(self):
        super().setUp()
        self.session = self.connect_to(self.standby)
        self.addCleanup(self.session.close)
        self.url = 's3://%s/key' % self.bucket_name

    def value(self, statement, *arguments):
        """The one value that a statement gives on the standby."""
        return harness.query(self.session, statement, *arguments)[0][0]

    def test_it_is_one(self):
        self.assertIs(self.value('SELECT pg_is_in_recovery()'), True)

    def test_reads(self):
        harness.rgw().put_object(Bucket=self.bucket_name, Key='key', Body=b'content')
        self.assertEqual(bytes(self.value('SELECT s3_get(%s)', self.url)), b'content')
        self.assertIs(self.value('SELECT s3_exists(%s)', self.url), True)
        self.assertEqual(self.value('SELECT s3_size(%s)', self.url), 7)

    def test_links(self):
        """Even those that write: somebody else will use them."""
        for method in ('get_object', 'put_object', 'delete_object'):
            self.assertIn('X-Amz-Signature=', self.value('SELECT s3_presign(%s, %s)', self.url, method))

    def test_changes(self):
        harness.rgw().put_object(Bucket=self.bucket_name, Key='kept', Body=b'content')
        for call in ("s3_put(%s, 'x'::text, overwrite => true)", 's3_delete(%s)'):
            with self.subTest(call), self.assertSqlState('25006', 'cannot execute'):
                self.value('SELECT ' + call, 's3://%s/kept' % self.bucket_name)
        kept = harness.rgw().get_object(Bucket=self.bucket_name, Key='kept')
        self.assertEqual(kept['Body'].read(), b'content')
