"""test_encodings.py - databases that are not in UTF-8, and keys that do not fit them."""
import contextlib
import datetime

from harness import Case, connect, query, rgw

OTHERS = {                      # keys, and how a database in LATIN1 writes them
    'a.txt': 'a.txt',
    'b\u20ac.txt': r'b\xE2\x82\xAC.txt',
    'c\u00fc.txt': 'c\u00fc.txt',
    'd\u00fc\U0001f600\u20ac/x': 'd\u00fc' + r'\xF0\x9F\x98\x80\xE2\x82\xAC/x',
    'e.txt': 'e.txt',
}
DATABASE = 'encodings_latin1'


class Latin1(Case):
    """What an object is called that has no URL in the database."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        conn = connect(endpoints=None)
        query(conn, "CREATE DATABASE %s ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' "
                    'TEMPLATE template0' % DATABASE)
        cls.addClassCleanup(query, conn, 'DROP DATABASE %s WITH (FORCE)' % DATABASE)
        with contextlib.closing(connect(endpoints=None, dbname=DATABASE)) as latin1:
            query(latin1, 'CREATE EXTENSION s3store')
        cls.s3 = rgw()
        cls.name = cls.class_bucket(cls.s3)
        for key in OTHERS:
            cls.s3.put_object(Bucket=cls.name, Key=key, Body=b'x')

    def setUp(self):
        self.session = self.connect(dbname=DATABASE)
        self.url = 's3://%s/' % self.name

    def warnings(self, start):
        """The keys that warnings name."""
        notices = ''.join(self.session.notices)
        self.session.notices.clear()
        warned = [line for line in notices.splitlines() if line.startswith('WARNING')]
        for line in warned:
            self.assertIn(start, line)
            self.assertIn('in bucket "%s"' % self.name, line)
        return [line.split('"')[1] for line in warned]

    UNFIT = [shown for key, shown in OTHERS.items() if key != shown]

    def test_list(self):
        rows = query(self.session, 'SELECT url, size FROM s3_list(%s)', self.url)
        self.assertEqual(rows, [(self.url + shown, 1) for shown in OTHERS.values()])
        self.assertEqual(self.warnings('WARNING:  key "'), self.UNFIT)
        self.assertEqual(query(self.session, 'SELECT s3_exists(url) FROM s3_list(%s)', self.url),
                         [(key == shown,) for key, shown in OTHERS.items()])

    def test_list_with_a_delimiter(self):
        rows = query(self.session, "SELECT url FROM s3_list(%s, '/') WHERE is_prefix", self.url)
        self.assertEqual(rows, [(self.url + r'd' + '\u00fc' + r'\xF0\x9F\x98\x80\xE2\x82\xAC/',)])

    def test_reconcile(self):
        query(self.session, 'CREATE TEMPORARY TABLE photo (url text)')
        query(self.session, 'INSERT INTO photo VALUES (%s), (%s)', self.url + 'a.txt', self.url + 'none')
        rows = query(self.session, "SELECT url, state FROM s3_reconcile(%s, 'photo', 'url', %s)",
                     self.url, datetime.timedelta(0))
        self.assertEqual(rows, [(self.url + shown, 'only_in_s3') for shown in OTHERS.values() if shown != 'a.txt']
                         + [(self.url + 'none', 'only_in_db')])
        self.assertEqual(self.warnings('WARNING:  key "'), self.UNFIT)

    def test_sync(self):
        for changed in (3, 0):
            result = query(self.session, 'CALL s3_sync_meta(%s)', self.url)
            self.assertEqual(result, [(5, changed, 3 - changed, 2, self.url + 'e.txt')])
            self.assertIn('no URL can address this key', self.session.notices[0])
            self.assertEqual(self.warnings('WARNING:  could not sync object "'), self.UNFIT)
        self.assertEqual(query(self.session, 'SELECT count(*) FROM s3_sync_meta_changes(%s)', self.url), [(0,)])

    def test_sync_of_nothing_else(self):
        """The place to go on from is a URL; not even many such keys end a run."""
        bucket = self.bucket()
        for number in range(3):
            self.s3.put_object(Bucket=bucket, Key='\u20ac%d' % number, Body=b'x')
        self.assertEqual(query(self.session, 'CALL s3_sync_meta(%s)', 's3://%s/' % bucket), [(3, 0, 0, 3, None)])

