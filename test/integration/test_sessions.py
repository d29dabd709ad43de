"""test_sessions.py - sessions of another kind: parallel workers, databases not in UTF-8."""
import json
import pathlib
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from fault import Answer, FaultServer  # noqa: E402
from harness import ENDPOINTS, Case, query, rgw  # noqa: E402


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


if __name__ == '__main__':
    unittest.main()
