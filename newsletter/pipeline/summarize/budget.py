"""The daily cap on a model's tokens: a database row, so that no number of workers passes it together.

What a request may cost at most is set aside before it is made and settled after. A worker that dies between
the two leaves its share counted: the cap holds all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import F, QuerySet
from django.utils import timezone

from newsletter.errors import PermanentError, TemporaryError
from newsletter.models import Quota

KIND = "model tokens"
SET_ASIDE = "model tokens set aside"
"""Those among them whose request has not ended: they may be given back."""
UNSENT = frozenset({"unreachable", "rate"})
"""Reasons that say that no request left."""
SOON = timedelta(minutes=1)


@dataclass(slots=True)
class SetAside:
    """What one request may take, until it is known what it took."""

    tokens: int

    def paid(self, tokens: int) -> None:
        self.tokens = tokens


@dataclass(frozen=True, slots=True)
class DailyBudget:
    """At most ``daily`` tokens on one day (UTC), input and output, failed calls included."""

    daily: int

    @contextmanager
    def spending(self, most: int) -> Iterator[SetAside]:
        """Set ``most`` tokens aside for one request. Raises TemporaryError with reason ``daily_cap``.

        An HTTP error is not billed, nor a request that never left. Whether one without an answer was, nobody
        knows: it counts in full.
        """
        now = timezone.now()
        if not self._reserve(most, day=now.date()):
            raise self._refusal(most, now=now)
        bill = SetAside(most)
        try:
            yield bill
        except TemporaryError as error:
            if error.status is not None or error.reason in UNSENT:
                bill.paid(0)
            raise
        except PermanentError:
            bill.paid(0)
            raise
        finally:
            self._settle(reserved=most, used=bill.tokens, day=now.date())

    def _reserve(self, tokens: int, *, day: date) -> bool:
        rows = [Quota(kind=kind, key="", day=day) for kind in (KIND, SET_ASIDE)]
        Quota.objects.bulk_create(rows, ignore_conflicts=True)
        free = _row(KIND, day=day).filter(count__lte=self.daily - tokens)
        if not free.update(count=F("count") + tokens):
            return False
        _row(SET_ASIDE, day=day).update(count=F("count") + tokens)
        return True

    def _settle(self, *, reserved: int, used: int, day: date) -> None:
        _row(KIND, day=day).update(count=F("count") - reserved + used)
        _row(SET_ASIDE, day=day).update(count=F("count") - reserved)

    def _refusal(self, most: int, *, now: datetime) -> TemporaryError:
        """Say when asking again may help: soon, where only what others have set aside stands in the way."""
        counted = {row.kind: row.count for row in Quota.objects.filter(day=now.date(), key="")}
        settled = counted.get(KIND, 0) - counted.get(SET_ASIDE, 0)
        midnight = datetime.combine(now.date() + timedelta(days=1), time.min, tzinfo=now.tzinfo)
        wait = SOON if settled + most <= self.daily else midnight - now
        return TemporaryError(
            f"NEWSLETTER_GEMINI_DAILY_TOKENS: too few of today's {self.daily:,} are left",
            reason="daily_cap",
            retry_after=wait.total_seconds(),
        )


def _row(kind: str, *, day: date) -> QuerySet[Quota]:
    return Quota.objects.filter(kind=kind, key="", day=day)
