"""What has become of a paper, day by day: arXiv's versions, and what this service did with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from newsletter.audience.topics import public_topics
from newsletter.core.digests.digest import NoticeKind
from newsletter.mail.words import words_for
from newsletter.models import DigestNotice, Match, Paper
from newsletter.web.citations import Reading


@dataclass(frozen=True, slots=True)
class Happened:
    at: datetime
    words: str
    topics: tuple[tuple[str, str], ...] = ()
    """Slug and name, after the words."""
    url: str = ""


def matched_topics(paper: Paper, *, language: str) -> list[tuple[str, str, datetime]]:
    """Return slug, name, and since when, of the public topics that it matched, the earliest first."""
    matches = Match.objects.filter(paper=paper, topic__in=public_topics()).select_related("topic")
    return [
        (each.topic.slug, each.topic.name_in(language), each.created_at)
        for each in matches.order_by("created_at", "pk")
    ]


def history_of(
    paper: Paper, *, reading: Reading, topics: Sequence[tuple[str, str, datetime]], language: str
) -> list[Happened]:
    """Return it in the order of time. Words are in the current language."""
    found = [*_versions(paper), *_summaries(reading), *_told(paper, language=language)]
    found += [
        Happened(row.found_at, words_for(language).happened(row.value))
        for row in paper.revisions.order_by("found_at", "pk")
    ]
    by_day: dict[datetime, list[tuple[str, str]]] = {}
    for slug, name, at in topics:
        by_day.setdefault(at, []).append((slug, name))
    found += [Happened(at, gettext("matched:"), tuple(names)) for at, names in by_day.items()]
    return sorted(found, key=lambda each: each.at)


def _versions(paper: Paper) -> Iterator[Happened]:
    yield Happened(paper.published_at, gettext("v1 on arXiv"))
    if paper.version > 1:
        yield Happened(paper.updated_at, gettext("v%(number)s on arXiv") % {"number": paper.version})


def _summaries(reading: Reading) -> Iterator[Happened]:
    written = [each.written_at for each in reading.summaries if each.is_model and each.written_at]
    if written:
        yield Happened(min(written), gettext("summarised"))
    if reading.taken_down_at:
        yield Happened(reading.taken_down_at, gettext("a summary taken down, after a mistake was reported"))


def _told(paper: Paper, *, language: str) -> Iterator[Happened]:
    """Yield the corrections that readers were told of."""
    for row in DigestNotice.objects.filter(paper=paper, kind=NoticeKind.CORRECTION).order_by("published_at"):
        notice = row.in_language(language)
        yield Happened(
            row.published_at, gettext("corrected: %(text)s") % {"text": notice.text}, url=notice.url
        )
