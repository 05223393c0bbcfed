"""Parse Retry-After (RFC 9110 §10.2.3), and Zotero's Backoff."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 86_400.0
"""Seconds. A longer wait is cut to a day."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After, which may be a date; None if missing or unreadable.

    A date is measured by the server's own clock, where the answer has a Date.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value), LONGEST)
    try:
        now = _moment(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return min(max((_moment(value) - now).total_seconds(), 0.0), LONGEST)
    except (TypeError, ValueError, OverflowError):
        return None


def backoff(headers: Mapping[str, str]) -> float | None:
    """Return the seconds for which Zotero asks to be left alone (Web API v3, "Rate Limiting")."""
    value = headers.get("Backoff", "").strip()
    return min(float(value), LONGEST) if value.isascii() and value.isdecimal() else None


def _moment(text: str) -> datetime:
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
