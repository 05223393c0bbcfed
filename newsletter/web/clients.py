"""The client's address of a request."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

SITE_PREFIX = 64
"""Bits of an IPv6 address that one customer cannot change at will (RFC 6177 §2)."""


def client_address(request: HttpRequest) -> str:
    """Return the visitor's IP address, for IPv6 its network; empty if invalid.

    The last entry of X-Forwarded-For counts, written by our own proxy, and only if there is one: the base URL
    is https, which the service does not speak itself, and the request came from this machine or a private
    network. Earlier entries are whatever the visitor sent.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    if settings.CONFIG.base_url.startswith("https://") and _is_near(peer):
        peer = _without_port(request.headers.get("X-Forwarded-For", "").rpartition(",")[2]) or peer
    return _network(peer)


def _without_port(entry: str) -> str:
    """Return the address of ``203.0.113.7:5555``, ``[2001:db8::1]:5555`` or one without a port."""
    entry = entry.strip().strip('"')
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, _, port = entry.rpartition(":")
    return host if port.isdigit() and host.count(":") == 0 and host else entry


def _is_near(peer: str) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return not peer  # a Unix socket
    return address.is_private or address.is_loopback


def _network(peer: str) -> str:
    try:
        address = ip_address(peer)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((int(address), SITE_PREFIX), strict=False).network_address)
    return str(address)
