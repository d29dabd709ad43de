"""test_removal.py - no object goes that a committed row names, however the row came to name it."""
import concurrent.futures
import contextlib
import threading

import psycopg2
import psycopg2.errors

from backend import Call, wait_for
from harness import connect, endpoint, environment, query
from queue_case import QueueCase

WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype <> 'virtualxid'"


class RemovalCase(QueueCase):
    """Beside the table of QueueCase one with two columns; s3-alias is another name of the server."""

    def setUp(self):
        super().setUp()
        self.endpoints['s3-alias'] = dict(self.endpoints['s3-gate'])
        self.session.close()
        self.session = self.open()
        self.person = self.table + '_person'
        query(self.session, 'CREATE TABLE %s (id serial, avatar text, upload text)' % self.person)
        self.addCleanup(self.drop_person)
        for column in ('avatar', 'upload'):
            query(self.session, 'CREATE TRIGGER %s AFTER INSERT OR DELETE OR UPDATE ON %s'
                  " FOR EACH ROW EXECUTE FUNCTION s3_manage('%s')" % (column, self.person, column))

    def drop_person(self):
        with connect() as conn:
            conn.autocommit = True
            query(conn, 'DROP TABLE ' + self.person)
        conn.close()

    def object(self, suffix=''):
        """The URL of an object that is there."""
        url = self.url(self.key(suffix))
        self.put(url, 'x')
        return url

    def fill(self, **columns):
        query(self.session, 'INSERT INTO %s (%s) VALUES (%s)' % (
            self.person, ', '.join(columns), ', '.join(['%s'] * len(columns))), *columns.values())


    def sql(self, statement, *args, session=None):
        return query(session or self.session,
                     statement.format(table=self.table, person=self.person), *args)

    @contextlib.contextmanager
    def late_writer(self, statement, *args):
        """An open transaction that wrote when the deletion waited already: that waits for those
        that were there before, and it has to see the deletion."""
        first, late = self.open(), self.open()
        self.sql('BEGIN', session=first)
        self.sql('INSERT INTO {table} (url) VALUES (NULL)', session=first)
        self.drain()
        self.sql('BEGIN', session=late)
        self.sql(statement, *args, session=late)
        self.sql('COMMIT', session=first)
        yield late
        self.sql('COMMIT', session=late)
        first.close()
        late.close()

    def assert_kept(self, *suffixes):
        """Nothing waits for another time any more."""
        self.sql('UPDATE s3_deletion SET next_at = now()')
        self.drain()
        self.assertEqual((self.keys(), self.queue('url, state, last_error')),
                         (sorted(self.key(suffix) for suffix in suffixes or ('',)), []))

    def assert_gone(self):
        self.drain()
        self.assertEqual((self.keys(), self.queue('url, state, last_error')), ([], []))


class MoveTest(RemovalCase):
    """A URL that moves, in one transaction or in two."""

    def test_between_columns(self):
        self.fill(upload=self.object())
        self.sql('UPDATE {person} SET avatar = upload, upload = NULL')
        self.assert_kept()
        self.sql('DELETE FROM {person}')
        self.assert_gone()

    def test_swap(self):
        self.fill(avatar=self.object('-a'), upload=self.object('-b'))
        self.sql('UPDATE {person} SET avatar = upload, upload = avatar')
        self.assert_kept('-a', '-b')
        self.sql('DELETE FROM {person}')
        self.assert_gone()

    def test_named_by_another_column(self):
        url = self.object()
        self.fill(avatar=url)
        self.fill(upload=url)
        self.sql('DELETE FROM {person} WHERE avatar IS NOT NULL')
        self.assert_kept()
        self.sql('DELETE FROM {person}')
        self.assert_gone()

    def test_archive_in_one_transaction(self):
        self.insert(self.object())
        self.sql('BEGIN')
        self.sql('INSERT INTO {person} (avatar) SELECT url FROM {table}')
        self.sql('DELETE FROM {table}')
        self.sql('COMMIT')
        self.assert_kept()

    def test_archive_in_one_statement(self):
        self.insert(self.object())
        self.sql('WITH gone AS (DELETE FROM {table} RETURNING url)'
                 ' INSERT INTO {person} (avatar) SELECT url FROM gone')
        self.assert_kept()

    def test_archive_before_the_row_goes(self):
        """In one statement, too: the triggers come in that order."""
        self.insert(self.object())
        self.sql('WITH kept AS (INSERT INTO {person} (avatar) SELECT url FROM {table} RETURNING avatar)'
                 ' DELETE FROM {table} USING kept WHERE url = avatar')
        self.assert_kept()

    def test_archive_in_two_transactions(self):
        url = self.object()
        self.insert(url)
        with self.open() as other:
            self.sql('BEGIN', session=other)
            self.sql('INSERT INTO {person} (avatar) SELECT url FROM {table}', session=other)
            self.sql('DELETE FROM {table}')
            self.drain()
            self.assertEqual(self.keys(), [self.key()])
            self.sql('COMMIT', session=other)
        self.assert_kept()

    def test_other_scheme_of_the_server(self):
        self.insert(self.object())
        self.sql("UPDATE {table} SET url = replace(url, 's3-gate:', 's3-alias:')")
        self.assert_kept()
        self.sql('DELETE FROM {table}')
        self.assert_gone()

    def test_other_scheme_in_every_row(self):
        """Of more rows than one question takes."""
        keys = ['-%04d' % number for number in range(1200)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: self.s3.put_object(Bucket=self.name, Key=self.key(key), Body=b''), keys))
        self.sql('INSERT INTO {table} (url) SELECT %s || i FROM unnest(%s) i', self.url(self.key()), keys)
        self.sql("UPDATE {table} SET url = replace(url, 's3-gate:', 's3-alias:')")
        self.assertEqual(self.sql('SELECT count(*) FROM s3_deletion'), [(1200,)])
        self.assert_kept(*keys)

    def test_savepoint(self):
        """What went back to a savepoint does not name it."""
        self.insert(self.object())
        self.sql('BEGIN')
        self.sql('SAVEPOINT s')
        self.sql('INSERT INTO {person} (avatar) SELECT url FROM {table}')
        self.sql('ROLLBACK TO s')
        self.sql('DELETE FROM {table}')
        self.sql('COMMIT')
        self.assert_gone()

    def test_prepared(self):
        self.insert(self.object())
        self.sql('BEGIN')
        self.sql('INSERT INTO {person} (avatar) SELECT url FROM {table}')
        self.sql("PREPARE TRANSACTION '{table}'")
        self.sql('DELETE FROM {table}')
        self.drain()
        self.assertEqual(self.keys(), [self.key()])
        self.sql("COMMIT PREPARED '{table}'")
        self.assert_kept()


class AddressTest(RemovalCase):
    """The scheme s3 is the same server as s3-gate, by another address: it has to be said."""

    def one_server(self):
        for scheme in ('s3-gate', 's3-alias'):
            self.endpoints[scheme]['same_server_as'] = environment('RGW_ENDPOINT')
        self.session.close()
        self.session = self.open()

    def names(self, key=''):
        """The URLs of an object that is there, by either address."""
        self.object(key)
        return self.url(self.key(key)), self.url(self.key(key), 's3')

    def test_nobody_says_so(self):
        """They are two servers: no row names the object of the one that is asked."""
        gate, other = self.names()
        self.fill(avatar=other)
        self.insert(gate)
        self.delete(gate)
        self.assert_gone()

    def test_row_with_the_other_address(self):
        self.one_server()
        for kept, queued in (self.names('-a'), self.names('-b')[::-1]):
            self.fill(avatar=kept)
            self.insert(queued)
            self.delete(queued)
        self.assert_kept('-a', '-b')
        self.sql('DELETE FROM {person}')
        self.assert_gone()

    def test_rewritten_to_the_other_address(self):
        self.one_server()
        for key in '-a', '-b', '-c':
            self.insert(self.names(key)[0])
        self.sql("UPDATE {table} SET url = replace(url, 's3-gate:', 's3:')")
        self.assert_kept('-a', '-b', '-c')
        self.sql('DELETE FROM {table}')
        self.assert_gone()

    def test_row_of_a_writer_that_nobody_waits_for(self):
        """It finds the deletion that was queued for the other address, and locks it."""
        self.one_server()
        gate, other = self.names()
        self.insert(gate)
        self.delete(gate)
        with self.late_writer('INSERT INTO {table} (url) VALUES (%s)', other):
            self.drain()
            self.assertEqual(self.keys(), [self.key()])
        self.assert_kept()

    def test_many_rows_of_a_writer_that_nobody_waits_for(self):
        url = self.object()
        self.insert(url)
        self.delete(url)
        with self.late_writer("INSERT INTO {table} (url) SELECT %s || i FROM generate_series(1, 50) i"
                              ' UNION ALL SELECT %s', self.url('other'), url):
            self.drain()
            self.assertEqual(self.keys(), [self.key()])
        self.assert_kept()

    def test_rollback_of_the_session_that_deletes(self):
        """It does not know any longer who has begun to write meanwhile."""
        url = self.object()
        self.insert(url)
        self.delete(url)
        with self.late_writer('SELECT 1'):
            self.sql('BEGIN')
            self.sql('ROLLBACK')
            writer = self.open()
            self.sql('BEGIN', session=writer)
            self.sql("INSERT INTO {table} (url) SELECT %s || i FROM generate_series(1, 50) i"
                     ' UNION ALL SELECT %s', self.url('other'), url, session=writer)
            self.drain()
            self.assertEqual(self.keys(), [self.key()])
            self.sql('COMMIT', session=writer)
            writer.close()
        self.assert_kept()

    def test_stored_again_by_the_other_address(self):
        self.one_server()
        gate, other = self.names()
        self.insert(gate)
        self.delete(gate)
        self.put(other, 'again')
        self.assertEqual(self.queue('url, state'), [(gate, 'void')])
        self.drain()
        self.assertEqual((self.content(self.key()), self.queue()), (b'again', []))

    def test_contradiction(self):
        """The address of s3-alias would be two servers."""
        self.endpoints['s3-gate']['same_server_as'] = environment('RGW_ENDPOINT')
        with self.assertSqlState('22023', 'invalid value for parameter "s3store.endpoints"',
                                 '"same_server_as" is not that of entry "s3-alias"',
                                 'to the same URL in the entries of all addresses of a server'):
            self.open()

    def test_server_moves(self):
        """To another address: what was queued before goes on, where it is said which server that is."""
        gate, _ = self.names()
        self.insert(gate)
        self.delete(gate)
        self.move(endpoint_url=environment('RGW_ENDPOINT'))
        self.drain()
        ((state, attempts, error),) = self.queue('state, attempts, last_error')
        self.assertEqual((state, attempts, self.keys()), ('pending', 1, [self.key()]))
        self.assertIn('leads to another server than when the deletion was queued', error)
        self.move(same_server_as=self.gate.endpoint)
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.drain_until()

    def test_server_moves_after_a_request_without_an_answer(self):
        """Whether the object has gone is asked there where it was."""
        gate, _ = self.names()
        self.insert(gate)
        self.delete(gate)
        query(self.session, "UPDATE s3_deletion SET state = 'd', unsure_until = now() - interval '1 min'")
        self.move(endpoint_url=environment('RGW_ENDPOINT'))
        query(self.session, "SET statement_timeout = '30s'")
        self.drain()
        ((state, attempts, error),) = self.queue('state, attempts, last_error')
        self.assertEqual((state, attempts, self.keys()), ('deleting', 1, [self.key()]))
        self.assertIn('leads to another server than when the deletion was queued', error)
        self.assertEqual(query(self.session, 'SELECT unsure_until > now() FROM s3_deletion'), [(True,)])

    def move(self, **more):
        """No other scheme knows it by the old address, or by the new one."""
        self.endpoints = {'s3-gate': {**self.endpoints['s3-gate'], **more}}
        self.session.close()
        self.session = self.open()


class Rows:
    """What COPY reads: these rows, and no end before end() is called."""

    def __init__(self, rows):
        self.data = ''.join(row + '\n' for row in rows)
        self.ended = threading.Event()

    def read(self, size):
        part, self.data = self.data[:size], self.data[size:]
        if not part:
            self.ended.wait()
        return part

    def end(self):
        self.ended.set()


class Load(Call):
    """COPY under way, of such rows."""

    def run(self):
        try:
            with self.conn.cursor() as cursor:
                cursor.copy_expert(self.statement, *self.args)
        except psycopg2.Error as error:
            self.error = error


class LongWriterTest(RemovalCase):
    """A statement that names the object takes longer than the deletion."""

    def start(self, statement):
        """In a session of its own: the statement stands still until the advisory lock is free."""
        query(self.session, 'SELECT pg_advisory_lock(1, hashtext(%s))', self.table)
        other = self.open()
        self.addCleanup(other.close)
        self.addCleanup(lambda: query(self.session, 'SELECT pg_advisory_unlock_all()'))
        call = Call(other, statement.format(table=self.table, person=self.person,
                                            wait="pg_advisory_xact_lock_shared(1, hashtext('%s'))" % self.table))
        wait_for(lambda: query(self.session, WAITS)[0][0] > 0, 'the statement stands still')
        return call

    def go_on(self, call):
        query(self.session, 'SELECT pg_advisory_unlock_all()')
        call.result(30)

    def test_insert_select(self):
        self.insert(self.object())
        call = self.start('INSERT INTO {person} (avatar) SELECT t.url FROM {table} t, (SELECT {wait}) w')
        self.sql('DELETE FROM {table}')
        self.drain()
        self.assertEqual(self.keys(), [self.key()])
        self.go_on(call)
        self.assert_kept()

    def test_update(self):
        self.fill(upload=self.object())
        self.sql('INSERT INTO {table} (url) VALUES (NULL)')
        call = self.start('UPDATE {table} SET url = (SELECT upload FROM {person}) FROM (SELECT {wait}) w')
        self.sql('DELETE FROM {person}')
        self.drain()
        self.assertEqual(self.keys(), [self.key()])
        self.go_on(call)
        self.assert_kept()

    def test_copy(self):
        """Its rows come one by one, and its triggers when the last one has come."""
        url = self.object()
        self.insert(url)
        rows = Rows([url] + ['%s-%d' % (url, number) for number in range(10000)])
        other = self.open()
        self.addCleanup(other.close)
        load = Load(other, 'COPY %s (avatar) FROM STDIN' % self.person, rows)
        self.addCleanup(load.join)
        self.addCleanup(rows.end)
        wait_for(lambda: self.sql("SELECT pg_relation_size('{person}') > 100000") == [(True,)],
                 'rows have come')
        self.sql('DELETE FROM {table}')
        self.drain()
        self.assertEqual((self.keys(), self.queue('state, attempts')), ([self.key()], [('pending', 0)]))
        rows.end()
        load.result(30)
        self.assertEqual(self.sql('SELECT count(*) FROM {person} WHERE avatar = %s', url), [(1,)])
        self.assert_kept()

    def late_trigger(self):
        """A deferred one, which makes a row of {person} of one of {table}_late."""
        self.sql('CREATE FUNCTION {table}_late() RETURNS trigger LANGUAGE plpgsql AS '
                 "$$BEGIN INSERT INTO {person} (avatar) VALUES (NEW.url); RETURN NULL; END$$")
        self.addCleanup(lambda: self.sql('DROP FUNCTION {table}_late() CASCADE'))
        self.sql('CREATE TABLE {table}_late (url text)')
        self.addCleanup(lambda: self.sql('DROP TABLE {table}_late'))
        self.sql('CREATE CONSTRAINT TRIGGER late AFTER INSERT ON {table}_late DEFERRABLE'
                 ' INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {table}_late()')

    def test_deferred_trigger_of_a_writer(self):
        """Its transaction has written a followed table before: it is waited for."""
        self.late_trigger()
        self.insert(self.object())
        other = self.open()
        self.addCleanup(other.close)
        self.sql('BEGIN', session=other)
        self.sql('INSERT INTO {person} (avatar) VALUES (NULL)', session=other)
        self.sql('INSERT INTO {table}_late SELECT url FROM {table}', session=other)
        self.sql('DELETE FROM {table}')
        self.drain()
        self.assertEqual(self.keys(), [self.key()])
        self.sql('COMMIT', session=other)
        self.assert_kept()

    def test_deferred_trigger(self):
        """Names it at the commit, with what its transaction has read before."""
        self.late_trigger()
        self.insert(self.object())
        other = self.open()
        self.addCleanup(other.close)
        self.sql('BEGIN', session=other)
        self.sql('INSERT INTO {table}_late SELECT url FROM {table}', session=other)
        self.sql('DELETE FROM {table}')
        self.drain()
        with self.assertRaises(psycopg2.errors.SerializationFailure):
            self.sql('COMMIT', session=other)
        self.assertEqual(self.sql('SELECT avatar FROM {person}'), [])

    def test_old_snapshot(self):
        """It has seen the row, but touched no managed table when the object went."""
        self.insert(self.object())
        other = self.open()
        self.addCleanup(other.close)
        self.sql('BEGIN ISOLATION LEVEL REPEATABLE READ', session=other)
        self.sql('SELECT url FROM {table}', session=other)
        self.sql('DELETE FROM {table}')
        self.drain()
        self.assertEqual(self.keys(), [])
        self.assertEqual(self.queue('state'), [('gone',)])
        with self.assertRaises(psycopg2.errors.SerializationFailure) as raised:
            self.sql('INSERT INTO {person} (avatar) SELECT url FROM {table}', session=other)
        self.assertIn('was deleted', str(raised.exception))
        self.sql('ROLLBACK', session=other)
        self.drain()
        self.assertEqual(self.queue(), [])

    def test_named_after_it_has_gone(self):
        """Who knows the URL from elsewhere may write it down: nothing is lost by that."""
        url = self.object()
        self.insert(url)
        self.delete(url)
        self.assert_gone()
        self.insert(url)
        self.assertEqual(self.sql('SELECT url FROM {table}'), [(url,)])

    def test_listed_object(self):
        """What a comparison of bucket and rows has found to be nobody's."""
        url = self.object()
        other = self.open()
        self.addCleanup(other.close)
        self.sql('BEGIN', session=other)
        self.sql('INSERT INTO {table} (url) VALUES (%s)', url, session=other)
        self.sql("SELECT s3_delete_later(url) FROM s3_reconcile(%s, %s, %s, '0')"
                 " WHERE state = 'only_in_s3'", self.url(''), self.table, 'url')
        self.drain()
        self.assertEqual(self.keys(), [self.key()])
        self.sql('COMMIT', session=other)
        self.assert_kept()


    def test_drain_that_leaves_while_deletions_wait(self):
        """Its lock goes with it."""
        writer, drainer = self.open(), self.open()
        self.addCleanup(writer.close)
        self.sql('BEGIN', session=writer)
        self.sql('INSERT INTO {table} (url) VALUES (NULL)', session=writer)
        self.sql('SELECT s3_delete_later(%s)', self.object())
        self.drain(session=drainer)
        locks = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
        self.assertEqual(self.sql(locks), [(drainer.info.backend_pid,)])
        drainer.close()
        wait_for(lambda: self.sql(locks) == [], 'the lock goes')

    def test_listed_object_that_is_named_before_it_is_queued(self):
        url = self.object()
        listed = self.sql("SELECT url FROM s3_reconcile(%s, %s, %s, '0') WHERE state = 'only_in_s3'",
                          self.url(''), self.table, 'url')
        self.insert(url)
        self.sql('SELECT s3_delete_later(%s)', *listed[0])
        self.assert_kept()


class PartitionTest(RemovalCase):
    """Rows of partitions and of children are rows of the table."""

    def partitioned(self):
        self.sql('CREATE TABLE {table}_p (id int, url text) PARTITION BY RANGE (id)')
        self.addCleanup(lambda: self.sql('DROP TABLE IF EXISTS {table}_p, {table}_p1, {table}_p2'))
        for number in (1, 2):
            self.sql('CREATE TABLE {table}_p%d PARTITION OF {table}_p FOR VALUES FROM (%d) TO (%d)'
                     % (number, number, number + 1))
        self.sql('CREATE TRIGGER managed AFTER INSERT OR DELETE OR UPDATE ON {table}_p'
                 " FOR EACH ROW EXECUTE FUNCTION s3_manage('url')")

    def test_row_changes_its_partition(self):
        self.partitioned()
        self.sql('INSERT INTO {table}_p VALUES (1, %s)', self.object())
        self.sql('UPDATE {table}_p SET id = 2')
        self.assert_kept()
        self.sql('DELETE FROM {table}_p')
        self.assert_gone()

    def test_other_partition(self):
        self.partitioned()
        url = self.object()
        self.sql('INSERT INTO {table}_p VALUES (1, %s), (2, %s)', url, url)
        self.sql('DELETE FROM {table}_p1')
        self.assert_kept()

    def with_partition(self):
        """The URL of an object that a row of the first partition names."""
        self.partitioned()
        url = self.object()
        self.sql('INSERT INTO {table}_p VALUES (1, %s)', url)
        return url

    def queue_url(self, url):
        self.sql('SELECT s3_delete_later(%s)', url)

    def test_detached(self):
        """Nobody asks it any more, and its rows queue nothing."""
        url = self.with_partition()
        self.queue_url(url)
        self.assert_kept()
        self.sql('ALTER TABLE {table}_p DETACH PARTITION {table}_p1')
        self.sql('DELETE FROM {table}_p1')
        self.assertEqual(self.queue(), [])
        self.sql('INSERT INTO {table}_p1 VALUES (1, %s)', url)
        self.queue_url(url)
        self.assert_gone()

    def test_detached_and_followed(self):
        url = self.with_partition()
        self.sql('BEGIN')
        self.sql('ALTER TABLE {table}_p DETACH PARTITION {table}_p1')
        self.sql("SELECT s3_follow('{table}_p1', 'url')")
        self.sql('COMMIT')
        self.queue_url(url)
        self.assert_kept()
        self.sql('DELETE FROM {table}_p1')
        self.assert_gone()

    def test_followed_anew_while_a_deletion_waits(self):
        """Nothing goes between the one trigger and the other."""
        self.queue_url(self.with_partition())
        with self.open() as other:
            self.sql('BEGIN', session=other)
            self.sql('ALTER TABLE {table}_p DETACH PARTITION {table}_p1', session=other)
            self.sql("SELECT s3_follow('{table}_p1', 'url')", session=other)
            self.drain()
            self.assertEqual(self.keys(), [self.key()])
            self.sql('COMMIT', session=other)
        self.assert_kept()

    def test_detached_while_columns_are_asked(self):
        """The table that was read does not show its rows any more when it is asked."""
        self.queue_url(self.with_partition())
        reader, locker, other, drainer = (self.open() for _ in range(4))
        for conn in (reader, locker, other, drainer):
            self.addCleanup(conn.close)
        for _ in range(30):
            # The question about the table that comes first waits behind one who waits.
            self.sql('BEGIN', session=reader)
            self.sql('SELECT count(*) FROM {table}', session=reader)
            self.sql('BEGIN', session=locker)
            lock = Call(locker, 'LOCK TABLE %s IN ACCESS EXCLUSIVE MODE' % self.table)
            wait_for(lambda: self.sql(WAITS) == [(1,)], 'the lock is waited for')
            drain = Call(drainer, 'CALL s3_drain()')
            wait_for(lambda: self.sql(WAITS) == [(2,)] or not drain.is_alive(), 'the question waits')
            self.sql("BEGIN; ALTER TABLE {table}_p DETACH PARTITION {table}_p1;"
                     " SELECT s3_follow('{table}_p1', 'url'); COMMIT", session=other)
            self.sql('SELECT pg_cancel_backend(%s)', locker.info.backend_pid)
            with self.assertRaises(psycopg2.errors.QueryCanceled):
                lock.result()
            self.sql('ROLLBACK', session=locker)
            self.sql('COMMIT', session=reader)
            drain.result(30)
            self.assertEqual(self.keys(), [self.key()])
            if self.queue('last_error') == [(None,)]:
                break
            self.assertIn('lock timeout', self.queue('last_error')[0][0])    # we were too slow
            self.sql("SELECT s3_unfollow('{table}_p1', 'url')")
            self.sql('ALTER TABLE {table}_p ATTACH PARTITION {table}_p1 FOR VALUES FROM (1) TO (2)')
            self.sql('SELECT s3_queue_retry(id) FROM s3_queue')
        else:
            self.fail('the question never waited for the detaching alone')
        self.assert_kept()

    def test_detached_concurrently(self):
        """As long as it waits for others it has its trigger, and is asked."""
        url = self.with_partition()
        if self.session.server_version < 140000:    # which cannot do that
            return
        reader, other = self.open(), self.open()
        self.addCleanup(reader.close)
        self.addCleanup(other.close)
        self.sql('BEGIN ISOLATION LEVEL REPEATABLE READ', session=reader)
        self.sql('SELECT count(*) FROM {table}_p', session=reader)
        detach = Call(other, 'ALTER TABLE %s_p DETACH PARTITION %s_p1 CONCURRENTLY' % (self.table, self.table))
        wait_for(lambda: self.sql('SELECT url FROM {table}_p') == [], 'it shows no more')
        self.queue_url(url)
        self.assert_kept()
        self.sql('COMMIT', session=reader)
        detach.result(30)
        self.queue_url(url)
        self.assert_gone()

    def test_attached(self):
        """With the rows that it has."""
        self.partitioned()
        url = self.object()
        self.sql('CREATE TABLE {table}_p3 (id int, url text)')
        self.addCleanup(lambda: self.sql('DROP TABLE IF EXISTS {table}_p3'))
        self.sql('INSERT INTO {table}_p3 VALUES (3, %s)', url)
        self.queue_url(url)
        self.sql('ALTER TABLE {table}_p ATTACH PARTITION {table}_p3 FOR VALUES FROM (3) TO (4)')
        self.assert_kept()
        self.sql('DELETE FROM {table}_p')
        self.assert_gone()

    def child(self):
        """The URL of an object that a row of a table names which inherits."""
        self.sql('CREATE TABLE {table}_child () INHERITS ({table})')
        self.addCleanup(lambda: self.sql('DROP TABLE {table}_child'))
        url = self.object()
        self.sql('INSERT INTO {table}_child (url) VALUES (%s)', url)
        return url

    def test_child(self):
        """It has no trigger, so nothing is queued when its row goes."""
        url = self.child()
        self.queue_url(url)
        self.assert_kept()
        self.sql('DELETE FROM {table}_child')
        self.assertEqual(self.queue(), [])
        self.queue_url(url)
        self.assert_gone()

    def test_writer_of_a_child(self):
        """Is waited for like those of the table."""
        url = self.child()
        self.sql('DELETE FROM {table}_child')
        with self.open() as other:
            self.sql('BEGIN', session=other)
            self.sql('INSERT INTO {table}_child (url) VALUES (%s)', url, session=other)
            self.queue_url(url)
            self.drain()
            self.assertEqual(self.keys(), [self.key()])
            self.sql('COMMIT', session=other)
        self.assert_kept()

    def test_child_with_triggers(self):
        url = self.child()
        self.insert(url)
        self.sql("SELECT s3_follow('{table}_child', 'url')")
        self.sql('DELETE FROM {table}_child')
        self.assertEqual(self.queue('url'), [(url,)])
        self.assert_kept()
        self.sql('DELETE FROM {table}')
        self.assert_gone()

    def test_child_that_inherits_no_more(self):
        url = self.child()
        self.sql('ALTER TABLE {table}_child NO INHERIT {table}')
        self.queue_url(url)
        self.assert_gone()


class PutTest(RemovalCase):
    """An object that waits for its deletion is stored again."""

    def test_put_commits(self):
        url = self.object()
        self.insert(url)
        self.delete(url)
        self.put(url, 'again')
        self.drain()
        self.assertEqual((self.content(self.key()), self.queue()), (b'again', []))

    def test_put_by_another_name(self):
        url = self.object()
        self.insert(url)
        self.delete(url)
        self.put(self.url(self.key(), 's3-alias'), 'again')
        self.assert_kept()

    def test_put_is_rolled_back(self):
        """It has overwritten the object: the deletion goes on."""
        url = self.object()
        self.insert(url)
        self.delete(url)
        self.sql('BEGIN')
        self.put(url, 'again')
        self.drain_elsewhere()
        self.assertEqual(self.keys(), [self.key()])
        self.sql('ROLLBACK')
        self.assertEqual(self.queue('state'), [('pending',)])
        self.drain_until()

    def drain_elsewhere(self):
        other = self.open()
        self.drain(other)
        other.close()


class OursTest(RemovalCase):
    """What this database itself has written since the deletion was queued is no new object."""

    def setUp(self):
        super().setUp()
        self.endpoints['s3-german'] = endpoint('RGW', endpoint_url=self.gate.endpoint,
                                               content_language='de')
        self.session.close()
        self.session = self.open()

    def open(self):
        conn = super().open()
        query(conn, "SET s3store.delete_grace = '1s'")
        return conn

    def delete_meanwhile(self, url, write):
        """What write() does, nobody can know that the deletion is queued."""
        self.insert(url)
        deleter, writer = self.open(), self.open()
        self.sql('BEGIN', session=deleter)
        self.delete(url, session=deleter)
        write(writer)
        self.sql('COMMIT', session=deleter)
        writer.close()
        deleter.close()

    def write_and_roll_back(self, url, content):
        def write(writer):
            self.sql('BEGIN', session=writer)
            query(writer, 'SELECT s3_put(%s, %s::text, overwrite => true)', url, content)
            self.sql('ROLLBACK', session=writer)
        return write

    def test_synced(self):
        url = self.object()
        self.delete_meanwhile(url, lambda writer: query(
            writer, "CALL s3_sync_meta(%s)", self.url('', 's3-german')))
        self.assertEqual(self.stored(self.key())['ContentLanguage'], 'de')
        self.drain_until()

    def test_still_synced(self):
        """The copy was sent before anybody could know of the deletion, and is carried out later."""
        url = self.object()
        self.insert(url)
        deleter, writer = self.open(), self.open()
        self.sql('BEGIN', session=deleter)
        self.delete(url, session=deleter)
        held = self.gate.hold(lambda request: request.method == 'PUT')
        call = Call(writer, 'CALL s3_sync_meta(%s)', self.url('', 's3-german'))
        held.reached()
        self.sql('COMMIT', session=deleter)
        self.drain()
        self.assertEqual(self.queue('state, last_error'),
                         [('pending', 'a running transaction writes the object')])
        held.release()
        call.result(30)
        self.assertEqual(self.stored(self.key())['ContentLanguage'], 'de')
        self.drain_until()

    def test_put_and_rolled_back(self):
        url = self.object()
        self.delete_meanwhile(url, self.write_and_roll_back(url, 'y'))
        self.drain_until()

    def test_the_same_put_and_rolled_back(self):
        url = self.object()
        self.delete_meanwhile(url, self.write_and_roll_back(url, 'x'))
        self.drain_until()

    def test_put_that_commits_later(self):
        """It could not see the deletion when it stored the object; its object stays."""
        url = self.object()
        for ends, stays in (('COMMIT', True), ("PREPARE TRANSACTION 'later'", True), ('ROLLBACK TO s; COMMIT', False)):
            with self.subTest(ends):
                self.insert(url)
                deleter, writer = self.open(), self.open()
                self.sql('BEGIN', session=deleter)
                self.delete(url, session=deleter)
                self.sql('BEGIN; SAVEPOINT s', session=writer)
                query(writer, 'SELECT s3_put(%s, %s::text, overwrite => true)', url, 'later')
                self.sql('COMMIT', session=deleter)
                self.sql(ends, session=writer)
                if ends.startswith('PREPARE'):
                    self.sql("COMMIT PREPARED 'later'", session=writer)
                if stays:
                    self.drain()
                    self.assertEqual(self.queue('state'), [])
                    self.assertIsNotNone(self.stored(self.key()))
                else:
                    self.drain_until()

    def test_put_and_deleted_in_one_transaction(self):
        url = self.url(self.key())
        self.sql('BEGIN')
        self.put(url, 'x')
        self.insert(url)
        self.delete(url)
        self.sql('COMMIT')
        self.assertEqual(self.queue('state'), [('pending',)])
        self.drain_until()

    def meet(self, url):
        """Queues a deletion that is met, and not due yet."""
        self.sql("SELECT s3_delete_later(%s, delay => '1 hour')", url)
        self.drain()
        self.assertEqual(self.sql('SELECT met_at IS NOT NULL FROM s3_deletion'), [(True,)])

    def undo(self, *states):
        """Carries out what can be of the undo of a put."""
        self.sql("UPDATE s3_deletion SET next_at = now() WHERE kind = 'u'")
        self.drain()
        self.assertEqual(self.queue('kind, state, last_error'), list(states))

    def make_due(self):
        self.sql('SELECT s3_queue_retry(id) FROM s3_queue')
        self.drain()

    def test_met_again(self):
        for content in 'yx':
            with self.subTest(content):
                url = self.object()
                self.meet(url)
                self.write_and_roll_back(url, content)(self.session)
                self.undo(('deletion', 'pending', None))
                self.assertEqual(self.sql("SELECT met_at = '-infinity' FROM s3_deletion"), [(True,)])
                self.make_due()
                self.drain_until()

    def test_cannot_be_met_again(self):
        """The row is locked: the undo waits, since later nobody knows of it any more."""
        url = self.object()
        self.meet(url)
        self.write_and_roll_back(url, 'y')(self.session)
        other = self.open()
        self.sql('BEGIN', session=other)
        self.sql('SELECT 1 FROM s3_deletion FOR UPDATE', session=other)
        self.undo(('deletion', 'pending', None),
                  ('undo', 'pending', 'a deletion of the object is locked by another transaction'))
        self.sql('ROLLBACK', session=other)
        self.undo(('deletion', 'pending', None))
        self.make_due()
        self.drain_until()

    def test_others_after_it_was_met(self):
        """They do not become ours by a put that commits, or by a later sync."""
        url = self.object()
        self.meet(url)
        self.store(self.key(), b'theirs')
        query(self.session, "CALL s3_sync_meta(%s)", self.url('', 's3-german'))
        self.make_due()
        self.assertEqual(self.queue('state, last_error'), [
            ('dead', 'the object was written again after its deletion was queued, and no row names it')])
        self.assertEqual(self.content(self.key()), b'theirs')


class TableTest(RemovalCase):
    """A table that cannot be asked keeps its objects, and delays nobody else's."""

    def domain(self, body):
        """A column of a domain that does what its table's owner likes."""
        self.sql('CREATE FUNCTION {table}_check(value text) RETURNS bool LANGUAGE plpgsql IMMUTABLE'
                 ' AS $$BEGIN %s; RETURN true; END$$' % body)
        self.sql('CREATE INDEX {table}_odd ON {person} (({table}_check(avatar)))')
        self.addCleanup(lambda: self.sql('DROP FUNCTION {table}_check(text) CASCADE'))

    def test_locked(self):
        self.insert(self.object('-t'))
        self.fill(avatar=self.object('-p'))
        self.sql('DELETE FROM {table}')
        self.sql('DELETE FROM {person}')
        other = self.open()
        self.addCleanup(other.close)
        self.sql('BEGIN', session=other)
        self.sql('LOCK TABLE {person} IN ACCESS EXCLUSIVE MODE', session=other)
        self.drain()
        self.assertEqual(len(self.keys()), 2)
        self.sql('ROLLBACK', session=other)
        self.assert_gone()

    def test_row_level_security(self):
        """Hides no row from the question."""
        url = self.object()
        self.fill(avatar=url)
        self.sql('ALTER TABLE {person} ENABLE ROW LEVEL SECURITY')
        self.sql('ALTER TABLE {person} FORCE ROW LEVEL SECURITY')
        self.sql('SELECT s3_delete_later(%s)', url)
        self.assert_kept()
