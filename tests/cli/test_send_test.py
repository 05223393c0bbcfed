"""``newsletter send-test``: what it says, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.cli.runner import DUE, JOINED, add_subscriber, add_topic, done, newsletter
from tests.fakes.arxiv_server import entry, feed
from tests.fakes.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _room(tmp_path: Path) -> None:
    add_topic()
    path = tmp_path / "answer.xml"
    path.write_text(feed([entry(title="Heads That Talk", submitted=datetime(2026, 6, 13, tzinfo=UTC))]))
    done("gather", "--file", str(path), "--now", JOINED)


def test_it_says_whose_digest_went_where_and_that_it_stays_here(outbox: Path) -> None:
    add_subscriber("a@example.org")
    sent = done("send-test", "op@example.org", "--as", "a@example.org", "--now", DUE)
    subject, to, accepted, place = sent.out.splitlines()
    assert subject.startswith("TEST: ")
    assert to == "  to op@example.org, the digest of a@example.org"
    assert accepted.startswith("Accepted by outbox")
    [path] = outbox.iterdir()
    assert place.endswith(str(path))
    own = done("send-test", "a@example.org", "--now", DUE, "--json").json
    assert (own["as"], own["verdict"]) == ("a@example.org", "accepted")
    sample = done("send-test", "op@example.org", "--now", DUE, "--json").json
    assert (sample["as"], sample["verdict"]) == (None, "accepted")


def test_an_unknown_reader_and_no_address_are_errors(outbox: Path) -> None:
    assert newsletter("send-test", "op@example.org", "--as", "b@example.org").code == 1
    assert newsletter("send-test", "nobody").code == 2
    assert not outbox.exists()


def test_a_refusal_is_told_and_fails(settings: Settings) -> None:
    with SmtpServer() as server:
        server.plan("MAIL", "550 5.7.1 sender not allowed")
        update = {"mailer": "smtp", "smtp_url": server.url}
        settings.CONFIG = settings.CONFIG.model_copy(update=update)
        refused = newsletter("send-test", "op@example.org", "--now", DUE)
    assert refused.code == 1
    assert "550 5.7.1" in refused.line
    assert "sender not allowed" in refused.line
