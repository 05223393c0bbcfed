"""One message over one of a worker's SMTP connections, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from newsletter.adapters.mailers.smtp_answers import CLOSING, Gone, Lost, Refused
from newsletter.adapters.mailers.smtp_session import Dialogue, Envelope
from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.core.digests.headers import ascii_address, wire_address
from newsletter.errors import BadInput, PermanentError

NEEDS_SMTPUTF8 = (
    "cannot send to {!r}: its part before the @ is not ASCII, and the mail server does not offer "
    "SMTPUTF8 (RFC 6531), which such an address needs"
)
_FEWER_FOR = 600.0
"""Seconds for which no further connection is tried after one was refused."""


class NoFurther(Exception):
    """The server gives us no further connection: what this one was to send goes by another."""


@dataclass(slots=True, eq=False)
class Line:
    """A connection, or the place for one."""

    open: Callable[[], Dialogue]
    dialogue: Dialogue | None = None
    refused_at: float = -_FEWER_FOR
    """When the server refused a further connection here, by the monotonic clock."""

    @property
    def is_refused(self) -> bool:
        return time.monotonic() - self.refused_at < _FEWER_FOR

    @property
    def is_open(self) -> bool:
        return self.dialogue is not None and self.dialogue.is_open

    def usable(self) -> Dialogue | None:
        if self.dialogue is not None and (self.dialogue.is_stale or not self.dialogue.is_open):
            self.drop()
        return self.dialogue

    def drop(self) -> None:
        dialogue, self.dialogue = self.dialogue, None
        if dialogue is not None:
            dialogue.close()

    def quit(self) -> None:
        if self.dialogue is not None:
            self.dialogue.quit()
        self.drop()


@dataclass(slots=True, eq=False)
class Transfer:
    """Sends one message over one line."""

    line: Line
    message: Outgoing
    bodies: Bodies
    sign: Callable[[bytes], bytes] | None
    has_another: Callable[[], bool]
    """Whether another line is open."""
    is_sent: bool = False
    """Whether the final dot has left: only the answer is missing."""
    _steps: Generator[None, None, Outcome] | None = None

    def step(self) -> Outcome | None:
        """Go on until an answer is to be waited for (None), or to the end.

        Raises Gone where the next message would fare alike, NoFurther, and what ``bodies`` raises.
        """
        if self._steps is None:
            self._steps = self._all_steps()
        try:
            next(self._steps)
        except StopIteration as end:
            found: Outcome = end.value
            return found
        return None

    def drop(self) -> None:
        """Give up in the middle; the state of the session is unknown."""
        if self._steps is not None:
            self._steps.close()
        self.line.drop()

    def _all_steps(self) -> Generator[None, None, Outcome]:
        message, lost = self.message, Verdict.RETRY
        try:
            content = self.sign(message.message) if self.sign else message.message
            envelope = Envelope(
                sender=ascii_address(message.sender),
                recipient=wire_address(message.recipient),
                size=len(content),
            )
        except (BadInput, PermanentError) as error:
            return outcome(message, Verdict.BAD_MESSAGE, detail=str(error))
        if message.delivery_id not in self.bodies.prepare([message.delivery_id]):
            return outcome(message, Verdict.NOT_BEGUN)
        try:
            dialogue = yield from self._accepting(envelope)
            if dialogue is None:
                return outcome(message, Verdict.BAD_MESSAGE, detail=NEEDS_SMTPUTF8.format(message.recipient))
            if message.delivery_id not in self.bodies.begin([message.delivery_id]):
                self.line.drop()  # the server waits for a body; a lone dot would be one
                return outcome(message, Verdict.NOT_BEGUN)
            dialogue.body(content)
            self.bodies.end([message.delivery_id])
            lost = Verdict.UNKNOWN
            dialogue.dot()
            self.is_sent = True
            yield
            dialogue.answer()
        except Refused as refusal:
            return self._refused(refusal)
        except Lost as error:
            self.line.drop()
            # After a hang-up the next message may well pass; a server that hangs would hold up each one.
            if error.hangs:
                raise Gone(lost, str(error)) from error
            return outcome(message, lost, detail=str(error))
        return outcome(message, Verdict.ACCEPTED, code="250")

    def _accepting(self, envelope: Envelope) -> Generator[None, None, Dialogue | None]:
        """Return a dialogue that waits for the body, or None where the addresses cannot be sent.

        A kept connection that was closed is replaced once.
        """
        kept = self.line.usable()
        if kept is not None:
            try:
                return (yield from _accepting(kept, envelope))
            except Lost:
                self.line.drop()
            except Refused as refusal:
                if refusal.code != CLOSING:
                    raise
                self.line.drop()
        try:
            fresh = self.line.dialogue = self.line.open()
            return (yield from _accepting(fresh, envelope))
        except (Gone, Lost, Refused) as error:
            is_of_message = isinstance(error, Refused) and error.code != CLOSING
            if is_of_message or not self.has_another():
                raise
            self.line.drop()
            self.line.refused_at = time.monotonic()
            raise NoFurther from error

    def _refused(self, refusal: Refused) -> Outcome:
        if refusal.ends_all:
            self.line.drop()
            raise Gone(refusal.verdict, refusal.text, code=refusal.full_code) from refusal
        return outcome(self.message, refusal.verdict, detail=refusal.text, code=refusal.full_code)


def _accepting(dialogue: Dialogue, envelope: Envelope) -> Generator[None, None, Dialogue | None]:
    if not dialogue.can_take(envelope):
        return None
    dialogue.announce(envelope)
    yield
    dialogue.accept()
    return dialogue


def outcome(message: Outgoing, verdict: Verdict, *, detail: str = "", code: str = "") -> Outcome:
    return Outcome(delivery_id=message.delivery_id, verdict=verdict, detail=detail, code=code)
