"""The selection of each digest, and the summaries that are asked for."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0030_html'),
    ]

    operations = [
        migrations.CreateModel(
            name='Selection',
            fields=[
                ('checksum', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('content', models.JSONField()),
                ('used_at', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddField(
            model_name='delivery',
            name='selection_inputs',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='delivery',
            name='selection',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='newsletter.selection'),
        ),
        migrations.CreateModel(
            name='SummaryRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('paper_version', models.PositiveSmallIntegerField()),
                ('language', models.CharField(max_length=20)),
                ('detail', models.CharField(choices=[('headline', 'headline'), ('takeaways', 'takeaways'), ('reading', 'reading')], max_length=12)),
                ('needed_at', models.DateTimeField()),
                ('is_transactional', models.BooleanField(default=False)),
                ('paper', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='summary_requests', to='newsletter.paper')),
            ],
            options={
                'ordering': ('-is_transactional', 'needed_at', 'pk'),
                'constraints': [models.UniqueConstraint(fields=('paper', 'paper_version', 'language', 'detail'), name='summary_request_once'), models.CheckConstraint(condition=models.Q(('detail__in', ['headline', 'takeaways', 'reading'])), name='summary_request_detail')],
            },
        ),
    ]
