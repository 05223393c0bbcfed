"""A paper as lists of the pages show it: as the lead, as a line or by title (``_cards.html``).

What is said of a paper, and which words of it are marked, is the mail's rule (``mail/cards.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.urls import reverse

from newsletter.core.arxiv.links import pdf_url
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.languages import tag
from newsletter.core.digests.typography import ends_line, short_name
from newsletter.core.summaries.marks import made_next
from newsletter.core.summaries.summary import Summary, Voice
from newsletter.mail.cards import (
    LONGEST_NAME,
    MOST_TAKEAWAYS,
    Runs,
    finding_of,
    quote_of,
    takeaways_of,
    venue_of,
)
from newsletter.mail.words import words_for
from newsletter.models import Paper
from newsletter.web.pages import current_language
from newsletter.web.summaries import summaries_of


@dataclass(frozen=True, slots=True)
class Said:
    """What a list says of a paper, in runs (``mail.cards.Runs``)."""

    lang: str
    """BCP 47, of finding and takeaways. The quote is in the paper's own language."""
    is_quoted: bool
    """Finding and takeaways are the authors' own sentences."""
    finding: Runs
    quote: Runs
    where: str
    """Where the quote stands; empty for the abstract."""
    takeaways: tuple[Runs, ...]


@dataclass(frozen=True, slots=True)
class Card:
    paper: PaperRecord
    authors: tuple[str, str]
    """First and last as printed, and what the page adds: how many there are."""
    said: Said | None
    """None: nobody has asked for a summary yet, or it was taken down."""

    @property
    def name(self) -> str:
        """A short name of the paper."""
        return short_name(self.paper.title, limit=LONGEST_NAME)

    @property
    def venue(self) -> str:
        return venue_of(self.paper)

    @property
    def url(self) -> str:
        return _url_of(self.paper.arxiv_id)

    @property
    def pdf_url(self) -> str:
        return pdf_url(self.paper)


@lru_cache(maxsize=8192)
def _url_of(arxiv_id: str) -> str:
    return reverse("paper", kwargs={"arxiv_id": arxiv_id})


def cards_of(papers: Sequence[Paper], *, language: str | None = None) -> list[Card]:
    """Return a card of each paper, in the same order, for any number of papers with one query."""
    language = language or current_language()
    written = summaries_of(papers, language=language)
    return [
        card_of(
            paper.record,
            found.content if (found := written.get(paper.pk)) else None,
            language=language,
            said_in=found.row.language if found else "",
        )
        for paper in papers
    ]


def card_of(paper: PaperRecord, summary: Summary | None, *, language: str, said_in: str) -> Card:
    """Return the card of a paper on a page in ``language``; its summary is in ``said_in``."""
    words = words_for(language)
    return Card(
        paper=paper,
        authors=words.authors(ends_line(paper.authors)),
        said=_said(paper, summary, language=language, said_in=said_in) if summary else None,
    )


def _said(paper: PaperRecord, summary: Summary, *, language: str, said_in: str) -> Said:
    summary = made_next(summary)
    is_quoted = summary.voice is Voice.AUTHORS
    evidence = () if is_quoted else summary.headline.evidence[:1]
    return Said(
        lang=tag(said_in),
        is_quoted=is_quoted,
        finding=finding_of(summary, said_in, paper=paper),
        quote=quote_of(evidence[0]) if evidence else (),
        where=words_for(language).where(evidence[0].where) if evidence else "",
        takeaways=takeaways_of(summary, said_in, most=MOST_TAKEAWAYS),
    )
