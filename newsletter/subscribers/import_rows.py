"""Read a file of readers: which rows to import, which to suppress, which to skip."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from newsletter.errors import BadInput, NewsletterError
from newsletter.subscribers.csv_files import Fault, Row, Sheet, check_columns, read_sheet
from newsletter.subscribers.foreign_exports import (
    Export,
    There,
    first_moment,
    recognise,
    unknown_columns,
    with_email_column,
)
from newsletter.subscribers.import_suppressions import Departure, departures_in
from newsletter.subscribers.records import CSV_COLUMNS

MAX_SOURCE = 200


@dataclass(frozen=True, slots=True)
class Given:
    """The operator's values for rows that have none. The names are the columns'."""

    topics: str = ""
    """Slugs, separated by ``;``."""
    consent_source: str = ""


@dataclass(slots=True)
class Arrivals:
    faults: list[Fault]
    subscribers: list[Row] = field(default_factory=list)
    """With the columns of our own file of readers."""
    departures: list[Departure] = field(default_factory=list)
    """People whom the other service calls unsubscribed, bounced or the like."""
    pending: int = 0
    """Rows of people who have not confirmed there."""
    caution: str = ""
    """What the file lacks."""


def read_arrivals(path: Path, *, given: Given, now: datetime) -> Arrivals:
    """Read a CSV of readers, another service's export or a list of addresses.

    Raises NewsletterError for any other file, or one that lacks required values.
    """
    sheet = with_email_column(read_sheet(path, bare_column="email"))
    export = recognise(sheet)
    if export is None:
        return _ours(sheet, given=given)
    _check(sheet, export=export, given=given)
    found = Arrivals(list(sheet.faults), caution=export.caution)
    for row in sheet.rows:
        _take(row, sheet=sheet, export=export, given=given, now=now, found=found)
    return found


def _ours(sheet: Sheet, *, given: Given) -> Arrivals:
    if sheet.columns - set(CSV_COLUMNS):
        raise unknown_columns(sheet, columns=CSV_COLUMNS)
    check_columns(sheet, required=("email",), allowed=CSV_COLUMNS)
    said = {name: value for name, value in asdict(given).items() if value}
    if missing := [name for name in ("topics", "consent_source") if name not in sheet.columns | said.keys()]:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise NewsletterError(f"no column {missing[0]!r}: add it, or say it for all rows with {options}")
    rows = [
        Row(row.line, row.cells | {name: row.cells.get(name) or value for name, value in said.items()})
        for row in sheet.rows
    ]
    return Arrivals(list(sheet.faults), subscribers=rows)


def _check(sheet: Sheet, *, export: Export, given: Given) -> None:
    if not export.has_subscribers:
        raise NewsletterError(f"{sheet.name} holds {export.service}'s suppressions: use --suppressions")
    if not (given.topics and given.consent_source):
        raise NewsletterError(
            f"{sheet.name} is an export of {export.service}: say what its readers are to get, with --topics, "
            "and how they agreed, with --consent-source"
        )


def _take(row: Row, *, sheet: Sheet, export: Export, given: Given, now: datetime, found: Arrivals) -> None:
    try:
        status = export.status(row.cells, sheet)
    except BadInput as error:
        found.faults.append(Fault(row.line, str(error)))
        return
    if status is There.PENDING:
        found.pending += 1
    elif status is There.READS:
        found.subscribers.append(_in_our_columns(row, export=export, given=given))
    else:
        gone, fault = departures_in(row, reason=status, columns=export.left, now=now)
        found.departures += gone
        found.faults += [fault] if fault else []


def _in_our_columns(row: Row, *, export: Export, given: Given) -> Row:
    """Append the other service's date to the consent source, if there is room."""
    source = given.consent_source
    if since := first_moment(row.cells, export.joined):
        noted = f"{source} ({export.service}: since {since:%Y-%m-%d})"
        source = noted if len(noted) <= MAX_SOURCE else source
    return Row(row.line, {"email": row.cells["email"], "topics": given.topics, "consent_source": source})
