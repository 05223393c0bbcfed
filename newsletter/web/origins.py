"""Check that forms come from our own pages, for every request that may change something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from newsletter.web.pages import csrf_failure

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110 §9.2.1)."""
_PORTS = {"http": 80, "https": 443}
View = Callable[..., HttpResponse]


class CheckOrigin:
    """Refuse forms from other sites' pages, unless the view allows them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if request.method in SAFE or getattr(view, "takes_any_origin", False):
            return None
        return csrf_failure(request) if is_from_elsewhere(request) else None


def takes_any_origin(view: View) -> View:
    """Mark a view for machine clients, authorised by a signature or a mailed link."""
    view.takes_any_origin = True  # type: ignore[attr-defined]  # as Django's csrf_exempt does
    return view


def is_from_elsewhere(request: HttpRequest) -> bool:
    """Whether the browser says that another site's page sent this (Fetch, "Origin"; Fetch Metadata).

    A client without both headers is no browser, so it acts for nobody else.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    own = (settings.CONFIG.base_url, f"{request.scheme}://{request.get_host()}")
    return origin is not None and _origin(origin) not in map(_origin, own)


def _origin(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port as browsers compare them; None for ``null`` and invalid URLs."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or _PORTS.get(parts.scheme)
