"""The tasks that take papers in: when arXiv is asked, what is matched, and which summaries are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest

from newsletter.adapters.infra.broker import Queue
from newsletter.adapters.llm.genai import GenaiSummariser
from newsletter.core.summaries.summary import DetailLevel
from newsletter.errors import TemporaryError
from newsletter.models import FullTextRecord, GatherRun, Match, Paper, Subscriber, Summary, Topic
from newsletter.models.delivery import FIRST
from newsletter.pipeline import tasks as work
from newsletter.pipeline.gather import gather_papers
from newsletter.pipeline.schedule import plan_due
from tests.fakes.gemini_server import Asked, Fault, GeminiServer
from tests.fakes.papers import ListSource, paper_record
from tests.pipeline.newsroom import LOOKBACK, MONDAY, SUNDAY
from tests.worker.workers import MINUTE, Workers, planned

pytestmark = pytest.mark.django_db(transaction=True)

ANNOUNCED = MONDAY - timedelta(hours=8)
"""Sunday, 20:00 in New York."""
DUE = ANNOUNCED + 61 * MINUTE


@pytest.fixture
def arxiv(workers: Workers) -> ListSource:
    """Answer for arXiv with one paper, which the only topic asks for; Sunday's papers were taken in."""
    workers.room.topic("heads", "cat:cs.CV")
    answered(SUNDAY, is_enough=True)
    source = ListSource(paper_record())
    workers.context.__dict__["source"] = source
    return source


def answered(at: object, **fields: object) -> None:
    whole = {"query": "all", "new": 200, "received": 200, "total_results": 200}
    GatherRun.objects.create(**({"started_at": at} | whole | fields))


def matched() -> set[tuple[str, str]]:
    return set(Match.objects.values_list("topic__slug", "paper__arxiv_id"))


# --- gather_if_due, gather -------------------------------------------------------------------------------


def test_arxiv_is_asked_an_hour_after_it_announced_and_what_came_is_matched(
    workers: Workers, arxiv: ListSource
) -> None:
    workers.run("gather_if_due", at=ANNOUNCED + 59 * MINUTE)
    assert arxiv.asked == []
    workers.run("gather_if_due", at=DUE)
    [(categories, window)] = arxiv.asked
    assert categories == {"cs.CV"}
    assert window.end - window.start == LOOKBACK
    assert matched() == {("heads", "2606.00001")}


def test_arxiv_is_not_asked_for_topics_that_have_ended(workers: Workers, arxiv: ListSource) -> None:
    Topic.objects.update(is_active=False)
    workers.run("gather_if_due", at=DUE)
    assert arxiv.asked == []
    assert GatherRun.objects.count() == 1


def test_arxiv_is_left_alone_for_as_long_as_it_asked(workers: Workers, arxiv: ListSource) -> None:
    arxiv.papers, arxiv.error = (), TemporaryError("503", retry_after=3 * 3600)
    workers.run("gather_if_due", at=DUE)
    for hours in (1, 2):
        workers.run("gather_if_due", at=DUE + timedelta(hours=hours, minutes=5))
    assert len(arxiv.asked) == 1
    workers.run("gather_if_due", at=DUE + timedelta(hours=3, minutes=5))
    assert len(arxiv.asked) == 2


def test_a_file_that_was_read_in_is_no_answer_of_arxivs(workers: Workers, arxiv: ListSource) -> None:
    answered(DUE - MINUTE, from_file=True)
    workers.run("gather_if_due", at=DUE)
    assert len(arxiv.asked) == 1


def test_gather_asks_at_once(workers: Workers, arxiv: ListSource) -> None:
    workers.run("gather", at=ANNOUNCED - MINUTE)
    assert len(arxiv.asked) == 1
    assert matched() == {("heads", "2606.00001")}


# --- who matches what a lost task left ---------------------------------------------------------------------


@pytest.mark.parametrize("task", ["tick", "summarize", "transactional"])
def test_papers_that_nobody_matched_are_matched(task: str, workers: Workers, arxiv: ListSource) -> None:
    """A worker was lost between taking them in and matching them; no topic has changed."""
    Topic.objects.update(looks_back=False)
    gather_papers(arxiv, now=MONDAY - MINUTE, lookback=LOOKBACK)
    assert matched() == set()
    workers.run(task)
    assert matched() == {("heads", "2606.00001")}
    assert not Paper.objects.filter(matched_at=None).exists()


@pytest.mark.parametrize("task", ["tick", "summarize", "transactional"])
def test_a_topic_that_is_new_is_matched_with_papers_that_were_there(
    task: str, workers: Workers, arxiv: ListSource
) -> None:
    workers.room.take_in(*arxiv.papers, now=MONDAY - MINUTE)
    workers.room.topic("faces", "ti:heads")
    workers.run(task)
    assert matched() == {("heads", "2606.00001"), ("faces", "2606.00001")}


def test_where_all_is_matched_nothing_is_matched_again(
    workers: Workers, arxiv: ListSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers.room.take_in(*arxiv.papers, now=MONDAY - MINUTE)
    workers.room.topic("over", "ti:heads")
    Topic.objects.filter(slug="over").update(is_active=False)
    monkeypatch.setattr(work, "match", lambda: pytest.fail("an index was built for nothing"))
    for task in ("tick", "summarize", "transactional"):
        workers.run(task)


# --- summarise, prefetch ---------------------------------------------------------------------------------


@pytest.fixture
def gemini(workers: Workers) -> Iterator[GeminiServer]:
    """Stand for the model; a digest that somebody awaits wants paper 2, an ordinary one paper 1."""
    with GeminiServer() as server:
        model = GenaiSummariser(api_key="k", model="m", endpoint=server.url, max_attempts=1)
        workers.context.__dict__["summariser"] = model
        workers.room.topic("heads", "cat:cs.CV")
        workers.room.topic("graphs", "cat:cs.LG")
        workers.room.subscriber("ann@example.org", "heads", cadence="daily")
        bob = workers.room.subscriber("bob@example.org", "graphs", cadence="weekly:fri")
        papers = (paper_record(1), paper_record(2, categories=("cs.LG",)))
        workers.room.take_in(*papers, now=SUNDAY + timedelta(hours=1))
        plan_due(now=MONDAY)
        planned(bob, slot_key=FIRST)
        yield server


def written() -> list[str]:
    rows = Summary.objects.filter(model="m", content__isnull=False)
    return sorted(rows.values_list("paper__arxiv_id", flat=True))


def test_transactional_mail_is_summarised_first_and_each_part_composed_at_once(
    workers: Workers, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Queue, list[str]]] = []
    monkeypatch.setattr(work, "wake", lambda queue: seen.append((queue, written())))
    workers.run("summarize", at=MONDAY + MINUTE)
    assert seen == [(Queue.TRANSACTIONAL, ["2606.00002"]), (Queue.COMPOSE, ["2606.00001", "2606.00002"])]
    assert gemini.calls == 2


@pytest.mark.parametrize(
    ("calls", "woken"),
    [
        (
            1,
            [Queue.TRANSACTIONAL, Queue.COMPOSE],
        ),  # nothing was written of the others: the next tick is soon enough
        (2, [Queue.TRANSACTIONAL, Queue.SUMMARIZE, Queue.COMPOSE]),
        (3, [Queue.TRANSACTIONAL, Queue.COMPOSE]),
    ],
)
def test_what_a_task_had_no_time_for_wakes_another(
    calls: int, woken: list[Queue], workers: Workers, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers.room.take_in(paper_record(3), now=SUNDAY + timedelta(hours=2))
    end_the_time_after(calls, gemini=gemini, monkeypatch=monkeypatch)
    assert workers.run("summarize", at=MONDAY + MINUTE) == woken
    assert gemini.calls == calls


def end_the_time_after(calls: int, *, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the model asked once at a time, and every task's time over after so many calls."""
    summarize = "newsletter.pipeline.summarize.generate"
    monkeypatch.setattr(f"{summarize}.CALLS_AT_ONCE", 1)

    def end_the_time(_: Asked) -> None:
        if gemini.calls == calls:
            late = SimpleNamespace(now=lambda: MONDAY + timedelta(days=1))
            monkeypatch.setattr(f"{summarize}.timezone", late)

    gemini.says = end_the_time


def test_a_reading_waits_ten_minutes_for_a_text_that_another_worker_reads(
    workers: Workers, gemini: GeminiServer
) -> None:
    Subscriber.objects.filter(email="ann@example.org").update(depth="reading")
    FullTextRecord.objects.create(
        paper=Paper.objects.get(arxiv_id="2606.00001"), paper_version=1, leased_until=MONDAY + 20 * MINUTE
    )
    assert workers.run("summarize", at=MONDAY + 5 * MINUTE) == [Queue.TRANSACTIONAL, Queue.COMPOSE]
    assert written() == ["2606.00002"]
    workers.run("summarize", at=MONDAY + 11 * MINUTE)
    assert written() == ["2606.00001", "2606.00002"]
    assert gemini.calls == 2


def test_a_model_that_gives_nothing_is_not_asked_again_and_again(
    workers: Workers, gemini: GeminiServer
) -> None:
    gemini.answer_always(Fault.RATE_LIMITED)
    assert Queue.SUMMARIZE not in workers.run("summarize", at=MONDAY + MINUTE)


def test_what_the_coming_hours_want_is_written_before_their_slots(
    workers: Workers, gemini: GeminiServer
) -> None:
    workers.room.subscriber("zoe@example.org", "heads", cadence="daily", language="zh", at="09:00")
    workers.run("tick", at=MONDAY + MINUTE)
    workers.run("summarize", at=MONDAY + MINUTE)
    rows = Summary.objects.filter(model="m", content__isnull=False, detail=DetailLevel.TAKEAWAYS.value)
    assert set(rows.values_list("paper__arxiv_id", "language")) == {
        ("2606.00001", "en"),
        ("2606.00002", "en"),
        ("2606.00001", "zh-hans"),
    }
    workers.run("summarize", at=MONDAY + 2 * MINUTE)
    assert gemini.calls == 3


def test_without_a_model_nothing_is_written_ahead(workers: Workers, arxiv: ListSource) -> None:
    workers.room.subscriber("ann@example.org", "heads", cadence="daily")
    workers.room.take_in(*arxiv.papers, now=SUNDAY + timedelta(hours=1))
    workers.run("tick", at=MONDAY - timedelta(hours=1))
    workers.run("summarize", at=MONDAY - timedelta(hours=1))
    assert not Summary.objects.exists()
