"""test_list.py - lists of real buckets, compared with boto3's, and of bad servers."""
import contextlib
import datetime
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from xml.sax.saxutils import escape

from backend import BackendCase, descriptors, wait_for
from fault import Answer, FaultServer
from harness import Case, endpoint, query, rgw, swift
from keys import ODD_KEYS

CONTROL_KEY = '1' + ''.join(map(chr, range(1, 32))) + '\x7f\u0080&<>\ufdd0'
MANY = 2500


def order(key):
    return key.encode()


def fill(s3, name, keys, body=b'x'):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=name, Key=key, Body=body), keys))


class ListCase(Case):

    def setUp(self):
        super().setUp()
        self.session = self.connect()

    def rows(self, url, session=None, **arguments):
        """The rows of s3_list, with arguments by name."""
        names = ''.join(', %s => %%s' % name for name in arguments)
        return query(session or self.session, 'SELECT * FROM s3_list(%s' + names + ')',
                     url, *arguments.values())

    def urls(self, url, **arguments):
        return [row[0] for row in self.rows(url, **arguments)]


def boto3_entries(s3, name, prefix='', delimiter=''):
    """(key, is it a prefix) of all pages, in the order of the keys."""
    entries = []
    pages = s3.get_paginator('list_objects_v2').paginate(
        Bucket=name, Prefix=prefix, Delimiter=delimiter)
    for page in pages:
        entries += [(item['Key'], False) for item in page.get('Contents', [])]
        entries += [(item['Prefix'], True) for item in page.get('CommonPrefixes', [])]
    return sorted(entries, key=lambda entry: order(entry[0]))


# -----------------------------------------------------------------------------
# Real servers
# -----------------------------------------------------------------------------

class Odd:
    """A bucket of odd keys; the subclasses say where."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = cls.make_client()
        cls.name = cls.class_bucket(cls.s3)
        fill(cls.s3, cls.name, cls.KEYS)
        cls.url = '%s://%s/' % (cls.SCHEME, cls.name)

    def test_all(self):
        """Each key as it is, in the order of bytes; each URL names its object."""
        urls = self.urls(self.url)
        self.assertEqual(urls, [self.url + key for key in sorted(self.KEYS, key=order)])
        lost = query(self.session, 'SELECT url FROM unnest(%s) AS url'
                     ' WHERE s3_size(url) IS DISTINCT FROM 1', urls)
        self.assertEqual(lost, [])

    def test_one_by_one(self):
        """start_after with every key, as a URL and as a key."""
        keys = sorted(self.KEYS, key=order)
        for key, following in zip(keys, keys[1:]):
            with self.subTest(key=key):
                self.assertEqual(self.urls(self.url, start_after=self.url + key, max_keys=1),
                                 [self.url + following])
                if '://' not in key:
                    self.assertEqual(self.urls(self.url, start_after=key, max_keys=1),
                                     [self.url + following])
        self.assertEqual(self.urls(self.url, start_after=self.url + keys[-1]), [])

    def test_prefixes(self):
        """Every key as the prefix, and its first half."""
        for key in self.KEYS:
            for prefix in {key, key[:len(key) // 2]}:
                with self.subTest(prefix=prefix):
                    self.assertEqual(self.urls(self.url + prefix),
                                     [self.url + k for k in sorted(self.KEYS, key=order)
                                      if k.startswith(prefix)])

    def test_delimiters(self):
        for delimiter in ('/', 'a', '\u00fc', '%', '+', ' ', '//', '\n', ':'):
            with self.subTest(delimiter=delimiter):
                rows = self.rows(self.url, delimiter=delimiter)
                self.assertEqual([(row[0][len(self.url):], row[5]) for row in rows],
                                 boto3_entries(self.s3, self.name, delimiter=delimiter))
                for row in rows:
                    if row[5]:
                        self.assertEqual(row[1:5], (None, None, None, None))


class OddOnRgw(Odd, ListCase):
    KEYS = ODD_KEYS
    SCHEME = 's3'
    make_client = staticmethod(rgw)


class OddOnSwift(Odd, ListCase):
    # Swift fails to list what starts with the last of all characters
    KEYS = tuple(key for key in ODD_KEYS if key != '\U0010ffff')
    SCHEME = 's3-swift'
    make_client = staticmethod(swift)


class ManyOnRgw(ListCase):
    """More than a page."""

    SCHEME = 's3'
    make_client = staticmethod(rgw)
    COUNT = MANY

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = cls.make_client()
        cls.name = cls.class_bucket(cls.s3)
        # neither boto3 nor Swift can page through versions past this key
        cls.addClassCleanup(cls.s3.delete_object, Bucket=cls.name, Key=CONTROL_KEY)
        # the last key of the first page is the way to the next one
        cls.keys = ['%04d/%d' % (number // 10, number % 10) for number in range(999)]
        cls.keys += [CONTROL_KEY]
        cls.keys += ['x/%05d' % number for number in range(cls.COUNT - 1000)]
        fill(cls.s3, cls.name, cls.keys)
        cls.url = '%s://%s/' % (cls.SCHEME, cls.name)

    def test_all(self):
        self.assertEqual(self.urls(self.url), [self.url + key for key in self.keys])

    def test_max_keys(self):
        for count in (0, 1, 999, 1000, 1001, self.COUNT - 1, self.COUNT, self.COUNT + 1):
            with self.subTest(count=count):
                self.assertEqual(self.urls(self.url, max_keys=count),
                                 [self.url + key for key in self.keys[:count]])

    def test_start_after(self):
        for number in (0, 998, 999, 1000, self.COUNT - 2, self.COUNT - 1):
            with self.subTest(number=number):
                self.assertEqual(self.urls(self.url, start_after=self.keys[number]),
                                 [self.url + key for key in self.keys[number + 1:]])
        self.assertEqual(len(self.urls(self.url, start_after='')), self.COUNT)
        self.assertEqual(self.urls(self.url, start_after='0999'),
                         [self.url + key for key in self.keys if key > '0999'])

    def test_prefix(self):
        self.assertEqual(self.urls(self.url + 'x/0000'),
                         [self.url + 'x/%05d' % number for number in range(10)])
        self.assertEqual(self.urls(self.url + 'nothing'), [])

    def test_delimiter(self):
        """Prefixes stand between the keys, and count as rows."""
        entries = boto3_entries(self.s3, self.name, delimiter='/')
        self.assertIn((CONTROL_KEY, False), entries)
        self.assertEqual([(row[0][len(self.url):], row[5])
                          for row in self.rows(self.url, delimiter='/')], entries)
        self.assertEqual([(row[0][len(self.url):], row[5])
                          for row in self.rows(self.url, delimiter='/', max_keys=3)], entries[:3])
        self.assertEqual(self.urls(self.url + '0000/', delimiter='/'),
                         [self.url + '0000/%d' % number for number in range(10)])

    def test_columns(self):
        for item in self.s3.list_objects_v2(Bucket=self.name, MaxKeys=3)['Contents']:
            url = self.url + item['Key']
            self.assertEqual(self.rows(url), [(
                url, item['Size'], item['LastModified'], item['ETag'].strip('"'),
                item['StorageClass'], False)])

    def test_limit(self):
        """In the select list, LIMIT ends the list: see also the bad servers."""
        rows = query(self.session, 'SELECT (l).url FROM (SELECT s3_list(%s) AS l LIMIT 3) s',
                     self.url)
        self.assertEqual([row[0] for row in rows], [self.url + key for key in self.keys[:3]])

    def test_cursor(self):
        """A page is fetched when it is wanted; other calls come between."""
        self.session.autocommit = False
        with self.session.cursor() as cursor:
            cursor.execute('DECLARE c CURSOR FOR SELECT s3_list(%s) AS l', (self.url,))
            for _ in range(3):
                cursor.execute('FETCH 350 FROM c')
                self.assertEqual(len(cursor.fetchall()), 350)
                self.assertEqual(query(self.session, 'SELECT s3_exists(%s)', self.url), [(True,)])
            cursor.execute('CLOSE c')
        self.session.rollback()

    def test_two_lists_at_once(self):
        rows = query(self.session, """
            SELECT (a).url, (b).url FROM
                (SELECT s3_list(%s) AS a, s3_list(%s, start_after => %s) AS b) s""",
            self.url, self.url, self.keys[0])
        self.assertEqual(rows, [
            (self.url + key, self.url + following if following is not None else None)
            for key, following in zip(self.keys, self.keys[1:] + [None])])


class ManyOnSwift(ManyOnRgw):
    SCHEME = 's3-swift'
    make_client = staticmethod(swift)
    COUNT = 1100


class Words(ListCase):
    """What may stand in the arguments, and what comes of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = rgw()
        cls.name = cls.class_bucket(cls.s3)
        cls.keys = ['a', 'b/', 'b/1', 'b/2', 's3://%s/z' % cls.name, '\u00fc']
        fill(cls.s3, cls.name, cls.keys)
        cls.url = 's3://%s/' % cls.name

    def test_no_file(self):
        for url in (None, '', '-'):
            self.assertEqual(self.rows(url), [])
            self.assertEqual(query(self.session, 'SELECT s3_list(%s)', url), [])

    def test_scheme_as_written(self):
        self.assertEqual(self.urls('S3://%s/a' % self.name), ['S3://%s/a' % self.name])

    def test_bucket_without_a_slash(self):
        self.assertEqual(self.urls(self.url[:-1]), [self.url + key for key in self.keys])

    def test_start_after_looks_like_a_url(self):
        self.assertEqual(self.urls(self.url, start_after=self.url + self.url + 'z'),
                         [self.url + '\u00fc'])
        self.assertEqual(self.urls(self.url, start_after='S3' + self.url[2:] + 'b/1'),
                         [self.url + key for key in self.keys[3:]])

    def test_start_after_elsewhere(self):
        for start in ('s3://other-bucket/a', 's3-swift://%s/a' % self.name):
            with self.assertSqlState('22023', 'start_after', hint='looks like a URL'):
                self.rows(self.url, start_after=start)

    def test_bad_arguments(self):
        with self.assertSqlState('22023', 'max_keys'):
            self.rows(self.url, max_keys=-1)
        with self.assertSqlState('22P02'):
            self.rows('no-url')
        with self.assertSqlState('42704'):
            self.rows('nowhere://b/')
        with self.assertSqlState('54000'):
            self.rows(self.url + 'a' * 1025)

    def test_missing_bucket(self):
        with self.assertSqlState('58P01', 'could not list bucket', detail='NoSuchBucket'):
            self.rows('s3://no-such-bucket-here/')

    def test_denied(self):
        other = self.foreign_bucket()
        with self.assertSqlState('42501', 'could not list bucket', detail='AccessDenied'):
            self.rows('s3://%s/' % other)

    def test_roles(self):
        role = 'reader_' + uuid.uuid4().hex[:8]
        query(self.session, 'CREATE ROLE %s' % role)
        self.addCleanup(query, self.session, 'DROP ROLE %s' % role)
        for granted, state in (('s3store_write', '42501'), ('s3store_read', None)):
            query(self.session, 'GRANT %s TO %s' % (granted, role))
            conn = self.connect(role=role)
            if state is None:
                self.assertEqual(len(self.rows(self.url, session=conn)), len(self.keys))
            else:
                with self.assertSqlState(state):
                    self.rows(self.url, session=conn)
            query(self.session, 'REVOKE %s FROM %s' % (granted, role))
            conn.close()

    def test_read_only(self):
        """A list changes nothing."""
        query(self.session, 'SET s3store.read_only = on')
        query(self.session, 'SET default_transaction_read_only = on')
        self.assertEqual(len(self.rows(self.url)), len(self.keys))

    def test_exists_below(self):
        for prefix, there in (('', True), ('b/', True), ('c/', False), ('a/', False)):
            self.assertEqual(query(self.session, 'SELECT s3_exists(%s)', self.url + prefix),
                             [(there,)])

    def test_other_encoding(self):
        """Keys come in the database's encoding, or with escapes (test_encodings.py)."""
        name = 'latin1_' + uuid.uuid4().hex[:8]
        query(self.session, 'CREATE DATABASE %s TEMPLATE template0'
              " ENCODING 'LATIN1' LOCALE 'C'" % name)
        self.addCleanup(query, self.session, 'DROP DATABASE %s WITH (FORCE)' % name)
        conn = self.connect(dbname=name)
        query(conn, 'CREATE EXTENSION s3store')
        self.assertEqual(self.urls(self.url), [row[0] for row in self.rows(self.url, session=conn)])
        self.assertEqual(self.rows(self.url + '\u00fc', session=conn)[0][0], self.url + '\u00fc')
        bucket = self.bucket()
        fill(self.s3, bucket, ['\u20ac'])
        self.assertEqual([row[0] for row in self.rows('s3://%s/' % bucket, session=conn)],
                         ['s3://%s/' % bucket + r'\xE2\x82\xAC'])
        conn.close()


class KeyPrefix(ListCase):
    """What the storage puts before the keys is taken off again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = rgw()
        cls.name = cls.class_bucket(cls.s3)
        fill(cls.s3, cls.name, ['media', 'media/', 'media/a', 'media/b/1', 'media/b/2', 'media2/c',
                                'other'])
        cls.url = 's3://%s/' % cls.name

    def session_with(self, **settings):
        return self.connect(endpoints={'s3': endpoint('RGW', **settings)})

    def test_prefix(self):
        for prefix in ('media', 'media/'):
            self.session = self.session_with(key_prefix=prefix)
            self.assertEqual(self.urls(self.url), [self.url + key for key in ('a', 'b/1', 'b/2')])
            self.assertEqual(self.urls(self.url + 'b'), [self.url + key for key in ('b/1', 'b/2')])
            self.assertEqual([(row[0], row[5]) for row in self.rows(self.url, delimiter='/')],
                             [(self.url + 'a', False), (self.url + 'b/', True)])
            self.assertEqual(self.urls(self.url, max_keys=1), [self.url + 'a'])
            for start in ('b/1', self.url + 'b/1'):
                self.assertEqual(self.urls(self.url, start_after=start), [self.url + 'b/2'])
            sizes = query(self.session, 'SELECT s3_size((l).url) FROM (SELECT s3_list(%s) AS l) s',
                          self.url)
            self.assertEqual(sizes, [(1,)] * 3)

    def test_above(self):
        self.session = self.session_with(key_prefix='media')
        for prefix in ('../other', '..'):
            with self.assertSqlState('22023', 'climbs'):
                self.rows(self.url + prefix)

    def test_normalized(self):
        self.session = self.session_with(key_prefix='media', normalize_keys=True)
        for prefix in ('b/', './b//', 'a/../b/', 'b/?x'):
            with self.subTest(prefix=prefix):
                self.assertEqual(self.urls(self.url + prefix),
                                 [self.url + key for key in ('b/1', 'b/2')])
        self.assertEqual(self.urls(self.url), [self.url + key for key in ('a', 'b/1', 'b/2')])


# -----------------------------------------------------------------------------
# Bad servers
# -----------------------------------------------------------------------------

def contents(key, more='<Size>1</Size>'):
    return '<Contents><Key>%s</Key>%s</Contents>' % (escape(key), more)


def page(*entries, token=None, truncated=None, root='ListBucketResult', head=''):
    body = '<?xml version="1.0"?><%s>%s' % (root, head)
    body += '<IsTruncated>%s</IsTruncated>' % str(
        token is not None if truncated is None else truncated).lower()
    body += ''.join(entries)
    if token is not None:
        body += '<NextContinuationToken>%s</NextContinuationToken>' % token
    return Answer(200, {'Content-Type': 'application/xml'}, (body + '</%s>' % root).encode())


URL_ENCODED = '<EncodingType>url</EncodingType>'
NAMESPACED = (b'<s:ListBucketResult xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:Contents>'
              b'<s:Key>a</s:Key><s:Size>0</s:Size></s:Contents></s:ListBucketResult>')

# name: pages, SQLSTATE, words of the detail
BAD_LISTS = {
    'garbage': ([Answer(200, {}, b'\x00\xff<<<')], '08P01', 'XML'),
    'nothing': ([Answer(200, {}, b'')], '08P01', 'no element'),
    'html': ([Answer(200, {}, b'<html></html>')], '08P01', 'root'),
    'another root': ([page(root='ListAllMyBucketsResult')], '08P01', 'root'),
    'an error with status 200': ([Answer(200, {}, b'<Error><Code>SlowDown</Code></Error>')],
                                 '08P01', 'root'),
    'a document type': ([Answer(200, {}, b'<!DOCTYPE ListBucketResult><ListBucketResult/>')],
                        '08P01', 'document type'),
    'half a page': ([Answer(200, {}, page(contents('a')).body[:-30])], '08P01', 'XML'),
    'no way on': ([page(contents('a'), truncated=True)], '08P01', 'how to go on'),
    'an empty way on': ([page(contents('a'), token='')], '08P01', 'how to go on'),
    'a repeated token': ([page(contents('a'), token='t'), page(contents('b'), token='t')],
                         '08P01', 'same one again'),
    'a repeated page': ([page(contents('a'), token='t'), page(contents('a'), token='u')],
                        '08P01', 'before the end'),
    'a page that goes back': ([page(contents('b'), token='t'), page(contents('a'))],
                              '08P01', 'before the end'),
    'empty pages': ([page(token=str(number)) for number in range(1100)], '08P01', 'empty'),
    'another prefix': ([page(contents('z'))], '08P01', 'prefix'),
    'no key': ([page('<Contents><Size>1</Size></Contents>')], '08P01', 'without a key'),
    'an empty key': ([page(contents(''))], '08P01', 'without a key'),
    'an empty prefix': ([page('<CommonPrefixes><Prefix/></CommonPrefixes>')], '08P01',
                        'without a key'),
    'no size': ([page(contents('a', ''))], '08P01', 'without a size'),
    'a size that is none': ([page(contents('a', '<Size>-1</Size>'))], '08P01', 'not a number'),
    'a size out of range': ([page(contents('a', '<Size>%s</Size>' % ('9' * 19)))], '08P01',
                            'not a number'),
    'too many entries': ([page(*[contents('a%04d' % n) for n in range(1001)])], '08P01', 'more'),
    'a bad escape': ([page(contents('a%zz'), head=URL_ENCODED)], '08P01', 'not encoded'),
    'half an escape': ([page(contents('a%4'), head=URL_ENCODED)], '08P01', 'not encoded'),
    'NUL': ([page(contents('a%00'), head=URL_ENCODED)], '08P01', 'not encoded'),
    'a key that is too long for a text': ([page(contents('a' * 9000))], '08P01', 'too long'),
    'a huge page': ([Answer(200, {}, page(*[contents('a' * 8000)] * 999).body +
                     b' ' * (1 << 20))], '54000', None),
    'denied': ([Answer(403, {}, b'<Error><Code>AccessDenied</Code></Error>')], '42501', None),
    'failed on the way': ([page(contents('a'), token='t'), Answer(500, {}, b'')], '58030', None),
}


class BadLists(BackendCase, ListCase):

    def lists(self, *pages, **more):
        """A session, and the server that it lists."""
        server = self.enter_context(FaultServer(answers=list(pages), **more))
        return self.session_for(server.endpoint), server

    def session_for(self, bad):
        return BackendCase.session(self, bad)

    def setUp(self):
        Case.setUp(self)
        self.contexts = contextlib.ExitStack()
        self.addCleanup(self.contexts.close)

    def enter_context(self, context):
        return self.contexts.enter_context(context)

    def test_faults(self):
        for name, (pages, state, detail) in BAD_LISTS.items():
            with self.subTest(name):
                conn, _ = self.lists(*pages)
                url = 's3-bad://answer/' + ('a' if name == 'another prefix' else '')
                for statement in ('SELECT * FROM s3_list(%s)', 'SELECT s3_list(%s)'):
                    with self.assertSqlState(state, detail=detail):
                        query(conn, statement, url)
                    if len(pages) > 1:
                        break           # they are gone
                self.check_good(conn)

    def test_good_lists(self):
        """What is unusual and right."""
        lists = {
            'no escapes': ([page(contents('a%41+ b'))], ['a%41+ b']),
            'escapes': ([page(contents('a%41+%2B%20%C3%bc%0a'), head=URL_ENCODED)],
                        ['aA + \u00fc\n']),
            'a key that is not UTF-8': ([page(contents('a%ff%20%c3'), head=URL_ENCODED)],
                                        [r'a\xFF \xC3']),
            'told at the end': ([page(contents('a%41'), URL_ENCODED)], ['aA']),
            'a namespace': ([Answer(200, {}, NAMESPACED)], ['a']),
            'an empty page between': ([page(contents('a1'), token='t'), page(token='u'),
                                       page(contents('a2'))], ['a1', 'a2']),
            'an empty page at the end': ([page(contents('a1'), token='t'), page()], ['a1']),
            'the same prefix again': ([
                page('<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>', token='t'),
                page('<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>', contents('b'))],
                ['a/', 'b']),
            'prefixes behind the objects': ([
                page(contents('a1'), contents('a3'),
                     '<CommonPrefixes><Prefix>a2</Prefix></CommonPrefixes>')], ['a1', 'a2', 'a3']),
            'a token with everything': ([page(contents('a'), token='&#x01;&amp;+%% /?\u00fc'),
                                         page(contents('b'))], ['a', 'b']),
        }
        for name, (pages, keys) in lists.items():
            with self.subTest(name):
                conn, server = self.lists(*pages)
                prefix = 's3-bad://answer/'
                self.assertEqual([row[0] for row in self.rows(prefix, session=conn)],
                                 [prefix + key for key in keys])
                if name == 'a token with everything':
                    self.assertIn('continuation-token=%01%26%2B%25%25%20%2F%3F%C3%BC&',
                                  server.requests[1].target)

    def test_columns_that_are_missing(self):
        conn, _ = self.lists(page(contents('a')))
        self.assertEqual(self.rows('s3-bad://answer/', session=conn),
                         [('s3-bad://answer/a', 1, None, None, None, False)])

    def test_times(self):
        times = {
            '2026-05-31T04:59:24.776Z': (2026, 5, 31, 4, 59, 24, 776000),
            '2026-05-31T04:59:24Z': (2026, 5, 31, 4, 59, 24),
            '2024-02-29T00:00:00.1234567Z': (2024, 2, 29, 0, 0, 0, 123456),
            '1970-01-01T00:00:00.000Z': (1970, 1, 1),
            '2026-02-29T00:00:00Z': None, '2026-13-01T00:00:00Z': None, '': None, 'now': None,
            '2026-05-31 04:59:24Z': None, '2026-05-31T04:59:24': None,
            '2026-05-31T24:00:00Z': None, '2026-05-31T04:59:24.Zx': None,
        }
        for text, parts in times.items():
            with self.subTest(text):
                conn, _ = self.lists(page(contents(
                    'a', '<Size>1</Size><LastModified>%s</LastModified>' % text)))
                expected = parts and datetime.datetime(*parts, tzinfo=datetime.timezone.utc)
                self.assertEqual(self.rows('s3-bad://answer/', session=conn)[0][2], expected)

    def test_query(self):
        """What is asked for, page by page."""
        conn, server = self.lists(page(contents('p/x'), token='t/ 1'), page(contents('p/y')))
        self.rows('s3-bad://answer/p/', session=conn, delimiter='/', start_after='p/ a+',
                  max_keys=1500)
        targets = [request.target for request in server.requests]
        self.assertEqual(targets, [
            '/answer?delimiter=%2F&encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F'
            '&start-after=p%2F%20a%2B',
            '/answer?continuation-token=t%2F%201&delimiter=%2F&encoding-type=url&list-type=2'
            '&max-keys=1000&prefix=p%2F'])

    def test_limit_ends_the_list(self):
        """No page is asked for that nobody wants."""
        pages = [page(*[contents('%02d%d' % (number, n)) for n in range(10)], token=str(number))
                 for number in range(50)]
        for statement, rows, requests in (
                ("SELECT s3_list('s3-bad://answer/') LIMIT 5", 5, 1),
                ("SELECT s3_list('s3-bad://answer/') LIMIT 10", 10, 1),
                ("SELECT s3_list('s3-bad://answer/') LIMIT 11", 11, 2),
                ("SELECT * FROM s3_list('s3-bad://answer/', max_keys => 25)", 25, 3),
                ("SELECT * FROM s3_list('s3-bad://answer/', max_keys => 0)", 0, 0)):
            with self.subTest(statement):
                conn, server = self.lists(*pages)
                self.assertEqual(len(query(conn, statement)), rows)
                self.assertEqual(len(server.requests), requests)
                self.check_good(conn)

    def test_cancel(self):
        """A list that is cancelled between pages and within one leaves nothing."""
        conn, server = self.lists(page(contents('a'), token='t'))
        pid = conn.info.backend_pid
        self.check_good(conn)
        before = len(descriptors(pid))
        query(conn, "SET statement_timeout = '200ms'")
        for statement in ("SELECT s3_list('s3-bad://silent-headers/')",
                          "SELECT (l).url, pg_sleep(60) FROM "
                          "(SELECT s3_list('s3-bad://answer/') AS l) s"):
            with self.assertSqlState('57014'):
                query(conn, statement)
        query(conn, 'RESET statement_timeout')
        self.check_good(conn)
        wait_for(lambda: len(descriptors(pid)) <= before + 1, 'descriptors are closed')


class Memory(ListCase):

    PAGES = 300

    def test_flat(self):
        """Memory does not grow with the number of pages."""
        answers = [page(*[contents('%06d/%04d' % (number, n) + 'k' * 100) for n in range(1000)],
                        token=None if number == self.PAGES - 1 else str(number))
                   for number in range(self.PAGES)]
        with FaultServer(answers=answers[-20:] + answers) as server:
            conn = self.connect(endpoints={'s3': {
                'endpoint_url': server.endpoint, 'access_key_id': 'id', 'secret_access_key': 'x'}})
            count = "SELECT count(*) FROM (SELECT (s3_list('s3://answer/')).url) s"
            self.assertEqual(query(conn, count), [(20 * 1000,)])
            before = resident(conn.info.backend_pid)
            self.assertEqual(query(conn, count), [(self.PAGES * 1000,)])
            self.assertLess(resident(conn.info.backend_pid) - before, 1024)


def resident(pid):
    """The memory of a process, at its peak, in kB."""
    with open('/proc/%d/status' % pid, encoding='ascii') as file:
        return int(re.search(r'VmHWM:\s+(\d+) kB', file.read()).group(1))


del Odd
