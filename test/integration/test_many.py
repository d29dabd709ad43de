"""Many objects in one call: s3_head, s3_exists, s3_get, s3_put and s3_delete of arrays.

Each has a row for each URL, in their order, whatever becomes of one of them.
"""
import gzip
import json
import unittest

import psycopg2
from backend import entry
from fault import Answer, FaultServer
from harness import BucketCase, query, swift
from keys import ODD_KEYS

DENIED = Answer(403, {}, b'<Error><Code>AccessDenied</Code></Error>')
SLOW_DOWN = Answer(503, {}, b'<Error><Code>SlowDown</Code></Error>')
NOT_IMPLEMENTED = Answer(501, {}, b'<Error><Code>NotImplemented</Code></Error>')
NO_CONTENT = Answer(204, {}, b'')


class ManyCase(BucketCase):

    def url(self, key, bucket=None, scheme='s3'):
        return '%s://%s/%s' % (scheme, bucket or self.name, key)

    def rows(self, call, *args, session=None):
        return query(session or self.session, 'SELECT * FROM ' + call, *args)

    def store(self, *keys):
        """Objects whose content is their key."""
        for key in keys:
            self.s3.put_object(Bucket=self.name, Key=key, Body=key.encode())
        return [self.url(key) for key in keys]

    def keys(self, s3=None, bucket=None):
        pages = (s3 or self.s3).get_paginator('list_objects_v2').paginate(Bucket=bucket or self.name)
        return {found['Key'] for page in pages for found in page.get('Contents', [])}


class Order(ManyCase):

    def test_head(self):
        urls = self.store('one', 'two') + [self.url('absent'), None, '-', 'no url', 'x://b/k',
                                           self.url('k', 'no-such-bucket-of-ours')]
        rows = self.rows('s3_head(%s)', urls)
        self.assertEqual([row[0] for row in rows], urls)
        self.assertEqual([row[1] for row in rows], [3, 3] + [None] * 6)
        self.assertEqual([row[-1] for row in rows], [None] * 5 + ['22P02', '42704', '58P01'])
        self.assertIn('x', rows[6][-2])
        self.assertEqual(rows[0][12], {})

    def test_exists(self):
        urls = self.store('dir/one') + [self.url(key) for key in ('dir/', '', 'absent/', 'dir/two')]
        rows = self.rows('s3_exists(%s)', urls + [None, '', 'no url'])
        self.assertEqual([row[1] for row in rows], [True, True, True, False, False, None, None, None])
        self.assertEqual(rows[-1][3], '22P02')

    def test_get(self):
        urls = self.store('a', 'b', 'c')
        rows = self.rows('s3_get(%s)', [urls[2], self.url('absent'), urls[0], None, urls[1]])
        self.assertEqual([row[1] and bytes(row[1]) for row in rows], [b'c', None, b'a', None, b'b'])
        self.assertEqual([row[3] for row in rows], [None, '58P01', None, None, None])
        self.assertIn('could not get object "absent"', rows[1][2])

    def test_get_gzip(self):
        self.s3.put_object(Bucket=self.name, Key='packed', Body=gzip.compress(b'content'),
                           ContentEncoding='gzip')
        self.s3.put_object(Bucket=self.name, Key='broken', Body=b'content', ContentEncoding='gzip')
        rows = self.rows('s3_get(%s)', [self.url('packed'), self.url('broken')])
        self.assertEqual(bytes(rows[0][1]), b'content')
        self.assertEqual(rows[1][1:2] + rows[1][3:], (None, '08P01'))

    def test_get_params(self):
        rows = self.rows('s3_get(%s, %s)', self.store('abcdef'), json.dumps({'Range': 'bytes=1-2'}))
        self.assertEqual(bytes(rows[0][1]), b'bc')

    def test_put(self):
        contents = [psycopg2.Binary(b'%d' % i) for i in range(3)]
        urls = [self.url('same.txt')] * 3
        rows = self.rows('s3_put(%s, %s::bytea[], %s)', urls, contents, 'text/plain')
        self.assertEqual([row[0] for row in rows], urls)
        self.assertEqual([row[2] for row in rows], [None] * 3)
        stored = [row[1] for row in rows]
        self.assertEqual(len(set(stored)), 3)
        for i, url in enumerate(stored):
            found = self.s3.get_object(Bucket=self.name, Key=url.split('/', 3)[3])
            self.assertEqual((found['Body'].read(), found['ContentType']), (b'%d' % i, 'text/plain'))

    def test_put_over(self):
        urls = self.store('old') + [self.url('new'), 'no url', None, '-']
        contents = [psycopg2.Binary(b'x')] * 4 + [None]
        rows = self.rows('s3_put(%s, %s::bytea[], overwrite => true)', urls, contents)
        self.assertEqual([row[1] for row in rows], urls[:2] + [None] * 3)
        self.assertEqual([row[3] for row in rows], [None, None, '22P02', None, None])
        self.assertEqual(self.s3.get_object(Bucket=self.name, Key='old')['Body'].read(), b'x')

    def test_put_lengths(self):
        with self.assertSqlState('2202E', 'the same number', detail='2 URLs and 1 contents'):
            self.rows("s3_put(%s, %s::bytea[])", ['a', 'b'], [psycopg2.Binary(b'x')])

    def test_empty(self):
        for call in ("s3_head('{}'::text[])", "s3_get(NULL::text[])", "s3_exists('{}'::text[])",
                     "s3_put('{}'::text[], '{}')", "s3_delete('{}'::text[])"):
            with self.subTest(call):
                self.assertEqual(self.rows(call), [])

    def test_many_more_than_connections(self):
        """In order, though what comes later is ready earlier; also one by one."""
        urls = [self.url('n/%d' % i) for i in range(300)]
        contents = [psycopg2.Binary(b'%d' % i * (1 + i % 7 * 5000)) for i in range(300)]
        for connections in (1, 7, 50):
            with self.subTest(connections):
                query(self.session, 'SET s3store.max_pool_connections = %s', connections)
                rows = self.rows('s3_put(%s, %s::bytea[], overwrite => true)', urls, contents)
                self.assertEqual([row[1] for row in rows], urls)
                rows = self.rows('s3_get(%s)', urls)
                self.assertEqual([bytes(row[1]) for row in rows],
                                 [content.adapted for content in contents])

    def test_table(self):
        query(self.session, 'CREATE TEMP TABLE t AS SELECT i AS id, %s || i AS photo'
                            ' FROM generate_series(1, 25) AS i', self.url('t/'))
        self.store('t/3', 't/21')
        found = query(self.session, '''
            SELECT t.id FROM s3_exists(ARRAY(SELECT photo FROM t)) AS e
              JOIN t ON t.photo = e.url WHERE e.exists ORDER BY t.id''')
        self.assertEqual(found, [(3,), (21,)])


class Delete(ManyCase):

    def delete(self, urls, **where):
        return self.rows('s3_delete(%s)', urls, **where)

    def test_thousands(self):
        urls = [self.url('k/%d' % i) for i in range(2500)]
        query(self.session, 'SELECT count(*) FROM s3_put(%s, array_fill(%s::bytea, ARRAY[2500]))',
              urls, psycopg2.Binary(b''))
        rows = self.delete(urls + [self.url('absent')])
        self.assertEqual([row[0] for row in rows], urls + [self.url('absent')])
        self.assertEqual({row[1:] for row in rows}, {(True, None, None)})
        self.assertEqual(self.keys(), set())

    def test_odd_keys(self):
        for key in ODD_KEYS:
            self.s3.put_object(Bucket=self.name, Key=key, Body=b'')
        rows = self.delete([self.url(key) for key in ODD_KEYS])
        self.assertEqual([row for row in rows if row[1] is not True], [])
        self.assertEqual(self.keys(), set())

    def test_keys_that_xml_cannot_hold(self):
        keys = ['with\x01control', 'and\x1f', 'plain', '\ufffe', 'cr\rlf\n']
        rows = self.delete(self.store(*keys))
        self.assertEqual({row[1:] for row in rows}, {(True, None, None)})
        self.assertEqual(self.keys(), set())

    def test_one_bad_one(self):
        urls = self.store('x', 'y')
        rows = self.delete([urls[0], 'no url', None, '', self.url('k', 'no-such-bucket-of-ours'), urls[1]])
        self.assertEqual([row[1] for row in rows], [True, False, None, None, False, True])
        self.assertEqual([row[3] for row in rows], [None, '22P02', None, None, '58P01', None])
        self.assertEqual(self.keys(), set())

    def test_the_same_twice(self):
        rows = self.delete(self.store('x') * 3)
        self.assertEqual([row[1] for row in rows], [True] * 3)

    def test_two_servers(self):
        other = swift()
        name = self.bucket(other)
        other.put_object(Bucket=name, Key='a', Body=b'')
        rows = self.delete(self.store('a') + [self.url('a', name, 's3-swift')])
        self.assertEqual([row[1] for row in rows], [True, True])
        self.assertEqual(self.keys(), set())
        self.assertEqual(self.keys(other, name), set())

    def test_versions_stay(self):
        """The object goes; in a versioned bucket under a delete marker."""
        name = self.bucket()
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={'Status': 'Enabled'})
        self.s3.put_object(Bucket=name, Key='k', Body=b'')
        self.assertEqual(self.delete([self.url('k', name)])[0][1], True)
        self.assertEqual(len(self.s3.list_object_versions(Bucket=name)['Versions']), 1)

    def test_read_only(self):
        query(self.session, 'SET s3store.session_read_only = on')
        with self.assertSqlState('25006', 's3_delete()'):
            self.delete(self.store('kept'))
        self.assertEqual(self.keys(), {'kept'})
        self.s3.delete_object(Bucket=self.name, Key='kept')


class Answers(ManyCase):
    """What a server may say to DeleteObjects."""

    def session_with(self, *answers, **more):
        server = FaultServer(mode='answer', answers=answers).start()
        self.addCleanup(server.stop)
        self.server = server
        return self.connect(endpoints={'s3': entry(server.endpoint, **more)})

    def delete(self, *keys, session):
        return self.rows('s3_delete(%s)', ['s3://bucket/' + key for key in keys], session=session)

    @staticmethod
    def result(text):
        return Answer(200, {}, ('<DeleteResult>%s</DeleteResult>' % text).encode())

    def test_errors_by_key(self):
        session = self.session_with(self.result(
            '<Deleted><Key>a</Key></Deleted>'
            '<Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error>'))
        rows = self.delete('a', 'b', 'c', session=session)
        self.assertEqual([row[1] for row in rows], [True, False, False])
        self.assertEqual([row[3] for row in rows], [None, '42501', '08P01'])
        self.assertEqual(rows[1][2], 'could not delete object "b" from bucket "bucket": access denied')
        self.assertEqual(rows[2][2], 'could not delete object "c" from bucket "bucket":'
                                     ' the server did not say what became of it')

    def test_what_may_work_later_is_sent_alone(self):
        session = self.session_with(self.result(
            '<Error><Key>a</Key><Code>InternalError</Code></Error><Deleted><Key>b</Key></Deleted>'),
            NO_CONTENT)
        rows = self.delete('a', 'b', session=session)
        self.assertEqual([row[1] for row in rows], [True, True])
        self.assertEqual([request.method for request in self.server.requests], ['POST', 'DELETE'])

    def test_unknown_request(self):
        """A server without DeleteObjects is asked once, and remembered."""
        session = self.session_with(NOT_IMPLEMENTED, NO_CONTENT)
        for _ in range(2):
            rows = self.delete('a', 'b', session=session)
            self.assertEqual([row[1] for row in rows], [True, True])
        self.assertEqual([request.method for request in self.server.requests],
                         ['POST'] + ['DELETE'] * 4)

    def test_truncated(self):
        """Half of an answer proves nothing."""
        session = self.session_with(Answer(200, {}, b'<DeleteResult><Deleted><Key>a</Key></Deleted>'))
        rows = self.delete('a', 'b', session=session)
        self.assertEqual([row[1:2] + row[3:] for row in rows], [(False, '08P01')] * 2)

    def test_late_error(self):
        session = self.session_with(Answer(200, {}, b'<Error><Code>InternalError</Code></Error>'),
                                    self.result('<Deleted><Key>a</Key></Deleted>'), max_attempts=2)
        self.assertEqual(self.delete('a', session=session)[0][1], True)

    def test_denied(self):
        session = self.session_with(DENIED)
        rows = self.delete('a', 'b', session=session)
        self.assertEqual([row[1:2] + row[3:] for row in rows], [(False, '42501')] * 2)

    def test_one_request_for_a_thousand(self):
        result = self.result(''.join('<Deleted><Key>%d</Key></Deleted>' % i for i in range(1500)))
        session = self.session_with(result)
        rows = self.delete(*map(str, range(1500)), session=session)
        self.assertEqual({row[1] for row in rows}, {True})
        self.assertEqual(len(self.server.requests), 2)


class Retries(ManyCase):
    """One slow answer does not hold up the others, nor lose them."""

    def session_with(self, *answers, **more):
        self.server = FaultServer(mode='answer', answers=answers).start()
        self.addCleanup(self.server.stop)
        return self.connect(endpoints={'s3': entry(self.server.endpoint, **more)})

    def test_slow_down(self):
        good = Answer(200, {'Content-Length': '0'}, b'')
        session = self.session_with(SLOW_DOWN, SLOW_DOWN, good, max_attempts=4)
        rows = self.rows('s3_exists(%s)', ['s3://bucket/%d' % i for i in range(20)], session=session)
        self.assertEqual([row[1] for row in rows], [True] * 20)
        self.assertEqual(len(self.server.requests), 22)

    def test_every_attempt_is_signed_anew(self):
        session = self.session_with(SLOW_DOWN, Answer(200, {'Content-Length': '0'}, b''),
                                    max_attempts=2)
        query(session, "SELECT s3_exists('s3://bucket/key')")
        first, second = self.server.requests
        self.assertEqual(sorted(first.headers), sorted(second.headers))
        self.assertIn('authorization', {name.lower() for name in second.headers})

    def test_attempts_end(self):
        session = self.session_with(SLOW_DOWN, max_attempts=2)
        with self.assertSqlState('58030', 'asks for fewer requests'):
            query(session, "SELECT s3_get('s3://bucket/key')")
        self.assertEqual(len(self.server.requests), 2)

    def test_settings_change_meanwhile(self):
        """A request that waits is not sent elsewhere, nor signed in another way."""
        server = FaultServer(named={'busy': SLOW_DOWN}).start()
        self.addCleanup(server.stop)
        here, there = ({'s3': entry(endpoint, max_attempts=3)}
                       for endpoint in (server.endpoint, 'http://127.0.0.1:9'))
        for setting, value in (('signature_version', 's3'), ('endpoints', json.dumps(there))):
            session = self.connect(endpoints=here)
            query(session, 'SET s3store.put_undo = off')
            query(session, """
                CREATE OR REPLACE FUNCTION public.many_changes(url text) RETURNS text AS $body$
                    SELECT CASE WHEN url LIKE '%%/second'
                           THEN set_config('s3store.%s', $json$%s$json$, false) IS NULL END::text
                $body$ LANGUAGE sql""" % (setting, value))
            query(session, "SET s3store.content_language_function = 'public.many_changes'")
            rows = self.rows("s3_put(%s, ARRAY['1', '2']::bytea[], overwrite => true)",
                             ['s3://busy/first', 's3://bucket/second'], session=session)
            query(session, 'DROP FUNCTION public.many_changes')
            self.assertEqual(rows[0][3], '22023')
            self.assertIn('the settings of endpoint "s3" have changed meanwhile', rows[0][2])
            self.assertEqual(rows[1][3], '08006' if setting == 'endpoints' else None)


if __name__ == '__main__':
    unittest.main()
