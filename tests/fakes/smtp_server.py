"""An SMTP server on loopback that can refuse, hang up or hang at every step.

    with SmtpServer() as server:
        server.plan("RCPT", "550 5.1.1 no such user", Trouble.DROP)
        mailer = SmtpMailer(server.url)

Steps: CONNECT (the greeting), EHLO, STARTTLS, AUTH, RSET, MAIL, RCPT, DATA (before 354), BODY (after 354,
before any of it is read), END (after the dot).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email import message_from_bytes
from enum import Enum
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Trouble(Enum):
    DROP = "hang up without an answer"
    ACCEPT_AND_DROP = "take the message, then hang up without an answer (after the dot only)"
    HANG = "say nothing more"


@dataclass(frozen=True)
class Received:
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    connection: int
    used_tls: bool
    options: tuple[str, ...] = ()
    """Of MAIL."""

    @property
    def delivery_id(self) -> str:
        return str(message_from_bytes(self.content)["X-Newsletter-Delivery"] or "")


class SmtpServer:
    """Keeps what it accepts in ``messages``; ``accepted`` counts by X-Newsletter-Delivery."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        login: tuple[str, str] | None = None,
        pipelining: bool = True,
        smtputf8: bool = False,
    ) -> None:
        self.messages: list[Received] = []
        self.accepted: Counter[str] = Counter()
        self.connections = 0
        self.commands: list[str] = []
        """Every command as it came, and END for each dot."""
        self.names: list[str] = []
        """What each client called itself."""
        self.recipient_answers: dict[str, str] = {}
        """Address → answer to RCPT, for as long as it stands here."""
        self.login = login
        self.pipelining = pipelining
        self.smtputf8 = smtputf8
        self._tls = tls
        self._implicit_tls = implicit_tls
        self._planned: defaultdict[str, deque[str | Trouble]] = defaultdict(deque)
        self._controller = _Controller(self, tls=tls, implicit_tls=implicit_tls)

    @property
    def port(self) -> int:
        assert isinstance(self._controller.server, asyncio.Server)
        return int(self._controller.server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        user = ":".join(self.login) + "@" if self.login else ""
        scheme, options = ("smtps", "") if self._implicit_tls else ("smtp", "" if self._tls else "?tls=off")
        return f"{scheme}://{user}127.0.0.1:{self.port}{options}"

    def plan(self, step: str, *events: str | Trouble) -> None:
        """Answer the next times of ``step`` like this: a whole reply line, or trouble."""
        self._planned[step].extend(events)

    def recover(self) -> None:
        """Forget what was planned: from now on all goes well."""
        self._planned.clear()

    def next_event(self, step: str) -> str | Trouble | None:
        if step not in {"CONNECT", "BODY"}:
            self.commands.append(step)
        return self._planned[step].popleft() if self._planned[step] else None

    def __enter__(self) -> Self:
        self._controller.start()
        self.connections = 0
        self.commands.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.hang_up()
        self._controller.stop()


class _Controller(Controller):
    def __init__(self, owner: SmtpServer, *, tls: ssl.SSLContext | None, implicit_tls: bool) -> None:
        self._owner = owner
        self._starttls = None if implicit_tls else tls
        self._dialogues: list[_Dialogue] = []
        super().__init__(
            _Handler(owner), hostname="127.0.0.1", port=0, ssl_context=tls if implicit_tls else None
        )

    def factory(self) -> SMTP:
        self._owner.connections += 1
        dialogue = _Dialogue(
            self._owner,
            self.handler,
            hostname="fake.example",
            tls_context=self._starttls,
            auth_require_tls=self._starttls is not None,
            authenticator=self._authenticate,
            enable_SMTPUTF8=self._owner.smtputf8,
            loop=self.loop,
        )
        self._dialogues.append(dialogue)
        return dialogue

    def hang_up(self) -> None:
        """Leave no socket open behind a loop that has stopped."""
        for dialogue in self._dialogues:
            self.loop.call_soon_threadsafe(dialogue.hang_up)

    def _authenticate(
        self, _server: object, _session: object, _envelope: object, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        user, password = self._owner.login or ("", "")
        success = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=success, handled=False)

    def _trigger_server(self) -> None:
        """Connect nothing: the base class would, and be counted."""
        self._factory_invoked.set()
        self.smtpd = self


class _Dialogue(SMTP):
    def __init__(self, owner: SmtpServer, handler: object, **options: Any) -> None:
        self._owner = owner
        self.number = owner.connections
        super().__init__(handler, **options)

    def hang_up(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def meets_trouble(self, step: str, arg: str) -> bool:
        planned = self._owner.next_event(step)
        if step == "MAIL" and self._owner.login and not (self.session and self.session.authenticated):
            planned = "530 5.7.0 Authentication required"
        address = arg.partition("<")[2].partition(">")[0] if step == "RCPT" else ""
        return await self.suffer(planned or self._owner.recipient_answers.get(address))

    async def suffer(self, event: str | Trouble | None) -> bool:
        """Carry out ``event``; say whether the step ends with it."""
        if event is None:
            return False
        if event is Trouble.HANG:
            await asyncio.sleep(3600)
        if isinstance(event, str):
            await self.push(event)
        if (not isinstance(event, str) or event.startswith("421")) and self.transport:
            self.transport.close()
        return True

    async def _handle_client(self) -> None:
        event = self._owner.next_event("CONNECT")
        if not await self.suffer(event):
            await super()._handle_client()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's
        if await self.meets_trouble("DATA", arg):
            return
        event = self._owner.next_event("BODY")
        if event is not None:
            await self.push("354 go on")
            await self.suffer(event)
            return
        await super().smtp_DATA(arg)


def _with_trouble(step: str) -> Callable[[_Dialogue, str], Awaitable[None]]:
    async def command(dialogue: _Dialogue, arg: str) -> None:
        if not await dialogue.meets_trouble(step, arg):
            await getattr(SMTP, f"smtp_{step}")(dialogue, arg)

    return command


for _step in ("EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "RSET"):
    setattr(_Dialogue, f"smtp_{_step}", _with_trouble(_step))


class _Handler:
    def __init__(self, owner: SmtpServer) -> None:
        self._owner = owner

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's
        self, _server: _Dialogue, session: Any, _envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self._owner.names.append(hostname)
        offered = ["250-PIPELINING"] if self._owner.pipelining else []
        return [responses[0], *offered, *responses[1:]]

    async def handle_DATA(self, server: _Dialogue, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        event = self._owner.next_event("END")
        if event in {None, Trouble.ACCEPT_AND_DROP}:
            received = Received(
                envelope.mail_from,
                tuple(envelope.rcpt_tos),
                bytes(envelope.content),
                server.number,
                server.transport is not None and server.transport.get_extra_info("ssl_object") is not None,
                tuple(envelope.mail_options),
            )
            self._owner.messages.append(received)
            self._owner.accepted[received.delivery_id] += 1
        if event is None:
            return "250 2.0.0 OK"
        if isinstance(event, str) and not event.startswith("421"):
            return event
        await server.suffer(event)
        return "421 4.3.2 closing"
