"""What composing costs, counted: statements, row versions and bytes a digest. None may grow unseen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.models import Delivery, FragmentRow
from newsletter.models.delivery import State
from newsletter.pipeline.compose.compose import FIRST_CHUNK, ComposeReport, compose_planned
from newsletter.pipeline.schedule import plan_due
from newsletter.pipeline.select.select import select_planned
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import deliver
from tests.pipeline.newsroom import MONDAY, Newsroom

pytestmark = pytest.mark.django_db(transaction=True)

DIGESTS, PAPERS, TOPICS = FIRST_CHUNK, 12, 3
VERSIONS, ROW_BYTES = 7, 2_100
"""A delivery may have so many versions, from its plan to its acceptance, and so many bytes."""
on_postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own counters")


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path / "outbox")
    for number in range(TOPICS):
        room.topic(f"heads{number}", "cat:cs.CV")
    papers = [paper_record(number) for number in range(PAPERS)]
    room.take_in(*papers, now=MONDAY - timedelta(hours=1))
    return room


def planned(room: Newsroom, *, number: int, topics: str = "heads0,heads1,heads2", again: str = "a") -> None:
    """Plan the digests of so many readers, of four kinds."""
    for each in range(number):
        depth = ("headline", "takeaways")[each % 2]
        room.subscriber(
            f"{again}{each}@example.org", topics, max_papers=5 + each % 4, depth=depth, cadence="daily"
        )
    plan_due(now=MONDAY)
    select_planned(now=MONDAY)


def compose(room: Newsroom) -> ComposeReport:
    context = room.context
    return compose_planned(
        now=MONDAY, summariser=context.summariser, renderer_for=context.renderer, is_patient=True
    )


def statements(room: Newsroom) -> int:
    with CaptureQueriesContext(connection) as queries:
        compose(room)
    return len(queries)


def test_a_digest_more_takes_no_statement_more(room: Newsroom) -> None:
    planned(room, number=10)
    compose(room)  # the papers' extracts
    planned(room, number=10, again="b")
    few = statements(room)
    planned(room, number=DIGESTS, again="c")
    assert statements(room) == few
    assert Delivery.objects.filter(state=State.COMPOSED).count() == 20 + DIGESTS


def test_a_skipped_digest_more_takes_no_statement_more(room: Newsroom) -> None:
    room.topic("quiet", "cat:math.AG")
    planned(room, number=10, topics="quiet")
    few = statements(room)
    planned(room, number=DIGESTS, topics="quiet", again="b")
    assert statements(room) == few
    assert Delivery.objects.filter(state=State.SKIPPED).count() == 10 + DIGESTS


def test_fragments_grow_with_papers_and_topics_only(room: Newsroom) -> None:
    planned(room, number=DIGESTS)
    compose(room)
    number = FragmentRow.objects.count()
    planned(room, number=DIGESTS, again="b")
    compose(room)
    assert FragmentRow.objects.count() == number


def test_digests_that_are_alike_share_their_body(room: Newsroom) -> None:
    planned(room, number=DIGESTS)
    compose(room)
    assert Delivery.objects.values("body_key").distinct().count() == 4


@on_postgres
def test_a_delivery_has_few_versions_and_bytes(room: Newsroom) -> None:
    versions = number_of(VERSIONS_OF_DELIVERIES)
    planned(room, number=DIGESTS)
    compose(room)
    deliver(room.context.mailer, now=MONDAY)
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.ACCEPTED}
    assert (number_of(VERSIONS_OF_DELIVERIES) - versions) / DIGESTS <= VERSIONS
    assert number_of("SELECT max(pg_column_size(d.*)) FROM newsletter_delivery d") <= ROW_BYTES


VERSIONS_OF_DELIVERIES = (
    "SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'newsletter_delivery'"
)


def number_of(query: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(query)
        return float(cursor.fetchone()[0])
