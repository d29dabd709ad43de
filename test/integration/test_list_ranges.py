"""test_list_ranges.py - lists over several connections: complete, in order, and quicker."""
import hashlib
import random
import time
import uuid

from backend import BackendCase, Call, wait_for
from fault import Answer, FaultServer
from harness import Case, query, rgw
from keys import ODD_KEYS
from list_server import ListServer
from test_list import contents, fill, page

WORDS = ('anna', 'berta', 'caesar', 'dora', 'emil', 'friedrich', '\u00e4rger', 'Zoo', '~', '0')


def numbers(count):
    return ['n/%07d.jpg' % number for number in range(count)]


def hashes(count):
    return [hashlib.md5(b'%d' % number).hexdigest() for number in range(count)]


def trees(count):
    return ['photos/%04d/%02d/IMG_%d.jpg' % (2000 + number % 25, number % 12, number) for number in range(count)]


def words(count):
    random.seed(1)
    return list({'/'.join(random.choices(WORDS, k=random.randint(1, 6))) for _ in range(count)})


def lumps(count):
    """Ever so many in few places, and few in many."""
    return (['a/%03d' % number for number in range(500)] + ['b/dense/%d' % number for number in range(count)] +
            ['c%s' % chr(number) for number in range(0x400, 0x600)] + ['d' * number for number in range(1, 900)])


class Ranges(BackendCase):
    """Lists that no real server of the tests could be filled with."""

    def lists(self, keys, session=None, **arguments):
        """All URLs, and the server."""
        with ListServer(keys, **arguments.pop('server', {})) as server:
            conn = self.session(server.endpoint)
            names = ''.join(', %s => %%s' % name for name in arguments)
            rows = query(conn, 'SELECT url FROM s3_list(%s' + names + ')', 's3-bad://bucket/',
                         *arguments.values())
            self.check_good(conn)
        return [row[0][len('s3-bad://bucket/'):] for row in rows], server

    def test_all_kinds_of_keys(self):
        """The list is the same over any number of connections."""
        for make in (numbers, hashes, trees, words, lumps):
            keys = sorted(make(12000), key=str.encode)
            for connections in (2, 3, 10, 50):
                with self.subTest(keys=make.__name__, connections=connections):
                    found, _ = self.lists(keys, connections=connections)
                    self.assertTrue(found == keys, (len(found), len(keys)))

    def test_small_lists(self):
        for count in (0, 1, 999, 1000, 1001, 2000, 2001):
            keys = numbers(count)
            self.assertEqual(self.lists(keys, connections=8)[0], keys, count)

    def test_small_pages(self):
        """A server may send fewer keys than it is asked for."""
        keys = sorted(hashes(2000))
        self.assertEqual(self.lists(keys, connections=8, server={'page': 37})[0], keys)

    def test_start_after_and_max_keys(self):
        keys = numbers(8000)
        found, _ = self.lists(keys, connections=8, start_after=keys[2500])
        self.assertEqual(found, keys[2501:])
        for count in (1, 1000, 1001, 5500):
            self.assertEqual(self.lists(keys, connections=8, max_keys=count)[0], keys[:count])

    def test_unseen(self):
        """What has come while nobody waited for it is not late."""
        keys = numbers(12000)
        with ListServer(keys) as server:
            conn = self.session(server.endpoint, timeout='300ms')
            query(conn, "BEGIN; DECLARE list CURSOR FOR"
                        " SELECT (s3_list('s3-bad://bucket/', connections => 8)).url")
            found = query(conn, 'FETCH 4001 FROM list')
            wait_for(lambda: len(server.requests) > 5 and not server.under_way,
                     'more pages are sent than were asked for')
            time.sleep(1)       # longer than the timeout
            found += query(conn, 'FETCH ALL FROM list')
            query(conn, 'COMMIT')
            self.assertEqual([row[0] for row in found], ['s3-bad://bucket/' + key for key in keys])

    def test_together(self):
        """Requests are under way at the same time, and there are not many more of them."""
        for make, most in ((numbers, 1.5), (hashes, 1.6), (trees, 2.2)):
            with self.subTest(keys=make.__name__):
                keys = make(40000)
                _, server = self.lists(keys, connections=8, server={'delay': 0.05})
                self.assertGreaterEqual(server.most_under_way, 4)
                self.assertLessEqual(server.most_under_way, 8)
                self.assertLessEqual(len(server.requests), 40 * most + 8)

    def test_useless_guesses_are_given_up(self):
        """At worst a few requests more than one after the other."""
        keys = words(400000)
        _, alone = self.lists(keys)
        _, server = self.lists(keys, connections=8)
        self.assertLessEqual(len(server.requests), 2 * len(alone.requests) + 8)

    def test_reconcile(self):
        keys = hashes(5000)
        table = 't_' + uuid.uuid4().hex[:10]
        with ListServer(keys) as server:
            conn = self.session(server.endpoint)
            query(conn, 'CREATE TABLE %s (u text)' % table)
            self.addCleanup(query, self.connect(), 'DROP TABLE %s' % table)
            query(conn, 'INSERT INTO %s SELECT %%s || k FROM unnest(%%s) AS k' % table, 's3-bad://b/',
                  keys[1:] + ['x'])
            rows = query(conn, "SELECT url, state FROM s3_reconcile('s3-bad://b/', %s, 'u', connections => 6)", table)
            self.assertEqual(rows, [('s3-bad://b/' + keys[0], 'only_in_s3'), ('s3-bad://b/x', 'only_in_db')])

    def test_two_at_once(self):
        keys = numbers(3000)
        with ListServer(keys) as server:
            conn = self.session(server.endpoint)
            rows = query(conn, """SELECT (a).url = (b).url FROM (SELECT
                s3_list('s3-bad://b/', connections => 4) AS a, s3_list('s3-bad://b/', connections => 7) AS b) s""")
            self.assertEqual(rows, [(True,)] * 3000)

    def test_given_up(self):
        """Who stops asking stops the list, and the session is as good as new."""
        with ListServer(numbers(50000), delay=0.01) as server:
            conn = self.session(server.endpoint)
            query(conn, "SELECT s3_list('s3-bad://b/', connections => 5) LIMIT 1500")
            self.check_good(conn)
            self.assertLess(len(server.requests), 20)

    def test_cancel(self):
        with ListServer(numbers(100000), delay=0.05) as server:
            conn = self.session(server.endpoint)
            call = Call(conn, "SELECT count(*) FROM s3_list('s3-bad://b/', connections => 5)")
            wait_for(lambda: len(server.requests) > 10, 'it lists')
            conn.cancel()
            with self.assertSqlState('57014'):
                call.result()
            self.check_good(conn)

    def test_bad_servers(self):
        for answer, state in ((Answer(403, {}, b'<Error><Code>AccessDenied</Code></Error>'), '42501'),
                              (Answer(200, {}, b'<x/>'), '08P01'), (page(token='t'), '08P01'),
                              (page(contents('b'), contents('a')), '0A000'),
                              (page(contents('a'), contents('a')), '0A000')):
            with FaultServer(answers=[answer]) as server:
                conn = self.session(server.endpoint, max_attempts=1)
                with self.assertSqlState(state, 'could not list bucket'):
                    query(conn, "SELECT * FROM s3_list('s3-bad://answer/', connections => 4)")
                self.check_good(conn)

    def test_the_same_page_for_ever(self):
        with FaultServer(answers=[page(contents('a'), contents('b'), token='t')]) as server:
            conn = self.session(server.endpoint)
            with self.assertSqlState('0A000', 'not sorted'):
                query(conn, "SELECT * FROM s3_list('s3-bad://answer/', connections => 4)")

    def test_another_prefix(self):
        with FaultServer(answers=[page(contents('a'))]) as server:
            conn = self.session(server.endpoint)
            with self.assertSqlState('08P01'):
                query(conn, "SELECT * FROM s3_list('s3-bad://answer/x', connections => 4)")

    def test_bad_numbers(self):
        conn = self.connect()
        for connections in (0, -1, 1001):
            with self.assertSqlState('22023', 'connections'):
                query(conn, "SELECT * FROM s3_list('s3://b/', connections => %s)", connections)


class OnRgw(Case):
    """A real server."""

    def test_all(self):
        s3 = rgw()
        name = self.bucket(s3)
        keys = list(ODD_KEYS) + ['%05d' % number for number in range(2500)]
        fill(s3, name, keys)
        conn = self.connect()
        url = 's3://%s/' % name
        for connections in (1, 2, 10):
            rows = query(conn, 'SELECT url FROM s3_list(%s, connections => %s)', url, connections)
            self.assertEqual([row[0] for row in rows], [url + key for key in sorted(keys, key=str.encode)])
        rows = query(conn, "SELECT url, is_prefix FROM s3_list(%s, '/', connections => 4)", url + '0000')
        self.assertEqual(rows, [(url + '%05d' % number, False) for number in range(10)])
