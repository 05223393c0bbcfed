"""Claim against source: what may be shown of a draft, and why the rest is withheld.

Owns the rules of a receipt: quotes stand in the paper; numbers, names and superlatives of a claim stand in
its quotes. Leaves folding, numbers and marks to their modules. Nothing in here believes a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from newsletter.core.folding import fold
from newsletter.core.fulltext import FullText
from newsletter.core.kinds import SECTIONS, PaperKind
from newsletter.core.marks import carrying_spans, is_chinese, shares_content
from newsletter.core.papers import PaperRecord
from newsletter.core.quantities import names, quantities
from newsletter.core.reading import (
    MAX_QUOTES,
    MAX_TAKEAWAYS,
    NO_FULL_TEXT,
    NO_KIND,
    Claim,
    Depth,
    Draft,
    Evidence,
    Section,
    Summary,
    Voice,
    Withheld,
)
from newsletter.core.sources import Located, Source
from newsletter.core.wording import CHATTER, KIN, MARKUP

MAX_CHARACTERS = 600
_MIN_QUOTE_WORDS = 3


class WithheldReason(StrEnum):
    """Why a claim is not shown; stored and counted, so a code is never reused for another meaning."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    MARKUP = "markup"
    CHATTER = "chatter"
    WRONG_LANGUAGE = "wrong_language"
    NO_QUOTE = "no_quote"
    TOO_MANY_QUOTES = "too_many_quotes"
    QUOTE_TOO_SHORT = "quote_too_short"
    QUOTE_NOT_FOUND = "quote_not_found"
    QUOTE_UNRELATED = "quote_unrelated"
    NUMBER_NOT_IN_QUOTE = "number_not_in_quote"
    NUMBER_MOVED = "number_moved"
    """The number stands in the quote, but of something else."""
    NAME_NOT_IN_SOURCE = "name_not_in_source"
    WORD_NOT_IN_QUOTE = "word_not_in_quote"
    """A superlative, a "first", a cause, a unit of time: stronger than its quotes."""
    OVERSTATED = "overstated"
    """The quote only suggests what the claim states."""
    TERM_NOT_IN_SOURCE = "term_not_in_source"
    """Says what neither quote nor paper speaks of: text-driven for audio-driven."""
    CONTRADICTS_QUOTE = "contradicts_quote"
    """Says the opposite in one word: lower for higher, supervised for unsupervised."""
    NEGATION_FLIPPED = "negation_flipped"
    WRONG_SUBJECT = "wrong_subject"
    """The quote tells of another method than the claim."""
    RELATED_WORK = "related_work"
    """The quote tells of other people's work."""
    NOT_VERBATIM = "not_verbatim"
    REPEATED = "repeated"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing of the draft may be shown: its headline failed."""

    reason: WithheldReason
    """The headline's."""
    withheld: tuple[Withheld, ...]
    """The headline and whatever else failed."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A claim before its judge."""

    claim: Claim
    found: tuple[Located, ...]
    source: Source
    language: str

    @property
    def text(self) -> str:
        return self.claim.text

    @property
    def quotes(self) -> tuple[str, ...]:
        """In the source's own characters."""
        return tuple(located.evidence.quote for located in self.found)


def ground(
    draft: Draft,
    *,
    source: PaperRecord,
    language: str,
    voice: Voice,
    full_text: FullText | None = None,
    asked: Depth | None = None,
) -> Summary | Refusal:
    """Keep the claims of ``draft`` that ``source`` bears out, with their evidence in its own characters.

    ``language`` is what the claims were asked for in; ``asked`` is the depth that readers want, where it is
    deeper than what the model was asked for. A section that loses all its claims is missing, never shown as
    "not stated"; a reading with a section missing is none, and says so.
    """
    judge = _Judge(source, full_text=full_text, language=language, voice=voice)
    headline = judge.judge(draft.headline)
    takeaways = judge.keep(draft.takeaways)
    shown, surplus = takeaways[:MAX_TAKEAWAYS], takeaways[MAX_TAKEAWAYS:]
    sections = tuple(judge.keep_sections(draft.sections))
    withheld = tuple(
        Withheld(reason=reason) for reason in [*judge.refused, *[WithheldReason.TOO_MANY] * len(surplus)]
    )
    if headline is None:
        return Refusal(judge.refused[0], withheld)
    wants_reading = Depth.READING in (asked, draft.depth)
    incomplete = _incomplete(draft.kind, sections, full_text) if wants_reading else ()
    return Summary(
        voice=voice,
        headline=headline,
        takeaways=shown,
        sections=() if incomplete else sections,
        kind=None if incomplete else draft.kind,
        incomplete=incomplete,
        withheld=withheld,
    )


def _incomplete(
    kind: PaperKind | None, sections: Sequence[Section], full_text: FullText | None
) -> tuple[str, ...]:
    """Say why this is no reading; empty when it is one."""
    if full_text is None:
        return (NO_FULL_TEXT,)
    if kind is None:
        return (NO_KIND,)
    held = {section.kind for section in sections}
    return tuple(spec.kind for spec in SECTIONS[kind] if spec.kind not in held)


class _Judge:
    """Judges the claims of one draft in order, remembering what was refused and what was said already."""

    def __init__(
        self, paper: PaperRecord, *, full_text: FullText | None, language: str, voice: Voice
    ) -> None:
        self._source = Source(paper, full_text=full_text)
        self._language = language
        self._voice = voice
        self._said: set[str] = set()
        self.refused: list[WithheldReason] = []

    def judge(self, claim: Claim, *, may_repeat: bool = False) -> Claim | None:
        """Return ``claim`` with its evidence located and marked, or None and note the reason."""
        located = [self._source.locate(evidence) for evidence in claim.evidence]
        case = _Case(claim, tuple(filter(None, located)), self._source, self._language)
        reason = next((reason for reason, fails in _CHECKS[self._voice] if fails(case)), None)
        said = fold(claim.text).text
        if reason is None and said in self._said and not may_repeat:
            reason = WithheldReason.REPEATED
        if reason is not None:
            self.refused.append(reason)
            return None
        self._said.add(said)
        found = tuple(located.evidence for located in case.found)
        return replace(
            claim, evidence=found if self._voice is Voice.AUTHORS else _marked(found, claim=claim.text)
        )

    def keep(self, claims: Iterable[Claim]) -> tuple[Claim, ...]:
        return tuple(kept for claim in claims if (kept := self.judge(claim)))

    def keep_sections(self, sections: Iterable[Section]) -> Iterable[Section]:
        """A section may repeat a takeaway: it is the same claim in its place."""
        for section in sections:
            judged = [self.judge(claim, may_repeat=True) for claim in section.claims]
            kept = tuple(claim for claim in judged if claim)
            if kept or not section.claims:
                yield replace(section, claims=kept)


def _marked(evidence: Sequence[Evidence], *, claim: str) -> tuple[Evidence, ...]:
    return tuple(replace(item, marks=carrying_spans(item.quote, claim=claim)) for item in evidence)


# --- the checks: each says whether a claim fails it ------------------------------------------------------


def _is_wrong_language(case: _Case) -> bool:
    """Only Chinese and English can be told apart by their letters; other languages pass."""
    if case.language.startswith("zh"):
        return not is_chinese(case.text)
    return case.language == "en" and is_chinese(case.text)


def _has_lost_quote(case: _Case) -> bool:
    return len(case.quotes) < len(case.claim.evidence)


def _has_short_quote(case: _Case) -> bool:
    return any(len(item.quote.split()) < _MIN_QUOTE_WORDS for item in case.claim.evidence)


def _has_unrelated_quote(case: _Case) -> bool:
    """A claim in another language shares no words with the quote: its numbers and names are checked."""
    return case.language == "en" and not all(shares_content(quote, claim=case.text) for quote in case.quotes)


def _has_unquoted_number(case: _Case) -> bool:
    quoted = [quantity for quote in case.quotes for quantity in quantities(quote)]
    return any(not any(stated.agrees_with(other) for other in quoted) for stated in quantities(case.text))


def _has_unknown_name(case: _Case) -> bool:
    found = {name for name, _ in names(case.text)}
    if case.language.startswith("zh"):
        found |= set(_LATIN_WORD.findall(case.text))
    elif case.language == "en":
        found |= set(_CAPITALISED.findall(case.text))
    return any(not case.source.mentions(name) for name in found)


def _has_unquoted_word(case: _Case) -> bool:
    quoted = " ".join(case.quotes)
    return any(claimed.search(case.text) and not kin.search(quoted) for claimed, kin in KIN)


def _is_not_verbatim(case: _Case) -> bool:
    return fold(case.text).text not in {fold(item.quote).text for item in case.claim.evidence}


_Check = tuple[WithheldReason, Callable[[_Case], bool]]

_QUOTED: tuple[_Check, ...] = (
    (WithheldReason.EMPTY, lambda case: not case.text.strip()),
    (WithheldReason.NO_QUOTE, lambda case: not case.claim.evidence),
    (WithheldReason.QUOTE_NOT_FOUND, _has_lost_quote),
)
_CHECKS: dict[Voice, tuple[_Check, ...]] = {
    Voice.AUTHORS: (*_QUOTED, (WithheldReason.NOT_VERBATIM, _is_not_verbatim)),
    Voice.MODEL: (
        (WithheldReason.TOO_LONG, lambda case: len(case.text) > MAX_CHARACTERS),
        (WithheldReason.MARKUP, lambda case: bool(MARKUP.search(case.text))),
        (WithheldReason.CHATTER, lambda case: bool(CHATTER.search(case.text))),
        (WithheldReason.WRONG_LANGUAGE, _is_wrong_language),
        (WithheldReason.TOO_MANY_QUOTES, lambda case: len(case.claim.evidence) > MAX_QUOTES),
        (WithheldReason.QUOTE_TOO_SHORT, _has_short_quote),
        *_QUOTED,
        (WithheldReason.QUOTE_UNRELATED, _has_unrelated_quote),
        (WithheldReason.NUMBER_NOT_IN_QUOTE, _has_unquoted_number),
        (WithheldReason.NAME_NOT_IN_SOURCE, _has_unknown_name),
        (WithheldReason.WORD_NOT_IN_QUOTE, _has_unquoted_word),
    ),
}
"""In the order in which a reason is given; the cheap ones first."""

_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z]+")
_CAPITALISED = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")
"""Inside an English sentence a capital makes a name."""
