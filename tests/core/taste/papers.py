"""A small world of papers for the tests of taste: boats, bees and tides, in plain sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newsletter.core.taste.profiles import Liked
from newsletter.core.taste.snapshot import Snapshot, make_snapshot

NOW = datetime(2026, 6, 15, tzinfo=UTC)
BOATS = (
    ("Steering Sailing Boats", "Sailing boats drift. We steer sailing boats by their rudder angle."),
    ("Rudder Control for Sailing Boats", "A rudder controls sailing boats. The rudder angle is learned."),
    (
        "Autopilots for Sailing Boats",
        "An autopilot steers sailing boats in waves. The rudder angle is small.",
    ),
    ("Waves and Sailing Boats", "Waves push sailing boats. An autopilot answers with its rudder angle."),
)
BEES = (
    ("Honey Bees at Dawn", "Honey bees leave the hive. We count honey bees by camera."),
    ("Counting Honey Bees", "A camera counts honey bees at the hive."),
    ("The Hive in Winter", "Honey bees warm the hive. A camera sees the winter cluster."),
    ("Winter Cluster of Honey Bees", "The winter cluster keeps honey bees warm in the hive."),
)
TIDES = (
    ("Tides in Narrow Bays", "Tides rise in narrow bays. We model tides with waves."),
    ("A Model of Tides", "Narrow bays make tides rise. The model has waves."),
    ("Narrow Bays", "Tides fill narrow bays. The model is simple."),
    ("Waves in Narrow Bays", "Waves enter narrow bays with the tides."),
)
ALL = (*BOATS, *BEES, *TIDES)


def snapshot() -> Snapshot:
    return make_snapshot(ALL, name="2026-06-05")


def liked(number: int, *, days_ago: float = 0, known: Snapshot | None = None) -> Liked:
    """Return paper ``number`` of ``ALL`` as a like."""
    title, abstract = ALL[number]
    vector = (known or snapshot()).vector(title, abstract)
    return Liked(paper_id=number, vector=vector, at=NOW - timedelta(days=days_ago))
