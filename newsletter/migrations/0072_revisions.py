"""Revisions of papers, and which papers each subscriber's digests summarized.

The latter is filled in from the digests of the last half year.
"""

from datetime import timedelta
from itertools import groupby

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone

from newsletter.core.digests.seen_papers import pack_seen

HALF_A_YEAR = timedelta(days=183)
SENT = ('ACCEPTED', 'DELIVERED', 'BOUNCED', 'COMPLAINED')
CHUNK = 500


def fill_summarized(apps, schema_editor):
    Delivery, Subscriber = apps.get_model('newsletter', 'Delivery'), apps.get_model('newsletter', 'Subscriber')
    sent = Delivery.objects.filter(kind='digest', slot_at__gte=timezone.now() - HALF_A_YEAR)
    sent = sent.exclude(selection=None).order_by('subscriber_id')
    rows = sent.values_list('subscriber_id', 'state', 'selection__content').iterator()
    changed = []
    for subscriber_id, digests in groupby(rows, key=lambda row: row[0]):
        papers = {paper for _, state, content in digests if state in SENT for paper in _summarized(content)}
        changed.append(Subscriber(pk=subscriber_id, summarized_papers=pack_seen(papers)))
        if len(changed) == CHUNK:
            Subscriber.objects.bulk_update(changed, ['summarized_papers'])
            changed.clear()
    Subscriber.objects.bulk_update(changed, ['summarized_papers'])


def _summarized(content):
    """Yield the papers whose place, the last one where the mail's size moved it, was among the summarized."""
    for place, paper, *rest in content['papers']:
        shown_as = rest[5] if len(rest) > 5 else ''
        if (shown_as or place) == 's':
            yield paper


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0071_taste_acts'),
    ]

    operations = [
        migrations.CreateModel(
            name='RevisionAsk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField(db_index=True)),
                ('asked', models.PositiveSmallIntegerField()),
                ('received', models.PositiveSmallIntegerField(default=0)),
                ('updated', models.PositiveSmallIntegerField(default=0)),
                ('refused', models.JSONField(blank=True, default=list)),
                ('error', models.TextField(blank=True)),
                ('retry_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name='paper',
            name='state_asked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='subscriber',
            name='summarized_papers',
            field=models.BinaryField(default=bytes),
        ),
        migrations.CreateModel(
            name='PaperRevision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_version', models.PositiveSmallIntegerField()),
                ('to_version', models.PositiveSmallIntegerField()),
                ('changes', models.JSONField()),
                ('venue', models.TextField(blank=True)),
                ('found_at', models.DateTimeField(db_index=True)),
                ('paper', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='revisions', to='newsletter.paper')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('paper', 'to_version', 'changes'), name='paper_revision_once')],
            },
        ),
        migrations.RunPython(fill_summarized, migrations.RunPython.noop),
    ]
