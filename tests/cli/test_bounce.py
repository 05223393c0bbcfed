"""A mail server's pipe sees two exit codes: dealt with, or try again later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsletter.audience.tagged_addresses import envelope_sender, unsubscribe_mailto
from newsletter.audience.tokens import Purpose, make_token
from newsletter.cli import cli
from newsletter.models import DeliveryEvent, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.feedback import bounces
from tests.cli.runner import Result
from tests.fakes.reports import Recipient, complaint, delivery_report
from tests.pipeline.deliveries import digest, new_subscriber

pytestmark = pytest.mark.django_db

NOW = "2026-06-19T08:10Z"


def bounce(mail: bytes, *options: str) -> Result:
    result = CliRunner().invoke(cli, ["bounce", "--now", NOW, *options], input=mail, prog_name="newsletter")
    return Result(code=result.exit_code, out=result.stdout, err=result.stderr)


def an_address() -> str:
    row = digest(new_subscriber("ann@example.org"), recipient="ann@example.org", state=State.ACCEPTED)
    return envelope_sender(row.pk, sender="digest@news.example.org")


def test_it_takes_in_a_report_and_says_so() -> None:
    address = an_address()
    first = bounce(delivery_report(), "--recipient", address)
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("hard_bounce 5.1.1: about delivery ")
    again = bounce(delivery_report(), "--recipient", address, "--json").json
    assert (again["kind"], again["status"], again["new"]) == ("hard_bounce", "5.1.1", False)
    assert DeliveryEvent.objects.count() == 1


def test_it_takes_in_a_mail_to_the_address_of_list_unsubscribe() -> None:
    token = make_token(Purpose.UNSUBSCRIBE, subject=new_subscriber("ann@example.org").link_key)
    address = unsubscribe_mailto(token, sender="digest@news.example.org").removeprefix("mailto:")
    answer = bounce(f"To: {address}\nSubject: unsubscribe\n\n".encode(), "--json")
    assert (answer.code, answer.json["kind"], answer.json["new"]) == (0, "unsubscribe", True)
    assert answer.json["delivery"] is None
    assert Subscriber.objects.get().status == Status.UNSUBSCRIBED


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\0\xff\r" * 100,
        b"Subject: Away\nAuto-Submitted: auto-replied\nContent-Type: text/plain; charset=x\n\nAway.\n",
        delivery_report(to="bounces+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@news.example.org"),
        delivery_report(Recipient(status="\0"), returned="X-Newsletter-Delivery: \0\n"),
        complaint("not-spam"),
    ],
    ids=["empty", "noise", "vacation", "forged tag", "nul", "not spam"],
)
def test_whatever_else_comes_is_dealt_with_and_never_bounced(mail: bytes) -> None:
    result = bounce(mail)
    assert (result.code, result.err) == (0, "")
    assert not DeliveryEvent.objects.exists()


def test_a_mail_of_50_mb_is_read_to_its_end_and_understood() -> None:
    huge = delivery_report(returned="Subject: x\n\n" + "x" * 70 + "\n") + b"x" * 50_000_000
    result = bounce(huge, "--recipient", an_address())
    assert result.out.startswith("hard_bounce")


def test_a_defect_here_keeps_the_mail_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_words: object, **_options: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(bounces, "take_in", broken)
    result = bounce(delivery_report())
    assert result.code == os.EX_TEMPFAIL == 75
    assert "a defect" in result.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none"),
        ("NEWSLETTER_MAILER", "pigeon"),
    ],
)
def test_a_database_that_is_down_or_a_wrong_setting_keeps_the_mail_in_the_queue(
    tmp_path: Path, name: str, value: str
) -> None:
    environ = os.environ | {
        name: value,
        "NEWSLETTER_DATA_DIR": str(tmp_path),
        "NEWSLETTER_SECRET_KEY": "only for these tests",
    }
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", "bounce"],
        input=delivery_report(),
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 75
    assert len(done.stderr.splitlines()) == 1
