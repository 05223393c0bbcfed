"""How a reader leaves: unsubscribed from a topic or from all, or erased."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from newsletter.models import ConsentEvent, Delivery, Subscriber, Subscription, Topic
from newsletter.models.delivery import OPEN, State
from newsletter.models.subscriber import Status
from newsletter.suppressions import Reason, suppress


@transaction.atomic
def unsubscribe(reader: Subscriber, *, source: str, now: datetime, topic: Topic | None = None) -> None:
    """End everything, or one topic (the last one ends everything). Repeating it changes nothing."""
    if topic is not None:
        Subscription.objects.filter(subscriber=reader, topic=topic).delete()
        if reader.subscriptions.exists():
            return
    changed = Subscriber.objects.filter(pk=reader.pk, status__in=(Status.ACTIVE, Status.PENDING)).update(
        status=Status.UNSUBSCRIBED, next_slot_at=None
    )
    if not changed:
        return
    suppress(reader.email_key, reason=Reason.UNSUBSCRIBED, at=now)
    Delivery.objects.filter(subscriber=reader, state__in=OPEN).update(state=State.CANCELLED, outcome_at=now)
    ConsentEvent.objects.create(subscriber=reader, at=now, action="unsubscribed", source=source)


@transaction.atomic
def erase(reader: Subscriber, *, now: datetime) -> None:
    """Forget a reader; only a keyed hash of the address stays, so that nobody mails it again."""
    suppress(reader.email_key, reason=Reason.ERASED, at=now)
    reader.delete()
