"""The page of a confirmation link. GET shows what would happen; only POST does it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter.audience.tokens import Purpose, make_token
from newsletter.core.delivery.cadence import Cadence
from newsletter.models import SignUp
from newsletter.models.subscriber import Status
from newsletter.subscribers.confirm import confirm as confirm_sign_up
from newsletter.subscribers.confirm import find_sign_up, topics_of
from newsletter.web import schedules
from newsletter.web.clients import client_address
from newsletter.web.pages import broken_link, known_language, page, private


# The mailed link authorises, as with unsubscribe; browsers without cookies can confirm too.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show the request and a button; POST activates the reader, once."""
    sign_up = find_sign_up(token, now=timezone.now())
    if sign_up is None:
        return broken_link(request)
    if request.method == "POST":
        confirm_sign_up(sign_up, ip=client_address(request), now=timezone.now())
    sign_up.refresh_from_db()
    return _show(request, sign_up)


def _show(request: HttpRequest, sign_up: SignUp) -> HttpResponse:
    subscriber, language = sign_up.subscriber, known_language(sign_up.preferences["language"])
    is_done = subscriber.status == Status.ACTIVE
    if sign_up.confirmed_at is not None and not is_done:
        return broken_link(request)  # confirmed before, and has left since: needs a new sign-up
    with translation.override(language):
        cadence = schedules.in_words(Cadence.parse(sign_up.preferences["cadence"]))
    return page(
        request,
        template="confirmed.html" if is_done else "confirm.html",
        language=language,
        email=subscriber.email,
        preferences=sign_up.preferences,
        cadence=cadence,
        topics=[topic.name_in(language) for topic in topics_of(sign_up)],
        query=sign_up.preferences.get("query", ""),
        text_shown=sign_up.text_shown,
        preferences_token=make_token(Purpose.PREFERENCES, subject=subscriber.link_key) if is_done else "",
    )
