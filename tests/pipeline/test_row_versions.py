"""How often a digest's row is written from being planned to being accepted: each time is a version of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from newsletter.models import Delivery
from newsletter.models.delivery import State
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom

pytestmark = pytest.mark.django_db(transaction=True)
READERS = 3
MOST = 7
"""Planned; selected; leased for composing, composed; leased for sending, begun, accepted."""


NOTED = """
CREATE TEMP TABLE versions (one integer);
CREATE TEMP TRIGGER inserted AFTER INSERT ON newsletter_delivery BEGIN INSERT INTO versions VALUES (1); END;
CREATE TEMP TRIGGER updated AFTER UPDATE ON newsletter_delivery BEGIN INSERT INTO versions VALUES (1); END;
"""
FORGOTTEN = "DROP TRIGGER inserted; DROP TRIGGER updated; DROP TABLE temp.versions"


@pytest.fixture
def versions() -> Iterator[Callable[[], int]]:
    """Yield what returns how many rows of deliveries were written so far in this test."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        before = _counted()
        yield lambda: _counted() - before
        return
    connection.connection.executescript(NOTED)
    yield lambda: int(connection.connection.execute("SELECT count(*) FROM versions").fetchone()[0])
    connection.connection.executescript(FORGOTTEN)


def _counted() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'newsletter_delivery'"
        )
        return int(cursor.fetchone()[0])


def test_a_digest_is_written_few_times(tmp_path: Path, versions: Callable[[], int]) -> None:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV")
    for number in range(READERS):
        room.subscriber(f"r{number}@example.org", "heads", cadence="daily")
    room.take_in(paper_record(), now=SUNDAY + timedelta(hours=1))
    before = versions()
    room.run(MONDAY)
    assert Delivery.objects.filter(state=State.ACCEPTED).count() == READERS
    assert versions() - before == MOST * READERS
