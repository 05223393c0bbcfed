"""An attacker who holds connections open and sends, or reads, next to nothing (slowloris and its kin)."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

BEAT_SECONDS = 0.5
"""Between two bytes."""
FORM = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
FILE = b"GET /static/newsletter/site.css HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Trick(Enum):
    """What is sent at once, and then over and over."""

    SILENT = (b"", b"")
    HEADERS = (b"POST / HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n")
    BODY = (FORM + b"Content-Length: 9000\r\n\r\n", b"a")
    CHUNKED_BODY = (FORM + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n")
    KEEP_ALIVE = (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"")
    READERS = (FILE, b"")
    """They read a byte of the answer now and then."""
    PIPELINE = (FILE * 40, b"")
    """Forty requests at once, of whose answers little is read."""

    @property
    def opening(self) -> bytes:
        return self.value[0]

    @property
    def reads_little(self) -> bool:
        return self in (Trick.READERS, Trick.PIPELINE)

    @property
    def drip(self) -> bytes:
        return self.value[1]


@dataclass(slots=True)
class SlowClients:
    """Connections that are opened anew as soon as the server closes them."""

    port: int
    trick: Trick
    number: int
    closed: int = 0
    """How many the server closed or refused so far."""
    _sockets: list[socket.socket] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def attack(self) -> Self:
        """Do the next beat on every connection."""
        self._sockets = [each for each in self._sockets if self._goes_on(each)]
        while len(self._sockets) < self.number and not self._stop.is_set():
            try:
                self._sockets.append(self._connect())
            except OSError:
                self.closed += 1
                break
        return self

    @property
    def held(self) -> int:
        return len(self._sockets)

    def _connect(self) -> socket.socket:
        connection = socket.socket()
        if self.trick.reads_little:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.settimeout(2)
        try:
            connection.connect(("127.0.0.1", self.port))
            connection.sendall(self.trick.opening)
        except OSError:
            connection.close()
            raise
        connection.setblocking(False)
        return connection

    def _goes_on(self, connection: socket.socket) -> bool:
        try:
            if self.trick.drip:
                connection.send(self.trick.drip)
            if connection.recv(1 if self.trick.reads_little else 4096):
                return True
        except BlockingIOError:
            return True
        except OSError:
            pass
        self.closed += 1
        connection.close()
        return False

    def run(self) -> None:
        while not self._stop.is_set():
            self.attack()
            self._stop.wait(BEAT_SECONDS)

    def stop(self) -> None:
        self._stop.set()

    def close(self) -> None:
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.close()


@contextmanager
def slow_clients(port: int, trick: Trick, *, number: int = 200) -> Iterator[SlowClients]:
    """Hold that many connections until the block ends."""
    clients = SlowClients(port, trick, number).attack()
    thread = threading.Thread(target=clients.run, daemon=True)
    thread.start()
    try:
        yield clients
    finally:
        clients.stop()
        thread.join()
        clients.close()
