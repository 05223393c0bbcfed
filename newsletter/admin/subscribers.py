"""Readers in the admin: search, add, view, unsubscribe, erase. Status and preferences are not edited here.

Each change calls the same function as readers' own pages and the command line, so that consent, suppressions
and open deliveries are handled alike.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from newsletter.admin.adding import AddSubscriberForm
from newsletter.admin.base import ReadOnlyAdmin, ReadOnlyInline
from newsletter.errors import BadInput
from newsletter.models import Subscriber, Subscription
from newsletter.operating.reader_acts import ACTS, Act
from newsletter.operating.reader_history import history_of


class SubscriptionInline(ReadOnlyInline):
    model = Subscription
    fields = readonly_fields = ("position", "topic", "cadence", "created_at", "covered_until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("topic")


class PausedFilter(admin.SimpleListFilter):
    title = "pause"
    parameter_name = "paused"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Paused"), ("no", "Not paused")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        paused = Q(paused_until__gt=timezone.now())
        match self.value():
            case "yes":
                return queryset.filter(paused)
            case "no":
                return queryset.exclude(paused)
        return queryset


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnlyAdmin):
    list_display = (
        "email",
        "name",
        "shown_status",
        "topics",
        "cadence",
        "at",
        "timezone",
        "language",
        "next_slot_at",
    )
    list_filter = ("status", PausedFilter, "language", "depth", "confirmed_by_operator", "joined_at")
    search_fields = ("email", "email_key", "name")
    search_help_text = "Part of an address or a name"
    ordering = ("email_key",)
    exclude = ("seen_papers", "summarized_papers", "link_key")
    inlines = (SubscriptionInline,)
    actions = ("unsubscribe_subscribers", "revoke_links")
    change_form_template = "subscribers/change.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        subscribers: QuerySet[Any] = super().get_queryset(request)
        return subscribers.annotate(topic_count=Count("subscriptions"))  # type: ignore[no-any-return]  # the plugin's

    @admin.display(description="status", ordering="status")
    def shown_status(self, subscriber: Subscriber) -> str:
        return subscriber.shown_status(now=timezone.now())

    @admin.display(description="topics")
    def topics(self, subscriber: Any) -> int:
        return int(subscriber.topic_count)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find a whole address in any spelling: it is normalized first."""
        from newsletter.audience.suppression import address_key
        from newsletter.subscribers.preferences import read_address

        found, distinct = super().get_search_results(request, queryset, search_term)
        try:
            key = address_key(read_address(search_term))
            return found | queryset.filter(email_key=key), distinct
        except BadInput:
            return found, distinct

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002
        return request.user.has_perm("newsletter.add_subscriber")

    def has_unsubscribe_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ACTS["unsubscribe"].permission)

    @admin.action(description="Unsubscribe the selected readers", permissions=["unsubscribe"])
    def unsubscribe_subscribers(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        number = self._act_on(request, queryset, ACTS["unsubscribe"])
        messages.success(request, f"{number} unsubscribed")

    @admin.action(description="Revoke the links of the selected readers", permissions=["unsubscribe"])
    def revoke_links(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> None:
        number = self._act_on(request, queryset, ACTS["revoke"])
        messages.success(request, f"Links of {number} revoked")

    def _act_on(self, request: HttpRequest, queryset: QuerySet[Subscriber], act: Act) -> int:
        subscribers, now = list(queryset.filter(status__in=act.applies_to)), timezone.now()
        for subscriber in subscribers:
            act.do(subscriber, now)
            self.log_change(request, subscriber, act.label)
        return len(subscribers)

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.act_view)
        return [
            path("<int:pk>/<slug:name>/act/", act, name="newsletter_subscriber_act"),
            *super().get_urls(),
        ]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",  # noqa: ARG002 - Django's signature
        extra_context: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> HttpResponse:
        """Show and process the form."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = AddSubscriberForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and (subscriber := form.save()):
            self.log_addition(request, subscriber, "Added; no mail was sent.")
            messages.success(request, f"{subscriber.email} was added. No mail was sent.")
            return redirect("admin:newsletter_subscriber_change", subscriber.pk)
        context = {**self._page(request, "Add reader"), "form": form}
        return TemplateResponse(request, "subscribers/add.html", context)

    def shown_beside(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Return a reader's history, and the actions that apply."""
        acts = [
            act
            for act in ACTS.values()
            if found.status in act.applies_to and request.user.has_perm(act.permission)
        ]
        return {"acts": acts, "happenings": history_of(found)}

    def act_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """GET asks for confirmation, POST does it."""
        subscriber, act = get_object_or_404(Subscriber, pk=pk), ACTS.get(name)
        if (
            act is None
            or not request.user.has_perm(act.permission)
            or subscriber.status not in act.applies_to
        ):
            raise PermissionDenied
        if request.method != "POST":
            context = {**self._page(request, act.label), "subscriber": subscriber, "act": act}
            return TemplateResponse(request, "subscribers/act.html", context)
        said = act.do(subscriber, timezone.now())
        self.log_change(request, Subscriber(pk=pk), said)
        messages.success(request, said)
        if Subscriber.objects.filter(pk=pk).exists():
            return redirect("admin:newsletter_subscriber_change", pk)
        return redirect("admin:newsletter_subscriber_changelist")

    def _page(self, request: HttpRequest, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "title": title}
