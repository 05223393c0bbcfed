"""A stored summary as its paper's page shows it: every claim beside its quotes, found in the abstract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from newsletter.core.reading import Claim, Evidence, Section, Voice, summary_from_json
from newsletter.core.reading import Summary as SummaryValue
from newsletter.models import Paper, Summary
from newsletter.web.marking import Segment, find_quotes, marked_parts, segments

ABSTRACT = "abstract"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownQuote:
    parts: list[Segment]
    where: str
    anchor: str
    """Where it stands in the abstract as the page shows it; empty when it is not from there."""


@dataclass(frozen=True, slots=True)
class ShownClaim:
    text: str
    quotes: list[ShownQuote]


@dataclass(frozen=True, slots=True)
class ShownSection:
    kind: str
    claims: list[ShownClaim]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSummary:
    is_model: bool
    """Whether a model wrote it; else it is sentences of the abstract."""
    model: str
    language: str
    paper_version: int
    written_at: datetime | None
    checked: int
    withheld: int
    headline: ShownClaim
    takeaways: list[ShownClaim]
    sections: list[ShownSection]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a paper's page says beside the facts."""

    summaries: list[ShownSummary]
    """Of one version, the one in the page's language first."""
    abstract: list[Segment]


def reading_of(paper: Paper, *, language: str) -> Reading:
    """Return the newest version's summaries by a model, one a language, or its extract when there is none."""
    rows = _rows(paper, language=language)
    contents = [(row, summary_from_json(row.content or {})) for row in rows]
    # The quotes of an older version's summary are of another abstract: nothing of this one is marked.
    is_current = any(row.paper_version == paper.version for row in rows)
    spans = find_quotes(paper.abstract, _named_quotes(contents)) if is_current else {}
    anchors = {quote: name for name, quote in _named_quotes(contents).items() if name in spans}
    return Reading(
        summaries=[_shown(row, value, anchors=anchors) for row, value in contents],
        abstract=segments(paper.abstract, spans),
    )


def _rows(paper: Paper, *, language: str) -> list[Summary]:
    written = list(paper.summaries.filter(content__isnull=False).order_by("-paper_version", "-written_at"))
    newest = [row for row in written if row.paper_version == written[0].paper_version]
    by_model = [row for row in newest if (row.content or {}).get("voice") == Voice.MODEL]
    languages = sorted({row.language for row in by_model}, key=lambda code: (code != language, code))
    found = [next(row for row in by_model if row.language == code) for code in languages]
    return found or newest[:1]


def _named_quotes(contents: Iterable[tuple[Summary, SummaryValue]]) -> dict[str, str]:
    """Number the quotes from the abstract: name → quote, each once."""
    claims = (claim for _, summary in contents for claim in _claims(summary))
    quotes = (quote.quote for claim in claims for quote in claim.evidence if quote.where == ABSTRACT)
    return {f"q{number}": quote for number, quote in enumerate(dict.fromkeys(quotes), start=1)}


def _claims(summary: SummaryValue) -> Iterator[Claim]:
    yield summary.headline
    yield from summary.takeaways
    for section in summary.sections:
        yield from section.claims


def _shown(row: Summary, value: SummaryValue, *, anchors: dict[str, str]) -> ShownSummary:
    def claim(each: Claim) -> ShownClaim:
        return ShownClaim(each.text, [_quote(quote, anchors=anchors) for quote in each.evidence])

    def section(each: Section) -> ShownSection:
        return ShownSection(each.kind, [claim(one) for one in each.claims])

    return ShownSummary(
        is_model=value.voice is Voice.MODEL,
        model=row.model,
        language=row.language,
        paper_version=row.paper_version,
        written_at=row.written_at,
        checked=value.checked,
        withheld=len(value.withheld),
        headline=claim(value.headline),
        takeaways=[claim(each) for each in value.takeaways],
        sections=[section(each) for each in value.sections],
    )


def _quote(quote: Evidence, *, anchors: dict[str, str]) -> ShownQuote:
    anchor = anchors.get(quote.quote, "") if quote.where == ABSTRACT else ""
    return ShownQuote(parts=marked_parts(quote.quote, quote.marks), where=quote.where, anchor=anchor)
