"""Find deliveries: by state, of one reader, by id. Each query follows an index and has a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from newsletter.errors import BadInput, NotFound
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import LEASABLE, SENT, State
from newsletter.operating.causes import Told, told_of
from newsletter.operating.situation import Situation
from newsletter.operating.words import STATES

LIMIT, MOST = 50, 1000
GROUPS: dict[str, tuple[State, ...]] = {
    "waiting": (State.SENDING, *LEASABLE),
    "planned": (State.PLANNED,),
    "sent": SENT,
    "failed": (State.FAILED, State.QUARANTINED),
    "unknown": (State.AMBIGUOUS,),
    "held": (State.QUARANTINED, State.AMBIGUOUS),
    "skipped": (State.SKIPPED,),
    "ended": (State.CANCELLED, State.EXPIRED),
}
"""Words that stand for several states."""


@dataclass(frozen=True, slots=True)
class Listed:
    delivery: Delivery
    told: Told

    def as_json(self) -> dict[str, Any]:
        row, told = self.delivery, self.told
        return {
            "id": str(row.pk),
            "email": row.subscriber.email if row.subscriber else row.recipient,
            "kind": row.kind,
            "slot_key": row.slot_key,
            "slot_at": row.slot_at.isoformat(),
            "state": row.state,
            "cause": told.code,
            "reason": told.cause,
            "next": told.then,
            "next_at": told.at.isoformat() if told.at else None,
            "needs_person": told.needs_person,
            "subject": row.subject,
            "attempt": row.attempt,
            "retries": row.retries,
        }


def states_of(word: str) -> tuple[State, ...]:
    """Return the states that a word names: one, in any case, or a group. Raises BadInput."""
    key = word.strip().replace("-", "_")
    if key.lower() in GROUPS:
        return GROUPS[key.lower()]
    if key.upper() in State.values:
        return (State(key.upper()),)
    if named := tuple(state for state, name in STATES.items() if name == word.strip().lower()):
        return named
    allowed = ", ".join((*GROUPS, *State.values))
    raise BadInput(f"state is {word!r}, but must be one of: {allowed}")


def deliveries(
    now: Situation,
    *,
    states: Sequence[State] = (),
    subscriber: Subscriber | None = None,
    limit: int = LIMIT,
) -> list[Listed]:
    """Return the newest of these with their causes: a query for all, or one for each state that is named."""
    rows = Delivery.objects.select_related("subscriber", "selection").defer(
        "fragments", "placeholders", "subscriber__seen_papers", "subscriber__summarized_papers"
    )
    if subscriber is not None:
        of_subscriber = rows.filter(subscriber=subscriber, **({"state__in": states} if states else {}))
        found = list(of_subscriber.order_by("-slot_at", "-planned_at")[:limit])
    elif states:
        each = (_newest(rows.filter(state=state), state)[:limit] for state in states)
        found = sorted((row for part in each for row in part), key=_moment, reverse=True)[:limit]
    else:
        found = list(rows.order_by("-pk")[:limit])  # ids are in the order of time
    return [Listed(row, said) for row, said in zip(found, told_of(found, now), strict=True)]


def _newest(rows: QuerySet[Delivery], state: State) -> QuerySet[Delivery]:
    """Order by an index that begins with the state."""
    if state == State.PLANNED:
        return rows.order_by("-id")
    if state in (*LEASABLE, State.SENDING):
        return rows.order_by("-next_attempt_at")
    return rows.order_by("-outcome_at")


def _moment(row: Delivery) -> datetime:
    return row.outcome_at or row.next_attempt_at or row.slot_at


def find_delivery(text: str) -> Delivery:
    """Return the delivery of an id. Raises BadInput or NotFound."""
    rows = Delivery.objects.select_related("subscriber", "selection")
    try:
        key = UUID(text.strip())
    except ValueError:
        raise BadInput(f"{text!r} is not a delivery's id: newsletter deliveries shows them") from None
    row = rows.filter(pk=key).first()
    if row is None:
        raise NotFound(f"no delivery {key}: newsletter deliveries shows them")
    return row
