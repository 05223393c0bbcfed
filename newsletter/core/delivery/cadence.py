"""When a reader's digest is due: cadences, local times, zones, and the slots that follow from them.

A slot is a local date and the instant at which its digest is due. The date rules are few and written out
here: python-dateutil's ``rrule`` has them too but is hardly maintained, so only tests use it, as a
cross-check. ``zoneinfo`` has the time zones. The caller owns the clock, the reader's delay, and what was
already sent.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo, available_timezones

from newsletter.errors import BadInput

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of ``date.weekday()``."""
LAST = 31
"""The ``month_day`` that stands for a month's last day."""
ALLOWED = (
    "daily, weekdays, weekly:mon (or weekly:mon,thu), biweekly:mon, monthly:1 to monthly:28, monthly:last"
)
OFFERED = (
    "daily",
    "weekdays",
    *(f"weekly:{day}" for day in WEEKDAYS),
    "weekly:mon,thu",
    "weekly:tue,fri",
    "biweekly:mon",
    "biweekly:fri",
    "monthly:1",
    "monthly:15",
    "monthly:last",
)
"""What a form offers, in its order."""
NOT_PLACES = {"Factory", "localtime", "posixrules"}
"""Names in the zone database that are no zone: their meaning depends on the machine."""
RESOLUTION = dt.timedelta(microseconds=1)
"""Of stored times: a search that begins this much before a slot finds it."""


class Rhythm(StrEnum):
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a digest comes. Made by ``parse``; ``str()`` gives the canonical form back."""

    rhythm: Rhythm
    weekdays: tuple[int, ...] = ()
    """Weekly: one or more; biweekly: exactly one. Ascending, Monday is 0."""
    month_day: int = 0
    """Monthly: 1 to 28, or ``LAST``."""

    @classmethod
    @lru_cache(maxsize=1_000)
    def parse(cls, text: str) -> Cadence:
        """Read a cadence; case, spaces and the order of days do not matter. Raise BadInput."""
        name, colon, detail = re.sub(r"\s", "", text).lower().partition(":")
        match name:
            case "daily" | "weekdays" if not colon:
                return cls(Rhythm(name))
            case "weekly" if days := _weekdays(detail):
                return cls(Rhythm.WEEKLY, weekdays=days)
            case "biweekly" if len(days := _weekdays(detail)) == 1:
                return cls(Rhythm.BIWEEKLY, weekdays=days)
            case "monthly" if day := _month_day(detail):
                return cls(Rhythm.MONTHLY, month_day=day)
        raise BadInput(f"cadence {_quoted(text)} is not one of: {ALLOWED}")

    def __str__(self) -> str:
        if self.month_day:
            return f"{self.rhythm}:{'last' if self.month_day == LAST else self.month_day}"
        if self.weekdays:
            return f"{self.rhythm}:{','.join(WEEKDAYS[day] for day in self.weekdays)}"
        return str(self.rhythm)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """One moment at which a digest is due."""

    date: dt.date
    """The reader's local date."""
    at: dt.datetime
    """UTC."""

    @property
    def key(self) -> str:
        """What makes a reader's digest unique: ``2026-06-19``."""
        return self.date.isoformat()


def parse_time(text: str) -> dt.time:
    """Read a local time of day, ``08:00`` (24 hours, to the minute). Raise BadInput."""
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text.strip())
    if match is None:
        raise BadInput(
            f"time {_quoted(text)} is not a time of day: write HH:MM, 00:00 to 23:59, such as 08:00"
        )
    return dt.time(int(match[1]), int(match[2]))


def parse_zone(text: str) -> ZoneInfo:
    """Return the time zone of an IANA name. Raise BadInput, with the closest name where one is close."""
    name = text.strip()
    if name in _zone_names():
        return ZoneInfo(name)
    closest = _closest_zone(name)
    hint = f"did you mean {closest}?" if closest else "write a name such as Europe/Berlin or UTC"
    raise BadInput(f"time zone {_quoted(text)} is not an IANA name: {hint}")


def period_days(cadence: Cadence) -> int:
    """Return the longest usual time between two slots, in days."""
    match cadence.rhythm:
        case Rhythm.DAILY:
            return 1
        case Rhythm.WEEKDAYS:
            return 3
        case Rhythm.WEEKLY:
            following = (*cadence.weekdays[1:], cadence.weekdays[0] + 7)
            return max(later - day for day, later in zip(cadence.weekdays, following, strict=True))
        case Rhythm.BIWEEKLY:
            return 14
        case Rhythm.MONTHLY:
            return 31


@lru_cache(maxsize=10_000)
def next_slot(
    cadence: Cadence, *, after: dt.datetime, at: dt.time, zone: ZoneInfo, anchor: dt.date | None = None
) -> Slot:
    """Return the first slot strictly after ``after``.

    ``at`` is wall time in ``zone``. A wall time that the clocks skip becomes the first instant after the gap;
    of one that comes twice the first is taken. A date that a zone left out (Apia's 2011-12-30) has no slot.
    A gap over midnight (Nuuk's, in March) makes a late slot due at 00:00, still under its own date.

    ``anchor`` is the date of a biweekly reader's first slot and says which weeks count, before it too. On
    another weekday it stands for the next right one. Without it the slot found is the first: keep its date.
    """
    return next(_slots(cadence, after=after, at=at, zone=zone, anchor=anchor))


def slots_between(
    cadence: Cadence,
    *,
    after: dt.datetime,
    until: dt.datetime,
    at: dt.time,
    zone: ZoneInfo,
    anchor: dt.date | None = None,
) -> list[Slot]:
    """Return the slots with ``after`` < slot ≤ ``until``, in order. The rest is as for ``next_slot``."""
    slots = []
    for slot in _slots(cadence, after=after, at=at, zone=zone, anchor=anchor):
        if slot.at > until:
            break
        slots.append(slot)
    return slots


def latest_slot(
    cadence: Cadence,
    *,
    after: dt.datetime,
    now: dt.datetime,
    at: dt.time,
    zone: ZoneInfo,
    anchor: dt.date | None = None,
) -> Slot | None:
    """Return the last slot with ``after`` < slot ≤ ``now``, the one catch-up after an outage, if any."""
    if cadence.rhythm is Rhythm.BIWEEKLY and anchor is None:  # which weeks count depends on the first slot
        passed = slots_between(cadence, after=after, until=now, at=at, zone=zone)
        return passed[-1] if passed else None
    slot = _slot_until(cadence, now, at, zone, anchor)
    return slot if slot.at > after else None


@lru_cache(maxsize=10_000)
def _slot_until(
    cadence: Cadence, until: dt.datetime, at: dt.time, zone: ZoneInfo, anchor: dt.date | None
) -> Slot:
    """Return the last slot at or before ``until``, the same for all of one cadence, time and zone."""
    latest = until.astimezone(zone).date()
    slots = (_slot_on(cadence, latest - dt.timedelta(days=days), at, zone, anchor) for days in count())
    return next(slot for slot in slots if slot is not None and slot.at <= until)


def _slots(
    cadence: Cadence, *, after: dt.datetime, at: dt.time, zone: ZoneInfo, anchor: dt.date | None
) -> Iterator[Slot]:
    """Yield every slot after ``after``, without end."""
    if after.tzinfo is None:
        raise ValueError("a slot is looked for after an aware time")
    start = after.astimezone(zone).date()
    for day in (start + dt.timedelta(days=days) for days in count()):
        slot = _slot_on(cadence, day, at, zone, anchor)
        if slot is not None and slot.at > after:
            anchor = anchor or day
            yield slot


def _slot_on(
    cadence: Cadence, day: dt.date, at: dt.time, zone: ZoneInfo, anchor: dt.date | None
) -> Slot | None:
    if not _falls_on(cadence, day, anchor=anchor):
        return None
    if _instant(day, dt.time.min, zone).astimezone(zone).date() != day:  # a date that the zone left out
        return None
    return Slot(day, _instant(day, at, zone))


def _falls_on(cadence: Cadence, day: dt.date, *, anchor: dt.date | None) -> bool:
    match cadence.rhythm:
        case Rhythm.DAILY:
            return True
        case Rhythm.WEEKDAYS:
            return day.weekday() < WEEKDAYS.index("sat")
        case Rhythm.WEEKLY:
            return day.weekday() in cadence.weekdays
        case Rhythm.BIWEEKLY:
            # An anchor on another weekday is 1 to 6 days before the slot it stands for.
            return day.weekday() in cadence.weekdays and (anchor is None or (day - anchor).days % 14 < 7)
        case Rhythm.MONTHLY if cadence.month_day == LAST:
            return (day + dt.timedelta(days=1)).day == 1
        case Rhythm.MONTHLY:
            return day.day == cadence.month_day


def _instant(day: dt.date, at: dt.time, zone: ZoneInfo) -> dt.datetime:
    """Return the UTC instant of a wall time. PEP 495: in a gap the offset of fold 0 is the smaller one."""
    wall = dt.datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    before, beyond = _offset(wall), _offset(wall.replace(fold=1))
    instant = wall.astimezone(dt.UTC)
    if before >= beyond:
        return instant
    # The clocks went forward at most the gap's length before ``instant``: find the second.
    width = int((beyond - before).total_seconds())
    start = instant - dt.timedelta(seconds=width)
    seconds = bisect_left(
        range(width), beyond, key=lambda s: _offset((start + dt.timedelta(seconds=s)).astimezone(zone))
    )
    return start + dt.timedelta(seconds=seconds)


def _offset(moment: dt.datetime) -> dt.timedelta:
    return moment.utcoffset() or dt.timedelta()


def _weekdays(text: str) -> tuple[int, ...]:
    """Read ``mon,thu``; empty when any part is not a weekday."""
    names = set(text.split(","))
    return tuple(sorted(map(WEEKDAYS.index, names))) if names <= set(WEEKDAYS) else ()


def _month_day(text: str) -> int:
    """Read ``1`` to ``28`` or ``last``; 0 when it is neither."""
    if text == "last":
        return LAST
    return int(text) if re.fullmatch(r"0?[1-9]|1[0-9]|2[0-8]", text) else 0


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    """The names of the tzdata package, the only source used (``newsletter/__init__.py``)."""
    return frozenset(available_timezones() - NOT_PLACES)


def _closest_zone(text: str) -> str:
    """Return the closest name, also by its city alone; empty when none is close.

    Names under ``Etc/`` are never proposed: the sign of ``Etc/GMT+2`` is the reverse of what people mean.
    """
    places = sorted(name for name in _zone_names() if "/" in name and not name.startswith("Etc/"))
    known = {name.rpartition("/")[2].lower(): name for name in places}
    known |= {name.lower(): name for name in (*places, "UTC")}
    asked = text[:80].lower().replace(" ", "_")
    return next((known[match] for match in get_close_matches(asked, known, n=1, cutoff=0.85)), "")


def _quoted(text: str) -> str:
    """Return the input on one line, short enough for an error message."""
    return repr(text if len(text) <= 40 else f"{text[:39]}…")
