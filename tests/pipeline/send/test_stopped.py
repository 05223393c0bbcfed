"""A sending process that is stopped or killed at each step of a mail, while others reconcile and send."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter.adapters.mailers.smtp import SmtpMailer
from newsletter.models import Delivery
from newsletter.models.delivery import State
from newsletter.pipeline.send.bodies import VALID_SECONDS
from newsletter.pipeline.send.lost import LONGEST_WAIT
from tests.fakes.processes import isolated
from tests.fakes.smtp_server import SmtpServer, Trouble
from tests.pipeline.deliveries import deliver, digest, later, reconcile_now

pytestmark = pytest.mark.django_db(transaction=True)

SENDER = """
import django
django.setup()
from django.conf import settings
from django.utils import timezone
from newsletter.pipeline.context import Context
from newsletter.pipeline.lease import boot_id
from newsletter.pipeline.stages import Work, send
print(boot_id(), flush=True)
print(dict(send(Work(context=Context(settings.CONFIG), now=timezone.now())).states), flush=True)
"""
ACCEPTED, WAITS, OPEN, SENDING = State.ACCEPTED, State.RETRY_WAIT, State.AMBIGUOUS, State.SENDING
PAST_THE_LEASE = SmtpMailer.lease + timedelta(seconds=1)


class Interrupting(SmtpServer):
    """Sends a signal to its client when this step of the second mail is reached, before it answers."""

    def __init__(self, step: str, number: signal.Signals) -> None:
        super().__init__()
        self.client: subprocess.Popen[str] | None = None
        self.is_reached = False
        self._step, self._signal = step, number

    def next_event(self, step: str) -> str | Trouble | None:
        event = super().next_event(step)
        if step == self._step and self.commands.count(step) == 2 and self.client and not self.is_reached:
            os.kill(self.client.pid, self._signal)
            self.is_reached = True
        return event


@contextmanager
def sending(server: Interrupting) -> Iterator[subprocess.Popen[str]]:
    """Yield a process that sends what is due on this test's database, once it was interrupted."""
    name = connection.settings_dict["NAME"]
    on_postgres = os.environ.get("TESTS_ON_POSTGRES", "").replace("/postgres?", f"/{name}?")
    environment = {
        "DATABASE_URL": on_postgres or f"sqlite:///{name}",
        "NEWSLETTER_SECRET_KEY": "only for these tests",
        "NEWSLETTER_DATA_DIR": str(settings.CONFIG.data_dir),
        "NEWSLETTER_ENV_FILE": os.devnull,
        "NEWSLETTER_MAILER": "smtp",
        "NEWSLETTER_SMTP_URL": server.url,
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
    }
    command = [sys.executable, "-c", SENDER]
    with subprocess.Popen(command, env=isolated(environment), stdout=subprocess.PIPE, text=True) as process:
        try:
            server.client = process
            deadline = time.monotonic() + 60
            while not server.is_reached:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield process
        finally:
            process.kill()


def due() -> list[Delivery]:
    start = timezone.now() - timedelta(minutes=1)
    return [digest(next_attempt_at=start + timedelta(seconds=number)) for number in range(3)]


def states(rows: list[Delivery]) -> list[State]:
    found = dict(Delivery.objects.values_list("pk", "state"))
    return [State(found[row.pk]) for row in rows]


def reconcile_later(wait: timedelta, server: SmtpServer) -> None:
    reconcile_now(SmtpMailer(server.url), real_now=timezone.now() + wait)


@pytest.mark.parametrize(
    ("step", "in_the_end"),
    # What was never started is not begun again by one who was given up: it stays open, and is not sent.
    [
        ("RCPT", [ACCEPTED, OPEN, OPEN]),
        ("DATA", [ACCEPTED, OPEN, OPEN]),
        ("END", [ACCEPTED, ACCEPTED, OPEN]),
    ],
)
def test_a_stopped_process_is_waited_for_then_given_up_and_its_answers_still_count(
    step: str, in_the_end: list[State]
) -> None:
    rows = due()
    with Interrupting(step, signal.SIGSTOP) as server, sending(server) as process:
        reconcile_later(PAST_THE_LEASE, server)
        assert states(rows) == [ACCEPTED, SENDING, SENDING]
        reconcile_later(PAST_THE_LEASE + LONGEST_WAIT, server)
        assert states(rows) == [ACCEPTED, OPEN, OPEN]
        assert deliver(SmtpMailer(server.url), clock=later(hours=1)).handled == 0
        time.sleep(VALID_SECONDS)
        process.send_signal(signal.SIGCONT)
        process.wait(timeout=60)
    assert states(rows) == in_the_end
    arrived = [row for row, state in zip(rows, in_the_end, strict=True) if state == ACCEPTED]
    assert server.accepted == Counter(str(row.pk) for row in arrived)


@pytest.mark.parametrize(("step", "open_ones"), [("RCPT", 0), ("DATA", 0), ("END", 1)])
def test_of_a_killed_process_only_the_mail_whose_dot_has_left_is_open(step: str, open_ones: int) -> None:
    rows = due()
    with Interrupting(step, signal.SIGKILL) as server, sending(server) as process:
        process.wait(timeout=60)
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        assert reconcile_now(SmtpMailer(server.url), dead_owners=[owner]).lapsed == {
            "ACCEPTED": 1,
            **({"AMBIGUOUS": 1} if open_ones else {}),
            "RETRY_WAIT": 2 - open_ones,
        }
        mailer = SmtpMailer(server.url, ehlo_name="test.example")
        deliver(mailer, clock=later(minutes=1))
        mailer.close()
    assert states(rows) == [ACCEPTED, OPEN if open_ones else ACCEPTED, ACCEPTED]
    assert set(server.accepted.values()) == {1}
