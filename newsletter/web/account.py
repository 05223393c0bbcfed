"""Change of address, export and erasure, behind a fresh link that may change one thing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from newsletter.audience.tokens import Purpose, make_token
from newsletter.errors import BadInput
from newsletter.models import FreshLink
from newsletter.models.subscriber import Status
from newsletter.subscribers.account import (
    Fresh,
    Move,
    ask_to_move,
    change_of_link,
    move,
    open_fresh_link,
)
from newsletter.subscribers.export import export_everything
from newsletter.subscribers.unsubscribe import erase as erase_subscriber
from newsletter.web.clients import client_address
from newsletter.web.pages import broken_link, known_language, page, private


@require_http_methods(["GET", "HEAD", "POST"])
@private
def account(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link allows; POST requests a change of address."""
    link = open_fresh_link(token, now=timezone.now())
    if isinstance(link, Fresh):
        return broken_link(request)
    subscriber = link.subscriber
    email, problem, asked = "", "", False
    if request.method == "POST" and subscriber.status == Status.ACTIVE:
        email = request.POST.get("email", "").strip()
        with translation.override(known_language(subscriber.language)):
            problem = _ask(link, email=email, ip=client_address(request))
        asked = not problem
    return page(
        request,
        template="account.html",
        status=400 if problem else 200,
        language=known_language(subscriber.language),
        token=token,
        email=subscriber.email,
        is_reading=subscriber.status == Status.ACTIVE,
        new_email=email,
        problem=problem,
        has_asked=asked,
        preferences_token=make_token(Purpose.PREFERENCES, subject=subscriber.link_key),
    )


def _ask(link: FreshLink, *, email: str, ip: str) -> str:
    """Request the change; return an error message, if any."""
    try:
        if ask_to_move(link, email=email, ip=ip, now=timezone.now()):
            return ""
    except BadInput:
        return gettext("“%(given)s” is not another e-mail address.") % {"given": email[:80]}
    return gettext("The address was changed several times today. Please come back tomorrow.")


@require_safe
@private
def export(request: HttpRequest, token: str) -> HttpResponse:
    """Return everything that is stored of the reader, as a JSON file."""
    now = timezone.now()
    link = open_fresh_link(token, now=now)
    if isinstance(link, Fresh):
        return broken_link(request)
    response = JsonResponse(
        export_everything(link.subscriber, now=now), json_dumps_params={"ensure_ascii": False, "indent": 2}
    )
    response.headers["Content-Disposition"] = f'attachment; filename="arxiv-digest-{now:%Y-%m-%d}.json"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@private
def erase(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks; POST erases. A repeat shows success."""
    now = timezone.now()
    link = open_fresh_link(token, now=now)
    if link is Fresh.ERASED:
        return page(request, template="account-erased.html")
    if isinstance(link, Fresh):
        return broken_link(request)
    subscriber = link.subscriber
    language = known_language(subscriber.language)
    if request.method == "POST":
        erase_subscriber(subscriber, now=now)
        return page(request, template="account-erased.html", language=language)
    return page(
        request, template="account-erase.html", language=language, token=token, email=subscriber.email
    )


@require_http_methods(["GET", "HEAD", "POST"])
@private
def address(request: HttpRequest, token: str) -> HttpResponse:
    """The link that was mailed to a new address: GET asks, POST confirms."""
    now = timezone.now()
    change = change_of_link(token, now=now)
    if change is None:
        return broken_link(request)
    subscriber = change.subscriber
    became = Move.DONE if subscriber.email_key == change.email_key else None
    if request.method == "POST":
        became = move(change, now=now)
    return page(
        request,
        template="address.html",
        status=409 if became is Move.TAKEN else 200,
        language=known_language(subscriber.language),
        email=change.email,
        became=became.name if became else "",
    )
