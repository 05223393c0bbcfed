"""Who may be mailed at this instant, by the kind of message.

Asked when a delivery is claimed, and once more before its body begins.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from newsletter.errors import BadInput
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status
from newsletter.suppressions import Reason, address_key, suppressed


class Refusal(StrEnum):
    """Why a delivery may not go."""

    LEFT = "the reader has left"
    PAUSED = "the reader has paused"
    SUPPRESSED = "the address is suppressed"


def refusals(
    deliveries: Sequence[Delivery], *, readers: Mapping[int, Subscriber], now: datetime
) -> dict[uuid.UUID, Refusal]:
    """Return why each of these may not go; those that may are left out. ``readers`` are their readers, by id.

    A digest goes to an active reader who has not paused, a link to an active one, a confirmation to one who
    is to confirm; an alert has no reader. Only a confirmation goes to a suppressed address: it is the one way
    back for whoever left or bounced, and sign-up caps how often anybody can ask for one.
    """
    keys = {
        row.pk: _folded(row, reader)
        for row in deliveries
        if (reader := readers.get(row.subscriber_id or 0)) is not None
    }
    reasons = suppressed(keys.values())
    found = {}
    for row in deliveries:
        refusal = _refusal(row, readers=readers, reason=reasons.get(keys.get(row.pk, "")), now=now)
        if refusal is not None:
            found[row.pk] = refusal
    return found


def recipient_of(delivery: Delivery, readers: Mapping[int, Subscriber]) -> str:
    """Return where it goes: a digest to the reader's address of now, a notice to the one it was made for."""
    reader = readers.get(delivery.subscriber_id or 0)
    if reader is None or (delivery.kind != Kind.DIGEST and delivery.recipient):
        return delivery.recipient
    return reader.email


def _folded(delivery: Delivery, reader: Subscriber) -> str:
    if delivery.kind == Kind.DIGEST or not delivery.recipient:
        return reader.email_key
    try:
        return address_key(delivery.recipient)
    except BadInput:  # writing its headers will refuse it by name
        return delivery.recipient


def _refusal(
    delivery: Delivery, *, readers: Mapping[int, Subscriber], reason: Reason | None, now: datetime
) -> Refusal | None:
    if delivery.kind == Kind.ALERT:
        return None
    reader = readers.get(delivery.subscriber_id or 0)
    # Whoever has left may ask to join again: a confirmation reaches them too.
    is_confirmation = delivery.kind == Kind.CONFIRMATION
    if reader is None or (reader.status == Status.ACTIVE) == is_confirmation:
        return Refusal.LEFT
    if reason is not None and not is_confirmation:
        return Refusal.SUPPRESSED
    if delivery.kind == Kind.DIGEST and not reader.is_mailable(now=now):
        return Refusal.PAUSED
    return None
