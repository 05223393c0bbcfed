"""The HTTP under the SendGrid adapter: one kept connection a thread, time-outs, and what a failure means.

The SDK's own client opens a connection for every call, has no time-out, and follows redirects with the API
key. Here connecting is a step of its own, so that what failed before a byte left is told apart.
"""

from __future__ import annotations

import http.client
import logging
import select
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
from urllib3 import HTTPHeaderDict
from urllib3.util import make_headers

# At DEBUG the SDK logs the API key and every reader's address.
logging.getLogger("python_http_client").setLevel(logging.INFO)

_MAX_IDLE = 20.0
"""Seconds after which a kept connection is not reused: the server may be about to close it."""


class NotSent(Exception):
    """No connection was made, so nothing was sent."""


class NoAnswer(Exception):
    """The request may have been sent, and no complete answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """By their names in any case."""
    body: bytes


class KeptConnection(threading.local):
    """One connection a thread. It is opened anew after a failure, or when it was idle or closed meanwhile."""

    def __init__(self, host: str, *, connect_timeout: float, timeout: float) -> None:
        """``host``: an address without a path. Time-outs are in seconds."""
        self._host = urlsplit(host)
        self._connect_timeout, self._timeout = connect_timeout, timeout
        self._kept: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def open(self) -> None:
        """Connect, unless there is a usable connection. Raises NotSent."""
        self._connected()

    def post(self, path: str, body: bytes, *, headers: Mapping[str, str]) -> Answer:
        """Post. No redirect is followed, and nothing is sent twice. Raises NotSent or NoAnswer."""
        connection = self._connected()
        try:
            connection.request("POST", path, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(_one_line(error)) from error
        except BaseException:
            self.close()  # an answer may still come
            raise
        self._used_at = time.monotonic()
        return Answer(response.status, HTTPHeaderDict(response.headers.items()), content)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _connected(self) -> http.client.HTTPConnection:
        if self._kept is not None and self._is_usable(self._kept):
            return self._kept
        self.close()
        connection = self._new()
        try:
            connection.connect()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NotSent(_one_line(error)) from error
        connection.sock.settimeout(self._timeout)
        self._kept, self._used_at = connection, time.monotonic()
        return connection

    def _is_usable(self, connection: http.client.HTTPConnection) -> bool:
        """Whether it is open: what can be read before anything is asked is the server's good-bye."""
        if connection.sock is None or time.monotonic() - self._used_at > _MAX_IDLE:
            return False
        poll = select.poll()
        poll.register(connection.sock, select.POLLIN)
        return not poll.poll(0)

    def _new(self) -> http.client.HTTPConnection:
        name, port, timeout = self._host.hostname or "", self._host.port, self._connect_timeout
        if self._host.scheme != "https":
            return http.client.HTTPConnection(name, port, timeout=timeout)
        context = ssl.create_default_context(cafile=certifi.where())
        address = getproxies().get("https", "")
        proxy = urlsplit(address if "//" in address else f"//{address}")
        if not proxy.hostname or proxy_bypass(name):
            return http.client.HTTPSConnection(name, port, timeout=timeout, context=context)
        connection = http.client.HTTPSConnection(
            proxy.hostname, proxy.port or 8080, timeout=timeout, context=context
        )
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}" if proxy.username else None
        connection.set_tunnel(name, port or 443, headers=make_headers(proxy_basic_auth=login))
        return connection


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
