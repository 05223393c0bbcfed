"""A clock that stands still until told to move, and what began when by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from newsletter.models import Delivery
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import digest, new_subscriber

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Real time as the gate sees it; sleeping only moves it on, a little further than asked, as a sleep does.

    At the very end of a window ``limits`` says that there is room, and takes nobody.
    """

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds, milliseconds=1)


@dataclass
class Begun:
    """When each body began, by the frozen clock."""

    clock: Clock
    at: list[tuple[datetime, str]] = field(default_factory=list)

    def mailer(self, *, batch_size: int = 50) -> ScriptedMailer:
        return ScriptedMailer(
            in_body=lambda message: self.at.append((self.clock.now, message.recipient)), batch_size=batch_size
        )

    def most_within(self, seconds: float, *, domain: str = "") -> int:
        moments = [at for at, address in self.at if address.endswith(domain)]
        span = timedelta(seconds=seconds)
        return max(sum(first <= at < first + span for at in moments) for first in moments)


def due(address: str = "", **fields: object) -> Delivery:
    return digest(new_subscriber(address), next_attempt_at=START, **fields)
