"""A mail provider as a process of its own, by HTTP as SendGrid or by SMTP, with a ledger it never forgets.

It is told to misbehave over its control socket, one line each: ``refuse 5`` (the next five requests are
refused for now), ``lose 3`` (accepted, and the connection is cut), ``drop 3`` (cut before acceptance),
``stall 4`` (the next request is answered after four seconds).

    python -m tests.chaos.provider sendgrid --ledger FILE --control SOCKET
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socketserver
import threading
import time
from collections import deque
from collections.abc import Callable
from email import message_from_bytes
from email.policy import compat32
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from newsletter.adapters.infra.children import die_with_parent
from tests.chaos.ledger import Ledger

HONEST = ("", 0.0)


class Mood:
    """What goes wrong with the next requests, in the order in which it was asked for."""

    def __init__(self) -> None:
        self._troubles: deque[tuple[str, float]] = deque()

    def command(self, line: str) -> None:
        """Take in one command; ``calm`` forgets what was asked for."""
        kind, _, number = line.partition(" ")
        if kind == "calm":
            self._troubles.clear()
        elif kind == "stall":
            self._troubles.append((kind, float(number)))
        else:
            self._troubles.extend([(kind, 0.0)] * int(number))

    def next(self) -> tuple[str, float]:
        try:
            return self._troubles.popleft()
        except IndexError:
            return HONEST


class Sendgrid(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, *, ledger: Ledger, mood: Mood) -> None:
        super().__init__(("127.0.0.1", port), _MailSend)
        self.ledger = ledger
        self.mood = mood


class _MailSend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Sendgrid

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        trouble, seconds = self.server.mood.next()
        if trouble == "refuse":
            self._answer(429, {"Retry-After": "1"})
            return
        if trouble == "drop":
            self.close_connection = True
            return
        people = json.loads(body)["personalizations"]
        self.server.ledger.add(
            (person["custom_args"]["delivery_id"], person["to"][0]["email"]) for person in people
        )
        if trouble == "lose":
            self.close_connection = True
            return
        time.sleep(seconds)
        self._answer(202, {"X-Message-Id": f"chaos-{time.monotonic_ns()}"})

    def _answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Keep quiet."""


class _Mailbox:
    def __init__(self, *, ledger: Ledger, mood: Mood) -> None:
        self._ledger = ledger
        self._mood = mood

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Any, _envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        trouble, seconds = self._mood.next()
        if trouble == "refuse":
            return "451 4.3.2 not now"
        if trouble == "drop":
            _cut(server)
            return "451 4.3.2 gone"
        message = message_from_bytes(envelope.content, policy=compat32)
        taken = [(str(message["X-Newsletter-Delivery"]), address) for address in envelope.rcpt_tos]
        await asyncio.get_running_loop().run_in_executor(None, self._ledger.add, taken)
        if trouble == "lose":
            _cut(server)
        await asyncio.sleep(seconds)
        return "250 2.0.0 taken"


def _cut(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()


def serve_sendgrid(port: int, *, ledger: Ledger, mood: Mood) -> None:
    Sendgrid(port, ledger=ledger, mood=mood).serve_forever(poll_interval=0.05)


def serve_smtp(port: int, *, ledger: Ledger, mood: Mood) -> None:
    Controller(_Mailbox(ledger=ledger, mood=mood), hostname="127.0.0.1", port=port).start()
    threading.Event().wait()


FORMS: dict[str, Callable[..., None]] = {"sendgrid": serve_sendgrid, "smtp": serve_smtp}


class _Control(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.server.mood.command(line.decode().strip())  # type: ignore[attr-defined]
            self.wfile.write(b"ok\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("form", choices=FORMS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--control", type=Path, required=True)
    given = parser.parse_args()
    die_with_parent(os.getppid())
    mood = Mood()
    control = socketserver.ThreadingUnixStreamServer(str(given.control), _Control)
    control.mood = mood  # type: ignore[attr-defined]
    threading.Thread(target=control.serve_forever, daemon=True).start()
    partial(FORMS[given.form], given.port)(ledger=Ledger(given.ledger), mood=mood)


if __name__ == "__main__":
    main()
