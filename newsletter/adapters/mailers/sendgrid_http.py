"""The HTTP under SendGrid's SDK: kept connections, time-outs, and what a failure means.

The SDK's own client opens a connection for every call, has no time-out, and follows redirects with the API
key. Its one extension point, ``_make_request``, is overridden here.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from email.message import Message
from typing import cast
from urllib.request import Request

import requests
from python_http_client import Client
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProxyError, SSLError

# At DEBUG the SDK logs the API key and every reader's address.
logging.getLogger("python_http_client").setLevel(logging.INFO)

_MAX_IDLE = 20.0
"""Seconds after which a kept connection is not reused: the server may be about to close it."""


class NotSent(Exception):
    """No connection was made, so nothing was sent."""


class NoAnswer(Exception):
    """The request may have been sent, and no complete answer came."""


class Answer:
    """What the SDK expects of an answer, whatever its status: no status is raised as an error."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    def getcode(self) -> int:
        return self._response.status_code

    def read(self) -> bytes:
        return self._response.content

    def info(self) -> Message:
        headers = Message()
        for name, value in self._response.headers.items():
            headers[name] = value
        return headers


class Connections(threading.local):
    """One session a thread, replaced when it has been idle."""

    def __init__(self) -> None:
        self._session: requests.Session | None = None
        self._used_at = 0.0

    def session(self) -> requests.Session:
        now = time.monotonic()
        if now - self._used_at > _MAX_IDLE:
            self.close()
        self._used_at = now
        if self._session is None:
            self._session = requests.Session()
            # Without it a .netrc entry for the host would replace the API key.
            self._session.auth = _unchanged
        return self._session

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class KeptClient(Client):  # type: ignore[misc] # the SDK has no type information
    """The SDK's client on kept connections. An attribute that is not set would be a path segment."""

    def __init__(
        self,
        *,
        host: str,
        request_headers: dict[str, str],
        connections: Connections,
        timeout: tuple[float, float],
        url_path: list[str] | None = None,
    ) -> None:
        super().__init__(host, request_headers, version=3, url_path=url_path, timeout=timeout)
        self.connections = connections

    def _build_client(self, name: str | None = None) -> KeptClient:
        return KeptClient(
            host=self.host,
            request_headers=self.request_headers,
            connections=self.connections,
            timeout=self.timeout,
            url_path=[*self._url_path, name] if name else self._url_path,
        )

    def _make_request(self, opener: object, request: Request, timeout: object = None) -> Answer:  # noqa: ARG002
        try:
            response = self.connections.session().request(
                request.get_method(),
                request.full_url,
                data=cast("bytes", request.data),
                headers=dict(request.header_items()),
                timeout=self.timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self.connections.close()
            raise (NotSent if _never_left(error) else NoAnswer)(_one_line(error)) from error
        return Answer(response)


def _never_left(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, SSLError):
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError)


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
