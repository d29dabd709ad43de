"""test_reconcile.py - objects and rows compared: s3_reconcile, and s3_progress while it runs."""
import datetime
import uuid

import psycopg2

from backend import BackendCase, Call, Cluster, wait_for
from fault import FaultServer
from harness import BucketCase, endpoint, environment, query
from keys import ODD_KEYS
from test_list import contents, fill, order, page

NOW = "'0'::interval"           # no object is too young
OLD = '<Size>7</Size><LastModified>2020-02-03T04:05:06.789Z</LastModified>'


def url_of(name, key, scheme='s3'):
    return '%s://%s/%s' % (scheme, name, key)


class Tables:
    """Makes tables of URLs that go with the test."""

    def table(self, urls, session=None, column='photo', kind='text'):
        session = session or self.session
        name = 't_' + uuid.uuid4().hex[:10]
        query(session, 'CREATE TABLE %s (id serial, %s %s)' % (name, column, kind))
        self.addCleanup(self.drop, name)
        query(session, 'INSERT INTO %s (%s) SELECT unnest(%%s::text[])' % (name, column), list(urls))
        return name

    def drop(self, table):
        query(self.connect(), 'DROP TABLE IF EXISTS %s CASCADE' % table)

    def role(self, *granted):
        name = 'role_' + uuid.uuid4().hex[:10]
        query(self.session, 'CREATE ROLE %s' % name)
        self.addCleanup(self.drop_role, name)
        for role in granted:
            query(self.session, 'GRANT %s TO %s' % (role, name))
        return name

    def drop_role(self, name):
        session = self.connect()
        query(session, 'DROP OWNED BY %s' % name)
        query(session, 'DROP ROLE %s' % name)

    def reconcile(self, url, table, column='photo', older_than=NOW, session=None):
        return query(session or self.session, 'SELECT url, state FROM s3_reconcile(%s, %s, %s, '
                     + older_than + ')', url, table, column)


class Reconcile(Tables, BucketCase):
    """Real objects and real rows."""

    def setUp(self):
        super().setUp()
        self.name = self.bucket(self.s3)
        self.url = 's3://%s/' % self.name

    def rows(self, urls, **more):
        return self.reconcile(self.url, self.table(urls), **more)

    def test_odd_keys(self):
        """Every key: with its row, without, and rows without objects."""
        fill(self.s3, self.name, ODD_KEYS)
        urls = [self.url + key for key in ODD_KEYS]
        self.assertEqual(self.rows(urls), [])
        self.assertEqual(self.rows([]), [(self.url + key, 'only_in_s3')
                                         for key in sorted(ODD_KEYS, key=order)])
        half = sorted(ODD_KEYS, key=order)[::2]
        self.assertEqual(self.rows([self.url + key for key in half]),
                         [(self.url + key, 'only_in_s3') for key in sorted(ODD_KEYS, key=order)[1::2]])
        self.s3.delete_objects(Bucket=self.name, Delete={'Objects': [{'Key': k} for k in half
                                                                      if '\x01' not in k]})
        gone = [key for key in half if '\x01' not in key]
        self.assertEqual(self.rows(urls), [(self.url + key, 'only_in_db') for key in gone])

    def test_columns(self):
        """What stands in the other columns."""
        self.store('a', b'four')
        item = self.s3.list_objects_v2(Bucket=self.name)['Contents'][0]
        table = self.table([self.url + 'b'])
        self.assertEqual(query(self.session, 'SELECT * FROM s3_reconcile(%s, %s, %s, %s)',
                               self.url, table, 'photo', datetime.timedelta(0)),
                         [(self.url + 'a', 'only_in_s3', 4, item['LastModified']),
                          (self.url + 'b', 'only_in_db', None, None)])

    def test_select_list(self):
        self.store('a')
        table = self.table([])
        self.assertEqual(query(self.session, "SELECT (s3_reconcile(%s, %s, 'photo', '0')).state",
                               self.url, table), [('only_in_s3',)])

    def test_no_file(self):
        self.store('a')
        self.assertEqual(self.rows([None, '', '-', self.url + 'a', None]), [])

    def test_many_rows_of_an_object(self):
        self.store('b')
        self.assertEqual(self.rows([self.url + key for key in 'aabbc'] * 700),
                         [(self.url + 'a', 'only_in_db'), (self.url + 'c', 'only_in_db')])

    def test_prefix(self):
        """Only what is below it, on both sides."""
        for key in ('a/1', 'a/2', 'b'):
            self.store(key)
        table = self.table([self.url + key for key in ('a/1', 'a/3', 'c')] + ['s3://other/a/4'])
        self.assertEqual(self.reconcile(self.url + 'a/', table),
                         [(self.url + 'a/2', 'only_in_s3'), (self.url + 'a/3', 'only_in_db')])
        self.assertEqual(self.reconcile(self.url + 'nothing/', table), [])
        self.assertEqual(self.reconcile(self.url[:-1], table),
                         [(self.url + 'a/2', 'only_in_s3'), (self.url + 'a/3', 'only_in_db'),
                          (self.url + 'b', 'only_in_s3'), (self.url + 'c', 'only_in_db')])

    def test_missing_bucket(self):
        with self.assertSqlState('58P01', 'could not list bucket'):
            self.reconcile('s3://no-such-bucket-here/', self.table([]))

    def test_more_than_a_page(self):
        """Pages and batches end at different places."""
        keys = ['%04d' % number for number in range(2200)]
        fill(self.s3, self.name, keys[:2100])
        rows = keys[:700] + keys[701:1500] + keys[1501:]
        self.assertEqual(self.rows([self.url + key for key in rows]),
                         [(self.url + keys[n], 'only_in_s3') for n in (700, 1500)] +
                         [(self.url + key, 'only_in_db') for key in keys[2100:]])

    def test_several_columns(self):
        """An object has a row when any of the columns names it."""
        for key in 'abcd':
            self.store(key)
        one = self.table([self.url + 'a', self.url + 'x'])
        two = self.table([self.url + 'b', self.url + 'x'], column='"Odd ""name"', kind='varchar(99)')
        query(self.session, 'ALTER TABLE %s ADD thumb s3url' % one)
        query(self.session, 'UPDATE %s SET thumb = %%s' % one, self.url + 'c')
        self.assertEqual(query(self.session, """
            SELECT url, state FROM s3_reconcile_all(%s, %s::regclass[], %s::name[], '0')""",
                               self.url, [one, one, two], ['photo', 'thumb', 'Odd "name']),
                         [(self.url + 'd', 'only_in_s3'), (self.url + 'x', 'only_in_db')])

    def test_views_and_partitions(self):
        self.store('a')
        table = self.table([self.url + 'a', self.url + 'b'])
        view = 'v_' + uuid.uuid4().hex[:10]
        query(self.session, "CREATE VIEW %s AS SELECT unnest(ARRAY[photo]) AS p FROM %s" % (view, table))
        self.assertEqual(self.reconcile(self.url, view, 'p'), [(self.url + 'b', 'only_in_db')])
        query(self.session, 'CREATE TABLE %s_p (photo text) PARTITION BY LIST (photo)' % table)
        self.addCleanup(self.drop, table + '_p')
        query(self.session, 'CREATE TABLE %s_d PARTITION OF %s_p DEFAULT' % (table, table))
        query(self.session, 'INSERT INTO %s_p VALUES (%%s)' % table, self.url + 'c')
        self.assertEqual(self.reconcile(self.url, table + '_p'),
                         [(self.url + 'a', 'only_in_s3'), (self.url + 'c', 'only_in_db')])

    def test_one_bucket_by_many_names(self):
        """Schemes, their case, key prefixes and folded keys: the object counts."""
        more = dict(endpoints={
            's3': endpoint('RGW'), 'other': endpoint('RGW'), 'elsewhere': endpoint('SWIFT'),
            'below': endpoint('RGW', key_prefix='media'), 'norm': endpoint('RGW', normalize_keys=True)})
        self.session = self.connect(**more)
        for key in ('a', 'b', 'c', 'media/d', 'e/f', 'g'):
            self.store(key)
        urls = [url_of(self.name, 'a', 'other'), url_of(self.name, 'b', 'S3'),
                url_of(self.name, 'd', 'below'), url_of(self.name, 'e/x/..//f?v=1', 'norm'),
                url_of(self.name, 'g', 'elsewhere'), url_of(self.name, 'z', 'other'),
                url_of(self.name, 'z', 'elsewhere')]
        expected = [(self.url + 'c', 'only_in_s3'), (self.url + 'g', 'only_in_s3'),
                    (url_of(self.name, 'z', 'other'), 'only_in_db')]
        self.assertEqual(self.rows(urls), expected)
        self.assertEqual(self.reconcile(url_of(self.name, '', 'below'), self.table(urls)), [])
        self.assertEqual(self.reconcile(url_of(self.name, '', 'below'), self.table(urls[:1])),
                         [(url_of(self.name, 'd', 'below'), 'only_in_s3')])
        self.assertEqual(self.reconcile(url_of(self.name, 'x/../', 'norm'), self.table(urls)),
                         [(url_of(self.name, key, 'norm'), state) for key, state in
                          (('c', 'only_in_s3'), ('g', 'only_in_s3'))] + expected[2:])

    def test_two_addresses(self):
        """Are two servers unless same_server_as says that they are one."""
        other = endpoint('RGW', endpoint_url='http://localhost:' + environment('RGW_PORT'))
        self.store('a')
        urls = [url_of(self.name, 'a', 'other')]
        self.session = self.connect(endpoints={'s3': endpoint('RGW'), 'other': other})
        self.assertEqual(self.rows(urls), [(self.url + 'a', 'only_in_s3')])
        other['same_server_as'] = environment('RGW_ENDPOINT')
        self.session = self.connect(endpoints={'s3': endpoint('RGW'), 'other': other})
        self.assertEqual(self.rows(urls), [])
        self.assertEqual(self.reconcile(url_of(self.name, '', 'other'), self.table([self.url + 'a'])), [])

    def test_unknown_scheme(self):
        """It may name this very bucket: nothing is told that could be wrong."""
        with self.assertSqlState('42704', 'not configured') as caught:
            self.rows([self.url + 'a', 'forgotten://b/c'])
        self.assertIn('URL "forgotten://b/c"', caught.error.diag.context)

    def test_malformed_row(self):
        with self.assertSqlState('22P02') as caught:
            self.rows([self.url + 'a', 'photo.jpg'])
        self.assertIn('URL "photo.jpg"', caught.error.diag.context)

    def test_age(self):
        """Young objects may be of rows that nobody sees yet."""
        writer = self.connect()
        table = self.table([])
        writer.autocommit = False
        query(writer, "INSERT INTO %s (photo) SELECT s3_put(%%s, 'x')" % table, self.url + 'new')
        self.assertEqual(self.reconcile(self.url, table), [(self.url + 'new', 'only_in_s3')])
        self.assertEqual(self.reconcile(self.url, table, older_than="'1 h'"), [])
        self.assertEqual(query(self.session, "SELECT * FROM s3_reconcile(%s, %s, 'photo')",
                               self.url, table), [])
        writer.commit()
        self.assertEqual(self.reconcile(self.url, table), [])

    def test_written_after_the_snapshot(self):
        """Even without an age: the transaction does not see its row."""
        table = self.table([])
        self.session.autocommit = False
        query(self.session, 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ')
        query(self.session, 'SELECT 1')
        self.store('new')
        query(self.connect(), 'INSERT INTO %s (photo) VALUES (%%s)' % table, self.url + 'new')
        self.assertEqual(self.reconcile(self.url, table), [])
        self.session.rollback()
        self.session.autocommit = True

    def test_deleted_later(self):
        """What the README does with the orphans: they go, the others stay."""
        for key in 'abc':
            self.store(key)
        table = self.table([self.url + 'b'])
        self.assertEqual(query(self.session, """
            SELECT count(s3_delete_later(url)) FROM s3_reconcile(%s, %s, 'photo', '0')
             WHERE state = 'only_in_s3'""", self.url, table), [(2,)])
        query(self.session, 'CALL s3_drain()')
        self.assertEqual([item['Key'] for item in self.s3.list_objects_v2(Bucket=self.name)['Contents']], ['b'])
        self.assertEqual(self.reconcile(self.url, table), [])

    def test_read_only(self):
        self.store('a')
        table = self.table([])
        query(self.session, 'SET s3store.read_only = on')
        query(self.session, 'SET default_transaction_read_only = on')
        self.assertEqual(self.reconcile(self.url, table), [(self.url + 'a', 'only_in_s3')])

    def test_rights(self):
        """Those of the caller: on the function, the column, the rows."""
        self.store('a')
        table = self.table([self.url + 'a'])
        role = self.role()
        with self.assertSqlState('42501', 'function'):
            self.reconcile(self.url, table, session=self.connect(role=role))
        query(self.session, 'GRANT s3store_read TO %s' % role)
        with self.assertSqlState('42501', table):
            self.reconcile(self.url, table, session=self.connect(role=role))
        query(self.session, 'GRANT SELECT (photo) ON %s TO %s' % (table, role))
        self.assertEqual(self.reconcile(self.url, table, session=self.connect(role=role)), [])
        query(self.session, 'ALTER TABLE %s ENABLE ROW LEVEL SECURITY' % table)
        with self.assertSqlState('42501', 'row-level', hint='BYPASSRLS'):
            self.reconcile(self.url, table, session=self.connect(role=role))
        self.assertEqual(self.reconcile(self.url, table), [])

    def test_no_right_to_list(self):
        other = self.foreign_bucket()
        with self.assertSqlState('42501', 'could not list bucket', detail='AccessDenied'):
            self.reconcile('s3://%s/' % other, self.table([]))

    def test_other_encoding(self):
        name = 'latin1_' + uuid.uuid4().hex[:8]
        query(self.session, "CREATE DATABASE %s TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'" % name)
        self.addCleanup(query, self.session, 'DROP DATABASE %s WITH (FORCE)' % name)
        conn = self.connect(dbname=name)
        query(conn, 'CREATE EXTENSION s3store')
        query(conn, 'CREATE TABLE t (photo text)')
        query(conn, 'INSERT INTO t VALUES (%s), (%s)', self.url + '\u00fc', self.url + '\u00e4')
        for key in ('\u00fc', '\u00f6'):
            self.store(key)
        self.assertEqual(self.reconcile(self.url, 't', session=conn),
                         [(self.url + '\u00e4', 'only_in_db'), (self.url + '\u00f6', 'only_in_s3')])
        conn.close()


class BadLists(Tables, BackendCase):
    """Servers that list badly, or not at all."""

    def setUp(self):
        super().setUp()
        self.session = self.connect()

    def lists(self, *pages):
        """A session that lists a server with these pages, and the server."""
        server = FaultServer(answers=list(pages))
        server.start()
        self.addCleanup(server.stop)
        return BackendCase.session(self, server.endpoint), server

    def test_not_sorted(self):
        """Within a page, across pages, and the same key twice."""
        table = self.table([])
        for pages in ([page(contents('b'), contents('a'))],
                      [page(contents('a'), contents('a'))],
                      [page(contents('a'), contents('c'), token='t'), page(contents('b'))],
                      [page(contents('a'), contents('c'), token='t'), page(contents('d'), contents('ca'))]):
            conn, _ = self.lists(*pages)
            with self.assertSqlState('0A000', 'list is not sorted', detail='s3_reconcile()'):
                self.reconcile('s3-bad://answer/', table, session=conn)
            self.check_good(conn)

    def test_sorted_by_bytes(self):
        """The order of S3, which is that of no language."""
        keys = ['A', 'B', 'a', 'b', '\u00e4', '\uffee', '\U00010000']
        table = self.table(['s3-bad://answer/' + key for key in reversed(keys)])
        conn, _ = self.lists(page(*map(contents, keys)))
        self.assertEqual(self.reconcile('s3-bad://answer/', table, session=conn), [])

    def test_age_by_the_list(self):
        old, new = OLD, OLD.replace('2020', '2999')
        conn, _ = self.lists(page(contents('a', old), contents('b', new), contents('c')))
        self.assertEqual(query(conn, "SELECT * FROM s3_reconcile('s3-bad://answer/', %s, 'photo')",
                               self.table([])),
                         [('s3-bad://answer/a', 'only_in_s3', 7, datetime.datetime(
                             2020, 2, 3, 4, 5, 6, 789000, tzinfo=datetime.timezone.utc))])

    def test_fails_on_the_way(self):
        table = self.table([])
        conn, _ = self.lists(page(contents('a', OLD), token='t'), 'truncated')
        with self.assertSqlState('08P01', 'could not list'):
            self.reconcile('s3-bad://answer/', table, session=conn)
        self.check_good(conn)

    def hangs(self, table):
        """A run that has listed two keys and waits for more."""
        conn, server = self.lists(page(contents('a', OLD), contents('b', OLD), token='t'),
                                  'silent-headers')
        call = Call(conn, "SELECT * FROM s3_reconcile('s3-bad://answer/', %s, 'photo')", table)
        server.reached('silent-headers')
        return conn, call

    def progress(self, pid, session=None):
        return query(session or self.session, """
            SELECT command, url, usename = current_user, datname = current_database()
              FROM s3_progress WHERE pid = %s""", pid)

    def test_progress(self):
        """Others see it while it runs, by their rights; not any longer."""
        table = self.table(['s3-bad://answer/a', 's3-bad://answer/0'])
        conn, call = self.hangs(table)
        pid = conn.info.backend_pid
        self.assertEqual([row[:4] for row in self.progress(pid)],
                         [('s3_reconcile()', 's3-bad://answer/', True, True)])
        for granted, sees in ((('s3store_admin',), True), (('pg_read_all_stats',), True),
                              (('s3store_read',), False), (('s3store_write',), False)):
            other = self.connect(role=self.role(*granted))
            self.assertEqual(len(self.progress(pid, other)), sees, granted)
        with self.assertSqlState('42501'):
            self.progress(pid, self.connect(role=self.role()))
        conn.cancel()
        with self.assertSqlState('57014'):
            call.result()
        self.assertEqual(self.progress(pid), [])
        self.check_good(conn)

    def test_own_progress(self):
        """A role without more rights sees its own runs."""
        table = self.table([])
        role = self.role('s3store_read')
        query(self.session, 'GRANT SELECT ON %s TO %s' % (table, role))
        server = FaultServer(answers=['silent-headers'])
        server.start()
        self.addCleanup(server.stop)
        conn = BackendCase.session(self, server.endpoint)
        query(conn, 'SET SESSION AUTHORIZATION %s' % role)
        call = Call(conn, "SELECT * FROM s3_reconcile('s3-bad://answer/', %s, 'photo')", table)
        server.reached('silent-headers')
        own, other = self.connect(role=role), self.connect(role=self.role('s3store_read'))
        self.assertEqual(len(self.progress(conn.info.backend_pid, own)), 1)
        self.assertEqual(len(self.progress(conn.info.backend_pid, other)), 0)
        conn.cancel()
        with self.assertSqlState('57014'):
            call.result()

    def test_terminated(self):
        """A session that is ended leaves no entry."""
        conn, call = self.hangs(self.table([]))
        pid = conn.info.backend_pid
        self.assertEqual(len(self.progress(pid)), 1)
        query(self.session, 'SELECT pg_terminate_backend(%s)', pid)
        with self.assertRaises(psycopg2.Error):
            call.result()
        wait_for(lambda: not self.progress(pid), 'the entry is gone')


class AllRuns(Tables, BackendCase):
    """The entries of all runs of a server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = cls.enter(Cluster())

    def setUp(self):
        super().setUp()
        self.observer = self.connect()
        query(self.observer, 'CREATE TABLE IF NOT EXISTS t (photo text)')

    def hangs(self):
        server = FaultServer(answers=['silent-headers'])
        server.start()
        self.addCleanup(server.stop)
        conn = BackendCase.session(self, server.endpoint)
        call = Call(conn, "SELECT * FROM s3_reconcile('s3-bad://answer/', 't', 'photo')")
        server.reached('silent-headers')
        return conn, call

    def shown(self):
        return sorted(pid for pid, in query(self.observer, 'SELECT pid FROM s3_progress'))

    def cancel(self, conn, call):
        conn.cancel()
        with self.assertSqlState('57014'):
            call.result()

    def test_many_runs(self):
        """Sixteen are shown; another one goes on without, and leaves the entries of others alone."""
        runs = [self.hangs() for _ in range(17)]
        pids = [conn.info.backend_pid for conn, _ in runs]
        self.assertEqual(self.shown(), sorted(pids[:16]))
        self.cancel(*runs.pop())
        self.assertEqual(self.shown(), sorted(pids[:16]))
        self.cancel(*runs.pop(0))
        runs.append(self.hangs())
        self.assertEqual(self.shown(), sorted(pids[1:16] + [runs[-1][0].info.backend_pid]))
        for run in runs:
            self.cancel(*run)
        self.assertEqual(self.shown(), [])

    def test_killed(self):
        """A process that is killed cannot give its entry back: the server starts with new ones."""
        conn, call = self.hangs()
        self.assertEqual(self.shown(), [conn.info.backend_pid])
        self.cluster.kill_process(conn.info.backend_pid)
        with self.assertRaises(psycopg2.Error):
            call.result()
        self.assertEqual(query(self.connect(), 'SELECT * FROM s3_progress'), [])
