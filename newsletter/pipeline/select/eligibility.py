"""What a topic offers one reader, by that reader's own moments, and where these fall among the papers'."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from newsletter.core.delivery.cadence import Cadence, period_days

LOOKBACK = timedelta(days=14)
"""How far back a topic reaches that a reader adds later; the same as for a topic that is new itself."""
SHORTEST = timedelta(days=7)
RACE = timedelta(hours=1)
"""A match written shortly before a period's end may have become visible after it."""


@dataclass(frozen=True, slots=True)
class PaperDates:
    first_seen_at: datetime
    published_at: datetime

    @property
    def recent_since(self) -> datetime:
        return max(self.published_at, self.first_seen_at)


@dataclass(frozen=True, slots=True)
class Eligibility:
    """From when on a subscription offers papers."""

    joined_at: datetime
    reaches_to: datetime
    """Papers from before joining count when published at or after this."""
    not_before: datetime
    """Nothing published before this: set when the topic was added later."""
    covered_until: datetime | None

    @classmethod
    def of(
        cls, cadence: str, *, joined_at: datetime, created_at: datetime, covered_until: datetime | None
    ) -> Eligibility:
        period = _period(cadence)
        return cls(joined_at, joined_at - period, created_at - max(period, LOOKBACK), covered_until)

    def takes(self, dates: PaperDates) -> bool:
        """Whether a paper is this reader's to be offered at all: of a period before they joined, or later."""
        is_theirs = dates.first_seen_at > self.joined_at or dates.published_at >= self.reaches_to
        return is_theirs and dates.recent_since >= self.not_before

    @property
    def since(self) -> datetime:
        """Everything matched up to here has been accounted for (or was never theirs)."""
        return self.begins_at - RACE

    @property
    def begins_at(self) -> datetime:
        """The beginning of the period: the end of the last one, or as far back as a first one reaches."""
        return self.covered_until or max(self.reaches_to, self.not_before)

    def is_in_period(self, dates: PaperDates) -> bool:
        """Whether M of "N of M" counts it."""
        covered = self.covered_until
        return self.takes(dates) and (covered is None or dates.first_seen_at > covered)


@lru_cache(maxsize=1_000)
def _period(cadence: str) -> timedelta:
    return max(timedelta(days=period_days(Cadence.parse(cadence))), SHORTEST)


Bounds = tuple[int, ...]
"""Where a reach's moments fall among those of some papers: equal for those that take the same ones."""


class Moments:
    """Those of some papers."""

    def __init__(self, papers: Collection[PaperDates]) -> None:
        self._seen = sorted({dates.first_seen_at for dates in papers})
        self._published = sorted({dates.published_at for dates in papers})
        self._recent = sorted({dates.recent_since for dates in papers})

    def bounds(self, eligibility: Eligibility) -> Bounds:
        return (
            self.seen_until(eligibility.joined_at),
            bisect_left(self._published, eligibility.reaches_to),
            bisect_left(self._recent, eligibility.not_before),
        )

    def seen_until(self, moment: datetime) -> int:
        return bisect_right(self._seen, moment)
