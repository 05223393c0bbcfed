"""A paper's text as a value: titled sections, the facts printed on it, what it cites.

Reading arXiv's HTML is ``adapters.arxiv.full_text``'s. The text is kept for a day, while summaries are
written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

MAX_TEXT_CHARACTERS = 120_000
"""Of running text that a model is shown, about 30,000 tokens: most papers without references fit whole."""


class Role(StrEnum):
    """Whose work a section tells of: a claim about this paper cannot rest on someone else's."""

    OWN = "own"
    RELATED = "related"
    """Related work and the like: what others did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSection:
    """One titled part of the running text, without footnotes and references. Its subsections follow it."""

    title: str
    """As printed, without its number; empty for text before the first heading."""
    text: str
    """Paragraphs separated by an empty line."""
    role: Role = Role.OWN
    level: int = 1
    """How deep it is nested, from 1."""
    anchor: str = ""
    """Its id in arXiv's HTML (``S4.SS2``); empty where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A work that the paper cites."""

    text: str
    arxiv_id: str = ""
    """Without version; empty where the entry names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FullText:
    """What one version of a paper says, as far as it could be read."""

    sections: tuple[TextSection, ...]
    affiliations: tuple[str, ...] = ()
    """As printed, in order, each once."""
    keywords: tuple[str, ...] = ()
    """The paper's own."""
    links: tuple[str, ...] = ()
    """URLs found in text, footnotes and links, in order, each once."""
    references: tuple[Reference, ...] = ()
    is_cut: bool = False
    """Whether a bound ended the reading early."""


def full_text_to_json(text: FullText) -> dict[str, Any]:
    """Return what ``full_text_from_json`` reads back."""
    return asdict(text)


def full_text_from_json(content: Mapping[str, Any]) -> FullText:
    """Raises KeyError, TypeError or ValueError for what is not a full text."""
    sections = tuple(
        TextSection(**{**section, "role": Role(section["role"])}) for section in content["sections"]
    )
    references = tuple(Reference(**reference) for reference in content["references"])
    lists = {name: tuple(content[name]) for name in ("affiliations", "keywords", "links")}
    return FullText(sections=sections, references=references, is_cut=content["is_cut"], **lists)


def within(full_text: FullText, *, characters: int) -> FullText:
    """Return ``full_text`` with at most ``characters`` of running text; ``is_cut`` when any had to go.

    Other people's work goes first, from the last section, since no claim about this paper may rest on it.
    Then the longest sections lose their ends, down to one common length: every section keeps its opening,
    where it says what it is about.
    """
    kept = list(full_text.sections)
    while _length(kept) > characters and any(section.role is Role.RELATED for section in kept):
        kept.pop(max(index for index, section in enumerate(kept) if section.role is Role.RELATED))
    longest = _common_length([len(section.text) for section in kept], characters)
    cut = tuple(_shortened(section, longest) for section in kept)
    return replace(full_text, sections=cut, is_cut=full_text.is_cut or cut != full_text.sections)


def _length(sections: list[TextSection]) -> int:
    return sum(len(section.text) for section in sections)


def _common_length(lengths: list[int], total: int) -> int:
    """Return the greatest length to which all can be cut so that together they fit into ``total``."""
    left = total
    for count, length in zip(range(len(lengths), 0, -1), sorted(lengths), strict=True):
        if length * count > left:
            return left // count
        left -= length
    return max(lengths, default=0)


def _shortened(section: TextSection, length: int) -> TextSection:
    """Cut ``section`` after the last whole word within ``length``."""
    if len(section.text) <= length:
        return section
    text = section.text[: max(section.text.rfind(" ", 0, length + 1), 0)].rstrip()
    return replace(section, text=text)
