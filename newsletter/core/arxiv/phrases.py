"""The phrases of a paper: runs of one to three words that could be what it is about.

Owns what counts as a phrase and when two are equal. ``query_proposal.py``, ``query_inclusion.py`` and
``query_exclusion.py`` choose among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import Stemmer

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.plain_words import EMPTY_WORDS, STOP_WORDS
from newsletter.core.arxiv.query_tree import Field, Term

LONGEST = 3
"""Words."""

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_PARTS = re.compile(r"[-'’]")
_NAME = re.compile(r"^.+[A-Z0-9]")
TITLE_WORTH = 3
"""What one occurrence in the title counts, against one in the abstract."""


@dataclass(frozen=True, slots=True)
class Phrase:
    text: str
    """As in the paper, in lower case except for names such as ``NeRF``."""
    key: tuple[str, ...]
    """Its stems: equal for all that a query for it finds, with hyphens or without."""
    worth: int
    """How often the paper says it; the title counts more."""
    in_title: bool

    @property
    def telling(self) -> float:
        """How well it names what the paper is about. Two words say most."""
        return self.worth * {1: 0.7, 2: 1.0}.get(len(self.text.split()), 0.9)

    @property
    def term(self) -> Term:
        return Term(Field.ALL, tuple(self.text.split()))


def phrases(record: PaperRecord) -> dict[tuple[str, ...], Phrase]:
    """Return every phrase of title and abstract by its key."""
    return phrases_of((record.title, TITLE_WORTH), (record.abstract, 1))


def phrases_of(*texts: tuple[str, int], all_words: bool = False) -> dict[tuple[str, ...], Phrase]:
    """Return every phrase of texts by its key; with each text, what saying it there counts.

    ``all_words``: also those of words that all abstracts have: "number theory" is one.
    """
    found: dict[tuple[str, ...], Phrase] = {}
    for text, worth in texts:
        for written in _runs(text):
            if not (all_words or says_something(written)):
                continue
            key = phrase_key(written)
            known = found.get(key)
            found[key] = Phrase(
                text=known.text if known else " ".join(map(_plain, written)),
                key=key,
                worth=worth + (known.worth if known else 0),
                in_title=worth == TITLE_WORTH or bool(known and known.in_title),
            )
    return found


def phrase_key(words: Sequence[str]) -> tuple[str, ...]:
    """Return the stems of words: those by which topics are matched (Snowball's for English)."""
    return tuple(_stem(part) for word in words for part in _PARTS.split(word.lower()) if part)


def says_something(words: Sequence[str]) -> bool:
    """Whether one of these words is not common to all abstracts, and none is an adverb."""
    lowered = [word.lower() for word in words]
    is_adverb = any(word.endswith("ly") for word in lowered)
    return not is_adverb and any(len(word) > 2 and not _is_empty(word) for word in lowered)


def is_within(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Say whether one key contains another: ``talking head`` is within ``talking head video``."""
    return any(long[start : start + len(short)] == short for start in range(len(long) - len(short) + 1))


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """Yield each run of words, separated by single spaces, that could be a phrase."""
    matches = list(_WORD.finditer(text))
    joined = [text[one.end() : other.start()] == " " for one, other in pairwise(matches)]
    for start in range(len(matches)):
        for size in range(1, LONGEST + 1):
            end = start + size
            if end > len(matches) or not all(joined[start : end - 1]):
                break
            words = tuple(match.group() for match in matches[start:end])
            if _is_phrase(words):
                yield words


def _is_phrase(words: Sequence[str]) -> bool:
    lowered = [word.lower() for word in words]
    if any(word in STOP_WORDS or word.endswith("ly") for word in lowered) or "of" in (
        lowered[0],
        lowered[-1],
    ):
        return False
    return not any(word.replace("-", "").isdigit() or len(word) < 2 for word in lowered)


def _plain(word: str) -> str:
    """Lower-case a word, unless it is a name: a capital or a digit after its first letter."""
    return "-".join(part if _NAME.search(part) else part.lower() for part in word.split("-"))


def _is_empty(word: str) -> bool:
    return _stem(word) in EMPTY_STEMS or all(_stem(part) in EMPTY_STEMS for part in _PARTS.split(word))


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(Stemmer.Stemmer("english", 0).stemWord(word))  # cheap to make, and not to be shared by threads


EMPTY_STEMS = frozenset(map(_stem, EMPTY_WORDS))
"""Of the words that are common to all abstracts."""
