"""What an operator decides about one delivery: give it up, try it now, or let a held one go on.

Each is one conditional UPDATE on state and fence: a worker that leases, begins or records at the same moment
comes before it or after it, never in between. ``operating`` has the words for what happens next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from newsletter.adapters.infra.broker import publish_tick
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import UNCOMPOSED, Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.send.recipient_checks import refusals

CANCELLED_BY_OPERATOR = "the operator gave it up"
NOT_OFFERED = (State.CANCELLED, State.EXPIRED, State.SKIPPED, State.PLANNED)
"""A later digest in one of these has not offered this one's papers, or offers them again if need be."""


class Act(StrEnum):
    CANCEL = "cancel"
    RETRY = "retry"
    RELEASE = "release"


APPLIES_TO: dict[Act, tuple[State, ...]] = {
    Act.CANCEL: (State.PLANNED, State.COMPOSED, State.RETRY_WAIT, State.QUARANTINED),
    Act.RETRY: (State.COMPOSED, State.RETRY_WAIT, State.FAILED),
    Act.RELEASE: (State.QUARANTINED, State.AMBIGUOUS),
}
"""From which states; others are refused with a reason."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of it: done, or why not."""

    is_done: bool
    says: str


def decide(delivery: Delivery, act: Act, *, now: datetime, real_now: datetime) -> Decision:
    """Do what the operator decided, unless the state does not allow it.

    1. Refuse by the state as it was read, with what can be done instead.
    2. Lock the reader, as every sender does first; refuse what must not be mailed, or was overtaken.
    3. Change the row if it is still in that state and under that fence.
    """
    state = State(delivery.state)
    if state not in APPLIES_TO[act]:
        return Decision(False, f"{_WHY_NOT[state]} {_INSTEAD[state]}".strip())
    with transaction.atomic():
        if act is not Act.CANCEL and (why := _must_stay(delivery, now=now)):
            return Decision(False, why)
        ours = Delivery.objects.filter(pk=delivery.pk, state=state, fence=delivery.fence)
        changes, says = _CHANGES[act](delivery, now, real_now)
        is_done = bool(ours.update(**changes))
    if not is_done:
        return Decision(False, "A worker took it at this moment: look again, and decide then.")
    if act is not Act.CANCEL and settings.CONFIG.redis_url:
        publish_tick()
    return Decision(True, says)


def _must_stay(delivery: Delivery, *, now: datetime) -> str:
    """Return why this one must not go: its reader may not be mailed, or a newer digest has its papers."""
    if delivery.composed_at is not None and not delivery.fragments:
        return "It stays: what it said was deleted, as of all old mails."
    if delivery.subscriber_id is None:
        return ""
    reader = Subscriber.objects.select_for_update(no_key=True).get(pk=delivery.subscriber_id)
    if refusal := refusals([delivery], subscribers={reader.pk: reader}, now=now).get(delivery.pk):
        is_dead = reader.status == Status.BOUNCED
        return f"It stays: {'mail to this address bounced' if is_dead else refusal}."
    if delivery.kind != Kind.DIGEST:
        return ""
    newer = Delivery.objects.filter(
        subscriber=reader, kind=Kind.DIGEST, slot_at__gt=delivery.slot_at, slot_at__lte=now
    )
    key = newer.exclude(state__in=NOT_OFFERED).values_list("slot_key", flat=True).first()
    return f"It stays: the digest of {key} came after it and offers its papers." if key else ""


def _cancel(delivery: Delivery, now: datetime, real_now: datetime) -> tuple[dict[str, Any], str]:  # noqa: ARG001
    says = "Given up: it is not sent. Its papers are offered in the next digest."
    if delivery.kind != Kind.DIGEST:
        says = "Given up: it is not sent."
    return _ENDED | {"last_detail": CANCELLED_BY_OPERATOR, "outcome_at": now}, says


def _retry(delivery: Delivery, now: datetime, real_now: datetime) -> tuple[dict[str, Any], str]:  # noqa: ARG001
    if delivery.state == State.FAILED:
        return _WAITS | {"next_attempt_at": real_now}, "It failed; it is tried once more now."
    return {"next_attempt_at": real_now}, "It is tried now, or as soon as its limits and pauses allow."


def _release(delivery: Delivery, now: datetime, real_now: datetime) -> tuple[dict[str, Any], str]:  # noqa: ARG001
    is_held = delivery.state == State.AMBIGUOUS
    twice = "If the first copy arrived, its reader gets a second one."
    if delivery.composed_at is None:  # an ambiguous one too: a restored back-up may hold it so
        anew = UNCOMPOSED | _FREE | {"attempt": 0}
        return anew, f"It is composed again, with all its attempts before it.{f' {twice}' if is_held else ''}"
    if is_held:
        return _WAITS | {"next_attempt_at": real_now}, f"It is sent again now. {twice}"
    return _WAITS | {"next_attempt_at": real_now}, "It goes on now, with all its attempts before it."


_FREE: dict[str, Any] = {"lease_owner": "", "lease_until": None, "body_begun_at": None, "outcome_at": None}
_WAITS = _FREE | {"state": State.RETRY_WAIT, "attempt": 0}
# The fence moves on, so that a worker which still has the row can neither begin it nor record about it.
_ENDED: dict[str, Any] = _FREE | {"state": State.CANCELLED, "fence": F("fence") + 1}
_CHANGES: dict[Act, Callable[[Delivery, datetime, datetime], tuple[dict[str, Any], str]]] = {
    Act.CANCEL: _cancel,
    Act.RETRY: _retry,
    Act.RELEASE: _release,
}
_WHY_NOT = {
    State.PLANNED: "It is not composed yet.",
    State.COMPOSED: "It is not held: it goes by itself.",
    State.SENDING: "A worker is sending it at this moment.",
    State.RETRY_WAIT: "It is not held: it is tried again by itself.",
    State.ACCEPTED: "It was accepted for delivery.",
    State.DELIVERED: "It was delivered.",
    State.BOUNCED: "It was accepted, and came back.",
    State.COMPLAINED: "It was delivered, and its reader complained.",
    State.AMBIGUOUS: "It may have arrived, and is not sent again by itself.",
    State.SKIPPED: "There was nothing to say.",
    State.CANCELLED: "It was cancelled.",
    State.EXPIRED: "The next slot came first.",
    State.FAILED: "It failed; nothing is sent by itself.",
    State.QUARANTINED: "It was set aside after too many attempts.",
}
_INSTEAD = {
    State.PLANNED: "Its slot decides when.",
    State.SENDING: "Look again in a minute.",
    State.AMBIGUOUS: "To send a second copy: release it.",
    State.QUARANTINED: "To try again: release it. To end it: cancel it.",
    State.COMPOSED: "To hurry it: retry. To stop it: cancel.",
    State.RETRY_WAIT: "To hurry it: retry. To stop it: cancel.",
    State.FAILED: "To try once more: retry.",
    State.CANCELLED: "Its papers are offered in the next digest.",
    State.EXPIRED: "Its papers are in the next digest.",
    State.ACCEPTED: "Nothing can call it back.",
    State.DELIVERED: "Nothing can call it back.",
    State.BOUNCED: "The address decides, not another try.",
    State.COMPLAINED: "Nothing more is sent to this reader.",
    State.SKIPPED: "The next digest says which days were empty.",
}


def allowed(delivery: Delivery) -> list[Act]:
    """Return what the state of ``delivery`` allows, for pages that offer it."""
    return [act for act, states in APPLIES_TO.items() if delivery.state in states]
