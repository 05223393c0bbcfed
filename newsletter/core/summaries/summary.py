"""Summaries: detail levels, claims and their quotes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from newsletter.core.summaries.paper_kinds import SECTION_KINDS, SECTIONS, PaperKind

MAX_TAKEAWAYS = 7
MAX_QUOTES = 3
MAX_IN_SECTION = 8
"""Claims of one section; five are asked for."""
NO_FULL_TEXT = "no_full_text"
"""In ``Summary.incomplete``: there is no full text, and an abstract supports no reading."""
NO_KIND = "no_kind"
"""In ``Summary.incomplete``: the model did not say what kind of paper it is."""


class DetailLevel(StrEnum):
    """Detail level of a summary; each contains the ones before it."""

    HEADLINE = "headline"
    TAKEAWAYS = "takeaways"
    READING = "reading"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {detail: rank for rank, detail in enumerate(DetailLevel)}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A summary that some digest needs."""

    paper_id: int
    language: str
    """The reader's; the summariser says in which it will write."""
    detail: DetailLevel
    due_at: datetime | None = field(default=None, compare=False)
    """When the first of those digests falls due; None: now."""


class Voice(StrEnum):
    """Whose words a summary is."""

    AUTHORS = "authors"
    """Sentences of the abstract, chosen by us."""
    MODEL = "model"
    """A model's words, each claim with a verified quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A verbatim quote from the paper."""

    quote: str
    where: str = "abstract"
    """``abstract``, ``title``, or the title of a section of the full text."""
    anchor: str = ""
    """Of that section in arXiv's HTML; empty for abstract and title."""
    highlights: tuple[tuple[int, int], ...] = ()
    """Half-open character spans of ``quote`` that carry the claim, in order, not overlapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One statement about a paper with one to three quotes behind it."""

    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of a reading. No claims: not stated in the paper."""

    kind: str
    """One of ``paper_kinds.SECTION_KINDS``."""
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """A withheld claim. Its text is dropped; the reason is counted."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What may be shown of a paper: every claim in here has passed grounding."""

    voice: Voice
    headline: Claim
    takeaways: tuple[Claim, ...] = ()
    """At most seven."""
    sections: tuple[Section, ...] = ()
    """Empty below detail ``reading``."""
    kind: PaperKind | None = None
    """What decides which sections a reading has; None below detail ``reading``."""
    incomplete: tuple[str, ...] = ()
    """Why it is no reading although one was asked for: the kinds of the sections that are missing, or
    ``NO_FULL_TEXT`` or ``NO_KIND`` alone. What there was of its sections is dropped, never shown."""
    withheld: tuple[Withheld, ...] = ()
    fallback_reason: str = ""
    """Why a model's summary was asked for and this is not it; empty when nothing went wrong."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims, in the order shown."""
        sections = (claim for section in self.sections for claim in section.claims)
        return (self.headline, *self.takeaways, *sections)

    @property
    def checked(self) -> int:
        """How many claims were checked and are shown."""
        return len(self.claims)

    @property
    def detail(self) -> DetailLevel:
        """The deepest detail it can be shown at: a reading with a section missing is none."""
        wanted = {spec.kind for spec in SECTIONS[self.kind]} if self.kind else set()
        if wanted and {section.kind for section in self.sections} >= wanted:
            return DetailLevel.READING
        return DetailLevel.TAKEAWAYS if self.takeaways else DetailLevel.HEADLINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a summariser returns: claims that nobody has checked yet."""

    headline: Claim
    takeaways: tuple[Claim, ...] = ()
    sections: tuple[Section, ...] = ()
    kind: PaperKind | None = None
    detail: DetailLevel | None = None
    """What was asked for; None where the summariser gives what it has."""
    input_tokens: int = 0
    output_tokens: int = 0


def supported_detail(detail: DetailLevel, *, has_full_text: bool) -> DetailLevel:
    """Return the deepest detail up to ``detail`` that the source supports.

    A reading also says what a paper does not state, which an abstract cannot show.
    """
    return detail if has_full_text or detail is not DetailLevel.READING else DetailLevel.TAKEAWAYS


def at_detail(summary: Summary, detail: DetailLevel) -> Summary:
    """Cut ``summary`` to ``detail``, or to the deepest it holds where that is shallower.

    Only a reader who asked for a reading is told why there is none.
    """
    shown = min(detail, summary.detail, key=lambda detail: detail.rank)
    return replace(
        summary,
        takeaways=summary.takeaways if shown is not DetailLevel.HEADLINE else (),
        sections=summary.sections if shown is DetailLevel.READING else (),
        kind=summary.kind if shown is DetailLevel.READING else None,
        incomplete=summary.incomplete if detail is DetailLevel.READING else (),
    )


# --- stored form -----------------------------------------------------------------------------------------


def summary_to_json(summary: Summary) -> dict[str, Any]:
    """Return plain JSON values, from which ``summary_from_json`` makes an equal summary."""
    return {
        "voice": summary.voice.value,
        "headline": _claim_to_json(summary.headline),
        "takeaways": [_claim_to_json(claim) for claim in summary.takeaways],
        "sections": [
            {"kind": section.kind, "claims": [_claim_to_json(claim) for claim in section.claims]}
            for section in summary.sections
        ],
        "kind": summary.kind.value if summary.kind else "",
        "incomplete": list(summary.incomplete),
        "withheld": [withheld.reason for withheld in summary.withheld],
        "fallback_reason": summary.fallback_reason,
    }


def summary_from_json(stored: Mapping[str, Any]) -> Summary:
    """Read what ``summary_to_json`` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    return Summary(
        voice=Voice(stored["voice"]),
        headline=_claim_from_json(stored["headline"]),
        takeaways=_claims_from_json(stored["takeaways"]),
        sections=tuple(
            Section(kind=section["kind"], claims=_claims_from_json(section["claims"]))
            for section in stored["sections"]
        ),
        kind=PaperKind(stored["kind"]) if stored.get("kind") else None,
        incomplete=tuple(stored.get("incomplete", ())),
        withheld=tuple(Withheld(reason=reason) for reason in stored["withheld"]),
        fallback_reason=stored["fallback_reason"],
    )


def _claim_to_json(claim: Claim) -> dict[str, Any]:
    return {
        "text": claim.text,
        "evidence": [
            {
                "quote": item.quote,
                "where": item.where,
                "anchor": item.anchor,
                "marks": [list(span) for span in item.highlights],  # the stored name
            }
            for item in claim.evidence
        ],
    }


def _claim_from_json(stored: Mapping[str, Any]) -> Claim:
    return Claim(
        text=stored["text"],
        evidence=tuple(
            Evidence(
                quote=item["quote"],
                where=item["where"],
                anchor=item.get("anchor", ""),
                highlights=tuple((start, end) for start, end in item["marks"]),
            )
            for item in stored["evidence"]
        ),
    )


def _claims_from_json(stored: Sequence[Mapping[str, Any]]) -> tuple[Claim, ...]:
    return tuple(_claim_from_json(claim) for claim in stored)


# --- what a model is asked for ---------------------------------------------------------------------------


def response_schema(detail: DetailLevel) -> dict[str, Any]:
    """The JSON a model must answer with, in the OpenAPI subset that Gemini's ``responseSchema`` takes.

    Every claim carries its quotes; no field has room for authors, links or anything else arXiv states.
    """
    claims = {"type": "ARRAY", "items": _CLAIM_SCHEMA}
    fields: dict[str, Any] = {"headline": _CLAIM_SCHEMA}
    if detail is not DetailLevel.HEADLINE:
        fields["takeaways"] = {**claims, "max_items": MAX_TAKEAWAYS}
    if detail is DetailLevel.READING:
        fields["kind"] = {"type": "STRING", "enum": [kind.value for kind in PaperKind]}
        section = {
            "type": "OBJECT",
            "properties": {"kind": {"type": "STRING", "enum": list(SECTION_KINDS)}, "claims": claims},
            "required": ["kind", "claims"],
        }
        fields["sections"] = {"type": "ARRAY", "items": section}
    return {"type": "OBJECT", "properties": fields, "required": list(fields)}


_CLAIM_SCHEMA: dict[str, Any] = {
    "type": "OBJECT",
    "properties": {
        "text": {"type": "STRING"},
        "quotes": {"type": "ARRAY", "items": {"type": "STRING"}, "min_items": 1, "max_items": MAX_QUOTES},
    },
    "required": ["text", "quotes"],
}
