"""The readers of a run, made without the service's own code, and some of them leaving while it sends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Event, Thread
from types import TracebackType
from typing import Self

from django.db import Error, connection

from newsletter.models import Subscriber, Subscription, Topic
from newsletter.models.subscriber import Status
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.chaos.newsroom import TOPICS

OVERDUE = timedelta(minutes=15)
"""Longer than the longest delay by which digests of one slot are spread."""
DEPTHS = ("headline", "takeaways", "reading")


def add_subscribers(
    count: int, *, now: datetime, over: timedelta = timedelta(), first: int = 0, also: Sequence[str] = ()
) -> None:
    """Add readers whose daily slot has passed, or will pass one by one in the time ``over``.

    They have some two hundred different preferences, each shared by some. ``also`` are the addresses of more.
    """
    emails = [f"reader{number}@example.org" for number in range(first, first + count)] + list(also)
    placeholders = [now + over * place / count if over else now - OVERDUE for place in range(len(emails))]
    joined = now - timedelta(days=8)
    subscribers = Subscriber.objects.bulk_create(
        Subscriber(
            email=email,
            email_key=email,
            status=Status.ACTIVE,
            depth=DEPTHS[number % 3],
            max_papers=2 + number // 3 % 8,
            cadence="daily",
            at=slot_at.time().replace(tzinfo=None, microsecond=0),
            anchor_date=joined.date(),
            next_slot_at=slot_at.replace(microsecond=0),
            joined_at=joined,
            confirmed_at=joined,
        )
        for number, (email, slot_at) in enumerate(zip(emails, placeholders, strict=True))
    )
    topics = list(Topic.objects.order_by("pk")[:TOPICS])
    Subscription.objects.bulk_create(
        Subscription(subscriber=subscriber, topic=topic, position=place, created_at=joined)
        for number, subscriber in enumerate(subscribers)
        for place, topic in enumerate(_wanted(topics, number // 24))
    )


def _wanted(topics: list[Topic], number: int) -> list[Topic]:
    """Return two or more topics in an order that differs from reader to reader."""
    turned = topics[number % len(topics) :] + topics[: number % len(topics)]
    return turned[: 2 + number // len(topics) % (len(topics) - 1)]


class Leavers:
    """Readers who unsubscribe, one after the other, however often the database goes away meanwhile."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[tuple[int, bool]] = SimpleQueue()
        self._ending = Event()
        self._thread = Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(timeout=30)

    def leave(self, number: int, *, is_all: bool) -> None:
        """Have the reader of this number leave soon, or leave their first topic."""
        self._waiting.put((number, is_all))

    def _work(self) -> None:
        while not (self._ending.is_set() and self._waiting.empty()):
            with suppress(Empty):
                self._leave(*self._waiting.get(timeout=0.2))
        connection.close()

    def _leave(self, number: int, is_all: bool) -> None:
        while True:
            try:
                subscriber = Subscriber.objects.get(email=f"reader{number}@example.org")
                first = subscriber.subscriptions.order_by("position").first()
                topic = first.topic if first and not is_all else None
                unsubscribe(subscriber, source="chaos", now=datetime.now(UTC), topic=topic)
            except Error:
                connection.close()
                time.sleep(0.3)
            else:
                return
