"""The phrases of a paper: runs of one to three words that could be what it is about.

Owns what counts as a phrase and when two are equal. ``query_proposal.py`` and ``query_exclusion.py`` choose
among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.plain_words import EMPTY_WORDS, STOP_WORDS
from newsletter.core.arxiv.query_tree import Field, Term

LONGEST = 3
"""Words."""

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_NAME = re.compile(r"^.+[A-Z0-9]")
TITLE_WORTH = 3
"""What one occurrence in the title counts, against one in the abstract."""


@dataclass(frozen=True, slots=True)
class Phrase:
    text: str
    """As in the paper, in lower case except for names such as ``NeRF``."""
    key: tuple[str, ...]
    """Equal for singular and plural, with hyphens or without."""
    worth: int
    """How often the paper says it; the title counts more."""
    in_title: bool

    @property
    def term(self) -> Term:
        return Term(Field.ALL, tuple(self.text.split()))


def phrases(record: PaperRecord) -> dict[tuple[str, ...], Phrase]:
    """Return every phrase of title and abstract by its key."""
    found: dict[tuple[str, ...], Phrase] = {}
    for text, worth in ((record.title, TITLE_WORTH), (record.abstract, 1)):
        for written in _runs(text):
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
    return tuple(_singular(part) for word in words for part in re.split(r"[-'’]", word.lower()))


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
    if any(word.replace("-", "").isdigit() or len(word) < 2 for word in lowered):
        return False
    return any(len(word) > 2 and _singular(word) not in EMPTY_WORDS for word in lowered)


def _plain(word: str) -> str:
    """Lower-case a word, unless it is a name: a capital or a digit after its first letter."""
    return "-".join(part if _NAME.search(part) else part.lower() for part in word.split("-"))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
