"""test_retries.py - what is not sent again, and how much is."""
import datetime

from backend import BackendCase
from fault import Answer, FaultServer
from harness import query
from test_streams import COMPLETED, FAILED, GONE, PART_STORED, STARTED, THREE_PARTS, in_order

TOKENS, COST = 500, 5           # of a server, and of a retry
SKEWED = b'<Error><Code>RequestTimeTooSkewed</Code></Error>'
GET = "SELECT s3_get('s3-bad://answer/key')"


class RetryCase(BackendCase):

    def server(self, *answers, max_attempts=3):
        server = FaultServer(answers=list(answers)).start()
        self.addCleanup(server.stop)
        return self.session(server.endpoint, timeout='60s', max_attempts=max_attempts), server


class OnceTest(RetryCase):
    """Another upload would be started, and stay; another completion fails, or completes nothing."""

    PUT = ("SELECT s3_put('s3-bad://answer/key', convert_to(repeat('x', %d), 'UTF8'), overwrite => true)"
           % THREE_PARTS)

    def check(self, marker, state, *answers):
        conn, server = self.server(*answers)
        in_order(conn)
        query(conn, 'SET s3store.put_undo = off')
        with self.assertSqlState(state):
            query(conn, self.PUT)
        sent = [request.target for request in server.requests if request.method == 'POST']
        self.assertEqual(len([target for target in sent if marker in target]), 1, sent)

    def test_start(self):
        self.check('uploads', '58030', FAILED, STARTED, *[PART_STORED] * 3, COMPLETED)

    def test_completion(self):
        self.check('uploadId', '58030', STARTED, *[PART_STORED] * 3, FAILED, COMPLETED)

    def test_lost_start(self):
        self.check('uploads', '08006', None, STARTED, *[PART_STORED] * 3, COMPLETED)

    def test_lost_completion(self):
        self.check('uploadId', '08006', STARTED, *[PART_STORED] * 3, None, COMPLETED)

    def test_parts_are(self):
        conn, server = self.server(STARTED, FAILED, *[PART_STORED] * 3, COMPLETED, GONE)
        in_order(conn)
        query(conn, 'SET s3store.put_undo = off')
        query(conn, self.PUT)
        self.assertEqual(len([r for r in server.requests if 'partNumber=1' in r.target]), 2)


class BudgetTest(RetryCase):
    """A server that fails is not asked three times as often as one that works."""

    def test_budget(self):
        count = TOKENS // COST + 10         # of objects, one retry of each
        conn, server = self.server(FAILED, max_attempts=2)
        query(conn, 'SET s3store.max_pool_connections = 100')
        self.assertEqual(query(
            conn, "SELECT count(error) FROM s3_get((SELECT array_agg('s3-bad://answer/' || n)"
            ' FROM generate_series(1, %s) AS n))', count), [(count,)])
        self.assertEqual(len(server.requests), count + TOKENS // COST)
        before = len(server.requests)
        with self.assertSqlState('58030'):
            query(conn, GET)
        self.assertEqual(len(server.requests), before + 1)


class ClockTest(RetryCase):
    """A server whose clock is another one is believed, within reason."""

    def skewed(self, **difference):
        """What the server is asked that finds our clock wrong, and says how late it is."""
        there = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**difference)
        date = there.strftime('%a, %d %b %Y %H:%M:%S GMT')
        self.conn, server = self.server(Answer(403, {'Date': date}, SKEWED), Answer(200, {}, b'good'),
                                        max_attempts=1)
        try:
            query(self.conn, GET)
        finally:
            self.times = [datetime.datetime.strptime(request.headers['x-amz-date'], '%Y%m%dT%H%M%SZ')
                          for request in server.requests]

    def test_hours(self):
        for hours in (-20, 20):
            self.skewed(hours=hours)
            self.assertEqual(round((self.times[1] - self.times[0]).total_seconds() / 3600), hours)

    def test_days(self):
        """No clock is that wrong: what it says would make links that are good for years."""
        for days in (-2, 2):
            with self.assertSqlState('42501'):
                self.skewed(days=days)
            self.assertEqual(len(self.times), 1)
