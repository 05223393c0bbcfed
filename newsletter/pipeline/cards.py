"""One written summary → the card that digests show of it: how deep, and what it says of being less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from newsletter.core.digest import DigestCard
from newsletter.core.papers import PaperRecord
from newsletter.core.reading import Depth, Voice
from newsletter.pipeline.shelf import Shown


def card_of(record: PaperRecord, *, shown: Shown, asked: Depth, also_in: Sequence[str] = ()) -> DigestCard:
    """Return the card for readers who asked for ``asked``."""
    lacks, reason = _lacking(shown, asked=asked)
    return DigestCard(
        paper=replace(record, version=shown.paper_version),
        summary=shown.content,
        summary_key=shown.key,
        language=shown.language,
        depth=min(asked, shown.depth, key=lambda depth: depth.rank),
        lacks=lacks,
        lacks_reason=reason,
        model=shown.model,
        written_at=shown.written_at,
        also_in=tuple(also_in),
    )


def _lacking(shown: Shown, *, asked: Depth) -> tuple[Depth | None, str]:
    """Return what a sentence must own up to, and why. An extract in a model's place says so by itself."""
    if shown.depth.rank >= asked.rank:
        return None, ""
    if shown.content.voice is Voice.MODEL:
        return asked, ""
    is_by_choice = asked is Depth.READING and not shown.content.fallback_reason
    return (asked, "no_model") if is_by_choice else (None, "")
