"""One SMTP connection (RFC 5321): opened, encrypted, logged in, then one message after another.

The only importer of smtplib. ``smtp`` turns answers into outcomes.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from newsletter.adapters.mailers.smtp_answers import CLOSING, Gone, Lost, Refused
from newsletter.adapters.ports import Verdict
from newsletter.config.smtp_url import SmtpServer, Tls

_MORE = getattr(socket, "MSG_MORE", 0)
"""More follows: the final dot goes in the body's last packet."""
_CONNECT = 30.0
"""Seconds for TCP and, with smtps://, TLS: a reachable host answers sooner."""
_SOON = 0.01
"""Seconds for an answer that may have come while another connection was waited for."""
_IDLE = 60.0
"""Seconds after which a kept connection is not reused: a router may have dropped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOuts:
    """Seconds to wait in each phase: RFC 5321 §4.5.3.2, where it says anything."""

    greeting: float = 300
    """Also for what follows up to the login."""
    command: float = 300
    data: float = 120
    """For the 354."""
    block: float = 180
    """To send the whole body."""
    end: float = 600
    """For the answer after the dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    sender: str
    recipient: str
    size: int

    @property
    def is_international(self) -> bool:
        return not (self.sender + self.recipient).isascii()


class Dialogue:
    """An open connection: ``announce``, ``accept``, ``body``, ``dot``, ``answer`` for each message.

    Where the server allows it (RFC 2920) a message's commands go in one write, and nothing is read before
    ``accept``: other connections may be served meanwhile. Unusable after ``Lost``, or once ``is_open`` is
    false.
    """

    def __init__(self, connection: smtplib.SMTP, *, time_outs: TimeOuts) -> None:
        self._connection = connection
        self._time_outs = time_outs
        self._used_at = time.monotonic()
        self._wait_until = 0.0
        self._is_midway = False
        """The server may know a sender: RSET before the next one."""
        self._unsaid: list[str] = []
        self._unanswered: list[str] = []

    @property
    def is_open(self) -> bool:
        return self._connection.sock is not None

    @property
    def is_stale(self) -> bool:
        return time.monotonic() - self._used_at > _IDLE

    def can_take(self, envelope: Envelope) -> bool:
        """Whether the server can pass on these addresses (RFC 6531)."""
        return not envelope.is_international or self._offers("smtputf8")

    def announce(self, envelope: Envelope) -> None:
        """Name sender and recipient and ask for the body; in one go where the server allows it."""
        commands = [self._mail(envelope), f"RCPT TO:<{envelope.recipient}>", "DATA"]
        if self._is_midway:
            commands.insert(0, "RSET")
        self._is_midway = True
        in_one_go = len(commands) if self._offers("pipelining") else 1
        self._unsaid = commands[in_one_go:]
        self._say(commands[:in_one_go])

    def accept(self) -> None:
        """Read what ``announce`` asked for. Raises Refused, ready for the next message unless it closed.

        Every answer is read, so that none is mistaken for the next command's.
        """
        first: Refused | None = None
        while self._unanswered:
            command = self._unanswered.pop(0)
            if command == "DATA":
                self._wait_at_most(self._time_outs.data)
            try:
                refusal = self._refusal(command, expected=3 if command == "DATA" else 2)
            except Lost:
                if first is None:
                    raise
                break
            if command == "DATA" and refusal is None and first is not None:
                self._send_nothing(first)
            first = first or refusal
            if first is None and self._unsaid:
                self._say([self._unsaid.pop(0)])
            if refusal and refusal.code == CLOSING:
                break
        if first:
            raise first

    def body(self, message: bytes) -> None:
        """Send all but the final dot: if this breaks off, the server cannot have accepted the message.

        No line of ``message`` begins with a dot, which would have to be doubled (RFC 5321 §4.5.2).
        """
        self._wait_at_most(self._time_outs.block)
        self._send(message if message.endswith(b"\r\n") else message + b"\r\n", more=True)

    def dot(self) -> None:
        """Send the final dot: after Lost the outcome is unknown."""
        self._wait_at_most(self._time_outs.end)
        self._send(b".\r\n")

    def answer(self) -> None:
        """Wait for the answer to the dot. Raises Refused; after Lost the outcome is unknown."""
        refusal = self._refusal()
        self._is_midway = False
        if refusal:
            raise refusal

    def quit(self) -> None:
        with suppress(OSError):
            self._connection.quit()
        self.close()

    def close(self) -> None:
        self._connection.close()

    def _mail(self, envelope: Envelope) -> str:
        options = f" SIZE={envelope.size}" if self._offers("size") else ""
        if envelope.is_international:
            options += " SMTPUTF8"
        return f"MAIL FROM:<{envelope.sender}>{options}"

    def _send_nothing(self, refusal: Refused) -> None:
        """End a body that was asked for although nobody is to get it: a lone dot, which is refused.

        Where the server has a recipient, the connection is closed instead: the dot would mail them nothing.
        """
        if not refusal.on_recipient:
            self.close()
            return
        with suppress(Lost):
            self.dot()
            self._refusal()
            self._is_midway = False

    def _refusal(self, command: str = "", *, expected: int = 2) -> Refused | None:
        """Read one answer; None for the expected kind. Raises Lost for an answer that makes no sense here."""
        if self._connection.sock is not None:
            self._connection.sock.settimeout(max(_SOON, self._wait_until - time.monotonic()))
        with _lost_when_broken():
            code, reply = self._connection.getreply()
        self._used_at = time.monotonic()
        if code // 100 == expected:
            return None
        if not 400 <= code < 600 or command == "RSET":  # no server may refuse RSET (RFC 5321 §4.1.1.5)
            self.close()
            raise Lost(f"unexpected answer {code} to {command or 'the body'}")
        if code == CLOSING:
            self.close()
        return Refused(code, reply, on_recipient=not command.startswith("MAIL"))

    def _say(self, commands: list[str]) -> None:
        self._wait_at_most(self._time_outs.command)
        self._unanswered = commands
        self._send("".join([f"{command}\r\n" for command in commands]).encode())

    def _send(self, data: bytes, *, more: bool = False) -> None:
        sock = self._connection.sock
        if sock is None:
            raise Lost("the connection is closed")
        try:
            if more and not isinstance(sock, ssl.SSLSocket):
                sock.sendall(data, _MORE)
            else:
                sock.sendall(data)
        except OSError as error:
            self.close()
            raise Lost(f"the server hung up: {error}", hangs=isinstance(error, TimeoutError)) from error

    def _wait_at_most(self, seconds: float) -> None:
        """For what is sent now and its answers."""
        self._wait_until = time.monotonic() + seconds
        if self._connection.sock is not None:
            self._connection.sock.settimeout(seconds)

    def _offers(self, extension: str) -> bool:
        return self._connection.has_extn(extension)


@contextmanager
def _lost_when_broken() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPException as error:  # smtplib has closed the connection
        raise Lost(str(error), hangs=isinstance(error.__context__, TimeoutError)) from error


def open_dialogue(
    server: SmtpServer, *, ehlo_name: str | None, tls_context: ssl.SSLContext | None, time_outs: TimeOuts
) -> Dialogue:
    """Connect, encrypt, log in. Raises Gone: RETRY, or TRANSPORT_DOWN where an operator must act."""
    try:
        connection = _logged_in(server, ehlo_name=ehlo_name, tls_context=tls_context, time_outs=time_outs)
    except ssl.SSLCertVerificationError as error:
        raise Gone(Verdict.TRANSPORT_DOWN, f"certificate: {error.verify_message}") from error
    except smtplib.SMTPResponseException as error:
        answer = Refused(error.smtp_code, error.smtp_error)
        verdict = Verdict.RETRY if 400 <= answer.code < 500 else Verdict.TRANSPORT_DOWN
        raise Gone(verdict, answer.text, code=answer.full_code) from error
    except smtplib.SMTPServerDisconnected as error:
        raise Gone(Verdict.RETRY, f"no connection: {error}") from error
    except smtplib.SMTPException as error:
        raise Gone(Verdict.TRANSPORT_DOWN, f"{server.host}: {error}") from error
    except OSError as error:
        raise Gone(Verdict.RETRY, f"no connection: {error}") from error
    return Dialogue(connection, time_outs=time_outs)


def _logged_in(
    server: SmtpServer, *, ehlo_name: str | None, tls_context: ssl.SSLContext | None, time_outs: TimeOuts
) -> smtplib.SMTP:
    context = tls_context or ssl.create_default_context()
    connection = _opened(server, ehlo_name=ehlo_name, context=context, time_outs=time_outs)
    try:
        connection.ehlo_or_helo_if_needed()
        if server.tls is Tls.STARTTLS:
            connection.starttls(context=context)
            connection.ehlo_or_helo_if_needed()
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _opened(
    server: SmtpServer, *, ehlo_name: str | None, context: ssl.SSLContext, time_outs: TimeOuts
) -> smtplib.SMTP:
    where, timeout = (server.host, server.port, ehlo_name), time_outs.greeting
    if server.tls is Tls.IMPLICIT:
        return _Private(*where, timeout=timeout, context=context)
    return _Plain(*where, timeout=timeout)


class _Plain(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        quick = min(timeout, _CONNECT)
        return _ready(super()._get_socket(host, port, quick), timeout)  # type: ignore[misc] # not in its stub


class _Private(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        quick = min(timeout, _CONNECT)
        return _ready(super()._get_socket(host, port, quick), timeout)  # type: ignore[misc] # not in its stub


def _ready(sock: socket.socket, timeout: float) -> socket.socket:
    """Wait longer for the greeting than for the connection. Send small packets at once (no Nagle)."""
    sock.settimeout(timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
