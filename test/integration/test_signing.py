"""test_signing.py - our links against those of boto3, byte for byte.

Every case is drawn at random: a storage (endpoint, region, addressing style,
keys), a bucket, a key, an operation with its parameters, a lifetime and a
time.  Both sides sign it; the links must have the same scheme, host, path,
query parameters and signature.  No server is needed.

    S3STORE_TEST_CASES=20000 S3STORE_TEST_SEED=7 python3 -m unittest test_signing

boto3 is taken as it is, but for the quirks that are put right by name in
Boto, for what each generator says that it leaves out, and for what older
releases of it cannot do.
"""
import base64
import contextlib
import datetime
import hashlib
import json
import os
import random
import re
import string
import unittest
from unittest import mock
from urllib.parse import urlsplit

import boto3
import botocore
import botocore.auth
import botocore.config
import botocore.session
import botocore.signers
import botocore.utils
import psycopg2

import harness
from keys import ODD_KEYS

CASES = int(os.environ.get('S3STORE_TEST_CASES', 3000))
SEED = int(os.environ.get('S3STORE_TEST_SEED', 20240229))
CASES_PER_STORAGE = 20
FAILURES_SHOWN = 5

UTC = datetime.timezone.utc
DEFAULT_PORTS = {'http': ':80', 'https': ':443'}
IP_ENDPOINT = re.compile(r'\w+://(\[|[0-9.]+(:|/|$))')
# Until 1.28 botocore takes no IPv6 address as an endpoint; and in host names, no
# bucket that is not a single label, and none beside an endpoint with a path.
LABELS_ONLY = tuple(map(int, botocore.__version__.split('.')[:2])) < (1, 28)
VERBS = {'get_object': 'GET', 'head_object': 'HEAD', 'put_object': 'PUT',
         'delete_object': 'DELETE'}


# What boto3 1.37 has and we have not, by operation
NOT_TAKEN = {
    'get_object': set(),
    'head_object': {'ResponseCacheControl', 'ResponseContentDisposition',
                    'ResponseContentEncoding', 'ResponseContentLanguage', 'ResponseContentType',
                    'ResponseExpires'},
    'put_object': {'ChecksumCRC64NVME', 'WriteOffsetBytes'},
    'delete_object': {'IfMatchLastModifiedTime', 'IfMatchSize'},
}
# What we have and some release of boto3 since 1.13 has not
NOT_EVERYWHERE = {
    'get_object': {'ChecksumMode'},
    'head_object': {'ChecksumMode'},
    'put_object': {'ChecksumAlgorithm', 'ChecksumCRC32', 'ChecksumCRC32C', 'ChecksumSHA1',
                   'ChecksumSHA256', 'IfMatch', 'IfNoneMatch'},
    'delete_object': {'IfMatch'},
}


# -----------------------------------------------------------------------------
# Values
# -----------------------------------------------------------------------------

# Every class of characters that a key, or a value in a query, may hold.
ALPHABETS = (
    string.ascii_letters + string.digits + '-_.~',
    ' +%?#&=',
    "!*'(),;:@$",
    '/',
    '"\\<>[]{}|^`',
    '\t\n\r\x01\x1b\x1f\x7f',
    '\u00fc\u00df\u00e9\u00a0\u0416\u05d0\u0e01',
    '\u20ac\u4e2d\u65e5\u2028\ufeff\ufffd',
    '\U0001f600\U00010348\U0010ffff',
    'e\u0301\u200d\u202e',
)
SHORT_KEYS = [key for key in ODD_KEYS if len(key) < 20]
# What Python's str.split() takes for a blank and HTTP does not would be folded
# by boto3 in headers: no Unicode blanks and no control characters.
HEADER_ALPHABETS = (
    string.ascii_letters + string.digits,
    string.punctuation,
    '\u00fc\u00df\u0416\u20ac\u4e2d\U0001f600',
)
HEADER_BLANKS = (' ', '  ', '\t', ' \t ', '   ')
TOKEN_CHARACTERS = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
BASE64_CHARACTERS = string.ascii_letters + string.digits + '+/='


def text(rng, characters, length):
    return ''.join(rng.choice(characters) for _ in range(length))


def mixed_text(rng, alphabets, longest):
    """A few runs, each from one alphabet."""
    runs = [text(rng, rng.choice(alphabets), rng.randint(1, 6))
            for _ in range(rng.randint(1, 6))]
    return ''.join(runs)[:longest]


def make_key(rng):
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(ODD_KEYS)
    if kind < 0.4:
        return '/'.join(rng.choice(SHORT_KEYS) for _ in range(rng.randint(1, 4)))
    return mixed_text(rng, ALPHABETS, 200)


def query_text(rng):
    return '' if rng.random() < 0.05 else mixed_text(rng, ALPHABETS, 60)


def header_text(rng, alphabets=HEADER_ALPHABETS):
    """No blank stands at either end: we refuse that, HTTP would drop it."""
    if rng.random() < 0.05:
        return ''
    words = [mixed_text(rng, alphabets, 20) for _ in range(rng.randint(1, 4))]
    return ''.join(word + rng.choice(HEADER_BLANKS) for word in words[:-1]) + words[-1]


def make_time(rng, first_year, last_year):
    if rng.random() < 0.2:
        return rng.choice([
            datetime.datetime(2000, 1, 1), datetime.datetime(1999, 12, 31, 23, 59, 59),
            datetime.datetime(2024, 2, 29, 12), datetime.datetime(2016, 12, 31, 23, 59, 59),
            datetime.datetime(1970, 1, 1)]).replace(tzinfo=UTC)
    first = datetime.datetime(first_year, 1, 1, tzinfo=UTC)
    last = datetime.datetime(last_year, 12, 31, tzinfo=UTC)
    seconds = rng.randrange(int((last - first).total_seconds()))
    return first + datetime.timedelta(seconds=seconds, microseconds=rng.choice([0, 0, 1, 999999]))


# -----------------------------------------------------------------------------
# Parameters: a name -> (value for boto3, value for our JSON)
# -----------------------------------------------------------------------------

def string_param(rng, in_query):
    value = query_text(rng) if in_query else header_text(rng)
    return value, value


def timestamp_param(rng, _in_query):
    """The same moment, for us in any zone, or in seconds since 1970."""
    value = make_time(rng, 1970, 2999)
    if rng.random() < 0.3:
        value = value.replace(microsecond=0)
        return value, int(value.timestamp())
    zone = datetime.timezone(datetime.timedelta(minutes=rng.choice([0, 60, -300, 345, 840])))
    return value, value.astimezone(zone).isoformat(sep=rng.choice('T '))


def integer_param(rng, _in_query):
    value = rng.choice([0, 1, 10000, 5 * 1024 ** 4, rng.randrange(2 ** 62)])
    return value, value


def part_number_param(rng, _in_query):
    value = rng.choice([1, 10000, rng.randint(1, 10000)])
    return value, value


def boolean_param(rng, _in_query):
    value = rng.random() < 0.5
    return value, value


def metadata_param(rng, _in_query):
    """boto3 takes ASCII only, and sends what looks like an encoded word as it is; names that
    differ in case only are one header."""
    names = {text(rng, TOKEN_CHARACTERS, rng.randint(1, 12)).lower(): None
             for _ in range(rng.randint(0, 5))}
    value = {rng.choice([name, name.upper(), name.title()]):
             header_text(rng, HEADER_ALPHABETS[:2]).replace('=?', '=') for name in names}
    return value, value


TYPES = {'string': string_param, 'timestamp': timestamp_param, 'integer': integer_param,
         'long': integer_param, 'boolean': boolean_param, 'map': metadata_param}


def header_value(value):
    """What an HTTP header may hold of a text."""
    return re.sub('[\x00-\x1f\x7f]', '', value).strip(' ')


def make_value(rng, name, member):
    """A value of a member by its type: for boto3, and for us."""
    in_query = member.serialization['location'] == 'querystring'
    values = TYPES[member.type_name](rng, in_query)
    if name.startswith('Response') and member.type_name == 'string':    # a header of the answer
        values = map(header_value, values)
    return values


def sse_customer_key(rng):
    """32 bytes: as text, or where they are none, in base64."""
    if rng.random() < 0.5:
        value = text(rng, string.ascii_letters + string.digits + string.punctuation, 32)
        return value, value
    value = bytes(rng.randrange(256) for _ in range(32))
    return value, base64.b64encode(value).decode()


def add_sse_customer_key(rng, names, params, ours):
    """With the MD5 given, boto3 sends the key as it stands: it must be base64."""
    key, ours['SSECustomerKey'] = sse_customer_key(rng)
    raw = key if isinstance(key, bytes) else key.encode()
    if 'SSECustomerKeyMD5' in names:
        key = base64.b64encode(raw).decode()
        md5 = base64.b64encode(hashlib.md5(raw).digest()).decode()
        params['SSECustomerKeyMD5'] = ours['SSECustomerKeyMD5'] = md5
    params['SSECustomerKey'] = key


def make_params(rng, members, names):
    """Values for the named parameters: for boto3, and for us."""
    params, ours = {}, {}
    for name in names:
        member = members[name]
        if name == 'SSECustomerKey':
            add_sse_customer_key(rng, names, params, ours)
        elif name == 'SSECustomerKeyMD5' and 'SSECustomerKey' in names:
            continue
        elif name == 'PartNumber':
            params[name], ours[name] = part_number_param(rng, True)
        else:
            params[name], ours[name] = make_value(rng, name, member)
    return params, ours


# -----------------------------------------------------------------------------
# Storages
# -----------------------------------------------------------------------------

class Storage:
    """An entry of s3store.endpoints, and boto3's client for the same."""

    HOSTS = ('minio', 'minio.example.com', 'Files.Example.COM', 'localhost', '127.0.0.1',
             '10.0.0.255', '[::1]', '[2001:db8::a:0]', 's3.example.co.uk', 'a-b.c-1.example',
             'xn--mnchen-3ya.example', 's3.eu-central-1.amazonaws.com')
    PORTS = ('', ':80', ':443', ':8080', ':9000', ':65535')
    PATHS = ('', '', '', '/', '/s3', '/s3/', '/a/b', '/a/b.c-1_~d/')
    SCHEMES = ('s3', 's3-minio', 'a', 'x.y+z-1')

    def __init__(self, rng, regions):
        self.scheme = rng.choice(self.SCHEMES)
        self.region = rng.choice(regions)
        self.style = rng.choice(['auto', 'path', 'virtual'])
        self.url = self.make_url(rng) if rng.random() < 0.6 else None
        self.key_id = rng.choice([text(rng, string.ascii_uppercase + string.digits, 20),
                                  'tenant$user:x/1', 'id'])
        self.secret = text(rng, string.ascii_letters + string.digits + string.punctuation,
                           rng.choice([1, 40, 64, 200]))
        self.token = None
        if rng.random() < 0.4:
            self.token = text(rng, BASE64_CHARACTERS, rng.choice([16, 400, 1200]))

    def make_url(self, rng):
        hosts = [host for host in self.HOSTS if not (LABELS_ONLY and host.startswith('['))]
        paths = self.PATHS
        if LABELS_ONLY and self.style == 'virtual':
            paths = [path for path in paths if path in ('', '/')]
        return (rng.choice(['http', 'https', 'HTTP']) + '://' + rng.choice(hosts) +
                rng.choice(self.PORTS) + rng.choice(paths))

    def entry(self):
        settings = {'region': self.region, 'addressing_style': self.style,
                    'access_key_id': self.key_id, 'secret_access_key': self.secret}
        if self.url:
            settings['endpoint_url'] = self.url
        if self.token:
            settings['session_token'] = self.token
        return json.dumps({self.scheme: settings})

    def boto_style(self):
        """
        IP addresses have no subdomains; boto3 knows it, but not of IPv6, nor
        for buckets with dots.
        """
        on_address = self.url and IP_ENDPOINT.match(self.url)
        return 'path' if on_address else self.style

    def takes(self, bucket):
        """Has this release of boto3 a link to it?"""
        return (not LABELS_ONLY or self.boto_style() != 'virtual' or
                botocore.utils.check_dns_name(bucket))

    def takes_dots_in_host(self):
        return (self.url or '').lower().startswith('http:') and self.style == 'virtual'

    def __repr__(self):
        return 'Storage(%r)' % self.__dict__


def all_regions():
    """Of all partitions that this boto3 knows."""
    session = botocore.session.get_session()
    return [region for partition in session.get_available_partitions()
            for region in session.get_available_regions('s3', partition)]


# -----------------------------------------------------------------------------
# Buckets
# -----------------------------------------------------------------------------

LOWER = string.ascii_lowercase + string.digits


def plain_bucket(rng):
    return rng.choice(LOWER) + text(rng, LOWER + '-', rng.randint(1, 40)) + rng.choice(LOWER)


def dotted_bucket(rng):
    """
    In a host name boto3 wants three characters of each label, S3 does not;
    and S3 wants 63 in all, boto3 does not.
    """
    labels = [plain_bucket(rng)[-15:].lstrip('-').rjust(3, 'x') for _ in range(rng.randint(2, 3))]
    return '.'.join(labels)


def odd_bucket(rng, storage):
    """What no host name may hold; some of them only S3's compatibles have."""
    odd = ['-abc', 'abc-', 'a..b', '.abc', 'abc.', 'a', 'ab', '...', 'a_b', '_', '0', '00']
    # boto3 tells IP addresses by their four numbers, we by their characters.
    if not storage.takes_dots_in_host():
        odd += ['1.2.3', '1.2.3.4.5', '300.300.300.300', 'a.b', 'a.bc.d', 'a' * 62 + '.' + 'b' * 62]
    return rng.choice(odd)


def make_bucket(rng, storage):
    makers = (
        lambda: plain_bucket(rng),
        lambda: plain_bucket(rng),
        lambda: dotted_bucket(rng),
        lambda: text(rng, LOWER, 3),
        lambda: text(rng, LOWER, 63),
        lambda: text(rng, LOWER, rng.choice([64, 255])),
        lambda: plain_bucket(rng).title(),
        lambda: plain_bucket(rng).upper(),
        lambda: plain_bucket(rng) + '_' + plain_bucket(rng),
        lambda: '.'.join(str(rng.randrange(256)) for _ in range(4)),
        lambda: text(rng, string.digits, rng.choice([3, 12])),
        lambda: odd_bucket(rng, storage),
    )
    while True:
        bucket = rng.choice(makers)()
        if storage.takes(bucket):
            return bucket


# -----------------------------------------------------------------------------
# Cases
# -----------------------------------------------------------------------------

class Case:
    """One link, as both sides are asked for it."""

    def __init__(self, rng, storage, operation, members, names):
        self.storage = storage
        self.operation = operation
        self.method = rng.choice([operation, VERBS[operation], VERBS[operation].lower()])
        self.bucket = make_bucket(rng, storage)
        self.key = make_key(rng)
        self.params, self.our_params = make_params(rng, members, names)
        self.expires = rng.choice([1, 60, 3600, 86400, 604800, rng.randint(1, 604800)])
        self.signed_at = make_time(rng, 1970, 2200)

    def url(self):
        return '%s://%s/%s' % (self.storage.scheme, self.bucket, self.key)

    def our_arguments(self):
        return (self.url(), self.method, datetime.timedelta(seconds=self.expires),
                json.dumps(self.our_params), self.signed_at)

    def __repr__(self):
        return 'Case(%r)' % self.__dict__


class Generator:
    """Each parameter alone first, then random subsets."""

    def __init__(self, seed, members):
        self.rng = random.Random(seed)
        self.members = members
        self.regions = all_regions()
        self.queue = [(operation, []) for operation in members]
        self.queue += [(operation, [name]) for operation, of in members.items() for name in of]

    def case(self, storage):
        if self.queue:
            operation, names = self.queue.pop()
        else:
            operation = self.rng.choice(list(self.members))
            names = list(self.members[operation])
            count = self.rng.choice([0, 1, 2, 3, 5, len(names)])
            names = self.rng.sample(names, min(count, len(names)))
        return Case(self.rng, storage, operation, self.members[operation], names)

    def batches(self, count):
        while count > 0:
            size = min(count, CASES_PER_STORAGE)
            storage = Storage(self.rng, self.regions)
            yield storage, [self.case(storage) for _ in range(size)]
            count -= size


# -----------------------------------------------------------------------------
# boto3
# -----------------------------------------------------------------------------

class Boto:
    """Links by boto3, at a time of our choice."""

    # One session: loading the service model is what takes long.
    session = boto3.session.Session()

    def __init__(self, storage, signature_version='s3v4'):
        config = botocore.config.Config(
            signature_version=signature_version,
            s3={'addressing_style': storage.boto_style(),
                'us_east_1_regional_endpoint': 'regional'})
        self.client = self.session.client(
            's3', region_name=storage.region, endpoint_url=storage.url, config=config,
            aws_access_key_id=storage.key_id, aws_secret_access_key=storage.secret,
            aws_session_token=storage.token)
        self.client.meta.events.register('before-sign.s3', lower_booleans)

    def presign(self, case):
        params = dict(case.params, Bucket=case.bucket, Key=case.key)
        with frozen_clock(case.signed_at), regional_endpoints():
            return self.client.generate_presigned_url(
                case.operation, Params=params, ExpiresIn=case.expires)


def lower_booleans(request, **_):
    """boto3 writes Python's True into headers; S3 defines true."""
    for name in ('x-amz-server-side-encryption-bucket-key-enabled',
                 'x-amz-bypass-governance-retention'):
        if name in request.headers:
            value = request.headers[name].lower()
            del request.headers[name]
            request.headers[name] = value


def frozen_clock(moment, module=botocore.auth):
    moment = moment.replace(tzinfo=None)
    if hasattr(module, 'get_current_datetime'):     # from botocore 1.40 on
        return mock.patch.object(module, 'get_current_datetime', lambda: moment)
    clock = mock.Mock(wraps=datetime)
    clock.datetime.utcnow.return_value = moment
    return mock.patch.object(module, 'datetime', clock)


@contextlib.contextmanager
def regional_endpoints():
    """
    For links, and for links only, boto3 replaces the region's host by the
    global s3.amazonaws.com, from where AWS redirects; we name the region.
    """
    with mock.patch('botocore.signers._should_use_global_endpoint', lambda client: False):
        yield


def boto_members():
    """The parameters of our operations in this boto3, but for bucket, key and body."""
    model = botocore.session.get_session().get_service_model('s3')
    members = {}
    for operation in VERBS:
        name = ''.join(word.title() for word in operation.split('_'))
        shape = model.operation_model(name).input_shape
        members[operation] = {name: member for name, member in shape.members.items()
                              if name not in ('Bucket', 'Key', 'Body')}
    return members


# -----------------------------------------------------------------------------
# s3store
# -----------------------------------------------------------------------------

# Each link three times in one query: the request path makes its first row, and
# the others where it has not seen their bucket; the last time, the fast path
# makes all of them.
PASSES = 3
PRESIGN = """
    SELECT link
      FROM (SELECT number, pass, s3_presign(url, method, expires, params, signed_at) AS link
              FROM (SELECT *
                      FROM unnest(%%s::text[], %%s::text[], %%s::interval[], %%s::jsonb[],
                                  %%s::timestamptz[])
                           WITH ORDINALITY AS c (url, method, expires, params, signed_at, number),
                           generate_series(1, %d) AS pass
                     ORDER BY pass, number OFFSET 0) AS rows OFFSET 0) AS links
     ORDER BY number, pass""" % PASSES
PLAIN = """
    SELECT link
      FROM (SELECT number, pass, s3_url(url) AS link
              FROM (SELECT *
                      FROM unnest(%%s::text[]) WITH ORDINALITY AS c (url, number),
                           generate_series(1, %d) AS pass
                     ORDER BY pass, number OFFSET 0) AS rows OFFSET 0) AS links
     ORDER BY number, pass""" % PASSES


def agreed(links):
    """One link for each PASSES of them, or where they differ, all of them."""
    groups = [links[start:start + PASSES] for start in range(0, len(links), PASSES)]
    return [group[0] if len(set(group)) == 1 else group for group in groups]


class Ours:
    """Links by s3_presign, a batch at a time."""

    def __init__(self, connection):
        self.connection = connection

    def use(self, storage):
        self.run('SELECT set_config(\'s3store.endpoints\', %s, false)', [storage.entry()])

    def run(self, query, arguments):
        return [row[0] for row in harness.query(self.connection, query, *arguments)]

    def presign(self, cases):
        """An error in place of the link of the case that it belongs to."""
        try:
            return agreed(self.run(PRESIGN, [list(column) for column in
                                             zip(*(case.our_arguments() for case in cases))]))
        except psycopg2.Error as error:
            if len(cases) == 1:
                return [error]
        return [link for case in cases for link in self.presign([case])]

    def plain(self, cases):
        return agreed(self.run(PLAIN, [[case.url() for case in cases]]))

    def valid_params(self, operation):
        """As the error lists them."""
        try:
            self.run('SELECT s3_presign(\'s3://bucket/key\', %s, params => \'{"Nothing": 1}\')',
                     [operation])
        except psycopg2.Error as error:
            listed = re.search(r'Valid parameters: (.*)\.', error.diag.message_detail)
            return set(listed.group(1).split(', '))
        raise AssertionError('no error for an invalid parameter')


# -----------------------------------------------------------------------------
# Tests
# -----------------------------------------------------------------------------

def canonical(link):
    """Scheme, host, path and sorted query; the pieces as they stand, not decoded."""
    if not isinstance(link, str):
        return link
    parts = urlsplit(link)
    host = parts.netloc.lower()
    # boto3 signs the host without a port that is the scheme's own, but keeps
    # it in the link; and it keeps the case.
    port = DEFAULT_PORTS[parts.scheme]
    if host.endswith(port):
        host = host[:-len(port)]
    return parts.scheme, host, parts.path, sorted(parts.query.split('&')), parts.fragment


class SigningTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.ours = Ours(self.connect())
        self.failures = []

    def compare(self, case, ours, theirs):
        if canonical(ours) != canonical(theirs):
            self.failures.append('%r\n  ours:  %s\n  boto3: %s' % (case, ours, theirs))

    def report(self, count):
        if self.failures:
            self.fail('%d of %d links differ; S3STORE_TEST_SEED=%d S3STORE_TEST_CASES=%d\n%s' % (
                len(self.failures), count, SEED, CASES,
                '\n'.join(self.failures[:FAILURES_SHOWN])))

    def test_presigned(self):
        members = boto_members()
        for operation in members:
            known = self.ours.valid_params(operation)
            members[operation] = {name: member for name, member in members[operation].items()
                                  if name in known}
        for storage, cases in Generator(SEED, members).batches(CASES):
            self.ours.use(storage)
            boto = Boto(storage)
            for case, link in zip(cases, self.ours.presign(cases)):
                self.compare(case, link, boto.presign(case))
        self.report(CASES)

    def test_plain(self):
        """s3_url against the link of a client that signs nothing."""
        count = max(CASES // 5, 1)
        members = {'get_object': {}}
        for storage, cases in Generator(SEED + 1, members).batches(count):
            self.ours.use(storage)
            boto = Boto(storage, botocore.UNSIGNED)
            for case, link in zip(cases, self.ours.plain(cases)):
                self.compare(case, link, boto.presign(case))
        self.report(count)

    def test_every_parameter_is_known(self):
        """What boto3's operations take, we take, but for what is listed above."""
        print('# compared with boto3 ' + boto3.__version__, flush=True)
        for operation, members in boto_members().items():
            with self.subTest(operation):
                absent = NOT_EVERYWHERE[operation] - set(members)
                self.assertEqual(self.ours.valid_params(operation) - absent,
                                 set(members) - NOT_TAKEN[operation])


if __name__ == '__main__':
    unittest.main()
