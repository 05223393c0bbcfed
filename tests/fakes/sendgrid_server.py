"""SendGrid's mail send on loopback: it checks what the real one checks, and fails on request.

with SendgridServer() as server:
    mailer = SendgridMailer(server.api_key, host=server.url)
    server.plan(answer(429, {"Retry-After": "7"}), Trouble.DROP)
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

RESERVED_HEADERS = {
    *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
    *("to", "from", "subject", "reply-to", "cc", "bcc"),
}


class Trouble(Enum):
    """What may go wrong once a request has arrived whole."""

    DROP = "the connection closes without an answer; nothing was accepted"
    ACCEPT_AND_DROP = "the messages are accepted, and the answer is lost"
    HANG = "no answer until the server stops; nothing was accepted"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def answer(
    status: int, headers: Mapping[str, str] | None = None, *, errors: list[dict[str, Any]] | None = None
) -> Answer:
    """Make an answer in SendGrid's form: ``errors`` are objects with message and field."""
    return Answer(status, headers or {}, json.dumps({"errors": errors}).encode() if errors else b"")


@dataclass(frozen=True)
class Request:
    headers: dict[str, str]
    payload: dict[str, Any]
    connection: int
    """Which connection it came on, counted from 1."""

    @property
    def delivery_ids(self) -> list[str]:
        return [person["custom_args"]["delivery_id"] for person in self.payload["personalizations"]]


class SendgridServer:
    """Records every request; counts acceptances by delivery id; answers 202 unless something is planned."""

    def __init__(self, *, api_key: str = "SG.test-key", bad_addresses: frozenset[str] = frozenset()) -> None:
        self.api_key = api_key
        self.bad_addresses = bad_addresses
        """A request with one of these is refused whole, with 400."""
        self.scopes = {"mail.send", "user.email.read"}
        """What the key may do."""
        self.names_the_culprit = True
        self.requests: list[Request] = []
        self.accepted: Counter[str] = Counter()
        self.connections = 0
        self.keeps_connections = True
        """Else each is closed after an answer that did not say so."""
        self.has_closed = threading.Event()
        self._planned: deque[Answer | Trouble] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler, owner=self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def plan(self, *events: Answer | Trouble) -> None:
        """Answer the next requests like this, one each, in this order."""
        self._planned.extend(events)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # --- called by the handler ---------------------------------------------------------------------------

    def new_connection(self) -> int:
        with self._lock:
            self.connections += 1
            return self.connections

    def receive(self, request: Request) -> Answer | None:
        """Return what to answer, or None for a connection that closes without a word."""
        with self._lock:
            self.requests.append(request)
            event = self._planned.popleft() if self._planned else None
        if isinstance(event, Answer):
            return event
        if event is Trouble.HANG:
            self._stopping.wait(30)
        if event in {Trouble.HANG, Trouble.DROP}:
            return None
        result = self._judge(request)
        if result.status == 202:
            with self._lock:
                self.accepted.update(request.delivery_ids)
        return None if event is Trouble.ACCEPT_AND_DROP else result

    def _judge(self, request: Request) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return answer(
                401, errors=[{"message": "The provided authorization grant is invalid", "field": None}]
            )
        errors = [{"message": text, "field": where} for text, where in self._errors(request.payload)]
        if errors:
            return answer(400, errors=errors)
        if request.payload.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return answer(200)
        return answer(202, {"X-Message-Id": f"sg-{len(self.requests)}-{time.monotonic_ns()}"})

    def _errors(self, payload: dict[str, Any]) -> list[tuple[str, str | None]]:
        people = payload.get("personalizations", [])
        errors: list[tuple[str, str | None]] = []
        if not 1 <= len(people) <= 1000:
            errors.append(("between 1 and 1000 personalizations", "personalizations"))
        if [part["type"] for part in payload.get("content", [])] != ["text/plain", "text/html"]:
            errors.append(("text/plain must be first", "content"))
        if RESERVED_HEADERS & {name.lower() for name in payload.get("headers", {})}:
            errors.append(("a reserved header", "headers"))
        for place, person in enumerate(people):
            where = f"personalizations.{place}"
            if RESERVED_HEADERS & {name.lower() for name in person.get("headers", {})}:
                errors.append(("a reserved header", f"{where}.headers"))
            if len(json.dumps(person.get("substitutions", {}))) >= 10_000:
                errors.append(("too many substitutions", f"{where}.substitutions"))
            if person["to"][0]["email"] in self.bad_addresses:
                named = f"{where}.to.0.email" if self.names_the_culprit else None
                errors.append(("Does not contain a valid address.", named))
        return errors


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[_Handler], *, owner: SendgridServer) -> None:
        self.owner = owner
        super().__init__(address, handler)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.owner.has_closed.set()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._connection = self.server.owner.new_connection()

    def do_GET(self) -> None:
        """Answer what a key may do."""
        owner = self.server.owner
        if self.path != "/v3/scopes" or self.headers["Authorization"] != f"Bearer {owner.api_key}":
            self._write(Answer(404 if self.path != "/v3/scopes" else 401))
            return
        self._write(Answer(200, {}, json.dumps({"scopes": sorted(owner.scopes)}).encode()))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/v3/mail/send":
            self._write(Answer(404))
            return
        request = Request(dict(self.headers), json.loads(body), self._connection)
        result = self.server.owner.receive(request)
        if result is not None:
            self._write(result)
        if result is None or not self.server.owner.keeps_connections:
            self.close_connection = True

    def _write(self, result: Answer) -> None:
        self.send_response(result.status)
        for name, value in result.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(result.body)))
        self.end_headers()
        self.wfile.write(result.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Keep quiet."""
