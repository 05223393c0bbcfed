"""Whether a claim lets two things of its quote change places: what A does to B is not what B does to A."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

from newsletter.core.summaries.rules.contrasts import turns_one
from newsletter.core.summaries.rules.words import Token, tokens

_Shared = tuple[Token, int]
"""A word of the claim, and its place among the words of the quote."""
_BY = re.compile(r"\bby\b", re.IGNORECASE)
"""What makes the same of "threads indexed by phoneme" and "phoneme-indexed threads"."""


def exchanges(claim: str, quote: str) -> bool:
    """Say whether ``claim`` has two words of an English ``quote`` in exchange around words that stayed.

    "sMRI guides fMRI" of "fMRI guides sMRI", where both begin with the same word: without that the claim may
    only have its clauses in another order.
    """
    if turns_one(claim, quote):
        return False
    shared = _shared(claim, quote)
    return any(
        _is_exchanged(first, middle, last, claim=claim)
        for at, first in enumerate(shared)
        for middle, last in combinations(shared[at + 1 :], 2)
        if any(place < last[1] for _, place in shared[:at])
    )


def _is_exchanged(first: _Shared, middle: _Shared, last: _Shared, *, claim: str) -> bool:
    is_reversed = first[1] > middle[1] > last[1]
    return is_reversed and not _BY.search(claim[first[0].start : last[0].start])


def _shared(claim: str, quote: str) -> list[_Shared]:
    """Return the content words that stand once in both, in the claim's order."""
    said, shown = tokens(claim), tokens(quote)
    once = Counter(token.stem for token in said), Counter(token.stem for token in shown)
    places = {token.stem: place for place, token in enumerate(shown)}
    return [(token, places[token.stem]) for token in said if all(count[token.stem] == 1 for count in once)]
