"""What a claim says that an acronym stands for: the paper must say so, in capitals or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.core.arxiv.sentences import word_set

_BEFORE = re.compile(
    r"(?P<words>(?:[A-Za-z]+[\s-]+){2,14})"
    r"[(（]\s*(?P<acronym>[A-Za-z]*[A-Z][A-Za-z\d]*)\s*[)）]"
)
_AFTER = re.compile(
    r"\b(?P<acronym>[A-Z]{2,}s?)(?:\s*[(（]"
    r"|,?\s+(?:or|short for|standing for|stands for|meaning|that is,?|i\.e\.,?)\s+)"
    r"(?P<words>[A-Za-z]+(?:[\s-]+[A-Za-z]+){1,13})"
)
_SPACE = re.compile(r"[\s-]+")
_SKIPPED = word_set("a an and at by for from in of on or the to with")
_MIN_LETTERS = 2


def expansions(text: str) -> Iterator[str]:
    """Yield what ``text`` writes beside an acronym that has its initials: "tidal noise net" beside (TNN)."""
    for match in _BEFORE.finditer(text):
        words = _SPACE.split(match["words"].strip(" -\n"))
        yield from _spelt(words[::-1], _initials(match["acronym"])[::-1], is_reversed=True)
    for match in _AFTER.finditer(text):
        yield from _spelt(_SPACE.split(match["words"]), _initials(match["acronym"]), is_reversed=False)


def _initials(acronym: str) -> str:
    return "".join(sign for sign in acronym if sign.isupper()).casefold()


def _spelt(words: list[str], initials: str, *, is_reversed: bool) -> Iterator[str]:
    """Yield the shortest run of ``words``, from the first on, whose initials are ``initials``."""
    if len(initials) < _MIN_LETTERS:
        return
    wanted = list(initials)
    for at, word in enumerate(words):
        if wanted and word[:1].casefold() == wanted[0]:
            wanted.pop(0)
        elif word.casefold() not in _SKIPPED:
            return
        if not wanted:
            run = words[: at + 1]
            yield " ".join(reversed(run) if is_reversed else run)
            return
