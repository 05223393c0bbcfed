import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("newsletter", "0095_former_slugs"),
    ]

    operations = [
        migrations.AddField(
            model_name='paper',
            name='changed_at',
            field=models.DateTimeField(db_index=True, default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name='paperfeedback',
            name='note',
            field=models.CharField(blank=True, max_length=500),
        ),
    ]
