"""Allowed Host headers: the service's own or this machine's; any for probes."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.request import split_domain_port, validate_host

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
LOCAL = ("localhost", "127.0.0.1", "[::1]")


class CheckHost:
    """Refuse a foreign Host with 400.

    A probe's Host is replaced: orchestrators use names that Django refuses (``web_1:8000``), and no probe's
    answer depends on it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in PROBES:
            request.META["HTTP_HOST"] = "localhost"
        elif not _is_ours(request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")):
            return HttpResponseBadRequest(
                f"This service answers as {settings.BASE_HOST}. The operator sets that name with "
                "NEWSLETTER_BASE_URL.\n",
                content_type="text/plain; charset=utf-8",
            )
        return self._get_response(request)


def _is_ours(host: str) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, [settings.BASE_HOST, *LOCAL])
