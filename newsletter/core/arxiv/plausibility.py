"""Whether an answer of arXiv is plausible, compared with what such a day usually brings.

arXiv's API can return an answer that is complete, valid and empty, or stale for days. Believed, readers would
be told that nothing was published.
"""

from __future__ import annotations

from dataclasses import dataclass

MANY_DAYS = 3
"""A window of this many days without a paper is implausible: weekends and holidays are shorter."""
SURE = 2.0
"""Expected papers above which none at all is doubted; by chance one case in seven (Poisson)."""
BUSY = 20.0
SMALL = 0.1
"""Less than this share of a busy day's usual number is doubted too."""
ENOUGH = 0.5
"""From this share of the usual number on, stop probing until the next announcement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What one gather brought, and what it is compared with."""

    received: int
    days: float
    """The length of the queried window."""
    new: int
    """Papers first seen since the announcement that is expected to be in it."""
    announced: int
    """Papers that were submitted in time for that announcement and are known by now."""
    silent: int = 1
    """Announcements of which no paper is known, up to that one; used where none of its own is."""
    usual: float | None
    """Papers that an announcement on this weekday usually brings; None if unknown."""

    @property
    def is_enough(self) -> bool:
        return self.usual is not None and self.announced >= max(1.0, ENOUGH * self.usual)

    @property
    def doubt(self) -> str:
        """Why this is probably incomplete, in a sentence; empty if plausible."""
        if not self.received and self.days >= MANY_DAYS:
            return f"arXiv answered that there is no paper at all in {self.days:.0f} days."
        if self.usual is None:
            nothing = "arXiv's answer holds no new paper, and it is not known yet how many are usual."
            return "" if self.new else nothing
        if self.announced:
            is_much_less = self.usual >= BUSY and self.announced < SMALL * self.usual
            papers = "one paper" if self.announced == 1 else f"{self.announced} papers"
        else:
            is_much_less = self.usual * self.silent >= SURE
            papers = "no paper"
        if not is_much_less:
            return ""
        last = "the last announcement" if self.silent <= 1 else f"the last {self.silent} announcements"
        return f"arXiv's answers hold {papers} of {last}; such a day usually brings {self.usual:.0f}."
