"""models.py - a car, the URL of its photo, and what belongs to it."""
from django.db import models


class CarQuerySet(models.QuerySet):
    """What SQL adds to a list of cars."""

    def with_links(self, lifetime='10 minutes'):
        """Each car with `link`, a presigned link to its photo, or None."""
        return self.annotate(link=models.Func(
            models.F('photo'), models.Value('get_object'),
            models.functions.Cast(models.Value(lifetime), models.DurationField()),
            function='s3_presign', output_field=models.TextField()))


class Car(models.Model):
    """The photo is a full S3 URL; '', '-' and NULL mean that there is none."""

    name = models.CharField(max_length=100)
    photo = models.CharField(max_length=1100, blank=True, null=True)

    objects = CarQuerySet.as_manager()


class Repair(models.Model):
    """Goes with its car: Django deletes the row."""

    car = models.ForeignKey(Car, models.CASCADE)
    invoice = models.CharField(max_length=1100, db_index=True)


class Ticket(models.Model):
    """Goes with its car: the database deletes the row."""

    car = models.ForeignKey(Car, models.DO_NOTHING, db_constraint=False)
    scan = models.CharField(max_length=1100, db_index=True)
