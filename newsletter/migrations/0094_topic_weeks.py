import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("newsletter", "0093_lean_storage"),
    ]

    operations = [
        migrations.CreateModel(
            name='TopicWeek',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_on', models.DateField()),
                ('papers', models.JSONField()),
                ('count', models.PositiveIntegerField()),
                ('query_key', models.CharField(blank=True, max_length=16)),
                ('trends', models.JSONField(null=True)),
                ('frozen_at', models.DateTimeField()),
                ('topic', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='weeks', to='newsletter.topic')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('topic', 'starts_on'), name='topic_week_once')],
            },
        ),
    ]
