#!/usr/bin/env python3
"""Writes signing_vectors.h, sigv2_vectors.h and key_vectors.h: what src/ must come to.

An implementation of its own, from the chapters "Authenticating Requests (AWS
Signature Version 4)" and "Signing and Authenticating REST Requests (AWS
signature version 2)" of the Amazon S3 API Reference and from Python's own
urllib and posixpath; it shares nothing with src/.  All keys are made up.
"""
import base64
import calendar
import email.utils
import hashlib
import hmac
import os
import posixpath
import random
import time
import urllib.parse

ID = "AKIDUNITTEST00000001"
SECRET = "unit/test+secret=KEY0000000000000000000"


class Request:
    def __init__(self, name, method="GET", tls=True, host="bucket.s3.eu-central-1.amazonaws.com",
                 path="/key", query=(), headers=(), body=None, time=1704164645,
                 region="eu-central-1", secret=SECRET, token=None, expires=3600):
        self.name, self.method, self.tls, self.host, self.path = name, method, tls, host, path
        self.query, self.headers, self.body = list(query), list(headers), body
        self.time, self.region, self.secret, self.token = time, region, secret, token
        self.expires = expires

    @property
    def date(self):
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.time))

    @property
    def scope(self):
        return f"{self.date[:8]}/{self.region}/s3/aws4_request"

    @property
    def base(self):
        return f"{'https' if self.tls else 'http'}://{self.host}{self.path}"

    def signature(self, query, headers, payload):
        headers = sorted((n, " ".join(v.split())) for n, v in headers + [("host", self.host)])
        signed = ";".join(n for n, _ in headers)
        canonical = "\n".join([self.method, self.path, query,
                               "".join(f"{n}:{v}\n" for n, v in headers), signed, payload])
        to_sign = "\n".join(["AWS4-HMAC-SHA256", self.date, self.scope,
                             hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret).encode()
        for step in (*self.scope.split("/"), to_sign):
            key = hmac.digest(key, step.encode(), "sha256")
        return signed, key.hex()

    def sign(self):
        payload = hashlib.sha256(self.body or b"").hexdigest()
        added = [("x-amz-date", self.date), ("x-amz-content-sha256", payload)]
        if self.token:
            added.append(("x-amz-security-token", self.token))
        signed, signature = self.signature(encode(self.query), self.headers + added, payload)
        return payload, signed, signature

    def presign(self):
        signed = ";".join(sorted([n for n, _ in self.headers] + ["host"]))
        query = self.query + [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", f"{ID}/{self.scope}"),
            ("X-Amz-Date", self.date), ("X-Amz-Expires", str(self.expires)),
            ("X-Amz-SignedHeaders", signed)]
        if self.token:
            query.append(("X-Amz-Security-Token", self.token))
        _, signature = self.signature(encode(query), self.headers, "UNSIGNED-PAYLOAD")
        return f"{self.base}?{encode(query)}&X-Amz-Signature={signature}"

    def url(self):
        return self.base + ("?" + encode(self.query, bare=True) if self.query else "")

    @property
    def resource(self):
        return self.path if self.path.startswith("/bucket/") else "/bucket" + self.path

    def signature2(self, date):
        def header(name):
            return dict(self.headers).get(name, "")
        amz = [(n, v) for n, v in self.headers if n.startswith("x-amz-")]
        if self.token:
            amz.append(("x-amz-security-token", self.token))
        sub = sorted((n, v) for n, v in self.query if n in SUB_RESOURCES)
        to_sign = "\n".join([self.method, header("content-md5"), header("content-type"), date,
                             *(f"{n}:{v}" for n, v in sorted(amz)), self.resource])
        if sub:
            to_sign += "?" + "&".join(n if v is None else f"{n}={v}" for n, v in sub)
        digest = hmac.digest(self.secret.encode(), to_sign.encode(), "sha1")
        return base64.b64encode(digest).decode()

    def sign2(self):
        date = email.utils.formatdate(self.time, usegmt=True)
        return date, self.signature2(date)

    def presign2(self):
        end = str(self.time + self.expires)
        query = [("AWSAccessKeyId", ID), ("Expires", end)]
        if self.token:
            query.append(("x-amz-security-token", self.token))
        query.append(("Signature", self.signature2(end)))
        return self.url() + ("&" if self.query else "?") + "&".join(
            f"{n}={quote(v)}" for n, v in query)


SUB_RESOURCES = {
    "acl", "lifecycle", "location", "logging", "notification", "partNumber", "policy",
    "requestPayment", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
    "response-content-type", "response-content-language", "response-expires",
    "response-cache-control", "response-content-disposition", "response-content-encoding"}


def encode(query, bare=False):
    pairs = sorted((quote(n), v is None, quote(v or "")) for n, v in query)
    return "&".join(n if bare and alone else f"{n}={v}" for n, alone, v in pairs)


def quote(text):
    return urllib.parse.quote(text, safe="-_.~")


def path_of(key):
    return "/" + urllib.parse.quote(key, safe="-_.~/")


REQUESTS = [
    Request("plain GET"),
    Request("HEAD", method="HEAD"),
    Request("DELETE", method="DELETE"),
    Request("PUT with a body", method="PUT", body=b"hello, world\n",
            headers=[("content-type", "text/plain; charset=utf-8")]),
    Request("an empty body", method="PUT", body=b""),
    Request("a body with NUL bytes", method="PUT", body=b"\x00\x01\x00\xff"),
    Request("a custom endpoint with a port", tls=False, host="minio.example:9000",
            path="/bucket/2024/report.csv", region="us-east-1"),
    Request("an IPv6 endpoint", tls=False, host="[2001:db8::1]:8080", path="/b/k"),
    Request("an empty key", path="/"),
    Request("every byte that is not reserved", path=path_of("AZaz09-._~")),
    Request("blanks, plus and percent", path=path_of("a b+c%20d")),
    Request("question mark and fragment in the key", path=path_of("a?b=c#d&e")),
    Request("slashes stay", path=path_of("//a//b/../c/./")),
    Request("text outside of ASCII", path=path_of("Übergröße/日本語/😀.png")),
    Request("a newline in the key", path=path_of("a\nb\tc\x7f")),
    Request("sub-resource without value", query=[("acl", "")]),
    Request("a name alone", method="POST", query=[("uploads", None)]),
    Request("names alone and with values", query=[("versionId", "1"), ("uploads", None),
                                                  ("prefix", "x")]),
    Request("what version 2 signs of a query", query=[
        ("uploadId", "u+/ %41"), ("partNumber", "2"), ("list-type", "2"), ("Acl", "x"),
        ("response-content-type", "é b")]),
    Request("what version 2 signs of headers", method="PUT", headers=[
        ("content-type", "a/b"), ("content-md5", "bQ=="), ("cache-control", "no-cache"),
        ("x-amz-meta-b", "2  3"), ("x-amz-acl", "private"), ("x-amzn", "x")]),
    Request("query sorted by code point", query=[("b", "1"), ("A", "2"), ("a", "3"), ("B", "4")]),
    Request("names that begin alike", query=[("ab", "1"), ("a", "2"), ("a-b", "3"), ("aB", "4")]),
    Request("the same name twice", query=[("x", "2"), ("x", "10"), ("x", "1")]),
    Request("sorted once encoded", query=[("a=b", "1"), ("a", "2"), ("é", "3"), ("z", "4"), ("~", "5")]),
    Request("a value with everything", query=[
        ("response-content-disposition", "attachment; filename=\"a b&c=d;é.txt\""),
        ("versionId", "null/+x==")]),
    Request("headers sorted", headers=[("x-amz-meta-b", "2"), ("x-amz-meta-a", "1"),
                                       ("if-match", "\"etag\""), ("range", "bytes=0-9")]),
    Request("runs of blanks in a header", headers=[("x-amz-meta-note", "a  b \t c\td")]),
    Request("blanks around a header", headers=[("x-amz-meta-note", " \t a b  ")]),
    Request("an empty header", headers=[("x-amz-meta-note", "")]),
    Request("a header of blanks", headers=[("x-amz-meta-note", " \t ")]),
    Request("a header outside of ASCII", headers=[("x-amz-meta-name", "Jürgen")]),
    Request("a session token", token="FwoGZXIvYXdzEXAMPLE/+token=="),
    Request("a session token, query and headers", method="PUT", token="tok/en+=",
            body=b"x", query=[("partNumber", "1"), ("uploadId", "u/1")],
            headers=[("x-amz-storage-class", "GLACIER")]),
    Request("the epoch", time=0),
    Request("a leap day", time=calendar.timegm((2024, 2, 29, 23, 59, 59))),
    Request("the last second of 9999", time=253402300799),
    Request("a second before midnight", time=calendar.timegm((2025, 12, 31, 23, 59, 59))),
    Request("one second to live", expires=1),
    Request("seven days to live", expires=604800),
    Request("another region", region="us-gov-west-1"),
    Request("a secret longer than a block", secret="s" * 200),
]


def c_string(text):
    data = text if isinstance(text, bytes) else text.encode()
    out = "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\' else f"\\{b:03o}" for b in data)
    return '"' + out.replace("??", "?\\077") + '"'


def c_fields(fields):
    return "{" + ", ".join("{%s, %s}" % (c_string(n), "NULL" if v is None else c_string(v))
                           for n, v in fields) + "}" if fields else "{{NULL, NULL}}"


def signing_vectors():
    for r in REQUESTS:
        payload, signed, signature = r.sign()
        body = "NULL, 0" if r.body is None else f"{c_string(r.body)}, {len(r.body)}"
        token = "NULL" if r.token is None else c_string(r.token)
        yield "\t{" + ",\n\t\t".join([
            f"{c_string(r.name)}, {c_string(r.method)}, {'true' if r.tls else 'false'}, "
            f"{c_string(r.host)}, {c_string(r.path)}",
            c_fields(r.query), c_fields(r.headers), body,
            f"INT64CONST({r.time}), {c_string(r.region)}, {c_string(r.secret)}, {token}, {r.expires}",
            c_string(payload), c_string(r.scope), c_string(signed), c_string(signature),
            c_string(r.presign()), c_string(r.url())]) + "}"


def sigv2_vectors():
    for r in REQUESTS:
        # What has blanks at its ends never comes that far.
        if any(v != v.strip() for _, v in r.headers):
            continue
        date, signature = r.sign2()
        token = "NULL" if r.token is None else c_string(r.token)
        yield "\t{" + ",\n\t\t".join([
            f"{c_string(r.name)}, {c_string(r.method)}, {'true' if r.tls else 'false'}, "
            f"{c_string(r.host)}, {c_string(r.path)}, {c_string(r.resource)}",
            c_fields(r.query), c_fields(r.headers),
            f"INT64CONST({r.time}), {c_string(r.secret)}, {token}, {r.expires}",
            c_string(date), c_string(signature), c_string(r.presign2())]) + "}"


def normalized(key):
    """The path of the URL as urlsplit and normpath leave it, its '/' aside."""
    path = urllib.parse.urlsplit("s3://bucket/" + key).path
    return posixpath.normpath(path).lstrip("/") if path.strip("/") else ""


def key_vectors():
    chance = random.Random(20240102)
    keys = ["a", "a/b", "a/", "a//b", "/a", "//a", "a/./b", "./a", "a/.", ".", "./", "..", "../a",
            "a/..", "a/../b", "a/b/../../c", "a/../../b", "...", "a/.../b", "a..b", "..a/b", ".a",
            "a?b", "a#b", "?a", "#a", "a?b#c", "a#b?c", "a/?b/../c", "a/..?b", "a b", "a%2Fb",
            "a%2E%2E/b", "a;b", "a:b", "@a", "[a]", "é/../ü", "a\\..\\b", " a ", "a//", "///"]
    segments = ["a", "b", "..", ".", "", "?", "#", "...", "c?d", "é"]
    while len(keys) < 150:
        key = "/".join(chance.choice(segments) for _ in range(chance.randint(1, 7)))
        if key not in keys and key:
            keys.append(key)
    for key in keys:
        yield "\t{%s, %s}" % (c_string(key), c_string(normalized(key)))


def write(path, *parts):
    with open(path, "w") as f:
        f.write("/* Written by vectors.py: do not edit. */\n")
        f.writelines(parts)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    write(f"{here}/signing_vectors.h",
          f"#define ACCESS_KEY_ID {c_string(ID)}\n\n",
          "static const SigningVector signing_vectors[] = {\n",
          ",\n".join(signing_vectors()), "\n};\n")
    write(f"{here}/sigv2_vectors.h",
          f"#define ACCESS_KEY_ID {c_string(ID)}\n\n",
          "static const SigningVector signing_vectors[] = {\n",
          ",\n".join(sigv2_vectors()), "\n};\n")
    write(f"{here}/key_vectors.h",
          "static const KeyVector key_vectors[] = {\n",
          ",\n".join(key_vectors()), "\n};\n")


if __name__ == "__main__":
    main()
