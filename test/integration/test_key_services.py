"""test_key_services.py - temporary keys from services: STS, containers, instances.

The services are played by a small server, for there are no such here; the
keys that it hands out are real ones, and they are used on a real S3 server.
"""
import contextlib
import datetime
import json
import os
import pathlib
import time
import urllib.request
import uuid
from urllib.parse import parse_qs

from backend import Call, Cluster, wait_for
from fault import Answer, FaultServer, Proxy
from harness import Case, environment, query, rgw
from sts import temporary_keys

UTC = datetime.timezone.utc
ROLE = 'arn:aws:iam::123456789012:role/database'
WEB_TOKEN = 'eyJhbGciOi.canary-web-identity/+=token'
CONTAINER_TOKEN = 'Basic canary-container-token'
INSTANCE_TOKEN = 'canary-instance-token=='
CREDENTIALS = "SELECT source, access_key_id, expires_at FROM s3_credentials('s3')"


def soon(seconds):
    """The time in so many seconds, as services write it."""
    then = datetime.datetime.now(UTC) + datetime.timedelta(seconds=seconds)
    return then.strftime('%Y-%m-%dT%H:%M:%SZ')


def document(keys, seconds=3600, **more):
    """What a container's endpoint and the metadata service say."""
    return Answer(200, {'Content-Type': 'application/json'}, json.dumps({
        'AccessKeyId': keys['access_key_id'], 'SecretAccessKey': keys['secret_access_key'],
        'Token': keys['session_token'], 'Expiration': soon(seconds), **more}).encode())


def xml(keys, seconds=3600):
    """What STS says."""
    return Answer(200, {'Content-Type': 'text/xml'}, (
        '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        '<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>%s</AccessKeyId>'
        '<SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken>'
        '<Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult>'
        '</AssumeRoleWithWebIdentityResponse>' % (
            keys['access_key_id'], keys['secret_access_key'], keys['session_token'],
            soon(seconds))).encode())


def refusal(status, body=b''):
    return Answer(status, {}, body)


class KeyServiceCase(Case):
    """A server whose environment names a service, and the service.

    SOURCE      what s3_credentials calls it
    WHOM        how messages begin
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keys = temporary_keys()
        cls.s3 = rgw()
        cls.name = cls.class_bucket(cls.s3)
        cls.service = cls.enter(FaultServer())
        cls.cluster = cls.enter(Cluster(wrap=['env', *(
            '%s=%s' % item for item in cls.environment().items())]))

    @classmethod
    def file(cls, name, text):
        """A file that the server may read."""
        path = pathlib.Path(environment('S3STORE_TEST_DIR')) / (name + uuid.uuid4().hex[:8])
        path.write_text(text)
        return path

    def answers(self, *answers):
        """What the service says from now on, the last one over and over."""
        self.service.answers = list(answers)
        self.service.requests.clear()

    def good(self, seconds=3600):
        """The answers that lead to keys."""
        return [document(self.keys, seconds)]

    def session(self, **more):
        """A new session, which remembers no keys; its storage has none."""
        conn = self.cluster.connect(endpoints={'s3': {
            'endpoint_url': environment('RGW_ENDPOINT'), 'region': 'us-east-1', **more}})
        self.addCleanup(conn.close)
        return conn

    def log(self):
        return pathlib.Path(self.cluster.settings['PG_LOG']).read_text(errors='replace')

    def check_service(self):
        """The keys are used, and fetched once for a session."""
        self.answers(*self.good())
        conn = self.session()
        url = 's3://%s/%s' % (self.name, self.SOURCE)
        ((link,),) = query(conn, 'SELECT s3_presign(%s, %s)', url, 'put_object')
        fetched = len(self.service.requests)
        with urllib.request.urlopen(urllib.request.Request(link, b'by link', method='PUT')):
            pass
        self.assertEqual(query(conn, 'SELECT s3_get_text(%s)', url), [('by link',)])
        self.assertEqual(query(conn, "SELECT s3_put(%s, 'by call', overwrite => true)", url), [(url,)])
        self.assertEqual(self.s3.get_object(Bucket=self.name, Key=self.SOURCE)['Body'].read(),
                         b'by call')
        ((source, key_id, expires_at),) = query(conn, CREDENTIALS)
        self.assertEqual((source, key_id),
                         (self.SOURCE, '********' + self.keys['access_key_id'][-4:]))
        left = expires_at - datetime.datetime.now(UTC)
        self.assertAlmostEqual(left.total_seconds(), 3600, delta=60)
        self.assertEqual(len(self.service.requests), fetched)
        # the links of a page are one fetch, too
        query(conn, 'SELECT s3_presign(%s || i) FROM generate_series(1, 1000) AS i', url)
        self.assertEqual(len(self.service.requests), fetched)

    def refused(self, state, contains, *answers, detail=None, hint=None, attempts=None):
        """A session that gets such answers has no keys; none of them is shown."""
        self.answers(*answers)
        with self.assertSqlState(state, contains, detail, hint) as caught:
            query(self.session(), "SELECT s3_presign('s3://b/k')")
        for secret in (self.keys['secret_access_key'], self.keys['session_token'],
                       WEB_TOKEN, CONTAINER_TOKEN, INSTANCE_TOKEN):
            self.assertNotIn(secret, str(caught.error))
        if attempts is not None:
            self.assertEqual(len(self.service.requests), attempts)


class Container(KeyServiceCase):

    SOURCE = 'container endpoint'
    WHOM = 'could not get access keys from the container endpoint: '

    @classmethod
    def environment(cls):
        cls.token_file = cls.file('container-token-', CONTAINER_TOKEN + '\n')
        return {'AWS_CONTAINER_CREDENTIALS_FULL_URI': cls.service.endpoint + '/keys?for=me',
                'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE': str(cls.token_file),
                'AWS_CONTAINER_AUTHORIZATION_TOKEN': 'not this one',
                'http_proxy': 'http://127.0.0.1:9'}

    def test_use(self):
        self.check_service()
        request = self.service.requests[0]
        self.assertEqual((request.method, request.target), ('GET', '/keys?for=me'))
        self.assertEqual(request.headers['authorization'], CONTAINER_TOKEN)

    def test_order(self):
        """Whatever is nearer comes first, and the service is not asked."""
        self.answers(*self.good())
        conn = self.session(access_key_id='AKIANEAR', secret_access_key='secret')
        self.assertEqual(query(conn, CREDENTIALS), [('endpoint entry', '********NEAR', None)])
        conn = self.session()
        query(conn, "SET s3store.access_key_id = 'AKIASET'")
        query(conn, "SET s3store.secret_access_key = 'secret'")
        self.assertEqual(query(conn, CREDENTIALS)[0][0], 'setting')
        conn = self.session(signature_version='unsigned')
        query(conn, "SELECT s3_presign('s3://b/k')")
        self.assertEqual(self.service.requests, [])

    def test_no_proxy(self):
        """The storage's proxy is not the service's."""
        self.answers(*self.good())
        with Proxy() as proxy:
            conn = self.session(proxy=proxy.url)
            self.assertEqual(query(conn, CREDENTIALS)[0][0], self.SOURCE)
            self.assertEqual(proxy.requests, [])

    def test_statuses(self):
        for status, state, words, attempts in (
                (302, '28000', 'it redirects to another address', 1),
                (307, '28000', 'it redirects to another address', 1),
                (400, '28000', 'it refuses', 1), (401, '28000', 'it refuses', 1),
                (403, '28000', 'it refuses', 1), (404, '28000', 'it has none', 1),
                (429, '58030', 'it is failing or overloaded', 2), (500, '58030', 'it is failing or overloaded', 2),
                (503, '58030', 'it is failing or overloaded', 2)):
            with self.subTest(status=status):
                answer = Answer(status, {'Location': self.service.endpoint + '/other'},
                                document(self.keys).body)
                self.refused(state, self.WHOM + words, answer, attempts=attempts,
                             detail='HTTP status %d' % status)
        self.assertNotIn('/other', [request.target for request in self.service.requests])

    def test_second_attempt(self):
        for first in (refusal(503), None, 'reset'):
            with self.subTest(first=first):
                self.answers(first, *self.good())
                self.assertEqual(query(self.session(), CREDENTIALS)[0][0], self.SOURCE)

    def test_malformed(self):
        keys = dict(self.keys)
        for answer, words in (
                (Answer(200, {}, b''), 'the answer is not a JSON object'),
                (Answer(200, {}, b'<html>'), 'the answer is not a JSON object'),
                (Answer(200, {}, document(keys).body[:-1]), 'the answer is not valid JSON'),
                (document(keys, Token=None), 'the answer has no Token'),
                (document(keys, Expiration=None), 'the answer has no valid Expiration'),
                (document(keys, Expiration='tomorrow'), 'the answer has no valid Expiration'),
                (document(keys, SecretAccessKey='a\nb'), '"SecretAccessKey" contains')):
            with self.subTest(words=words):
                self.refused('08P01', self.WHOM + words, answer, attempts=1)
        self.refused('28000', 'it answers "Nope" instead of giving access keys',
                     document(keys, Code='Nope'))

    def test_expired(self):
        self.refused('28000', self.WHOM + 'the access keys that it gave have already expired',
                     document(self.keys, seconds=-1), attempts=1)

    def test_too_much(self):
        self.refused('54000', self.WHOM + 'answer is larger than 65536 bytes',
                     Answer(200, {}, b' ' * 65537))
        self.refused('54000', self.WHOM + 'answer is larger than 65536 bytes', 'huge-length')

    def test_silence(self):
        """Two seconds, twice; not those of the storage."""
        begun = time.monotonic()
        self.refused('08006', self.WHOM + 'timed out after 2000 ms without progress',
                     'silent-headers')
        self.assertGreaterEqual(time.monotonic() - begun, 4)

    def test_cancel(self):
        self.answers('silent-headers')
        reached = self.service._reached['silent-headers']
        for statement in ("SELECT s3_presign('s3://b/k')", "SELECT s3_get('s3://b/k')",
                          "SELECT s3_credentials('s3')"):
            with self.subTest(statement=statement):
                conn = self.session()
                call = Call(conn, statement)
                reached += 1
                self.service.reached('silent-headers', reached)
                conn.cancel()
                with self.assertSqlState('57014'):
                    call.result()
                reached = self.service._reached['silent-headers']
        # the session is as good as new
        self.answers(*self.good())
        self.assertEqual(query(conn, CREDENTIALS)[0][0], self.SOURCE)

    def test_once_a_statement(self):
        """A statement that catches the error does not ask again for each row."""
        self.answers(refusal(403))
        conn = self.session()
        query(conn, """DO $$ BEGIN
            FOR i IN 1 .. 5 LOOP
                BEGIN PERFORM s3_presign('s3://b/k'); ASSERT false;
                EXCEPTION WHEN invalid_authorization_specification THEN NULL; END;
            END LOOP; END $$""")
        self.assertEqual(len(self.service.requests), 1)
        self.answers(*self.good())
        self.assertEqual(query(conn, CREDENTIALS)[0][0], self.SOURCE)

    def test_token_file(self):
        """It is read each time, and must be one."""
        def give(text):
            self.token_file.write_text(text)
        self.addCleanup(give, CONTAINER_TOKEN + '\n')
        give('Basic another')
        self.answers(*self.good())
        query(self.session(), CREDENTIALS)
        self.assertEqual(self.service.requests[0].headers['authorization'], 'Basic another')
        for text, words in (('', 'is empty'), ('\n', 'is empty'), ('a\nb', 'other than printable'),
                            ('\u00fc', 'other than printable'), ('x' * 65537, 'is larger than 64 kB')):
            with self.subTest(text=text[:3]):
                give(text)
                self.refused('28000', words, *self.good(), attempts=0)
        self.token_file.unlink()
        self.refused('28000', self.WHOM + 'could not open authorization token file',
                     *self.good(), attempts=0)
        os.mkfifo(self.token_file)
        self.token_file.chmod(0o644)
        self.refused('28000', 'is not a regular file', *self.good(), attempts=0)
        self.token_file.unlink()

    def test_end(self):
        """New keys come when the old ones end, and the service may be gone for a while."""
        self.answers(document(self.keys, seconds=3), document(self.keys))
        conn = self.session()
        query(conn, CREDENTIALS)
        wait_for(lambda: query(conn, CREDENTIALS)[0][2] > datetime.datetime.now(UTC)
                 + datetime.timedelta(minutes=30), 'new keys', timeout=20)
        self.assertGreaterEqual(len(self.service.requests), 2)

    def test_kept(self):
        """Keys that still hold outlive a service in trouble; the log tells of it."""
        self.answers(document(self.keys, seconds=300), refusal(403))
        conn = self.session()
        ((_, _, expires_at),) = query(conn, CREDENTIALS)
        message = 'keeping the access keys that were fetched before: ' + self.WHOM + 'it refuses'
        before = self.log().count(message)
        wait_for(lambda: query(conn, CREDENTIALS) and self.log().count(message) > before,
                 'an attempt to renew', timeout=20)
        self.assertEqual(query(conn, CREDENTIALS)[0][2], expires_at)
        self.answers(*self.good())
        wait_for(lambda: query(conn, CREDENTIALS)[0][2] > expires_at, 'new keys', timeout=20)

    def test_gone(self):
        """Keys that have ended are not used, whatever the service does."""
        self.answers(document(self.keys, seconds=2), refusal(403))
        conn = self.session()
        query(conn, CREDENTIALS)
        deadline = time.monotonic() + 20
        with self.assertSqlState('28000', self.WHOM + 'it refuses'):
            while time.monotonic() < deadline:
                query(conn, CREDENTIALS)

    def test_link_outlives_keys(self):
        self.answers(document(self.keys, seconds=1800))
        conn = self.session()
        query(conn, "SELECT s3_presign('s3://b/k', expires => '1 hour')")
        self.assertIn('outlives', ''.join(conn.notices))

    def test_canary(self):
        """The log at its loudest holds no key and no token."""
        conn = self.session()
        query(conn, 'SET log_min_messages = debug5')
        for answers in (self.good(), [Answer(200, {}, document(self.keys).body[:-1])]):
            self.answers(*answers)
            with contextlib.suppress(Exception):
                query(conn, CREDENTIALS)
        log = self.log()
        for secret in (self.keys['secret_access_key'], self.keys['session_token'],
                       self.keys['access_key_id'], CONTAINER_TOKEN):
            self.assertNotIn(secret, log)


class WebIdentity(KeyServiceCase):

    SOURCE = 'web identity'
    WHOM = 'could not get access keys from STS: '

    @classmethod
    def environment(cls):
        cls.token_file = cls.file('web-token-', WEB_TOKEN)
        return {'AWS_ENDPOINT_URL_STS': cls.service.endpoint, 'AWS_ROLE_ARN': ROLE,
                'AWS_WEB_IDENTITY_TOKEN_FILE': str(cls.token_file),
                # what comes behind it is not asked
                'AWS_CONTAINER_CREDENTIALS_FULL_URI': 'http://127.0.0.1:9/'}

    def good(self, seconds=3600):
        return [xml(self.keys, seconds)]

    def test_use(self):
        self.check_service()
        (request,) = self.service.requests
        self.assertEqual((request.method, request.target), ('POST', '/'))
        self.assertEqual(request.headers['content-type'], 'application/x-www-form-urlencoded')
        self.assertNotIn('authorization', request.headers)
        self.assertEqual(parse_qs(request.body.decode(), strict_parsing=True), {
            'Action': ['AssumeRoleWithWebIdentity'], 'Version': ['2011-06-15'], 'RoleArn': [ROLE],
            'RoleSessionName': ['s3store'], 'WebIdentityToken': [WEB_TOKEN]})

    def test_proxy(self):
        """STS is as far away as the storage is: by its proxy."""
        self.answers(*self.good())
        with Proxy() as proxy:
            query(self.session(proxy=proxy.url), CREDENTIALS)
            self.assertEqual(len(proxy.requests), 1)

    def test_refused(self):
        body = ('<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>'
                '<Message>%s</Message></Error></ErrorResponse>' % WEB_TOKEN).encode()
        self.refused('28000', self.WHOM + 'it refuses', refusal(400, body),
                     detail='error code "InvalidIdentityToken"', hint='trust policy', attempts=1)
        self.refused('28000', self.WHOM + 'it refuses', refusal(403, b'no XML'), attempts=1)
        self.refused('58030', self.WHOM + 'it is failing or overloaded', refusal(503, body), attempts=2)
        self.refused('28000', 'redirects to another address', refusal(301), attempts=1)

    def test_malformed(self):
        good = self.good()[0].body
        for body, words in (
                (b'', "could not understand the server's answer"),
                (b'{}', "could not understand the server's answer"),
                (good[:-5], "could not understand the server's answer"),
                (b'<!DOCTYPE x>' + good, "could not understand the server's answer"),
                (good.replace(b'SessionToken', b'Token'), 'the answer has no SessionToken'),
                (good.replace(b'Expiration', b'Expires'), 'the answer has no valid Expiration')):
            with self.subTest(body=body[:20]):
                self.refused('08P01', self.WHOM + words, Answer(200, {}, body), attempts=1)
        self.refused('28000', 'have already expired', xml(self.keys, seconds=-1))

    def test_token_file(self):
        self.addCleanup(self.token_file.write_text, WEB_TOKEN)
        self.token_file.unlink()
        self.refused('28000', self.WHOM + 'could not open web identity token file', *self.good(),
                     attempts=0)
        # platforms mount it as a link
        other = self.file('web-token-', 'renewed')
        self.token_file.symlink_to(other)
        self.addCleanup(self.token_file.unlink)
        self.answers(*self.good())
        query(self.session(), CREDENTIALS)
        self.assertIn(b'WebIdentityToken=renewed', self.service.requests[0].body)


class Instance(KeyServiceCase):

    SOURCE = 'instance metadata'
    WHOM = 'could not get access keys from the instance metadata service: '
    ROLES = '/latest/meta-data/iam/security-credentials/'

    @classmethod
    def environment(cls):
        return {'AWS_EC2_METADATA_SERVICE_ENDPOINT': cls.service.endpoint + '/',
                'AWS_EC2_METADATA_DISABLED': 'false', 'http_proxy': 'http://127.0.0.1:9'}

    def good(self, seconds=3600):
        return [Answer(200, {}, INSTANCE_TOKEN.encode()), Answer(200, {}, b'role\nanother'),
                document(self.keys, seconds, Code='Success', Type='AWS-HMAC')]

    def refused(self, state, contains, *answers, **more):
        """This source is the last one: what it says is why there are no keys."""
        super().refused('28000', 'no access keys for endpoint "s3"', *answers, **more)

    def test_use(self):
        self.check_service()
        self.answers(self.good()[0], Answer(200, {}, b'a+role'), self.good()[2])
        conn = self.session()
        query(conn, CREDENTIALS)
        token, roles, keys = self.service.requests
        self.assertEqual((token.method, token.target), ('PUT', '/latest/api/token'))
        self.assertEqual(token.headers['x-aws-ec2-metadata-token-ttl-seconds'], '60')
        self.assertEqual((roles.method, roles.target), ('GET', self.ROLES))
        self.assertEqual((keys.method, keys.target), ('GET', self.ROLES + 'a%2Brole'))
        for request in (roles, keys):
            self.assertEqual(request.headers['x-aws-ec2-metadata-token'], INSTANCE_TOKEN)

    def test_second_version_only(self):
        """Without a token, nothing more is asked."""
        for status in (400, 403, 404, 405):
            with self.subTest(status=status):
                self.refused(None, None, refusal(status), *self.good(), attempts=1,
                             detail=self.WHOM)
        for body in (b'', b'a b', b'a\x00b', b'x' * 1025):
            with self.subTest(body=body[:3]):
                self.refused(None, None, Answer(200, {}, body), *self.good(), attempts=1,
                             detail='the token that it gave is not valid')

    def test_no_role(self):
        self.refused(None, None, self.good()[0], refusal(404), attempts=2, detail='it has none')
        for body in (b'', b'a role', b'x' * 257):
            with self.subTest(body=body[:6]):
                self.refused(None, None, self.good()[0], Answer(200, {}, body), attempts=2,
                             detail='the role name that it gave is not valid')

    def test_malformed(self):
        token, role = self.good()[0], Answer(200, {}, b'role')
        self.refused(None, None, token, role, Answer(200, {}, b'{'), attempts=3,
                     detail='the answer is not valid JSON')
        self.refused(None, None, token, role, document(self.keys, Code='Failed'), attempts=3,
                     detail='it answers "Failed"')
        self.refused(None, None, token, role, document(self.keys, seconds=-1), attempts=3,
                     detail='have already expired')

    def test_redirect(self):
        self.refused(None, None, Answer(307, {'Location': self.service.endpoint}, b''),
                     attempts=1, detail='it redirects to another address')


class Elsewhere(Case):
    """Environments that lead nowhere."""

    def error(self, state, contains, detail=None, **variables):
        """The error of a server with such an environment."""
        wrap = ['env', 'AWS_EC2_METADATA_DISABLED=true']
        with Cluster(wrap=wrap + ['%s=%s' % item for item in variables.items()]) as cluster:
            with contextlib.closing(cluster.connect(endpoints={'s3': {}})) as conn:
                with self.assertSqlState(state, contains, detail):
                    query(conn, "SELECT s3_presign('s3://b/k')")

    def test_container_host(self):
        self.error('28000', 'AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that is not trusted',
                   AWS_CONTAINER_CREDENTIALS_FULL_URI='http://example.com/keys')

    def test_metadata_host(self):
        self.error('28000', 'AWS_EC2_METADATA_SERVICE_ENDPOINT names a host that is not trusted',
                   AWS_EC2_METADATA_DISABLED='no', AWS_EC2_METADATA_SERVICE_ENDPOINT='http://10.0.0.1')

    def test_disabled(self):
        self.error('28000', 'no access keys for endpoint "s3"',
                   AWS_EC2_METADATA_DISABLED='True',
                   AWS_EC2_METADATA_SERVICE_ENDPOINT='http://127.0.0.1:9')

    def test_half_an_identity(self):
        self.error('28000', 'incomplete access keys', 'no AWS_ROLE_ARN',
                   AWS_WEB_IDENTITY_TOKEN_FILE='/nowhere')

    def test_certificate(self):
        """The service of a container over https is checked as any other."""
        tls = pathlib.Path(environment('RGW_CA')).parent
        with FaultServer(tls=(str(tls / 'server.pem'), str(tls / 'server.key'))) as server:
            self.error('08006', 'TLS certificate verification failed',
                       AWS_CONTAINER_CREDENTIALS_FULL_URI='https://localhost:%d/' % server.port)


del KeyServiceCase
