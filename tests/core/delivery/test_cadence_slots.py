"""The slots of a cadence: which dates, which instants, and what happens when clocks change."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.core.delivery import cadence as cadence_module
from newsletter.core.delivery.cadence import (
    Cadence,
    Rhythm,
    latest_slot,
    next_slot,
    period_days,
    slots_between,
)
from tests.core.delivery.test_cadence import FORMS

NAMES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Pacific/Apia",
    "Africa/Casablanca",
    "UTC",
)
SPAN = dt.timedelta(days=400)
CADENCES = FORMS.map(Cadence.parse)
ZONES = st.sampled_from(NAMES).map(ZoneInfo)
# Clocks change at night, so half of the times asked for lie there.
TIMES = st.one_of(st.times(), st.times(max_value=dt.time(3, 30))).map(
    lambda t: t.replace(second=0, microsecond=0)
)
STARTS = st.datetimes(dt.datetime(2008, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001 - hypothesis adds the zone
ANCHORS = st.dates(dt.date(2008, 1, 1), dt.date(2030, 1, 1))


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def slot_at(
    cadence: str, *, after: str, at: str = "08:00", zone: str = "UTC", anchor: str = ""
) -> tuple[str, str]:
    """The next slot as (key, UTC instant), in words that fit a line."""
    slot = next_slot(
        Cadence.parse(cadence),
        after=utc(after),
        at=dt.time.fromisoformat(at),
        zone=ZoneInfo(zone),
        anchor=dt.date.fromisoformat(anchor) if anchor else None,
    )
    return slot.key, f"{slot.at:%Y-%m-%dT%H:%M}"


def keys(
    cadence: str, *, after: str, until: str, at: str = "08:00", zone: str = "UTC", anchor: str = ""
) -> list[str]:
    slots = slots_between(
        Cadence.parse(cadence),
        after=utc(after),
        until=utc(until),
        at=dt.time.fromisoformat(at),
        zone=ZoneInfo(zone),
        anchor=dt.date.fromisoformat(anchor) if anchor else None,
    )
    return [slot.key for slot in slots]


def due_at(now: str, *, cadence: str, after: str) -> str | None:
    eight, zone = dt.time(8), ZoneInfo("UTC")
    slot = latest_slot(Cadence.parse(cadence), after=utc(after), now=utc(now), at=eight, zone=zone)
    return slot.key if slot else None


@pytest.mark.parametrize(
    ("cadence", "first", "second"),
    [
        ("daily", "2026-06-19", "2026-06-20"),
        ("weekdays", "2026-06-19", "2026-06-22"),
        ("weekly:mon", "2026-06-22", "2026-06-29"),
        ("weekly:mon,fri", "2026-06-19", "2026-06-22"),
        ("biweekly:mon", "2026-06-22", "2026-07-06"),
        ("monthly:18", "2026-07-18", "2026-08-18"),
        ("monthly:last", "2026-06-30", "2026-07-31"),
    ],
)
def test_after_eight_on_a_thursday_the_next_dates_are(cadence: str, first: str, second: str) -> None:
    assert keys(cadence, after="2026-06-18T08:00", until="2026-09-01")[:2] == [first, second]


def test_a_slot_is_strictly_after() -> None:
    assert slot_at("daily", after="2026-06-18T07:59:59")[0] == "2026-06-18"
    assert slot_at("daily", after="2026-06-18T08:00")[0] == "2026-06-19"


def test_the_date_of_a_slot_is_the_subscribers_not_utcs() -> None:
    found = slot_at("weekly:mon", after="2026-06-14T12:00", at="05:00", zone="Asia/Kathmandu")
    assert found == ("2026-06-15", "2026-06-14T23:15")


def test_a_months_last_day_knows_leap_years() -> None:
    last_days = keys("monthly:last", after="2024-01-01", until="2025-03-01")
    assert last_days[:2] == ["2024-01-31", "2024-02-29"]
    assert last_days[-1] == "2025-02-28"
    assert len(last_days) == 14


def test_a_daily_subscriber_gets_the_leap_day() -> None:
    assert slot_at("daily", after="2028-02-28T08:00")[0] == "2028-02-29"


def test_two_weeks_are_counted_from_the_first_slot_over_a_new_year_of_53_weeks() -> None:
    mondays = keys("biweekly:mon", after="2026-12-10", until="2027-02-01", anchor="2026-12-14")
    assert mondays == ["2026-12-14", "2026-12-28", "2027-01-11", "2027-01-25"]


def test_an_anchor_on_another_weekday_stands_for_the_next_right_one() -> None:
    assert keys("biweekly:fri", after="2026-06-14", until="2026-07-10", anchor="2026-06-16") == [
        "2026-06-19",
        "2026-07-03",
    ]


def test_a_skipped_wall_time_becomes_the_first_instant_after_the_gap() -> None:
    found = slot_at("daily", after="2026-03-28T12:00", at="02:30", zone="Europe/Berlin")
    assert found == ("2026-03-29", "2026-03-29T01:00")


def test_the_edges_of_a_gap() -> None:
    at = {"01:59": "00:59", "02:00": "01:00", "02:59": "01:00", "03:00": "01:00", "03:01": "01:01"}
    for local, expected in at.items():
        found = slot_at("daily", after="2026-03-28T12:00", at=local, zone="Europe/Berlin")
        assert found == ("2026-03-29", f"2026-03-29T{expected}")


def test_a_gap_of_half_an_hour_is_left_at_its_end() -> None:
    found = slot_at("daily", after="2026-10-03T00:00", at="02:15", zone="Australia/Lord_Howe")
    assert found == ("2026-10-04", "2026-10-03T15:30")


def test_a_gap_at_midnight_keeps_the_date() -> None:
    found = slot_at("weekly:sun", after="2026-09-01", at="00:10", zone="America/Santiago")
    assert found == ("2026-09-06", "2026-09-06T04:00")


def test_a_gap_that_ends_at_midnight_keeps_the_date_too() -> None:
    found = slot_at("daily", after="2018-05-04T12:00", at="23:45", zone="Asia/Pyongyang")
    assert found == ("2018-05-04", "2018-05-04T15:00")
    shortly_before = slot_at("daily", after="2018-05-04T14:59:59", at="23:45", zone="Asia/Pyongyang")
    assert shortly_before == found


def test_of_a_repeated_hour_the_first_is_taken_and_the_second_is_no_slot() -> None:
    first = slot_at("daily", after="2026-10-24T12:00", at="02:30", zone="Europe/Berlin")
    assert first == ("2026-10-25", "2026-10-25T00:30")
    after_it = slot_at("daily", after="2026-10-25T00:30", at="02:30", zone="Europe/Berlin")
    assert after_it == ("2026-10-26", "2026-10-26T01:30")


def test_ramadan_changes_the_clocks_of_casablanca_but_not_the_subscribers_eight_oclock() -> None:
    before = slot_at("weekly:mon", after="2024-03-01", zone="Africa/Casablanca")
    during = slot_at("weekly:mon", after="2024-03-10", zone="Africa/Casablanca")
    assert (before[1][-5:], during[1][-5:]) == ("07:00", "08:00")


def test_a_date_that_a_zone_left_out_has_no_slot() -> None:
    assert keys("daily", after="2011-12-28T20:00", until="2012-01-01", at="00:00", zone="Pacific/Apia") == [
        "2011-12-29",
        "2011-12-31",
        "2012-01-01",
    ]


def test_after_an_outage_only_the_latest_slot_is_due() -> None:
    assert due_at("2026-06-18T09:00", cadence="daily", after="2026-06-01T08:00") == "2026-06-18"


def test_a_slot_is_due_from_its_very_instant_until_it_was_planned() -> None:
    assert due_at("2026-06-22T07:59", cadence="weekly:mon", after="2026-06-15T08:00") is None
    assert due_at("2026-06-22T08:00", cadence="weekly:mon", after="2026-06-15T08:00") == "2026-06-22"
    assert due_at("2026-06-22T08:01", cadence="weekly:mon", after="2026-06-22T08:00") is None


def test_it_refuses_a_time_without_zone() -> None:
    naive = utc("2026-06-15").replace(tzinfo=None)
    with pytest.raises(ValueError, match="aware"):
        next_slot(Cadence.parse("daily"), after=naive, at=dt.time(8), zone=ZoneInfo("UTC"))


@given(CADENCES, ZONES, TIMES, STARTS, ANCHORS)
@settings(max_examples=150)
def test_400_days_of_slots_keep_every_promise(
    cadence: Cadence, zone: ZoneInfo, at: dt.time, start: dt.datetime, anchor: dt.date
) -> None:
    slots = slots_between(cadence, after=start, until=start + SPAN, at=at, zone=zone, anchor=anchor)
    assert all(earlier.at < later.at and earlier.date < later.date for earlier, later in pairwise(slots))
    assert all(start < slot.at <= start + SPAN and slot.at.utcoffset() == dt.timedelta() for slot in slots)
    for slot in slots:
        local = slot.at.astimezone(zone)
        assert local.date() == slot.date
        assert local.fold == 0
        if local.time() != at:
            wall = dt.datetime.combine(slot.date, at, tzinfo=zone)
            assert wall.astimezone(dt.UTC).astimezone(zone).time() != at, "only a skipped wall time may move"
            a_moment_before = (slot.at - dt.timedelta(microseconds=1)).astimezone(zone)
            assert (
                a_moment_before.replace(tzinfo=None) < wall.replace(tzinfo=None) < local.replace(tzinfo=None)
            )


@given(CADENCES, ZONES, TIMES, STARTS, ANCHORS)
@settings(max_examples=80)
def test_the_dates_are_those_of_rfc_5545(
    cadence: Cadence, zone: ZoneInfo, at: dt.time, start: dt.datetime, anchor: dt.date
) -> None:
    end = start + SPAN
    slots = slots_between(cadence, after=start, until=end, at=at, zone=zone, anchor=anchor)
    first, last = (moment.astimezone(zone).date() for moment in (start, end))
    inner = [slot.date for slot in slots if first < slot.date < last]
    left_out = dt.date(2011, 12, 30) if zone.key == "Pacific/Apia" else None
    assert inner == [
        day for day in recurrence(cadence, anchor=anchor) if first < day < last and day != left_out
    ]


def recurrence(cadence: Cadence, *, anchor: dt.date) -> list[dt.date]:
    """The same dates by dateutil's rules, from 2007 to 2031."""
    beginning, end = dt.datetime(2007, 1, 1), dt.datetime(2031, 12, 31)  # noqa: DTZ001 - rrule counts naive dates
    weekdays = cadence.weekdays
    match cadence.rhythm:
        case Rhythm.DAILY:
            rule = rrule.rrule(rrule.DAILY, dtstart=beginning, until=end)
        case Rhythm.WEEKDAYS:
            rule = rrule.rrule(rrule.WEEKLY, dtstart=beginning, until=end, byweekday=range(5))
        case Rhythm.WEEKLY:
            rule = rrule.rrule(rrule.WEEKLY, dtstart=beginning, until=end, byweekday=weekdays)
        case Rhythm.BIWEEKLY:
            first = anchor + dt.timedelta(days=(weekdays[0] - anchor.weekday()) % 7)
            while first.year > 2006:
                first -= dt.timedelta(days=14)
            from_there = dt.datetime.combine(first, dt.time.min)
            rule = rrule.rrule(rrule.WEEKLY, interval=2, dtstart=from_there, until=end)
        case Rhythm.MONTHLY:
            monthly = -1 if str(cadence).endswith("last") else cadence.month_day
            rule = rrule.rrule(rrule.MONTHLY, dtstart=beginning, until=end, bymonthday=monthly)
    return [moment.date() for moment in rule]


@given(CADENCES, ZONES, TIMES, STARTS, ANCHORS)
@settings(max_examples=50)
def test_one_step_after_another_gives_the_same_slots(
    cadence: Cadence, zone: ZoneInfo, at: dt.time, start: dt.datetime, anchor: dt.date
) -> None:
    slots = slots_between(cadence, after=start, until=start + SPAN, at=at, zone=zone, anchor=anchor)
    moment = start
    for slot in slots:
        assert next_slot(cadence, after=moment, at=at, zone=zone, anchor=anchor) == slot
        moment = slot.at


@given(CADENCES, ZONES, TIMES, STARTS, st.integers(0, 90 * 24 * 60))
@settings(max_examples=150)
def test_what_is_due_and_what_comes_next_meet_without_gap_or_overlap(
    cadence: Cadence, zone: ZoneInfo, at: dt.time, start: dt.datetime, minutes: int
) -> None:
    now = start + dt.timedelta(minutes=minutes)
    anchor = next_slot(cadence, after=start, at=at, zone=zone).date
    due = latest_slot(cadence, after=start, now=now, at=at, zone=zone, anchor=anchor)
    coming = next_slot(cadence, after=now, at=at, zone=zone, anchor=anchor)
    assert next_slot(cadence, after=due.at if due else start, at=at, zone=zone, anchor=anchor) == coming
    assert due is None or start < due.at <= now < coming.at


@given(CADENCES, ZONES, TIMES, STARTS, st.integers(0, 90 * 24 * 60), st.none() | ANCHORS)
@settings(max_examples=150)
def test_the_latest_slot_is_the_last_of_those_between(
    cadence: Cadence, zone: ZoneInfo, at: dt.time, start: dt.datetime, minutes: int, anchor: dt.date | None
) -> None:
    now = start + dt.timedelta(minutes=minutes)
    slots = slots_between(cadence, after=start, until=now, at=at, zone=zone, anchor=anchor)
    latest = latest_slot(cadence, after=start, now=now, at=at, zone=zone, anchor=anchor)
    assert latest == (slots[-1] if slots else None)


def test_finding_the_latest_slot_takes_no_longer_after_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[dt.date] = []
    falls_on = cadence_module._falls_on

    def counted(cadence: Cadence, day: dt.date, *, anchor: dt.date | None) -> bool:
        tried.append(day)
        return falls_on(cadence, day, anchor=anchor)

    monkeypatch.setattr(cadence_module, "_falls_on", counted)
    weekly, now = Cadence.parse("weekly:mon"), utc("2031-03-06T12:00")
    for after in (now - dt.timedelta(days=30), now - dt.timedelta(days=365)):
        assert latest_slot(weekly, after=after, now=now, at=dt.time(8), zone=ZoneInfo("UTC")) is not None
    assert len(tried) <= 7


@given(CADENCES, ZONES, TIMES, STARTS)
@settings(max_examples=80)
def test_the_first_slot_found_without_an_anchor_is_the_anchor(
    cadence: Cadence, zone: ZoneInfo, at: dt.time, start: dt.datetime
) -> None:
    unanchored = slots_between(cadence, after=start, until=start + SPAN, at=at, zone=zone)
    first = unanchored[0].date
    assert unanchored == slots_between(
        cadence, after=start, until=start + SPAN, at=at, zone=zone, anchor=first
    )


@given(CADENCES, ZONES, TIMES, STARTS, ANCHORS)
@settings(max_examples=80)
def test_no_wait_is_longer_than_the_period(
    cadence: Cadence, zone: ZoneInfo, at: dt.time, start: dt.datetime, anchor: dt.date
) -> None:
    slots = slots_between(cadence, after=start, until=start + SPAN, at=at, zone=zone, anchor=anchor)
    # The date that Apia left out cost its readers of Fridays a week, or of every day a day.
    usual = [pair for pair in pairwise(slots) if not pair[0].date <= dt.date(2011, 12, 30) <= pair[1].date]
    assert all((later.date - earlier.date).days <= period_days(cadence) for earlier, later in usual)
