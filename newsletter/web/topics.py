"""Public topics: the list, and each with its papers of two weeks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Paginator
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from newsletter.audience.topics import public_topics
from newsletter.models import Match, Paper, Topic
from newsletter.pipeline.compose.periods import Gathers
from newsletter.web.exporting import notice
from newsletter.web.pages import current_language, page
from newsletter.web.rendered import dont_keep, kept_value, rendered_once
from newsletter.web.summaries import summaries_of

WEEK, TWO_WEEKS = timedelta(days=7), timedelta(days=14)
PAPERS_A_PAGE = 40


@dataclass(frozen=True, slots=True)
class ListedTopic:
    slug: str
    name: str
    group: str
    query: str
    count: int
    """What it matched in the last week."""

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
class Week:
    """The week to the newest papers."""

    until: datetime
    counts: dict[int, int]
    """Topic → what it matched."""


def newest_week() -> Week:
    return kept_value("week", _newest_week)


def _newest_week() -> Week:
    until = newest_papers_at()
    # ``in``, not a join: SQLite would look at all matches there ever were.
    matches = Match.objects.filter(paper__in=papers_of_week(until).values("pk"))
    return Week(until, dict(matches.values_list("topic").annotate(Count("pk"))))


def papers_of_week(until: datetime) -> QuerySet[Paper]:
    return Paper.objects.filter(first_seen_at__gt=until - WEEK, is_withdrawn=False)


def topic_groups(topics: Iterable[Topic], *, language: str, week: Week) -> list[TopicGroup]:
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
    week = newest_week()
    groups = topic_groups(public_topics(), language=current_language(), week=week)
    return page(request, template="topics.html", groups=groups, until=week.until)


def _page_number(request: HttpRequest) -> str | None:
    number = request.GET.get("page", "1")
    return number if re.fullmatch("[1-9][0-9]{0,2}", number) else None


@require_safe
@rendered_once(_page_number)
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a topic's papers, newest first. Private topics answer 404."""
    found = get_object_or_404(public_topics(), slug=slug)
    language, until = current_language(), newest_papers_at()
    known = Gathers.until(timezone.now())
    shown = Paginator(papers_of(found, until=until), PAPERS_A_PAGE).get_page(request.GET.get("page"))
    papers = list(shown.object_list)
    written = summaries_of(papers, language=language)
    response = page(
        request,
        template="topic.html",
        name=found.name_in(language),
        group=found.group_in(language),
        query=found.query,
        slug=slug,
        notice=notice(written.values()),
        until=until,
        is_known=not (known.ignorance_since(until - TWO_WEEKS) or known.failed or known.doubtful),
        shown=shown,
        papers=[(each.record, written.get(each.pk)) for each in papers],
    )
    # Without papers it depends on the time what is known.
    return response if papers and _page_number(request) == str(shown.number) else dont_keep(response)
