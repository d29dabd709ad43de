"""test_check.py - s3_check: which step of a request fails, and what to do."""
import datetime
import uuid
from email.utils import format_datetime

from backend import Call, entry
from fault import Answer, FaultServer, FullBacklog
from harness import Case, endpoint, environment, query, rgw, swift

HTTP = ['settings', 'resolve', 'connect', 'answer', 'credentials', 'sign']
HTTPS = HTTP[:3] + ['TLS'] + HTTP[3:]


class Check(Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = rgw()
        cls.name = cls.class_bucket(cls.s3)
        cls.s3.put_object(Bucket=cls.name, Key='a/key', Body=b'content')
        cls.s3.put_object(Bucket=cls.name, Key='empty', Body=b'')

    def check(self, url, role=None, **settings):
        """The rows for a URL, by the entry of its scheme, s3."""
        conn = self.connect(endpoints={'s3': endpoint('RGW', **settings)}, role=role)
        return query(conn, 'SELECT step, ok, detail, hint FROM s3_check(%s)', url)

    def assertGood(self, rows, steps):
        self.assertEqual([row[:2] for row in rows], [(step, True) for step in steps])
        for _, _, detail, hint in rows:
            self.assertRegex(detail, r'\A[A-Z].*\.\Z')
            self.assertIsNone(hint)

    def assertFails(self, rows, steps, detail, hint):
        """The last step alone has failed, and says why and what to do."""
        self.assertEqual([row[0] for row in rows], steps)
        self.assertEqual([row[1] for row in rows], [True] * (len(steps) - 1) + [False])
        self.assertIn(detail, rows[-1][2])
        self.assertIn(hint, rows[-1][3] or '')

    def test_good(self):
        for url, last in (('s3://%s', 'list'), ('s3://%s/', 'list'), ('s3://%s/a/', 'list'),
                          ('s3://%s/none/', 'list'), ('s3://%s/a/key', 'get'),
                          ('s3://%s/empty', 'get')):
            with self.subTest(url=url):
                self.assertGood(self.check(url % self.name), HTTP + [last])
        rows = self.check('s3://%s/' % self.name)
        self.assertIn('region "us-east-1"', rows[0][2])
        self.assertIn(environment('RGW_ENDPOINT'), rows[0][2])
        self.assertIn('endpoint entry', rows[4][2])
        self.assertNotIn(environment('RGW_SECRET_ACCESS_KEY'), str(rows))

    def test_tls(self):
        rows = self.check('s3://%s/a/key' % self.name, endpoint_url=environment('RGW_TLS_ENDPOINT'),
                          ca_file=environment('RGW_CA'))
        self.assertGood(rows, HTTPS + ['get'])
        rows = self.check('s3://%s/a/key' % self.name, endpoint_url=environment('RGW_TLS_ENDPOINT'),
                          verify_tls=False)
        self.assertGood(rows, HTTPS + ['get'])
        self.assertIn('verify_tls is off', rows[3][2])

    def test_swift(self):
        s3 = swift()
        name = self.bucket(s3)
        conn = self.connect(endpoints={'s3': endpoint('SWIFT')})
        self.assertGood(query(conn, 'SELECT * FROM s3_check(%s)', 's3://%s/' % name), HTTP + ['list'])

    def test_unsigned(self):
        self.assertFails(self.check('s3://%s/a/key' % self.name, signature_version='unsigned'),
                         HTTP + ['get'], 'access denied', 'credentials')

    def test_follow(self):
        """Triggers that do not see each row of a column, whatever the URL."""
        conn = self.connect()
        conn.autocommit = True
        table = 'check_%s' % uuid.uuid4().hex[:8]
        query(conn, 'CREATE TABLE %s (photo text, scan text) PARTITION BY LIST (scan)' % table)
        self.addCleanup(query, conn, 'DROP TABLE %s' % table)
        query(conn, 'CREATE TABLE %s_part PARTITION OF %s DEFAULT' % (table, table))
        url = 's3://%s/a/key' % self.name
        steps = HTTP + ['get', 'follow']
        for events, unseen in (('INSERT OR UPDATE OR DELETE', None), ('DELETE', 'INSERT and UPDATE'),
                               ('UPDATE OR DELETE', 'INSERT'), ('INSERT OR DELETE', 'UPDATE'),
                               ('INSERT OR UPDATE OF photo OR DELETE', 'UPDATE')):
            with self.subTest(events=events):
                query(conn, "CREATE TRIGGER t AFTER %s ON %s FOR EACH ROW EXECUTE FUNCTION s3_manage('photo')"
                      % (events, table))
                if unseen is None:
                    self.assertGood(self.check(url), steps)
                else:
                    self.assertFails(self.check(url), steps, 'does not see each %s. It is that of column'
                                     ' "photo" of table %s' % (unseen, table), 's3_follow')
                query(conn, 'DROP TRIGGER t ON ' + table)
        query(conn, "CREATE TRIGGER t AFTER INSERT OR UPDATE ON %s FOR EACH ROW WHEN (NEW.photo <> '')"
              " EXECUTE FUNCTION s3_manage('photo')" % table)
        self.assertFails(self.check(url), steps, 'each INSERT and UPDATE', 's3_follow')
        query(conn, 'DROP TRIGGER t ON ' + table)
        query(conn, "SELECT s3_follow('%s', 'photo'), s3_follow('%s', 'scan')" % (table, table))
        self.assertGood(self.check(url), steps)
        query(conn, 'ALTER TABLE %s_part DISABLE TRIGGER s3_follow_scan' % table)
        self.assertFails(self.check(url), steps, 'column "scan" of table %s_part' % table, 'enable it')

    def test_no_file(self):
        for url in (None, '', '-'):
            self.assertEqual(self.check(url), [])

    def test_settings(self):
        for url, settings, detail in (
                ('no URL', {}, 'malformed S3 URL'), ('s3:///key', {}, 'without a bucket'),
                ('other://bucket/key', {}, 'scheme "other" is not configured'),
                ('s3://bucket/key', {'buckets': ['mine']}, 'is not allowed to use bucket "bucket"')):
            with self.subTest(url=url):
                self.assertFails(self.check(url, **settings), ['settings'], detail, '')

    def test_resolve(self):
        """A host that does not exist."""
        self.assertFails(self.check('s3://bucket/key', endpoint_url='http://no-such-host.invalid'),
                         HTTP[:2], 'could not resolve host name', 'endpoint_url')

    def test_connect(self):
        """A port that nobody listens at, and one that does not answer."""
        self.assertFails(self.check('s3://bucket/key', endpoint_url='http://127.0.0.1:1'),
                         HTTP[:3], 'Connection refused', 'port')
        with FullBacklog() as server:
            self.assertFails(self.check('s3://bucket/key', endpoint_url=server.endpoint,
                                        connect_timeout='200ms'),
                             HTTP[:3], 'timed out after 200 ms while connecting', 'firewall')

    def test_authority(self):
        self.assertFails(self.check('s3://bucket/key', endpoint_url=environment('RGW_TLS_ENDPOINT')),
                         HTTPS[:4], 'TLS certificate verification failed', 's3store.ca_file')
        self.assertFails(self.check('s3://bucket/key', ca_file='/nowhere/ca.pem',
                                    endpoint_url=environment('RGW_TLS_ENDPOINT')),
                         HTTPS[:4], 'could not read the file', 's3store.ca_file')

    def test_name_of_certificate(self):
        url = environment('RGW_TLS_ENDPOINT').replace('localhost', 'a.b.localhost')
        self.assertFails(self.check('s3://bucket/key', endpoint_url=url,
                                    ca_file=environment('RGW_CA')),
                         HTTPS[:4], 'TLS certificate verification failed', '')

    def test_http_for_https(self):
        self.assertFails(self.check('s3://bucket/key', endpoint_url=environment('RGW_ENDPOINT')
                                    .replace('http:', 'https:')),
                         HTTPS[:4], 'could not establish a TLS connection', 'https')
        with FaultServer(mode='silent-accept') as server:
            self.assertFails(self.check('s3://bucket/key', connect_timeout='200ms',
                                        endpoint_url=server.endpoint.replace('http:', 'https:')),
                             HTTPS[:4], 'timed out after 200 ms while negotiating TLS', 'https')

    def test_no_answer(self):
        for mode in ('garbage', 'no-answer', 'reset', 'silent-headers'):
            with self.subTest(mode=mode), FaultServer(mode=mode) as server:
                self.assertFails(self.check('s3://bucket/key', endpoint_url=server.endpoint,
                                            request_timeout='300ms'),
                                 HTTP[:4], server.endpoint.partition('//')[2], 'S3 server')

    def test_credentials(self):
        self.assertFails(self.check('s3://bucket/key', access_key_id='', secret_access_key=''),
                         HTTP[:5], 'no access keys for endpoint "s3"', 's3store.credentials_file')
        self.assertFails(self.check('s3://bucket/key', secret_access_key=''),
                         HTTP[:5], 'incomplete access keys', 's3_credentials')

    def test_clock(self):
        """Whichever of the two is wrong."""
        for minutes, words in ((20, 'ahead'), (-20, 'behind')):
            then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
            answer = Answer(403, {'Date': format_datetime(then, usegmt=True)}, b'')
            with FaultServer(answers=[answer]) as server:
                rows = self.check('s3://answer/key', endpoint_url=server.endpoint)
            self.assertFails(rows, HTTP, words, 'clock')
            self.assertEqual(len(server.requests), 1)

    def test_secret(self):
        for url, last in (('s3://%s/a/key', 'get'), ('s3://%s/', 'list')):
            self.assertFails(self.check(url % self.name, secret_access_key='wrong'),
                             HTTP + [last], 'SignatureDoesNotMatch', 'secret access key')
            self.assertFails(self.check(url % self.name, access_key_id='ABSENT'),
                             HTTP + [last], 'InvalidAccessKeyId', 'access_key_id')

    def test_region(self):
        """Swift looks at it.  Requests find the bucket, but links would not."""
        name = self.bucket(swift())
        swift().put_object(Bucket=name, Key='key', Body=b'x')
        conn = self.connect(endpoints={'s3': endpoint('SWIFT', region='eu-west-1')})
        for url, last in (('s3://%s/', 'list'), ('s3://%s/key', 'get')):
            rows = query(conn, 'SELECT * FROM s3_check(%s)', url % name)
            self.assertFails(rows, HTTP + [last], 'links would not work', '"us-east-1"')

    def test_missing(self):
        absent = 'absent-' + uuid.uuid4().hex[:20]
        self.assertFails(self.check('s3://%s/' % absent), HTTP + ['list'],
                         'bucket does not exist', 'bucket in the URL')
        self.assertFails(self.check('s3://%s/key' % absent), HTTP + ['get'],
                         'bucket does not exist', 'bucket and key in the URL')
        self.assertFails(self.check('s3://%s/absent' % self.name), HTTP + ['get'],
                         'object does not exist', 'key in the URL')

    def test_forbidden(self):
        name = self.foreign_bucket()
        for url, last in (('s3://%s/', 'list'), ('s3://%s/key', 'get')):
            self.assertFails(self.check(url % name), HTTP + [last], 'AccessDenied', 'Check')

    def test_large_object_without_ranges(self):
        with FaultServer(answers=[Answer(200, {}, b'x' * 100000)]) as server:
            rows = self.check('s3://answer/key', endpoint_url=server.endpoint)
        self.assertGood(rows, HTTP + ['get'])

    def test_roles(self):
        role = 'checker_' + uuid.uuid4().hex[:8]
        conn = self.connect()
        query(conn, 'CREATE ROLE %s IN ROLE s3store_write, s3store_admin' % role)
        self.addCleanup(query, conn, 'DROP ROLE %s' % role)
        with self.assertSqlState('42501'):
            self.check('s3://%s/' % self.name, role=role)
        query(conn, 'GRANT s3store_read TO %s' % role)
        self.assertGood(self.check('s3://%s/' % self.name, role=role), HTTP + ['list'])

    def test_cancel(self):
        """A cancel is no finding."""
        with FaultServer(mode='silent-headers') as server:
            conn = self.connect(endpoints={'s3': entry(server.endpoint)})
            call = Call(conn, "SELECT * FROM s3_check('s3://bucket/key')")
            server.reached('silent-headers')
            conn.cancel()
            with self.assertSqlState('57014'):
                call.result()

    def test_read_only(self):
        conn = self.connect(endpoints={'s3': endpoint('RGW', read_only=True)})
        query(conn, 'SET default_transaction_read_only = on')
        rows = query(conn, 'SELECT * FROM s3_check(%s)', 's3://%s/' % self.name)
        self.assertGood(rows, HTTP + ['list'])
