"""test_row_locks.py - rows of the queue that somebody else has locked.

Who deletes waits for no lock on a row: it would wait with an object that is
being deleted, for somebody who may wait for that.
"""
from backend import Call, wait_for
from harness import query
from queue_case import TargetCase

NO_WAIT = "SET statement_timeout = '20s'"


class LockTest(TargetCase):

    def setUp(self):
        super().setUp()
        self.remover = self.open()
        query(self.remover, NO_WAIT)

    def lock(self, how='SELECT FROM s3_deletion FOR UPDATE'):
        query(self.other, 'BEGIN')
        query(self.other, how)

    def test_while_it_is_taken_off(self):
        """It was there when it was looked at: its object is left alone."""
        self.delete(self.target)
        self.lock('DELETE FROM s3_deletion')
        self.drain(self.remover)
        self.assertEqual(self.keys(), [self.key()])
        query(self.other, 'COMMIT')
        self.drain(self.remover)
        self.assertEqual((self.keys(), self.queue()), ([self.key()], []))

    def test_while_it_is_changed(self):
        """Somebody gives it another time: the version that was looked at is none any more."""
        self.delete(self.target)
        self.lock("UPDATE s3_deletion SET next_at = now() + '1 hour'")
        self.drain(self.remover)
        query(self.other, 'COMMIT')
        self.drain(self.remover)
        self.assertEqual((self.keys(), self.queue('state')), ([self.key()], [('pending',)]))

    def held_drain(self):
        """Its request to delete is held."""
        held = self.gate.hold(lambda request: request.method in ('POST', 'DELETE'))
        self.delete(self.target)
        call = Call(self.remover, 'CALL s3_drain()')
        held.reached()
        return held, call

    def check_settles_later(self):
        """The drain has left the row as it was; the next one finds out what became of the object."""
        self.assertEqual(self.queue('state'), [('deleting',)])
        query(self.other, 'ROLLBACK')
        self.drain(self.remover)
        self.expire()
        self.drain_until()

    def test_deleted(self):
        held, call = self.held_drain()
        self.lock()
        held.release()
        call.result(30)
        self.check_settles_later()

    def test_deleted_while_somebody_may_know_it(self):
        """The row would be kept as gone."""
        reader = self.open()
        query(reader, 'BEGIN ISOLATION LEVEL REPEATABLE READ')
        query(reader, 'SELECT count(*) FROM ' + self.table)
        held, call = self.held_drain()
        self.lock()
        held.release()
        call.result(30)
        query(reader, 'COMMIT')
        self.check_settles_later()

    def test_no_answer(self):
        """The row would be given another time."""
        query(self.remover, "SET s3store.request_timeout = '2s'")
        query(self.remover, 'SET s3store.max_attempts = 1')
        held = self.gate.hold(lambda request: request.method in ('POST', 'DELETE'))
        self.delete(self.target)
        call = Call(self.remover, 'CALL s3_drain()')
        held.reached()
        self.lock()
        call.result(30)
        held.release()
        wait_for(lambda: self.keys() == [], 'the late request is served', 30)
        self.check_settles_later()
