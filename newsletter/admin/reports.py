"""Reported mistakes: compare with the quotes, then settle, or take the summary down."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from newsletter.admin.base import ReadOnlyAdmin
from newsletter.core.arxiv.links import abstract_url, pdf_url
from newsletter.core.digests.typography import cut
from newsletter.models import MistakeReport
from newsletter.models.report import Settled
from newsletter.operating.report_acts import ACTS, PERMISSION


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in Settled if state is not Settled.OPEN] + [
            ("all", "all")
        ]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": Settled.OPEN.label}, *others]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value() or Settled.OPEN)


@admin.register(MistakeReport)
class MistakeReportAdmin(ReadOnlyAdmin):
    list_display = ("reported_at", "paper", "shown_claim", "what", "state", "is_withheld")
    list_filter = (StateFilter, "what", "reported_at")
    list_select_related = ("paper", "summary")
    search_fields = ("paper__arxiv_id", "claim")
    ordering = ("-reported_at", "-pk")
    fields = ("reported_at", "what", "state", "settled_at", "summary")
    change_form_template = "reports/change.html"

    @admin.display(description="claim")
    def shown_claim(self, report: MistakeReport) -> str:
        return cut(report.claim, limit=90) or "the page as a whole"

    @admin.display(description="summary withheld", boolean=True)
    def is_withheld(self, report: MistakeReport) -> bool:
        return report.summary is not None and report.summary.withheld_at is not None

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(require_POST(self.act_view))
        return [path("<int:pk>/<slug:name>/act/", act, name="newsletter_report_act"), *super().get_urls()]

    def shown_beside(self, request: HttpRequest, found: Any) -> dict[str, Any]:
        """Return the paper, and the actions that apply."""
        record = found.paper.record
        acts = [(name, act.label) for name, act in ACTS.items() if act.applies_to(found)]
        return {
            "acts": acts if request.user.has_perm(PERMISSION) else [],
            "record": record,
            "abstract_url": abstract_url(record),
            "pdf_url": pdf_url(record),
        }

    def act_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        report, act = get_object_or_404(MistakeReport, pk=pk), ACTS.get(name)
        if act is None or not request.user.has_perm(PERMISSION) or not act.applies_to(report):
            raise PermissionDenied
        said = act.do(report, timezone.now())
        self.log_change(request, report, said)
        messages.success(request, said)
        return redirect("admin:newsletter_mistakereport_change", pk)
