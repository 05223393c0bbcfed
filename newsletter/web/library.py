"""Bring a library: text, a file, Zotero, ORCID. What was found is shown; a second button keeps it.

A key for Zotero is used for the one request and not kept. A file, Zotero and ORCID may take long, so only a
few are read at once: the others' pages must not wait.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from newsletter.adapters import registry
from newsletter.adapters.library.files import read_library
from newsletter.core.taste.library import ReadLibrary, Unread
from newsletter.errors import BadInput, NewsletterError
from newsletter.languages import interface_language
from newsletter.models import LibraryImport, Subscriber
from newsletter.subscribers.taste.acts import MOST_PAPERS, TooManyPapersError, feedback_on
from newsletter.subscribers.taste.imports import begin_import, drop_import, keep_import, search_of
from newsletter.subscribers.taste.lookup import Reason
from newsletter.web.own_page import subscriber_of
from newsletter.web.pages import broken_link, page, private

log = logging.getLogger(__name__)

LONGEST_PASTE = 100_000
PATIENCE = 45.0
"""Seconds for Zotero and ORCID: below what proxies wait for an answer."""
SHOWN = 100
"""Papers and entries of each kind; the rest is counted."""
_AT_ONCE = BoundedSemaphore(2)


@dataclass(slots=True)
class Problem:
    """Why nothing was read: a sentence, and in English what was found wrong."""

    field: str
    sentence: str
    detail: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@private
def library(request: HttpRequest, token: str) -> HttpResponse:
    """Show the forms, or what was found; POST reads, keeps or drops."""
    subscriber = subscriber_of(token)
    if subscriber is None:
        return broken_link(request)
    answer: HttpResponse | Problem | None = None
    if request.method == "POST":
        do = request.POST.get("do", "")
        try:
            with translation.override(interface_language(subscriber.language)):
                if do == "keep":
                    answer = _keep(request, token, subscriber)
                elif do == "drop":
                    drop_import(subscriber)
                    answer = HttpResponseRedirect(request.path, status=303)
                else:
                    answer = _read(request, subscriber, do=do)
        except Subscriber.DoesNotExist:  # erased a moment ago
            return broken_link(request)
    if isinstance(answer, HttpResponse):
        return answer
    return _show(request, token, subscriber, problem=answer)


def _keep(request: HttpRequest, token: str, subscriber: Subscriber) -> HttpResponse | Problem:
    try:
        kept = keep_import(subscriber, now=timezone.now())
    except TooManyPapersError:
        return Problem(
            "keep",
            gettext("With these you would have more than %(most)s papers. Remove some first, or bring fewer.")
            % {"most": f"{MOST_PAPERS:,}"},
        )
    if kept is None:  # pressed twice, or dropped in another tab
        return HttpResponseRedirect(request.path, status=303)
    return HttpResponseRedirect(f"{reverse('taste', kwargs={'token': token})}?done=imported", status=303)


def _read(request: HttpRequest, subscriber: Subscriber, *, do: str) -> HttpResponse | Problem | None:
    """Read what was sent, and begin to look it up."""
    if do not in READERS:
        return None
    if not _AT_ONCE.acquire(blocking=False):
        return Problem(do, gettext("Others bring their libraries right now. Please try again in a minute."))
    try:
        name, found = READERS[do](request)
    except BadInput as error:
        return Problem(do, gettext("This could not be read:"), str(error))
    except NewsletterError as error:
        log.warning("a library could not be read: %s", error)
        return Problem(do, gettext("No answer came. Please try again later:"), str(error))
    finally:
        _AT_ONCE.release()
    if not found.entries and not found.problems:
        return Problem(do, gettext("Nothing was found in it."))
    if not begin_import(subscriber, found, name=name, now=timezone.now()):
        return Problem(do, gettext("Many libraries were brought today already. Please come back tomorrow."))
    return HttpResponseRedirect(request.path, status=303)


def _pasted(request: HttpRequest) -> tuple[str, ReadLibrary]:
    text = request.POST.get("text", "")
    if len(text) > LONGEST_PASTE:
        raise BadInput(f"it has more than {LONGEST_PASTE:,} characters: give it as a file")
    return gettext("what you pasted"), read_library(text.encode())


def _file(request: HttpRequest) -> tuple[str, ReadLibrary]:
    file = request.FILES.get("file")
    if file is None:
        raise BadInput("choose a file first")
    return file.name or "", read_library(file.read())


def _zotero(request: HttpRequest) -> tuple[str, ReadLibrary]:
    which = request.POST.get("zotero", "").strip()[:200]
    kind = "groups/" if request.POST.get("kind") == "group" and which.isdigit() else ""
    service = replace(registry.zotero(settings.CONFIG), give_up_after=PATIENCE)
    found = service.read(f"{kind}{which}", key=request.POST.get("key", "").strip()[:200])
    return f"Zotero {which}", found


def _orcid(request: HttpRequest) -> tuple[str, ReadLibrary]:
    which = request.POST.get("orcid", "").strip()[:100]
    service = replace(registry.orcid(settings.CONFIG), give_up_after=PATIENCE)
    return f"ORCID {which}", service.read(which)


READERS = {"paste": _pasted, "file": _file, "zotero": _zotero, "orcid": _orcid}


# --- showing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FoundPaper:
    title: str
    arxiv_id: str
    note: str
    """Why it is not new; empty for one that is."""


def _show(
    request: HttpRequest, token: str, subscriber: Subscriber, *, problem: Problem | None
) -> HttpResponse:
    language = interface_language(subscriber.language)
    row = LibraryImport.objects.filter(subscriber=subscriber).first()
    with translation.override(language):
        values = _values(row, subscriber) if row else {}
    sent = {name: request.POST.get(name, "") for name in ("text", "zotero", "kind", "orcid")}
    return page(
        request,
        template="library.html",
        status=400 if problem else 200,
        language=language,
        token=token,
        row=row,
        problem=problem,
        sent=sent,
        longest=LONGEST_PASTE,
        **values,
    )


def _values(row: LibraryImport, subscriber: Subscriber) -> dict[str, Any]:
    search = search_of(row)
    papers = search.papers()
    known = feedback_on(subscriber, [paper.arxiv_id for paper in papers])
    found = [
        FoundPaper(
            paper.title,
            paper.arxiv_id,
            gettext("withdrawn by its authors, and not kept")
            if paper.is_withdrawn
            else gettext("you have it already")
            if paper.arxiv_id in known
            else "",
        )
        for paper in papers
    ]
    reasons = {
        Reason.NOT_FOUND: gettext("not found"),
        Reason.NOT_ASKED: gettext("not looked up: at most a hundred titles are"),
        Reason.UNANSWERED: gettext("arXiv gave no answer"),
    }
    return {
        "found": found,
        "new": sum(not each.note for each in found),
        "missing": [(text, reasons[reason]) for text, reason in search.missing],
        "problems": [(line, text, _unread(reason)) for line, text, reason in row.problems],
        "shown": SHOWN,
    }


def _unread(name: str) -> str:
    """Return why a line was not read, in the reader's language."""
    return {
        "NOT_UNDERSTOOD": gettext("no arXiv id, arXiv address or DOI was found in it"),
        "BROKEN": gettext("it is broken and was left out"),
        "EMPTY": gettext("it has no arXiv id, no DOI and no title"),
        "TOO_MANY": gettext("from here on nothing was read: at most 5,000 entries at a time"),
        "TOO_MUCH_TEX": gettext("from here on nothing was read: it is too much TeX for one time"),
        "ENCODING": gettext("it is not UTF-8, so it was read as Windows-1252: check the names"),
        "MORE": gettext("as many more were left out"),
    }.get(name) or str(Unread[name])
