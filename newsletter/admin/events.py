"""Provider events: a list of their own, and with each delivery."""

from __future__ import annotations

from django.contrib import admin

from newsletter.admin.base import ReadOnlyAdmin, ReadOnlyInline
from newsletter.models import DeliveryEvent
from newsletter.operating.records import words_of


class WithWords:
    """Shows the words as a column."""

    @admin.display(description="the provider's words")
    def words(self, event: DeliveryEvent) -> str:
        return words_of(event)


class DeliveryEventInline(WithWords, ReadOnlyInline):
    model = DeliveryEvent
    fields = readonly_fields = ("at", "provider", "kind", "words", "applied_at")
    ordering = ("at", "pk")


@admin.register(DeliveryEvent)
class DeliveryEventAdmin(WithWords, ReadOnlyAdmin):
    """Events without a delivery are about unknown mails, or their reader was erased."""

    list_display = ("at", "provider", "kind", "words", "delivery", "applied_at")
    list_filter = ("provider", "kind", ("delivery", admin.EmptyFieldListFilter))
    search_fields = ("delivery__id", "delivery__subscriber__email_key")
    list_select_related = ("delivery",)
    ordering = ("-at", "-pk")
