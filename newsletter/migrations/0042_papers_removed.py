"""Papers and M of "N of M" are in the selection now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0041_convert_papers")]

    operations = [
        migrations.RemoveField("delivery", "papers"),
        migrations.RemoveField("delivery", "scanned"),
    ]
