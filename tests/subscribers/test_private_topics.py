"""A reader's own topics: how many, in which order, and whose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.adapters.ports import Answer
from newsletter.audience.topics import SLUG, add_topic, find_topics
from newsletter.errors import BadInput
from newsletter.models import Match, Subscriber, Topic
from newsletter.pipeline.gather import save_answer
from newsletter.pipeline.match import match_papers
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.private_topics import (
    MOST,
    LastTopicError,
    TooManyTopicsError,
    add_private_topic,
    change_private_topic,
    find_private_topic,
    private_topics,
    remove_private_topic,
)
from tests.fakes.papers import paper_record

NOW = datetime(2026, 6, 16, 8, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def subscriber() -> Subscriber:
    add_topic("heads", name="Talking heads", query="ti:heads", now=NOW)
    return _join("ada@example.org")


def _join(email: str) -> Subscriber:
    preferences = Preferences.checked(cadence="weekly:mon")
    return add_by_operator(email, topics=["heads"], preferences=preferences, source="test", now=NOW)


def test_it_comes_last_in_the_subscribers_order(subscriber: Subscriber) -> None:
    topic = add_private_topic(subscriber, name="Avatars", query="ti:avatar", now=NOW)
    assert topic.owner == subscriber
    assert [each.topic.slug for each in subscriber.subscriptions.all()] == ["heads", topic.slug]
    assert private_topics(subscriber) == [topic]


def test_its_slug_is_valid_and_never_the_same(subscriber: Subscriber) -> None:
    for name in ("Lip Sync!", "Lip Sync!", "虚拟人像", "Under_score -- x", "é" * 120, "a" * 120, "-"):
        add_private_topic(subscriber, name=name, query="ti:lip", now=NOW)
    slugs = [topic.slug for topic in private_topics(subscriber)]
    assert len(set(slugs)) == 7
    assert all(SLUG.fullmatch(slug) for slug in slugs)


def test_another_subscriber_does_not_know_it(subscriber: Subscriber) -> None:
    topic = add_private_topic(subscriber, name="Avatars", query="ti:avatar", now=NOW)
    other = _join("alan@example.org")
    assert find_private_topic(other, topic.slug) is None
    assert find_private_topic(subscriber, topic.slug) == topic
    assert find_private_topic(subscriber, "heads") is None
    with pytest.raises(BadInput, match="no topic"):
        find_topics([topic.slug], owner_email_key=other.email_key)


def test_the_21st_is_refused_and_nothing_is_stored(subscriber: Subscriber) -> None:
    for number in range(MOST):
        add_private_topic(subscriber, name=f"Topic {number}", query="ti:avatar", now=NOW)
    with pytest.raises(TooManyTopicsError, match="at most 20"):
        add_private_topic(subscriber, name="One more", query="ti:avatar", now=NOW)
    assert subscriber.subscriptions.count() == MOST + 1
    assert len(private_topics(subscriber)) == MOST


@pytest.mark.parametrize(
    ("name", "query"), [("", "ti:avatar"), ("x" * 121, "ti:avatar"), ("A", "ti:("), ("A", "")]
)
def test_a_wrong_name_or_query_is_refused(subscriber: Subscriber, name: str, query: str) -> None:
    with pytest.raises(BadInput):
        add_private_topic(subscriber, name=name, query=query, now=NOW)
    assert private_topics(subscriber) == []
    assert subscriber.subscriptions.count() == 1


def test_a_changed_query_is_matched_anew_and_a_changed_name_is_not(subscriber: Subscriber) -> None:
    topic = add_private_topic(subscriber, name="Avatars", query="ti:avatar", now=NOW)
    papers = (paper_record(1, title="Avatar"), paper_record(2, title="Zebra"))
    save_answer(Answer(query="all", total_results=2, papers=papers), now=NOW)
    _match()
    assert _matched(topic) == ["Avatar"]
    renamed = change_private_topic(topic, name="Faces", query=" ti:avatar ", now=NOW)
    assert (renamed.name, renamed.looks_back) == ("Faces", False)
    change_private_topic(renamed, name="Faces", query="ti:zebra", now=NOW)
    _match()
    assert _matched(topic) == ["Zebra"]


def test_removing_it_ends_its_subscription_too(subscriber: Subscriber) -> None:
    topic = add_private_topic(subscriber, name="Avatars", query="ti:avatar", now=NOW)
    remove_private_topic(subscriber, topic=topic, now=NOW)
    assert not Topic.objects.filter(owner=subscriber).exists()
    assert [each.topic.slug for each in subscriber.subscriptions.all()] == ["heads"]


def test_the_only_topic_stays(subscriber: Subscriber) -> None:
    topic = add_private_topic(subscriber, name="Avatars", query="ti:avatar", now=NOW)
    subscriber.subscriptions.exclude(topic=topic).delete()
    with pytest.raises(LastTopicError, match="only topic"):
        remove_private_topic(subscriber, topic=topic, now=NOW)
    assert private_topics(subscriber) == [topic]


def test_the_next_slot_follows_from_what_is_followed_now(subscriber: Subscriber) -> None:
    subscriber.subscriptions.update(cadence="monthly:last")
    add_private_topic(subscriber, name="Avatars", query="ti:avatar", now=NOW)
    subscriber.refresh_from_db()
    assert subscriber.next_slot_at == datetime(2026, 6, 22, 8, 0, tzinfo=UTC)


def test_a_slot_that_has_passed_stays_due(subscriber: Subscriber) -> None:
    due = subscriber.next_slot_at
    assert due is not None
    add_private_topic(subscriber, name="Avatars", query="ti:avatar", now=due + timedelta(hours=1))
    subscriber.refresh_from_db()
    assert subscriber.next_slot_at == due


def _match() -> None:
    match_papers(now=NOW, lookback=timedelta(days=14))


def _matched(topic: Topic) -> list[str]:
    return list(Match.objects.filter(topic=topic).values_list("paper__title", flat=True))
