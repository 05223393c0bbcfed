"""SMTP (RFC 5321): one kept connection a worker, and every answer told apart.

Owns the dialogue and what its answers mean for one message. Which message, when, and how often is the
pipeline's business.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from newsletter.adapters.ports import Begin, Outcome, Outgoing, Verdict
from newsletter.adapters.smtp_url import Tls, parse_smtp_url
from newsletter.core.headers import ascii_address
from newsletter.errors import BadInput

_ADDRESS_IS_BAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.10", "5.2.1"})
"""RFC 3463 §3.2, RFC 7505: no such mailbox, domain or syntax; a domain without mail; a disabled mailbox."""
_ACCOUNT_IS_REFUSED = frozenset({530, 534, 535, 538})
"""RFC 4954 §6: login required, too weak, failed, or in need of encryption."""
_CLOSING = 421
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_LEADING_DOT = re.compile(rb"(?m)^\.")


class SmtpMailer:
    """A ``Mailer`` over one SMTP server. Each thread that sends has a connection of its own."""

    name = "smtp"
    lease = timedelta(minutes=15)
    batch_size = 50

    def __init__(
        self,
        url: str,
        *,
        connect_timeout: float = 30,
        command_timeout: float = 300,
        data_timeout: float = 600,
        ehlo_name: str | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Time-outs are in seconds, the last two RFC 5321 §4.5.3.2's. Raises ConfigurationError."""
        self._server = parse_smtp_url(url)
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._data_timeout = data_timeout
        self._ehlo_name = ehlo_name
        self._tls_context = tls_context
        self._kept = threading.local()

    def send(self, messages: Sequence[Outgoing], *, begin: Begin) -> Iterator[Outcome]:
        """Send in order. Once the server is gone or hangs, the rest is not tried."""
        for index, message in enumerate(messages):
            try:
                outcome = self._deliver(message, begin=begin)
            except _Gone as end:
                yield _outcome(message, end.verdict, detail=end.detail, code=end.code)
                rest = Verdict.RETRY if end.verdict is Verdict.UNKNOWN else end.verdict
                for left in messages[index + 1 :]:
                    yield _outcome(left, rest, detail=f"not tried: {end.detail}")
                return
            except BaseException:
                self._drop()  # in the middle of a dialogue, nobody can tell where
                raise
            yield outcome

    def evidence(self, delivery_id: str) -> bool | None:  # noqa: ARG002 - SMTP keeps no record to ask
        return None

    def forget(self, delivery_ids: Iterable[str]) -> None:
        """Nothing is kept here."""

    def close(self) -> None:
        """Say goodbye on this thread's connection, if there is one."""
        connection = self._connection
        if connection is not None:
            with suppress(OSError):
                connection.quit()
        self._drop()

    # --- one message -------------------------------------------------------------------------------------

    def _deliver(self, message: Outgoing, *, begin: Begin) -> Outcome:
        try:
            sender, recipient = ascii_address(message.sender), ascii_address(message.recipient)
        except BadInput as error:
            return _outcome(message, Verdict.BAD_MESSAGE, detail=str(error))
        try:
            connection = self._addressed(sender, recipient, size=len(message.message))
            if message.delivery_id not in begin([message.delivery_id]):
                return _outcome(message, Verdict.NOT_BEGUN)
            _check(connection.docmd("DATA"), expected=3)
        except _Refused as refusal:
            return self._refused(message, refusal)
        except smtplib.SMTPServerDisconnected as error:
            return self._lost(message, Verdict.RETRY, error)
        return self._body(connection, message)

    def _addressed(self, sender: str, recipient: str, *, size: int) -> smtplib.SMTP:
        """Return a connection that is ready for DATA. A kept one that has gone stale is replaced, once."""
        kept = self._connection
        if kept is not None:
            try:
                _check(kept.rset())
                return _envelope(kept, sender, recipient, size=size)
            except smtplib.SMTPServerDisconnected:
                self._drop()
            except _Refused as refusal:
                if refusal.code != _CLOSING:
                    raise
                self._drop()
        fresh = self._connection = self._connect()
        return _envelope(fresh, sender, recipient, size=size)

    def _body(self, connection: smtplib.SMTP, message: Outgoing) -> Outcome:
        """Send what follows 354. From here a lost connection means that nobody knows."""
        try:
            connection.send(_stuffed(message.message))
            _set_timeout(connection, self._data_timeout)
            _check(connection.getreply())
        except _Refused as refusal:
            return self._refused(message, refusal)
        except smtplib.SMTPServerDisconnected as error:
            return self._lost(message, Verdict.UNKNOWN, error)
        _set_timeout(connection, self._command_timeout)
        return _outcome(message, Verdict.ACCEPTED, code="250")

    def _refused(self, message: Outgoing, refusal: _Refused) -> Outcome:
        if refusal.code == _CLOSING:
            self._drop()
            raise _Gone(Verdict.RETRY, refusal.text, code=refusal.full_code) from refusal
        if refusal.code in _ACCOUNT_IS_REFUSED:
            self._drop()
            raise _Gone(Verdict.TRANSPORT_DOWN, refusal.text, code=refusal.full_code) from refusal
        return _outcome(message, refusal.verdict, detail=refusal.text, code=refusal.full_code)

    def _lost(self, message: Outgoing, verdict: Verdict, error: smtplib.SMTPServerDisconnected) -> Outcome:
        """Tell a server that hung up, which the next message may find well again, from one that hangs."""
        self._drop()
        if isinstance(error.__context__, TimeoutError):
            raise _Gone(verdict, str(error)) from error
        return _outcome(message, verdict, detail=str(error))

    # --- the connection ----------------------------------------------------------------------------------

    def _connect(self) -> smtplib.SMTP:
        try:
            return self._logged_in()
        except ssl.SSLCertVerificationError as error:
            raise _Gone(Verdict.TRANSPORT_DOWN, f"certificate: {error.verify_message}") from error
        except smtplib.SMTPResponseException as error:
            answer = _Refused(error.smtp_code, error.smtp_error)
            verdict = Verdict.RETRY if 400 <= answer.code < 500 else Verdict.TRANSPORT_DOWN
            raise _Gone(verdict, answer.text, code=answer.full_code) from error
        except smtplib.SMTPServerDisconnected as error:
            raise _Gone(Verdict.RETRY, f"no connection: {error}") from error
        except smtplib.SMTPException as error:
            raise _Gone(Verdict.TRANSPORT_DOWN, f"{self._server.host}: {error}") from error
        except OSError as error:
            raise _Gone(Verdict.RETRY, f"no connection: {error}") from error

    def _logged_in(self) -> smtplib.SMTP:
        connection = self._opened()
        try:
            connection.ehlo_or_helo_if_needed()
            if self._server.tls is Tls.STARTTLS:
                connection.starttls(context=self._context())
                connection.ehlo_or_helo_if_needed()
            if self._server.user:
                connection.login(self._server.user, self._server.password)
            _set_timeout(connection, self._command_timeout)
        except BaseException:
            connection.close()
            raise
        return connection

    def _opened(self) -> smtplib.SMTP:
        host, port, timeout = self._server.host, self._server.port, self._connect_timeout
        if self._server.tls is Tls.IMPLICIT:
            return smtplib.SMTP_SSL(host, port, self._ehlo_name, timeout=timeout, context=self._context())
        return smtplib.SMTP(host, port, self._ehlo_name, timeout=timeout)

    def _context(self) -> ssl.SSLContext:
        return self._tls_context or ssl.create_default_context()

    @property
    def _connection(self) -> smtplib.SMTP | None:
        connection: smtplib.SMTP | None = getattr(self._kept, "connection", None)
        return connection

    @_connection.setter
    def _connection(self, connection: smtplib.SMTP | None) -> None:
        self._kept.connection = connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Refused(Exception):
    """The server answered, and the answer was no. ``on_recipient``: it had heard of one."""

    def __init__(self, code: int, reply: bytes | str, *, on_recipient: bool = True) -> None:
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        self.code = code
        self.text = " ".join(text.split())
        found = _ENHANCED.match(self.text)
        self.enhanced = found[0] if found else ""
        self.on_recipient = on_recipient
        super().__init__(self.full_code)

    @property
    def full_code(self) -> str:
        return f"{self.code} {self.enhanced}".rstrip()

    @property
    def verdict(self) -> Verdict:
        if self.code < 500:
            return Verdict.RETRY
        is_address = self.on_recipient and self.enhanced in _ADDRESS_IS_BAD
        return Verdict.BAD_ADDRESS if is_address else Verdict.REFUSED


class _Gone(Exception):
    """Nothing more can be sent for now: ``verdict`` is this message's, and unless UNKNOWN the rest's too."""

    def __init__(self, verdict: Verdict, detail: str, *, code: str = "") -> None:
        super().__init__(detail)
        self.verdict, self.detail, self.code = verdict, detail, code


def _envelope(connection: smtplib.SMTP, sender: str, recipient: str, *, size: int) -> smtplib.SMTP:
    options = [f"SIZE={size}"] if connection.has_extn("size") else []
    _check(connection.mail(sender, options), on_recipient=False)
    _check(connection.rcpt(recipient))
    return connection


def _check(answer: tuple[int, bytes], *, expected: int = 2, on_recipient: bool = True) -> None:
    """Raise _Refused for a 4yz or 5yz; an answer that makes no sense here ends the dialogue as if lost."""
    code, reply = answer
    if code // 100 == expected:
        return
    if 400 <= code < 600:
        raise _Refused(code, reply, on_recipient=on_recipient)
    raise smtplib.SMTPServerDisconnected(f"unexpected answer {code}")


def _stuffed(message: bytes) -> bytes:
    """Return the body with its dots doubled at line starts and its end marked (RFC 5321 §4.5.2)."""
    end = b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"
    return _LEADING_DOT.sub(b"..", message) + end


def _set_timeout(connection: smtplib.SMTP, seconds: float) -> None:
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def _outcome(message: Outgoing, verdict: Verdict, *, detail: str = "", code: str = "") -> Outcome:
    return Outcome(delivery_id=message.delivery_id, verdict=verdict, detail=detail, code=code)
