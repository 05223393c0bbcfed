"""A mailer that answers as it is told and remembers every body that left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock

from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict


class Killed(BaseException):
    """The worker's end: nothing in the pipeline may catch it."""


def nothing(_message: Outgoing) -> None:
    """Do nothing at this point."""


@dataclass
class ScriptedMailer:
    """Lets one body at a time begin, like the outbox and SMTP."""

    answers: dict[str, Outcome] = field(default_factory=dict)
    """By recipient; every other message is accepted. The delivery id is put in."""
    before_begin: Callable[[Outgoing], object] = nothing
    in_body: Callable[[Outgoing], object] = nothing
    """Runs when the body has started; it cannot be accepted yet."""
    before_answer: Callable[[Outgoing], object] = nothing
    """Runs when the whole body has left."""
    known: dict[str, bool] = field(default_factory=dict)
    """Evidence by delivery id."""
    name: str = "scripted"
    lease: timedelta = timedelta(seconds=15)
    batch_size: int = 50
    shared_batch_size: int = 0
    sends_bytes: bool = True
    sent: list[Outgoing] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    @property
    def recipients(self) -> list[str]:
        return [message.recipient for message in self.sent]

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
        for message in messages:
            self.before_begin(message)
            if message.delivery_id not in bodies.begin([message.delivery_id]):
                yield Outcome(delivery_id=message.delivery_id, verdict=Verdict.NOT_BEGUN)
                continue
            self.in_body(message)
            bodies.end([message.delivery_id])
            answer = self.answers.get(message.recipient, accepted())
            if answer.verdict in {Verdict.ACCEPTED, Verdict.UNKNOWN}:
                with self._lock:
                    self.sent.append(message)
            self.before_answer(message)
            yield replace(answer, delivery_id=message.delivery_id)

    def evidence(self, delivery_id: str) -> bool | None:
        return self.known.get(delivery_id)

    def forget(self, delivery_ids: Iterable[str]) -> None:
        self.forgotten += delivery_ids

    def close(self) -> None:
        """Nothing is kept open."""


def accepted() -> Outcome:
    return Outcome(delivery_id="", verdict=Verdict.ACCEPTED, code="250", provider_id="provider-1")


def answer(
    verdict: Verdict, *, code: str = "", detail: str = "", retry_after: float | None = None
) -> Outcome:
    return Outcome(delivery_id="", verdict=verdict, code=code, detail=detail, retry_after=retry_after)
