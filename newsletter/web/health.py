"""Probes for orchestrators: alive, and ready."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from newsletter.adapters.infra import broker
from newsletter.models.tables import are_current


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Return 200 while the process runs."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Return 200 if requests and work can be served; else 503 with JSON that names what is missing."""
    database = _database_answers()
    checks = {
        "database": database,
        "migrations": database and _is_migrated(),
        "broker": broker.is_reachable(),
    }
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _is_migrated() -> bool:
    try:
        return are_current()
    except DatabaseError:
        return False
