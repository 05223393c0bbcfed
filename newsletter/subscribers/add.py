"""Add a reader as operator. Readers sign up themselves through ``signup`` and ``confirm``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from newsletter.audience.suppression import address_key, is_suppressed
from newsletter.audience.topics import find_topics
from newsletter.errors import BadInput, NewsletterError
from newsletter.models import ConsentEvent, Subscriber, Subscription, Topic
from newsletter.models.subscriber import Status
from newsletter.subscribers.change import reschedule
from newsletter.subscribers.preferences import Preferences, checked_address, checked_name


def add_by_operator(
    email: str, *, topics: Sequence[str], preferences: Preferences, source: str, now: datetime, name: str = ""
) -> Subscriber:
    """Add a reader whose consent the operator vouches for. Sends nothing; the first slot is the next one."""
    email = checked_address(email)
    key = address_key(email)
    if is_suppressed(key):
        raise NewsletterError(
            f"{email} has opted out or bounced: only the reader can come back, by confirming"
        )
    found = find_topics(topics, owner_email_key=key)
    if not found:
        raise BadInput("a reader needs at least one topic: newsletter topic list shows them all")
    subscriber = Subscriber(
        email=email,
        email_key=key,
        name=checked_name(name),
        status=Status.ACTIVE,
        joined_at=now,
        confirmed_at=now,
        confirmed_by_operator=True,
        **preferences.fields(),
    )
    try:
        with transaction.atomic():
            subscriber.save(force_insert=True)
            subscribe(subscriber, topics=found, now=now)
            ConsentEvent.objects.create(subscriber=subscriber, at=now, action="confirmed", source=source)
            reschedule(subscriber, now=now)
    except IntegrityError:
        raise NewsletterError(f"{email} is a reader already: newsletter subscriber show {email}") from None
    return subscriber


def subscribe(subscriber: Subscriber, *, topics: Sequence[Topic], now: datetime) -> None:
    """Add subscriptions after the reader's others."""
    start = subscriber.subscriptions.count()
    Subscription.objects.bulk_create(
        Subscription(subscriber=subscriber, topic=topic, position=start + place, created_at=now)
        for place, topic in enumerate(topics)
    )
