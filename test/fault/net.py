"""Faults below HTTP: a host that refuses, or never connects, a DNS server that never answers."""

import errno
import random
import select
import socket
import threading


class Refused:
    """A port at which nobody listens: it is taken, so that nobody else can begin to."""

    def __enter__(self):
        self._socket = socket.socket()
        self._socket.bind(('127.0.0.1', 0))
        self.endpoint = 'http://127.0.0.1:%d' % self._socket.getsockname()[1]
        return self

    def __exit__(self, *exc):
        self._socket.close()


class FullBacklog:
    """A port whose queue of connections is full: connecting to it never ends.

    Linux drops a SYN when the accept queue of a listening socket is full, on
    loopback too; nothing accepts here, so it stays full.
    """

    CONNECTIONS_MAX = 64

    def __init__(self):
        self._listener = None
        self._fillers = []

    def start(self):
        self._listener = socket.socket()
        self._listener.bind(('127.0.0.1', 0))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        self.endpoint = 'http://127.0.0.1:%d' % self.port
        for _ in range(self.CONNECTIONS_MAX):
            if not self._fill():
                return self
        raise AssertionError('the queue of a listening socket does not fill up')

    def _fill(self):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(('127.0.0.1', self.port))
        self._fillers.append(filler)
        return bool(select.select([], [filler], [], 0.3)[1])

    def stop(self):
        for filler in self._fillers:
            filler.close()
        self._fillers = []
        if self._listener:
            self._listener.close()
            self._listener = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()


class SilentDns:
    """A DNS server that reads queries and never answers them.

    resolv.conf names no port, so it is 53 of an address of our own.
    """

    PORT = 53
    ADDRESSES_TRIED = 100

    def __init__(self):
        self.host = None
        self.queries = []
        self._seen = threading.Condition()
        self._socket = None
        self._thread = None

    def start(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.host = self._bind()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def _bind(self):
        for _ in range(self.ADDRESSES_TRIED):
            host = '127.53.%d.%d' % (random.randrange(256), random.randrange(1, 255))
            try:
                self._socket.bind((host, self.PORT))
                return host
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
        raise AssertionError('port %d is taken on many addresses' % self.PORT)

    def _serve(self):
        while True:
            try:
                query, _ = self._socket.recvfrom(4096)
            except OSError:
                return
            if not query:        # stop() wakes us with an empty datagram
                return
            with self._seen:
                self.queries.append(_name_in(query))
                self._seen.notify_all()

    def forget(self):
        with self._seen:
            self.queries.clear()

    def reached(self, name, timeout=10):
        """Waits until somebody asked for the name."""
        with self._seen:
            if not self._seen.wait_for(lambda: name in self.queries, timeout):
                raise AssertionError('nobody asked for %s, but for %s' % (name, self.queries))

    def stop(self):
        if self._thread:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
                waker.sendto(b'', (self.host, self.PORT))
            self._thread.join()
            self._thread = None
        if self._socket:
            self._socket.close()
            self._socket = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()


def _name_in(query):
    """The first name of a DNS query (RFC 1035, 4.1.2)."""
    labels = []
    at = 12
    while at < len(query) and query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode('ascii', 'replace'))
        at += 1 + query[at]
    return '.'.join(labels)
