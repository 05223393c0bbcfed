"""Recipient checks: who may be mailed at this instant, by the kind of message.

Run when a delivery is leased, and again before its body begins.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from newsletter.audience.suppression import Reason, address_key, suppressed
from newsletter.errors import BadInput
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status


class Refusal(StrEnum):
    """Why a delivery may not go."""

    LEFT = "the reader has left"
    PAUSED = "the reader has paused"
    SUPPRESSED = "the address is suppressed"


_MAY_GET = {
    Kind.DIGEST: {Status.ACTIVE},
    Kind.LINK: {Status.ACTIVE, Status.UNSUBSCRIBED},
    Kind.CONFIRMATION: set(Status) - {Status.ACTIVE},
}
_DESPITE = {
    Kind.DIGEST: set[Reason](),
    Kind.LINK: {Reason.UNSUBSCRIBED},
    Kind.CONFIRMATION: set(Reason),
}
"""Suppressions that do not stop a link to somebody who has left."""


def refusals(
    deliveries: Sequence[Delivery], *, subscribers: Mapping[int, Subscriber], now: datetime
) -> dict[uuid.UUID, Refusal]:
    """Return why each of these may not be sent; others are left out. ``readers``: their readers by id.

    - Digest: an active reader who has not paused.
    - Confirmation: a pending reader, also at a suppressed address: it is the only way back.
    - Link: an active reader, or one who has left, for export and erasure; what was requested before leaving
      is cancelled.
    - Alert: no reader.
    """
    keys = {
        row.pk: _normalized(row, subscriber)
        for row in deliveries
        if (subscriber := subscribers.get(row.subscriber_id or 0)) is not None
    }
    reasons = suppressed(keys.values())
    found = {}
    for row in deliveries:
        refusal = _refusal(row, subscribers=subscribers, reason=reasons.get(keys.get(row.pk, "")), now=now)
        if refusal is not None:
            found[row.pk] = refusal
    return found


def recipient_of(delivery: Delivery, subscribers: Mapping[int, Subscriber]) -> str:
    """Return the recipient: of a digest the reader's current address, else the one it was made for."""
    subscriber = subscribers.get(delivery.subscriber_id or 0)
    if subscriber is None or (delivery.kind != Kind.DIGEST and delivery.recipient):
        return delivery.recipient
    return subscriber.email


def _normalized(delivery: Delivery, subscriber: Subscriber) -> str:
    if delivery.kind == Kind.DIGEST or not delivery.recipient:
        return subscriber.email_key
    try:
        return address_key(delivery.recipient)
    except BadInput:  # writing its headers raises the error
        return delivery.recipient


def _refusal(
    delivery: Delivery, *, subscribers: Mapping[int, Subscriber], reason: Reason | None, now: datetime
) -> Refusal | None:
    if delivery.kind == Kind.ALERT:
        return None
    subscriber, kind = subscribers.get(delivery.subscriber_id or 0), Kind(delivery.kind)
    if subscriber is None or subscriber.status not in _MAY_GET[kind]:
        return Refusal.LEFT
    if reason is not None and (subscriber.status == Status.ACTIVE or reason not in _DESPITE[kind]):
        return Refusal.SUPPRESSED
    if delivery.kind == Kind.DIGEST and not subscriber.accepts_mail(now=now):
        return Refusal.PAUSED
    return None
