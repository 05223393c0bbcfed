"""Pauses in the admin: adding one stops sending, deleting it resumes. Every page shows active pauses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from newsletter.admin.base import AnyModelAdmin, AnyModelForm
from newsletter.models import SendPause


class PauseForm(AnyModelForm):
    reason = forms.CharField(
        max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), help_text="For whoever finds it later."
    )

    class Meta:
        model = SendPause
        fields = ("reason",)

    def clean(self) -> dict[str, Any]:
        pause = SendPause.objects.filter(transport="*").first() if self.instance.pk is None else None
        if pause is not None:
            raise forms.ValidationError(
                f"Sending is paused already, since {pause.since:%Y-%m-%d %H:%M} UTC: {pause.reason}. "
                "Delete that pause first, or change its reason."
            )
        return super().clean() or {}


@admin.register(SendPause)
class SendPauseAdmin(AnyModelAdmin):
    """While a row exists, no send begins on its transport."""

    form = PauseForm
    list_display = ("transport", "reason", "since", "cause")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A person pauses everything, from now on."""
        if not change:
            obj.transport, obj.since = "*", timezone.now()
        super().save_model(request, obj, form, change)


def active_pauses(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - a context processor
    """Give the admin's templates the active pauses, read lazily."""
    return {"active_pauses": SendPause.objects.order_by("transport")}
