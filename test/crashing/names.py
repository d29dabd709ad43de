"""Objects: their names, their contents, and what a row may say of them.

An object is known by "bucket/key" whatever URL names it.  The first directory of
the key says who writes it, and so what must stand there:

    own     one put without overwrite: the content of the row that names it
    moved   one copy or rename, under a name of its own: likewise
    sum     many puts of the same bytes, whose digest is the name
    page    puts with overwrite, each while it has locked the one row of the page
    hot     many puts of different bytes, with overwrite
    kept    puts that are never undone
"""
import collections
import hashlib

RGW_BUCKETS = ('plain', 'versions')
BUCKETS = RGW_BUCKETS + ('swift',)
SCHEMES = {'plain': ('s3', 's3-alias'), 'versions': ('s3', 's3-alias'),
           'swift': ('s3-swift', 's3-swift2')}
OWN_SCHEME = 's3-own'           # of Ceph; its key_prefix is "own"
NAMES = {'own': 30, 'hot': 8, 'kept': 4, 'page': 6}
SUMS = 8                        # contents of objects that are named by their digest
EXACT = ('own', 'moved')
PART = 5 * 1024 * 1024          # more than this goes in parts


class Content(collections.namedtuple('Content', 'word count')):
    """A word many times, so that the server can make it."""

    SQL = "convert_to(repeat(%s, %s), 'UTF8')"

    def bytes(self):
        return self.word.encode() * self.count

    def digest(self):
        return hashlib.md5(self.bytes()).hexdigest()


def content(random, word, parts=False):
    """No two words are the same, so no two contents are."""
    word += ' '
    size = PART + random.randrange(1000) if parts else random.choice((1, 10, 1000, 1000, 100000))
    return Content(word, 1 + size // len(word))


def sums():
    """The contents that are put under their digests."""
    return [Content('sum %d ' % n, 1 + 37 ** (n % 4)) for n in range(SUMS)]


def url(random, bucket, key):
    """By one of the schemes of its server."""
    return '%s://%s/%s' % (random.choice(SCHEMES[bucket]), bucket, key)


def object_of(url):
    """What the URL names."""
    scheme, _, path = url.partition('://')
    if scheme == OWN_SCHEME:
        bucket, _, key = path.partition('/')
        return '%s/own/%s' % (bucket, key)
    return path


def kind(name):
    return name.split('/')[1]


def bucket_and_key(name):
    bucket, _, key = name.partition('/')
    return bucket, key


def tells_of(line, name):
    """Is a line of a log about the object?"""
    bucket, key = bucket_and_key(name)
    if '/' + name in line or ('/%s?delete: ' % bucket in line and key in line):
        return True
    return key.startswith('own/') and '%s://%s/%s' % (OWN_SCHEME, bucket, key[len('own/'):]) in line
