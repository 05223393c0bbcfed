"""A summariser measured over a fixed set of papers: how complete, how well grounded, at what price.

What it writes is checked as any summary is and then dropped: only the tokens of the day are recorded.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from django.db import connections

from newsletter.adapters.llm.calls import OPERATOR_STATUSES
from newsletter.adapters.ports import FullTextSource, Summariser
from newsletter.core.arxiv.full_text import FullText
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.grounding import Refusal, ground
from newsletter.core.summaries.summary import DetailLevel, Summary, supported_detail
from newsletter.errors import (
    Interrupted,
    NewsletterError,
    PermanentError,
    TemporaryError,
    UnusableAnswer,
)
from newsletter.pipeline.summarize.generate import CALLS_AT_ONCE
from newsletter.pipeline.summarize.store import DAILY_CAP, RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Of a million tokens, in whatever currency the operator pays."""

    input: float
    output: float


@dataclass(slots=True, kw_only=True)
class Evaluation:
    """What one run came to."""

    summariser: str
    model: str
    prompt_version: str
    language: str
    detail: str
    papers: int
    complete: int = 0
    """Shown at the detail that was asked for."""
    shallower: int = 0
    refused: int = 0
    """The headline had no evidence: the authors' words would be shown."""
    failed: dict[str, int] = field(default_factory=dict)
    """Reason → papers of which there was no answer to check."""
    claims_shown: int = 0
    claims_withheld: int = 0
    withheld: dict[str, int] = field(default_factory=dict)
    """Reason → claims."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    """None where no price was given."""
    seconds: float = 0.0
    """Of the whole run, several papers at once."""
    seconds_a_paper: float = 0.0
    """The median."""

    @property
    def grounded(self) -> float:
        """The share of claims that had their evidence."""
        claims = self.claims_shown + self.claims_withheld
        return self.claims_shown / claims if claims else 0.0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "grounded": round(self.grounded, 4)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Evaluation:
        """Read what ``as_json`` gave. Raises TypeError or AttributeError for anything else."""
        return cls(**{name: value for name, value in stored.items() if name != "grounded"})


@dataclass(frozen=True, slots=True)
class _Tried:
    """One paper."""

    seconds: float
    input_tokens: int
    output_tokens: int
    outcome: Summary | Refusal | NewsletterError


def evaluate(
    name: str,
    summariser: Summariser,
    papers: Sequence[PaperRecord],
    *,
    language: str,
    detail: DetailLevel,
    full_texts: FullTextSource | None = None,
    price: Price | None = None,
    on_paper: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Summarise ``papers`` and say what came of it. Readings need ``full_texts``.

    Raises what makes the whole measurement vain: a wrong key or model name, no tokens or no turn left.
    """
    found = Evaluation(
        summariser=name,
        model=summariser.model,
        prompt_version=summariser.prompt_version,
        language=summariser.language_for(language),
        detail=detail.value,
        papers=len(papers),
    )

    def one(paper: PaperRecord) -> _Tried:
        try:
            return _try(summariser, paper, language=found.language, detail=detail, full_texts=full_texts)
        finally:
            connections.close_all()  # this thread's

    begun = time.perf_counter()
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        tried = []
        for each in pool.map(one, papers):
            if isinstance(error := each.outcome, TemporaryError) and (
                error.status in OPERATOR_STATUSES or error.reason in {DAILY_CAP, RATE}
            ):
                pool.shutdown(cancel_futures=True)
                raise error
            tried.append(each)
            on_paper()
    found.seconds = round(time.perf_counter() - begun, 1)
    _count(found, tried, detail=detail)
    if price:
        found.cost = (found.input_tokens * price.input + found.output_tokens * price.output) / 1e6
    return found


def _try(
    summariser: Summariser,
    paper: PaperRecord,
    *,
    language: str,
    detail: DetailLevel,
    full_texts: FullTextSource | None,
) -> _Tried:
    text = _full_text(paper, full_texts) if detail is DetailLevel.READING else None
    begun = time.perf_counter()
    try:
        asked = supported_detail(detail, has_full_text=text is not None)
        draft = summariser.summarize(paper, language=language, detail=asked, full_text=text)
    except NewsletterError as error:
        used = (0, 0)
        if isinstance(error, UnusableAnswer | Interrupted):
            used = (error.input_tokens, error.output_tokens)
        return _Tried(time.perf_counter() - begun, *used, error)
    seconds = time.perf_counter() - begun
    checked = ground(
        draft, source=paper, language=language, voice=summariser.voice, full_text=text, asked=detail
    )
    return _Tried(seconds, draft.input_tokens, draft.output_tokens, checked)


def _full_text(paper: PaperRecord, source: FullTextSource | None) -> FullText | None:
    try:
        return source.read(paper, figures=0).text if source else None
    except NewsletterError:
        return None


def _count(found: Evaluation, tried: Sequence[_Tried], *, detail: DetailLevel) -> None:
    failed: Counter[str] = Counter()
    withheld: Counter[str] = Counter()
    for each in tried:
        found.input_tokens += each.input_tokens
        found.output_tokens += each.output_tokens
        outcome = each.outcome
        if isinstance(outcome, NewsletterError):
            reason = outcome.reason if isinstance(outcome, PermanentError | TemporaryError) else ""
            failed[reason or type(outcome).__name__] += 1
            continue
        withheld.update(claim.reason for claim in outcome.withheld)
        if isinstance(outcome, Refusal):
            found.refused += 1
            continue
        is_complete = outcome.detail.rank >= detail.rank
        found.complete += is_complete
        found.shallower += not is_complete
        found.claims_shown += outcome.checked
    found.failed, found.withheld = dict(failed.most_common()), dict(withheld.most_common())
    found.claims_withheld = sum(withheld.values())
    found.seconds_a_paper = round(median([each.seconds for each in tried] or [0.0]), 3)
