"""test_link_operations.py - links of every operation and signature version, used.

curl uses them, on real servers; so does s3_presign_request's answer as it
stands.
"""
import datetime
import json
import os
import pathlib
import re
import time
import unittest
import xml.etree.ElementTree
from urllib.parse import unquote_plus

from backend import Call
from harness import ENDPOINTS, Case, connect, environment, query, rgw, swift
from keys import ODD_KEYS
from sts import temporary_keys
from test_links import HOUR, UTC, LinkCase, curl

PART_SIZE = 5 * 1024 * 1024
VERSIONS = ('s3v4', 's3')


def elements(body, name):
    """The texts of the elements of that name, in any namespace."""
    return [element.text for element in xml.etree.ElementTree.fromstring(body).iter()
            if element.tag.rpartition('}')[2] == name]


def listed_keys(answer):
    """Of a list, which has them encoded."""
    return [unquote_plus(key) for key in elements(answer.body, 'Key')]


class RequestCase(LinkCase):
    """s3_presign_request's rows, sent as they are."""

    def version_session(self, version, scheme='s3', **more):
        return self.connect(endpoints={
            scheme: dict(ENDPOINTS[scheme], signature_version=version, **more)})

    def request(self, url, method, params=None, session=None, expires=HOUR):
        (row,) = query(session or self.session,
                       'SELECT * FROM s3_presign_request(%s, %s, %s, %s)', url, method, expires,
                       None if params is None else json.dumps(params))
        return row

    def send(self, url, method, params=None, session=None, body=None):
        verb, link, headers, _ = self.request(url, method, params, session)
        options = {'HEAD': ['--head'], 'PUT': []}.get(verb, ['--request', verb])
        if verb == 'PUT' and body is None:
            body = b''
        if verb == 'POST':
            options += ['--data-binary', (body or b'').decode()]
            headers = {'Content-Type': None, **headers}
            body = None
        # The length is curl's own to say.
        headers.pop('content-length', None)
        return curl(link, *options, body=body, headers=headers)


# -----------------------------------------------------------------------------
# Every operation
# -----------------------------------------------------------------------------

class OperationTest(RequestCase):

    def check_multipart(self, session, url, key, params):
        """Started, two parts, looked at, completed: all by links."""
        started = self.send(url, 'create_multipart_upload', params, session)
        self.assertEqual(started.status, 200, started.body)
        (upload,) = elements(started.body, 'UploadId')
        parts = [os.urandom(PART_SIZE), b'the end']
        etags = []
        for number, content in enumerate(parts, 1):
            sent = self.send(url, 'upload_part', {'UploadId': upload, 'PartNumber': number},
                             session, content)
            self.assertEqual(sent.status, 200, sent.body)
            etags.append(sent.headers['etag'])
        listed = self.send(url, 'list_parts', {'UploadId': upload}, session)
        self.assertEqual(elements(listed.body, 'PartNumber'), ['1', '2'])
        second = self.send(url, 'list_parts',
                           {'UploadId': upload, 'PartNumberMarker': 1, 'MaxParts': 1}, session)
        self.assertEqual(elements(second.body, 'PartNumber'), ['2'])
        body = '<CompleteMultipartUpload>%s</CompleteMultipartUpload>' % ''.join(
            '<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>' % part
            for part in enumerate(etags, 1))
        done = self.send(url, 'complete_multipart_upload', {'UploadId': upload}, session,
                         body.encode())
        self.assertEqual(done.status, 200, done.body)
        stored = self.stored(key)
        self.assertEqual(stored['Body'], b''.join(parts))
        return stored

    def test_multipart(self):
        params = {'ContentType': 'text/x-own', 'Metadata': {'Owner': 'a  b'},
                  'StorageClass': 'STANDARD_IA', 'CacheControl': 'no-cache'}
        for version in VERSIONS:
            session = self.version_session(version)
            for key in (self.key(version), self.key(version + ' a+b%41?x#\u20ac')):
                with self.subTest(version=version, key=key):
                    url = 's3://%s/%s' % (self.name, key)
                    stored = self.check_multipart(session, url, key, params)
                    self.assertEqual((stored['ContentType'], stored['Metadata'],
                                      stored['StorageClass'], stored['CacheControl']),
                                     ('text/x-own', {'owner': 'a  b'}, 'STANDARD_IA', 'no-cache'))

    def test_abort(self):
        for version in VERSIONS:
            session = self.version_session(version)
            url = 's3://%s/%s' % (self.name, self.key(version))
            started = self.send(url, 'create_multipart_upload', None, session)
            (upload,) = elements(started.body, 'UploadId')
            gone = self.send(url, 'abort_multipart_upload', {'UploadId': upload}, session)
            self.assertEqual(gone.status, 204)
            listed = self.send(url, 'list_parts', {'UploadId': upload}, session)
            self.assertEqual(listed.status, 404)

    def test_link_of_a_part_is_for_that_part(self):
        url = 's3://%s/%s' % (self.name, self.key())
        (upload,) = elements(self.send(url, 'create_multipart_upload').body, 'UploadId')
        for version in VERSIONS:
            _, link, _, _ = self.request(url, 'upload_part', {'UploadId': upload, 'PartNumber': 1},
                                         self.version_session(version))
            self.assertEqual(curl(link, body=b'x').status, 200)
            self.assertRefused(curl(link.replace('partNumber=1', 'partNumber=2'), body=b'x'),
                               'SignatureDoesNotMatch')
            self.assertRefused(curl(link.replace('uploadId=', 'uploadId=x'), body=b'x'))
        self.s3.abort_multipart_upload(Bucket=self.name, Key=self.key(), UploadId=upload)

    def test_copy(self):
        for version in VERSIONS:
            session = self.version_session(version)
            for source in ODD_KEYS:
                with self.subTest(version=version, source=source):
                    self.store(source, source.encode())
                    answer = self.send('s3://%s/%s' % (self.name, self.key()), 'copy_object',
                                       {'CopySource': {'Bucket': self.name, 'Key': source},
                                        'MetadataDirective': 'REPLACE',
                                        'ContentType': 'text/x-copy'}, session)
                    self.assertEqual(answer.status, 200, answer.body)
                    stored = self.stored(self.key())
                    self.assertEqual((stored['Body'], stored['ContentType']),
                                     (source.encode(), 'text/x-copy'))

    def test_copy_of_a_version(self):
        name = self.bucket()
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={'Status': 'Enabled'})
        old = self.s3.put_object(Bucket=name, Key='key', Body=b'1')['VersionId']
        self.s3.put_object(Bucket=name, Key='key', Body=b'2')
        for source in ('%s/key?versionId=%s' % (name, old),
                       {'Bucket': name, 'Key': 'key', 'VersionId': old}):
            answer = self.send('s3://%s/copy' % name, 'copy_object', {'CopySource': source})
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual(self.s3.get_object(Bucket=name, Key='copy')['Body'].read(), b'1')

    def test_list(self):
        """The key of the URL is the prefix; keys come encoded, as boto3 asks for them."""
        name = self.bucket()
        keys = ['a/' + key for key in ODD_KEYS if len(key.encode()) < 1000] + ['b', 'c/d', 'c/e/f']
        for key in keys:
            self.s3.put_object(Bucket=name, Key=key, Body=b'x')
        for version in VERSIONS:
            session = self.version_session(version)
            for url, params, expected in (
                    ('', {}, keys), ('/', None, keys), ('/a/', {}, [k for k in keys if k[0] == 'a']),
                    ('', {'Prefix': 'c'}, ['c/d', 'c/e/f']), ('/c/', {'Delimiter': '/'}, ['c/d']),
                    ('', {'StartAfter': 'b', 'FetchOwner': True}, ['c/d', 'c/e/f']),
                    ('/none', {}, [])):
                with self.subTest(version=version, url=url, params=params):
                    answer = self.send('s3://%s%s' % (name, url), 'list_objects_v2', params, session)
                    self.assertEqual(answer.status, 200, answer.body)
                    self.assertEqual(sorted(listed_keys(answer)), sorted(expected))

    def test_list_in_pages(self):
        name = self.bucket()
        for key in 'abcde':
            self.s3.put_object(Bucket=name, Key=key, Body=b'x')
        found, params = [], {'MaxKeys': 2}
        while params:
            answer = self.send('s3://%s' % name, 'list_objects_v2', params)
            found += listed_keys(answer)
            token = elements(answer.body, 'NextContinuationToken')
            params = {'MaxKeys': 2, 'ContinuationToken': token[0]} if token else None
        self.assertEqual(found, list('abcde'))

    def test_list_below_a_prefix(self):
        """No parameter leads out of the storage's prefix."""
        name = self.bucket()
        for key in ('in/a', 'in/b/c', 'inner', 'out'):
            self.s3.put_object(Bucket=name, Key=key, Body=b'x')
        session = self.version_session('s3v4', key_prefix='in')
        for url, params, expected in (('', {}, ['in/a', 'in/b/c']), ('/b', {}, ['in/b/c']),
                                      ('', {'Prefix': 'b'}, ['in/b/c']),
                                      ('', {'Prefix': ''}, ['in/a', 'in/b/c']),
                                      ('', {'StartAfter': 'in/a'}, ['in/b/c'])):
            answer = self.send('s3://%s%s' % (name, url), 'list_objects_v2', params, session)
            self.assertEqual(listed_keys(answer), expected)
        with self.assertSqlState('22023', 'climbs out'):
            self.send('s3://%s' % name, 'list_objects_v2', {'Prefix': '../out'}, session)
        for good, source in ((True, 'in/a'), (False, 'out'), (False, 'inner')):
            for value in ({'Bucket': name, 'Key': source}, '%s/%s' % (name, source),
                          '/%s/%s' % (name, source)):
                copy = ('s3://%s/copy' % name, 'copy_object', {'CopySource': value}, session)
                if good:
                    self.assertEqual(self.send(*copy).status, 200)
                else:
                    with self.assertSqlState('22023', 'CopySource', 'begin with the prefix'):
                        self.send(*copy)


# -----------------------------------------------------------------------------
# What a request needs
# -----------------------------------------------------------------------------

class RequestTest(RequestCase):

    def test_row(self):
        """The same link, and what goes with it."""
        now = datetime.datetime.now(UTC).replace(microsecond=0)
        params = json.dumps({'ContentType': 'a/b', 'Metadata': {'X': '\u00fc'}, 'IfNoneMatch': '*'})
        arguments = ('s3://bucket/key', 'put_object', HOUR, params, now)
        (row,) = query(self.session, 'SELECT * FROM s3_presign_request(%s, %s, %s, %s, %s)',
                       *arguments)
        ((link,),) = query(self.session, 'SELECT s3_presign(%s, %s, %s, %s, %s)', *arguments)
        self.assertEqual(row, ('PUT', link, {'content-type': 'a/b', 'x-amz-meta-x': '=?UTF-8?B?w7w=?=',
                                             'if-none-match': '*'}, now + HOUR))

    def test_no_headers(self):
        self.assertEqual(self.request('s3://bucket/key', 'get_object')[2], {})

    def test_every_version_signs_headers(self):
        params = {'ContentType': 'text/csv', 'Metadata': {'a': 'b  c'}, 'ACL': 'public-read',
                  'ContentMD5': '1B2M2Y8AsgTpgAmY7PhCfg=='}
        for scheme, server in (('s3', rgw()), ('s3-swift', swift())):
            name = self.bucket(server)
            for version in VERSIONS:
                with self.subTest(scheme=scheme, version=version):
                    session = self.version_session(version, scheme)
                    url = '%s://%s/%s' % (scheme, name, version)
                    _, link, headers, _ = self.request(url, 'put_object', params, session)
                    self.assertRefused(curl(link, body=b''), 'SignatureDoesNotMatch')
                    for left_out in headers:
                        fewer = {name: value for name, value in headers.items()
                                 if name != left_out}
                        self.assertRefused(curl(link, body=b'', headers=fewer),
                                           'SignatureDoesNotMatch')
                    self.assertEqual(curl(link, body=b'', headers=headers).status, 200)
                    head = server.head_object(Bucket=name, Key=version)
                    self.assertEqual((head['ContentType'], head['Metadata']),
                                     ('text/csv', {'a': 'b  c'}))


# -----------------------------------------------------------------------------
# Signature version 2
# -----------------------------------------------------------------------------

class VersionTwoTest(RequestCase):

    def setUp(self):
        super().setUp()
        self.two = self.version_session('s3')

    def test_every_key(self):
        for number, key in enumerate(ODD_KEYS):
            with self.subTest(key=key):
                content = b'%d' % number
                url = 's3://%s/%s' % (self.name, key)
                self.assertEqual(self.send(url, 'PUT', session=self.two, body=content).status, 200)
                self.assertEqual(self.send(url, 'GET', session=self.two).body, content)
                self.assertEqual(self.send(url, 'HEAD', session=self.two).status, 200)
                self.assertEqual(self.send(url, 'DELETE', session=self.two).status, 204)
                self.assertEqual(self.send(url, 'GET', session=self.two).status, 404)

    def test_form_of_the_link(self):
        link = self.link('key', session=self.two)
        self.assertRegex(link, r'^[^?]*/key\?AWSAccessKeyId=\w+&Expires=\d+&Signature=[\w%]+$')

    def test_response_headers(self):
        self.store(self.key())
        for scheme, server in (('s3', rgw()), ('s3-swift', swift())):
            name = self.bucket(server)
            server.put_object(Bucket=name, Key='key', Body=b'x')
            with self.subTest(scheme):
                value = 'attachment; filename="a b+c%41&\'.txt"'
                answer = self.send('%s://%s/key' % (scheme, name), 'GET',
                                   {'ResponseContentDisposition': value,
                                    'ResponseContentType': 'text/x-own'},
                                   self.version_session('s3', scheme))
                self.assertEqual((answer.status, answer.headers.get('content-disposition'),
                                  answer.headers.get('content-type')), (200, value, 'text/x-own'))

    def test_refused(self):
        for scheme, server in (('s3', rgw()), ('s3-swift', swift())):
            name = self.bucket(server)
            server.put_object(Bucket=name, Key='key', Body=b'x')
            with self.subTest(scheme):
                where = {'scheme': scheme, 'bucket': name,
                         'session': self.version_session('s3', scheme)}
                link = self.link('key', **where)
                self.assertEqual(curl(link).body, b'x')
                for pattern, replacement in ((r'/key\?', '/kez?'), (r'Expires=\d', 'Expires=9'),
                                             (r'(Signature=)..', r'\g<1>00'),
                                             (r'\Z', '&versionId=null')):
                    with self.subTest(pattern):
                        tampered, count = re.subn(pattern, replacement, link, count=1)
                        self.assertEqual(count, 1)
                        self.assertRefused(curl(tampered))
                past = datetime.datetime.now(UTC) - 2 * HOUR
                self.assertRefused(curl(self.link('key', signed_at=past, **where)))

    def test_requests(self):
        """Our own requests, on both servers."""
        for scheme, server in (('s3', rgw()), ('s3-swift', swift())):
            name = self.bucket(server)
            session = self.version_session('s3', scheme)
            for key in ('a', 'a b+%41?x#\u20ac', 'd/e'):
                with self.subTest(scheme=scheme, key=key):
                    url = '%s://%s/%s' % (scheme, name, key)
                    query(session, "SELECT s3_put(%s, 'content'::text, 'text/x-own', %s)", url,
                          json.dumps({'A': 'b  c'}))
                    self.assertEqual(query(session, 'SELECT s3_get_text(%s)', url), [('content',)])
                    self.assertEqual(query(session, 'SELECT content_type, metadata'
                                                    ' FROM s3_head(%s)', url),
                                     [('text/x-own', {'a': 'b  c'})])
                    self.assertEqual(query(session, 'SELECT s3_exists(%s)',
                                           '%s://%s/%s' % (scheme, name, '')), [(True,)])
                    query(session, 'SELECT s3_delete(%s)', url)
                    self.assertEqual(query(session, 'SELECT s3_exists(%s)', url), [(False,)])

    def test_bad_secret(self):
        session = self.version_session('s3', secret_access_key='x' * 40)
        with self.assertSqlState('42501', detail='SignatureDoesNotMatch'):
            query(session, "SELECT s3_get('s3://%s/key')" % self.name)

    def test_session_token(self):
        self.store(self.key())
        session = self.version_session('s3', **temporary_keys())
        link = self.link(self.key(), session=session)
        self.assertIn('x-amz-security-token=', link)
        self.assertEqual(curl(link).body, b'content')
        self.assertRefused(curl(re.sub(r'x-amz-security-token=[^&]*&', '', link)))
        self.assertEqual(query(session, 'SELECT s3_get_text(%s)',
                               's3://%s/%s' % (self.name, self.key())), [('content',)])

    def test_virtual_host(self):
        session = self.version_session(
            's3', endpoint_url='http://localhost:' + environment('RGW_PORT'),
            addressing_style='virtual')
        self.store('v/' + self.key(), b'virtual')
        answer = self.send('s3://%s/v/%s' % (self.name, self.key()), 'GET', session=session)
        self.assertEqual(answer.body, b'virtual')
        answer = self.send('s3://%s/v/' % self.name, 'list_objects_v2', session=session)
        self.assertEqual(listed_keys(answer), ['v/' + self.key()])


# -----------------------------------------------------------------------------
# No signature at all
# -----------------------------------------------------------------------------

class PublicTest(RequestCase):
    """A bucket that everybody may write, and objects that everybody may read."""

    def setUp(self):
        super().setUp()
        self.public = self.bucket()
        self.s3.put_bucket_acl(Bucket=self.public, ACL='public-read-write')
        self.s3.put_object(Bucket=self.public, Key='read me?', Body=b'content', ACL='public-read')
        self.s3.put_object(Bucket=self.public, Key='private', Body=b'content')
        # No keys anywhere
        self.nobody = self.version_session('unsigned', access_key_id=None, secret_access_key=None)

    def public_url(self, key):
        return 's3://%s/%s' % (self.public, key)

    def test_links(self):
        answer = self.send(self.public_url('read me?'), 'GET', session=self.nobody)
        self.assertEqual(answer.body, b'content')
        self.assertEqual(self.send(self.public_url('private'), 'GET', session=self.nobody).status, 403)
        sent = self.send(self.public_url('new'), 'PUT', {'ContentType': 'a/b'}, self.nobody, b'new')
        self.assertEqual(sent.status, 200)
        self.assertEqual(self.s3.head_object(Bucket=self.public, Key='new')['ContentLength'], 3)
        listed = self.send(self.public_url(''), 'list_objects_v2', session=self.nobody)
        self.assertEqual(listed_keys(listed), ['new', 'private', 'read me?'])

    def test_requests(self):
        self.assertEqual(query(self.nobody, 'SELECT s3_get_text(%s)', self.public_url('read me?')),
                         [('content',)])
        with self.assertSqlState('42501', 'private'):
            query(self.nobody, 'SELECT s3_get(%s)', self.public_url('private'))
        query(self.nobody, "SELECT s3_put(%s, 'mine'::text)", self.public_url('mine'))
        stored = self.s3.list_objects_v2(Bucket=self.public, Prefix='mine')['Contents']
        self.assertEqual(stored[0]['Size'], 4)

    def test_bucket_auth(self):
        """Links to read are plain; the others, and requests, are signed."""
        session = self.version_session('s3v4', bucket_auth=False)
        url = self.public_url('read me?')
        for method in ('get_object', 'head_object'):
            verb, link, headers, ends = self.request(url, method, session=session)
            self.assertEqual((headers, ends), ({}, None))
            self.assertNotIn('X-Amz', link)
        self.assertEqual(self.send(url, 'GET', session=session).body, b'content')
        self.assertEqual(self.send(url, 'HEAD', session=session).status, 200)
        answer = self.send(url, 'GET', {'ResponseContentType': 'text/x-own'}, session)
        self.assertEqual(answer.headers['content-type'], 'text/x-own')
        self.assertEqual(self.send(self.public_url('private'), 'GET', session=session).status, 403)
        self.assertEqual(query(session, 'SELECT s3_get_text(%s)', self.public_url('private')),
                         [('content',)])
        self.assertEqual(self.send(self.public_url('x'), 'PUT', None, session, b'x').status, 200)

    def test_public_url(self):
        """The base of a domain of one's own: here the server's, with the bucket."""
        base = '%s/%s' % (environment('RGW_ENDPOINT'), self.public)
        session = self.version_session('s3v4', bucket_auth=False, public_url=base,
                                       endpoint_url_presigning='http://absent.invalid')
        answer = self.send(self.public_url('read me?'), 'GET', session=session)
        self.assertEqual(answer.body, b'content')


# -----------------------------------------------------------------------------
# Times
# -----------------------------------------------------------------------------

def signed_at(link):
    moment = re.search(r'X-Amz-Date=(\w+)', link).group(1)
    return datetime.datetime.strptime(moment, '%Y%m%dT%H%M%SZ').replace(tzinfo=UTC)


class WindowTest(RequestCase):

    def test_same_link(self):
        """The same in two statements, good on the server, until the window is over."""
        self.store(self.key())
        # Three seconds are over soon; a window that starts in between is another try.
        query(self.session, 'SET s3store.presign_window = 3')
        for _ in range(5):
            first = self.link(self.key())
            time.sleep(1)
            second = self.link(self.key())
            if first == second:
                break
        self.assertEqual(first, second)
        self.assertEqual(signed_at(first).timestamp() % 3, 0)
        self.assertEqual(curl(first).body, b'content')
        deadline = time.monotonic() + 10
        while self.link(self.key()) == first:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)

    def test_lives_as_long_as_asked(self):
        """From the moment of the statement, wherever in the window that is."""
        query(self.session, "SET s3store.presign_window = '1 d'")
        link = self.link('key')
        ends = signed_at(link) + datetime.timedelta(
            seconds=int(re.search(r'X-Amz-Expires=(\d+)', link).group(1)))
        self.assertGreaterEqual(ends, datetime.datetime.now(UTC) + HOUR
                                - datetime.timedelta(seconds=60))


LONG_STATEMENT = """
    DO $$
    DECLARE
        links text[];
    BEGIN
        links := links || s3_presign('s3://bucket/key');
        PERFORM pg_sleep(40);
        links := links || s3_presign('s3://bucket/key');
        PERFORM pg_sleep(21);
        links := links || s3_presign('s3://bucket/key');
        PERFORM set_config('links.made', array_to_json(links)::text, false);
    END
    $$"""


def setUpModule():
    """What takes a minute begins with the others, and is looked at when it is done."""
    global long_statement, long_connection, long_start
    long_connection = connect()
    long_start = datetime.datetime.now(UTC)
    long_statement = Call(long_connection, LONG_STATEMENT)


def tearDownModule():
    long_statement.join()
    long_connection.close()


class LongStatementTest(Case):

    def test_links_are_never_older_than_a_minute(self):
        """All links of a statement agree, but not when they would be old."""
        long_statement.result(timeout=120)
        ((made,),) = query(long_connection, "SELECT current_setting('links.made')")
        first, second, third = json.loads(made)
        self.assertLess(abs((signed_at(first) - long_start).total_seconds()), 10)
        self.assertEqual(second, first)
        age = (signed_at(third) - signed_at(first)).total_seconds()
        self.assertGreaterEqual(age, 60)
        self.assertLess(age, 75)


if __name__ == '__main__':
    unittest.main()
