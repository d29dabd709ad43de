"""test_addressing.py - where a bucket is found, against AWS's own rules.

AWS publishes the names of its hosts as data, the endpoint rules, which come
with botocore.  Here every region of every partition is combined with every
kind of bucket, every addressing style and every variant (dual-stack, FIPS,
acceleration), and the same with endpoints of one's own:

  - s3_url must agree with the rules, asked directly;
  - s3_presign must agree with boto3, signature included;
  - what the rules refuse must be refused, for a reason that holds.

Where we differ on purpose, and where this botocore is older than AWS, stands
below by name.  Before 1.28 botocore has no rules: the tests that ask them are
not there then, and that is said.  No server is needed.
"""
import datetime
import itertools
import json
import re
import unittest
from typing import NamedTuple
from urllib.parse import urlsplit

import boto3
import botocore
import botocore.config
import botocore.exceptions
import botocore.session

try:
    import botocore.endpoint_provider
    HAS_RULES = True
except ImportError:
    HAS_RULES = False

import harness
from test_signing import frozen_clock, regional_endpoints

FAILURES_SHOWN = 8
SIGNED_AT = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
KEY_ID, SECRET = 'id', 'secret'
STYLES = ('auto', 'path', 'virtual')
IP_ENDPOINT = re.compile(r'https?://[\[\d]')

# Partitions of AWS that are younger than Debian 12's botocore, as the rules of
# today have them: the rules find a region's DNS suffix in this list.
YOUNG_PARTITIONS = {
    'aws-iso-e': (r'^eu\-isoe\-\w+\-\d+$', 'cloud.adc-e.uk', ['eu-isoe-west-1']),
    'aws-iso-f': (r'^us\-isof\-\w+\-\d+$', 'csp.hci.ic.gov', ['us-isof-east-1', 'us-isof-south-1']),
    'aws-eusc': (r'^eusc\-(de)\-\w+\-\d+$', 'amazonaws.eu', ['eusc-de-east-1']),
}
# Regions that are younger, in partitions that are not.
YOUNG_REGIONS = ['ap-east-2', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-6',
                 'ap-southeast-7', 'ca-west-1', 'il-central-1', 'mx-central-1', 'us-isob-west-1']
# Regions that nobody has heard of: a host is made for them, too.
UNKNOWN_REGIONS = ['eu-nowhere-1', 'cn-nowhere-9', 'us-gov-nowhere-2', 'moon-1']

# Names in the lists of regions and endpoints that have no S3 of their own; the
# rules make hosts of them that do not exist.
NOT_REGIONS = ['aws-cn-global', 'aws-us-gov-global', 'aws-iso-global', 'aws-iso-b-global',
               'aws-iso-e-global', 'aws-iso-f-global', 's3-external-1']

# With dots, the labels have three characters at least: in host names on plain
# http the rules want that of each label, S3 and we only of the whole.
BUCKETS = {
    'plain': ['bucket', 'b-1', '123', 'abc', 'xn--bucket', 'a' * 63, 'my--bucket'],
    'access point alias': ['my-access-po-5oiqnrsu6fgmpyw3drzdqh74zq4sqeuw2a-s3alias'],
    'short': ['a', 'ab'],
    'long': ['a' * 64, 'a' * 255],
    'dotted': ['our.bucket', 'www.example.com', 'a' * 31 + '.' + 'b' * 31],
    'upper case': ['Bucket', 'BUCKET'],
    'underscored': ['my_bucket', '_bucket'],
    'odd hyphens': ['-bucket', 'bucket-'],
    'like an IP address': ['192.168.0.1', '300.300.300.300'],
}
# Reached by other hosts or with other signatures: not supported on AWS.  This
# botocore knows none of them but Outposts, and would send them to S3 as such.
UNSUPPORTED_BUCKETS = {
    'bucket--use1-az4--x-s3': 'directory buckets of S3 Express One Zone',
    'point--use1-az4--xa-s3': 'access points of directory buckets',
    'mfzwi23gnjvgw.mrap': 'multi-Region access points',
    'my-access-po-o01ac5d28a6a232904e8xz5w8ijx1qzlbp3i3kuse10--op-s3':
        'buckets and access points of S3 on Outposts',
    'my-object-la-5oiqnrsu6fgmpyw3drzdqh74zq4sqeuw2a--ol-s3': 'S3 Object Lambda access points',
}

CUSTOM_URLS = [
    'http://minio', 'http://minio:9000', 'http://localhost', 'https://minio.example.com',
    'https://minio.example.com:8443/', 'http://minio.example.com/s3',
    'https://minio.example.com/s3/', 'https://minio.example.com:444/a/b.c-1_~d',
    'http://127.0.0.1:9000', 'https://10.0.0.1/s3', 'http://[::1]:9000',
    'https://[2001:db8::a:0]/s3', 'https://s3.eu-central-1.amazonaws.com',
    'https://s3-accelerate.amazonaws.com',
    'https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com',
]


class Case(NamedTuple):
    region: str
    style: str
    dualstack: bool
    fips: bool
    accelerate: bool
    url: str
    bucket: str

    def variant(self):
        return self.dualstack or self.fips or self.accelerate

    def sensible_style(self):
        """
        The rules know that an IP address has no subdomains, but forget it for
        buckets with dots: http://my.bucket.127.0.0.1.
        """
        return 'path' if self.url and IP_ENDPOINT.match(self.url) else self.style

    def entry(self):
        """Of s3store.endpoints; what is off is left out."""
        settings = {'region': self.region, 'addressing_style': self.style,
                    'access_key_id': KEY_ID, 'secret_access_key': SECRET}
        settings.update({'use_' + name: True for name in ('dualstack', 'fips', 'accelerate')
                         if getattr(self, name)})
        if self.url:
            settings['endpoint_url'] = self.url
        return settings


def combine(regions, urls, buckets):
    """All combinations, as storages with their cases."""
    flags = (False, True)
    for region, style, dualstack, fips, accelerate, url in itertools.product(
            regions, STYLES, flags, flags, flags, urls):
        yield [Case(region, style, dualstack, fips, accelerate, url, bucket) for bucket in buckets]


def all_buckets():
    return [bucket for buckets in BUCKETS.values() for bucket in buckets]


# -----------------------------------------------------------------------------
# AWS's rules
# -----------------------------------------------------------------------------

def make_session():
    """A session that knows the young partitions."""
    session = botocore.session.get_session()
    partitions = session.get_component('data_loader').load_data('partitions')['partitions']
    known = {partition['id'] for partition in partitions}
    for name, (regex, suffix, regions) in YOUNG_PARTITIONS.items():
        if name not in known:
            partitions.append({
                'id': name, 'regionRegex': regex, 'regions': {region: {} for region in regions},
                'outputs': {'name': name, 'dnsSuffix': suffix, 'dualStackDnsSuffix': suffix,
                            'supportsDualStack': True, 'supportsFIPS': True}})
    return session


SESSION = make_session() if HAS_RULES else None
LOADER = SESSION.get_component('data_loader') if HAS_RULES else None


def all_regions():
    """Of all partitions: those of the rules, with aws-global, and the younger ones."""
    partitions = LOADER.load_data('partitions')['partitions']
    regions = {region for partition in partitions for region in partition['regions']}
    regions.update(YOUNG_REGIONS)
    return sorted(region for region in regions if region not in NOT_REGIONS)


def is_fips_in_the_path(case, url):
    """
    The rules of botocore 1.29 refuse that, those of 1.37 let a FIPS host have
    the bucket in the path.  Most such hosts have no address, so we go on refusing,
    but not in GovCloud, whose hosts have one.
    """
    fips = case.fips or 'fips' in case.region and not case.url
    return fips and 'us-gov-' not in case.region and not url.startswith('https://%s.' % case.bucket)


def gov_fips_start(case):
    """What a link to a FIPS host of GovCloud with the bucket in the path begins with, or None."""
    fips = case.fips or 'fips' in case.region
    if not fips or case.url or case.accelerate or 'us-gov-' not in case.region:
        return None
    return 'https://s3-fips%s.%s.amazonaws.com/%s/key' % (
        '.dualstack' * case.dualstack, case.region.replace('fips-', '').replace('-fips', ''), case.bucket)


class Rules:
    """AWS's endpoint rules, asked directly: the URL of a bucket, or the refusal."""

    # What stands in the rules but not in AWS's documentation: behind
    # acceleration there are no regions, least of all that of aws-global.
    CORRECTIONS = {'s3-accelerate.dualstack.us-east-1.': 's3-accelerate.dualstack.'}

    def __init__(self):
        self.provider = botocore.endpoint_provider.EndpointProvider(
            LOADER.load_service_model('s3', 'endpoint-rule-set-1'), LOADER.load_data('partitions'))

    def url(self, case):
        style = case.sensible_style()
        parameters = {
            'Bucket': case.bucket, 'Region': case.region,
            'UseDualStack': case.dualstack, 'UseFIPS': case.fips, 'Accelerate': case.accelerate,
            'ForcePathStyle': style == 'path' or (style == 'auto' and bool(case.url))}
        if case.url:
            # The rules would leave the slash at the end, before the key's.
            parameters['Endpoint'] = case.url.rstrip('/')
        try:
            url = self.provider.resolve_endpoint(**parameters).url
        except botocore.exceptions.EndpointProviderError as error:
            return error
        if is_fips_in_the_path(case, url):
            return botocore.exceptions.EndpointProviderError(msg='FIPS host without a bucket')
        for wrong, right in self.CORRECTIONS.items():
            url = url.replace(wrong, right)
        return url + '/key'


# -----------------------------------------------------------------------------
# boto3
# -----------------------------------------------------------------------------

def is_ignored_by_boto(case):
    """
    What boto3 leaves out of account, for the sake of its older self, before it
    asks the rules: every variant on an endpoint of one's own, and the path style
    under acceleration.
    """
    return (bool(case.url) and case.variant()) or (case.accelerate and case.style == 'path')


def is_different_in_boto(case):
    """
    Where the rules that it follows need a correction (see Rules), and where it
    knows accelerated hosts by their name; we have use_accelerate for them, and
    an endpoint_url is like any other.
    """
    return (case.region == 'aws-global' and case.accelerate and case.dualstack or
            case.style == 'auto' and bool(case.url) and '//s3-accelerate.' in case.url)


class Boto:
    """Links by boto3, for one storage after the other."""

    def __init__(self):
        self.session = boto3.session.Session(botocore_session=SESSION)
        self.storage = None
        self.client = None

    def client_for(self, case):
        storage = case._replace(bucket=None)
        if storage != self.storage:
            self.storage = storage
            self.client = self.session.client(
                's3', region_name=case.region, endpoint_url=case.url and case.url.rstrip('/'),
                aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET,
                config=botocore.config.Config(
                    signature_version='s3v4', use_fips_endpoint=case.fips,
                    s3={'addressing_style': case.sensible_style(),
                        'us_east_1_regional_endpoint': 'regional',
                        'use_dualstack_endpoint': case.dualstack,
                        'use_accelerate_endpoint': case.accelerate}))
        return self.client

    def presign(self, case):
        """The link, or the error."""
        try:
            with frozen_clock(SIGNED_AT), regional_endpoints():
                link = self.client_for(case).generate_presigned_url(
                    'get_object', Params={'Bucket': case.bucket, 'Key': 'key'}, ExpiresIn=3600)
        except botocore.exceptions.BotoCoreError as error:
            return error
        if is_fips_in_the_path(case, link):
            return botocore.exceptions.EndpointProviderError(msg='FIPS host without a bucket')
        return link


# -----------------------------------------------------------------------------
# s3store
# -----------------------------------------------------------------------------

class Refusal(NamedTuple):
    state: str
    message: str


def is_dns_label(bucket):
    return re.fullmatch(r'[a-z0-9]([a-z0-9-]*[a-z0-9])?', bucket) and 3 <= len(bucket) <= 63


# Each of our reasons, and when it is one.  The word after "use_" is m[1].
REASONS = [
    (r'"use_accelerate" cannot be combined with "use_(fips)"$', lambda case: case.accelerate),
    (r'"use_(\w+)" cannot be combined with "endpoint_url"$', lambda case: case.url),
    (r'"use_(\w+)" cannot be combined with the addressing style "path"$',
     lambda case: case.style == 'path' and not case.url),
    (r'"use_(fips|accelerate)" cannot be used in this region$',
     lambda case: case.region.startswith('cn-') and not case.url),
    (r'"use_(fips|accelerate)" cannot be used with bucket ".*"$',
     lambda case: case.style != 'path' and not case.url and not is_dns_label(case.bucket)),
]


def holds(refusal, case):
    """Whether a refusal of ours is for a reason that this case has."""
    for pattern, applies in REASONS:
        found = re.search(pattern, refusal.message)
        if found:
            return refusal.state == '22023' and getattr(case, found[1]) and bool(applies(case))
    return False


class Ours:
    """URLs and links by s3store."""

    TRY = """
        CREATE FUNCTION pg_temp.try(function text, url text,
                                    OUT link text, OUT state text, OUT message text)
        LANGUAGE plpgsql AS $$
        BEGIN
            IF function = 's3_url' THEN
                link := s3_url(url);
            ELSE
                link := s3_presign(url, expires => '1 hour', signed_at => '2024-02-29 12:00:00+00');
            END IF;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
        END $$"""
    SET = """
        CREATE FUNCTION pg_temp.try_set(name text, value text, OUT state text, OUT message text)
        LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM set_config(name, value, false);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = PG_EXCEPTION_DETAIL;
        END $$"""

    def __init__(self, connection):
        self.connection = connection
        self.run(self.TRY)
        self.run(self.SET)

    def run(self, statement, *arguments):
        return harness.query(self.connection, statement, *arguments)

    def use(self, entry):
        """The refusal of the setting, or None."""
        state, message = self.run('SELECT * FROM pg_temp.try_set(%s, %s)',
                                  's3store.endpoints', json.dumps({'s3': entry}))[0]
        if state:
            # The detail begins with the message, then comes its own detail.
            return Refusal(state, re.match(r'Entry "s3": (.*?)\.( |$)', message)[1])
        return None

    def ask(self, function, buckets):
        rows = self.run('SELECT t.* FROM unnest(%s::text[]) WITH ORDINALITY AS b (bucket, n),'
                        ' LATERAL pg_temp.try(%s, \'s3://\' || bucket || \'/key\') AS t ORDER BY n',
                        list(buckets), function)
        return [link if state is None else Refusal(state, re.sub('^entry "s3": ', '', message))
                for link, state, message in rows]

    def of(self, function, cases):
        """The answers for the cases of one storage."""
        refusal = self.use(cases[0].entry())
        if refusal:
            return [refusal] * len(cases)
        return self.ask(function, [case.bucket for case in cases])


def same_link(ours, theirs):
    """The order of the query does not matter, nor does the scheme's own port."""
    ours, theirs = urlsplit(ours), urlsplit(theirs)
    return (ours[:3] == theirs[:3] and
            sorted(ours.query.split('&')) == sorted(theirs.query.split('&')))


# -----------------------------------------------------------------------------
# Tests
# -----------------------------------------------------------------------------

class AddressingCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.ours = Ours(self.connect())
        self.failures = []
        self.links = self.refusals = 0

    def compare(self, case, ours, theirs):
        """One answer of ours with one of theirs: a link each, or a refusal each."""
        if isinstance(theirs, str):
            good = isinstance(ours, str) and same_link(ours, theirs)
            self.links += 1
        elif isinstance(ours, str):
            good = ours.startswith(gov_fips_start(case) or 'no link')
            self.links += 1
        else:
            good = holds(ours, case)
            self.refusals += 1
        if not good:
            self.failures.append('%r\n  ours:   %s\n  theirs: %s' % (case, ours, theirs))

    def report(self, links, refusals):
        """The least numbers guard against comparing nothing."""
        if self.failures:
            self.fail('%d of %d cases differ\n%s' % (
                len(self.failures), self.links + self.refusals,
                '\n'.join(self.failures[:FAILURES_SHOWN])))
        self.assertGreater(self.links, links)
        self.assertGreater(self.refusals, refusals)


class RulesTest(AddressingCase):
    @classmethod
    def setUpClass(cls):
        cls.rules = Rules()
        cls.boto = Boto()

    def compare_with_rules(self, storages):
        for cases in storages:
            for case, url in zip(cases, self.ours.of('s3_url', cases)):
                self.compare(case, url, self.rules.url(case))

    def compare_with_boto(self, storages):
        for cases in storages:
            cases = [case for case in cases
                     if not is_ignored_by_boto(case) and not is_different_in_boto(case)]
            if cases:
                for case, link in zip(cases, self.ours.of('s3_presign', cases)):
                    self.compare(case, link, self.boto.presign(case))

    def test_regions_by_rules(self):
        self.compare_with_rules(combine(all_regions() + UNKNOWN_REGIONS, [None], all_buckets()))
        self.report(5000, 5000)

    def test_regions_by_boto(self):
        self.compare_with_boto(combine(all_regions() + UNKNOWN_REGIONS, [None], all_buckets()))
        self.report(5000, 3000)

    def test_custom_endpoints_by_rules(self):
        self.compare_with_rules(combine(['eu-west-1', 'cn-north-1'], CUSTOM_URLS, all_buckets()))
        self.report(1000, 5000)

    def test_custom_endpoints_by_boto(self):
        self.compare_with_boto(combine(['eu-west-1', 'us-east-1', 'fips-us-gov-west-1'],
                                       CUSTOM_URLS, all_buckets()))
        self.report(1000, -1)

    def test_fips_in_the_name_of_the_region(self):
        """boto3 takes it out and switches FIPS on."""
        regions = ['fips-us-gov-west-1', 'fips-us-east-1', 'us-west-2-fips', 'fips-cn-north-1']
        for cases in combine(regions, [None], ['bucket', 'my.bucket']):
            for case, link in zip(cases, self.ours.of('s3_presign', cases)):
                if not is_ignored_by_boto(case):
                    theirs = self.boto.presign(case)
                    plain = case.region.replace('fips-', '').replace('-fips', '')
                    self.compare(case._replace(region=plain, fips=True), link, theirs)
        self.report(10, 20)

    def test_aws_global_elsewhere(self):
        """The rules sign for us-east-1; for links, boto3 does not listen."""
        for cases in combine(['aws-global'], ['http://minio', 'https://10.0.0.1/s3'],
                             ['bucket', 'our.bucket']):
            for case, link in zip(cases, self.ours.of('s3_presign', cases)):
                if not is_ignored_by_boto(case):
                    self.compare(case, link, self.boto.presign(case._replace(region='us-east-1')))
        self.report(10, -1)

    def test_young_partitions_are_checked(self):
        """All partitions are there, and their suffixes come from the rules' list."""
        urls = {region: self.rules.url(Case(region, 'path', False, False, False, None, 'b'))
                for region in all_regions()}
        suffixes = {urlsplit(url).netloc.replace('s3.%s.' % region, '')
                    for region, url in urls.items()}
        self.assertEqual(suffixes, {
            'amazonaws.com', 'amazonaws.com.cn', 'amazonaws.eu', 'c2s.ic.gov', 'sc2s.sgov.gov',
            'cloud.adc-e.uk', 'csp.hci.ic.gov', 's3.amazonaws.com'})


class AddressingTest(AddressingCase):
    def test_unsupported_buckets(self):
        """On AWS only; elsewhere they are names as any other."""
        for cases in combine(['us-east-1', 'cn-north-1', 'us-gov-west-1'],
                             [None, 'http://minio:9000'], UNSUPPORTED_BUCKETS):
            for case, answer in zip(cases, self.ours.of('s3_presign', cases)):
                kind = UNSUPPORTED_BUCKETS[case.bucket]
                with self.subTest(case):
                    if isinstance(answer, Refusal) and answer.state == '22023':
                        self.assertTrue(holds(answer, case), answer)
                    elif case.url:
                        self.assertIn(case.bucket, answer)
                    else:
                        self.assertEqual(answer, Refusal('0A000', kind + ' are not supported'))
                        self.refusals += 1
        self.assertGreater(self.refusals, 100)

    def test_no_regions(self):
        for region in NOT_REGIONS:
            with self.subTest(region):
                self.assertEqual(self.ours.use({'region': region}).state, '22023')
                # any name is a region elsewhere
                self.assertIsNone(self.ours.use({'region': region, 'endpoint_url': 'http://minio'}))
                self.assertEqual(self.ours.ask('s3_url', ['b']), ['http://minio/b/key'])

    def test_settings_instead_of_an_entry(self):
        """What no entry says alone is refused when it is used, in the same words."""
        defaults = {'region': 'us-east-1', 'addressing_style': 'auto', 'use_dualstack': 'off',
                    'use_fips': 'off', 'use_accelerate': 'off'}
        for cases in combine(['eu-west-1', 'cn-north-1'], [None, 'http://minio:9000'],
                             ['bucket', 'my.bucket']):
            for name, value in defaults.items():
                self.ours.run('SELECT set_config(%s, %s, false)', 's3store.' + name, value)
            at_set = self.ours.of('s3_url', cases)
            entry = cases[0].entry()
            in_entry = {name: entry.pop(name) for name in list(entry) if name not in defaults}
            self.assertIsNone(self.ours.use(in_entry))
            for name, value in defaults.items():
                self.ours.run('SELECT set_config(%s, %s, false)', 's3store.' + name,
                              str(entry.get(name, value)))
            at_use = self.ours.ask('s3_url', [case.bucket for case in cases])
            self.assertEqual(at_use, at_set, cases[0])
            self.refusals += isinstance(at_use[0], Refusal)
        self.assertGreater(self.refusals, 30)

    def test_one_refused_entry_leaves_the_others(self):
        self.ours.run('SELECT set_config(\'s3store.endpoints\', %s, false)', json.dumps(
            {'s3': {}, 's3-cn': {'region': 'cn-north-1'},
             's3-minio': {'endpoint_url': 'http://minio', 'use_fips': False}}))
        self.ours.run('SET s3store.use_fips = on')
        self.assertEqual(self.ours.run(
            'SELECT s3_url(\'s3://bucket/key\'), s3_url(\'s3-minio://bucket/key\')'),
            [('https://bucket.s3-fips.us-east-1.amazonaws.com/key', 'http://minio/bucket/key')])
        with self.assertSqlState('22023', 'entry "s3-cn": "use_fips" cannot be used in this region',
                                 'The regions in China have no FIPS endpoints.'):
            self.ours.run('SELECT s3_url(\'s3-cn://bucket/key\')')

    def test_links_for_another_host(self):
        """A variant is for the requests; endpoint_url_presigning is taken as it is."""
        self.assertIsNone(self.ours.use({'use_dualstack': True, 'use_fips': True,
                                         'endpoint_url_presigning': 'https://files.example.com'}))
        self.assertEqual(self.ours.ask('s3_url', ['bucket', 'my.bucket', 'b--x-s3']),
                         ['https://files.example.com/%s/key' % bucket
                          for bucket in ('bucket', 'my.bucket', 'b--x-s3')])

    def test_variants_are_for_superusers(self):
        self.ours.run('CREATE ROLE addressing_user')
        self.addCleanup(harness.query, self.connect(), 'DROP ROLE addressing_user')
        connection = self.connect(role='addressing_user')
        for name in ('use_accelerate', 'use_dualstack', 'use_fips'):
            with self.subTest(name), self.assertSqlState('42501'):
                harness.query(connection, 'SET s3store.%s = on' % name)


def load_tests(loader, _tests, _pattern):
    cases = [AddressingTest]
    if HAS_RULES:
        cases.append(RulesTest)
    else:
        print('# no RulesTest: botocore %s has no endpoint rules' % botocore.__version__, flush=True)
    return unittest.TestSuite(map(loader.loadTestsFromTestCase, cases))


if __name__ == '__main__':
    unittest.main()
