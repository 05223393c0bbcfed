"""Which words set some example papers apart: shared by half of them, and rare elsewhere.

Pure counting. What a word is (a stem, a phrase) is the caller's: a key that can be counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

_SHARE = 0.5
"""Of the examples that have the word, at least."""
_COMMON = 0.1
"""A word that so large a share of all papers has tells nothing."""
_TIMES = 5
"""So many times more frequent among the examples than elsewhere, at least."""


@dataclass(frozen=True, slots=True)
class Distinctive:
    key: str
    in_examples: int
    in_others: int
    """Papers elsewhere that have it."""
    score: float


def distinctive(
    examples: Sequence[Collection[str]], *, counts: Mapping[str, int], documents: int
) -> list[Distinctive]:
    """Rank the words of ``examples`` (each the words of one paper), best first.

    ``counts``: in how many of ``documents`` papers a word occurs; a word that it lacks occurs in none. Never
    names a word of one example, unless there is one example only. The score is (share of the examples) ×
    ln(how many times more frequent it is among them).
    """
    held = Counter(word for words in examples for word in set(words))
    least = max(min(2, len(examples)), math.ceil(_SHARE * len(examples)))
    found = []
    for word, in_examples in held.items():
        others = counts.get(word, 0)
        share, elsewhere = in_examples / len(examples), (others + 0.5) / (documents + 1)
        if in_examples >= least and elsewhere < _COMMON and share > _TIMES * elsewhere:
            score = share * math.log(share / elsewhere)
            found.append(Distinctive(key=word, in_examples=in_examples, in_others=others, score=score))
    return sorted(found, key=lambda each: (-each.score, each.key))
