"""queue_sink.py - as much of S3 as a drain needs: HEAD and DeleteObjects.

    queue_sink.py FILE      writes its port there, and serves until killed
"""
import asyncio
import re
import sys

HEAD = (b'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: "0"\r\n'
        b'Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT\r\n\r\n')
KEY = re.compile(rb'<Key>(.*?)</Key>')
LENGTH = re.compile(rb'(?i)content-length: *(\d+)')


class Sink(asyncio.Protocol):

    def connection_made(self, transport):
        self.transport, self.data = transport, b''

    def data_received(self, data):
        self.data += data
        while True:
            end = self.data.find(b'\r\n\r\n')
            if end < 0:
                return
            if self.data.startswith(b'HEAD'):
                self.data = self.data[end + 4:]
                self.transport.write(HEAD)
                continue
            size = end + 4 + int(LENGTH.search(self.data[:end])[1])
            if len(self.data) < size:
                return
            deleted = b''.join(b'<Deleted><Key>%s</Key></Deleted>' % key
                               for key in KEY.findall(self.data[end:size]))
            self.data = self.data[size:]
            body = b'<DeleteResult>%s</DeleteResult>' % deleted
            self.transport.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body) + body)


async def main():
    server = await asyncio.get_running_loop().create_server(Sink, '127.0.0.1', 0)
    with open(sys.argv[1], 'w') as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


asyncio.run(main())
