"""Two receivers that refuse, hang up and hang at every step: what becomes of a digest, and what arrives.

The tables in docs/delivery.md are these; ``pytest -s -k documentation`` on this file prints them.
"""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from newsletter.adapters.mailers.smtp import SmtpMailer
from newsletter.adapters.mailers.smtp_session import TimeOuts
from newsletter.models import Delivery, SendPause
from newsletter.models.delivery import State
from tests.fakes.certificate import make_certificate, server_side
from tests.fakes.smtp_server import SmtpServer, Trouble
from tests.fakes.smtp_sink import MISSING, SMTP_SINK, SmtpSink
from tests.pipeline.deliveries import deliver, digest, later

pytestmark = pytest.mark.django_db

PHASES = {"MAIL": "command", "RCPT": "command", "DATA": "data", "body": "end", "dot": "end"}
"""The time-out that a server runs into that says nothing at this step; the others: the greeting's."""


def patience(step: str) -> TimeOuts:
    """Return time-outs that are short at this step only, so that a slow machine changes nothing."""
    long = TimeOuts(greeting=20, command=20, data=20, block=20, end=20)
    return replace(long, **{PHASES.get(step, "greeting"): 0.3})


@dataclass(frozen=True)
class Fate:
    """What became of a digest: at once, after the trouble, and what arrived."""

    at_once: State
    in_the_end: State
    copies: int
    pauses: bool = False

    def __str__(self) -> str:
        copies = "1 copy" if self.copies == 1 else "no copy"
        if self.at_once == self.in_the_end:
            return f"{self.at_once}, {copies}"
        waits = "transport paused" if self.pauses else "waits"
        return f"{waits}, {self.in_the_end}, {copies}"


GOES = Fate(State.ACCEPTED, State.ACCEPTED, 1)
WAITS = Fate(State.RETRY_WAIT, State.ACCEPTED, 1)
PAUSES = Fate(State.RETRY_WAIT, State.ACCEPTED, 1, pauses=True)
FAILS = Fate(State.FAILED, State.FAILED, 0)
LOST = Fate(State.AMBIGUOUS, State.AMBIGUOUS, 0)
LOST_THOUGH_TAKEN = Fate(State.AMBIGUOUS, State.AMBIGUOUS, 1)

STEPS = ("connect", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "body", "dot")
NOT_NOW, NEVER, CLOSING = "4xx", "5xx", "421"
HANGS_UP, HANGS, TAKES = "hangs up", "says nothing", "takes it, hangs up"
TROUBLES = (NOT_NOW, NEVER, CLOSING, HANGS_UP, HANGS, TAKES)
Table = dict[tuple[str, str], Fate]

BEFORE_THE_BODY = STEPS[:-2]
AIOSMTPD: Table = {
    **{(step, trouble): WAITS for step in BEFORE_THE_BODY for trouble in (CLOSING, HANGS_UP, HANGS)},
    **{(step, NOT_NOW): WAITS for step in (*BEFORE_THE_BODY, "dot")},
    **{(step, NEVER): PAUSES for step in ("connect", "STARTTLS", "AUTH")},
    **{(step, NEVER): FAILS for step in ("MAIL", "RCPT", "DATA", "dot")},
    # A server that refuses EHLO may still know HELO.
    **{("EHLO", trouble): GOES for trouble in (NOT_NOW, NEVER)},
    # A digest fits into the machine's buffers whole: with its dot, before the silence can be noticed.
    **{("body", trouble): LOST for trouble in (HANGS_UP, HANGS)},
    ("dot", CLOSING): WAITS,
    ("dot", HANGS_UP): LOST,
    ("dot", HANGS): LOST,
    ("dot", TAKES): LOST_THOUGH_TAKEN,
}
# smtp-sink knows no STARTTLS, takes any login, and keeps each message before it answers to the dot.
SINK: Table = {
    **{
        (step, trouble): fate
        for (step, trouble), fate in AIOSMTPD.items()
        if step not in {"STARTTLS", "AUTH", "body"}
    },
    ("dot", HANGS_UP): LOST_THOUGH_TAKEN,
    ("dot", HANGS): LOST_THOUGH_TAKEN,
}
del SINK["dot", TAKES]


def send_once(url: str, time_outs: TimeOuts, context: ssl.SSLContext | None = None) -> None:
    """Make one pass so late that every wait is over, with a mailer of its own."""
    mailer = SmtpMailer(url, time_outs=time_outs, ehlo_name="test.example", tls_context=context)
    deliver(mailer, clock=later(hours=2 * Delivery.objects.get().retries))
    mailer.close()


def fate(
    in_trouble: Callable[[], None], recovered: Callable[[], None], copies: Callable[[], Counter[str]]
) -> Fate:
    """Send one digest into the trouble, and again once it is over and the operator has looked."""
    row = digest()
    in_trouble()
    at_once = State(Delivery.objects.get().state)
    pauses = SendPause.objects.all().delete()[0] > 0
    recovered()
    in_the_end = State(Delivery.objects.get().state)
    return Fate(at_once, in_the_end, copies()[str(row.pk)], pauses)


# --- aiosmtpd --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


REPLIES = {
    ("connect", NOT_NOW): "450 4.3.2 not now",
    ("connect", NEVER): "554 5.3.2 no mail here",
    ("STARTTLS", NOT_NOW): "454 4.3.0 no TLS now",
    ("STARTTLS", NEVER): "501 5.5.4 no TLS",
    ("AUTH", NOT_NOW): "454 4.7.0 not now",
    ("AUTH", NEVER): "535 5.7.8 wrong password",
}
EVENTS: dict[str, str | Trouble] = {
    NOT_NOW: "450 4.2.0 not now",
    NEVER: "550 5.7.1 refused",
    CLOSING: "421 4.3.2 closing",
    HANGS_UP: Trouble.DROP,
    HANGS: Trouble.HANG,
    TAKES: Trouble.ACCEPT_AND_DROP,
}


@pytest.mark.parametrize(("step", "trouble"), AIOSMTPD)
def test_aiosmtpd(step: str, trouble: str, certificate: Path) -> None:
    is_private = step in {"STARTTLS", "AUTH"}
    tls = server_side(certificate) if is_private else None
    ours = ssl.create_default_context(cafile=str(certificate)) if is_private else None
    with SmtpServer(tls=tls, login=("me", "secret") if step == "AUTH" else None) as server:
        command = {"connect": "CONNECT", "body": "BODY", "dot": "END"}.get(step, step)
        # Several times: a client may try another command or mechanism.
        event: str | Trouble = REPLIES.get((step, trouble), EVENTS[trouble])
        server.plan(command, *[event] * 4)

        def recovered() -> None:
            server.recover()
            send_once(server.url, TimeOuts(), ours)

        def in_trouble() -> None:
            send_once(server.url, patience(step) if trouble == HANGS else TimeOuts(), ours)

        found = fate(in_trouble, recovered, lambda: server.accepted)
    assert found == AIOSMTPD[step, trouble]


# --- smtp-sink -------------------------------------------------------------------------------------------

OPTIONS = {NOT_NOW: "-r", NEVER: "-f", CLOSING: "-Q", HANGS_UP: "-q"}


@pytest.mark.skipif(not SMTP_SINK, reason=MISSING)
@pytest.mark.parametrize(("step", "trouble"), SINK)
def test_smtp_sink(step: str, trouble: str, tmp_path: Path) -> None:
    command = {"connect": "CONNECT", "dot": "."}.get(step, step)
    # Told to wait, smtp-sink answers what was sent with the command first: no pipelining there.
    options = ("-p", "-W", f"{command}:30") if trouble == HANGS else (OPTIONS[trouble], command)
    before = SmtpSink(tmp_path / "before", *options)
    after = SmtpSink(tmp_path / "after", port=before.port)

    def in_trouble() -> None:
        with before:
            send_once(before.url, patience(step) if trouble == HANGS else TimeOuts())

    def recovered() -> None:
        with after:
            send_once(after.url, TimeOuts())

    def copies() -> Counter[str]:
        # It keeps a message also when it refuses it after the dot: that one was not taken.
        refuses = step == "dot" and trouble in {NOT_NOW, NEVER, CLOSING}
        return after.accepted + (Counter() if refuses else before.accepted)

    assert fate(in_trouble, recovered, copies) == SINK[step, trouble]


# --- the table -------------------------------------------------------------------------------------------


def rows(table: Table) -> list[str]:
    """Return the table in Markdown: a line for each step, a column for each trouble."""
    cells = [["", *TROUBLES], ["---"] * (len(TROUBLES) + 1)]
    for step in STEPS:
        fates = [str(table.get((step, trouble), "")) for trouble in TROUBLES]
        if any(fates):
            cells.append([step, *fates])
    return ["| " + " | ".join(line) + " |" for line in cells]


def test_the_table_in_the_documentation_is_this_one() -> None:
    documented = (Path(__file__).parents[3] / "docs" / "delivery.md").read_text(encoding="utf-8")
    for name, table in (("aiosmtpd", AIOSMTPD), ("smtp-sink", SINK)):
        lines = "\n".join(rows(table))
        print(f"\n{name}\n\n{lines}")  # noqa: T201 - for `pytest -s`
        assert lines in documented
