"""test_deadlines.py - a server that does not come to an end is given up, and delays nobody else.

It trickles bytes now and then, so that there is progress, or is silent for less than
request_timeout.  Without a limit, each of these tests would wait for minutes or
for ever, and end by statement_timeout.
"""
from backend import entry, wait_for
from fault import Answer, FaultServer, FullBacklog
from harness import query
from queue_case import QueueCase, WorkerCase

OLD = Answer(200, {'Last-Modified': 'Sat, 01 Jan 2000 00:00:00 GMT'}, b'')
DELETED = Answer(200, {}, b'<DeleteResult><Deleted><Key>key</Key></Deleted></DeleteResult>')
UNKNOWN = Answer(501, {}, b'<Error><Code>NotImplemented</Code></Error>')
TRICKLING = 'slow-headers'
GIVEN_UP = r'timed out after \d+ ms(?! without progress)'
NO_TIME = 'the server is slow: there was no time left for the object'


class DrainTest(QueueCase):
    """s3_drain, and a server with the scheme s3-slow."""

    def serve(self, *answers, limit='300ms', **more):
        """That server; what it answers may be the name of a behaviour."""
        server = FaultServer(answers=list(answers)).start()
        self.addCleanup(server.stop)
        self.use(server.endpoint, limit, **more)
        return server

    def use(self, endpoint_url, limit, **more):
        self.endpoints['s3-slow'] = entry(endpoint_url, **more)
        self.session.close()
        self.session = self.open()
        query(self.session, "SELECT set_config('s3store.delete_timeout', %s, false)", limit)
        query(self.session, "SET statement_timeout = '60 s'")

    def queue_slow(self, key='key', version=None):
        query(self.session, 'SELECT s3_delete_later(%s, version_id => %s)', 's3-slow://bucket/' + key, version)

    def make_due(self):
        query(self.session, 'UPDATE s3_deletion SET next_at = now()')

    def check_given_up(self, state='pending', attempts=1, words=GIVEN_UP):
        ((found, tried, error),) = self.queue('state, attempts, last_error')
        self.assertEqual((found, tried), (state, attempts))
        self.assertRegex(error, words)

    def test_trickled_look_up(self):
        """It is tried again later; others have their turn."""
        self.serve(TRICKLING, OLD, DELETED)
        good = self.url(self.key())
        self.put(good, 'x')
        self.queue_slow()
        query(self.session, 'SELECT s3_delete_later(%s)', good)
        self.drain()
        self.check_given_up()
        self.assertEqual(self.keys(), [])
        self.make_due()
        self.drain()
        self.assertEqual(self.queue(), [])

    def test_trickled_deletion(self):
        """Nobody knows whether it was done: it is looked at before it is tried again."""
        server = self.serve(OLD, TRICKLING, OLD, OLD, DELETED)
        self.queue_slow()
        self.drain()
        self.check_given_up('deleting')
        self.expire()
        self.drain()
        self.assertEqual(self.queue('state, attempts'), [('pending', 1)])
        self.make_due()
        self.drain()
        self.assertEqual((self.queue(), len(server.requests)), ([], 5))

    def test_silent(self):
        """For less than request_timeout; it is not asked again in the same round."""
        server = self.serve('silent-headers', OLD, DELETED, max_attempts=5)
        self.queue_slow()
        self.drain()
        self.check_given_up()
        self.assertEqual(len(server.requests), 1)
        self.make_due()
        self.drain()
        self.assertEqual(self.queue(), [])

    def test_no_connection(self):
        backlog = FullBacklog().start()
        self.addCleanup(backlog.stop)
        self.use(backlog.endpoint, '300ms')
        self.queue_slow()
        self.drain()
        self.check_given_up(words='timed out after [1-9]?[0-9]?[0-9] ms while connecting')

    def test_repetitions(self):
        """Are of the same time: a failure that repeats itself ends, too."""
        server = self.serve(Answer(500, {'Retry-After': '1'}, b''), limit='1500ms', max_attempts=100)
        self.queue_slow(version='v')
        self.drain()
        ((state, attempts),) = self.queue('state, attempts')
        self.assertEqual((state, attempts), ('pending', 1))
        self.assertLess(len(server.requests), 4)

    def test_turn_to_look_up(self):
        """What there was no time for has not been tried."""
        server = self.serve(TRICKLING, max_pool_connections=1)
        for key in 'abc':
            self.queue_slow(key)
        self.drain()
        self.assertEqual(self.queue("state, attempts, last_error = '%s'" % NO_TIME),
                         [('pending', 1, False), ('pending', 0, True), ('pending', 0, True)])
        self.assertEqual(len(server.requests), 1)

    def test_turn_to_delete(self):
        """The same, one by one, where the server does not know DeleteObjects."""
        server = self.serve(UNKNOWN, TRICKLING, max_pool_connections=1)
        for key in 'abc':
            self.queue_slow(key, 'v')
        self.drain()
        self.assertEqual(sorted(self.queue("state, attempts, last_error = '%s'" % NO_TIME)),
                         [('pending', 0, True), ('pending', 0, True), ('pending', 1, False)])
        self.assertEqual([request.method for request in server.requests], ['POST', 'DELETE'])

    def test_turn_to_delete_comes_after_all(self):
        """What was looked up in time is deleted, though its turn was all the time there is."""
        server = self.serve(OLD, TRICKLING, DELETED, max_pool_connections=1)
        for key in 'key', 'b', 'c':
            self.queue_slow(key)
        self.drain()
        self.assertEqual(self.queue('url, attempts'), [('s3-slow://bucket/b', 1), ('s3-slow://bucket/c', 0)])
        self.assertEqual([request.method for request in server.requests], ['HEAD', 'HEAD', 'POST'])

    def test_undo_of_a_put(self):
        self.serve(Answer(404, {}, b''), Answer(200, {'ETag': '"9a0364b9e99bb480dd25e1f0284c8555"'}, b''),
                   TRICKLING)
        query(self.session, 'BEGIN')
        query(self.session, "SELECT s3_put('s3-slow://bucket/put', 'content'::text, overwrite => true)")
        query(self.session, 'ROLLBACK')
        self.drain()
        self.assertEqual(query(self.session, "SELECT state FROM s3_intents() WHERE url = 's3-slow://bucket/put'"),
                         [('aborted',)])

    def test_limit_ends_with_the_drain(self):
        """Other requests of the session have as much time as they need."""
        server = self.serve(TRICKLING)
        self.queue_slow()
        self.drain()
        query(self.session, "SET statement_timeout = '1500ms'")
        with self.assertSqlState('57014', 'statement timeout'):
            query(self.session, "SELECT s3_exists('s3-slow://bucket/key')")
        self.assertEqual(len(server.requests), 2)

    def test_limit_ends_with_a_drain_that_is_cancelled(self):
        server = self.serve(TRICKLING, limit='1s')
        self.queue_slow()
        query(self.session, "SET statement_timeout = '300ms'")
        with self.assertSqlState('57014', 'statement timeout'):
            self.drain()
        query(self.session, "SET statement_timeout = '3 s'")
        with self.assertSqlState('57014', 'statement timeout'):
            query(self.session, "SELECT s3_exists('s3-slow://bucket/key')")
        self.assertEqual(len(server.requests), 2)


class WorkerTest(WorkerCase):
    """The worker, and a server that trickles."""

    preload = True

    @classmethod
    def setUpClass(cls):
        cls.slow = FaultServer(TRICKLING)
        cls.slow.start()
        cls.addClassCleanup(cls.slow.stop)
        cls.endpoints = {**cls.endpoints, 's3-slow': entry(cls.slow.endpoint)}
        super().setUpClass()

    def queue_slow(self):
        self.slow.drop_connections()
        before = self.slow.times(TRICKLING)
        query(self.session, "SELECT s3_delete_later('s3-slow://bucket/key')")
        self.slow.reached(TRICKLING, before + 1, 30)
        return before + 1

    def row(self):
        return query(self.session, "SELECT state, attempts FROM s3_queue WHERE url LIKE 's3-slow:%%'")

    def test_others_go_on_meanwhile(self):
        self.managed('quick')
        self.queue_slow()
        query(self.session, 'DELETE FROM managed')
        self.wait_until_gone('quick')
        self.assertEqual(self.row(), [('deleting', 0)])

    def test_it_is_given_up_and_tried_again(self):
        query(self.admin, "ALTER DATABASE %s SET s3store.delete_timeout = '1s'" % self.database)
        times = self.queue_slow()
        wait_for(lambda: self.row() == [('pending', 1)], 'it is given up', 30)
        self.slow.reached(TRICKLING, times + 1, 30)
