"""What is asked all the time is answered by an index that holds what waits, not all that was ever sent.

On SQLite, which plans a statement by its words alone and so always in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.pipeline.compose.compose import leased
from newsletter.pipeline.compose.periods import empty_dates
from newsletter.pipeline.lease import dead_owners
from newsletter.pipeline.select.requests import sync_requests
from newsletter.pipeline.send.claim import is_due, lease_batch
from newsletter.pipeline.send.rate_limit import UNLIMITED, RateLimit, Turn
from tests.pipeline.deliveries import NOW, digest, new_subscriber, send_journal

pytestmark = pytest.mark.django_db
SENT_EACH = 4


@pytest.fixture
def subscribers() -> list[Subscriber]:
    """Make readers with digests of the past, one planned, and one composed."""
    made = [new_subscriber(next_slot_at=NOW + timedelta(hours=2)) for _ in range(8)]
    for each in made:
        digest(each, state=State.PLANNED, next_attempt_at=None)
        digest(each, slot_key="2026-06-18", slot_at=NOW - timedelta(days=1))
    Delivery.objects.bulk_create(_sent(each, week) for each in made for week in range(SENT_EACH))
    return made


def _sent(each: Subscriber, week: int) -> Delivery:
    slot_at = NOW - timedelta(weeks=week + 1)
    row = Delivery.planned(
        subscriber_id=each.pk, kind=Kind.DIGEST, slot_key=f"w{week}", slot_at=slot_at, now=slot_at
    )
    row.state, row.outcome_at = State.DELIVERED, slot_at
    return row


@contextmanager
def answered_by(index: str, *, those: str = "") -> Iterator[None]:
    """Check that each look at deliveries in here (with the words ``those``) is answered by this index."""
    asked: list[tuple[str, Any]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT") and 'FROM "newsletter_delivery"' in sql and those in sql:
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield
    assert asked
    for sql, params in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
        assert index in plan, f"{sql}\n{plan}"


@pytest.mark.usefixtures("subscribers")
def test_planned_digests_are_taken_by_their_own_index() -> None:
    with answered_by("delivery_planned", those="LIMIT"):
        next(leased(now=NOW, transactional=False))


@pytest.mark.usefixtures("subscribers")
def test_who_is_dead_is_asked_of_what_is_leased() -> None:
    with answered_by("delivery_leased"):
        dead_owners()


@pytest.mark.usefixtures("subscribers")
def test_transactional_mail_is_not_looked_for_among_all_that_is_due() -> None:
    with answered_by("delivery_transactional"):
        is_due(transactional=True, real_now=timezone.now())
        lease_batch(
            mailer_name="outbox",
            lease=timedelta(minutes=1),
            limit=50,
            owner="host/1/1.0",
            now=NOW,
            real_now=timezone.now(),
            turn=Turn(RateLimit("outbox"), room=UNLIMITED),
            journal=send_journal(),
            transactional=True,
        )


def test_dates_asked_for_are_not_looked_for_among_all_that_was_sent(subscribers: list[Subscriber]) -> None:
    with answered_by("delivery_on_demand"):
        Delivery.objects.dates_asked_for([each.pk for each in subscribers])


def test_empty_dates_are_not_looked_for_among_all_that_was_sent(subscribers: list[Subscriber]) -> None:
    with answered_by("delivery_skipped"):
        empty_dates({each.pk: each for each in subscribers})


@pytest.mark.usefixtures("subscribers")
def test_what_planned_digests_want_is_not_asked_of_all_that_was_sent() -> None:
    with answered_by("delivery_planned", those="slot_at"):
        sync_requests()
