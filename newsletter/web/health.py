"""What orchestrators and monitoring ask: alive, ready, and how late the work is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsletter.adapters import broker
from newsletter.models import Delivery, GatherRun, Paper, SendPause, Subscriber
from newsletter.models.delivery import CLAIMABLE, State
from newsletter.models.subscriber import Status

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Answer as long as the process does."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Say whether requests and work can be served; 503 names in JSON what is missing."""
    database = _database_answers()
    checks = {
        "database": database,
        "migrations": database and _is_migrated(),
        "broker": broker.is_reachable(),
    }
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Return gauges in Prometheus' text format, version 0.0.4; nothing in them names a reader."""
    lines, described = [], set()
    for name, description, labels, value in _gauges(now=timezone.now()):
        if name not in described:
            lines += [f"# HELP {name} {description}", f"# TYPE {name} gauge"]
            described.add(name)
        lines.append(f"{name}{labels} {value:.10g}")
    return HttpResponse("\n".join(lines) + "\n", content_type=PROMETHEUS)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _is_migrated() -> bool:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return False
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _gauges(*, now: datetime) -> Iterator[tuple[str, str, str, float]]:
    """Yield (name, description, labels, value)."""
    counts = dict(Delivery.objects.values_list("state").annotate(Count("pk")))
    for state in State.values:
        labels = f'{{state="{state}"}}'
        yield "newsletter_deliveries", "Deliveries by state.", labels, counts.get(state, 0)
    readers = dict(Subscriber.objects.values_list("status").annotate(Count("pk")))
    for status in Status.values:
        labels = f'{{status="{status}"}}'
        yield "newsletter_subscribers", "Readers by status.", labels, readers.get(status, 0)
    yield "newsletter_papers", "Papers known.", "", Paper.objects.count()
    yield "newsletter_send_pauses", "Transports on which nothing is sent.", "", SendPause.objects.count()
    for transport, cause in SendPause.objects.values_list("transport", "cause"):
        labels = f'{{transport="{transport}",cause="{cause}"}}'
        yield "newsletter_paused", "1 while nothing is sent on a transport (*: on any).", labels, 1
    due = _oldest_due(now=now)
    description = "Age of the oldest work that is due and not done."
    yield "newsletter_oldest_due_seconds", description, "", _seconds(due, now=now)
    gathered = GatherRun.objects.filter(from_file=False, error="").order_by("-started_at").first()
    if gathered is not None:
        description = "Since arXiv last answered."
        yield "newsletter_last_gather_seconds", description, "", _seconds(gathered.started_at, now=now)


def _oldest_due(*, now: datetime) -> datetime | None:
    """Return since when the oldest of these waits: a slot to plan, a digest to compose, a mail to send."""
    unpaused = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    readers = Subscriber.objects.filter(unpaused, status=Status.ACTIVE, next_slot_at__lte=now)
    planned = Delivery.objects.filter(state=State.PLANNED, slot_at__lte=now)
    claimable = Delivery.objects.filter(state__in=CLAIMABLE, next_attempt_at__lte=now)
    moments = (
        readers.aggregate(first=Min("next_slot_at"))["first"],
        planned.aggregate(first=Min("slot_at"))["first"],
        claimable.aggregate(first=Min("next_attempt_at"))["first"],
    )
    return min((moment for moment in moments if moment), default=None)


def _seconds(since: datetime | None, *, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
