"""0002_objects_follow_rows.py - an object goes when no row names it any more."""
from django.db import migrations, models


def follow(table, column):
    """The objects of a column follow its rows."""
    return [
        migrations.RunSQL(
            f"CREATE TRIGGER {column} AFTER INSERT OR DELETE OR UPDATE OF {column} ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION s3_manage('{column}')",
            f"DROP TRIGGER {column} ON {table}"),
        migrations.RunSQL(
            f"CREATE TRIGGER {column}_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION s3_manage('{column}')",
            f"DROP TRIGGER {column}_truncate ON {table}"),
    ]


class Migration(migrations.Migration):

    dependencies = [("gallery", "0001_initial")]
    operations = [
        migrations.AddIndex("Car", models.Index(fields=["photo"], name="car_photo")),
        *follow("gallery_car", "photo"),
    ]
