"""Lists of a reader's papers: saved, more like this, not for me, brought along; by months, each removable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from newsletter.core.arxiv.links import abstract_url, pdf_url
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.languages import interface_language
from newsletter.models import Paper, PaperFeedback, Subscriber
from newsletter.subscribers.taste.acts import take_back
from newsletter.subscribers.taste.listing import Shelf, counts, shelf
from newsletter.web.own_page import subscriber_of
from newsletter.web.pages import broken_link, page, private

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


@require_http_methods(["GET", "HEAD", "POST"])
@private
def saved(request: HttpRequest, token: str) -> HttpResponse:
    """Show one list; POST takes a paper off it."""
    subscriber = subscriber_of(token)
    if subscriber is None:
        return broken_link(request)
    name = _name(request)
    if request.method == "POST":
        try:
            remove_paper(subscriber, request.POST.get("paper", ""))
        except Subscriber.DoesNotExist:  # erased a moment ago
            return broken_link(request)
        number = Paginator(shelf(subscriber, name), ON_A_PAGE).get_page(request.GET.get("page")).number
        return HttpResponseRedirect(f"{request.path}?list={name}&page={number}&done=removed", status=303)
    language = interface_language(subscriber.language)
    shown = Paginator(shelf(subscriber, name), ON_A_PAGE).get_page(request.GET.get("page"))
    papers = shelved({name: list(shown.object_list)}, subscriber=subscriber)[name]
    with translation.override(language):
        names = shelf_names()
    return page(
        request,
        template="saved.html",
        language=language,
        token=token,
        shelf=name,
        names=names,
        number=counts(subscriber),
        months=[(month, list(group)) for month, group in groupby(papers, lambda each: f"{each.at:%Y-%m}")],
        page=shown,
        done=request.GET.get("done", ""),
    )


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
    known = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=ids)}
    return {
        name: [_shelved(row, known.get(row.arxiv_id), name=name, subscriber=subscriber) for row in rows]
        for name, rows in shelves.items()
    }


def _shelved(row: PaperFeedback, paper: Paper | None, *, name: Shelf, subscriber: Subscriber) -> ShelvedPaper:
    at = row.saved_at if name is Shelf.SAVED and row.saved_at else row.at
    return ShelvedPaper(
        record=row.record,
        at=timezone.localtime(at, subscriber.zone),
        url=reverse("paper", kwargs={"arxiv_id": row.arxiv_id}) if paper else abstract_url(row.record),
        pdf_url=pdf_url(paper.record if paper else row.record),
        version=paper.version if paper else row.version,
        is_withdrawn=bool(paper and paper.is_withdrawn),
    )
