"""test_content_types.py - media types by extension, compared with Python's.

Each extension that mimetypes knows on this system is put once without a
content type, and looked up with boto3.
"""
import mimetypes
import posixpath

import harness


def names():
    """A key for each extension, and some with two, none, or none that counts."""
    mimetypes.init()
    database = mimetypes._db
    known = set(database.types_map[False]) | set(database.types_map[True])
    keys = ['file' + extension for extension in sorted(known)]
    keys += ['upper.JPG', 'a.tar.gz', 'a.tgz', 'a.TGZ', 'a.svgz', 'a.txt.gz', 'a.txt.GZ', 'a.txt.Z',
             'a.txt.z', 'a.html.bz2', 'a.json.xz', 'a.css.br', 'a.gz', 'a.tar.GZ', 'a.txz', 'a.tbz2', 'a.Z', 'a.z', 'a.SVGZ', '.gz',
             'a.gz/b.txt', 'a.svg.gz', 'no-extension', '.htaccess',
             '.hidden.txt', '..txt', 'dir.txt/file', 'dir/.txt', 'a.', 'a.b.c', 'a.unknown-extension',
             'a.' + 'x' * 200, 'ünï.pdf', 'a b.png', 'a.p%6Eg', 'a..jpg']
    return keys


PACKED = {'br': 'application/x-brotli', 'bzip2': 'application/x-bzip',
          'compress': 'application/x-compress', 'gzip': 'application/gzip', 'xz': 'application/x-xz'}


def guess(key):
    """What mimetypes says, but for what is packed: that is a file of its own type.

    Only pictures in .svgz have the encoding.
    """
    stem, extension = posixpath.splitext(key)
    if extension != '.Z':
        key = stem + extension.lower()
    content_type, encoding = mimetypes.guess_type(key, strict=False)
    if encoding and not key.endswith('.svgz'):
        return PACKED[encoding]
    return content_type or 'application/octet-stream'


class ContentTypes(harness.Case):
    """s3_put without a content type."""

    def test_by_extension(self):
        """As mimetypes.guess_type(strict=False), with few exceptions."""
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
