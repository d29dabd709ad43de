"""test_link_times.py - links while time goes on, and keys and settings change.

The server has a clock of its own, which stands still until a test sets it; so a
query can last a night.  Each link must be the one that boto3 makes at that
moment with those keys.
"""
import datetime
import glob
import os
import pathlib
import uuid

import boto3
import psycopg2
from botocore.config import Config

import test_signing as signing
from backend import BackendCase, Call, Cluster, wait_for
from harness import environment, query
from test_links_boto3 import frozen_clocks

UTC = datetime.timezone.utc
NIGHT = datetime.datetime(2026, 3, 31, 23, 58, 50, tzinfo=UTC)
SECOND = datetime.timedelta(seconds=1)
HOST = 'http://files.example.com'
KEYS = ('AKIDONE', 'secret-one', None)
OTHER_KEYS = ('AKIDTWO', 'secret-two', None)
TEMPORARY = ('ASIATHREE', 'secret-three', 'token/three+=')
PROFILE = '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n'
ROWS = 40                       # of a query, in stages


class Clock:
    """The time of a server, in a file that libfaketime reads at every look at the clock."""

    def __init__(self, now):
        self.path = pathlib.Path(environment('S3STORE_TEST_DIR')) / ('clock-' + uuid.uuid4().hex[:8])
        self.set(now)

    def set(self, now):
        self.now = now
        new = self.path.with_suffix('.new')
        new.write_text(now.strftime('%Y-%m-%d %H:%M:%S\n'))
        os.replace(new, self.path)

    def wrap(self):
        library, = glob.glob('/usr/lib/*/faketime/libfaketimeMT.so.1')
        return ['env', 'TZ=UTC', 'LD_PRELOAD=' + library, 'FAKETIME_NO_CACHE=1', 'NO_FAKE_STAT=1',
                'FAKETIME_DONT_FAKE_MONOTONIC=1', 'FAKETIME_TIMESTAMP_FILE=%s' % self.path]


def boto_link(keys, key, moment, expires=3600):
    client = boto3.client(
        's3', endpoint_url=HOST, region_name='us-east-1', aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1], aws_session_token=keys[2],
        config=Config(signature_version='s3v4', s3={'addressing_style': 'path'}))
    with frozen_clocks(moment), signing.regional_endpoints():
        return client.generate_presigned_url(
            'get_object', Params={'Bucket': 'bucket', 'Key': key}, ExpiresIn=expires)


class TimeCase(BackendCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clock = Clock(NIGHT)
        cls.cluster = cls.enter(Cluster(cls.clock.wrap()))

    def setUp(self):
        super().setUp()
        self.clock.set(NIGHT)
        self.file = None
        self.conn = self.session_with(KEYS)

    def session_with(self, keys=None, **entry):
        conn = self.connect(endpoints={'s3': {'endpoint_url': HOST, **entry}})
        if keys:
            self.set_keys(conn, keys)
        return conn

    def set_keys(self, conn, keys):
        for name, value in zip(('access_key_id', 'secret_access_key', 'session_token'), keys):
            query(conn, "SELECT set_config('s3store.' || %s, %s, false)", name, value or '')

    def write_keys(self, keys, expires=None):
        """Into a credentials file, which has another content from now on."""
        text = PROFILE % keys[:2]
        if keys[2]:
            text += 'aws_session_token = %s\n' % keys[2]
        if expires:
            text += 'aws_expiration = %s\n' % expires.strftime('%Y-%m-%dT%H:%M:%SZ')
        if self.file is None:
            self.file = pathlib.Path(environment('S3STORE_TEST_DIR')) / ('keys-' + uuid.uuid4().hex)
        new = self.file.with_suffix('.new')
        new.touch(mode=0o600)
        new.write_text(text)
        owner = os.stat(self.cluster.settings['PGDATA'])
        os.chown(new, owner.st_uid, owner.st_gid)
        os.replace(new, self.file)
        return str(self.file)

    def check(self, link, keys, key, moment, **more):
        self.assertEqual(signing.canonical(link),
                         signing.canonical(boto_link(keys, key, moment, **more)))

    def run_in_stages(self, conn, *stages):
        """One query of ROWS links for each stage; what they begin with is called in between."""
        gates = self.connect(endpoints=None)
        query(conn, """
            CREATE OR REPLACE FUNCTION pg_temp.row_of(number int) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN
                IF number %% %s = 0 AND number > 0 THEN
                    PERFORM pg_advisory_lock(number), pg_advisory_unlock(number);
                END IF;
                RETURN 's3://bucket/' || number;
            END $$""" % ROWS)
        for stage in range(1, len(stages) + 1):
            query(gates, 'SELECT pg_advisory_lock(%s)', stage * ROWS)
        call = Call(conn, 'SELECT s3_presign(pg_temp.row_of(i)) FROM generate_series(0, %s) i',
                         (len(stages) + 1) * ROWS - 1)
        for stage, change in enumerate(stages, 1):
            wait_for(lambda: query(gates, """
                SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = %s
                """, stage * ROWS), 'stage %d is reached' % stage, timeout=60)
            change()
            query(gates, 'SELECT pg_advisory_unlock(%s)', stage * ROWS)
        links = [link for link, in call.result(timeout=60)]
        return [links[start:start + ROWS] for start in range(0, len(links), ROWS)]

    def check_stage(self, stage, links, keys, moment):
        for number, link in enumerate(links, stage * ROWS):
            self.check(link, keys, str(number), moment)

    def later(self, seconds):
        return lambda: self.clock.set(NIGHT + seconds * SECOND)


class ClockTest(TimeCase):

    def test_one_query_over_midnight(self):
        """The statement's start, but never older than a minute."""
        stages = self.run_in_stages(self.conn, self.later(60), self.later(61), self.later(69),
                                    self.later(70), self.later(7200))
        for stage, seconds in enumerate((0, 0, 61, 69, 70, 7200)):
            self.check_stage(stage, stages[stage], KEYS, NIGHT + seconds * SECOND)

    def test_prepared_statement_over_midnight(self):
        query(self.conn, "PREPARE link AS SELECT s3_presign('s3://bucket/' || i)"
                         " FROM generate_series(1, 3) i")
        query(self.conn, 'SET plan_cache_mode = force_generic_plan')
        for seconds in (0, 69, 70, 71, 70 + 86400):
            self.clock.set(NIGHT + seconds * SECOND)
            for number, (link,) in enumerate(query(self.conn, 'EXECUTE link'), 1):
                self.check(link, KEYS, str(number), NIGHT + seconds * SECOND)

    def test_one_transaction_over_midnight(self):
        """A function's expressions are one place in a query as long as its transaction."""
        query(self.conn, """
            CREATE FUNCTION pg_temp.link(key text) RETURNS text LANGUAGE plpgsql AS
            $$ BEGIN RETURN s3_presign('s3://bucket/' || key); END $$""")
        query(self.conn, 'BEGIN')
        for seconds in (0, 69, 70):
            self.clock.set(NIGHT + seconds * SECOND)
            for key in ('a', 'b', 'c'):
                ((link,),) = query(self.conn, 'SELECT pg_temp.link(%s)', key)
                self.check(link, KEYS, key, NIGHT + seconds * SECOND)
        query(self.conn, 'COMMIT')

    def test_window(self):
        """The same link for ten minutes, and then another one."""
        query(self.conn, 'SET s3store.presign_window = 600')
        start = NIGHT.replace(minute=50, second=0)
        stages = self.run_in_stages(self.conn, self.later(69), self.later(70))
        for stage, moment in enumerate((start, start, start + 600 * SECOND)):
            for number, link in enumerate(stages[stage], stage * ROWS):
                self.check(link, KEYS, str(number), moment, expires=4200)

    def test_array_and_request(self):
        self.clock.set(NIGHT + 70 * SECOND)
        ((links,),) = query(self.conn, "SELECT s3_presign(array_agg('s3://bucket/' || i))"
                                       ' FROM generate_series(1, 5) i')
        for number, link in enumerate(links, 1):
            self.check(link, KEYS, str(number), NIGHT + 70 * SECOND)
        rows = query(self.conn, "SELECT url, expires_at FROM generate_series(1, 5) i,"
                                " s3_presign_request('s3://bucket/' || i)")
        for number, (link, ends_at) in enumerate(rows, 1):
            self.check(link, KEYS, str(number), NIGHT + 70 * SECOND)
            self.assertEqual(ends_at, NIGHT + (70 + 3600) * SECOND)


class KeysTest(TimeCase):

    def test_file_changes_in_a_query(self):
        """It is looked at once a second."""
        conn = self.session_with(credentials_file=self.write_keys(KEYS))

        def change(keys, seconds):
            self.write_keys(keys)
            self.clock.set(NIGHT + seconds * SECOND)

        stages = self.run_in_stages(conn, lambda: change(OTHER_KEYS, 2),
                                    lambda: change(TEMPORARY, 4), lambda: change(KEYS, 6))
        for stage, keys in enumerate((KEYS, OTHER_KEYS, TEMPORARY, KEYS)):
            self.check_stage(stage, stages[stage], keys, NIGHT)

    def test_temporary_keys_refreshed(self):
        """The new ones sign, and what the old ones warned of is gone."""
        conn = self.session_with(credentials_file=self.write_keys(
            TEMPORARY, NIGHT + 600 * SECOND))
        next_keys = ('ASIAFOUR', 'secret-four', 'another-token')

        def refresh():
            self.write_keys(next_keys, NIGHT + 86400 * SECOND)
            self.clock.set(NIGHT + 590 * SECOND)

        stages = self.run_in_stages(conn, refresh)
        self.check_stage(0, stages[0], TEMPORARY, NIGHT)
        self.check_stage(1, stages[1], next_keys, NIGHT + 590 * SECOND)
        self.assertEqual(len([notice for notice in conn.notices if 'outlives' in notice]), 1)
        query(conn, "SELECT s3_presign('s3://bucket/' || i) FROM generate_series(1, 3) i")
        self.assertEqual(len([notice for notice in conn.notices if 'outlives' in notice]), 1)

    def test_each_statement_warns(self):
        conn = self.session_with(credentials_file=self.write_keys(
            TEMPORARY, NIGHT + 600 * SECOND))
        for statements in (1, 2):
            self.clock.set(NIGHT + statements * SECOND)
            query(conn, "SELECT s3_presign('s3://bucket/' || i) FROM generate_series(1, 10) i")
            self.assertEqual(len(conn.notices), statements)
            self.assertIn('link outlives the temporary access keys', conn.notices[-1])
        rows = query(conn, "SELECT expires_at FROM generate_series(1, 3) i,"
                           " s3_presign_request('s3://bucket/' || i)")
        self.assertEqual({ends_at for ends_at, in rows}, {NIGHT + 600 * SECOND})

    def test_keys_set_between_executions(self):
        query(self.conn, "PREPARE link AS SELECT s3_presign('s3://bucket/' || i)"
                         " FROM generate_series(1, 3) i")
        for keys in (KEYS, OTHER_KEYS, TEMPORARY, KEYS):
            self.set_keys(self.conn, keys)
            for number, (link,) in enumerate(query(self.conn, 'EXECUTE link'), 1):
                self.check(link, keys, str(number), NIGHT)

    def test_reload(self):
        """The server's configuration changes; the session stays."""
        admin = self.session_with()
        conn = self.connect(endpoints=None)
        query(conn, "LOAD 's3store'")
        self.addCleanup(query, admin, 'SELECT pg_reload_conf()')
        for name in ('endpoints', 'access_key_id', 'secret_access_key'):
            self.addCleanup(query, admin, 'ALTER SYSTEM RESET s3store.' + name)
        query(admin, "ALTER SYSTEM SET s3store.endpoints = '{\"s3\": {\"endpoint_url\": \"%s\"}}'"
              % HOST)
        query(conn, "PREPARE link AS SELECT s3_presign('s3://bucket/' || i)"
                    " FROM generate_series(1, 3) i")
        for keys in (KEYS, OTHER_KEYS):
            query(admin, 'ALTER SYSTEM SET s3store.access_key_id = %s', keys[0])
            query(admin, 'ALTER SYSTEM SET s3store.secret_access_key = %s', keys[1])
            query(admin, 'SELECT pg_reload_conf()')
            wait_for(lambda: self.signs_with(conn, keys), 'the configuration is read', timeout=60)
            for number, (link,) in enumerate(query(conn, 'EXECUTE link'), 1):
                self.check(link, keys, str(number), NIGHT)


    def signs_with(self, conn, keys):
        try:
            return keys[0] in query(conn, 'EXECUTE link')[0][0]
        except psycopg2.Error:      # none yet
            return False


class MemoryTest(BackendCase):
    """What one statement needs does not depend on how many links it makes."""

    FEW, MANY = 20000, 2000000
    ALLOWED = 1024              # kB; a leak of one byte a link is twice as much

    def grown(self, conn, expression, rows):
        status = pathlib.Path('/proc/%d/status' % conn.info.backend_pid)

        def peak():
            return int(status.read_text().split('VmHWM:')[1].split()[0])

        query(conn, 'SELECT count(%s) FROM generate_series(1, %d) i' % (expression, self.FEW))
        before = peak()
        # A series in the select list is made row by row; in FROM it would be stored.
        query(conn, 'SELECT count(%s) FROM (SELECT generate_series(1, %d) i) s' % (
            expression, rows))
        return peak() - before

    def test_no_growth(self):
        conn = self.session_with_keys()
        for expression, rows in (
                ("s3_presign('s3://bucket/' || i)", self.MANY),
                ("s3_presign('s3-b://bucket' || i % 40 || '/' || i)", self.MANY // 10),
                ("s3_presign('s3://bucket/' || i, params => jsonb_build_object('VersionId', i::text))",
                 self.MANY // 2),
                ("s3_presign('s3://bucket/' || i, signed_at => to_timestamp(i))", self.MANY // 4),
                ("s3_presign('s3-p://bucket/' || i || '/../k')", self.MANY // 2),
                ("s3_presign(ARRAY['s3://bucket/' || i])", self.MANY // 4),
                ("s3_presign_request('s3://bucket/' || i)", self.MANY // 2),
                ("s3_url('s3://bucket/' || i)", self.MANY)):
            with self.subTest(expression):
                self.assertLess(self.grown(conn, expression, rows), self.ALLOWED)

    def session_with_keys(self):
        keys = {'access_key_id': 'id', 'secret_access_key': 'secret'}
        conn = self.connect(endpoints={'s3': keys, 's3-b': keys, 's3-p': {**keys, 'key_prefix': 'p'}})
        query(conn, 'SET jit = off')    # which takes its memory for long queries only
        return conn
