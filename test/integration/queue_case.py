"""queue_case.py - what the tests of the queue share."""
import json
import uuid

from backend import Cluster, wait_for
from fault import Gate
from harness import ENDPOINTS, BucketCase, connect, endpoint, environment, query

DELETING = "SELECT count(*) FROM s3_queue WHERE state = 'deleting'"


class YoungCase(BucketCase):
    """Objects that are deleted in the second in which they were written."""

    def store(self, key, content=b'content', **more):
        return self.store_within_second(self.name, key, lambda: super(YoungCase, self).store(key, content, **more))

    def store_within_second(self, bucket, key, store):
        """Again, when it was at the very start of a second.

        That looks like the time of a server that has no fractions, and the
        deletion of an object as new as this would wait.
        """
        for _ in range(5):
            result = store()
            page = self.s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
            if 'Contents' not in page or page['Contents'][0]['LastModified'].microsecond != 0:
                break
        return result


class QueueCase(YoungCase):
    """A table whose objects follow its rows; the worker is off: the tests drain.

    The scheme s3-gate is the same server through a gate, which can hold requests.
    """

    def setUp(self):
        super().setUp()
        self.name = self.bucket(self.s3)
        self.gate = Gate(environment('RGW_ENDPOINT'))
        self.gate.__enter__()
        self.addCleanup(self.gate.__exit__)
        self.endpoints = {**ENDPOINTS, 's3-gate': endpoint('RGW', endpoint_url=self.gate.endpoint)}
        self.session = self.open()
        query(self.session, 'DELETE FROM s3_deletion')
        self.table = 'managed_' + uuid.uuid4().hex[:12]
        query(self.session, 'CREATE TABLE %s (id serial, url text)' % self.table)
        self.addCleanup(self.drop)
        self.manage('AFTER INSERT OR DELETE OR UPDATE OF url')

    def drop(self):
        with connect() as conn:
            conn.autocommit = True
            query(conn, 'DROP TABLE ' + self.table)
            query(conn, 'DELETE FROM s3_deletion')
        conn.close()

    def open(self):
        """A session like the first one."""
        conn = self.connect(endpoints=self.endpoints)
        query(conn, 'SET s3store.worker = off')
        return conn

    def manage(self, events, *options):
        query(self.session, 'DROP TRIGGER IF EXISTS managed ON ' + self.table)
        query(self.session, 'CREATE TRIGGER managed %s ON %s FOR EACH ROW EXECUTE FUNCTION s3_manage(%s)'
              % (events, self.table, ', '.join("'%s'" % word for word in ('url', *options))))

    def url(self, key, scheme='s3-gate'):
        return '%s://%s/%s' % (scheme, self.name, key)

    def insert(self, *urls, session=None):
        for url in urls:
            query(session or self.session, 'INSERT INTO %s (url) VALUES (%%s)' % self.table, url)

    def delete(self, *urls, session=None):
        for url in urls:
            query(session or self.session, 'DELETE FROM %s WHERE url = %%s' % self.table, url)

    def put(self, url, content, session=None):
        bucket, _, key = url.partition('://')[2].partition('/')
        self.store_within_second(bucket, key, lambda: query(
            session or self.session, 'SELECT s3_put(%s, %s::text, overwrite => true)', url, content))

    def drain(self, session=None):
        query(session or self.session, 'CALL s3_drain()')

    def drain_until(self, *left):
        """Until no more than these objects are left, and nothing is queued."""
        def done():
            query(self.session, "UPDATE s3_deletion SET next_at = now() - '1 hour'::interval")
            self.drain()
            return (self.queue(), self.keys()) == ([], sorted(left))
        wait_for(done, 'the queue is worked off', 30)

    def expire(self):
        """As if no request could arrive any more that was left without an answer."""
        query(self.session, "UPDATE s3_deletion SET unsure_until = now() WHERE state = 'd'")

    def queue(self, columns='url, state, attempts'):
        return query(self.session, 'SELECT %s FROM s3_queue ORDER BY id' % columns)

    def keys(self):
        """Those of the bucket."""
        pages = self.s3.get_paginator('list_objects_v2').paginate(Bucket=self.name)
        return sorted(item['Key'] for page in pages for item in page.get('Contents', []))

    def content(self, key):
        return self.stored(key)['Body']


class TargetCase(QueueCase):
    """An object that a row names, and another session."""

    def setUp(self):
        super().setUp()
        self.target = self.url(self.key())
        self.put(self.target, 'old')
        self.insert(self.target)
        self.other = self.open()


class WorkerCase(YoungCase):
    """Databases of a cluster of our own, whose configuration has the endpoints."""

    preload = False
    endpoints = dict(ENDPOINTS)
    settings = {}
    options = ''                # of the databases

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = Cluster()
        cls.cluster.__enter__()
        cls.addClassCleanup(cls.cluster.__exit__)
        conn = cls.cluster.connect(endpoints=None)
        query(conn, "LOAD 's3store'")
        query(conn, 'ALTER SYSTEM SET s3store.endpoints = %s', json.dumps(cls.endpoints))
        for name, value in cls.settings.items():
            query(conn, 'ALTER SYSTEM SET %s = %%s' % name, value)
        if cls.preload:
            query(conn, 'ALTER SYSTEM SET shared_preload_libraries = s3store')
        conn.close()
        cls.restart()

    @classmethod
    def restart(cls, mode='fast'):
        cls.cluster.command('stop', mode)
        cls.cluster.command('start')

    def setUp(self):
        self.database = 'db_' + uuid.uuid4().hex[:12]
        self.admin = self.cluster.connect(endpoints=None)
        self.addCleanup(self.admin.close)
        query(self.admin, 'CREATE DATABASE %s %s' % (self.database, self.options))
        self.addCleanup(self.drop_database)
        self.session = self.open()
        query(self.session, 'CREATE EXTENSION s3store')
        query(self.session, 'CREATE TABLE managed (id serial, url text)')
        query(self.session, 'CREATE TRIGGER managed AFTER INSERT OR DELETE OR UPDATE OF url ON managed'
              " FOR EACH ROW EXECUTE FUNCTION s3_manage('url')")

    def drop_database(self):
        conn = self.cluster.connect(endpoints=None)
        query(conn, 'DROP DATABASE IF EXISTS %s WITH (FORCE)' % self.database)
        conn.close()

    def open(self, database=None):
        settings = self.cluster.settings
        conn = connect(endpoints=None, host=settings['PGHOST'], port=settings['PGPORT'],
                       user='postgres', dbname=database or self.database)
        self.addCleanup(conn.close)
        return conn

    def url(self, key):
        return 's3://%s/%s' % (self.name, key)

    def managed(self, *keys):
        """Objects, each with a row."""
        for key in keys:
            self.store(key)
            query(self.session, 'INSERT INTO managed (url) VALUES (%s)', self.url(key))

    def exists(self, key):
        return 'Contents' in self.s3.list_objects_v2(Bucket=self.name, Prefix=key, MaxKeys=1)

    def wait_until_gone(self, *keys, timeout=30):
        for key in keys:
            wait_for(lambda: not self.exists(key), 'object %s is deleted' % key, timeout)

    def workers(self):
        """The pids of the workers in the database."""
        return [pid for pid, in query(
            self.admin, "SELECT pid FROM pg_stat_activity WHERE backend_type = 's3store worker'"
            ' AND datname = %s', self.database)]

    def log(self):
        with open(self.cluster.settings['PG_LOG'], encoding='utf-8', errors='replace') as file:
            return file.read()
