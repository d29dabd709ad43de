"""models.py - a car, and the URL of its photo."""
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
