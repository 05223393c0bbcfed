"""The papers of a topic by week: what is over stays as it was, and every page's numbers are the record's."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from newsletter.audience.topics import add_topic, edit_topic
from newsletter.core.digests.trends import WEEKS, trends_from_json
from newsletter.core.digests.weeks import Week, week_of, week_of_period
from newsletter.models import Match, Paper, Topic, TopicWeek
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.stages import Work, match
from newsletter.pipeline.weeks import count_trends, counts_by_week, freeze_weeks, papers_of_week
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import FRIDAY, LOOKBACK, MONDAY, NEXT_MONDAY, Newsroom, body

W25 = week_of(MONDAY)
START = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def room(db: None, tmp_path: Path) -> Newsroom:  # noqa: ARG001 - the database
    room = Newsroom(tmp_path)
    room.topic("heads", "cat:cs.CV")
    return room


def topic(slug: str = "heads") -> Topic:
    return Topic.objects.get(slug=slug)


def ids(week: Week) -> set[str]:
    found = papers_of_week(topic(), week, is_over=TopicWeek.objects.exists()).papers
    return set(Paper.objects.filter(pk__in=found).values_list("arxiv_id", flat=True))


def pass_at(room: Newsroom, now: datetime) -> None:
    match(Work(context=room.context, now=now))


def add_papers(count: int, *, seen: datetime, topic: Topic, title: str = "", first: int = 1) -> None:
    for number in range(first, first + count):
        record = paper_record(number, title=title or f"Paper {number}")
        paper = Paper.from_record(record, first_seen_at=seen)
        paper.matched_at = seen
        paper.save()
        Match.objects.create(topic=topic, paper=paper, score=number, created_at=seen)


@pytest.mark.django_db
def test_a_week_that_is_over_keeps_its_list_when_the_query_changes(room: Newsroom) -> None:
    room.take_in(paper_record(1), paper_record(2, categories=["cs.GR"]), now=FRIDAY)
    edit_topic("heads", query="cat:cs.GR")
    pass_at(room, NEXT_MONDAY)  # one pass sees the end of the week and the new query
    assert ids(W25) == {"2606.00001"}
    assert set(Match.objects.values_list("paper__arxiv_id", flat=True)) == {"2606.00002"}
    stored = TopicWeek.objects.get(starts_on=W25.starts_on)
    assert stored.query_key == ""  # what found them is no query of the topic any more
    pass_at(room, NEXT_MONDAY + timedelta(days=1))
    assert TopicWeek.objects.get(starts_on=W25.starts_on).frozen_at == stored.frozen_at == NEXT_MONDAY


@pytest.mark.django_db
def test_the_present_week_follows_the_query(room: Newsroom) -> None:
    room.take_in(paper_record(1), paper_record(2, categories=["cs.GR"]), now=FRIDAY)
    edit_topic("heads", query="cat:cs.GR")
    pass_at(room, FRIDAY)
    assert ids(W25) == {"2606.00002"}
    assert not TopicWeek.objects.exists()


@pytest.mark.django_db
def test_a_week_waits_for_papers_that_are_not_matched_yet(room: Newsroom) -> None:
    room.take_in(paper_record(1), now=FRIDAY)
    Paper.from_record(paper_record(2), first_seen_at=W25.ends_at - timedelta(minutes=1)).save()
    assert freeze_weeks(now=NEXT_MONDAY) == 0
    match_papers(now=NEXT_MONDAY, lookback=LOOKBACK)
    assert freeze_weeks(now=NEXT_MONDAY) == 1
    assert ids(W25) == {"2606.00001", "2606.00002"}


@pytest.mark.django_db
def test_where_all_is_stored_it_costs_one_statement(room: Newsroom) -> None:
    room.take_in(paper_record(1), now=FRIDAY)
    freeze_weeks(now=NEXT_MONDAY)
    with CaptureQueriesContext(connection) as asked:
        assert freeze_weeks(now=NEXT_MONDAY + timedelta(days=2)) == 0
    assert len(asked) == 1


@pytest.mark.django_db
def test_a_private_topic_has_no_stored_weeks(room: Newsroom) -> None:
    reader = room.subscriber("ada@example.org", "heads")
    add_topic("secret", name="Secret", query="cat:cs.CV", owner=reader, now=MONDAY)
    room.take_in(paper_record(1), now=FRIDAY)
    freeze_weeks(now=NEXT_MONDAY)
    assert list(TopicWeek.objects.values_list("topic__slug", "count")) == [("heads", 1)]


@pytest.mark.parametrize(
    ("ends_on", "days", "week"),
    [
        (date(2026, 6, 22), 7, "2026-W25"),
        (date(2026, 6, 16), 1, "2026-W25"),
        (date(2026, 6, 15), 7, "2026-W25"),  # the week before has no page
        (date(2026, 6, 29), 1, "2026-W26"),  # Monday has begun for the reader, not yet in UTC
        (date(2026, 6, 22), 14, ""),
    ],
)
def test_a_period_lies_in_a_week_that_has_a_page(ends_on: date, days: int, week: str) -> None:
    assert week_of_period(ends_on, days=days, first=W25, last=W25.after()) == week


def test_where_no_week_is_stored_the_papers_are_of_the_week_in_which_the_period_ends() -> None:
    assert week_of_period(MONDAY.date(), days=7, first=None, last=W25) == str(W25)


@pytest.mark.parametrize(
    ("seen", "slot"),
    [(MONDAY - timedelta(hours=1), MONDAY), (FRIDAY, NEXT_MONDAY)],
    ids=["the first week of the service", "the week before"],
)
@pytest.mark.django_db(transaction=True)
def test_a_topic_in_a_mail_leads_to_a_week_that_opens(room: Newsroom, seen: datetime, slot: datetime) -> None:
    room.subscriber("ada@example.org", "heads", now=slot - timedelta(minutes=1), max_papers=1)
    room.take_in(paper_record(1), paper_record(2), now=seen)
    visitor = Client(SERVER_NAME="localhost")
    with time_machine.travel(slot, tick=False):
        room.run(slot)
        pages = [body(room.mails()[0], "html")]
        own = set(re.findall(r"http://localhost:8000(/(?:digests|preferences)/[\w-]+)(?=\")", pages[0]))
        pages += [visitor.get(path).content.decode() for path in sorted(own)]
        assert len(pages) == 3
        for page in pages:
            assert set(re.findall(r"/topics/heads/[\w-]+/(?=\")", page)) == {"/topics/heads/2026-W25/"}
        assert visitor.get("/topics/heads/2026-W25/").status_code == 200


class Histories(TestCase):
    """Random histories: papers of random weeks, stored at random times, some after a change of the query."""

    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(
        papers=st.lists(st.tuples(st.integers(0, 5 * 7 - 1), st.integers(0, 23), st.booleans()), max_size=30),
        passes=st.lists(st.integers(0, 6 * 7), max_size=4),
    )
    def test_every_weeks_numbers_are_the_matches_of_that_week(
        self, papers: list[tuple[int, int, bool]], passes: list[int]
    ) -> None:
        heads = Topic.objects.create(slug="heads", name="Heads", query="cat:cs.CV", created_at=START)
        seen = [START + timedelta(days=day, hours=hour) for day, hour, _ in papers]
        for number, (at, (_, _, is_matched)) in enumerate(zip(seen, papers, strict=True)):
            paper = Paper.from_record(paper_record(number), first_seen_at=at)
            paper.matched_at = at
            paper.save()
            if is_matched:
                Match.objects.create(topic=heads, paper=paper, score=number % 3, created_at=at)
        matched = {
            match.paper_id: week_of(match.paper.first_seen_at)
            for match in Match.objects.select_related("paper")
        }
        now = START + timedelta(weeks=6)
        # Passes are late or early, and none may see papers that come after it.
        for day in sorted(passes):
            at = START + timedelta(days=day)
            if not any(at <= each for each in seen):
                freeze_weeks(now=at)
        counts = counts_by_week(heads, now=now)
        assert +Counter(counts) == Counter(matched.values())
        for week, count in counts.items():
            found = papers_of_week(heads, week, is_over=week < week_of(now))
            assert len(found.papers) == len(set(found.papers)) == count
            assert set(found.papers) == {pk for pk, held in matched.items() if held == week}
        if counts:
            weeks = list(counts)
            assert weeks[0] == week_of(now)
            assert all(later == earlier.after() for later, earlier in pairwise(weeks))


# --- what rose -------------------------------------------------------------------------------------------


@pytest.fixture
def nine_weeks(room: Newsroom) -> Newsroom:
    """Ten papers a week for eight weeks, one of them of "world models"; then a week with eight of them."""
    heads, number = topic(), 1
    Topic.objects.update(looks_back=False)
    for week in range(WEEKS + 1):
        seen = START + timedelta(weeks=week, days=2)
        new = 8 if week == WEEKS else 1
        add_papers(new, seen=seen, topic=heads, title="World models for grasping", first=number)
        add_papers(10 - new, seen=seen, topic=heads, title="Grasping with a camera", first=number + new)
        number += 10
    freeze_weeks(now=START + timedelta(weeks=WEEKS + 1))
    return room


@pytest.mark.django_db
def test_a_phrase_that_rose_comes_with_its_counts_and_papers(nine_weeks: Newsroom) -> None:  # noqa: ARG001
    assert count_trends() == WEEKS + 1
    last = TopicWeek.objects.latest("starts_on")
    [trend] = trends_from_json(last.trends or {})
    assert trend.phrase == "world models"
    assert (len(trend.papers), trend.of, trend.before, trend.of_before) == (8, 10, 8, 80)
    titles = Paper.objects.filter(pk__in=trend.papers).values_list("title", flat=True)
    assert set(titles) == {"World models for grasping"}
    assert count_trends() == 0


@pytest.mark.django_db
def test_with_fewer_than_eight_weeks_nothing_is_said(nine_weeks: Newsroom) -> None:  # noqa: ARG001
    TopicWeek.objects.earliest("starts_on").delete()
    count_trends()
    assert TopicWeek.objects.latest("starts_on").trends == {"weeks": WEEKS - 1, "rose": []}


@pytest.mark.django_db
def test_weeks_of_another_query_are_not_compared(nine_weeks: Newsroom) -> None:  # noqa: ARG001
    third = TopicWeek.objects.order_by("-starts_on")[2]
    TopicWeek.objects.filter(starts_on__lte=third.starts_on).update(query_key="another")
    count_trends()
    assert TopicWeek.objects.latest("starts_on").trends == {"weeks": 1, "rose": []}
