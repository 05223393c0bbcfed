from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0091_digest_notice'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscriber',
            name='name',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
    ]
