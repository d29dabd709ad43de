"""0002_objects_follow_rows.py - an object goes when no row names it any more."""
from django.db import migrations, models


def follow(table, column):
    """The objects of a column follow its rows."""
    return migrations.RunSQL(f"SELECT s3_follow('{table}', '{column}')",
                             f"SELECT s3_unfollow('{table}', '{column}')")


class Migration(migrations.Migration):

    dependencies = [("gallery", "0001_initial")]
    operations = [
        migrations.AddIndex("Car", models.Index(fields=["photo"], name="car_photo")),
        follow("gallery_car", "photo"),
    ]
