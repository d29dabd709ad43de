"""pages.py - a server, in a process of its own, that makes up the pages of a list."""
import asyncio
import multiprocessing
import re
import threading

PER_PAGE = 1000
HEAD = (b'HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n')
ITEM = ('<Contents><Key>photos%%2F2026%%2F@@@@@@%%2FIMG_%04d.jpg</Key>'
        '<LastModified>2026-05-31T04:59:24.776Z</LastModified><ETag>&quot;%032x&quot;</ETag>'
        '<Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>')
PAGE = ('<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>'
        '<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>' +
        ''.join(ITEM % (n, n, n * 1000) for n in range(PER_PAGE)) +
        '<NextContinuationToken>@@@@@@</NextContinuationToken></ListBucketResult>').encode()


def answer(head, pages):
    match = re.search(rb'continuation-token=(\d+)', head)
    number = int(match.group(1)) + 1 if match else 0
    body = PAGE.replace(b'@@@@@@', b'%06d' % number)
    if number == pages - 1:
        body = body.replace(b'>true<', b'>false<')
    return HEAD % len(body) + body


def serve(pages, port):
    async def talk(reader, writer):
        try:
            while True:
                writer.write(answer(await reader.readuntil(b'\r\n\r\n'), pages))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run():
        server = await asyncio.start_server(talk, '127.0.0.1', 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Server:
    """Lists that many pages of keys at its port."""

    def __init__(self, pages):
        ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=serve, args=(pages, theirs), daemon=True)
        self.process.start()
        self.port = ours.recv()

    def stop(self):
        self.process.terminate()
        self.process.join()


def memory(pid, name):
    """A line of /proc/PID/status, in kB."""
    with open('/proc/%d/status' % pid, encoding='ascii') as file:
        return int(re.search(name + r':\s+(\d+) kB', file.read()).group(1))


class Peak(threading.Thread):
    """The most private memory that a process has while the context lasts, in kB."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.over = pid, 0, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.over.set()
        self.join()

    def run(self):
        while not self.over.wait(0.02):
            self.most = max(self.most, memory(self.pid, 'RssAnon'))
