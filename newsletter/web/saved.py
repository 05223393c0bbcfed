"""Lists of a reader's papers: saved, more like this, not for me, brought along; by months.

Each paper can be removed, and have a note of the reader's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import quote

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from newsletter.core.arxiv.links import abstract_url, pdf_url
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import BadInput
from newsletter.languages import interface_language
from newsletter.models import Paper, PaperFeedback, Subscriber
from newsletter.models.taste import LONGEST_NOTE
from newsletter.subscribers.taste.acts import keep_note, take_back
from newsletter.subscribers.taste.listing import Shelf, counts, shelf
from newsletter.web.cards import Card, card_of, cards_of
from newsletter.web.own_page import subscriber_of
from newsletter.web.pages import broken_link, current_language, page, private

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelvedPaper:
    record: PaperRecord
    """As it was kept."""
    at: datetime
    """When it was put here, in the reader's zone."""
    url: str
    """Its page here where it was gathered, else arXiv's."""
    pdf_url: str
    version: int
    """arXiv's present one, as far as is known."""
    is_withdrawn: bool
    updated_at: datetime
    """When that version was submitted, in the reader's zone."""
    card: Card
    """What its summary says, where it was gathered and has one."""
    note: str

    @property
    def is_revised(self) -> bool:
        return self.version > self.record.version


@require_http_methods(["GET", "HEAD", "POST"])
@private
def saved(request: HttpRequest, token: str) -> HttpResponse:
    """Show one list; POST takes a paper off it, or keeps a note."""
    subscriber = subscriber_of(token)
    if subscriber is None:
        return broken_link(request)
    name, problem, at_fault = _name(request), "", ""
    if request.method == "POST":
        where = request.POST.get("paper", "")
        try:
            with translation.override(interface_language(subscriber.language)):
                problem = _note(request, subscriber, where) if "note" in request.POST else ""
            if "note" not in request.POST:
                remove_paper(subscriber, where)
        except Subscriber.DoesNotExist:  # erased a moment ago
            return broken_link(request)
        if not problem:
            return HttpResponseRedirect(_after(request, subscriber, name, where), status=303)
        at_fault = where.partition(":")[2]
    return _show(request, token, subscriber, name=name, problem=problem, at_fault=at_fault)


def _show(
    request: HttpRequest, token: str, subscriber: Subscriber, *, name: Shelf, problem: str, at_fault: str
) -> HttpResponse:
    language = interface_language(subscriber.language)
    shown = Paginator(shelf(subscriber, name), ON_A_PAGE).get_page(request.GET.get("page"))
    with translation.override(language):
        papers = shelved({name: list(shown.object_list)}, subscriber=subscriber)[name]
        names = shelf_names()
    return page(
        request,
        template="saved.html",
        status=400 if problem else 200,
        language=language,
        token=token,
        shelf=name,
        names=names,
        number=counts(subscriber),
        months=[(month, list(group)) for month, group in groupby(papers, lambda each: f"{each.at:%Y-%m}")],
        page=shown,
        done=request.GET.get("done", "") if request.method != "POST" else "",
        problem=problem,
        at_fault=at_fault,
        given=request.POST.get("note", "")[: 4 * LONGEST_NOTE] if problem else "",
        longest=LONGEST_NOTE,
    )


def _note(request: HttpRequest, subscriber: Subscriber, where: str) -> str:
    """Return a sentence where the note is not kept."""
    try:
        keep_note(subscriber, where.partition(":")[2], request.POST["note"])
    except BadInput:
        return gettext("A note has at most %(most)s characters.") % {"most": LONGEST_NOTE}
    return ""


def _after(request: HttpRequest, subscriber: Subscriber, name: Shelf, where: str) -> str:
    number = Paginator(shelf(subscriber, name), ON_A_PAGE).get_page(request.GET.get("page")).number
    done, place = (
        ("noted", f"#p{quote(where.partition(':')[2])}") if "note" in request.POST else ("removed", "")
    )
    return f"{request.path}?list={name}&page={number}&done={done}{place}"


def _name(request: HttpRequest) -> Shelf:
    asked = request.GET.get("list", "")
    return Shelf(asked) if asked in set(Shelf) else Shelf.SAVED


def remove_paper(subscriber: Subscriber, where: str) -> None:
    """Take a paper off a list: ``saved:2606.01234``. Anything else removes nothing."""
    name, _, arxiv_id = where.partition(":")
    if name in set(Shelf):
        take_back(subscriber, [arxiv_id[:40]], act=Shelf(name).act)


def shelf_names() -> dict[Shelf, str]:
    return {
        Shelf.SAVED: gettext("Saved"),
        Shelf.MORE: gettext("More like this"),
        Shelf.LESS: gettext("Not for me"),
        Shelf.IMPORTED: gettext("Brought along"),
    }


def shelved(
    shelves: Mapping[Shelf, list[PaperFeedback]], *, subscriber: Subscriber
) -> dict[Shelf, list[ShelvedPaper]]:
    """Return the papers of lists, as they are now."""
    ids = {row.arxiv_id for rows in shelves.values() for row in rows}
    papers = list(Paper.objects.filter(arxiv_id__in=ids))
    known = dict(
        zip((paper.arxiv_id for paper in papers), zip(papers, cards_of(papers), strict=True), strict=True)
    )
    return {
        name: [_shelved(row, known.get(row.arxiv_id), name=name, subscriber=subscriber) for row in rows]
        for name, rows in shelves.items()
    }


def _shelved(
    row: PaperFeedback, known: tuple[Paper, Card] | None, *, name: Shelf, subscriber: Subscriber
) -> ShelvedPaper:
    at = row.saved_at if name is Shelf.SAVED and row.saved_at else row.at
    record = row.record
    paper, card = known or (None, card_of(record, None, language=current_language(), said_in=""))
    return ShelvedPaper(
        record=record,
        at=timezone.localtime(at, subscriber.zone),
        url=reverse("paper", kwargs={"arxiv_id": row.arxiv_id}) if paper else abstract_url(record),
        pdf_url=pdf_url(paper.record if paper else record),
        version=paper.version if paper else row.version,
        is_withdrawn=bool(paper and paper.is_withdrawn),
        updated_at=timezone.localtime(paper.updated_at if paper else row.published_at, subscriber.zone),
        card=card,
        note=row.note,
    )
