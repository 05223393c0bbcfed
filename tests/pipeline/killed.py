"""Workers that die in the middle of a group, and what their rows are afterwards."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from newsletter.adapters.ports import Outgoing
from newsletter.models import Delivery
from newsletter.models.delivery import State
from tests.fakes.mailer import Killed, ScriptedMailer
from tests.pipeline.deliveries import deliver, digest

HERE = f"{socket.gethostname()[:40]}/999999999/1.0"
ELSEWHERE = "a-container-that-is-gone/7/1.0"
MANY, ANSWERED = 12, 5
"""The sixth of twelve is in flight when its worker dies; the five before were answered."""
AFTER = MANY - ANSWERED - 1
OPEN = [State.SENDING] * MANY
WAITS, UNKNOWN = State.RETRY_WAIT, State.AMBIGUOUS
LINES_EACH = 3


class Smtp(ScriptedMailer):
    def __init__(self, **given: Any) -> None:
        super().__init__(name="smtp", **given)


def due(count: int = MANY) -> list[Delivery]:
    """Make digests that are sent in this order."""
    start = timezone.now() - timedelta(minutes=1)
    at = [start + timedelta(seconds=number) for number in range(count)]
    return [digest(papers={"summarised": [n]}, next_attempt_at=at[n]) for n in range(count)]


def at_message(number: int, do: Callable[[], object]) -> Callable[[Outgoing], None]:
    """Return a hook that does this at the message of this number, from 0."""
    seen = list[str]()

    def hook(message: Outgoing) -> None:
        seen.append(message.delivery_id)
        if len(seen) == number + 1:
            do()

    return hook


def die() -> None:
    raise Killed


def killed(*, owner: str = HERE, moment: str = "before_answer", **options: Any) -> list[Delivery]:
    """Kill a worker at its sixth message; return its rows, in the order in which they were sent."""
    rows = due()
    with pytest.raises(Killed):
        deliver(Smtp(**{moment: at_message(ANSWERED, die)}), owner=owner, **options)
    assert states(rows) == OPEN
    return rows


def states(rows: list[Delivery]) -> list[State]:
    found = dict(Delivery.objects.values_list("pk", "state"))
    return [State(found[row.pk]) for row in rows]


def fates(in_flight: State, after: State) -> list[State]:
    return [*[State.ACCEPTED] * ANSWERED, in_flight, *[after] * AFTER]


def the_journal() -> Path:
    [journal_id] = set(Delivery.objects.values_list("journal", flat=True))
    return Path(settings.CONFIG.journal_folder) / f"{journal_id}.journal"


def after_the_lease(wait: timedelta = timedelta()) -> Any:
    return {"real_now": timezone.now() + Smtp().lease + timedelta(seconds=1) + wait}
