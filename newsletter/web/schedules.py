"""How often and when, in the page's language: a cadence in words, and the cadences a form offers."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext

from newsletter.core.delivery.cadence import LAST, WEEKDAYS, Cadence, Rhythm, period_days
from newsletter.errors import BadInput

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
"""In the order of the form. A reader's own cadence is offered too, whatever it is."""


def in_words(cadence: Cadence) -> str:
    match cadence.rhythm:
        case Rhythm.DAILY:
            return gettext("every day")
        case Rhythm.WEEKDAYS:
            return gettext("every weekday, Monday to Friday")
        case Rhythm.WEEKLY:
            return gettext("every %(days)s") % {"days": _series([_name(day) for day in cadence.weekdays])}
        case Rhythm.BIWEEKLY:
            return gettext("every second %(day)s") % {"day": _name(cadence.weekdays[0])}
        case Rhythm.MONTHLY if cadence.month_day == LAST:
            return gettext("on the last day of the month")
        case Rhythm.MONTHLY:
            return gettext("on day %(number)s of the month") % {"number": cadence.month_day}


def choices(current: str) -> list[tuple[str, str]]:
    """Return what a form offers, as (contract's form, words); a current one that is not among it is first."""
    offered = OFFERED if current in OFFERED or not is_cadence(current) else (current, *OFFERED)
    return [(text, in_words(Cadence.parse(text))) for text in offered]


def slower(current: Cadence) -> list[Cadence]:
    """Return cadences that bring fewer mails than ``current``, on its day of the week where it has one."""
    day = WEEKDAYS[current.weekdays[0] if current.weekdays else 0]
    tried = [Cadence.parse(text) for text in (f"weekly:{day}", f"biweekly:{day}", "monthly:1")]
    return [each for each in tried if period_days(each) > period_days(current)]


def is_cadence(text: str) -> bool:
    try:
        Cadence.parse(text)
    except BadInput:
        return False
    return True


def _name(day: int) -> str:
    # Our own words, since Django says 星期一 where our mails say 周一.
    names = (
        gettext("Monday"),
        gettext("Tuesday"),
        gettext("Wednesday"),
        gettext("Thursday"),
        gettext("Friday"),
        gettext("Saturday"),
        gettext("Sunday"),
    )
    return names[day]


def _series(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    comma = gettext(", ")
    return gettext("%(first)s and %(last)s") % {"first": comma.join(names[:-1]), "last": names[-1]}
