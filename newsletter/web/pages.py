"""Shared by all pages: rendering in a language, private pages, error pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.urls import reverse
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext

from newsletter.core.digests.languages import is_han, tag
from newsletter.languages import interface_language

View = Callable[..., HttpResponse]
PUBLIC = "newsletter.is_public"
"""In ``request.META``: the page is the same for everybody, so search engines may keep it under its path."""


def page(
    request: HttpRequest,
    *,
    template: str,
    status: int = 200,
    language: str | None = None,
    canonical: str = "",
    **values: Any,
) -> HttpResponse:
    """Render a page in ``language``, or in the one the browser asked for.

    ``canonical``: the one address of a public page, where that is not its path.
    """
    language = language or current_language()
    if not canonical and status == 200 and PUBLIC in request.META:
        canonical = f"{settings.CONFIG.base_url}{request.path}"
    values["canonical"] = canonical
    with translation.override(language):
        values |= {"lang": tag(language), "language": language, "service": service_name()}
        values["gap"] = sentence_gap(language)
        content = loader.render_to_string(template, values, request, using="jinja2")
    response = HttpResponse(content, status=status)
    response.headers["Content-Language"] = tag(language)
    return response


def public_url(name: str, **arguments: object) -> str:
    """Return the whole address of a page."""
    return f"{settings.CONFIG.base_url}{reverse(name, kwargs=arguments)}"


def sentence_gap(language: str) -> str:
    """Return what stands between two sentences: in Chinese nothing."""
    return "" if is_han(language) else " "


def current_language() -> str:
    return interface_language(translation.get_language() or "")


def service_name() -> str:
    """Return the service's name; its default one is translated."""
    name: str = settings.CONFIG.name
    return gettext("arXiv digest") if name == "arXiv digest" else name


def private(view: View) -> View:
    """Keep a page behind a personal link out of caches and search engines."""

    @wraps(view)
    def wrapped(request: HttpRequest, **arguments: str) -> HttpResponse:
        response = view(request, **arguments)
        add_never_cache_headers(response)
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


def broken_link(request: HttpRequest) -> HttpResponse:
    """Answer a forged, expired, truncated or wrong-purpose token: the same page for all."""
    return page(request, template="broken-link.html", status=404)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    return page(request, template="not-found.html", status=404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    return page(request, template="form-expired.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer when a view failed. It uses neither database nor reader's language, which may have failed."""
    return page(request, template="server-error.html", status=500)
