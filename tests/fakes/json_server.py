"""A real HTTP server on loopback that answers with JSON, and fails on demand. Services are subclasses."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, or what goes wrong with one."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    content_type: str = "application/json"
    part: float = 1.0
    """How much of the body is sent, as if it were all of it."""
    cut: bool = False
    """Announce the whole body, send half of it, then close."""
    close: bool = False
    """Close without a word."""
    delay: float = 0.0
    """Seconds before answering; ends early when the server stops."""


HTML = Reply(body="<!DOCTYPE html><title>Down for maintenance</title>", content_type="text/html")
CLOSED = Reply(close=True)
HANG = Reply(delay=3600)


def reply(value: Any, **others: Any) -> Reply:
    return Reply(body=json.dumps(value), **others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    path: str
    """Without parameters."""
    parameters: dict[str, str]
    headers: dict[str, str]


class JsonServer:
    """Use as a context manager; ``replies`` are spent one a request before it answers by itself.

    One without status and body changes the proper answer: its headers, how much of it comes, and when.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.replies: deque[Reply] = deque()
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        fake: JsonServer = self

        class Handler(_Handler):
            server_fake = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def plan(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def reply_to(self, request: Request) -> Reply:
        self.requests.append(request)
        planned = self.replies.popleft() if self.replies else Reply()
        self._stopping.wait(planned.delay)
        if planned.body or planned.close or planned.status != 200:
            return planned
        proper = self.answer(request)
        return Reply(
            status=proper.status,
            headers={**proper.headers, **planned.headers},
            body=proper.body,
            content_type=proper.content_type,
            part=planned.part,
            cut=planned.cut,
        )


class _Handler(BaseHTTPRequestHandler):
    server_fake: JsonServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        parameters = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        request = Request(path=parts.path, parameters=parameters, headers=dict(self.headers.items()))
        try:
            self._send(self.server_fake.reply_to(request))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting

    def _send(self, sent: Reply) -> None:
        if sent.close:
            self.close_connection = True
            return
        whole = sent.body.encode()
        body = whole[: int(len(whole) * sent.part)]
        self.send_response(sent.status)
        for name, value in {"Content-Type": sent.content_type, **sent.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if sent.cut else body)
        self.close_connection = self.close_connection or sent.cut

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Stay quiet: tests read ``requests``."""
