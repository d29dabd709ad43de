"""test_sync.py - the metadata of objects brought up to the settings: s3_sync_meta."""
import json
import re
import uuid

import psycopg2

from backend import BackendCase, Call, lives, wait_for
from fault import Answer, FaultServer
from harness import BucketCase, endpoint, environment, query, rgw, swift
from keys import ODD_KEYS
from list_server import ListServer
from test_list import contents, fill, page

AGE = 4711
CACHE_CONTROL = 'private,max-age=%d' % AGE
KEPT = ('ContentLength', 'ETag', 'ContentType', 'ContentEncoding')
HEADERS = ('CacheControl', 'ContentDisposition', 'ContentEncoding', 'ContentLanguage',
           'ContentType', 'Expires', 'StorageClass', 'ServerSideEncryption', 'SSEKMSKeyId', 'Metadata')


def library_sync(s3, name, prefix='', **put_params):
    """What django-s3-storage's command does: list, look up, copy, one by one."""
    for page_ in s3.get_paginator('list_objects_v2').paginate(Bucket=name, Prefix=prefix):
        for item in page_.get('Contents', []):
            key = item['Key']
            head = s3.head_object(Bucket=name, Key=key)
            params = {'CacheControl': CACHE_CONTROL, 'StorageClass': 'STANDARD', **put_params}
            params['Metadata'] = dict(params.get('Metadata', {}))
            if head.get('ContentEncoding'):
                params['ContentEncoding'] = head['ContentEncoding']
                if 'uncompressed_size' in head['Metadata']:
                    params['Metadata']['uncompressed_size'] = head['Metadata']['uncompressed_size']
            s3.copy_object(Bucket=name, Key=key, CopySource={'Bucket': name, 'Key': key},
                           ContentType=head['ContentType'], MetadataDirective='REPLACE', **params)


class SyncCase(BucketCase):

    SCHEME = 's3'
    SERVER = 'RGW'
    make_client = staticmethod(rgw)

    def setUp(self):
        super().setUp()
        self.s3 = self.make_client()
        self.name = self.bucket(self.s3)
        self.url = '%s://%s/' % (self.SCHEME, self.name)
        self.session = self.session_with()

    def session_with(self, **settings):
        return self.connect(endpoints={self.SCHEME: endpoint(self.SERVER, max_age_seconds=AGE, **settings)})

    def sync(self, url=None, session=None, **arguments):
        """(done, changed, skipped, failed, resume_after), with arguments by name."""
        session = session or self.session
        del session.notices[:]
        names = ''.join(', %s => %%s' % name for name in arguments)
        return query(session, 'CALL s3_sync_meta(%s' + names + ')', url or self.url,
                     *arguments.values())[0]

    def counts(self, **more):
        return self.sync(**more)[:4]

    def settle_metadata(self):
        """Those of the settings, those of others: written once, and then as they should be."""
        session = self.session_with(metadata={'owner': 'M\u00fcller \u20ac', 'odd': '=?UTF-8?B?w7w=?='})
        query(session, "SELECT s3_put(%s, 'x'::bytea, metadata => %s)", self.url + 'a',
              '{"title": "\u00dcbung", "owner": "x"}')
        query(session, "SELECT s3_put(%s, 'x'::bytea)", self.url + 'b')
        for counts in ((2, 1, 1, 0), (2, 0, 2, 0)):
            self.assertEqual(self.counts(session=session), counts, session.notices)
        self.assertEqual(query(session, 'SELECT metadata FROM s3_head(%s)', self.url + 'a'),
                         [({'title': '\u00dcbung', 'owner': 'M\u00fcller \u20ac', 'odd': '=?UTF-8?B?w7w=?='},)])

    def head(self, key, name=None):
        head = self.s3.head_object(Bucket=name or self.name, Key=key)
        return {field: head.get(field) for field in HEADERS if field != 'StorageClass'} | {
            'StorageClass': head.get('StorageClass', 'STANDARD')}


class Sync(SyncCase):
    """On Ceph, which has it all but glaciers that freeze."""

    def objects(self, name):
        """What there may be in a bucket before it is synced."""
        put = self.s3.put_object
        put(Bucket=name, Key='plain', Body=b'plain')
        put(Bucket=name, Key='typed.jpg', Body=b'\xff\xd8', ContentType='image/jpeg', CacheControl='no-store')
        put(Bucket=name, Key='zipped.txt', Body=b'\x1f\x8b', ContentType='text/plain', ContentEncoding='gzip',
            Metadata={'uncompressed_size': '7', 'uncompressed_size2': '8'})
        put(Bucket=name, Key='headers', Body=b'', ContentDisposition='attachment', ContentLanguage='de',
            Expires='Thu, 01 Dec 2033 16:00:00 GMT')
        put(Bucket=name, Key='class', Body=b'c', StorageClass='STANDARD_IA')
        put(Bucket=name, Key='meta', Body=b'm', Metadata={'owner': 'old', 'mine': 'stays'})
        put(Bucket=name, Key='right', Body=b'r', CacheControl=CACHE_CONTROL)

    def check_against_library(self, settings, put_params, again=True):
        other = self.bucket()
        for name in (self.name, other):
            self.objects(name)
        before = {item['Key']: self.head(item['Key'])
                  for item in self.s3.list_objects_v2(Bucket=self.name)['Contents']}
        library_sync(self.s3, other, **put_params)
        session = self.session_with(**settings)
        result = self.sync(session=session)
        self.assertEqual((result[0], result[3]), (len(before), 0), session.notices)
        for key, was in before.items():
            with self.subTest(key=key):
                theirs, ours = self.head(key, other), self.head(key)
                # the library forgets the metadata that it is not told of
                theirs['Metadata'] = {**was['Metadata'], **theirs['Metadata']}
                self.assertEqual(ours, theirs)
        if again:
            self.assertEqual(self.counts(session=session), (len(before), 0, len(before), 0))

    def test_as_the_library(self):
        self.check_against_library({}, {})

    def test_as_the_library_with_settings(self):
        self.check_against_library(
            {'content_disposition': 'inline', 'content_language': 'en', 'metadata': {'owner': 'new', 'X-Y': '1'},
             'storage_class': 'ONEZONE_IA', 'bucket_auth': False},
            {'ContentDisposition': 'inline', 'ContentLanguage': 'en', 'Metadata': {'owner': 'new', 'x-y': '1'},
             'StorageClass': 'ONEZONE_IA', 'CacheControl': 'public,max-age=%d' % AGE})

    def test_as_the_library_encrypted(self):
        self.check_against_library(
            {'encrypt_key': 'aws:kms', 'kms_encryption_key_id': 'testkey-1', 'reduced_redundancy': True},
            {'ServerSideEncryption': 'aws:kms', 'SSEKMSKeyId': 'testkey-1',
             'StorageClass': 'REDUCED_REDUNDANCY'}, again=False)     # Ceph does not encrypt copies

    def test_content_stays(self):
        self.store('a', b'content')
        self.assertEqual(self.counts(), (1, 1, 0, 0))
        self.assertEqual(self.stored('a')['Body'], b'content')

    def test_skips_what_matches(self):
        """It is not written again."""
        query(self.session, "SELECT s3_put(%s, 'x')", self.url + 'a')
        before = self.s3.head_object(Bucket=self.name, Key='a')['ResponseMetadata']['HTTPHeaders']
        self.assertEqual(self.counts(), (1, 0, 1, 0))
        after = self.s3.head_object(Bucket=self.name, Key='a')['ResponseMetadata']['HTTPHeaders']
        self.assertEqual(before['last-modified'], after['last-modified'])
        self.assertEqual(before['etag'], after['etag'])

    def test_odd_keys(self):
        """Keys that break naive XML or URL handling."""
        fill(self.s3, self.name, ODD_KEYS)
        count = len(ODD_KEYS)
        result = self.sync()
        self.assertEqual(result[:4], (count, count, 0, 0), self.session.notices)
        self.assertEqual(result[4], self.url + max(ODD_KEYS, key=str.encode))
        for key in ODD_KEYS:
            self.assertEqual(self.head(key)['CacheControl'], CACHE_CONTROL, key)
        self.assertEqual(len(query(self.session, 'SELECT * FROM s3_list(%s)', self.url)), count)

    def test_more_than_a_page(self):
        fill(self.s3, self.name, ['%05d' % number for number in range(1100)])
        self.assertEqual(self.counts(), (1100, 1100, 0, 0))
        self.assertEqual(self.counts(), (1100, 0, 1100, 0))
        self.assertEqual(self.counts(start_after='00999'), (100, 0, 100, 0))
        self.assertEqual(self.counts(start_after=self.url + '00999', count_first=True), (100, 0, 100, 0))

    def test_one_connection(self):
        fill(self.s3, self.name, 'abc')
        self.assertEqual(self.counts(session=self.session_with(max_pool_connections=1)), (3, 3, 0, 0))

    def test_prefix(self):
        for key in ('a/1', 'a/2', 'b/1'):
            self.store(key)
        self.assertEqual(self.sync(self.url + 'a/'), (2, 2, 0, 0, self.url + 'a/2'))
        self.assertIsNone(self.head('b/1')['CacheControl'])
        self.assertEqual(self.sync(self.url + 'nothing/'), (0, 0, 0, 0, None))
        self.assertEqual(self.sync(self.url, start_after='a/2'), (1, 1, 0, 0, self.url + 'b/1'))

    def test_no_file(self):
        for url in (None, '', '-'):
            self.assertEqual(query(self.session, 'CALL s3_sync_meta(%s)', url), [(0, 0, 0, 0, None)])

    def test_key_prefix(self):
        for key in ('media/a', 'media/b/../c', 'other'):
            self.store(key)
        session = self.session_with(key_prefix='media')
        self.assertEqual(self.sync(session=session), (2, 2, 0, 0, self.url + 'b/../c'))
        self.assertIsNone(self.head('other')['CacheControl'])

    def test_normalized(self):
        """What no URL leads to is told, and not taken for another object."""
        for key in ('a', 'b//c', 'b/c'):
            self.store(key)
        session = self.session_with(normalize_keys=True)
        self.assertEqual(self.counts(session=session), (3, 2, 0, 1))
        self.assertIn('no URL can address', ''.join(session.notices))
        self.assertIsNone(self.head('b//c')['CacheControl'])

    def test_tags(self):
        self.store('a', Tagging='k=v&x%20y=%C3%BC%26')
        self.assertEqual(self.counts(), (1, 1, 0, 0))
        tags = self.s3.get_object_tagging(Bucket=self.name, Key='a')['TagSet']
        self.assertEqual(sorted((t['Key'], t['Value']) for t in tags), [('k', 'v'), ('x y', '\u00fc&')])

    def grants(self, key):
        acl = self.s3.get_object_acl(Bucket=self.name, Key=key)
        return acl['Owner'], sorted(acl['Grants'], key=json.dumps)

    def test_grants(self):
        """Public, of another user, and none but the owner's."""
        other = rgw(user=2).list_buckets()['Owner']['ID']
        owner = self.s3.list_buckets()['Owner']['ID']
        self.store('private')
        self.store('public', ACL='public-read')
        self.store('theirs')
        self.s3.put_object_acl(Bucket=self.name, Key='theirs', GrantFullControl='id="%s"' % owner,
                               GrantRead='id="%s", uri="http://acs.amazonaws.com/groups/global/'
                               'AuthenticatedUsers"' % other, GrantReadACP='id="%s"' % other)
        keys = ('private', 'public', 'theirs')
        before = [self.grants(key) for key in keys]
        self.assertEqual([len(grants) for _, grants in before], [1, 2, 4])
        self.assertEqual(self.counts(), (3, 3, 0, 0))
        self.assertEqual([self.grants(key) for key in keys], before)
        for key in keys:
            self.assertEqual(self.head(key)['CacheControl'], CACHE_CONTROL)

    def test_grants_given_up(self):
        self.store('public', ACL='public-read')
        self.assertEqual(self.counts(keep_acl=False), (1, 1, 0, 0))
        self.assertEqual(len(self.grants('public')[1]), 1)

    def test_encrypted(self):
        """Ceph copies no such objects: a failure of that object alone, which stays."""
        self.store('a', b'secret', ServerSideEncryption='aws:kms', SSEKMSKeyId='testkey-2')
        self.store('b')
        result = self.sync()
        self.assertIn(result[:4], ((2, 2, 0, 0), (2, 1, 0, 1)))
        head = self.head('a')
        self.assertEqual((head['ServerSideEncryption'], head['SSEKMSKeyId']), ('aws:kms', 'testkey-2'))
        self.assertEqual(self.stored('a')['Body'], b'secret')

    def test_customers_key(self):
        """Nobody here has the key: a failure of that object alone."""
        self.store('a', SSECustomerAlgorithm='AES256', SSECustomerKey='k' * 32)
        self.store('b')
        self.assertEqual(self.counts(), (2, 1, 0, 1))
        self.assertIn('object "a"', ''.join(self.session.notices))

    def test_archived(self):
        for key, storage in (('cold', 'GLACIER'), ('deep', 'DEEP_ARCHIVE'), ('instant', 'GLACIER_IR'),
                             ('warm', 'STANDARD_IA')):
            self.store(key, StorageClass=storage)
        self.assertEqual(self.counts(), (4, 2, 2, 0))
        self.assertRegex(''.join(self.session.notices), '2 objects are archived')
        self.assertIsNone(self.head('cold')['CacheControl'])
        self.assertEqual(self.head('instant')['StorageClass'], 'STANDARD')

    def test_no_rights_on_some(self):
        """One failure is told, counted, and ends nothing."""
        fill(self.s3, self.name, ['a', 'denied/get', 'denied/put', 'z'])
        arn = 'arn:aws:s3:::%s' % self.name
        user = 'arn:aws:iam:::user/' + rgw(user=2).list_buckets()['Owner']['ID']
        statements = [(['s3:ListBucket'], [arn]), (['s3:GetObject', 's3:GetObjectAcl', 's3:GetObjectTagging'],
                      [arn + '/a', arn + '/z', arn + '/denied/put']), (['s3:PutObject', 's3:PutObjectAcl'],
                      [arn + '/a', arn + '/z'])]
        self.s3.put_bucket_policy(Bucket=self.name, Policy=json.dumps({
            'Version': '2012-10-17',
            'Statement': [{'Effect': 'Allow', 'Principal': {'AWS': [user]}, 'Action': action,
                           'Resource': resource} for action, resource in statements]}))
        session = self.session_with(
            access_key_id=environment('RGW_ACCESS_KEY_ID_2'),
            secret_access_key=environment('RGW_SECRET_ACCESS_KEY_2'))
        self.assertEqual(self.counts(session=session, keep_acl=False), (4, 2, 0, 2))
        warnings = ''.join(session.notices)
        self.assertRegex(warnings, r'WARNING:  could not sync object "denied/get" in bucket "%s": access denied' % self.name)
        self.assertRegex(warnings, r'WARNING:  could not sync object "denied/put"')

    def test_parts(self):
        """Above multipart_copy_threshold, which is 5 GB by default."""
        content = b'0123456789abcdef' * (11 << 16)
        self.store('large', content, ContentType='x/y', Tagging='k=v', ACL='public-read',
                   ContentEncoding='identity', Metadata={'mine': 'stays'})
        before = self.grants('large')
        session = self.session_with(multipart_copy_threshold=6144, multipart_part_size=5120,
                                    content_language='en')
        self.assertEqual(self.counts(session=session), (1, 1, 0, 0), session.notices)
        stored = self.stored('large')
        self.assertTrue(stored['Body'] == content)
        self.assertRegex(stored['ETag'], '-3"$')
        self.assertEqual([stored[f] for f in ('ContentType', 'ContentEncoding', 'ContentLanguage', 'CacheControl',
                                              'Metadata')],
                         ['x/y', 'identity', 'en', CACHE_CONTROL, {'mine': 'stays'}])
        tags = self.s3.get_object_tagging(Bucket=self.name, Key='large')['TagSet']
        self.assertEqual(tags, [{'Key': 'k', 'Value': 'v'}])
        self.assertEqual(self.grants('large'), before)
        self.assertEqual(self.counts(session=session), (1, 0, 1, 0))
        self.assertNotIn('Uploads', self.s3.list_multipart_uploads(Bucket=self.name))

    def test_parts_that_fail(self):
        """The object stays as it was, nothing stays of the upload, and the run goes on."""
        self.store('a', b'a')
        self.store('large', b'x' * (6 << 20))
        session = self.session_with(multipart_copy_threshold=5120, multipart_part_size=5120,
                                    storage_class='NO_SUCH_CLASS')
        self.assertEqual(self.counts(session=session), (2, 0, 0, 2))
        self.assertNotIn('Uploads', self.s3.list_multipart_uploads(Bucket=self.name))
        self.assertIsNone(self.head('large')['CacheControl'])

    def test_versions(self):
        """The copy is a new version; the old one stays."""
        self.s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={'Status': 'Enabled'})
        old = self.store('a')['VersionId']
        self.assertEqual(self.counts(), (1, 1, 0, 0))
        self.assertNotIn('CacheControl', self.s3.head_object(Bucket=self.name, Key='a', VersionId=old))
        self.assertEqual(self.head('a')['CacheControl'], CACHE_CONTROL)

    def test_dry_run(self):
        """Tells what would change and why, and changes nothing."""
        self.store('a', CacheControl='no-cache', Expires='Thu, 01 Dec 2033 16:00:00 GMT')
        self.store('b', CacheControl=CACHE_CONTROL)
        before = self.head('a')
        self.assertEqual(self.counts(dry_run=True), (2, 1, 1, 0))
        notices = ''.join(self.session.notices)
        self.assertIn('would change "%sa"' % self.url, notices)
        self.assertIn('DETAIL:  cache-control: "no-cache" becomes "%s".\n'
                      'expires: "Thu, 01 Dec 2033 16:00:00 GMT" goes.' % CACHE_CONTROL, notices)
        self.assertIn('1 would be changed', notices)
        self.assertEqual(query(self.session, 'SELECT * FROM s3_sync_meta_changes(%s)', self.url),
                         [(self.url + 'a', 'cache-control', 'no-cache', CACHE_CONTROL),
                          (self.url + 'a', 'expires', 'Thu, 01 Dec 2033 16:00:00 GMT', None)])
        self.assertEqual(query(self.session, 'SELECT * FROM s3_sync_meta_changes(%s, %s)', self.url, 'a'), [])
        self.assertEqual(self.head('a'), before)

    def test_metadata_that_are_not_ascii(self):
        self.settle_metadata()

    def test_dry_run_of_an_odd_key(self):
        """What a terminal would act on is not shown as it is."""
        self.store('a\x1b[1m\u009b2J', CacheControl='no-cache')
        self.assertEqual(self.counts(dry_run=True), (1, 1, 0, 0))
        notices = ''.join(self.session.notices)
        self.assertIn('would change "%sa?[1m?2J"' % self.url, notices)
        self.assertIn('cache-control: "no-cache" becomes "%s".\n' % CACHE_CONTROL, notices)

    def test_dry_run_where_read_only(self):
        self.store('a')
        query(self.session, 'SET s3store.read_only = on')
        query(self.session, 'SET default_transaction_read_only = on')
        self.assertEqual(self.counts(dry_run=True), (1, 1, 0, 0))

    def test_functions(self):
        """Of the settings, object by object; one that fails for an object is its failure."""
        name = 'f_' + uuid.uuid4().hex[:10]
        self.addCleanup(query, self.session, 'DROP FUNCTION public.%s(text), public.%s_m(text)' % (name, name))
        query(self.session, "CREATE FUNCTION public.%s(url text) RETURNS text LANGUAGE plpgsql AS "
              "$$ BEGIN IF url LIKE '%%b' THEN RAISE 'not this one'; END IF; "
              "RETURN 'inline; filename=' || s3_key(url); END $$" % name)
        query(self.session, "CREATE FUNCTION public.%s_m(url text) RETURNS jsonb LANGUAGE sql AS "
              "$$ SELECT jsonb_build_object('name', s3_key(url)) $$" % name)
        session = self.session_with(content_disposition_function='public.' + name,
                                    metadata_function='public.%s_m' % name)
        fill(self.s3, self.name, 'abc')
        self.assertEqual(self.counts(session=session), (3, 2, 0, 1))
        self.assertIn('a function that a setting names failed: not this one', ''.join(session.notices))
        for key in 'ac':
            head = self.head(key)
            self.assertEqual((head['ContentDisposition'], head['Metadata']), ('inline; filename=' + key, {'name': key}))
        self.assertIsNone(self.head('b')['CacheControl'])
        self.assertEqual(self.counts(session=session), (3, 0, 2, 1))

    def test_function_that_changes_settings(self):
        """What is under way meanwhile is not lost."""
        name = 'f_' + uuid.uuid4().hex[:10]
        self.addCleanup(query, self.session, 'DROP FUNCTION public.%s(text)' % name)
        query(self.session, "CREATE FUNCTION public.%s(url text) RETURNS text LANGUAGE sql AS "
              "$$ SELECT set_config('s3store.content_language', 'x-' || s3_key(url), false) $$" % name)
        session = self.session_with(content_disposition_function='public.' + name)
        keys = ['%03d' % number for number in range(100)]
        fill(self.s3, self.name, keys)
        self.assertEqual(self.counts(session=session), (100, 100, 0, 0), session.notices)
        self.assertEqual([self.head(key)['ContentDisposition'] for key in keys], ['x-' + key for key in keys])

    def test_function_with_a_temporary_table(self):
        """The first one of a session registers for the session's end, while the run has."""
        name = 'f_' + uuid.uuid4().hex[:10]
        self.addCleanup(query, self.session, 'DROP FUNCTION public.%s(text)' % name)
        query(self.session, "CREATE FUNCTION public.%s(url text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN "
              "CREATE TEMPORARY TABLE IF NOT EXISTS seen (url text); RETURN 'x'; END $$" % name)
        session = self.session_with(content_disposition_function='public.' + name)
        fill(self.s3, self.name, 'abc')
        self.assertEqual(self.counts(session=session), (3, 3, 0, 0), session.notices)
        self.assertEqual(self.counts(session=session), (3, 0, 3, 0), session.notices)
        pid = session.info.backend_pid
        session.close()
        wait_for(lambda: not lives(pid), 'the backend has gone')
        query(self.session, 'SELECT 1')         # and has not crashed

    def test_queued_deletion(self):
        """An object that is about to go is left alone, and goes."""
        fill(self.s3, self.name, ['a', 'doomed'])
        self.addCleanup(query, self.session, "DELETE FROM s3_deletion WHERE url = %s", self.url + 'doomed')
        query(self.session, "SELECT s3_delete_later(%s, '1 hour')", self.url + 'doomed')
        self.assertEqual(self.counts(dry_run=True), (2, 1, 1, 0))
        self.assertEqual(self.counts(), (2, 1, 1, 0))
        self.assertEqual(query(self.session, 'SELECT state FROM s3_queue WHERE url = %s',
                               self.url + 'doomed'), [('pending',)])
        self.assertIsNone(self.head('doomed')['CacheControl'])
        self.assertEqual(self.head('a')['CacheControl'], CACHE_CONTROL)

    def test_commits_as_it_goes(self):
        """What the functions wrote is kept, and nobody's vacuum is held up."""
        name = 'f_' + uuid.uuid4().hex[:10]
        self.addCleanup(query, self.session, 'DROP TABLE %s; DROP FUNCTION public.%s(text)' % (name, name))
        query(self.session, 'CREATE TABLE %s (url text)' % name)
        query(self.session, "CREATE FUNCTION public.%s(url text) RETURNS text LANGUAGE plpgsql AS "
              "$$ BEGIN INSERT INTO public.%s VALUES (url); PERFORM pg_sleep(0.3); RETURN 'inline'; END $$" % (name, name))
        fill(self.s3, self.name, ['%02d' % number for number in range(30)])
        session = self.session_with(content_disposition_function='public.' + name)
        call = Call(session, 'CALL s3_sync_meta(%s)', self.url)
        wait_for(lambda: query(self.session, 'SELECT count(*) > 0 FROM ' + name)[0][0],
                 'the first rows are committed', timeout=30)
        self.assertTrue(call.is_alive())
        session.cancel()
        with self.assertSqlState('57014'):
            call.result()
        kept = query(self.session, 'SELECT count(*) FROM ' + name)[0][0]
        self.assertTrue(0 < kept < 30, kept)

    def test_in_a_transaction(self):
        """There it does not commit, and works."""
        self.store('a')
        self.session.autocommit = False
        query(self.session, 'CREATE TEMP TABLE t (i int)')
        self.assertEqual(self.counts(), (1, 1, 0, 0))
        self.session.rollback()
        self.session.autocommit = True
        self.assertEqual(query(self.session, "SELECT to_regclass('t')"), [(None,)])

    def test_from_plpgsql(self):
        self.store('a')
        query(self.session, """DO $$ DECLARE done int8; changed int8; skipped int8; failed int8; r text; BEGIN
            CALL s3_sync_meta('%s', NULL, false, true, false, done, changed, skipped, failed, r);
            IF (done, changed, skipped, failed) <> (1, 1, 0, 0) THEN RAISE 'wrong'; END IF; END $$""" % self.url)

    def test_missing_bucket(self):
        with self.assertSqlState('58P01', 'could not list bucket'):
            self.sync(self.SCHEME + '://no-such-bucket-here/')

    def test_bad_arguments(self):
        for url, state in (('no url', '22P02'), ('nowhere://b/', '42704')):
            with self.assertSqlState(state):
                self.sync(url)
        with self.assertSqlState('22023', 'start_after'):
            self.sync(start_after='s3://another-bucket/a')
        with self.assertSqlState('22023', 'kms_encryption_key_id'):
            self.sync(session=self.session_with(encrypt_key='on', kms_encryption_key_id='k'))

    def test_rights(self):
        role = 'role_' + uuid.uuid4().hex[:10]
        query(self.session, 'CREATE ROLE %s' % role)
        self.addCleanup(query, self.session, 'DROP ROLE %s' % role)
        for granted, may in (('s3store_write', False), ('s3store_read', False), ('s3store_admin', True)):
            query(self.session, 'GRANT %s TO %s' % (granted, role))
            session = self.connect(role=role, endpoints={'s3': endpoint('RGW')})
            if may:
                self.assertEqual(self.counts(session=session), (0, 0, 0, 0))
                self.assertEqual(query(session, 'SELECT * FROM s3_sync_meta_changes(%s)', self.url), [])
            else:
                with self.assertSqlState('42501', 's3_sync_meta'):
                    self.sync(session=session)
                with self.assertSqlState('42501', 's3_sync_meta_changes'):
                    query(session, 'SELECT * FROM s3_sync_meta_changes(%s)', self.url)
            query(self.session, 'REVOKE %s FROM %s' % (granted, role))
            session.close()


class SyncOnSwift(SyncCase):
    """A store without grants, tags and classes."""

    SCHEME = 's3-swift'
    SERVER = 'SWIFT'
    make_client = staticmethod(swift)

    def test_sync(self):
        fill(self.s3, self.name, ['a', 'b c', '\u00fc'])
        self.assertEqual(self.counts(), (3, 3, 0, 0), self.session.notices)
        self.assertEqual(self.counts(), (3, 0, 3, 0))
        self.assertEqual(self.head('b c')['CacheControl'], CACHE_CONTROL)

    def test_metadata_that_are_not_ascii(self):
        self.settle_metadata()


HEAD = {'ETag': '"e"', 'Content-Type': 'text/plain', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT'}
COPIED = Answer(200, {}, b'<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>')
GONE = Answer(404, {}, b'<Error><Code>NoSuchKey</Code></Error>')
DENIED = Answer(403, {}, b'<Error><Code>AccessDenied</Code></Error>')
CHANGED = Answer(412, {}, b'<Error><Code>PreconditionFailed</Code></Error>')


def head(**more):
    return Answer(200, {**HEAD, **{name.replace('_', '-'): value for name, value in more.items()}}, b'')


class Scripted(BackendCase):
    """A server that answers one request after the other."""

    def sync(self, *answers, url='s3-bad://answer/', settings=(), **arguments):
        """The result; one connection, so that the order is known."""
        conn, server = self.serve(*answers, **dict(settings))
        arguments.setdefault('keep_acl', False)
        names = ''.join(', %s => %%s' % name for name in arguments)
        rows = query(conn, 'CALL s3_sync_meta(%s' + names + ')', url, *arguments.values())
        self.notices = ''.join(conn.notices)
        self.requests = [(request.method, request.target.split('?')[0]) for request in server.requests]
        self.server = server
        self.check_good(conn)
        return rows[0]

    def serve(self, *answers, connections=1, **settings):
        server = FaultServer(answers=list(answers))
        server.start()
        self.addCleanup(server.stop)
        return self.session(server.endpoint, max_pool_connections=connections, max_attempts=1,
                            **settings), server

    def test_gone_meanwhile(self):
        """Objects that vanish in the middle are no failures."""
        result = self.sync(page(contents('a'), contents('b'), contents('c')), GONE, head(), GONE, head(), COPIED)
        self.assertEqual(result[:4], (3, 1, 2, 0))
        self.assertNotIn('WARNING', self.notices)

    def test_one_fails(self):
        result = self.sync(page(contents('a'), contents('b')), DENIED, head(), COPIED)
        self.assertEqual(result, (2, 1, 0, 1, 's3-bad://answer/b'))
        self.assertIn('could not sync object "a" in bucket "answer": access denied', self.notices)

    def test_copy_fails_late(self):
        """With a status of 200, and an error behind it."""
        result = self.sync(page(contents('a')), head(), Answer(200, {}, b'<Error><Code>InternalError</Code></Error>'))
        self.assertEqual(result[:4], (1, 0, 0, 1))

    def test_parts_that_stay(self):
        """The abort of an upload fails: the next drain sends it again."""
        created = Answer(200, {}, b'<InitiateMultipartUploadResult><UploadId>up</UploadId>'
                                  b'</InitiateMultipartUploadResult>')
        broken = Answer(500, {}, b'<Error><Code>InternalError</Code></Error>')
        conn, server = self.serve(page(contents('a')), head(Content_Length=6 << 20), created, DENIED, broken,
                                  Answer(204, {}, b''), multipart_copy_threshold=5120)
        for name in ('delete_grace', 'request_timeout'):
            query(conn, "SET s3store.%s = '1s'" % name)
        result = query(conn, "CALL s3_sync_meta('s3-bad://answer/', keep_acl => false)")
        self.assertEqual(result[0][:4], (1, 0, 0, 1))
        self.assertIn('could not remove the parts', ''.join(conn.notices))
        self.assertEqual(len(server.requests), 5)
        wait_for(lambda: query(conn, 'CALL s3_drain()') or len(server.requests) > 5, 'the abort')
        last = server.requests[-1]
        self.assertEqual((last.method, last.target), ('DELETE', '/answer/a?uploadId=up'))
        self.assertEqual(len(server.requests), 6)

    def test_written_meanwhile(self):
        """Somebody writes it between the look and the copy: it is looked at again."""
        result = self.sync(page(contents('a')), head(ETag='"1"'), CHANGED, head(ETag='"2"'), COPIED)
        self.assertEqual(result[:4], (1, 1, 0, 0))
        pins = [request.headers.get('x-amz-copy-source-if-match') for request in self.server.requests
                if request.method == 'PUT']
        self.assertEqual(pins, ['"1"', '"2"'])

    def test_refuses_its_own_etag(self):
        """As Swift does: then there is no pin."""
        self.assertEqual(self.sync(page(contents('a')), head(), CHANGED, head(), COPIED)[:4], (1, 1, 0, 0))
        self.assertNotIn('x-amz-copy-source-if-match', self.server.requests[-1].headers)

    def test_written_all_the_time(self):
        answers = [answer for number in range(9) for answer in (head(ETag='"%d"' % number), CHANGED)]
        self.assertEqual(self.sync(page(contents('a')), *answers)[:4], (1, 0, 0, 1))

    def test_grants_denied(self):
        result = self.sync(page(contents('a')), head(), DENIED, keep_acl=True)
        self.assertEqual(result[:4], (1, 0, 0, 1))
        self.assertIn('keep_acl => false', self.notices)

    def test_bad_grants(self):
        for body in (b'<AccessControlPolicy><AccessControlList><Grant/></AccessControlList></AccessControlPolicy>',
                     b'nonsense'):
            self.assertEqual(self.sync(page(contents('a')), head(), Answer(200, {}, body), keep_acl=True)[:4],
                             (1, 0, 0, 1))

    def test_archived_by_its_tier(self):
        """Intelligent tiering archives without another class."""
        result = self.sync(page(contents('a'), contents('b')), head(x_amz_archive_status='ARCHIVE_ACCESS'),
                           head(), Answer(403, {}, b'<Error><Code>InvalidObjectState</Code></Error>'))
        self.assertEqual(result[:4], (2, 0, 2, 0))
        self.assertIn('2 objects are archived', self.notices)

    def test_metadata_that_no_header_holds(self):
        self.assertEqual(self.sync(page(contents('a')), head(x_amz_missing_meta='1'))[:4], (1, 0, 0, 1))
        self.assertIn('no header can hold', self.notices)

    def test_what_no_header_may_hold(self):
        bad = head(x_amz_meta_a='b\rx-amz-acl: public-read')
        result = self.sync(page(contents('a'), contents('b')), bad, head(), COPIED)
        self.assertEqual(result[:4], (2, 1, 0, 1))
        self.assertIn('could not sync object "a" in bucket "answer": invalid value of "x-amz-meta-a"', self.notices)

    def test_too_much_metadata(self):
        self.assertEqual(self.sync(page(contents('a')), head(x_amz_meta_big='x' * 2500))[:4], (1, 0, 0, 1))

    def test_kept_headers(self):
        """What a copy has to be told again."""
        kept = {'x-amz-website-redirect-location': '/there', 'x-amz-object-lock-mode': 'GOVERNANCE',
                'x-amz-object-lock-retain-until-date': '2033-01-01T00:00:00Z', 'x-amz-object-lock-legal-hold': 'ON',
                'x-amz-server-side-encryption': 'aws:kms', 'x-amz-server-side-encryption-aws-kms-key-id': 'k',
                'x-amz-server-side-encryption-bucket-key-enabled': 'true', 'content-encoding': 'br'}
        self.sync(page(contents('a')), head(**{name.replace('-', '_'): value for name, value in kept.items()}), COPIED)
        copy = self.server.requests[-1].headers
        self.assertEqual({name: copy.get(name) for name in kept}, kept)
        self.assertEqual(copy['x-amz-copy-source'], 'answer/a')

    def test_encryption(self):
        """Kept where no setting says another, changed where one does, and then it matches."""
        theirs = {'x_amz_server_side_encryption': 'aws:kms',
                  'x_amz_server_side_encryption_aws_kms_key_id': 'arn:aws:kms:eu-central-1:1:key/one'}
        right = {'Cache_Control': 'private,max-age=3600'}
        for settings, found, expected in (
                ({}, theirs, ('aws:kms', theirs['x_amz_server_side_encryption_aws_kms_key_id'])),
                ({'encrypt_key': 'on'}, {**theirs, **right}, ('AES256', None)),
                ({'encrypt_key': 'aws:kms', 'kms_encryption_key_id': 'two'}, {**theirs, **right}, ('aws:kms', 'two')),
                ({'encrypt_key': 'aws:kms', 'kms_encryption_key_id': 'one'}, theirs, ('aws:kms', 'one')),
                ({'encrypt_key': 'aws:kms'}, theirs, ('aws:kms', theirs['x_amz_server_side_encryption_aws_kms_key_id'])),
                ({'encrypt_key': 'aws:kms', 'kms_encryption_key_id': 'one'}, {**theirs, **right}, None),
                ({'encrypt_key': 'aws:kms', 'kms_encryption_key_id': 'alias/any'}, {**theirs, **right}, None),
                ({'encrypt_key': 'aws:kms'}, {**theirs, **right}, None)):
            with self.subTest(settings=settings, found=found):
                result = self.sync(page(contents('a')), head(**found), COPIED, settings=settings)
                self.assertEqual(result[:4], (1, 1, 0, 0) if expected else (1, 0, 1, 0))
                copy = self.server.requests[-1].headers
                if expected:
                    self.assertEqual((copy.get('x-amz-server-side-encryption'),
                                      copy.get('x-amz-server-side-encryption-aws-kms-key-id')), expected)

    def test_tags_are_given_back(self):
        """By Ceph's way of copying there is a moment without them: no cancel may fall into it."""
        tags = Answer(200, {}, b'<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>')
        for answers in ((), (COPIED,), (COPIED, Answer(200, {}, b''))):
            conn, server = self.serve(page(contents('a')), head(x_amz_tagging_count='1'), tags, *answers,
                                      'silent-headers', Answer(200, {}, b''))
            call = Call(conn, "CALL s3_sync_meta('s3-bad://answer/', keep_acl => false)")
            server.reached('silent-headers')
            conn.cancel()
            with self.assertSqlState('57014'):
                call.result()
            last = server.requests[-1]
            self.assertEqual((last.method, last.target), ('PUT', '/answer/a?tagging'))
            self.assertIn(b'<Key>k</Key><Value>v</Value>', last.body)
            self.check_good(conn)

    def test_read_only(self):
        """Refused before anything is sent."""
        conn, server = self.serve(page(contents('a')))
        for setting in ('s3store.read_only', 's3store.session_read_only', 'default_transaction_read_only'):
            query(conn, 'SET %s = on' % setting)
            with self.assertSqlState('25006', 's3_sync_meta()'):
                query(conn, "CALL s3_sync_meta('s3-bad://answer/')")
            query(conn, 'RESET %s' % setting)
        self.assertEqual(server.requests, [])

    def test_list_fails_on_the_way(self):
        """That ends the run, and says where to go on."""
        for answer, state in ((DENIED, '42501'), (Answer(200, {}, b'<html/>'), '08P01')):
            conn, _ = self.serve(page(contents('a'), token='t'), answer, head(), COPIED)
            with self.assertSqlState(state, 'could not list') as caught:
                query(conn, "CALL s3_sync_meta('s3-bad://answer/', keep_acl => false)")
            self.assertRegex(caught.error.diag.context, 'was done|were done')

    def test_cancel_and_resume(self):
        """The error says up to where all is done; behind that the next run goes on."""
        conn, server = self.serve(page(*[contents(key) for key in 'abcd']), head(), COPIED, head(), COPIED,
                                  head(), 'silent-headers')
        call = Call(conn, "CALL s3_sync_meta('s3-bad://answer/', keep_acl => false)")
        server.reached('silent-headers')
        row = query(self.connect(), """SELECT command, url, listed, done, changed, skipped, failed, rows_read, found
            FROM s3_progress WHERE pid = %s""", conn.info.backend_pid)
        self.assertEqual([r[:2] for r in row], [('s3_sync_meta()', 's3-bad://answer/')])
        self.assertEqual(row[0][7:], (None, None))
        conn.cancel()
        with self.assertSqlState('57014') as caught:
            call.result()
        place = re.search(r'all objects up to "([^"]*)" were done', caught.error.diag.context)[1]
        self.assertEqual(place, 's3-bad://answer/b')
        self.assertEqual(query(self.connect(), 'SELECT * FROM s3_progress WHERE pid = %s',
                               conn.info.backend_pid), [])
        result = self.sync(page(contents('c'), contents('d')), head(), COPIED, head(), COPIED, start_after=place)
        self.assertEqual(result[:4], (2, 2, 0, 0))
        self.assertIn('start-after=b', self.server.requests[0].target)

    def test_terminated(self):
        conn, server = self.serve(page(contents('a')), head(), 'silent-headers')
        call = Call(conn, "CALL s3_sync_meta('s3-bad://answer/', keep_acl => false)")
        server.reached('silent-headers')
        observer = self.connect()
        query(observer, 'SELECT pg_terminate_backend(%s)', conn.info.backend_pid)
        with self.assertRaises(psycopg2.Error):
            call.result()
        wait_for(lambda: not query(observer, 'SELECT FROM s3_progress WHERE pid = %s', conn.info.backend_pid),
                 'the entry is gone')

    def test_failures_without_end(self):
        """A thousand in a row, and something else is wrong."""
        keys = ['%04d' % number for number in range(999)]
        conn, server = self.serve(page(*map(contents, keys), token='t'),
                                  page(*[contents('x%d' % number) for number in range(9)]), DENIED)
        with self.assertSqlState('42501', 'could not sync object') as caught:
            query(conn, "CALL s3_sync_meta('s3-bad://answer/')")
        self.assertIn('were done', caught.error.diag.context)
        warnings = [notice for notice in conn.notices if 'could not sync' in notice]
        self.assertEqual(len(conn.notices), 50)     # psycopg2 keeps no more
        self.assertIn('only counted', conn.notices[-1])
        self.assertEqual(len(warnings), 49)
        self.check_good(conn)

    def test_notices(self):
        """Every few seconds: what is done, how fast, and how long it will take where the total is known."""
        with ListServer(['%03d' % number for number in range(50)], delay=0.15,
                        headers={'Cache-Control': 'private,max-age=3600', 'ETag': '"e"'}) as server:
            conn = self.session(server.endpoint, max_pool_connections=1)
            call = Call(conn, "CALL s3_sync_meta('s3-bad://answer/', count_first => true)")
            observer = self.connect()
            wait_for(lambda: query(observer, 'SELECT done > 0 AND total = 50 AND time_left IS NOT NULL'
                                   ' FROM s3_progress WHERE pid = %s', conn.info.backend_pid) == [(True,)],
                     'the progress is seen', timeout=30)
            self.assertEqual(call.result(60)[0][:4], (50, 0, 50, 0))
        notices = ''.join(conn.notices)
        self.assertRegex(notices, r'NOTICE:  \d+ objects done: 0 changed, \d+ skipped, 0 failed;'
                         r' \d+ a second, \d+ s left for \d+\n')
        self.assertIn('NOTICE:  all 50 objects done: 0 changed, 50 skipped, 0 failed', notices)

    def test_list_is_asked_ahead(self):
        """The next page comes while objects of this one are looked up."""
        self.assertEqual(self.sync(page(contents('a'), contents('b'), token='t'), page(contents('c')),
                                   head(Cache_Control='private,max-age=3600'))[:4], (3, 0, 3, 0))
        self.assertEqual([method for method, _ in self.requests], ['GET', 'GET', 'HEAD', 'HEAD', 'HEAD'])
