"""What an accepted digest means for its reader: its papers are seen, and its topics covered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from newsletter.core.digests.seen_papers import pack_seen, unpack_seen
from newsletter.core.digests.selection import Place
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import Kind
from newsletter.models.set_based import update_each


@dataclass(slots=True)
class Locked:
    """What ``mark_seen`` needs of a reader, without loading the rest."""

    seen_papers: bytes
    summarized_papers: bytes


def lock_readers(keys: Collection[int]) -> dict[int, Locked]:
    """Lock these readers; all code does so before it locks their deliveries."""
    locked = Subscriber.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    rows = locked.values_list("pk", "seen_papers", "summarized_papers") if keys else ()
    return {key: Locked(bytes(seen), bytes(summarized)) for key, seen, summarized in rows}


def mark_seen(accepted: Iterable[Delivery], subscribers: Mapping[int, Subscriber | Locked]) -> None:
    """Mark the papers of these digests as seen, and their topics as covered to the end of the period.

    Idempotent. ``subscribers``: their readers by id, locked.
    """
    seen_papers, summarized = dict[int, BitMap](), dict[int, BitMap]()
    covered = dict[tuple[int, int], datetime]()
    for delivery in accepted:
        subscriber = subscribers.get(delivery.subscriber_id or 0)
        if subscriber is None or delivery.kind != Kind.DIGEST:
            continue
        key = delivery.subscriber_id or 0
        if papers := delivery.paper_ids:
            seen_papers.setdefault(key, unpack_seen(bytes(subscriber.seen_papers))).update(papers)
            shown = delivery.selected.shown(Place.SUMMARIZED)
            summarized.setdefault(key, unpack_seen(bytes(subscriber.summarized_papers))).update(shown)
        if (until := delivery.covers_until) is not None:
            topics = [(key, topic) for topic in delivery.topics]
            covered |= {pair: max(until, covered.get(pair, until)) for pair in topics}
    for key, seen in seen_papers.items():
        subscribers[key].seen_papers = pack_seen(seen)
        subscribers[key].summarized_papers = pack_seen(summarized[key])
    update_each(
        Subscriber,
        [(key, subscribers[key].seen_papers, subscribers[key].summarized_papers) for key in seen_papers],
        match=("id",),
        change=("seen_papers", "summarized_papers"),
    )
    update_each(
        Subscription,
        [(*pair, until) for pair, until in covered.items()],
        match=("subscriber", "topic"),
        change=("covered_until",),
        only_raising="covered_until",
    )
