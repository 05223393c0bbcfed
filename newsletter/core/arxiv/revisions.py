"""What happened to a paper between two records of it, as far as its readers would want to know.

Withdrawn; a new version whose title or abstract says something else; accepted, or published. A version that
only mends spelling, spacing, punctuation or TeX is no revision.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.plain_words import STOP_WORDS
from newsletter.core.arxiv.venues import LONGEST, venue_in

TOLD_FOR = timedelta(days=183)
"""How long after a paper was read its revisions are looked for and told."""
CHANGED_FROM = 0.1
"""The share of content words that came or went from which a text says something else."""
ALIKE = 0.8
"""Words so alike are spellings or forms of one: modelling and modeling, avatar and avatars."""
MOST_WORDS = 2_000
"""Of a text that are compared."""
MOST_PAIRS = 10_000
"""Words that went times words that came, up to which forms and spellings are looked for (0.3 s)."""


class Change(StrEnum):
    """In the order in which they are told."""

    WITHDRAWN = "withdrawn"
    REMOVED = "removed"
    """Withdrawn by arXiv, not by its authors."""
    TITLE = "title"
    ABSTRACT = "abstract"
    ACCEPTED = "accepted"
    PUBLISHED = "published"


_GONE = frozenset({Change.WITHDRAWN, Change.REMOVED})


@dataclass(frozen=True, slots=True)
class Revision:
    version: int
    """The version since which it is so; for a venue the current one."""
    changes: tuple[Change, ...]
    """At least one; one that is withdrawn has no other."""
    venue: str = ""
    """Where it was accepted or published, in the words of the paper's record."""

    @property
    def is_gone(self) -> bool:
        return not _GONE.isdisjoint(self.changes)

    def covers(self, other: Revision) -> bool:
        """Whether who was told this need not be told ``other``."""
        return self.version >= other.version and (self.is_gone or set(other.changes) <= set(self.changes))

    def then(self, later: Revision) -> Revision:
        """Return both as one, as seen from before the first."""
        if self.is_gone or later.is_gone:
            return later
        both = {*self.changes, *later.changes}
        if Change.PUBLISHED in both:
            both.discard(Change.ACCEPTED)
        changes = tuple(change for change in Change if change in both)
        return Revision(later.version, changes, later.venue or self.venue)


def revision_between(old: PaperRecord, new: PaperRecord) -> Revision | None:
    """Return what happened from ``old`` to a later record of the same paper; None for nothing to tell."""
    if new.is_withdrawn:
        by = Change.REMOVED if _BY_ARXIV.search(new.comment) else Change.WITHDRAWN
        return None if old.is_withdrawn else Revision(new.version, (by,))
    changes = []
    if new.version > old.version:
        texts = ((Change.TITLE, old.title, new.title), (Change.ABSTRACT, old.abstract, new.abstract))
        changes = [change for change, before, after in texts if says_something_else(before, after)]
    venue = ""
    if new.journal_ref and not old.journal_ref:
        venue = _one_line(new.journal_ref)
        changes.append(Change.PUBLISHED)
    elif not new.journal_ref and _is_news(accepted := venue_in(new.comment), venue_in(old.comment)):
        venue = accepted
        changes.append(Change.ACCEPTED)
    return Revision(new.version, tuple(changes), venue) if changes else None


_BY_ARXIV = re.compile(r"\bby (?:the )?arxiv\b|\barxiv admin", re.IGNORECASE)


def _is_news(venue: str, before: str) -> bool:
    """Whether ``venue`` is another one, not ``before`` written otherwise: "CVPR 2026", "CVPR2026 (Oral)"."""
    return bool(venue) and _letters(before) not in _letters(venue) if before else bool(venue)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rpartition(" ")[0].rstrip(" ,;:(") + "…"


# --- texts -------------------------------------------------------------------------------------------------

_URL = re.compile(r"https?://\S+")
_DIGIT_GROUPS = re.compile(r"(?<=\d)[,\u2009\u202f\u00a0](?=\d{3}(?!\d))")
_TOKEN = re.compile(r"[^\W\d_][^\W_]*|\d+(?:[.,]\d+)*")
_SCRIPTS = re.compile("([⁰¹²³⁴-⁹₀-₉]+)")
_IN_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
"""``one`` is a pronoun more often than a number."""


def says_something_else(before: str, after: str) -> bool:
    """Whether a number differs, or a tenth of the content words.

    Case, accents, hyphens, order, stop words, plurals and spellings do not count.
    """
    old, new = _tokens(before), _tokens(after)
    if _numbers(old) != _numbers(new):
        return True
    old, new = _joined(old, as_in=new), _joined(new, as_in=old)
    old_words, new_words = Counter(filter(_is_content, old)), Counter(filter(_is_content, new))
    gone, came = list((old_words - new_words).elements()), list((new_words - old_words).elements())
    total = old_words.total() + new_words.total()
    if not total or len(gone) + len(came) < CHANGED_FROM * total:
        return False
    alike = _pairs_alike(gone, came)
    return len(gone) + len(came) - 2 * alike >= CHANGED_FROM * total


def _tokens(text: str) -> list[str]:
    text = _DIGIT_GROUPS.sub("", _SCRIPTS.sub(r" \1 ", _URL.sub(" ", text)))
    folded = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(each for each in folded if not unicodedata.combining(each))
    return [_IN_WORDS.get(token, token) for token in _TOKEN.findall(plain)[:MOST_WORDS]]


def _numbers(tokens: Iterable[str]) -> set[str]:
    """Return the different numbers: 5.0 is 5."""
    numbers = (token.replace(",", ".") for token in tokens if token[0].isdecimal())
    return {each.rstrip("0").rstrip(".") if "." in each else each.lstrip("0") or "0" for each in numbers}


def _joined(tokens: list[str], *, as_in: list[str]) -> list[str]:
    """Return the words with those joined that the other text writes as one: pre training, pretraining."""
    wholes = set(as_in) - set(tokens)
    found: list[str] = []
    is_second = False
    for first, second in pairwise([*tokens, ""]):
        if is_second:
            is_second = False
        elif second and first + second in wholes:
            found.append(first + second)
            is_second = True
        else:
            found.append(first)
    return found


def _is_content(token: str) -> bool:
    return len(token) > 1 and not token[0].isdecimal() and token not in STOP_WORDS


def _pairs_alike(gone: list[str], came: list[str]) -> int:
    """Return how many words that went came back in another form or spelling."""
    left, pairs = list(came), 0
    for word in gone if len(gone) * len(came) <= MOST_PAIRS else ():
        match = next((other for other in left if _is_alike(word, other)), None)
        if match is not None:
            left.remove(match)
            pairs += 1
    return pairs


def _is_alike(word: str, other: str) -> bool:
    """Opposites differ at the beginning (supervised, unsupervised), forms and spellings later."""
    if word[:2] != other[:2] or abs(len(word) - len(other)) > 3:
        return False
    matcher = SequenceMatcher(None, word, other, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE
