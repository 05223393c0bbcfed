"""The first page above the text: where the authors work, as printed; and the paper's own keywords."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from newsletter.core.pdf.lines import Line, Span
from newsletter.core.pdf.paragraphs import Vocabulary

MOST = 40
LONGEST = 300
_INSTITUTION = re.compile(
    r"universi|institut|college|school|departe?ment|dept|facult|laborator|\blabs?\b|research|academ|cent(?:er|re|ro|rum)\b"
    r"|hospital|polytechni|politecnico|hochschule|école|ecole|\b(?:inc|corp|ltd|llc|gmbh|ag)\b\.?"
    r"|company|group\b|observator|foundation|agency|technolog|sciences?\b|\beth\b|\bepfl\b|\bmit\b|\bcnrs\b|inria"
    r"|google|microsoft|deepmind|meta ai|nvidia|openai|anthropic|alibaba|tencent|huawei|bytedance|baidu"
    r"|amazon|apple\b|\bibm\b|adobe|大学|研究",
    re.I,
)
_EMAIL = re.compile(r"\{[^}]*\}\s*@\s*\S+|[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+", re.I)
_NOT_A_PLACE = re.compile(
    r"\b(?:equal(?:ly)? contribut\w*|corresponding authors?|correspondence|project (?:lead|page)|work done"
    r"|intern\b|anonymous|double-blind|dated|e-?mails?|these authors|https?:|preprint|under review"
    r"|proceedings)",
    re.I,
)
_DATE = re.compile(
    r"\(?(?:dated?:?\s*)?(?:\d{1,2}(?:st|nd|rd|th)?\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
    r"\s+(?:\d{1,2}(?:st|nd|rd|th)?,?\s+)?\d{4}\)?",
    re.I,
)
_MARK_CHARACTERS = "*∗†‡§¶‖#⋆★✉⁰¹²³⁴⁵⁶⁷⁸⁹"
_LEADING_MARK = re.compile(
    r"^\s*(?:\(?\d{1,2}\)?(?=\s*[A-Z])|[*∗†‡§¶‖#⋆★]+|\([a-z]\)|[a-z](?=[A-Z][a-z]))\s*"
)
_SEPARATORS = re.compile(r"[;,·•∙⋅|]|\.(?=\s*$)|\s[–—-]\s")


def affiliations_of(
    lines: Sequence[Line], *, notes: Sequence[Line], title: str, authors: Sequence[str]
) -> tuple[str, ...]:
    """Return where the authors work, each once, from the lines above the text, else from the page's notes.

    ``authors`` are arXiv's: their names are what tells a line of names from a line of places.
    """
    people = _people(authors)
    places = [line for line in lines if not (_repeats(line.text, title) or _DATE.fullmatch(line.text))]
    found = _marked(places, people) or _blocks(places, people)
    found = found or [each for each in _marked(notes, people) if _INSTITUTION.search(each)]
    cleaned = [text for each in found if (text := _clean(each)) and _is_place(text)]
    return tuple(dict.fromkeys(text for text in cleaned if not _is_names(text, people)))[:MOST]


def keywords_of(text: str) -> tuple[str, ...]:
    """Divide the paragraph after ``Keywords:``."""
    parts = (" ".join(part.split()).strip(" .;,:—–") for part in _SEPARATORS.split(text))
    return tuple(dict.fromkeys(part for part in parts if 1 < len(part) <= 80))[:20]


def _marked(lines: Sequence[Line], people: Sequence[str]) -> list[str]:
    """Places that begin with a raised mark, several on a line or one over several lines."""
    found: list[str] = []
    is_open = False
    is_raised = any(span.rise > 0 for line in lines for span in line.spans)
    vocabulary = Vocabulary.of(line.text for line in lines)
    marks = {mark.strip("()") for line in lines for mark, _ in _pieces(line)}
    if not is_raised and "1" not in marks and not marks & set(_MARK_CHARACTERS) and "a" not in marks:
        return []  # a number by itself is a house's
    for line in lines:
        pieces = _pieces(line)
        if _is_names(line.text, people) or not pieces:
            is_open = False
            continue
        for mark, text in pieces:
            if mark:
                found.append(text)
                is_open = True
            elif is_open and text.strip() and not _NOT_A_PLACE.search(text) and not _EMAIL.search(text):
                found[-1] = vocabulary.join(found[-1].rstrip(), text.strip())
            else:
                is_open = False
    return found


def _pieces(line: Line) -> list[tuple[str, str]]:
    """Divide a line at its raised marks: (mark, what follows it)."""
    pieces: list[tuple[str, str]] = []
    for span in line.spans:
        mark = _mark(span)
        if mark:
            pieces.append((mark, ""))
        elif pieces:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + span.text)
        elif span.text.strip():
            pieces.append(("", span.text))
    if len(pieces) == 1 and not pieces[0][0] and (plain := _LEADING_MARK.match(pieces[0][1])):
        return [(plain[0].strip(), pieces[0][1][plain.end() :])]
    return [(mark, text) for mark, text in pieces if text.strip(" ,;")]


def _mark(span: Span) -> str:
    text = span.text.strip(" ,;")
    is_mark = text and (span.rise > 0 or all(character in _MARK_CHARACTERS for character in text))
    return text if is_mark and len(text) <= 8 else ""


def _blocks(lines: Sequence[Line], people: Sequence[str]) -> list[str]:
    """Places below each name, a block for each author or group of them."""
    found: list[str] = []
    for block in _columns(lines):
        place: list[str] = []
        follows_names = False
        for line in (*block, None):
            text = _EMAIL.sub("", line.text).strip(" ,;") if line else ""
            is_place = text and not _is_names(text, people) and not _NOT_A_PLACE.search(text)
            if is_place:
                place.append(text.rstrip(" ,"))
            if not is_place or line is None or text != line.text.strip(" ,;"):
                joined = ", ".join(place)
                found += [joined] if follows_names or _INSTITUTION.search(joined) else []
                place, follows_names = [], line is not None and _is_names(line.text, people)
    return [each for each in found if each]


def _columns(lines: Sequence[Line]) -> Iterable[list[Line]]:
    """Group what stands below one another; blocks side by side stay apart."""
    blocks: list[list[Line]] = []
    for line in sorted(lines, key=lambda each: (each.base, each.box.x0)):
        home = next(
            (
                block
                for block in blocks
                if abs(_middle(block[-1]) - _middle(line)) < 30
                and 0 < line.base - block[-1].base < 2.5 * line.size
            ),
            None,
        )
        if home is None:
            blocks.append([line])
        else:
            home.append(line)
    return blocks


def _middle(line: Line) -> float:
    return (line.box.x0 + line.box.x1) / 2


def _people(authors: Sequence[str]) -> list[str]:
    names = {_plain(author) for author in authors}
    names |= {_plain(author.split()[-1]) for author in authors if len(author.split()) > 1}
    return sorted(filter(None, names), key=len, reverse=True)


def _is_names(text: str, people: Sequence[str]) -> bool:
    """Say whether most of a line is authors' names."""
    plain = left = _plain(text)
    for name in people:
        left = left.replace(name, "")
    return bool(plain) and len(left) <= 0.5 * len(plain) and len(left) < len(plain)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isalpha())


def _repeats(text: str, title: str) -> bool:
    plain = _plain(text)
    return bool(plain) and plain in _plain(title)


def _clean(text: str) -> str:
    text = _EMAIL.sub("", text)
    text = _LEADING_MARK.sub("", " ".join(text.split()))
    return text.strip(f" ,;.&{_MARK_CHARACTERS}")[:LONGEST].removesuffix(" and").strip(" ,")


def _is_place(text: str) -> bool:
    return sum(map(str.isalpha, text)) >= 2 and not _NOT_A_PLACE.search(text)
