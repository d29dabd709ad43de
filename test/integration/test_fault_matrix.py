"""Every fault, met by every operation.

Each cell of the matrix is a test of its own, named after both.  It ends in the
right SQLSTATE (or none) soon; no word of it is secret; it leaves no socket and
no memory context behind; and the next call of the session is good.

A HEAD's answer has no body, so faults of the body are none for it.
"""
import gzip
import os
import pathlib
import subprocess
import time
import uuid

from backend import SECRET_ACCESS_KEY, BackendCase, descriptors, entry
from fault import Answer, FaultServer, FullBacklog
from harness import environment, query

import json

SOON = 20                       # seconds, for a loaded machine: all timeouts are 300 ms
LIMIT = 1024 * 1024             # s3store.max_object_size

LATE = 'timed out after 300 ms without progress'
ENDED = 'server closed the connection before the answer was complete'
NOT_HTTP = "server's answer is not valid HTTP"
HEADERS = 'headers of the answer exceed 65536 bytes or 200 lines'
TOO_LARGE = 'is larger than'
LOST = 'connection to server was lost'
GOOD = None                     # no error

# name: statement; what kind of request meets the fault
OPERATIONS = {
    'get': ('SELECT s3_get(%s)', 'get'),
    'get_text': ('SELECT s3_get_text(%s)', 'get'),
    'get_lo': ('SELECT lo_unlink(s3_get_lo(%s))', 'get_lo'),
    'head': ('SELECT * FROM s3_head(%s)', 'head'),
    'size': ('SELECT s3_size(%s)', 'head'),
    'exists': ('SELECT s3_exists(%s)', 'exists'),
    'put': ("SELECT s3_put(%s, 'content'::bytea, overwrite => true)", 'put'),
    'put_lo': ('SELECT s3_put_lo(%s, large.oid, overwrite => true) FROM large', 'put'),
    'list': ('SELECT count(*) FROM s3_list(%s)', 'list'),
    'delete': ('SELECT s3_delete(%s)', 'delete'),
    'copy': ("SELECT s3_copy(%s, 's3-good://answer/there')", 'get_lo'),
    'copy_there': ("SELECT s3_copy('s3-good://answer/here', %s)", 'put'),
    'copy_here': ("SELECT s3_copy(%s, 's3-bad://answer/there')", 'get_lo'),
}

# Faults of the answer, whatever was asked: SQLSTATE, words
ANSWERS = {
    'truncated-headers': ('08P01', ENDED),
    'no-answer': ('08006', 'server closed the connection without an answer'),
    'reset': ('08006', LOST),
    'garbage': ('08P01', NOT_HTTP),
    'bad-status': ('08P01', 'HTTP status 999'),
    'bad-length': ('08P01', NOT_HTTP),
    'endless-headers': ('08P01', HEADERS),
    'endless-header-line': ('08P01', HEADERS),
    'endless-interim': ('08P01', HEADERS),
    'silent-headers': ('08006', LATE),
    'headers-stall': ('08006', LATE),
}

# Faults of its body
BODIES = {
    'truncated': ('08P01', ENDED),
    'truncated-chunked': ('08P01', ENDED),
    'reset-body': ('08006', LOST),
    'bad-chunks': ('08P01', NOT_HTTP),
    'endless-trailers': ('08P01', HEADERS),
    'endless-body': ('54000', TOO_LARGE),
    'endless-chunked': ('54000', TOO_LARGE),
    'huge-length': ('54000', TOO_LARGE),
    'download-stall': ('08006', LATE),
    'slow-drip': ('08006', LATE),
}


def error(status, code, **headers):
    return Answer(status, headers, b'<?xml version="1.0"?><Error><Code>%s</Code>'
                                   b'<Message>m</Message></Error>' % code.encode())


BOMB = gzip.compress(bytes(20 * LIMIT))
REFUSED = ('22023', None)
FAILED = ('58030', None)
DENIED = ('42501', None)
ABSENT = ('58P01', None)
CONFLICT = ('58P02', None)

# name: what the server says, and how it ends for each kind ('': for every other)
NAMED = {
    'internal-error': (error(500, 'InternalError'), {'': FAILED}),
    'bad-gateway': (Answer(502, {}, b'<html>'), {'': FAILED}),
    'unavailable': (error(503, 'ServiceUnavailable'), {'': FAILED}),
    'slow-down': (error(503, 'SlowDown'), {'': FAILED}),
    'gateway-timeout': (Answer(504, {}, b''), {'': FAILED}),
    'too-many': (Answer(429, {}, b''), {'': FAILED}),
    'request-timeout': (error(400, 'RequestTimeout'),
                        {'': FAILED, 'head': REFUSED, 'exists': REFUSED, 'get_lo': REFUSED}),
    'invalid': (error(400, 'InvalidArgument'), {'': REFUSED}),
    'unauthorized': (Answer(401, {}, b''), {'': DENIED}),
    'denied': (error(403, 'AccessDenied'), {'': DENIED}),
    'skewed': (error(403, 'RequestTimeTooSkewed'), {'': DENIED}),
    'no-key': (error(404, 'NoSuchKey'), {'': ABSENT, 'head': GOOD, 'exists': GOOD, 'delete': GOOD}),
    'no-bucket': (error(404, 'NoSuchBucket'), {'': ABSENT, 'head': GOOD, 'exists': GOOD}),
    'no-s3': (Answer(404, {}, b'<html>'), {'': ABSENT, 'head': GOOD, 'exists': GOOD}),
    'conflict': (error(409, 'OperationAborted'), {'': CONFLICT}),
    'precondition': (error(412, 'PreconditionFailed'), {'': CONFLICT}),
    'too-large': (error(413, 'EntityTooLarge'), {'': ('54000', None)}),
    'not-implemented': (error(501, 'NotImplemented'), {'': ('0A000', None)}),
    'doctype': (Answer(403, {}, b'<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;">]>'
                                b'<Error><Code>&b;</Code></Error>'), {'': DENIED}),
    'deep': (Answer(403, {}, b'<Error>' + b'<a>' * 100000), {'': DENIED}),
    'control-characters': (Answer(403, {}, b'<Error><Code>\xff\x1b[1m</Code></Error>'), {'': DENIED}),
    'late-error': (error(200, 'InternalError'), {'': GOOD, 'list': FAILED}),
    'html': (Answer(200, {}, b'<html><body>Welcome!</body></html>'),
             {'': GOOD, 'list': ('08P01', None)}),
    'nothing': (Answer(200, {}, b''), {'': GOOD, 'list': ('08P01', None)}),
    'no-xml': (Answer(200, {}, bytes(range(256))), {'': GOOD, 'list': ('08P01', None)}),
    'unfinished-xml': (Answer(200, {}, b'<ListBucketResult><IsTruncated>false</IsTruncated>'),
                       {'': GOOD, 'list': ('08P01', None)}),
    'endless-list': (Answer(200, {}, b'<ListBucketResult><IsTruncated>true</IsTruncated>'
                                     b'<NextContinuationToken>t</NextContinuationToken>'
                                     b'</ListBucketResult>'), {'': GOOD, 'list': ('08P01', None)}),
    'another-content': (Answer(200, {'ETag': '"%s"' % ('0' * 32)}, b'content'),
                        {'': ('08P01', 'another content'), 'head': GOOD, 'exists': GOOD,
                         'delete': GOOD, 'list': ('08P01', None)}),
    'gzip-bomb': (Answer(200, {'Content-Encoding': 'gzip'}, BOMB),
                  {'': GOOD, 'get': ('54000', 'uncompressed'), 'get_lo': ('54000', 'uncompressed'),
                   'list': ('08P01', None)}),
    'gzip-cut': (Answer(200, {'Content-Encoding': 'gzip'}, BOMB[:100]),
                 {'': GOOD, 'get': ('08P01', 'uncompress'), 'get_lo': ('08P01', 'uncompress'),
                  'list': ('08P01', None)}),
    'close': (Answer(200, {'Connection': 'close'}, b'good'), {'': GOOD, 'list': ('08P01', None)}),
}
for status in (300, 301, 302, 303, 307, 308):
    NAMED['redirect-%d' % status] = (Answer(status, {'Location': 'REDIRECTED'}, b''), {'': REFUSED})

# Cells that are something else, and why: ends
SPECIAL = {
    # a copy through here does not look into the content
    ('gzip-bomb', 'copy'): GOOD, ('gzip-bomb', 'copy_here'): ('08P01', None),
    ('gzip-cut', 'copy'): GOOD, ('gzip-cut', 'copy_here'): ('08P01', None),
    # what is known to be too large is not asked for in ranges
    # the answer to a copy on one server is a document
    **{(name, 'copy_here'): ('08P01', None) for name in (
        'html', 'nothing', 'no-xml', 'unfinished-xml', 'endless-list', 'close', 'late-error')},
    # a HEAD says 404, whatever the body would: the target is not asked for
    # a text must be one
    ('no-xml', 'get_text'): ('22021', None),
}


class Matrix(BackendCase):
    """One session for all cells."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.elsewhere = cls.enter(FaultServer())
        named = {name: answer._replace(headers={
            field: value.replace('REDIRECTED', cls.elsewhere.endpoint + '/stolen')
            for field, value in answer.headers.items()}) for name, (answer, _) in NAMED.items()}
        cls.server = cls.enter(FaultServer(drip=0.6, named=named))
        cls.conn = None

    @classmethod
    def endpoints(cls):
        return {'s3-good': entry(cls.good.endpoint), 's3-bad': entry(cls.server.endpoint)}

    @classmethod
    def open(cls):
        """The session of the class, which is made once more when it is lost."""
        from harness import connect
        if cls.conn is None or cls.conn.closed:
            conn = connect(endpoints=cls.endpoints())
            for name in ('request_timeout', 'connect_timeout'):
                query(conn, "SELECT set_config('s3store.%s', '300ms', false)" % name)
            query(conn, "SELECT set_config('s3store.max_object_size', %s, false)",
                  '%dkB' % (LIMIT // 1024))
            query(conn, "CREATE TEMP TABLE large AS SELECT lo_from_bytea(0, 'content') AS oid")
            cls.conn = conn
            cls.addClassCleanup(conn.close)
        return cls.conn

    def contexts(self, conn):
        """How many memory contexts of ours there are (PostgreSQL 14 on)."""
        if conn.server_version < 140000:
            return 0
        return query(conn, "SELECT count(*) FROM pg_backend_memory_contexts"
                           " WHERE name LIKE 's3store%%'")[0][0]

    def cell(self, operation, url, expected):
        conn = self.open()
        self.check_good(conn)
        before = descriptors(conn.info.backend_pid)
        contexts = self.contexts(conn)
        start = time.monotonic()
        if expected is GOOD:
            query(conn, OPERATIONS[operation][0], url)
        else:
            state, words = expected
            with self.assertSqlState(state, words) as caught:
                query(conn, OPERATIONS[operation][0], url)
            for secret in (SECRET_ACCESS_KEY, 'Signature', 'X-Amz', 'x-amz', 'AWS4', '\x1b'):
                self.assertNotIn(secret, str(caught.error))
        self.assertLess(time.monotonic() - start, SOON)
        self.check_good(conn)
        self.check_descriptors(conn, before, held=1)    # a kept connection
        self.assertEqual(self.contexts(conn), contexts, 'memory contexts')


def add_cell(cls, fault, operation, url, expected):
    def test(self):
        self.cell(operation, url, expected)
        if fault.startswith('redirect'):
            self.assertEqual(self.elsewhere.requests, [])
    setattr(cls, 'test_%s__%s' % (operation, fault), test)


def fill_matrix():
    for operation, (_, kind) in OPERATIONS.items():
        url = 's3-bad://%s/key'
        for fault, expected in ANSWERS.items():
            add_cell(Matrix, fault, operation, url % fault, expected)
        for fault, expected in BODIES.items():
            if kind in ('head', 'exists', 'get_lo') and fault == 'reset-body':
                continue        # a reset may overtake the head
            add_cell(Matrix, fault, operation, url % fault, SPECIAL.get(
                (fault, operation), GOOD if kind in ('head', 'exists') else expected))
        for fault, (_, ends) in NAMED.items():
            add_cell(Matrix, fault, operation, url % fault, SPECIAL.get(
                (fault, operation), ends.get(kind, ends[''])))


fill_matrix()
