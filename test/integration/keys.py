"""keys.py - keys that go wrong somewhere, sometime: every class of bytes."""

# NUL is the one character that no text of PostgreSQL holds.
_CONTROLS = ''.join(map(chr, range(1, 32))) + '\x7f'
_PRINTABLE = ''.join(map(chr, range(32, 127)))

ODD_KEYS = (
    # slashes, and segments that mean something in paths
    '/', '//', '///', '/a', 'a/', 'a//b', '//a//', '.', '..', '/.', './a', '../a', 'a/.', 'a/..',
    'a/./b', 'a/../b', '/../../etc/passwd', '...', '\\..\\', '~', '~user/x',
    # what percent-encoding and queries are made of
    '%', '%2F', '%2f%41', '%zz', '%00', '%25', '+', 'a+b c', '?', 'a?b=c&d', '#', 'a#b', '&', '=',
    'a=b', ';', ',', '&X-Amz-Signature=0', '?versionId=null', '?acl', 'a?uploads',
    # blanks and controls
    ' ', ' a ', 'a  b', '\t', '\n', '\r\n', 'a\x01b', '\x7f', _CONTROLS,
    # quotes, brackets, what templates and shells read
    "'", '"', '`', '\\', "it's", '!*\'()', '<>&amp;', '{Key}', '{0}', '%s', '$1', '$(x)', '[a]',
    '{a,b}', '|', '^', '@', ':', 'a:b', '-', '--', '_', '*', _PRINTABLE,
    # characters of two, three and four bytes; composed, invisible, right to left
    '\u00fc', 'u\u0308', '\u0416\u05d0\u0e01', '\u20ac', '\u4e2d\u65e5', '\u2028', '\ufeff',
    '\ufffd', '\u202e', '\u200d', '\u00a0', '\u0080', '\U0001f600', '\U00010348', '\U0010ffff', '\ufdd0',
    # as long as a key can be
    'a' * 1024, '\u00fc' * 512, '\U0001f600' * 256, '%' * 1024, 'a/' * 512,
    # URLs
    's3://b/k', 'http://h/k', '//h/k', 'arn:aws:s3:::b/k', 'user:password@host',
)
