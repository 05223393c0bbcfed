"""When arXiv announces, and when the scheduler asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from newsletter.core.announcements import is_time_to_ask, latest_announcement

# Thursday 18 June 2026, 20:00 in New York (summer time): midnight UTC.
THURSDAY = datetime(2026, 6, 19, 0, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 6, 22, 0, 0, tzinfo=UTC)


def test_it_announces_on_sunday_to_thursday_evenings() -> None:
    assert latest_announcement(THURSDAY) == THURSDAY
    assert latest_announcement(SUNDAY - timedelta(seconds=1)) == THURSDAY
    assert latest_announcement(SUNDAY) == SUNDAY


def test_it_follows_new_york_through_the_end_of_summer_time() -> None:
    winter = datetime(2026, 12, 15, 3, 0, tzinfo=UTC)
    assert latest_announcement(winter) == datetime(2026, 12, 15, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "tries", "expected"),
    [
        (59, [], True),  # the announcement before that one was never asked for
        (59, [(-60 * 23, True)], False),
        (60, [(-60 * 23, True)], True),
        (70, [(61, False)], False),
        (121, [(61, False)], True),
        (121, [(61, True)], False),
        (400, [(61, False), (122, False), (183, False)], True),
        (400, [(61, False), (122, False), (183, False), (244, False)], False),
    ],
)
def test_it_asks_an_hour_later_then_hourly_until_new_papers_or_four_tries(
    minutes: int, tries: list[tuple[int, bool]], expected: bool
) -> None:
    made = [(THURSDAY + timedelta(minutes=when), brought) for when, brought in tries]
    assert is_time_to_ask(THURSDAY + timedelta(minutes=minutes), tries=made) is expected


def test_it_keeps_still_over_the_weekend_once_new_papers_came() -> None:
    made = [(THURSDAY + timedelta(hours=1), True)]
    assert not is_time_to_ask(SUNDAY, tries=made)
    assert is_time_to_ask(SUNDAY + timedelta(hours=1), tries=made)
