"""An SMTP server of few lines that cuts its first connection at one point of the dialogue.

The points are counted: before and after each answer, and in the middle of the body. POINTS names them.
"""

from __future__ import annotations

import socket
import threading
from collections import Counter
from contextlib import suppress
from email import message_from_bytes
from types import TracebackType
from typing import Self

POINTS = (
    *(
        f"{when} {what}"
        for what in ("greeting", "EHLO", "MAIL", "RCPT", "DATA")
        for when in ("before", "after")
    ),
    *("in the body", "before it is taken", "after it is taken", "after the dot"),
)


class _Cut(Exception):
    pass


class CuttingServer:
    """``accepted`` counts by X-Newsletter-Delivery; ``lines`` has what the client said."""

    def __init__(self, *, cut: str = "", pipelining: bool = True, refused: str = "") -> None:
        self.cut = cut
        self.pipelining = pipelining
        self.refused = refused
        """A recipient that is refused; a body is asked for nevertheless."""
        self.accepted: Counter[str] = Counter()
        self.lines: list[str] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._serve)]
        self._sockets: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._listener.getsockname()[1]}?tls=off"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._sockets.append(client)
                thread = threading.Thread(target=self._talk, args=(client, self.connections))
                self._threads.append(thread)
                thread.start()

    def _talk(self, client: socket.socket, number: int) -> None:
        with client, suppress(_Cut, OSError), client.makefile("rb") as lines:
            self._say(client, "220 here", "greeting", number)
            while line := lines.readline():
                command = line.decode().strip()
                self.lines.append(command)
                verb = command.partition(" ")[0].upper()
                if verb == "DATA":
                    self._say(client, "354 go on", verb, number)
                    self._take(client, lines, number)
                elif verb == "QUIT":
                    return
                elif verb == "RCPT" and self.refused and self.refused in command:
                    client.sendall(b"550 5.1.1 no such user\r\n")
                else:
                    offered = (
                        "250-here\r\n250 PIPELINING" if verb == "EHLO" and self.pipelining else "250 fine"
                    )
                    self._say(client, offered, verb, number)

    def _say(self, client: socket.socket, answer: str, what: str, number: int) -> None:
        self._maybe_cut(f"before {what}", number)
        client.sendall(f"{answer}\r\n".encode())
        self._maybe_cut(f"after {what}", number)

    def _take(self, client: socket.socket, lines: object, number: int) -> None:
        body = list[bytes]()
        while (line := lines.readline()) != b".\r\n":  # type: ignore[attr-defined]
            if not line:
                raise _Cut
            body.append(line)
            if len(body) == 5:
                self._maybe_cut("in the body", number)
        if not body:
            self.lines.append("a lone dot")
            client.sendall(b"554 5.5.1 no valid recipients\r\n")
            return
        self._maybe_cut("before it is taken", number)
        self.accepted[str(message_from_bytes(b"".join(body))["X-Newsletter-Delivery"])] += 1
        self._maybe_cut("after it is taken", number)
        client.sendall(b"250 2.0.0 taken\r\n")
        self._maybe_cut("after the dot", number)

    def _maybe_cut(self, point: str, number: int) -> None:
        if point == self.cut and number == 1:
            raise _Cut
