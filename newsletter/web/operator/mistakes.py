"""Reports of mistakes: the claim beside its quotes, the sender's words as text, and what can be done."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from newsletter.models import MistakeReport
from newsletter.models.report import Settled
from newsletter.operating.report_acts import ACTS
from newsletter.web.operator.pages import back_to, demand, done, may, now_there, operator_page, operators

A_PAGE = 40


@operators("view_mistakereport")
def listing(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", Settled.OPEN)
    if state not in Settled.values:
        raise Http404
    rows = MistakeReport.objects.filter(state=state).select_related("paper").order_by("-reported_at", "-pk")
    return operator_page(
        request,
        "mistakes.html",
        now=now_there(request),
        found=Paginator(rows, A_PAGE).get_page(request.GET.get("page")),
        state=state,
        states=Settled.values,
    )


@operators("view_mistakereport", methods=("GET", "HEAD", "POST"))
def one(request: HttpRequest, key: int) -> HttpResponse:
    report = get_object_or_404(MistakeReport.objects.select_related("paper", "summary__paper"), pk=key)
    if request.method == "POST":
        demand(request, "change_mistakereport")
        act = ACTS.get(request.POST.get("do", ""))
        if act is None or not act.applies_to(report):
            raise Http404
        done(request, report, act.do(report, timezone.now()))
        return back_to("operator_mistake", key=key)
    acts = [(name, act.label) for name, act in ACTS.items() if act.applies_to(report)]
    return operator_page(
        request,
        "mistake.html",
        now=now_there(request),
        report=report,
        acts=acts if may(request, "change_mistakereport") else [],
    )
