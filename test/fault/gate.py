"""A gate before a server: requests pass one by one, and can be held."""

import socket
import threading

from .proxy import _parse, _read_head, _shut
from .web import Request


class Held:
    """A request that was stopped, before the server gets it or after it has answered."""

    def __init__(self, matches, after):
        self.matches, self.after = matches, after
        self.request = None
        self._reached, self._released = threading.Event(), threading.Event()

    def stop(self, request):
        self.request = request
        self._reached.set()
        self._released.wait()

    def reached(self, timeout=30):
        if not self._reached.wait(timeout):
            raise AssertionError('no request came to the gate')

    def is_reached(self):
        return self._reached.is_set()

    def release(self):
        self._released.set()


class Gate:
    """Forwards requests to an endpoint, byte for byte, each over a connection of its own.

    A signature covers the Host header, which stays that of the gate: the server
    must not mind.
    """

    def __init__(self, endpoint):
        host, port = endpoint.rpartition('/')[2].split(':')
        self.server = host, int(port)
        self.requests = []
        self._holds = []
        self._lock = threading.Lock()
        self._sockets = []

    def __enter__(self):
        self._listener = socket.socket()
        self._listener.bind(('127.0.0.1', 0))
        self._listener.listen(64)
        self.endpoint = 'http://127.0.0.1:%d' % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for held in self._holds:
            held.release()
        for sock in self._sockets:
            _shut(sock)

    def hold(self, matches, after=False):
        """Holds the next request for which matches(request) is true."""
        held = Held(matches, after)
        with self._lock:
            self._holds.append(held)
        return held

    def methods(self):
        """What has passed, as methods."""
        return [request.method for request in self.requests]

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            with client:
                self._answer(client)
        except OSError:
            pass

    def _answer(self, client):
        head, body = _read_head(client)
        request = _parse(head)
        while len(body) < int(request.headers.get('content-length', 0)):
            more = client.recv(65536)
            if not more:
                raise OSError('the client went away')
            body += more
        request = Request(request.method, request.target, request.headers, body)
        held = self._held(request)
        if held and not held.after:
            held.stop(request)
        self.requests.append(request)
        answer = self._forward(head, body)
        if held and held.after:
            held.stop(request)
        client.sendall(answer)

    def _held(self, request):
        with self._lock:
            for held in self._holds:
                if held.matches(request):
                    self._holds.remove(held)
                    return held
        return None

    def _forward(self, head, body):
        """The whole answer: the server is told to close behind it."""
        line, _, fields = head.partition(b'\r\n')
        with socket.create_connection(self.server, 10) as server:
            self._sockets.append(server)
            server.sendall(line + b'\r\nConnection: close\r\n' + fields + body)
            answer = b''
            while True:
                more = server.recv(65536)
                if not more:
                    return answer
                answer += more
