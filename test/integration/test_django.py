"""test_django.py - s3store from Django, with nothing but SQL in between."""
import urllib.request

import harness

import django_project

PAGE = 1000


class Django(harness.Case):
    """The project of test/django, as its user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        name = django_project.set_up()
        cls.addClassCleanup(django_project.tear_down, name)
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
