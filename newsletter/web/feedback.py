"""What a digest's feedback links open: the paper, and three acts. GET shows, POST acts.

Whoever has the mail has this power and no other: these pages show no address, no private topic and no other
paper. A POST needs the form of the page itself, bound to link and act, so that sending something blindly does
nothing; no cookie is set.
"""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.audience.tokens import VALID_FOR, Purpose, make_timed_token, read_timed_token
from newsletter.core.arxiv.papers import parse_id
from newsletter.core.digests.typography import short_name
from newsletter.languages import interface_language
from newsletter.models import PaperFeedback, Subscriber
from newsletter.models.taste import Act
from newsletter.subscribers.taste.acts import MOST_PAPERS, VERDICTS, TooManyPapersError, WithdrawnPaperError
from newsletter.subscribers.taste.mailed import (
    LinkedPaper,
    Unusable,
    act_by_link,
    open_link,
    undo_by_link,
)
from newsletter.web.pages import broken_link, csrf_failure, page, private
from newsletter.web.papers import FeedbackLink, Reader, show_paper

DO, AGAIN, UNDO = "do", "again", "undo"
"""What a form does. Again: it was taken for a program's, and is meant."""


@require_safe
@private
def paper(request: HttpRequest, token: str, arxiv_id: str) -> HttpResponse:
    """Show the paper's page with the three links."""
    asked = parse_id(arxiv_id)
    link = open_link(token, asked, now=timezone.now())
    if isinstance(link, Unusable):
        return unusable(request, link)
    if arxiv_id != link.paper.arxiv_id:
        return HttpResponseRedirect(url_of("feedback_paper", token, link))
    language, feedback = interface_language(link.subscriber.language), link.feedback()
    with translation.override(language):
        words = act_words()
        save_words = words[Act.SAVE]
        if _is_done(Act.SAVE, feedback):
            words[Act.SAVE] = gettext("Saved")
    reader = Reader(
        feedback=tuple(
            FeedbackLink(url_of("feedback_act", token, link, act=act), words[act], _is_done(act, feedback))
            for act in Act
        ),
        follow_url=url_of("feedback_follow", token, link),
        save_url=lambda key, other: _save_url(token, link, key, other),
        save_words=save_words,
    )
    return show_paper(request, link.paper, language=language, reader=reader)


@csrf_exempt  # the form's own field, bound to the link, is checked instead: no cookie is needed
@require_http_methods(["GET", "HEAD", "POST"])
@private
def act(request: HttpRequest, token: str, arxiv_id: str, act: Act) -> HttpResponse:
    """Show what the link does, or that it is done; POST does or undoes it."""
    now = timezone.now()
    link = open_link(token, parse_id(arxiv_id), now=now)
    if isinstance(link, Unusable):
        return unusable(request, link)
    if request.method != "POST":
        return _show(request, token, link, act=act, now=now)
    wanted = _wanted(request, token, link, act=act, now=now)
    if wanted is None:
        return csrf_failure(request)
    try:
        if wanted == UNDO:
            undo_by_link(link, act)
        elif not act_by_link(link, act, now=now, is_confirmed=wanted == AGAIN):
            return _show(request, token, link, act=act, now=now, is_refused=True)
    except WithdrawnPaperError:
        link.paper.is_withdrawn = True
        return _show(request, token, link, act=act, now=now)
    except TooManyPapersError:
        return _show(request, token, link, act=act, now=now, is_full=True)
    except Subscriber.DoesNotExist:  # erased a moment ago
        return broken_link(request)
    back = "?undone=1" if wanted == UNDO else ""
    return HttpResponseRedirect(f"{url_of('feedback_act', token, link, act=act)}{back}", status=303)


def act_words() -> dict[Act, str]:
    """Return what the links and buttons say."""
    return {
        # Translators: of a paper, into the reader's own list
        Act.SAVE: pgettext("paper", "Save"),
        Act.MORE: gettext("More like this"),
        Act.LESS: gettext("Not for me"),
    }


def _show(
    request: HttpRequest,
    token: str,
    link: LinkedPaper,
    *,
    act: Act,
    now: datetime,
    is_refused: bool = False,
    is_full: bool = False,
) -> HttpResponse:
    is_done = _is_done(act, link.feedback())
    do = UNDO if is_done else AGAIN if is_refused else DO
    language = interface_language(link.subscriber.language)
    with translation.override(language):
        button = act_words()[act]
    return page(
        request,
        template="feedback.html",
        status=429 if is_refused else 409 if is_full else 200,
        language=language,
        act=act.value,
        button=button,
        paper=link.paper.record,
        name=short_name(link.paper.title),
        is_done=is_done,
        is_undone="undone" in request.GET and not is_done,
        is_refused=is_refused,
        is_full=is_full,
        most=MOST_PAPERS,
        form=make_timed_token(Purpose.FEEDBACK_FORM, subject=_subject(token, link, act, do), now=now),
        paper_url=url_of("feedback_paper", token, link),
    )


def _wanted(request: HttpRequest, token: str, link: LinkedPaper, *, act: Act, now: datetime) -> str | None:
    """Return what the form does; None for one that did not come from this page, or is a day old."""
    subject = read_timed_token(
        request.POST.get("form", "")[:400],
        purpose=Purpose.FEEDBACK_FORM,
        now=now,
        max_age=VALID_FOR[Purpose.FEEDBACK_FORM],
    )
    return next((do for do in (DO, AGAIN, UNDO) if subject == _subject(token, link, act, do)), None)


def _subject(token: str, link: LinkedPaper, act: Act, do: str) -> str:
    return f"{token}/{link.paper.arxiv_id}/{act}/{do}"


def _is_done(act: Act, row: PaperFeedback | None) -> bool:
    if row is None:
        return False
    return row.saved_at is not None if act is Act.SAVE else row.verdict == VERDICTS[act]


def url_of(name: str, token: str, link: LinkedPaper, **more: object) -> str:
    return reverse(name, kwargs={"token": token, "arxiv_id": link.paper.arxiv_id, **more})


def _save_url(token: str, link: LinkedPaper, paper: int, arxiv_id: str) -> str:
    """Return where another paper is saved; nothing for one that the digest does not hold."""
    if paper not in link.delivery.paper_ids:
        return ""
    return reverse("feedback_act", kwargs={"token": token, "arxiv_id": arxiv_id, "act": Act.SAVE})


def unusable(request: HttpRequest, why: Unusable) -> HttpResponse:
    if why is Unusable.BROKEN:
        return broken_link(request)
    return page(request, template="feedback-gone.html", status=404, is_expired=why is Unusable.EXPIRED)
