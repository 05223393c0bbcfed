"""The content words of a sentence, comparable: English stems, and Chinese terms as English stems.

Owns which words say nothing, which say the same, and where in a sentence each stands. A term of the bilingual
table counts as its English stem, so that a Chinese claim can be laid beside an English quote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from newsletter.core.arxiv.sentences import word_set
from newsletter.core.summaries.rules.bilingual import TERMS

_WORD = re.compile(r"[^\W_\u2e80-\u9fff]+(?:['’][^\W_\u2e80-\u9fff]+)*")
STEM = 5
"""Letters that must agree: ``improves``, ``improved`` and ``improvement`` do."""

LITTLE_WORDS = word_set(
    """a an and are as at be been but by can for from had has have in into is it its may of on or our paper
    authors than that the their them then there these they this those to was we were which while who will with
    work"""
)
_EMPTY_WORDS = LITTLE_WORDS | word_set(
    """both each also one only such more most when where how what do does did being through over under per
    about between across within up down out so not no any all some other same"""
)
_SAME = (
    "fall drop decreas reduc lower declin shrink cut fewer less",
    "rise rose increas grow grew higher gain boost raise",
    "beat outperf surpass exceed better superior",
    "requir need necess demand",
    "dataset corpus corpora collection",
    "show demonstr find found reveal indicat",
    "use employ appl leverag exploit utiliz",
    "quick fast speed rapid",
    "propos introduc present",
    "reach achiev attain score obtain",
    "image picture photo",
    "audio speech voice acoustic",
    "begin start",
    "instead replac",
    "people human person",
    "part share fraction proportion",
)


def _canonical() -> dict[str, str]:
    return {word[:STEM]: group.split()[0][:STEM] for group in _SAME for word in group.split()}


_CANON = _canonical()


@dataclass(frozen=True, slots=True)
class Token:
    """One content word and where it begins."""

    stem: str
    start: int


@lru_cache(maxsize=2048)
def tokens(text: str) -> tuple[Token, ...]:
    """Return the content words of ``text`` in order; numbers are not among them."""
    found: list[tuple[int, str]] = [
        (match.start(), found_stem) for match in _WORD.finditer(text) if (found_stem := stem(match.group()))
    ]
    found += [(match.start(), stem(TERMS[match.group()][0])) for match in _TERM.finditer(text)]
    return tuple(Token(word, start) for start, word in sorted(found))


def stems(text: str) -> frozenset[str]:
    return frozenset(token.stem for token in tokens(text))


def terms(text: str) -> list[frozenset[str]]:
    """Return for each known Chinese term of ``text`` the stems of the English words that may stand for it."""
    return [frozenset(map(stem, TERMS[match.group()])) for match in _TERM.finditer(text)]


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return the beginning of a content word; empty for a word that says nothing, and for a bare number.

    A name (two capitals) stays whole: DriveJudge is not DriveCritic.
    """
    lowered = word.casefold()
    if sum(map(str.isupper, word)) > 1:
        return lowered[:-1] if word.endswith("s") else lowered
    if lowered in _EMPTY_WORDS or lowered.isdigit() or len(lowered) < 2:
        return ""
    lowered = lowered.removesuffix("es") if lowered.endswith("sses") else lowered
    bare = (
        lowered[:-1] if len(lowered) > 3 and lowered.endswith("s") and lowered[-2] not in "sui" else lowered
    )
    return _CANON.get(bare[:STEM], bare[:STEM])


_TERM = re.compile("|".join(sorted(map(re.escape, TERMS), key=len, reverse=True)))
