"""Plain text at 72 columns: wrapping by display width, and underlined headings."""

from __future__ import annotations

import re
import unicodedata

from newsletter.core.digests.typography import NO_BREAK

COLUMNS = 72
_JOINER = "\u2060"
"""Word joiner: no break here; removed before sending."""
_UNIT = re.compile(
    r"[ \n\t]+|[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]|[^ \n\t\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+"
)
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_STAYS_WITH_LAST = re.compile(r"[、。，；：！？）」』》〉】％\u2060]")
_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])")


def width(text: str) -> int:
    """Return how many columns ``text`` takes: two for East Asian wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(char) or char in ("\u200b", _JOINER)
        else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def wrap(text: str, first: str = "", rest: str | None = None) -> str:
    """Return ``text`` in lines of at most 72 columns, the first after ``first``, the others after ``rest``.

    Breaks at spaces and between Han characters, never before closing punctuation and never inside a word. An
    address gets a line of its own, whole, so that mail programs make all of it a link.
    """
    rest = first if rest is None else rest
    lines, line, columns = [], first, width(first)
    for unit in _units(text.strip()):
        word, is_address = unit.rstrip(), _ADDRESS.match(unit)
        is_empty = line in (first, rest)
        is_full = columns + width(word) > COLUMNS
        if not is_empty and (is_full or is_address or _ADDRESS.match(line.strip())):
            lines.append(line.rstrip())
            line, columns = rest, width(rest)
        added = whole(word) if is_address else unit
        line, columns = line + added, columns + width(added)
    # Lines are final: use plain spaces again, for terminals and searches.
    return "\n".join([*lines, line.rstrip()]).replace(NO_BREAK, " ").replace(_JOINER, "")


def whole(url: str) -> str:
    """Escape a URL's last ``-`` or ``_``: many mail programs leave it out of the link.

    %2D is equivalent (RFC 3986 §2.3).
    """
    last = url[-1:]
    return f"{url[:-1]}%{ord(last):02X}" if last in ("-", "_", "~") else url


def unbroken(text: str) -> str:
    """Return ``text`` so that ``wrap`` breaks it nowhere between two Han characters."""
    return _BETWEEN_HAN.sub(_JOINER, text)


def _units(text: str) -> list[str]:
    """Split into unbreakable units; white space becomes one space at the end of its unit."""
    units: list[str] = []
    for part in _UNIT.findall(text):
        if part.isspace():
            if units:
                units[-1] += " "
        elif (
            units
            and (_STAYS_WITH_LAST.match(part) or units[-1][-1] in "\u00a0\u2060（「《")
            and units[-1][-1] != " "
        ):
            units[-1] += part
        else:
            units.append(part)
    return units


def underline(text: str) -> str:
    """Return a heading underlined with hyphens as wide as it is."""
    lines = wrap(text)
    return f"{lines}\n{'-' * min(COLUMNS, max(width(line) for line in lines.splitlines()))}"
