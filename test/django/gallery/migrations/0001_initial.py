"""0001_initial.py - the table, and a check that URLs are URLs."""
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name='Car',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('photo', models.CharField(blank=True, max_length=1100, null=True)),
            ],
        ),
        migrations.RunSQL(
            "ALTER TABLE gallery_car ADD CONSTRAINT photo_is_url"
            " CHECK (photo IN ('', '-') OR s3_scheme(photo) IS NOT NULL)",
            'ALTER TABLE gallery_car DROP CONSTRAINT photo_is_url'),
    ]
