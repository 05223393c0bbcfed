"""Topics that everybody can have: totals by week, names in each language, a copy, the way to the workshop."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncWeek
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from newsletter.audience.topics import duplicate_topic, edit_topic
from newsletter.core.digests.weeks import week_of
from newsletter.errors import NewsletterError
from newsletter.languages import INTERFACE_LANGUAGES
from newsletter.models import Match, Topic
from newsletter.web.operator.pages import back_to, demand, done, now_there, operator_page, operators
from newsletter.web.operator.pages import may as is_allowed

WEEKS, WEEKS_OF_ONE = 4, 12
LONGEST_NAME = 120


def _public() -> QuerySet[Topic]:
    return Topic.objects.filter(owner__isnull=True)


@operators("view_topic")
def listing(request: HttpRequest) -> HttpResponse:
    now = now_there(request)
    rows = list(_public().annotate(readers=Count("subscriptions")).order_by("group", "name"))
    weeks = _weeks(now.now, WEEKS)
    totals = _totals(Match.objects.filter(topic__in=rows), weeks)
    return operator_page(
        request,
        "topics.html",
        now=now,
        rows=[(topic, [totals[topic.pk][week] for week in weeks]) for topic in rows],
        weeks=weeks,
        private=Topic.objects.filter(owner__isnull=False).count(),
        may_add=is_allowed(request, "add_topic"),
    )


@operators("view_topic", methods=("GET", "HEAD", "POST"))
def one(request: HttpRequest, slug: str) -> HttpResponse:
    topic = get_object_or_404(_public(), slug=slug)
    problem = ""
    if request.method == "POST":
        demand(request, "add_topic" if request.POST.get("do") == "duplicate" else "change_topic")
        try:
            saved, says = _save(topic, request.POST)
            done(request, saved, says)
            return back_to("operator_topic", slug=saved.slug)
        except NewsletterError as error:
            problem = str(error)
    now = now_there(request)
    weeks = _weeks(now.now, WEEKS_OF_ONE)
    totals = _totals(Match.objects.filter(topic=topic), weeks)[topic.pk]
    return operator_page(
        request,
        "topic.html",
        now=now,
        status=400 if problem else 200,
        topic=topic,
        readers=topic.subscriptions.count(),
        weeks=[(f"{week.day} {week:%b}", None, totals[week]) for week in weeks],
        problem=problem,
        languages=[code for code in INTERFACE_LANGUAGES if code != "en"],
        given=request.POST if problem else None,
        may_change=is_allowed(request, "change_topic"),
        may_add=is_allowed(request, "add_topic"),
    )


def _weeks(now: datetime, number: int) -> list[date]:
    """Return the Mondays of the last weeks, the current one first."""
    return [week_of(now).after(-place).starts_on for place in range(number)]


def _totals(matches: QuerySet[Match], weeks: list[date]) -> defaultdict[int, defaultdict[date, int]]:
    """Return how many papers each topic matched, by the week in which they were first seen."""
    since = datetime.combine(weeks[-1], time.min, tzinfo=UTC)
    found: defaultdict[int, defaultdict[date, int]] = defaultdict(lambda: defaultdict(int))
    rows = (
        matches.filter(paper__first_seen_at__gte=since)
        .annotate(week=TruncWeek("paper__first_seen_at", tzinfo=UTC))
        .order_by()
        .values_list("topic_id", "week")
        .annotate(number=Count("pk"))
    )
    for topic_id, week, number in rows:
        found[topic_id][week.date()] = number
    return found


def _save(topic: Topic, given: Any) -> tuple[Topic, str]:
    """Do what the form's button says. Raises NewsletterError."""
    if given.get("do") == "duplicate":
        slug, name = given.get("slug", "").strip(), given.get("copy_name", "") or None
        copy = duplicate_topic(topic.slug, slug, name=name, is_active=False, now=timezone.now())
        return copy, f"{copy.slug} is a copy of {topic.slug}. It is not offered to readers before you say so."
    saved = edit_topic(topic.slug, name=given.get("name", ""), group=given.get("group", ""))
    by_language = {"names": dict(topic.names), "group_names": dict(topic.group_names)}
    for field, names in by_language.items():
        for code in INTERFACE_LANGUAGES:
            text = " ".join(given.get(f"{field}-{code}", "").split())[:LONGEST_NAME]
            names.pop(code, None)
            if text:
                names[code] = text
    Topic.objects.filter(pk=topic.pk).update(**by_language, is_active=given.get("is_active") == "on")
    return saved, "Saved."
