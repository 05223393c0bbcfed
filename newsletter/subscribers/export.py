"""Export all data stored about one reader: each row of each related table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from newsletter.audience.suppression import email_hmacs
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.core.digests.selection import Place
from newsletter.models import DeliveryEvent, Paper, Selection, Subscriber, Suppression
from newsletter.subscribers.taste.words import weighed_words

Row = dict[str, Any]


def export_everything(subscriber: Subscriber, *, now: datetime) -> dict[str, Any]:
    """Return it as values for ``DjangoJSONEncoder``, papers by their arXiv id.

    Tables are found by the models' relations, so that none is forgotten.
    """
    tables = {
        str(relation.get_accessor_name()): _rows(
            relation.related_model._default_manager.filter(**{relation.field.name: subscriber})
        )
        for relation in Subscriber._meta.related_objects
    }
    own = _rows(Subscriber.objects.filter(pk=subscriber.pk))[0]
    offered = _offered(subscriber)
    in_digests = {each for ids in offered.values() for papers in ids.values() for each in papers}
    papers = Paper.objects.filter(pk__in={*unpack_seen(bytes(own["seen_papers"])), *in_digests})
    named = dict(papers.values_list("pk", "arxiv_id"))
    for kind in ("seen_papers", "summarized_papers"):
        own[kind] = [named[each] for each in unpack_seen(bytes(own[kind])) if each in named]
    words = {row.pk: weighed_words(row) for row in subscriber.profiles.select_related("snapshot")}
    for profile in tables["profiles"]:
        profile["terms"] = words[profile["id"]]
    for delivery in tables["deliveries"]:
        ids = offered.get(delivery.pop("selection_id"), {})
        del delivery["selection_inputs"]
        delivery["papers"] = {
            place: [named[each] for each in papers if each in named] for place, papers in ids.items()
        }
    return {
        "exported_at": now,
        "reader": own,
        **tables,
        "delivery_events": _rows(DeliveryEvent.objects.filter(delivery__subscriber=subscriber)),
        "suppressions": _rows(
            Suppression.objects.filter(
                email_hmac__in=email_hmacs([subscriber.email_key])[subscriber.email_key]
            )
        ),
    }


def _rows(query: QuerySet[Any]) -> list[Row]:
    return list(query.order_by("pk").values())


def _offered(subscriber: Subscriber) -> dict[str, dict[str, list[int]]]:
    """Return the papers of each selection of theirs, by their place in the digest."""
    selections = Selection.objects.filter(deliveries__subscriber=subscriber).distinct()
    return {
        row.checksum: {
            name: row.value.shown(place)
            for name, place in (
                ("summarised", Place.SUMMARIZED),
                ("listed", Place.LISTED),
                ("counted", Place.COUNTED),
                ("near", Place.NEAR),
                ("revised", Place.REVISED),
            )
        }
        for row in selections
    }
