"""Readers brought along from elsewhere, whose consent the operator vouches for row by row. No mail is sent.

Good rows are imported and bad ones reported, each with its line: what was reported can be mended in the file
and the file imported again. Nobody is imported who has opted out, and no reader is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from newsletter.core.cadence import Slot, next_slot, parse_zone
from newsletter.errors import BadInput
from newsletter.models import ConsentEvent, Subscriber, Subscription, Suppression, Topic
from newsletter.models.subscriber import Status
from newsletter.progress import Progress
from newsletter.subscriptions.records import CSV_COLUMNS
from newsletter.subscriptions.sheets import Fault, Row, check_columns, read_sheet
from newsletter.subscriptions.wishes import Wishes, checked_address
from newsletter.suppressions import address_key, suppressed

REQUIRED = ("email", "topics", "consent_source")
WISHES = ("cadence", "at", "timezone", "language", "depth")
SILENT = Progress()
CHUNK = 500
"""Rows a transaction: other writers get their turn in between."""
TRIES = 3
MAX_SOURCE = 200
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReaderImport:
    """What became of a file."""

    imported: int
    faults: list[Fault]
    """By line; none of these rows became a reader."""
    has_suppressions: bool
    """False: nobody is known who must not be mailed, which is odd for a list that has been in use."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row that is sound by itself."""

    line: int
    email: str
    email_key: str
    topics: tuple[int, ...]
    wishes: Wishes
    source: str


def import_readers(
    path: Path, *, now: datetime, dry_run: bool = False, progress: Progress = SILENT
) -> ReaderImport:
    """Import a CSV file of readers (contract: CSV of readers); ``dry_run`` checks all and writes nothing.

    Raises NewsletterError for a file that is not such a CSV.
    """
    sheet = read_sheet(path)
    check_columns(sheet, required=REQUIRED, allowed=CSV_COLUMNS)
    entries, faults = _sound(sheet.rows)
    faults += sheet.faults
    has_suppressions = Suppression.objects.exists()
    imported = 0
    progress.stage("Importing readers", total=ceil(len(entries) / CHUNK))
    for start in range(0, len(entries), CHUNK):
        chunk = entries[start : start + CHUNK]
        refused = _import_chunk(chunk, now=now, dry_run=dry_run)
        imported += len(chunk) - len(refused)
        faults += refused
        progress.step()
    return ReaderImport(imported, sorted(faults, key=lambda fault: fault.line), has_suppressions)


def _sound(rows: Sequence[Row]) -> tuple[list[_Entry], list[Fault]]:
    """Return the rows that are sound by themselves, each address once, and what is wrong with the others."""
    topics = dict(Topic.objects.filter(owner__isnull=True).values_list("slug", "pk"))
    entries, faults = dict[str, _Entry](), list[Fault]()
    for row in rows:
        entry = _read(row, topics=topics)
        if isinstance(entry, Fault):
            faults.append(entry)
        elif first := entries.get(entry.email_key):
            faults.append(Fault(row.line, f"{entry.email} is on line {first.line} already"))
        else:
            entries[entry.email_key] = entry
    return list(entries.values()), faults


def _read(row: Row, *, topics: dict[str, int]) -> _Entry | Fault:
    """Check every cell; a fault names all that is wrong with the row."""
    problems: list[str] = []
    email = _checked(lambda: checked_address(row.cells["email"]), problems)
    key = _checked(lambda: address_key(email), problems) if email else None
    ids = _checked(lambda: _topic_ids(row.cells["topics"], topics=topics), problems)
    wishes = _checked(lambda: _wishes(row), problems)
    source = _checked(lambda: _source(row.cells["consent_source"]), problems)
    if email is None or key is None or ids is None or wishes is None or source is None:
        return Fault(row.line, "; ".join(problems))
    return _Entry(row.line, email, key, ids, wishes, source)


def _checked(check: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return check()
    except BadInput as error:
        problems.append(str(error))
        return None


def _topic_ids(cell: str, *, topics: dict[str, int]) -> tuple[int, ...]:
    slugs = dict.fromkeys(slug.strip() for slug in cell.split(";") if slug.strip())
    if not slugs:
        raise BadInput("no topics: slugs are expected, separated by ;")
    unknown = [slug for slug in slugs if slug not in topics]
    if unknown:
        raise BadInput(f"no topic {unknown[0]!r}: newsletter topic list shows them all")
    return tuple(topics[slug] for slug in slugs)


def _wishes(row: Row) -> Wishes:
    """Check what is given; an empty cell means the default."""
    given: dict[str, Any] = {name: row.cells[name] for name in WISHES if row.cells.get(name)}
    if number := row.cells.get("max_papers"):
        if not (number.isascii() and number.isdecimal()):
            raise BadInput(f"max_papers is {number!r}, but must be a number")
        given["max_papers"] = int(number[:9])
    return Wishes.checked(**given)


def _source(cell: str) -> str:
    if not cell:
        raise BadInput("no consent_source: say where and when this reader agreed")
    if len(cell) > MAX_SOURCE:
        raise BadInput(f"consent_source has {len(cell)} characters, but must have {MAX_SOURCE} at most")
    return cell


def _import_chunk(chunk: Sequence[_Entry], *, now: datetime, dry_run: bool) -> list[Fault]:
    """Import what may be, and return the rest."""
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                refused = _refused(chunk)
                if not dry_run:
                    lines = {fault.line for fault in refused}
                    _save([entry for entry in chunk if entry.line not in lines], now=now)
        except IntegrityError:  # somebody signed up between the look and the write: look again
            if not tries_left:
                raise
        else:
            break
    return refused


def _refused(chunk: Sequence[_Entry]) -> list[Fault]:
    keys = [entry.email_key for entry in chunk]
    known = set(Subscriber.objects.filter(email_key__in=keys).values_list("email_key", flat=True))
    reasons = suppressed(keys)
    faults = []
    for entry in chunk:
        if reason := reasons.get(entry.email_key):
            words = (
                f"{entry.email} must not be mailed ({reason}): only the reader can come back, by confirming"
            )
            faults.append(Fault(entry.line, words))
        elif entry.email_key in known:
            faults.append(Fault(entry.line, f"{entry.email} is a reader already, and stays as is"))
    return faults


def _save(entries: Sequence[_Entry], *, now: datetime) -> None:
    readers = Subscriber.objects.bulk_create(_reader(entry, now=now) for entry in entries)
    pairs = list(zip(readers, entries, strict=True))
    Subscription.objects.bulk_create(
        Subscription(subscriber=reader, topic_id=topic, position=position, created_at=now)
        for reader, entry in pairs
        for position, topic in enumerate(entry.topics)
    )
    ConsentEvent.objects.bulk_create(
        ConsentEvent(subscriber=reader, at=now, action="imported", source=entry.source)
        for reader, entry in pairs
    )


def _reader(entry: _Entry, *, now: datetime) -> Subscriber:
    slot = _first_slot(entry.wishes, now=now)
    return Subscriber(
        email=entry.email,
        email_key=entry.email_key,
        status=Status.ACTIVE,
        joined_at=now,
        confirmed_at=now,
        confirmed_by_operator=True,
        anchor_date=slot.date,
        next_slot_at=slot.at,
        **entry.wishes.fields(),
    )


def _first_slot(wishes: Wishes, *, now: datetime) -> Slot:
    return next_slot(wishes.cadence, after=now, at=wishes.at, zone=parse_zone(wishes.timezone))
