"""Read and write operators' CSV files. Files are read whole before anything is stored."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from newsletter.errors import NewsletterError

_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t]*\r?\n', re.IGNORECASE)
"""Excel's line that names the separator."""
_FORMULA = re.compile(r"'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
"""What a spreadsheet takes for a formula, also in full-width signs, or for an escaped one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that was skipped, or not taken completely."""

    line: int
    """Where the row begins in the file, from 1; the header is on line 1."""
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: dict[str, str]
    """By column, stripped. A cell that is not in the file is empty."""


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    """The file's."""
    columns: frozenset[str]
    """In lower case, without unnamed ones."""
    rows: list[Row]
    faults: list[Fault]
    """Rows with a value beyond the last column."""
    repeated: frozenset[str] = frozenset()
    """Duplicate column names; the first column counts."""


def read_sheet(path: Path, *, bare_column: str = "") -> Sheet:
    """Read a CSV file (RFC 4180; UTF-8, with or without a byte order mark). Empty lines are skipped.

    ``bare_column`` allows a list of addresses without a header: each line is a cell of that column, whole.

    Raises NewsletterError for other files, and for an empty one.
    """
    text, separator, line = _read(path), ",", 1
    if found := _SEPARATOR.match(text):
        text, separator, line = text[found.end() :], found[1], 2
    if bare_column and "@" in next(filter(str.strip, text.splitlines()), ""):
        rows = [
            Row(at, {bare_column: cell}) for at, cell in enumerate(text.splitlines(), line) if cell.strip()
        ]
        return Sheet(path.name, frozenset({bare_column}), rows, [])
    records = list(_records(text, separator=separator, line=line, name=path.name))
    if not records:
        raise NewsletterError(f"{path.name} is empty: its first line must name the columns")
    names = [cell.strip().lower() for cell in records[0][1]]
    _check_separator(names, name=path.name)
    read = [_row(at, cells, names=names) for at, cells in records[1:]]
    return Sheet(
        name=path.name,
        columns=frozenset(filter(None, names)),
        rows=[row for row in read if isinstance(row, Row)],
        faults=[row for row in read if isinstance(row, Fault)],
        repeated=frozenset(name for name in names if name and names.count(name) > 1),
    )


def check_columns(sheet: Sheet, *, required: Collection[str], allowed: Collection[str]) -> None:
    """Raise NewsletterError that names the columns at fault."""
    refuse_repeated(sheet, allowed)
    unknown = sorted(sheet.columns - set(allowed))
    missing = [name for name in required if name not in sheet.columns]
    if unknown:
        raise NewsletterError(f"unknown column {unknown[0]!r}: the columns are {','.join(allowed)}")
    if missing:
        raise NewsletterError(f"no column {missing[0]!r}: {', '.join(required)} must be there")


def refuse_repeated(sheet: Sheet, names: Collection[str]) -> None:
    """Raise NewsletterError if several columns have one of these names."""
    if twice := sorted(sheet.repeated & set(names)):
        raise NewsletterError(f"{sheet.name} has two columns {twice[0]!r}")


def written_csv(rows: Collection[dict[str, str]], *, columns: Sequence[str]) -> str:
    """Write CSV without formulas (for spreadsheets); ``read_sheet`` reads the same values back."""
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, columns)
    writer.writeheader()
    writer.writerows({name: _escaped(cell) for name, cell in row.items()} for row in rows)
    return lines.getvalue()


def _escaped(cell: str) -> str:
    """Put an apostrophe before a possible formula: ``=1+1@example.org`` is an address."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unescaped(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NewsletterError(f"{path.name} is not UTF-8 text: save it as CSV UTF-8") from error
    except OSError as error:
        raise NewsletterError(f"{path} cannot be read: {error.strerror}") from error


def _records(text: str, *, separator: str, line: int, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with its first line: a quoted cell may span several lines."""
    reader, begins = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), line
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise NewsletterError(f"{name}, line {begins}: {error}") from error
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = reader.line_num + line


def _row(line: int, cells: Sequence[str], *, names: Sequence[str]) -> Row | Fault:
    """Give each cell its column. Spreadsheets leave out empty cells at the end of a row, or add some."""
    found = dict[str, str]()
    for name, cell in zip_longest(names, (cell.strip() for cell in cells), fillvalue=""):
        if name:
            found.setdefault(name, _unescaped(cell))
        elif cell:
            return Fault(line, f"{len(cells)} cells, but there are {len(list(filter(None, names)))} columns")
    return Row(line, found)


def _check_separator(names: list[str], *, name: str) -> None:
    """A spreadsheet saves with semicolons where the decimal point is a comma."""
    only = names[0] if len(names) == 1 else ""
    for separator, called in ((";", "semicolons"), ("\t", "tabs")):
        if separator in only:
            raise NewsletterError(
                f"{name} has {called} between its columns, {only[:60]!r}: save it as CSV with commas "
                "(several topics in one cell stay separated by ;)"
            )
