"""The mail's own words: one class a language, because whole sentences differ, not only their words.

The classes stand with their languages (``languages``). Nothing in them knows of HTML. Sentences that name the
reader hold placeholders (``core.digests.message``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Protocol

from newsletter.core.arxiv.figures import ShownFigure
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.revisions import Revision
from newsletter.core.digests.digest import CardWhy, Digest, Learned
from newsletter.core.digests.typography import AuthorLine
from newsletter.core.summaries.paper_kinds import PaperKind, Part
from newsletter.core.summaries.summary import DetailLevel
from newsletter.languages import module_of

Writer = tuple[str, tuple[date, ...]]
"""A model, and the days on which it wrote."""


class Words(Protocol):
    """The words of one language."""

    lang: str
    """BCP 47."""
    labels: Mapping[str, str]
    """Fixed labels: links, headings, constant sentences."""

    def service(self, name: str) -> str:
        """Return the service's name; its default one is translated."""
        ...

    def period(self, digest: Digest) -> str: ...
    def subject(self, *, title: str, more: int, is_short: bool) -> tuple[str, str]:
        """Return what the subject says of the best paper, to be cut, and what follows it."""
        ...

    def quiet_subject(self, digest: Digest, *, topics: Sequence[str]) -> str: ...
    def first_of(self, number: int) -> str: ...
    def front(self, number: int) -> str:
        """Return the heading above ``number`` lines."""
        ...

    def share(self, shown: int, total: int) -> tuple[str, str, str]:
        """Return what stands before the total, the total, and what stands after it."""
        ...

    def statistic(self, digest: Digest, *, in_full: int, is_last: bool) -> str:
        """Return how many papers matched and where they are: ``in_full`` have a card, below it or above."""
        ...

    def asides(self, digest: Digest) -> tuple[str, ...]:
        """Return what else is to be said of the period and of the mail's size."""
        ...

    def shortfall(self, number: int, *, lacks: DetailLevel | None, reason: str) -> str:
        """Say of how many papers there is no ``lacks``, or without one no model's summary, and why."""
        ...

    def not_complete(self, digest: Digest) -> str:
        """Say what may be missing; empty where nothing is."""
        ...

    def quiet(self, digest: Digest, *, topics: Sequence[str]) -> tuple[str, str]:
        """Return what a digest without papers says first, and what was compared."""
        ...

    def authors(self, line: AuthorLine) -> tuple[str, str]:
        """Return the names as printed, and what we add to them."""
        ...

    def where(self, place: str) -> str:
        """Return where a quote stands; nothing for the abstract, where most stand."""
        ...

    def figure(self, number: str) -> str:
        """Return what a figure is called."""
        ...

    def credit(self, figure: ShownFigure, *, paper: PaperRecord) -> str:
        """Name figure, paper, authors and licence, and that it was changed (CC BY 4.0 §3(a)(1)(B))."""
        ...

    def head(self, part: Part, *, kind: PaperKind) -> str:
        """Return what a part of a reading is called for this kind of paper."""
        ...

    def withheld(self, number: int) -> str: ...
    def why_chosen(self, why: CardWhy) -> str:
        """Return the line that says why a paper was chosen."""
        ...

    def happened(self, revision: Revision) -> str:
        """Return what happened to a paper, without a full stop."""
        ...

    def learned(self, learned: Learned) -> str:
        """Say what the reader's acts changed; a link to undo it follows."""
        ...

    def and_more(self, number: int) -> str: ...
    def who_wrote(self, writers: Sequence[Writer], *, claims: int, withheld: int, in_words: bool) -> str:
        """Say whose the sentences are, and how many claims were checked: their wording where ``in_words``."""
        ...

    def cadence(self, digest: Digest) -> str: ...
    def day(self, day: date) -> str: ...
    def why(self, digest: Digest) -> tuple[str, ...]:
        """Return, in lines, why the reader gets this; with placeholders for cadence, email and day."""
        ...


@cache
def words_for(language: str) -> Words:
    """Return the words of ``language``; English for one that the mail does not speak."""
    words: Words = module_of(language.lower(), "mail").MailWords()
    return words
