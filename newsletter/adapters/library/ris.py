"""RIS, read by rispy record by record: it would merge a record without an end into the next, or drop it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import rispy

from newsletter.core.taste.library import (
    LibraryBuilder,
    ReadLibrary,
    Source,
    Unread,
    given_name_first,
    without_markup,
)

BEGINS = re.compile(r"^TY  - ?", re.MULTILINE)
_ENDS = re.compile(r"^ER  -", re.MULTILINE)
MAX_RECORD = 100_000
"""Characters; with MAX_LINES it bounds rispy, which copies a value anew for each line that continues it."""
MAX_LINES = 5_000
_TITLES = ("title", "primary_title", "short_title")
_NOTES = (
    *("accession_number", "alternate_title2", "alternate_title3", "custom1", "custom3", "custom7", "id"),
    *("journal_name", "label", "note", "notes", "number", "publisher", "secondary_title", "volume"),
)


def read_ris(text: str) -> ReadLibrary:
    read, line, at = LibraryBuilder(Source.RIS), 1, 0
    for begin, end in _records(text):
        line, at = line + text.count("\n", at, begin), begin
        if read.is_full:
            read.problem(line, "", Unread.TOO_MANY)
            break
        record = text[begin:end]
        ends = _ENDS.search(record)
        if ends and len(record) <= MAX_RECORD and record.count("\n") <= MAX_LINES:
            for fields in rispy.loads(f"{record[: ends.start()]}ER  - ", skip_unknown_tags=True):
                _add(read, line, fields)
        else:
            read.problem(line, record[:500], Unread.BROKEN)
    return read.built()


def _records(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each record begins, and where the next one does."""
    begin = -1
    for found in BEGINS.finditer(text):
        if begin >= 0:
            yield begin, found.start()
        begin = found.start()
    if begin >= 0:
        yield begin, len(text)


def _add(read: LibraryBuilder, line: int, fields: Mapping[str, Any]) -> None:
    read.add(
        line,
        title=without_markup(next((fields[name] for name in _TITLES if fields.get(name)), "")),
        authors=map(given_name_first, [*fields.get("authors", ()), *fields.get("first_authors", ())]),
        doi=fields.get("doi", ""),
        ids=fields.get("urls", ()),
        notes=_texts(fields[name] for name in _NOTES if name in fields),
    )


def _texts(values: Iterator[str | list[str]]) -> Iterator[str]:
    for value in values:
        yield from [value] if isinstance(value, str) else value
