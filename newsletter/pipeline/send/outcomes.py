"""Record a transport's answer: on the delivery, its reader and the transport.

One answer is one transaction, written only under the fence of the lease: a worker that was given up changes
nothing once another has leased the delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from newsletter.adapters.ports import Outcome, Verdict
from newsletter.core.delivery.events import EventKind
from newsletter.core.delivery.redaction import without_keys
from newsletter.core.delivery.retry_policy import EVIDENCE_WAIT, retry_delay
from newsletter.core.digests.seen_papers import pack_seen, unpack_seen
from newsletter.core.digests.selection import Place
from newsletter.core.storable import storable
from newsletter.models import Delivery, DeliveryEvent, Subscriber, Subscription
from newsletter.models.delivery import Cause, Kind, State
from newsletter.pipeline.send import subscriber_status
from newsletter.pipeline.send.pause import pause_sending

DETAIL_LENGTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The recorded clock, the real clock, and a random number from 0 to 1 for jitter."""

    now: datetime
    real_now: datetime
    chance: float = 0.5


def record(delivery: Delivery, outcome: Outcome, *, at: Moment) -> str:
    """Record the outcome of this delivery under its fence; return its new state.

    An answer after the lease expired still counts, as long as nobody has leased the delivery since. Returns
    "" for a delivery that is gone (its reader was erased).
    """
    if outcome.verdict is not Verdict.NOT_BEGUN:
        with transaction.atomic():
            state = _record(delivery, outcome, at=at)
        if state:
            return state
    return Delivery.objects.filter(pk=delivery.pk).values_list("state", flat=True).first() or ""


def _record(delivery: Delivery, outcome: Outcome, *, at: Moment) -> str:
    """Return the new state, or "" when the delivery is no longer ours."""
    subscriber = _lock_subscriber(delivery)
    ours = Delivery.objects.filter(
        pk=delivery.pk, fence=delivery.fence, state__in=(State.SENDING, State.AMBIGUOUS)
    )
    change = _CHANGES[outcome.verdict](delivery, outcome, at)
    written = ours.update(
        last_code=storable(outcome.code)[:40],
        last_detail=without_keys(storable(outcome.detail))[:DETAIL_LENGTH],
        lease_owner="",
        lease_until=None,
        **change,
    )
    if not written:
        return ""
    if outcome.verdict is Verdict.TRANSPORT_DOWN:
        _pause(delivery.transport, outcome, now=at.now)
    elif subscriber is not None and (follow := _FOLLOWS.get(outcome.verdict)):
        follow(delivery, subscriber, at)
    return str(change["state"])


def _lock_subscriber(delivery: Delivery) -> Subscriber | None:
    """Lock the reader before the delivery: all code uses this order."""
    if delivery.subscriber_id is None:
        return None
    locked = Subscriber.objects.select_for_update(no_key=True)
    return locked.filter(pk=delivery.subscriber_id).first()


# --- what changes on the delivery ------------------------------------------------------------------------


def _accepted(_delivery: Delivery, outcome: Outcome, at: Moment) -> dict[str, Any]:
    return {
        "state": State.ACCEPTED,
        "outcome_at": at.now,
        "next_attempt_at": None,
        "provider_id": storable(outcome.provider_id)[:255],
    }


def _refused_for_now(delivery: Delivery, outcome: Outcome, at: Moment) -> dict[str, Any]:
    delay = retry_delay(delivery.retries + 1, chance=at.chance, retry_after=outcome.retry_after)
    return _not_now(at.real_now + delay) | {"retries": F("retries") + 1}


def _not_tried(_delivery: Delivery, outcome: Outcome, at: Moment) -> dict[str, Any]:
    """Wait as after a first refusal, or as long as asked: its own back-off has not begun."""
    return _not_now(at.real_now + retry_delay(1, chance=at.chance, retry_after=outcome.retry_after))


def _transport_down(_delivery: Delivery, _outcome: Outcome, at: Moment) -> dict[str, Any]:
    return _not_now(at.real_now)


def _not_now(again_at: datetime) -> dict[str, Any]:
    """Wait; the attempt does not count, since a refusal is an outcome."""
    return {
        "state": State.RETRY_WAIT,
        "attempt": F("attempt") - 1,
        "body_begun_at": None,
        "next_attempt_at": again_at,
    }


def _failed(_delivery: Delivery, _outcome: Outcome, at: Moment) -> dict[str, Any]:
    return {"state": State.FAILED, "outcome_at": at.now, "next_attempt_at": None}


def _unknown(_delivery: Delivery, _outcome: Outcome, at: Moment) -> dict[str, Any]:
    return {"state": State.AMBIGUOUS, "next_attempt_at": at.real_now + EVIDENCE_WAIT}


_CHANGES: dict[Verdict, Callable[[Delivery, Outcome, Moment], dict[str, Any]]] = {
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


def mark_seen(delivery: Delivery, subscriber: Subscriber) -> None:
    """Mark the digest's papers as seen, and its topics as covered to the end of the period. Idempotent."""
    if delivery.kind != Kind.DIGEST:
        return
    if papers := delivery.paper_ids:
        summarized = delivery.selected.shown(Place.SUMMARIZED)
        subscriber.seen_papers = _with(bytes(subscriber.seen_papers), papers)
        subscriber.summarized_papers = _with(bytes(subscriber.summarized_papers), summarized)
        subscriber.save(update_fields=["seen_papers", "summarized_papers"])
    behind = Q(covered_until__isnull=True) | Q(covered_until__lt=delivery.covers_until)
    if delivery.topics and delivery.covers_until is not None:
        covered = Subscription.objects.filter(behind, subscriber=subscriber, topic_id__in=delivery.topics)
        covered.update(covered_until=delivery.covers_until)


def _with(stored: bytes | memoryview, papers: Iterable[int]) -> bytes:
    seen_papers = unpack_seen(bytes(stored))
    seen_papers.update(papers)
    return pack_seen(seen_papers)


def _mark_seen(delivery: Delivery, subscriber: Subscriber, _at: Moment) -> None:
    mark_seen(delivery, subscriber)


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
    Verdict.ACCEPTED: _mark_seen,
    Verdict.BAD_ADDRESS: _bounce,
    Verdict.REFUSED: _soft_bounce,
}


def _pause(transport: str, outcome: Outcome, *, now: datetime) -> None:
    """Pause the transport until an operator has checked its credentials."""
    reason = f"{transport} refuses this service: {outcome.code} {without_keys(outcome.detail)}".strip()
    pause_sending(storable(reason)[:DETAIL_LENGTH], transport=transport, cause=Cause.REFUSED, now=now)
