"""An HTTP server that breaks the rules on demand."""

import collections
import gzip
import socket
import ssl
import struct
import threading

Request = collections.namedtuple('Request', 'method target headers body')
Answer = collections.namedtuple('Answer', 'status headers body')

# Bytes that go one way before a stall: more than the buffers of both sockets
# hold is needed to stall an upload, a few are enough for a download.
SENT_BEFORE_STALL = 100000
ANNOUNCED = 1000000
RECEIVE_BUFFER = 16384
TRICKLE = 0.02                  # seconds between two pieces
SIP = 65536                     # bytes of an upload that are taken at a time
# Within each other: a kilobyte that has 8 MB in it, and the gzip form of that
GZIPS = 2
SMALL_BOMB = gzip.compress(gzip.compress(bytes(1 << 23)))
GARBAGE = bytes((i * 37 + 11) % 256 for i in range(4096))


class _Closed(Exception):
    """The client went away, or the server stops."""


def mode(function):
    """Marks a behaviour: upload_stall shows as "upload-stall"."""
    function.is_mode = True
    return function


class FaultServer:
    """One listening socket, a thread a connection.

    mode        what to do where the path names no behaviour
    answers     what "answer" says: Answers in turn, or functions from the
                request to one, the last one over and over; None takes the
                request and closes the connection, and None for a header
                leaves it out
    tls         (certificate file, key file): HTTPS
    drip        seconds between two bytes of what drips
    named       more behaviours, by name: each an Answer, always the same
    """

    def __init__(self, mode='answer', answers=None, tls=None, drip=0.05, named=None):
        self.mode = mode
        self.named = dict(named or {})
        self.answers = list(answers or [Answer(200, {'ETag': '"0"'}, b'good')])
        self.drip = drip
        self.requests = []
        self.connections = 0
        self._reached = collections.Counter()
        self._change = threading.Condition()
        self._stopping = threading.Event()
        self._sockets = set()
        self._threads = []
        self._tls = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*tls)

    # Life

    def start(self):
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._listener.bind(('127.0.0.1', 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        self.endpoint = '%s://127.0.0.1:%d' % ('https' if self._tls else 'http', self.port)
        self._spawn(self._accept)
        return self

    def stop(self):
        self._stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._change:
            sockets = list(self._sockets)
        for sock in sockets:
            _shut(sock)
        for thread in self._threads:
            thread.join(10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def reached(self, mode, times=1, timeout=10):
        """Waits until the behaviour has come to its fault that many times."""
        with self._change:
            if not self._change.wait_for(lambda: self._reached[mode] >= times, timeout):
                raise AssertionError('no client came to the fault %s, but to %s'
                                     % (mode, dict(self._reached)))

    def times(self, mode):
        """How often it has come to its fault."""
        with self._change:
            return self._reached[mode]

    def drop_connections(self):
        """Closes what is open, so that no connection has anything left in it."""
        with self._change:
            sockets = list(self._sockets)
        for sock in sockets:
            _shut(sock)

    def open_connections(self):
        with self._change:
            return len(self._sockets)

    # The connections

    def _spawn(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._change:
                self.connections += 1
                self._sockets.add(sock)
            self._spawn(self._serve, sock)

    def _serve(self, sock):
        try:
            if self.mode in BEFORE_REQUEST:
                BEFORE_REQUEST[self.mode](self, sock)
            else:
                if self._tls:
                    sock = self._wrap(sock)
                self._serve_requests(sock)
        except (OSError, _Closed):
            pass
        finally:
            with self._change:
                self._sockets.discard(sock)
            sock.close()

    def _wrap(self, plain):
        sock = self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with self._change:
            self._sockets.discard(plain)
            self._sockets.add(sock)
        sock.do_handshake()
        return sock

    def _serve_requests(self, sock):
        reader = sock.makefile('rb')
        while not self._stopping.is_set():
            head = _read_head(reader)
            name = head.target.lstrip('/').split('/')[0].split('?')[0]
            if name in self.named:
                self._take(reader, head)
                self._say(sock, head, self.named[name])
                continue
            behaviour = MODES.get(name) or MODES[self.mode]
            if not behaviour(self, sock, reader, head):
                return

    def _note(self, mode):
        with self._change:
            self._reached[mode] += 1
            self._change.notify_all()

    def _hang(self, mode):
        self._note(mode)
        self._stopping.wait()
        raise _Closed

    def _take(self, reader, head):
        """Reads the rest of the request, and returns all of it."""
        length = int(head.headers.get('content-length', 0))
        body = reader.read(length)
        if len(body) < length:
            raise _Closed
        request = head._replace(body=body)
        with self._change:
            self.requests.append(request)
        return request

    # Faults before a request is read

    def silent_accept(self, sock):
        self._hang('silent-accept')

    def silent_tls(self, sock):
        sock.recv(1)            # the client has begun its handshake
        self._hang('silent-tls')

    def reset_accept(self, sock):
        self._note('reset-accept')
        _reset(sock)

    # Answers: a true result keeps the connection

    @mode
    def answer(self, sock, reader, head):
        with self._change:
            answer = self.answers[0]
            if len(self.answers) > 1:
                self.answers.pop(0)
        if getattr(answer, 'wants_body', False):
            answer = answer(self._take(reader, head))
            self._say(sock, head, answer)
            return True
        if callable(answer):
            answer = answer(head)
        if isinstance(answer, str):
            return MODES[answer](self, sock, reader, head)
        self._take(reader, head)
        if answer is None:      # taken, and no word of it
            return False
        self._say(sock, head, answer)
        self._note('answer')
        return True

    def _say(self, sock, head, answer):
        body = b'' if head.method == 'HEAD' else answer.body
        headers = {'Content-Length': len(answer.body), **answer.headers}
        if headers.get('Transfer-Encoding') == 'chunked' and body:
            body = _chunk(body) + b'0\r\n\r\n'
        headers = {name: value for name, value in headers.items() if value is not None}
        sock.sendall(_head(answer.status, headers) + body)

    @mode
    def echo(self, sock, reader, head):
        """Answers with the request as it came."""
        self._take(reader, head)
        lines = ['%s %s' % (head.method, head.target)]
        lines += ['%s: %s' % item for item in head.headers.items()]
        body = '\n'.join(lines).encode('latin-1')
        sock.sendall(_head(200, {'Content-Length': len(body)}) +
                     (b'' if head.method == 'HEAD' else body))
        return True

    @mode
    def chunked(self, sock, reader, head):
        """A good answer whose length is not announced."""
        self._take(reader, head)
        sock.sendall(_head(200, {'Transfer-Encoding': 'chunked', 'Trailer': 'X-Late'}))
        for _ in range(100):
            sock.sendall(_chunk(b'c' * 10000))
        sock.sendall(b'0\r\nX-Late: 1\r\n\r\n')
        return True

    @mode
    def until_close(self, sock, reader, head):
        """A good answer that ends with the connection."""
        self._take(reader, head)
        sock.sendall(_head(200, {'Connection': 'close'}) + b'u' * ANNOUNCED)
        if self._tls:           # else nobody could tell the end from an attack
            sock.unwrap()

    @mode
    def interim(self, sock, reader, head):
        """Interim answers before the good one."""
        self._take(reader, head)
        sock.sendall(_head(100, {'X-Interim': '1'}) + _head(103, {'X-Interim': '2'}) +
                     _head(200, {'Content-Length': 4}) + b'good')
        return True

    @mode
    def close_idle(self, sock, reader, head):
        """A good answer, then the connection is closed without a word of it."""
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': 4}) + b'good')

    @mode
    def close_on_reuse(self, sock, reader, head):
        """A good answer; the next request on the connection is read, not answered."""
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': 4}) + b'good')
        self._take(reader, _read_head(reader))
        self._note('close-on-reuse')

    # Silence

    @mode
    def silent_headers(self, sock, reader, head):
        self._take(reader, head)
        self._hang('silent-headers')

    @mode
    def download_stall(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': ANNOUNCED}) + b'd' * SENT_BEFORE_STALL)
        self._hang('download-stall')

    @mode
    def upload_stall(self, sock, reader, head):
        reader.read(min(SENT_BEFORE_STALL, int(head.headers.get('content-length', 0)) // 2))
        self._hang('upload-stall')

    @mode
    def headers_stall(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Le')
        self._hang('headers-stall')

    @mode
    def slow_headers(self, sock, reader, head):
        """A header that does not end, byte by byte."""
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 200 OK\r\nX-Slow: ')
        self._note('slow-headers')
        while not self._stopping.wait(self.drip):
            sock.sendall(b's')

    @mode
    def slow_drip(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': ANNOUNCED}))
        self._note('slow-drip')
        while not self._stopping.wait(self.drip):
            sock.sendall(b's')

    @mode
    def trickle(self, sock, reader, head):
        """A body of many bytes, one of them now and then, for ever."""
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': ANNOUNCED}))
        self._trickle(sock, 'trickle', b's')

    @mode
    def trickled_chunks(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Transfer-Encoding': 'chunked'}))
        self._trickle(sock, 'trickled-chunks', _chunk(b' '))

    @mode
    def trickled_status(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 200 ')
        self._trickle(sock, 'trickled-status', b'O')

    @mode
    def trickled_headers(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 200 OK\r\n')
        self._trickle(sock, 'trickled-headers', b'X: 1\r\n')

    @mode
    def trickled_interim(self, sock, reader, head):
        self._take(reader, head)
        self._trickle(sock, 'trickled-interim', _head(102, {}))

    def _trickle(self, sock, mode, data):
        self._note(mode)
        while not self._stopping.wait(TRICKLE):
            sock.sendall(data)

    # Slow, but good

    @mode
    def slow_body(self, sock, reader, head):
        """5 kB a second, for two seconds."""
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': 100 * 100}))
        for _ in range(100):
            self._stopping.wait(TRICKLE)
            sock.sendall(b's' * 100)
        return True

    @mode
    def slow_upload(self, sock, reader, head):
        """Takes the request's body a piece at a time."""
        for _ in range(int(head.headers['content-length']) // SIP):
            self._stopping.wait(TRICKLE)
            reader.read(SIP)
        self._say(sock, head, Answer(200, {}, b''))

    @mode
    def at_work(self, sock, reader, head):
        """Answers at once, and sends blanks until a copy is made, as AWS does."""
        self._take(reader, head)
        body = b'<CopyObjectResult><ETag>"0"</ETag></CopyObjectResult>'
        sock.sendall(_head(200, {'Transfer-Encoding': 'chunked'}))
        for _ in range(100):
            self._stopping.wait(TRICKLE)
            sock.sendall(_chunk(b' '))
        sock.sendall(_chunk(body) + b'0\r\n\r\n')
        return True

    # Broken off

    @mode
    def truncated(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': ANNOUNCED}) + b't' * SENT_BEFORE_STALL)

    @mode
    def truncated_chunked(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Transfer-Encoding': 'chunked'}) + _chunk(b't' * 1000))

    @mode
    def truncated_headers(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n')

    @mode
    def no_answer(self, sock, reader, head):
        self._take(reader, head)

    @mode
    def half_closed(self, sock, reader, head):
        """Says that nothing will come, and goes on listening."""
        self._take(reader, head)
        sock.shutdown(socket.SHUT_WR)
        self._hang('half-closed')

    @mode
    def half_closed_body(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': ANNOUNCED}) + b'h' * SENT_BEFORE_STALL)
        sock.shutdown(socket.SHUT_WR)
        self._hang('half-closed-body')

    @mode
    def reset(self, sock, reader, head):
        self._take(reader, head)
        _reset(sock)

    @mode
    def reset_body(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': ANNOUNCED}) + b'r')
        _reset(sock)

    @mode
    def early_error(self, sock, reader, head):
        """Refuses before it has read the body, as servers do that check first."""
        body = b'<Error><Code>AccessDenied</Code></Error>'
        sock.sendall(_head(403, {'Content-Length': len(body), 'Connection': 'close'}) + body)
        self._note('early-error')
        _linger(sock)

    # Too much

    @mode
    def huge_length(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': 1 << 50}) + b'h')
        self._hang('huge-length')

    @mode
    def endless_headers(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 200 OK\r\n')
        self._pour(sock, b'X-More: and more\r\n' * 50)

    @mode
    def endless_header_line(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 200 OK\r\nX-Long: ')
        self._pour(sock, b'l' * 1000)

    @mode
    def endless_interim(self, sock, reader, head):
        self._take(reader, head)
        self._pour(sock, _head(100, {}))

    @mode
    def endless_body(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Connection': 'close'}))
        self._pour(sock, b'e' * 10000)

    @mode
    def endless_chunked(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Transfer-Encoding': 'chunked'}))
        self._pour(sock, _chunk(b'e' * 10000))

    @mode
    def endless_trailers(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Transfer-Encoding': 'chunked'}) + _chunk(b'good') + b'0\r\n')
        self._pour(sock, b'X-More: and more\r\n' * 50)

    @mode
    def endless_error(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(404, {'Connection': 'close'}))
        self._pour(sock, b'<!-- no such thing -->' * 500)

    @mode
    def transfer_gzip(self, sock, reader, head):
        """Compressed for the way, which nobody asked for."""
        self._take(reader, head)
        sock.sendall(_head(200, {'Transfer-Encoding': ', '.join(['gzip'] * GZIPS),
                                 'Connection': 'close'}) + SMALL_BOMB)

    @mode
    def transfer_gzip_chunked(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Transfer-Encoding': 'gzip, chunked'}) + _chunk(SMALL_BOMB) +
                     b'0\r\n\r\n')

    @mode
    def transfer_encoded_twice(self, sock, reader, head):
        """In two headers, the first of which is the one that is allowed."""
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'
                     b'transfer-encoding:deflate\r\n\r\n' + _chunk(SMALL_BOMB) + b'0\r\n\r\n')

    # Not HTTP

    @mode
    def garbage(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(GARBAGE)

    @mode
    def bad_status(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n')

    @mode
    def bad_length(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\ngood')

    @mode
    def bad_chunks(self, sock, reader, head):
        self._take(reader, head)
        sock.sendall(_head(200, {'Transfer-Encoding': 'chunked'}) + b'none\r\ngood\r\n0\r\n\r\n')

    @mode
    def short_length(self, sock, reader, head):
        """More bytes than announced; what is left over is a whole answer."""
        self._take(reader, head)
        sock.sendall(_head(200, {'Content-Length': 4}) + b'good' +
                     _head(200, {'Content-Length': 4}) + b'evil')
        return True

    def _pour(self, sock, data):
        while not self._stopping.is_set():
            sock.sendall(data)


def _show(name):
    return name.replace('_', '-')


MODES = {_show(name): function for name, function in vars(FaultServer).items()
         if getattr(function, 'is_mode', False)}
BEFORE_REQUEST = {_show(name): getattr(FaultServer, name)
                  for name in ('silent_accept', 'silent_tls', 'reset_accept')}


def _read_head(reader):
    line = reader.readline(65536).decode('latin-1')
    if not line.endswith(' HTTP/1.1\r\n'):  # the end, or not HTTP at all
        raise _Closed
    method, target, _ = line.split()
    headers = {}
    while True:
        line = reader.readline(65536).decode('latin-1').rstrip('\r\n')
        if not line:
            return Request(method, target, headers, b'')
        name, value = line.split(':', 1)
        headers[name.lower()] = value.strip()


def _head(status, headers):
    lines = ['HTTP/1.1 %d Fault' % status]
    lines += ['%s: %s' % item for item in headers.items()]
    return ('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1')


def _chunk(data):
    return b'%x\r\n%s\r\n' % (len(data), data)


def _reset(sock):
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()
    raise _Closed


def _linger(sock):
    """Says goodbye and reads what still comes, so that no RST overtakes the answer."""
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(65536):
        pass


def _shut(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
