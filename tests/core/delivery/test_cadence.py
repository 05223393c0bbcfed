"""Cadences, local times and zones as people write them."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.delivery.cadence import WEEKDAYS, Cadence, Slot, parse_time, parse_zone, period_days
from newsletter.errors import BadInput

FORMS = st.one_of(
    st.sampled_from(["daily", "weekdays", "monthly:last"]),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(lambda days: f"weekly:{','.join(sorted(days))}"),
    st.sampled_from(WEEKDAYS).map("biweekly:{}".format),
    st.integers(1, 28).map("monthly:{}".format),
)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("daily", "daily"),
        ("weekdays", "weekdays"),
        ("weekly:mon", "weekly:mon"),
        ("weekly:thu,mon,thu", "weekly:mon,thu"),
        (" Weekly: Mon, THU ", "weekly:mon,thu"),
        ("biweekly:sun", "biweekly:sun"),
        ("monthly:1", "monthly:1"),
        ("monthly:05", "monthly:5"),
        ("monthly:28", "monthly:28"),
        ("MONTHLY:Last", "monthly:last"),
    ],
)
def test_it_reads_every_form_and_writes_it_one_way(written: str, canonical: str) -> None:
    assert str(Cadence.parse(written)) == canonical


@given(FORMS)
def test_the_canonical_form_reads_back_as_the_same_cadence(written: str) -> None:
    cadence = Cadence.parse(written)
    assert Cadence.parse(str(cadence)) == cadence


@pytest.mark.parametrize(
    "written",
    [
        "",
        "hourly",
        "daily:",
        "daily:mon",
        "weekdays:mon",
        "weekly",
        "weekly:",
        "weekly:monday",
        "weekly:mon,",
        "weekly:mon;thu",
        "biweekly",
        "biweekly:mon,thu",
        "monthly",
        "monthly:0",
        "monthly:29",
        "monthly:-1",
        "monthly:1,15",
        "monthly:١",
        "monthly:mon",
        "weekly:mon:thu",
    ],
)
def test_it_refuses_what_it_does_not_know_and_says_what_is_allowed(written: str) -> None:
    with pytest.raises(BadInput, match=r"one of: daily, weekdays, weekly:mon .* monthly:last$") as caught:
        Cadence.parse(written)
    assert repr(written) in str(caught.value)


def test_a_refusal_stays_one_short_line() -> None:
    with pytest.raises(BadInput) as caught:
        Cadence.parse("weekly:\r\n" + "x" * 10_000)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("cadence", "days"),
    [
        ("daily", 1),
        ("weekdays", 3),
        ("weekly:wed", 7),
        ("weekly:mon,thu", 4),
        ("weekly:sat,sun", 6),
        ("weekly:mon,tue,wed,thu,fri,sat,sun", 1),
        ("biweekly:fri", 14),
        ("monthly:3", 31),
        ("monthly:last", 31),
    ],
)
def test_a_period_is_the_longest_usual_wait(cadence: str, days: int) -> None:
    assert period_days(Cadence.parse(cadence)) == days


@pytest.mark.parametrize(
    ("written", "time"),
    [("08:00", dt.time(8)), ("00:00", dt.time(0)), ("23:59", dt.time(23, 59)), (" 7:30 ", dt.time(7, 30))],
)
def test_it_reads_a_time_of_day(written: str, time: dt.time) -> None:
    assert parse_time(written) == time


@given(st.times())
def test_it_reads_every_minute_of_the_day(time: dt.time) -> None:
    assert parse_time(f"{time:%H:%M}") == time.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    "written", ["", "8", "24:00", "08:60", "08:00:00", "8am", "08.00", "٠٨:٠٠", "08:00+01:00"]
)
def test_it_refuses_what_is_no_time_of_day(written: str) -> None:
    with pytest.raises(BadInput, match="HH:MM"):
        parse_time(written)


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "UTC", "Asia/Kathmandu", "Etc/GMT+2", " America/New_York "]
)
def test_it_reads_the_name_of_a_zone(name: str) -> None:
    assert parse_zone(name).key == name.strip()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_it_proposes_the_zone_that_was_probably_meant(written: str, meant: str) -> None:
    with pytest.raises(BadInput, match=f"did you mean {meant}\\?"):
        parse_zone(written)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "GMT+2",
        "UTC+2",
        "Mars/Olympus",
        "../../etc/passwd",
        "/etc/localtime",
        "localtime",
        "Factory",
        "\0",
    ],
)
def test_it_refuses_other_names_without_a_misleading_guess(written: str) -> None:
    with pytest.raises(BadInput, match="such as Europe/Berlin or UTC"):
        parse_zone(written)


def test_the_key_of_a_slot_is_its_local_date() -> None:
    late_in_apia = Slot(dt.date(2026, 6, 19), dt.datetime(2026, 6, 18, 19, tzinfo=dt.UTC))
    assert late_in_apia.key == "2026-06-19"


def test_slots_are_ordered_by_time() -> None:
    days = [dt.date(2026, 6, day) for day in (1, 2, 15)]
    slots = [Slot(day, dt.datetime.combine(day, dt.time(8), tzinfo=dt.UTC)) for day in days]
    assert all(sorted(order) == slots for order in itertools.permutations(slots))
