"""test_links.py - links that others use: curl, on real servers.

PostgreSQL makes the links and takes no part in what becomes of them.
"""
import base64
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

from harness import ENDPOINTS, BucketCase, endpoint, environment, query, rgw, swift
from keys import ODD_KEYS
from sts import temporary_keys

UTC = datetime.timezone.utc
HOUR = datetime.timedelta(hours=1)
SSE_KEY = 'abcdefghijklmnopqrstuvwxyz012345'

# Nothing of the user's configuration, no proxy, and the path as it stands:
# curl would fold its ".." as browsers do.
CURL = ('curl', '--disable', '--silent', '--show-error', '--noproxy', '*', '--globoff',
        '--path-as-is', '--max-time', '60')


# -----------------------------------------------------------------------------
# Shared
# -----------------------------------------------------------------------------

class Answer:
    """What curl got for a link."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def parse_headers(raw):
    """Of the last answer; one before it may be 100 Continue."""
    lines = raw.decode().strip().split('\r\n\r\n')[-1].split('\r\n')[1:]
    return {name.lower(): value.strip() for name, _, value in
            (line.partition(':') for line in lines)}


def header_option(name, value):
    """As curl wants it: an empty header, and none at all, have forms of their own."""
    if value is None:
        return name + ':'
    return '%s: %s' % (name, value) if value else name + ';'


def curl(link, *options, body=None, headers=None):
    """Use a link; the body, if any, is sent."""
    with tempfile.TemporaryDirectory() as directory:
        paths = [os.path.join(directory, name) for name in ('body', 'headers', 'sent')]
        command = [*CURL, '--output', paths[0], '--dump-header', paths[1],
                   '--write-out', '%{http_code}', *options]
        if body is not None:
            pathlib.Path(paths[2]).write_bytes(body)
            # Not --upload-file: to an URL that ends in a slash it adds a name.
            command += ['--request', 'PUT', '--data-binary', '@' + paths[2]]
            headers = {'Content-Type': None, **(headers or {})}
        for name, value in (headers or {}).items():
            command += ['--header', header_option(name, value)]
        done = subprocess.run([*command, link], check=True, capture_output=True, text=True,
                              timeout=120)
        got = pathlib.Path(paths[0])
        return Answer(int(done.stdout), parse_headers(pathlib.Path(paths[1]).read_bytes()),
                      got.read_bytes() if got.exists() else b'')


class LinkCase(BucketCase):
    """A case with links."""

    def link(self, key, method='get_object', scheme='s3', bucket=None, session=None, params=None,
             expires=HOUR, signed_at=None):
        url = '%s://%s/%s' % (scheme, bucket or self.name, key)
        ((link,),) = query(session or self.session, 'SELECT s3_presign(%s, %s, %s, %s, %s)', url,
                           method, expires, None if params is None else json.dumps(params),
                           signed_at)
        return link

    def assertRefused(self, answer, code=None):
        self.assertEqual(answer.status, 403)
        if code is not None:
            self.assertIn('<Code>%s</Code>' % code, answer.body.decode())


# -----------------------------------------------------------------------------
# Every operation, every key
# -----------------------------------------------------------------------------

class OperationTest(LinkCase):

    def test_every_key(self):
        """Up, asked for, down and away."""
        for number, key in enumerate(ODD_KEYS):
            with self.subTest(key=key):
                content = b'%d' % number
                self.assertEqual(curl(self.link(key, 'put_object'), body=content).status, 200)
                self.assertEqual(self.stored(key)['Body'], content)
                self.assertEqual(curl(self.link(key)).body, content)
                head = curl(self.link(key, 'head_object'), '--head')
                self.assertEqual((head.status, head.headers['content-length']),
                                 (200, str(len(content))))
                gone = curl(self.link(key, 'delete_object'), '--request', 'DELETE')
                self.assertEqual(gone.status, 204)
                self.assertEqual(curl(self.link(key)).status, 404)

    def test_large_upload(self):
        content = os.urandom(5 * 1024 * 1024)
        self.assertEqual(curl(self.link(self.key(), 'PUT'), body=content).status, 200)
        self.assertEqual(curl(self.link(self.key())).body, content)

    def test_verbs(self):
        """An operation and its verb are the same."""
        now = datetime.datetime.now(UTC)
        for operation in ('get_object', 'put_object', 'head_object', 'delete_object'):
            verb = operation.partition('_')[0]
            links = {self.link('key', method, signed_at=now)
                     for method in (operation, verb, verb.upper())}
            self.assertEqual(len(links), 1, operation)

    def test_plain(self):
        """s3_url, of what everyone may read and of what not."""
        for acl, status in (('public-read', 200), ('private', 403)):
            self.store(self.key('?' + acl), ACL=acl)
            ((url,),) = query(self.session, 'SELECT s3_url(%s)',
                              's3://%s/%s' % (self.name, self.key('?' + acl)))
            self.assertEqual(curl(url).status, status)


# -----------------------------------------------------------------------------
# Parameters
# -----------------------------------------------------------------------------

class ParamTest(LinkCase):

    def test_response_headers(self):
        """What the link says the answer shall say."""
        self.store(self.key())
        params = {
            'ResponseContentDisposition': 'attachment; filename="a b+c%41&\'.txt"',
            'ResponseContentType': 'text/x-own; charset=utf-8', 'ResponseCacheControl': 'no-store',
            'ResponseContentLanguage': 'de', 'ResponseContentEncoding': 'x-own',
            'ResponseExpires': '2031-02-03 04:05:06+00'}
        answer = curl(self.link(self.key(), params=params))
        self.assertEqual(answer.status, 200)
        expected = dict(params, ResponseExpires='Mon, 03 Feb 2031 04:05:06 GMT')
        for name, value in expected.items():
            header = re.sub(r'(?!^)([A-Z])', r'-\1', name[len('Response'):]).lower()
            self.assertEqual(answer.headers[header], value)

    def test_file_name_that_is_not_ascii(self):
        self.store(self.key())
        value = "attachment; filename*=UTF-8''%e2%82%ac.txt; filename=\"\u20ac.txt\""
        answer = curl(self.link(self.key(), params={'ResponseContentDisposition': value}))
        self.assertEqual(answer.headers['content-disposition'], value)

    def test_upload_with_signed_headers(self):
        params = {'ContentType': 'text/csv', 'CacheControl': 'no-cache', 'StorageClass': 'GLACIER',
                  'Metadata': {'Owner': 'Ann  B', 'empty': ''}, 'Tagging': 'a=1'}
        headers = {'Content-Type': 'text/csv', 'Cache-Control': 'no-cache',
                   'x-amz-storage-class': 'GLACIER', 'x-amz-meta-owner': 'Ann  B',
                   'x-amz-meta-empty': '', 'x-amz-tagging': 'a=1'}
        link = self.link(self.key(), 'put_object', params=params)
        self.assertEqual(curl(link, body=b'1,2', headers=headers).status, 200)
        stored = self.stored(self.key())
        self.assertEqual(stored['Body'], b'1,2')
        self.assertEqual(stored['Metadata'], {'owner': 'Ann  B', 'empty': ''})
        self.assertEqual((stored['ContentType'], stored['CacheControl'], stored['StorageClass']),
                         ('text/csv', 'no-cache', 'GLACIER'))

    def test_upload_without_a_signed_header(self):
        link = self.link(self.key(), 'put_object',
                         params={'ContentType': 'text/csv', 'Metadata': {'a': 'b'}})
        good = {'Content-Type': 'text/csv', 'x-amz-meta-a': 'b'}
        for change in ({'Content-Type': 'text/html'}, {'x-amz-meta-a': 'c'}):
            self.assertRefused(curl(link, body=b'x', headers=dict(good, **change)),
                               'SignatureDoesNotMatch')
        for name in good:
            left = {other: value for other, value in good.items() if other != name}
            self.assertRefused(curl(link, body=b'x', headers=left), 'SignatureDoesNotMatch')
        self.assertEqual(curl(link, body=b'x', headers=good).status, 200)

    def test_upload_of_a_length(self):
        link = self.link(self.key(), 'put_object', params={'ContentLength': 3})
        self.assertRefused(curl(link, body=b'four'))
        self.assertEqual(curl(link, body=b'one').status, 200)

    def test_upload_where_nothing_is(self):
        link = self.link(self.key(), 'put_object', params={'IfNoneMatch': '*'})
        statuses = [curl(link, body=b'x', headers={'If-None-Match': '*'}).status for _ in range(2)]
        self.assertEqual(statuses, [200, 412])

    def test_range(self):
        self.store(self.key(), b'0123456789')
        link = self.link(self.key(), params={'Range': 'bytes=2-4'})
        answer = curl(link, headers={'Range': 'bytes=2-4'})
        self.assertEqual((answer.status, answer.body), (206, b'234'))
        self.assertRefused(curl(link, headers={'Range': 'bytes=2-5'}))

    def test_own_encryption_key(self):
        """The key itself never stands in the link."""
        self.store(self.key(), SSECustomerAlgorithm='AES256', SSECustomerKey=SSE_KEY)
        params = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': SSE_KEY}
        link = self.link(self.key(), params=params)
        self.assertNotIn('YWJjZGVm', link)
        self.assertNotIn(SSE_KEY, link)
        prefix = 'x-amz-server-side-encryption-customer-'
        headers = {prefix + 'algorithm': 'AES256',
                   prefix + 'key': 'YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=',
                   prefix + 'key-md5': base64.b64encode(
                       hashlib.md5(SSE_KEY.encode()).digest()).decode()}
        self.assertEqual(curl(link, headers=headers).body, b'content')

    def test_versions(self):
        name = self.bucket()
        self.s3.put_bucket_versioning(Bucket=name,
                                      VersioningConfiguration={'Status': 'Enabled'})
        versions = [self.s3.put_object(Bucket=name, Key='key', Body=body)['VersionId']
                    for body in (b'1', b'2')]
        link = self.link('key', bucket=name, params={'VersionId': versions[0]})
        self.assertEqual(curl(link).body, b'1')
        link = self.link('key', 'delete_object', bucket=name, params={'VersionId': versions[1]})
        self.assertEqual(curl(link, '--request', 'DELETE').status, 204)
        self.assertEqual(curl(self.link('key', bucket=name)).body, b'1')


# -----------------------------------------------------------------------------
# What is refused
# -----------------------------------------------------------------------------

class RefusedTest(LinkCase):
    """On both servers: a link that is too old, too young or not ours."""

    SERVERS = {'s3': rgw, 's3-swift': swift}

    def setUp(self):
        super().setUp()
        self.buckets = {scheme: self.bucket(server()) for scheme, server in self.SERVERS.items()}
        for scheme, server in self.SERVERS.items():
            server().put_object(Bucket=self.buckets[scheme], Key='key', Body=b'content')

    def each(self, check, **arguments):
        """Check a link on each server."""
        for scheme, bucket in self.buckets.items():
            with self.subTest(scheme):
                check(self.link('key', scheme=scheme, bucket=bucket, **arguments))

    def assertWorks(self, link):
        answer = curl(link)
        self.assertEqual((answer.status, answer.body), (200, b'content'))

    def test_fresh(self):
        self.each(self.assertWorks)

    def test_longest(self):
        self.each(self.assertWorks, expires=datetime.timedelta(days=7))

    def test_signed_in_the_past(self):
        """It lives from when it was signed."""
        past = datetime.datetime.now(UTC) - datetime.timedelta(minutes=10)
        self.each(self.assertWorks, signed_at=past, expires=datetime.timedelta(minutes=11))

    def test_expired(self):
        past = datetime.datetime.now(UTC) - datetime.timedelta(minutes=10)
        self.each(lambda link: self.assertRefused(curl(link), 'AccessDenied'),
                  signed_at=past, expires=datetime.timedelta(minutes=9))

    def test_expires_by_itself(self):
        """Good when it is made, and refused two seconds later."""
        def check(link):
            self.assertWorks(link)
            time.sleep(3)            # the one wait: it is what is tested
            self.assertRefused(curl(link), 'AccessDenied')
        self.each(check, expires=datetime.timedelta(seconds=2))

    def test_other_method(self):
        def check(link):
            self.assertRefused(curl(link, body=b'other'), 'SignatureDoesNotMatch')
            self.assertRefused(curl(link, '--request', 'DELETE'), 'SignatureDoesNotMatch')
            self.assertWorks(link)
        self.each(check)

    CHANGES = ((r'/key\?', '/kez?'), (r'X-Amz-Expires=3600', 'X-Amz-Expires=604800'),
               (r'(X-Amz-Date=\d{8}T)\d{6}', r'\g<1>000001'),
               (r'(X-Amz-Signature=)\w{4}', r'\g<1>0000'), (r'\Z', '&versionId=null'),
               (r'\Z', '&response-content-type=text/html'),
               (r'X-Amz-SignedHeaders=host', r'\g<0>%3Ba'))

    def test_tampered(self):
        def check(link):
            for pattern, replacement in self.CHANGES:
                tampered, count = re.subn(pattern, replacement, link, count=1)
                self.assertEqual(count, 1)
                with self.subTest(pattern):
                    self.assertRefused(curl(tampered))
        self.each(check)

    def test_stripped(self):
        """Without its signature a link is worth nothing."""
        self.each(lambda link: self.assertIn(curl(link.partition('?')[0]).status, (400, 401, 403)))

    def test_bad_secret(self):
        for scheme, bucket in self.buckets.items():
            with self.subTest(scheme):
                entry = dict(ENDPOINTS[scheme], secret_access_key='x' * 40)
                session = self.connect(endpoints={scheme: entry})
                link = self.link('key', scheme=scheme, bucket=bucket, session=session)
                self.assertRefused(curl(link), 'SignatureDoesNotMatch')

    def test_lifetimes_that_there_are_not(self):
        for expires in (datetime.timedelta(0), -HOUR, datetime.timedelta(days=7, seconds=1),
                        datetime.timedelta(days=100000)):
            with self.subTest(expires), self.assertSqlState('22023', 'lifetime', '7 days'):
                self.link('key', expires=expires)


# -----------------------------------------------------------------------------
# Hosts and keys
# -----------------------------------------------------------------------------

class HostTest(LinkCase):

    def test_presigning_endpoint(self):
        """Requests go to 127.0.0.1, the users of links to localhost."""
        query(self.session, 'SELECT s3_put(%s, \'content\'::text)',
              's3-links://%s/%s' % (self.name, self.key()))
        link = self.link(self.key(), scheme='s3-links')
        self.assertTrue(link.startswith('http://localhost:' + environment('RGW_PORT') + '/'))
        self.assertEqual(curl(link).body, b'content')
        # The host is signed: the other name is another link.
        self.assertRefused(curl(link.replace('localhost', '127.0.0.1')), 'SignatureDoesNotMatch')
        upload = self.link(self.key(), 'put_object', scheme='s3-links')
        self.assertEqual(curl(upload, body=b'theirs').status, 200)
        self.assertEqual(self.stored(self.key())['Body'], b'theirs')

    def test_tls(self):
        self.store(self.key())
        link = self.link(self.key(), scheme='s3-tls')
        self.assertTrue(link.startswith('https://localhost:'))
        self.assertEqual(curl(link, '--cacert', environment('RGW_CA')).body, b'content')

    def test_virtual_host(self):
        """Not every release of curl takes all names below localhost for loopback."""
        address = '%s.localhost:%s:127.0.0.1' % (self.name, environment('RGW_PORT'))
        session = self.connect(endpoints={'s3': endpoint(
            'RGW', endpoint_url='http://localhost:' + environment('RGW_PORT'),
            addressing_style='virtual')})
        for number, key in enumerate(ODD_KEYS):
            with self.subTest(key=key):
                link = self.link(key, 'put_object', session=session)
                self.assertTrue(link.startswith('http://%s.localhost:' % self.name))
                answer = curl(link, '--resolve', address, body=b'%d' % number)
                self.assertEqual(answer.status, 200)
                self.assertEqual(self.stored(key)['Body'], b'%d' % number)

    def test_session_token(self):
        keys = temporary_keys()
        self.store(self.key())
        session = self.connect(endpoints={'s3': dict(ENDPOINTS['s3'], **keys)})
        link = self.link(self.key(), session=session)
        self.assertIn('X-Amz-Security-Token=', link)
        self.assertEqual(curl(link).body, b'content')
        self.assertRefused(curl(re.sub(r'X-Amz-Security-Token=[^&]*&', '', link)))

    def test_no_server(self):
        """Making a link asks nobody."""
        session = self.connect(endpoints={'s3': endpoint(
            'RGW', endpoint_url='http://absent.invalid')})
        self.assertTrue(self.link('key', session=session).startswith('http://absent.invalid/'))


class SwiftTest(LinkCase):
    """The stricter server: it checks the region in the signature, too."""

    KEYS = ('a', 'a b', 'a+b', '%41', '\u00fc\u20ac\U0001f600', 'd/e', '\'"', '?#&', 'a//b',
            '~*()!')

    def test_every_operation(self):
        name = self.bucket(swift())
        for key in self.KEYS:
            with self.subTest(key=key):
                where = {'scheme': 's3-swift', 'bucket': name}
                self.assertEqual(curl(self.link(key, 'PUT', **where), body=b'x').status, 200)
                self.assertEqual(curl(self.link(key, **where)).body, b'x')
                self.assertEqual(curl(self.link(key, 'HEAD', **where), '--head').status, 200)
                gone = curl(self.link(key, 'DELETE', **where), '--request', 'DELETE')
                self.assertEqual(gone.status, 204)

    def test_response_header(self):
        name = self.bucket(swift())
        swift().put_object(Bucket=name, Key='key', Body=b'x')
        value = 'attachment; filename="a b.txt"'
        answer = curl(self.link('key', scheme='s3-swift', bucket=name,
                                params={'ResponseContentDisposition': value}))
        self.assertEqual(answer.headers['content-disposition'], value)

    def test_upload_with_signed_headers(self):
        name = self.bucket(swift())
        link = self.link('key', 'put_object', scheme='s3-swift', bucket=name,
                         params={'ContentType': 'text/csv', 'Metadata': {'a': 'b'}})
        self.assertRefused(curl(link, body=b'x'), 'SignatureDoesNotMatch')
        headers = {'Content-Type': 'text/csv', 'x-amz-meta-a': 'b'}
        self.assertEqual(curl(link, body=b'x', headers=headers).status, 200)
        self.assertEqual(swift().head_object(Bucket=name, Key='key')['Metadata'], {'a': 'b'})

    def test_wrong_region(self):
        session = self.connect(endpoints={'s3-swift': endpoint('SWIFT', region='eu-west-1')})
        answer = curl(self.link('key', scheme='s3-swift', session=session))
        self.assertIn(answer.status, (400, 403))
        self.assertIn('region', answer.body.decode())


if __name__ == '__main__':
    unittest.main()
