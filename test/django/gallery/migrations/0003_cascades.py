"""0003_cascades.py - what belongs to a car: one table's rows Django deletes, one the database."""
import importlib

from django.db import migrations, models

follow = importlib.import_module('gallery.migrations.0002_objects_follow_rows').follow


class Migration(migrations.Migration):

    dependencies = [('gallery', '0002_objects_follow_rows')]
    operations = [
        migrations.CreateModel(
            name='Repair',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('car', models.ForeignKey('gallery.Car', models.CASCADE)),
                ('invoice', models.CharField(max_length=1100, db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='Ticket',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('car', models.ForeignKey('gallery.Car', models.DO_NOTHING, db_constraint=False)),
                ('scan', models.CharField(max_length=1100, db_index=True)),
            ],
        ),
        migrations.RunSQL(
            'ALTER TABLE gallery_ticket ADD CONSTRAINT car'
            ' FOREIGN KEY (car_id) REFERENCES gallery_car ON DELETE CASCADE',
            'ALTER TABLE gallery_ticket DROP CONSTRAINT car'),
        follow('gallery_repair', 'invoice'),
        follow('gallery_ticket', 'scan'),
    ]
