"""The summaries that exist of some papers, and which one a reader is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.adapters.ports import Summariser
from newsletter.core.summaries.summary import (
    NO_FULL_TEXT,
    DetailLevel,
    Voice,
    Wanted,
    at_detail,
    summary_from_json,
)
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.models import Summary
from newsletter.pipeline.summarize.store import DAILY_CAP, UNGROUNDED, may_still_come

LATE = "late"
WITHHELD = "withheld"
"""The operator took it down."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One written summary, as a card takes it."""

    key: str
    """Names this content: the row and when it was written."""
    content: SummaryValue
    language: str
    detail: DetailLevel
    """The deepest it holds."""
    model: str
    written_at: datetime
    paper_version: int

    def lacks(self, asked: DetailLevel) -> tuple[DetailLevel | None, str]:
        """Return what a sentence must own up to, and why. An extract in a model's place says so by itself."""
        if self.detail.rank >= asked.rank:
            return None, ""
        if self.content.voice is Voice.MODEL:
            missing = self.content.incomplete
            return asked, (NO_FULL_TEXT if NO_FULL_TEXT in missing else "incomplete" if missing else "late")
        is_by_choice = asked is DetailLevel.READING and not self.content.fallback_reason
        return (asked, "no_model") if is_by_choice else (None, "")


class SummaryLookup:
    def __init__(self, paper_ids: Iterable[int], *, summariser: Summariser) -> None:
        self._summariser = summariser
        self._extractive = ExtractiveSummariser()
        self._rows: dict[tuple[int, str, str], Summary] = {}
        self.load(paper_ids)

    def load(self, paper_ids: Iterable[int]) -> None:
        """Load what is written of these papers too, by the summariser and by extraction."""
        voices = {(each.model, each.prompt_version) for each in (self._summariser, self._extractive)}
        rows = Summary.objects.filter(paper_id__in=set(paper_ids)).select_related("paper").order_by("pk")
        self._rows |= {
            (row.paper_id, row.model, row.language): row
            for row in rows
            if (row.model, row.prompt_version) in voices and row.paper_version == row.paper.version
        }

    def language_for(self, language: str) -> str:
        """Return in which language the summariser writes for readers of ``language``."""
        return self._summariser.language_for(language)

    def may_still_come(self, want: Wanted, *, within: timedelta) -> bool:
        """Whether waiting that long may bring what is wanted: not written, and not given up on."""
        if self._summariser.voice is Voice.AUTHORS:
            return False
        return may_still_come(self._row(want, self._summariser), want.detail, within=within)

    def show(self, want: Wanted) -> Shown:
        """Return the model's summary, or the extractive one with the reason it stands in."""
        row = self._row(want, self._summariser)
        if row is not None and row.content is not None and row.withheld_at is None:
            return _shown(row, want=want)
        stand_in = self._row(want, self._extractive)
        if stand_in is None:
            raise LookupError(f"no summary of paper {want.paper_id}: write_summaries comes before compose")
        if self._summariser.voice is Voice.AUTHORS:
            return _shown(stand_in)
        return _shown(stand_in, fallback_reason=_why_not(row))

    def _row(self, want: Wanted, summariser: Summariser) -> Summary | None:
        return self._rows.get((want.paper_id, summariser.model, summariser.language_for(want.language)))


def _why_not(row: Summary | None) -> str:
    """Return the reason of what failed for good, ``daily_cap``, or ``late`` for all that may still come."""
    if row is None:
        return LATE
    if row.withheld_at is not None:
        return WITHHELD
    is_settled = row.is_final or row.failure == DAILY_CAP or row.failure.startswith(UNGROUNDED)
    return row.failure if is_settled else LATE


def _shown(row: Summary, *, want: Wanted | None = None, fallback_reason: str = "") -> Shown:
    """Cut the row to what is ``want``-ed."""
    if row.content is None or row.written_at is None:
        raise ValueError(f"summary {row.pk} is not written")
    content = summary_from_json(row.content)
    if row.fallback and not content.incomplete:  # it was written before anybody wanted a reading
        content = replace(content, incomplete=(NO_FULL_TEXT,))
    if want is not None:
        content = at_detail(content, want.detail)
    return Shown(
        key=f"{row.pk}:{row.written_at.isoformat()}:{row.fallback}:{fallback_reason}",
        content=replace(content, fallback_reason=fallback_reason),
        language=row.language,
        detail=content.detail,
        model=row.model,
        written_at=row.written_at,
        paper_version=row.paper_version,
    )
