"""test_readme.py - every example of the README, run as it stands there.

A block of sql or sh is run; a block of text right behind it is what it must
print, where "…" stands for anything and the width of columns does not count.
Without one, it must only not fail.  Names of hosts, files and keys that the
README makes up are put in place first.  Blocks marked console are not run:
they install the software.
"""
import os
import re
import subprocess
import time

import harness

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(TOP, 'README.md')
SERVER = os.path.join(TOP, 'test', 'servers', 'postgres')
SETTINGS_DOC = os.path.join(TOP, 'test', 'settings_doc')
BLOCK = re.compile(r'^```(\w+)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
DEADLINE = 30


def examples():
    """(kind, code, expected output or None), those before "Install" last of the set-up."""
    with open(README, encoding='utf-8') as file:
        text = file.read()
    install, use = text.index('\n## Install\n'), text.index('\n## Use\n')
    for part in (text[install:use], text[:install], text[use:]):
        blocks = list(BLOCK.finditer(part))
        for i, block in enumerate(blocks):
            kind, code = block.groups()
            if kind not in ('sql', 'sh'):
                continue
            following = blocks[i + 1] if i + 1 < len(blocks) else None
            if following and following.group(1) == 'text' and following.start() == block.end() + 1:
                yield kind, code, following.group(2)
            else:
                yield kind, code, None


def pattern(expected):
    """A regular expression for normalized output."""
    return '.*'.join(re.escape(part) for part in normalize(expected).split('…'))


def normalize(output):
    """One blank between words, no rulers, no empty lines."""
    lines = (re.sub(r'\s+', ' ', line).strip() for line in output.splitlines())
    return '\n'.join(line for line in lines if line and not re.fullmatch('[-+]+', line))


class Readme(harness.Case):
    """One throwaway cluster, as a reader would have it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dir = os.path.join(harness.environment('S3STORE_TEST_DIR'), 'readme')
        subprocess.run([SERVER, 'start', cls.dir], check=True)
        cls.addClassCleanup(subprocess.run, [SERVER, 'stop', cls.dir], check=True)
        env = subprocess.run([SERVER, 'env', cls.dir], check=True, capture_output=True, text=True)
        cls.env = dict(os.environ, **dict(line.split('=', 1) for line in env.stdout.splitlines()))
        cls.s3 = harness.rgw()
        cls.s3.create_bucket(Bucket='photos')
        cls.addClassCleanup(harness.remove_bucket, cls.s3, 'photos')
        with open(os.path.join(cls.dir, 'photo.jpg'), 'wb') as file:
            file.write(b'\xff\xd8\xff\xe0 not really a photo')

    def in_place(self, code):
        """The code with what is at hand for what the README makes up."""
        for made_up, real in (
                ('/etc/postgresql/s3store.credentials', os.path.join(self.dir, 'credentials')),
                ('http://minio:9000', harness.environment('RGW_ENDPOINT')),
                ('https://files.example.com', 'http://localhost:' + harness.environment('RGW_PORT')),
                ('MINIO-ACCESS-KEY', harness.environment('RGW_ACCESS_KEY_ID')),
                ('MINIO-SECRET-KEY', harness.environment('RGW_SECRET_ACCESS_KEY'))):
            code = code.replace(made_up, real)
        return code

    def psql(self, code):
        """What psql prints for it, errors included."""
        done = subprocess.run(['psql', '-X'], input=code, cwd=self.dir, env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout

    def shell(self, code):
        """The same for a shell, which must succeed."""
        done = subprocess.run(['bash', '-e'], input=code, cwd=self.dir, env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def load_time(self):
        """When the configuration was read last."""
        return self.psql('SELECT pg_conf_load_time();')

    def run_example(self, kind, code, expected):
        """Run one block and compare."""
        before = self.load_time()
        output = (self.psql if kind == 'sql' else self.shell)(self.in_place(code))
        if expected is None:
            self.assertNotRegex(output, '(?m)^(ERROR|FATAL|curl:|psql:)', code)
        else:
            self.assertRegex(normalize(output),
                             re.compile('^' + pattern(self.in_place(expected)) + '$', re.DOTALL), code)
        deadline = time.monotonic() + DEADLINE
        while 'pg_reload_conf' in code and self.load_time() == before:
            self.assertLess(time.monotonic(), deadline, 'the configuration is not read')
            time.sleep(0.02)

    def test_examples(self):
        """Every block, in order: the later ones build on the earlier ones."""
        count = 0
        for kind, code, expected in examples():
            self.run_example(kind, code, expected)
            count += 1
        self.assertGreater(count, 10)
        uploaded = self.s3.get_object(Bucket='photos', Key='new.jpg')
        self.assertEqual(uploaded['ContentType'], 'image/jpeg')
        self.assertTrue(uploaded['Body'].read().endswith(b'not really a photo'))


class Reference(harness.Case):
    """The README's tables name everything there is."""

    def setUp(self):
        super().setUp()
        with open(README, encoding='utf-8') as file:
            self.text = file.read()
        self.conn = self.connect()

    def assertRow(self, pattern):
        """A row of a table has it."""
        self.assertTrue(re.search(r'(?m)^\|.*%s.*\|' % pattern, self.text), pattern)

    def test_settings(self):
        """Each setting that the library defines."""
        names = [row[0] for row in harness.query(
            self.conn, "SELECT name FROM pg_settings WHERE name LIKE 's3store.%'")]
        secret = ['s3store.endpoints', 's3store.access_key_id', 's3store.secret_access_key',
                  's3store.session_token']    # not listed by the server
        self.assertGreater(len(names), 10)
        for name in names + secret:
            self.assertRow(r'`%s`' % name.split('.')[1])

    def test_settings_table(self):
        """Names, defaults and words are those of the definitions."""
        done = subprocess.run([SETTINGS_DOC, '--check'], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_functions(self):
        """Each function of the extension, with the names of its arguments."""
        rows = harness.query(self.conn, """
            SELECT p.proname, p.proargnames[:p.pronargs] FROM pg_proc p
            JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
            JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
            WHERE e.extname = 's3store'""")
        self.assertGreater(len(rows), 10)
        for name, arguments in rows:
            given = r'[^)]*'.join(re.escape(argument) for argument in arguments or ())
            self.assertRow(r'`(CALL )?%s\(%s[^)]*\)`' % (name, given))
