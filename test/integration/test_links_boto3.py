"""test_links_boto3.py - links of every operation, and forms, against boto3's.

As test_signing.py does for objects, and with its generators: every operation
with all parameters of boto3's model, in each signature version, and browser
forms.  No server is needed.

    S3STORE_TEST_CASES=20000 S3STORE_TEST_SEED=7 python3 -m unittest test_links_boto3
"""
import base64
import contextlib
import datetime
import hashlib
import json
import os
import random
import time
import unittest
from unittest import mock

import botocore
import botocore.session
import botocore.signers
import psycopg2

import harness
import test_signing as signing

CASES = int(os.environ.get('S3STORE_TEST_CASES', 1000))
SEED = signing.SEED + 100
VERSIONS = {'s3v4': 's3v4', 's3': 's3', 'unsigned': botocore.UNSIGNED}
OPERATIONS = ('get_object', 'head_object', 'put_object', 'delete_object', 'copy_object',
              'upload_part', 'create_multipart_upload', 'complete_multipart_upload',
              'abort_multipart_upload', 'list_parts', 'list_objects_v2')
ON_BUCKET = 'list_objects_v2'
# What stands in the URL, and what the body has.
LEFT_OUT = ('Bucket', 'Key', 'Body', 'MultipartUpload')
# boto3 makes no MD5 of the keys of these.
WITHOUT_MD5 = ('complete_multipart_upload', 'list_parts')


def model(operation):
    name = ''.join(word.title() for word in operation.split('_'))
    service = botocore.session.get_session().get_service_model('s3')
    return service.operation_model(name).input_shape


def all_members():
    """The parameters of each operation in this boto3."""
    return {operation: {name: member for name, member in model(operation).members.items()
                        if name not in LEFT_OUT}
            for operation in OPERATIONS}


def required(operation):
    return [name for name in model(operation).required_members if name not in LEFT_OUT]


# -----------------------------------------------------------------------------
# Parameters
# -----------------------------------------------------------------------------

def copy_source(rng):
    """As a string, or as its parts."""
    bucket, key = signing.plain_bucket(rng), signing.make_key(rng)
    version = None
    if rng.random() < 0.5:
        version = signing.mixed_text(rng, signing.HEADER_ALPHABETS, 20)
    if rng.random() < 0.5:
        return rng.choice(['', '/']) + '%s/%s' % (bucket, key) + (
            '?versionId=' + version if version else '')
    return {'Bucket': bucket, 'Key': key, **({'VersionId': version} if version else {})}


def add_sse_key(rng, operation, names, prefix, theirs, ours):
    """boto3 takes bytes and makes base64 of them, but only where it makes the MD5, too."""
    name, md5_name = prefix + 'Key', prefix + 'KeyMD5'
    key, ours[name] = signing.sse_customer_key(rng)
    theirs[name] = key
    if operation in WITHOUT_MD5 or md5_name in names:
        raw = key if isinstance(key, bytes) else key.encode()
        theirs[name] = base64.b64encode(raw).decode()
        theirs[md5_name] = base64.b64encode(hashlib.md5(raw).digest()).decode()
        if md5_name in names:
            ours[md5_name] = theirs[md5_name]


def make_params(rng, operation, members, names):
    """Values for the named parameters: for boto3, and for us."""
    theirs, ours = {}, {}
    for name in names:
        if name in ('SSECustomerKey', 'CopySourceSSECustomerKey'):
            add_sse_key(rng, operation, names, name[:-len('Key')], theirs, ours)
        elif name.endswith('KeyMD5') and name[:-len('MD5')] in names:
            continue
        elif name == 'CopySource':
            theirs[name] = ours[name] = copy_source(rng)
        else:
            theirs[name], ours[name] = signing.make_value(rng, name, members[name])
    return theirs, ours


# -----------------------------------------------------------------------------
# Cases
# -----------------------------------------------------------------------------

class Storage(signing.Storage):
    def __init__(self, rng, regions):
        super().__init__(rng, regions)
        self.version = rng.choice(['s3v4', 's3v4', 's3', 's3', 'unsigned'])
        # Where a URL ends with the endpoint's, boto3 keeps its slash, we do not.
        self.url = self.url and self.url.rstrip('/')

    def entry(self):
        entry = json.loads(super().entry())
        entry[self.scheme]['signature_version'] = self.version
        return json.dumps(entry)


class Case:
    """One link, as both sides are asked for it."""

    def __init__(self, rng, storage, operation, members, names):
        self.storage = storage
        self.operation = operation
        self.bucket = signing.make_bucket(rng, storage)
        self.key = None if operation == ON_BUCKET else signing.make_key(rng)
        names = list(dict.fromkeys(names + required(operation)))
        self.params, self.our_params = make_params(rng, operation, members, names)
        self.expires = rng.choice([1, 3600, 604800, rng.randint(1, 604800)])
        self.signed_at = signing.make_time(rng, 1970, 2200)
        self.path = '/' + self.key if self.key else rng.choice(['', '/'])
        if self.our_params.get('Prefix') and rng.random() < 0.5:
            self.path = '/' + self.our_params.pop('Prefix')

    def url(self):
        return '%s://%s%s' % (self.storage.scheme, self.bucket, self.path)

    def our_arguments(self):
        return (self.url(), self.operation, datetime.timedelta(seconds=self.expires),
                json.dumps(self.our_params), self.signed_at)

    def __repr__(self):
        return 'Case(%r)' % self.__dict__


class FormCase:
    """One form, as both sides are asked for it."""

    FIELDS = ('acl', 'Cache-Control', 'Content-Disposition', 'success_action_redirect',
              'success_action_status', 'tagging', 'x-amz-meta-a', 'x-amz-storage-class')

    def __init__(self, rng, storage):
        self.storage = storage
        self.bucket = signing.make_bucket(rng, storage)
        self.key = signing.make_key(rng)
        if len(self.key) < 200 and rng.random() < 0.3:
            self.key += '${filename}'
        self.expires = rng.choice([1, 3600, 604800, rng.randint(1, 604800)])
        self.signed_at = signing.make_time(rng, 1970, 2200)
        self.fields = {name: self.value(rng)
                       for name in rng.sample(self.FIELDS, rng.randint(0, 4))}
        self.conditions, self.max_size, self.content_type = [], None, None
        if storage.version != 'unsigned':
            self.conditions = [self.condition(rng) for _ in range(rng.randint(0, 4))]
            self.max_size = rng.choice([None, 0, 1, 10 ** 6, 2 ** 62])
        if rng.random() < 0.5:
            self.content_type = rng.choice(['image/png', 'text/plain; charset="\u00fc"', 'a"\\b'])

    @staticmethod
    def value(rng):
        return signing.header_value(signing.mixed_text(rng, signing.ALPHABETS, 40))

    def condition(self, rng):
        name = rng.choice(self.FIELDS)
        return rng.choice([
            lambda: {name: self.value(rng)},
            lambda: ['eq', '$' + name, self.value(rng)],
            lambda: ['starts-with', '$' + name, rng.choice(['', self.value(rng)])],
            lambda: ['content-length-range', rng.randrange(10), rng.randrange(10 ** 12)]])()

    def our_arguments(self):
        return ('%s://%s/%s' % (self.storage.scheme, self.bucket, self.key),
                datetime.timedelta(seconds=self.expires), self.max_size, self.content_type,
                json.dumps(self.fields) if self.fields else None,
                json.dumps(self.conditions) if self.conditions else None, self.signed_at)

    def boto_arguments(self):
        """boto3 has no words of its own for what these two of ours mean."""
        fields, conditions = dict(self.fields), list(self.conditions)
        if self.max_size is not None:
            conditions.append(['content-length-range', 0, self.max_size])
        if self.content_type is not None:
            fields['Content-Type'] = self.content_type
            conditions.append({'Content-Type': self.content_type})
        return {'Bucket': self.bucket, 'Key': self.key, 'Fields': fields,
                'Conditions': conditions, 'ExpiresIn': self.expires}

    def __repr__(self):
        return 'FormCase(%r)' % self.__dict__


class Generator(signing.Generator):
    """Each parameter alone first, then random subsets."""

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
            size = min(count, signing.CASES_PER_STORAGE)
            storage = Storage(self.rng, self.regions)
            yield storage, [self.case(storage) for _ in range(size)]
            count -= size


# -----------------------------------------------------------------------------
# boto3
# -----------------------------------------------------------------------------

@contextlib.contextmanager
def frozen_clocks(moment):
    """All that boto3 looks at."""
    seconds = mock.Mock(wraps=time)
    seconds.time.return_value = moment.timestamp()
    with signing.frozen_clock(moment), signing.frozen_clock(moment, botocore.signers), \
            mock.patch('botocore.auth.time', seconds):
        yield


class Boto(signing.Boto):
    def __init__(self, storage):
        super().__init__(storage, VERSIONS[storage.version])
        self.client.meta.events.register('before-sign.s3', mend_resource)

    def presign(self, case):
        params = dict(case.params, Bucket=case.bucket)
        if case.key is not None:
            params['Key'] = case.key
        with frozen_clocks(case.signed_at), signing.regional_endpoints():
            return self.client.generate_presigned_url(
                case.operation, Params=params, ExpiresIn=case.expires)

    def form(self, case):
        """Its policy with characters as they are, as ours has them: servers read escapes otherwise."""
        def dumps(policy):
            return json.dumps(policy, ensure_ascii=False).replace('\x7f', '\\u007f')
        with frozen_clocks(case.signed_at), signing.regional_endpoints(), \
                mock.patch('botocore.auth.json', mock.Mock(wraps=json, dumps=dumps)):
            return self.client.generate_presigned_post(**case.boto_arguments())


def mend_resource(request, **_):
    """
    What version 2 signs is the path alone, but boto3 takes the query of the
    service model for a part of it; and the slash behind a bucket belongs to it.
    """
    if request.auth_path:
        path = request.auth_path.partition('?')[0]
        request.auth_path = path if path.count('/') > 1 else path + '/'


def canonical(case, link):
    """
    Into the query of a link of version 2 boto3 writes the headers, too.  The
    specification knows of none there, and servers that take them as headers
    would see them twice.
    """
    scheme, host, path, query, fragment = signing.canonical(link)
    if case.storage.version == 's3':
        query = [piece for piece in query if not piece.startswith(('content-', 'x-amz-')) or
                 piece.startswith('x-amz-security-token=')]
        if case.operation == ON_BUCKET and not path.endswith('/'):
            path += '/'
    return scheme, host, path, query, fragment


# -----------------------------------------------------------------------------
# Tests
# -----------------------------------------------------------------------------

FORM = """
    SELECT s3_presign_post(c.url, c.expires, c.max_size, c.content_type, c.fields, c.conditions,
                           c.signed_at)
      FROM unnest(%s::text[], %s::interval[], %s::bigint[], %s::text[], %s::jsonb[], %s::jsonb[],
                  %s::timestamptz[])
           WITH ORDINALITY AS c (url, expires, max_size, content_type, fields, conditions,
                                 signed_at, number)
     ORDER BY c.number"""


class BotoTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.ours = signing.Ours(self.connect())
        self.failures = []

    def note(self, case, ours, theirs):
        self.failures.append('%r\n  ours:  %s\n  boto3: %s' % (case, ours, theirs))

    def report(self, count):
        if self.failures:
            self.fail('%d of %d differ; S3STORE_TEST_SEED=%d S3STORE_TEST_CASES=%d\n%s' % (
                len(self.failures), count, signing.SEED, CASES,
                '\n'.join(self.failures[:signing.FAILURES_SHOWN])))

    def test_links(self):
        """All operations, all parameters, all signature versions."""
        for storage, cases in Generator(SEED, all_members()).batches(CASES):
            self.ours.use(storage)
            boto = Boto(storage)
            for case, link in zip(cases, self.ours.presign(cases)):
                theirs = boto.presign(case)
                if not isinstance(link, str) or canonical(case, link) != canonical(case, theirs):
                    self.note(case, link, theirs)
        self.report(CASES)

    def test_forms(self):
        """The same fields, the same bytes of the policy."""
        rng, regions, count = random.Random(SEED + 1), signing.all_regions(), 0
        while count < CASES:
            storage = Storage(rng, regions)
            self.ours.use(storage)
            boto = Boto(storage)
            cases = [FormCase(rng, storage) for _ in range(3 * signing.CASES_PER_STORAGE)]
            for case, form in zip(cases, self.forms(cases)):
                theirs = boto.form(case)
                if not isinstance(form, dict) or form['fields'] != theirs['fields'] or \
                        signing.canonical(form['url']) != signing.canonical(theirs['url']):
                    self.note(case, form, theirs)
            count += len(cases)
        self.report(count)

    def forms(self, cases):
        try:
            return self.ours.run(FORM, [list(column) for column in
                                        zip(*(case.our_arguments() for case in cases))])
        except psycopg2.Error as error:
            if len(cases) == 1:
                return [error]
        return [form for case in cases for form in self.forms([case])]

    def test_every_parameter_is_known(self):
        for operation, members in all_members().items():
            with self.subTest(operation):
                self.assertLessEqual(set(members), self.ours.valid_params(operation))

    def test_every_parameter_is_asked_for(self):
        """Those that boto3 requires, and no others."""
        for operation, members in all_members().items():
            rng = random.Random(operation)
            needed = required(operation)
            for left_out in [None, *members]:
                names = [name for name in needed if name != left_out]
                _, params = make_params(rng, operation, members, names)
                with self.subTest(operation, left_out=left_out):
                    statement = 'SELECT s3_presign(%s, %s, params => %s)'
                    arguments = ('s3://bucket/key', operation, json.dumps(params))
                    if left_out not in needed:
                        harness.query(self.ours.connection, statement, *arguments)
                        continue
                    with self.assertSqlState('22023', '"%s" is missing' % left_out):
                        harness.query(self.ours.connection, statement, *arguments)


if __name__ == '__main__':
    unittest.main()
