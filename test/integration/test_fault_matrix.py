"""Every fault, met by every operation.

Each cell of the matrix is a test of its own, named after both.  It ends in the
right SQLSTATE (or none) soon; no word of it is secret; it leaves no socket and
no memory context behind; and the next call of the session is good.

A HEAD's answer has no body, so faults of the body are none for it.
"""
import gzip
import json
import pathlib
import subprocess
import time
import uuid

import psycopg2
from backend import SECRET_ACCESS_KEY, BackendCase, descriptors, entry
from fault import Answer, FaultServer, FullBacklog, Refused
from harness import connect, environment, query

SOON = 20                       # seconds, for a loaded machine: all timeouts are 300 ms
LIMIT = 1024 * 1024             # s3store.max_object_size

LATE = 'timed out after 300 ms without progress'
SLOW = 'at less than 1000 bytes a second'
HEADERS_LATE = 'timed out after 300 ms before the headers of the answer were complete'
ENDED = 'server closed the connection before the answer was complete'
NOT_HTTP = "server's answer is not valid HTTP"
HEADERS = 'headers of the answer exceed 65536 bytes or 200 lines'
ENCODED = 'answer has a transfer encoding that was not asked for'
TOO_LARGE = 'is larger than'
LOST = 'connection to server was lost'
GOOD = None                     # no error

UNTAGGED = """'{"TaggingDirective": "REPLACE"}'"""

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
    # from there to here, the other way, and on the server itself
    'copy': ("SELECT s3_copy(%s, 's3-good://answer/there', " + UNTAGGED + ')', 'get_lo'),
    'copy_there': ("SELECT s3_copy('s3-good://answer/here', %s, " + UNTAGGED + ')', 'put'),
    'copy_server': ("SELECT s3_copy(regexp_replace(url, '//.*', '//answer/here'), url)"
                    ' FROM (SELECT %s AS url) u', 'document'),
}

# Faults of the answer, whatever was asked: SQLSTATE, words
ANSWERS = {
    'truncated-headers': ('08P01', ENDED),
    'no-answer': ('08006', 'server closed the connection without an answer'),
    'half-closed': ('08006', 'server closed the connection without an answer'),
    'reset': ('08006', LOST),
    'garbage': ('08P01', NOT_HTTP),
    'bad-status': ('08P01', 'HTTP status 999'),
    'bad-length': ('08P01', NOT_HTTP),
    'endless-headers': ('08P01', HEADERS),
    'endless-header-line': ('08P01', HEADERS),
    'endless-interim': ('08P01', HEADERS),
    'transfer-gzip': ('08P01', ENCODED),
    'transfer-gzip-chunked': ('08P01', ENCODED),
    'transfer-encoded-twice': ('08P01', ENCODED),
    'silent-headers': ('08006', LATE),
    'headers-stall': ('08006', LATE),
    'slow-headers': ('08006', LATE),
    'trickled-status': ('08006', HEADERS_LATE),
    'trickled-headers': ('08006', HEADERS_LATE),
    'trickled-interim': ('08006', HEADERS_LATE),
}

# Faults of its body, without a length in some
UNKNOWN_LENGTH = ('truncated-chunked', 'bad-chunks', 'trickled-chunks', 'endless-trailers', 'endless-body',
                  'endless-chunked')
BODIES = {
    'truncated': ('08P01', ENDED),
    'half-closed-body': ('08P01', ENDED),
    'truncated-chunked': ('08P01', ENDED),
    'reset-body': ('08006', LOST),
    'bad-chunks': ('08P01', NOT_HTTP),
    'endless-trailers': ('08P01', HEADERS),
    'endless-body': ('54000', TOO_LARGE),
    'endless-chunked': ('54000', TOO_LARGE),
    'huge-length': ('54000', TOO_LARGE),
    'download-stall': ('08006', LATE),
    'slow-drip': ('08006', LATE),
    'trickle': ('08006', SLOW),
    'trickled-chunks': ('08006', SLOW),
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
UNREADABLE = ('08P01', None)

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
    'wrong-region': (Answer(400, {'x-amz-bucket-region': 'eu-west-3'},
                            b'<Error><Code>AuthorizationHeaderMalformed</Code>'
                            b'<Region>eu-west-3</Region></Error>'), {'': REFUSED}),
    'skewed': (error(403, 'RequestTimeTooSkewed'), {'': DENIED}),
    'no-key': (error(404, 'NoSuchKey'), {'': ABSENT, 'head': GOOD, 'exists': GOOD, 'delete': GOOD}),
    'no-bucket': (error(404, 'NoSuchBucket'), {'': ABSENT}),
    'no-s3': (Answer(404, {}, b'<html>'), {'': ABSENT, 'head': GOOD, 'exists': GOOD}),
    'conflict': (error(409, 'OperationAborted'), {'': CONFLICT}),
    'precondition': (error(412, 'PreconditionFailed'), {'': CONFLICT}),
    'too-large': (error(413, 'EntityTooLarge'), {'': ('54000', None)}),
    'not-implemented': (error(501, 'NotImplemented'), {'': ('0A000', None)}),
    'doctype': (Answer(403, {}, b'<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;">]>'
                                b'<Error><Code>&b;</Code></Error>'), {'': DENIED}),
    'deep': (Answer(403, {}, b'<Error>' + b'<a>' * 100000), {'': DENIED}),
    'control-characters': (Answer(403, {}, b'<Error><Code>\xff\x1b[1m</Code></Error>'), {'': DENIED}),
    'late-error': (error(200, 'InternalError'), {'': GOOD, 'list': UNREADABLE, 'document': FAILED}),
    'html': (Answer(200, {}, b'<html><body>Welcome!</body></html>'),
             {'': GOOD, 'list': UNREADABLE, 'document': UNREADABLE}),
    'nothing': (Answer(200, {}, b''), {'': GOOD, 'list': UNREADABLE, 'document': UNREADABLE}),
    'no-xml': (Answer(200, {}, bytes(range(256))), {'': GOOD, 'list': UNREADABLE, 'document': UNREADABLE}),
    'unfinished-xml': (Answer(200, {}, b'<ListBucketResult><IsTruncated>false</IsTruncated>'),
                       {'': GOOD, 'list': UNREADABLE, 'document': UNREADABLE}),
    'attributes': (Answer(200, {}, b'<ListBucketResult ' + b' '.join(
        b"a%x=''" % number for number in range(70000)) + b'/>'),
                   {'': GOOD, 'list': ('08P01', 'could not understand'), 'document': UNREADABLE}),
    'entries': (Answer(200, {}, b'<ListBucketResult>' + b'<a/>' * 200000 + b'</ListBucketResult>'),
                {'': GOOD, 'list': ('08P01', 'could not understand'), 'document': UNREADABLE}),
    'endless-list': (Answer(200, {}, b'<ListBucketResult><IsTruncated>true</IsTruncated>'
                                     b'<NextContinuationToken>t</NextContinuationToken>'
                                     b'</ListBucketResult>'), {'': GOOD, 'list': UNREADABLE, 'document': UNREADABLE}),
    'another-content': (Answer(200, {'ETag': '"%s"' % ('0' * 32)}, b'content'),
                        {'': ('08P01', 'another content'), 'head': GOOD, 'exists': GOOD,
                         'delete': GOOD, 'list': UNREADABLE, 'document': UNREADABLE}),
    'gzip-bomb': (Answer(200, {'Content-Encoding': 'gzip'}, BOMB),
                  {'': GOOD, 'get': ('54000', 'uncompressed'), 'get_lo': ('54000', 'uncompressed'),
                   'list': UNREADABLE, 'document': UNREADABLE}),
    'gzip-cut': (Answer(200, {'Content-Encoding': 'gzip'}, BOMB[:100]),
                 {'': GOOD, 'get': ('08P01', 'uncompress'), 'get_lo': ('08P01', 'uncompress'),
                  'list': UNREADABLE, 'document': UNREADABLE}),
    'close': (Answer(200, {'Connection': 'close'}, b'good'), {'': GOOD, 'list': UNREADABLE, 'document': UNREADABLE}),
}
for status in (300, 301, 302, 303, 307, 308):
    NAMED['redirect-%d' % status] = (Answer(status, {'Location': 'REDIRECTED'}, b''), {'': REFUSED})

# Cells that are something else, and why
SPECIAL = {
    # a copy does not look into the content
    ('gzip-bomb', 'copy'): GOOD,
    ('gzip-cut', 'copy'): GOOD,
    # what is so large goes in parts, and the other server takes none
    ('huge-length', 'copy'): ('08P01', 'start the upload'),
    # a text must be one
    ('no-xml', 'get_text'): ('22021', None),
}

# Servers that nobody gets through to
SERVERS = {
    'refused': ('08006', 'could not connect to server'),
    'backlog': ('08006', 'timed out after 300 ms while connecting'),
    'no-name': ('08006', None),
    'silent-accept': ('08006', LATE),
    'reset-accept': ('08006', None),
    'silent-tls': ('08006', 'timed out after 300 ms while negotiating TLS'),
    'no-tls': ('08006', None),
    'unknown-authority': ('08006', 'TLS certificate verification failed'),
    'other-host': ('08006', 'TLS certificate verification failed'),
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
        named['deleted'] = Answer(200, {}, b'<DeleteResult><Deleted><Key>1</Key></Deleted>'
                                           b'<Deleted><Key>2</Key></Deleted></DeleteResult>')
        cls.server = cls.enter(FaultServer(drip=0.6, named=named))
        cls.endpoints = {'s3-good': entry(cls.good.endpoint), 's3-bad': entry(cls.server.endpoint),
                         's3-again': entry(cls.server.endpoint, max_attempts=2)}
        for name, (endpoint, more) in cls.unreachable().items():
            cls.endpoints['s3-' + name] = entry(endpoint, **more)
        cls.conn = None

    @classmethod
    def unreachable(cls):
        """An endpoint for each of SERVERS, and what its entry has besides."""
        directory = pathlib.Path(environment('S3STORE_TEST_DIR')) / ('tls-' + uuid.uuid4().hex[:8])
        directory.mkdir()
        elsewhere = [str(directory / name) for name in ('elsewhere.crt', 'elsewhere.key')]
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-subj', '/CN=elsewhere', '-addext', 'subjectAltName=DNS:elsewhere.test',
                        '-out', elsewhere[0], '-keyout', elsewhere[1]],
                       check=True, stderr=subprocess.DEVNULL)
        tls = cls.enter(FaultServer(tls=elsewhere)).endpoint
        plain = cls.enter(FaultServer()).endpoint
        silent = cls.enter(FaultServer('silent-tls')).endpoint
        return {
            'refused': (cls.enter(Refused()).endpoint, {}),
            'backlog': (cls.enter(FullBacklog()).endpoint, {}),
            'no-name': ('http://nowhere.invalid', {}),
            'silent-accept': (cls.enter(FaultServer('silent-accept')).endpoint, {}),
            'reset-accept': (cls.enter(FaultServer('reset-accept')).endpoint, {}),
            'silent-tls': (silent.replace('http:', 'https:'), {}),
            'no-tls': (plain.replace('http:', 'https:'), {}),
            'unknown-authority': (tls, {}),
            'other-host': (tls, {'ca_file': elsewhere[0]}),
        }

    @classmethod
    def open(cls):
        """The session of the class, which is made once more when it is lost."""
        if cls.conn is None or cls.conn.closed:
            conn = connect(endpoints=cls.endpoints)
            for name in ('request_timeout', 'connect_timeout'):
                query(conn, "SELECT set_config('s3store.%s', '300ms', false)" % name)
            query(conn, "SELECT set_config('s3store.max_object_size', %s, false)",
                  '%dkB' % (LIMIT // 1024))
            query(conn, "CREATE TEMP TABLE large AS SELECT lo_from_bytea(0, 'content') AS oid")
            query(conn, 'SET s3store.put_undo = off')   # a put is one request
            cls.conn = conn
            cls.addClassCleanup(conn.close)
            # what is made once, at the first call, is no leak
            statements = [(statement, 'internal-error') for statement, _ in OPERATIONS.values()]
            for statement, fault in statements + [(OPERATIONS['head'][0], 'wrong-region')]:
                try:
                    query(conn, statement, 's3-bad://%s/first' % fault)
                except psycopg2.Error:
                    pass
        return cls.conn

    def contexts(self, conn):
        """How many memory contexts of ours there are (PostgreSQL 14 on)."""
        if conn.server_version < 140000:
            return 0
        return query(conn, "SELECT count(*) FROM pg_backend_memory_contexts"
                           " WHERE name LIKE 's3store%%'")[0][0]

    def forget(self, conn):
        """Lets a request meet what an earlier cell has left in a kept connection."""
        self.server.drop_connections()
        try:
            query(conn, "SELECT s3_exists('s3-bad://answer/key')")
        except psycopg2.Error:
            pass

    def cell(self, operation, url, expected):
        conn = self.open()
        self.forget(conn)
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
        self.check_left(conn, before, contexts, held=1)

    def check_left(self, conn, before, contexts, held):
        """The session goes on; of the call, at most the kept connections are left."""
        self.check_good(conn)
        self.check_descriptors(conn, before, held=held)
        self.assertEqual(self.contexts(conn), contexts, 'memory contexts')

    def assertFailed(self, row, expected):
        """The row of an array form: SQLSTATE and words."""
        state, words = row
        self.assertEqual(state, expected[0], words)
        self.assertIn(expected[1] or '', words)
        self.assertNotIn(SECRET_ACCESS_KEY, words)


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
            if (kind == 'get_lo' or operation == 'size') and fault in UNKNOWN_LENGTH:
                expected = UNREADABLE
            elif kind in ('head', 'exists'):
                expected = GOOD
            # the second request may meet what the first one's answer has left
            scheme = 's3-again' if kind == 'get_lo' else 's3-bad'
            add_cell(Matrix, fault, operation, '%s://%s/key' % (scheme, fault),
                     SPECIAL.get((fault, operation), expected))
        for fault, (_, ends) in NAMED.items():
            add_cell(Matrix, fault, operation, url % fault, SPECIAL.get(
                (fault, operation), ends.get(kind, ends[''])))
        for fault, expected in SERVERS.items():
            add_cell(Matrix, fault, operation, 's3-%s://bucket/key' % fault, expected)


fill_matrix()

# The array forms: one URL of three meets the fault, and the others do not notice
MANY = {
    'get_many': ("s3_get(ARRAY['s3-good://answer/1', %s, 's3-good://answer/2'])", 'get'),
    'head_many': ("s3_head(ARRAY['s3-good://answer/1', %s, 's3-good://answer/2'])", 'head'),
    'exists_many': ("s3_exists(ARRAY['s3-good://answer/1', %s, 's3-good://answer/2'])", 'exists'),
    'put_many': ("s3_put(ARRAY['s3-good://answer/1', %s, 's3-good://answer/2'],"
                 " ARRAY['1', '2', '3']::bytea[], overwrite => true)", 'put'),
}


class Arrays(Matrix):
    """The same for the array forms, whose rows tell how each URL fared."""

    def cell(self, operation, url, expected):
        conn = self.open()
        self.forget(conn)
        before = descriptors(conn.info.backend_pid)
        contexts = self.contexts(conn)
        rows = query(conn, 'SELECT sqlstate, error FROM ' + MANY[operation][0], url)
        self.assertEqual(rows[::2], [(None, None)] * 2)
        if expected is GOOD:
            self.assertEqual(rows[1], (None, None))
        else:
            self.assertFailed(rows[1], expected)
        self.check_left(conn, before, contexts, held=4)


def fill_arrays():
    for name in [name for name in dir(Matrix) if name.startswith('test_')]:
        setattr(Arrays, name, None)                     # not once more
    for operation, (_, kind) in MANY.items():
        cells = [(fault, 's3-bad://%s/key' % fault, expected) for fault, expected in ANSWERS.items()]
        cells += [(fault, 's3-bad://%s/key' % fault,
                   GOOD if kind in ('head', 'exists') else expected)
                  for fault, expected in BODIES.items()
                  if not (fault == 'reset-body' and kind in ('head', 'exists'))]
        cells += [(fault, 's3-bad://%s/key' % fault, ends.get(kind, ends['']))
                  for fault, (_, ends) in NAMED.items()]
        cells += [(fault, 's3-%s://bucket/key' % fault, expected)
                  for fault, expected in SERVERS.items()]
        for fault, url, expected in cells:
            add_cell(Arrays, fault, operation, url, expected)


fill_arrays()


class Deletes(Matrix):
    """DeleteObjects: the batch of one bucket meets the fault, the other one does not.

    What a server cannot do is remembered, so each cell has a session of its own.
    """

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, type(self), 'conn', None)

    def cell(self, operation, url, expected):
        conn = self.open()
        query(conn, "SELECT count(*) FROM s3_delete("
              "ARRAY['s3-bad://deleted/1', 's3-bad://deleted/2'])")
        before = descriptors(conn.info.backend_pid)
        contexts = self.contexts(conn)
        rows = query(conn, 'SELECT sqlstate, error FROM s3_delete(ARRAY['
                           "'s3-bad://deleted/1', %s, 's3-bad://deleted/2', %s])", url, url + '2')
        self.assertEqual(rows[::2], [(None, None)] * 2)
        for row in rows[1::2]:
            if expected is GOOD:
                self.assertEqual(row, (None, None))
            else:
                self.assertFailed(row, expected)
        self.check_left(conn, before, contexts, held=4)


def fill_deletes():
    for name in [name for name in dir(Matrix) if name.startswith('test_')]:
        setattr(Deletes, name, None)
    cells = {fault: ('s3-bad://%s/key' % fault, expected)
             for fault, expected in {**ANSWERS, **BODIES}.items()}
    for fault, (_, ends) in NAMED.items():
        expected = ends.get('document', ends[''])
        cells[fault] = ('s3-bad://%s/key' % fault, UNREADABLE if expected is GOOD else expected)
    # what DeleteObjects is refused with, the deletion of one object may mean otherwise
    cells['no-key'] = ('s3-bad://no-key/key', GOOD)
    for fault, expected in SERVERS.items():
        cells[fault] = ('s3-%s://bucket/key' % fault, expected)
    for fault, (url, expected) in cells.items():
        add_cell(Deletes, fault, 'delete_many', url, expected)


fill_deletes()

LIST = Answer(200, {}, b'<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>')
COPIED = Answer(200, {}, b'<CopyObjectResult/>')
FOUND = Answer(200, {'ETag': '"e"'}, b'good')

# name: answers before the last request, the last request's
SUCCESSES = {
    'get': ([], FOUND), 'get_lo': ([FOUND], FOUND), 'head': ([], FOUND), 'put': ([], Answer(200, {}, b'')),
    'list': ([], LIST), 'delete': ([], Answer(204, {}, b'')), 'copy_server': ([FOUND], COPIED),
}
PASSING = {
    'internal-error': error(500, 'InternalError'), 'bad-gateway': Answer(502, {}, b'<html>'),
    'unavailable': error(503, 'ServiceUnavailable'), 'slow-down': error(503, 'SlowDown'),
    'gateway-timeout': Answer(504, {}, b''), 'too-many': Answer(429, {}, b''),
    'request-timeout': error(400, 'RequestTimeout'), 'no-answer': 'no-answer', 'reset': 'reset',
    'truncated-headers': 'truncated-headers', 'late-error': error(200, 'InternalError'),
    'silent-headers': 'silent-headers', 'retry-after': error(503, 'SlowDown', **{'Retry-After': '1'}),
}
LASTING = ('invalid', 'denied', 'no-bucket', 'precondition', 'not-implemented', 'unauthorized')


class Again(BackendCase):
    """What passes is tried again, what lasts is not."""

    def ask(self, operation, answers, attempts):
        """Returns how often the request was sent that meets the fault."""
        before, _ = SUCCESSES[operation]
        with FaultServer(answers=before + answers) as server:
            conn = self.session(server.endpoint, timeout='300ms', max_attempts=attempts)
            query(conn, 'SET s3store.put_undo = off')   # a put is one request
            query(conn, "CREATE TEMP TABLE large AS SELECT lo_from_bytea(0, 'content') AS oid")
            try:
                query(conn, OPERATIONS[operation][0], 's3-bad://bucket/key')
            finally:
                self.sent = len(server.requests) - len(before)
                self.check_good(conn)

    def passing(self, operation, fault):
        self.ask(operation, [PASSING[fault], SUCCESSES[operation][1]], 3)
        # one without an answer may not have been counted
        self.assertIn(self.sent, (1, 2) if isinstance(PASSING[fault], str) else (2,))

    def lasting(self, operation, fault):
        state, _ = NAMED[fault][1]['']
        with self.assertSqlState(state):
            self.ask(operation, [NAMED[fault][0]], 3)
        # the answer to a HEAD has no words: a GET asks for them
        explained = operation == 'head' and fault in ('invalid', 'denied', 'no-bucket', 'unauthorized')
        self.assertEqual(self.sent, 2 if explained else 1)

    def test_attempts(self):
        """No more than max_attempts."""
        for attempts in (1, 2, 3):
            with self.subTest(attempts), self.assertSqlState('58030'):
                self.ask('get', [error(500, 'InternalError')], attempts)
            self.assertEqual(self.sent, attempts)


def fill_again():
    for operation in SUCCESSES:
        for fault in PASSING:
            if fault == 'late-error' and operation != 'copy_server':
                continue        # elsewhere it is content, or no answer to that
            if fault == 'request-timeout' and operation == 'head':
                continue        # without a body, nothing says what it is
            def passing(self, operation=operation, fault=fault):
                self.passing(operation, fault)
            setattr(Again, 'test_%s__passing_%s' % (operation, fault), passing)
        for fault in LASTING:
            if (operation, fault) == ('copy_server', 'precondition'):
                continue        # it may be its own
            def lasting(self, operation=operation, fault=fault):
                self.lasting(operation, fault)
            setattr(Again, 'test_%s__lasting_%s' % (operation, fault), lasting)


fill_again()
