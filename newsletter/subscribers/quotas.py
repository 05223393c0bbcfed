"""Quotas on what strangers can cause: mails to unconfirmed addresses, reports of mistakes.

All caps are in the enum below. Addresses, domains and IP addresses are stored as keyed hashes only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac

from newsletter.core.delivery.addresses import mailbox_of
from newsletter.models import Quota

WINDOW = timedelta(days=30)
UNLIMITED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Cap:
    kind: str
    most: int
    """On one day (UTC)."""
    in_window: int | None = None
    """Over the days of ``WINDOW``, including today."""


class Limit(Enum):
    """What is counted, and how often it may happen."""

    UNREQUESTED = Cap("mailbox", 1, in_window=3)
    """Mails to a mailbox (``core/delivery/addresses.py``) that its owner may not have requested:
    confirmations, reminders, links, confirmations of a new address. Reset when its owner confirms."""
    FROM_AN_IP = Cap("ip", 20)
    """Enough for a lecture hall behind one address."""
    TO_A_DOMAIN = Cap("domain", 1000)
    """Above a busy day at the largest mail providers, below a flood of a catch-all domain."""
    BY_THE_SERVICE = Cap("service", 5000)
    REPORTS_FROM_AN_IP = Cap("report-ip", 10)
    """Reports of mistakes: more than a careful reader finds in a day."""
    REPORTS_TO_THE_SERVICE = Cap("report", 300)
    """Reports of mistakes: more than an operator can read in a day."""
    LIBRARY_IMPORTS = Cap("library", 20)
    """Libraries that one reader has looked up: each may cost a dozen requests to arXiv."""
    QUERIES_OF_A_READER = Cap("query", 10)
    """Queries that one reader has a model write: each may cost 7,000 tokens."""
    QUERIES_OF_THE_SERVICE = Cap("queries", 100)
    """The same for all readers: a third of a day's tokens at most, by default."""


def take(wanted: Iterable[tuple[Limit, str]], *, now: datetime) -> bool:
    """Count one more of each; False when one is used up, and then nothing is counted.

    ``wanted`` is ordered from the narrowest to the widest: a flood at one address must not use up the
    service's quota. Safe under concurrency: a count is raised only while below its cap.
    """
    try:
        with transaction.atomic():
            for limit, subject in wanted:
                _take(limit, subject, now=now)
    except _UsedUpError:
        return False
    return True


def may_be_mailed(email_key: str, *, ip: str, now: datetime) -> bool:
    """Count a mail that its recipient may not have requested; False when it must not be sent."""
    mailbox = mailbox_of(email_key)
    domain = mailbox.rpartition("@")[2]
    wanted = [
        (Limit.UNREQUESTED, mailbox),
        (Limit.FROM_AN_IP, ip),
        (Limit.TO_A_DOMAIN, domain),
        (Limit.BY_THE_SERVICE, ""),
    ]
    return take(wanted, now=now)


def forget_mails_to(email_key: str) -> None:
    """Reset the mailbox's count: its owner has opened a mailed link."""
    cap = Limit.UNREQUESTED.value
    Quota.objects.filter(kind=cap.kind, key=hashed(cap.kind, mailbox_of(email_key))).delete()


def note_request(*, now: datetime) -> None:
    """Count every request, so that each one writes and takes equally long."""
    _raise_count("asked", key="", day=now.date(), most=UNLIMITED)


def forget_old_counts(*, now: datetime) -> int:
    """Delete counts older than every window."""
    kept = [limit.value.kind for limit in Limit if limit.value.in_window is not None]
    today = now.date()
    over = Q(day__lte=today - WINDOW) | Q(day__lt=today) & ~Q(kind__in=kept)
    return Quota.objects.filter(over).delete()[0]


def hashed(purpose: str, value: str) -> str:
    """Return a keyed hash of ``value``, different for each purpose; empty for an empty value."""
    if not value:
        return ""
    return salted_hmac(
        f"newsletter.{purpose}", value, secret=settings.SECRET_KEY, algorithm="sha256"
    ).hexdigest()


class _UsedUpError(Exception):
    """Rolls back what was counted so far."""


def _take(limit: Limit, subject: str, *, now: datetime) -> None:
    cap, today = limit.value, now.date()
    key = hashed(cap.kind, subject)
    if not _raise_count(cap.kind, key=key, day=today, most=cap.most):
        raise _UsedUpError
    if cap.in_window is not None:
        # Concurrent counters lock the same row of today, so the sum is right.
        days = Quota.objects.filter(kind=cap.kind, key=key, day__gt=today - WINDOW)
        if sum(days.values_list("count", flat=True)) > cap.in_window:
            raise _UsedUpError


def _raise_count(kind: str, *, key: str, day: date, most: int) -> bool:
    """Count one more unless there are ``most``; one statement, so that it is atomic."""
    table = Quota._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {table} (kind, "key", day, count) VALUES (%s, %s, %s, 1) '  # noqa: S608 - our table
            f'ON CONFLICT (kind, "key", day) DO UPDATE '
            f"SET count = {table}.count + 1 WHERE {table}.count < %s",
            [kind, key, day, most],
        )
        return bool(cursor.rowcount > 0)
