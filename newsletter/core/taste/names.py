"""Two spellings of an author's name: can they be of one person?

"José M. F. Moura", "J. Moura" and "Moura, Jose" can; "M. Moura" is another. Accents, particles ("van der"),
hyphens, initials and the order with a comma are compared; nicknames and changed names are not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from newsletter.core.arxiv.sentences import word_set
from newsletter.core.taste.terms import fold

_PARTICLES = word_set(
    """af al ap ben bin bint d da dal das de degli dei del della den der des di do dos du e el ibn la las le
    les lo los mac san ten ter und van vande vander vom von y zu zum zur"""
)
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md"})
_PART = re.compile(r"[^\W\d_]+(?:['’`][^\W\d_]+)*")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


class Agreement(IntEnum):
    NONE = 0
    INITIAL = 1
    """As far as they go: one has initials only, or no first name."""
    FULL = 2
    """The first given name is written out in both."""


@dataclass(frozen=True, slots=True)
class _Name:
    families: frozenset[str]
    """Spellings of the family name in one word, with and without particles."""
    given: tuple[str, ...]
    parts: tuple[str, ...]
    """All of it, in the order of print, families last."""


def compare_names(one: str, other: str) -> Agreement:
    """Say how far two spellings agree. Symmetric."""
    first, second = _parsed(one), _parsed(other)
    if first.parts and first.parts == second.parts and len(first.parts[0]) > 1 < len(first.parts):
        return Agreement.FULL
    if not first.families & second.families:
        return Agreement.NONE
    if not first.given or not second.given:
        return Agreement.INITIAL
    if "".join(first.given) == "".join(second.given) and len(first.given[0]) > 1 < len(second.given[0]):
        return Agreement.FULL
    pairs = list(zip(first.given, second.given, strict=False))
    if not all(_fit(a, b) for a, b in pairs):
        return Agreement.NONE
    return Agreement.FULL if len(pairs[0][0]) > 1 < len(pairs[0][1]) else Agreement.INITIAL


def family_keys(name: str) -> frozenset[str]:
    """Return words to look a name up by: names that agree share one, or all their parts."""
    parsed = _parsed(name)
    return parsed.families | {"".join(parsed.parts)}


def _fit(one: str, other: str) -> bool:
    """Whether two given names are equal, or one is the initial of the other."""
    return one == other or (1 in (len(one), len(other)) and one[:1] == other[:1])


@lru_cache(maxsize=50_000)
def _parsed(name: str) -> _Name:
    family, comma, given = name.partition(",")
    if comma and fold(given).strip(" .") not in _SUFFIXES:
        words, families = given.split(), family.split()
    else:
        words = [word for word in name.replace(",", " ").split() if fold(word).strip(".") not in _SUFFIXES]
        start = next(
            (place for place, word in enumerate(words) if place and fold(word) in _PARTICLES), len(words) - 1
        )
        words, families = words[: max(0, start)], words[max(0, start) :]
    givens = tuple(part for word in words for part in _given(word))
    return _Name(families=_spellings(families), given=givens, parts=(*givens, *_parts(" ".join(families))))


def _given(word: str) -> list[str]:
    """Return the given names in a word: "Jean-Pierre" are two, "J.-P." and "JP" two initials."""
    parts = _PART.findall(word)
    if len(parts) == 1 and parts[0].isupper() and 1 < len(parts[0]) <= 3:
        parts = list(parts[0])
    return [fold(part) for part in parts if fold(part) not in _PARTICLES]


def _parts(text: str) -> list[str]:
    return [fold(part) for part in _PART.findall(text) if fold(part) not in _PARTICLES]


def _spellings(words: list[str]) -> frozenset[str]:
    """Return "van der Müller" as "muller", "mueller", "vandermuller" and "vandermueller"."""
    text = " ".join(words).lower()
    found: set[str] = set()
    for spelt in (text, text.translate(_UMLAUTS)):
        whole = [re.sub("['’`]", "", fold(part)) for part in _PART.findall(spelt)]
        found |= {"".join(whole), "".join(part for part in whole if part not in _PARTICLES)}
    return frozenset(found - {""})
