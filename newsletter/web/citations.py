"""Summaries for a paper's page: numbered claims, and their words in the abstract under the same number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.marks import made_next, marked_spans
from newsletter.core.summaries.paper_kinds import SECTIONS, PaperKind
from newsletter.core.summaries.summary import (
    MAX_TAKEAWAYS,
    Claim,
    DetailLevel,
    Evidence,
    Voice,
    summary_from_json,
)
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.languages import interface_language
from newsletter.mail.cards import Runs, finding_of, takeaways_of
from newsletter.models import Paper, Summary
from newsletter.subscribers.reports import claim_key
from newsletter.web.highlighting import Segment, Span, find_quotes, highlighted_parts, numbered
from newsletter.web.places import place_in_words
from newsletter.web.reasons import failure_in_words, why_no_reading, withheld_in_words
from newsletter.web.section_names import KINDS, part_name, part_on_page, section_name
from newsletter.web.summaries import written_by

ABSTRACT = "abstract"
SENTENCES = 1
"""Of an extract that a digest shows beside its first one (``mail.cards.takeaways_of``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownQuote:
    parts: list[Segment]
    where: str
    """In words."""
    section: str
    """Its section in arXiv's HTML; empty for abstract and title."""
    anchor: str
    """Its anchor in the shown abstract; empty if it is not from there."""

    @property
    def excerpt(self) -> list[str]:
        """What is marked of it."""
        return [part.text for part in self.parts if part.is_highlighted]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownClaim:
    key: str
    """Its key in a report."""
    text: str
    quotes: list[ShownQuote]
    runs: Runs = ()
    """The text, a number in bold; empty for claims of a reading."""
    number: int = 0
    """From 1, of the claims beside the abstract; 0 for others."""
    is_marked: bool = False
    """Whether words in the shown abstract have its number."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Quotes of one place outside the shown abstract, each with the number of its claim and its anchor."""

    where: str
    section: str
    quotes: list[tuple[ShownQuote, int, str]]


@dataclass(frozen=True, slots=True)
class ShownSection:
    name: str
    is_steps: bool
    claims: list[ShownClaim]
    not_stated: str
    """The text where there is no claim."""


@dataclass(frozen=True, slots=True)
class ShownPart:
    name: str
    sections: list[ShownSection]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSummary:
    is_model: bool
    """Whether a model wrote it; else it is sentences of the abstract."""
    language: str
    paper_version: int
    written_at: datetime | None
    """When first; a rewriting does not count."""
    written_by: str
    """A model, when, what was checked; empty for sentences of the abstract."""
    withheld: list[tuple[str, int]]
    """(why, how many claims)."""
    headline: ShownClaim
    takeaways: list[ShownClaim]
    elsewhere: list[Elsewhere]
    """What backs the numbered claims outside the shown abstract, place by place."""
    kind: str
    """In words; empty when it is no reading."""
    parts: list[ShownPart]
    why_no_reading: str

    @property
    def numbered(self) -> list[ShownClaim]:
        """Headline and takeaways."""
        return [self.headline, *self.takeaways]

    @property
    def claims(self) -> Iterator[ShownClaim]:
        """All claims, each once."""
        sections = (section for part in self.parts for section in part.sections)
        said = [self.headline, *self.takeaways, *(claim for each in sections for claim in each.claims)]
        yield from {claim.key: claim for claim in said}.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything on a paper's page besides the metadata."""

    summaries: list[ShownSummary]
    """Of one version, the one in the page's language first."""
    abstract: list[Segment]
    why_no_summary: str = ""
    """Why there is no model's summary although one was requested."""
    taken_down_at: datetime | None = None
    """Since when a summary of this version is taken down."""


def reading_of(paper: Paper, *, language: str) -> Reading:
    """Return the newest version's summaries by a model, one a language, or its extract when there is none."""
    everything = list(paper.summaries.order_by("-paper_version", "-written_at"))
    rows = _rows(everything, language=language)
    contents = [(row, made_next(summary_from_json(row.content or {}))) for row in rows]
    # An older version's quotes are from another abstract, so nothing is marked in this one.
    is_current = any(row.paper_version == paper.version for row in rows)
    spans = find_quotes(paper.abstract, _named_quotes(contents)) if is_current else {}
    anchors = {quote: name for name, quote in _named_quotes(contents).items() if name in spans}
    found = {quote: spans[name] for quote, name in anchors.items()}
    marks = list(_marks(contents[0][1], text=paper.abstract, spans=found)) if contents else []
    has_model = any(value.voice is Voice.MODEL for _, value in contents)
    present = [row for row in everything if row.paper_version == paper.version]
    return Reading(
        summaries=[
            _shown(row, value, paper=paper.record, anchors=anchors, marked={number for number, _ in marks})
            for row, value in contents
        ],
        abstract=numbered(paper.abstract, anchors=spans, marks=marks),
        why_no_summary="" if has_model else _failure(present),
        taken_down_at=max((row.withheld_at for row in present if row.withheld_at), default=None),
    )


def _rows(everything: Iterable[Summary], *, language: str) -> list[Summary]:
    written = [row for row in everything if row.is_shown]
    newest = [row for row in written if row.paper_version == written[0].paper_version]
    by_model = [row for row in newest if (row.content or {}).get("voice") == Voice.MODEL]
    languages = sorted({row.language for row in by_model}, key=lambda code: (code != language, code))
    found = [next(row for row in by_model if row.language == code) for code in languages]
    return found or newest[:1]


def _failure(present: Iterable[Summary]) -> str:
    failed = [row for row in present if row.content is None and row.failure]
    return failure_in_words(max(failed, key=lambda row: row.pk).failure) if failed else ""


def _quotes(contents: Iterable[tuple[Summary, SummaryValue]]) -> Iterator[Evidence]:
    """Yield every quote from the abstract, once for each of its claims."""
    claims = (claim for _, summary in contents for claim in summary.claims)
    yield from (quote for claim in claims for quote in claim.evidence if quote.where == ABSTRACT)


def _marks(summary: SummaryValue, *, text: str, spans: Mapping[str, Span]) -> Iterator[tuple[int, Span]]:
    """Yield what is marked in the abstract, and the number of its claim; of an extract what digests show."""
    claims = (summary.headline, *summary.takeaways)
    if summary.voice is Voice.AUTHORS:
        claims = (summary.headline, *summary.takeaways[:SENTENCES])
    for number, claim in enumerate(claims, start=1):
        for quote in claim.evidence:
            if quote.where != ABSTRACT or quote.quote not in spans:
                continue
            start, end = spans[quote.quote]
            carrying = marked_spans(quote.quote, quote.highlights)
            if carrying and text.startswith(quote.quote, start):
                yield from ((number, (start + left, start + right)) for left, right in carrying)
            else:
                yield number, (start, end)


def _named_quotes(contents: Iterable[tuple[Summary, SummaryValue]]) -> dict[str, str]:
    """Number the quotes from the abstract: name → quote, each once."""
    quotes = dict.fromkeys(quote.quote for quote in _quotes(contents))
    return {f"q{number}": quote for number, quote in enumerate(quotes, start=1)}


def _shown(
    row: Summary,
    value: SummaryValue,
    *,
    paper: PaperRecord,
    anchors: Mapping[str, str],
    marked: Collection[int],
) -> ShownSummary:
    def claim(each: Claim, number: int = 0, runs: Runs = ()) -> ShownClaim:
        quotes = [_quote(quote, anchors=anchors) for quote in each.evidence]
        return ShownClaim(
            key=claim_key(row, each),
            text=each.text,
            quotes=quotes,
            runs=runs,
            number=number,
            is_marked=number in marked,
        )

    # Places of quotes are in the page's language, names of sections in the summary's.
    claims = {each.kind: [claim(one) for one in each.claims] for each in value.sections}

    def section(kind: str, *, is_steps: bool) -> ShownSection:
        not_stated = gettext("Not stated in the paper.")
        return ShownSection(section_name(kind), is_steps, claims[kind], not_stated)

    is_model, kind = value.voice is Voice.MODEL, value.kind if value.detail is DetailLevel.READING else None
    with translation.override(interface_language(row.language)):
        parts = [
            ShownPart(name, [section(each, is_steps=steps) for each, steps in held])
            for name, held in (_by_part(claims, kind=kind) if kind else ())
        ]
        kind_in_words = str(KINDS[kind]) if kind else ""
    takeaways = takeaways_of(value, row.language, most=MAX_TAKEAWAYS) if is_model else ()
    runs = (finding_of(value, row.language, paper=paper), *takeaways)
    said = [
        claim(each, number, runs[number - 1] if number <= len(runs) else ((each.text, ""),))
        for number, each in enumerate((value.headline, *value.takeaways), start=1)
    ]
    return ShownSummary(
        is_model=is_model,
        language=row.language,
        paper_version=row.paper_version,
        written_at=row.first_written_at or row.written_at,
        written_by=written_by(row, value) if is_model else "",
        withheld=withheld_in_words(each.reason for each in value.withheld),
        headline=said[0],
        takeaways=said[1:],
        elsewhere=_elsewhere(said),
        kind=kind_in_words,
        parts=parts,
        why_no_reading=why_no_reading(value) if is_model else "",
    )


def _by_part(sections: Collection[str], *, kind: PaperKind) -> Iterator[tuple[str, list[tuple[str, bool]]]]:
    """Yield a part's name and its sections, each with whether its claims are steps, in the kind's order."""
    parts: dict[str, list[tuple[str, bool]]] = {}
    for spec in SECTIONS[kind]:
        if spec.kind in sections:
            parts.setdefault(part_on_page(spec.part), []).append((spec.kind, spec.is_steps))
    yield from ((part_name(name, kind=kind), held) for name, held in parts.items())


def _elsewhere(claims: Iterable[ShownClaim]) -> list[Elsewhere]:
    """``e4`` is the anchor of the first quote of claim 4."""
    found: dict[tuple[str, str], Elsewhere] = {}
    for claim in claims:
        for number, quote in enumerate(each for each in claim.quotes if not each.anchor):
            place = (quote.where, quote.section)
            anchor = "" if number else f"e{claim.number}"
            found.setdefault(place, Elsewhere(*place, [])).quotes.append((quote, claim.number, anchor))
    return list(found.values())


def _quote(quote: Evidence, *, anchors: Mapping[str, str]) -> ShownQuote:
    anchor = anchors.get(quote.quote, "") if quote.where == ABSTRACT else ""
    carrying = marked_spans(quote.quote, quote.highlights) or ((0, len(quote.quote)),)
    parts = highlighted_parts(quote.quote, carrying)
    return ShownQuote(parts=parts, where=place_in_words(quote), section=quote.anchor, anchor=anchor)
