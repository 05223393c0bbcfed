"""What a query would have matched, and how many a week that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.adapters.ports import Answer
from newsletter.audience.query_preview import recent_papers, try_query
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import BadInput
from newsletter.pipeline.gather import save_answer
from newsletter.pipeline.match import match_papers
from tests.fakes.papers import paper_record

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def _published(number: int, *, days_ago: float, **fields: Any) -> PaperRecord:
    return paper_record(number, published_at=NOW - timedelta(days=days_ago), **fields)


def _save(*papers: PaperRecord, now: datetime = NOW) -> None:
    save_answer(Answer(query="all", total_results=len(papers), papers=papers), now=now)


def test_the_newest_come_first() -> None:
    _save(_published(1, days_ago=3), _published(2, days_ago=1), _published(3, days_ago=2, title="Zebra"))
    trial = try_query("ti:avatar", now=NOW)
    assert [paper.arxiv_id for paper in trial.newest(10)] == ["2606.00002", "2606.00001"]
    assert [paper.arxiv_id for paper in trial.newest(1)] == ["2606.00002"]
    assert trial.of == 3


@pytest.mark.parametrize(
    ("days", "a_week"),
    [((13, 9, 5, 1), 2), ((6, 5, 4, 3), 4), ((13,), 1), ((40, 13.9, 13, 12, 11, 10), 3)],
)
def test_it_says_how_many_a_week(days: tuple[float, ...], a_week: int) -> None:
    """A service with papers of less than a week says what there is, not what there might be."""
    _save(*(_published(number, days_ago=ago) for number, ago in enumerate(days, 1)))
    assert try_query("ti:avatar", now=NOW).per_week == a_week


def test_nothing_is_nothing_a_week() -> None:
    _save(_published(1, days_ago=3))
    assert try_query("ti:zebra", now=NOW).per_week == 0


def test_papers_are_read_once_until_others_come() -> None:
    _save(_published(1, days_ago=3))
    kept = recent_papers(now=NOW)
    assert recent_papers(now=NOW) is kept
    _save(_published(2, days_ago=1))
    assert recent_papers(now=NOW) is not kept
    assert len(try_query("ti:avatar", now=NOW).paper_ids) == 2


def test_a_new_version_is_found_as_it_reads_now() -> None:
    _save(_published(1, days_ago=3))
    match_papers(now=NOW, lookback=timedelta(days=14))
    assert try_query("ti:zebra", now=NOW).paper_ids == ()
    later = NOW + timedelta(hours=1)
    _save(_published(1, days_ago=3, title="Zebra", version=2), now=later)
    match_papers(now=later, lookback=timedelta(days=14))
    assert len(try_query("ti:zebra", now=later).paper_ids) == 1


def test_a_query_that_cannot_be_read_is_refused_at_its_character() -> None:
    with pytest.raises(BadInput) as refused:
        try_query("cat:cs.XX", now=NOW)
    assert refused.value.position == 4
