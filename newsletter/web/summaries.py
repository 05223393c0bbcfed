"""The one summary a list shows of each paper, for any number of papers with one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.core.summaries.summary import Voice, summary_from_json
from newsletter.models import Paper, Summary


@dataclass(frozen=True, slots=True)
class Written:
    row: Summary
    content: SummaryValue

    @property
    def is_model(self) -> bool:
        return self.content.voice is Voice.MODEL


def summaries_of(papers: Sequence[Paper], *, language: str) -> dict[int, Written]:
    """Return a summary of each paper's present version: a model's in ``language`` if there is, else any."""
    versions = {paper.pk: paper.version for paper in papers}
    found: dict[int, Written] = {}
    for row in Summary.objects.shown().filter(paper__in=papers).order_by("pk"):
        if row.paper_version != versions[row.paper_id]:
            continue
        new, known = Written(row, summary_from_json(row.content or {})), found.get(row.paper_id)
        if known is None or _rank(new, language) >= _rank(known, language):
            found[row.paper_id] = new
    return found


def _rank(written: Written, language: str) -> tuple[bool, bool]:
    return written.row.language == language, written.is_model
