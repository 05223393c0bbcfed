"""Incidents and canary flights, read-only."""

from __future__ import annotations

from django.contrib import admin

from newsletter.admin.base import ReadOnlyAdmin
from newsletter.models import CanaryFlight, Incident


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    list_display = ("name", "opened_at", "closed_at", "detail")
    list_filter = ("name", "opened_at")
    ordering = ("-opened_at",)


@admin.register(CanaryFlight)
class CanaryFlightAdmin(ReadOnlyAdmin):
    list_display = ("day", "started_at", "judged_at", "failure")
    ordering = ("-day",)
