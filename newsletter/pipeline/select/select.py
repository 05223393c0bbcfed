"""Stage 5a: which papers each planned digest will hold. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from pyroaring import BitMap

from newsletter.core.delivery.cadence import Rhythm
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.core.digests.selection import Selection, select_papers
from newsletter.core.summaries.summary import Depth
from newsletter.core.summaries.wanted import Wanted
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import UNSETTLED, Kind
from newsletter.pipeline.select.candidates import CandidatePool, Offer


@dataclass(frozen=True, slots=True)
class Choice:
    """One planned digest and what it is going to hold."""

    delivery: Delivery
    reader: Subscriber
    offers: tuple[Offer, ...]
    selection: Selection
    scanned: int
    """M of "N of M"."""

    def wanted(self) -> Iterator[Wanted]:
        for chosen in self.selection.chosen:
            yield Wanted(chosen.paper_id, self.reader.language, Depth(self.reader.depth))

    def has_something_to_say(self) -> bool:
        """Without a match daily and weekday readers get no mail, slower ones a short one (contract).

        Who has just confirmed, or asked for a digest, gets an answer in any case.
        """
        if self.selection.chosen or self.delivery.is_transactional:
            return True
        quick = {Rhythm.DAILY, Rhythm.WEEKDAYS}
        return any(
            offer.subscription.effective_cadence(self.reader).rhythm not in quick for offer in self.offers
        )


def without_unsettled(batch: Sequence[Delivery]) -> list[Delivery]:
    """Leave out readers whose last digest is being sent right now, or waits for evidence that it was.

    Its papers may be spent in a moment: a digest that showed them would be the second to do so.
    """
    readers = [reader_of(delivery) for delivery in batch]
    unsettled = Delivery.objects.filter(UNSETTLED, subscriber__in=readers, kind=Kind.DIGEST)
    busy = set(unsettled.values_list("subscriber_id", flat=True))
    # What was accepted since the batch was read is spent by now.
    seen_papers = dict(
        Subscriber.objects.filter(pk__in=[reader.pk for reader in readers]).values_list("pk", "seen_papers")
    )
    for reader in readers:
        reader.seen_papers = seen_papers.get(reader.pk, reader.seen_papers)
    return [delivery for delivery in batch if delivery.subscriber_id not in busy]


def choose(deliveries: Sequence[Delivery], *, now: datetime) -> tuple[CandidatePool, list[Choice]]:
    """Choose the papers of these digests from what is matched at ``now``."""
    asked = _dates_of_asked(deliveries)
    offers = {delivery.pk: _offers(delivery, asked=asked[delivery.subscriber_id]) for delivery in deliveries}
    pool = CandidatePool(offers=[offer for group in offers.values() for offer in group], now=now)
    return pool, [_choose(delivery, offers=offers[delivery.pk], pool=pool) for delivery in deliveries]


def _choose(delivery: Delivery, *, offers: tuple[Offer, ...], pool: CandidatePool) -> Choice:
    reader = reader_of(delivery)
    seen_papers = unpack_seen(bytes(reader.seen_papers))
    candidates = [
        candidate for offer in offers for candidate in pool.candidates(offer, seen_papers=seen_papers)
    ]
    scanned = pool.scanned(offers) | BitMap(candidate.paper_id for candidate in candidates)
    topics = [offer.subscription.topic.slug for offer in offers]
    selection = select_papers(candidates, topics=topics, max_papers=reader.max_papers)
    return Choice(delivery=delivery, reader=reader, offers=offers, selection=selection, scanned=len(scanned))


def _dates_of_asked(deliveries: Sequence[Delivery]) -> defaultdict[int | None, set[date]]:
    """Return the local dates on which these readers had a digest that they had asked for."""
    readers = {delivery.subscriber_id for delivery in deliveries}
    dates = defaultdict[int | None, set[date]](set)
    for reader_id, key in Delivery.objects.dates_asked_for(readers):
        dates[reader_id].add(date.fromisoformat(key))
    return dates


def _offers(delivery: Delivery, *, asked: Collection[date]) -> tuple[Offer, ...]:
    reader = reader_of(delivery)
    due = due_subscriptions(reader, delivery, asked=asked)
    return tuple(Offer.of(reader, subscription) for subscription in due)


def due_subscriptions(
    reader: Subscriber, delivery: Delivery, *, asked: Collection[date] = ()
) -> list[Subscription]:
    """Return the subscriptions this slot covers, in the reader's order.

    A topic is due when its cadence had a slot since it was last covered, other than on the dates in
    ``asked``; ``first`` and a digest on demand cover them all.
    """
    subscriptions = [each for each in reader.subscriptions.all() if each.topic.is_active]
    if delivery.is_transactional:
        return subscriptions
    latest = (
        reader.latest_slot(
            now=delivery.slot_at,
            cadence=each.effective_cadence(reader),
            after=each.covered_until or each.created_at,
        )
        for each in subscriptions
    )
    return [
        each
        for each, slot in zip(subscriptions, latest, strict=True)
        if slot is not None and slot.date not in asked
    ]


def reader_of(delivery: Delivery) -> Subscriber:
    """Return whose digest it is: only alerts have no reader (a database constraint)."""
    if delivery.subscriber is None:
        raise ValueError(f"delivery {delivery.pk} has no reader")
    return delivery.subscriber
