"""A reader's papers to take along: CSV for spreadsheets, Markdown for notes (Obsidian, Notion)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from newsletter.core.arxiv.links import abstract_url, page_url, pdf_url
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.markdown import as_text, front_matter
from newsletter.mail.cards import text_of
from newsletter.models import Paper, PaperFeedback, Subscriber
from newsletter.subscribers.csv_files import written_csv
from newsletter.subscribers.taste.listing import Shelf, kept_papers
from newsletter.web.cards import cards_of
from newsletter.web.jinja import month

FORMS = {"csv": "text/csv", "md": "text/markdown"}
"""Ending → media type."""
COLUMNS = (
    *("arxiv_id", "version", "title", "authors", "categories", "published", "doi", "journal_ref"),
    *("finding", "note", "verdict", "saved", "url", "pdf"),
)
CHUNK = 500


@dataclass(frozen=True, slots=True)
class KeptPaper:
    row: PaperFeedback
    paper: PaperRecord
    """As arXiv describes it now, where we have it."""
    finding: str
    """Empty where no summary is there."""
    is_here: bool
    """It was gathered, so it has a page."""


def exported(subscriber: Subscriber, form: str, *, shelf: Shelf | None, now: datetime) -> str:
    """Return the papers of one list, or all that were saved and liked, the newest first."""
    papers = list(_kept(kept_papers(subscriber, shelf)))
    if form == "csv":
        return written_csv([_csv_row(each) for each in papers], columns=COLUMNS)
    return "\n\n".join(_markdown(papers, subscriber=subscriber, now=now)) + "\n"


def _kept(rows: list[PaperFeedback]) -> Iterator[KeptPaper]:
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        papers = list(Paper.objects.filter(arxiv_id__in=[row.arxiv_id for row in some]))
        cards = {card.paper.arxiv_id: card for card in cards_of(papers)}
        for row in some:
            card = cards.get(row.arxiv_id)
            said = text_of(card.said.finding) if card and card.said else ""
            yield KeptPaper(row, card.paper if card else row.record, said, is_here=card is not None)


def _csv_row(kept: KeptPaper) -> dict[str, str]:
    row, paper = kept.row, kept.paper
    return {
        "arxiv_id": paper.arxiv_id,
        "version": str(paper.version),
        "title": paper.title,
        "authors": "; ".join(paper.authors),
        "categories": " ".join(paper.categories),
        "published": f"{paper.published_at:%Y-%m-%d}",
        "doi": paper.doi,
        "journal_ref": paper.journal_ref,
        "finding": kept.finding,
        "note": row.note,
        "verdict": row.verdict,
        "saved": f"{row.saved_at:%Y-%m-%d}" if row.saved_at else "",
        "url": abstract_url(paper),
        "pdf": pdf_url(paper),
    }


def _markdown(papers: list[KeptPaper], *, subscriber: Subscriber, now: datetime) -> Iterator[str]:
    title = gettext("Saved papers")
    yield front_matter({"title": title, "date": f"{now:%Y-%m-%d}", "tags": ["arxiv"]})
    yield f"# {as_text(title)}"
    latest = ""
    for kept in papers:
        at = timezone.localtime(kept.row.saved_at or kept.row.at, subscriber.zone)
        if (heading := month(at)) != latest:
            yield f"## {as_text(heading)}"
            latest = heading
        yield from _entry(kept, saved_on=f"{at:%Y-%m-%d}")


def _entry(kept: KeptPaper, *, saved_on: str) -> Iterator[str]:
    paper = kept.paper
    yield f"### [{as_text(paper.title)}](<{abstract_url(paper)}>)"
    page = page_url(paper, base_url=settings.CONFIG.base_url)
    lines = {
        gettext("Authors"): as_text(", ".join(paper.authors)),
        "arXiv": f"{paper.versioned_id}, {as_text(', '.join(paper.categories))}",
        gettext("Published"): as_text(paper.journal_ref),
        gettext("Saved"): saved_on if kept.row.saved_at else "",
        "PDF": f"<{pdf_url(paper)}>",
        gettext("Quotes and figures"): f"<{page}>" if kept.is_here else "",
    }
    yield "\n".join(f"- **{name}**: {value}" for name, value in lines.items() if value)
    if kept.finding:
        yield as_text(kept.finding)
    if kept.row.note:
        yield f"> {as_text(kept.row.note)}"
