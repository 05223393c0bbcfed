"""How many digests without a paper were composed on a day, and why: the operator is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from django.db.models import F

from newsletter.core.digests.digest import Digest
from newsletter.models import Quota

KIND = "digests without a paper"


class Empty(StrEnum):
    """Why a digest that goes out holds no paper."""

    UNASKED = "unasked"
    """It says that arXiv could not be asked."""
    HALF_ANSWERED = "half-answered"
    """It says that arXiv had not answered fully."""
    UNMATCHED = "unmatched"
    """Nothing new matched: readers of slower cadences, and who asked for it, are told so."""


def why_empty(digest: Digest) -> Empty | None:
    if digest.knows_nothing:
        return Empty.HALF_ANSWERED if digest.is_half_answered else Empty.UNASKED
    return None if digest.matched or digest.near else Empty.UNMATCHED


def count_empty(digests: Iterable[Digest], *, day: date) -> None:
    counts = Counter(why for each in digests if (why := why_empty(each)))
    Quota.objects.bulk_create(
        [Quota(kind=KIND, key=why, day=day) for why in sorted(counts)], ignore_conflicts=True
    )
    for why, number in sorted(counts.items()):  # in one order, so that two composers never wait in a circle
        Quota.objects.filter(kind=KIND, key=why, day=day).update(count=F("count") + number)


def empty_digests(day: date) -> dict[Empty, int]:
    """Return how many were composed on this day (UTC), by why."""
    rows = Quota.objects.filter(kind=KIND, day=day, count__gt=0).values_list("key", "count")
    return {Empty(why): count for why, count in rows}
