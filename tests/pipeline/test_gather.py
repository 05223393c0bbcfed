"""Gather: what is asked for, what is saved, and what a failure leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.audience.topics import add_topic, edit_topic
from newsletter.audience.wanted_categories import wanted_categories
from newsletter.errors import BadInput, TemporaryError
from newsletter.models import GatherRun, Paper
from newsletter.pipeline.gather import gather_files, gather_papers
from tests.fakes.papers import ListSource, paper_record

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 16, 22, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
LOOKBACK = timedelta(days=14)


@pytest.fixture(autouse=True)
def _topic() -> None:
    add_topic("heads", name="Heads", query="cat:cs.CV AND ti:head", now=NOW)


def test_it_asks_for_the_categories_of_active_topics_over_the_look_back() -> None:
    add_topic("stars", name="Stars", query="cat:astro-ph.* AND all:star", now=NOW)
    source = ListSource()
    gather_papers(source, now=NOW, lookback=LOOKBACK)
    [(categories, window)] = source.asked
    assert categories == {"cs.CV", "astro-ph.*"}
    assert (window.start, window.end) == (NOW - LOOKBACK, NOW)


def test_a_topic_that_requires_no_category_asks_for_all_of_arxiv() -> None:
    add_topic("anything", name="Anything", query="all:graphene", now=NOW)
    assert {"cs.*", "math.*", "hep-th"} <= wanted_categories()


def test_it_asks_nothing_without_topics() -> None:
    edit_topic("heads")
    from newsletter.models import Topic

    Topic.objects.update(is_active=False)
    source = ListSource()
    gather_papers(source, now=NOW, lookback=LOOKBACK)
    assert source.asked == []


def test_it_saves_new_papers_once() -> None:
    source = ListSource(paper_record(1), paper_record(2))
    first = gather_papers(source, now=NOW, lookback=LOOKBACK)
    again = gather_papers(source, now=LATER, lookback=LOOKBACK)
    assert (first.new, again.new, again.updated) == (2, 0, 0)
    assert set(Paper.objects.values_list("first_seen_at", flat=True)) == {NOW}


def test_a_new_version_updates_the_paper_and_never_makes_it_new_again() -> None:
    gather_papers(ListSource(paper_record(1)), now=NOW, lookback=LOOKBACK)
    Paper.objects.update(matched_at=NOW)
    second = replace(paper_record(1), version=2, title="Avatar 1, revised")
    report = gather_papers(ListSource(second), now=LATER, lookback=LOOKBACK)
    paper = Paper.objects.get()
    assert (report.new, report.updated) == (0, 1)
    assert (paper.version, paper.title, paper.first_seen_at) == (2, "Avatar 1, revised", NOW)
    assert paper.matched_at is None


def test_an_older_version_changes_nothing() -> None:
    gather_papers(ListSource(paper_record(1, version=3)), now=NOW, lookback=LOOKBACK)
    gather_papers(ListSource(paper_record(1, version=2, title="Old")), now=LATER, lookback=LOOKBACK)
    assert Paper.objects.get().version == 3


def test_a_withdrawal_marks_the_paper() -> None:
    gather_papers(ListSource(paper_record(1)), now=NOW, lookback=LOOKBACK)
    gather_papers(ListSource(paper_record(1, version=2, is_withdrawn=True)), now=LATER, lookback=LOOKBACK)
    assert Paper.objects.get().is_withdrawn


def test_a_failure_keeps_what_was_answered_and_is_recorded() -> None:
    source = ListSource(paper_record(1), error=TemporaryError("arXiv answered 503", retry_after=600))
    report = gather_papers(source, now=NOW, lookback=LOOKBACK)
    assert (report.new, report.failed, report.errors) == (1, 1, ["arXiv answered 503"])
    failed = GatherRun.objects.exclude(error="").get()
    assert failed.retry_at == NOW + timedelta(seconds=600)
    assert "cat:cs.CV" in failed.query


def test_a_bad_file_leaves_nothing_half_written() -> None:
    with pytest.raises(BadInput):
        gather_files(ListSource(error=BadInput("no Atom feed")), paths=["a.xml"], now=NOW)
    assert (Paper.objects.count(), GatherRun.objects.count()) == (0, 0)


def test_every_answer_leaves_a_record() -> None:
    gather_files(ListSource(paper_record(1), paper_record(2)), paths=["a.xml"], now=NOW)
    run = GatherRun.objects.get()
    assert (run.query, run.from_file, run.total_results, run.received, run.new) == ("a.xml", True, 2, 2, 2)
