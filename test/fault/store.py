"""A store in memory, with the habits of stores that differ from AWS."""

import collections
import gzip
import hashlib
import re
import time
import uuid
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape, unescape

from .web import Answer, FaultServer

Stored = collections.namedtuple('Stored', 'body headers etag written')

# What a store can do differently, by the store that does so
BEHAVIOURS = {
    'gcs_decompresses': 'what is stored gzipped comes decompressed, unless gzip is accepted',
    'gcs_no_delete_objects': 'DeleteObjects is taken for the making of a bucket',
    'minio_behind_gunzip': 'the same as gcs_decompresses, without a word of it',
    'r2_no_classes_tags_acls': 'storage classes, tags and grants are not implemented',
    'swift_ignores_conditions': 'If-None-Match does nothing',
    'b2_refuses_conditions': 'If-None-Match is not implemented',
    'aws_cuts_copies_short': 'CopyObject is answered before it is done: 200, and no body',
    'aws_customer_keys': 'an object with a key of its client is for those who have the key;'
                         ' its ETag is no MD5, and each copy has another',
    'aws_put_only_key': 'the access key may put, and nothing else',
}
KEPT = re.compile(r'(?:content-(?:type|encoding|disposition|language)|cache-control|expires|'
                  r'x-amz-(?:meta-.*|storage-class|tagging))$')
CUSTOMER = 'x-amz-server-side-encryption-customer-'
NEW_FEATURES = re.compile(r'x-amz-(?:storage-class|tagging(?:-directive)?|acl|grant-.*)$')


def failure(status, code, message=''):
    return Answer(status, {'Content-Type': 'application/xml'},
                  b'<?xml version="1.0"?><Error><Code>%s</Code><Message>%s</Message></Error>'
                  % (code.encode(), message.encode()))


def document(root, content=''):
    return Answer(200, {'Content-Type': 'application/xml'},
                  ('<?xml version="1.0"?><%s>%s</%s>' % (root, content, root)).encode())


class Store(FaultServer):
    """Buckets are there, whatever their names; signatures are not looked at.

    objects     "bucket/key" -> Stored
    delay       seconds between a look at an object and the answer to it
    """

    def __init__(self, *behaviours, delay=0, **more):
        for name in behaviours:
            if name not in BEHAVIOURS:
                raise ValueError('no store does this: ' + name)
        super().__init__(answers=[self.reply], **more)
        self.behaviours = set(behaviours)
        self.delay = delay
        self.objects = {}

    def store(self, path, body=b'content', etag=None, **headers):
        """Stores an object as a client of another kind would."""
        self.objects[path] = Stored(body, {name.replace('_', '-'): value for name, value in headers.items()},
                                    etag or '"%s"' % hashlib.md5(body).hexdigest(), time.time())

    def asked(self):
        """The requests so far: verbs, and the words of their queries."""
        return [request.method + ''.join(
            '?' + name for name, _ in sorted(parse_qsl(request.target.partition('?')[2], True))
            if name in ('acl', 'delete', 'tagging', 'uploads', 'uploadId', 'partNumber', 'list-type'))
                for request in self.requests]

    def reply(self, request):
        """The answer to a request; its body has been read."""
        target, _, query = request.target.partition('?')
        query = dict(parse_qsl(query, keep_blank_values=True))
        path = unquote(target).lstrip('/')
        with self._change:
            answer = self._refuse(request, query) or self._serve_s3(request, path, query)
        if request.method == 'HEAD':
            time.sleep(self.delay)
        headers = {'Date': formatdate(usegmt=True), **answer.headers}
        if 'swift_ignores_conditions' in self.behaviours:
            headers['X-Trans-Id'] = 'tx%d' % len(self.requests)
        return answer._replace(headers=headers)

    reply.wants_body = True

    def _refuse(self, request, query):
        does = self.behaviours.__contains__
        if does('aws_put_only_key') and request.method != 'PUT':
            return failure(403, 'AccessDenied')
        if does('b2_refuses_conditions') and 'if-none-match' in request.headers:
            return failure(501, 'NotImplemented', 'A header implies functionality that is not there')
        if does('r2_no_classes_tags_acls') and (
                'tagging' in query or 'acl' in query or
                any(NEW_FEATURES.match(name) for name in request.headers)):
            return failure(501, 'NotImplemented', 'Header or sub-resource not implemented')
        return None

    def _serve_s3(self, request, path, query):
        if 'tagging' in query:
            return self._tags(request, path)
        if 'acl' in query:
            return document('AccessControlPolicy', '<Owner><ID>o</ID></Owner><AccessControlList/>')
        if request.method in ('GET', 'HEAD'):
            if '/' not in path or path.endswith('/') and 'list-type' in query:
                return self._list(path.rstrip('/'), query)
            return self._read(request, path)
        if request.method == 'PUT':
            return self._copy(request, path) if 'x-amz-copy-source' in request.headers else self._put(
                request, path)
        if request.method == 'DELETE':
            self.objects.pop(path, None)
            return Answer(204, {}, b'')
        if 'delete' in query:
            return self._delete_objects(request, path.rstrip('/'))
        return failure(501, 'NotImplemented')

    # Objects

    def _read(self, request, path):
        stored = self.objects.get(path)
        if stored is None:
            return failure(404, 'NoSuchKey')
        if not self._has_key(request, stored):
            return failure(400, 'InvalidRequest', 'The object was stored using a form of SSE.')
        headers = {'ETag': stored.etag, 'Last-Modified': formatdate(stored.written, usegmt=True),
                   **{name: value for name, value in stored.headers.items() if name != 'x-amz-tagging'}}
        if 'if-match' in request.headers and request.headers['if-match'] != stored.etag:
            return failure(412, 'PreconditionFailed')
        transcodes = self.behaviours & {'gcs_decompresses', 'minio_behind_gunzip'}
        if transcodes and stored.headers.get('content-encoding') == 'gzip' and \
                'gzip' not in request.headers.get('accept-encoding', ''):
            return self._decompress(stored, headers)
        if 'x-amz-tagging' in stored.headers:
            headers['x-amz-tagging-count'] = str(stored.headers['x-amz-tagging'].count('='))
        span = re.match(r'bytes=(\d+)-(\d+)$', request.headers.get('range', ''))
        if span and request.method == 'GET':
            first, last = int(span[1]), min(int(span[2]), len(stored.body) - 1)
            headers['Content-Range'] = 'bytes %d-%d/%d' % (first, last, len(stored.body))
            return Answer(206, headers, stored.body[first:last + 1])
        return Answer(200, headers, stored.body)

    def _decompress(self, stored, headers):
        """Neither its length nor, in the answer to a HEAD, its ETag is known."""
        headers = {**headers, 'Content-Length': None, 'Transfer-Encoding': 'chunked',
                   'Vary': 'Accept-Encoding', 'ETag': None}
        del headers['content-encoding']
        if 'gcs_decompresses' in self.behaviours:
            headers.update({'x-goog-stored-content-encoding': 'gzip',
                            'x-goog-stored-content-length': str(len(stored.body)),
                            'Warning': '214 UploadServer gunzipped'})
        return Answer(200, headers, gzip.decompress(stored.body))

    def _has_key(self, request, stored):
        if 'aws_customer_keys' not in self.behaviours:
            return True
        return stored.headers.get(CUSTOMER + 'key-md5') == request.headers.get(CUSTOMER + 'key-md5')

    def _source_key(self, request):
        return request.headers.get('x-amz-copy-source-server-side-encryption-customer-key-md5')

    def _customer_headers(self, request):
        return {name: request.headers[name] for name in (CUSTOMER + 'algorithm', CUSTOMER + 'key-md5')
                if name in request.headers}

    def _put(self, request, path):
        if request.headers.get('if-none-match') == '*' and path in self.objects and \
                'swift_ignores_conditions' not in self.behaviours:
            return failure(412, 'PreconditionFailed')
        body = request.body
        headers = {name: value for name, value in request.headers.items() if KEPT.match(name)}
        etag = hashlib.md5(body).hexdigest()
        if 'aws_customer_keys' in self.behaviours and CUSTOMER + 'key-md5' in request.headers:
            headers.update(self._customer_headers(request))
            etag = hashlib.md5(body + b'key').hexdigest()
        self.objects[path] = Stored(body, headers, '"%s"' % etag, time.time())
        return Answer(200, {'ETag': '"%s"' % etag,
                            **{name: value for name, value in headers.items() if name.startswith(CUSTOMER)}}, b'')

    def _copy(self, request, path):
        source = self.objects.get(unquote(request.headers['x-amz-copy-source']))
        if source is None:
            return failure(404, 'NoSuchKey')
        wanted = request.headers.get('x-amz-copy-source-if-match', source.etag)
        if wanted != source.etag:
            return failure(412, 'PreconditionFailed')
        headers = source.headers
        if request.headers.get('x-amz-metadata-directive') == 'REPLACE':
            headers = {name: value for name, value in request.headers.items() if KEPT.match(name)}
        if 'aws_cuts_copies_short' in self.behaviours and not self._carries_out(path):
            return Answer(200, {}, b'')
        if 'aws_customer_keys' in self.behaviours:
            if self._source_key(request) != source.headers.get(CUSTOMER + 'key-md5'):
                return failure(400, 'InvalidRequest', 'The source was stored using a form of SSE.')
            headers = {**{name: value for name, value in headers.items() if not name.startswith(CUSTOMER)},
                       **self._customer_headers(request)}
        etag = source.etag
        if CUSTOMER + 'key-md5' in headers:
            etag = '"%s"' % uuid.uuid4().hex
        self.objects[path] = source._replace(headers=headers, etag=etag, written=time.time())
        if 'aws_cuts_copies_short' in self.behaviours:
            return Answer(200, {}, b'')
        return document('CopyObjectResult', '<ETag>%s</ETag>' % escape(etag))

    def _carries_out(self, path):
        """A copy to a name that says so is not carried out."""
        return 'never' not in path

    def _tags(self, request, path):
        stored = self.objects[path]
        if request.method == 'PUT':
            return Answer(200, {}, b'')
        pairs = parse_qsl(stored.headers.get('x-amz-tagging', ''))
        return document('Tagging', '<TagSet>%s</TagSet>' % ''.join(
            '<Tag><Key>%s</Key><Value>%s</Value></Tag>' % (escape(name), escape(value))
            for name, value in pairs))

    # Buckets

    def _list(self, bucket, query):
        prefix = '%s/%s' % (bucket, query.get('prefix', ''))
        return document('ListBucketResult', '<IsTruncated>false</IsTruncated>' + ''.join(
            '<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>%s</ETag><Size>%d</Size>'
            '<StorageClass>STANDARD</StorageClass></Contents>'
            % (escape(path[len(bucket) + 1:]),
               time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(stored.written)) +
               '.%03dZ' % (stored.written % 1 * 1000), escape(stored.etag), len(stored.body))
            for path, stored in sorted(self.objects.items()) if path.startswith(prefix)))

    def _delete_objects(self, request, bucket):
        if 'gcs_no_delete_objects' in self.behaviours:
            return failure(400, 'InvalidArgument', 'Cannot create buckets using a POST.')
        keys = [unescape(key) for key in re.findall('<Key>(.*?)</Key>', request.body.decode(), re.DOTALL)]
        for key in keys:
            self.objects.pop('%s/%s' % (bucket, key), None)
        return document('DeleteResult', ''.join('<Deleted><Key>%s</Key></Deleted>' % escape(key) for key in keys))
