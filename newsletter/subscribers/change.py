"""A reader's changes: cadence, amount, topics, pause. A due digest is never lost by a change.

Every change recomputes the next slot. It locks the reader's row, as planning does, so that neither works with
stale values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from django.db import transaction

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.audience.topics import find_topics
from newsletter.core.delivery.cadence import RESOLUTION, Cadence, period_days
from newsletter.errors import BadInput
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import LEASABLE, UNCOMPOSED, Kind
from newsletter.models.subscriber import Status
from newsletter.subscribers.preferences import Preferences

LONGEST_PAUSE = timedelta(days=366)


def lock(reader: Subscriber) -> None:
    """Lock the reader's row until the transaction ends, and reload it."""
    reader.refresh_from_db(from_queryset=Subscriber.objects.select_for_update(no_key=True))


def reschedule(reader: Subscriber, *, now: datetime) -> None:
    """Compute the next slot after now, or after a pause; ``biweekly`` counts from the very first slot.

    What was planned ahead is deleted: it comes again by the new plan. A local date that has its digest
    already is skipped.
    """
    Delivery.objects.planned_ahead(now=now).filter(subscriber=reader).delete()
    start = max(now, reader.paused_until - RESOLUTION) if reader.paused_until else now
    slot = reader.next_slot(after=start)
    while Delivery.objects.of_date(slot.date, reader=reader).exists():
        slot = reader.next_slot(after=slot.at)
    reader.anchor_date = reader.anchor_date or slot.date
    reader.next_slot_at = slot.at
    reader.save(update_fields=["anchor_date", "next_slot_at"])


@transaction.atomic
def change_preferences(reader: Subscriber, *, preferences: Preferences, now: datetime) -> None:
    """Store new preferences and recompute the next slot.

    A passed slot that is not planned yet stays due. No local date can get two digests.
    """
    lock(reader)
    for name, value in preferences.fields().items():
        setattr(reader, name, value)
    reader.save(update_fields=list(preferences.fields()))
    follow(reader, now=now)


@transaction.atomic
def set_topics(
    reader: Subscriber, *, topics: Sequence[str], cadences: Mapping[str, str] | None = None, now: datetime
) -> None:
    """Make the topics of these slugs the reader's, in this order. Raises BadInput for none or an unknown one.

    ``cadences`` gives topics a cadence of their own, by slug; an empty one is the reader's. A topic that
    stays keeps its own cadence, unless another is given, and what it has covered.
    """
    lock(reader)
    found = find_topics(topics, owner_email_key=reader.email_key)
    if not found:
        raise BadInput("a reader needs at least one topic")
    own = {slug: str(Cadence.parse(text)) if text else "" for slug, text in (cadences or {}).items()}
    if reader.subscriptions.exclude(topic__in=found).delete()[0]:
        compose_again(reader)
    for position, topic in enumerate(found):
        wanted = {"cadence": own[topic.slug]} if topic.slug in own else {}
        Subscription.objects.update_or_create(
            subscriber=reader,
            topic=topic,
            defaults={"position": position, **wanted},
            create_defaults={"position": position, "created_at": now, **wanted},
        )
    follow(reader, now=now)


@transaction.atomic
def come_less_often(
    reader: Subscriber, *, cadence: Cadence, now: datetime, subscription: Subscription | None = None
) -> None:
    """Set ``cadence`` for everything, or for one topic. No topic keeps a more frequent one of its own."""
    lock(reader)
    if subscription is not None:
        subscription.cadence = str(cadence)
        subscription.save(update_fields=["cadence"])
    else:
        reader.cadence = str(cadence)
        reader.save(update_fields=["cadence"])
        own = reader.subscriptions.exclude(cadence="")
        quick = [
            each.pk for each in own if period_days(each.effective_cadence(reader)) < period_days(cadence)
        ]
        reader.subscriptions.filter(pk__in=quick).update(cadence="")
    follow(reader, now=now)


@transaction.atomic
def pause(reader: Subscriber, *, until: date, now: datetime) -> None:
    """Send no digest before the local date ``until``; the first one after it offers everything since.

    Raises BadInput for a date that is not in the next 366 days.
    """
    lock(reader)
    today = now.astimezone(reader.zone).date()
    if not today < until <= today + LONGEST_PAUSE:
        raise BadInput(f"{until.isoformat()} is not a date in the next {LONGEST_PAUSE.days} days")
    reader.paused_until = datetime.combine(until, time.min, tzinfo=reader.zone)
    reader.save(update_fields=["paused_until"])
    follow(reader, now=now)


@transaction.atomic
def resume(reader: Subscriber, *, now: datetime) -> None:
    """End a pause; digests come again from the next slot on."""
    lock(reader)
    reader.paused_until = None
    reader.save(update_fields=["paused_until"])
    follow(reader, now=now)


def compose_again(reader: Subscriber) -> None:
    """Send composed, unsent digests back to be composed: one of their topics was left."""
    unsent = Delivery.objects.filter(subscriber=reader, kind=Kind.DIGEST, state__in=LEASABLE)
    if unsent.update(**UNCOMPOSED):
        wake(Queue.COMPOSE)


def follow(reader: Subscriber, *, now: datetime) -> None:
    """Recompute the next slot after a change. A passed slot that is not planned yet stays due."""
    is_paused = reader.paused_until is not None and reader.paused_until > now
    waits = reader.next_slot_at is not None and reader.next_slot_at <= now
    if reader.status == Status.ACTIVE and (is_paused or not waits):
        reschedule(reader, now=now)
