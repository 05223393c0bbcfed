"""Note in the departure log who left, in the transaction in which they leave.

``newsletter restore`` reads it: a back-up does not know who has left since it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.utils import timezone

from newsletter.adapters.infra.departure_log import Departure, DepartureLog


class Other(StrEnum):
    """Kinds of lines beside the reasons of suppressions."""

    RETURNED = "returned"
    """A confirmation lifted the suppression."""
    TOPIC = "topic"
    """One topic was left."""
    MOVED = "moved"
    """The reader has another address now."""
    REVOKED = "revoked"
    """The links of mails until then do nothing any more but unsubscribe."""


def departure_log() -> DepartureLog:
    return DepartureLog(settings.CONFIG.data_dir.absolute() / "departures.log")


def note_all(entries: Mapping[str, tuple[str, datetime]]) -> None:
    """Note keyed hashes of addresses, each with a kind and its time."""
    now = timezone.now()
    departure_log().append(Departure(address, kind, at, now) for address, (kind, at) in entries.items())


def note_topics(address: str, topics: Iterable[int], *, at: datetime) -> None:
    """Note that these topics were left."""
    now = timezone.now()
    departure_log().append(Departure(address, Other.TOPIC, at, now, topic) for topic in topics)
