"""SMTP mailers that give up soon, and the server they talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

import pytest

from newsletter.adapters.mailers.smtp import SmtpMailer
from newsletter.adapters.mailers.smtp_session import TimeOuts
from tests.fakes.smtp_server import SmtpServer

MakeMailer = Callable[..., SmtpMailer]


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


@pytest.fixture
def mailer_for() -> Iterator[MakeMailer]:
    made: list[SmtpMailer] = []

    def make(url: str, **options: object) -> SmtpMailer:
        quick = {"time_outs": within(30), "ehlo_name": "test.example"}
        made.append(SmtpMailer(url, **(quick | options)))  # type: ignore[arg-type] # passed on as given
        return made[-1]

    yield make
    for mailer in made:
        mailer.close()


def within(seconds: float, **phases: float) -> TimeOuts:
    """Return time-outs of ``seconds``, but for the phases named."""
    return replace(TimeOuts(**{field.name: seconds for field in fields(TimeOuts)}), **phases)
