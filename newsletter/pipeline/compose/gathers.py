"""What is known of arXiv at a moment: when it last answered fully, and what went wrong since.

A digest must not say that nothing came out where nobody knows that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db.models import Q, QuerySet

from newsletter.core.arxiv.announcements import expected_announcement
from newsletter.models import GatherRun
from newsletter.models.delivery import HALF_ANSWERED, UNASKED

ANSWERED = Q(error="", is_probe=False)
BELIEVED = ANSWERED & Q(doubt="")


@dataclass(frozen=True, slots=True)
class Gathers:
    believed_at: datetime | None
    """When an answer came last, of arXiv's or in a file, that is believed to be all."""
    answered_at: datetime | None
    """When any answer came last."""
    failed: tuple[datetime, ...] = ()
    """When asking arXiv failed, as far as no later answer made it good."""
    doubtful: tuple[datetime, ...] = ()
    """When its answer was not all, or is not believed to be, as far as no later one made it good."""
    due_at: datetime | None = None
    """When arXiv last announced what should be in its answers by now."""

    @classmethod
    def until(cls, now: datetime) -> Self:
        runs = GatherRun.objects.filter(started_at__lte=now)
        asked = runs.filter(from_file=False, is_probe=False).order_by("started_at")
        # An answer may lack entries for as long as they are in its window: that must not hide later failures.
        whole = _last(asked.filter(BELIEVED, missing=0))
        since = asked.filter(started_at__gte=whole) if whole else asked
        answered = _last(asked.filter(BELIEVED))
        failed = asked.exclude(error="").filter(Q(started_at__gte=answered) if answered else Q())
        in_doubt = since.filter(ANSWERED).exclude(doubt="", missing=0)
        return cls(
            due_at=expected_announcement(now),
            believed_at=_last(runs.filter(BELIEVED)),
            answered_at=_last(runs.filter(ANSWERED)),
            failed=tuple(failed.values_list("started_at", flat=True)),
            doubtful=tuple(in_doubt.values_list("started_at", flat=True)),
        )

    def ignorance_since(self, begins_at: datetime) -> str:
        """Return why nobody can say that nothing came out since then; empty where one can."""
        # Over a weekend nothing is announced: the last answer holds all there is.
        enough_at = min(filter(None, (begins_at, self.due_at)))
        if self.believed_at is not None and self.believed_at > enough_at:
            return ""
        return HALF_ANSWERED if self.answered_at is not None and self.answered_at > begins_at else UNASKED


def _last(runs: QuerySet[GatherRun]) -> datetime | None:
    return runs.order_by("-started_at").values_list("started_at", flat=True).first()
