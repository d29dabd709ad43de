"""test_owners.py - tables and files of owners who are nobody special."""
import os
import pathlib
import pwd
import uuid

from harness import Case, connect, environment, query
from test_removal import RemovalCase

RESTRICTED = 'within security-restricted operation'
RLS = 'row-level security'


class OwnerTest(RemovalCase):
    """{person} is of a role that is bound by row-level security, and may write any function."""

    def setUp(self):
        super().setUp()
        self.owner = self.table + '_owner'
        self.sql('CREATE ROLE {0} IN ROLE s3store_write'.format(self.owner))
        self.addCleanup(self.drop_owner)
        self.sql('GRANT USAGE, CREATE ON SCHEMA public TO ' + self.owner)
        self.sql('ALTER TABLE {person} OWNER TO ' + self.owner)

    def drop_owner(self):
        conn = connect()
        query(conn, 'REASSIGN OWNED BY {0} TO CURRENT_USER'.format(self.owner))
        query(conn, 'DROP OWNED BY ' + self.owner)
        query(conn, 'DROP ROLE ' + self.owner)
        conn.close()

    def truncate_trigger(self):
        self.sql('CREATE TRIGGER truncated BEFORE TRUNCATE ON {person}'
                 " FOR EACH STATEMENT EXECUTE FUNCTION s3_manage('avatar')")

    def hide_rows(self):
        self.sql('ALTER TABLE {person} ENABLE ROW LEVEL SECURITY')
        self.sql('ALTER TABLE {person} FORCE ROW LEVEL SECURITY')

    def trap(self, where):
        """The planner calls a function of the owner's, for what it knows of a table."""
        self.sql('CREATE FUNCTION {person}_do() RETURNS void LANGUAGE plpgsql AS'
                 ' $$BEGIN CREATE TEMPORARY TABLE trapped (n int); END$$')
        self.sql('CREATE FUNCTION {person}_trap(text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS'
                 " $$BEGIN IF current_setting('test.trap', true) = 'set' THEN PERFORM public.{person}_do(); END IF;"
                 ' RETURN true; END$$')
        self.addCleanup(lambda: self.sql('DROP FUNCTION {person}_do()'))
        self.addCleanup(lambda: self.sql('DROP FUNCTION {person}_trap(text) CASCADE'))
        self.sql(where + " (public.{person}_trap('x'))")

    def trapped_session(self):
        conn = self.open()
        self.addCleanup(conn.close)
        query(conn, "SET test.trap = 'set'")
        query(conn, 'SET constraint_exclusion = on')
        return conn

    def check_waits(self, words):
        self.assertEqual(self.keys(), [self.key()])
        ((state, error),) = self.queue('state, last_error')
        self.assertEqual(state, 'pending')
        self.assertIn(words, error)

    def test_row_level_security(self):
        """Hides no row from the question: what cannot be asked waits."""
        url = self.object()
        self.fill(avatar=url)
        self.hide_rows()
        self.sql('SELECT s3_delete_later(%s)', url)
        self.drain()
        self.check_waits(RLS)
        self.sql('ALTER TABLE {person} NO FORCE ROW LEVEL SECURITY')
        self.assert_kept()

    def test_row_level_security_and_truncate(self):
        """No row goes whose object would be forgotten."""
        self.truncate_trigger()
        self.fill(avatar=self.object())
        self.hide_rows()
        with self.assertSqlState('42501', RLS):
            self.sql('TRUNCATE {person}')
        self.sql('ALTER TABLE {person} NO FORCE ROW LEVEL SECURITY')
        self.sql('TRUNCATE {person}')
        self.assert_gone()

    def test_truncate_with_an_old_snapshot(self):
        """Rows that came later go, too, and so do their objects."""
        self.truncate_trigger()
        other = self.open()
        self.addCleanup(other.close)
        self.sql('BEGIN ISOLATION LEVEL REPEATABLE READ', session=other)
        self.sql('SELECT 1', session=other)
        self.fill(avatar=self.object())
        self.sql('TRUNCATE {person}', session=other)
        self.sql('COMMIT', session=other)
        self.assertEqual(self.queue('url'), [(self.url(self.key()),)])
        self.assert_gone()

    def test_code_in_the_question(self):
        """Runs with nothing but the owner's rights, and leaves nothing in the session."""
        self.trap('CREATE INDEX ON {person} (id) WHERE')
        url = self.object()
        self.fill(avatar=url)
        self.sql('SELECT s3_delete_later(%s)', url)
        self.drain(self.trapped_session())
        self.check_waits(RESTRICTED)
        self.assert_kept()

    def test_code_in_truncate(self):
        self.trap('ALTER TABLE {person} ADD CHECK')     # the indexes are made anew, and anyway restricted
        self.truncate_trigger()
        self.fill(avatar=self.object())
        with self.assertSqlState('42501', RESTRICTED):
            self.sql('TRUNCATE {person}', session=self.trapped_session())


class CredentialsFileTest(Case):
    """Which files hold access keys that count."""

    def setUp(self):
        self.path = pathlib.Path(environment('S3STORE_TEST_DIR')) / ('keys-' + uuid.uuid4().hex[:8])
        self.path.write_text('[default]\naws_access_key_id = id\naws_secret_access_key = secret\n')
        self.session = self.connect(endpoints={'s3': {}})
        query(self.session, 'SELECT set_config(%s, %s, false)', 's3store.credentials_file', str(self.path))

    def give(self, owner, group, mode, path=None):
        os.chown(path or self.path, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(group).pw_gid)
        os.chmod(path or self.path, mode)

    def link(self):
        return query(self.session, "SELECT s3_presign('s3://bucket/key') LIKE '%X-Amz-Signature%'")

    def test_owners(self):
        self.give('postgres', 'postgres', 0o600)
        self.assertEqual(self.link(), [(True,)])
        self.give('root', 'postgres', 0o640)
        self.assertEqual(self.link(), [(True,)])

    def test_other_owner(self):
        """Its mode is as good as root's, but somebody else can change it."""
        self.give('nobody', 'postgres', 0o640)
        with self.assertSqlState('28000', 'must be owned by the database user or root'):
            self.link()

    def test_link(self):
        """It leads to a good file, today."""
        self.give('postgres', 'postgres', 0o600)
        link = self.path.with_suffix('.link')
        link.symlink_to(self.path)
        query(self.session, 'SELECT set_config(%s, %s, false)', 's3store.credentials_file', str(link))
        with self.assertSqlState('28000', hint='Symbolic links are not followed'):
            self.link()
