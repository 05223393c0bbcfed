"""Which lines are headings, and whose work the section below tells of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.core.arxiv.full_text import Role
from newsletter.core.arxiv.sentences import word_set
from newsletter.core.pdf.columns import Placed
from newsletter.core.pdf.lines import Line

LONGEST = 140
_NUMBER = re.compile(
    r"(?P<number>(?:appendix\s+)?(?:\d{1,2}(?:\.\d{1,2}){0,3}|[A-Z](?:\.\d{1,2}){1,3}|[A-Z]|[IVX]{1,5}))"
    r"(?P<dot>\.|\))?\s+(?P<title>(?:[A-Z“\"0-9(]|\$|(?<=\.\d\s)|(?<=\.\d\d\s)).*)"
)
_KNOWN = word_set(
    """abstract introduction relatedwork relatedworks background method methods methodology approach
    experiments experiment experimentalresults experimentalsetup results evaluation discussion
    conclusion conclusions limitations references bibliography acknowledgements acknowledgments
    acknowledgement acknowledgment appendix preliminaries materialsandmethods dataset datasets analysis
    futurework broaderimpact ethicsstatement introductionandrelatedwork conclusionandfuturework
    conclusionsandfuturework discussionandconclusion supplementarymaterial priorwork previouswork
    literaturereview ourapproach implementation keywords problemstatement motivation overview
    reproducibilitystatement dataavailability authorcontributions fundings funding summary"""
)
_RELATED = re.compile(
    r"\b(?:related (?:work|research|stud|literature|approach|method)|(?:prior|previous|existing|earlier) "
    r"(?:work|art|research|stud|approach|method)|background|literature (?:review|survey)|preliminaries"
    r"|preliminary$|preliminary (?:concepts|knowledge|notions|definitions)|state of the art$)",
    re.I,
)
_OWN_FIRST = re.compile(r"introduction\b", re.I)
_REFERENCES = frozenset({"references", "bibliography", "literaturecited", "workscited", "referencesandnotes"})
_NAMED_RUN_IN = re.compile(r"(Abstract|Keywords?|Key words|Index Terms)\s*[—–:.-]\s*(?=\S)", re.I)
_RUN_IN_END = re.compile(r"[.:—–]\s*$")
LONGEST_RUN_IN = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    title: str
    """Without its number."""
    number: str
    level: int
    """From 1; of a heading without number, by its look."""
    lines: tuple[Line, ...]
    rest: str = ""
    """Of a heading that its paragraph goes on after: the text on its line."""

    @property
    def is_references(self) -> bool:
        return collapsed(self.title) in _REFERENCES


def collapsed(title: str) -> str:
    """Letters alone: small capitals come with spaces inside the word."""
    return "".join(filter(str.isalpha, title.casefold()))


def is_related(title: str) -> bool:
    """Say whether a section of this title tells of what others did."""
    spaced = collapsed(title).startswith(
        ("relatedwork", "background", "preliminaries", "priorwork", "previouswork")
    )
    return (spaced or bool(_RELATED.search(title))) and not _OWN_FIRST.match(title)


def headings_of(placed: Sequence[Placed], *, body: float) -> dict[int, Heading]:
    """Return the headings by the index of their first line; the lines are in reading order over all pages."""
    found: dict[int, Heading] = {}
    looks: dict[tuple[float, bool, bool], int] = {}
    skip_to = 0
    for index, each in enumerate(placed):
        if index < skip_to:
            continue
        heading = _heading(placed, index, body=body, looks=looks)
        if heading is None:
            continue
        found[index] = heading
        skip_to = index + len(heading.lines)
        if not heading.rest:
            looks.setdefault(_look(each.line), heading.level)
    return found


def role_of(heading: Heading, above: Sequence[Heading]) -> Role:
    """``above``: the headings this one stands under, outermost first."""
    return Role.RELATED if any(is_related(each.title) for each in (*above, heading)) else Role.OWN


def _look(line: Line) -> tuple[float, bool, bool]:
    return round(line.size, 0), line.is_bold, _is_capitals(line.text)


def _is_capitals(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return len(letters) >= 4 and sum(map(str.isupper, letters)) >= 0.8 * len(letters)


def _heading(
    placed: Sequence[Placed], index: int, *, body: float, looks: dict[tuple[float, bool, bool], int]
) -> Heading | None:
    line = placed[index].line
    if (
        line.cells > 2
        or len(line.text) > LONGEST
        or not line.text[0].isalnum()
        or not any(map(str.isalpha, line.text))
    ):
        return None
    # In small capitals INTRODUCTION may come as "I NTRODUCTION": no number one.
    is_word = line.text[0].isalpha() and collapsed(line.text) in _KNOWN
    match = None if is_word else _NUMBER.fullmatch(line.text)
    title, number = (match["title"], match["number"]) if match else (line.text, "")
    if not _is_styled(placed, index, title=title, number=number, body=body, looks=looks):
        return _run_in(placed, index)
    lines = _all_lines(placed, index)
    title = " ".join([title, *(other.text for other in lines[1:])])
    level = number.count(".") + 1 if number else looks.get(_look(line), 1)
    return Heading(title=title.rstrip(" .:"), number=number, level=level, lines=tuple(lines))


def _is_styled(
    placed: Sequence[Placed],
    index: int,
    *,
    title: str,
    number: str,
    body: float,
    looks: dict[tuple[float, bool, bool], int],
) -> bool:
    line = placed[index].line
    is_known = collapsed(title) in _KNOWN
    is_big = line.size >= 1.06 * body
    is_marked = line.is_bold or is_big or _is_capitals(title)
    if not _stands_alone(placed, index) or line.tallest < 0.85 * body or title[-1:] in {",", ";"}:
        return False
    if title[-1:] in {".", ":", "-"} and not is_known:
        return False
    if number:
        return is_marked or (is_known and bool(number)) or (line.is_italic and len(title) < 70)
    if is_known:
        return is_marked or line.is_italic or _is_set_off(placed, index)
    return (line.is_bold and is_big and len(title.split()) <= 14) or (
        is_marked and _look(line) in looks and _is_set_off(placed, index)
    )


def _stands_alone(placed: Sequence[Placed], index: int) -> bool:
    """Nothing else stands on its line."""
    line = placed[index].line
    if index == 0:
        return True
    last = placed[index - 1].line
    return line.page != last.page or abs(line.base - last.base) > 0.5 * line.size


def _is_set_off(placed: Sequence[Placed], index: int) -> bool:
    """More space above it than between lines of text."""
    if index == 0 or placed[index - 1].side != placed[index].side:
        return True
    line, last = placed[index].line, placed[index - 1].line
    return line.page != last.page or not 0 < line.base - last.base <= 1.45 * max(line.size, last.size)


def _all_lines(placed: Sequence[Placed], index: int) -> list[Line]:
    """A long heading's further lines: close below, of the same look, without a number of their own."""
    lines = [placed[index].line]
    for other in placed[index + 1 : index + 3]:
        last = lines[-1]
        is_full = last.box.width >= 0.6 * placed[index].column.width
        is_close = 0 < other.line.base - last.base <= 1.5 * last.size
        if not (is_full and is_close and _look(other.line) == _look(last) and last.is_bold):
            break
        if _NUMBER.fullmatch(other.line.text) or other.line.is_bold != last.is_bold:
            break
        lines.append(other.line)
    return lines


def _run_in(placed: Sequence[Placed], index: int) -> Heading | None:
    """A bold or italic opening that the paragraph goes on after: ``Related work. Others have…``"""
    line = placed[index].line
    if named := _NAMED_RUN_IN.match(line.text):
        return Heading(title=named[1], number="", level=1, lines=(line,), rest=line.text[named.end() :])
    title, rest = "", ""
    for position, span in enumerate(line.spans):
        if not span.is_bold and span.text.strip():
            rest = "".join(each.text for each in line.spans[position:])
            break
        title += span.text
    title = " ".join(title.split())
    rest = rest.strip()
    if rest[:1] in {"—", "–", ":", "."}:
        title, rest = title + rest[0], rest[1:].strip()
    if not title or not rest or len(title) > LONGEST_RUN_IN or not _RUN_IN_END.search(title):
        return None
    name = _NUMBER.fullmatch(title)
    bare = (name["title"] if name else title).rstrip(" .:—–")
    if not any(map(str.isalpha, bare)):
        return None
    number = name["number"] if name else ""
    return Heading(title=bare, number=number, level=9, lines=(line,), rest=rest)
