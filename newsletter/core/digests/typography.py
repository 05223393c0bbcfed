"""Short forms of paper text: short names, cut lines, author lines, unbroken numbers and units."""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.core.digests.languages import is_han

NO_BREAK = "\u00a0"
_LABEL = re.compile(
    r"""(?:an?\ |the\ )?(?:brief\ |short\ |technical\ |invited\ |system\ |extended\ )?
    (?:position|perspective|viewpoint|opinion|commentary|comment|survey|review|tutorial|overview|report|note
    |paper|abstract|preprint|demo|benchmark|case\ study|reply|erratum|correction|corrigendum|retraction)
    (?:\ (?:paper|statement|article|note|abstract|study))?""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words before a title's colon that name a kind of paper, not a thing."""
_UNITS = (
    r"%|‰|°C|K|dBm?|bits?|bytes?|[kMGT]?B|[kMG]?Hz|[kMGT]?eV|[nµμm]?s|min|h|[nµμmck]?m|px|[µμmk]?g"
    r"|[mk]?W|[mk]?V"
)
_NUMBER_UNIT = re.compile(rf"(?<=\d) (?=(?:{_UNITS})(?![\w-]))")
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_HAN_LATIN = re.compile(rf"(?<=[{_HAN}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9%])(?=[{_HAN}])")
_NUMBER_MEASURE = re.compile(rf"(?<=\d)[ {NO_BREAK}](?=[{_HAN}])")


def typeset(text: str, *, language: str) -> str:
    """Return ``text`` with number and unit unbroken; in Chinese also spaces between Han and Latin."""
    if is_han(language):
        text = _NUMBER_MEASURE.sub(NO_BREAK, _HAN_LATIN.sub(" ", text))
    return _NUMBER_UNIT.sub(NO_BREAK, text)


def cut(text: str, *, limit: int) -> str:
    """Return ``text`` cut at a word, with an ellipsis, at most ``limit`` characters in all."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    if not text[limit - 1].isspace():
        kept = kept.rpartition(" ")[0] or kept
    return kept.rstrip(" ,;:.–—-") + "…"


def short_name(title: str, *, limit: int = 32) -> str:
    """Return the part before a colon if it has at most 32 characters, else the title cut at a word.

    What only says what kind of paper it is ("Position: …") is no name.
    """
    name, colon, rest = title.partition(":")
    if colon and rest[:1].isspace() and 0 < len(name.strip()) <= 32:
        return short_name(rest.strip(), limit=limit) if _LABEL.fullmatch(name.strip()) else name.strip()
    return cut(title, limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorLine:
    """The names shown, and the total number of people."""

    names: tuple[str, ...]
    total: int
    is_collaboration: bool = False
    """``names`` are collaborations and ``total`` counts the people listed beside them."""


def author_line(authors: tuple[str, ...], *, shown: int = 4) -> AuthorLine:
    """Choose who is named: all up to ``shown``, else one fewer; a collaboration stands for its people."""
    people = tuple(name for name in authors if any(map(str.isalnum, name)))
    groups = tuple(name for name in people if re.search(r"\bcollaborations?\b", name, re.IGNORECASE))
    if groups and len(people) > shown:
        return AuthorLine(names=groups[:shown], total=len(people) - len(groups), is_collaboration=True)
    names = people if len(people) <= shown else people[: max(1, shown - 1)]
    return AuthorLine(names=names, total=len(people))


def ends_line(authors: tuple[str, ...]) -> AuthorLine:
    """Choose who is named on a card: both of two, else the first and the last; or a collaboration."""
    line = author_line(authors, shown=2)
    if line.is_collaboration or line.total <= 2:
        return line
    people = [name for name in authors if any(map(str.isalnum, name))]
    return AuthorLine(names=(people[0], people[-1]), total=line.total)


def title_half(title: str) -> str:
    """Return what a title says after its colon, without the name; all of it where there is no name."""
    name, colon, rest = title.partition(":")
    is_named = colon and rest[:1].isspace() and rest.strip() and len(name.strip()) <= 32
    return rest.strip() if is_named else title
