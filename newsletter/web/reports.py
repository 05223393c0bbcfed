"""Reporting a mistake: the form below a paper's summary, on a page of its own when something is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.core.digests.typography import cut
from newsletter.models import Paper
from newsletter.models.report import LONGEST_NOTE, Mistake
from newsletter.subscribers.reports import Report, find_claim, report_mistake
from newsletter.web.citations import Reading, reading_of
from newsletter.web.clients import client_address
from newsletter.web.pages import current_language, page
from newsletter.web.rendered import rendered_once
from newsletter.web.signup import HONEYPOT, clean, is_by_a_machine

WHOLE_PAGE = "page"
LONGEST_CLAIM = 110
"""Characters of a claim in the list to choose from."""


@dataclass(slots=True)
class ReportForm:
    """What can be chosen, what was, and what is wrong about it."""

    action: str
    claims: list[tuple[str, str]]
    """(key, claim as far as it fits)."""
    mistakes: list[tuple[str, str]]
    values: dict[str, str] = field(default_factory=lambda: dict.fromkeys(("claim", "what", "note"), ""))
    errors: dict[str, str] = field(default_factory=dict)
    longest_note: int = LONGEST_NOTE
    honeypot: str = HONEYPOT

    def take(self, data: Mapping[str, str]) -> None:
        """Read what was sent. Line breaks are kept, other control characters are not."""
        for name in self.values:
            self.values[name] = clean(data.get(name, ""))

    def check(self, paper: Paper) -> None:
        claim, note = self.values["claim"], self.values["note"]
        if not claim:
            self.errors["claim"] = gettext("Choose the sentence that is wrong, or the page as a whole.")
        elif claim != WHOLE_PAGE and find_claim(paper, claim) is None:
            self.errors["claim"] = gettext("This sentence is no longer on the page. Please choose again.")
        if self.values["what"] not in Mistake.values:
            self.errors["what"] = gettext("Choose what is wrong about it.")
        if len(note) > LONGEST_NOTE:
            self.errors["note"] = gettext("At most %(most)s characters, please.") % {"most": LONGEST_NOTE}
        elif self.values["what"] == Mistake.OTHER and not note:
            self.errors["note"] = gettext("Say in a few words what is wrong.")

    @property
    def report(self) -> Report:
        claim = "" if self.values["claim"] == WHOLE_PAGE else self.values["claim"]
        return Report(claim_key=claim, what=Mistake(self.values["what"]), note=self.values["note"])


def report_form(paper: Paper, reading: Reading) -> ReportForm:
    """Return the empty form for what the page of ``paper`` shows."""
    claims = (claim for summary in reading.summaries for claim in summary.claims)
    return ReportForm(
        action=reverse("report", kwargs={"arxiv_id": paper.arxiv_id}),
        claims=[
            *((claim.key, cut(claim.text, limit=LONGEST_CLAIM)) for claim in claims),
            (WHOLE_PAGE, gettext("The page as a whole: a fact, a link, a figure")),
        ],
        mistakes=_mistakes(),
    )


def _mistakes() -> list[tuple[str, str]]:
    return [
        (Mistake.QUOTE.value, gettext("The quote does not say this")),
        (Mistake.NUMBER.value, gettext("A number is wrong, or is of something else")),
        (Mistake.NOT_THEIRS.value, gettext("This is the work of others, not of this paper")),
        (Mistake.MISLEADING.value, gettext("It is true, but misleads")),
        (Mistake.WORDING.value, gettext("The wording or the translation is wrong")),
        (Mistake.FACT.value, gettext("A fact, a link or a figure is wrong")),
        (Mistake.OTHER.value, gettext("Something else")),
    ]


# Nobody is signed in here, so there is no token and no cookie (ADR 17).
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@rendered_once()
def report(request: HttpRequest, arxiv_id: str) -> HttpResponse:
    """Show the form alone; POST keeps the report, or shows what is missing."""
    paper = _find(arxiv_id)
    form = report_form(paper, reading_of(paper, language=current_language()))
    if request.method != "POST":
        return _show(request, paper, form)
    form.take(request.POST)
    form.check(paper)
    if form.errors:
        return _show(request, paper, form, status=400)
    is_kept = is_by_a_machine(request.POST) or report_mistake(
        paper, report=form.report, ip=client_address(request), now=timezone.now()
    )
    if not is_kept:
        return page(request, template="report-full.html", status=429, paper=paper.record)
    return redirect("report_thanks", arxiv_id=paper.arxiv_id)


@require_safe
@rendered_once()
def thanks(request: HttpRequest, arxiv_id: str) -> HttpResponse:
    return page(request, template="report-thanks.html", paper=_find(arxiv_id).record)


def _find(arxiv_id: str) -> Paper:
    found = Paper.objects.filter(arxiv_id=arxiv_id).first()
    if found is None:
        raise Http404
    return found


def _show(request: HttpRequest, paper: Paper, form: ReportForm, *, status: int = 200) -> HttpResponse:
    return page(request, template="report.html", status=status, paper=paper.record, report=form)
