"""A session that works until it is told to stop, whatever is killed."""
import contextlib
import re
import threading
import time

import psycopg2
from psycopg2 import extensions

from .servers import HANG

# What may always happen: who comes later has to repeat its transaction
USUAL = {'40001', '40P01', '55P03',
         '58P02',               # somebody else writes the object, again and again
         '23514'}               # a partition is detached just now
WITHOUT_ANSWER = {'08006', '08P01', '58030'}
LOST = {None, '57P01', '57P02', '57P03', '08003'}
CANCELED = '57014'
OBJECT = re.compile(r'object "(?P<key>[^"]+)" in bucket "(?P<bucket>[^"]+)"')


class Session(threading.Thread):
    """Connects again where it was cut off."""

    def __init__(self, round, name, random):
        super().__init__(daemon=True, name=name)
        self.round, self.random = round, random
        self.conn = self.pid = self.statement = None

    def run(self):
        while not self.round.stopped.is_set():
            try:
                with contextlib.closing(self.round.servers.connect()) as conn:
                    self.conn, self.pid = conn, conn.info.backend_pid
                    while not self.round.stopped.is_set():
                        self.work()
            except psycopg2.Error as error:
                self.tell(error)
                time.sleep(0.2)

    def query(self, statement, *arguments):
        def run(cursor):
            cursor.execute(statement, arguments or None)
            return cursor.fetchall() if cursor.description else []
        return self.guard(statement, run)

    def guard(self, statement, run):
        """Within a second or so; what takes much longer hangs."""
        began = time.monotonic()
        self.statement = statement, began
        try:
            with self.conn.cursor() as cursor:
                return run(cursor)
        except psycopg2.Error as error:
            self.note('failed: %s: %s' % (statement[:60], str(error).split('\n', 1)[0]))
            error.took = time.monotonic() - began
            error.statement = statement
            raise
        finally:
            self.statement = None

    def is_in_error(self):
        return (not self.conn.closed and self.conn.info.transaction_status ==
                extensions.TRANSACTION_STATUS_INERROR)

    def is_good(self):
        return not self.conn.closed and self.conn.info.transaction_status in (
            extensions.TRANSACTION_STATUS_IDLE, extensions.TRANSACTION_STATUS_INTRANS)

    def tell(self, error):
        """Counts an error; one that nothing explains is a violation."""
        state = error.pgcode
        self.round.count('errors %s' % (state or 'lost session'))
        if state in USUAL or (state in LOST and self.round.kills):
            return
        found = OBJECT.search(str(error))
        if state == '58P01' and found and found['bucket'] == 'versions':
            return      # Ceph shows none for a moment when the current version is deleted by its ID
        if state == CANCELED and getattr(error, 'took', 0) > HANG - 1:
            self.round.violate('hang', '%s: %s' % (self.name, getattr(error, 'statement', '')))
        elif state == CANCELED and self.round.kills:
            return
        elif state not in WITHOUT_ANSWER or not self.round.is_disturbed:
            self.round.violate('error', '%s: %s %s: %s' % (
                self.name, state, error, getattr(error, 'statement', '')),
                found and '%s/%s' % (found['bucket'], found['key']))

    def note(self, words):
        self.round.note('%s [%s] %s' % (self.name, self.pid, words))
