"""What digests offered, so far lists of paper ids in the delivery, becomes their selections.

A paper's topic is the first of the digest's that matched it; its rank is its place in the mail.
"""

import json
from base64 import b64encode
from collections import defaultdict
from hashlib import sha256

from django.db import migrations
from django.utils import timezone
from pyroaring import BitMap

CHUNK = 500


def convert(apps, schema_editor):
    delivery = apps.get_model("newsletter", "Delivery")
    rows = delivery.objects.filter(kind="digest").only("pk", "papers", "topics", "scanned").order_by("pk")
    batch = list(rows[:CHUNK])
    while batch:
        _convert(apps, [row for row in batch if row.papers or row.topics or row.scanned])
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:CHUNK])


def _convert(apps, batch):
    delivery, selection = apps.get_model("newsletter", "Delivery"), apps.get_model("newsletter", "Selection")
    scores = _scores(apps, batch)
    found = {}
    for row in batch:
        content = _content(row, scores)
        row.selection_id = sha256(
            json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest()
        found[row.selection_id] = selection(checksum=row.selection_id, content=content, used_at=timezone.now())
    selection.objects.bulk_create(found.values(), ignore_conflicts=True, batch_size=100)
    delivery.objects.bulk_update(batch, ["selection"], batch_size=100)


def _scores(apps, batch):
    """Return (topic, paper) → score of what these digests can have offered."""
    topics = {topic for row in batch for topic in row.topics}
    papers = sorted({paper for row in batch for ids in row.papers.values() for paper in ids})
    matches = apps.get_model("newsletter", "Match").objects.filter(topic__in=topics)
    found = {}
    for start in range(0, len(papers), CHUNK):
        some = matches.filter(paper__in=papers[start : start + CHUNK])
        found |= {(topic, paper): score for topic, paper, score in some.values_list("topic", "paper", "score")}
    return found


def _content(row, scores):
    def topics_of(paper):
        return [topic for topic in row.topics if (topic, paper) in scores] or row.topics[:1] or [0]

    papers = []
    for letter, name in (("s", "summarised"), ("l", "listed")):
        for paper in row.papers.get(name, []):
            topic, *others = topics_of(paper)
            entry = [letter, paper, topic, len(papers), scores.get((topic, paper)), others]
            while not entry[-1] and entry[-1] != 0:
                entry.pop()
            papers.append(entry)
    counted = defaultdict(BitMap)
    for paper in row.papers.get("counted", []):
        counted[topics_of(paper)[0]].add(paper)
    return {
        "topics": row.topics,
        "scanned": row.scanned,
        "papers": papers,
        "counted": {str(topic): _packed(ids) for topic, ids in sorted(counted.items())},
    }


def _packed(ids):
    ids.run_optimize()
    return b64encode(ids.serialize()).decode()


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0040_selection")]

    operations = [migrations.RunPython(convert, migrations.RunPython.noop, elidable=False)]
