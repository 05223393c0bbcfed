"""What an operator changes for a reader: edit, pause, resume, unsubscribe.

Each does what the reader's own page does, and leaves a ConsentEvent that says by whom and what.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from newsletter.errors import BadInput, NewsletterError
from newsletter.models import ConsentEvent, Subscriber, Topic
from newsletter.models.subscriber import Status
from newsletter.subscribers import change
from newsletter.subscribers.preferences import Preferences, checked_name
from newsletter.subscribers.records import preferences_of, typed_preferences
from newsletter.subscribers.unsubscribe import unsubscribe


@transaction.atomic
def edit_subscriber(
    subscriber: Subscriber,
    *,
    preferences: dict[str, Any] | None = None,
    topics: Sequence[str] | None = None,
    name: str | None = None,
    source: str,
    now: datetime,
) -> list[str]:
    """Change what is given; return the names of what is different now.

    ``topics`` takes the place of the topics that everybody can have. The reader's own ones stay, behind them,
    unless they are named. Raises BadInput for a wrong value, and then nothing is changed.
    """
    change.lock(subscriber)
    before, changed = preferences_of(subscriber), list[str]()
    if name is not None and (name := checked_name(name)) != subscriber.name:
        subscriber.name = name
        subscriber.save(update_fields=["name"])
        changed.append("name")
    if wanted := {column: value for column, value in (preferences or {}).items() if value is not None}:
        after = Preferences.checked(**(typed_preferences(subscriber) | wanted))
        different = [column for column in wanted if getattr(after, column) != getattr(before, column)]
        if different:
            change.change_preferences(subscriber, preferences=after, now=now)
            changed += different
    if topics is not None and _set_topics(subscriber, topics, now=now):
        changed.append("topics")
    if changed:
        _record(subscriber, "changed", source=f"{source}: {', '.join(changed)}", now=now)
    return changed


@transaction.atomic
def pause_subscriber(
    subscriber: Subscriber, *, until: date | None = None, source: str, now: datetime
) -> None:
    """Send no digest before the local date ``until``; without one for as long as a pause may be.

    Raises NewsletterError for a reader who gets none anyway.
    """
    if subscriber.status != Status.ACTIVE:
        raise NewsletterError(f"{subscriber.email} is {subscriber.status}, and gets no digests")
    longest = now.astimezone(subscriber.zone).date() + change.LONGEST_PAUSE
    change.pause(subscriber, until=until or longest, now=now)
    _record(subscriber, "paused", source=f"{source}: until {until or longest}", now=now)


@transaction.atomic
def resume_subscriber(subscriber: Subscriber, *, source: str, now: datetime) -> bool:
    """End a pause; return whether there was one."""
    change.lock(subscriber)
    if subscriber.paused_until is None or subscriber.paused_until <= now:
        return False
    change.resume(subscriber, now=now)
    _record(subscriber, "resumed", source=source, now=now)
    return True


@transaction.atomic
def unsubscribe_subscriber(
    subscriber: Subscriber, *, topic: Topic | None = None, source: str, now: datetime
) -> bool:
    """End everything, or one topic; return whether anything changed. The last topic ends everything."""
    change.lock(subscriber)
    if topic is not None and not subscriber.subscriptions.filter(topic=topic).exists():
        raise BadInput(f"{subscriber.email} does not have the topic {topic.slug!r}")
    if subscriber.status not in (Status.ACTIVE, Status.PENDING):
        return False
    unsubscribe(subscriber, source=source, now=now, topic=topic)
    subscriber.refresh_from_db()
    if subscriber.status in (Status.ACTIVE, Status.PENDING) and topic is not None:
        _record(subscriber, "changed", source=f"{source}: without {topic.slug}", now=now)
    return True


def _set_topics(subscriber: Subscriber, topics: Sequence[str], *, now: datetime) -> bool:
    rows = list(subscriber.subscriptions.values_list("topic__slug", "topic__owner"))
    before = [slug for slug, _ in rows]
    own = [slug for slug, owner in rows if owner is not None and slug not in topics]
    if not topics:
        raise BadInput("a reader needs at least one topic: newsletter topic list shows them all")
    wanted = list(dict.fromkeys((*topics, *own)))
    if wanted == before:
        return False
    change.set_topics(subscriber, topics=wanted, now=now)
    return True


def _record(subscriber: Subscriber, action: str, *, source: str, now: datetime) -> None:
    ConsentEvent.objects.create(subscriber=subscriber, at=now, action=action, source=source[:200])
