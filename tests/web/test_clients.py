"""Whose request it is: the visitor's own address, whatever they claim."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import RequestFactory

from newsletter.web.clients import client_address

OPEN, BEHIND_PROXY = "http://localhost:8000", "https://digest.example.org"


@pytest.mark.parametrize(
    ("base_url", "peer", "forwarded", "expected"),
    [
        (OPEN, "203.0.113.7", "", "203.0.113.7"),
        (OPEN, "127.0.0.1", "203.0.113.7", "127.0.0.1"),
        (BEHIND_PROXY, "127.0.0.1", "203.0.113.7", "203.0.113.7"),
        (BEHIND_PROXY, "172.18.0.2", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (BEHIND_PROXY, "", "203.0.113.7", "203.0.113.7"),
        (BEHIND_PROXY, "8.8.8.8", "203.0.113.7", "8.8.8.8"),
        (BEHIND_PROXY, "10.0.0.1", "nonsense", ""),
        (BEHIND_PROXY, "10.0.0.1", "203.0.113.7:51515", "203.0.113.7"),
        (BEHIND_PROXY, "10.0.0.1", "198.51.100.1:1, 203.0.113.7:51515", "203.0.113.7"),
        (BEHIND_PROXY, "10.0.0.1", "[2001:db8:1:2:3:4:5:6]:51515", "2001:db8:1:2::"),
        (BEHIND_PROXY, "10.0.0.1", '"[2001:db8:1:2:3:4:5:6]"', "2001:db8:1:2::"),
        (BEHIND_PROXY, "10.0.0.1", "2001:db8:1:2:3:4:5:1", "2001:db8:1:2::"),
        (BEHIND_PROXY, "10.0.0.1", "[::ffff:203.0.113.7]:80", "203.0.113.7"),
        (BEHIND_PROXY, "10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (OPEN, "::ffff:203.0.113.7", "", "203.0.113.7"),
    ],
)
def test_only_our_own_proxy_may_say_who_asks(
    base_url: str, peer: str, forwarded: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"base_url": base_url}))
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == expected
