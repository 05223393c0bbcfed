"""robots.txt (RFC 9309): what crawlers leave alone, and where the sitemap is."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from newsletter.web.pages import public_url

CLOSED = ("/admin/", "/hooks/", "/outbox/", "/search", "/metrics")
"""Personal pages are not named: a crawler must open one to see that it is not to be indexed."""


@require_safe
def robots(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in CLOSED),
        f"Sitemap: {public_url('sitemap')}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
