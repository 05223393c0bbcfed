"""Topics in the admin: their queries are checked as on the command line."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from newsletter.admin.base import AnyModelAdmin, AnyModelForm
from newsletter.errors import BadInput
from newsletter.models import Topic


class TopicForm(AnyModelForm):
    class Meta:
        model = Topic
        fields = ("slug", "name", "names", "group", "group_names", "query", "is_active")

    def clean_query(self) -> str:
        # Django imports this module at every start; the topic index takes longer to import than all else.
        from newsletter.topics import checked_query

        try:
            return checked_query(self.cleaned_data["query"])
        except BadInput as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(Topic)
class TopicAdmin(AnyModelAdmin):
    form = TopicForm
    list_display = ("slug", "name", "group", "query", "is_active", "owner")
    list_filter = ("is_active", "group")
    search_fields = ("slug", "name", "query")

    def save_model(self, request: HttpRequest, obj: Topic, form: Any, change: bool) -> None:
        """A new or changed query is compared with the papers of the look-back."""
        if not change:
            obj.created_at = timezone.now()
        if not change or "query" in form.changed_data:
            obj.looks_back = True
        super().save_model(request, obj, form, change)
