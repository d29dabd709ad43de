"""test_undo.py - what a transaction puts that does not commit goes again."""
import contextlib
import hashlib
import html
import os
import pathlib
import time

import psycopg2
from backend import Call, entry, lives, wait_for
from fault import Answer, FaultServer, Gate
from harness import connect, endpoint, environment, query
from undo_case import DEADLINE, HOME_RECORD, UndoCase


class TransactionTest(UndoCase):
    """How a transaction can end."""

    def test_commit(self):
        self.put()
        self.session.commit()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_rollback(self):
        self.put()
        self.assertEqual(self.intents('state', 'kind', 'answered', 'size'),
                         [('in progress', 'create', True, 7)])
        self.session.rollback()
        self.assertEqual(self.intents('state'), [('aborted',)])
        self.assertObjects({'': 'content'})
        self.assertEqual(self.sweep(), 1)
        self.assertEqual(self.intents('state'), [])
        self.assertObjects({})

    def test_in_progress_stays(self):
        self.put()
        self.assertEqual(self.sweep(), 0)
        self.assertObjects({'': 'content'})
        self.session.commit()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_error(self):
        self.put()
        with self.assertSqlState('22012'):
            query(self.session, 'SELECT 1/0')
        self.session.rollback()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_cancel(self):
        call = Call(self.session, 'SELECT s3_put(%s, %s::text), pg_sleep(600)', self.url(), 'content')
        wait_for(lambda: self.intents('answered') == [(True,)], 'the object is put', DEADLINE)
        query(self.connect(autocommit=True), 'SELECT pg_cancel_backend(%s)',
              self.session.info.backend_pid)
        with self.assertSqlState('57014'):
            call.result(DEADLINE)
        self.session.rollback()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_autocommit(self):
        """The put's own statement fails after it."""
        conn = self.connect(autocommit=True)
        with self.assertSqlState('22012'):
            query(conn, 'SELECT s3_put(%s, %s::text), 1/(random() * 0)::int', self.url(), 'content')
        self.assertObjects({'': 'content'})
        self.assertEqual(self.settle(), 1)
        self.put(conn, 'content', 'kept')
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'kept': 'content'})

    def test_savepoints(self):
        """Each by its own transaction ID, while the transaction goes on."""
        self.put(suffix='1')
        query(self.session, 'SAVEPOINT a')
        self.put(suffix='2')
        query(self.session, 'SAVEPOINT b')
        self.put(suffix='3')
        query(self.session, 'RELEASE b')
        query(self.session, 'ROLLBACK TO a')
        self.put(suffix='4')
        query(self.session, 'SAVEPOINT c')
        self.put(suffix='5')
        query(self.session, 'RELEASE c')
        self.assertEqual(self.sweep(), 2)
        self.assertObjects({'1': 'content', '4': 'content', '5': 'content'})
        self.session.commit()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'1': 'content', '4': 'content', '5': 'content'})

    def test_while_the_transaction_goes_on(self):
        """It holds no lock on what it has rolled back."""
        query(self.session, 'SAVEPOINT a')
        self.put(suffix='1')
        query(self.session, 'ROLLBACK TO a')
        self.put(suffix='2')
        self.assertEqual(self.sweep(), 1)
        self.session.commit()
        self.assertObjects({'2': 'content'})

    def test_released_then_rolled_back(self):
        query(self.session, 'SAVEPOINT a')
        self.put()
        query(self.session, 'RELEASE a')
        self.session.rollback()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_exception_block(self):
        query(self.session, 'DO $$ BEGIN PERFORM s3_put(%s, %s::text); RAISE division_by_zero; '
              'EXCEPTION WHEN division_by_zero THEN END $$', self.url(), 'content')
        self.session.commit()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_prepared(self):
        for suffix, end in (('1', 'COMMIT'), ('2', 'ROLLBACK')):
            self.put(suffix=suffix)
            query(self.session, "PREPARE TRANSACTION 'x%s'" % suffix)
            self.session.rollback()
            self.assertEqual(self.sweep(), 0)
            self.assertEqual(len(self.versions(suffix)), 1)
            query(self.connect(autocommit=True), "%s PREPARED 'x%s'" % (end, suffix))
        self.assertEqual(self.settle(), 1)
        self.assertObjects({'1': 'content'})

    def test_prepared_through_crash(self):
        for suffix in '12':
            self.put(suffix=suffix)
            query(self.session, "PREPARE TRANSACTION 'y%s'" % suffix)
            self.session.rollback()
        self.cluster.command('stop', 'immediate')
        self.cluster.command('start')
        self.assertEqual(self.sweep(), 0)
        self.assertObjects({'1': 'content', '2': 'content'})
        conn = self.connect(autocommit=True)
        query(conn, "COMMIT PREPARED 'y1'")
        query(conn, "ROLLBACK PREPARED 'y2'")
        self.assertEqual(self.settle(), 1)
        self.assertObjects({'1': 'content'})

    def test_off(self):
        query(self.session, 'SET s3store.put_undo = off')
        self.put()
        self.assertEqual(self.intents('state', 'kind'), [('in progress', 'keep')])
        self.session.rollback()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_off_in_entry(self):
        entry = endpoint('RGW', put_undo=False)
        conn = self.connect(endpoints={'s3': entry})
        self.put(conn)
        conn.rollback()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_file_is_cleared(self):
        """It stays, with the one record that says whose it is."""
        for number in range(20):
            self.put(suffix=str(number))
        self.session.rollback()
        (path,) = self.cluster.journal_files
        self.assertGreater(path.stat().st_size, HOME_RECORD)
        self.assertEqual(self.settle(), 20)
        self.assertEqual(path.stat().st_size, HOME_RECORD)

    def test_modes(self):
        self.put()
        self.session.rollback()
        for path in self.cluster.journals.rglob('*'):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        self.settle()


class CrashTest(UndoCase):
    """The server, or a part of it, goes away."""

    def test_terminated(self):
        self.put()
        admin = self.connect(autocommit=True)
        query(admin, 'SELECT pg_terminate_backend(%s)', self.session.info.backend_pid)
        wait_for(lambda: not lives(self.session.info.backend_pid), 'the backend has gone')
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_disconnected(self):
        self.put()
        pid = self.session.info.backend_pid
        os.close(os.dup(self.session.fileno()))
        self.session.close()
        wait_for(lambda: not lives(pid), 'the backend has gone')
        self.assertEqual(self.settle(), 1)

    def test_backend_killed(self):
        committed = self.connect()
        self.put(committed, suffix='committed')
        committed.commit()
        self.put(suffix='1')
        other = self.connect()
        self.put(other, suffix='2')
        self.cluster.kill_process(self.session.info.backend_pid)
        self.assertFalse(lives(other.info.backend_pid))
        self.assertEqual(self.settle(), 2)
        self.assertObjects({'committed': 'content'})

    def test_killed_in_the_middle_of_an_upload(self):
        """The parts go, and are not left to a lifecycle rule."""
        with Gate(environment('RGW_ENDPOINT')) as gate:
            endpoints = {'s3': endpoint('RGW', endpoint_url=gate.endpoint, multipart_threshold=5120,
                                        multipart_part_size=5120, max_pool_connections=1)}
            conn = self.connect(endpoints=endpoints)
            query(conn, "SET s3store.request_timeout = '1min'")
            held = gate.hold(lambda request: 'partNumber=2' in request.target)
            Call(conn, "SELECT s3_put(%s, repeat('x', 12000000))", self.url())
            held.reached()
            self.cluster.kill_process(conn.info.backend_pid)
            (upload,) = self.s3.list_multipart_uploads(Bucket=self.name)['Uploads']
            self.assertEqual(self.intents('upload_id', 'answered'), [(upload['UploadId'], False)])
            self.sweep(self.connect(endpoints=endpoints, autocommit=True))
        self.assertNotIn('Uploads', self.s3.list_multipart_uploads(Bucket=self.name))
        self.assertObjects({})

    def kill_in_the_middle(self, statement, *arguments, **settings):
        """Of an upload in parts that is never undone: the object stays as it was, and no part."""
        with Gate(environment('RGW_ENDPOINT')) as gate:
            endpoints = {'s3': endpoint('RGW', endpoint_url=gate.endpoint, multipart_threshold=5120,
                                        multipart_part_size=5120, multipart_copy_threshold=5120,
                                        max_pool_connections=1, **settings)}
            conn = self.connect(endpoints=endpoints, autocommit=True)
            query(conn, "SET s3store.request_timeout = '1min'")
            held = gate.hold(lambda request: 'partNumber=2' in request.target)
            Call(conn, statement, *arguments)
            held.reached()
            self.cluster.kill_process(conn.info.backend_pid)
            self.assertEqual(len(self.uploads()), 1)
            self.assertEqual(self.intents('kind', 'upload_id IS NOT NULL'), [('keep', True)])
            conn = self.connect(endpoints=endpoints, autocommit=True)
            wait_for(lambda: (self.sweep(conn), self.intents('kind'), self.queue('state')) == (0, [], []),
                     'all is settled', DEADLINE)
        self.assertEqual(self.uploads(), [])

    def uploads(self):
        return self.s3.list_multipart_uploads(Bucket=self.name, Prefix=self.key()).get('Uploads', [])

    def test_killed_in_the_middle_of_a_put_without_undo(self):
        self.kill_in_the_middle("SELECT s3_put(%s, repeat('x', 12000000))", self.url(), put_undo=False)
        self.assertObjects({})

    def test_killed_in_the_middle_of_a_sync(self):
        content = b'x' * 12000000
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=content)
        self.kill_in_the_middle('CALL s3_sync_meta(%s)', self.url(), content_language='de')
        self.assertObjects({'': content.decode()})

    def test_upload_of_a_named_object(self):
        """What a row names stays; the parts of another upload of it go all the same."""
        conn = self.connect(autocommit=True)
        query(conn, "SELECT s3_follow('car', 'photo')")
        self.addCleanup(self.ask, "DELETE FROM car")
        self.addCleanup(self.ask, "SELECT s3_unfollow('car', 'photo')")
        self.put(conn)
        query(conn, 'INSERT INTO car VALUES (%s)', self.url())
        self.kill_in_the_middle("SELECT s3_put(%s, repeat('x', 12000000), overwrite => true)",
                                self.url(), put_undo=False)
        self.assertObjects({'': 'content'})

    def test_postmaster_killed(self):
        self.put(suffix='committed')
        self.session.commit()
        self.put(suffix='1')
        self.cluster.kill()
        self.cluster.command('start')
        self.assertEqual(self.settle(), 1)
        self.assertObjects({'committed': 'content'})

    def test_shutdown(self):
        for mode in ('immediate', 'fast'):
            with self.subTest(mode):
                conn = self.connect()
                self.put(conn, suffix=mode)
                self.cluster.command('stop', mode)
                self.cluster.command('start')
                self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_commit_is_durable(self):
        """A put is the whole transaction: what the client was told holds after a crash."""
        conn = self.connect(autocommit=True)
        self.put(conn)
        self.cluster.command('stop', 'immediate')
        self.cluster.command('start')
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})


class ObjectTest(UndoCase):
    """Whose object it is that stands there."""

    def test_overwritten(self):
        """Without versions there is nothing to go back to: the new content stays."""
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'old')
        self.put(content='new', overwrite=True)
        self.assertEqual(self.intents('kind'), [('replace',)])
        self.session.rollback()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'new'})

    def test_overwriting_nothing(self):
        self.put(overwrite=True)
        self.assertEqual(self.intents('kind'), [('create',)])
        self.session.rollback()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_replaced_by_others(self):
        """Somebody else has put something there in the meantime."""
        self.put()
        self.session.rollback()
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'theirs')
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'theirs'})

    def test_same_content_by_others(self):
        """Somebody else has put the very same, some time after our answer."""
        self.put()
        self.session.rollback()
        put = lambda: self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'content',
                                         ContentType='text/plain')
        time_of = lambda: self.s3.head_object(Bucket=self.name, Key=self.key())['LastModified'].timestamp()
        first = time_of()
        wait_for(lambda: put() and time_of() > first + 4, 'the object is younger', DEADLINE)
        other = self.connect(autocommit=True)
        self.assertNotEqual(self.put(other), self.url())    # the name is taken
        self.assertEqual(self.settle(), 0)
        self.assertTrue(self.is_there())
        self.assertEqual(self.content_type(), 'text/plain')
        # nobody can know that it is another one's: the DBA decides
        ((kind, state, error, number),) = self.queue('kind', 'state', 'last_error', 'id')
        self.assertEqual((kind, state), ('undo', 'dead'))
        self.assertIn('cannot tell whether the object is of a put that was rolled back', error)
        query(other, 'SELECT s3_queue_retry(%s)', number)
        self.assertEqual(self.queue('kind', 'state'), [('deletion', 'pending')])
        self.assertEqual(self.sweep(), 1)
        self.assertRaises(self.s3.exceptions.ClientError, self.content_type)

    def content_type(self):
        return self.s3.head_object(Bucket=self.name, Key=self.key())['ContentType']

    def test_deleted_by_others(self):
        self.put()
        self.session.rollback()
        self.s3.delete_object(Bucket=self.name, Key=self.key())
        self.settle()
        self.assertObjects({})

    def test_same_content_again(self):
        """The very same object, rolled back and then committed, by different ways."""
        other = self.connect()
        for number, arguments in enumerate(({}, {'overwrite': True})):
            with self.subTest(arguments):
                suffix = str(number)
                self.put(suffix=suffix)
                self.session.rollback()
                url = self.put(other, suffix=suffix, **arguments)
                is_same = url == self.url(suffix)
                self.assertEqual(is_same, bool(arguments))  # what is left counts as taken
                self.assertEqual(self.sweep(), 0 if is_same else 1)     # the other one may commit
                other.commit()
                self.assertEqual(self.settle(), 0)
                self.s3.head_object(Bucket=self.name, Key=url.split('/', 3)[3])

    def test_same_content_without_undo(self):
        self.put()
        self.session.rollback()
        other = self.connect()
        query(other, 'SET s3store.put_undo = off')
        self.put(other, overwrite=True)
        other.commit()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_copied_over(self):
        """A copy of the same content is no leftover of the put."""
        other = self.connect(autocommit=True)
        for function, suffix in (('s3_copy', 'a'), ('s3_rename', 'b')):
            self.s3.put_object(Bucket=self.name, Key=self.key('source'), Body=b'content')
            self.put(suffix=suffix)
            self.session.rollback()
            self.assertEqual(self.intents('state'), [('aborted',)])
            query(other, 'SELECT %s(%%s, %%s)' % function, self.url('source'), self.url(suffix))
            self.settle()
        self.assertObjects({'a': 'content', 'b': 'content'})

    def test_rolled_back_twice(self):
        for content in ('one', 'two'):
            self.assertEqual(self.put(content=content, overwrite=True), self.url())
            self.session.rollback()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_name_of_a_doomed_object(self):
        """An object in the way keeps its place in the queue."""
        conn = self.connect(autocommit=True)
        self.put(conn)
        query(conn, 'SELECT s3_delete_later(%s)', self.url())
        self.assertNotEqual(self.put(conn), self.url())
        self.assertEqual(query(conn, 'SELECT url, state FROM s3_queue'), [(self.url(), 'pending')])
        query(conn, 'DELETE FROM s3_deletion')

    def test_elsewhere(self):
        """The scheme leads to another server now: nothing there is ours."""
        conn = self.connect(endpoints={'s3': endpoint('RGW'), 'other': endpoint('RGW')})
        query(conn, 'SELECT s3_put(%s, %s::text)', self.url().replace('s3:', 'other:'), 'content')
        conn.rollback()
        conn = self.connect(autocommit=True, endpoints={
            's3': endpoint('RGW'), 'other': endpoint('SWIFT')})
        self.assertEqual(self.sweep(conn), 0)
        ((error,),) = query(conn, 'SELECT last_error FROM s3_queue')
        self.assertIn('the URL leads to another server than when', error)
        self.assertObjects({'': 'content'})
        conn = self.connect(autocommit=True, endpoints={
            's3': endpoint('RGW'), 'other': endpoint('RGW')})
        query(conn, 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.assertEqual(self.sweep(conn), 1)
        self.assertObjects({})

    def test_settings_that_change(self):
        """Nothing goes to where the journal does not say it is."""
        setup = self.connect(autocommit=True)
        query(setup, "CREATE FUNCTION move(url text) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN"
              " IF url LIKE '%%/second' THEN"
              " PERFORM set_config('s3store.key_prefix', 'elsewhere/', false); END IF;"
              " RETURN NULL; END $$")
        self.addCleanup(query, setup, 'DROP FUNCTION move')
        query(self.session, "SET s3store.metadata_function = 'public.move'")
        rows = query(self.session, 'SELECT stored_url, error FROM s3_put(%s, %s)',
                     [self.url('/first'), self.url('/second')], [b'1', b'2'])
        self.assertEqual([row[0] for row in rows], [None, self.url('/second')])
        self.assertIn('the settings have changed while an object was being put', rows[0][1])
        self.session.rollback()
        conn = self.connect(autocommit=True)
        query(conn, "SET s3store.key_prefix = 'elsewhere/'")
        self.sweep(conn)
        self.assertEqual(self.s3.list_objects_v2(Bucket=self.name, Prefix='elsewhere/')['KeyCount'], 0)
        self.assertObjects({})

    def test_sync_beside_an_undo(self):
        """An object that may stay is not told as gone."""
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'old')
        self.put(content='new', overwrite=True)
        self.session.rollback()
        conn = self.connect(autocommit=True)
        query(conn, 'SET s3store.read_only = on')
        self.sweep(conn)                        # queues the undo
        self.assertEqual(self.queue('kind'), [('undo',)])
        query(conn, 'SET s3store.read_only = off')
        query(conn, 'SET s3store.max_age_seconds = 77')
        del conn.notices[:]
        self.assertEqual(query(conn, 'CALL s3_sync_meta(%s)', self.url())[0][:4], (1, 0, 0, 1))
        self.assertIn('a transaction that has not committed has stored the object',
                      ''.join(conn.notices))
        query(conn, 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.settle()

    def test_read_only(self):
        self.put()
        self.session.rollback()
        conn = self.connect(autocommit=True)
        query(conn, 'SET s3store.read_only = on')
        self.assertEqual(self.sweep(conn), 0)
        ((error,),) = self.queue('last_error')
        self.assertIn('read-only', error)
        query(conn, 'SET default_transaction_read_only = on')
        with self.assertSqlState('25006'):
            self.sweep(conn)
        query(self.connect(autocommit=True), 'SELECT s3_queue_retry(id) FROM s3_queue')
        self.assertEqual(self.settle(), 1)

    def test_writer_token(self):
        """A copy of the database, as its configuration tells."""
        self.put()
        self.session.rollback()
        conn = self.connect(autocommit=True)
        query(conn, "SELECT s3_set_writer_token('original')")
        with self.assertSqlState('55000', 'may not carry out'):
            self.sweep(conn)
        query(conn, 'SELECT s3_set_writer_token(NULL)')
        self.assertEqual(self.sweep(conn), 1)

    def test_many(self):
        """More than fit into a journal before it is rewritten."""
        count = 400
        conn = self.connect(autocommit=True)
        query(conn, 'SET s3store.max_age_seconds = 0')
        for conn, done in ((self.session, self.session.rollback), (conn, lambda: None)):
            query(conn, "SELECT s3_put(%s || n, 'x'::text) FROM generate_series(1, %s) AS n",
                  self.url('/'), count)
            done()
            if conn is self.session:
                self.assertEqual(len(self.intents('url')), count)
                self.assertEqual(self.settle(), count)
        self.assertEqual(self.settle(), 0)
        self.assertEqual(len(self.versions('/')), count)


class VersionTest(UndoCase):
    """In a bucket that keeps versions, an overwritten one comes back."""

    versioned = True

    def test_create(self):
        self.put()
        self.assertEqual(self.intents('version_id'), [(self.s3.head_object(
            Bucket=self.name, Key=self.key())['VersionId'],)])
        self.session.rollback()
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_replace(self):
        self.put(content='first')
        self.session.commit()
        self.put(content='second', overwrite=True)
        self.session.rollback()
        self.put(content='third', overwrite=True)
        self.session.commit()
        self.settle()
        self.assertObjects_of_versions('first', 'third')

    def assertObjects_of_versions(self, *contents):
        self.assertEqual([content.decode() for _, content in self.versions()], sorted(contents))

    def test_same_content(self):
        """The versions are told apart, whatever is in them."""
        self.put()
        self.session.commit()
        self.put(overwrite=True)
        self.session.rollback()
        self.put(overwrite=True)
        self.session.commit()
        before = {version['VersionId'] for version in self.s3.list_object_versions(
            Bucket=self.name, Prefix=self.key())['Versions']}
        self.settle()
        self.assertEqual(len(self.versions()), 2)
        self.assertEqual(len(before), 3)

    def test_without_answer(self):
        self.put(content='first')
        self.session.commit()
        self.settle()
        self.put(content='second', overwrite=True)
        self.session.rollback()
        self.lose_answers()
        self.assertEqual(self.intents('answered'), [(False,)])
        self.settle()
        self.assertObjects_of_versions('first')

    def test_without_answer_and_covered(self):
        """Somebody else has put a newer version."""
        self.put(content='ours')
        self.session.rollback()
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'theirs')
        self.lose_answers()
        self.settle()
        self.assertObjects_of_versions('theirs')

    def test_without_answer_not_written(self):
        """The version before has the same content, and is not taken for it."""
        self.put()
        self.session.commit()
        self.settle()
        time.sleep(1.1)         # the server's clock counts seconds
        self.put(overwrite=True)
        ours = self.intents('version_id')[0][0]
        self.session.rollback()
        self.s3.delete_object(Bucket=self.name, Key=self.key(), VersionId=ours)
        self.lose_answers()
        self.assertEqual(self.settle(), 0)
        self.assertObjects_of_versions('content')


class SentAgainTest(UndoCase):
    """Each request of a put that had no answer may have left a version."""

    versioned = True
    content = 'sent again'

    def setUp(self):
        self.gate = Gate(environment('RGW_ENDPOINT')).__enter__()
        self.addCleanup(self.gate.__exit__)
        super().setUp()
        self.put(content='first')
        self.session.commit()
        self.first = self.version_ids()

    def connect(self, endpoints=None, **kw):
        return super().connect({'s3': endpoint('RGW', endpoint_url=self.gate.endpoint)}, **kw)

    def put_again(self, lost, others=0):
        """So many requests are carried out, and their answers do not arrive."""
        query(self.session, "SET LOCAL s3store.request_timeout = '500ms'")
        query(self.session, 'SET LOCAL s3store.max_attempts = %s', lost + 1)
        for _ in range(lost):
            self.gate.hold(lambda request: request.method == 'PUT', after=True)
        self.put(content=self.content, overwrite=True)
        self.assertEqual(len(self.version_ids()), lost + 2 + others)

    def put_by_another(self):
        """The same, and it commits; returns its version."""
        other = self.connect(autocommit=True)
        self.put(other, content=self.content, overwrite=True)
        return self.s3.head_object(Bucket=self.name, Key=self.key())['VersionId']

    def version_ids(self):
        return {version['VersionId'] for version in self.s3.list_object_versions(
            Bucket=self.name, Prefix=self.key()).get('Versions', [])}

    def test_rolled_back(self):
        for lost in (1, 3):
            with self.subTest(lost):
                self.put_again(lost)
                self.session.rollback()
                self.settle()
                self.assertEqual(self.version_ids(), self.first)

    def test_committed(self):
        self.put_again(1)
        self.session.commit()
        self.settle()
        self.assertEqual(len(self.version_ids()), 3)
        self.assertEqual(self.s3.get_object(Bucket=self.name, Key=self.key())['Body'].read(),
                         self.content.encode())

    def test_another(self):
        self.put_again(1)
        theirs = self.put_by_another()
        self.session.rollback()
        self.settle()
        self.assertEqual(self.version_ids(), self.first | {theirs})

    def test_another_without_undo(self):
        """What has no intent of its own is not known by its version."""
        for statement in ("SELECT s3_put(%s, %s::text, overwrite => true)", "SELECT s3_copy(%s, %s)"):
            with self.subTest(statement):
                self.put_again(1)
                mine = self.intents('version_id')[-1][0]
                self.session.rollback()
                other = self.connect(autocommit=True)
                query(other, 'SET s3store.put_undo = off')
                if 's3_copy' in statement:
                    self.s3.put_object(Bucket=self.name, Key=self.key('source'),
                                       Body=self.content.encode())
                    query(other, statement, self.url('source'), self.url())
                else:
                    query(other, statement, self.url(), self.content)
                before = self.version_ids()
                theirs = self.s3.head_object(Bucket=self.name, Key=self.key())['VersionId']
                self.settle()
                # Ceph does not tell the version that a copy has written
                self.assertEqual(self.version_ids(), before - {mine} if 's3_copy' in statement
                                 else self.first | {theirs})
                self.s3.delete_objects(Bucket=self.name, Delete={'Objects': [
                    {'Key': self.key(), 'VersionId': version}
                    for version in self.version_ids() - self.first]})

    def test_another_before(self):
        """Its intent is older, and its transaction commits while this one is open."""
        other = self.connect()
        query(other, 'SELECT s3_put(%s, %s::text, overwrite => true)', self.url(), self.content)
        self.put_again(1, 1)
        other.commit()
        self.sweep()
        theirs = {version for version, in self.intents('version_id') if version}
        self.session.rollback()
        self.settle()
        self.assertEqual(len(self.version_ids()), 2)
        self.assertTrue(self.version_ids() - self.first <= theirs)

    def test_another_without_version(self):
        """Which version is the other one's is not known: all stay that may be."""
        self.put_again(1)
        mine = self.intents('version_id')[-1][0]
        theirs = self.put_by_another()
        self.lose_answers(theirs)
        before = self.version_ids()
        self.session.rollback()
        self.settle()
        self.assertEqual(self.version_ids(), before - {mine})


class JournalTest(UndoCase):
    """What the files are like, and what becomes of them."""

    def files(self):
        return [path for path in self.cluster.journal_files if path.stat().st_size > HOME_RECORD]

    def test_torn(self):
        """A record that was being written when the machine stopped."""
        self.put(suffix='1')
        self.session.rollback()
        (path,) = self.files()
        whole = path.read_bytes()
        for cut in (1, 7, 100):
            path.write_bytes(whole + whole[:cut])
            self.assertEqual(self.intents('state'), [('aborted',)])
        self.assertEqual(self.sweep(), 1)
        self.assertObjects({})
        self.assertEqual(self.files(), [])

    def test_torn_then_written(self):
        """Nothing is lost behind what was torn."""
        self.put()
        self.session.rollback()
        (path,) = self.files()
        with path.open('ab') as file:
            file.write(b'\x30\0\0\0torn')
        self.put(content='second', overwrite=True)
        self.session.rollback()
        self.assertEqual(len(self.intents('url')), 2)
        self.settle()
        self.assertObjects({})

    def test_unreadable_directory(self):
        """Nothing is sent that could not be noted."""
        self.put(suffix='1')
        self.session.commit()
        self.settle()
        directory = self.cluster.journals
        directory.chmod(0)
        try:
            with self.assertSqlState('42501', 'the journal of puts: Permission denied',
                                     'Before an object is written', 'Check the free space'):
                self.put(suffix='2')
        finally:
            directory.chmod(0o700)
        self.session.rollback()
        self.assertObjects({'1': 'content'})

    def test_full_disk(self):
        """Nothing is sent, and the put works again when there is room."""
        path = self.cluster.journals
        self.cluster.command('stop')
        self.cluster.command('start', wrap=[
            'unshare', '--mount', 'sh', '-c',
            'mount -t tmpfs -o size=16k,mode=700,uid=%d none %s && exec "$@"'
            % (path.parent.stat().st_uid, path), 'sh'])
        try:
            conn = self.connect(autocommit=True)
            self.put(conn, suffix='1')
            with self.assertSqlState('53100'):
                query(conn, "COPY (SELECT repeat('x', 100000)) TO '%s/filler'" % path)
            for number in range(20):        # into files that have room left, and that have none
                with contextlib.suppress(psycopg2.errors.DiskFull):
                    self.put(conn, suffix='x%d' % number)
            with self.assertSqlState('53100', 'the journal of puts: No space left',
                                     'Before an object is written'):
                for number in range(100):
                    self.put(conn, suffix='y%d' % number)
            self.assertLess(len(self.versions('y')), 100)
            self.assertEqual(len(self.versions('y')), number)
            query(conn, "COPY (SELECT 1) TO '%s/filler'" % path)
            self.put(conn, suffix='z')
            self.assertEqual(len(self.versions('z')), 1)
        finally:
            self.cluster.command('restart')

    def test_a_copy(self):
        """A copy of the data directory leaves the objects to the original."""
        self.put(suffix='1\x1b[1m')             # in progress, in the original
        copy = self.cluster.copy()
        self.addCleanup(copy.__exit__)
        conn = copy.connect(endpoints=None)
        query(conn, "LOAD 's3store'")
        self.assertEqual(query(conn, 'SELECT state FROM s3_intents()'), [('foreign',)])
        self.assertEqual(self.sweep(conn), 0)
        self.assertEqual(query(conn, 'SELECT state FROM s3_intents()'), [])
        self.assertObjects({'1\x1b[1m': 'content'})
        log = pathlib.Path(copy.settings['PG_LOG']).read_text()
        self.assertIn('the journal of puts of another data directory', log)
        self.assertIn('"%s?[1m" is left to the original database' % self.url('1'), log)
        # its own puts are its own
        conn.autocommit = False
        self.put(conn, suffix='2')
        conn.rollback()
        conn.autocommit = True
        self.assertEqual(self.sweep(conn), 1)
        conn.close()
        self.session.commit()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'1\x1b[1m': 'content'})

    def drop_database(self, swept):
        """What the next sweep says about a database that has put something."""
        conn = self.connect(autocommit=True)
        query(conn, 'CREATE DATABASE dropped')
        other = connect(host=self.cluster.settings['PGHOST'], port=self.cluster.settings['PGPORT'],
                        user='postgres', dbname='dropped', endpoints={'s3': endpoint('RGW')})
        query(other, 'CREATE EXTENSION s3store')
        self.put(other)
        if swept:
            self.sweep(other)
        other.close()
        query(conn, 'DROP DATABASE dropped')
        self.sweep(conn)
        self.assertEqual(len(self.cluster.journal_files), 1)
        return ''.join(conn.notices)

    def test_dropped_database(self):
        self.assertIn('the journal of puts of a dropped database', self.drop_database(False))

    def test_dropped_database_without_intents(self):
        self.assertNotIn('the journal of puts', self.drop_database(True))


class AnswerTest(UndoCase):
    """Puts whose answer does not come."""

    def connect_to(self, server):
        return self.connect(endpoints={'s3': entry(server.endpoint)}, autocommit=True)

    def sweep_after(self, *answers):
        """A put with these answers, then what a sweep asks; the put's intents after both."""
        with FaultServer(answers=list(answers)) as server:
            conn = self.connect_to(server)
            query(conn, "SET s3store.request_timeout = '200ms'")
            query(conn, 'SET s3store.max_attempts = 1')
            with contextlib.suppress(psycopg2.Error):
                self.put(conn)
            found = self.intents('answered')
            for _ in range(2):
                self.sweep(conn)
            return found, [request.method for request in server.requests]

    def test_refused(self):
        """What the server has refused is nothing to look for."""
        found, methods = self.sweep_after(Answer(404, {}, b''), Answer(403, {}, b''))
        self.assertEqual(found, [])
        self.assertEqual(methods, ['HEAD', 'PUT'])

    def test_server_error(self):
        """It may have stored the object all the same."""
        found, methods = self.sweep_after(Answer(404, {}, b''), Answer(500, {}, b''),
                                          Answer(404, {}, b''))
        self.assertEqual(found, [(False,)])
        self.assertEqual(methods[:3], ['HEAD', 'PUT', 'HEAD'])

    def test_no_url(self):
        """What nobody can undo holds up nothing else."""
        self.put(suffix='1')
        self.put(suffix='2')
        self.session.rollback()
        url = self.url('1').encode()
        self.change_record(url, b'#' * len(url))
        self.assertEqual(self.sweep(), 1)
        self.assertObjects({'1': 'content'})
        self.assertIn('in the journal of puts is not the URL of an object',
                      pathlib.Path(self.cluster.settings['PG_LOG']).read_text())

    def test_longest_grace(self):
        """The longest one does not overflow: the put may come for that long."""
        with FaultServer(answers=[Answer(404, {}, b''), Answer(500, {}, b''),
                                  Answer(404, {}, b'')]) as server:
            conn = self.connect_to(server)
            with self.assertSqlState('58030'):
                self.put(conn)
            query(conn, 'SET s3store.delete_grace = 2147483647')
            self.sweep(conn)
            self.assertEqual([request.method for request in server.requests], ['HEAD', 'PUT', 'HEAD'])
            self.assertEqual(self.intents('answered'), [(False,)])
            self.assertIn('may still be carried out', self.queue('last_error')[0][0])

    def test_silent(self):
        """A server that is silent costs the time of a few requests, not of one for each version."""
        count, connections = 40, 4
        silent = []
        answer = lambda request: None if silent else (
            Answer(404, {}, b'') if request.method == 'HEAD' else
            Answer(200, {'ETag': self.ETAG, 'x-amz-version-id': 'mine'}, b''))
        with FaultServer(answers=[answer]) as server:
            conn = self.connect(endpoints={'s3': entry(server.endpoint,
                                                       max_pool_connections=connections)})
            query(conn, "SET s3store.request_timeout = '1s'")
            urls = [self.url('/%d' % number) for number in range(count)]
            self.assertEqual(query(conn, "SELECT count(stored_url) FROM s3_put(%s,"
                                   " array_fill('content'::bytea, ARRAY[%s]))", urls, count), [(count,)])
            conn.rollback()
            conn.autocommit = True
            query(conn, "SET s3store.request_timeout = '1s'")
            silent.append(True)
            del server.requests[:]
            self.assertEqual(self.sweep(conn), 0)
            self.assertLess(len(server.requests), 3 * connections)
            self.assertEqual({request.method for request in server.requests}, {'DELETE'})
            self.assertEqual(len(self.intents('url')), count)
            self.assertIn(('the server does not answer',), self.queue('last_error'))

    ETAG = '"%s"' % hashlib.md5(b'content').hexdigest()
    DATE = {'Date': 'Mon, 01 Jun 2026 00:00:00 GMT'}
    GONE = Answer(204, {}, b'')

    def sweep_sent_again(self, answer, before=Answer(404, DATE, b'')):
        """A put whose second request was answered, and that is undone: what is removed, and how
        often is listed.  Sweeps repeat what they have not noted as done."""
        stored = Answer(200, {'ETag': self.ETAG, 'x-amz-version-id': 'mine', **self.DATE}, b'')
        swept = lambda request: self.GONE if request.method == 'DELETE' else answer(request)
        with FaultServer(answers=[before, None, stored, swept]) as server:
            conn = self.connect(endpoints={'s3': entry(server.endpoint)})
            query(conn, "SET s3store.request_timeout = '300ms'")
            query(conn, 'SET s3store.max_attempts = 2')
            self.put(conn, overwrite=True)
            self.assertEqual([request.method for request in server.requests], ['HEAD', 'PUT', 'PUT'])
            conn.rollback()
            conn.autocommit = True
            query(conn, "SET s3store.request_timeout = '300ms'")

            def is_settled():
                self.sweep(conn)
                return not self.intents('url')
            wait_for(is_settled, 'the intent is settled', DEADLINE)
            self.assertIn('versionId=mine', server.requests[3].target)
            swept = server.requests[3:]
            return ({request.target.partition('?')[2] for request in swept if request.method == 'DELETE'},
                    len([request for request in swept if request.method == 'GET']))

    OWN_VERSION = {'versionId=mine'}

    def version(self, **headers):
        return Answer(200, {'ETag': self.ETAG, 'Last-Modified': 'Mon, 01 Jun 2026 00:00:00 GMT',
                            **headers}, b'content')

    def test_time_not_known(self):
        """Which versions are older than the put cannot be told: none goes but its own."""
        listed = Answer(200, {}, b'<ListVersionsResult><IsTruncated>false</IsTruncated><Version>'
                        b'<Key>%s</Key><VersionId>other</VersionId><ETag>%s</ETag><Size>7</Size>'
                        b'<LastModified>2026-06-01T00:00:00.000Z</LastModified>'
                        b'</Version></ListVersionsResult>'
                        % (self.key().encode(), html.escape(self.ETAG).encode()))
        answer = lambda request: listed if request.method == 'GET' else self.version(
            **{'x-amz-version-id': 'other'})
        removed, _ = self.sweep_sent_again(answer, before=Answer(403, {}, b''))
        self.assertEqual(removed, self.OWN_VERSION)
        self.assertIn('so it was kept', self.queue('last_error')[-1][0])

    def test_encrypted(self):
        """By KMS, each request has another ETag: it may be of the one that had no answer."""
        listed = Answer(200, {}, b'<ListVersionsResult><IsTruncated>false</IsTruncated><Version>'
                        b'<Key>%s</Key><VersionId>other</VersionId><ETag>"another"</ETag><Size>7</Size>'
                        b'<LastModified>2026-06-01T00:00:00.000Z</LastModified>'
                        b'</Version></ListVersionsResult>' % self.key().encode())
        for encryption, told in (('aws:kms', ['so it was kept']), ('AES256', [])):
            with self.subTest(encryption):
                answer = lambda request: listed if request.method == 'GET' else self.version(**{
                    'x-amz-version-id': 'other', 'x-amz-server-side-encryption': encryption})
                self.ask('DELETE FROM s3_deletion')
                removed, lists = self.sweep_sent_again(answer)
                self.assertEqual(removed, self.OWN_VERSION)
                self.assertGreater(lists, 0)
                self.assertEqual([error[-len('so it was kept'):] for error, in self.queue('last_error')], told)

    def test_may_not_look(self):
        removed, _ = self.sweep_sent_again(lambda request: Answer(403, {}, b''))
        self.assertEqual(removed, self.OWN_VERSION)
        self.assertIn('so it was kept', self.queue('last_error')[-1][0])

    def test_etag_that_is_no_md5(self):
        """Nobody knows the ETag of what was put: what has its size stays, and is told."""
        there = self.version(ETag='"%s"' % ('0' * 32))
        with FaultServer(answers=[Answer(404, {}, b''), Answer(200, {}, b''), there]) as server:
            conn = self.connect(endpoints={'s3': entry(server.endpoint, verify_etag=False)})
            self.put(conn)
            conn.rollback()
            self.settle_with(conn)
            self.assertNotIn('DELETE', [request.method for request in server.requests])
        self.assertIn('so it was kept', self.queue('last_error')[-1][0])

    def settle_with(self, conn):
        """Sweeps until nothing is to be undone."""
        conn.autocommit = True

        def is_settled():
            self.sweep(conn)
            return not self.intents('url')
        wait_for(is_settled, 'the intent is settled', DEADLINE)

    def test_version_that_has_none(self):
        """Versioning was suspended: what is there now is not this put's."""
        removed, _ = self.sweep_sent_again(lambda request: self.version())
        self.assertEqual(removed, self.OWN_VERSION)


class LateRemovalTest(UndoCase):
    """A sweep whose request is carried out when it has given up on it, or is gone."""

    def setUp(self):
        self.gate = Gate(environment('RGW_ENDPOINT')).__enter__()
        self.addCleanup(self.gate.__exit__)
        super().setUp()
        self.put()
        self.session.rollback()
        self.sweeper = self.connect(autocommit=True)
        query(self.sweeper, 'SET s3store.max_attempts = 1')
        query(self.sweeper, "SET s3store.request_timeout = '3s'")
        self.held = self.gate.hold(lambda request: request.method == 'POST')

    def connect(self, endpoints=None, **kw):
        return super().connect({'s3': endpoint('RGW', endpoint_url=self.gate.endpoint)}, **kw)

    def give_up(self):
        call = Call(self.sweeper, 'CALL s3_drain()')
        self.held.reached()
        call.result(DEADLINE)
        self.assertTrue(self.is_there())

    def die(self):
        Call(self.sweeper, 'CALL s3_drain()')
        self.held.reached()
        query(self.connect(autocommit=True), 'SELECT pg_terminate_backend(%s)',
              self.sweeper.info.backend_pid)
        wait_for(lambda: not lives(self.sweeper.info.backend_pid), 'the sweep has gone')

    def check(self, command, *arguments):
        """What is written now comes after the removal, and stays."""
        conn = self.connect(autocommit=True)
        call = Call(conn, command, *arguments)
        wait_for(lambda: query(self.connect(autocommit=True), 'SELECT wait_event_type'
                               ' FROM pg_stat_activity WHERE pid = %s', conn.info.backend_pid)
                 == [('Extension',)], 'it waits')
        self.held.release()
        wait_for(lambda: not self.is_there(), 'the late request is served')
        self.assertTrue(call.is_alive(), 'it did not wait')
        call.result(DEADLINE)
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})

    def test_put(self):
        self.give_up()
        self.check('SELECT s3_put(%s, %s::text, overwrite => true)', self.url(), 'content')

    def test_put_without_undo(self):
        self.give_up()
        self.check("SELECT set_config('s3store.put_undo', 'off', false),"
                   ' s3_put(%s, %s::text, overwrite => true)', self.url(), 'content')

    def test_put_when_the_sweep_has_died(self):
        self.die()
        self.check('SELECT s3_put(%s, %s::text, overwrite => true)', self.url(), 'content')


class ReadingTest(UndoCase):
    """How much is read of the journal."""

    @staticmethod
    def bytes_read(lines):
        """Of journals: each reading of one begins at a record."""
        return [int(line.rpartition('= ')[2]) for line in lines if 'S3Jr' in line]

    def test_first_put(self):
        """A put never reads what others have noted."""
        self.put(suffix='1')
        other = self.connect()
        with self.traced('pread64', other) as lines:
            self.put(other, suffix='2')
        self.assertEqual(set(self.bytes_read(lines)), {HOME_RECORD})

    def test_sync(self):
        """What was read of the journal is not read again for each object."""
        count = 60
        query(self.session, "SELECT s3_put(%s || n, 'x'::text) FROM generate_series(1, %s) AS n",
              self.url('/open/'), count)
        for number in range(count):
            self.s3.put_object(Bucket=self.name, Key=self.key('/done/%d' % number), Body=b'x')
        (path,) = self.cluster.journal_files
        size = path.stat().st_size
        other = self.connect(autocommit=True)
        query(other, 'SET s3store.max_age_seconds = 77')
        with self.traced('pread64', other) as lines:
            self.assertEqual(query(other, 'CALL s3_sync_meta(%s)', self.url('/'))[0][:4],
                             (2 * count, count, 0, count))
        self.assertLess(sum(self.bytes_read(lines)), 10 * size)

    def test_truncated_and_as_long_as_before(self):
        """Other intents in as many bytes are not taken for those that were read before."""
        other = self.connect(autocommit=True)
        self.sweep(other)                       # what other tests have left
        self.put(suffix='1')
        self.assertEqual(self.sweep(other), 0)          # it runs
        self.session.rollback()
        self.assertEqual(self.sweep(other), 1)
        (path,) = self.cluster.journal_files
        self.assertEqual(path.stat().st_size, HOME_RECORD)
        self.put(suffix='2')
        self.session.rollback()
        self.assertEqual(self.sweep(other), 1)
        self.assertObjects({})


class WorkerTest(UndoCase):
    """The background worker, started on demand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster.set('s3store.worker', 'on')

    def wait_until_gone(self):
        wait_for(lambda: not self.is_there(), 'the worker has removed it', DEADLINE)
        wait_for(lambda: not self.intents('url'), 'the journal is empty', DEADLINE)

    def test_after_a_rollback(self):
        """The session's next commit wakes it."""
        self.put()
        self.session.rollback()
        query(self.session, 'SELECT 1')
        self.session.commit()
        self.wait_until_gone()

    def test_after_a_savepoint(self):
        query(self.session, 'SAVEPOINT a')
        self.put()
        query(self.session, 'ROLLBACK TO a')
        self.session.commit()
        self.wait_until_gone()

    def test_after_a_crash(self):
        """So does the next put of the object."""
        self.put(content='lost')
        self.cluster.command('stop', 'immediate')
        self.cluster.command('start')
        conn = self.connect(autocommit=True)
        self.put(conn, content='kept', overwrite=True)
        wait_for(lambda: not self.intents('url'), 'the journal is empty', DEADLINE)
        self.assertObjects({'': 'kept'})

    def worker(self):
        """Its process ID; it is there, and idle."""
        self.put(suffix='wakes it')
        self.session.rollback()
        query(self.session, 'SELECT 1')
        self.session.commit()
        self.wait_until_gone()
        pids = lambda: self.ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 's3store worker'"
                                " AND state = 'idle'")
        wait_for(pids, 'the worker is idle', DEADLINE)
        return pids()[0][0]

    def signals(self, worker, statement):
        """How often the session wakes the worker."""
        with self.traced('kill,pidfd_send_signal') as lines:
            query(self.session, statement)
            self.session.rollback()
        return len([line for line in lines if 'kill(%d, SIGURG' % worker in line
                    or 'pidfd_send_signal' in line])

    def test_many_savepoints(self):
        """The first one that is rolled back wakes it, and none after that."""
        worker = self.worker()
        statement = ("DO $$ BEGIN FOR i IN 1..6 LOOP BEGIN PERFORM s3_put('%s' || i, 'x'::text);"
                     ' RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN'
                     ' PERFORM pg_sleep(0.3); END; END LOOP; END $$' % self.url('/'))
        self.assertLessEqual(self.signals(worker, statement), 2)       # and the end of it all
        self.wait_until_gone()

    def test_not_with_the_worker_off(self):
        worker = self.worker()
        query(self.session, 'SET s3store.worker = off')
        self.session.commit()
        self.assertEqual(self.signals(worker, "SELECT s3_put('%s', 'x'::text)" % self.url()), 0)
        self.sweep()

    def test_after_a_termination(self):
        """Nobody is there to be woken: the next put of another session starts one."""
        self.cluster.command('restart')
        conn = self.connect()
        self.put(conn, suffix='1')
        query(self.connect(autocommit=True), 'SELECT pg_terminate_backend(%s)', conn.info.backend_pid)
        wait_for(lambda: not lives(conn.info.backend_pid), 'the backend has gone')
        other = self.connect(autocommit=True)
        self.put(other, suffix='2')
        wait_for(lambda: not self.intents('url'), 'the journal is empty', DEADLINE)
        self.assertObjects({'2': 'content'})

    def test_dropped_database(self):
        conn = self.connect(autocommit=True)
        query(conn, 'CREATE DATABASE dropped')
        other = connect(host=self.cluster.settings['PGHOST'], port=self.cluster.settings['PGPORT'],
                        user='postgres', dbname='dropped', endpoints={'s3': endpoint('RGW')})
        query(other, 'CREATE EXTENSION s3store')
        query(other, 'SET s3store.worker = off')
        self.put(other)
        other.close()
        query(conn, 'DROP DATABASE dropped')
        self.put(suffix='wakes it')
        self.session.rollback()
        query(self.session, 'SELECT 1')
        self.session.commit()
        wait_for(lambda: len(self.cluster.journal_files) == 1, 'its journal has gone', DEADLINE)
