"""harness.py - what the integration tests share.

They run under Debian's python3 with psycopg2 and boto3, against the servers
that test/run has started and whose addresses stand in the environment.  A
variable that is missing is an error: nothing is skipped.
"""
import contextlib
import json
import os
import re
import subprocess
import types
import unittest
import uuid

import boto3
import psycopg2
from botocore.config import Config
from psycopg2 import sql

# Keys are always given; no other source of them shall ever be asked
os.environ['AWS_EC2_METADATA_DISABLED'] = 'true'


def environment(name):
    """The value of an environment variable that test/run sets."""
    try:
        return os.environ[name]
    except KeyError:
        raise RuntimeError('environment variable %s is not set: use test/run' % name) from None


def endpoint(server, **more):
    """The entry of s3store.endpoints for a server (RGW or SWIFT)."""
    return {'endpoint_url': environment(server + '_ENDPOINT'),
            'access_key_id': environment(server + '_ACCESS_KEY_ID'),
            'secret_access_key': environment(server + '_SECRET_ACCESS_KEY'),
            'region': 'us-east-1', **more}


ENDPOINTS = {
    's3': endpoint('RGW'),
    's3-swift': endpoint('SWIFT'),
    's3-tls': endpoint('RGW', endpoint_url=environment('RGW_TLS_ENDPOINT'),
                       ca_file=environment('RGW_CA')),
    's3-links': endpoint('RGW', endpoint_url_presigning='http://localhost:' + environment('RGW_PORT')),
}


def connect(endpoints=ENDPOINTS, role=None, **kw):
    """An autocommit connection, by default with our endpoints set.

    endpoints=None leaves the setting alone.  A role takes over the session
    once the settings, which are a superuser's, are made.
    """
    kw.setdefault('host', environment('PGHOST'))
    kw.setdefault('port', environment('PGPORT'))
    kw.setdefault('user', environment('PGUSER'))
    kw.setdefault('dbname', environment('PGDATABASE'))
    conn = psycopg2.connect(**kw)
    conn.autocommit = True
    if endpoints is not None:
        query(conn, "LOAD 's3store'")
        query(conn, 'SET s3store.endpoints = %s', json.dumps(endpoints))
    if role is not None:
        query(conn, sql.SQL('SET SESSION AUTHORIZATION {}').format(sql.Identifier(role)))
    return conn


def query(conn, statement, *args):
    """Run a statement; its rows as a list of tuples, [] when it has none."""
    with conn.cursor() as cursor:
        cursor.execute(statement, args or None)
        return cursor.fetchall() if cursor.description else []


def client(server, verify=None, user='', url=None):
    """A boto3 client: no retries, no proxy, nothing from configuration files."""
    return boto3.client(
        's3', endpoint_url=url or environment(server + '_ENDPOINT'), verify=verify,
        region_name='us-east-1',
        aws_access_key_id=environment(server + '_ACCESS_KEY_ID' + user),
        aws_secret_access_key=environment(server + '_SECRET_ACCESS_KEY' + user),
        config=Config(signature_version='s3v4', s3={'addressing_style': 'path'},
                      retries={'total_max_attempts': 1}, proxies={}))


def rgw(tls=False, user=1):
    """A client of Ceph RGW, as one of its two users."""
    suffix = {1: '', 2: '_2'}[user]
    if not tls:
        return client('RGW', user=suffix)
    return client('RGW', user=suffix, verify=environment('RGW_CA'),
                  url=environment('RGW_TLS_ENDPOINT'))


def swift():
    """A client of Swift."""
    return client('SWIFT')


def ceph_release():
    """The major version of Ceph."""
    version = subprocess.run(['radosgw', '--version'], check=True, capture_output=True, text=True)
    return int(re.match(r'ceph version (\d+)', version.stdout)[1])


def make_bucket(s3):
    """Make a bucket with a name of its own, and return the name."""
    name = 'test-' + uuid.uuid4().hex[:20]
    s3.create_bucket(Bucket=name)
    return name


def remove_bucket(s3, name):
    """Remove a bucket with every version and every upload in it."""
    for page in s3.get_paginator('list_multipart_uploads').paginate(Bucket=name):
        for upload in page.get('Uploads', []):
            s3.abort_multipart_upload(Bucket=name, Key=upload['Key'], UploadId=upload['UploadId'])
    for page in s3.get_paginator('list_object_versions').paginate(Bucket=name):
        for version in page.get('Versions', []) + page.get('DeleteMarkers', []):
            s3.delete_object(Bucket=name, Key=version['Key'], VersionId=version['VersionId'])
    s3.delete_bucket(Bucket=name)


class Case(unittest.TestCase):
    """A test case that cleans up, and knows PostgreSQL's errors."""

    maxDiff = None
    longMessage = True

    def connect(self, **kw):
        """connect(), closed when the test is over."""
        conn = connect(**kw)
        self.addCleanup(conn.close)
        return conn

    def bucket(self, s3=None):
        """The name of a new bucket, of RGW unless told otherwise, removed after the test."""
        s3 = s3 or rgw()
        name = make_bucket(s3)
        self.addCleanup(remove_bucket, s3, name)
        return name

    @classmethod
    def class_bucket(cls, s3=None):
        """bucket() for setUpClass: removed after the tests of the class."""
        s3 = s3 or rgw()
        name = make_bucket(s3)
        cls.addClassCleanup(remove_bucket, s3, name)
        return name

    def foreign_bucket(self):
        """The name of a new bucket of the other user's."""
        return self.bucket(rgw(user=2))

    @classmethod
    def enter(cls, context):
        """Enters a context that ends with the tests of the class."""
        value = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        return value

    @contextlib.contextmanager
    def assertSqlState(self, state, contains=None, detail=None, hint=None):
        """The body must raise this SQLSTATE, with these words in its fields.

        The value has the psycopg2 exception in `error`, for further checks.
        """
        caught = types.SimpleNamespace(error=None)
        try:
            yield caught
        except psycopg2.Error as error:
            caught.error = error
        if caught.error is None:
            self.fail('no error, but SQLSTATE %s was expected' % state)
        diag = caught.error.diag
        self.assertEqual(caught.error.pgcode, state, str(caught.error))
        for field, expected, text in (('primary', contains, diag.message_primary),
                                      ('detail', detail, diag.message_detail),
                                      ('hint', hint, diag.message_hint)):
            if expected is not None:
                self.assertIn(expected, text or '', 'in the %s text' % field)


class BucketCase(Case):
    """A bucket of Ceph RGW for the class, a session for each test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = rgw()
        cls.name = cls.class_bucket(cls.s3)

    def setUp(self):
        super().setUp()
        self.session = self.connect()

    def key(self, suffix=''):
        """A key that no other test has."""
        return self.id().rpartition('.')[2] + suffix

    def store(self, key, content=b'content', **more):
        """Store an object with boto3."""
        return self.s3.put_object(Bucket=self.name, Key=key, Body=content, **more)

    def stored(self, key, **more):
        """The object as boto3 gets it, with its content."""
        answer = self.s3.get_object(Bucket=self.name, Key=key, **more)
        return dict(answer, Body=answer['Body'].read())
