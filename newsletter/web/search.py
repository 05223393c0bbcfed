"""The search over everything gathered: plain words or a topic's query, by relevance or newest, in pages.

Results are not kept: each costs an index search and one statement.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import close_old_connections
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from newsletter.adapters import registry
from newsletter.adapters.ports import Hits, PaperIndex
from newsletter.audience.topics import public_topics
from newsletter.core.arxiv.links import pdf_url
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import MAX_LENGTH, Query
from newsletter.core.arxiv.search import Search, read_search
from newsletter.core.digests.typography import AuthorLine, cut, ends_line
from newsletter.errors import BadInput
from newsletter.mail.cards import Runs
from newsletter.mail.words import words_for
from newsletter.models import Paper
from newsletter.pipeline.search_index import IndexKeeper, keep_up_quietly
from newsletter.web.excerpts import Excerpt, MatchedPaper, matched_paper
from newsletter.web.highlighting import Segment
from newsletter.web.pages import current_language, page
from newsletter.web.rendered import dont_keep
from newsletter.web.topics import last_seven_days

ON_A_PAGE = 20
MOST_PAGES = 50
NEAREST = 3
MOST_DROPPED = 5
"""Words that a search without hits is tried without."""
NEAR_PAPERS = 50
"""Of which the topics are counted that are nearest to a search without result."""
MOST_HIT_AUTHORS = 3
MOST_EXCERPTS = 12
"""Among which the best is chosen."""
OPENING = 200
"""Characters of an abstract in which no word was hit."""
RETRY_SECONDS = LOOK_SECONDS = 60
TURNS_A_DAY = 24 * 60
"""Of which one compares every paper: a change that took longer than ``OVERLAP`` to commit may be missing."""


@dataclass(frozen=True, slots=True)
class Result:
    paper: PaperRecord
    url: str
    pdf_url: str
    title: Runs
    authors: tuple[Runs, ...]
    """The first, those that were hit, the last."""
    author_count: str
    """What the page adds: how many there are."""
    snippet: Runs
    is_cut_before: bool
    is_cut_after: bool


@dataclass(frozen=True, slots=True)
class Wider:
    """The same search without its rarest words."""

    url: str
    without: str
    total: int


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show the field, and what was found of ``q``. What cannot or must not be searched for is refused."""
    text = request.GET.get("q", "")
    if not text.strip():
        return _show(request, papers=_index().papers or 0)
    problem, detail, asked = "", "", None
    number = _page_number(request)
    if len(text) > MAX_LENGTH:
        problem = gettext("This is too long to search for: keep it to %(most)s characters.") % {
            "most": f"{MAX_LENGTH:,}"
        }
        text = ""
    elif number is None:
        problem = gettext(
            "Only the first %(most)s results are shown: narrow the search with a category or a date."
        ) % {"most": f"{ON_A_PAGE * MOST_PAGES:,}"}
    else:
        try:
            asked = read_search(text)
            return _answer(request, text, asked, number=number)
        except BadInput as error:
            problem, detail = gettext("This cannot be searched for:"), str(error)
    return _show(request, status=400, text=text, problem=problem, detail=detail)


def _answer(request: HttpRequest, text: str, asked: Search, *, number: int) -> HttpResponse:
    newest_first = request.GET.get("order") == "newest"
    start = (number - 1) * ON_A_PAGE
    hits = _index().search(asked, limit=ON_A_PAGE, offset=start, newest_first=newest_first)
    if hits is None:
        response = _show(request, status=503, text=text)
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response
    values: dict[str, Any] = {"wider": None, "topics": []}
    if not hits.total and asked.query is not None:
        values = {"wider": _wider(asked), "topics": _nearest_topics(asked.any_word)}
    pages = min(-(-hits.total // ON_A_PAGE), MOST_PAGES)
    return _show(
        request,
        text=text,
        papers=hits.papers,
        hits=hits,
        results=_results(hits, asked.query),
        newest_first=newest_first,
        other_order=_url(text, order="" if newest_first else "newest"),
        number=number,
        pages=pages,
        before=_url(text, order=request.GET.get("order", ""), page=number - 1) if number > 1 else "",
        after=_url(text, order=request.GET.get("order", ""), page=number + 1) if number < pages else "",
        follow=f"{reverse('home')}?{urlencode({'query': asked.topic_query})}" if asked.topic_query else "",
        **values,
    )


def _show(request: HttpRequest, *, status: int = 200, text: str = "", **values: Any) -> HttpResponse:
    known: dict[str, Any] = {"papers": 0, "hits": None, "problem": "", "detail": ""}
    response = page(request, template="search.html", status=status, text=text, **(known | values))
    if "q" in request.GET:
        response.headers["X-Robots-Tag"] = "noindex"
    return dont_keep(response)


def _index() -> PaperIndex:
    return registry.paper_index(settings.CONFIG)


def _page_number(request: HttpRequest) -> int | None:
    given = request.GET.get("page", "1")
    if not re.fullmatch(r"[1-9][0-9]{0,2}", given) or int(given) > MOST_PAGES:
        return None
    return int(given)


def _url(text: str, *, order: str = "", page: int = 1) -> str:
    values = (
        {"q": text}
        | ({"order": "newest"} if order == "newest" else {})
        | ({"page": page} if page > 1 else {})
    )
    return f"{reverse('search')}?{urlencode(values)}"


def _results(hits: Hits, query: Query | None) -> list[Result]:
    """Return the papers in order. One that the database has no more is left out."""
    found = Paper.objects.in_bulk(hits.paper_ids)
    return [_result(found[key].record, query) for key in hits.paper_ids if key in found]


def _result(record: PaperRecord, query: Query | None) -> Result:
    matched = matched_paper(record, query=query, most=MOST_EXCERPTS) if query is not None else None
    best = _best(matched) if matched else None
    opening = cut(record.abstract, limit=OPENING)
    ends = ends_line(record.authors)
    return Result(
        paper=record,
        url=reverse("paper", kwargs={"arxiv_id": record.arxiv_id}),
        pdf_url=pdf_url(record),
        title=_runs(matched.title) if matched else ((record.title, ""),),
        authors=_authors(matched, ends, record.authors),
        author_count=words_for(current_language()).authors(ends)[1],
        snippet=_runs(best.parts) if best else ((opening, ""),),
        is_cut_before=bool(best and best.is_cut_before),
        is_cut_after=bool(best and best.is_cut_after),
    )


def _best(matched: MatchedPaper) -> Excerpt | None:
    """Return the excerpt with most different words, first of those that the title does not show already."""
    in_title = _words_hit(matched.title)

    def worth(excerpt: Excerpt) -> tuple[int, int]:
        words = _words_hit(excerpt.parts)
        return len(words - in_title), len(words)

    return max(matched.excerpts, key=worth, default=None)


def _words_hit(parts: Sequence[Segment]) -> set[str]:
    return {part.text.casefold() for part in parts if part.is_highlighted}


def _runs(parts: Sequence[Segment]) -> Runs:
    return tuple((part.text, "b" if part.is_highlighted else "") for part in parts)


def _authors(matched: MatchedPaper | None, ends: AuthorLine, authors: Sequence[str]) -> tuple[Runs, ...]:
    hit = {"".join(part.text for part in name): _runs(name) for name in (matched.authors if matched else ())}
    shown = {*ends.names, *list(hit)[:MOST_HIT_AUTHORS]}
    # A collaboration is named alone, and stands in the order of the others where one of them was hit.
    return tuple(hit.get(name, ((name, ""),)) for name in dict.fromkeys(authors) if name in shown)


def _wider(asked: Search) -> Wider | None:
    """Return the search without as few of its rarest words as it takes to find something."""
    rarest = sorted(asked.words, key=lambda word: _index().count(word.query))
    for number in range(1, min(len(rarest), MOST_DROPPED + 1)):
        text = asked.without(*rarest[:number])
        hits = _index().search(read_search(text), limit=1)
        if hits and hits.total:
            return Wider(_url(text), ", ".join(word.text for word in rarest[:number]), hits.total)
    return None


def _nearest_topics(query: Query | None) -> list[tuple[str, str]]:
    """Return slug and name of the topics that, for their size, matched most papers with any of the words."""
    hits = _index().search(Search(query=query), limit=NEAR_PAPERS) if query is not None else None
    if not hits or not hits.total:
        return []
    near = public_topics().filter(matches__paper__in=hits.paper_ids).annotate(number=Count("pk"))
    language, week = current_language(), last_seven_days().counts
    best = sorted(near, key=lambda topic: (-topic.number / math.sqrt(1 + week.get(topic.pk, 0)), topic.name))
    return [(topic.slug, topic.name_in(language)) for topic in best[:NEAREST]]


def keep_index_up() -> None:
    """Keep this machine's index up, for as long as the process lives: other machines may have gathered."""
    keeper = IndexKeeper(_index())
    for turn in count():
        keep_up_quietly(keeper, is_made=True, is_thorough=turn % TURNS_A_DAY == 0)
        close_old_connections()  # or one that the database ended would be used for ever
        time.sleep(LOOK_SECONDS)
