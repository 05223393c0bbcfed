"""A digest's link to follow an author of one of its papers: GET shows who, POST follows, and takes it back.

It is of the same kind as the links to save and like (``feedback.py``). Nobody is chosen beforehand, so a
program that sends the form as it finds it follows nobody.
"""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter.audience.tokens import VALID_FOR, Purpose, make_timed_token, read_timed_token
from newsletter.core.arxiv.papers import parse_id
from newsletter.core.digests.typography import short_name
from newsletter.errors import BadInput
from newsletter.languages import interface_language
from newsletter.models import Subscriber
from newsletter.subscribers.taste.authors import (
    MOST_AUTHORS,
    TooManyAuthorsError,
    follow_authors,
    name_key,
    unfollow_authors,
)
from newsletter.subscribers.taste.mailed import LinkedPaper, Unusable, open_link
from newsletter.web.feedback import unusable, url_of
from newsletter.web.pages import broken_link, csrf_failure, page, private


@csrf_exempt  # the form's own field, bound to link and paper, is checked instead: no cookie is needed
@require_http_methods(["GET", "HEAD", "POST"])
@private
def follow(request: HttpRequest, token: str, arxiv_id: str) -> HttpResponse:
    now = timezone.now()
    link = open_link(token, parse_id(arxiv_id), now=now)
    if isinstance(link, Unusable):
        return unusable(request, link)
    if request.method != "POST":
        return _show(request, token, link, now=now)
    if not _is_ours(request, token, link, now=now):
        return csrf_failure(request)
    chosen = [name for name in link.paper.authors if name == request.POST.get("author")][:1]
    if not chosen:
        return _show(request, token, link, now=now, problem="none")
    try:
        if "stop" in request.POST:
            unfollow_authors(link.subscriber, chosen)
        else:
            follow_authors(link.subscriber, chosen, now=now)
    except TooManyAuthorsError:
        return _show(request, token, link, now=now, problem="full")
    except BadInput:  # a name of nobody, as arXiv has some
        return _show(request, token, link, now=now, problem="none")
    except Subscriber.DoesNotExist:  # erased a moment ago
        return broken_link(request)
    number = link.paper.authors.index(chosen[0])
    done = "stopped" if "stop" in request.POST else "done"
    return HttpResponseRedirect(f"{url_of('feedback_follow', token, link)}?{done}={number}", status=303)


def _show(
    request: HttpRequest, token: str, link: LinkedPaper, *, now: datetime, problem: str = ""
) -> HttpResponse:
    followed = set(link.subscriber.followed_authors.values_list("name_key", flat=True))
    is_followed = {name: name_key(name) in followed for name in link.paper.authors}
    return page(
        request,
        template="feedback-follow.html",
        status={"none": 400, "full": 409}.get(problem, 200),
        language=interface_language(link.subscriber.language),
        paper=link.paper.record,
        name=short_name(link.paper.title),
        is_followed=is_followed,
        done=_named(request, "done", link),
        stopped=_named(request, "stopped", link),
        problem=problem,
        most=MOST_AUTHORS,
        form=make_timed_token(Purpose.FEEDBACK_FORM, subject=_subject(token, link), now=now),
        paper_url=url_of("feedback_paper", token, link),
    )


def _named(request: HttpRequest, parameter: str, link: LinkedPaper) -> str:
    """Return the author whose place among the authors the address names."""
    given = request.GET.get(parameter, "")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 5 else -1
    authors: list[str] = link.paper.authors
    return authors[number] if 0 <= number < len(authors) and request.method != "POST" else ""


def _is_ours(request: HttpRequest, token: str, link: LinkedPaper, *, now: datetime) -> bool:
    """Whether the form came from this page, at most a day ago."""
    given = request.POST.get("form", "")[:400]
    age = VALID_FOR[Purpose.FEEDBACK_FORM]
    return read_timed_token(given, purpose=Purpose.FEEDBACK_FORM, now=now, max_age=age) == _subject(
        token, link
    )


def _subject(token: str, link: LinkedPaper) -> str:
    return f"{token}/{link.paper.arxiv_id}/follow"
