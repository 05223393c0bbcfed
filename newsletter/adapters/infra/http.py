"""One GET: on a connection of its own, bounded in time and size, its failures translated.

Gates are its callers'; ``Retry`` counts the time that trying again may take.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import requests
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema
from urllib3.exceptions import HTTPError, ReadTimeoutError

from newsletter.adapters.infra.retry_after import backoff, retry_after
from newsletter.errors import PermanentError, TemporaryError

T = TypeVar("T")
USER_AGENT = "arxiv-newsletter"
TIMEOUT = (10.0, 30.0)
"""Seconds to connect, and between two bytes."""
CHUNK = 65_536
MOST_OF_A_REFUSAL = 20_000
"""Bytes read of the body of a 4xx."""
FIRST_PAUSE, LONGEST_PAUSE = 3.0, 60.0
"""Seconds between two tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    body: bytes
    content_type: str
    """Without parameters, in small letters."""
    headers: Mapping[str, str]
    """Found by a name in any case."""


class Moved(PermanentError):
    """A redirect; ``place`` is where to, as the server wrote it."""

    place: str = ""


class Refused(PermanentError):
    """A 4xx that asking again will not mend; ``body`` is the beginning of what was said."""

    body: bytes = b""


@dataclass(slots=True)
class Retry:
    """How much longer a command may go on asking, in seconds."""

    left: float
    pause: float = FIRST_PAUSE

    def wait(self, error: TemporaryError, *, elapsed: float, sleep: Callable[[float], None]) -> None:
        """Wait as the back-off or the server says; raise ``error`` if that would take longer than is left."""
        self.left -= elapsed
        pause = max(self.pause, error.retry_after or 0.0)
        if pause >= self.left:
            raise error
        sleep(pause)
        self.left -= pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)

    def run(self, ask: Callable[[float], T], *, sleep: Callable[[float], None]) -> T:
        """Call ``ask`` with the seconds left until it raises no TemporaryError; in the end, raise that."""
        while True:
            began = time.monotonic()
            try:
                answer = ask(self.left)
            except TemporaryError as error:
                self.wait(error, elapsed=time.monotonic() - began, sleep=sleep)
            else:
                self.left -= time.monotonic() - began
                return answer


def get(
    address: str,
    *,
    whom: str,
    seconds: float,
    max_bytes: int,
    timeout: tuple[float, float] = TIMEOUT,
    user_agent: str = USER_AGENT,
    headers: Mapping[str, str] | None = None,
) -> Got:
    """Return a whole answer of status 200 that came in within ``seconds``; ``whom`` is asked, for messages.

    A redirect is never followed: ``headers`` may hold a key.

    Raises TemporaryError (time-out, connection, 408, 425, 429, 5xx), Moved, Refused, or PermanentError with
    the reason ``too_big`` or ``address``.
    """
    ends = time.monotonic() + seconds
    sent = {"User-Agent": user_agent, "Connection": "close", **(headers or {})}
    connect, read = (max(min(limit, seconds), 0.001) for limit in timeout)
    try:
        with requests.get(
            address, headers=sent, timeout=(connect, read), stream=True, allow_redirects=False
        ) as response:
            _check_status(response, whom=whom)
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            body = _read(response, whom=whom, ends=ends, max_bytes=max_bytes)
            return Got(body=body, content_type=kind, headers=response.headers)
    except (MissingSchema, InvalidSchema, InvalidURL) as error:
        raise PermanentError(f"{whom} cannot be asked at {address}: {error}", reason="address") from error
    except (requests.Timeout, ReadTimeoutError) as error:
        raise TemporaryError(f"{whom} did not answer within {read:g} s") from error
    except (requests.RequestException, HTTPError, OSError) as error:
        raise TemporaryError(f"the connection to {whom} failed: {_reason(error)}") from error


def _check_status(response: requests.Response, *, whom: str) -> None:
    status = response.status_code
    if status == requests.codes.ok:
        return
    if status in {408, 425, 429} or status >= 500:
        asked = (retry_after(response.headers), backoff(response.headers))
        wait = max((each for each in asked if each is not None), default=None)
        raise TemporaryError(f"{whom} answered {status}", retry_after=wait, status=status)
    if 300 <= status < 400:
        place = response.headers.get("Location", "")
        moved = Moved(
            f"{whom} answered {status}: it moved to {place or 'elsewhere'}", reason="moved", status=status
        )
        moved.place = place
        raise moved
    refused = Refused(f"{whom} answered {status}", reason="refused", status=status)
    refused.body = response.raw.read(MOST_OF_A_REFUSAL, decode_content=True)
    raise refused


def _read(response: requests.Response, *, whom: str, ends: float, max_bytes: int) -> bytes:
    """The body, as it comes in: a server that drips a byte now and then meets the deadline too."""
    announced = response.headers.get("Content-Length", "")
    # Not as a number: one of thousands of digits would raise ValueError.
    if announced.isdecimal() and float(announced) > max_bytes:
        raise _too_big(max_bytes, whom=whom)
    body = bytearray()
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        body += chunk
        if len(body) > max_bytes:
            raise _too_big(max_bytes, whom=whom)
        if time.monotonic() > ends:
            raise TemporaryError(f"{whom}'s answer took too long to come in")
    return bytes(body)


def _too_big(max_bytes: int, *, whom: str) -> PermanentError:
    return PermanentError(f"{whom}'s answer is longer than {max_bytes} bytes", reason="too_big")


def _reason(error: BaseException) -> str:
    """The innermost cause: urllib3 wraps it in addresses and object names."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return str(error) or type(error).__name__
