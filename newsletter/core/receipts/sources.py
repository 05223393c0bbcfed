"""A paper as what may be quoted: its abstract, its title and the sections of its full text.

Owns where a quote stands (part and page), the sentences around it, whose work they tell of, and whether the
paper mentions a name at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from newsletter.core.folding import Folded, find_quote, fold
from newsletter.core.fulltext import FullText, Role, TextSection
from newsletter.core.papers import PaperRecord
from newsletter.core.reading import Evidence
from newsletter.core.receipts.contrasts import drivers
from newsletter.core.receipts.others import tells_of_others
from newsletter.core.receipts.subjects import own_names
from newsletter.core.receipts.words import stem
from newsletter.core.sentences import sentences

ABSTRACT, TITLE = "abstract", "title"

_DASH = re.compile(r"[-‐‑‒–—]")
_INITIALS = re.compile(r"[^\W\d_]+")
_MIN_INITIALS = 3
_MIN_INNER = 5


@dataclass(frozen=True, slots=True)
class Located:
    """A quote found in the paper."""

    evidence: Evidence
    """In the source's own characters, with its part and page."""
    context: str
    """The whole sentences that the quote is part of."""
    is_others: bool
    """Whether it tells of other people's work: by its section or by its sentences."""


class _Part:
    """One text that may be quoted, folded when first searched."""

    def __init__(self, where: str, text: str, *, section: TextSection | None = None) -> None:
        self.where = where
        self.text = text
        self._section = section

    @cached_property
    def folded(self) -> Folded:
        return fold(self.text)

    @property
    def is_related(self) -> bool:
        return self._section is not None and self._section.role is Role.RELATED

    def locate(self, evidence: Evidence, *, own: frozenset[str]) -> Located | None:
        span = find_quote(evidence.quote, source=self.folded)
        if span is None:
            return None
        page = self._section.page_at(span[0]) if self._section else 0
        quote = self.text[slice(*span)]
        around = list(self._sentences_around(*span)) or [quote]
        return Located(
            replace(evidence, quote=quote, where=self.where, page=page, marks=()),
            " ".join(around),
            self.is_related or all(tells_of_others(sentence, own=own) for sentence in around),
        )

    def _sentences_around(self, start: int, end: int) -> Iterator[str]:
        position = 0
        for sentence in self._sentences:
            position = self.text.find(sentence, position)
            if position >= end:
                return
            if position + len(sentence) > start:
                yield sentence
            position += len(sentence)

    @cached_property
    def _sentences(self) -> list[str]:
        return sentences(self.text)


class Source:
    """The parts of one paper, the abstract first and other people's work last."""

    def __init__(self, paper: PaperRecord, *, full_text: FullText | None = None) -> None:
        sections = full_text.sections if full_text else ()
        told = [_Part(section.title, section.text, section=section) for section in sections]
        parts = [_Part(ABSTRACT, paper.abstract), _Part(TITLE, paper.title), *told]
        self._parts = sorted(parts, key=lambda part: part.is_related)
        self.title = paper.title
        self.whole = "\n".join(part.text for part in parts)

    def locate(self, evidence: Evidence) -> Located | None:
        """Find the quote in the first part that says it, wherever the model said it stands."""
        found = (part.locate(evidence, own=self.own_names) for part in self._parts)
        return next((located for located in found if located), None)

    @cached_property
    def _haystacks(self) -> tuple[str, str]:
        return fold(self.whole).text, fold(_DASH.sub(" ", self.whole)).text

    @cached_property
    def _initials(self) -> str:
        return "".join(word[0] for word in _INITIALS.findall(self.whole)).casefold()

    @cached_property
    def drivers(self) -> frozenset[str]:
        return drivers(self.whole)

    @cached_property
    def own_names(self) -> frozenset[str]:
        return own_names(self.title, self.whole)

    @cached_property
    def _stems(self) -> frozenset[str]:
        return frozenset(filter(None, map(stem, _INITIALS.findall(self.whole))))

    def has_stem(self, wanted: str) -> bool:
        """Say whether a word with this stem stands anywhere in the paper, or within a word: (re)train."""
        is_telling = len(wanted) >= _MIN_INNER or any(map(str.isdigit, wanted))
        return wanted in self._stems or (is_telling and wanted in self._lowered)

    @cached_property
    def _lowered(self) -> str:
        return self.whole.casefold()

    def mentions(self, name: str) -> bool:
        """Say whether ``name`` begins a word, or is spelt out (``LLM`` for "large language models").

        Digits at its end must be all of the number.
        """
        singular = name[:-1] if len(name) > 3 and name.endswith("s") else name
        whole_number = r"(?!\d)" if singular[-1].isdigit() else ""
        pattern = rf"(?<![^\W_]){re.escape(fold(singular).text)}{whole_number}"
        if any(re.search(pattern, haystack) for haystack in self._haystacks):
            return True
        is_acronym = len(singular) >= _MIN_INITIALS and singular.isupper()
        return is_acronym and singular.casefold() in self._initials
