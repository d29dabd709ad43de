"""test_stores.py - stores that differ from AWS, each in its own way."""
import base64
import datetime
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import time
import urllib.request
import uuid
from email.utils import formatdate

from backend import Call, entry
from fault import Answer, FaultServer, Store
from harness import Case, endpoint, environment, query, rgw


class StoreCase(Case):
    """Sessions that know one store, as s3."""

    def open(self, *behaviours, scheme='s3', **settings):
        """A new store, and a session; settings are those of its entry."""
        self.store = Store(*behaviours).start()
        self.addCleanup(self.store.stop)
        return self.again(**settings)

    def again(self, **settings):
        """Another session with the same store."""
        conn = self.connect(endpoints={'s3': entry(self.store.endpoint, **settings)})
        query(conn, 'SET s3store.worker = off')
        query(conn, 'DELETE FROM s3_deletion')
        self.addCleanup(self.clear)
        return conn

    def clear(self):
        with self.connect(endpoints=None) as conn:
            query(conn, 'DELETE FROM s3_deletion')

    def drain(self, conn):
        """Carries out all that is queued, whatever its time; returns what is left.

        Undos of puts to the stores of earlier tests, which are gone, do not count.
        """
        query(conn, "UPDATE s3_deletion SET next_at = now() - '1 hour'::interval")
        query(conn, 'CALL s3_drain()')
        return query(conn, "SELECT url, state, last_error FROM s3_queue WHERE last_error IS DISTINCT FROM"
                           " 'the URL leads to another server than when the deletion was queued' ORDER BY id")

    def age(self, path):
        """Makes an object an hour older."""
        stored = self.store.objects[path]
        self.store.objects[path] = stored._replace(written=stored.written - 3600)

    def asked(self):
        """What was asked since the last time."""
        asked = self.store.asked()
        del self.store.requests[:]
        return asked


class DeleteObjectsTest(StoreCase):
    """Stores that do not know DeleteObjects."""

    DELETE = 'SELECT url, deleted, error FROM s3_delete(%s)'

    def test_gcs(self):
        """It is asked once, and then for one object at a time."""
        conn = self.open('gcs_no_delete_objects')
        urls = ['s3://bucket/%d' % i for i in range(3)]
        for _ in range(2):
            for i in range(3):
                self.store.store('bucket/%d' % i)
            self.assertEqual(query(conn, self.DELETE, urls), [(url, True, None) for url in urls])
            self.assertEqual(self.store.objects, {})
        self.assertEqual(self.asked(), ['POST?delete'] + ['DELETE'] * 6)

    def test_queue(self):
        conn = self.open('gcs_no_delete_objects')
        for i in range(3):
            self.store.store('bucket/%d' % i)
            query(conn, "SELECT s3_delete_later('s3://bucket/%d')" % i)
            self.age('bucket/%d' % i)
        self.assertEqual(self.drain(conn), [])
        self.assertEqual(self.store.objects, {})
        self.assertEqual(self.asked()[-4:], ['POST?delete'] + ['DELETE'] * 3)

    REFUSALS = {
        'no such resource': Answer(404, {}, b''),
        'no such method': Answer(405, {}, b'<Error><Code>MethodNotAllowed</Code></Error>'),
        'no such document': Answer(400, {}, b'<Error><Code>MalformedXML</Code></Error>'),
        'no such words': Answer(400, {}, b'Bad Request'),
        'no such type': Answer(415, {}, b''),
    }

    def test_other_refusals(self):
        for name, refusal in self.REFUSALS.items():
            with self.subTest(name), FaultServer(answers=[refusal, Answer(204, {}, b'')]) as server:
                conn = self.connect(endpoints={'s3': entry(server.endpoint)})
                self.assertEqual(query(conn, self.DELETE, ['s3://b/1', 's3://b/2']),
                                 [('s3://b/1', True, None), ('s3://b/2', True, None)])
                self.assertEqual([request.method for request in server.requests],
                                 ['POST', 'DELETE', 'DELETE'])

    def test_refused_alone(self):
        """What each object alone meets, too, does not show that DeleteObjects is unknown."""
        done = Answer(200, {}, b'<DeleteResult><Deleted><Key>1</Key></Deleted></DeleteResult>')
        with FaultServer(answers=[Answer(400, {}, b''), Answer(400, {}, b''), done]) as server:
            conn = self.connect(endpoints={'s3': entry(server.endpoint)})
            self.assertEqual([row[1] for row in query(conn, self.DELETE, ['s3://b/1'])], [False])
            self.assertEqual(query(conn, self.DELETE, ['s3://b/1']), [('s3://b/1', True, None)])
            self.assertEqual([request.method for request in server.requests], ['POST', 'DELETE', 'POST'])

    FAILURES = {
        'denied': Answer(403, {}, b''),
        'who is it': Answer(401, {}, b''),
        'an old token': Answer(400, {}, b'<Error><Code>ExpiredToken</Code></Error>'),
        'no bucket': Answer(404, {}, b'<Error><Code>NoSuchBucket</Code></Error>'),
        'too many': Answer(429, {}, b''),
        'too late': Answer(408, {}, b''),
        'another region': Answer(400, {'x-amz-bucket-region': 'us-east-1'}, b'<Error><Code>'
                                 b'AuthorizationHeaderMalformed</Code></Error>'),
    }

    def test_failures(self):
        """What each object would meet, too, is not tried for each."""
        for name, failure in self.FAILURES.items():
            with self.subTest(name), FaultServer(answers=[failure]) as server:
                conn = self.connect(endpoints={'s3': entry(server.endpoint)})
                rows = query(conn, self.DELETE, ['s3://b/1', 's3://b/2'])
                self.assertEqual([row[1] for row in rows], [False, False])
                self.assertEqual([request.method for request in server.requests], ['POST'])


class TranscodingTest(StoreCase):
    """Stores that decompress what is stored gzipped."""

    CONTENT = b'A text of many words. ' * 20
    URL = 's3://bucket/a.txt'

    def open(self, *behaviours, **settings):
        conn = super().open(*behaviours, **settings)
        self.store.store('bucket/a.txt', gzip.compress(self.CONTENT), content_type='text/plain',
                         content_encoding='gzip', **{'x-amz-meta-uncompressed_size': '440'})
        self.stored = self.store.objects['bucket/a.txt']
        return conn

    def test_head(self):
        """What is stored is told, with its length, its encoding and its ETag."""
        for behaviour in ('gcs_decompresses', 'minio_behind_gunzip'):
            conn = self.open(behaviour)
            for requests in (2, 1):         # the store is known afterwards
                self.assertEqual(
                    query(conn, 'SELECT size, etag, content_encoding FROM s3_head(%s)', self.URL),
                    [(len(self.stored.body), self.stored.etag.strip('"'), 'gzip')])
                self.assertEqual(self.asked(), ['HEAD'] * requests)
            self.assertEqual(query(conn, 'SELECT s3_size(%s), s3_modified_time(%s) IS NULL', self.URL,
                                   self.URL), [(440, False)])

    def test_get(self):
        """In the form that is stored, which s3store undoes itself, and checks."""
        conn = self.open('gcs_decompresses')
        for requests in (2, 1):
            self.assertEqual(bytes(query(conn, 'SELECT s3_get(%s)', self.URL)[0][0]), self.CONTENT)
            self.assertEqual(self.asked(), ['GET'] * requests)
        query(conn, 'SELECT s3_get_lo(%s)', self.URL)
        self.assertEqual(bytes(query(conn, 'SELECT s3_get(%s, %s)', self.URL, '{"Range": "bytes=0-1"}')[0][0]),
                         b'\x1f\x8b')
        self.store.objects['bucket/a.txt'] = self.stored._replace(body=gzip.compress(b'another'))
        with self.assertSqlState('08P01', 'another content arrived'):
            query(conn, 'SELECT s3_get(%s)', self.URL)

    def test_header(self):
        """It is not signed, and it is sent to those who need it."""
        conn = self.open('gcs_decompresses')
        self.store.store('bucket/plain')
        query(conn, "SELECT s3_get('s3://bucket/plain'), s3_get(%s)", self.URL)
        self.assertEqual([request.headers.get('accept-encoding') for request in self.store.requests],
                         [None, None, 'gzip'])
        self.assertNotIn('accept-encoding', self.store.requests[-1].headers['authorization'])
        query(conn, "SELECT s3_put('s3://bucket/b', 'b'::bytea, overwrite => true)")
        self.assertNotIn('accept-encoding', self.store.requests[-1].headers)

    def test_copy(self):
        for rename in (False, True):
            conn = self.open('gcs_decompresses')
            query(conn, 'SELECT %s(%%s, %%s)' % ('s3_rename' if rename else 's3_copy'), self.URL,
                  's3://bucket/b.txt')
            self.assertEqual(self.store.objects['bucket/b.txt'].body, self.stored.body)
            self.assertEqual(self.store.objects['bucket/b.txt'].headers['content-encoding'], 'gzip')

    def test_queue_and_sync(self):
        conn = self.open('gcs_decompresses', max_age_seconds=4711)
        query(conn, 'CALL s3_sync_meta(%s)', 's3://bucket/')
        headers = self.store.objects['bucket/a.txt'].headers
        self.assertEqual((headers['content-encoding'], headers['cache-control']),
                         ('gzip', 'private,max-age=4711'))
        self.age('bucket/a.txt')
        query(conn, 'SELECT s3_delete_later(%s)', self.URL)
        self.assertEqual(self.drain(conn), [])
        self.assertEqual(self.store.objects, {})

    def test_no_length_at_all(self):
        """Where nobody knows it, it is NULL, and an error only where it is needed."""
        head = Answer(200, {'Content-Length': None, 'Last-Modified': 'Mon, 01 Jun 2026 00:00:00 GMT'}, b'')
        with FaultServer(answers=[head]) as server:
            conn = self.connect(endpoints={'s3': entry(server.endpoint)})
            self.assertEqual(query(conn, "SELECT size, last_modified IS NULL FROM s3_head('s3://b/k')"),
                             [(None, False)])
            self.assertEqual(query(conn, "SELECT s3_exists('s3://b/k'), s3_modified_time('s3://b/k') IS NULL"),
                             [(True, False)])
            for statement in ("SELECT s3_size('s3://b/k')", "SELECT s3_get_lo('s3://b/k')",
                              "SELECT s3_copy('s3://b/k', 's3://b/l')"):
                with self.assertSqlState('08P01', detail='Content-Length'):
                    query(conn, statement)


class FewFeaturesTest(StoreCase):
    """Stores without storage classes, tags and grants."""

    def test_r2(self):
        conn = self.open('r2_no_classes_tags_acls', max_age_seconds=4711)
        url = query(conn, "SELECT s3_put('s3://bucket/a.txt', 'content'::bytea)")[0][0]
        self.assertEqual(url, 's3://bucket/a.txt')
        query(conn, "SELECT s3_copy('s3://bucket/a.txt', 's3://bucket/b.txt'),"
                    " s3_rename('s3://bucket/b.txt', 's3://bucket/c.txt')")
        query(conn, """SELECT s3_copy('s3://bucket/a.txt', 's3://bucket/d.txt', '{"MetadataDirective":
                       "REPLACE"}')""")
        self.assertEqual(sorted(self.store.objects), ['bucket/%s.txt' % name for name in 'abcd'])

    def test_sync(self):
        """Objects change, and a second sync has nothing to do."""
        conn = self.open('r2_no_classes_tags_acls', max_age_seconds=4711)
        for name in 'abc':
            self.store.store('bucket/' + name)
        for changed in (3, 0):
            self.assertEqual(query(conn, "CALL s3_sync_meta('s3://bucket/')")[0][:4],
                             (3, changed, 3 - changed, 0))
        self.assertEqual({stored.headers['cache-control'] for stored in self.store.objects.values()},
                         {'private,max-age=4711'})
        self.assertLessEqual(self.asked().count('GET?acl'), 3)
        self.store.store('bucket/d')
        query(conn, "CALL s3_sync_meta('s3://bucket/')")
        self.assertEqual(self.asked().count('GET?acl'), 0)

    def test_class_that_is_wanted(self):
        """Whoever asks for what is not there is told."""
        conn = self.open('r2_no_classes_tags_acls', storage_class='STANDARD_IA')
        with self.assertSqlState('0A000', 'the server does not support this'):
            query(conn, "SELECT s3_put('s3://bucket/a', 'content'::bytea)")

    def test_uniform_access(self):
        """A store that refuses to tell grants: the way out is told."""
        refused = Answer(400, {}, b'<Error><Code>InvalidArgument</Code></Error>')

        def answer(request):
            if request.method == 'HEAD':
                return Answer(200, {'ETag': '"e"'}, b'x')
            if '?acl' in request.target:
                return refused
            return Answer(200, {}, b'<ListBucketResult><IsTruncated>false</IsTruncated><Contents>'
                                   b'<Key>k</Key><Size>1</Size></Contents></ListBucketResult>')
        with FaultServer(answers=[answer]) as server:
            conn = self.connect(endpoints={'s3': entry(server.endpoint)})
            self.assertEqual(query(conn, "CALL s3_sync_meta('s3://b/')")[0][3], 1)
            self.assertIn('keep_acl => false', ''.join(conn.notices))


class EmptyCopyTest(StoreCase):
    """Stores whose answer to CopyObject has nothing in it."""

    def test_copy(self):
        conn = self.open('aws_cuts_copies_short')
        self.store.store('bucket/a')
        query(conn, "SELECT s3_copy('s3://bucket/a', 's3://bucket/b'),"
                    " s3_rename('s3://bucket/b', 's3://bucket/c')")
        self.assertEqual(self.store.objects['bucket/c'].body, b'content')
        with self.assertSqlState('08P01', 'the server has not made the copy'):
            query(conn, "SELECT s3_copy('s3://bucket/a', 's3://bucket/never')")

    def test_onto_itself(self):
        """It has the content either way: its time tells, also within the seconds that clocks may differ by."""
        conn = self.open('aws_cuts_copies_short')
        for name in ('a', 'never'):
            self.store.store('bucket/' + name)
            path = 'bucket/' + name
            stored = self.store.objects[path]
            self.store.objects[path] = stored._replace(written=stored.written - 2)
        statement = "SELECT s3_copy(%s, %s, params => '{\"MetadataDirective\": \"REPLACE\"}')"
        query(conn, statement, 's3://bucket/a', 's3://bucket/a')
        with self.assertSqlState('08P01', 'the server has not made the copy'):
            query(conn, statement, 's3://bucket/never', 's3://bucket/never')

    def test_rolled_back(self):
        conn = self.open('aws_cuts_copies_short')
        conn.autocommit = False
        self.store.store('bucket/a')
        query(conn, "SELECT s3_copy('s3://bucket/a', 's3://bucket/b')")
        conn.rollback()
        conn.autocommit = True
        query(conn, 'CALL s3_drain()')
        self.assertEqual(sorted(self.store.objects), ['bucket/a'])

    def test_sync(self):
        conn = self.open('aws_cuts_copies_short', max_age_seconds=4711)
        self.store.store('bucket/a')
        self.store.store('bucket/never')
        self.store.store('bucket/tagged', **{'x-amz-tagging': 'a=1'})
        self.assertEqual(query(conn, "CALL s3_sync_meta('s3://bucket/')")[0][:4], (3, 2, 0, 1))
        self.assertIn('the server has not made the copy', ''.join(conn.notices))
        self.assertEqual(self.store.objects['bucket/a'].headers['cache-control'], 'private,max-age=4711')


class HeadTest(StoreCase):
    """The answer to a HEAD has no words: what is wrong is found out all the same."""

    CALLS = ('s3_head(%s)', 's3_exists(%s)', 's3_size(%s)', 's3_modified_time(%s)', 's3_get_lo(%s)',
             "s3_copy(%s, 's3://bucket/copy')", "s3_available_name(%s)")
    URL = 's3://bucket/key'
    GOOD = Answer(200, {'ETag': '"e"', 'Last-Modified': 'Mon, 01 Jun 2026 00:00:00 GMT'}, b'')

    def serve(self, *answers):
        server = FaultServer(answers=list(answers)).start()
        self.addCleanup(server.stop)
        return server, self.connect(endpoints={'s3': entry(server.endpoint)})

    def methods(self, server):
        return [request.method for request in server.requests]

    def error(self, status, code, more='', **headers):
        return Answer(status, headers, ('<Error><Code>%s</Code>%s</Error>' % (code, more)).encode())

    def at(self, minutes):
        return {'Date': formatdate(time.time() + 60 * minutes, usegmt=True)}

    def test_wrong_secret(self):
        for call in self.CALLS:
            with self.subTest(call):
                server, conn = self.serve(self.error(403, 'SignatureDoesNotMatch'))
                with self.assertSqlState('42501', 'another signature', 'SignatureDoesNotMatch',
                                         'Check the secret access key'):
                    query(conn, 'SELECT ' + call, self.URL)
                self.assertEqual(self.methods(server), ['HEAD', 'GET'])
                self.assertEqual(server.requests[1].headers['range'], 'bytes=0-0')

    def test_wrong_region(self):
        """Nothing but the words of the GET names it."""
        for status, code in ((400, 'AuthorizationHeaderMalformed'), (301, 'PermanentRedirect')):
            with self.subTest(code):
                told = self.error(status, code, '<Region>eu-west-3</Region>')
                server, conn = self.serve(told, told, self.GOOD)
                self.assertEqual(query(conn, 'SELECT s3_exists(%s)', self.URL), [(True,)])
                self.assertEqual(self.methods(server), ['HEAD', 'GET', 'HEAD'])
                self.assertIn('/eu-west-3/s3/', server.requests[2].headers['authorization'])
                self.assertEqual(query(conn, 'SELECT s3_exists(%s)', self.URL), [(True,)])
                self.assertEqual(self.methods(server)[3:], ['HEAD'])

    def test_put_into_another_region(self):
        told = self.error(400, 'AuthorizationHeaderMalformed', '<Region>eu-west-3</Region>')
        server, conn = self.serve(told, told, Answer(404, {}, b''), Answer(200, {}, b''))
        self.assertEqual(query(conn, "SELECT s3_put(%s, 'x'::text)", self.URL), [(self.URL,)])
        self.assertEqual(self.methods(server), ['HEAD', 'GET', 'HEAD', 'PUT'])

    def test_clock(self):
        """The Date tells; no other request is needed."""
        for minutes in (20, -20):
            denied = Answer(403, self.at(minutes), b'')
            server, conn = self.serve(denied, self.GOOD)
            self.assertEqual(query(conn, 'SELECT s3_exists(%s)', self.URL), [(True,)])
            self.assertEqual(self.methods(server), ['HEAD', 'HEAD'])
            first, second = (request.headers['x-amz-date'] for request in server.requests)
            self.assertNotEqual(first[:13], second[:13])
        server, conn = self.serve(Answer(403, self.at(60 * 48), b''))
        with self.assertSqlState('42501', 'clocks of the two servers differ', hint='Set the clock'):
            query(conn, 'SELECT s3_exists(%s)', self.URL)
        self.assertEqual(self.methods(server), ['HEAD'])

    def test_clock_of_many(self):
        """Those that were under way at the same time are sent again, too."""
        def reply(request):
            sent = datetime.datetime.strptime(request.headers['x-amz-date'] + '+0000', '%Y%m%dT%H%M%SZ%z')
            if abs(sent.timestamp() - time.time() - 20 * 60) > 15 * 60:
                return Answer(403, self.at(20), b'')
            return self.GOOD if request.target < '/bucket/30' else Answer(404, {}, b'')

        server, conn = self.serve(reply)
        rows = query(conn, "SELECT url, \"exists\", error FROM s3_exists(ARRAY(SELECT 's3://bucket/' || n"
                           " FROM generate_series(10, 49) n))")
        self.assertEqual([row[1:] for row in sorted(rows)], [(True, None)] * 20 + [(False, None)] * 20)

    def test_clock_and_more(self):
        """The clock was not all that was wrong."""
        server, conn = self.serve(Answer(403, self.at(20), b''), Answer(403, self.at(20), b''),
                                  self.error(403, 'InvalidAccessKeyId', **self.at(20)))
        with self.assertSqlState('42501', hint='Check s3store.access_key_id'):
            query(conn, 'SELECT s3_exists(%s)', self.URL)
        self.assertEqual(self.methods(server), ['HEAD', 'HEAD', 'GET'])

    def test_denied(self):
        """What many objects of a bucket have in common is asked once, until settings change."""
        server, conn = self.serve(self.error(403, 'AccessDenied'))
        for _ in range(3):
            with self.assertSqlState('42501', 'access denied'):
                query(conn, 'SELECT s3_exists(%s)', self.URL)
        self.assertEqual(self.methods(server), ['HEAD', 'GET', 'HEAD', 'HEAD'])
        query(conn, 'SET s3store.max_age_seconds = 7')
        with self.assertSqlState('42501'):
            query(conn, 'SELECT s3_exists(%s)', self.URL)
        self.assertEqual(self.methods(server)[4:], ['HEAD', 'GET'])

    def test_other_words(self):
        """What another request says of the object does not change what the HEAD was told."""
        for told in (self.error(404, 'NoSuchKey'), self.error(500, 'InternalError'),
                     Answer(200, {}, b'x'), Answer(403, {}, b'no XML'), None, 'truncated'):
            with self.subTest(told):
                server, conn = self.serve(Answer(403, {}, b''), told)
                with self.assertSqlState('42501', 'access denied', 'HTTP status 403'):
                    query(conn, 'SELECT s3_exists(%s)', self.URL)
                # libcurl sends again what a kept connection has swallowed
                self.assertIn(len(server.requests), (2, 3) if told is None else (2,))

    def test_nobody_tells(self):
        """Whether the bucket is there is asked once, also where no answer tells; a busy server is no answer."""
        busy, absent = Answer(503, {}, b''), Answer(404, {}, b'')
        server, conn = self.serve(absent, busy, absent, busy, absent)
        query(conn, 'SET s3store.max_attempts = 1')
        for _ in range(4):
            self.assertEqual(query(conn, 'SELECT s3_exists(%s)', self.URL), [(False,)])
        self.assertEqual(self.methods(server), ['HEAD', 'GET', 'HEAD', 'GET', 'HEAD', 'GET', 'HEAD'])

    def test_absent(self):
        """A 404 needs no more words, but for the first of a bucket."""
        server, conn = self.serve(self.error(404, 'NoSuchKey'))
        for _ in range(2):
            self.assertEqual(query(conn, 'SELECT s3_exists(%s)', self.URL), [(False,)])
        self.assertEqual(self.methods(server), ['HEAD', 'GET', 'HEAD'])

    def test_queue(self):
        server, conn = self.serve(self.error(403, 'SignatureDoesNotMatch'))
        query(conn, 'SET s3store.worker = off')
        query(conn, 'DELETE FROM s3_deletion')
        query(conn, 'SELECT s3_delete_later(%s)', self.URL)
        query(conn, 'CALL s3_drain()')
        ((error,),) = query(conn, 'SELECT last_error FROM s3_queue WHERE url = %s', self.URL)
        query(conn, 'DELETE FROM s3_deletion')
        self.assertIn('another signature', error)


class PutOnlyTest(StoreCase):
    """An access key that may put, and not look."""

    PUT = "SELECT s3_put('s3://bucket/a.txt', %s::text)"

    def test_condition(self):
        """What is there stays, since the server looks for itself."""
        conn = self.open('aws_put_only_key', gzip=False)
        self.assertEqual(query(conn, self.PUT, 'first'), [('s3://bucket/a.txt',)])
        ((other,),) = query(conn, self.PUT, 'second')
        self.assertRegex(other, r'^s3://bucket/a_\w{7}\.txt$')
        self.assertEqual({path: stored.body for path, stored in self.store.objects.items()},
                         {'bucket/a.txt': b'first', other[len('s3://'):]: b'second'})
        self.assertEqual(self.asked(), ['HEAD', 'PUT', 'HEAD', 'PUT', 'HEAD', 'PUT'])

    def test_array(self):
        conn = self.open('aws_put_only_key')
        rows = query(conn, "SELECT stored_url, error FROM s3_put('{s3://bucket/a,s3://bucket/a}',"
                           " '{a,b}'::bytea[])")
        self.assertEqual([row[1] for row in rows], [None, None])
        self.assertEqual(len(self.store.objects), 2)

    def test_rolled_back(self):
        """Nobody can tell whose it is: it is kept, and the queue says so."""
        conn = self.open('aws_put_only_key', gzip=False)
        query(conn, 'BEGIN')
        query(conn, self.PUT, 'first')
        query(conn, 'ROLLBACK')
        left = self.drain(conn)
        self.assertEqual([row[:2] for row in left], [('s3://bucket/a.txt', 'dead')])
        self.assertRegex(left[0][2], 'cannot tell|access denied|may have stored')
        self.assertEqual(self.store.objects['bucket/a.txt'].body, b'first')

    def test_no_condition(self):
        """Nothing would keep what is there: nothing is put, unless it is meant so."""
        for behaviour, asked in (('swift_ignores_conditions', ['HEAD']),
                                 ('b2_refuses_conditions', ['HEAD', 'PUT', 'HEAD'])):
            with self.subTest(behaviour):
                conn = self.open('aws_put_only_key', behaviour)
                self.store.store('bucket/a.txt')
                with self.assertSqlState('42501', 'access denied', hint='overwrite => true'):
                    query(conn, self.PUT, 'another')
                self.assertEqual(self.store.objects['bucket/a.txt'].body, b'content')
                self.assertEqual(self.asked(), asked)
                query(conn, "SELECT s3_put('s3://bucket/a.txt', 'meant'::text, overwrite => true)")
                self.assertEqual(self.store.objects['bucket/a.txt'].body, b'meant')

    def test_parts(self):
        """The condition goes with the end of the upload, and must not be left out there."""
        started = Answer(200, {}, b'<InitiateMultipartUploadResult><UploadId>u</UploadId>'
                                  b'</InitiateMultipartUploadResult>')
        unknown = Answer(501, {}, b'<Error><Code>NotImplemented</Code></Error>')
        denied, part = Answer(403, {}, b''), Answer(200, {'ETag': '"p"'}, b'')
        put = ("SELECT s3_put('s3://b/k', convert_to(repeat('x', 6000000), 'UTF8'), params => %s)")
        for params, answers, state in (
                (None, [denied, started, part, part, unknown, Answer(204, {}, b''), denied], '42501'),
                ('{"IfNoneMatch": "*"}', [denied, started, part, part, unknown, Answer(204, {}, b'')], '0A000')):
            with self.subTest(params), FaultServer(answers=answers) as server:
                conn = self.connect(endpoints={'s3': entry(
                    server.endpoint, multipart_threshold='5MB', multipart_part_size='5MB')})
                with self.assertSqlState(state):
                    query(conn, put, params)
                ends = [request for request in server.requests if request.method == 'POST'][1:]
                self.assertEqual([request.headers['if-none-match'] for request in ends], ['*'])


KEY = b'0123456789abcdefghijklmnopqrstuv'
CANARY = base64.b64encode(KEY).decode()
CUSTOMER = 'x-amz-server-side-encryption-customer-'


class CustomerKeyTest(StoreCase):
    """Objects that are encrypted with a key of their client's (SSE-C)."""

    PARAMS = '{"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "%s"}' % KEY.decode()
    URL = 's3://bucket/secret'

    def key_file(self, content=KEY):
        """A file that only the database server can read."""
        path = pathlib.Path(environment('S3STORE_TEST_DIR')) / ('key-' + uuid.uuid4().hex[:8])
        path.write_bytes(content)
        os.chmod(path, 0o600)
        if os.geteuid() == 0:
            shutil.chown(path, 'postgres')
        return str(path)

    def open(self, *behaviours, **settings):
        conn = super().open('aws_customer_keys', *behaviours, **settings)
        self.store.store('bucket/secret', b'content', etag='"%s"' % uuid.uuid4().hex, **{
            CUSTOMER + 'algorithm': 'AES256',
            CUSTOMER + 'key-md5': base64.b64encode(hashlib.md5(KEY).digest()).decode()})
        return conn

    def test_params(self):
        """Who has the key can ask."""
        conn = self.open()
        self.assertEqual(query(conn, 'SELECT s3_exists(%s, %s), s3_size(%s, %s)', self.URL, self.PARAMS,
                               self.URL, self.PARAMS), [(True, 7)])
        self.assertEqual(query(conn, 'SELECT s3_modified_time(%s, %s) IS NULL', self.URL, self.PARAMS),
                         [(False,)])
        self.assertEqual(query(conn, 'SELECT "exists", error FROM s3_exists(ARRAY[%s], %s)', self.URL,
                               self.PARAMS), [(True, None)])
        self.assertRegex(query(conn, 'SELECT s3_available_name(%s, params => %s)', self.URL,
                               self.PARAMS)[0][0], r'^s3://bucket/secret_\w{7}$')
        del self.store.requests[:]
        query(conn, "SELECT s3_exists('s3://bucket/', %s)", '{"ExpectedBucketOwner": "1", "VersionId": "v"}')
        self.assertEqual(self.store.requests[0].headers['x-amz-expected-bucket-owner'], '1')
        with self.assertSqlState('22023', 'Nonsense'):
            query(conn, "SELECT s3_exists('s3://bucket/', %s)", '{"Nonsense": 1}')
        with self.assertSqlState('22023', detail='The object was stored using a form of SSE'):
            query(conn, 'SELECT s3_exists(%s)', self.URL)
        with self.assertSqlState('22023', 'Nonsense'):
            query(conn, 'SELECT s3_size(%s, %s)', self.URL, '{"Nonsense": 1}')

    def test_names(self):
        """A name is taken by what nobody else may see."""
        conn = self.open()
        stored = query(conn, 'SELECT s3_put(%s, %s::text)', self.URL, 'another')[0][0]
        self.assertRegex(stored, r'^s3://bucket/secret_\w{7}$')
        self.assertEqual(self.asked(), ['HEAD', 'GET', 'GET?list-type', 'HEAD', 'PUT'])
        self.assertRegex(query(conn, 'SELECT s3_available_name(%s)', self.URL)[0][0],
                         r'^s3://bucket/secret_\w{7}$')
        self.assertEqual(self.store.objects['bucket/secret'].body, b'content')

    def test_list_for_a_name(self):
        """It is of the bucket that the call means, and the caller pays."""
        conn = self.open()
        query(conn, 'SELECT s3_available_name(%s, params => %s)', self.URL,
              '{"ExpectedBucketOwner": "1", "RequestPayer": "requester"}')
        lists = [request for request in self.store.requests if 'list-type' in request.target]
        self.assertEqual([(request.headers['x-amz-expected-bucket-owner'], request.headers['x-amz-request-payer'])
                          for request in lists], [('1', 'requester')])

    def test_list_for_a_put(self):
        conn = self.open()
        query(conn, "SELECT s3_put(%s, 'x'::text, params => %s)", self.URL,
              '{"ExpectedBucketOwner": "1", "RequestPayer": "requester"}')
        lists = [request for request in self.store.requests if 'list-type' in request.target]
        self.assertEqual([(request.headers['x-amz-expected-bucket-owner'], request.headers['x-amz-request-payer'])
                          for request in lists], [('1', 'requester')])

    def test_name_that_nobody_lists(self):
        """What is refused and not there is an error, not a name that is taken."""
        refused = Answer(400, {}, b'<Error><Code>InvalidRequest</Code></Error>')
        for listed in (Answer(200, {}, b'<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'),
                       Answer(403, {}, b'')):
            with FaultServer(answers=[refused, refused, listed] * 2) as server:
                conn = self.connect(endpoints={'s3': entry(server.endpoint)})
                for statement in ("SELECT s3_put(%s, 'x'::text)", 'SELECT s3_available_name(%s)'):
                    with self.assertSqlState('22023', detail='InvalidRequest'):
                        query(conn, statement, self.URL)
                    self.assertEqual([request.method for request in server.requests],
                                     ['HEAD', 'GET', 'GET'])
                    del server.requests[:]

    def test_rename(self):
        conn = self.open()
        params = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': KEY.decode(),
                  'CopySourceSSECustomerAlgorithm': 'AES256', 'CopySourceSSECustomerKey': KEY.decode()}
        query(conn, "SELECT s3_rename(%s, 's3://bucket/new', %s)", self.URL, json.dumps(params))
        self.assertEqual(self.store.objects['bucket/new'].headers[CUSTOMER + 'algorithm'], 'AES256')
        self.assertEqual(query(conn, 'SELECT url FROM s3_queue'), [(self.URL,)])
        self.assertEqual(self.drain(conn), [])
        self.assertEqual(sorted(self.store.objects), ['bucket/new'])
        with self.assertSqlState('22023', 'CopySourceVersionId', hint='s3_copy'):
            query(conn, "SELECT s3_rename(%s, 's3://bucket/b', %s)", self.URL, '{"CopySourceVersionId": "v"}')

    def test_empty_copy(self):
        """What is looked up for it has another ETag, and is the copy all the same."""
        conn = self.open('aws_cuts_copies_short', sse_customer_key_file=self.key_file())
        query(conn, "SELECT s3_copy(%s, 's3://bucket/copy'), s3_rename(%s, 's3://bucket/new')",
              self.URL, self.URL)
        etags = {stored.etag for stored in self.store.objects.values()}
        self.assertEqual((len(etags), len(self.store.objects)), (3, 3))

    def test_queue(self):
        """A list tells what a HEAD does not."""
        conn = self.open()
        self.age('bucket/secret')
        query(conn, 'SELECT s3_delete_later(%s)', self.URL)
        self.assertEqual(self.drain(conn), [])
        self.assertEqual(self.store.objects, {})
        self.assertIn('GET?list-type', self.asked())

    def test_queue_and_a_stranger(self):
        """What was written after its deletion was queued stays."""
        conn = self.open()
        query(conn, 'SELECT s3_delete_later(%s)', self.URL)
        stored = self.store.objects['bucket/secret']
        self.store.objects['bucket/secret'] = stored._replace(written=stored.written + 3600)
        ((_, state, error),) = self.drain(conn)
        self.assertEqual(state, 'dead')
        self.assertIn('written again', error)
        self.assertEqual(list(self.store.objects), ['bucket/secret'])

    def test_queue_without_a_list(self):
        """What no list shows is not gone for that: it is tried again."""
        refused = Answer(400, {}, b'<Error><Code>InvalidRequest</Code></Error>')
        page = b'<ListBucketResult><IsTruncated>false</IsTruncated>%s</ListBucketResult>'
        for listed in (Answer(403, {}, b''), Answer(200, {}, page % b''),
                       Answer(200, {}, page % b'<Contents><Key>secret2</Key><Size>1</Size></Contents>')):
            with self.subTest(listed), FaultServer(answers=[refused, refused, listed]) as server:
                conn = self.connect(endpoints={'s3': entry(server.endpoint)})
                query(conn, 'SET s3store.worker = off')
                query(conn, 'DELETE FROM s3_deletion')
                self.addCleanup(self.clear)
                query(conn, 'SELECT s3_delete_later(%s)', self.URL)
                ((_, state, error),) = self.drain(conn)
                self.assertEqual(state, 'pending')
                self.assertIn('refused the request', error)

    def test_sync(self):
        """Without the key, a reason; with it, a copy."""
        conn = self.open(max_age_seconds=4711)
        self.store.store('bucket/plain')
        self.assertEqual(query(conn, "CALL s3_sync_meta('s3://bucket/')")[0][:4], (2, 1, 1, 0))
        self.assertIn('1 objects are encrypted with customer-provided keys', ''.join(conn.notices))
        self.assertIn('sse_customer_key_file', ''.join(conn.notices))
        del self.store.objects['bucket/plain']
        conn = self.again(sse_customer_key_file=self.key_file(), max_age_seconds=4711)
        self.assertEqual(query(conn, "CALL s3_sync_meta('s3://bucket/')")[0][:4], (1, 1, 0, 0))
        headers = self.store.objects['bucket/secret'].headers
        self.assertEqual((headers['cache-control'], headers[CUSTOMER + 'algorithm']),
                         ('private,max-age=4711', 'AES256'))

    def test_sync_of_what_is_refused(self):
        """Another key than the entry's, or another refusal, is a failure."""
        conn = self.open(sse_customer_key_file=self.key_file(b'x' * 32))
        self.assertEqual(query(conn, "CALL s3_sync_meta('s3://bucket/')")[0][:4], (1, 0, 0, 1))
        listed = Answer(200, {}, b'<ListBucketResult><IsTruncated>false</IsTruncated><Contents>'
                                 b'<Key>k</Key><Size>1</Size></Contents></ListBucketResult>')
        for told in (b'<Error><Code>InvalidArgument</Code></Error>', b''):
            def answer(request, told=told):
                return listed if 'list-type' in request.target else Answer(400, {}, told)
            with self.subTest(told), FaultServer(answers=[answer]) as server:
                conn = self.connect(endpoints={'s3': entry(server.endpoint)})
                self.assertEqual(query(conn, "CALL s3_sync_meta('s3://b/')")[0][:4], (1, 0, 0, 1))

    def test_key_of_the_entry(self):
        """Every call sends it; both forms of the file are the same key."""
        for content in (KEY, KEY + b'\n', CANARY.encode(), CANARY.encode() + b'\n'):
            with self.subTest(content):
                conn = self.open(sse_customer_key_file=self.key_file(content), encrypt_key='aws:kms')
                self.assertEqual(bytes(query(conn, 'SELECT s3_get(%s)', self.URL)[0][0]), b'content')
        self.assertEqual(query(conn, 'SELECT s3_exists(%s), s3_size(%s)', self.URL, self.URL), [(True, 7)])
        query(conn, 'SELECT s3_get_lo(%s)', self.URL)
        query(conn, "SELECT s3_put('s3://bucket/a', 'a'::text), s3_copy(%s, 's3://bucket/b'),"
                    " s3_rename('s3://bucket/b', 's3://bucket/c')", self.URL)
        self.assertEqual({path: stored.headers[CUSTOMER + 'algorithm']
                          for path, stored in self.store.objects.items() if path != 'bucket/b'},
                         dict.fromkeys(('bucket/secret', 'bucket/a', 'bucket/c'), 'AES256'))
        self.assertNotIn('x-amz-server-side-encryption', self.store.requests[-1].headers)
        self.age('bucket/b')
        self.assertEqual(self.drain(conn), [])
        self.assertNotIn('bucket/b', self.store.objects)
        for request in self.store.requests:
            if request.method == 'DELETE' or '?' in request.target:
                self.assertNotIn(CUSTOMER + 'key', request.headers)

    def test_key_of_the_call(self):
        """It counts, and not that of the entry."""
        conn = self.open(sse_customer_key_file=self.key_file(b'x' * 32))
        self.assertEqual(query(conn, 'SELECT s3_exists(%s, %s)', self.URL, self.PARAMS), [(True,)])
        del self.store.requests[:]
        self.assertEqual(query(conn, 'SELECT s3_exists(%s, %s)', self.URL,
                               json.dumps({'SSECustomerKey': KEY.decode()})), [(True,)])
        with self.assertSqlState('22023'):
            query(conn, 'SELECT s3_exists(%s, %s)', self.URL, '{"SSECustomerKeyMD5": "md5"}')
        for request in self.store.requests:
            self.assertNotIn(CUSTOMER + 'algorithm', request.headers)

    def test_links(self):
        """They are for others, who must have the key themselves."""
        conn = self.open(sse_customer_key_file=self.key_file())
        ((url, headers),) = query(conn, 'SELECT url, headers::text FROM s3_presign_request(%s)', self.URL)
        self.assertNotIn('customer', url + headers)

    def test_secret(self):
        """Neither the key nor its file is shown."""
        path = self.key_file()
        conn = self.open(sse_customer_key_file=path)
        rows = query(conn, "SELECT value FROM s3_settings('s3') WHERE name = 'sse_customer_key_file'")
        self.assertEqual(rows, [('********',)])
        shown = str(query(conn, "SELECT * FROM s3_settings('s3')")) + str(query(conn, 'SHOW s3store.endpoints'))
        self.store.objects.clear()
        with self.assertSqlState('58P01') as caught:
            query(conn, 'SELECT s3_get(%s)', self.URL)
        for secret in (KEY.decode(), CANARY):
            self.assertNotIn(secret, shown + str(caught.error))
        self.assertNotIn(path, shown)

    def test_without_tls(self):
        """The key leaves this machine encrypted, or not at all."""
        path = self.key_file()
        for host in ('store.example.com', '10.0.0.1:9000', '[2001:db8::1]', '127.example.com', 'localhost.example.com'):
            with self.subTest(host):
                conn = self.connect(endpoints={'s3': entry('http://' + host, sse_customer_key_file=path)})
                for statement in ('SELECT s3_exists(%s)', "SELECT s3_put(%s, 'x'::text)"):
                    with self.assertSqlState('22023', 'cannot be sent without TLS', 'could read the key', 'https://'):
                        query(conn, statement, self.URL)
        conn = self.open(sse_customer_key_file=path)
        self.assertEqual(query(conn, 'SELECT s3_exists(%s)', self.URL), [(True,)])

    def test_bad_files(self):
        for content, words in ((b'', 'holds no key'), (b'x' * 31, 'holds no key'),
                               (b'!' * 44, 'holds no key'), (base64.b64encode(b'x' * 31), 'holds no key'),
                               (b'x' * 34, 'holds no key')):
            with self.subTest(content):
                conn = self.open(sse_customer_key_file=self.key_file(content))
                with self.assertSqlState('28000', words):
                    query(conn, 'SELECT s3_exists(%s)', self.URL)
        path = self.key_file()
        os.chmod(path, 0o644)
        for path, words in ((path, 'group or world access'),
                            ('/nowhere/key', 'could not open key file of endpoint "s3"')):
            conn = self.open(sse_customer_key_file=path)
            for statement in ('SELECT s3_exists(%s)', "SELECT s3_copy(%s, 's3://bucket/b')"):
                with self.assertSqlState('28000', words) as caught:
                    query(conn, statement, self.URL)
                self.assertNotIn(path, str(caught.error))
        self.assertEqual(self.store.requests, [])


class PathPrefixTest(StoreCase):
    """A proxy that takes the start of the path off before the store checks the signature."""

    METHODS = ('get_object', 'head_object', 'put_object', 'list_objects_v2', 'upload_part')

    def links(self, conn):
        """Links of every way that makes them."""
        at = "'2026-01-01 00:00:00+00'"
        links = [query(conn, "SELECT s3_presign('s3://bucket/a b', %s, '1 h', %s, " + at + ')', method,
                       '{"PartNumber": 1, "UploadId": "u"}' if method == 'upload_part' else None)[0][0]
                 for method in self.METHODS]
        links += [row[0] for row in query(
            conn, "SELECT s3_presign('s3://bucket/' || i, expires => '1 h', signed_at => " + at + ")"
                  " FROM generate_series(1, 4) i")]
        links += query(conn, "SELECT s3_presign(ARRAY['s3://bucket/1', 's3://bucket/2'], expires => '1 h',"
                             " signed_at => " + at + ")")[0][0]
        links += query(conn, "SELECT url FROM s3_presign_request('s3://bucket/1', 'put_object', '1 h', NULL, "
                             + at + ")")[0]
        links += query(conn, "SELECT s3_url('s3://bucket/1')")[0]
        return links

    def test_links(self):
        """They are those without the prefix, but for that."""
        for settings in ({}, {'signature_version': 's3'}, {'bucket_auth': False},
                         {'signature_version': 'unsigned'}):
            with self.subTest(settings):
                world = 'https://files.example.com'
                plain = self.open(endpoint_url_presigning=world, **settings)
                behind = self.again(endpoint_url_presigning=world,
                                    presigning_path_prefix='/files/v1', **settings)
                theirs = self.links(plain)
                self.assertEqual(self.links(behind),
                                 [link.replace(world + '/', world + '/files/v1/', 1) for link in theirs])
        self.assertEqual(query(self.again(endpoint_url_presigning=world, presigning_path_prefix='/files/v1'),
                               "SELECT s3_presign_post('s3://bucket/1') ->> 'url'"),
                         [(world + '/files/v1/bucket',)])

    def test_requests(self):
        """What is sent from here does not go through that proxy."""
        conn = self.open(presigning_path_prefix='/files')
        self.store.store('bucket/key')
        self.assertEqual(bytes(query(conn, "SELECT s3_get('s3://bucket/key')")[0][0]), b'content')
        self.assertEqual(self.store.requests[0].target, '/bucket/key')

    def test_proxy(self):
        """A link is signed for the path that the store sees."""
        conn = self.connect(endpoints={'s3': endpoint('RGW', presigning_path_prefix='/files')})
        name = self.bucket()
        rgw().put_object(Bucket=name, Key='key', Body=b'behind the proxy')
        link = query(conn, 'SELECT s3_presign(%s)', 's3://%s/key' % name)[0][0]
        self.assertIn('/files/' + name, link)
        with urllib.request.urlopen(link.replace('/files/', '/', 1)) as answer:
            self.assertEqual(answer.read(), b'behind the proxy')

    def test_bad_values(self):
        for value in ('files', '/files/', '/', '/a//b', '/../a', '/a?b', '/a b', '/\u00e4', '/a%20b'):
            with self.subTest(value), self.assertSqlState('22023', detail='presigning_path_prefix'):
                self.connect(endpoints={'s3': entry('http://127.0.0.1:1', presigning_path_prefix=value)})


class ChecksumTest(StoreCase):
    """A put that is to have a checksum."""

    # of b'123456789', which is what the CRCs are published for
    CHECKSUMS = {
        'CRC32': 'y/Q5Jg==',
        'CRC32C': '4waSgw==',
        'CRC64NVME': 'rosUhgp5mIg=',
        'SHA1': base64.b64encode(hashlib.sha1(b'123456789').digest()).decode(),
        'SHA256': base64.b64encode(hashlib.sha256(b'123456789').digest()).decode(),
    }
    PUT = "SELECT s3_put('s3://bucket/a.bin', %s::bytea, overwrite => true, params => %s)"

    def put(self, conn, content=b'123456789', statement=None, **params):
        query(conn, statement or self.PUT, content, json.dumps(params))
        return self.store.requests[-1].headers

    def test_every_algorithm(self):
        conn = self.open()
        for name, value in self.CHECKSUMS.items():
            with self.subTest(name):
                headers = self.put(conn, ChecksumAlgorithm=name)
                self.assertEqual(headers['x-amz-sdk-checksum-algorithm'], name)
                self.assertEqual(headers['x-amz-checksum-' + name.lower()], value)
                self.assertIn('x-amz-checksum-' + name.lower(), headers['authorization'])
        headers = self.put(conn, b'', ChecksumAlgorithm='CRC32')
        self.assertEqual(headers['x-amz-checksum-crc32'], 'AAAAAA==')

    def test_what_is_sent(self):
        """It is of the compressed content, where that is sent; and of all of it."""
        conn = self.open()
        headers = self.put(conn, b'words ' * 1000, self.PUT.replace('a.bin', 'a.txt'),
                           ChecksumAlgorithm='SHA256')
        request = self.store.requests[-1]
        self.assertEqual(headers['content-encoding'], 'gzip')
        self.assertEqual(headers['x-amz-checksum-sha256'],
                         base64.b64encode(hashlib.sha256(request.body).digest()).decode())
        content = os.urandom(3 * 1024 * 1024 + 1)
        headers = self.put(conn, content, ChecksumAlgorithm='SHA1')
        self.assertEqual(headers['x-amz-checksum-sha1'],
                         base64.b64encode(hashlib.sha1(content).digest()).decode())

    def test_given(self):
        """What the caller gives is sent."""
        conn = self.open()
        headers = self.put(conn, ChecksumAlgorithm='SHA1', ChecksumSHA1='AAAA')
        self.assertEqual(headers['x-amz-checksum-sha1'], 'AAAA')
        self.assertNotIn('x-amz-checksum-sha256', self.put(conn, ChecksumAlgorithm='CRC32'))

    def test_refused(self):
        conn = self.open(multipart_part_size='5MB')
        for name in ('MD5', 'ETag', '', 'SHA512'):
            with self.assertSqlState('22023', 'invalid checksum algorithm', 'CRC64NVME'):
                self.put(conn, ChecksumAlgorithm=name)
        oid = query(conn, 'SELECT lo_from_bytea(0, %s)', bytes(6 << 20))[0][0]
        with self.assertSqlState('0A000', 'a digest cannot be given'):
            query(conn, "SELECT s3_put_lo('s3://bucket/lo', %s, params => %s)", oid,
                  '{"ChecksumAlgorithm": "CRC32"}')

    def test_links(self):
        """Whoever has the content must send the checksum, which is signed."""
        conn = self.open()
        at = "SELECT url, headers FROM s3_presign_request('s3://bucket/k', %s, params => %s)"
        ((url, headers),) = query(conn, at, 'put_object',
                                  '{"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": "abc="}')
        self.assertEqual((headers['x-amz-sdk-checksum-algorithm'], headers['x-amz-checksum-sha256']),
                         ('SHA256', 'abc='))
        self.assertIn('x-amz-checksum-sha256', url)
        for method in ('put_object', 'upload_part'):
            with self.assertSqlState('22023', 'needs the checksum in a link', hint='"ChecksumSHA256"'):
                query(conn, at, method,
                      '{"ChecksumAlgorithm": "SHA256", "PartNumber": 1, "UploadId": "u"}'
                      if method == 'upload_part' else '{"ChecksumAlgorithm": "SHA256"}')
        with self.assertSqlState('22023', 'needs the checksum in a link'):
            query(conn, "SELECT s3_presign('s3://bucket/k', 'put_object', params => CASE WHEN i < 3 THEN NULL"
                        """ ELSE '{"ChecksumAlgorithm": "CRC32"}'::jsonb END) FROM generate_series(1, 5) i""")


class NoConditionTest(StoreCase):
    """Stores on which If-None-Match does nothing."""

    SESSIONS = 8

    def put_at_once(self, conns):
        """The URL that each session has got for its content."""
        calls = [Call(conn, "SELECT s3_put('s3://bucket/same.txt', %s::text)", str(number))
                 for number, conn in enumerate(conns)]
        return [call.result(60)[0][0] for call in calls]

    def test_one_name_at_once(self):
        """All have looked before the first has put; none loses its content."""
        self.store = Store('swift_ignores_conditions', delay=0.5).start()
        self.addCleanup(self.store.stop)
        urls = self.put_at_once([self.again(gzip=False) for _ in range(self.SESSIONS)])
        self.assertEqual(len(set(urls)), self.SESSIONS)
        self.assertIn('s3://bucket/same.txt', urls)
        self.assertEqual({'s3://' + path: stored.body.decode() for path, stored in self.store.objects.items()},
                         {url: str(number) for number, url in enumerate(urls)})

    def test_array(self):
        """Nor does an element of an array."""
        self.store = Store('swift_ignores_conditions', delay=0.2).start()
        self.addCleanup(self.store.stop)
        conn = self.again()
        rows = query(conn, "SELECT stored_url FROM s3_put(array_fill('s3://bucket/same'::text, ARRAY[4]),"
                           " '{a,b,c,d}'::bytea[])")
        self.assertEqual(len(set(rows)), 4)
        self.assertEqual(sorted(stored.body for stored in self.store.objects.values()),
                         [b'a', b'b', b'c', b'd'])
