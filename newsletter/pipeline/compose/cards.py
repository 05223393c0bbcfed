"""One written summary → the card that digests show of it: how deep, and what it says of being less."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from newsletter.core.arxiv.figures import ShownFigure
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.digest import DigestCard
from newsletter.core.summaries.summary import NO_FULL_TEXT, DetailLevel, Voice
from newsletter.models import Paper
from newsletter.pipeline.summarize.figures import figures_for
from newsletter.pipeline.summarize.lookup import Shown


def mail_figures(paper_ids: Collection[int]) -> dict[int, ShownFigure]:
    """Return the first figure of each paper that a mail may show, by the paper's key."""
    papers = Paper.objects.in_bulk(paper_ids).values()
    small = {
        key: [each for each in figures if each.mail_image] for key, figures in figures_for(papers).items()
    }
    return {key: figures[0] for key, figures in small.items() if figures}


def card_of(
    record: PaperRecord,
    *,
    shown: Shown,
    asked: DetailLevel,
    figure: ShownFigure | None = None,
    also_in: Sequence[str] = (),
) -> DigestCard:
    """Return the card for readers who asked for ``asked``."""
    lacks, reason = _lacking(shown, asked=asked)
    detail = min(asked, shown.detail, key=lambda detail: detail.rank)
    return DigestCard(
        paper=replace(record, version=shown.paper_version),
        summary=shown.content,
        summary_key=shown.key,
        language=shown.language,
        detail=detail,
        lacks=lacks,
        lacks_reason=reason,
        figure=figure if detail is DetailLevel.READING else None,
        model=shown.model,
        written_at=shown.written_at,
        also_in=tuple(also_in),
    )


def _lacking(shown: Shown, *, asked: DetailLevel) -> tuple[DetailLevel | None, str]:
    """Return what a sentence must own up to, and why. An extract in a model's place says so by itself."""
    if shown.detail.rank >= asked.rank:
        return None, ""
    if shown.content.voice is Voice.MODEL:
        missing = shown.content.incomplete
        return asked, (NO_FULL_TEXT if NO_FULL_TEXT in missing else "incomplete" if missing else "late")
    is_by_choice = asked is DetailLevel.READING and not shown.content.fallback_reason
    return (asked, "no_model") if is_by_choice else (None, "")
