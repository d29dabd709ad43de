"""test_upgrade.py - pg_upgrade: the queue, the token and the triggers come along.

Between two clusters of the PostgreSQL under test: what pg_upgrade does with an
extension does not depend on the versions.
"""
import json
import os
import pathlib
import unittest
import uuid

from backend import Cluster, as_owner, program, wait_for
from harness import ENDPOINTS, BucketCase, connect, query

TOKEN = 'the-original'
SETTINGS = ('shared_preload_libraries=s3store', 's3store.worker_poll_interval=1s',
            's3store.writer_token=' + TOKEN, 's3store.endpoints=' + json.dumps(ENDPOINTS))


class UpgradeTest(BucketCase):
    """The worker is preloaded in both, and switched on in the new one."""

    def setUp(self):
        self.old, self.new = Cluster(), Cluster()
        self.old.__enter__()
        self.addCleanup(self.old.__exit__)
        self.old.command('stop')
        self.old.command('start', 's3store.worker=off', *SETTINGS)
        self.start_new()
        self.database = 'upgraded_' + uuid.uuid4().hex[:12]
        query(self.open(self.old, 'postgres'), 'CREATE DATABASE ' + self.database)
        self.session = self.open(self.old)
        self.prepare()

    def start_new(self):
        """An empty cluster, which is down."""
        self.new.command('start', *SETTINGS)
        self.addCleanup(self.new.__exit__)
        self.new.settings = dict(line.split('=', 1) for line in self.new.command('env').splitlines())
        self.new.command('stop')

    def open(self, cluster, database=None):
        conn = connect(endpoints=None, host=cluster.settings['PGHOST'], port=cluster.settings['PGPORT'],
                       user='postgres', dbname=database or self.database)
        self.addCleanup(conn.close)
        return conn

    def url(self, key):
        return 's3://%s/%s' % (self.name, self.key('/' + key))

    def keys(self):
        start = self.key('/')
        found = self.s3.list_objects_v2(Bucket=self.name, Prefix=start).get('Contents', [])
        return [item['Key'][len(start):] for item in found]

    def prepare(self):
        """A managed table, the token, and deletions in every state."""
        query(self.session, 'CREATE EXTENSION s3store')
        query(self.session, 'CREATE TABLE dropped (url text); DROP TABLE dropped')   # OIDs differ
        query(self.session, 'CREATE TABLE managed (id int, url text)')
        query(self.session, 'CREATE TRIGGER managed AFTER INSERT OR DELETE OR UPDATE OF url ON managed'
              " FOR EACH ROW EXECUTE FUNCTION s3_manage('url')")
        query(self.session, 'SELECT s3_set_writer_token(%s)', TOKEN)
        for number, key in enumerate(('kept', 'shared', 'shared', 'queued', 'delayed', 'dead')):
            self.store(self.key('/' + key))
            query(self.session, 'INSERT INTO managed VALUES (%s, %s)', number, self.url(key))
        query(self.session, 'DELETE FROM managed WHERE id IN (1, 3, 5)')
        query(self.session, 'UPDATE s3_deletion SET dead = true, attempts = 20 WHERE url = %s',
              self.url('dead'))
        query(self.session, "SELECT s3_delete_later(%s, '1 hour')", self.url('delayed'))

    def upgrade(self, *options):
        """Stops the old cluster, upgrades, starts the new one."""
        self.session.close()
        self.old.command('stop')
        work = pathlib.Path(self.new.settings['PGDATA']).parent / 'upgrade'
        work.mkdir()
        os.chmod(work, 0o777)
        bindir = os.path.dirname(program('postgres'))
        as_owner([program('pg_upgrade'), '-b', bindir, '-B', bindir, '-U', 'postgres', '-s', '/tmp',
                  '-d', self.old.settings['PGDATA'], '-D', self.new.settings['PGDATA'],
                  '-p', self.old.settings['PGPORT'], '-P', self.new.settings['PGPORT'], *options], cwd=work)
        self.assertEqual(len(self.keys()), 5, 'nothing is deleted meanwhile')
        self.new.command('start', 's3store.worker=off')
        return self.open(self.new)

    def check(self, conn):
        """Everything is there, and goes on."""
        queue = query(conn, 'SELECT url, state, attempts, relation::text, attribute FROM s3_queue ORDER BY url')
        self.assertEqual(queue, [
            (self.url('dead'), 'dead', 20, 'managed', 'url'),
            (self.url('delayed'), 'pending', 0, None, None),
            (self.url('queued'), 'pending', 0, 'managed', 'url'),
            (self.url('shared'), 'pending', 0, 'managed', 'url')])
        self.assertEqual(query(conn, 'SELECT database = (SELECT oid FROM pg_database'
                               ' WHERE datname = current_database()), token FROM s3_writer'),
                         [(True, TOKEN)])
        self.new.command('stop')
        self.new.command('start', 's3store.worker=on')
        self.wait_until_left('dead', 'delayed', 'kept', 'shared')
        conn = self.open(self.new)
        query(conn, 'SELECT s3_queue_retry()')
        query(conn, 'DELETE FROM managed WHERE url = %s', self.url('kept'))
        self.wait_until_left('delayed', 'shared')
        self.check_put(conn)

    def check_put(self, conn):
        """The journal of the new cluster starts empty."""
        self.assertEqual(query(conn, 'SELECT count(*) FROM s3_intents()'), [(0,)])
        query(conn, 'BEGIN')
        query(conn, "SELECT s3_put(%s, 'x'::text)", self.url('rolled back'))
        query(conn, 'ROLLBACK')
        self.wait_until_left('delayed', 'shared')

    def wait_until_left(self, *keys):
        wait_for(lambda: self.keys() == sorted(keys), 'left are %s' % (keys,), 60)

    def test_copy(self):
        self.check(self.upgrade())

    def test_link(self):
        self.check(self.upgrade('--link'))


if __name__ == '__main__':
    unittest.main()
