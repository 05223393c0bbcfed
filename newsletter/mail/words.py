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
    def subject(self, digest: Digest, *, names: Sequence[str]) -> str: ...
    def numeral(self, digest: Digest) -> str: ...
    def opening(self, digest: Digest) -> str:
        """Return the rest of the sentence that the numeral begins."""
        ...

    def account(self, digest: Digest) -> str:
        """Return how many papers are where: summarised + listed + counted + outside = scanned."""
        ...

    def hint(self, digest: Digest) -> str:
        """Return what an empty digest says instead of papers."""
        ...

    def warnings(self, digest: Digest) -> tuple[str, ...]: ...
    def count(self, number: int) -> str: ...
    def authors(self, line: AuthorLine) -> tuple[str, str]:
        """Return the names as printed, and what we add to them."""
        ...

    def meta(self, paper: PaperRecord) -> str: ...
    def where(self, place: str) -> str:
        """Return where a quote stands: ``abstract``, ``title``, or a section."""
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

    def checked(self, checked: int, *, withheld: int, abstract_only: bool) -> str: ...
    def own_words(self, *, language: str, reason: str) -> str:
        """Say that these are the authors' sentences, and why where a model's were asked for."""
        ...

    def shallower(self, lacks: DetailLevel, *, reason: str) -> str:
        """Say in one sentence that there is no ``lacks`` of this paper, and why."""
        ...

    def why_chosen(self, why: CardWhy) -> str:
        """Return the line that says why a paper was chosen."""
        ...

    def happened(self, revision: Revision) -> str:
        """Return what happened to a paper, without a full stop."""
        ...

    def learned(self, learned: Learned) -> str:
        """Say what the reader's acts changed; a link to undo it follows."""
        ...

    def also_in(self, topics: Sequence[str]) -> str: ...
    def and_more(self, number: int) -> str: ...
    def who_wrote(self, writers: Sequence[Writer], *, quoted: bool, in_words: bool) -> str:
        """Say whose the summaries are and what was checked of them: their wording too where ``in_words``."""
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
