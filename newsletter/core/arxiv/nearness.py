"""How likely a recent paper is wanted, by how many others resemble more what a topic is about.

The constants are from ``benchmarks/describe.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

BROAD = 45
"""Of the papers a week most similar to a broad topic's, the one at this place is wanted as often as not."""
NARROW = 8
_DECAY = 1.3
_PRICE = 0.27
"""A match is worth showing if it is wanted more often than this."""
_MOST_CATEGORIES = 4
_AREA = 0.8
"""The categories near a topic hold this share of what is wanted."""


@dataclass(frozen=True)
class Near:
    """The recent papers that resemble what a topic is about."""

    ranked: Mapping[int, str] = field(default_factory=dict)
    """Paper → its primary category, the most similar first."""
    weeks: float = 1.0
    """Of which they are."""
    half_way: float = BROAD
    """The place, among a week's papers, of the one that is wanted as often as not."""
    known: frozenset[int] = frozenset()
    """Those that are wanted for certain: examples."""

    def narrowed(self, papers: float) -> Near:
        """Return them for a topic of about so many recent papers."""
        return replace(self, half_way=min(BROAD, max(NARROW, papers / self.weeks)))

    @cached_property
    def _chances(self) -> dict[int, float]:
        places = {paper: place / self.weeks / self.half_way for place, paper in enumerate(self.ranked)}
        chances = {paper: 1 / (1 + place**_DECAY) for paper, place in places.items()}
        return chances | dict.fromkeys(self.known, 1.0)

    def gain(self, papers: Iterable[int]) -> float:
        """Return what showing these is worth: how many are wanted, less the price of each."""
        return sum(self._chances.get(paper, 0.0) - _PRICE for paper in papers)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The primary categories of most of what is wanted, the largest first."""
        wanted: dict[str, float] = {}
        for paper, code in self.ranked.items():
            wanted[code] = wanted.get(code, 0.0) + max(0.0, self.gain([paper]))
        chosen: list[str] = []
        for code in sorted(wanted, key=lambda code: (-wanted[code], code))[:_MOST_CATEGORIES]:
            if sum(wanted[each] for each in chosen) < _AREA * sum(wanted.values()):
                chosen.append(code)
        return tuple(chosen)
