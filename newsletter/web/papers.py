"""A paper's page: what it claims, and the words of its abstract that carry each claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from newsletter.core.arxiv.embedded import coins, meta_tags
from newsletter.core.arxiv.figures import licence_name
from newsletter.core.arxiv.links import abstract_url, code_url, html_url, other_urls, pdf_url, project_url
from newsletter.core.arxiv.papers import ArxivId, PaperRecord, parse_id
from newsletter.core.digests.weeks import week_of
from newsletter.mail.cards import venue_of
from newsletter.models import Paper
from newsletter.pipeline.summarize.figures import read_of
from newsletter.web.citations import reading_of
from newsletter.web.history import history_of, matched_topics
from newsletter.web.near import cards_of_close, closest
from newsletter.web.pages import current_language, page, public_url
from newsletter.web.rendered import dont_keep, rendered_once, shows
from newsletter.web.reports import report_form
from newsletter.web.share_image import has_image
from newsletter.web.weeks import week_in_words


@dataclass(frozen=True, slots=True)
class FeedbackLink:
    """To a page that saves the paper, or asks for more or less like it."""

    url: str
    words: str
    is_done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What the page has for who opened it by a link of a digest."""

    feedback: tuple[FeedbackLink, ...] = ()
    follow_url: str = field(default_factory=lambda: reverse("home"))
    """Where an author can be followed."""
    save_url: Callable[[int, str], str] = lambda _paper, _arxiv_id: ""
    """Where a paper close to this one can be saved, by its key and id; empty for one without a link."""
    save_words: str = ""


AUTHORS_AT_ONCE = 12
MOST_LINKS = 20
"""Addresses found in the text."""
LONGEST_ID = 200


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Lead from ``?id=``, an id or address in any form, to the paper's page."""
    given = request.GET.get("id", "")[:LONGEST_ID].strip()
    if not given:
        return redirect("home")
    asked = parse_id(given)
    found = find_paper(asked)
    if found is None:
        return unknown_paper(request, asked=asked)
    return redirect("paper", arxiv_id=str(asked))


def _beside(arxiv_id: str) -> list[int]:
    found = find_paper(parse_id(arxiv_id))
    return closest(found) if found else []


@require_safe
@rendered_once(beside=_beside)
def paper(request: HttpRequest, arxiv_id: str) -> HttpResponse:
    """Show a paper under its id without version; redirect other forms of the id.

    Under an earlier version, or one that is not known here, the page says so.
    """
    asked = parse_id(arxiv_id)
    found = find_paper(asked)
    if asked is None or found is None:
        return unknown_paper(request, asked=asked)
    other = asked.version if asked.version not in (None, found.version) else None
    wanted = f"{found.arxiv_id}v{other}" if other else found.arxiv_id
    if arxiv_id != wanted:
        return redirect("paper", arxiv_id=wanted)
    response = show_paper(request, found, language=current_language(), asked_version=other)
    return dont_keep(response) if other else response


def show_paper(
    request: HttpRequest,
    found: Paper,
    *,
    language: str,
    reader: Reader | None = None,
    asked_version: int | None = None,
) -> HttpResponse:
    """Show it to everyone, or to a ``reader`` who has a link of a digest."""
    record = found.record
    topics = matched_topics(found, language=language)
    with translation.override(language):
        reading = reading_of(found, language=language)
        report = report_form(found, reading)
        history = history_of(found, reading=reading, topics=topics, language=language)
    details, figures = read_of(found)
    close = closest(found)
    url = public_url("paper", arxiv_id=record.arxiv_id)
    is_public = reader is None
    response = page(
        request,
        template="paper.html",
        language=language,
        canonical=url if is_public else "",
        reader=reader or Reader(),
        is_public=is_public,
        paper=record,
        asked_version=asked_version,
        asked_url=f"https://arxiv.org/abs/{record.arxiv_id}v{asked_version}",
        reading=reading,
        report=report,
        days=[(day, list(each)) for day, each in groupby(history, lambda each: timezone.localdate(each.at))],
        topics=topics,
        week=week_of(found.first_seen_at),
        week_in_words=week_in_words,
        near=[
            (card, reader.save_url(key, card.paper.arxiv_id) if reader else "")
            for key, card in cards_of_close(close, language=language)
        ],
        links=_links(record),
        venue=venue_of(record),
        details=details,
        other_links=other_urls(details.links, paper=record)[:MOST_LINKS],
        figures=figures,
        licence_name=licence_name,
        authors_at_once=AUTHORS_AT_ONCE,
        tags=list(meta_tags(record)) if is_public else (),
        coins=coins(record),
        image=f"{url}card.png" if is_public and has_image(record) else "",
    )
    return shows(response, close)


def find_paper(asked: ArxivId | None) -> Paper | None:
    return Paper.objects.filter(arxiv_id=asked.base).first() if asked else None


def _links(record: PaperRecord) -> dict[str, str]:
    """Return the URLs, empty ones included."""
    return {
        "abs": abstract_url(record),
        "pdf": pdf_url(record),
        "html": html_url(record),
        "code": code_url(record),
        "project": project_url(record),
    }


def unknown_paper(request: HttpRequest, *, asked: ArxivId | None) -> HttpResponse:
    return page(request, template="paper-unknown.html", status=404, asked=str(asked or ""))
