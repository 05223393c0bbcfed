"""A topic's page with its newest week, and the page of each of its weeks, which stays as the week ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.http import require_safe

from newsletter.core.digests.trends import WEEKS, Trend, trends_from_json
from newsletter.core.digests.typography import short_name
from newsletter.core.digests.weeks import Week, parse_week, week_of
from newsletter.mail.cards import LONGEST_NAME
from newsletter.models import Paper, Topic, TopicWeek
from newsletter.pipeline.compose.periods import Gathers
from newsletter.pipeline.weeks import counts_by_week
from newsletter.web.cards import Card, cards_of
from newsletter.web.exporting import notice_of_models
from newsletter.web.jinja import day_and_month
from newsletter.web.pages import current_language, page
from newsletter.web.query_words import query_in_words
from newsletter.web.rendered import dont_keep, rendered_once
from newsletter.web.slugs import follows_former_slugs, public_topic
from newsletter.web.weeks import (
    WeekContents,
    contents_of,
    near_topics,
    week_in_words,
    what_came_later,
)

PAPERS_A_PAGE = 60
WEEKS_SHOWN = 12
"""As bars; older ones are folded."""
TWO_WEEKS = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class TrendShown:
    trend: Trend
    papers: list[tuple[str, str]]
    """Address and short name of each."""


@dataclass(frozen=True, slots=True)
class Trends:
    """What rose in the last week that was counted, or why nothing is said."""

    week: Week
    rose: list[TrendShown]
    weeks: int
    """With how many weeks before it was compared."""

    @property
    def is_known(self) -> bool:
        return self.weeks >= WEEKS


def page_number(request: HttpRequest) -> str | None:
    number = request.GET.get("page", "1")
    return number if re.fullmatch("[1-9][0-9]{0,2}", number) else None


@require_safe
@follows_former_slugs
@rendered_once(page_number)
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the newest week that has papers. Private topics answer 404."""
    found, now = public_topic(slug), timezone.now()
    counts = counts_by_week(found, now=now)
    newest = next((week for week, count in counts.items() if count), None)
    if newest is None:
        known = Gathers.until(now)
        is_known = not (known.ignorance_since(now - TWO_WEEKS) or known.failed or known.doubtful)
        # What is known depends on the time.
        return dont_keep(_show(request, found, counts=counts, week=None, is_known=is_known))
    return _show(request, found, counts=counts, week=newest)


@require_safe
@follows_former_slugs
@rendered_once(page_number)
def topic_week(request: HttpRequest, slug: str, week: str) -> HttpResponse:
    """Show one week. Weeks before the topic's first paper, and those to come, answer 404."""
    found, asked = public_topic(slug), parse_week(week)
    counts = counts_by_week(found, now=timezone.now())
    if asked not in counts:
        return _unknown(request, found, week=week, counts=counts)
    return _show(request, found, counts=counts, week=asked, is_own_page=True)


def _unknown(request: HttpRequest, found: Topic, *, week: str, counts: dict[Week, int]) -> HttpResponse:
    return page(
        request,
        template="week-unknown.html",
        status=404,
        slug=found.slug,
        name=found.name_in(current_language()),
        asked=week,
        is_to_come=bool((asked := parse_week(week)) and asked > week_of(timezone.now())),
        first=min(counts, default=None),
        newest=max(counts, default=None),
        week_in_words=week_in_words,
    )


def _show(
    request: HttpRequest,
    found: Topic,
    *,
    counts: dict[Week, int],
    week: Week | None,
    is_own_page: bool = False,
    is_known: bool = True,
) -> HttpResponse:
    language = current_language()
    contents = contents_of(found, week, now=timezone.now()) if week else None
    shown = Paginator(contents.papers if contents else (), PAPERS_A_PAGE).get_page(request.GET.get("page"))
    with override(language):
        papers: dict[str, Any] = _papers(contents, shown, language=language)
        response = page(
            request,
            template="topic.html",
            topic=found,
            name=found.name_in(language),
            group=found.group_in(language),
            in_words=query_in_words(found.query),
            slug=found.slug,
            is_own_page=is_own_page,
            is_known=is_known,
            week=week,
            place=list(counts).index(week) if week else 0,
            contents=contents,
            shown=shown,
            path=reverse("topic_week", kwargs={"slug": found.slug, "week": str(week)}) if week else "",
            weeks=_bars(found, counts, shown=week),
            weeks_shown=WEEKS_SHOWN,
            counts=counts,
            week_in_words=week_in_words,
            near=near_topics(contents, language=language) if contents else [],
            trends=_trends(found, until=week) if week else None,
            notice=notice_of_models(
                has_any=any(card.said and not card.said.is_quoted for card, _ in papers["summarised"])
            ),
            query_changed=bool(contents and contents.has_another_query),
            **papers,
        )
    is_one_of_them = page_number(request) == str(shown.number)
    keeps = is_one_of_them and (contents is None or contents.knows_all_changes)
    return response if keeps else dont_keep(response)


def _papers(
    contents: WeekContents | None, shown: Page[int], *, language: str
) -> dict[str, list[tuple[Card, list[str]]]]:
    """Return those of one page with what came later: as lead and lines, and by title."""
    if contents is None:
        return {"summarised": [], "listed": []}
    rows = Paper.objects.in_bulk(list(shown.object_list))
    papers = [rows[pk] for pk in shown.object_list if pk in rows]
    notes = what_came_later(contents, papers, language=language)
    cards = [
        (card, notes.get(paper.pk, []), paper)
        for paper, card in zip(papers, cards_of(papers, language=language), strict=True)
    ]
    return {
        "summarised": [(card, said) for card, said, paper in cards if card.said and not paper.is_withdrawn],
        "listed": [(card, said) for card, said, paper in cards if not card.said or paper.is_withdrawn],
    }


def _bars(found: Topic, counts: dict[Week, int], *, shown: Week | None) -> list[tuple[str, str | None, int]]:
    """Return (day, address, papers) of each week, newest first; the years of others than this are named."""
    this_year = week_of(timezone.now()).starts_on.year
    return [
        (
            day_and_month(week.starts_on)
            if week.starts_on.year == this_year
            else f"{week.starts_on:%Y-%m-%d}",
            reverse("topic_week", kwargs={"slug": found.slug, "week": str(week)}) if week != shown else None,
            count,
        )
        for week, count in counts.items()
    ]


def _trends(found: Topic, *, until: Week) -> Trends | None:
    """Return what rose in ``until``, or in the last week before it that was counted."""
    rows = TopicWeek.objects.filter(topic=found, starts_on__lte=until.starts_on, trends__isnull=False)
    row = rows.order_by("-starts_on").first()
    if row is None or row.trends is None:
        return None
    rose = trends_from_json(row.trends)
    papers = Paper.objects.in_bulk({pk for trend in rose for pk in trend.papers}) if rose else {}
    return Trends(
        week=row.week,
        weeks=row.trends["weeks"],
        rose=[
            TrendShown(trend, [_named(papers[pk]) for pk in trend.papers if pk in papers]) for trend in rose
        ],
    )


def _named(paper: Paper) -> tuple[str, str]:
    address = reverse("paper", kwargs={"arxiv_id": paper.arxiv_id})
    return address, short_name(paper.title, limit=LONGEST_NAME)
