"""A reader's changes: cadence, amount, topics, pause. A due digest is never lost by a change.

Every change recomputes the next slot. It locks the reader's row, as planning does, so that neither works with
stale values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

from django.db import transaction

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.audience.departures import Other
from newsletter.audience.suppression import note_other
from newsletter.audience.topics import find_topics
from newsletter.core.delivery.cadence import RESOLUTION, Cadence, period_days
from newsletter.errors import BadInput
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import LEASABLE, UNCOMPOSED, Kind
from newsletter.models.subscriber import Status
from newsletter.subscribers.preferences import Preferences

LONGEST_PAUSE = timedelta(days=366)


def lock(subscriber: Subscriber) -> None:
    """Lock the reader's row until the transaction ends, and reload it."""
    subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update(no_key=True))


def reschedule(subscriber: Subscriber, *, now: datetime) -> None:
    """Compute the next slot after now, or after a pause; ``biweekly`` counts from the very first slot.

    What was planned ahead is deleted: it comes again by the new plan. A local date that has its digest
    already is skipped.
    """
    Delivery.objects.planned_ahead(now=now).filter(subscriber=subscriber).delete()
    start = max(now, subscriber.paused_until - RESOLUTION) if subscriber.paused_until else now
    slot = subscriber.next_slot(after=start)
    while Delivery.objects.of_date(slot.date, subscriber=subscriber).exists():
        slot = subscriber.next_slot(after=slot.at)
    subscriber.anchor_date = subscriber.anchor_date or slot.date
    subscriber.next_slot_at = slot.at
    subscriber.save(update_fields=["anchor_date", "next_slot_at"])


@transaction.atomic
def change_preferences(subscriber: Subscriber, *, preferences: Preferences, now: datetime) -> None:
    """Store new preferences and recompute the next slot.

    A passed slot that is not planned yet stays due. No local date can get two digests.
    """
    lock(subscriber)
    for name, value in preferences.fields().items():
        setattr(subscriber, name, value)
    subscriber.save(update_fields=list(preferences.fields()))
    follow(subscriber, now=now)


@transaction.atomic
def set_topics(
    subscriber: Subscriber, *, topics: Sequence[str], cadences: Mapping[str, str] | None = None, now: datetime
) -> None:
    """Make the topics of these slugs the reader's, in this order. Raises BadInput for none or an unknown one.

    ``cadences`` gives topics a cadence of their own, by slug; an empty one is the reader's. A topic that
    stays keeps its own cadence, unless another is given, and what it has covered.
    """
    lock(subscriber)
    found = find_topics(topics, owner_email_key=subscriber.email_key)
    if not found:
        raise BadInput("a reader needs at least one topic")
    own = {slug: str(Cadence.parse(text)) if text else "" for slug, text in (cadences or {}).items()}
    left = list(subscriber.subscriptions.exclude(topic__in=found).values_list("topic", flat=True))
    if left:
        subscriber.subscriptions.filter(topic__in=left).delete()
        note_other(subscriber.email_key, Other.TOPIC, at=now, topics=left)
        compose_again(subscriber)
    for position, topic in enumerate(found):
        wanted = {"cadence": own[topic.slug]} if topic.slug in own else {}
        Subscription.objects.update_or_create(
            subscriber=subscriber,
            topic=topic,
            defaults={"position": position, **wanted},
            create_defaults={"position": position, "created_at": now, **wanted},
        )
    follow(subscriber, now=now)


@transaction.atomic
def come_less_often(
    subscriber: Subscriber, *, cadence: Cadence, now: datetime, subscription: Subscription | None = None
) -> None:
    """Set ``cadence`` for everything, or for one topic. No topic keeps a more frequent one of its own."""
    lock(subscriber)
    if subscription is not None:
        subscription.cadence = str(cadence)
        subscription.save(update_fields=["cadence"])
    else:
        subscriber.cadence = str(cadence)
        subscriber.save(update_fields=["cadence"])
        own = subscriber.subscriptions.exclude(cadence="")
        quick = [
            each.pk for each in own if period_days(each.effective_cadence(subscriber)) < period_days(cadence)
        ]
        subscriber.subscriptions.filter(pk__in=quick).update(cadence="")
    follow(subscriber, now=now)


@transaction.atomic
def pause(subscriber: Subscriber, *, until: date, now: datetime) -> None:
    """Send no digest before the local date ``until``; the first one after it offers everything since.

    Raises BadInput for a date that is not in the next 366 days.
    """
    lock(subscriber)
    today = now.astimezone(subscriber.zone).date()
    if not today < until <= today + LONGEST_PAUSE:
        raise BadInput(f"{until.isoformat()} is not a date in the next {LONGEST_PAUSE.days} days")
    subscriber.paused_until = datetime.combine(until, time.min, tzinfo=subscriber.zone)
    subscriber.save(update_fields=["paused_until"])
    follow(subscriber, now=now)


@transaction.atomic
def resume(subscriber: Subscriber, *, now: datetime) -> None:
    """End a pause; digests come again from the next slot on."""
    lock(subscriber)
    subscriber.paused_until = None
    subscriber.save(update_fields=["paused_until"])
    follow(subscriber, now=now)


def compose_again(subscriber: Subscriber) -> None:
    """Send composed, unsent digests back to be composed: one of their topics was left."""
    unsent = Delivery.objects.filter(subscriber=subscriber, kind=Kind.DIGEST, state__in=LEASABLE)
    if unsent.update(**UNCOMPOSED):
        wake(Queue.COMPOSE)


def follow(subscriber: Subscriber, *, now: datetime) -> None:
    """Recompute the next slot after a change. A passed slot that is not planned yet stays due."""
    is_paused = subscriber.paused_until is not None and subscriber.paused_until > now
    waits = subscriber.next_slot_at is not None and subscriber.next_slot_at <= now
    if subscriber.status == Status.ACTIVE and (is_paused or not waits):
        reschedule(subscriber, now=now)
