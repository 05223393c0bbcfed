"""What an operator changes for a reader is done whole, and stands in the reader's record."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from newsletter.audience.topics import add_topic
from newsletter.errors import BadInput, NewsletterError
from newsletter.models import ConsentEvent, Subscriber
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.operator_acts import (
    edit_subscriber,
    pause_subscriber,
    resume_subscriber,
    unsubscribe_subscriber,
)
from newsletter.subscribers.preferences import Preferences

pytestmark = pytest.mark.django_db
SUNDAY = datetime(2026, 6, 14, 12, tzinfo=UTC)


@pytest.fixture
def ada() -> Subscriber:
    for slug in ("heads", "graphs"):
        add_topic(slug, name=slug.title(), query="cat:cs.CV", now=SUNDAY)
    return add_by_operator(
        "ada@example.org", topics=["heads"], preferences=Preferences.checked(), source="test", now=SUNDAY
    )


def record(subscriber: Subscriber) -> list[tuple[str, str]]:
    return list(
        ConsentEvent.objects.filter(subscriber=subscriber).order_by("pk").values_list("action", "source")
    )


def topics(subscriber: Subscriber) -> list[str]:
    return list(subscriber.subscriptions.values_list("topic__slug", flat=True))


def test_an_edit_changes_what_is_given_and_nothing_else(ada: Subscriber) -> None:
    given = {"cadence": "weekdays", "at": None, "max_papers": 3}
    changed = edit_subscriber(
        ada, preferences=given, topics=["graphs", "heads"], name=" Ada  Lovelace", source="edit", now=SUNDAY
    )
    assert changed == ["name", "cadence", "max_papers", "topics"]
    ada = Subscriber.objects.get()
    assert (ada.name, ada.cadence, f"{ada.at:%H:%M}", ada.max_papers) == (
        "Ada Lovelace",
        "weekdays",
        "08:00",
        3,
    )
    assert topics(ada) == ["graphs", "heads"]
    assert ada.next_slot_at == datetime(2026, 6, 15, 8, tzinfo=UTC)
    assert record(ada)[1:] == [("changed", "edit: name, cadence, max_papers, topics")]


def test_an_edit_that_changes_nothing_leaves_no_record(ada: Subscriber) -> None:
    given = {"cadence": "weekly:mon", "language": "en"}
    assert edit_subscriber(ada, preferences=given, topics=["heads"], name="", source="edit", now=SUNDAY) == []
    assert len(record(ada)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"preferences": {"cadence": "hourly"}},
        {"preferences": {"timezone": "Europe/Berlni"}},
        {"preferences": {"max_papers": 51}},
        {"topics": ["heads", "nothing"]},
        {"topics": []},
        {"name": "a" * 121},
        {"name": "A\0da"},
    ],
)
def test_a_wrong_value_changes_nothing_at_all(ada: Subscriber, wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"preferences": {"depth": "headline"}, "topics": ["graphs"], "name": "Ada"}
    before = Subscriber.objects.values().get()
    with pytest.raises(NewsletterError):
        edit_subscriber(ada, **(right | wrong), source="edit", now=SUNDAY)
    assert Subscriber.objects.values().get() == before
    assert (topics(ada), len(record(ada))) == (["heads"], 1)


def test_a_readers_own_topic_is_not_lost_when_the_others_are_changed(ada: Subscriber) -> None:
    add_topic("own", name="Own", query="ti:own", owner=ada, now=SUNDAY)
    edit_subscriber(ada, topics=["own", "heads"], source="edit", now=SUNDAY)
    edit_subscriber(ada, topics=["graphs"], source="edit", now=SUNDAY)
    assert topics(ada) == ["graphs", "own"]


def test_a_pause_and_its_end_are_recorded(ada: Subscriber) -> None:
    pause_subscriber(ada, until=date(2026, 7, 1), source="pause", now=SUNDAY)
    assert Subscriber.objects.get().next_slot_at == datetime(2026, 7, 6, 8, tzinfo=UTC)
    assert resume_subscriber(ada, source="resume", now=SUNDAY)
    assert not resume_subscriber(ada, source="resume", now=SUNDAY)
    assert Subscriber.objects.get().next_slot_at == datetime(2026, 6, 15, 8, tzinfo=UTC)
    assert record(ada)[1:] == [("paused", "pause: until 2026-07-01"), ("resumed", "resume")]


def test_a_pause_without_an_end_is_as_long_as_one_may_be(ada: Subscriber) -> None:
    pause_subscriber(ada, source="pause", now=SUNDAY)
    assert Subscriber.objects.get().paused_until == datetime(2027, 6, 15, tzinfo=UTC)
    with pytest.raises(BadInput):
        pause_subscriber(ada, until=date(2027, 6, 16), source="pause", now=SUNDAY)


def test_who_has_left_is_neither_paused_nor_brought_back(ada: Subscriber) -> None:
    assert unsubscribe_subscriber(ada, source="end", now=SUNDAY)
    assert not unsubscribe_subscriber(ada, source="end", now=SUNDAY)
    with pytest.raises(NewsletterError, match="unsubscribed"):
        pause_subscriber(ada, source="pause", now=SUNDAY)
    assert not resume_subscriber(ada, source="resume", now=SUNDAY)
    ada = Subscriber.objects.get()
    assert (ada.status, ada.next_slot_at) == ("unsubscribed", None)
    assert record(ada)[1:] == [("unsubscribed", "end")]


def test_one_topic_ends_alone_and_the_last_one_ends_everything(ada: Subscriber) -> None:
    edit_subscriber(ada, topics=["heads", "graphs"], source="edit", now=SUNDAY)
    [heads, graphs] = [each.topic for each in ada.subscriptions.select_related("topic")]
    unsubscribe_subscriber(ada, topic=heads, source="end", now=SUNDAY)
    assert (topics(ada), ada.status) == (["graphs"], "active")
    with pytest.raises(BadInput, match="heads"):
        unsubscribe_subscriber(ada, topic=heads, source="end", now=SUNDAY)
    unsubscribe_subscriber(ada, topic=graphs, source="end", now=SUNDAY)
    assert Subscriber.objects.get().status == "unsubscribed"
    assert record(ada)[2:] == [("changed", "end: without heads"), ("unsubscribed", "end")]
