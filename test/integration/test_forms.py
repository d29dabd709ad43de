"""test_forms.py - browser forms, sent by curl as a browser would.

form_server.py takes them; that it refuses what S3 refuses is tested here, too,
with forms by boto3.
"""
import base64
import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import boto3
from botocore.config import Config

from backend import entry
from form_server import FormServer
from harness import Case, query, rgw
from test_links import CURL, HOUR, UTC

KEY_ID, SECRET = 'AKIDFORMS', 'forms/secret+1'
VERSIONS = ('s3v4', 's3')


def quote(text):
    """As curl takes the text of a form."""
    return '"%s"' % text.replace('\\', '\\\\').replace('"', '\\"')


def send(form, content=b'content', file_name='file.bin', **changes):
    """Send a form with a file; a change of None leaves a field out."""
    fields = {**form['fields'], **changes}
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'file')
        pathlib.Path(path).write_bytes(content)
        command = [*CURL, '--write-out', '\n%{http_code}']
        for name, value in fields.items():
            if value is not None:
                command += ['--form-string', '%s=%s' % (name, value)]
        command += ['--form', 'file=@%s;filename=%s' % (path, quote(file_name)), form['url']]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    body, _, status = done.stdout.rpartition('\n')
    return int(status), body


class FormCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = FormServer({KEY_ID: SECRET})
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)

    def session(self, version='s3v4', **more):
        keys = {'access_key_id': KEY_ID, 'secret_access_key': SECRET}
        if version == 'unsigned':
            keys = {'access_key_id': None, 'secret_access_key': None}
        return self.connect(endpoints={
            's3': entry('http://absent.invalid', endpoint_url_presigning=self.server.endpoint,
                        signature_version=version, **{**keys, **more})})

    def form(self, session, key='key', expires=HOUR, max_size=None, content_type=None,
             fields=None, conditions=None, signed_at=None):
        ((form,),) = query(session, 'SELECT s3_presign_post(%s, %s, %s, %s, %s, %s, %s)',
                           's3://bucket/' + key, expires, max_size, content_type,
                           fields and json.dumps(fields), conditions and json.dumps(conditions),
                           signed_at)
        return form

    def assertTaken(self, form, stored_key, content=b'content', **more):
        self.server.objects.clear()
        status, body = send(form, content, **more)
        self.assertEqual(status, 204, body)
        self.assertEqual([(where, what) for where, (what, _) in self.server.objects.items()],
                         [(('bucket', stored_key), content)])

    def assertRefused(self, form, code, message='', **more):
        self.server.objects.clear()
        status, body = send(form, **more)
        self.assertIn(status, (400, 403))
        self.assertIn('<Code>%s</Code>' % code, body)
        self.assertIn(message, body)
        self.assertEqual(self.server.objects, {})


class CheckerTest(FormCase):
    """The server that stands in for S3 takes what boto3 makes, and nothing else."""

    def boto_form(self, version, **more):
        client = boto3.client(
            's3', endpoint_url=self.server.endpoint, region_name='us-east-1',
            aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET,
            config=Config(signature_version=version, s3={'addressing_style': 'path'}))
        return client.generate_presigned_post('bucket', 'user/${filename}', **more)

    def test_boto3(self):
        more = {'Fields': {'acl': 'private', 'Content-Type': 'image/png'},
                'Conditions': [{'acl': 'private'}, ['starts-with', '$Content-Type', 'image/'],
                               ['content-length-range', 2, 7]]}
        for version in VERSIONS:
            with self.subTest(version):
                form = self.boto_form(version, **more)
                self.assertTaken(form, 'user/file.bin')
                self.assertTaken(form, 'user/file.bin', **{'Content-Type': 'image/gif'})
                self.assertTaken(form, 'user/a/b', key='user/a/b')
                self.assertRefused(form, 'AccessDenied', 'starts-with', **{'Content-Type': 'a/b'})
                self.assertRefused(form, 'AccessDenied', 'starts-with', key='other')
                self.assertRefused(form, 'AccessDenied', 'acl', acl='public-read')
                self.assertRefused(form, 'AccessDenied', 'acl', acl=None)
                self.assertRefused(form, 'AccessDenied', 'Extra input', tagging='x')
                self.assertRefused(form, 'EntityTooLarge', content=b'12345678')
                self.assertRefused(form, 'EntityTooSmall', content=b'1')
                self.assertRefused(self.boto_form(version, ExpiresIn=-1), 'AccessDenied', 'expired')
                other = {'signature': 'x'} if version == 's3' else {'x-amz-signature': 'x'}
                self.assertRefused(form, 'SignatureDoesNotMatch', **other)
                policy = base64.b64encode(base64.b64decode(form['fields']['policy']) + b' ')
                self.assertRefused(form, 'SignatureDoesNotMatch', policy=policy.decode())


class FormTest(FormCase):

    def each(self, **more):
        """A session for each version."""
        return [self.session(version, **more) for version in VERSIONS]

    def test_simple(self):
        for session in self.each():
            form = self.form(session)
            self.assertEqual(form['url'], self.server.endpoint + '/bucket')
            self.assertTaken(form, 'key')
            self.assertRefused(form, 'AccessDenied', 'key', key='kez')
            self.assertRefused(form, 'AccessDenied', 'Extra input', acl='private')

    def test_keys(self):
        session = self.session()
        for key in ('a b', 'a+b%41?x#', '\u20ac/\u00fc\U0001f600', 'a"b\\c', "it's", '${x}', 'a/'):
            with self.subTest(key=key):
                self.assertTaken(self.form(session, key), key)

    def test_file_name(self):
        for session in self.each():
            form = self.form(session, 'user/1/${filename}')
            for name in ('photo.jpg', 'a b.txt', '\u00fc.png'):
                self.assertTaken(form, 'user/1/' + name, file_name=name)
            self.assertRefused(form, 'AccessDenied', 'starts-with', key='user/2/${filename}')

    def test_size(self):
        for session in self.each():
            form = self.form(session, max_size=10)
            self.assertTaken(form, 'key', b'x' * 10)
            self.assertTaken(form, 'key', b'')
            self.assertRefused(form, 'EntityTooLarge', content=b'x' * 11)

    def test_content_type(self):
        for session in self.each():
            form = self.form(session, content_type='image/png')
            self.assertTaken(form, 'key')
            self.assertEqual(self.server.objects['bucket', 'key'][1], 'image/png')
            self.assertRefused(form, 'AccessDenied', 'Content-Type',
                               **{'Content-Type': 'text/html'})
            self.assertRefused(form, 'AccessDenied', 'Content-Type', **{'Content-Type': None})

    def test_fields_and_conditions(self):
        fields = {'acl': 'public-read', 'x-amz-meta-owner': '\u00fc"\\', 'Content-Type': 'image/x',
                  'success_action_status': '201'}
        conditions = [{'acl': 'public-read'}, ['starts-with', '$x-amz-meta-owner', '\u00fc'],
                      ['eq', '$success_action_status', '201'],
                      ['starts-with', '$Content-Type', 'image/'], ['content-length-range', 1, 7]]
        for session in self.each():
            form = self.form(session, fields=fields, conditions=conditions)
            self.assertEqual(send(form)[0], 201)
            self.assertRefused(form, 'AccessDenied', 'owner', **{'x-amz-meta-owner': 'u'})
            self.assertRefused(form, 'EntityTooSmall', content=b'')

    def test_expiry(self):
        for session in self.each():
            past = datetime.datetime.now(UTC) - HOUR
            form = self.form(session, signed_at=past, expires=HOUR * 2)
            self.assertTaken(form, 'key')
            form = self.form(session, signed_at=past, expires=HOUR - datetime.timedelta(seconds=1))
            self.assertRefused(form, 'AccessDenied', 'expired')

    def test_default_expiry(self):
        """As of links."""
        session = self.session(max_age_seconds=7200)
        now = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
        for presign_expires, expected in (('-1', '2024-01-02T05:04:05Z'),
                                          ('90', '2024-01-02T03:05:35Z')):
            query(session, 'SELECT set_config(\'s3store.presign_expires\', %s, false)',
                  presign_expires)
            form = self.form(session, expires=None, signed_at=now)
            policy = json.loads(base64.b64decode(form['fields']['policy']))
            self.assertEqual(policy['expiration'], expected)

    def test_tampered(self):
        for session in self.each():
            form = self.form(session, max_size=1)
            policy = json.loads(base64.b64decode(form['fields']['policy']))
            policy['conditions'] = [one for one in policy['conditions'] if isinstance(one, dict)]
            weaker = base64.b64encode(json.dumps(policy).encode()).decode()
            self.assertRefused(form, 'SignatureDoesNotMatch', policy=weaker)
            self.assertRefused(form, 'AccessDenied', 'no policy', policy=None)

    def test_bad_secret(self):
        for session in self.each(secret_access_key='other'):
            self.assertRefused(self.form(session), 'SignatureDoesNotMatch')

    def test_session_token(self):
        self.server.token = 'token/+='
        self.addCleanup(setattr, self.server, 'token', None)
        for session in self.each(session_token='token/+='):
            form = self.form(session)
            self.assertTaken(form, 'key')
            self.assertRefused(form, 'InvalidToken', **{'x-amz-security-token': None})

    def test_key_prefix(self):
        session = self.session(key_prefix='tenant')
        self.assertTaken(self.form(session), 'tenant/key')
        form = self.form(session, '${filename}')
        self.assertTaken(form, 'tenant/file.bin')
        self.assertRefused(form, 'AccessDenied', 'starts-with', key='${filename}')

    def test_unsigned(self):
        self.server.public = True
        self.addCleanup(setattr, self.server, 'public', False)
        session = self.session('unsigned')
        form = self.form(session, content_type='a/b', fields={'acl': 'private'})
        self.assertEqual(form['fields'], {'key': 'key', 'Content-Type': 'a/b', 'acl': 'private'})
        self.assertTaken(form, 'key')
        for limit in ({'max_size': 1}, {'conditions': [{'acl': 'private'}]}):
            with self.assertSqlState('0A000', 'cannot have conditions'):
                self.form(session, **limit)

    def test_read_only(self):
        with self.assertSqlState('25006', 's3_presign_post()'):
            self.form(self.session(read_only=True))


class CephTest(Case):
    """A real server, which reads the policy in its own way."""

    def test_keys(self):
        """As they are, whatever characters are in them."""
        conn, s3 = self.connect(), rgw()
        bucket = self.bucket(s3)
        keys = ['key', '\u00fcn\u00ef \u20ac.txt', '\U0001f600.txt', 'a"b\\c']
        for key in keys:
            with self.subTest(key):
                ((form,),) = query(conn, 'SELECT s3_presign_post(%s, max_size => 7)',
                                   's3://%s/%s' % (bucket, key))
                self.assertEqual(send(form), (204, ''))
                status, body = send({**form, 'fields': {**form['fields'], 'key': key + '\U0001f601'}})
                self.assertEqual(status, 403, body)
        found = s3.list_objects_v2(Bucket=bucket)['Contents']
        self.assertEqual(sorted(thing['Key'] for thing in found), sorted(keys))

    def test_metadata(self):
        """Words that are not ASCII are sent as they are, as a browser does, and come back the same."""
        conn = self.connect()
        bucket = self.bucket(rgw())
        words = 'Zo\u00eb \u20ac \u65e5\u672c'
        ((form,),) = query(conn, 'SELECT s3_presign_post(%s, fields => %s, conditions => %s)',
                           's3://%s/key' % bucket, json.dumps({'x-amz-meta-title': words}),
                           json.dumps([{'x-amz-meta-title': words}]))
        self.assertEqual(send(form), (204, ''))
        self.assertEqual(query(conn, "SELECT (s3_head(%s)).metadata->>'title'", 's3://%s/key' % bucket),
                         [(words,)])


if __name__ == '__main__':
    unittest.main()
