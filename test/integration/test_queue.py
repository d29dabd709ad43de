"""test_queue.py - objects that follow their rows, drained by hand from real servers."""
import concurrent.futures
import unittest

from backend import Call, lives, wait_for
from fault import Answer, FaultServer
from harness import ceph_release, query
from queue_case import DELETING, QueueCase, TargetCase

REWRITTEN = 'the object was written again after its deletion was queued, and no row names it'
UNCLEAR = 'cannot tell yet whether the object was written before or after its deletion was queued'


def is_method(*methods):
    return lambda request: request.method in methods


def is_removal(request):
    """A request that deletes, one object or many."""
    return request.method == 'DELETE' or (request.method == 'POST' and '?delete' in request.target)


class DrainTest(QueueCase):
    """What becomes of queued deletions."""

    def test_row_goes(self):
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url)
        self.delete(url)
        self.assertEqual(self.queue(), [(url, 'pending', 0)])
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], []))

    def test_url_changes(self):
        old, new = self.url(self.key('-old')), self.url(self.key('-new'))
        self.put(old, 'x')
        self.put(new, 'x')
        self.insert(old)
        query(self.session, 'UPDATE %s SET url = %%s' % self.table, new)
        self.drain()
        self.assertEqual(self.keys(), [self.key('-new')])
        self.delete(new)
        self.drain()

    def test_rollback(self):
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url)
        query(self.session, 'BEGIN')
        self.delete(url)
        query(self.session, 'SELECT s3_delete_later(%s)', url)
        query(self.session, 'ROLLBACK')
        self.drain()
        self.assertEqual(self.keys(), [self.key()])
        self.delete(url)
        self.drain()
        self.assertEqual(self.keys(), [])

    def test_many(self):
        """More than one round of them, odd keys included, and several drains at once."""
        keys = ['%s/%d &<>"\u00e9\n' % (self.key(), i) for i in range(300)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(self.store, keys))
        self.insert(*(self.url(key, 's3') for key in keys))
        query(self.session, 'DELETE FROM ' + self.table)
        calls = [Call(self.open(), 'CALL s3_drain()') for _ in range(3)]
        for call in calls:
            call.result(60)
        self.assertEqual((self.queue('url, state, last_error'), self.keys()), ([], []))

    def test_prepared_transaction(self):
        kept, gone = self.url(self.key('-kept')), self.url(self.key('-gone'))
        for url, end in ((kept, 'ROLLBACK PREPARED'), (gone, 'COMMIT PREPARED')):
            self.put(url, 'x')
            self.insert(url)
            query(self.session, 'BEGIN')
            self.delete(url)
            query(self.session, "PREPARE TRANSACTION '%s'" % self.table)
            self.drain()
            self.assertIn(url.rpartition('/')[2], self.keys())
            query(self.session, "%s '%s'" % (end, self.table))
        self.drain()
        self.assertEqual(self.keys(), [self.key('-kept')])
        self.delete(kept)
        self.drain()

    def test_delay(self):
        self.manage('AFTER DELETE', 'delay=1 hour')
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url)
        self.delete(url)
        self.drain()
        self.assertEqual(self.keys(), [self.key()])
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.drain()
        self.assertEqual(self.keys(), [])

    def test_locked_rows_are_looked_past(self):
        """However many stand before the others."""
        query(self.session, "SELECT count(s3_delete_later(%s || i)) FROM generate_series(1, 2100) i",
              self.url('locked'))
        self.put(self.url(self.key()), 'x')
        query(self.session, 'SELECT s3_delete_later(%s)', self.url(self.key()))
        with self.open() as other:
            query(other, 'BEGIN')
            query(other, 'SELECT count(*) FROM (SELECT FROM s3_deletion WHERE url <> %s FOR KEY SHARE) d',
                  self.url(self.key()))
            self.drain()
            self.assertEqual(self.keys(), [])
            self.assertEqual(self.queue('state').count(('pending',)), 2100)
            query(other, 'ROLLBACK')
        query(self.session, 'DELETE FROM s3_deletion')

    def test_max_items(self):
        urls = [self.url(self.key('-%d' % i)) for i in range(3)]
        for url in urls:
            self.put(url, 'x')
            query(self.session, 'SELECT s3_delete_later(%s)', url)
        query(self.session, 'CALL s3_drain(2)')
        self.assertEqual(self.keys(), [self.key('-2')])
        self.drain()

    def test_missing_object(self):
        query(self.session, 'SELECT s3_delete_later(%s)', self.url(self.key()))
        self.drain()
        self.assertEqual(self.queue(), [])

    def test_missing_bucket(self):
        """Is no missing object: the address may be wrong."""
        query(self.session, "SELECT s3_delete_later('s3-gate://no-such-bucket-at-all/key')")
        self.drain()
        ((state, attempts, error),) = self.queue('state, attempts, last_error')
        self.assertEqual((state, attempts), ('pending', 1))
        self.assertIn('bucket does not exist', error)

    def test_one_bad_does_not_block(self):
        bad, good = 's3-gate://no-such-bucket-at-all/key', self.url(self.key())
        self.put(good, 'x')
        query(self.session, 'SELECT s3_delete_later(%s), s3_delete_later(%s)', bad, good)
        query(self.session, "SELECT s3_delete_later(%s)", self.url('\u00e9' * 512))
        self.drain()
        self.assertEqual(self.keys(), [])
        self.assertEqual(self.queue('url'), [(bad,)])

    def test_versions(self):
        """A plain deletion leaves a marker; one of a version takes that version."""
        name = self.bucket()
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={'Status': 'Enabled'})
        first, second = (self.s3.put_object(Bucket=name, Key='k', Body=body)['VersionId']
                         for body in (b'1', b'2'))
        url = 's3://%s/k' % name
        query(self.session, 'SELECT s3_delete_later(%s, version_id => %s)', url, first)
        self.drain()
        versions = self.s3.list_object_versions(Bucket=name)
        self.assertEqual([v['VersionId'] for v in versions['Versions']], [second])
        self.assertNotIn('DeleteMarkers', versions)
        query(self.session, 'SELECT s3_delete_later(%s)', url)
        self.drain()
        versions = self.s3.list_object_versions(Bucket=name)
        self.assertEqual([v['VersionId'] for v in versions['Versions']], [second])
        self.assertEqual(len(versions['DeleteMarkers']), 1)

    def test_notification(self):
        query(self.session, 'LISTEN s3store_queue')
        query(self.session, 'SELECT s3_delete_later(%s)', self.url(self.key()))
        other = self.open()
        self.drain(other)
        query(self.session, 'SELECT 1')
        (note,) = self.session.notifies
        self.assertEqual((note.channel, note.payload),
                         ('s3store_queue', '{"deleted": 1, "kept": 0, "failed": 0}'))


class IndexTest(QueueCase):
    """What is queued while an index is made anew is in the new one."""

    INDEXES = 'pending', 'object', 'started', 'dead'

    def test_reindex_concurrently(self):
        query(self.session, 'CREATE EXTENSION IF NOT EXISTS amcheck')
        for index in self.INDEXES:
            writer, reader, other = self.open(), self.open(), self.open()
            query(writer, 'BEGIN')
            self.queue_key(writer, index + '-1')
            call = Call(other, 'REINDEX INDEX CONCURRENTLY s3_deletion_' + index)
            self.wait_for_phase('waiting for writers before build')
            self.queue_key(self.session, index + '-2')          # it must not have the row yet
            query(reader, 'BEGIN ISOLATION LEVEL REPEATABLE READ')
            query(reader, 'SELECT 1 FROM pg_class LIMIT 1')
            query(writer, 'COMMIT')
            self.wait_for_phase('waiting for old snapshots')
            self.queue_key(self.session, index + '-3')          # now it must
            query(reader, 'COMMIT')
            call.result(30)
        for index in self.INDEXES:
            query(self.session, "SELECT bt_index_check('s3_deletion_%s', true)" % index)
        self.put(self.url('object-3'), 'x')         # finds it
        states = [state for state, in self.queue('state')]
        self.assertEqual((len(states), states.count('void')), (12, 1))

    def queue_key(self, session, key):
        query(session, 'SELECT s3_delete_later(%s)', self.url(key))

    def wait_for_phase(self, phase):
        wait_for(lambda: query(self.session, 'SELECT phase FROM pg_stat_progress_create_index') == [(phase,)],
                 phase)


class ReferenceTest(QueueCase):
    """A row that names the object keeps it."""

    def setUp(self):
        super().setUp()
        self.manage('AFTER DELETE OR UPDATE OF url')

    def test_copy_of_the_row(self):
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url, url)
        query(self.session, 'DELETE FROM %s WHERE id = 1' % self.table)
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], [self.key()]))
        self.delete(url)
        self.drain()
        self.assertEqual(self.keys(), [])

    def test_partition_move(self):
        table = self.table + '_p'
        query(self.session, 'CREATE TABLE %s (kind int, url text) PARTITION BY LIST (kind)' % table)
        self.addCleanup(lambda: query(self.open(), 'DROP TABLE ' + table))
        for kind in (1, 2):
            query(self.session, 'CREATE TABLE %s_%d PARTITION OF %s FOR VALUES IN (%d)'
                  % (table, kind, table, kind))
        query(self.session, 'CREATE TRIGGER managed AFTER DELETE OR UPDATE OF url, kind ON %s'
              " FOR EACH ROW EXECUTE FUNCTION s3_manage('url')" % table)
        url = self.url(self.key())
        self.put(url, 'x')
        query(self.session, 'INSERT INTO %s VALUES (1, %%s)' % table, url)
        query(self.session, 'UPDATE %s SET kind = 2' % table)
        self.assertEqual(self.queue('url'), [(url,)])
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], [self.key()]))
        query(self.session, 'DELETE FROM ' + table)
        self.drain()
        self.assertEqual(self.keys(), [])

    def test_column_that_is_not_managed_any_more(self):
        """Nobody asks it: rows that are written there see no deletion."""
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url, url)
        query(self.session, 'DELETE FROM %s WHERE id = 1' % self.table)
        query(self.session, 'DROP TRIGGER managed ON ' + self.table)
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], []))

    def check_waits(self):
        """For a transaction that writes rows: no attempt has failed."""
        self.drain()
        self.assertEqual(self.queue('state, attempts, last_error'), [('pending', 0, None)])
        self.assertIn(self.key(), self.keys())

    def check_kept(self):
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], [self.key()]))

    def test_row_that_is_not_committed_yet(self):
        """Its transaction is waited for, though its own snapshot sees no deletion."""
        self.manage('AFTER INSERT OR DELETE')
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url)
        other = self.open()
        query(other, 'BEGIN ISOLATION LEVEL REPEATABLE READ')
        query(other, 'SELECT 1 FROM ' + self.table)
        self.insert(url, session=other)
        self.delete(url)
        self.check_waits()
        query(other, 'COMMIT')
        self.check_kept()

    def test_rows_of_a_load_that_is_not_committed_yet(self):
        self.manage('AFTER INSERT OR DELETE')
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url)
        other = self.open()
        query(other, 'BEGIN')
        query(other, 'INSERT INTO %s (url) SELECT %%s || i FROM generate_series(1, 300) i' % self.table,
              self.url('other'))
        self.insert(url, session=other)
        self.delete(url)
        self.check_waits()
        query(other, 'COMMIT')
        self.check_kept()

    def test_writer_that_is_rolled_back(self):
        self.manage('AFTER INSERT OR DELETE')
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url)
        other = self.open()
        query(other, 'BEGIN')
        self.insert(url, session=other)
        self.delete(url)
        self.check_waits()
        query(other, 'ROLLBACK')
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], []))

    def test_other_writers_are_not_waited_for(self):
        """Those that come after the deletion was looked at see it."""
        self.manage('AFTER INSERT OR DELETE')
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url)
        first, second = self.open(), self.open()
        query(first, 'BEGIN')
        self.insert(self.url('first'), session=first)
        self.delete(url)
        self.check_waits()
        query(second, 'BEGIN')
        self.insert(self.url('second'), session=second)
        query(first, 'COMMIT')
        self.drain()
        self.assertEqual((self.queue('state'), self.keys()), ([('gone',)], []))
        query(second, 'COMMIT')
        self.drain()
        self.assertEqual(self.queue(), [])

    def test_old_snapshot_sees_the_deletion(self):
        """Which is younger than the snapshot of the transaction."""
        self.manage('AFTER INSERT OR DELETE')
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url)
        other = self.open()
        query(other, 'BEGIN ISOLATION LEVEL REPEATABLE READ')
        query(other, 'SELECT 1 FROM ' + self.table)
        self.delete(url)
        self.insert(url, session=other)
        self.check_waits()
        query(other, 'COMMIT')
        self.check_kept()

    def test_locked_table_waits(self):
        url = self.url(self.key())
        self.put(url, 'x')
        self.insert(url)
        self.delete(url)
        other = self.open()
        query(other, 'BEGIN')
        query(other, 'LOCK TABLE ' + self.table)
        self.check_waits()
        query(other, 'ROLLBACK')
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], []))


class AgeTest(QueueCase):
    """What others have written after the deletion was met stays."""

    def queue_and_meet(self):
        """Queues a deletion, which is met, and becomes due only then."""
        query(self.session, "SELECT s3_delete_later(%s, delay => '1 hour')", self.url(self.key()))
        self.drain()
        self.assertEqual(self.queue('state, attempts, last_error'), [('pending', 0, None)])
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')

    def test_written_before(self):
        self.store(self.key())
        query(self.session, 'SELECT s3_delete_later(%s)', self.url(self.key()))
        self.drain()
        self.assertEqual(self.keys(), [])

    def test_written_after(self):
        self.store(self.key(), b'old')
        self.queue_and_meet()
        self.store(self.key(), b'new')
        self.drain()
        self.assertEqual(self.content(self.key()), b'new')
        self.assertEqual(self.queue('state, last_error'), [('dead', REWRITTEN)])

    def test_written_before_it_is_met(self):
        """Nobody can tell who has: its writer has delete_grace to name it in a row."""
        self.store(self.key(), b'old')
        query(self.session, 'SELECT s3_delete_later(%s)', self.url(self.key()))
        self.store(self.key(), b'new')
        self.drain()
        self.assertEqual(self.content(self.key()), b'new')
        self.assertEqual(self.queue('state, attempts, last_error'), [('pending', 0, UNCLEAR)])
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.drain()                    # it was met only once
        self.assertEqual(self.queue('state, attempts, last_error'), [('pending', 0, UNCLEAR)])
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')
        query(self.session, 'SET s3store.delete_grace = 0')
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], []))

    def test_written_by_a_put_that_is_never_undone(self):
        """It was rolled back, and stands in the journal: the deletion waits once all the same."""
        writer, others = self.open(), self.open()
        self.addCleanup(writer.close)
        self.addCleanup(others.close)
        self.store(self.key(), b'old')
        query(others, 'BEGIN')
        for number in range(3):     # the journal is not rewritten as long as these are open
            query(others, "SELECT s3_put(%s, 'x'::text)", self.url(self.key(str(number))))
        query(self.session, 'SELECT s3_delete_later(%s)', self.url(self.key()))
        query(writer, 'SET s3store.put_undo = off')
        query(writer, 'BEGIN')
        query(writer, "SELECT s3_put(%s, 'new'::text, overwrite => true)", self.url(self.key()))
        query(writer, 'ROLLBACK')
        query(self.session, "SET s3store.delete_grace = '1s'")

        def is_gone():
            self.drain()
            return self.key() not in self.keys()
        wait_for(is_gone, 'the object goes', 15)
        query(others, 'ROLLBACK')
        self.drain_until()

    def test_written_long_before_it_is_met(self):
        """Where no worker came for long, it is others' all the same."""
        self.store(self.key(), b'old')
        query(self.session, 'SELECT s3_delete_later(%s)', self.url(self.key()))
        query(self.session, "UPDATE s3_deletion SET queued_at = queued_at - interval '1 hour'")
        self.store(self.key(), b'new')
        self.drain()
        self.assertEqual(self.content(self.key()), b'new')
        self.assertEqual(self.queue('state, last_error'), [
            ('dead', 'the object was written again after its deletion was queued, and no row names it')])

    def test_met_and_not_due(self):
        """One with a delay waits for nothing, and asks for nothing, when it is met."""
        self.manage('AFTER INSERT OR DELETE', 'delay=1 hour')
        self.insert(self.url(self.key()))
        self.delete(self.url(self.key()))
        writer = self.open()
        query(writer, 'BEGIN')
        self.insert('s3://other/key', session=writer)
        del self.session.notices[:]
        self.drain()
        self.assertIn('objects deleted: 0, kept: 0, not yet deleted: 0', self.session.notices[-1])
        self.assertEqual(query(self.session, "SELECT met_at > queued_at, next_at > now() + '50 min'::interval,"
                               ' state, attempts FROM s3_deletion'), [(True, True, 'p', 0)])
        query(self.session, 'UPDATE s3_deletion SET next_at = now()')
        self.drain()                    # in between, it stays met since then
        self.assertEqual(query(self.session, "SELECT next_at > now() + '50 min'::interval, met_at - queued_at"
                               " < '10 s'::interval FROM s3_deletion"), [(True, True)])
        query(writer, 'ROLLBACK')
        query(self.session, 'UPDATE s3_deletion SET void = true, next_at = now()')
        self.drain()
        self.assertEqual(self.queue(), [])

    def test_written_after_and_named(self):
        self.store(self.key(), b'old')
        query(self.session, 'SELECT s3_delete_later(%s)', self.url(self.key()))
        self.store(self.key(), b'new')
        self.insert(self.url(self.key()))
        self.drain()
        self.assertEqual((self.content(self.key()), self.queue()), (b'new', []))

    def test_retry_decides(self):
        """Whoever asks for one by its number wants that object to go."""
        self.test_written_after()
        query(self.session, 'SELECT s3_queue_retry()')      # all that are dead, for whatever reason
        self.drain()
        self.assertEqual(self.queue('state, last_error'), [('dead', REWRITTEN)])
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], []))

    def serve(self, *answers):
        server = FaultServer(answers=[*answers, Answer(404, {}, b'')])
        server.start()
        self.addCleanup(server.stop)
        query(self.session, "SELECT set_config('s3store.endpoints', %s, false)",
              '{"s3-fake": {"endpoint_url": "%s", "access_key_id": "id", "secret_access_key": "s"}}'
              % server.endpoint)
        query(self.session, "SELECT s3_delete_later('s3-fake://answer/key')")
        return server

    def test_whole_seconds(self):
        """Where the server tells no more, the object stays for a while."""
        now = query(self.session, "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC',"
                    " 'Dy, DD Mon YYYY HH24:MI:SS \"GMT\"'), to_char(clock_timestamp() AT TIME ZONE 'UTC',"
                    " 'YYYY-MM-DD\"T\"HH24:MI:SS.000Z')")[0]
        head = Answer(200, {'Last-Modified': now[0], 'Date': now[0]}, b'')
        page = ('<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>key</Key>'
                '<LastModified>%s</LastModified><Size>1</Size></Contents></ListBucketResult>' % now[1])
        gone = b'<DeleteResult><Deleted><Key>key</Key></Deleted></DeleteResult>'
        server = self.serve(head, Answer(200, {}, page.encode()), head, Answer(200, {}, page.encode()),
                            Answer(200, {}, gone))
        self.drain()
        self.assertEqual(self.queue('state, attempts, last_error'), [('pending', 0, UNCLEAR)])
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')
        query(self.session, 'SET s3store.delete_grace = 0')
        self.drain()
        self.assertEqual(self.queue(), [])
        self.assertTrue(is_removal(server.requests[-1]), server.requests[-1])

    def test_slow_clock_of_the_server(self):
        """An hour behind: what it says is newer than we say."""
        times = query(self.session, "SELECT to_char((clock_timestamp() - i * '1 min'::interval)"
                      " AT TIME ZONE 'UTC', 'Dy, DD Mon YYYY HH24:MI:SS \"GMT\"')"
                      ' FROM unnest(ARRAY[55, 60]) i')
        server = self.serve(Answer(200, {'Last-Modified': times[0][0], 'Date': times[1][0]}, b''))
        self.drain()
        self.assertEqual(self.queue('state, last_error'), [('dead', REWRITTEN)])
        self.assertFalse(any(map(is_removal, server.requests)))

    def test_no_time(self):
        server = self.serve(Answer(200, {}, b''))
        self.drain()
        self.assertEqual(self.queue('state, attempts, last_error'), [('pending', 0, UNCLEAR)])
        self.assertFalse(any(map(is_removal, server.requests)))


class FailureTest(QueueCase):
    """Attempts, and what is none."""

    def serve(self, *answers):
        server = FaultServer(answers=list(answers))
        server.start()
        self.addCleanup(server.stop)
        query(self.session, "SELECT set_config('s3store.endpoints', %s, false)",
              '{"s3-fake": {"endpoint_url": "%s", "access_key_id": "id", "secret_access_key": "s"}}'
              % server.endpoint)
        return server

    def test_throttled_is_no_attempt(self):
        self.serve(Answer(503, {}, b'<Error><Code>SlowDown</Code></Error>'))
        query(self.session, "SELECT s3_delete_later('s3-fake://answer/key', version_id => 'v')")
        self.drain()
        ((attempts, error, waits),) = self.queue('attempts, last_error, next_at > clock_timestamp()')
        self.assertEqual((attempts, waits), (0, True))
        self.assertTrue(error)

    def test_dead_after_the_last_attempt(self):
        self.serve(Answer(403, {}, b'<Error><Code>AccessDenied</Code></Error>'))
        query(self.session, 'SET s3store.delete_max_attempts = 3')
        query(self.session, "SELECT s3_delete_later('s3-fake://answer/key', version_id => 'v')")
        waits = []
        for attempt in (1, 2, 3):
            self.drain()
            ((state, attempts, error, wait),) = self.queue(
                'state, attempts, last_error, extract(epoch FROM next_at - clock_timestamp())')
            self.assertEqual((state, attempts), ('dead' if attempt == 3 else 'pending', attempt))
            self.assertIn('access denied', error)
            waits.append(float(wait))
            query(self.session, 'UPDATE s3_deletion SET next_at = now()')
        self.assertLess(waits[0], 1)
        self.assertGreater(waits[2], 1.5)
        self.drain()
        self.assertEqual(self.queue('state'), [('dead',)])
        query(self.session, 'SELECT s3_queue_retry()')
        self.assertEqual(self.queue('state, attempts'), [('pending', 0)])

    def test_lost_answer(self):
        """What was sent again, and then done, may be done once more: it is looked at again."""
        gone = b'<DeleteResult><Deleted><Key>key</Key></Deleted></DeleteResult>'
        head = Answer(200, {'Last-Modified': 'Sat, 01 Jan 2000 00:00:00 GMT'}, b'')
        server = self.serve(head, Answer(500, {}, b''), Answer(200, {}, gone), Answer(404, {}, b''),
                            Answer(200, {}, b'<ListBucketResult></ListBucketResult>'))
        query(self.session, "SELECT s3_delete_later('s3-fake://answer/key')")
        self.drain()
        ((state, attempts, error),) = self.queue('state, attempts, last_error')
        self.assertEqual((state, attempts), ('deleting', 0))
        self.assertIn('may still be executed', error)
        self.assertEqual(query(self.session, "SELECT unsure_until > now() + '50 s' FROM s3_deletion"),
                         [(True,)])
        self.drain()
        self.assertEqual(self.queue('state'), [('deleting',)])
        self.expire()
        self.drain()
        self.assertEqual(self.queue(), [])
        self.assertEqual(len(list(filter(is_removal, server.requests))), 2)

    HEAD = Answer(200, {'Last-Modified': 'Sat, 01 Jan 2000 00:00:00 GMT'}, b'')

    def fail_to_delete(self, *answers, attempts):
        """A request that may still be executed, as far as anybody knows."""
        self.serve(self.HEAD, Answer(500, {}, b''), *answers)
        query(self.session, 'SET s3store.max_attempts = 1')
        query(self.session, "SELECT s3_delete_later('s3-fake://answer/key')")
        query(self.session, 'UPDATE s3_deletion SET attempts = %s', attempts)
        self.drain()
        self.assertEqual(self.queue('state, attempts'), [('deleting', attempts + 1)])
        self.expire()

    def test_unsure_backs_off(self):
        """No sooner than a failed attempt, though nothing of it is under way any more."""
        self.fail_to_delete(self.HEAD, attempts=8)
        self.drain()
        self.assertEqual(self.queue("state, attempts, next_at > now() + '1 min'"), [('pending', 9, True)])

    def test_unsure_is_dead_after_the_last_attempt(self):
        query(self.session, 'SET s3store.delete_max_attempts = 3')
        self.fail_to_delete(self.HEAD, attempts=2)
        error = self.queue('last_error')
        self.drain()
        self.assertEqual(self.queue('state, attempts'), [('dead', 3)])
        self.assertEqual(self.queue('last_error'), error)

    def test_unsure_until_it_was_looked_at(self):
        """Nobody may name the object before somebody has seen whether it is there."""
        self.fail_to_delete(Answer(500, {}, b''), Answer(404, {}, b''),
                            Answer(200, {}, b'<ListBucketResult></ListBucketResult>'), attempts=0)
        self.drain()
        self.assertEqual(query(self.session, "SELECT state, unsure_until > now() + '50 s' FROM s3_deletion"),
                         [('d', True)])
        self.expire()
        self.drain()
        self.assertEqual(self.queue(), [])

    def test_dead_server_blocks_no_commit(self):
        server = FaultServer(mode='stall')
        server.mode = 'silent-accept'
        server.start()
        self.addCleanup(server.stop)
        query(self.session, "SELECT set_config('s3store.endpoints', %s, false)",
              '{"s3-fake": {"endpoint_url": "%s", "access_key_id": "id", "secret_access_key": "s"}}'
              % server.endpoint)
        query(self.session, "SET statement_timeout = '5s'")
        self.insert('s3-fake://b/k')
        self.delete('s3-fake://b/k')
        self.assertEqual(self.queue('url'), [('s3-fake://b/k',)])


class RaceTest(TargetCase):
    """Delete, put and worker, interleaved at every step.

    A drain is held at the gate; a put of the same URL is let loose, and must
    survive.  Nothing here is left to time: requests stop at the gate, and that
    somebody waits is seen in pg_stat_activity.
    """

    def wait_for(self, session, event):
        pid = session.info.backend_pid
        wait_for(lambda: query(self.session, 'SELECT wait_event FROM pg_stat_activity WHERE pid = %s', pid)
                 == [(event,)], 'it waits')

    def check_new(self):
        """The new object is there, and stays."""
        self.assertEqual(self.content(self.key()), b'new')
        self.expire()
        self.drain_until(self.key())
        self.assertEqual(self.content(self.key()), b'new')

    def check_rewritten(self):
        """It stays, and somebody has to say whether it should."""
        for _ in range(2):
            self.drain()
            self.assertEqual(self.content(self.key()), b'new')
            self.assertEqual(self.queue('state, last_error'), [('dead', REWRITTEN)])

    def hold_drain(self, matches, after=False):
        """A drain whose request is held."""
        held = self.gate.hold(matches, after)
        self.delete(self.target)
        call = Call(self.other, 'CALL s3_drain()')
        held.reached()
        self.assertEqual(query(self.session, DELETING), [(1,)])
        return held, call

    def put_meanwhile(self, held, call):
        """A put, which waits for the drain that is held."""
        writer = self.open()
        put = Call(writer, "SELECT s3_put(%s, 'new'::text, overwrite => true)", self.target)
        self.wait_for(writer, 'Extension')
        held.release()
        call.result(30)
        put.result(30)

    def test_put_before_the_drain(self):
        self.delete(self.target)
        self.put(self.target, 'new', self.other)
        self.assertEqual(self.queue('state'), [('void',)])
        self.check_new()

    def test_put_of_what_was_given_up(self):
        self.delete(self.target)
        query(self.session, 'UPDATE s3_deletion SET dead = true')
        self.put(self.target, 'new', self.other)
        self.assertEqual(self.queue('state'), [('void',)])
        self.check_new()

    def test_put_while_the_drain_looks_the_object_up(self):
        self.put_meanwhile(*self.hold_drain(is_method('HEAD')))
        self.check_new()

    def test_put_when_the_drain_has_looked_the_object_up(self):
        self.put_meanwhile(*self.hold_drain(is_method('HEAD'), after=True))
        self.check_new()

    def test_put_before_the_server_deletes(self):
        self.put_meanwhile(*self.hold_drain(is_removal))
        self.check_new()

    def test_put_after_the_server_has_deleted(self):
        self.put_meanwhile(*self.hold_drain(is_removal, after=True))
        self.check_new()

    def test_put_by_somebody_else_before_the_drain_looks(self):
        """Who knows nothing of the queue is told by the time of his object."""
        held, call = self.hold_drain(is_method('HEAD'))
        self.store(self.key(), b'new')
        held.release()
        call.result(30)
        self.check_rewritten()

    def test_put_by_another_spelling(self):
        """With normalize_keys, that is the same object."""
        for session in (self.session, self.other):
            query(session, 'SET s3store.normalize_keys = on')
        self.delete(self.target)
        self.put(self.url('x/../' + self.key()), 'new', self.other)
        self.assertEqual(self.queue('state'), [('void',)])
        self.check_new()

    def test_deletion_during_a_put(self):
        """It waits for the put, which makes it void: what is there then is new."""
        held = self.gate.hold(is_method('PUT'))
        put = Call(self.other, "SELECT s3_put(%s, 'new'::text, overwrite => true)", self.target)
        held.reached()
        self.delete(self.target)
        self.drain()
        self.assertIn('a running transaction', self.queue('last_error')[0][0])
        held.release()
        put.result(30)
        query(self.session, 'UPDATE s3_deletion SET next_at = now()')
        self.drain()
        self.assertEqual((self.queue(), self.content(self.key())), ([], b'new'))

    def test_deletion_during_a_load(self):
        """A transaction that writes too many objects locks their bucket."""
        query(self.other, 'BEGIN')
        query(self.other, "SELECT s3_put(%s || i, 'x'::text) FROM generate_series(1, 256) i",
              self.url('load/', 's3-gate'))
        self.put(self.target, 'new', self.other)
        self.delete(self.target)
        self.drain()
        self.assertIn('a running transaction', self.queue('last_error')[0][0])
        self.insert(self.target, session=self.other)
        query(self.other, 'COMMIT')
        query(self.session, 'UPDATE s3_deletion SET next_at = now()')
        self.drain()
        self.assertEqual((self.queue(), self.content(self.key())), ([], b'new'))

    def test_deletion_made_void_by_a_put_that_is_not_committed(self):
        self.delete(self.target)
        query(self.other, 'BEGIN')
        self.put(self.target, 'new', self.other)
        self.drain()                                # the row is locked: it is skipped
        self.assertEqual(self.content(self.key()), b'new')
        query(self.other, 'COMMIT')
        self.check_new()

    def test_row_rolled_back_leaves_the_deletion(self):
        self.delete(self.target)
        query(self.other, 'BEGIN')
        query(self.other, 'SAVEPOINT s')
        self.insert(self.target, session=self.other)
        query(self.other, 'ROLLBACK TO s')
        query(self.other, 'COMMIT')
        self.assertEqual(self.queue(), [(self.target, 'pending', 0)])
        self.drain()
        self.assertEqual(self.keys(), [])

    def test_insert_during_a_deletion(self):
        """A row that is too late to save its object says so."""
        held, call = self.hold_drain(is_removal)
        writer = self.open()
        insert = Call(writer, 'INSERT INTO %s (url) VALUES (%%s)' % self.table, self.target)
        self.wait_for(writer, 'Extension')
        held.release()
        call.result(30)
        with self.assertSqlState('40001', 'was deleted'):
            insert.result(30)
        self.assertEqual(self.keys(), [])

    def insert_many(self, session, last):
        """A statement that looks at all deletions that were started, not at those of each row."""
        return Call(session, "INSERT INTO %s (url) SELECT %%s || i FROM generate_series(1, 50) i"
                    ' UNION ALL SELECT %%s' % self.table, self.url('other'), last)

    def test_many_rows_during_a_deletion(self):
        held, call = self.hold_drain(is_removal)
        writer = self.open()
        insert = self.insert_many(writer, self.target)
        self.wait_for(writer, 'Extension')
        self.insert_many(self.session, self.url('free')).result(30)
        held.release()
        call.result(30)
        with self.assertSqlState('40001', 'was deleted'):
            insert.result(30)
        self.assertEqual(self.keys(), [])

    def test_insert_during_a_deletion_that_fails(self):
        """It finds the object stored again."""
        held, call = self.hold_drain(is_method('HEAD'))
        writer = self.open()
        insert = Call(writer, 'INSERT INTO %s (url) VALUES (%%s)' % self.table, self.target)
        self.wait_for(writer, 'Extension')
        self.store(self.key(), b'new')
        held.release()
        call.result(30)
        insert.result(30)
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.check_new()

    def kill_drain(self, held, call):
        """Ends the session of a drain whose request is held."""
        pid = self.other.info.backend_pid
        query(self.session, 'SELECT pg_terminate_backend(%s)', pid)
        wait_for(lambda: not lives(pid), 'the drain is gone', 30)
        call.join(30)

    def test_worker_dies_before_its_request_arrives(self):
        """A put waits until no request of a dead worker can be under way.

        However long ago the deletion was due, the last request may be of just
        now; and it may be under way for as long as we wait for one.
        """
        held, call = self.hold_drain(is_removal)
        wait_for(lambda: query(self.session, "SELECT now() - next_at > '3 s' FROM s3_queue") == [(True,)],
                 'the deletion is old')
        self.kill_drain(held, call)
        writer = self.open()
        query(writer, "SET s3store.delete_grace = 0")
        query(writer, "SET s3store.request_timeout = '3 s'")
        put = Call(writer, "SELECT s3_put(%s, 'new'::text, overwrite => true)", self.target)
        held.release()
        wait_for(lambda: self.keys() == [], 'the late request is served')
        self.assertTrue(put.is_alive(), 'the put did not wait')
        put.result(30)
        self.check_new()

    def test_worker_dies_before_it_settles(self):
        held, call = self.hold_drain(is_removal, after=True)
        self.kill_drain(held, call)
        self.drain()                                # misses the dead one
        self.expire()
        self.put(self.target, 'new')
        self.assertEqual(self.queue('state'), [('void',)])
        self.check_new()

    def test_row_when_a_worker_has_died(self):
        """Its object may be gone: nobody knows before somebody has looked."""
        held, call = self.hold_drain(is_removal, after=True)
        self.kill_drain(held, call)
        self.assertEqual(self.queue('state'), [('deleting',)])
        with self.assertSqlState('40001', 'was deleted'):
            self.insert(self.target)
        self.drain()
        self.expire()
        with self.assertSqlState('40001', 'was deleted'):
            self.insert(self.target)
        self.drain()
        self.assertEqual((self.queue(), self.keys()), ([], []))
        self.put(self.target, 'new')
        self.insert(self.target)
        self.check_new()

    def test_worker_dies_and_another_one_goes_on(self):
        """Nobody goes on with its deletions at once, and then somebody does."""
        held, call = self.hold_drain(is_method('HEAD'))
        self.kill_drain(held, call)
        held.release()
        self.drain()                                # misses the dead one
        self.drain()
        self.assertEqual(self.keys(), [self.key()])
        self.assertEqual(query(self.session, 'SELECT unsure_until > clock_timestamp() FROM s3_deletion'),
                         [(True,)])
        query(self.session, 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.drain()
        self.assertEqual((self.keys(), self.queue('state')), ([self.key()], [('deleting',)]))
        self.expire()
        self.drain_until()

    def test_cancelled_drain(self):
        held, call = self.hold_drain(is_method('HEAD'))
        query(self.session, 'SELECT pg_cancel_backend(%s)', self.other.info.backend_pid)
        with self.assertSqlState('57014'):
            call.result(30)
        held.release()
        self.drain(self.other)
        self.assertEqual((self.queue('state'), self.keys()), ([('deleting',)], [self.key()]))
        self.expire()
        self.drain_until()

    def test_one_drain_works_for_a_server(self):
        """And others for other servers meanwhile."""
        more, elsewhere = self.url(self.key('-more')), self.url(self.key('-elsewhere'), 's3')
        for url in (more, elsewhere):
            self.put(url, 'x')
        held, call = self.hold_drain(is_method('HEAD'))
        query(self.session, 'SELECT s3_delete_later(%s), s3_delete_later(%s)', more, elsewhere)
        self.drain()
        self.assertEqual(self.keys(), sorted((self.key(), self.key('-more'))))
        # the CALL that is held is an open transaction, too
        self.assertEqual(self.queue('url, state'),
                         [(self.target, 'deleting'), (more, 'pending'), (elsewhere, 'gone')])
        held.release()
        call.result(30)
        self.drain_until()
        removals = [request for request in self.gate.requests if is_removal(request)]
        self.assertEqual(len(removals), 2)

    def test_one_drain_marks_at_a_time(self):
        """Nobody waits for the one that is at it."""
        first = self.open()
        query(first, 'SET test.waits = on')
        query(self.session, "CREATE FUNCTION wait_before_mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                            " IF current_setting('test.waits', true) = 'on' THEN"
                            ' PERFORM pg_advisory_xact_lock(1); END IF; RETURN NULL; END $$')
        self.addCleanup(query, self.session, 'DROP FUNCTION wait_before_mark CASCADE')
        query(self.session, 'CREATE TRIGGER waits BEFORE UPDATE ON s3_deletion'
                            ' FOR EACH STATEMENT EXECUTE FUNCTION wait_before_mark()')
        query(self.session, 'SELECT pg_advisory_lock(1)')
        self.addCleanup(query, self.session, 'SELECT pg_advisory_unlock_all()')
        self.delete(self.target)
        call = Call(first, 'CALL s3_drain()')
        self.wait_for(first, 'advisory')
        self.drain(self.other)
        self.assertEqual((self.queue('state'), self.keys()), ([('pending',)], [self.key()]))
        query(self.session, 'SELECT pg_advisory_unlock(1)')
        call.result(30)
        self.assertEqual((self.queue(), self.keys()), ([], []))


if __name__ == '__main__':
    unittest.main()
