"""The one summary a list shows of each paper, for any number of papers with one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.core.reading import Summary as SummaryValue
from newsletter.core.reading import Voice, summary_from_json
from newsletter.models import Paper, Summary
from newsletter.web.marking import Segment, marked_parts


@dataclass(frozen=True, slots=True)
class Written:
    row: Summary
    content: SummaryValue

    @property
    def is_model(self) -> bool:
        return self.content.voice is Voice.MODEL

    @property
    def receipt(self) -> list[Segment]:
        """The first quote behind the headline, in pieces; none for the authors' own words."""
        evidence = self.content.headline.evidence[:1] if self.is_model else ()
        return [part for each in evidence for part in marked_parts(each.quote, each.marks)]


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
