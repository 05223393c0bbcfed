"""Record a transport's answers: on the deliveries, their readers and the transport.

Answers are recorded together, each only under the fence of its lease: a worker that was given up changes
nothing once another has leased the delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from django.db import transaction
from pyroaring import BitMap

from newsletter.adapters.ports import Outcome, Verdict
from newsletter.core.delivery.events import EventKind
from newsletter.core.delivery.redaction import without_keys
from newsletter.core.delivery.retry_policy import EVIDENCE_WAIT, retry_delay
from newsletter.core.digests.seen_papers import pack_seen, unpack_seen
from newsletter.core.digests.selection import Place
from newsletter.core.storable import storable
from newsletter.models import Delivery, DeliveryEvent, Subscriber, Subscription
from newsletter.models.delivery import Cause, Kind, State
from newsletter.models.set_based import update_each
from newsletter.pipeline.send import subscriber_status
from newsletter.pipeline.send.pause import pause_sending

DETAIL_LENGTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The recorded clock, the real clock, and a random number from 0 to 1 for jitter."""

    now: datetime
    real_now: datetime
    chance: float = 0.5


@dataclass(frozen=True, slots=True)
class Answered:
    """A delivery as it was leased, its outcome, and when that came."""

    delivery: Delivery
    outcome: Outcome
    at: Moment


def record(answers: Sequence[Answered]) -> dict[UUID, str]:
    """Record these outcomes together, each under its fence; return the new state of each delivery.

    An answer after the lease expired still counts, as long as nobody has leased the delivery since. A
    delivery that is gone (its reader was erased) is left out.
    """
    told = [each for each in answers if each.outcome.verdict is not Verdict.NOT_BEGUN]
    states = dict[UUID, str]()
    if told:
        with transaction.atomic():
            states |= _record(told)
    if others := [each.delivery.pk for each in answers if each.delivery.pk not in states]:
        states |= dict(Delivery.objects.filter(pk__in=others).values_list("pk", "state"))
    return states


def _record(answers: Sequence[Answered]) -> dict[UUID, str]:
    """1. Lock the readers, 2. write what is ours yet, 3. do what follows; return the states written."""
    readers = lock_readers({each.delivery.subscriber_id for each in answers if each.delivery.subscriber_id})
    changes = {each.delivery.pk: _CHANGES[each.outcome.verdict](each) for each in answers}
    written = _write(answers, changes)
    ours = [each for each in answers if each.delivery.pk in written]
    accepted = [each.delivery for each in ours if each.outcome.verdict is Verdict.ACCEPTED]
    mark_seen(accepted, readers)
    _follow(ours)
    return {key: changes[key].state.value for key in written}


def _write(answers: Sequence[Answered], changes: Mapping[UUID, Change]) -> set[UUID]:
    """Write the changes to what is ours yet; return the keys of that."""
    written = set[UUID]()
    for waits, to_all in ((True, {"body_begun_at": None}), (False, {})):
        rows = [
            (
                *(each.delivery.pk, each.delivery.fence),
                *_values(changes[each.delivery.pk]),
                storable(each.outcome.code)[:40],
                without_keys(storable(each.outcome.detail))[:DETAIL_LENGTH],
            )
            for each in answers
            if (changes[each.delivery.pk].state == State.RETRY_WAIT) is waits
        ]
        written |= update_each(
            Delivery,
            rows,
            match=("id", "fence"),
            change=(*_CHANGED, "last_code", "last_detail"),
            to_all={"lease_owner": "", "lease_until": None} | to_all,
            where={"state": (State.SENDING, State.AMBIGUOUS)},
        )
    return written


# --- what changes on the delivery ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The columns that an answer changes."""

    state: State
    attempt: int
    retries: int
    next_attempt_at: datetime | None = None
    outcome_at: datetime | None = None
    provider_id: str = ""


_CHANGED = tuple(each.name for each in fields(Change))
_values = attrgetter(*_CHANGED)


def _ended(told: Answered, state: State) -> Change:
    delivery = told.delivery
    return Change(
        state=state,
        attempt=delivery.attempt,
        retries=delivery.retries,
        outcome_at=told.at.now,
        provider_id=delivery.provider_id,
    )


def _accepted(told: Answered) -> Change:
    provider_id = storable(told.outcome.provider_id)[:255]
    return replace(_ended(told, State.ACCEPTED), provider_id=provider_id)


def _failed(told: Answered) -> Change:
    return _ended(told, State.FAILED)


def _unknown(told: Answered) -> Change:
    until = told.at.real_now + EVIDENCE_WAIT
    before = told.delivery.outcome_at
    return replace(_ended(told, State.AMBIGUOUS), next_attempt_at=until, outcome_at=before)


def _refused_for_now(told: Answered) -> Change:
    retries = told.delivery.retries + 1
    delay = retry_delay(retries, chance=told.at.chance, retry_after=told.outcome.retry_after)
    return replace(_not_now(told, told.at.real_now + delay), retries=retries)


def _not_tried(told: Answered) -> Change:
    """Wait as after a first refusal, or as long as asked: its own back-off has not begun."""
    delay = retry_delay(1, chance=told.at.chance, retry_after=told.outcome.retry_after)
    return _not_now(told, told.at.real_now + delay)


def _transport_down(told: Answered) -> Change:
    return _not_now(told, told.at.real_now)


def _not_now(told: Answered, again_at: datetime) -> Change:
    """Wait; the attempt does not count, since a refusal is an outcome."""
    waiting = _ended(told, State.RETRY_WAIT)
    before = told.delivery.outcome_at
    return replace(waiting, attempt=waiting.attempt - 1, next_attempt_at=again_at, outcome_at=before)


_CHANGES: dict[Verdict, Callable[[Answered], Change]] = {
    Verdict.ACCEPTED: _accepted,
    Verdict.RETRY: _refused_for_now,
    Verdict.NOT_TRIED: _not_tried,
    Verdict.BAD_ADDRESS: _failed,
    Verdict.REFUSED: _failed,
    Verdict.BAD_MESSAGE: _failed,
    Verdict.UNKNOWN: _unknown,
    Verdict.TRANSPORT_DOWN: _transport_down,
}

# --- what follows for the reader and the transport -------------------------------------------------------


def _follow(answers: Sequence[Answered]) -> None:
    bounced = {each.delivery.subscriber_id for each in answers if each.outcome.verdict in _FOLLOWS}
    subscribers = Subscriber.objects.in_bulk(bounced - {None}) if bounced else {}
    for each in answers:
        subscriber = subscribers.get(each.delivery.subscriber_id or 0)
        if each.outcome.verdict is Verdict.TRANSPORT_DOWN:
            _pause(each.delivery.transport, each.outcome, now=each.at.now)
        elif subscriber is not None:
            _FOLLOWS[each.outcome.verdict](each.delivery, subscriber, each.at)


def _bounce(delivery: Delivery, subscriber: Subscriber, at: Moment) -> None:
    _keep_as_event(delivery, EventKind.HARD_BOUNCE, at=at)
    subscriber_status.bounced(delivery, subscriber, at=at.now)


def _soft_bounce(delivery: Delivery, subscriber: Subscriber, at: Moment) -> None:
    _keep_as_event(delivery, EventKind.SOFT_BOUNCE, at=at)
    subscriber_status.soft_bounced(delivery, subscriber, at=at.now)


def _keep_as_event(delivery: Delivery, kind: EventKind, *, at: Moment) -> None:
    """Store a bounce in the answer as an event, so that it counts like one reported later."""
    DeliveryEvent.objects.create(
        provider=delivery.transport,
        dedupe_key=f"answer:{delivery.pk}:{delivery.fence}",
        delivery=delivery,
        kind=kind,
        at=at.now,
        applied_at=at.now,
    )


_FOLLOWS: dict[Verdict, Callable[[Delivery, Subscriber, Moment], None]] = {
    Verdict.BAD_ADDRESS: _bounce,
    Verdict.REFUSED: _soft_bounce,
}


def _pause(transport: str, outcome: Outcome, *, now: datetime) -> None:
    """Pause the transport until an operator has checked its credentials."""
    reason = f"{transport} refuses this service: {outcome.code} {without_keys(outcome.detail)}".strip()
    pause_sending(storable(reason)[:DETAIL_LENGTH], transport=transport, cause=Cause.REFUSED, now=now)


# --- what an accepted digest means: its papers are seen, and its topics covered ------------------------


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
