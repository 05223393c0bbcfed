"""Strangers whose own topics match everything: arXiv and the model are not theirs to spend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from newsletter.adapters.llm.genai import GenaiSummariser
from newsletter.audience import query_preview as trials
from newsletter.audience.query_preview import TooBroadError
from newsletter.audience.tokens import Purpose, make_token
from newsletter.audience.topics import add_topic
from newsletter.audience.wanted_categories import MOST_OF_A_READER, MOST_OF_ALL, wanted_categories
from newsletter.core.arxiv.categories import CATEGORIES
from newsletter.core.summaries.summary import DetailLevel, Wanted
from newsletter.models import Match, Quota, Subscriber, Summary, Topic
from newsletter.pipeline import match
from newsletter.pipeline.summarize.budget import KIND
from newsletter.pipeline.summarize.quotas import within_quotas
from newsletter.subscribers.private_topics import MOST, add_private_topic, change_private_topic
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, TUESDAY, Newsroom

pytestmark = pytest.mark.django_db(transaction=True)

EVERYTHING = "all:heads"
"""Matches every paper of these tests, and asks for all of arXiv."""


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
def room(tmp_path: Path, gemini: GeminiServer) -> Newsroom:
    """One topic of everyone's, with which the first two of forty papers have to do."""
    summariser = GenaiSummariser(
        api_key="k", model="gemini-test", endpoint=gemini.url, max_attempts=1, sleep=lambda _: None
    )
    room = Newsroom(tmp_path / "outbox", summariser=summariser)
    room.topic("heads", "cat:cs.CV AND (id:2606.00001 OR id:2606.00002)")
    return room


def stranger(room: Newsroom, name: str = "eve", **preferences: Any) -> Subscriber:
    usual: dict[str, Any] = {"cadence": "daily", "depth": "takeaways", "max_papers": 50}
    subscriber = room.subscriber(f"{name}@example.org", "heads", **usual | preferences)
    Subscriber.objects.filter(pk=subscriber.pk).update(confirmed_by_operator=False)
    return subscriber


def own_topics(subscriber: Subscriber, number: int, query: str = EVERYTHING) -> None:
    for each in range(number):
        add_private_topic(subscriber, name=f"Mine {each}", query=f"{query} OR ti:x{each}", now=SUNDAY)


# --- arXiv -----------------------------------------------------------------------------------------------


def test_private_topics_without_a_category_widen_nothing(room: Newsroom) -> None:
    own_topics(stranger(room), MOST)
    assert wanted_categories() == {"cs.CV"}


def test_a_subscribers_own_topic_is_gathered_for_if_it_names_its_category(room: Newsroom) -> None:
    own_topics(stranger(room), 1, query="cat:math.CO AND all:graph")
    Topic.objects.filter(owner__isnull=False).update(query="cat:math.CO AND all:graph")
    assert wanted_categories() == {"cs.CV", "math.CO"}


def test_one_subscriber_widens_it_by_five_categories_however_they_are_named(room: Newsroom) -> None:
    eve = stranger(room)
    for archive in ("math.*", "physics.*", "cs.*", "q-bio.*"):
        add_private_topic(eve, name=archive, query=f"cat:{archive}", now=SUNDAY)
    assert len(wanted_categories()) == 1 + MOST_OF_A_READER


def test_many_strangers_widen_it_by_thirty_and_what_most_subscribers_want_comes_first(room: Newsroom) -> None:
    for number, code in enumerate(sorted(CATEGORIES)):
        add_topic(
            f"own-{number}", name=code, query=f"cat:{code}", owner=stranger(room, f"eve{number}"), now=SUNDAY
        )
    for name in ("ada", "bob"):
        add_private_topic(stranger(room, name), name="Zoo", query="cat:stat.TH", now=SUNDAY)
    wanted = wanted_categories()
    assert len(wanted) == 1 + MOST_OF_ALL
    assert {"cs.CV", "stat.TH"} <= wanted


# --- papers ----------------------------------------------------------------------------------------------


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ten papers a week be many."""
    for module in (match, trials):
        monkeypatch.setattr(module, "MOST_A_WEEK", 10)
        monkeypatch.setattr(module, "MOST_A_WEEK_OF_A_READER", 15)


def test_a_topic_that_matches_too_much_is_refused_with_what_to_do(room: Newsroom, few: None) -> None:  # noqa: ARG001
    eve = stranger(room)
    room.take_in(*(paper_record(number) for number in range(1, 41)), now=SUNDAY)
    with pytest.raises(TooBroadError, match="add AND with a second term"):
        add_private_topic(eve, name="All", query=EVERYTHING, now=SUNDAY)
    ids = [
        " OR ".join(f"id:2606.{number:05d}" for number in range(begin, begin + 8)) for begin in (1, 11, 21)
    ]
    narrow = add_private_topic(eve, name="Some", query=ids[0], now=SUNDAY)
    with pytest.raises(TooBroadError):
        change_private_topic(narrow, name="Some", query=EVERYTHING, now=SUNDAY)
    with pytest.raises(TooBroadError, match="15 is the most"):  # with the one before it
        add_private_topic(eve, name="More", query=ids[1], now=SUNDAY)
    assert Topic.objects.filter(owner=eve).count() == 1


def test_the_workshop_says_so(room: Newsroom, few: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    eve = stranger(room)
    room.take_in(*(paper_record(number) for number in range(1, 41)), now=SUNDAY)
    monkeypatch.setattr("newsletter.web.workshop.timezone.now", lambda: SUNDAY)
    page = f"/preferences/{make_token(Purpose.PREFERENCES, subject=eve.link_key)}/topics/new"
    form = {"name": "All", "query": EVERYTHING, "action": "save"}
    answer = Client(SERVER_NAME="localhost").post(page, form)
    assert answer.status_code == 400
    assert "papers a week, and 10 is the most" in answer.content.decode()
    assert not Topic.objects.filter(owner=eve).exists()


def test_what_was_added_before_there_were_papers_is_bounded_as_they_come(room: Newsroom, few: None) -> None:  # noqa: ARG001
    own_topics(stranger(room), 3)
    add_topic("public", name="All", query=EVERYTHING, now=SUNDAY)
    room.take_in(*(paper_record(number) for number in range(1, 21)), now=SUNDAY)
    private = Match.objects.filter(topic__owner__isnull=False)
    assert private.count() == 15
    room.take_in(*(paper_record(number) for number in range(21, 41)), now=MONDAY)
    assert private.count() == 15
    assert Match.objects.filter(topic__slug="public").count() == 40
    room.take_in(*(paper_record(number) for number in range(41, 61)), now=SUNDAY + timedelta(days=8))
    assert private.count() == 30  # another week


# --- tokens ----------------------------------------------------------------------------------------------


def test_a_model_reads_for_a_subscribers_own_topics_only_up_to_the_quota(
    room: Newsroom, gemini: GeminiServer, settings: Settings
) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"subscriber_daily_tokens": 9_000})
    own_topics(stranger(room, at="08:00"), MOST)
    room.take_in(*(paper_record(number) for number in range(1, 41)), now=SUNDAY)
    room.run(TUESDAY)
    assert gemini.calls <= 2 + 3 + 1  # everyone's two, and 9,000 tokens at about 3,000 each
    put_off = Summary.objects.filter(failure="daily_cap", content__isnull=True)
    assert put_off.count() >= 30
    mail = room.texts()[-1]
    assert "40" in mail  # every paper is in the digest, most of them with the authors' words
    calls = gemini.calls
    room.run(TUESDAY + timedelta(minutes=5))
    assert gemini.calls == calls


def test_many_strangers_leave_half_of_the_day_to_everyones_topics(room: Newsroom, settings: Settings) -> None:
    """Each further address is a reader with a quota of its own: eve+1@, eve+2@ and so on."""
    limits = {"subscriber_daily_tokens": 9_000, "gemini_daily_tokens": 12_000}
    settings.CONFIG = settings.CONFIG.model_copy(update=limits)
    for number in range(4):
        ids = " OR ".join(f"id:2606.{3 + 3 * number + each:05d}" for each in range(3))
        eve = stranger(room, f"eve+{number}")
        add_private_topic(eve, name="Mine", query=ids, now=SUNDAY)
    room.take_in(*(paper_record(number) for number in range(1, 41)), now=SUNDAY)
    room.run(TUESDAY)
    written = Summary.objects.filter(content__isnull=False, model="gemini-test")
    assert written.filter(paper__arxiv_id__in=("2606.00001", "2606.00002")).count() == 2
    assert 1 <= written.count() - 2 <= 3  # of twelve: 6,000 tokens at about 3,000 each


def test_who_removes_the_topic_gets_no_more_for_the_next_one(
    room: Newsroom, gemini: GeminiServer, settings: Settings
) -> None:
    limits = {"subscriber_daily_tokens": 9_000, "gemini_daily_tokens": 6_000}
    settings.CONFIG = settings.CONFIG.model_copy(update=limits)
    eve = stranger(room)
    add_private_topic(eve, name="Mine", query="id:2606.00003 OR id:2606.00004 OR id:2606.00005", now=SUNDAY)
    room.take_in(*(paper_record(number) for number in range(1, 41)), now=SUNDAY)
    room.run(TUESDAY)
    assert gemini.calls > 2
    own = Match.objects.filter(topic__owner=eve)
    Summary.objects.filter(paper__in=own.values("paper"), content__isnull=False).exclude(
        model="extractive"
    ).update(input_tokens=3_000)
    Topic.objects.filter(owner=eve).delete()
    add_private_topic(eve, name="Next", query="id:2606.00010 OR id:2606.00011", now=SUNDAY)
    room.take_in(now=SUNDAY)
    jobs = [
        Wanted(paper_id=match.paper_id, language="en", detail=DetailLevel.TAKEAWAYS)
        for match in Match.objects.filter(topic__owner=eve)
    ]
    assert len(jobs) == 2
    assert room.summariser is not None
    assert within_quotas(jobs, summariser=room.summariser) == []


def test_one_who_reads_everyones_topics_pays_nothing_for_a_strangers(
    room: Newsroom, gemini: GeminiServer, settings: Settings
) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"subscriber_daily_tokens": 0})
    own_topics(stranger(room), 5)
    room.subscriber("ada@example.org", "heads", cadence="daily")
    room.take_in(*(paper_record(number) for number in range(1, 11)), now=SUNDAY)
    room.run(TUESDAY)
    written = Summary.objects.filter(content__isnull=False, model="gemini-test")
    assert set(written.values_list("paper__arxiv_id", flat=True)) == {"2606.00001", "2606.00002"}
    assert gemini.calls == 2
    assert Quota.objects.filter(kind=KIND).count() <= 1


def test_a_shared_paper_is_paid_for_by_both(room: Newsroom, gemini: GeminiServer, settings: Settings) -> None:
    """An honest reader is not the poorer for a stranger who matches the same paper."""
    settings.CONFIG = settings.CONFIG.model_copy(update={"subscriber_daily_tokens": 3_000})
    ada, eve = stranger(room, "ada"), stranger(room, "eve")
    add_private_topic(ada, name="Mine", query="id:2606.00030 OR id:2606.00031", now=SUNDAY)
    own_topics(eve, 1)
    room.take_in(*(paper_record(number) for number in range(3, 41)), now=SUNDAY)
    room.run(TUESDAY)
    theirs = Summary.objects.filter(paper__arxiv_id="2606.00030", model="gemini-test")
    assert theirs.count() == 1
    assert 1 <= gemini.calls <= 4
