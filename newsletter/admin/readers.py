"""Readers in the admin: found, looked at, and taken off the list by the same function as everywhere."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from newsletter.admin.base import AnyInline, AnyModelAdmin, ReadOnlyAdmin
from newsletter.models import SendPause, Subscriber, Subscription


class SubscriptionInline(AnyInline):
    model = Subscription
    extra = 0
    can_delete = False
    fields = readonly_fields = ("position", "topic", "cadence", "created_at", "covered_until")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnlyAdmin):
    """Joining and wishes are not edited here: consent is the reader's, or recorded by the command line."""

    list_display = ("email", "status", "cadence", "at", "timezone", "language", "depth", "next_slot_at")
    list_filter = ("status", "language", "depth")
    search_fields = ("email", "email_key")
    ordering = ("email_key",)
    exclude = ("spent", "link_key")
    inlines = (SubscriptionInline,)
    actions = ("unsubscribe_readers",)

    def has_unsubscribe_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("newsletter.change_subscriber")

    @admin.action(description="Unsubscribe the selected readers", permissions=["unsubscribe"])
    def unsubscribe_readers(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        # Django imports this module at every start; what this needs takes longer to import than all else.
        from newsletter.subscriptions.leaving import unsubscribe

        readers = list(queryset)
        for reader in readers:
            unsubscribe(reader, source="admin", now=timezone.now())
        messages.success(request, f"{len(readers)} unsubscribed")


@admin.register(SendPause)
class SendPauseAdmin(AnyModelAdmin):
    """While a row stands no send begins on its transport; deleting it resumes."""

    list_display = ("transport", "reason", "since")
