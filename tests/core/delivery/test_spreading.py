"""A reader's own delay: the same every time, and evenly spread."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from newsletter.core.delivery.spreading import LONGEST, own_delay


def test_it_is_the_same_every_time() -> None:
    assert [own_delay(subscriber) for subscriber in (1, 2, 12345)] == [
        own_delay(subscriber) for subscriber in (1, 2, 12345)
    ]


def test_it_spreads_ten_thousand_subscribers_evenly_over_five_minutes() -> None:
    delays = [own_delay(subscriber) for subscriber in range(10_000)]
    assert timedelta() <= min(delays) <= max(delays) < LONGEST == timedelta(minutes=5)
    minutes = Counter(delay // timedelta(minutes=1) for delay in delays)
    assert sorted(minutes) == [0, 1, 2, 3, 4]
    assert all(1_800 < count < 2_200 for count in minutes.values())
