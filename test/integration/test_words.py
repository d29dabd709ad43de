"""test_words.py - what is said of calls that do what they say, but perhaps not what was meant."""
import re

from backend import entry
from fault import Answer, FaultServer
from harness import BucketCase, environment, query, rgw, swift

NO_BUCKET = Answer(404, {}, b'<Error><Code>NoSuchBucket</Code></Error>')
NO_KEY = Answer(404, {}, b'<Error><Code>NoSuchKey</Code></Error>')
NOT_FOUND = Answer(404, {}, b'')
DENIED = Answer(403, {}, b'<Error><Code>AccessDenied</Code></Error>')
ONE_BYTE = Answer(206, {'Content-Range': 'bytes 0-0/2'}, b'x')
NO_RANGE = Answer(416, {}, b'<Error><Code>InvalidRange</Code></Error>')
CHECK = "s3_check('scheme://bucket/key')"


class WordsCase(BucketCase):

    def url(self, key, bucket=None, scheme='s3'):
        return '%s://%s/%s' % (scheme, bucket or self.name, key)

    def one(self, statement, *args, session=None):
        ((value,),) = query(session or self.session, 'SELECT ' + statement, *args)
        return value

    def said(self):
        """What was said since the last time: severity and message of each notice."""
        said = [re.match(r'(\w+):  (.*)', notice).groups() for notice in self.session.notices]
        del self.session.notices[:]
        return said

    def store(self, key, content=b'x'):
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)

    def keys(self):
        return [item['Key'] for item in
                self.s3.list_objects_v2(Bucket=self.name).get('Contents', [])]


class Puts(WordsCase):

    def test_bytes_as_text(self):
        for content, warned in ((r'\x1234', True), (r'\xdeadBEEF', True), (r'\x', False),
                                (r'\x123', False), (r'\x12 34', False), ('1234', False)):
            with self.subTest(content=content):
                self.one('s3_put(%s, %s::text, overwrite => true)', self.url(self.key()), content)
                said = self.said()
                self.assertEqual([severity for severity, _ in said], ['WARNING'] * warned)
                if warned:
                    self.assertIn('stored as text', said[0][1])
                # as it was said
                self.assertEqual(self.stored(self.key())['Body'], content.encode())
        self.one("s3_put(%s, '\\x1234'::bytea, overwrite => true)", self.url(self.key()))
        self.assertEqual(self.said(), [])
        # A literal without a type, as people write it.
        query(self.session, "SELECT s3_put('%s', '\\x1234')" % self.url(self.key('literal')))
        self.assertEqual(len(self.said()), 1)

    def test_nothing_stored(self):
        calls = ("s3_put(%s, 'x'::text)", "s3_put(%s, 'x'::bytea)",
                 's3_put_lo(%%s, %s)' % self.one("lo_from_bytea(0, 'x')"),
                 "s3_copy(%%s, '%s')" % self.url('a'), "s3_copy('%s', %%s)" % self.url('a'),
                 "s3_rename('%s', %%s)" % self.url('a'))
        for call in calls:
            for url in ('', '-'):
                with self.subTest(call=call, url=url):
                    self.assertIsNone(self.one(call, url))
                    done = 'stored' if 's3_put' in call else 'copied'
                    self.assertEqual(self.said(), [('WARNING', 'nothing was %s: the URL means "no file"' % done)])
            self.assertIsNone(self.one(call, None))
            self.assertEqual(self.said(), [])

    def test_metadata_that_is_no_text(self):
        for call in ("s3_put(%s, 'x'::text, metadata => '{\"a\": \"b\", \"n\": 1}')",
                     "s3_put(%s, 'x'::text, params => '{\"Metadata\": {\"n\": 1}}')"):
            word = '"metadata"' if 'metadata' in call else '"Metadata"'
            with self.assertSqlState('22023', 'invalid value of "n" in ' + word, 'strings', '"1"'):
                self.one(call, self.url(self.key()))


class Slashes(WordsCase):
    """A '/' at the end belongs to the key."""

    def setUp(self):
        super().setUp()
        for key in self.keys():
            self.s3.delete_object(Bucket=self.name, Key=key)

    def test_delete(self):
        for key in ('d/', 'd/1', 'e/'):
            self.store(key)
        self.one('s3_delete(%s)', self.url('d/'))
        self.assertEqual(self.keys(), ['d/1', 'e/'])
        notice = ('NOTICE', 'a URL that ends in "/" names one object: nothing below it was deleted')
        self.assertEqual(self.said(), [notice])
        self.one('s3_delete(%s)', self.url('d/1'))
        self.assertEqual(self.said(), [])
        query(self.session, 'SELECT * FROM s3_delete(%s)', [self.url('e/'), self.url('f/'), None])
        self.assertEqual(self.said(), [notice])
        query(self.session, 'SELECT * FROM s3_delete(%s)', [self.url('e'), '', None])
        self.assertEqual(self.said(), [])

    def test_delete_later(self):
        query(self.session, 'SET s3store.worker = off')
        query(self.session, 'BEGIN')
        self.one('s3_delete_later(%s)', self.url('d/'))
        self.assertEqual(self.said(), [('NOTICE', 'a URL that ends in "/" names one object:'
                                        ' nothing below it will be deleted')])
        self.one('s3_delete_later(%s)', self.url('d'))
        self.assertEqual(self.said(), [])
        query(self.session, 'ROLLBACK')

    def test_copy(self):
        query(self.session, 'SET s3store.worker = off')
        self.store('1')
        notice = ('NOTICE', 'a URL that ends in "/" names one object: the copy has that key,'
                  ' and not the name of its source below it')
        self.one('s3_copy(%s, %s)', self.url('1'), self.url('d/'))
        self.assertEqual(self.said(), [notice])
        self.assertEqual(self.keys(), ['1', 'd/'])
        query(self.session, 'BEGIN')
        self.one('s3_rename(%s, %s)', self.url('1'), self.url('e/'))
        self.assertEqual(self.said(), [notice])
        query(self.session, 'ROLLBACK')
        query(self.session, 'CALL s3_drain()')
        self.said()
        # The source may end so.
        self.one('s3_copy(%s, %s)', self.url('d/'), self.url('2'))
        self.assertEqual(self.said(), [])


class Buckets(WordsCase):
    """A mistyped bucket has no objects, but that is not the answer."""

    CALLS = ('s3_exists(%s)', 's3_head(%s)', 's3_size(%s)', 's3_modified_time(%s)',
             's3_available_name(%s)')

    def test_mistyped(self):
        for make in (rgw, swift):
            scheme = 's3' if make is rgw else 's3-swift'
            for call in self.CALLS:
                with self.subTest(call=call, scheme=scheme), \
                        self.assertSqlState('58P01', 'in bucket "nobucket": bucket does not exist',
                                            'NoSuchBucket'):
                    self.one(call, self.url('key', 'nobucket', scheme))

    def test_copy(self):
        """The source; of the target the put is told."""
        for call in ("s3_copy('%s', '%s')", "s3_rename('%s', '%s')"):
            with self.subTest(call), self.assertSqlState('58P01', 'bucket does not exist'):
                self.one(call % (self.url('key', 'nobucket'), self.url('copy')))
            with self.subTest(call), self.assertSqlState('58P01', 'object does not exist'):
                self.one(call % (self.url('absent'), self.url('copy')))

    def test_array(self):
        rows = query(self.session, 'SELECT "exists", error, sqlstate FROM s3_exists(%s)',
                     [self.url('key', 'nobucket'), self.url('absent')])
        self.assertEqual(rows, [(None, 'could not look up object "key" in bucket "nobucket":'
                                 ' bucket does not exist', '58P01'), (False, None, None)])

    def asked(self, second, call='s3_exists(%s)', times=1):
        """The methods of the requests of some calls of a session; HEADs are answered 404."""
        def answer(request):
            return NOT_FOUND if request.method == 'HEAD' else second
        with FaultServer(answers=[answer]) as server:
            session = self.connect(endpoints={'s3': entry(server.endpoint)})
            self.session = session
            try:
                for number in range(times):
                    self.answer = self.one(call, self.url(str(number), 'bucket'))
            finally:
                self.methods = [request.method for request in server.requests]
                self.ranges = [request.headers.get('range') for request in server.requests]
                session.close()
        return self.methods

    def test_once_in_a_session(self):
        for second in (NO_KEY, ONE_BYTE, NO_RANGE):
            with self.subTest(second.status):
                self.assertEqual(self.asked(second, times=3), ['HEAD', 'GET', 'HEAD', 'HEAD'])
                self.assertIs(self.answer, False)
                self.assertEqual(self.ranges[1], 'bytes=0-0')

    def test_server_that_does_not_tell(self):
        """It is not asked again."""
        for second in (NOT_FOUND, DENIED):
            with self.subTest(second.status):
                self.assertEqual(self.asked(second, times=2), ['HEAD', 'GET', 'HEAD'])
                self.assertIs(self.answer, False)

    def test_available_name(self):
        self.assertEqual(self.asked(NO_KEY, 's3_available_name(%s)', 2), ['HEAD', 'GET', 'HEAD'])
        self.assertEqual(self.answer, 's3://bucket/1')
        with self.assertSqlState('58P01', 'bucket does not exist'):
            self.asked(NO_BUCKET, 's3_available_name(%s)')


class Hints(WordsCase):

    def test_content_that_is_no_text(self):
        self.store(self.key(), b'\xff\xd8\xff')
        with self.assertSqlState('22021', hint='s3_get()'):
            self.one('s3_get_text(%s)', self.url(self.key()))
        # Errors of another kind keep their own.
        with self.assertSqlState('58P01') as caught:
            self.one('s3_get_text(%s)', self.url('absent'))
        self.assertIsNone(caught.error.diag.message_hint)

    def test_way_to_the_server(self):
        session = self.connect(endpoints={
            's3': entry('http://127.0.0.1:1'), 'unknown': entry('http://no.such.host.invalid'),
            'tls': entry('https://127.0.0.1:%d' % self.port_without_tls())})
        query(session, 'SET s3store.max_attempts = 1')
        for scheme in ('s3', 'unknown', 'tls'):
            for call in ('s3_get(%s)', "s3_put(%s, 'x'::text)", 's3_exists(%s)', 's3_delete(%s)'):
                with self.subTest(call=call, scheme=scheme), \
                        self.assertSqlState('08006', hint=CHECK):
                    self.one(call, scheme + '://bucket/key', session=session)
        # The check itself has better hints.
        for url in ('s3://bucket/key', 'unknown://bucket/', 'tls://bucket/'):
            ((hint,),) = query(session, 'SELECT hint FROM s3_check(%s) WHERE NOT ok', url)
            self.assertTrue(hint)
            self.assertNotIn('s3_check', hint)

    def port_without_tls(self):
        server = FaultServer().start()
        self.addCleanup(server.stop)
        return server.port

    def test_another_hint_comes_first(self):
        session = self.connect(endpoints={'s3': entry(environment('RGW_TLS_ENDPOINT'))})
        with self.assertSqlState('08006', 'certificate', hint=CHECK) as caught:
            self.one('s3_get(%s)', 's3://bucket/key', session=session)
        self.assertRegex(caught.error.diag.message_hint, r'\AIf the .*s3store\.ca_file\. SELECT')
        ((hint,),) = query(session, "SELECT hint FROM s3_check('s3://bucket/key') WHERE NOT ok")
        self.assertRegex(hint, r'\AIf the .*s3store\.ca_file\.\Z')

    def test_answers_are_no_way(self):
        with self.assertSqlState('58P01') as caught:
            self.one('s3_get(%s)', self.url('absent'))
        self.assertIsNone(caught.error.diag.message_hint)
