"""A topic's week as pages and exports show it: its papers in order, and what came after the week."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Max, Min, Q
from django.db.models.functions import Coalesce
from django.utils import formats
from django.utils.translation import gettext

from newsletter.audience.topics import public_topics
from newsletter.core.digests.digest import NoticeKind
from newsletter.core.digests.weeks import Week, week_of
from newsletter.mail.words import words_for
from newsletter.models import DigestNotice, Match, Paper, PaperRevision, Topic, TopicWeek
from newsletter.pipeline.weeks import papers_of_week, query_key
from newsletter.web.jinja import day, day_and_month

MOST_NEAR = 2
OWN = timedelta(days=2)
"""A summary written so soon after the week is the week's own: most digests of a week are sent on a Monday."""


@dataclass(frozen=True, slots=True)
class WeekContents:
    topic: Topic
    week: Week
    papers: tuple[int, ...]
    """Ids: the summarised ones, best first, those summarised later last; then the others by title."""
    summarised: int
    late: frozenset[int]
    """Summarised after the week."""
    rewritten: frozenset[int]
    """Summarised in the week, and anew after it."""
    is_over: bool
    stored: TopicWeek | None
    """Where the week's list is stored."""

    @property
    def has_another_query(self) -> bool:
        """Whether the topic's query has changed since the week."""
        return self.stored is not None and self.stored.query_key != query_key(self.topic)

    @property
    def knows_all_changes(self) -> bool:
        """Whether every paper is a match of the topic: then a change of one moves the topic's version."""
        if self.stored is None:
            return True
        return Match.objects.filter(topic=self.topic, paper__in=self.papers).count() == len(self.papers)


def contents_of(topic: Topic, week: Week, *, now: datetime) -> WeekContents:
    found = papers_of_week(topic, week, is_over=week < week_of(now))
    rows = {row[0]: row for row in _rows(found.papers)}
    written = {pk: at for pk in found.papers if pk in rows and (at := rows[pk][2])}
    is_over = week < week_of(now)
    late = frozenset(pk for pk, at in written.items() if is_over and at >= week.ends_at + OWN)
    anew = (pk for pk in written if is_over and (rows[pk][3] or week.begins_at) >= week.ends_at + OWN)
    by_title = sorted(rows.keys() - written.keys(), key=lambda pk: (rows[pk][1].casefold(), pk))
    return WeekContents(
        topic=topic,
        week=week,
        papers=(*(pk for pk in written if pk not in late), *(pk for pk in written if pk in late), *by_title),
        summarised=len(written),
        late=late,
        rewritten=frozenset(anew) - late,
        is_over=is_over,
        stored=found.stored,
    )


def week_in_words(week: Week) -> str:
    """Return its days: "15 to 21 June 2026"."""
    first, last = week.starts_on, week.ends_on
    if first.month != last.month:
        return gettext("%(first)s to %(last)s") % {"first": day_and_month(first), "last": day(last)}
    return gettext("%(first_day)s to %(last_day)s %(month)s %(year)s") % {
        "first_day": first.day,
        "last_day": last.day,
        # Translators: Django's date format, the month
        "month": formats.date_format(last, gettext("F")),
        "year": last.year,
    }


def what_came_later(
    contents: WeekContents, papers: Sequence[Paper], *, language: str
) -> dict[int, list[str]]:
    """Return what is to be said of papers beside the list of a week that is over; empty where nothing is."""
    notes: dict[int, list[str]] = {}
    for paper in papers:
        if paper.is_withdrawn:
            notes.setdefault(paper.pk, []).append(gettext("Withdrawn."))
        if paper.pk in contents.late:
            notes.setdefault(paper.pk, []).append(gettext("Summarised after the week."))
        if paper.pk in contents.rewritten:
            notes.setdefault(paper.pk, []).append(gettext("The summary was written anew after the week."))
    if not contents.is_over:
        return notes
    for pk, at, words in (*_corrections(contents, papers, language), *_revisions(contents, papers, language)):
        notes.setdefault(pk, []).append(f"{day(at)}: {words}")
    return notes


def near_topics(contents: WeekContents, *, language: str) -> list[tuple[str, str, int]]:
    """Return the two other public topics that share most papers of the week: slug, name, how many."""
    topics = public_topics().filter(matches__paper__in=contents.papers).exclude(pk=contents.topic.pk)
    shared = topics.annotate(shared=Count("matches")).order_by("-shared", "slug")[:MOST_NEAR]
    return [(each.slug, each.name_in(language), each.shared) for each in shared]


def _rows(papers: Sequence[int]) -> Iterator[tuple[int, str, datetime | None, datetime | None]]:
    """Yield (paper, title, when the first and the last summary was written that may be shown now)."""
    shown = Q(
        summaries__content__isnull=False,
        summaries__withheld_at__isnull=True,
        summaries__paper_version=F("version"),
        is_withdrawn=False,
    )
    first = Coalesce("summaries__first_written_at", "summaries__written_at")
    rows = Paper.objects.filter(pk__in=papers).values_list("pk", "title")
    yield from rows.annotate(first=Min(first, filter=shown), last=Max("summaries__written_at", filter=shown))


def _corrections(
    contents: WeekContents, papers: Sequence[Paper], language: str
) -> Iterator[tuple[int, datetime, str]]:
    rows = DigestNotice.objects.filter(
        paper__in=papers, kind=NoticeKind.CORRECTION.value, published_at__gte=contents.week.ends_at
    )
    for row in rows.order_by("published_at"):
        if row.paper_id is not None:
            yield row.paper_id, row.published_at, row.in_language(language).text


def _revisions(
    contents: WeekContents, papers: Sequence[Paper], language: str
) -> Iterator[tuple[int, datetime, str]]:
    rows = PaperRevision.objects.filter(paper__in=papers, found_at__gte=contents.week.ends_at)
    for row in rows.order_by("found_at"):
        yield row.paper_id, row.found_at, words_for(language).happened(row.value)
