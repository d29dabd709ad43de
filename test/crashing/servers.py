"""PostgreSQL, Ceph RGW and Swift in one directory, and what kills them."""
import contextlib
import json
import os
import pathlib
import shlex
import signal
import subprocess
import time

import boto3
import psycopg2
from botocore.config import Config

from . import names
from .cutter import Cutter

SERVERS = pathlib.Path(__file__).resolve().parent.parent / 'servers'
SCHEMA = pathlib.Path(__file__).resolve().parent / 'schema.sql'
DEADLINE = 120                  # seconds for a server to come up again
HANG = 45                       # seconds after which a statement hangs
SETTINGS = ('max_prepared_transactions=50', 'shared_preload_libraries=s3store',
            'max_worker_processes=16', 'log_line_prefix=%m [%p] %x ', 'log_lock_waits=on',
            's3store.request_timeout=3s', 's3store.connect_timeout=1s', 's3store.max_attempts=2',
            's3store.delete_grace=1s', 's3store.delete_max_attempts=1000',
            's3store.worker_poll_interval=2s', 's3store.multipart_threshold=5MB',
            's3store.multipart_part_size=5MB', 's3store.multipart_copy_threshold=5MB')


class Server:
    """One of the servers of test/servers, in a directory of its own."""

    def __init__(self, name, directory, **environment):
        self.name, self.directory = name, directory
        self.environment = dict(os.environ, **environment)

    def command(self, verb, *arguments):
        return subprocess.run([SERVERS / self.name, verb, self.directory, *arguments],
                              check=True, stdout=subprocess.PIPE, text=True,
                              env=self.environment, stdin=subprocess.DEVNULL).stdout

    def start(self, *settings):
        self.command('start', *settings)
        words = shlex.split(self.command('env'))
        self.settings = dict(word.split('=', 1) for word in words)

    def start_again(self):
        """Until it does: what was killed may take a while to be gone."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                self.command('start')
                return
            except subprocess.CalledProcessError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def kill(self, *daemons):
        for name in daemons:
            kill(int((self.directory / 'run' / (name + '.pid')).read_text()))


class Servers:
    """All of them.  PostgreSQL reaches the others through gates that cut connections."""

    def __init__(self, directory, seed, verbose):
        self.directory, self.seed, self.verbose = directory, seed, verbose
        self.postgres = Server('postgres', directory / 'postgres')
        self.rgw = Server('rgw', directory / 'rgw', RGW_STORE='bluestore')
        self.swift = Server('swift', directory / 'swift')
        self.cutters = {}

    def start(self):
        for server in (self.rgw, self.swift):
            server.start()
        self.clients, endpoints = {}, {}
        for name, schemes in (('RGW', ('s3', 's3-alias', names.OWN_SCHEME)),
                              ('SWIFT', names.SCHEMES['swift'])):
            entry, client = self._reach(name)
            for scheme in schemes:
                endpoints[scheme] = dict(entry)
            for bucket in names.RGW_BUCKETS if name == 'RGW' else ('swift',):
                client.create_bucket(Bucket=bucket)
                self.clients[bucket] = client
        endpoints[names.OWN_SCHEME]['key_prefix'] = 'own'
        self.clients['versions'].put_bucket_versioning(
            Bucket='versions', VersioningConfiguration={'Status': 'Enabled'})
        self.postgres.start(*SETTINGS, 'deadlock_timeout=500ms',
                            's3store.endpoints=' + json.dumps(endpoints),
                            *(('log_statement=all',) if self.verbose else ()))
        self.query(SCHEMA.read_text())

    def _reach(self, name):
        """An endpoint's entry, through a gate; and a client that goes straight to it."""
        settings = getattr(self, name.lower()).settings
        url, key, secret = (settings['%s_%s' % (name, what)] for what in (
            'ENDPOINT', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'))
        cutter = Cutter(url, self.directory / (name.lower() + '-requests.log'), self.seed)
        cutter.start()
        self.cutters[name] = cutter
        entry = {'endpoint_url': cutter.endpoint, 'region': 'us-east-1', 'access_key_id': key,
                 'secret_access_key': secret}
        client = boto3.client('s3', endpoint_url=url, region_name='us-east-1',
                              aws_access_key_id=key, aws_secret_access_key=secret,
                              config=Config(s3={'addressing_style': 'path'}, proxies={},
                                            signature_version='s3v4',
                                            retries={'total_max_attempts': 6}))
        return entry, client

    def stop(self):
        for cutter in self.cutters.values():
            cutter.stop()
        for server, *mode in ((self.postgres, 'immediate'), (self.rgw,), (self.swift,)):
            with contextlib.suppress(subprocess.CalledProcessError):
                server.command('stop', *mode)

    def disturb(self, cut, slow):
        for cutter in self.cutters.values():
            cutter.cut.value, cutter.slow.value = cut, slow

    # -------------------------------------------------------------------------
    # PostgreSQL
    # -------------------------------------------------------------------------

    def connect(self):
        settings = self.postgres.settings
        conn = psycopg2.connect(host=settings['PGHOST'], port=settings['PGPORT'],
                                user='postgres', dbname='postgres',
                                options='-c statement_timeout=%ds' % HANG)
        conn.autocommit = True
        return conn

    def query(self, statement, *arguments):
        with contextlib.closing(self.connect()) as conn:
            return query(conn, statement, *arguments)

    def wait_for_postgres(self):
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                self.query('SELECT 1')
                return
            except psycopg2.Error:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def kill_postmaster(self):
        """And starts it again; its children end by themselves."""
        path = pathlib.Path(self.postgres.settings['PGDATA']) / 'postmaster.pid'
        kill(int(path.read_text().split()[0]))
        # a process that nobody has waited for yet is taken for alive
        path.unlink()
        for lock in pathlib.Path(self.postgres.settings['PGHOST']).glob('.s.PGSQL.*.lock'):
            lock.unlink()
        self.postgres.start_again()

    def restart(self, mode):
        self.postgres.command('stop', mode)
        self.postgres.start_again()

    def kill_rgw(self, daemons):
        self.rgw.kill(*daemons)
        self.rgw.start_again()

    def processes(self, condition):
        return [pid for pid, in self.query('SELECT pid FROM pg_stat_activity WHERE ' + condition)]


def query(conn, statement, *arguments):
    with conn.cursor() as cursor:
        cursor.execute(statement, arguments or None)
        return cursor.fetchall() if cursor.description else []


def kill(pid):
    """Until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + DEADLINE
    while lives(pid):
        if time.monotonic() > deadline:
            raise RuntimeError('a process does not end')
        time.sleep(0.01)


def lives(pid):
    try:
        stat = pathlib.Path('/proc/%d/stat' % pid).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(')')[2].split()[0] != 'Z'
