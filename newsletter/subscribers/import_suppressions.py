"""Import suppressions of another service.

When in doubt, suppress: an unknown reason counts as ``imported``. Only in a file with active readers must a
row's status be known (``foreign_exports``). Invalid addresses are reported by line, since suppressing them
would have no effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path

from django.db import transaction

from newsletter.audience.suppression import Reason, address_key, suppress_all, suppressed
from newsletter.core.delivery.addresses import addresses_in
from newsletter.errors import BadInput
from newsletter.models import Subscriber
from newsletter.models.subscriber import Status
from newsletter.progress import SILENT, Progress
from newsletter.subscribers.csv_files import Fault, Row, Sheet, check_columns, read_sheet
from newsletter.subscribers.foreign_exports import (
    Export,
    StatusThere,
    There,
    first_moment,
    recognise,
    unknown_columns,
    with_email_column,
)
from newsletter.subscribers.preferences import checked_address
from newsletter.subscribers.unsubscribe import unsubscribe

COLUMNS = ("email", "reason", "date")
REASONS = {
    **{reason.value: reason for reason in Reason},
    "unsubscribe": Reason.UNSUBSCRIBED,
    "bounce": Reason.BOUNCED,
    "unreachable": Reason.BOUNCED,
    "complaint": Reason.COMPLAINED,
    "spam": Reason.COMPLAINED,
}
SOURCE = "subscriber import --suppressions"
CHUNK = 500
"""Rows a transaction, so that other writers get their turn."""


@dataclass(frozen=True, slots=True)
class SuppressionImport:
    """The result of a file."""

    added: int
    known: int
    """Addresses that were suppressed before, or are in the file twice."""
    active: int
    """Rows of those whom the other service mailed, or had asked to confirm: they were skipped."""
    unsubscribed: int
    """Readers of this service who were unsubscribed by it."""
    faults: list[Fault]


@dataclass(frozen=True, slots=True)
class Departure:
    """An address that must not be mailed, as a row says."""

    line: int
    email_key: str
    reason: Reason
    at: datetime


def import_suppressions(
    path: Path, *, now: datetime, every_row: bool = False, dry_run: bool = False, progress: Progress = SILENT
) -> SuppressionImport:
    """Suppress the addresses of a CSV file; importing it again changes nothing.

    The file has the columns ``email,reason,date`` (only the first must be there), is another service's export
    or a list of addresses alone. With ``every_row`` its statuses do not count: all in it have left.
    A stronger reason replaces a weaker one. A reader of this service who is on the list is unsubscribed, and
    what was not yet sent to them is cancelled.

    Raises NewsletterError for any other file.
    """
    sheet = with_email_column(read_sheet(path, bare_column="email"))
    status_of, export = _status_reader(sheet)
    departures, faults, active = list[Departure](), list(sheet.faults), 0
    for row in sheet.rows:
        try:
            status = Reason.IMPORTED if every_row and export else status_of(row)
        except BadInput as error:
            faults.append(Fault(row.line, str(error)))
            continue
        if isinstance(status, There):
            active += 1
        else:
            found, fault = departures_in(
                row, reason=status, columns=export.left if export else ("date",), now=now
            )
            departures += found
            faults += [fault] if fault else []
    taken = len(departures)
    added, unsubscribed = end_all(departures, source=SOURCE, now=now, dry_run=dry_run, progress=progress)
    return SuppressionImport(
        added, taken - added, active, unsubscribed, sorted(faults, key=lambda fault: fault.line)
    )


def departures_in(
    row: Row, *, reason: Reason, columns: tuple[str, ...], now: datetime
) -> tuple[list[Departure], Fault | None]:
    """Return each address of a row's ``email``, and its fault. ``columns`` may have the time."""
    at = first_moment(row.cells, columns) or now
    found, problems = list[Departure](), list[str]()
    for address in addresses_in(row.cells["email"]) or [""]:
        try:
            key = address_key(checked_address(address))
        except BadInput as error:
            problems.append(str(error))
        else:
            found.append(Departure(row.line, key, reason, at))
    if problems and found:
        problems.append("the row's other addresses are suppressed")
    return found, Fault(row.line, "; ".join(problems)) if problems else None


def end_all(
    departures: Sequence[Departure],
    *,
    source: str,
    now: datetime,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> tuple[int, int]:
    """Add new suppressions and unsubscribe their readers; return how many of each."""
    strongest = dict[str, Departure]()
    for each in departures:
        same = strongest.get(each.email_key)
        if same is None or each.reason.outranks(same.reason):
            strongest[each.email_key] = each
    entries, added, ended = list(strongest.values()), 0, 0
    progress.stage("Importing suppressions", total=ceil(len(entries) / CHUNK))
    for start in range(0, len(entries), CHUNK):
        chunk = {each.email_key: (each.reason, each.at) for each in entries[start : start + CHUNK]}
        with transaction.atomic():
            added += len(chunk) - len(suppressed(chunk))
            subscribers = Subscriber.objects.filter(
                email_key__in=chunk, status__in=(Status.ACTIVE, Status.PENDING)
            ).order_by("pk")
            ended += len(subscribers)
            if not dry_run:
                suppress_all(chunk)
                for subscriber in subscribers:
                    unsubscribe(subscriber, source=source, now=now)
        progress.step()
    return added, ended


def _status_reader(sheet: Sheet) -> tuple[Callable[[Row], StatusThere], Export | None]:
    """Return what reads a row's status: by reason, or by what the other service says of the person."""
    if export := recognise(sheet):
        return lambda row: export.status(row.cells, sheet), export
    if sheet.columns - set(COLUMNS):
        raise unknown_columns(sheet, columns=COLUMNS)
    check_columns(sheet, required=("email",), allowed=COLUMNS)
    return _by_reason, None


def _by_reason(row: Row) -> Reason:
    words = row.cells.get("reason", "").lower().replace("_", " ").removeprefix("hard ")
    return REASONS.get(words, Reason.IMPORTED)
