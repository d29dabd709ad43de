"""Transactions of random changes: puts, rows that name them, rows that move."""
import collections
import time

import psycopg2

from . import names
from .session import Session

Slot = collections.namedtuple('Slot', 'table url digest')
Row = collections.namedtuple('Row', 'slot id url digest')

SLOTS = [Slot('doc', 'photo', 'digest'), Slot('person', 'avatar', 'avatar_digest'),
         Slot('person', 'upload', 'upload_digest'), Slot('event', 'photo', 'digest'),
         Slot('place', 'photo', 'digest'), Slot('town', 'photo', 'digest'),
         Slot('archive', 'photo', 'digest'), Slot('scratch', 'photo', 'digest')]
TICKET = Slot('ticket', 'scan', 'digest')   # holds URLs of s3://plain/own/ only
PAGE = Slot('page', 'photo', 'digest')
MANAGED = SLOTS + [TICKET, PAGE]
LEVELS = {'READ COMMITTED': 7, 'REPEATABLE READ': 3, 'SERIALIZABLE': 0.5}
SAVEPOINT, SAVEPOINT_BACK = 0.35, 0.5   # of the changes in a savepoint, those rolled back
ASYNCHRONOUS, LONG, BACK, PREPARED = 0.15, 0.12, 0.2, 0.12     # of the transactions
PAUSE = 1.2                     # seconds in a long transaction
FIXED = "({0.url} ~ '/(own|moved|sum)/' OR {0.url} ~ '^s3-own:')"      # objects that nobody changes


class Rollback(Exception):
    """The transaction is not to be committed."""


class Lines:
    """The input of a COPY that takes its time."""

    def __init__(self, rows, pause):
        self.lines, self.pause = ['%s\t%s\n' % row for row in rows], pause

    def read(self, size):
        time.sleep(self.pause)
        return self.lines.pop(0) if self.lines else ''


class Client(Session):
    """Transactions of a few random changes."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.transactions = self.contents = 0
        self.changes, self.weights = zip(*((getattr(self, name), weight)
                                           for name, weight in WEIGHTS.items()))

    # -------------------------------------------------------------------------
    # Transactions
    # -------------------------------------------------------------------------

    def work(self):
        self.transactions += 1
        level = self.random.choices(list(LEVELS), LEVELS.values())[0]
        self.query('BEGIN ISOLATION LEVEL ' + level)
        self.note('BEGIN ' + level)
        try:
            self.work_in_transaction()
        except Rollback:
            self.end('ROLLBACK', 'rolled back')
        except psycopg2.Error as error:
            if not self.is_in_error() and not self.is_good():
                raise
            self.tell(error)
            self.end('ROLLBACK', 'failed')

    def work_in_transaction(self):
        if self.random.random() < ASYNCHRONOUS:
            self.query('SET LOCAL synchronous_commit = off')
        is_long = self.random.random() < LONG
        for _ in range(self.random.randint(1, 4)):
            self.change()
            if is_long:
                time.sleep(self.random.uniform(0, PAUSE))
        if self.random.random() < BACK:
            raise Rollback
        self.note('ends as xid %s' % self.query('SELECT pg_current_xact_id_if_assigned()')[0][0])
        if self.random.random() < PREPARED:
            self.prepare()
        else:
            self.end('COMMIT', 'committed')

    def end(self, command, word):
        self.query(command)
        self.note(command)
        self.round.count('transactions ' + word)

    def prepare(self):
        """Two of three are ended by somebody else."""
        name = '%s_%d' % (self.name, self.transactions)
        self.query("PREPARE TRANSACTION '%s'" % name)
        self.note('PREPARE ' + name)
        self.round.count('transactions prepared')
        if self.random.random() < 1 / 3:
            time.sleep(self.random.uniform(0, 0.2))
            try:
                self.end("%s PREPARED '%s'" % (self.random.choice(('COMMIT', 'ROLLBACK')), name), 'ended')
            except (psycopg2.errors.UndefinedObject, psycopg2.errors.ObjectNotInPrerequisiteState):
                pass

    def change(self):
        """One change, some in a savepoint, which may be rolled back."""
        what = self.random.choices(self.changes, self.weights)[0]
        self.round.count('change: ' + what.__name__)
        if self.random.random() > SAVEPOINT:
            what()
            return
        self.query('SAVEPOINT a')
        try:
            what()
        except psycopg2.Error as error:
            if not self.is_in_error() or self.random.random() < 0.5:
                raise
            self.tell(error)
            back = True
        else:
            back = self.random.random() < SAVEPOINT_BACK
        self.query('ROLLBACK TO a' if back else 'RELEASE a')
        if back:
            self.note('ROLLBACK TO SAVEPOINT')
            self.round.count('savepoints rolled back')

    # -------------------------------------------------------------------------
    # Rows
    # -------------------------------------------------------------------------

    def insert(self, url, digest, slot=None):
        if slot is None:
            fits = url.startswith('s3://plain/own/')
            slot = self.random.choice(SLOTS + [TICKET] * fits)
        self.query('INSERT INTO {0.table} ({0.url}, {0.digest}) VALUES (%s, %s)'.format(slot), url, digest)
        self.note('row %s: %s' % ('.'.join(slot[:2]), url))

    def pick(self, slots=SLOTS, condition='true'):
        """A row that is locked now, or None."""
        slot = self.random.choice(slots)
        rows = self.query(('SELECT id, {0.url}, {0.digest} FROM {0.table} WHERE {0.url} IS NOT NULL AND '
                           + condition + ' ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED').format(slot))
        return Row(slot, *rows[0]) if rows else None

    def set(self, row, url, digest):
        self.query('UPDATE {0.table} SET {0.url} = %s, {0.digest} = %s WHERE id = %s'.format(row.slot),
                   url, digest, row.id)
        self.note('row %s: %s -> %s' % ('.'.join(row.slot[:2]), row.url, url))

    def delete_row(self, row):
        self.query('DELETE FROM {0.table} WHERE id = %s'.format(row.slot), row.id)
        self.note('row %s goes: %s' % ('.'.join(row.slot[:2]), row.url))

    def delete(self):
        row = self.pick(SLOTS + [TICKET])
        if row:
            self.delete_row(row)

    def delete_many(self):
        slot = self.random.choice(SLOTS)
        self.be_patient()
        self.query('DELETE FROM {0.table} WHERE id % 2 = %s'.replace('%', '%%', 1).format(slot),
                   self.random.randrange(2))
        self.note('half of %s goes' % slot.table)

    def truncate(self):
        self.be_patient()
        self.query('TRUNCATE scratch')
        self.note('TRUNCATE scratch')

    def be_patient(self):
        self.query("SET LOCAL lock_timeout = '1s'")

    def swap(self):
        self.move_in_person('avatar = upload, avatar_digest = upload_digest,'
                            ' upload = avatar, upload_digest = avatar_digest')

    def swap_rows(self):
        """What two rows of a table name."""
        slot = self.random.choice(SLOTS)
        rows = [row for row in (self.pick([slot]), self.pick([slot])) if row]
        if len({row.id for row in rows}) == 2:
            ids = [row.id for row in rows]
            self.query('UPDATE {0.table} SET {0.url} = o.{0.url}, {0.digest} = o.{0.digest} FROM {0.table} AS o'
                       ' WHERE ({0.table}.id, o.id) IN ((%s, %s), (%s, %s))'.format(slot), *ids, *ids[::-1])
            self.note('rows of %s swap: %s, %s' % (slot.table, rows[0].url, rows[1].url))

    def shift(self):
        """And one of the URLs goes."""
        self.move_in_person('avatar = upload, avatar_digest = upload_digest,'
                            ' upload = NULL, upload_digest = NULL')

    def move_in_person(self, assignments):
        row = self.pick(SLOTS[1:3])
        if row:
            rows = self.query('UPDATE person SET %s WHERE id = %%s RETURNING avatar, upload' % assignments,
                              row.id)
            self.note('person: now %s, %s' % rows[0])

    def archive(self):
        """In one statement, or in two."""
        row = self.pick()
        to = self.random.choice(SLOTS)
        if row is None:
            return
        self.note('row %s moves to %s: %s' % (row.slot.table, to.table, row.url))
        if self.random.random() < 0.5:
            self.query(('WITH gone AS (DELETE FROM {0.table} WHERE id = %s RETURNING {0.url}, {0.digest})'
                        ' INSERT INTO {1.table} ({1.url}, {1.digest}) SELECT * FROM gone').format(row.slot, to),
                       row.id)
        else:
            self.name_row_again(row, to)
            self.query('DELETE FROM {0.table} WHERE id = %s'.format(row.slot), row.id)

    def name_row_again(self, row, to):
        self.query(('INSERT INTO {1.table} ({1.url}, {1.digest}) SELECT {0.url}, {0.digest} FROM {0.table}'
                    ' WHERE id = %s').format(row.slot, to), row.id)

    def name_again(self):
        """What a row names that is not locked: it may go meanwhile."""
        slot, to = self.random.choice(SLOTS), self.random.choice(SLOTS)
        rows = self.query('SELECT id, {0.url}, {0.digest} FROM {0.table} WHERE {0.url} IS NOT NULL'
                          ' ORDER BY random() LIMIT 1'.format(slot))
        if rows:
            row = Row(slot, *rows[0])
            time.sleep(self.random.choice((0, 0, 0.05, 0.3)))
            if self.random.random() < 0.5:
                self.name_row_again(row, to)
            else:
                self.insert(row.url, row.digest, to)
            self.note('row %s names again %s' % (to.table, row.url))

    def name_many_again(self):
        """In one long statement."""
        slot, to = self.random.choice(SLOTS), self.random.choice(SLOTS)
        rows = self.query(('INSERT INTO {1.table} ({1.url}, {1.digest}) SELECT * FROM'
                           ' (SELECT {0.url}, {0.digest} FROM {0.table}'
                           ' WHERE {0.url} IS NOT NULL ORDER BY random() LIMIT 6) AS r'
                           ' WHERE pg_sleep(%s) IS NOT NULL RETURNING {1.url}').format(slot, to),
                          self.random.choice((0, 0.02, 0.1, 0.2)))
        self.note('%s names again %s' % (to.table, ' '.join(url for url, in rows)))

    def name_by_copy(self):
        """Names what it has read before, line by line."""
        slot, to = self.random.choice(SLOTS), self.random.choice(SLOTS)
        rows = self.query('SELECT {0.url}, {0.digest} FROM {0.table} WHERE {0.url} IS NOT NULL'
                          ' ORDER BY random() LIMIT 4'.format(slot))
        self.note('%s copies in %s' % (to.table, ' '.join(url for url, _ in rows)))
        lines = Lines(rows, self.random.choice((0, 0.05, 0.2)))
        self.guard('COPY', lambda cursor: cursor.copy_expert(
            'COPY {0.table} ({0.url}, {0.digest}) FROM STDIN'.format(to), lines, size=8))

    def point_elsewhere(self):
        """Many rows, in one long statement, to what another row names."""
        slot, to = self.random.choice(SLOTS), self.random.choice(SLOTS)
        self.be_patient()
        rows = self.query('UPDATE {1.table} SET {1.url} = r.url, {1.digest} = r.digest FROM'
                          ' (SELECT {0.url} AS url, {0.digest} AS digest FROM {0.table}'
                          ' WHERE {0.url} IS NOT NULL ORDER BY random() LIMIT 1) AS r'
                          ' WHERE id %% 5 = %s AND pg_sleep(%s) IS NOT NULL RETURNING r.url'.format(slot, to),
                          self.random.randrange(5), self.random.choice((0, 0.02)))
        self.note('%d rows of %s now name %s' % (len(rows), to.table, rows[0][0] if rows else 'nothing'))

    def name_late(self):
        row = self.pick()
        if row:
            self.query('INSERT INTO late VALUES (%s, %s)', row.url, row.digest)
            self.note('late: %s' % row.url)

    def rescheme(self):
        row = self.pick()
        if row:
            self.set(row, self.other_scheme(row.url), row.digest)

    def other_scheme(self, url):
        bucket, key = names.bucket_and_key(names.object_of(url))
        if key.startswith('own/') and bucket != 'swift' and self.random.random() < 1 / 3:
            return '%s://%s/%s' % (names.OWN_SCHEME, bucket, key[len('own/'):])
        return names.url(self.random, bucket, key)

    def rescheme_all(self):
        slot = self.random.choice(SLOTS)
        schemes = ['s3:', 's3-alias:']
        self.random.shuffle(schemes)
        self.be_patient()
        self.query("UPDATE {0.table} SET {0.url} = replace({0.url}, %s, %s) WHERE {0.url} LIKE %s"
                   .format(slot), *schemes, schemes[0] + '%')
        self.note('all of %s: %s to %s' % (slot.table, *schemes))

    def change_partition(self):
        row = self.pick([SLOTS[3]])
        if row:
            self.query('UPDATE event SET part = (part + 1) % 3 WHERE id = %s'.replace('% 3', '%% 3'), row.id)
            self.note('row event, to another partition: %s' % row.url)

    def delete_later(self):
        """Beside a row: it only goes when that does."""
        row = self.pick()
        if row:
            self.query('SELECT s3_delete_later(%s, %s)', self.other_scheme(row.url),
                       self.random.choice((None, '0', '300 ms')))
            self.note('delete later: %s' % row.url)

    def look(self):
        """What a row that is locked names is there."""
        row = self.pick(MANAGED)
        if row is None:
            return
        rows = self.query('SELECT md5(content), error, sqlstate FROM s3_get(ARRAY[%s])', row.url)
        digest, error, state = rows[0]
        if state == '58P01' and row.url.partition('://')[2].startswith('versions/'):
            self.round.count('errors 58P01 while a version is deleted')     # as in session.py
        elif state == '58P01':
            self.round.violate('lost', 'while row of %s is locked: %s' % (row.slot.table, row.url),
                               names.object_of(row.url))
        elif error is None and names.kind(names.object_of(row.url)) in names.EXACT + ('sum',) and \
                digest != row.digest:
            self.round.violate('lost', 'other content %s than %s while row of %s is locked: %s' % (
                digest, row.digest, row.slot.table, row.url), names.object_of(row.url))
        self.round.count('rows looked at')

    # -------------------------------------------------------------------------
    # Puts
    # -------------------------------------------------------------------------

    def content(self):
        self.contents += 1
        parts = self.random.random() < self.round.parts
        self.round.count('contents in parts', int(parts))
        return names.content(self.random, '%s.%d' % (self.name, self.contents), parts)

    def bucket(self):
        return self.random.choices(list(self.round.buckets), self.round.buckets.values())[0]

    def a_name(self, kind):
        return self.round.a_name(kind, self.random)

    def url(self, bucket, key):
        """Of what the object will be; what it may hold is noted before it is sent."""
        url = names.url(self.random, bucket, key)
        if key.startswith('own/') and bucket != 'swift' and self.random.random() < 0.2:
            url = '%s://%s/%s' % (names.OWN_SCHEME, bucket, key[len('own/'):])
        return url

    def put(self, bucket, key, content, overwrite):
        url, digest = self.url(bucket, key), content.digest()
        self.round.sends(names.object_of(url), digest)
        self.note('puts %s: %s' % (url, digest))
        stored = self.query('SELECT s3_put(%%s, %s, overwrite => %%s)' % content.SQL, url, *content,
                            overwrite)[0][0]
        self.has_put(stored, digest)
        return stored

    def has_put(self, url, digest):
        self.round.sends(names.object_of(url), digest)
        self.query('INSERT INTO history VALUES (%s, %s)', names.object_of(url), digest)
        self.note('has put %s: %s' % (url, digest))
        self.round.count('puts')

    def put_own(self):
        content = self.content()
        url = self.put(self.bucket(), self.a_name('own'), content, False)
        self.insert(url, content.digest())

    def put_sum(self):
        content = self.random.choice(self.round.sums)
        digest = content.digest()
        url = self.put(self.bucket(), 'sum/%s.bin' % digest, content, self.random.random() < 0.8)
        self.insert(url, digest)

    def put_hot(self):
        content = self.content()
        url = self.put(self.bucket(), self.a_name('hot'), content, True)
        self.insert(url, content.digest())

    def put_page(self):
        """Who has locked the row of the page puts it."""
        bucket, key = self.bucket(), self.a_name('page')
        rows = self.query('SELECT id FROM page WHERE id = %s FOR UPDATE SKIP LOCKED', '%s/%s' % (bucket, key))
        if rows:
            content = self.content()
            url = self.put(bucket, key, content, True)
            self.query('UPDATE page SET photo = %s, digest = %s WHERE id = %s', url, content.digest(),
                       rows[0][0])

    def put_kept(self):
        """What is never undone, may stay without a row."""
        content = self.content()
        bucket = self.bucket()
        key = self.a_name(self.random.choice(('kept', 'kept', 'hot')) if bucket != 'versions' else 'kept')
        self.round.keeps('%s/%s' % (bucket, key), content.digest())
        self.query('SET LOCAL s3store.put_undo = off')
        url = self.put(bucket, key, content, True)
        self.query('SET LOCAL s3store.put_undo = on')
        self.insert(url, content.digest())

    def put_many(self):
        """Those of an array that could not be put have no row."""
        buckets = [self.bucket() for _ in range(self.random.randint(2, 5))]
        kind = self.random.choice(('own', 'hot'))
        urls = [self.url(bucket, self.a_name(kind)) for bucket in buckets]
        contents = [self.content() for _ in urls]
        digests = [content.digest() for content in contents]
        for url, digest in zip(urls, digests):
            self.round.sends(names.object_of(url), digest)
            self.note('puts in an array %s: %s' % (url, digest))
        rows = self.query('SELECT stored_url, error, sqlstate FROM s3_put(%%s, ARRAY[%s], overwrite => %%s)'
                          % ', '.join([names.Content.SQL] * len(urls)), urls,
                          *[part for content in contents for part in content], kind == 'hot')
        for (stored, error, state), digest in zip(rows, digests):
            if error is None:
                self.has_put(stored, digest)
                self.insert(stored, digest)
            else:
                self.note('of an array: %s' % error)
                self.round.count('errors in arrays %s' % state)

    def put_large_object(self):
        content = self.content()
        bucket, key = self.bucket(), self.a_name('own')
        url = self.url(bucket, key)
        self.round.sends(names.object_of(url), content.digest())
        self.note('puts from a large object %s: %s' % (url, content.digest()))
        oid, = self.query('SELECT lo_from_bytea(0, %s)' % content.SQL, *content)[0]
        stored = self.query('SELECT s3_put_lo(%s, %s, overwrite => false)', url, oid)[0][0]
        self.query('SELECT lo_unlink(%s)', oid)
        self.has_put(stored, content.digest())
        self.insert(stored, content.digest())

    def replace(self):
        row = self.pick()
        if row:
            content = self.content()
            url = self.put(self.bucket(), self.a_name('own'), content, False)
            self.set(row, url, content.digest())

    def put_and_drop(self):
        """Nothing is left of it, whether or not the transaction commits."""
        content = self.content()
        kind = self.random.choice(('own', 'hot'))
        url = self.put(self.bucket(), self.a_name(kind), content, kind == 'hot')
        if self.random.random() < 0.5:
            self.query('SELECT s3_delete_later(%s, %s)', url, self.random.choice(('0', '300 ms')))
            self.note('delete later: %s' % url)
        else:
            self.insert(url, content.digest(), SLOTS[0])
            self.query('DELETE FROM doc WHERE photo = %s AND digest = %s', url, content.digest())
            self.note('row doc goes: %s' % url)

    def drop_and_put(self):
        """The row goes, and its object is stored again."""
        row = self.pick(SLOTS, "{0.url} ~ '/(hot|sum)/'")
        if row is None:
            return
        bucket, key = names.bucket_and_key(names.object_of(row.url))
        content = self.content()
        if key.startswith('sum/'):
            content = next(c for c in self.round.run.sums if c.digest() in key)
        self.delete_row(row)
        url = self.put(bucket, key, content, True)
        self.insert(url, content.digest())

    def copy(self):
        row = self.pick(SLOTS, FIXED)
        if row:
            target = self.copy_to(row)
            self.query('SELECT s3_copy(%s, %s)', row.url, target)
            self.has_put(target, row.digest)
            self.insert(target, row.digest)

    def copy_to(self, row):
        """A name of its own, or one that others write, too."""
        self.contents += 1
        key = 'moved/%s_%d.bin' % (self.name, self.contents)
        if self.random.random() < 0.3:
            key = self.a_name('hot')
        target = self.url(self.bucket(), key)
        self.round.sends(names.object_of(target), row.digest)
        self.note('copies %s to %s: %s' % (row.url, target, row.digest))
        return target

    def rename(self):
        """The row goes along, or a new one names it."""
        row = self.pick(SLOTS, FIXED)
        if row is None:
            return
        target = self.copy_to(row)
        self.query('SELECT s3_rename(%s, %s)', row.url, target)
        self.has_put(target, row.digest)
        if self.random.random() < 0.7:
            self.set(row, target, row.digest)
        else:
            self.insert(target, row.digest)


WEIGHTS = {'put_own': 5, 'put_sum': 5, 'put_hot': 4, 'put_page': 3, 'put_kept': 0.7, 'put_many': 1,
           'put_large_object': 0.5, 'replace': 2, 'put_and_drop': 1.5, 'drop_and_put': 1.5, 'copy': 1,
           'rename': 1.5, 'delete': 10, 'delete_many': 0.8, 'truncate': 0.3, 'swap': 1.5, 'swap_rows': 1, 'shift': 1, 'name_by_copy': 1, 'point_elsewhere': 0.7,
           'archive': 2.5, 'name_again': 2, 'name_many_again': 1, 'name_late': 0.7, 'rescheme': 2,
           'rescheme_all': 0.4, 'change_partition': 0.7, 'delete_later': 1.5, 'look': 2}
