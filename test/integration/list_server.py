"""list_server.py - lists of many keys that no object stands behind.

Real servers of the tests take minutes to fill with what these list at once.
"""
import bisect
import http.server
import threading
import time
from urllib.parse import parse_qs, quote_plus, urlsplit

ITEM = ('<Contents><Key>%s</Key><LastModified>2020-05-31T04:59:24.776Z</LastModified>'
        '<ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag><Size>7</Size>'
        '<StorageClass>STANDARD</StorageClass></Contents>')


class ListServer:
    """ListObjectsV2 of the keys, for any bucket; every HEAD is answered alike.

    delay       seconds before each answer
    """

    def __init__(self, keys, delay=0.0, page=1000, headers=()):
        self.keys = sorted(keys, key=str.encode)
        self.encoded = [key.encode() for key in self.keys]
        self.delay, self.page, self.headers = delay, page, dict(headers)
        self.requests = []
        self.under_way = self.most_under_way = 0
        self._lock = threading.Lock()

    def __enter__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                outer.answer(self, outer.list(parse_qs(urlsplit(self.path).query)))

            def do_HEAD(self):
                outer.answer(self, b'')

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = 'http://127.0.0.1:%d' % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler, body):
        with self._lock:
            self.requests.append((handler.command, handler.path))
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        time.sleep(self.delay)
        with self._lock:
            self.under_way -= 1
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s' % (
            len(body), ''.join('%s: %s\r\n' % item for item in self.headers.items()).encode(), body))

    def list(self, query):
        after = query.get('start-after', [''])[0]
        if 'continuation-token' in query:
            after = bytes.fromhex(query['continuation-token'][0]).decode()
        prefix = query.get('prefix', [''])[0]
        start = max(bisect.bisect_right(self.encoded, after.encode()) if after else 0,
                    bisect.bisect_left(self.encoded, prefix.encode()))
        page = self.keys[start:start + min(self.page, int(query['max-keys'][0]))]
        good = [key for key in page if key.startswith(prefix)]
        more = len(good) == len(page) and start + len(page) < len(self.keys) and \
            self.keys[start + len(page)].startswith(prefix)
        return ('<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType>'
                '<IsTruncated>%s</IsTruncated>%s%s</ListBucketResult>' % (
                    'true' if more else 'false', ''.join(ITEM % quote_plus(key) for key in good),
                    '<NextContinuationToken>%s</NextContinuationToken>' % good[-1].encode().hex()
                    if more else '')).encode()
