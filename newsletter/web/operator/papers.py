"""Papers and what is said of them: claims with quotes, what was withheld and why; amend, take down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from newsletter.core.digests.digest import NoticeKind
from newsletter.core.summaries.summary import Claim, Voice, summary_from_json
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.errors import NewsletterError
from newsletter.models import DigestNotice, MistakeReport, Paper, Summary
from newsletter.models.report import Settled
from newsletter.subscribers.reports import LONGEST_CLAIM, amend, claim_key, put_back, take_down
from newsletter.web.operator.pages import back_to, demand, done, may, now_there, operator_page, operators
from newsletter.web.reasons import WITHHELD

A_PAGE = 40


@operators("view_summary")
def listing(request: HttpRequest) -> HttpResponse:
    """List the newest summaries that a model wrote; by title or arXiv id; those that were taken down."""
    words, show = request.GET.get("q", "").strip()[:200], request.GET.get("show", "")
    rows: QuerySet[Summary] = Summary.objects.filter(content__isnull=False).exclude(model="extractive")
    if show == "down":
        rows = rows.filter(withheld_at__isnull=False)
    elif show == "withheld":
        rows = rows.exclude(content__withheld=[])
    rows = _searched(rows, words).select_related("paper").order_by("-written_at")
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    found = [(row, summary_from_json(row.content or {})) for row in page.object_list]
    reasons = Counter(each.reason for _, content in found for each in content.withheld)
    return operator_page(
        request,
        "papers.html",
        now=now_there(request),
        page=page,
        found=found,
        words=words,
        show=show,
        reasons=[(_reason(code), number) for code, number in reasons.most_common()],
    )


def _searched(rows: QuerySet[Summary], words: str) -> QuerySet[Summary]:
    if not words:
        return rows
    return rows.filter(Q(paper__arxiv_id=words) | Q(paper__title__icontains=words))


def _reason(code: str) -> str:
    return str(WITHHELD.get(code, code.replace("_", " ")))


@dataclass(frozen=True, slots=True)
class ShownClaim:
    key: str
    claim: Claim


@dataclass(frozen=True, slots=True)
class Shown:
    row: Summary
    content: SummaryValue
    claims: list[ShownClaim]
    withheld: list[tuple[str, int]]
    is_model: bool


@operators("view_summary", methods=("GET", "HEAD", "POST"))
def one(request: HttpRequest, arxiv_id: str) -> HttpResponse:
    paper = get_object_or_404(Paper, arxiv_id=arxiv_id)
    problem = ""
    if request.method == "POST":
        demand(request, "change_summary")
        row = get_object_or_404(Summary, pk=_number(request.POST.get("summary", "")), paper=paper)
        try:
            done(request, row, _change(row, request.POST))
            return back_to("operator_paper", arxiv_id=arxiv_id)
        except NewsletterError as error:
            problem = str(error)
    rows = paper.summaries.filter(content__isnull=False).order_by("-paper_version", "-written_at")
    return operator_page(
        request,
        "paper.html",
        now=now_there(request),
        status=400 if problem else 200,
        paper=paper,
        shown=[_shown(row) for row in rows],
        problem=problem,
        reports=MistakeReport.objects.filter(paper=paper, state=Settled.OPEN).order_by("-reported_at"),
        corrections=DigestNotice.objects.filter(paper=paper, kind=NoticeKind.CORRECTION).order_by(
            "-published_at"
        ),
        may_change=may(request, "change_summary"),
        longest=LONGEST_CLAIM,
    )


def _shown(row: Summary) -> Shown:
    content = summary_from_json(row.content or {})
    reasons = Counter(each.reason for each in content.withheld)
    return Shown(
        row=row,
        content=content,
        claims=[ShownClaim(claim_key(row, claim), claim) for claim in content.claims],
        withheld=[(_reason(code), number) for code, number in reasons.most_common()],
        is_model=content.voice is Voice.MODEL,
    )


def _number(text: str) -> int:
    if not (text.isdecimal() and len(text) < 18):
        raise Http404
    return int(text)


def _change(row: Summary, given: Any) -> str:
    """Do what the form's button says; return it in words. Raises NewsletterError."""
    now, act = timezone.now(), given.get("do")
    told = "The next digest of those who got it says so, once."
    if act == "down":
        settled = take_down(row, now=now, texts=_texts(given))
        return (
            f"Taken down: nobody is shown it from now on. {told} Open reports on it, now resolved: {settled}."
        )
    if act == "back":
        put_back(row, now=now)
        return "The summary is shown again. Who was not told of it yet is not told."
    if act == "amend":
        amend(row, given.get("claim", ""), given.get("text", ""), now=now)
        return f"Amended: pages say so at once, digests from their next composition on. {told}"
    raise Http404


def _texts(given: Any) -> dict[str, str] | None:
    """Return the operator's own words, where they gave some; else the usual ones are said."""
    text = " ".join(given.get("why", "").split())[:1000]
    return {"en": text} if text else None
