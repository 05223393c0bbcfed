"""How often anybody may do what costs others: have a mail sent to an unproven address, report a mistake.

Every cap stands in the table below. Addresses, domains and IP addresses are kept as keyed hashes only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from django.conf import settings
from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from newsletter.models import Allowance

EVER = date(1970, 1, 1)
"""The day under which a count stands that no new day ends."""

UNLIMITED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Cap:
    kind: str
    most: int
    is_for_ever: bool = False


class Limit(Enum):
    """What is counted, and how often it may happen: on one day (UTC), or ever."""

    CONFIRMATIONS_TO_AN_ADDRESS = Cap("confirm", 1)
    """Starts anew when the address is confirmed."""
    UNCONFIRMED_EVER = Cap("confirm-ever", 3, is_for_ever=True)
    """As above."""
    REMINDERS_TO_A_READER = Cap("reminder", 1)
    """That digests come already, to whoever signs up once more."""
    LINKS_TO_AN_ADDRESS = Cap("link", 3)
    FROM_AN_IP = Cap("ip", 20)
    """A lecture hall behind one address can still join in one morning."""
    TO_A_DOMAIN = Cap("domain", 1000)
    """Above a busy day of the largest mail providers; below what makes a flood of a catch-all domain."""
    BY_THE_SERVICE = Cap("service", 5000)
    REPORTS_FROM_AN_IP = Cap("report-ip", 10)
    """Mistakes reported; more than a careful reader finds in a day."""
    REPORTS_TO_THE_SERVICE = Cap("report", 300)
    """More than an operator can read in a day."""


def take(wanted: Iterable[tuple[Limit, str]], *, now: datetime) -> bool:
    """Count one more of each; False when one is used up, and then nothing is counted.

    ``wanted`` goes from the narrowest to the widest: a flood at one address must not use up the service's
    allowance. Safe to race: a count is raised only where it is below its cap.
    """
    try:
        with transaction.atomic():
            for limit, subject in wanted:
                _take(limit, subject, now=now)
    except _UsedUpError:
        return False
    return True


def give_back(limit: Limit, subject: str) -> None:
    """Forget what was ever counted of it."""
    Allowance.objects.filter(kind=limit.value.kind, key=hashed(limit.value.kind, subject)).delete()


def note_request(*, now: datetime) -> None:
    """Count a request, whatever comes of it: every request then writes, and takes as long as any other."""
    _raise_count("asked", key="", day=now.date(), most=UNLIMITED)


def forget_old_counts(*, now: datetime) -> int:
    """Delete what was counted on past days."""
    return Allowance.objects.filter(day__lt=now.date()).exclude(day=EVER).delete()[0]


def hashed(purpose: str, value: str) -> str:
    """Return a keyed hash of ``value``, another one for each purpose; empty for nothing."""
    if not value:
        return ""
    return salted_hmac(
        f"newsletter.{purpose}", value, secret=settings.SECRET_KEY, algorithm="sha256"
    ).hexdigest()


class _UsedUpError(Exception):
    """Undoes what was counted so far."""


def _take(limit: Limit, subject: str, *, now: datetime) -> None:
    cap = limit.value
    day = EVER if cap.is_for_ever else now.date()
    if not _raise_count(cap.kind, key=hashed(cap.kind, subject), day=day, most=cap.most):
        raise _UsedUpError


def _raise_count(kind: str, *, key: str, day: date, most: int) -> bool:
    """Count one more unless there are ``most``; one statement, so that nobody can come in between."""
    table = Allowance._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {table} (kind, "key", day, count) VALUES (%s, %s, %s, 1) '  # noqa: S608 - our table
            f'ON CONFLICT (kind, "key", day) DO UPDATE '
            f"SET count = {table}.count + 1 WHERE {table}.count < %s",
            [kind, key, day, most],
        )
        return bool(cursor.rowcount > 0)
