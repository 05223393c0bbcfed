from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("newsletter", "0097_search_and_notes"),
    ]

    operations = [
        migrations.AddField(
            model_name='subscriber',
            name='name',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
    ]
