"""Access to operators' pages: from this machine, or with the page's token."""

from __future__ import annotations

import base64
import re
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.utils.crypto import constant_time_compare

from newsletter.web.hosts import LOCAL, PROBES

_PROXIES = re.compile(
    r"HTTP_(?:FORWARDED|VIA|PROXY|CDN|CF_|CLIENT|TRUE_CLIENT|FASTLY|FLY|AKAMAI|INCAP|TAILSCALE|FRONT_END|SSL"
    r"|X_(?!PROMETHEUS|REQUESTED_WITH))"
)
"""Headers that proxies add, by their WSGI names. Browsers, curl and Prometheus send none."""


def is_this_machine(request: HttpRequest) -> bool:
    """Say if a request was made on this machine and came directly.

    Behind a local proxy every address is loopback. A proxy without such headers shows by the Host it passes
    on, or by HTTP/1.0, nginx's default, which no browser uses.
    """
    meta = request.META
    host = meta.get("HTTP_HOST") or meta.get("SERVER_NAME", "")
    return (
        _is_loopback(meta.get("REMOTE_ADDR", ""))
        and not any(map(_PROXIES.match, meta))
        and meta.get("SERVER_PROTOCOL") != "HTTP/1.0"
        and (request.path_info in PROBES or split_domain_port(host)[0] in LOCAL)
    )


def has_token(request: HttpRequest, token: str) -> bool:
    """Say if the page's token was sent, as a Bearer token or a Basic password (RFC 7617)."""
    kind, _, sent = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind.lower() == "basic":
        try:
            sent = base64.b64decode(sent, validate=True).decode().partition(":")[2]
        except ValueError:
            return False
    return bool(token) and kind.lower() in ("basic", "bearer") and constant_time_compare(sent.strip(), token)


def ask_for_token(kind: str) -> HttpResponse:
    """Return 401 for a missing token. ``kind``: with Basic a browser asks its user."""
    response = HttpResponse("A token is needed here.\n", status=401, content_type="text/plain; charset=utf-8")
    response.headers["WWW-Authenticate"] = f'{kind} realm="{settings.BASE_HOST}"'
    return response


def _is_loopback(peer: str) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False  # also a Unix socket: only a proxy uses one
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
