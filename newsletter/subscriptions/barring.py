"""Addresses that another service must not mail any more, brought along.

Being too careful is the lesser error: a reason that is not understood still suppresses, as ``imported``. Only
where a file holds active readers too (the exports of listmonk and Keila) must a row's status be understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from django.db import transaction

from newsletter.errors import BadInput
from newsletter.models import Subscriber
from newsletter.models.subscriber import Status
from newsletter.progress import Progress
from newsletter.subscriptions.leaving import unsubscribe
from newsletter.subscriptions.sheets import Fault, Row, Sheet, check_columns, read_sheet
from newsletter.suppressions import Reason, address_key, suppress_all, suppressed

COLUMNS = ("email", "reason", "date")
LISTMONK = ("uuid", "email", "name", "attributes", "status", "created_at", "updated_at")
KEILA = ("email", "first name", "last name", "data", "status", "external id")
"""As its export names them; older versions lack the last one."""
REASONS = {
    **{reason.value: reason for reason in Reason},
    "unsubscribe": Reason.UNSUBSCRIBED,
    "bounce": Reason.BOUNCED,
    "unreachable": Reason.BOUNCED,
    "complaint": Reason.COMPLAINED,
    "spam": Reason.COMPLAINED,
}
STATUSES = {
    # listmonk: a blocklisted reader may have left, bounced or complained; its export does not say.
    "enabled": None,
    "disabled": Reason.IMPORTED,
    "blocklisted": Reason.IMPORTED,
    # Keila
    "active": None,
    "unsubscribed": Reason.UNSUBSCRIBED,
    "unreachable": Reason.BOUNCED,
}
GO_TIME = re.compile(r"^(\S+ \S+) ([+-]\d{4}) \S+$")
SOURCE = "subscriber import --suppressions"
SILENT = Progress()
CHUNK = 500
"""Rows a transaction: other writers get their turn in between."""


@dataclass(frozen=True, slots=True)
class SuppressionImport:
    """What became of a file."""

    added: int
    known: int
    """Addresses that were suppressed before, or stand in the file twice."""
    active: int
    """Rows of readers whom the other service mailed: nothing was done about them."""
    unsubscribed: int
    """Readers of this service who were ended by it."""
    faults: list[Fault]


@dataclass(frozen=True, slots=True)
class _Entry:
    email_key: str
    reason: Reason
    at: datetime


def import_suppressions(
    path: Path, *, now: datetime, dry_run: bool = False, progress: Progress = SILENT
) -> SuppressionImport:
    """Suppress the addresses of a CSV file; importing it again changes nothing.

    The file has the columns ``email,reason,date`` (only the first must be there), or is an export of listmonk
    or of Keila. A stronger reason replaces a weaker one. A reader of this service who is on the list is
    unsubscribed, and what was not yet sent to them is cancelled.

    Raises NewsletterError for a file that is none of these.
    """
    sheet = read_sheet(path)
    read = _reader_of(sheet)
    found, faults, taken, active = dict[str, _Entry](), list(sheet.faults), 0, 0
    for row in sheet.rows:
        try:
            entry = read(row, now)
        except BadInput as error:
            faults.append(Fault(row.line, str(error)))
            continue
        if entry is None:
            active += 1
            continue
        taken += 1
        same = found.get(entry.email_key)
        if same is None or entry.reason.outranks(same.reason):
            found[entry.email_key] = entry
    added, unsubscribed = _suppress(list(found.values()), now=now, dry_run=dry_run, progress=progress)
    faults.sort(key=lambda fault: fault.line)
    return SuppressionImport(added, taken - added, active, unsubscribed, faults)


def _suppress(
    entries: Sequence[_Entry], *, now: datetime, dry_run: bool, progress: Progress
) -> tuple[int, int]:
    """Suppress what is new, end the readers; return how many of each."""
    added = unsubscribed = 0
    progress.stage("Importing suppressions", total=ceil(len(entries) / CHUNK))
    for start in range(0, len(entries), CHUNK):
        chunk = {each.email_key: (each.reason, each.at) for each in entries[start : start + CHUNK]}
        with transaction.atomic():
            added += len(chunk) - len(suppressed(chunk))
            readers = Subscriber.objects.filter(
                email_key__in=chunk, status__in=(Status.ACTIVE, Status.PENDING)
            ).order_by("pk")
            unsubscribed += len(readers)
            if not dry_run:
                suppress_all(chunk)
                for reader in readers:
                    unsubscribe(reader, source=SOURCE, now=now)
        progress.step()
    return added, unsubscribed


def _reader_of(sheet: Sheet) -> Callable[[Row, datetime], _Entry | None]:
    """Return what reads this sheet's rows: by reason, or by the status it has in the other service."""
    for columns in (LISTMONK, KEILA):
        if {"email", "status"} <= sheet.columns <= set(columns):
            return _by_status
    check_columns(sheet, required=("email",), allowed=COLUMNS)
    return _by_reason


def _by_reason(row: Row, now: datetime) -> _Entry:
    words = row.cells.get("reason", "").lower().replace("_", " ").removeprefix("hard ")
    reason = REASONS.get(words, Reason.IMPORTED)
    return _Entry(address_key(row.cells["email"]), reason, _moment(row.cells.get("date", ""), now=now))


def _by_status(row: Row, now: datetime) -> _Entry | None:
    status = row.cells["status"].lower()
    if status not in STATUSES:
        raise BadInput(f"status is {status!r}, but must be one of: {', '.join(STATUSES)}")
    reason = STATUSES[status]
    if reason is None:
        return None
    return _Entry(address_key(row.cells["email"]), reason, _moment(row.cells.get("updated_at", ""), now=now))


def _moment(text: str, *, now: datetime) -> datetime:
    """Read a date or a time, as ISO 8601 or as Go prints it: ``2024-03-01 09:30:00.5 +0200 CEST``."""
    try:
        moment = datetime.fromisoformat(GO_TIME.sub(r"\1\2", text))
    except ValueError:
        return now
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
