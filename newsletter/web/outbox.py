"""The outbox, readable in a browser: only with the outbox mailer, from this machine or with its token."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import wraps
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from newsletter.web.access import ask_for_token, has_token, is_this_machine
from newsletter.web.headers import MAIL_CSP
from newsletter.web.hosts import LOCAL
from newsletter.web.pages import page

NEWEST = 200
"""Mails in the list; older ones can be opened by id."""
FRAME = "allow-popups allow-popups-to-escape-sandbox"
"""Sandbox of the mail's frame: it may only open links in new tabs."""
_ID = re.compile(r"[0-9a-f-]{32,36}")
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMail:
    mail_id: str
    subject: str
    to: str
    date: datetime | None


def outbox_link(request: HttpRequest) -> str:
    """Return the way to the outbox, where mail stays here and who asks may read it; else nothing."""
    return reverse("outbox") if settings.CONFIG.mailer == "outbox" and _is_private(request) else ""


def _is_private(request: HttpRequest) -> bool:
    # Of a site with a name of its own, a proxy that adds no header could be taken for this machine.
    return settings.BASE_HOST in LOCAL and is_this_machine(request)


def for_the_operator(view: View) -> View:
    """Answer 404 unless the mailer is the outbox, and the request is local or has the token."""

    @wraps(view)
    def wrapped(request: HttpRequest, **arguments: str) -> HttpResponse:
        if settings.CONFIG.mailer != "outbox":
            raise Http404
        token = settings.CONFIG.outbox_token
        if _is_private(request) or has_token(request, token):
            response = view(request, **arguments)
        elif token:
            response = ask_for_token("Basic")
        else:
            raise Http404
        response.headers["Cache-Control"] = "no-store"
        return response

    return wrapped


@require_safe
@for_the_operator
def outbox(request: HttpRequest) -> HttpResponse:
    """List the newest mails by when they were written."""
    paths = list(_folder().glob("*.eml")) if _folder().is_dir() else []
    newest = heapq.nlargest(NEWEST, paths, key=lambda path: path.stat().st_mtime)
    return page(
        request,
        template="outbox.html",
        mails=[_listed(path) for path in newest],
        total=len(paths),
        folder=str(_folder()),
    )


@require_safe
@for_the_operator
def outbox_mail(request: HttpRequest, mail_id: str) -> HttpResponse:
    path = _path(mail_id)
    message = _read(path)
    text = message.get_body(("plain",))
    return page(
        request,
        template="outbox-mail.html",
        mail=_listed(path),
        size=path.stat().st_size,
        headers=[(name, str(value)) for name, value in message.items()],
        has_html=message.get_body(("html",)) is not None,
        text=text.get_content() if text else "",
        frame=FRAME,
    )


@require_safe
@for_the_operator
@xframe_options_sameorigin
def outbox_html(request: HttpRequest, mail_id: str) -> HttpResponse:  # noqa: ARG001 - a view
    """Return a mail's HTML for the frame; its links open in a new tab, and nothing in it runs."""
    part = _read(_path(mail_id)).get_body(("html",))
    if part is None:
        raise Http404
    html = _HEAD.sub(lambda found: f'{found[0]}<base target="_blank">', part.get_content(), count=1)
    response = HttpResponse(html)
    csp = MAIL_CSP.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    response.headers["Content-Security-Policy"] = f"{csp}; sandbox {FRAME}"
    return response


@require_safe
@for_the_operator
def outbox_raw(request: HttpRequest, mail_id: str) -> HttpResponse:  # noqa: ARG001 - a view
    path = _path(mail_id)
    response = HttpResponse(path.read_bytes(), content_type="message/rfc822")
    response.headers["Content-Disposition"] = f'attachment; filename="{path.name}"'
    return response


def _folder() -> Path:
    folder: Path = settings.CONFIG.outbox_folder
    return folder


def _path(mail_id: str) -> Path:
    path = _folder() / f"{mail_id}.eml"
    if not _ID.fullmatch(mail_id) or not path.is_file():
        raise Http404
    return path


def _read(path: Path) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(_class=EmailMessage, policy=policy.default).parse(file)


def _listed(path: Path) -> ListedMail:
    with path.open("rb") as file:
        headers = BytesParser(_class=EmailMessage, policy=policy.default).parse(file, headersonly=True)
    date = headers["date"]
    return ListedMail(
        mail_id=path.stem,
        subject=str(headers["subject"] or ""),
        to=str(headers["to"] or ""),
        date=getattr(date, "datetime", None),
    )
