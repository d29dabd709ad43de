#!/usr/bin/python3
"""soak.py - many calls of every kind, with every fault, in one session.

    test/soak/run [CALLS] [SEED]

Prints how much memory, and how many descriptors, threads and memory contexts
the backend has as the calls go by.  Fails when any of them grows: handles of
libcurl hold all of these.
"""
import collections
import os
import pathlib
import random
import re
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP), str(TOP / 'integration')]

# The harness wants every server of the tests; none of these has a part in this.
for server in ('RGW', 'SWIFT'):
    for name in ('ENDPOINT', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'):
        os.environ.setdefault('%s_%s' % (server, name), '')
for name in ('RGW_TLS_ENDPOINT', 'RGW_CA', 'RGW_PORT'):
    os.environ.setdefault(name, '')

import psycopg2  # noqa: E402
from backend import descriptors, entry, threads  # noqa: E402
from fault import MODES, FaultServer  # noqa: E402
from harness import connect, query  # noqa: E402
from test_fault_matrix import NAMED, OPERATIONS  # noqa: E402

CALLS = 100000
STEPS = 10
SETTLED = 4                     # steps: what is made once has been made then
GROWTH = 3 * 1024               # kB: what malloc takes at a time, twice
# Waiting takes time: a few of these will do
WAITING = ('silent-headers', 'headers-stall', 'download-stall', 'slow-drip', 'slow-headers',
           'upload-stall', 'huge-length')
GOOD_SHARE, WAITING_SHARE = 0.3, 0.01

Figures = collections.namedtuple('Figures', 'memory descriptors threads contexts')


class Soak:
    """A session, the server that it calls, and the calls so far."""

    def __init__(self, seed=1):
        self.random = random.Random(seed)
        named = {name: answer for name, (answer, _) in NAMED.items()}
        self.server = FaultServer(drip=0.05, named=named).start()
        self.faults = [name for name in [*MODES, *named] if name not in WAITING]
        self.conn = connect(endpoints={'s3-bad': entry(self.server.endpoint),
                                       's3-good': entry(self.server.endpoint)})
        for name, value in (('request_timeout', '40ms'), ('connect_timeout', '1s'),
                            ('max_object_size', '1MB'), ('put_undo', 'off')):
            query(self.conn, 'SELECT set_config(%s, %s, false)', 's3store.' + name, value)
        query(self.conn, "CREATE TEMP TABLE large AS SELECT lo_from_bytea(0, 'content') AS oid")
        self.ends = collections.Counter()

    def close(self):
        self.conn.close()
        self.server.stop()

    def call(self):
        """One call, by chance."""
        draw = self.random.random()
        if draw < GOOD_SHARE:
            fault = 'answer'
        elif draw < GOOD_SHARE + WAITING_SHARE:
            fault = self.random.choice(WAITING)
        else:
            fault = self.random.choice(self.faults)
        statement, _ = OPERATIONS[self.random.choice(list(OPERATIONS))]
        try:
            query(self.conn, statement, 's3-bad://%s/key' % fault)
            self.ends['good'] += 1
        except psycopg2.Error as error:
            if self.conn.closed:
                raise
            self.ends[error.pgcode] += 1
        self.server.requests.clear()    # what it remembers is not what is measured

    def figures(self):
        pid = self.conn.info.backend_pid
        status = pathlib.Path('/proc/%d/status' % pid).read_text()
        contexts = 0
        if self.conn.server_version >= 140000:
            contexts = query(self.conn, "SELECT count(*) FROM pg_backend_memory_contexts"
                                        " WHERE name LIKE 's3store%%'")[0][0]
        return Figures(int(re.search(r'RssAnon:\s+(\d+) kB', status)[1]),
                       len(descriptors(pid)), len(threads(pid)), contexts)

    def run(self, calls):
        """Yields the number of calls, and the figures after them, step by step."""
        for step in range(STEPS):
            for _ in range(calls // STEPS):
                self.call()
            yield (step + 1) * (calls // STEPS), self.figures()


def grown(steps):
    """What has grown since all was settled, in words."""
    first, last = steps[SETTLED], steps[-1]
    found = []
    if last.memory - first.memory > GROWTH:
        found.append('memory: %d kB more' % (last.memory - first.memory))
    if last.descriptors > first.descriptors + 4:    # connections that are kept
        found.append('descriptors: %d to %d' % (first.descriptors, last.descriptors))
    if last.threads > first.threads:
        found.append('threads: %d to %d' % (first.threads, last.threads))
    if last.contexts > first.contexts:
        found.append('memory contexts: %d to %d' % (first.contexts, last.contexts))
    return found


def main(calls=CALLS, seed=1):
    soak = Soak(int(seed))
    start = time.monotonic()
    print('%8s %12s %12s %8s %10s' % ('calls', 'memory (kB)', 'descriptors', 'threads', 'contexts'))
    steps = []
    for number, figures in soak.run(int(calls)):
        steps.append(figures)
        print('%8d %12d %12d %8d %10d' % (number, *figures), flush=True)
    print('%d s; %s' % (time.monotonic() - start, ', '.join(
        '%s: %d' % end for end in soak.ends.most_common())))
    soak.close()
    found = grown(steps)
    if found:
        sys.exit('soak: ' + '; '.join(found))


if __name__ == '__main__':
    main(*sys.argv[1:])
