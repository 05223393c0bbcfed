"""About and privacy pages, filled in from the settings."""

from __future__ import annotations

from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from newsletter.subscribers.confirm import GRACE, VALID
from newsletter.web.pages import page
from newsletter.web.rendered import rendered_once


@require_safe
@rendered_once()
def privacy(request: HttpRequest) -> HttpResponse:
    config = settings.CONFIG
    return page(
        request,
        template="privacy.html",
        operator=_operator(),
        days=(VALID + GRACE).days,
        mail_days=config.retention_digests_days,
        report_days=config.retention_events_days,
    )


@require_safe
@rendered_once()
def about(request: HttpRequest) -> HttpResponse:
    return page(
        request, template="about.html", operator=_operator(), summariser=settings.CONFIG.summariser_name
    )


def _operator() -> dict[str, str]:
    """Return the operator's data; the page shows empty values as blanks."""
    config = settings.CONFIG
    return {
        "name": parseaddr(config.sender)[0] or config.name,
        "postal_address": config.postal_address,
        "contact": parseaddr(config.reply_to or config.sender)[1],
        "who_sees_mails": gettext(config.mailer_facts.privacy),
        "site": urlsplit(config.base_url).netloc,
    }
