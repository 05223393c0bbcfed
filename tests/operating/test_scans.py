"""No answer of the operator's reads all that was ever sent: every statement follows an index, on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.operating import history
from newsletter.operating.listing import GROUPS, deliveries
from newsletter.operating.situation import Situation, situation
from newsletter.operating.subscribers import sentences
from newsletter.operating.today import today
from tests.pipeline.deliveries import NOW, digest, new_subscriber

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> Situation:
    cache.clear()
    for number, state in enumerate(State):
        reader = new_subscriber(next_slot_at=NOW + timedelta(hours=number))
        digest(reader, state=state, outcome_at=NOW)
        old = Delivery.planned(
            subscriber_id=reader.pk,
            kind=Kind.DIGEST,
            slot_key="old",
            slot_at=NOW - timedelta(weeks=9),
            now=NOW,
        )
        old.state, old.outcome_at = State.DELIVERED, old.slot_at
        old.save()
    return situation(now=NOW, real_now=timezone.now())


@contextmanager
def by_indexes(*tables: str, limited: bool = False) -> Iterator[None]:
    """Check that no statement in here scans one of these tables; an index of it only if ``limited``."""
    asked: list[tuple[str, Any]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield
    assert any(f'FROM "{tables[0]}"' in sql for sql, _ in asked)
    for sql, params in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            plan = [str(row[-1]) for row in cursor.fetchall()]
        scans = [line for line in plan if any(line.startswith(f"SCAN {table}") for table in tables)]
        if limited and "LIMIT" in sql:
            scans = [line for line in scans if "INDEX" not in line]
        assert not scans, f"{sql}\n{plan}"


def test_the_day_reads_what_is_open_and_what_ended_today(now: Situation) -> None:
    with by_indexes(
        "newsletter_delivery", "newsletter_subscriber", "newsletter_summary", "newsletter_gatherrun"
    ):
        today(now)


def test_lists_of_every_state_follow_an_index(now: Situation) -> None:
    for states in [(), *GROUPS.values(), *((state,) for state in State)]:
        with by_indexes("newsletter_delivery", limited=True):
            deliveries(now, states=states)


def test_a_reader_is_told_of_by_their_own_rows(now: Situation) -> None:
    reader = Subscriber.objects.earliest("pk")
    with by_indexes("newsletter_delivery"):
        sentences(reader, now)
        deliveries(now, subscriber=reader)


def test_past_days_are_read_once_and_by_an_index(now: Situation) -> None:
    found = today(now)
    with by_indexes("newsletter_delivery", "newsletter_summary"):
        history.deliveries_a_day(found)
        history.complaints_a_week(NOW)
        history.spend(now)
    with CaptureQueriesContext(connection) as asked:
        history.deliveries_a_day(found)
        history.complaints_a_week(NOW)
    assert len(asked) == 0


def test_the_last_day_in_a_chart_is_today_and_bounces_are_a_share(now: Situation) -> None:
    days = history.deliveries_a_day(today(now))
    assert [day.day for day in days] == [(NOW - timedelta(days=back)).date() for back in range(13, -1, -1)]
    assert (days[-1].accepted, days[-1].failed) == (4, 3)
    weeks = dict(history.complaints_a_week(NOW + timedelta(weeks=1)))
    assert weeks[(NOW - timedelta(days=NOW.weekday())).date()] == 500.0
