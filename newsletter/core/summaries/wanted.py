"""A summary that some digest needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from newsletter.core.summaries.summary import DetailLevel


@dataclass(frozen=True, slots=True)
class Wanted:
    """A summary that some digest needs."""

    paper_id: int
    language: str
    """The reader's; the summariser says in which it will write."""
    detail: DetailLevel
    due_at: datetime | None = field(default=None, compare=False)
    """When the first of those digests falls due; None: now."""
