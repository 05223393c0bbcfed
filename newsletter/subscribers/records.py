"""Stored data of readers: one to show, all as CSV."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from newsletter.audience.suppression import address_key
from newsletter.core.digests.selection import Place
from newsletter.errors import NotFound
from newsletter.models import Delivery, Subscriber
from newsletter.models.subscriber import Status
from newsletter.subscribers.preferences import Preferences, read_address


def find_subscriber(email: str) -> Subscriber:
    subscriber = Subscriber.objects.filter(email_key=address_key(read_address(email))).first()
    if subscriber is None:
        raise NotFound(f"no reader {email}: newsletter subscriber list shows them all")
    return subscriber


def preferences_of(subscriber: Subscriber) -> Preferences:
    """Return what a reader asked for, as it is stored."""
    return Preferences.checked(**typed_preferences(subscriber))


def typed_preferences(subscriber: Subscriber) -> dict[str, Any]:
    """Return the same as it would be typed."""
    return {
        "cadence": subscriber.cadence,
        "at": f"{subscriber.at:%H:%M}",
        "timezone": subscriber.timezone,
        "language": subscriber.language,
        "depth": subscriber.depth,
        "max_papers": subscriber.max_papers,
    }


def describe(subscriber: Subscriber, *, now: datetime) -> dict[str, Any]:
    """Return a reader's data, as ``subscriber show --json`` prints it."""
    return {
        "email": subscriber.email,
        "name": subscriber.name,
        "status": subscriber.shown_status(now=now),
        "subscriptions": [
            {"topic": each.topic.slug, "name": each.topic.name, "cadence": each.cadence or subscriber.cadence}
            for each in subscriber.subscriptions.select_related("topic")
        ],
        **typed_preferences(subscriber),
        "joined_at": subscriber.joined_at.isoformat(),
        "confirmed_at": subscriber.confirmed_at.isoformat() if subscriber.confirmed_at else None,
        "next_slot_at": subscriber.next_slot_at.isoformat() if subscriber.next_slot_at else None,
        "paused_until": subscriber.paused_until.isoformat() if subscriber.paused_until else None,
        "deliveries": [
            _describe_delivery(each)
            for each in subscriber.deliveries.order_by("slot_at", "planned_at").select_related("selection")
        ],
        "consents": [
            {"at": each.at.isoformat(), "action": each.action, "source": each.source}
            for each in subscriber.consents.order_by("at")
        ],
    }


def _describe_delivery(delivery: Delivery) -> dict[str, Any]:
    selection = delivery.selected
    return {
        "id": str(delivery.pk),
        "kind": delivery.kind,
        "slot_key": delivery.slot_key,
        "slot_at": delivery.slot_at.isoformat(),
        "state": delivery.state,
        "subject": delivery.subject,
        "summarised": len(selection.shown(Place.SUMMARIZED)),
        "listed": len(selection.shown(Place.LISTED)),
        "counted": len(selection.shown(Place.COUNTED)),
        "scanned": selection.scanned,
        "message_id": delivery.message_id,
        "outcome_at": delivery.outcome_at.isoformat() if delivery.outcome_at else None,
        "detail": f"{delivery.last_code} {delivery.last_detail}".strip(),
    }


CSV_COLUMNS = (
    "email",
    "topics",
    "cadence",
    "at",
    "timezone",
    "language",
    "depth",
    "max_papers",
    "consent_source",
    "name",
)


CONSENTS = frozenset({"confirmed", "imported", "resubscribed"})
"""Events by which a reader agreed."""


def csv_rows() -> list[dict[str, str]]:
    """Return every active reader in the form that import takes (docs/operating.md).

    Private topics, pauses and topics' own cadences are not part of that form.
    """
    subscribers = Subscriber.objects.filter(status=Status.ACTIVE).order_by("email_key")
    return [
        _csv_row(subscriber)
        for subscriber in subscribers.prefetch_related("subscriptions__topic", "consents")
    ]


def _csv_row(subscriber: Subscriber) -> dict[str, str]:
    consents = sorted(
        (each for each in subscriber.consents.all() if each.action in CONSENTS),
        key=lambda consent: consent.at,
    )
    return {
        "email": subscriber.email,
        "topics": ";".join(
            each.topic.slug for each in subscriber.subscriptions.all() if each.topic.owner_id is None
        ),
        "cadence": subscriber.cadence,
        "at": f"{subscriber.at:%H:%M}",
        "timezone": subscriber.timezone,
        "language": subscriber.language,
        "depth": subscriber.depth,
        "max_papers": str(subscriber.max_papers),
        "consent_source": consents[-1].source if consents else "",
        "name": subscriber.name,
    }
