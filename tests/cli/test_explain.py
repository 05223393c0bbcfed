"""``newsletter explain``: one answer for every way in which a paper comes, or does not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.core.digests.selection import Place
from newsletter.models import Delivery, Paper, Subscriber, Subscription, SummaryRequest, Topic
from newsletter.models.delivery import State
from newsletter.models.selection import store_selections
from newsletter.pipeline.schedule import plan_ahead
from newsletter.pipeline.select.select import select_planned
from newsletter.subscribers.change import pause, set_topics
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.cli.runner import done, newsletter
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, NEXT_MONDAY, SUNDAY, Newsroom

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = "ann@example.org"
HOUR = timedelta(hours=1)


def arxiv_id(number: int) -> str:
    return paper_record(number).arxiv_id


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    """Return a reader of two topics, and 15 papers of one of them."""
    room = Newsroom(tmp_path)
    room.topic("heads", "cat:cs.CV")
    room.topic("graphs", "cat:cs.LG")
    room.subscriber(ADDRESS, "heads,graphs", max_papers=2)
    room.take_in(*(paper_record(number) for number in range(1, 16)), now=SUNDAY + HOUR)
    return room


@pytest.fixture
def subscriber(room: Newsroom) -> Subscriber:  # noqa: ARG001 - the reader is in it
    return Subscriber.objects.get(email=ADDRESS)


def explain(number: int | str, *, now: Any = MONDAY) -> Any:
    text = arxiv_id(number) if isinstance(number, int) else number
    return done("explain", ADDRESS, text, "--now", now.isoformat(), "--json").json


def codes(number: int, *, now: Any = MONDAY) -> list[str]:
    found = explain(number, now=now)
    assert (found["place"], found["rank"], found["score"]) == (None, None, None)
    return [reason["code"] for reason in found["reasons"]]


def places() -> dict[str, list[int]]:
    """Return the numbers of the papers by their place, as the preview has them."""
    found: dict[str, list[int]] = {}
    shown = done("preview", ADDRESS, "--out", "look", "--now", MONDAY.isoformat(), "--json").json
    for each in shown["selection"]:
        found.setdefault(each["place"], []).append(int(each["arxiv_id"][-5:]))
    return found


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_would_be_selected_is_explained_without_storing_anything(room: Newsroom) -> None:
    stand = places()
    assert [len(stand[place]) for place in ("summarized", "listed", "counted")] == [2, 6, 7]
    for place in ("summarized", "listed"):
        for number in stand[place]:
            found = explain(number)
            rank = [*stand["summarized"], *stand["listed"]].index(number) + 1
            assert (found["place"], found["topic"], found["rank"]) == (place, "heads", rank)
            assert {reason["code"] for reason in found["reasons"]} <= {place, "typical"}
            assert found["score"] >= 0
    found = explain(stand["counted"][0])
    assert (found["place"], found["topic"], found["rank"], found["score"]) == ("counted", "heads", None, None)
    assert not Delivery.objects.exists()
    assert not SummaryRequest.objects.exists()
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 1}


def test_the_waiting_digest_answers_before_the_last_one(room: Newsroom) -> None:
    room.run(MONDAY)
    first = explain(1, now=MONDAY + HOUR)
    assert first["digest"] == "2026-06-15 ACCEPTED"
    assert first["place"] in {"summarized", "listed", "counted"}
    room.take_in(paper_record(20), now=MONDAY + HOUR)
    later = NEXT_MONDAY - 3 * HOUR
    plan_ahead(now=later)
    select_planned(now=later)
    found = explain(20, now=later)
    assert (found["digest"], found["place"], found["rank"]) == ("2026-06-22 PLANNED", "summarized", 1)
    assert codes(1, now=later) == ["seen_before"]
    assert "2026-06-15 ACCEPTED" in explain(1, now=later)["reasons"][0]["words"]


@pytest.mark.usefixtures("subscriber")
def test_what_no_query_matches_says_which(room: Newsroom) -> None:
    room.take_in(paper_record(30, categories=("math.AG",)), now=SUNDAY + HOUR)
    assert codes(30) == ["not_matched", "not_matched"]
    assert ["cat:cs.CV" in reason["words"] for reason in explain(30)["reasons"]] == [True, False]


def test_a_paper_that_is_not_here_and_what_is_no_id(room: Newsroom) -> None:  # noqa: ARG001
    assert codes(99) == ["not_gathered"]
    assert codes(1, now=SUNDAY) == ["not_gathered"]
    refused = newsletter("explain", ADDRESS, "no-id")
    assert refused.code == 2
    assert newsletter("explain", "nobody@example.org", arxiv_id(1)).code == 1


def test_a_withdrawn_paper(subscriber: Subscriber) -> None:  # noqa: ARG001
    Paper.objects.filter(arxiv_id=arxiv_id(1)).update(is_withdrawn=True)
    assert codes(1) == ["withdrawn"]


def test_papers_of_another_time(room: Newsroom, subscriber: Subscriber) -> None:
    old = SUNDAY - timedelta(days=60)
    room.take_in(paper_record(40, published_at=old), now=SUNDAY - HOUR)
    assert codes(40) == ["before_period", "not_matched"]
    room.run(MONDAY)
    Delivery.objects.update(state=State.COMPOSED)  # it waits, and more comes
    Subscriber.objects.filter(pk=subscriber.pk).update(seen_papers=b"")
    room.take_in(paper_record(41), now=MONDAY + HOUR)
    assert codes(41, now=MONDAY + 2 * HOUR) == ["after_slot", "not_matched"]


def test_a_topic_that_was_left_or_is_not_due(room: Newsroom, subscriber: Subscriber) -> None:
    room.take_in(paper_record(50, categories=("cs.LG",)), now=MONDAY - 4 * HOUR)
    Subscription.objects.filter(topic__slug="graphs").update(cadence="monthly:28")
    plan_ahead(now=MONDAY - 3 * HOUR)
    select_planned(now=MONDAY - 3 * HOUR)
    assert codes(50) == ["not_matched", "topic_not_due"]
    room.run(MONDAY)
    set_topics(subscriber, topics=["graphs"], now=MONDAY + HOUR)
    room.take_in(paper_record(51), now=MONDAY + 2 * HOUR)
    assert codes(51, now=MONDAY + 3 * HOUR) == ["not_matched", "topic_left"]


def test_who_has_paused_or_left_is_told_of(subscriber: Subscriber) -> None:
    pause(subscriber, until=NEXT_MONDAY.date(), now=SUNDAY)
    found = explain(1)
    assert found["reasons"][0]["code"] == "subscriber_paused"
    unsubscribe(subscriber, source="test", now=SUNDAY)
    assert explain(1)["reasons"][0]["code"] == "subscriber_left"


def test_a_paper_that_was_moved_to_fit_says_so(room: Newsroom) -> None:
    room.run(MONDAY)
    row = Delivery.objects.get()
    [first, *_] = row.selected.papers
    moved = {each.paper_id: each.place for each in row.selected.papers} | {first.paper_id: Place.LISTED}
    [row.selection] = store_selections([row.selected.with_places(moved)])
    row.save()
    number = int(Paper.objects.get(pk=first.paper_id).arxiv_id[-5:])
    found = explain(number)
    assert (found["place"], found["rank"]) == ("listed", 1)
    assert [reason["code"] for reason in found["reasons"]] == ["listed", "typical", "moved_to_fit"]


def test_it_reads_well(room: Newsroom) -> None:  # noqa: ARG001
    Topic.objects.filter(slug="graphs").delete()
    said = done("explain", ADDRESS, arxiv_id(1), "--now", MONDAY.isoformat()).out
    place, why, *_ = said.splitlines()
    assert place in {"summarized", "listed", "counted"}
    assert why.startswith(f"  {place}: {place}")
    assert "Heads" in why
