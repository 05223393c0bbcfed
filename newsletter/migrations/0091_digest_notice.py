import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0090_page_changes'),
    ]

    operations = [
        migrations.CreateModel(
            name='DigestNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('correction', 'correction'), ('announcement', 'announcement')], max_length=12)),
                ('texts', models.JSONField()),
                ('url', models.URLField(blank=True, max_length=500)),
                ('published_at', models.DateTimeField(db_index=True)),
                ('paper', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='newsletter.paper')),
            ],
        ),
    ]
