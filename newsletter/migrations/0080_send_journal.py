from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0073_longer_queries'),
    ]

    operations = [
        migrations.AddField(
            model_name='delivery',
            name='journal',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='delivery',
            name='journal_group',
            field=models.PositiveIntegerField(null=True),
        ),
    ]
