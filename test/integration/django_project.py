"""django_project.py - the project of test/django, set up in a database of its own.

The DBA's part is done here as the README tells it: the extension, the settings
of the database, the keys in a file, and a role for the application.
"""
import json
import os
import pathlib
import pwd
import sys
import uuid

import harness

PROJECT = pathlib.Path(__file__).resolve().parent.parent / 'django'


def write_credentials(path):
    """The credentials file, owned by the server's user."""
    path.touch(mode=0o600)
    path.write_text('[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' % (
        harness.environment('RGW_ACCESS_KEY_ID'), harness.environment('RGW_SECRET_ACCESS_KEY')))
    if os.geteuid() == 0:
        owner = pwd.getpwnam('postgres')
        os.chown(path, owner.pw_uid, owner.pw_gid)


def create_database():
    """A database with the extension, its settings, and a user: their one name."""
    name = 'django_' + uuid.uuid4().hex[:12]
    path = pathlib.Path(harness.environment('S3STORE_TEST_DIR')) / (name + '.credentials')
    write_credentials(path)
    conn = harness.connect(endpoints={})
    harness.query(conn, 'CREATE ROLE %s LOGIN IN ROLE s3store_read, s3store_write' % name)
    harness.query(conn, 'CREATE DATABASE %s OWNER %s' % (name, name))
    endpoints = {'s3': {'endpoint_url': harness.environment('RGW_ENDPOINT'), 'region': 'us-east-1'}}
    for setting, value in (('endpoints', json.dumps(endpoints)), ('credentials_file', str(path)),
                           ('worker', 'off')):      # until a test wants it
        harness.query(conn, 'ALTER DATABASE %s SET s3store.%s = %%s' % (name, setting), value)
    conn.close()
    conn = harness.connect(endpoints=None, dbname=name)
    harness.query(conn, 'CREATE EXTENSION s3store')
    harness.query(conn, 'GRANT ALL ON SCHEMA public TO ' + name)
    conn.close()
    return name


def drop_database(name):
    """Undo create_database()."""
    conn = harness.connect(endpoints={})
    harness.query(conn, 'DROP DATABASE %s' % name)
    harness.query(conn, 'DROP ROLE %s' % name)
    conn.close()


def set_up():
    """Make the database, configure Django for it, migrate; the database's name."""
    name = create_database()
    os.environ.update(DJANGO_DATABASE=name, DJANGO_USER=name, DJANGO_SETTINGS_MODULE='settings')
    sys.path.insert(0, str(PROJECT))
    import django
    from django.core.management import call_command
    django.setup()
    call_command('migrate', verbosity=0)
    return name


def tear_down(name):
    """Undo set_up()."""
    from django.db import connections
    connections.close_all()
    drop_database(name)
