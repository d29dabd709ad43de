"""backend.py - a backend seen from outside, while a call of it is under way."""
import ctypes
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import uuid

import psycopg2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from fault import Answer, FaultServer  # noqa: E402
from harness import Case, connect, environment, query  # noqa: E402

PROMPT = 5                      # seconds within which a stop must have worked
RESTART = 60                    # ... and a server come back after a crash
SERVERS = pathlib.Path(__file__).resolve().parent.parent / 'servers'
ACCESS_KEY_ID = 'AKIAWAITING'
SECRET_ACCESS_KEY = 'the-secret-of-waiting'


def entry(endpoint_url, **more):
    """The entry of s3store.endpoints for a server that checks no signatures.

    A request is sent once, so that what it meets shows at once.
    """
    return {'endpoint_url': endpoint_url, 'region': 'us-east-1', 'max_attempts': 1,
            'access_key_id': ACCESS_KEY_ID, 'secret_access_key': SECRET_ACCESS_KEY, **more}


def wait_for(condition, what, timeout=PROMPT):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError('%s: not within %s s' % (what, timeout))
        time.sleep(0.002)


def lives(pid):
    """Does the process run?  One that nobody has waited for yet does not."""
    try:
        stat = pathlib.Path('/proc/%d/stat' % pid).read_text()
    except (FileNotFoundError, ProcessLookupError):     # the latter while it is read
        return False
    return stat.rpartition(')')[2].split()[0] != 'Z'


def children(pid):
    """The processes that it has started, and that live."""
    found = []
    for path in pathlib.Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = path.read_text().rpartition(')')[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != 'Z':
            found.append(int(path.parent.name))
    return found


def descriptors(pid):
    """Sockets, and what else is no file: the sets of events of a wait."""
    found = []
    for name in os.listdir('/proc/%d/fd' % pid):
        try:
            target = os.readlink('/proc/%d/fd/%s' % (pid, name))
        except FileNotFoundError:
            continue
        if target.startswith(('socket:', 'anon_inode:')):
            found.append(target)
    return found


def threads(pid):
    return [int(tid) for tid in os.listdir('/proc/%d/task' % pid)]


def user_time(pid):
    """Seconds that the process has computed, but for what the kernel did for it."""
    stat = pathlib.Path('/proc/%d/stat' % pid).read_text()
    return int(stat.rpartition(')')[2].split()[11]) / os.sysconf('SC_CLK_TCK')


def is_connecting(pid, port):
    """Has the process sent a SYN to the port, and no answer yet?"""
    inodes = {target[len('socket:['):-1] for target in descriptors(pid)}
    for line in pathlib.Path('/proc/net/tcp').read_text().splitlines()[1:]:
        _, _, remote, state, *_, inode = line.split()[:10]
        if state == '02' and remote.endswith(':%04X' % port) and inode in inodes:
            return True
    return False


class Call(threading.Thread):
    """A statement under way."""

    def __init__(self, conn, statement, *args):
        super().__init__(daemon=True)
        self.conn, self.statement, self.args = conn, statement, args
        self.rows = self.error = self.ended = None
        self.start()

    def run(self):
        try:
            self.rows = query(self.conn, self.statement, *self.args)
        except psycopg2.Error as error:
            self.error = error
        self.ended = time.monotonic()

    def result(self, timeout=PROMPT):
        self.join(timeout)
        if self.is_alive():
            raise AssertionError('still waiting after %s s' % timeout)
        if self.error:
            raise self.error
        return self.rows


def libcurl_version():
    """Of the library that backends use, as (major, minor, patch)."""
    library = ctypes.CDLL('libcurl.so.4')
    library.curl_version.restype = ctypes.c_char_p
    numbers = re.match(rb'libcurl/(\d+)\.(\d+)\.(\d+)', library.curl_version())
    return tuple(map(int, numbers.groups()))


def with_files(files):
    """The start of a command that sees these contents of files: path -> text.

    The paths must exist; the files are hidden in a mount namespace of the command.
    """
    directory = pathlib.Path(environment('S3STORE_TEST_DIR')) / ('files-' + uuid.uuid4().hex[:8])
    directory.mkdir()
    mounts = []
    for path, text in files.items():
        copy = directory / os.path.basename(path)
        copy.write_text(text)
        mounts.append('mount --bind %s %s' % (shlex.quote(str(copy)), shlex.quote(path)))
    return ['unshare', '--mount', 'sh', '-c', ' && '.join(mounts + ['exec "$@"']), 'sh']


def program(name):
    """The path of a program of the PostgreSQL under test."""
    command = [os.environ.get('PG_CONFIG', 'pg_config'), '--bindir']
    bindir = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return os.path.join(bindir, name)


def as_owner(command, **how):
    """The command, run as the user who owns the clusters."""
    if os.geteuid() == 0:
        command = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', *command]
    return subprocess.run(command, check=True, **{'cwd': '/', **how})


class Cluster:
    """A PostgreSQL of its own, in the directory of the run.

    wrap: the start of a command that starts another one.
    """

    def __init__(self, wrap=()):
        self.wrap = wrap
        self.directory = os.path.join(environment('S3STORE_TEST_DIR'),
                                      'pg-' + uuid.uuid4().hex[:8])

    def command(self, verb, *args, wrap=()):
        return subprocess.run([*wrap, str(SERVERS / 'postgres'), verb, self.directory, *args],
                              check=True, stdout=subprocess.PIPE, text=True).stdout

    def __enter__(self):
        self.command('start', wrap=self.wrap)
        self.settings = dict(line.split('=', 1) for line in self.command('env').splitlines())
        conn = self.connect(endpoints=None)
        query(conn, 'CREATE EXTENSION s3store')
        conn.close()
        return self

    def __exit__(self, *exc):
        self.command('stop', 'immediate')

    def copy(self, *settings, options=()):
        """A base backup of it, started with more settings; options are pg_basebackup's."""
        copy = Cluster()
        copy.command('start')
        copy.settings = dict(line.split('=', 1) for line in copy.command('env').splitlines())
        copy.command('stop')
        data = copy.settings['PGDATA']
        for path in pathlib.Path(data).iterdir():
            subprocess.run(['rm', '-rf', str(path)], check=True)
        as_owner([program('pg_basebackup'), '-h', self.settings['PGHOST'],
                  '-p', self.settings['PGPORT'], '-U', 'postgres', '-D', data, '-c', 'fast', *options])
        copy.command('start', 'port=' + copy.settings['PGPORT'],
                     'unix_socket_directories=' + copy.settings['PGHOST'], *settings)
        return copy

    def kill(self):
        """Kills the postmaster, as nobody should."""
        pidfile = pathlib.Path(self.settings['PGDATA']) / 'postmaster.pid'
        pid = int(pidfile.read_text().split()[0])
        left = [pid, *children(pid)]
        os.kill(pid, signal.SIGKILL)
        # with the last one that has its shared memory it can be started again
        wait_for(lambda: not any(map(lives, left)), 'the postmaster is dead, and its children', RESTART)
        # pg_ctl and postgres take a process that nobody has waited for as alive
        pidfile.unlink()
        for lock in pathlib.Path(self.settings['PGHOST']).glob('.s.PGSQL.*.lock'):
            lock.unlink()

    def kill_process(self, pid):
        """Kills a process; waits until the postmaster has noticed, and has started all again.

        Another session tells that: until it is ended, the postmaster may take new ones
        as if nothing had happened.
        """
        witness = self.connect(endpoints=None)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not lives(pid) and not lives(witness.info.backend_pid),
                 'the postmaster has noticed', RESTART)
        witness.close()
        wait_for(self.is_up, 'the server is up again', RESTART)

    def is_up(self):
        try:
            self.connect(endpoints=None).close()
        except psycopg2.OperationalError:
            return False
        return True

    def connect(self, **kw):
        return connect(host=self.settings['PGHOST'], port=self.settings['PGPORT'],
                       user='postgres', dbname='postgres', **kw)


class BackendCase(Case):
    """Sessions that know a bad server, 's3-bad', and a good one, 's3-good'."""

    cluster = None              # the one of the run

    @classmethod
    def setUpClass(cls):
        cls.good = cls.enter(FaultServer(answers=[Answer(200, {}, b'good')]))

    def connect(self, **kw):
        if self.cluster is None:
            return super().connect(**kw)
        conn = self.cluster.connect(**kw)
        self.addCleanup(conn.close)
        return conn

    def session(self, bad=None, timeout='600s', **more):
        """A connection; more goes into the bad server's entry."""
        endpoints = {'s3-good': entry(self.good.endpoint)}
        if bad:
            endpoints['s3-bad'] = entry(bad, **more)
        conn = self.connect(endpoints=endpoints)
        for name in ('s3store.request_timeout', 's3store.connect_timeout'):
            query(conn, 'SELECT set_config(%s, %s, false)', name, timeout)
        return conn

    def answering(self, *answers):
        """A server with these answers, until the test is over."""
        server = FaultServer(answers=list(answers)).start()
        self.addCleanup(server.stop)
        return server

    def log(self):
        """What the server has logged."""
        settings = self.cluster.settings if self.cluster else os.environ
        return pathlib.Path(settings['PG_LOG']).read_text(errors='replace')

    def check_descriptors(self, conn, before, held=0):
        """What may stay is the connection to the good server, and our set of events.

        The set need not be there before: who is answered at once waits for nothing.
        """
        found = descriptors(conn.info.backend_pid)
        sets = 'anon_inode:[eventpoll]'
        own = 2 if conn.server_version >= 140000 else 1
        self.assertLessEqual(found.count(sets), own + 1)
        self.assertLessEqual(len(found) - found.count(sets),
                             len(before) - before.count(sets) + held, (before, found))

    def check_good(self, conn):
        """The session is as good as new, however short the timeouts that it has set."""
        ((timeout,),) = query(conn, "SELECT current_setting('s3store.request_timeout')")
        query(conn, "SET s3store.request_timeout = '600s'")
        self.assertEqual(bytes(query(conn, "SELECT s3_get('s3-good://answer/key')")[0][0]), b'good')
        query(conn, "SELECT set_config('s3store.request_timeout', %s, false)", timeout)
