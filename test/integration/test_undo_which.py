"""test_undo_which.py - which object, and which version, is of a put that was rolled back.

Each case has something beside it that looks the same, but for one thing.
"""
import subprocess

from backend import Call, as_owner, program, wait_for
from fault import Gate
from harness import endpoint, environment, query
from undo_case import DEADLINE, UndoCase


class ContentTest(UndoCase):
    """An object without versions is told by its ETag and size."""

    def test_other_content_of_the_same_size(self):
        self.put(content='ours')
        self.session.rollback()
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'else')
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'else'})

    def test_other_content_of_a_put_that_was_found(self):
        """A put has found what others wrote: that it is of the same size as ours makes it not ours."""
        self.put(content='ours')
        self.session.rollback()
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'else')
        self.put(content='mine', overwrite=True)
        self.session.rollback()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'mine'})

    def test_put_that_committed(self):
        """It has found what the one before it has written, and keeps the name."""
        self.put(content='ours')
        other = self.connect()
        self.put(other, content='mine', overwrite=True)
        self.session.rollback()
        other.commit()
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'mine'})

    def restart_with(self, *options):
        self.cluster.command('stop')
        as_owner([program('pg_resetwal'), *options, '-D', self.cluster.settings['PGDATA']],
                 stdout=subprocess.DEVNULL)
        self.cluster.command('start')

    def check_forgotten(self, *options):
        """A put whose transaction is so old that nobody knows what became of it."""
        self.put()
        self.session.rollback()
        self.restart_with(*options)
        self.assertEqual(self.settle(), 0)
        self.assertObjects({'': 'content'})
        ((kind, state, error),) = self.queue('kind', 'state', 'last_error')
        self.assertEqual((kind, state), ('undo', 'dead'))
        self.assertIn('its ID is too old', error)

    def test_more_than_half_of_the_range_ago(self):
        """Its number, without the epoch, is that of another transaction."""
        self.check_forgotten('-e', '1')

    def test_before_the_commit_log(self):
        """As after a vacuum that froze all rows."""
        conn = self.connect(autocommit=True)
        if conn.server_version < 140000:
            self.check_forgotten('-e', '2')           # there is no such option
            return
        ((xid,),) = query(conn, 'SELECT (txid_current() + 1) % (2 ^ 32)::bigint')
        query(conn, 'SELECT txid_current() FROM generate_series(1, 3)')
        self.check_forgotten('-u', str(xid + 2))


class VersionTest(UndoCase):
    """A put whose answer was lost: its version is looked for by its content."""

    versioned = True

    def put_and_lose(self):
        """A version before has the same content, and is no put's any more."""
        self.put()
        self.session.commit()
        self.settle()
        first = self.version_ids()
        self.put(overwrite=True)
        self.session.rollback()
        self.lose_answers()
        return first

    def version_ids(self):
        return {version['VersionId'] for version in self.s3.list_object_versions(
            Bucket=self.name, Prefix=self.key())['Versions']}

    def test_version_before(self):
        """Is no candidate: there is one, and it goes."""
        first = self.put_and_lose()
        self.assertEqual(len(self.version_ids()), 2)
        self.settle()
        self.assertEqual(self.version_ids(), first)

    def test_two_candidates(self):
        """One of them is of somebody else, and nobody knows which: both stay, and that is told."""
        self.put_and_lose()
        self.s3.put_object(Bucket=self.name, Key=self.key(), Body=b'content')
        before = self.version_ids()
        self.assertEqual(len(before), 3)
        self.settle()
        self.assertEqual(self.version_ids(), before)
        ((state, error),) = self.queue('state', 'last_error')
        self.assertEqual(state, 'dead')
        self.assertIn('cannot tell', error)


class GateCase(UndoCase):
    """Requests can be held."""

    def connect(self, endpoints=None, **kw):
        return super().connect({'s3': endpoint('RGW', endpoint_url=self.gate.endpoint)}, **kw)

    def setUp(self):
        self.gate = Gate(environment('RGW_ENDPOINT')).__enter__()
        self.addCleanup(self.gate.__exit__)
        super().setUp()


class CopyTest(GateCase):
    """Ceph's answer to a copy does not tell the version."""

    versioned = True

    def test_sent_twice(self):
        """The first answer was lost, and the second has no version: both are of the copy."""
        source = self.url('.source')
        self.s3.put_object(Bucket=self.name, Key=self.key('.source'), Body=b'content')
        held = self.gate.hold(lambda request: request.method == 'PUT', after=True)
        query(self.session, 'SELECT s3_copy(%s, %s)', source, self.url())
        held.release()
        versions = self.s3.list_object_versions(Bucket=self.name, Prefix=self.key())['Versions']
        self.assertEqual([version['Key'] for version in versions].count(self.key()), 2)
        self.session.rollback()
        self.settle()
        self.assertObjects({'.source': 'content'})
        self.assertEqual(self.queue('state'), [])


class GateTest(GateCase):
    """What a request that is held shows."""

    def test_after_the_first_look(self):
        """A request without an answer is carried out when the object was looked for already."""
        query(self.session, 'SET s3store.max_attempts = 1')
        self.session.commit()
        held = self.gate.hold(lambda request: request.method == 'PUT')
        with self.assertSqlState('08006'):
            self.put()
        self.session.rollback()
        conn = self.connect(autocommit=True)
        self.assertEqual(self.sweep(conn), 0)
        self.assertIn('HEAD', self.gate.methods()[1:])          # it was looked for
        held.release()
        wait_for(self.is_there, 'the late request is served', DEADLINE)
        self.assertEqual(self.settle(), 1)
        self.assertObjects({})

    def test_two_removers(self):
        """The second one would take the request of the first one for one that was given up."""
        self.put()
        self.session.rollback()
        first, second = self.connect(autocommit=True), self.connect(autocommit=True)
        held = self.gate.hold(lambda request: request.method == 'POST')
        call = Call(first, 'CALL s3_drain()')
        held.reached()
        before = len(self.gate.requests)
        self.assertEqual(self.sweep(second), 0)
        self.assertEqual(len(self.gate.requests), before)
        self.assertEqual(self.ask("SELECT count(*) FROM s3_deletion WHERE unsure_until IS NOT NULL"), [(0,)])
        held.release()
        call.result(DEADLINE)
        self.settle()
        self.assertObjects({})
