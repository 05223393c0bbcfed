"""Check a draft against its source: which claims may be shown, and why the others are withheld.

Owns the whole draft; ``rules/checks.py`` decides on one claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from newsletter.core.arxiv.full_text import MAX_TEXT_CHARACTERS, FullText, within
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.clipping import LONGEST_SENTENCE
from newsletter.core.summaries.highlights import carrying_spans
from newsletter.core.summaries.lengths import is_finding_too_long, is_takeaway_too_long
from newsletter.core.summaries.normalize import normalize
from newsletter.core.summaries.paper_kinds import SECTIONS, PaperKind
from newsletter.core.summaries.rules.checks import HEADLINE, TAKEAWAYS, Case, WithheldReason, refusal
from newsletter.core.summaries.rules.quantities import quantities
from newsletter.core.summaries.rules.sources import Source
from newsletter.core.summaries.rules.stated import LIMITS, Paper, may_be_unstated
from newsletter.core.summaries.summary import (
    MAX_IN_SECTION,
    MAX_TAKEAWAYS,
    NO_FULL_TEXT,
    NO_KIND,
    Claim,
    DetailLevel,
    Draft,
    Evidence,
    Section,
    Summary,
    Voice,
    Withheld,
)

__all__ = ["Refusal", "WithheldReason", "ground", "why_withheld"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing of the draft may be shown: its headline failed."""

    reason: WithheldReason
    """The headline's."""
    withheld: tuple[Withheld, ...]
    """The headline and whatever else failed."""


def ground(
    draft: Draft,
    *,
    source: PaperRecord,
    language: str,
    voice: Voice,
    full_text: FullText | None = None,
    asked: DetailLevel | None = None,
) -> Summary | Refusal:
    """Keep the claims of ``draft`` that the paper supports, with quotes in its own characters.

    ``language`` is what the claims were asked for in; ``asked`` is the detail wanted, where it is
    deeper than what the model was asked for.

    1. Check the headline against abstract and title, then takeaways and sections against the full text too.
    2. Drop empty sections unless the paper supports "not stated"; a section that loses all its claims is
       missing, never shown as "not stated".
    3. A headline that is only too long gives way to a takeaway that would do: cut, it could say more than
       its quotes. Count the withheld claims by reason. Without a headline nothing is shown.
    4. A reading with a section missing is none, and says so.
    """
    paper = _Paper(source, full_text)
    judge = _Judge(paper, language=language, voice=voice)
    headline, others = judge.judge(draft.headline, place=HEADLINE), draft.takeaways
    if headline and judge.is_too_long(headline, place=HEADLINE):
        headline, others = judge.shorter(headline, others)
    takeaways = judge.keep(others)
    shown, surplus = takeaways[:MAX_TAKEAWAYS], takeaways[MAX_TAKEAWAYS:]
    sections = _stated(judge.keep_sections(draft.sections), source.abstract, full_text)
    withheld = tuple(
        Withheld(reason=reason) for reason in [*judge.refused, *[WithheldReason.TOO_MANY] * len(surplus)]
    )
    if headline is None:
        return Refusal(judge.refused[0], withheld)
    wants_reading = DetailLevel.READING in (asked, draft.detail)
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


def _stated(sections: Iterable[Section], abstract: str, full_text: FullText | None) -> tuple[Section, ...]:
    """Drop empty sections for which the paper contradicts "not stated"."""
    kept = tuple(sections)
    if full_text is None:
        return kept
    paper = Paper(abstract, within(full_text, characters=MAX_TEXT_CHARACTERS))
    has_limits = any(section.claims for section in kept if section.kind.endswith("_limits"))
    return tuple(
        section
        for section in kept
        if section.claims
        or may_be_unstated(
            LIMITS if section.kind.endswith("_limits") and not has_limits else section.kind, paper
        )
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
    """Checks the claims of one draft in order; remembers withheld and repeated ones."""

    def __init__(self, paper: _Paper, *, language: str, voice: Voice) -> None:
        self._paper = paper
        self._language = language
        self._voice = voice
        self._said: set[str] = set()
        self.refused: list[WithheldReason] = []

    def judge(self, claim: Claim, *, place: str, may_repeat: bool = False) -> Claim | None:
        """Return ``claim`` with its evidence located and marked, or None and note the reason."""
        case = _case(claim, paper=self._paper, language=self._language, place=place)
        reason = refusal(case, voice=self._voice)
        if reason is None and place == TAKEAWAYS and self.is_too_long(claim, place=place):
            reason = WithheldReason.TOO_LONG
        said = normalize(claim.text).text
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

    def is_too_long(self, claim: Claim, *, place: str) -> bool:
        """Whether a model wrote more than it was asked for."""
        is_long = is_finding_too_long if place == HEADLINE else is_takeaway_too_long
        return self._voice is Voice.MODEL and is_long(claim.text, language=self._language)

    def shorter(self, headline: Claim, claims: Sequence[Claim]) -> tuple[Claim | None, tuple[Claim, ...]]:
        """Return what stands for a headline that is only too long, and the claims that are left.

        It is the first claim that can be one, of those with a number if any; else the headline, as long as it
        is no longer than an authors' sentence may be: refusing it costs the whole summary, which is paid for.
        """
        for claim in sorted(claims, key=lambda each: not quantities(each.text)):
            case = _case(claim, paper=self._paper, language=self._language, place=HEADLINE)
            if not self.is_too_long(claim, place=TAKEAWAYS) and not refusal(case, voice=self._voice):
                self.refused.append(WithheldReason.TOO_LONG)
                others = tuple(each for each in claims if each is not claim)
                return self.judge(claim, place=HEADLINE), others
        if len(headline.text) <= LONGEST_SENTENCE:
            return headline, tuple(claims)
        self.refused.insert(0, WithheldReason.TOO_LONG)
        return None, tuple(claims)

    def keep(self, claims: Iterable[Claim]) -> tuple[Claim, ...]:
        return tuple(kept for claim in claims if (kept := self.judge(claim, place=TAKEAWAYS)))

    def keep_sections(self, sections: Iterable[Section]) -> Iterable[Section]:
        """A section may repeat a takeaway: it is the same claim in its place."""
        for section in sections:
            heard = section.claims[:MAX_IN_SECTION]
            judged = [self.judge(claim, place=section.kind, may_repeat=True) for claim in heard]
            self.refused += [WithheldReason.TOO_MANY] * (len(section.claims) - len(heard))
            kept = tuple(claim for claim in judged if claim)
            if kept or not section.claims:
                yield replace(section, claims=kept)


def why_withheld(
    claim: Claim,
    *,
    source: PaperRecord,
    language: str,
    place: str = TAKEAWAYS,
    full_text: FullText | None = None,
) -> WithheldReason | None:
    """Judge one claim of a model by itself; None when it may be shown in ``place``."""
    case = _case(claim, paper=_Paper(source, full_text), language=language, place=place)
    return refusal(case, voice=Voice.MODEL)


class _Paper:
    """What claims may rest on: a headline on abstract and title alone, all else on the full text too.

    A long text may have a planted line that nobody sees, and the headline is what most readers read.
    """

    def __init__(self, record: PaperRecord, full_text: FullText | None) -> None:
        self._abstract = Source(record)
        self._whole = Source(record, full_text=full_text) if full_text else self._abstract

    def source_for(self, place: str) -> Source:
        return self._abstract if place == HEADLINE else self._whole


def _case(claim: Claim, *, paper: _Paper, language: str, place: str) -> Case:
    source = paper.source_for(place)
    located = tuple(filter(None, map(source.locate, claim.evidence)))
    return Case(claim, located, source, language, place)


def _marked(evidence: Sequence[Evidence], *, claim: str) -> tuple[Evidence, ...]:
    return tuple(replace(item, highlights=carrying_spans(item.quote, claim=claim)) for item in evidence)
