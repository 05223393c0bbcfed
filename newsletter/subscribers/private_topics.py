"""Private topics: added, changed and removed by their owner, invisible to others."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.text import slugify

from newsletter.audience.query_preview import check_breadth
from newsletter.audience.topics import add_topic, edit_topic
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import BadInput
from newsletter.models import Subscriber, Subscription, Topic
from newsletter.subscribers.change import follow, lock
from newsletter.subscribers.taste.acts import like_for_topic

MOST = 20
"""Private topics of one reader."""
_SLUG_WORDS = 40
"""Characters of the name kept in its slug."""


class TooManyTopicsError(BadInput):
    """The reader has the maximum number of private topics."""


class LastTopicError(BadInput):
    """A reader's only topic cannot be removed: that would unsubscribe."""


def private_topics(subscriber: Subscriber) -> list[Topic]:
    return list(Topic.objects.filter(owner=subscriber).order_by("name", "pk"))


def find_private_topic(subscriber: Subscriber, slug: str) -> Topic | None:
    """Return the reader's own topic; another reader's counts as unknown."""
    return Topic.objects.filter(owner=subscriber, slug=slug).first()


@transaction.atomic
def add_private_topic(
    subscriber: Subscriber,
    *,
    name: str,
    query: str,
    now: datetime,
    likes: Sequence[PaperRecord] = (),
    is_bounded_later: bool = False,
) -> Topic:
    """Add a topic of the reader's own, the last in the order; the next match looks back for it.

    ``likes``: the papers that it was made from. Raises BadInput for an invalid name or query,
    TooManyTopicsError from the 21st on, TooManyPapersError, and TooBroadError for a query that matches too
    much, unless ``is_bounded_later``.
    """
    # Serialize two tabs, so that the count is right.
    lock(subscriber)
    if Topic.objects.filter(owner=subscriber).count() >= MOST:
        raise TooManyTopicsError(f"a reader has at most {MOST} topics of their own: remove one first")
    if not is_bounded_later:
        _check_breadth(query, topics=Topic.objects.filter(owner=subscriber), now=now)
    topic = add_topic(_new_slug(name), name=name, query=query, owner=subscriber, now=now)
    last = subscriber.subscriptions.aggregate(last=Max("position"))["last"]
    position = 0 if last is None else last + 1
    Subscription.objects.create(subscriber=subscriber, topic=topic, position=position, created_at=now)
    follow(subscriber, now=now)
    if likes:
        like_for_topic(subscriber, likes, topic=topic, now=now)
    return topic


def change_private_topic(
    topic: Topic, *, name: str, query: str, now: datetime, likes: Sequence[PaperRecord] = ()
) -> Topic:
    """Change the name or the query; a changed query is matched anew over the look-back.

    ``likes`` as for a new topic. Raises BadInput for an invalid name or query, TooBroadError for one that
    matches too much, TooManyPapersError.
    """
    query = query.strip()
    if query != topic.query:
        others = Topic.objects.filter(owner=topic.owner_id).exclude(pk=topic.pk)
        _check_breadth(query, topics=others, now=now)
    with transaction.atomic():
        if likes and topic.owner is not None:
            like_for_topic(
                topic.owner, likes, topic=topic, now=now
            )  # it locks its owner first, as removing does
        return edit_topic(topic.slug, name=name, query=query if query != topic.query else None)


def _check_breadth(query: str, *, topics: QuerySet[Topic], now: datetime) -> None:
    check_breadth(query, others=topics.values_list("query", flat=True), now=now)


@transaction.atomic
def remove_private_topic(subscriber: Subscriber, *, topic: Topic, now: datetime) -> None:
    """Remove it for good. Raises LastTopicError where the reader follows nothing else."""
    lock(subscriber)
    if not subscriber.subscriptions.exclude(topic=topic).exists():
        raise LastTopicError("this is the only topic: choose another one first, or unsubscribe")
    Topic.objects.filter(pk=topic.pk, owner=subscriber).delete()
    follow(subscriber, now=now)


def _new_slug(name: str) -> str:
    """Return an unguessable slug with the name's Latin letters, if any."""
    words = slugify(name)[:_SLUG_WORDS].strip("-").replace("_", "-") or "topic"
    return "-".join([*filter(None, words.split("-")), secrets.token_hex(4)])
