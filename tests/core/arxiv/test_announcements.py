"""When arXiv announces, and what the scheduler asks for when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.core.arxiv.announcements import (
    Ask,
    Try,
    announcements_between,
    expected_announcement,
    latest_announcement,
    submitted_between,
    weeks_earlier,
    what_to_ask,
)

# Thursday 18 June 2026, 20:00 in New York (summer time): midnight UTC.
THURSDAY = datetime(2026, 6, 19, 0, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 6, 22, 0, 0, tzinfo=UTC)
TICK = timedelta(minutes=5)
Outcome = Callable[[datetime, Ask], Try]


def test_it_announces_on_sunday_to_thursday_evenings() -> None:
    assert latest_announcement(THURSDAY) == THURSDAY
    assert latest_announcement(SUNDAY - timedelta(seconds=1)) == THURSDAY
    assert latest_announcement(SUNDAY) == SUNDAY


def test_it_follows_new_york_through_the_end_of_summer_time() -> None:
    winter = datetime(2026, 12, 15, 3, 0, tzinfo=UTC)
    assert latest_announcement(winter) == datetime(2026, 12, 15, 1, 0, tzinfo=UTC)
    november = datetime(2026, 11, 3, 1, 0, tzinfo=UTC)
    assert weeks_earlier(november, 1) == datetime(2026, 10, 27, 0, 0, tzinfo=UTC)


def test_an_announcement_is_expected_in_the_answers_an_hour_later() -> None:
    assert expected_announcement(SUNDAY + timedelta(minutes=59)) == THURSDAY
    assert expected_announcement(SUNDAY + timedelta(minutes=60)) == SUNDAY
    assert announcements_between(THURSDAY, SUNDAY) == 1
    assert announcements_between(THURSDAY - timedelta(days=7), THURSDAY) == 5


@pytest.mark.parametrize(("announced", "start", "end"), [(22, 18, 19), (23, 19, 22), (24, 22, 23)])
def test_deadlines_are_at_two_in_the_afternoon(announced: int, start: int, end: int) -> None:
    """Sunday announces Thursday to Friday, Monday the weekend, the others a day (arXiv's schedule)."""
    first, last = (datetime(2026, 6, day, 18, tzinfo=UTC) for day in (start, end))
    assert submitted_between(datetime(2026, 6, announced, tzinfo=UTC)) == (first, last)


def asked(until: datetime, outcome: Outcome, *, since: datetime = THURSDAY) -> list[tuple[float, Ask]]:
    """Tick every five minutes; return the hours after ``since`` at which something was asked for."""
    tries: list[Try] = []
    found: list[tuple[float, Ask]] = []
    now = since
    while now < until:
        ask = what_to_ask(now, tries=tries)
        if ask is not Ask.NOTHING:
            tries.append(outcome(now, ask))
            found.append(((now - since) / timedelta(hours=1), ask))
        now += TICK
    return found


def answers(*, new: int = 0, is_enough: bool = False) -> Outcome:
    return lambda at, ask: Try(at=at, is_probe=ask is Ask.NEWEST, new=new, is_enough=is_enough)


def fails(at: datetime, ask: Ask) -> Try:
    return Try(at=at, is_probe=ask is Ask.NEWEST, has_failed=True)


BEFORE = THURSDAY + timedelta(hours=1)


def test_a_large_answer_ends_the_asking_until_the_next_announcement() -> None:
    found = asked(SUNDAY + timedelta(hours=2), answers(new=90, is_enough=True), since=BEFORE)
    assert found == [(0, Ask.WHOLE), (72, Ask.WHOLE)]


def test_after_nothing_new_it_looks_hourly_until_the_next_announcement() -> None:
    """From Thursday night that is all weekend: sixty-eight hours without a question were the fault."""
    found = asked(SUNDAY + timedelta(hours=1), answers(), since=BEFORE)
    assert found[0] == (0, Ask.WHOLE)
    assert [ask for _, ask in found[1:]] == [Ask.NEWEST] * 71
    assert [hours for hours, _ in found] == list(range(72))


def test_it_looks_on_after_a_small_answer() -> None:
    """One answer with a single new paper was the end of it."""
    small = lambda at, ask: Try(at=at, is_probe=ask is Ask.NEWEST, new=int(ask is Ask.WHOLE))  # noqa: E731
    assert [ask for _, ask in asked(BEFORE + timedelta(hours=4), small, since=BEFORE)] == [
        Ask.WHOLE,
        Ask.NEWEST,
        Ask.NEWEST,
        Ask.NEWEST,
    ]


def test_a_failure_is_no_try_and_is_repeated_ever_less_often_but_hourly() -> None:
    found = asked(BEFORE + timedelta(hours=12), fails, since=BEFORE)
    assert all(ask is Ask.WHOLE for _, ask in found)
    minutes = [round(hours * 60) for hours, _ in found]
    assert minutes[:7] == [0, 5, 15, 35, 75, 135, 195]
    assert minutes[-1] >= 11 * 60


def test_an_outage_of_days_ends_with_an_answer_within_the_hour() -> None:
    back = BEFORE + timedelta(hours=40)
    found = asked(
        SUNDAY,
        lambda at, ask: fails(at, ask) if at < back else answers(new=90, is_enough=True)(at, ask),
        since=BEFORE,
    )
    assert 40 <= found[-1][0] <= 41


def test_after_a_look_that_showed_something_the_whole_is_asked_for_until_it_comes() -> None:
    made = [
        Try(at=BEFORE),
        Try(at=BEFORE + timedelta(hours=1), is_probe=True, new=3),
        Try(at=BEFORE + timedelta(hours=1, seconds=1), has_failed=True),
    ]
    assert what_to_ask(BEFORE + timedelta(hours=1, minutes=4), tries=made) is Ask.NOTHING
    assert what_to_ask(BEFORE + timedelta(hours=1, minutes=6), tries=reversed(made)) is Ask.WHOLE


def test_after_a_look_that_failed_it_looks_again() -> None:
    made = [Try(at=BEFORE), Try(at=BEFORE + timedelta(hours=1), is_probe=True, has_failed=True)]
    assert what_to_ask(BEFORE + timedelta(hours=1, minutes=6), tries=made) is Ask.NEWEST
