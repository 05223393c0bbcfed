"""Retention: delete old provider events, personal parts of old mails, unneeded fragments, old incidents.

So are acts by links that work no longer, and libraries that nobody kept.

In chunks of short transactions, so that other writers get their turn. The rest is done the next hour; a row
records how far it came, so that large tables are not scanned again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from newsletter.audience.departures import departure_log
from newsletter.audience.feedback_links import VALID_FOR
from newsletter.core.arxiv.revisions import TOLD_FOR
from newsletter.core.delivery.events import EventKind
from newsletter.models import (
    CanaryFlight,
    Delivery,
    DeliveryEvent,
    Forgotten,
    FragmentRow,
    Incident,
    LibraryImport,
    MailedAct,
    PaperRevision,
    RevisionAsk,
    Selection,
)
from newsletter.models.delivery import OPEN, State
from newsletter.models.page_change import forget_page_changes
from newsletter.pipeline.select.requests import sync_requests

CHUNK = 500
TASK_TIME = timedelta(minutes=1)
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
MAILS = "mails"
LIBRARY_KEPT = timedelta(days=2)
"""How long a library that was brought waits for its reader to keep it."""
IN_FLIGHT = timedelta(days=1)
"""Real time: longer than from storing a selection to the commit of the delivery that names it."""
PAGES_KEPT = timedelta(hours=2)
"""Real time: far longer than a web process keeps a page (``CACHES`` in the settings)."""
OVER = tuple(state for state in State if state not in (*OPEN, State.SENDING))
OF_A_RUN = Q(
    kind=EventKind.SOFT_BOUNCE,
    delivery__subscriber__soft_bounces__gt=0,
    delivery__recipient__gt="",
)
"""Soft bounces that count together with the next one: five monthly mails span four months. They stay until
a mail arrives, or the address is deleted."""
PERSONAL = {
    "placeholders": {},
    "fragments": [],
    "body_key": "",
    "recipient": "",
    "provider_id": "",
    "last_detail": "",
}
"""Fields kept of an old mail: reader, times, state, subject and papers, which its page still shows."""


def forget_old(*, now: datetime, clock: Callable[[], datetime] = timezone.now) -> Counter[str]:
    """Delete what is older than the settings say, for at most a minute; return counts."""
    began = clock()
    events_before = now - timedelta(days=settings.CONFIG.retention_events_days)
    mails_before = now - timedelta(days=settings.CONFIG.retention_digests_days)
    done: Counter[str] = Counter()
    for what, chunks in (
        ("events", _events(before=events_before)),
        (MAILS, _mails(before=mails_before)),
        ("fragments", _fragments(before=now)),
        ("requests", _requests()),
        ("selections", _selections(before=began - IN_FLIGHT)),
        ("incidents", _incidents(before=events_before)),
        ("revisions", _revisions(before=now - TOLD_FOR)),
        ("requests for revisions", _requests_for_revisions(before=events_before)),
        ("acts", _mailed_acts(before=now - VALID_FOR)),
        ("libraries", _libraries(before=now - LIBRARY_KEPT)),
        ("page changes", _page_changes(before=began - PAGES_KEPT)),
        ("departures", _departures(before=began - (now - events_before))),
    ):
        for number in chunks:
            done[what] += number
            if clock() > began + TASK_TIME:
                return done
    return done


def _events(*, before: datetime) -> Iterator[int]:
    """Delete the oldest rows first; stop at the first chunk without an old one."""
    while True:
        oldest = (
            DeliveryEvent.objects.exclude(OF_A_RUN)
            .order_by("pk")
            .values_list("pk", "at", "applied_at")[:CHUNK]
        )
        old = [key for key, at, applied_at in oldest if at < before and applied_at is not None]
        if not old:
            return
        yield DeliveryEvent.objects.filter(pk__in=old).delete()[0]


def _mails(*, before: datetime) -> Iterator[int]:
    """Delete the personal parts of mails that ended before, starting where the last run stopped."""
    mark, _ = Forgotten.objects.get_or_create(what=MAILS, defaults={"until": BEGINNING})
    ended = Delivery.objects.filter(state__in=OVER, outcome_at__lt=before)
    for state in OVER:
        rows = ended.filter(state=state, outcome_at__gte=mark.until).exclude(
            fragments=[], recipient="", placeholders={}
        )
        while keys := list(rows.order_by("outcome_at").values_list("pk", flat=True)[:CHUNK]):
            yield Delivery.objects.filter(pk__in=keys).update(**PERSONAL)
    Forgotten.objects.filter(pk=mark.pk, until__lt=before).update(until=before)


def _fragments(*, before: datetime) -> Iterator[int]:
    unneeded = FragmentRow.objects.filter(needed_until__lt=before).order_by("needed_until")
    while keys := list(unneeded.values_list("pk", flat=True)[:CHUNK]):
        yield unneeded.filter(pk__in=keys).delete()[0]  # not those used again meanwhile


def _selections(*, before: datetime) -> Iterator[int]:
    """Delete those that no delivery names. One in use stays however old it is: its digest's page needs it."""
    named = Delivery.objects.filter(selection=OuterRef("pk"))
    unneeded = Selection.objects.filter(~Exists(named), used_at__lt=before)
    while keys := list(unneeded.values_list("pk", flat=True)[:CHUNK]):
        yield unneeded.filter(pk__in=keys).delete()[0]  # not one that was stored anew meanwhile


def _requests() -> Iterator[int]:
    """Delete what no planned digest asks for: a service without a model never looks at its requests."""
    yield sync_requests()


def _incidents(*, before: datetime) -> Iterator[int]:
    yield Incident.objects.filter(closed_at__lt=before).delete()[0]
    yield CanaryFlight.objects.filter(judged_at__lt=before).delete()[0]


def _revisions(*, before: datetime) -> Iterator[int]:
    """Delete what no digest may tell any more; what was told is in the digests' selections."""
    old = PaperRevision.objects.filter(found_at__lt=before).order_by("found_at")
    while keys := list(old.values_list("pk", flat=True)[:CHUNK]):
        yield PaperRevision.objects.filter(pk__in=keys).delete()[0]


def _requests_for_revisions(*, before: datetime) -> Iterator[int]:
    yield RevisionAsk.objects.filter(started_at__lt=before).delete()[0]


def _mailed_acts(*, before: datetime) -> Iterator[int]:
    old = MailedAct.objects.filter(at__lt=before).order_by("at")
    while keys := list(old.values_list("pk", flat=True)[:CHUNK]):
        yield MailedAct.objects.filter(pk__in=keys).delete()[0]


def _page_changes(*, before: datetime) -> Iterator[int]:
    yield forget_page_changes(before=before)


def _departures(*, before: datetime) -> Iterator[int]:
    """Drop old lines of the log: a back-up that is as old is restored without it."""
    yield departure_log().drop(before=before)


def _libraries(*, before: datetime) -> Iterator[int]:
    yield LibraryImport.objects.filter(started_at__lt=before).delete()[0]
