"""How a long sentence of the authors is shortened: what stays is theirs, and "…" stands for what went.

What tells the result is kept: the marked words, else the clause that says what came out. Of the ways to cut
that keep it, the one that reads best is taken: a cost for where it begins, and one for where it ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from newsletter.core.summaries.cues import REPORTS, TELLS
from newsletter.core.summaries.openings import CUT
from newsletter.core.summaries.rules.quantities import Span
from newsletter.core.summaries.rules.words import LITTLE_WORDS

LONGEST_SENTENCE = 160
"""Characters of an authors' sentence, from which it is cut."""
_SHORTEST = 50
_SHORTEST_CLAUSE, _FRAGMENT = 40, 15
_MUST_STAY = 90
"""Characters of the clause that tells the result, where nothing is marked in it."""
_Edge = tuple[int, float]
"""Where a cut may be, and what it costs."""

_CLAUSE = re.compile(r"[,;:]\s(?![A-Z][,;\s])|\s[–—]\s")  # "A, B, C" is a list
_DEPENDS = re.compile(
    r"""(?:and|or|but|yet|nor|while|although|though|whereas|which|where|who|when|as|if|unless|that|such|so|then|thus
        |thereby|including|e\.g|i\.e|in|on|by|with|without|from|under|at|for|to|through|given|within|across|via|over
        |unlike|despite|due|than|not|based|even|respectively|\w+ing|\w+ly|\w+ed
        |(?-i:[a-z]+s)\s(?:us|the|an?|to|that|both|in|by))\b""",
    re.VERBOSE | re.IGNORECASE,
)
"""How a clause begins that does not stand alone."""
_CONTRAST = re.compile(r"(?:while|although|though|despite|unlike|even\sif)\b", re.IGNORECASE)
_CONDITION = re.compile(r"[,\s]*(?:and\s)?(?:only\s)?(?:if|provided)\b", re.IGNORECASE)
_TURN = re.compile(r"\b(?:but|yet|although|though|unless|except|however)\b", re.IGNORECASE)
"""After a cut, what would change the sense of what stands before it."""
_LOOSE = re.compile(r"[\s,;:.–—-]*(?:\b(?:i\.e|e\.g)\.?)?[\s,;:.–—(-]*$")
_BREATH = re.compile(
    r"\s(?=(?:across|in|on|with|without|while|whereas|when|where|for|under|using|via|which|compared|because|by|at"
    r"|during|among|over|between|through|within|and)\s)"
)


def clipped(sentence: str, *, mark: Span | None) -> tuple[str, Span | None]:
    """Return ``sentence``, beyond 160 characters shortened; what is marked stays whole."""
    if len(sentence) <= LONGEST_SENTENCE:
        return sentence, mark
    kept = mark or _telling(sentence)
    ways = (
        (cost + other, start - end, start, end)
        for start, cost in _starts(sentence, before=kept[0])
        for end, other in _ends(sentence, start, after=kept[1])
    )
    _, _, start, end = min(ways)
    before = CUT if start else ""
    text = sentence[start:end]
    if end < len(sentence):
        text = _LOOSE.sub("", text) + "…"
    moved = len(before) - start
    return before + text, (mark[0] + moved, mark[1] + moved) if mark else None


def _telling(sentence: str) -> Span:
    """Return what must stay of the first clause that says what came out: not "We show that, unlike X,"."""
    edges, is_announced = [0, *(cut.end() for cut in _clauses(sentence)), len(sentence)], False
    for start, end in pairwise(edges):
        reported = REPORTS.search(sentence, start, end)
        begins = reported.end() if reported else start
        is_contrast = reported and _CONTRAST.match(sentence, begins)
        if is_contrast or sentence[start:end].rstrip(", ").endswith(" that"):
            is_announced = True
        elif reported or (
            (is_announced or TELLS.search(sentence, start, end)) and not _depends(sentence, start)
        ):
            whole = len(sentence[:end].rstrip(" ,;:–—"))
            is_list = whole - begins < _SHORTEST_CLAUSE
            return begins, min(len(sentence) if is_list else whole, begins + _MUST_STAY)
    return 0, min(len(sentence), _MUST_STAY)


def _starts(sentence: str, *, before: int) -> Iterator[_Edge]:
    """Yield where it may begin: as it does, after "We show that", with a clause, else with a word."""
    yield 0, 0
    yield from ((found.end(), 1) for found in REPORTS.finditer(sentence) if found.end() <= before)
    edges = [*(cut.end() for cut in _clauses(sentence)), len(sentence)]
    for start, end in pairwise(edges):
        if start <= before:
            tells = TELLS.search(sentence, start, end)
            yield start, 5 if _depends(sentence, start) else 2 if tells else 4
    yield sentence.rfind(" ", 0, max(1, before - LONGEST_SENTENCE // 3)) + 1, 9


def _ends(sentence: str, start: int, *, after: int) -> Iterator[_Edge]:
    """Yield where what begins at ``start`` may end: as it does, with a clause, before a phrase, anywhere."""
    most = start + LONGEST_SENTENCE - 1 - (len(CUT) if start else 0)
    least = max(after, start + _SHORTEST)
    if len(sentence) <= most + 1:
        yield len(sentence), 0
    last = max(least, sentence.rfind(" ", 0, most))
    while last > least and not _may_end(sentence, last):
        last = max(least, sentence.rfind(" ", 0, last))
    edges = [0, *(cut.start() for cut in _clauses(sentence)), len(sentence)]
    breaks = [
        (end, 1.5 if min(end - left, right - end) > _FRAGMENT else 3.0)  # not within a list
        for left, end, right in zip(edges, edges[1:], edges[2:], strict=False)
        if least <= end <= most
    ]
    phrases = (cut.start() for cut in _BREATH.finditer(sentence, least))
    breaks += [(end, 2.75) for end in phrases if end <= most and _may_end(sentence, end)]
    for end, cost in [*breaks, (last, 4 + 9 * (last > most))]:
        # Where the sense changes after any cut, less said is better.
        yield end, cost + (5 + end / 1000) * _changes_sense(sentence, end)


def _may_end(sentence: str, end: int) -> bool:
    last = sentence[:end].rpartition(" ")[2].casefold()
    return last not in LITTLE_WORDS | {"if", "both", "only"} and _is_outside(sentence, end)


def _changes_sense(sentence: str, end: int) -> bool:
    """Whether it says less than the truth up to ``end``: "only if" or "but" comes after."""
    return bool(_CONDITION.match(sentence, end) or _TURN.search(sentence, end))


def _depends(sentence: str, start: int) -> bool:
    return bool(_DEPENDS.match(sentence, start))


def _clauses(sentence: str) -> Iterator[re.Match[str]]:
    """Yield where a clause ends, outside brackets: {1, …, n} is no list of clauses."""
    return (cut for cut in _CLAUSE.finditer(sentence) if _is_outside(sentence, cut.start()))


def _is_outside(sentence: str, at: int) -> bool:
    before = sentence[:at]
    return sum(map(before.count, "([{")) <= sum(map(before.count, ")]}"))  # (1, 2] is an interval
