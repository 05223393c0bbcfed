"""The sitemap (sitemaps.org 0.9): an index, and pages of addresses, section by section."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template import loader
from django.views.decorators.http import require_safe

from newsletter.audience.topics import public_topics
from newsletter.core.digests.weeks import Week
from newsletter.models import Summary, TopicWeek
from newsletter.web.pages import public_url
from newsletter.web.rendered import kept_value, rendered_once

ON_A_PAGE = 2_000
"""Of 50,000 that are allowed: a page is kept compressed, in at most 64 KB."""


@dataclass(frozen=True, slots=True)
class Entry:
    url: str
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Addresses of one kind: how many there are, and those from ``start`` up to ``end``."""

    number: Callable[[], int]
    entries: Callable[[int, int], Iterable[Entry]]


@require_safe
@rendered_once()
def index(request: HttpRequest) -> HttpResponse:
    pages = [
        public_url("sitemap_section", section=name, number=number)
        for name, found in SECTIONS.items()
        for number in range(1, _pages(name, found) + 1)
    ]
    return _xml(request, "sitemap-index.xml", pages=pages)


@require_safe
@rendered_once()
def section(request: HttpRequest, section: str, number: int) -> HttpResponse:
    found = SECTIONS.get(section)
    if found is None or not 1 <= number <= _pages(section, found):
        raise Http404
    start = (number - 1) * ON_A_PAGE
    return _xml(request, "sitemap.xml", entries=list(found.entries(start, start + ON_A_PAGE)))


def _pages(name: str, found: Section) -> int:
    return -(-kept_value(f"sitemap-{name}", found.number) // ON_A_PAGE)


def _xml(request: HttpRequest, template: str, **values: object) -> HttpResponse:
    content = loader.render_to_string(template, values, request, using="jinja2")
    return HttpResponse(content, content_type="application/xml; charset=utf-8")


def _own_pages(start: int, end: int) -> Iterator[Entry]:
    yield from [Entry(public_url(name)) for name in _OWN][start:end]


_OWN = ("home", "topics", "about", "privacy")


def _topics(start: int, end: int) -> Iterator[Entry]:
    for slug in public_topics().order_by("pk").values_list("slug", flat=True)[start:end]:
        yield Entry(public_url("topic", slug=slug))


def _weeks(start: int, end: int) -> Iterator[Entry]:
    rows = _weeks_with_papers().order_by("pk").values_list("topic__slug", "starts_on")
    for slug, starts_on in rows[start:end]:
        yield Entry(public_url("topic_week", slug=slug, week=str(Week(starts_on))))


def _weeks_with_papers() -> QuerySet[TopicWeek]:
    return TopicWeek.objects.filter(topic__in=public_topics(), count__gt=0)


def _papers(start: int, end: int) -> Iterator[Entry]:
    """Yield papers of which a summary is shown: other pages hold no more than arXiv's."""
    rows = Summary.objects.shown().values("paper__arxiv_id", "paper__updated_at")
    for row in rows.annotate(at=Max("written_at")).order_by("paper_id")[start:end]:
        changed = max(filter(None, (row["paper__updated_at"], row["at"])))
        yield Entry(public_url("paper", arxiv_id=row["paper__arxiv_id"]), changed)


def _number_of_papers() -> int:
    return Summary.objects.shown().values("paper").distinct().count()


SECTIONS = {
    "pages": Section(lambda: len(_OWN), _own_pages),
    "topics": Section(lambda: public_topics().count(), _topics),
    "weeks": Section(lambda: _weeks_with_papers().count(), _weeks),
    "papers": Section(_number_of_papers, _papers),
}
"""By the name in their addresses. A new summary shows here with the next papers, or after ten minutes."""
