"""Topics in the admin: their queries are checked as on the command line.

Private topics are read-only. Nothing is deleted here: a topic is deactivated, or removed with ``newsletter
topic remove``, which says how many readers had it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from newsletter.admin.base import AnyModelAdmin, AnyModelForm
from newsletter.errors import BadInput
from newsletter.models import FormerSlug, Topic


class TopicForm(AnyModelForm):
    class Meta:
        model = Topic
        fields = ("slug", "name", "names", "group", "group_names", "query", "is_active")

    def clean_slug(self) -> str:
        from newsletter.audience.topics import SLUG

        slug = str(self.cleaned_data["slug"])
        if not SLUG.fullmatch(slug):
            raise forms.ValidationError("small letters, digits and single hyphens, such as talking-heads")
        if FormerSlug.objects.filter(slug=slug).exists():
            raise forms.ValidationError("another topic was called so before, and links still lead to it")
        return slug

    def clean_query(self) -> str:
        # Imported late: Django imports this module at every start, and the topic index is slow to import.
        from newsletter.audience.topics import checked_query

        try:
            return checked_query(self.cleaned_data["query"].strip())
        except BadInput as error:
            raise forms.ValidationError(str(error)) from error

    def clean_names(self) -> dict[str, str]:
        return _by_language(self.cleaned_data["names"])

    def clean_group_names(self) -> dict[str, str]:
        return _by_language(self.cleaned_data["group_names"])


def _by_language(names: Any) -> dict[str, str]:
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise forms.ValidationError('an object of language codes and names, such as {"zh-hans": "…"}')
    return names


class OwnerFilter(admin.SimpleListFilter):
    title = "owner"
    parameter_name = "owned"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Everyone's"), ("yes", "A reader's own")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(owner__isnull=self.value() == "no")


@admin.register(Topic)
class TopicAdmin(AnyModelAdmin):
    form = TopicForm
    list_display = ("slug", "name", "group", "query", "subscribers", "is_active", "owner")
    list_filter = ("is_active", OwnerFilter, "group")
    list_select_related = ("owner",)
    search_fields = ("slug", "name", "query")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        topics: QuerySet[Any] = super().get_queryset(request)
        return topics.annotate(subscriber_count=Count("subscriptions"))  # type: ignore[no-any-return]  # the plugin's

    @admin.display(description="readers", ordering="subscriber_count")
    def subscribers(self, topic: Any) -> int:
        return int(topic.subscriber_count)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """It is part of links and feeds: only ``newsletter topic edit`` changes it, and keeps the old one."""
        return ("slug",) if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_own = obj is not None and obj.owner_id is not None
        return not is_own and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def save_model(self, request: HttpRequest, obj: Topic, form: Any, change: bool) -> None:
        """A new or changed query is compared with the papers of the look-back."""
        if not change:
            obj.created_at = timezone.now()
        if not change or "query" in form.changed_data:
            obj.looks_back = True
        super().save_model(request, obj, form, change)
