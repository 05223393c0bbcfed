"""The quotable text of a paper: abstract, title and the sections of its full text.

Owns in which part a quote stands, whether that is a section about other people's work, and whether
the paper mentions a name at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property

from newsletter.core.arxiv.full_text import FullText, Role, TextSection
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.normalize import NormalizedText, find_quote, normalize
from newsletter.core.summaries.rules.subjects import own_names
from newsletter.core.summaries.summary import Evidence

ABSTRACT, TITLE = "abstract", "title"

_DASH = re.compile(r"[-‐‑‒–—]")
_INITIALS = re.compile(r"[^\W\d_]+")
_MIN_INITIALS = 3


@dataclass(frozen=True, slots=True)
class Located:
    """A quote found in the paper."""

    evidence: Evidence
    """In the source's own characters, with its part."""
    is_others: bool
    """Whether its section tells of other people's work."""


class _Part:
    """One text that may be quoted, normalized when first searched."""

    def __init__(self, where: str, text: str, *, section: TextSection | None = None) -> None:
        self.where = where
        self.text = text
        self._section = section

    @cached_property
    def normalized(self) -> NormalizedText:
        return normalize(self.text)

    @property
    def is_related(self) -> bool:
        return self._section is not None and self._section.role is Role.RELATED

    def locate(self, evidence: Evidence) -> Located | None:
        span = find_quote(evidence.quote, source=self.normalized)
        if span is None:
            return None
        anchor = self._section.anchor if self._section else ""
        quote = self.text[slice(*span)]
        return Located(
            replace(evidence, quote=quote, where=self.where, anchor=anchor, highlights=()), self.is_related
        )


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
        found = (part.locate(evidence) for part in self._parts)
        return next((located for located in found if located), None)

    @cached_property
    def _haystacks(self) -> tuple[str, str]:
        return normalize(self.whole).text, normalize(_DASH.sub(" ", self.whole)).text

    @cached_property
    def _initials(self) -> str:
        return "".join(word[0] for word in _INITIALS.findall(self.whole)).casefold()

    @cached_property
    def own_names(self) -> frozenset[str]:
        return own_names(self.title, self.whole)

    def mentions(self, name: str) -> bool:
        """Say whether ``name`` begins a word, or is spelt out (``LLM`` for "large language models").

        Digits at its end must be all of the number.
        """
        singular = name[:-1] if len(name) > 3 and name.endswith("s") else name
        whole_number = r"(?!\d)" if singular[-1].isdigit() else ""
        pattern = rf"(?<![^\W_]){re.escape(normalize(singular).text)}{whole_number}"
        if any(re.search(pattern, haystack) for haystack in self._haystacks):
            return True
        is_acronym = len(singular) >= _MIN_INITIALS and singular.isupper()
        return is_acronym and singular.casefold() in self._initials
