"""The web server: waitress, with deadlines of its own (ADR 29).

One thread reads and writes every connection, and hands whole requests to a few threads that answer them. So
a client that sends or reads next to nothing holds a socket, never a thread, and the socket not for long.

Several processes may share the listening socket: whichever is free takes the next connection. Each has the
bounds below for itself.
"""

from __future__ import annotations

import copy
import gc
import logging
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.utilities import Error

from newsletter.adapters.infra.supervisor import Supervisor
from newsletter.web.bounds import MOST_HEADER_BYTES, most_body_bytes, takes_type

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)

THREADS = 8
MOST_CONNECTIONS = 500
"""With one more, the one that has waited longest is closed: an attacker's, as a rule."""
MOST_HELD_BYTES = 64_000_000
"""Bodies not complete and answers not read, over all connections."""
HEADER_SECONDS, BODY_SECONDS = 10, 30
"""From the first byte of a request to the last of its head, and of its body."""
IDLE_SECONDS = 15
"""Without a byte: a new connection, or one kept open after an answer."""
ANSWER_SECONDS = 180
"""From the first byte of a request until its answer has been read."""
GRACE_SECONDS = 5
"""For what is being answered when the server is asked to end."""


class UnsupportedMediaType(Error):
    code = 415
    reason = "Unsupported Media Type"


class Request(HTTPRequestParser):
    """Refuses a body by what the head says of it. One in chunks is cut off where it gets too long."""

    path: str

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        self.adj = copy.copy(self.adj)
        self.adj.max_request_body_size = most_body_bytes(self.path) + 1
        if not takes_type(self.path, self.headers.get("CONTENT_TYPE", "")):
            self.error = UnsupportedMediaType("No file is taken here.")
            self.completed = True


class Channel(HTTPChannel):
    """One connection, and since when it keeps the server waiting."""

    parser_class = Request
    began_at = 0.0
    """When the first byte of the latest request came."""

    def received(self, data: bytes) -> bool:
        """Take one request at a time: answers to more would pile up until a thread waits for their reader."""
        if self.request is None:
            self.began_at = time.time()
        is_taken = bool(super().received(data))
        if len(self.requests) > 1:
            self.handle_close()
        return is_taken

    def handle_close(self) -> None:
        """Close what of a body was kept, too."""
        super().handle_close()
        if self.request is not None:
            self.request.close()

    @property
    def is_idle(self) -> bool:
        return self.request is None and not self.requests and not self.total_outbufs_len

    @property
    def waits_since(self) -> float:
        return self.last_activity if self.is_idle else self.began_at

    @property
    def held_bytes(self) -> int:
        return self.total_outbufs_len + (self.request.body_bytes_received if self.request else 0)

    def is_overdue(self, now: float) -> bool:
        if self.is_idle:
            most = IDLE_SECONDS
        elif self.requests or self.total_outbufs_len or self.request is None:
            most = ANSWER_SECONDS
        else:
            most = BODY_SECONDS if self.request.headers_finished else HEADER_SECONDS
        return now - self.waits_since > most


class Server(TcpWSGIServer):
    channel_class = Channel

    def __init__(self, application: WSGIApplication, *, listener: socket.socket) -> None:
        adjustments = Adjustments(
            threads=THREADS,
            ident="",
            backlog=1024,
            connection_limit=1_000_000,  # ours is MOST_CONNECTIONS: waitress' stops accepting
            cleanup_interval=1,
            asyncore_use_poll=True,
            max_request_header_size=MOST_HEADER_BYTES,
            # Above these a file in /tmp is used.
            inbuf_overflow=131_072,
            outbuf_overflow=131_072,
            outbuf_high_watermark=2**40,  # beyond it a thread would wait; MOST_HELD_BYTES is what counts
            clear_untrusted_proxy_headers=False,  # clients.py knows which to believe
        )
        self.connections: dict[int, Any] = {}
        super().__init__(
            application,
            map=self.connections,
            _sock=listener,
            adj=adjustments,
            bind_socket=False,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
        )

    def handle_accept(self) -> None:
        super().handle_accept()
        if len(self.channels) > MOST_CONNECTIONS:
            _close(_longest_waiting(self.channels)[:1])

    @property
    def channels(self) -> list[Channel]:
        return [channel for channel in self.connections.values() if isinstance(channel, Channel)]

    def maintenance(self, now: float) -> None:
        """Close what is overdue, each second; and what has waited longest where too much is held."""
        channels = self.channels
        _close(channel for channel in channels if channel.is_overdue(now))
        held = sum(channel.held_bytes for channel in channels)
        for channel in _longest_waiting(channels):
            if held <= MOST_HELD_BYTES:
                break
            held -= channel.held_bytes
            _close([channel])

    def serve(self) -> None:
        """Answer until SIGTERM or SIGINT, then finish what was begun."""
        stopped: list[int] = []

        def stop(number: int, _frame: object) -> None:
            stopped.append(number)
            self.pull_trigger()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        while not stopped:
            self._turn(seconds=1)
        wasyncore.dispatcher.close(self)
        deadline = time.monotonic() + GRACE_SECONDS
        while self._is_answering() and time.monotonic() < deadline:
            self._turn(seconds=0.1)
        self.task_dispatcher.shutdown(timeout=1)

    def _turn(self, *, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self.connections, count=1)

    def _is_answering(self) -> bool:
        return any(each.requests or each.total_outbufs_len for each in self.channels)


def _longest_waiting(channels: Iterable[Channel]) -> list[Channel]:
    """Return those that nobody is answering, the longest first; after them the others, the newest first."""
    open_ones = [channel for channel in channels if channel.connected]
    waiting = [channel for channel in open_ones if not channel.requests]
    answered = [channel for channel in open_ones if channel.requests]
    newest_first = sorted(answered, key=lambda channel: -channel.creation_time)
    return sorted(waiting, key=lambda channel: channel.waits_since) + newest_first


def _close(channels: Iterable[Channel]) -> None:
    for channel in channels:
        # Not will_close: that waits until the socket can be written to, and one not read from never can.
        channel.handle_close()


def listen(address: str) -> socket.socket:
    """Listen on ``host:port``; IPv6 as ``[::1]:8000``."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    return socket.create_server((host.strip("[]"), int(port)), family=family, backlog=1024)


def _keep_index_up() -> None:
    from newsletter.web.search import keep_index_up  # Django must be set up before

    keep_index_up()


def serve(application: WSGIApplication, listener: socket.socket, *, keeps_index_up: bool) -> None:
    """Answer until a signal comes."""
    if keeps_index_up:
        threading.Thread(target=_keep_index_up, name="search index", daemon=True).start()
    Server(application, listener=listener).serve()


def serve_in_forks(
    application: WSGIApplication, listener: socket.socket, *, processes: int, keep_index_up: bool = True
) -> None:
    """Do so in as many forks of this process, which starts those again that end."""
    with Supervisor(say=_say) as supervisor:
        supervisor.heed_signals()
        for number in range(processes):
            keeps = keep_index_up and number == 0  # once a machine
            supervisor.add(f"web-{number}", partial(serve, application, listener, keeps_index_up=keeps))
        gc.collect()
        gc.freeze()  # a collection in a fork would copy the memory that they share
        supervisor.run()


@click.command()
@click.option("--bind", "address", default="127.0.0.1:8000", show_default=True)
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
def main(address: str, processes: int) -> None:
    """The site alone: what ``newsletter up`` and docker-compose.yml start."""
    # Static files are served from the package: what collectstatic would make need not be there.
    warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
    from newsletter.web.wsgi import application

    listener = listen(address)
    _say(f"the site answers on http://{address}")
    if processes == 1:
        serve(application, listener, keeps_index_up=True)
    else:
        serve_in_forks(application, listener, processes=processes)


def _say(line: str) -> None:
    sys.stderr.write(f"newsletter: {line}\n")


if __name__ == "__main__":
    main()
