"""What a reader changes: how often, how much, which topics. What was not yet sent is never skipped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from newsletter.errors import BadInput
from newsletter.models import Subscriber, Subscription
from newsletter.models.subscriber import Status
from newsletter.subscriptions.wishes import Wishes
from newsletter.topics import find_topics


def reschedule(reader: Subscriber, *, now: datetime) -> None:
    """Set the next slot from now on; the first one ever is what ``biweekly`` counts from."""
    slot = reader.next_slot(after=now)
    reader.anchor_date = reader.anchor_date or slot.date
    reader.next_slot_at = slot.at
    reader.save(update_fields=["anchor_date", "next_slot_at"])


@transaction.atomic
def change_wishes(reader: Subscriber, *, wishes: Wishes, now: datetime) -> None:
    """Store what the reader wants from now on; the next slot follows from it.

    A slot that has passed and is not planned yet stays due. Nothing can come twice for one local date.
    """
    for name, value in wishes.fields().items():
        setattr(reader, name, value)
    reader.save(update_fields=list(wishes.fields()))
    waits = reader.next_slot_at is not None and reader.next_slot_at <= now
    if reader.status == Status.ACTIVE and not waits:
        reschedule(reader, now=now)


@transaction.atomic
def set_topics(reader: Subscriber, *, topics: Sequence[str], now: datetime) -> None:
    """Make the topics of these slugs the reader's, in this order. Raises BadInput for none or an unknown one.

    A topic that stays keeps its own cadence and what it has covered.
    """
    found = find_topics(topics, owner_email_key=reader.email_key)
    if not found:
        raise BadInput("a reader needs at least one topic")
    reader.subscriptions.exclude(topic__in=found).delete()
    for position, topic in enumerate(found):
        Subscription.objects.update_or_create(
            subscriber=reader,
            topic=topic,
            defaults={"position": position},
            create_defaults={"position": position, "created_at": now},
        )
