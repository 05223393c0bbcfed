"""A snapshot: the vocabulary of some weeks of papers, how many papers have each term, and how they write it.

It turns a paper into a vector. A profile, a paper's vector and a topic's mean name the snapshot that they
were made with; a new one makes them anew from texts.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from newsletter.core.taste.terms import paper_terms
from newsletter.core.taste.vectors import MOST_TERMS, strongest, unit

MOST_TERMS_KNOWN = 50_000
"""A term's number is stored in two bytes."""
FEWEST_PAPERS, FEWEST_OF_FEW = 3, 2
"""A term of fewer papers is left out. Of less than 10,000 papers, two weeks of arXiv's, two are enough."""
_FEW = 10_000
MOST_BACKGROUND_TERMS = 300
_BACKGROUND = 0.02
"""A paper that has a term weighs it at about 0.02 × inverse document frequency: the mean over the papers of
2026-06-01, where it gives the mean vector with a correlation of 0.985."""
_SEEN_IN_PAIRS, _SELDOM_LAST = 10, 0.3
"""A word is a modifier if it is the last of less than 30 % of its pairs, and has some."""
_FORMAT = "taste-snapshot 1"


@dataclass(frozen=True)
class Snapshot:
    """Terms by number: parallel tuples, sorted by key."""

    name: str
    """The date of its newest paper, ``2026-06-05``."""
    documents: int
    keys: tuple[str, ...]
    """Stems, two of them divided by a space."""
    counts: tuple[int, ...]
    """How many of the papers have the term."""
    surfaces: tuple[str, ...]
    """As most papers write it: "language agents"."""

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        return {key: number for number, key in enumerate(self.keys)}

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """Inverse document frequency, smoothed: ln((1 + documents) / (1 + count)) + 1."""
        return tuple(math.log((1 + self.documents) / (1 + count)) + 1 for count in self.counts)

    def share(self, stems: Sequence[str]) -> float:
        """Return in what share of the papers a word or a pair of words occurs: 0 if it is not known."""
        number = self.numbers.get(" ".join(stems))
        return 0.0 if number is None else self.counts[number] / self.documents

    def background(self, number: int) -> float:
        """Return the term's weight in the mean vector of all papers: a profile is what exceeds it."""
        return self._backgrounds[number]

    @cached_property
    def _backgrounds(self) -> tuple[float, ...]:
        pairs = zip(self.counts, self.weights, strict=True)
        return tuple(_BACKGROUND * count / self.documents * weight for count, weight in pairs)

    @cached_property
    def common_terms(self) -> tuple[int, ...]:
        """The 300 terms with the largest background."""
        ranked = sorted(range(len(self.keys)), key=lambda number: (-self.background(number), number))
        return tuple(ranked[:MOST_BACKGROUND_TERMS])

    @cached_property
    def modifiers(self) -> frozenset[str]:
        """Stems that other words seldom stand before and often follow: adjectives such as "orthogon"."""
        firsts, lasts = Counter[str](), Counter[str]()
        for key, count in zip(self.keys, self.counts, strict=True):
            first, space, last = key.partition(" ")
            if space:
                firsts[first] += count
                lasts[last] += count
        return frozenset(
            stem
            for stem, count in firsts.items()
            if count + lasts[stem] >= _SEEN_IN_PAIRS and lasts[stem] < _SELDOM_LAST * (count + lasts[stem])
        )

    def surface(self, number: int) -> str:
        return self.surfaces[number]

    def vector(self, title: str, abstract: str) -> dict[int, float]:
        """Return the paper's unit vector: (1 + ln count) × inverse document frequency.

        It is empty for a text without any known term.
        """
        weighed = {
            number: (1 + math.log(term.count)) * self.weights[number]
            for key, term in paper_terms(title=title, abstract=abstract).items()
            if (number := self.numbers.get(key)) is not None
        }
        return unit(strongest(weighed, MOST_TERMS))

    def pack(self) -> bytes:
        """Return the stored form: a header, then a line a term (key, count, surface if it differs)."""
        rows = zip(self.keys, self.counts, self.surfaces, strict=True)
        lines = [f"{_FORMAT}\t{self.name}\t{self.documents}"]
        lines += [f"{key}\t{count}\t{surface if surface != key else ''}" for key, count, surface in rows]
        return zlib.compress("\n".join(lines).encode(), 9)

    @classmethod
    def unpack(cls, stored: bytes) -> Snapshot:
        """Return the snapshot that was stored. Raise ValueError when the bytes are damaged."""
        try:
            header, *lines = zlib.decompress(stored).decode().split("\n")
        except (ValueError, zlib.error) as error:
            raise ValueError(f"not a snapshot of taste: {error}") from error
        rows = [line.split("\t") for line in lines]
        kind, *rest = header.split("\t")
        if kind != _FORMAT or len(rest) != 2 or any(len(row) != 3 for row in rows):
            raise ValueError(f"not a snapshot of taste: {header[:40]!r}")
        return cls(
            name=rest[0],
            documents=int(rest[1]),
            keys=tuple(key for key, _, _ in rows),
            counts=tuple(int(count) for _, count, _ in rows),
            surfaces=tuple(surface or key for key, _, surface in rows),
        )


def make_snapshot(texts: Iterable[tuple[str, str]], *, name: str) -> Snapshot:
    """Count the terms of ``texts``, (title, abstract) of each paper. Their order does not matter."""
    counts: Counter[str] = Counter()
    written: defaultdict[str, Counter[str]] = defaultdict(Counter)
    documents = 0
    for title, abstract in texts:
        documents += 1
        for key, term in paper_terms(title=title, abstract=abstract).items():
            counts[key] += 1
            written[key][term.surface] += 1
    fewest = FEWEST_OF_FEW if documents < _FEW else FEWEST_PAPERS
    usual = [key for key, count in counts.items() if count >= fewest]
    keys = sorted(sorted(usual, key=lambda key: (-counts[key], key))[:MOST_TERMS_KNOWN])
    return Snapshot(
        name=name,
        documents=documents,
        keys=tuple(keys),
        counts=tuple(counts[key] for key in keys),
        surfaces=tuple(_usual(written[key]) for key in keys),
    )


def _usual(forms: Mapping[str, int]) -> str:
    return min(forms, key=lambda form: (-forms[form], form))
