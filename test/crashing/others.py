"""Sessions beside the clients: they drain, sync, end what is prepared, detach a partition."""
import time

import psycopg2

from .session import Session

DETACH = ("SET LOCAL lock_timeout = '1s'", 'ALTER TABLE event DETACH PARTITION event2',
          "SELECT s3_follow('event2', 'photo')")
ATTACH = ("SET LOCAL lock_timeout = '10s'", "SELECT s3_unfollow('event2', 'photo')",
          'ALTER TABLE event ATTACH PARTITION event2 FOR VALUES IN (2)')
IS_DETACHED = "SELECT NOT relispartition FROM pg_class WHERE oid = 'event2'::regclass"


class Drainer(Session):
    """Works off the queue beside the worker."""

    def work(self):
        try:
            most = self.random.choice((None, None, 1, 5))
            self.query('CALL s3_drain(%s)', most)
            self.round.count('drained')
        except psycopg2.Error as error:
            if not self.is_good():
                raise
            self.tell(error)
        time.sleep(self.random.uniform(0, 0.1))


class Syncer(Session):
    """Gives objects other metadata, which copies them onto themselves."""

    def work(self):
        prefix = self.random.choice(self.round.prefixes)
        try:
            self.query('SET s3store.max_age_seconds = %s', self.random.randrange(1, 100000))
            changed = self.query('CALL s3_sync_meta(%s, keep_acl => false)', prefix)[0][1]
            self.round.count('objects synced', changed)
        except psycopg2.Error as error:
            if not self.is_good():
                raise
            self.tell(error)
        time.sleep(self.random.uniform(0, 0.3))


class Finisher(Session):
    """Ends what others have prepared, or what a kill has left so; to the end of the round."""

    def work(self):
        for name, in self.query('SELECT gid FROM pg_prepared_xacts ORDER BY random()'):
            end = self.random.choice(('COMMIT', 'ROLLBACK'))
            try:
                self.query("%s PREPARED '%s'" % (end, name))
                self.note('%s PREPARED %s' % (end, name))
                self.round.count('prepared: ended by somebody else')
            except psycopg2.errors.UndefinedObject:     # its own session was faster
                pass
            except psycopg2.errors.ObjectNotInPrerequisiteState:    # is busy with it
                pass
            self.pause()
        self.pause()

    def pause(self):
        self.round.stopped.wait(self.random.uniform(0, 0.3))


class Mason(Session):
    """Detaches a partition, which is followed by itself then, and attaches it again."""

    def work(self):
        is_detached = self.query(IS_DETACHED)[0][0]
        try:
            for statement in ('BEGIN', *(ATTACH if is_detached else DETACH), 'COMMIT'):
                self.query(statement)
            self.round.count('partitions attached' if is_detached else 'partitions detached')
        except psycopg2.Error as error:
            if not self.is_in_error():
                raise
            self.tell(error)
            self.query('ROLLBACK')
        self.round.stopped.wait(self.random.uniform(0, 0.8))
