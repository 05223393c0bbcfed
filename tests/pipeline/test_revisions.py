"""Asking what has become of papers that were read: which, how often, what an answer or a failure leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from newsletter.adapters.arxiv.api import ArxivApi
from newsletter.core.arxiv.revisions import TOLD_FOR, Change, Revision
from newsletter.models import GatherRun, Match, Paper, PaperFeedback, PaperRevision, RevisionAsk, Summary
from newsletter.models.taste import Source, Verdict
from newsletter.pipeline import revisions
from newsletter.pipeline.gather import gather_papers, save_papers
from newsletter.pipeline.monitor.retention import forget_old
from newsletter.pipeline.revisions import EVERY, ask_revisions
from tests.fakes.arxiv_server import (
    CLOSED,
    EMPTY,
    ERROR_ENTRY,
    HTML,
    TRUNCATED,
    ArxivServer,
    Entry,
    Fault,
    entry,
    feed,
    throttled,
)
from tests.fakes.papers import ABSTRACT, ListSource, paper_record
from tests.pipeline.deliveries import new_subscriber, topic

pytestmark = pytest.mark.django_db

READ = datetime(2026, 6, 16, 8, tzinfo=UTC)
WEEK_LATER = READ + EVERY
HOUR = timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with ArxivServer() as running:
        yield running


def ask(server: ArxivServer, *, now: datetime = WEEK_LATER, **options: Any) -> int:
    api = ArxivApi(gate=nullcontext, url=server.url, sleep=lambda _: None, give_up_after=60, timeout=(30, 30))
    return ask_revisions(api, now=now, **options)


def known(number: int = 1, *, at: datetime = READ, is_summarized: bool = True, **fields: Any) -> Paper:
    """Save a paper as it is gathered, and a summary of it."""
    save_papers([paper_record(number, **fields)], now=at)
    paper = Paper.objects.get(arxiv_id=f"2606.{number:05d}")
    Paper.objects.filter(pk=paper.pk).update(matched_at=at)
    if is_summarized:
        Summary.objects.create(
            paper=paper,
            paper_version=paper.version,
            language="en",
            prompt_version="1",
            model="extractive",
            detail="headline",
            content={"voice": "authors"},
        )
    return paper


def kept(paper: Paper, *, verdict: str = Verdict.LIKE, at: datetime = READ, saved: bool = False) -> None:
    row = PaperFeedback(
        subscriber=new_subscriber(),
        arxiv_id=paper.arxiv_id,
        verdict=verdict,
        saved_at=at if saved else None,
        source=Source.PAGE,
        at=at,
    )
    row.keep_texts(paper.record)
    row.save()


def present(number: int = 1, version: int = 2, **fields: Any) -> Entry:
    """Return a paper as arXiv has it now."""
    usual = {"title": f"Avatar {number}: Talking Heads from Speech", "abstract": ABSTRACT}
    return entry(f"2606.{number:05d}v{version}", **usual | fields)


def asked_ids(server: ArxivServer) -> list[list[str]]:
    return [request.parameters["id_list"].split(",") for request in server.requests]


def found() -> list[tuple[str, Revision]]:
    rows = PaperRevision.objects.order_by("paper__arxiv_id").select_related("paper")
    return [(row.paper.arxiv_id, row.value) for row in rows]


# --- which, and when ---------------------------------------------------------------------------------------


def test_it_asks_for_what_was_summarized_liked_or_saved(server: ArxivServer) -> None:
    known(1)
    kept(known(2, is_summarized=False))
    kept(known(3, is_summarized=False), verdict=Verdict.NONE, saved=True)
    kept(known(4, is_summarized=False), verdict=Verdict.DISLIKE, saved=True)
    kept(known(5, is_summarized=False), at=WEEK_LATER - TOLD_FOR - HOUR)
    known(6, is_summarized=False)
    ask(server)
    assert asked_ids(server) == [["2606.00001", "2606.00002", "2606.00003"]]


def test_it_asks_once_a_week_and_no_longer_than_half_a_year(server: ArxivServer) -> None:
    known()
    server.entries = [present(version=1)]
    last = READ + TOLD_FOR
    for hours in (*range(24 * 15), *range(24 * 15 + 8, 24 * 200, 24)):
        ask(server, now=READ + hours * HOUR)
    times = list(RevisionAsk.objects.order_by("started_at").values_list("started_at", flat=True))
    assert times[:2] == [WEEK_LATER, WEEK_LATER + EVERY]
    assert all(EVERY <= after - before < EVERY + timedelta(days=1) for before, after in pairwise(times))
    assert last - timedelta(days=8) < times[-1] < last


def test_it_asks_for_many_in_several_requests_spread_over_turns(
    server: ArxivServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revisions, "IDS", 2)
    for number in range(1, 8):
        known(number, at=READ + number * timedelta(minutes=1))
    now = WEEK_LATER + HOUR
    ask(server, now=now, turns=2)
    assert asked_ids(server) == [["2606.00001", "2606.00002"], ["2606.00003", "2606.00004"]]
    ask(server, now=now + HOUR)
    assert asked_ids(server)[2:] == [["2606.00005", "2606.00006"], ["2606.00007"]]


def test_a_turn_has_an_end(server: ArxivServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "IDS", 1)
    for number in range(1, 14):
        known(number)
    ask(server)
    assert len(server.requests) == revisions.MOST_REQUESTS


# --- what an answer leaves ---------------------------------------------------------------------------------


def test_each_kind_of_revision_is_kept_with_the_papers_new_record(server: ArxivServer) -> None:
    for number in range(1, 6):
        known(number)
    server.entries = [
        present(1, abstract="Faces are easy to draw. A prior renders them from text alone."),
        present(2, comment="This paper has been withdrawn by its authors: Lemma 2 is wrong"),
        present(3, version=1, journal_ref="J. Fluid Mech. 1000, A1 (2026)"),
        present(4, comment="9 pages. Accepted at NeurIPS 2026"),
        present(5, comment="fixed typos"),
    ]
    assert ask(server) == 5
    assert found() == [
        ("2606.00001", Revision(2, (Change.ABSTRACT,))),
        ("2606.00002", Revision(2, (Change.WITHDRAWN,))),
        ("2606.00003", Revision(1, (Change.PUBLISHED,), "J. Fluid Mech. 1000, A1 (2026)")),
        ("2606.00004", Revision(2, (Change.ACCEPTED,), "NeurIPS 2026")),
    ]
    assert list(Paper.objects.order_by("pk").values_list("version", "is_withdrawn")) == [
        (2, False), (2, True), (1, False), (2, False), (2, False),
    ]  # fmt: skip
    ask(server, now=WEEK_LATER + EVERY)
    assert len(found()) == 4


def test_an_old_paper_does_not_come_back_as_a_new_match(server: ArxivServer) -> None:
    paper = known()
    heads = topic()
    server.entries = [present(title="Something Else Entirely", categories=("cs.CV",))]
    ask(server)
    assert Paper.objects.get().matched_at == READ
    assert not Match.objects.filter(topic=heads, paper=paper).exists()


def test_an_answer_says_nothing_of_papers_that_it_lacks(server: ArxivServer) -> None:
    known(1)
    known(2)
    server.entries = [present(1, title="Another Title")]
    ask(server)
    assert Paper.objects.get(arxiv_id="2606.00002").version == 1
    assert [arxiv_id for arxiv_id, _ in found()] == ["2606.00001"]
    record = RevisionAsk.objects.get()
    assert (record.asked, record.received, record.updated, record.error) == (2, 1, 1, "")


def test_what_was_not_asked_for_is_not_taken(server: ArxivServer) -> None:
    known(1)
    server.fail(Fault(body=feed([present(9), present(1, version=1)])))
    ask(server)
    assert Paper.objects.count() == 1


def test_an_older_version_is_no_news(server: ArxivServer) -> None:
    known(1, version=3)
    server.entries = [present(1, version=2, title="Another Title")]
    assert ask(server) == 0
    assert Paper.objects.get().version == 3


def test_an_entry_that_no_database_takes_costs_only_itself(server: ArxivServer) -> None:
    known(1)
    known(2)
    server.entries = [present(1, title="Long " * 500), present(2, title="Another Title")]
    ask(server)
    assert [arxiv_id for arxiv_id, _ in found()] == ["2606.00002"]
    [line] = RevisionAsk.objects.get().refused
    assert "2606.00001v2" in line


def test_the_ordinary_gather_finds_revisions_too_of_papers_that_were_read() -> None:
    topic()
    known(1)
    known(2, is_summarized=False)
    newer = [paper_record(number, version=2, title="Another Title") for number in (1, 2)]
    gather_papers(ListSource(*newer), now=READ + HOUR, lookback=timedelta(days=14))
    assert found() == [("2606.00001", Revision(2, (Change.TITLE,)))]
    assert set(Paper.objects.values_list("matched_at", flat=True)) == {None}


def test_finding_the_same_twice_keeps_one() -> None:
    paper = known()
    for _ in range(2):
        save_papers([paper_record(1, version=2, title="Another Title")], now=READ + HOUR)
        Paper.objects.filter(pk=paper.pk).update(version=1, title=paper.title)  # as another worker read it
    assert len(found()) == 1


# --- what a failure leaves ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [HTML, CLOSED, EMPTY, TRUNCATED, Fault(status=503)], ids=str)
def test_a_failure_is_recorded_and_tried_again_by_the_next_turn(server: ArxivServer, fault: Fault) -> None:
    known()
    server.entries = [present(title="Another Title")]
    server.fail(*[fault] * 9)
    assert ask(server) == 0
    assert RevisionAsk.objects.get().error
    assert (found(), GatherRun.objects.count()) == ([], 0)
    server.faults.clear()
    assert ask(server, now=WEEK_LATER + HOUR) == 1


def test_it_waits_as_long_as_arxiv_says(server: ArxivServer) -> None:
    known()
    server.fail(*[throttled("7200")] * 9)
    ask(server)
    server.faults.clear()
    count = len(server.requests)
    ask(server, now=WEEK_LATER + HOUR)
    assert len(server.requests) == count
    ask(server, now=WEEK_LATER + 3 * HOUR)
    assert len(server.requests) == count + 1


def test_it_waits_while_the_ordinary_gather_does(server: ArxivServer) -> None:
    known()
    GatherRun.objects.create(started_at=WEEK_LATER, query="", error="429", retry_at=WEEK_LATER + HOUR)
    ask(server)
    assert server.requests == []


def test_one_id_that_arxiv_refuses_costs_the_others_nothing(server: ArxivServer) -> None:
    for number in range(1, 5):
        known(number)
    server.entries = [present(number, title="Another Title") for number in (1, 2, 4)]
    bad = Fault(status=400, body=feed([ERROR_ENTRY]))
    good = Fault()
    server.fail(bad, good, bad, bad, good)  # all four; 1 and 2; 3 and 4; 3; 4
    ask(server)
    assert asked_ids(server)[1:] == [
        ["2606.00001", "2606.00002"],
        ["2606.00003", "2606.00004"],
        ["2606.00003"],
        ["2606.00004"],
    ]
    assert len(found()) == 3
    ask(server, now=WEEK_LATER + HOUR)
    assert len(server.requests) == 5


def test_a_wrong_address_is_not_asked_again_and_again(server: ArxivServer) -> None:
    for number in range(1, 5):
        known(number)
    server.fail(*[Fault(status=404)] * 9)
    ask(server)
    assert len(server.requests) == 1


# --- forgetting --------------------------------------------------------------------------------------------


def test_revisions_and_requests_are_forgotten_with_the_other_data() -> None:
    paper = known()
    now = READ + TOLD_FOR
    for age in (TOLD_FOR + HOUR, TOLD_FOR - HOUR):
        at = now - age
        PaperRevision.objects.create(
            paper=paper, from_version=1, to_version=2, changes=[f"{age}"], venue="", found_at=at
        )
    for days in (91, 89):
        RevisionAsk.objects.create(started_at=now - timedelta(days=days), asked=1)
    done = forget_old(now=now)
    assert (done["revisions"], done["requests for revisions"]) == (1, 1)
    assert (PaperRevision.objects.count(), RevisionAsk.objects.count()) == (1, 1)
