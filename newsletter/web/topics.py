"""Everyone's topics: the list, and each with its papers of two weeks. Private topics are not here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Paginator
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from newsletter.core.reading import Voice, summary_from_json
from newsletter.models import Paper, Summary, Topic
from newsletter.web.pages import current_language, page

WEEK, TWO_WEEKS = timedelta(days=7), timedelta(days=14)
PAPERS_A_PAGE = 40


@dataclass(frozen=True, slots=True)
class ListedTopic:
    slug: str
    name: str
    query: str
    count: int
    """What it matched in the last week."""


@dataclass(frozen=True, slots=True)
class TopicGroup:
    name: str
    topics: list[ListedTopic]


def public_topics() -> QuerySet[Topic]:
    return Topic.objects.filter(owner__isnull=True, is_active=True)


def newest_papers_at() -> datetime:
    """Return when the newest papers came: periods end there, so that a service that rested is not empty."""
    newest: datetime | None = Paper.objects.aggregate(newest=Max("first_seen_at"))["newest"]
    return newest or timezone.now()


def topic_groups(topics: QuerySet[Topic], *, language: str, until: datetime) -> list[TopicGroup]:
    """Return topics under their groups, in order of name, each with its count of the week to ``until``."""
    in_week = Q(matches__paper__first_seen_at__gt=until - WEEK, matches__paper__is_withdrawn=False)
    groups: dict[str, list[ListedTopic]] = {}
    for topic in topics.annotate(in_week=Count("matches", filter=in_week)).order_by("group", "name"):
        listed = ListedTopic(topic.slug, topic.name_in(language), topic.query, topic.in_week)
        groups.setdefault(topic.group_in(language), []).append(listed)
    return [TopicGroup(name, listed) for name, listed in groups.items()]


@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    until = newest_papers_at()
    groups = topic_groups(public_topics(), language=current_language(), until=until)
    return page(request, template="topics.html", groups=groups, until=until)


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a topic's papers, newest first. A private topic is as unknown as one that never was."""
    found = get_object_or_404(public_topics(), slug=slug)
    language, until = current_language(), newest_papers_at()
    recent = Paper.objects.filter(
        matches__topic=found, first_seen_at__gt=until - TWO_WEEKS, is_withdrawn=False
    ).order_by("-published_at", "-pk")
    shown = Paginator(recent, PAPERS_A_PAGE).get_page(request.GET.get("page"))
    papers = list(shown.object_list)
    headlines = _headlines(papers, language=language)
    return page(
        request,
        template="topic.html",
        name=found.name_in(language),
        group=found.group_in(language),
        query=found.query,
        slug=slug,
        until=until,
        shown=shown,
        papers=[(each.record, headlines.get(each.pk)) for each in papers],
    )


@dataclass(frozen=True, slots=True)
class Headline:
    text: str
    language: str
    is_model: bool


def _headlines(papers: Sequence[Paper], *, language: str) -> dict[int, Headline]:
    """Return a headline of each summarised paper: one in the page's language if there is, else a model's."""
    rows = Summary.objects.shown().filter(paper__in=papers)
    found: dict[int, Headline] = {}
    for row in rows.select_related("paper").order_by("pk"):
        content = summary_from_json(row.content or {})
        new = Headline(content.headline.text, row.language, content.voice is Voice.MODEL)
        known = found.get(row.paper_id)
        if row.paper_version == row.paper.version and (
            known is None or _rank(new, language) > _rank(known, language)
        ):
            found[row.paper_id] = new
    return found


def _rank(headline: Headline, language: str) -> tuple[bool, bool]:
    return headline.language == language, headline.is_model
