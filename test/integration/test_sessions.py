"""test_sessions.py - sessions of another kind.

Parallel workers, databases not in UTF-8, sessions that a pool hands on, and
those in which replication, or a load, has switched triggers off.
"""
import json
import pathlib
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from backend import Call, wait_for  # noqa: E402
from fault import Answer, FaultServer  # noqa: E402
from harness import ENDPOINTS, Case, query, rgw  # noqa: E402
from queue_case import QueueCase  # noqa: E402


class ParallelTest(Case):
    """Workers know the settings of their leader, whoever made them."""

    def setUp(self):
        self.s3 = rgw()
        self.name = self.bucket(self.s3)
        self.s3.put_object(Bucket=self.name, Key='key', Body=b'content')
        self.conn = self.connect()
        new = self.conn.server_version >= 160000
        forced = 'debug_parallel_query' if new else 'force_parallel_mode'
        query(self.conn, 'SET %s = on' % forced)
        query(self.conn, 'SET s3store.max_age_seconds = 77')
        self.table = 'parallel_' + uuid.uuid4().hex
        query(self.conn, 'CREATE TABLE %s AS SELECT %%s::text AS url FROM generate_series(1, 100)'
              % self.table, 's3://%s/key' % self.name)
        query(self.conn, 'ANALYZE ' + self.table)
        self.addCleanup(query, self.conn, 'DROP TABLE ' + self.table)

    def in_worker(self, expression):
        """The least and the greatest value of an expression, computed in a worker."""
        statement = 'SELECT min(%s), max(%s) FROM %s' % (expression, expression, self.table)
        plan = query(self.conn, 'EXPLAIN (ANALYZE, FORMAT JSON) ' + statement)[0][0]
        self.assertIn('"Workers Launched": 1', json.dumps(plan))
        return query(self.conn, statement)[0]

    def test_links(self):
        values = self.in_worker(r"substring(s3_presign(url) FROM 'X-Amz-Expires=\d+')")
        self.assertEqual(values, ('X-Amz-Expires=77',) * 2)

    def test_content(self):
        self.assertEqual(self.in_worker('s3_get_text(url)'), ('content',) * 2)


class EncodingTest(Case):
    """Keys and texts are UTF-8 on the server, whatever the database has."""

    def test_latin1(self):
        admin = self.connect()
        database = 'latin1_' + uuid.uuid4().hex
        query(admin, "CREATE DATABASE %s ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
              ' TEMPLATE template0' % database)
        self.addCleanup(query, admin, 'DROP DATABASE %s WITH (FORCE)' % database)
        s3 = rgw()
        name = self.bucket(s3)
        url = 's3://%s/clé.txt' % name
        conn = self.connect(dbname=database, endpoints=None, client_encoding='utf-8')
        query(conn, 'CREATE EXTENSION s3store')
        query(conn, 'SET s3store.endpoints = %s',
              json.dumps({'s3': {**ENDPOINTS['s3'], 'key_prefix': 'é'}}, ensure_ascii=False))

        self.assertEqual(query(conn, 'SELECT s3_put(%s, %s)', url, 'façade'), [(url,)])
        self.assertEqual(s3.get_object(Bucket=name, Key='é/clé.txt')['Body'].read(),
                         'façade'.encode())
        self.assertEqual(query(conn, 'SELECT s3_get_text(%s), s3_key(%s)', url, url),
                         [('façade', 'clé.txt')])
        self.assertIn('/%C3%A9/cl%C3%A9.txt?', query(conn, 'SELECT s3_presign(%s)', url)[0][0])

        s3.put_object(Bucket=name, Key='é/greek', Body='α'.encode())
        with self.assertSqlState('22P05'):
            query(conn, 'SELECT s3_get_text(%s)', 's3://%s/greek' % name)
        # words for people: what the database lacks does not hide the rest
        with self.assertSqlState('58P01', 'could not get object "é/clé ? ü"'):
            query(conn, 'SELECT s3_get(%s)', 's3://%s/clé \u001f ü' % name)
        answers = [Answer(403, {}, '<Error><Code>AccessDenied</Code><Message>refusé à α, ü€ü'
                                   '</Message></Error>'.encode())]
        with FaultServer(answers=answers) as server:
            query(conn, 'SET s3store.endpoints = %s',
                  json.dumps({'s3': {**ENDPOINTS['s3'], 'endpoint_url': server.endpoint}}))
            with self.assertSqlState('42501', detail='message "refusé à ?, ü?ü".'):
                query(conn, "SELECT s3_get('s3://answer/k')")


class PooledTest(QueueCase):
    """One session of the server for many clients, with DISCARD ALL in between."""

    def hand_on(self, conn):
        """To a client who sets what he needs."""
        query(conn, 'DISCARD ALL')
        query(conn, "SELECT set_config('s3store.endpoints', %s, false), set_config('s3store.worker', 'off', false)",
              json.dumps(self.endpoints))

    def test_settings_go(self):
        pooled = self.open()
        query(pooled, "SET s3store.max_age_seconds = 77")
        self.assertIn('X-Amz-Expires=77&', query(pooled, 'SELECT s3_presign(%s)', self.url('k'))[0][0])
        self.hand_on(pooled)
        self.assertIn('X-Amz-Expires=3600&', query(pooled, 'SELECT s3_presign(%s)', self.url('k'))[0][0])
        query(pooled, 'DISCARD ALL')
        with self.assertSqlState('42704', 's3-gate'):
            query(pooled, 'SELECT s3_presign(%s)', self.url('k'))

    def test_what_a_client_has_queued_stays(self):
        """Each one puts, names and deletes; the last one drains."""
        pooled = self.open()
        urls = [self.url(self.key('-%d' % i)) for i in range(3)]
        for url in urls:
            self.put(url, 'x', pooled)
            self.insert(url, session=pooled)
            self.delete(url, session=pooled)
            self.hand_on(pooled)
        self.assertEqual(self.queue(), [(url, 'pending', 0) for url in urls])
        self.drain(pooled)
        self.assertEqual((self.queue(), self.keys()), ([], []))

    def test_what_a_client_has_rolled_back_is_undone(self):
        pooled = self.open()
        query(pooled, 'BEGIN')
        self.put(self.url(self.key()), 'x', pooled)
        query(pooled, 'ROLLBACK')
        self.hand_on(pooled)
        self.drain(pooled)
        self.assertEqual(self.keys(), [])

    def test_drain_that_was_cancelled_blocks_nobody(self):
        """Though the session lives on, for somebody else."""
        pooled, url = self.open(), self.url(self.key())
        self.put(url, 'x')
        query(self.session, 'SELECT s3_delete_later(%s)', url)
        held = self.gate.hold(lambda request: request.method == 'HEAD')
        call = Call(pooled, 'CALL s3_drain()')
        held.reached()
        query(self.session, 'SELECT pg_cancel_backend(%s)', pooled.info.backend_pid)
        with self.assertSqlState('57014'):
            call.result(30)
        held.release()
        self.hand_on(pooled)
        self.drain()                                # misses who was at it
        self.expire()
        self.drain_until()


class ReplicaRoleTest(QueueCase):
    """session_replication_role = replica: triggers do not fire, functions work."""

    def setUp(self):
        super().setUp()
        self.replica = self.open()
        query(self.replica, 'SET session_replication_role = replica')
        self.target = self.url(self.key())
        self.put(self.target, 'old')
        self.insert(self.target)

    def test_rows(self):
        """Their objects stay, whichever rows a load replaces."""
        self.delete(self.target, session=self.replica)
        query(self.replica, 'TRUNCATE ' + self.table)
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], [self.key()]))

    def test_put(self):
        """Makes the deletion void, as it does elsewhere."""
        self.delete(self.target)
        self.put(self.target, 'new', self.replica)
        self.assertEqual(self.queue('state'), [('void',)])
        self.drain()
        self.assertEqual((self.queue(), self.content(self.key())), ([], b'new'))

    def test_drain(self):
        self.delete(self.target)
        self.drain(self.replica)
        self.assertEqual((self.queue(), self.keys()), ([], []))
        self.assertEqual(query(self.replica, 'SHOW session_replication_role'), [('replica',)])

    def test_queue_and_retry(self):
        self.delete(self.target)
        query(self.session, "UPDATE s3_deletion SET dead = true")
        self.assertEqual(query(self.replica, 'SELECT s3_queue_retry()'), [(1,)])
        self.drain()
        self.assertEqual(self.keys(), [])


if __name__ == '__main__':
    unittest.main()
