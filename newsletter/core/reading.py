"""What a reader gets for a paper: depths, claims and the quotes that stand behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Depth(StrEnum):
    """How much of a summary a reader asked for; each contains the ones before it."""

    HEADLINE = "headline"
    TAKEAWAYS = "takeaways"
    READING = "reading"

    @property
    def rank(self) -> int:
        return list(Depth).index(self)


class Voice(StrEnum):
    """Who speaks in a summary."""

    AUTHORS = "authors"
    """Whole sentences of the abstract, chosen by us."""
    MODEL = "model"
    """A model's words, each claim with a verified quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A verbatim quote from the paper."""

    quote: str
    where: str = "abstract"
    """``abstract``, or a section of the full text."""
    marks: tuple[tuple[int, int], ...] = ()
    """Half-open character spans of ``quote`` that carry the claim, in order, not overlapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One statement about a paper with one to three quotes behind it."""

    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a reading. No claims means: not stated in the paper."""

    kind: str
    """``problem``, ``method``, ``results``, ``limits``."""
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A claim that is not shown. Its text is dropped; the reason is counted."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What may be shown of a paper: every claim in here has passed grounding."""

    voice: Voice
    headline: Claim
    takeaways: tuple[Claim, ...] = ()
    """At most seven."""
    sections: tuple[Section, ...] = ()
    """Empty below depth ``reading``."""
    withheld: tuple[Withheld, ...] = ()
    fallback_reason: str = ""
    """Why a model's summary was asked for and this is not it; empty when nothing went wrong."""

    @property
    def checked(self) -> int:
        """How many claims were checked and are shown."""
        return 1 + len(self.takeaways) + sum(len(section.claims) for section in self.sections)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a summariser returns: claims that nobody has checked yet."""

    headline: Claim
    takeaways: tuple[Claim, ...] = ()
    sections: tuple[Section, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    notes: tuple[str, ...] = field(default=())
