"""A gate before an S3 server that cuts connections in the middle of requests."""
import asyncio
import hashlib
import multiprocessing
import os
import random
import re
import time

HEAD_MAX = 65536
DELAY = 0.25                    # seconds that a request or its answer is held up, at most
LATE = 1.5                      # seconds after which a request comes that seemed lost, at most
FAULTS = ('unsent', 'half', 'late', 'unanswered', 'half an answer')
UPLOAD_ID = re.compile(rb'<UploadId>([^<]*)')
FIELDS = ('if-none-match', 'if-match', 'x-amz-copy-source')


class Cutter:
    """Forwards each request over a connection of its own, in a process of its own.

    cut     the share of requests whose connection is cut: before the server has
            the request, in the middle of its body or of its answer, before the
            answer, or so that the request is carried out later than its sender knows
    slow    the share of requests that are held up for a moment
    """

    def __init__(self, endpoint, log, seed):
        host, port = endpoint.rpartition('/')[2].split(':')
        self.server = host, int(port)
        self.log, self.random = log, random.Random(seed)
        self.cut = multiprocessing.Value('d', 0)
        self.slow = multiprocessing.Value('d', 0)
        self.cuts = multiprocessing.Value('i', 0)
        self.requests = multiprocessing.Value('i', 0)
        self.endpoint = None

    def start(self):
        here, there = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=self._run, args=(there,), daemon=True)
        self.process.start()
        self.endpoint = 'http://127.0.0.1:%d' % here.recv()

    def stop(self):
        self.process.terminate()
        self.process.join()

    def _run(self, pipe):
        self.lines = open(self.log, 'a', buffering=1, encoding='utf-8')
        asyncio.run(self._listen(pipe))

    async def _listen(self, pipe):
        server = await asyncio.start_server(self._serve, '127.0.0.1', 0, limit=HEAD_MAX, backlog=256)
        pipe.send(server.sockets[0].getsockname()[1])
        parent = os.getppid()
        while os.getppid() == parent:       # it may have been killed
            await asyncio.sleep(1)

    async def _serve(self, reader, writer):
        try:
            await self._answer(reader, writer)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader, writer):
        head = await reader.readuntil(b'\r\n\r\n')
        length = int(field(head, 'content-length') or 0)
        fault = self._fault()
        with self.requests.get_lock():
            self.requests.value += 1
        if fault == 'half':
            body = await reader.readexactly(length // 2)
            await self._forward(head if length else head[:len(head) // 2], body, False)
            self._note(time.time(), head, b'', fault, b'')
            return
        body = await reader.readexactly(length)
        came = time.time()
        if fault == 'late':
            writer.close()
            await asyncio.sleep(self.random.uniform(0, LATE))
        elif self.random.random() < self.slow.value:
            await asyncio.sleep(self.random.uniform(0, DELAY))
        answer = b'' if fault == 'unsent' else await self._forward(head, body, True)
        gone = fault is None and reader.at_eof()        # was killed meanwhile
        self._note(came, head, body, 'nobody waits' if gone else fault, answer)
        if fault is None and self.random.random() < self.slow.value:
            await asyncio.sleep(self.random.uniform(0, DELAY))
        if fault in (None, 'half an answer'):
            writer.write(answer[:len(answer) // 2] if fault else answer)
            await writer.drain()

    def _fault(self):
        if self.random.random() >= self.cut.value:
            return None
        with self.cuts.get_lock():
            self.cuts.value += 1
        return self.random.choice(FAULTS)

    async def _forward(self, head, body, whole):
        """The whole answer: the server is told to close behind it."""
        reader, writer = await asyncio.open_connection(*self.server)
        try:
            line, _, fields = head.partition(b'\r\n')
            writer.write(line + b'\r\nConnection: close\r\n' + fields + body)
            await writer.drain()
            return await reader.read() if whole else b''
        finally:
            writer.close()

    def _note(self, came, head, body, fault, answer):
        """A line of the log: what a violation is explained with."""
        words = head.split(b'\r\n', 1)[0].decode('latin-1').split()
        more = ['%s=%s' % (name, field(head, name)) for name in FIELDS if field(head, name)]
        if words[0] == 'PUT' and body:
            more.append('md5=' + hashlib.md5(body).hexdigest())
        if words[0] == 'POST':
            more += re.findall(r'<Key>([^<]*)', body.decode('utf-8', 'replace'))
        more += ['upload=' + upload.decode('latin-1') for upload in UPLOAD_ID.findall(answer)]
        for name in ('x-amz-version-id', 'etag'):
            if field(answer, name):
                more.append('%s=%s' % (name, field(answer, name)))
        self.lines.write('%s+%.3f %s %s: %s %s %s\n' % (
            clock(came), time.time() - came, *words[:2],
            (answer.split(b' ', 2)[1:2] or [b'-'])[0].decode('latin-1'),
            'CUT: ' + fault if fault else '', ' '.join(more)))

    def untold(self):
        """The IDs of uploads that were started, and that nobody was told."""
        lines = self.log.read_text(encoding='utf-8').splitlines() if self.log.exists() else []
        return {word[len('upload='):] for line in lines if 'CUT: ' in line
                for word in line.split() if word.startswith('upload=')}


def field(head, name):
    """Of the head of a message; None where it is not there."""
    found = re.search(b'\r\n' + name.encode() + b': *([^\r]*)', head.partition(b'\r\n\r\n')[0],
                      re.IGNORECASE)
    return found and found[1].decode('latin-1')


def clock(seconds):
    return time.strftime('%H:%M:%S', time.gmtime(seconds)) + '.%03d' % (seconds % 1 * 1000)
