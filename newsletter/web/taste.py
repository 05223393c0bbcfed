"""The page "What I like": words, authors, papers, switches; each can be removed, and all of it forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.core.arxiv.cite import Form
from newsletter.errors import BadInput
from newsletter.languages import interface_language
from newsletter.models import LibraryImport, Subscriber
from newsletter.subscribers.taste.authors import (
    MOST_AUTHORS,
    TooManyAuthorsError,
    follow_authors,
    unfollow_authors,
)
from newsletter.subscribers.taste.forget import forget_taste
from newsletter.subscribers.taste.listing import Shelf, describe_taste, kept_papers, present_papers, shelves
from newsletter.subscribers.taste.switches import SWITCHES, mute_term, set_switches, unmute_term
from newsletter.subscribers.taste.words import profile_words
from newsletter.web.cite import answer
from newsletter.web.own_page import subscriber_of
from newsletter.web.pages import broken_link, page, private
from newsletter.web.saved import remove_paper, shelf_names, shelved
from newsletter.web.saved_export import FORMS, exported

SHOWN = 5
"""Papers of each list: the newest. Its own page has them all."""
MOST_TERMS = 400
CITED = {"bib": Form.BIBTEX, "ris": Form.RIS, "csl": Form.CSL}
"""How the address of an export ends; ``json`` is everything known of the subscriber."""


@require_http_methods(["GET", "HEAD", "POST"])
@private
def taste(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page; POST changes one thing."""
    subscriber = subscriber_of(token)
    if subscriber is None:
        return broken_link(request)
    problem = ""
    if request.method == "POST":
        act = ACTIONS.get(request.POST.get("do", ""))
        if act is None:
            return HttpResponseRedirect(request.path, status=303)
        try:
            with translation.override(interface_language(subscriber.language)):
                problem = act(request, subscriber, timezone.now())
        except Subscriber.DoesNotExist:  # erased a moment ago
            return broken_link(request)
        if not problem:
            return HttpResponseRedirect(f"{request.path}?done={request.POST['do']}", status=303)
    return _show(request, token, subscriber, problem=problem)


def _switch(request: HttpRequest, subscriber: Subscriber, now: datetime) -> str:  # noqa: ARG001 - an action
    set_switches(subscriber, {name: name in request.POST for name in SWITCHES})
    return ""


def _follow(request: HttpRequest, subscriber: Subscriber, now: datetime) -> str:
    given = request.POST.get("name", "")
    try:
        follow_authors(subscriber, [given], now=now)
    except TooManyAuthorsError:
        return gettext("You follow %(most)s authors already: remove one first.") % {"most": MOST_AUTHORS}
    except BadInput:
        return gettext("“%(given)s” is not a name. Write one such as Ada Lovelace.") % {"given": given[:80]}
    return ""


def _unfollow(request: HttpRequest, subscriber: Subscriber, now: datetime) -> str:  # noqa: ARG001 - an action
    unfollow_authors(subscriber, [request.POST.get("name", "")])
    return ""


def _mute(request: HttpRequest, subscriber: Subscriber, now: datetime) -> str:  # noqa: ARG001 - an action
    """Mute a word of a profile; one that no profile has (any more) is none."""
    key = request.POST.get("word", "")
    known = {
        word.key: word.surface
        for words in profile_words(subscriber, most=MOST_TERMS)
        for word in (*words.lifts, *words.lowers)
    }
    try:
        if key in known:
            mute_term(subscriber, key, surface=known[key])
    except BadInput:
        return gettext("So many words are left out already that no more are kept: put some back first.")
    return ""


def _unmute(request: HttpRequest, subscriber: Subscriber, now: datetime) -> str:  # noqa: ARG001 - an action
    unmute_term(subscriber, request.POST.get("word", ""))
    return ""


def _remove(request: HttpRequest, subscriber: Subscriber, now: datetime) -> str:  # noqa: ARG001 - an action
    remove_paper(subscriber, request.POST.get("paper", ""))
    return ""


def _forget(request: HttpRequest, subscriber: Subscriber, now: datetime) -> str:  # noqa: ARG001 - an action
    forget_taste(subscriber)
    return ""


ACTIONS: dict[str, Callable[[HttpRequest, Subscriber, datetime], str]] = {
    "switches": _switch,
    "follow": _follow,
    "unfollow": _unfollow,
    "mute": _mute,
    "unmute": _unmute,
    "remove": _remove,
    "forget": _forget,
}
"""Each returns a sentence when it is refused."""


def _show(request: HttpRequest, token: str, subscriber: Subscriber, *, problem: str) -> HttpResponse:
    language = interface_language(subscriber.language)
    kept = shelves(subscriber, most=SHOWN)
    with translation.override(language):
        names, papers = shelf_names(), shelved(kept.newest, subscriber=subscriber)
    learned = profile_words(subscriber)
    return page(
        request,
        template="taste.html",
        status=400 if problem else 200,
        language=language,
        token=token,
        subscriber=subscriber,
        number=kept.numbers,
        kept=kept.liked,
        words=[(each.topic.name_in(language) if each.topic else "", each) for each in learned],
        muted=sorted(subscriber.muted_terms.items(), key=lambda term: term[1]),
        authors=subscriber.followed_authors.order_by("name_key"),
        shelves=[(name, names[name], kept.numbers[name], papers[name]) for name in Shelf],
        waiting=LibraryImport.objects.filter(subscriber=subscriber).first(),
        problem=problem,
        given=request.POST.get("name", "")[:120] if problem else "",
        done=request.GET.get("done", "") if request.method != "POST" else "",
    )


@require_safe
@private
def export(request: HttpRequest, token: str, form: str) -> HttpResponse:
    """Return all of it as JSON; the papers of ``list``, or all saved and liked, as ``form`` says."""
    subscriber = subscriber_of(token)
    if subscriber is None:
        return broken_link(request)
    now, name = timezone.now(), request.GET.get("list", "")
    shelf = Shelf(name) if name in set(Shelf) else None
    called = f"{shelf}-papers-{now:%Y-%m-%d}" if shelf and form != "json" else f"what-i-like-{now:%Y-%m-%d}"
    response: HttpResponse
    if form == "json":
        known: dict[str, Any] = describe_taste(subscriber, now=now)
        response = JsonResponse(known, json_dumps_params={"ensure_ascii": False, "indent": 2})
    elif form in CITED:
        return answer(present_papers(kept_papers(subscriber, shelf)), form=CITED[form], name=called)
    elif form in FORMS:
        with translation.override(interface_language(subscriber.language)):
            content = exported(subscriber, form, shelf=shelf, now=now)
        response = HttpResponse(content, content_type=f"{FORMS[form]}; charset=utf-8")
    else:
        raise Http404
    response.headers["Content-Disposition"] = f'attachment; filename="{called}.{form}"'
    return response
