from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0017_revocable_links")]

    operations = [
        migrations.AddField("summary", "asked_at", models.DateTimeField(null=True)),
    ]
