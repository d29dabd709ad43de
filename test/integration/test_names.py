"""test_names.py - names that are free: s3_available_name, and puts of one name."""
import re
import threading

from harness import Case, endpoint, query, rgw, swift

WRITERS = 20


class NameCase(Case):

    SCHEME = 's3'
    make_client = staticmethod(rgw)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = cls.make_client()
        cls.name = cls.class_bucket(cls.s3)
        cls.url = '%s://%s/' % (cls.SCHEME, cls.name)

    def setUp(self):
        super().setUp()
        self.session = self.connect()

    def available(self, key, max_length=None, session=None):
        ((url,),) = query(session or self.session, 'SELECT s3_available_name(%s, %s)',
                          self.url + key, max_length)
        return url

    def put(self, key, session=None):
        ((url,),) = query(session or self.session, 'SELECT s3_put(%s, %s::text)',
                          self.url + key, 'x')
        return url

    def store(self, key):
        self.s3.put_object(Bucket=self.name, Key=key, Body=b'x')

    def assertName(self, url, pattern):
        self.assertRegex(url, r'\A%s%s\Z' % (re.escape(self.url), pattern))


class AvailableName(NameCase):

    def test_free(self):
        self.assertEqual(self.available('free/photo.jpg'), self.url + 'free/photo.jpg')
        self.assertEqual(self.available('free/\u00fc ?#%'), self.url + 'free/\u00fc ?#%')

    def test_taken(self):
        for key, pattern in (('taken/photo.jpg', r'taken/photo_\w{7}\.jpg'),
                             ('taken/a.tar.gz', r'taken/a\.tar_\w{7}\.gz'),
                             ('taken/.bashrc', r'taken/\.bashrc_\w{7}'),
                             ('taken.d/\u00fc', r'taken\.d/\u00fc_\w{7}'),
                             ('taken/', r'taken/_\w{7}')):
            with self.subTest(key=key):
                self.store(key)
                names = {self.available(key) for _ in range(5)}
                self.assertEqual(len(names), 5)
                for name in names:
                    self.assertName(name, pattern)

    def test_max_length(self):
        self.store('longish.txt')
        length = len(self.url)
        # a free name that fits stays as it is
        self.assertEqual(self.available('free.txt', length + 8), self.url + 'free.txt')
        # one that does not becomes another one, though it is free
        self.assertName(self.available('rather-long.txt', length + 14), r'ra_\w{7}\.txt')
        self.assertName(self.available('longish.txt', length + 19), r'longish_\w{7}\.txt')
        self.assertName(self.available('longish.txt', length + 13), r'l_\w{7}\.txt')
        self.store('\U0001f600\u00fc\u20ac.txt')
        self.assertName(self.available('\U0001f600\u00fc\u20ac.txt', length + 14),
                        '\U0001f600\u00fc_\\w{7}\\.txt')
        with self.assertSqlState('22023', 'short enough', detail='nothing of its name'):
            self.available('longish.txt', length + 12)

    def test_cut_keys(self):
        """With normalize_keys, what names an object ends at '?' or '#'."""
        query(self.session, 'SET s3store.normalize_keys = on')
        self.store('cut/photo.jpg')
        for key in ('cut/photo.jpg?v=1.2', 'cut/photo.jpg#a/b', 'cut//./photo.jpg?#'):
            with self.subTest(key=key):
                self.assertName(self.available(key), r'cut/+(\./)?photo_\w{7}\.jpg')
                url = self.put(key)
                self.assertName(url, r'cut/+(\./)?photo_\w{7}\.jpg')
                self.assertEqual(query(self.session, 'SELECT s3_get_text(%s)', url), [('x',)])
        # a name that is free stays as it was written
        self.assertEqual(self.available('cut/free.jpg?v=1'), self.url + 'cut/free.jpg?v=1')
        # literal keys have them as any other character
        query(self.session, 'SET s3store.normalize_keys = off')
        self.store('cut/a?b.c')
        self.assertName(self.available('cut/a?b.c'), r'cut/a\?b_\w{7}\.c')

    def test_no_file(self):
        for url in (None, '', '-'):
            self.assertEqual(query(self.session, 'SELECT s3_available_name(%s)', url), [(None,)])

    def test_bad_arguments(self):
        for max_length in (0, -1):
            with self.assertSqlState('22023', 'max_length'):
                self.available('a', max_length)
        with self.assertSqlState('2200F'):
            self.available('')
        with self.assertSqlState('42704'):
            query(self.session, "SELECT s3_available_name('nowhere://b/k')")

    def test_denied(self):
        """Only "not found" means that a name is free."""
        entry = endpoint('RGW')
        entry['secret_access_key'] = 'wrong' * 8
        with self.assertSqlState('42501'):
            self.available('a', session=self.connect(endpoints={'s3': entry}))

    def test_read_only(self):
        """It changes nothing."""
        query(self.session, 'SET s3store.read_only = on')
        self.assertEqual(self.available('read-only'), self.url + 'read-only')


class LongKeys(NameCase):
    """Names that s3_put makes up stay within the 1024 bytes of a key."""

    KEYS = {
        'a' * 1024: 'a{1016}_\\w{7}',
        'a' * 1020 + '.txt': 'a{1012}_\\w{7}\\.txt',
        'd/' * 500 + 'b' * 24: '(d/){500}b{16}_\\w{7}',
        '\u00fc' * 512: '\u00fc{508}_\\w{7}',
        'x' + '\u00fc' * 511: 'x\u00fc{507}_\\w{7}',
        '\U0001f600' * 256: '\U0001f600{254}_\\w{7}',
        '\u20ac' * 341: '\u20ac{338}_\\w{7}',
    }

    def test_put(self):
        for key, pattern in self.KEYS.items():
            with self.subTest(key=key[:10]):
                self.assertEqual(self.put(key), self.url + key)
                other = self.put(key)
                self.assertName(other, pattern)
                self.assertLessEqual(len(other[len(self.url):].encode()), 1024)
                self.assertEqual(query(self.session, 'SELECT s3_size(%s)', other), [(1,)])

    def test_with_a_key_prefix(self):
        """The prefix counts, too."""
        session = self.connect(endpoints={'s3': endpoint('RGW', key_prefix='p' * 99)})
        self.assertEqual(self.put('a' * 924, session), self.url + 'a' * 924)
        other = self.put('a' * 924, session)
        self.assertName(other, 'a{916}_\\w{7}')
        self.s3.head_object(Bucket=self.name, Key='p' * 99 + '/' + other[len(self.url):])

    def test_nothing_left(self):
        key = 'a.' + 'x' * 1022
        self.store(key)
        with self.assertSqlState('54000', 'short enough'):
            self.put(key)


class Concurrent(NameCase):
    """Puts of one name at once: all succeed, each under a name of its own."""

    def put_at_once(self, key):
        sessions = [self.connect() for _ in range(WRITERS)]
        for session in sessions:
            query(session, "SELECT s3_exists(%s)", self.url + 'nothing')
        barrier = threading.Barrier(WRITERS)
        urls = [None] * WRITERS

        def put(number):
            barrier.wait()
            ((urls[number],),) = query(sessions[number], 'SELECT s3_put(%s, %s::text)',
                                       self.url + key, str(number))

        threads = [threading.Thread(target=put, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return urls

    def check(self, key, urls):
        self.assertEqual(len(set(urls)), WRITERS, urls)
        self.assertIn(self.url + key, urls)
        for number, url in enumerate(urls):
            stored = self.s3.get_object(Bucket=self.name, Key=url[len(self.url):])
            self.assertEqual(stored['Body'].read().decode(), str(number))

    def test_at_once(self):
        for key in ('same.txt', 'a' * 1020 + '.txt'):
            with self.subTest(key=key[:10]):
                self.check(key, self.put_at_once(key))


class ConcurrentOnSwift(Concurrent):
    """The same where the server has no conditional put: sessions exclude each other."""

    SCHEME = 's3-swift'
    make_client = staticmethod(swift)


class AvailableNameOnSwift(AvailableName):
    SCHEME = 's3-swift'
    make_client = staticmethod(swift)

    test_denied = None          # the same on every server


class OnSwift(NameCase):
    """Swift knows no conditional put, so one put follows the other."""

    SCHEME = 's3-swift'
    make_client = staticmethod(swift)

    def test_one_after_the_other(self):
        urls = [self.put('same.txt') for _ in range(WRITERS)]
        self.assertEqual(len(set(urls)), WRITERS)
        self.assertEqual(urls[0], self.url + 'same.txt')

    def test_long(self):
        key = '\u00fc' * 512
        self.assertEqual(self.put(key), self.url + key)
        self.assertName(self.put(key), '\u00fc{508}_\\w{7}')
