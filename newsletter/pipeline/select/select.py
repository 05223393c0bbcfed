"""Which papers each planned digest offers: chosen once it is planned, and again at its slot if need be."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone
from pyroaring import BitMap

from newsletter.core.delivery.cadence import Rhythm
from newsletter.core.digests.seen_papers import pack_seen, unpack_seen
from newsletter.core.digests.selection import Ranking, Selected, Selection, select_papers
from newsletter.core.summaries.summary import DetailLevel, Wanted
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import UNSETTLED, Kind, State
from newsletter.models.selection import store_selections
from newsletter.models.set_based import update_each
from newsletter.pipeline.db_retry import together_or_apart
from newsletter.pipeline.select.candidates import CandidatePool, Offer, Offered
from newsletter.pipeline.select.inputs import SelectionInputs
from newsletter.pipeline.select.paper_space import PaperSpace
from newsletter.pipeline.select.profiles import learn_outdated
from newsletter.pipeline.select.requests import Need, PaperForm, request_summaries
from newsletter.pipeline.select.revised import revised_for, with_revised
from newsletter.pipeline.select.snapshots import current_snapshot
from newsletter.pipeline.select.taste import NOTHING, Known, Taste

CHUNK = 900
"""Digests selected together: SQLite refuses a statement that names 1,000."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One digest and what it is going to hold."""

    delivery: Delivery
    subscriber: Subscriber
    offers: tuple[Offer, ...]
    selection: Selection

    def wanted(self) -> Iterator[Wanted]:
        for chosen in self.selection.chosen:
            yield Wanted(chosen.paper_id, self.subscriber.language, DetailLevel(self.subscriber.depth))
        for near in self.selection.near:
            yield Wanted(near.paper_id, self.subscriber.language, DetailLevel.HEADLINE)

    def has_something_to_say(self) -> bool:
        """Without a match daily and weekday readers get no mail, slower ones a short one.

        Who has just confirmed, or asked for a digest, gets an answer in any case.
        """
        if self.selection.chosen or self.delivery.is_transactional:
            return True
        quick = {Rhythm.DAILY, Rhythm.WEEKDAYS}
        return any(
            offer.subscription.effective_cadence(self.subscriber).rhythm not in quick for offer in self.offers
        )


def without_unsettled(batch: Sequence[Delivery]) -> list[Delivery]:
    """Leave out readers whose last digest is being sent right now, or waits for evidence that it was.

    Its papers may be seen papers in a moment: a digest that showed them would be the second to do so.
    """
    subscribers = [subscriber_of(delivery) for delivery in batch]
    unsettled = Delivery.objects.filter(UNSETTLED, subscriber__in=subscribers, kind=Kind.DIGEST)
    busy = set(unsettled.values_list("subscriber_id", flat=True))
    # What was accepted since the batch was read is among the seen papers by now.
    rows = Subscriber.objects.filter(pk__in=[subscriber.pk for subscriber in subscribers])
    present = {pk: papers for pk, *papers in rows.values_list("pk", "seen_papers", "summarized_papers")}
    for subscriber in subscribers:
        if subscriber.pk in present:
            subscriber.seen_papers, subscriber.summarized_papers = present[subscriber.pk]
    return [delivery for delivery in batch if delivery.subscriber_id not in busy]


_COLUMNS = (
    *("subscriber", "kind", "state", "attempt", "slot_key", "slot_at", "is_on_demand", "planned_at"),
    *("selection", "selection_inputs"),
)
"""Of a delivery: what selecting reads. The others cost four times as much to load."""


def select_planned(*, now: datetime, is_refreshing: bool = False, deadline: datetime | None = None) -> int:
    """Select for planned digests that have no selection yet, or bring all up to date; return for how many.

    After ``deadline`` (real time) no batch is begun: composing does what is left.
    """
    planned = Delivery.objects.filter(kind=Kind.DIGEST, state=State.PLANNED)
    planned = planned if is_refreshing else planned.filter(selection=None)
    planned = planned.order_by("pk").prefetch_related("subscriber__subscriptions__topic").only(*_COLUMNS)
    loaded, done = Loaded(now=now), 0
    batch = list(planned[:CHUNK])
    while batch and (deadline is None or timezone.now() < deadline):
        with _collected_once():
            together_or_apart(batch, partial(_select_settled, now=now, loaded=loaded), done="selected")
            done += len(batch)
            after = planned.filter(pk__gt=batch[-1].pk)[:CHUNK]
            batch = []
        batch = list(after)
    return done


@contextmanager
def _collected_once() -> Iterator[None]:
    """Look for cyclic garbage at the end only, among the objects of this batch.

    A batch makes half a million objects that live as long as it does; going through them, and all others,
    again and again takes a quarter of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(1)
        if was_enabled:
            gc.enable()


class Loaded:
    """What one pass has loaded; it serves all its batches, so that loading grows with papers."""

    def __init__(self, *, now: datetime) -> None:
        self.inputs = SelectionInputs(now=now)
        self.pool = CandidatePool(now=now)
        self.shared: dict[object, Selection] = {}
        """Of those of whom nothing is known."""
        self.asked: dict[PaperForm, Need] = {}
        """Summaries that were asked for."""
        self._space: PaperSpace | None = None

    def space(self) -> PaperSpace:
        """Return the papers of the pool as vectors; a pool that has grown begins anew."""
        if self._space is None or self._space.generation != self.pool.generation:
            self._space = PaperSpace(self.pool, current=current_snapshot(), before=self._space)
            self.shared = {}
        return self._space


def _select_settled(rows: Sequence[Delivery], *, now: datetime, loaded: Loaded) -> list[Delivery]:
    _refresh(without_unsettled(rows), now=now, loaded=loaded)
    return []


def select(deliveries: Sequence[Delivery], *, now: datetime) -> list[Choice]:
    """Bring the stored selections of these planned digests up to date, and ask for their summaries.

    Only what has changed since is selected again. Selecting twice, or by two workers, changes nothing.
    """
    offers = _refresh(deliveries, now=now, loaded=Loaded(now=now))
    prefetch_related_objects(list(deliveries), "selection")
    return [Choice(row, subscriber_of(row), offers[row.pk], row.selected) for row in deliveries]


def _refresh(
    deliveries: Sequence[Delivery], *, now: datetime, loaded: Loaded
) -> Mapping[UUID, tuple[Offer, ...]]:
    """Select those whose inputs have changed; return what is due in each."""
    offers = offers_of(deliveries)
    subscribers = [subscriber_of(row) for row in deliveries]
    loaded.inputs.cover(subscribers, (offer for group in offers.values() for offer in group))
    revised = revised_for(subscribers, now=now)
    checksums = {
        row.pk: loaded.inputs.checksum(each, offers[row.pk], revised.get(each.pk, ()))
        for row, each in zip(deliveries, subscribers, strict=True)
    }
    outdated = [
        row for row in deliveries if row.selection_id is None or row.selection_inputs != checksums[row.pk]
    ]
    if outdated:
        prefetch_related_objects(outdated, "selection")
        chosen = _choose(outdated, offers=offers, revised=revised, now=now, loaded=loaded)
        loaded.asked |= _store(chosen, checksums=checksums, asked=loaded.asked)
    return offers


def stored(deliveries: Sequence[Delivery]) -> list[Choice]:
    """Return what these digests hold, as it was selected."""
    offers = offers_of(deliveries)
    return [Choice(row, subscriber_of(row), offers[row.pk], row.selected) for row in deliveries]


def choose(deliveries: Sequence[Delivery], *, now: datetime) -> list[Choice]:
    """Choose the papers of these digests from what is matched at ``now``, without storing anything."""
    return _choose(
        deliveries,
        offers=offers_of(deliveries),
        revised=revised_for([subscriber_of(row) for row in deliveries], now=now),
        now=now,
        loaded=Loaded(now=now),
    )


@transaction.atomic
def _store(
    choices: Sequence[Choice], *, checksums: Mapping[UUID, str], asked: Mapping[PaperForm, Need]
) -> dict[PaperForm, Need]:
    """Store these selections with their checksums, and ask for their summaries; return what was asked for."""
    rows = store_selections([choice.selection for choice in choices])
    for choice, row in zip(choices, rows, strict=True):
        choice.delivery.selection, choice.delivery.selection_inputs = row, checksums[choice.delivery.pk]
    deliveries = [choice.delivery for choice in choices]
    written = update_each(
        Delivery,
        [(row.pk, row.selection_id, row.selection_inputs) for row in deliveries],
        match=["id"],
        change=["selection", "selection_inputs"],
        where={"state": [State.PLANNED]},
    )
    return request_summaries([row for row in deliveries if row.pk in written], asked=asked)


def _choose(
    deliveries: Sequence[Delivery],
    *,
    offers: Mapping[UUID, tuple[Offer, ...]],
    revised: Mapping[int, Sequence[Selected]],
    now: datetime,
    loaded: Loaded,
) -> list[Choice]:
    """Choose for each; once for all of whom nothing is learned, who are offered and have seen the same."""
    loaded.pool.cover(offer for row in deliveries for offer in offers[row.pk])
    subscribers = [subscriber_of(row) for row in deliveries]
    learn_outdated(subscribers, now=now)
    groups = [tuple(map(loaded.pool.offered, offers[row.pk])) for row in deliveries]
    taste = Taste(list(zip(subscribers, groups, strict=True)), space=loaded.space())
    chosen = []
    for row, subscriber, group in zip(deliveries, subscribers, groups, strict=True):
        known = taste.of(subscriber)
        if known is NOTHING:
            selection = _shared(subscriber, group, taste=taste, loaded=loaded)
        else:
            selection = _personal(row, group, known=known, taste=taste, pool=loaded.pool)
        chosen.append((known, selection))
    return [
        Choice(row, subscriber, offers[row.pk], with_revised(selection, revised.get(subscriber.pk, ())))
        for row, subscriber, selection in zip(
            deliveries, subscribers, taste.with_reasons(chosen), strict=True
        )
    ]


def _shared(subscriber: Subscriber, group: tuple[Offered, ...], *, taste: Taste, loaded: Loaded) -> Selection:
    """Return the one selection of all of whom nothing is known, and who have the same inputs."""
    seen = loaded.pool.matched_of(unpack_seen(bytes(subscriber.seen_papers)))
    key = group, pack_seen(seen), subscriber.max_papers
    if key not in loaded.shared:
        rankings = [
            taste.ranked(NOTHING, offered, seen_papers=seen, places=_places(subscriber, group))[0]
            for offered in group
        ]
        loaded.shared[key] = select_papers(
            rankings, max_papers=subscriber.max_papers, scanned=_scanned(group, rankings)
        )
    return loaded.shared[key]


def _personal(
    row: Delivery, group: tuple[Offered, ...], *, known: Known, taste: Taste, pool: CandidatePool
) -> Selection:
    """Choose by what is known of one subscriber. Near papers stay as they were once selected."""
    subscriber = subscriber_of(row)
    seen = unpack_seen(bytes(subscriber.seen_papers))
    places = _places(subscriber, group)
    ranked = [taste.ranked(known, offered, seen_papers=seen, places=places) for offered in group]
    rankings = [ranking for ranking, _ in ranked]
    selection = select_papers(
        rankings,
        max_papers=subscriber.max_papers,
        scanned=_scanned(group, rankings),
        leads={ranking.topic: lead for ranking, lead in ranked},
        breadth_seed=str(row.pk) if known.profile else "",
    )
    if not subscriber.shows_near:
        return selection
    taken = BitMap.union(BitMap(), *(ranking.papers for ranking in rankings))
    if row.selection is None:
        near = taste.near(known, group, taken=taken, seen_papers=seen)
    else:
        near = [
            each
            for each in row.selected.near
            if each.paper_id in pool.dates and each.paper_id not in taken | seen
        ]
    return replace(selection, papers=(*selection.papers, *near)) if near else selection


def _places(subscriber: Subscriber, group: Sequence[Offered]) -> int:
    """Return how many papers of each topic are summarized, if every topic has as many."""
    return -(-subscriber.max_papers // max(1, len(group)))


def _scanned(group: Sequence[Offered], rankings: Sequence[Ranking]) -> int:
    asked = (offered.scanned for offered in group)
    return len(BitMap.union(BitMap(), *asked, *(ranking.papers for ranking in rankings)))


def offers_of(deliveries: Sequence[Delivery]) -> dict[UUID, tuple[Offer, ...]]:
    """Return what is due in each of these digests, in its subscriber's order."""
    asked = _dates_of_asked(deliveries)
    return {
        row.pk: tuple(
            Offer.of(subscriber_of(row), subscription)
            for subscription in due_subscriptions(subscriber_of(row), row, asked=asked[row.subscriber_id])
        )
        for row in deliveries
    }


def _dates_of_asked(deliveries: Sequence[Delivery]) -> defaultdict[int | None, set[date]]:
    """Return the local dates on which these readers had a digest that they had asked for."""
    subscribers = {delivery.subscriber_id for delivery in deliveries}
    dates = defaultdict[int | None, set[date]](set)
    for subscriber_id, key in Delivery.objects.dates_asked_for(subscribers):
        dates[subscriber_id].add(date.fromisoformat(key))
    return dates


def due_subscriptions(
    subscriber: Subscriber, delivery: Delivery, *, asked: Collection[date] = ()
) -> list[Subscription]:
    """Return the subscriptions this slot covers, in the reader's order.

    A topic is due when its cadence had a slot since it was last covered, other than on the dates in
    ``asked``; ``first`` and a digest on demand cover them all.
    """
    subscriptions = [each for each in subscriber.subscriptions.all() if each.topic.is_active]
    if delivery.is_transactional:
        return subscriptions
    latest = (
        subscriber.latest_slot(
            now=delivery.slot_at,
            cadence=each.effective_cadence(subscriber),
            after=each.covered_until or each.created_at,
        )
        for each in subscriptions
    )
    return [
        each
        for each, slot in zip(subscriptions, latest, strict=True)
        if slot is not None and slot.date not in asked
    ]


def subscriber_of(delivery: Delivery) -> Subscriber:
    """Return whose digest it is: only alerts have no reader (a database constraint)."""
    if delivery.subscriber is None:
        raise ValueError(f"delivery {delivery.pk} has no reader")
    return delivery.subscriber
