"""Read-only records: papers, summaries, gather runs, deliveries."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from newsletter.admin.base import ReadOnlyAdmin
from newsletter.admin.events import DeliveryEventInline
from newsletter.models import Delivery, GatherRun, Paper, RevisionAsk, Summary

MADE_OF = ("fragments", "body_key", "placeholders", "selection", "selection_inputs", "topics")
"""The fields of a delivery that are long lists of keys."""


@admin.register(Paper)
class PaperAdmin(ReadOnlyAdmin):
    list_display = ("arxiv_id", "version", "title", "primary_category", "published_at", "is_withdrawn")
    list_filter = ("is_withdrawn", "first_seen_at")
    search_fields = ("arxiv_id", "title")
    ordering = ("-first_seen_at", "-pk")


@admin.register(Summary)
class SummaryAdmin(ReadOnlyAdmin):
    list_display = ("paper", "language", "model", "detail", "failure", "attempts", "written_at")
    list_filter = ("model", "language", "detail", "is_final")
    list_select_related = ("paper",)
    search_fields = ("paper__arxiv_id",)
    ordering = ("-pk",)


@admin.register(GatherRun)
class GatherRunAdmin(ReadOnlyAdmin):
    list_display = (
        "started_at",
        "from_file",
        "is_probe",
        "received",
        "total_results",
        "missing",
        "new",
        "updated",
        "error",
        "doubt",
    )
    list_filter = ("from_file", "is_probe", "started_at")
    ordering = ("-started_at",)


@admin.register(RevisionAsk)
class RevisionAskAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "asked", "received", "updated", "error", "retry_at")
    list_filter = ("started_at",)
    ordering = ("-started_at",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("slot_at", "kind", "state", "subject", "subscriber", "transport", "attempt", "last_code")
    list_filter = ("state", "kind", "transport")
    list_select_related = ("subscriber",)
    search_fields = ("id", "message_id", "subscriber__email_key")
    ordering = ("-slot_at",)
    inlines = (DeliveryEventInline,)

    def get_fieldsets(self, request: HttpRequest, obj: object = None) -> Any:
        """Collapse the fields that matter only when looking for a fault."""
        shown = [name for name in self.get_fields(request, obj) if name not in MADE_OF]
        return [
            (None, {"fields": shown}),
            ("What it is made of", {"fields": MADE_OF, "classes": ("collapse",)}),
        ]
