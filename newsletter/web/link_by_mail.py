"""Mail a reader the link to their page; the answer does not reveal who is a reader."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter.errors import BadInput
from newsletter.subscribers.signup import checked_mailbox, request_link
from newsletter.web.clients import client_address
from newsletter.web.constant_time import constant_time
from newsletter.web.outbox import outbox_link
from newsletter.web.pages import page
from newsletter.web.rendered import rendered_once
from newsletter.web.signup import HONEYPOT, LONGEST, is_by_a_machine


# As at sign-up: nobody is signed in, so no CSRF token and no cookie (ADR 17).
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@rendered_once()
def link_by_mail(request: HttpRequest) -> HttpResponse:
    """Ask for the address; POST answers the same for every address."""
    email = request.POST.get("email", "").strip()[: LONGEST["email"]]
    problem = _problem(email) if request.method == "POST" else ""
    if request.method == "POST" and not problem:
        if not is_by_a_machine(request.POST):
            with constant_time():
                request_link(email, ip=client_address(request), now=timezone.now())
        return page(request, template="link-sent.html", outbox=outbox_link(request))
    return page(
        request,
        template="link-by-mail.html",
        status=400 if problem else 200,
        email=email,
        problem=problem,
        honeypot=HONEYPOT,
    )


def _problem(email: str) -> str:
    try:
        checked_mailbox(email)
    except BadInput:
        return gettext("This is not an e-mail address we can send to. Write one such as ada@example.org.")
    return ""
