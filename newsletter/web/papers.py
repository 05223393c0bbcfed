"""A paper's page: metadata, summaries, and quotes in the abstract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.http import require_safe

from newsletter.audience.topics import public_topics
from newsletter.core.arxiv.links import abstract_url, code_url, html_url, other_urls, pdf_url, project_url
from newsletter.core.arxiv.papers import ArxivId, PaperRecord, parse_id
from newsletter.mail.words import words_for
from newsletter.models import Paper, PaperRevision, Topic
from newsletter.pipeline.summarize.figures import read_of
from newsletter.web.citations import reading_of
from newsletter.web.pages import current_language, page
from newsletter.web.rendered import rendered_once
from newsletter.web.reports import report_form


@dataclass(frozen=True, slots=True)
class FeedbackLink:
    """To a page that saves the paper, or asks for more or less like it."""

    url: str
    words: str
    is_done: bool


AUTHORS_AT_ONCE = 30
MOST_LINKS = 20
"""Addresses found in the text."""


@require_safe
@rendered_once()
def paper(request: HttpRequest, arxiv_id: str) -> HttpResponse:
    """Show a paper under its id without version; redirect other forms of the id."""
    asked = parse_id(arxiv_id)
    found = Paper.objects.filter(arxiv_id=asked.base).first() if asked else None
    if found is None:
        return _unknown(request, asked=asked)
    if arxiv_id != found.arxiv_id:
        return redirect("paper", arxiv_id=found.arxiv_id)
    return show_paper(request, found, language=current_language())


def show_paper(
    request: HttpRequest, found: Paper, *, language: str, feedback: Sequence[FeedbackLink] = ()
) -> HttpResponse:
    """Show it to everyone, or with ``feedback`` to whoever has a link of a digest."""
    record = found.record
    with translation.override(language):
        reading = reading_of(found, language=language)
        report = report_form(found, reading)
    details, figures = read_of(found)
    return page(
        request,
        template="paper.html",
        language=language,
        feedback=feedback,
        paper=record,
        reading=reading,
        report=report,
        changes=[(row.found_at, words_for(language).happened(row.value)) for row in _revisions(found)],
        topics=[(topic.slug, topic.name_in(language)) for topic in _topics(found)],
        links=_links(record),
        details=details,
        other_links=other_urls(details.links, paper=record)[:MOST_LINKS],
        figures=figures,
        words=words_for(language),
        authors_at_once=AUTHORS_AT_ONCE,
    )


def _links(record: PaperRecord) -> dict[str, str]:
    """Return the URLs, empty ones included."""
    return {
        "abs": abstract_url(record),
        "pdf": pdf_url(record),
        "html": html_url(record),
        "code": code_url(record),
        "project": project_url(record),
    }


def _revisions(found: Paper) -> QuerySet[PaperRevision]:
    return found.revisions.order_by("-found_at", "-pk")


def _topics(found: Paper) -> list[Topic]:
    """Return the public topics that it matched."""
    return list(public_topics().filter(matches__paper=found))


def _unknown(request: HttpRequest, *, asked: ArxivId | None) -> HttpResponse:
    return page(request, template="paper-unknown.html", status=404, asked=str(asked or ""))
