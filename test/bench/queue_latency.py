"""queue_latency.py - how long it takes from a commit to the end of the deletion.

    queue_latency.py [COUNT]

One deletion at a time; the worker is there already.  The connection is that of
the environment; a round that has ended tells by NOTIFY.
"""
import select
import sys
import time

import psycopg2

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 200


def measure(session, cursor, number):
    """Milliseconds."""
    cursor.execute("SELECT s3_delete_later('s3://bucket/' || %s)", (number,))
    start = time.monotonic()
    while not session.notifies:
        select.select([session], [], [], 30)
        session.poll()
    session.notifies.clear()
    return (time.monotonic() - start) * 1000


def main():
    session = psycopg2.connect('')
    session.autocommit = True
    cursor = session.cursor()
    cursor.execute('LISTEN s3store_queue')
    times = sorted([measure(session, cursor, i) for i in range(COUNT + 1)][1:])
    print('from commit to settled, median %.1f ms, p99 %.1f ms'
          % (times[len(times) // 2], times[len(times) * 99 // 100]))


main()
