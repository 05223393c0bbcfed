"""Import readers whose consent the operator vouches for row by row. No mail is sent.

Good rows are imported and bad ones reported with their line; the corrected file can be imported again. Nobody
who has opted out here or there is imported: people whom another service calls unsubscribed, bounced or the
like are suppressed. Existing readers are not changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

from django.db import IntegrityError, transaction

from newsletter.audience.suppression import address_key, suppressed
from newsletter.core.delivery.addresses import addresses_in
from newsletter.core.delivery.cadence import next_slot, parse_zone
from newsletter.errors import BadInput
from newsletter.models import ConsentEvent, Subscriber, Subscription, Suppression, Topic
from newsletter.models.subscriber import Status
from newsletter.progress import SILENT, Progress
from newsletter.subscribers.csv_files import Fault, Row
from newsletter.subscribers.import_rows import MAX_SOURCE, Arrivals, Given, read_arrivals
from newsletter.subscribers.import_suppressions import end_all
from newsletter.subscribers.preferences import COLUMNS, Preferences, checked_address, checked_name

CHUNK = 500
"""Rows a transaction, so that other writers get their turn."""
TRIES = 3
SOURCE = "subscriber import"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SubscriberImport:
    """The result of a file."""

    imported: int
    faults: list[Fault]
    """By line; none of these rows became a reader."""
    has_suppressions: bool
    """False: there are no suppressions, which is odd for a list that has been in use."""
    left: int = 0
    """Addresses newly suppressed: another service's export calls them unsubscribed, bounced or the like."""
    unsubscribed: int = 0
    """Readers of this service who were unsubscribed by that."""
    pending: int = 0
    """Rows of people who had not confirmed there: they were skipped."""
    caution: str = ""
    """What the other service's file lacks."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row without errors of its own."""

    line: int
    email: str
    email_key: str
    name: str
    topics: tuple[int, ...]
    preferences: Preferences
    source: str


def import_subscribers(
    path: Path,
    *,
    now: datetime,
    topics: Sequence[str] = (),
    consent_source: str = "",
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> SubscriberImport:
    """Import a CSV file of readers (docs/operating.md) or another service's export of them.

    ``topics`` (slugs) and ``consent_source`` are for rows that have none. ``dry_run`` checks all and writes
    nothing.

    1. Read the whole file and check every row.
    2. Suppress the people whom the other service calls unsubscribed, bounced or the like: before any import.
    3. Import the valid rows in chunks; each chunk is one transaction.

    Raises NewsletterError for a file that is no such CSV, BadInput for an unknown topic.
    """
    known = dict(Topic.objects.filter(owner__isnull=True).values_list("slug", "pk"))
    given = Given(topics=";".join(topics), consent_source=consent_source.strip())
    if topics:
        _topic_ids(given.topics, topics=known)
    arrivals = read_arrivals(path, given=given, now=now)
    entries, faults = _sound(arrivals, topics=known)
    has_suppressions = bool(arrivals.departures) or Suppression.objects.exists()
    left, ended = end_all(arrivals.departures, source=SOURCE, now=now, dry_run=dry_run)
    imported = 0
    progress.stage("Importing readers", total=ceil(len(entries) / CHUNK))
    for start in range(0, len(entries), CHUNK):
        chunk = entries[start : start + CHUNK]
        refused = _import_chunk(chunk, now=now, dry_run=dry_run)
        imported += len(chunk) - len(refused)
        faults += refused
        progress.step()
    return SubscriberImport(
        imported=imported,
        faults=sorted(faults, key=lambda fault: fault.line),
        has_suppressions=has_suppressions,
        left=left,
        unsubscribed=ended,
        pending=arrivals.pending,
        caution=arrivals.caution,
    )


def _sound(arrivals: Arrivals, *, topics: dict[str, int]) -> tuple[list[_Entry], list[Fault]]:
    """Return the valid rows, each address once, and the faults of the others."""
    entries, faults = dict[str, _Entry](), list(arrivals.faults)
    gone = {each.email_key: each.line for each in arrivals.departures}
    for row in arrivals.subscribers:
        entry = _read(row, topics=topics)
        if isinstance(entry, Fault):
            faults.append(entry)
        elif first := entries.get(entry.email_key):
            faults.append(Fault(row.line, f"{entry.email} is on line {first.line} already"))
        elif line := gone.get(entry.email_key):
            faults.append(Fault(row.line, f"{entry.email} has left, by line {line}"))
        else:
            entries[entry.email_key] = entry
    return list(entries.values()), faults


def _read(row: Row, *, topics: dict[str, int]) -> _Entry | Fault:
    """Check every cell; a fault names all that is wrong with the row."""
    problems: list[str] = []
    email = _checked(lambda: _one_address(row.cells["email"]), problems)
    key = _checked(lambda: address_key(email), problems) if email else None
    name = _checked(lambda: checked_name(row.cells.get("name", "")), problems)
    ids = _checked(lambda: _topic_ids(row.cells["topics"], topics=topics), problems)
    preferences = _checked(lambda: _preferences(row), problems)
    source = _checked(lambda: _source(row.cells["consent_source"]), problems)
    if email is None or key is None or name is None or ids is None or preferences is None or source is None:
        return Fault(row.line, "; ".join(problems))
    return _Entry(row.line, email, key, name, ids, preferences, source)


def _checked(check: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return check()
    except BadInput as error:
        problems.append(str(error))
        return None


def _one_address(cell: str) -> str:
    addresses = addresses_in(cell)
    if len(addresses) > 1:
        raise BadInput(f"{len(addresses)} addresses in one cell: each reader needs a row")
    return checked_address(addresses[0] if addresses else cell)


def _topic_ids(cell: str, *, topics: dict[str, int]) -> tuple[int, ...]:
    slugs = dict.fromkeys(slug.strip() for slug in cell.split(";") if slug.strip())
    if not slugs:
        raise BadInput("no topics: slugs are expected, separated by ;")
    unknown = [slug for slug in slugs if slug not in topics]
    if unknown:
        raise BadInput(f"no topic {unknown[0]!r}: newsletter topic list shows them all")
    return tuple(topics[slug] for slug in slugs)


def _preferences(row: Row) -> Preferences:
    """Check what is given; an empty cell means the default."""
    given: dict[str, Any] = {name: row.cells[name] for name in COLUMNS if row.cells.get(name)}
    if number := row.cells.get("max_papers"):
        if not (number.isascii() and number.isdecimal()):
            raise BadInput(f"max_papers is {number!r}, but must be a number")
        given["max_papers"] = int(number[:9])
    return Preferences.checked(**given)


def _source(cell: str) -> str:
    if not cell:
        raise BadInput("no consent_source: say where and when this reader agreed")
    if "\0" in cell:  # PostgreSQL cannot store NUL
        raise BadInput("consent_source holds a NUL character")
    if len(cell) > MAX_SOURCE:
        raise BadInput(f"consent_source has {len(cell)} characters, but must have {MAX_SOURCE} at most")
    return cell


def _import_chunk(chunk: Sequence[_Entry], *, now: datetime, dry_run: bool) -> list[Fault]:
    """Import the rows that are allowed; return the faults of the others."""
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                refused = _refused(chunk)
                if not dry_run:
                    lines = {fault.line for fault in refused}
                    _save([entry for entry in chunk if entry.line not in lines], now=now)
        except IntegrityError:  # somebody signed up meanwhile: check again
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
    subscribers = Subscriber.objects.bulk_create(_subscriber(entry, now=now) for entry in entries)
    pairs = list(zip(subscribers, entries, strict=True))
    Subscription.objects.bulk_create(
        Subscription(subscriber=subscriber, topic_id=topic, position=position, created_at=now)
        for subscriber, entry in pairs
        for position, topic in enumerate(entry.topics)
    )
    ConsentEvent.objects.bulk_create(
        ConsentEvent(subscriber=subscriber, at=now, action="imported", source=entry.source)
        for subscriber, entry in pairs
    )


def _subscriber(entry: _Entry, *, now: datetime) -> Subscriber:
    asked = entry.preferences
    slot = next_slot(asked.cadence, after=now, at=asked.at, zone=parse_zone(asked.timezone))
    return Subscriber(
        email=entry.email,
        email_key=entry.email_key,
        name=entry.name,
        status=Status.ACTIVE,
        joined_at=now,
        confirmed_at=now,
        confirmed_by_operator=True,
        anchor_date=slot.date,
        next_slot_at=slot.at,
        **asked.fields(),
    )
