"""What cadences are called, in mails and on pages."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.core.delivery.cadence import LAST, Cadence, Rhythm

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def in_words(cadence: Cadence, *, is_choice: bool = False) -> str:
    """Return ``every Monday``; as a choice of a form it says what it means."""
    match cadence.rhythm:
        case Rhythm.DAILY:
            return "every day"
        case Rhythm.WEEKDAYS:
            return "every weekday, Monday to Friday" if is_choice else "every weekday"
        case Rhythm.WEEKLY:
            return f"every {series([WEEKDAYS[day] for day in cadence.weekdays])}"
        case Rhythm.BIWEEKLY:
            return f"every second {WEEKDAYS[cadence.weekdays[0]]}"
        case Rhythm.MONTHLY if cadence.month_day == LAST:
            return "on the last day of every month"
        case Rhythm.MONTHLY:
            return f"on the {_ordinal(cadence.month_day)} of every month"


def series(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number not in (11, 12, 13) else "th"
    return f"{number}{ending}"
