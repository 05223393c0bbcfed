"""Suppressions: counts by reason, and whether a given address is suppressed.

Only keyed hashes are stored, so the list shows no address. The check is a POST, so that no request log has
the address. Nothing is changed here: only a reader who confirms again leaves the list.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from newsletter.admin.base import ReadOnlyAdmin
from newsletter.errors import BadInput
from newsletter.models import Suppression


class AddressForm(forms.Form):
    address = forms.CharField(max_length=320)


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ("reason", "at")
    list_display_links = None
    list_filter = ("reason", "at")
    ordering = ("-at", "-pk")
    exclude = ("email_hmac",)
    change_list_template = "suppressions/list.html"

    def get_urls(self) -> list[URLPattern]:
        check = self.admin_site.admin_view(self.check_view)
        return [path("check/", check, name="newsletter_suppression_check"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        counts = Suppression.objects.order_by("reason").values_list("reason").annotate(number=Count("pk"))
        return super().changelist_view(request, {**(extra_context or {}), "counts": list(counts)})

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """Say whether an address is suppressed, and why. Nothing is stored."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = AddressForm(request.POST or None)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Check an address",
            "form": form,
            "answer": _answer(form) if request.method == "POST" and form.is_valid() else "",
        }
        return TemplateResponse(request, "suppressions/check.html", context)


def _answer(form: AddressForm) -> str:
    from newsletter.audience.suppression import address_key, suppressed
    from newsletter.subscribers.preferences import read_address

    written = form.cleaned_data["address"]
    try:
        address = read_address(written)
        key = address_key(address)
    except BadInput:
        form.add_error("address", f"{written!r} is not an address: something@example.org is expected")
        return ""
    reason = suppressed([key]).get(key)
    if reason is None:
        return f"{address} is not suppressed."
    return f"{address} is suppressed ({reason}). Only the reader can come back, by confirming."
