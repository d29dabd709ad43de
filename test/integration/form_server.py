"""form_server.py - takes browser forms as the S3 documentation says.

Ceph's server dies of a form, so this stands in for one: what is checked, and
in which order, is from "Browser-Based Uploads Using POST" in the Amazon S3 API
Reference, for both signature versions.  It shares nothing with the extension.
"""
import base64
import binascii
import datetime
import email.parser
import email.policy
import hashlib
import hmac
import http.server
import json
import re
import threading
import urllib.parse

UTC = datetime.timezone.utc
# Fields that no condition has to name.
UNCONDITIONAL = {'awsaccesskeyid', 'signature', 'x-amz-signature', 'policy', 'file'}


class Refused(Exception):
    def __init__(self, status, code, message=''):
        super().__init__(code, message)
        self.status, self.code, self.message = status, code, message


def parse_form(content_type, body):
    """The fields by lower-case name, and the file: its name and its content."""
    head = ('Content-Type: %s\r\n\r\n' % content_type).encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    fields, file = {}, None
    for part in message.iter_parts():
        name = part.get_param('name', header='content-disposition')
        content = part.get_payload(decode=True)
        if name == 'file':
            # What follows the file is ignored.
            file = part.get_filename() or '', content
            break
        fields[name.lower()] = content.decode('utf-8')
    if file is None:
        raise Refused(400, 'InvalidArgument', 'no file')
    return fields, file


def version_four(secret, fields):
    parts = fields['x-amz-credential'].rsplit('/', 4)
    _, date, region, service, end = parts
    if fields.get('x-amz-algorithm') != 'AWS4-HMAC-SHA256' or (service, end) != (
            's3', 'aws4_request') or not re.fullmatch(
                date + r'T\d{6}Z', fields.get('x-amz-date', '')):
        raise Refused(400, 'InvalidArgument', 'credential')
    key = ('AWS4' + secret).encode()
    for step in (date, region, service, end, fields['policy']):
        key = hmac.digest(key, step.encode(), 'sha256')
    return key.hex()


def version_two(secret, fields):
    digest = hmac.digest(secret.encode(), fields['policy'].encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def check_signature(fields, keys, token):
    if 'x-amz-signature' in fields:
        key_id = fields.get('x-amz-credential', '////').rsplit('/', 4)[0]
        given, make = fields['x-amz-signature'], version_four
    elif 'signature' in fields:
        key_id, given, make = fields.get('awsaccesskeyid', ''), fields['signature'], version_two
    else:
        raise Refused(403, 'AccessDenied', 'no signature')
    if key_id not in keys:
        raise Refused(403, 'InvalidAccessKeyId')
    if not hmac.compare_digest(make(keys[key_id], fields).encode(), given.encode()):
        raise Refused(403, 'SignatureDoesNotMatch')
    if fields.get('x-amz-security-token') != token:
        raise Refused(400, 'InvalidToken')


def check_policy(fields, size, now):
    """Every condition holds, and every field has one."""
    try:
        policy = json.loads(base64.b64decode(fields['policy'], validate=True))
        ends = datetime.datetime.strptime(policy['expiration'], '%Y-%m-%dT%H:%M:%SZ')
    except (ValueError, KeyError, binascii.Error) as error:
        raise Refused(400, 'InvalidPolicyDocument', str(error)) from error
    if ends.replace(tzinfo=UTC) <= now:
        raise Refused(403, 'AccessDenied', 'Policy expired.')
    named = {'bucket'}
    for condition in policy['conditions']:
        named.add(check_condition(condition, fields, size))
    for name in set(fields) - named - UNCONDITIONAL:
        if not name.startswith('x-ignore-'):
            raise Refused(403, 'AccessDenied', 'Extra input fields: ' + name)


def check_condition(condition, fields, size):
    """Returns the field that it is about."""
    if isinstance(condition, dict):
        ((name, value),) = condition.items()
        operator = 'eq'
    elif condition[0].lower() == 'content-length-range':
        _, least, most = condition
        if size < least:
            raise Refused(400, 'EntityTooSmall')
        if size > most:
            raise Refused(400, 'EntityTooLarge')
        return None
    else:
        operator, name, value = condition
        name = re.fullmatch(r'\$(.+)', name).group(1)
    name = name.lower()
    given = fields.get(name)
    holds = {'eq': lambda: given == value,
             'starts-with': lambda: given is not None and starts(name, given, value)}[operator]
    if not holds():
        raise Refused(403, 'AccessDenied', 'Policy Condition failed: %s' % json.dumps(condition))
    return name


def starts(name, given, value):
    """A content type may be a list, each of which counts."""
    values = given.split(',') if name == 'content-type' else [given]
    return all(one.strip().startswith(value) for one in values)


def take_form(bucket, content_type, body, keys, token=None, now=None, public=False):
    """The key and the content of what is to be stored; raises Refused."""
    fields, (file_name, content) = parse_form(content_type, body)
    if 'key' not in fields:
        raise Refused(400, 'InvalidArgument', 'no key')
    fields['bucket'] = bucket
    fields['key'] = fields['key'].replace('${filename}', file_name)
    if 'policy' in fields:
        check_signature(fields, keys, token)
        check_policy(fields, len(content), now or datetime.datetime.now(UTC))
    elif not public:
        raise Refused(403, 'AccessDenied', 'no policy')
    return fields['key'], content, fields


class FormServer(http.server.ThreadingHTTPServer):
    """Buckets in the path.  What was stored stands in `objects`."""

    daemon_threads = True

    def __init__(self, keys, token=None, public=False):
        super().__init__(('127.0.0.1', 0), Handler)
        self.keys, self.token, self.public = keys, token, public
        self.objects = {}
        self.endpoint = 'http://127.0.0.1:%d' % self.server_address[1]

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.shutdown()
        self.server_close()
        self.thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        bucket = urllib.parse.unquote(self.path.strip('/'))
        server = self.server
        try:
            key, content, fields = take_form(bucket, self.headers['Content-Type'], body,
                                             server.keys, server.token, public=server.public)
        except Refused as refused:
            self.answer(refused.status, ('<Error><Code>%s</Code><Message>%s</Message></Error>' % (
                refused.code, refused.message)).encode())
            return
        server.objects[bucket, key] = content, fields.get('content-type')
        self.answer(int(fields.get('success_action_status', 204)))

    def answer(self, status, body=b''):
        self.send_response(status)
        if status != 204:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def log_message(self, *args):
        pass
