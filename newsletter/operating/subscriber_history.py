"""One reader's history in one list: consents, deliveries, provider events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.core.delivery.redaction import without_keys
from newsletter.models import ConsentEvent, Delivery, DeliveryEvent, Subscriber
from newsletter.models.delivery import State
from newsletter.operating.records import words_of
from newsletter.operating.words import STATES

LONGEST = 200
"""Of each kind, the latest."""


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    what: str
    detail: str
    delivery_id: str = ""
    """Of the delivery it is about."""


def history_of(subscriber: Subscriber) -> list[Happening]:
    """Return the latest happenings, newest first, in three queries."""
    consents = subscriber.consents.order_by("-at")[:LONGEST]
    deliveries = subscriber.deliveries.order_by("-planned_at")[:LONGEST]
    events = DeliveryEvent.objects.filter(delivery__subscriber=subscriber).order_by("-at")[:LONGEST]
    happenings = [
        *map(_consent, consents),
        *map(_delivery, deliveries),
        *map(_event, events),
    ]
    return sorted(happenings, key=lambda each: each.at, reverse=True)


def _consent(event: ConsentEvent) -> Happening:
    return Happening(event.at, event.action, event.source)


def _delivery(delivery: Delivery) -> Happening:
    what = f"{delivery.kind} {delivery.slot_key}: {STATES[State(delivery.state)]}"
    detail = without_keys(" – ".join(filter(None, (delivery.subject, delivery.last_code))))
    return Happening(delivery.outcome_at or delivery.planned_at, what, detail, str(delivery.pk))


def _event(event: DeliveryEvent) -> Happening:
    return Happening(
        event.at, f"{event.provider} reported {event.kind}", words_of(event), str(event.delivery_id)
    )
