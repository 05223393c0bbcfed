"""Whether an answer of arXiv's can be believed, beside what such a day usually brings.

arXiv's API can give an answer that is whole, valid and empty, or the same one for days. Taken at its word,
that would become the statement that nothing came out.
"""

from __future__ import annotations

from dataclasses import dataclass

MANY_DAYS = 3
"""A window of so many days without a single paper is not believed: weekends and holidays are shorter."""
SURE = 2.0
"""So many papers expected and none come: by chance in one case of seven (Poisson)."""
BUSY = 20.0
SMALL = 0.1
"""From a busy day less than this share of what is usual is not believed either."""
ENOUGH = 0.5
"""From this share of what is usual on, nothing more is looked for before the next announcement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What all answers of one gather brought, and what it is compared with."""

    received: int
    days: float
    """The length of the window that was asked for."""
    new: int
    """Papers first seen since the announcement that is expected to be in it."""
    silent: int = 1
    """Announcements since the last new paper; used where there is none since the last one."""
    usual: float | None
    """Papers that an announcement of this weekday usually brings; None where that is not known."""

    @property
    def is_enough(self) -> bool:
        return self.usual is not None and self.new >= max(1.0, ENOUGH * self.usual)

    @property
    def doubt(self) -> str:
        """Why this is not believed to be all, in a sentence; empty where it is."""
        if not self.received and self.days >= MANY_DAYS:
            return f"arXiv answered that there is no paper at all in {self.days:.0f} days."
        if self.new:
            return self._doubt_of_few()
        if self.usual is None:
            return "arXiv's answer holds no new paper, and it is not known yet how many are usual."
        if self.usual * self.silent < SURE:
            return ""
        since = "this announcement" if self.silent <= 1 else f"{self.silent} announcements"
        return f"arXiv's answer holds no new paper of {since}; such a day usually brings {self.usual:.0f}."

    def _doubt_of_few(self) -> str:
        if self.usual is None or self.usual < BUSY or self.new >= SMALL * self.usual:
            return ""
        papers = "one new paper" if self.new == 1 else f"{self.new} new papers"
        return f"arXiv's answer holds {papers}; such a day usually brings {self.usual:.0f}."
