"""SMTP (RFC 5321): a few kept connections a worker, one outcome a message.

While one connection waits for an answer the others go on, in turn and in one thread: a thread has one
connection to the database. ``smtp_transfer`` sends one message, ``smtp_session`` speaks the protocol. The
pipeline decides which message, when, and how often.
"""

from __future__ import annotations

import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from newsletter.adapters.mailers.smtp_answers import Gone
from newsletter.adapters.mailers.smtp_session import Dialogue, TimeOuts, open_dialogue
from newsletter.adapters.mailers.smtp_transfer import Line, NoFurther, Transfer, outcome
from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.config import Config
from newsletter.config.smtp_url import parse_smtp_url
from newsletter.errors import PermanentError, TemporaryError

_SHORT = TimeOuts(greeting=15, command=15)
"""For a look at the login, for which a person waits."""
_WORTH_OPENING = 5
"""Messages for which a further connection is opened; fewer have gone by the time it is there."""


def mailer(config: Config) -> SmtpMailer:
    # In EHLO the site's name is said if it is a public name, else the machine's.
    host = urlsplit(config.base_url).hostname or ""
    is_public = "." in host and not host.replace(".", "").isdigit()
    return SmtpMailer(
        config.smtp_url,
        sign=_signer(config),
        ehlo_name=host if is_public else None,
        connections=config.smtp_connections,
    )


def check_login(config: Config) -> str:
    """Connect, encrypt and log in, and send nothing; return what was reached.

    Raises TemporaryError where there is no connection, PermanentError for a refusal.
    """
    server = parse_smtp_url(config.smtp_url)
    try:
        open_dialogue(server, ehlo_name=None, tls_context=None, time_outs=_SHORT).close()
    except Gone as gone:
        said = f"{server.host}:{server.port}: {f'{gone.code} {gone.detail}'.strip()}"
        if "STARTTLS" in gone.detail and "not supported" in gone.detail:
            said = f"{said} (a relay on this machine without encryption: smtp://{server.host}:{server.port}?tls=off)"
        raise (TemporaryError if gone.verdict is Verdict.RETRY else PermanentError)(said) from gone
    who = f"logged in as {server.user}" if server.user else "without a login"
    return f"{server.host}:{server.port}, {who}"


def _signer(config: Config) -> Callable[[bytes], bytes] | None:
    if not config.dkim_key:
        return None
    from newsletter.adapters.mailers.dkim import DkimSigner  # only for those who sign: it imports slowly

    return DkimSigner(config.dkim_key, selector=config.dkim_selector, domain=config.signing_domain)


class SmtpMailer:
    """A ``Mailer`` over one SMTP server. Each thread that sends has connections of its own."""

    name = "smtp"
    lease = timedelta(minutes=15)
    batch_size = shared_batch_size = 50
    sends_bytes = True

    def __init__(
        self,
        url: str,
        *,
        sign: Callable[[bytes], bytes] | None = None,
        time_outs: TimeOuts | None = None,
        ehlo_name: str | None = None,
        tls_context: ssl.SSLContext | None = None,
        connections: int = 1,
    ) -> None:
        """Raises ConfigurationError. ``sign`` puts a signature before a message."""
        self._sign = sign
        opened = partial(
            open_dialogue,
            parse_smtp_url(url),
            ehlo_name=ehlo_name,
            tls_context=tls_context,
            time_outs=time_outs or TimeOuts(),
        )
        self._lines = _Lines(connections, opened)

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
        """Send in order, each by a connection that is free. Once the server is gone the rest is not tried."""
        return _Sending(self._lines, deque(messages), bodies, self._sign).outcomes()

    def evidence(self, delivery_id: str) -> bool | None:  # noqa: ARG002 - SMTP keeps no record to ask
        return None

    def forget(self, delivery_ids: Iterable[str]) -> None:
        """Do nothing: no copy is kept here."""

    def close(self) -> None:
        """QUIT this thread's connections."""
        self._lines.quit()


@dataclass(slots=True)
class _Sending:
    """One call of ``send``."""

    lines: _Lines
    waiting: deque[Outgoing]
    bodies: Bodies
    sign: Callable[[bytes], bytes] | None
    under_way: deque[Transfer] = field(default_factory=deque)
    """The one whose answer is waited for longest goes first."""
    end: Exception | None = None
    """Why no other message is tried."""

    def outcomes(self) -> Iterator[Outcome]:
        try:
            while True:
                self._start()
                if not self.under_way:
                    break
                if (found := self._step()) is not None:
                    yield found
        finally:
            for transfer in self.under_way:
                transfer.drop()
        if isinstance(self.end, Gone):
            rest = Verdict.RETRY if self.end.verdict is Verdict.UNKNOWN else self.end.verdict
            for message in self.waiting:
                yield outcome(message, rest, detail=f"not tried: {self.end.detail}")
        elif self.end is not None:
            raise self.end

    def _start(self) -> None:
        """Let every connection that is free take a message; they go first."""
        if self.end is not None or not self.waiting:
            return
        started = []
        busy = [transfer.line for transfer in self.under_way]
        for line in self.lines.free(busy, waiting=len(self.waiting)):
            if self.waiting:
                has_another = partial(self.lines.has_another, line)
                started.append(Transfer(line, self.waiting.popleft(), self.bodies, self.sign, has_another))
        self.under_way.extendleft(reversed(started))

    def _step(self) -> Outcome | None:
        transfer = self.under_way.popleft()
        try:
            found = transfer.step()
        except NoFurther:
            self.waiting.appendleft(transfer.message)
            return None
        except Gone as gone:
            self.end = self.end or gone
            return outcome(transfer.message, gone.verdict, detail=gone.detail, code=gone.code)
        except Exception as error:  # what ``bodies`` raised: of the others only answers are waited for
            self.end = error
            for each in [transfer, *(each for each in self.under_way if not each.is_sent)]:
                each.drop()
            self.under_way = deque(each for each in self.under_way if each.is_sent)
            return None
        except BaseException:
            transfer.drop()
            raise
        if found is None:
            self.under_way.append(transfer)
        return found


class _Lines(threading.local):
    """A thread's connections."""

    def __init__(self, count: int, opened: Callable[[], Dialogue]) -> None:
        self._lines = [Line(opened) for _ in range(count)]

    def free(self, busy: Sequence[Line], *, waiting: int) -> Iterator[Line]:
        """Yield those that may send the next messages, open ones first."""
        if len(busy) == len(self._lines):
            return
        taken = len(busy)
        for line in sorted(self._lines, key=lambda line: not line.is_open):
            if line in busy:
                continue
            if taken and not line.is_open and (waiting < _WORTH_OPENING or line.is_refused):
                continue
            taken += 1
            yield line

    def has_another(self, line: Line) -> bool:
        return any(each.is_open for each in self._lines if each is not line)

    def quit(self) -> None:
        for line in self._lines:
            line.quit()
