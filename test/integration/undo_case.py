"""undo_case.py - what the tests of the journal of puts share.

A cluster of our own, with fsync on: its backends and its postmaster are killed.
"""
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import time

from backend import Cluster, wait_for
from harness import Case, endpoint, environment, query, rgw

DEADLINE = 30
HOME_RECORD = 45                # bytes of a journal without intents
ANSWER = 6                      # the type of the record of an answer
CALLS = 'fdatasync,fsync,rename,sendto,sendmsg,write,pwrite64'


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class UndoCluster(Cluster):
    """A cluster whose sessions find the storages in its configuration."""

    def __enter__(self):
        super().__enter__()
        for name, value in (('fsync', 'on'), ('max_prepared_transactions', '10'),
                            ('s3store.request_timeout', '1s'), ('s3store.delete_grace', '1s'),
                            ('s3store.worker', 'off'),
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

    @property
    def journal_files(self):
        """Of all databases."""
        return [path for path in self.journals.iterdir() if path.name.isdigit()]


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
        """How many objects it has removed by their names."""
        conn = conn or self.connect(autocommit=True)
        del conn.notices[:]
        query(conn, 'CALL s3_drain()')
        return int(re.search('objects deleted: ([0-9]+)', conn.notices[-1]).group(1))

    def ask(self, *arguments):
        conn = self.connect(autocommit=True)
        try:
            return query(conn, *arguments)
        finally:
            conn.close()

    def intents(self, *columns):
        return self.ask('SELECT %s FROM s3_intents() WHERE url LIKE %%s ORDER BY created_at'
                     % ', '.join(columns), self.url('%'))

    def queue(self, *columns):
        return self.ask('SELECT %s FROM s3_queue WHERE url LIKE %%s ORDER BY id'
                     % ', '.join(columns), self.url('%'))

    @contextlib.contextmanager
    def traced(self, calls=CALLS, conn=None):
        """A list that is filled with the calls of a session, in their order, with their files."""
        pid = (conn or self.session).info.backend_pid
        path = pathlib.Path(environment('S3STORE_TEST_DIR')) / ('strace-%d' % pid)
        process = subprocess.Popen(['strace', '-qq', '-y', '-s', '8', '-e', 'trace=' + calls,
                                    '-o', path, '-p', str(pid)], stderr=subprocess.PIPE)
        tracer = lambda: pathlib.Path('/proc/%d/status' % pid).read_text()
        wait_for(lambda: 'TracerPid:\t%d\n' % process.pid in tracer(), 'the session is traced')
        lines = []
        try:
            yield lines
        finally:
            process.terminate()
            process.communicate()
            lines += path.read_text().splitlines()
            path.unlink()

    def settle(self):
        """Drains until nothing of this test remains to be looked at; how many it removed."""
        removed = 0
        deadline = time.monotonic() + DEADLINE
        conn = self.connect(autocommit=True)
        while True:
            removed += self.sweep(conn)
            if not self.intents('url'):
                return removed
            self.assertLess(time.monotonic(), deadline, (self.intents('*'), self.queue('*')))
            time.sleep(0.1)

    def lose_answers(self, version=''):
        """A journal as a crash leaves it between an upload and its answer's note."""
        for path in self.cluster.journal_files:
            rest = path.read_bytes()
            kept = b''
            while rest:
                length = int.from_bytes(rest[4:8], sys.byteorder) + 12
                is_answer = rest[12] == ANSWER
                if not (is_answer and version.encode() in rest[:length]):
                    kept += rest[:length]
                rest = rest[length:]
            path.write_bytes(kept)

    def change_record(self, old, new):
        """Replaces bytes, by as many, in the one record that has them."""
        (path,) = self.cluster.journal_files
        content = bytearray(path.read_bytes())
        place = content.index(old)
        start = content.rindex(b'S3Jr', 0, place)
        content[place:place + len(old)] = new
        length = int.from_bytes(content[start + 4:start + 8], sys.byteorder)
        content[start + 8:start + 12] = crc32c(content[start + 12:start + 12 + length]).to_bytes(
            4, sys.byteorder)
        path.write_bytes(content)

    def is_there(self):
        """Has any object of this test a version?"""
        return 'Versions' in self.s3.list_object_versions(Bucket=self.name, Prefix=self.key(''))

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
