"""The security headers of every response. Content-Security-Policy: CSP level 3; no page needs a script."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PAGE_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SCRIPT_CSP = f"{PAGE_CSP}; script-src 'self'"
"""For pages with an optional script of ours."""
ADMIN_CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
MAIL_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""For a mail's HTML, whose styles are inline; still nothing from another host."""


class SecurityHeaders:
    """Set the policy of each response, unless its view has set one.

    Referrer-Policy is Django's ``same-origin``, not ``no-referrer``: under the latter browsers send
    ``Origin: null`` with a form, which the CSRF check refuses. Neither sends a token to another site.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        policy = ADMIN_CSP if request.path_info.startswith("/admin/") else PAGE_CSP
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response
