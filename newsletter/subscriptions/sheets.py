"""CSV files of operators, read whole before anything is written. What a cell means is not known here."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from newsletter.errors import NewsletterError


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that was not taken."""

    line: int
    """Where the row begins in the file, from 1; the header is on line 1."""
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: dict[str, str]
    """By column, stripped."""


@dataclass(frozen=True, slots=True)
class Sheet:
    columns: frozenset[str]
    """In small letters."""
    rows: list[Row]
    faults: list[Fault]
    """Rows with more or fewer cells than there are columns."""


def read_sheet(path: Path) -> Sheet:
    """Read a CSV file (RFC 4180; UTF-8, with or without a byte order mark). Empty lines are passed over.

    Raises NewsletterError for what is no such file, and for an empty one.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            records = list(_records(file, name=path.name))
    except UnicodeDecodeError as error:
        raise NewsletterError(f"{path.name} is not UTF-8 text: save it as CSV UTF-8") from error
    except OSError as error:
        raise NewsletterError(f"{path} cannot be read: {error.strerror}") from error
    if not records:
        raise NewsletterError(f"{path.name} is empty: its first line must name the columns")
    names = _columns(records[0][1], name=path.name)
    _check_separator(names, name=path.name)
    rows, faults = [], []
    for line, cells in records[1:]:
        if len(cells) == len(names):
            rows.append(Row(line, {name: cell.strip() for name, cell in zip(names, cells, strict=True)}))
        else:
            faults.append(Fault(line, f"{len(cells)} cells, but there are {len(names)} columns"))
    return Sheet(frozenset(names), rows, faults)


def check_columns(sheet: Sheet, *, required: Collection[str], allowed: Collection[str]) -> None:
    """Raise NewsletterError that names the columns at fault."""
    unknown = sorted(sheet.columns - set(allowed))
    missing = [name for name in required if name not in sheet.columns]
    if unknown:
        raise NewsletterError(f"unknown column {unknown[0]!r}: the columns are {','.join(allowed)}")
    if missing:
        raise NewsletterError(f"no column {missing[0]!r}: {', '.join(required)} must be there")


def _records(file: Iterable[str], *, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins on: a quoted cell may span several."""
    reader, begins = csv.reader(file, strict=True), 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise NewsletterError(f"{name}, line {begins}: {error}") from error
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + 1


def _check_separator(names: list[str], *, name: str) -> None:
    """A spreadsheet saves with semicolons where the decimal point is a comma."""
    only = names[0] if len(names) == 1 else ""
    for separator, called in ((";", "semicolons"), ("\t", "tabs")):
        if separator in only:
            raise NewsletterError(
                f"{name} has {called} between its columns, {only[:60]!r}: save it as CSV with commas "
                "(several topics in one cell stay separated by ;)"
            )


def _columns(cells: list[str], *, name: str) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise NewsletterError(f"{name} has two columns {twice!r}")
    return names
