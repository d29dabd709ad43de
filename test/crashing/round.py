"""One round: sessions at work, something that is killed, and then the oracle."""
import collections
import contextlib
import os
import random
import signal
import threading
import time

import psycopg2

from . import names
from .changes import SLOTS, Client
from .cutter import clock
from .oracle import Oracle
from .others import ATTACH, IS_DETACHED, Drainer, Finisher, Mason, Syncer
from .servers import HANG, kill, query

WORK = (1.5, 4.0)               # seconds
CROWDED = 0.3                   # of the rounds: all put the same few names
FEW = 2
KILLS = {'backend': 3, 'worker': 3, 'drainer': 2, 'postmaster': 2, 'immediate stop': 2, 'fast stop': 1,
         'terminated backend': 3, 'terminated worker': 1, 'canceled': 2, 'gateway': 1, 'store': 0.5}
OF_POSTGRES = set(KILLS) - {'gateway', 'store'}
TABLES = sorted({slot.table for slot in SLOTS} - {'town'})
ROWS_MAX = 120                  # at the start of a round
EVENTS_KEPT = 3                 # rounds: what happened to an object before


class Round:
    """What is chosen here, and by the sessions, depends on the seed and the number alone."""

    def __init__(self, run, number):
        self.run, self.number, self.servers = run, number, run.servers
        self.random = random.Random('%s/%d' % (run.seed, number))
        self.stopped = threading.Event()
        self.counts = collections.Counter()
        self.names, self.kept, self.sent = set(), set(), run.sent
        self.violations = []
        self.events = []
        run.events.append(self.events)
        self.choose()

    def choose(self):
        choose = self.random
        self.seconds = choose.uniform(*WORK)
        self.cut = choose.choice((0, 0, 0.01, 0.05, 0.15))
        self.slow = choose.choice((0, 0.05, 0.2))
        self.parts = choose.choice((0, 0.01, 0.03))
        self.crowded = choose.random() < CROWDED
        self.buckets = {'plain': 6, 'versions': choose.choice((0, 3)), 'swift': choose.choice((0, 0, 3))}
        if self.crowded:
            self.buckets = {choose.choice(names.BUCKETS): 1}
        self.prefixes = ['%s://%s/' % (choose.choice(names.SCHEMES[bucket]), bucket)
                         for bucket, weight in self.buckets.items() if weight]
        self.sums = choose.sample(self.run.sums, 2) if self.crowded else self.run.sums
        number = choose.choices((0, 1, 2, 3), (2, 5, 2, 1))[0]
        self.kills = choose.choices(list(KILLS), KILLS.values(), k=number)
        self.is_disturbed = self.cut > 0 or bool({'gateway', 'store'} & set(self.kills))
        self.others = [Finisher] + [Drainer] * choose.choice((0, 1, 2)) + [Syncer] * choose.choice((0, 0, 1)) \
            + [Mason] * choose.choice((0, 0, 1))

    # -------------------------------------------------------------------------
    # What the sessions tell
    # -------------------------------------------------------------------------

    def a_name(self, kind, random):
        number = names.NAMES[kind]
        return '%s/%d.bin' % (kind, random.randrange(FEW if self.crowded else number))

    def count(self, what, number=1):
        with self.run.lock:
            self.counts[what] += number

    def note(self, words):
        self.events.append('%s %s' % (clock(time.time()), words))

    def sends(self, name, digest):
        with self.run.lock:
            self.sent[name].add(digest)
            self.names.add(name)

    def keeps(self, name, digest):
        with self.run.lock:
            self.kept.add(name)

    def tell_dead(self, name, reason):
        self.count('dead: ' + reason[:60])
        self.note('dead: %s: %s' % (name, reason))
        self.run.explain('dead', self, '%s: %s' % (name, reason), name)

    def violate(self, what, words, name=None):
        with self.run.lock:
            self.violations.append(what)
        self.run.explain(what, self, words, name)

    # -------------------------------------------------------------------------
    # What happens
    # -------------------------------------------------------------------------

    def play(self):
        """Returns the line that tells of it."""
        began = time.monotonic()
        self.start()
        for event, wait in zip(self.kills + [None], self.waits()):
            time.sleep(wait)
            if event:
                self.note('KILL: ' + event)
                self.kill(event)
        self.stop()
        settled = time.monotonic()
        with contextlib.closing(self.servers.connect()) as conn:
            Oracle(self, conn).check()
        ended = time.monotonic()
        return '%s, %d + %d s' % (self.line(), settled - began, ended - settled)

    def start(self):
        self.trim()
        self.servers.disturb(self.cut, self.slow)
        self.sessions = [kind(self, '%s%d_%d' % (kind.__name__.lower(), self.number, number),
                              random.Random('%s/%d/%d' % (self.run.seed, self.number, number)))
                         for number, kind in enumerate([Client] * self.run.clients + self.others)]
        for session in self.sessions:
            session.start()

    def trim(self):
        """Where there are many rows, half of them go: their objects, while the sessions are at work."""
        with contextlib.closing(self.servers.connect()) as conn:
            number = sum(query(conn, 'SELECT count(*) FROM ' + table)[0][0] for table in TABLES)
            for table in TABLES if number > ROWS_MAX else ():
                query(conn, 'DELETE FROM %s WHERE id %%%% 2 = %%s' % table, self.random.randrange(2))
                self.note('half of %s goes' % table)

    def waits(self):
        """Between the events, and behind the last one."""
        times = sorted(self.random.uniform(0.2, self.seconds) for _ in self.kills) + [self.seconds]
        return [time - before for time, before in zip(times, [0] + times)]

    def stop(self):
        """Whoever waits for what is prepared goes on when that has ended."""
        self.stopped.set()
        self.servers.disturb(0, 0)
        self.servers.wait_for_postgres()
        deadline = time.monotonic() + HANG + 15
        while any(session.is_alive() for session in self.sessions):
            self.end_prepared()
            time.sleep(0.1)
            if time.monotonic() > deadline:
                self.tell_hanging()
                break
        self.end_prepared()
        if self.servers.query(IS_DETACHED)[0][0]:
            self.servers.query('; '.join(ATTACH))

    def end_prepared(self):
        for name, in self.servers.query('SELECT gid FROM pg_prepared_xacts ORDER BY gid'):
            end = self.random.choice(('COMMIT', 'ROLLBACK'))
            with contextlib.suppress(psycopg2.Error):
                self.servers.query("%s PREPARED '%s'" % (end, name))
                self.note('%s PREPARED %s' % (end, name))
                self.count('prepared: ended after the round')

    def tell_hanging(self):
        for session in self.sessions:
            if session.is_alive():
                self.violate('hang', '%s: %s' % (session.name, session.statement))
        for row in self.servers.query("SELECT pid, state, wait_event, left(query, 80) FROM pg_stat_activity"
                                      " WHERE backend_type LIKE '%backend' OR backend_type LIKE '%s3%'"):
            self.note('%s' % (row,))
        self.servers.restart('immediate')

    def line(self):
        shown = ', '.join('%d %s' % (self.violations.count(what), what)
                          for what in ('lost', 'left', 'stuck', 'hang', 'error'))
        return 'round %d: %s%s; cut %d%%; %s: %d transactions, %d puts, %d rows; %s; %d dead' % (
            self.number, '+'.join(bucket for bucket, weight in self.buckets.items() if weight),
            ', crowded' if self.crowded else '', 100 * self.cut, ', '.join(self.kills) or 'nothing killed',
            self.counts['transactions committed'], self.counts['puts'], self.counts['rows checked'], shown,
            sum(number for what, number in self.counts.items() if what.startswith('dead: ')))

    # -------------------------------------------------------------------------
    # Killing
    # -------------------------------------------------------------------------

    def kill(self, what):
        self.count('killed: ' + what)
        if what == 'postmaster':
            self.servers.kill_postmaster()
        elif what.endswith(' stop'):
            self.servers.restart(what.partition(' ')[0])
        elif what in ('gateway', 'store'):
            self.servers.kill_rgw(('rgw',) if what == 'gateway' else ('rgw', 'osd'))
        else:
            with contextlib.suppress(psycopg2.Error, ProcessLookupError):
                self.kill_one(what)

    def kill_one(self, what):
        """One of the server's processes, if there is such a one."""
        of_clients = ('backend', 'terminated backend', 'canceled')
        if what in ('worker', 'terminated worker'):
            pids = self.servers.processes("backend_type = 's3store worker'")
        else:
            pids = [session.pid for session in self.sessions
                    if isinstance(session, Client if what in of_clients else Drainer)]
        if not any(pids):
            self.count('killed: nobody')
            return
        pid = self.random.choice([pid for pid in pids if pid])
        self.note('%s: %d' % (what, pid))
        if what == 'canceled':
            os.kill(pid, signal.SIGINT)
        elif what.startswith('terminated'):
            os.kill(pid, signal.SIGTERM)
        else:
            kill(pid)
