"""Base classes of the registrations, read-only ones among them.

The type parameters are for the type checker only; Django's own classes take none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from newsletter.operating.records import hide_keys

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyInline = admin.TabularInline[Any, Any]
    AnyModelForm = forms.ModelForm[Any]
else:
    AnyModelAdmin, AnyInline, AnyModelForm = admin.ModelAdmin, admin.TabularInline, forms.ModelForm


COMPARISONS = frozenset({"", "exact", "isnull", "isempty", "gte", "gt", "lt", "lte", "in"})
"""Lookups that Django's list filters append to a field's name."""


class _OnlyShown:
    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:  # noqa: ARG002
        return False


class ReadOnlyAdmin(_OnlyShown, AnyModelAdmin):
    """A read-only list and its pages. Link keys are hidden: whoever reads one can act as the reader."""

    show_full_result_count = False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        return found and hide_keys(found)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.result_list = [hide_keys(row) for row in changelist.result_list]
        return changelist

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        if found is not None and self.has_view_permission(request, found):
            extra_context = {**(extra_context or {}), **self.shown_beside(request, found)}
        return super().change_view(request, object_id, form_url, extra_context)

    def shown_beside(self, request: HttpRequest, found: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return what the page of one row shows besides its fields, by names in its template."""
        return {}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:  # noqa: ARG002
        """Allow only what the list's filters use: ``placeholders__url__startswith`` could guess a link."""
        name, _, comparison = lookup.partition("__")
        return name in map(_filtered, self.list_filter) and comparison in COMPARISONS


def _filtered(each: Any) -> str:
    """Return the query parameter of one of ``list_filter``: a field, or the filter's own name."""
    if isinstance(each, str):
        return each
    return str(each[0] if isinstance(each, tuple) else each.parameter_name)


class ReadOnlyInline(_OnlyShown, AnyInline):
    """Rows beside the one they belong to."""

    extra = 0
    can_delete = False
