"""Printed lines → paragraphs: words put together again that a line's end divided, and only those."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from newsletter.core.arxiv.sentences import word_set
from newsletter.core.pdf.columns import Placed
from newsletter.core.pdf.floats import LEADING

_WORD = re.compile(r"[^\W\d_]+(?:[-‐][^\W\d_]+)*")
_LAST_PART = re.compile(r"([^\W\d_]+)[-‐]$")
_FIRST_PART = re.compile(r"([^\W\d_]+)(?:[-‐]([^\W\d_]+))?")
_SENTENCE_END = re.compile(r"[.!?:]['\"’”)\]]*[⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_BEGINS_COMPOUND = word_set(
    """all anti best cross data fine first full half high inter large left like long low multi near non
    off one open over post pre quasi real right second self semi short single small so state sub super
    third three time top two ultra well zero"""
)
_ENDS_COMPOUND = word_set(
    """agnostic aware based bit centric class conditioned connected dependent dimensional domain driven
    encoder free friendly generated grained guided head independent intensive invariant language
    learning level like modal of order oriented preserving quality related scale shot source space
    specific step supervised task time trained training tuned tuning turn type vision wise world"""
)
"""Where the joined word is not met in the paper, the hyphen stays with these beginnings and ends."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a paper that no line's end divided, in small letters."""

    words: Collection[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, lines: Iterable[str]) -> Vocabulary:
        found: set[str] = set()
        is_divided = False
        for line in lines:
            text = line.casefold()
            words = _WORD.findall(text)[is_divided:]
            is_divided = text.endswith(("-", "‐"))
            found.update(words[:-1] if is_divided else words)
        return cls(frozenset(found | {part for word in found for part in re.split("[-‐]", word)}))

    def join(self, before: str, after: str) -> str:
        """Put two lines together: a divided word without its hyphen, a compound with it, others apart."""
        last = _LAST_PART.search(before)
        first = _FIRST_PART.match(after)
        if not before or not after:
            return before + after
        if last is None or first is None:
            is_dash = before.endswith(("-", "‐")) and before[-2:-1].isalnum() and after[:1].isalnum()
            return before + after if is_dash or before.endswith(("—", "/")) else f"{before} {after}"
        if first[2] or self._keeps_hyphen(before, last[1], first[1]):
            return before + after
        return before[:-1] + after

    def _keeps_hyphen(self, before: str, left: str, right: str) -> bool:
        left_word, right_word = left.casefold(), right.casefold()
        if not right[0].islower() or (len(left) > 1 and left.isupper()):
            return True
        if left_word + right_word in self.words:
            return False
        if f"{left_word}-{right_word}" in self.words:
            return True
        is_chain = before[: -len(left) - 1].endswith(("-", "‐"))
        both_words = left_word in self.words and right_word in self.words and min(len(left), len(right)) > 2
        is_compound = left_word in _BEGINS_COMPOUND or right_word in _ENDS_COMPOUND
        return is_chain or is_compound or both_words


def begins_paragraph(placed: Placed, last: Placed, *, body: float) -> bool:
    """Say whether a line begins a paragraph, given the line of text read before it."""
    line, before = placed.line, last.line
    if _LAST_PART.search(before.text) and line.text[:1].islower():
        return False
    ends = bool(_SENTENCE_END.search(before.text))
    is_indented = line.box.x0 - placed.column.x0 > 0.8 * body
    was_short = before.box.x1 < last.column.x1 - 0.12 * last.column.width
    if line.page != before.page or placed.side != last.side or line.base <= before.base:
        return ends and (is_indented or was_short)
    if abs(line.size - before.size) > 0.12 * body or line.base - before.base > LEADING * max(
        line.size, before.size
    ):
        return True
    if is_indented and line.box.x0 - before.box.x0 > 0.8 * body:
        return ends or was_short
    return ends and was_short
