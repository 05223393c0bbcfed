from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0072_revisions")]

    operations = [migrations.AlterField("topic", "query", models.CharField(max_length=1000))]
