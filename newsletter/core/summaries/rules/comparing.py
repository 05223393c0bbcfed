"""Who does better than whom, what rises or falls, what changes places: a claim against its quote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from newsletter.core.summaries.rules.contrasts import agrees_in_one, contradiction, opposed, turns_one
from newsletter.core.summaries.rules.quantities import Quantity, quantities
from newsletter.core.summaries.rules.roles import ends_swapped, part_is_whole
from newsletter.core.summaries.rules.words import Token, stems, tokens

_BEATS = re.compile(
    r"\b(?:outperform\w*|surpass\w*|exceed\w*|beats?|beating|(?:better|faster|slower|higher|lower|more\s+\w+)\s+than|(?:more|less|fewer)\b[^,.;]{0,40}?\s+than)\b"
    r"|优于|超过(?!\s*\d)|超越|胜过|好于|比(?=.{1,30}[高快好低慢多强])",
    re.IGNORECASE,
)
_PASSIVE = re.compile(r"\b(?:is|are|was|were|been)\s+(?:\w+\s+)?$", re.IGNORECASE)
_ALIKE = 2
"""Content words that a claim and a clause must share for the clause to be what the claim is about."""
_SENTENCE_ENDS = re.compile(r"[;；。]|\.(?!\d)")
_CLAUSE_ENDS = re.compile(r"[,;:，；。]")

_Shared = tuple[Token, int]
"""A word of the claim, and its place among the words of the quote."""
_BY = re.compile(r"\bby\b", re.IGNORECASE)
"""What makes the same of "threads indexed by phoneme" and "phoneme-indexed threads"."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    better: frozenset[str]
    worse: frozenset[str]


def compares(text: str) -> bool:
    return bool(_BEATS.search(text))


def reverses_comparison(claim: str, quoted: str) -> bool:
    """Say whether ``claim`` has the two sides of a comparison of ``quoted`` the wrong way round."""
    stated, printed = _comparison(claim), _comparison(quoted)
    if not stated or not printed:
        return False
    crossed = stated.better & printed.worse - printed.better
    return len(crossed) > len(stated.better & printed.better) and bool(stated.worse & printed.better)


def names_the_worse(name: str, quoted: str) -> bool:
    """Say whether ``quoted`` speaks of ``name`` only as what was beaten."""
    printed = _comparison(quoted)
    return printed is not None and bool(stems(name)) and stems(name) <= printed.worse - printed.better


def _comparison(text: str) -> _Comparison | None:
    found = _BEATS.search(text)
    if not found:
        return None
    before = _CLAUSE_ENDS.split(text[: found.start()])
    subject = next((part for part in reversed(before) if stems(part)), "")
    sides = stems(subject), stems(_SENTENCE_ENDS.split(text[found.end() :])[0])
    better, worse = reversed(sides) if _PASSIVE.search(text[: found.start()]) else sides
    return _Comparison(better, worse)


def reverses_direction(claim: str, quotes: Iterable[str]) -> bool:
    """Say whether a number rises in the claim and falls in its quote, or goes to where it came from.

    What stands with a number excludes what stands with it in the quote: real for synthetic video.
    """
    quotes = tuple(quotes)
    return any(ends_swapped(claim, quote) or part_is_whole(claim, quote) for quote in quotes) or any(
        _is_turned(number, claim, quotes) for number in quantities(claim)
    )


def contradicts_its_clause(claim: str, quotes: Iterable[str]) -> bool:
    """Say whether ``claim`` turns round a clause of its quotes that tells of the same."""
    if _CLAUSE_ENDS.search(claim.rstrip(".。")):
        return False
    said = stems(claim)
    alike = [
        clause for quote in quotes for clause in _PART.split(quote) if len(said & stems(clause)) >= _ALIKE
    ]
    against = [clause for clause in alike if turns_one(claim, clause)]
    return bool(against) and not any(agrees_in_one(claim, clause) for clause in alike)


def _is_turned(number: Quantity, claim: str, quotes: Sequence[str]) -> bool:
    said = _clause(claim, number)
    shown = [
        _clause(quote, printed)
        for quote in quotes
        for printed in quantities(quote)
        if number.agrees_with(printed)
    ]
    return bool(shown) and all(opposed(said, clause) or contradiction(said, clause) for clause in shown)


def takes_unit_of_another(claim: str, quotes: Sequence[str]) -> bool:
    """Say whether ``claim`` has the unit of a number's namesake: 47% faster, of 47% less and 47× faster.

    The clause that shares more words with the claim decides which of the two is meant.
    """
    said = stems(claim)

    def shared(printed: Sequence[tuple[str, Quantity]]) -> int:
        return max((len(said & stems(_clause(quote, number))) for quote, number in printed), default=-1)

    printed = [(quote, number) for quote in quotes for number in quantities(quote)]
    return any(
        shared([each for each in printed if _is_namesake(number, each[1])])
        > shared([each for each in printed if number.agrees_with(each[1])])
        for number in quantities(claim)
        if number.unit
    )


def _is_namesake(number: Quantity, printed: Quantity) -> bool:
    return printed.value == number.value and bool(printed.unit) and printed.unit != number.unit


def _clause(text: str, number: Quantity) -> str:
    start = max((match.end() for match in _PART.finditer(text, 0, number.span[0])), default=0)
    end = _PART.search(text, number.span[1])
    return text[start : end.start() if end else len(text)]


_PART = re.compile(r"[,;，；。、](?!\d)|[和与及并且而]|\b(?:while|whereas|and|but|against)\b")


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
