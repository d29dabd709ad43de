"""test_removal.py - no object goes that a committed row names, however the row came to name it."""
import psycopg2
import psycopg2.errors

from backend import Call, wait_for
from harness import ENDPOINTS, connect, endpoint, query
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

    def assert_kept(self, *suffixes):
        self.drain()
        self.assertEqual(self.keys(), sorted(self.key(suffix) for suffix in suffixes or ('',)))

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


class LongWriterTest(RemovalCase):
    """A statement that names the object takes longer than the deletion."""

    def start(self, statement):
        """In a session of its own: the statement stands still until the advisory lock is free."""
        query(self.session, 'SELECT pg_advisory_lock(1, hashtext(%s))', self.table)
        self.addCleanup(lambda: query(self.session, 'SELECT pg_advisory_unlock_all()'))
        other = self.open()
        self.addCleanup(other.close)
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

    def test_deferred_trigger(self):
        """Names it at the commit, with what its transaction has read before."""
        self.insert(self.object())
        self.sql('CREATE FUNCTION {table}_late() RETURNS trigger LANGUAGE plpgsql AS '
                 "$$BEGIN INSERT INTO {person} (avatar) VALUES (NEW.url); RETURN NULL; END$$")
        self.addCleanup(lambda: self.sql('DROP FUNCTION {table}_late() CASCADE'))
        self.sql('CREATE TABLE {table}_late (url text)')
        self.addCleanup(lambda: self.sql('DROP TABLE {table}_late'))
        self.sql('CREATE CONSTRAINT TRIGGER late AFTER INSERT ON {table}_late DEFERRABLE'
                 ' INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {table}_late()')
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

    def test_child(self):
        url = self.object()
        self.sql('CREATE TABLE {table}_child () INHERITS ({table})')
        self.addCleanup(lambda: self.sql('DROP TABLE {table}_child'))
        self.sql('INSERT INTO {table}_child (url) VALUES (%s)', url)
        self.sql('SELECT s3_delete_later(%s)', url)
        self.assert_kept()


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

    def drain_elsewhere(self):
        other = self.open()
        self.drain(other)
        other.close()


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
