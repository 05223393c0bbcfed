"""Which words set some example papers apart: shared by several of them, and rare elsewhere.

Pure counting. What a word is (a stem, a phrase) is the caller's: a key that can be counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

_SHARE = 0.25
"""Of the examples that have the word, at least; and two of them. What one person likes is about several
things: with half of them asked for, the query missed a sixth more (``benchmarks/describe.py``)."""


@dataclass(frozen=True, slots=True)
class Distinctive(Generic[Key]):
    key: Key
    in_examples: int
    in_others: float
    """How many papers elsewhere have it."""
    score: float


def shared(examples: Sequence[Collection[Key]]) -> dict[Key, int]:
    """Return in how many examples a word is, if in enough; never one of one example, unless that is all."""
    held = Counter(word for words in examples for word in set(words))
    least = max(min(2, len(examples)), math.ceil(_SHARE * len(examples)))
    return {word: number for word, number in held.items() if number >= least}


def distinctive(
    examples: Sequence[Collection[Key]], *, counts: Mapping[Key, float], documents: int, times: float
) -> list[Distinctive[Key]]:
    """Rank the words of ``examples`` (each the words of one paper), best first.

    ``counts``: in how many of ``documents`` other papers a word occurs; a word that it lacks occurs in none.
    A word is more than so many ``times`` more frequent among the examples. The score is (share of the
    examples) × ln(how many times more frequent it is among them).
    """
    found = []
    for word, in_examples in shared(examples).items():
        others = counts.get(word, 0)
        share, elsewhere = in_examples / len(examples), (others + 0.5) / (documents + 1)
        if share > times * elsewhere:
            score = share * math.log(share / elsewhere)
            found.append(Distinctive(key=word, in_examples=in_examples, in_others=others, score=score))
    return sorted(found, key=lambda each: (-each.score, each.key))
