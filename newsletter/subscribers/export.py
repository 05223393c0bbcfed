"""Export all data stored about one reader: each row of each related table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from newsletter.audience.suppression import email_hmacs
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import DeliveryEvent, Paper, Subscriber, Suppression

Row = dict[str, Any]


def export_everything(reader: Subscriber, *, now: datetime) -> dict[str, Any]:
    """Return it as values for ``DjangoJSONEncoder``, papers by their arXiv id.

    Tables are found by the models' relations, so that none is forgotten.
    """
    tables = {
        str(relation.get_accessor_name()): _rows(
            relation.related_model._default_manager.filter(**{relation.field.name: reader})
        )
        for relation in Subscriber._meta.related_objects
    }
    own = _rows(Subscriber.objects.filter(pk=reader.pk))[0]
    seen = unpack_seen(bytes(own["seen_papers"]))
    in_digests = {each for row in tables["deliveries"] for ids in row["papers"].values() for each in ids}
    papers = Paper.objects.filter(pk__in=in_digests.union(seen))
    named = dict(papers.values_list("pk", "arxiv_id"))
    own["seen_papers"] = [named[each] for each in seen if each in named]
    for delivery in tables["deliveries"]:
        delivery["papers"] = {
            part: [named[each] for each in ids if each in named] for part, ids in delivery["papers"].items()
        }
    return {
        "exported_at": now,
        "reader": own,
        **tables,
        "delivery_events": _rows(DeliveryEvent.objects.filter(delivery__subscriber=reader)),
        "suppressions": _rows(
            Suppression.objects.filter(email_hmac__in=email_hmacs([reader.email_key])[reader.email_key])
        ),
    }


def _rows(query: QuerySet[Any]) -> list[Row]:
    return list(query.order_by("pk").values())
