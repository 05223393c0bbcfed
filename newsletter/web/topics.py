"""The list of public topics, and what they found lately. A topic's own page is ``topic_pages.py``'s."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from newsletter.audience.topics import public_topics
from newsletter.models import Match, Paper, Topic
from newsletter.web.pages import current_language, page
from newsletter.web.rendered import kept_value, rendered_once

SEVEN_DAYS, TWO_WEEKS = timedelta(days=7), timedelta(days=14)


@dataclass(frozen=True, slots=True)
class ListedTopic:
    slug: str
    name: str
    group: str
    query: str
    count: int
    """What it matched in the last seven days."""

    @property
    def words(self) -> str:
        """What a search for a topic looks at."""
        return f"{self.group} {self.name} {self.query}".casefold()


@dataclass(frozen=True, slots=True)
class TopicGroup:
    name: str
    topics: list[ListedTopic]


def newest_papers_at() -> datetime:
    """Return when the newest papers came: periods end there, so an idle service still shows some."""
    newest: datetime | None = Paper.objects.aggregate(newest=Max("first_seen_at"))["newest"]
    return newest or timezone.now()


@dataclass(frozen=True, slots=True)
class SevenDays:
    """The seven days to the newest papers; ISO weeks are ``core.digests.weeks``'s."""

    until: datetime
    counts: dict[int, int]
    """Topic → what it matched."""


def last_seven_days() -> SevenDays:
    return kept_value("seven-days", _last_seven_days)


def _last_seven_days() -> SevenDays:
    until = newest_papers_at()
    # ``in``, not a join: SQLite would look at all matches there ever were.
    matches = Match.objects.filter(paper__in=papers_of_seven_days(until).values("pk"))
    return SevenDays(until, dict(matches.values_list("topic").annotate(Count("pk"))))


def papers_of_seven_days(until: datetime) -> QuerySet[Paper]:
    return Paper.objects.filter(first_seen_at__gt=until - SEVEN_DAYS, is_withdrawn=False)


def topic_groups(topics: Iterable[Topic], *, language: str, week: SevenDays) -> list[TopicGroup]:
    """Return topics under their groups, in order of name, each with its count of the week.

    Those without a group come last.
    """
    groups: dict[str, list[ListedTopic]] = {}
    for topic in sorted(topics, key=lambda topic: (topic.group, topic.name)):
        group, count = topic.group_in(language), week.counts.get(topic.pk, 0)
        listed = ListedTopic(topic.slug, topic.name_in(language), group, topic.query, count)
        groups.setdefault(group, []).append(listed)
    return [TopicGroup(name, groups[name]) for name in sorted(groups, key=lambda name: not name)]


def papers_of(topic: Topic, *, until: datetime) -> QuerySet[Paper]:
    """Return what a topic matched in the two weeks to ``until``, newest first."""
    return Paper.objects.filter(
        matches__topic=topic, first_seen_at__gt=until - TWO_WEEKS, is_withdrawn=False
    ).order_by("-published_at", "-pk")


@require_safe
@rendered_once()
def topics(request: HttpRequest) -> HttpResponse:
    week = last_seven_days()
    groups = topic_groups(public_topics(), language=current_language(), week=week)
    return page(request, template="topics.html", groups=groups, until=week.until)
