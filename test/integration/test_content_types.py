"""test_content_types.py - media types by extension, compared with Python's.

Each extension that mimetypes knows on this system is put once without a
content type, and looked up with boto3.
"""
import mimetypes
import posixpath
import sys

import harness


def names():
    """A key for each extension, and some with two, none, or none that counts."""
    mimetypes.init()
    database = mimetypes._db
    known = set(database.types_map[False]) | set(database.types_map[True])
    keys = ['file' + extension for extension in sorted(known)]
    keys += ['upper.JPG', 'a.tar.gz', 'a.tgz', 'a.TGZ', 'a.svgz', 'a.txt.gz', 'a.txt.GZ', 'a.txt.Z',
             'a.txt.z', 'a.html.bz2', 'a.json.xz', 'a.css.br', 'a.gz', 'no-extension', '.htaccess',
             '.hidden.txt', '..txt', 'dir.txt/file', 'dir/.txt', 'a.', 'a.b.c', 'a.unknown-extension',
             'a.' + 'x' * 200, 'ünï.pdf', 'a b.png', 'a.p%6Eg', 'a..jpg']
    return keys


def guess(key):
    """What mimetypes says.  Before 3.10 it tries an extension as it is written first."""
    stem, extension = posixpath.splitext(key)
    packed = mimetypes.encodings_map.keys() & {extension, extension.lower()}
    if sys.version_info < (3, 10) and not packed:
        key = stem + extension.lower()
    return mimetypes.guess_type(key, strict=False)[0] or 'application/octet-stream'


class ContentTypes(harness.Case):
    """s3_put without a content type."""

    def test_by_extension(self):
        """As mimetypes.guess_type(strict=False), or application/octet-stream."""
        conn, s3 = self.connect(), harness.rgw()
        bucket = self.bucket(s3)
        keys = names()
        self.assertGreater(len(keys), 500)
        harness.query(conn, "SELECT s3_put('s3://' || %s || '/' || key, '', overwrite => true)"
                            ' FROM unnest(%s) AS key', bucket, keys)
        wrong = {}
        for key in keys:
            expected = guess(key)
            found = s3.head_object(Bucket=bucket, Key=key)['ContentType']
            if found != expected:
                wrong[key] = (found, expected)
        self.assertEqual(wrong, {})

    def test_given(self):
        """The argument wins over the name."""
        conn, s3 = self.connect(), harness.rgw()
        bucket = self.bucket(s3)
        harness.query(conn, "SELECT s3_put('s3://' || %s || '/a.png', 'x', 'text/x-mine')", bucket)
        self.assertEqual(s3.head_object(Bucket=bucket, Key='a.png')['ContentType'], 'text/x-mine')
