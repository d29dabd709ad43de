"""An HTTP proxy that tells what it was asked."""

import select
import socket
import threading
import urllib.parse

from .web import Request


class Proxy:
    """Forwards requests for http URLs, and opens tunnels (RFC 9110, CONNECT).

    Each client has one connection to one server; what comes after the first
    head is passed on as it is.

    refuse      the status with which it answers instead
    silent      it reads what it is asked, and never answers
    """

    def __init__(self, refuse=None, silent=False):
        self.refuse, self.silent = refuse, silent
        self.requests = []              # the heads that it was sent

    def __enter__(self):
        self._listener = socket.socket()
        self._listener.bind(('127.0.0.1', 0))
        self._listener.listen(16)
        self.port = self._listener.getsockname()[1]
        self.url = 'http://127.0.0.1:%d' % self.port
        self._sockets = []
        self._start(self._accept)
        return self

    def __exit__(self, *exc):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            _shut(sock)

    def _start(self, target, *args):
        threading.Thread(target=target, args=args, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            self._start(self._serve, client)

    def _serve(self, client):
        try:
            self._answer(client)
        except OSError:
            pass
        finally:
            client.close()

    def _answer(self, client):
        head, rest = _read_head(client)
        request = _parse(head)
        self.requests.append(request)
        if self.silent:
            while client.recv(65536):   # until it goes away; a body may follow
                pass
            return
        if self.refuse:
            client.sendall(b'HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n' % self.refuse)
            return
        if request.method == 'CONNECT':
            host, port = request.target.rsplit(':', 1)
            server = self._connect(host, int(port))
            client.sendall(b'HTTP/1.1 200 Go on\r\nX-Proxy: yes\r\n\r\n' + rest)
        else:
            url = urllib.parse.urlsplit(request.target)
            server = self._connect(url.hostname, url.port or 80)
            target = request.target.partition(url.netloc)[2]
            line, _, fields = head.partition(b'\r\n')
            server.sendall(b'%s %s HTTP/1.1\r\n' % (line.split()[0], target.encode('latin-1')) +
                           fields + rest)
        with server:
            _pass_on(client, server)

    def _connect(self, host, port):
        server = socket.create_connection((host, port), 10)
        self._sockets.append(server)
        return server


def _read_head(sock):
    data = b''
    while b'\r\n\r\n' not in data:
        more = sock.recv(65536)
        if not more:
            raise OSError('the client went away')
        data += more
    head, _, rest = data.partition(b'\r\n\r\n')
    return head + b'\r\n\r\n', rest


def _parse(head):
    lines = head.decode('latin-1').rstrip('\r\n').split('\r\n')
    method, target, _ = lines[0].split()
    fields = (line.split(':', 1) for line in lines[1:])
    return Request(method, target, {name.lower(): value.strip() for name, value in fields}, b'')


def _pass_on(client, server):
    other = {client: server, server: client}
    while True:
        for sock in select.select(list(other), [], [])[0]:
            data = sock.recv(65536)
            if not data:
                return
            other[sock].sendall(data)


def _shut(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
