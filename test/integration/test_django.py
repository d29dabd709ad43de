"""test_django.py - s3store from Django, with nothing but SQL in between."""
import pathlib
import re
import unittest
import urllib.request

from backend import wait_for
import harness

import django_project

PAGE = 1000
README = pathlib.Path(__file__).resolve().parent.parent.parent / 'README.md'
PYTHON = re.compile(r'^```python\n(.*?)^```$', re.MULTILINE | re.DOTALL)
DATABASE = None


def setUpModule():
    """Django knows one database in the life of a process."""
    global DATABASE
    DATABASE = django_project.set_up()
    unittest.addModuleCleanup(django_project.tear_down, DATABASE)


class DjangoCase(harness.Case):
    """The project of test/django, as its user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3 = harness.rgw()
        cls.bucket_name = cls.class_bucket(cls.s3)

    def setUp(self):
        super().setUp()
        from django.db import connection
        from gallery.models import Car
        self.connection, self.Car = connection, Car
        self.Car.objects.all().delete()

    def url(self, key):
        """The URL of a key in the bucket."""
        return 's3://%s/%s' % (self.bucket_name, key)

    def execute(self, statement, *arguments):
        """The first value of the first row."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchone()[0]


class Django(DjangoCase):
    """Links and bytes."""

    def fill(self, count):
        """Cars with a photo each."""
        self.Car.objects.bulk_create(
            self.Car(name='car %d' % i, photo=self.url('cars/%d ü+?.jpg' % i)) for i in range(count))

    def assertPage(self, cars):
        """A page of links, and the first of them works."""
        self.assertEqual(len(cars), PAGE)
        self.assertTrue(all('X-Amz-Signature=' in car.link for car in cars))
        self.s3.put_object(Bucket=self.bucket_name, Key='cars/0 ü+?.jpg', Body=b'photo')
        with urllib.request.urlopen(cars[0].link) as answer:
            self.assertEqual(answer.read(), b'photo')

    def test_raw(self):
        """Model.objects.raw: the page and its links in one query."""
        from django.test.utils import CaptureQueriesContext
        self.fill(PAGE)
        with CaptureQueriesContext(self.connection) as queries:
            cars = list(self.Car.objects.raw(
                'SELECT id, name, photo, s3_presign(photo) AS link FROM gallery_car ORDER BY id'))
        self.assertEqual(len(queries), 1)
        self.assertPage(cars)

    def test_annotation(self):
        """The same with a query set."""
        from django.test.utils import CaptureQueriesContext
        self.fill(PAGE)
        with CaptureQueriesContext(self.connection) as queries:
            cars = list(self.Car.objects.with_links().order_by('id'))
        self.assertEqual(len(queries), 1)
        self.assertPage(cars)
        self.assertIn('X-Amz-Expires=600', cars[0].link)

    def test_bytes(self):
        """Puts and gets of bytes through a cursor."""
        content = bytes(range(256)) * 100
        stored = self.execute('SELECT s3_put(%s, %s)', self.url('a b.bin'), content)
        self.assertEqual(stored, self.url('a b.bin'))
        self.assertEqual(bytes(self.execute('SELECT s3_get(%s)', stored)), content)
        self.assertEqual(self.s3.get_object(Bucket=self.bucket_name, Key='a b.bin')['Body'].read(),
                         content)

    def test_no_file(self):
        """Blank, '-' and NULL columns have no link."""
        for photo in ('', '-', None):
            self.Car.objects.create(name='none', photo=photo)
        self.assertEqual([car.link for car in self.Car.objects.with_links()], [None] * 3)

    def test_url_is_checked(self):
        """A URL that is none is refused by the table."""
        from django.db import DataError, transaction
        with self.assertRaises(DataError), transaction.atomic():
            self.Car.objects.create(name='bad', photo='photos/a.jpg')

    def test_error_by_class(self):
        """A missing object is OperationalError, caused by psycopg2's UndefinedFile."""
        import psycopg2.errors
        from django.db import OperationalError, transaction
        with self.assertRaises(OperationalError) as caught, transaction.atomic():
            self.execute('SELECT s3_get(%s)', self.url('absent'))
        self.assertIsInstance(caught.exception.__cause__, psycopg2.errors.UndefinedFile)
        self.assertIsNone(self.execute('SELECT s3_size(%s)', self.url('absent')))

    def test_read_only(self):
        """A session protects itself for a transaction."""
        import psycopg2.errors
        from django.db import InternalError, transaction
        with self.assertRaises(InternalError) as caught, transaction.atomic():
            with self.connection.cursor() as cursor:
                cursor.execute('SET LOCAL s3store.session_read_only = on')
            self.execute("SELECT s3_put(%s, 'x'::text)", self.url('refused'))
        self.assertIsInstance(caught.exception.__cause__, psycopg2.errors.ReadOnlySqlTransaction)
        self.assertIs(self.execute('SELECT s3_exists(%s)', self.url('refused')), False)


class FollowTest(DjangoCase):
    """Objects follow the rows of models, by triggers that migrations have made."""

    def setUp(self):
        super().setUp()
        from gallery.models import Repair, Ticket
        self.Repair, self.Ticket = Repair, Ticket
        self.admin = self.connect(endpoints=None, dbname=DATABASE)
        harness.query(self.admin, 'DELETE FROM s3_deletion')
        self.bucket_name = self.bucket(self.s3)

    def drain(self):
        """What the worker does; it is a DBA's to call it."""
        harness.query(self.admin, 'CALL s3_drain()')

    def keys(self):
        """Those of the bucket."""
        return [item['Key'] for item in
                self.s3.list_objects_v2(Bucket=self.bucket_name).get('Contents', [])]

    def put(self, key):
        """An object from the application."""
        return self.execute('SELECT s3_put(%s, %s::text)', self.url(key), key)

    def cars(self, *keys):
        """Rows and their objects."""
        return [self.Car.objects.create(name=key, photo=self.put(key)) for key in keys]

    def assertKeys(self, *keys):
        """These are left, once the queue has run dry."""
        self.drain()
        self.assertEqual(self.keys(), sorted(keys))
        self.assertEqual(harness.query(self.admin, 'SELECT * FROM s3_queue'), [])
        self.assertEqual(harness.query(self.admin, 'SELECT * FROM s3_intents()'), [])

    def test_instance(self):
        one, _ = self.cars('one', 'two')
        self.assertKeys('one', 'two')
        one.delete()
        self.assertEqual(self.keys(), ['one', 'two'], 'nothing goes with the statement')
        self.assertKeys('two')

    def test_query_set(self):
        self.cars('a1', 'a2', 'b1')
        self.Car.objects.filter(name__startswith='a').delete()
        self.assertKeys('b1')

    def test_raw_delete(self):
        """Django's own short cut, which sends no signals."""
        self.cars('raw')
        self.Car.objects.all()._raw_delete(using='default')
        self.assertKeys()

    def test_save(self):
        """Another URL: the old object goes; the same one: nothing happens."""
        (car,) = self.cars('old')
        car.name = 'renamed'
        car.save()
        self.assertKeys('old')
        car.photo = self.put('new')
        car.save(update_fields=['photo'])
        self.assertKeys('new')

    def test_no_file(self):
        """As a form stores it whose photo was cleared."""
        for number, photo in enumerate(('', '-', None)):
            with self.subTest(photo):
                (car,) = self.cars('cleared %d' % number)
                car.photo = photo
                car.save()
                self.assertKeys()
                car.delete()
                self.assertKeys()

    def test_update(self):
        """QuerySet.update() of many rows to one object, which stays for the last of them."""
        self.cars('u1', 'u2')
        self.Car.objects.update(photo=self.put('shared'))
        self.assertKeys('shared')
        self.Car.objects.first().delete()
        self.assertKeys('shared')
        self.Car.objects.first().delete()
        self.assertKeys()

    def test_bulk_create(self):
        """Rows that name objects whose deletion is queued take it off the queue."""
        self.cars('c1', 'c2', 'c3')
        self.Car.objects.all().delete()
        self.Car.objects.bulk_create(self.Car(name=key, photo=self.url(key)) for key in ('c1', 'c3'))
        self.assertKeys('c1', 'c3')

    def test_bulk_create_ignores_conflicts(self):
        """A row that is not inserted leaves the queue alone."""
        (car,) = self.cars('kept')
        other = self.put('other')
        self.Car.objects.bulk_create([self.Car(id=car.id, name='again', photo=other)],
                                     ignore_conflicts=True)
        harness.query(self.admin, "SELECT s3_delete_later(%s)", other)
        self.assertKeys('kept')

    def test_bulk_update(self):
        cars = self.cars('d1', 'd2', 'd3')
        for car in cars[:2]:
            car.photo = self.put('new ' + car.name)
        self.Car.objects.bulk_update(cars, ['photo'])
        self.assertKeys('d3', 'new d1', 'new d2')

    def test_cascade(self):
        """Django deletes the repairs, the database deletes the tickets."""
        first, second = self.cars('e1', 'e2')
        for car in (first, second):
            self.Repair.objects.create(car=car, invoice=self.put(car.name + ' invoice'))
            self.Ticket.objects.create(car=car, scan=self.put(car.name + ' ticket'))
        first.delete()
        self.assertEqual((self.Repair.objects.count(), self.Ticket.objects.count()), (1, 1))
        self.assertKeys('e2', 'e2 invoice', 'e2 ticket')
        self.Car.objects.all().delete()
        self.assertKeys()

    def test_truncate(self):
        """manage.py flush."""
        from django.core.management import call_command
        self.cars('f1', 'f2')
        call_command('flush', verbosity=0, interactive=False)
        self.assertKeys()

    def test_rolled_back(self):
        """An atomic block that fails: objects stay, and its own puts are undone."""
        from django.db import transaction
        gone, changed = self.cars('gone', 'changed')
        with self.assertRaisesRegex(RuntimeError, 'never mind'), transaction.atomic():
            gone.delete()
            changed.photo = self.put('instead')
            changed.save()
            self.cars('fresh')
            self.assertEqual(self.keys(), ['changed', 'fresh', 'gone', 'instead'])
            raise RuntimeError('never mind')
        self.assertKeys('changed', 'gone')

    def test_inner_block_rolled_back(self):
        """The outer one commits: a savepoint."""
        from django.db import transaction
        kept, gone = self.cars('kept', 'gone')
        with transaction.atomic():
            gone.delete()
            with self.assertRaises(RuntimeError), transaction.atomic():
                kept.delete()
                self.cars('inner')
                raise RuntimeError('never mind')
            self.cars('outer')
        self.assertKeys('kept', 'outer')

    def test_test_case(self):
        """Django's own TestCase rolls back: its puts are undone, too."""
        import django.test
        put, outer = self.put, self

        class Own(django.test.TestCase):
            def runTest(self):
                outer.Car.objects.create(name='own', photo=put('own'))

        result = unittest.TestResult()
        Own.setUpClass()
        Own()(result)
        Own.tearDownClass()
        self.assertEqual((result.testsRun, result.errors + result.failures), (1, []))
        self.assertEqual(self.keys(), ['own'])
        self.assertKeys()

    def test_reversed(self):
        """Without the triggers nothing follows; the migrations make them again."""
        from django.core.management import call_command
        (car,) = self.cars('left')
        call_command('migrate', 'gallery', '0001', verbosity=0)
        try:
            self.assertEqual(harness.query(
                self.admin, "SELECT count(*) FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid"
                " WHERE proname = 's3_manage'"), [(0,)])
            self.execute('DELETE FROM gallery_car RETURNING id')
            self.assertKeys('left')
        finally:
            call_command('migrate', verbosity=0)
        self.Car.objects.create(name='again', photo=car.photo)
        self.Car.objects.all().delete()
        self.assertKeys()

    def worker(self, value):
        """Of new sessions, and of the worker itself."""
        harness.query(self.admin, 'ALTER DATABASE %s SET s3store.worker = %s' % (DATABASE, value))
        self.connection.close()

    def test_worker(self):
        """Nobody calls anything: the commit is enough."""
        self.worker('on')
        self.addCleanup(self.worker, 'off')
        self.cars('g1', 'g2')
        self.Car.objects.all().delete()
        wait_for(lambda: self.keys() == [], 'the objects are deleted', 30)
        wait_for(lambda: harness.query(self.admin, 'SELECT count(*) FROM s3_queue') == [(0,)], 'settled')


class ReadmeTest(DjangoCase):
    """What the README shows is what is tested here."""

    def test_examples(self):
        """A migration stands in the project as it stands there; the others are run."""
        from django.db import models
        migrations = ''.join(path.read_text() for path in sorted(
            (django_project.PROJECT / 'gallery' / 'migrations').glob('0*.py')))
        section = README.read_text().split('\n### From Django\n')[1].split('\n## ')[0]
        blocks = PYTHON.findall(section)
        self.Car.objects.create(name='car', photo=self.url('car.jpg'))
        shown = 0
        for block in blocks:
            if 'migrations.Migration' in block:
                shown += 1
                for part in block.strip().split('\n\n\n'):
                    self.assertIn(part, migrations)
            else:
                (car,) = eval(block, {'Car': self.Car, **vars(models)})
                self.assertIn('X-Amz-Signature=', car.link)
        self.assertEqual((len(blocks), shown), (3, 1))
