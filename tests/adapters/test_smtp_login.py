"""What stands between a connection and the first message: TLS, a certificate, a login."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from newsletter.adapters.ports import Verdict
from tests.adapters.conftest import MakeMailer
from tests.fakes.certificate import make_certificate, server_side
from tests.fakes.outgoing import Begun, outgoing, send, verdicts
from tests.fakes.smtp_server import SmtpServer

FIVE = [outgoing(number) for number in range(1, 6)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("implicit_tls", [False, True])
def test_it_logs_in_over_tls(certificate: Path, mailer_for: MakeMailer, implicit_tls: bool) -> None:
    tls = server_side(certificate)
    with SmtpServer(tls=tls, implicit_tls=implicit_tls, login=("me", "secret")) as server:
        mailer = mailer_for(server.url, tls_context=ssl.create_default_context(cafile=str(certificate)))
        assert verdicts(send(mailer, FIVE[:2])) == ["accepted"] * 2
        assert [message.used_tls for message in server.messages] == [True, True]
        mailer.close()


@pytest.mark.parametrize("implicit_tls", [False, True])
def test_a_certificate_nobody_vouches_for_stops_the_transport(
    certificate: Path, mailer_for: MakeMailer, implicit_tls: bool
) -> None:
    with SmtpServer(tls=server_side(certificate), implicit_tls=implicit_tls) as server:
        outcomes = send(mailer_for(server.url), FIVE[:2])
    assert verdicts(outcomes) == ["transport_down"] * 2
    assert "certificate" in outcomes[0].detail


def test_nothing_is_sent_in_the_clear_to_a_server_without_starttls(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    [outcome] = send(mailer_for(f"smtp://127.0.0.1:{server.port}"), FIVE[:1])
    assert outcome.verdict is Verdict.TRANSPORT_DOWN
    assert "STARTTLS" in outcome.detail
    assert "MAIL" not in server.commands


def test_a_refused_login_stops_the_transport_and_shows_no_password(mailer_for: MakeMailer) -> None:
    with SmtpServer(login=("me", "secret")) as server:
        begin = Begun()
        outcomes = send(mailer_for(server.url.replace("secret", "hunter2")), FIVE[:2], begin)
    assert verdicts(outcomes) == ["transport_down"] * 2
    assert outcomes[0].code.startswith("535")
    assert "hunter2" not in repr(outcomes)
    assert begin.asked == []


def test_a_server_that_wants_a_login_we_do_not_have_stops_the_transport(mailer_for: MakeMailer) -> None:
    with SmtpServer(login=("me", "secret")) as server:
        outcomes = send(mailer_for(server.url.replace("me:secret@", "")), FIVE[:2])
    assert verdicts(outcomes) == ["transport_down"] * 2
    assert outcomes[0].code.startswith("530")


def test_a_server_without_login_stops_a_transport_that_has_one(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    server.plan("EHLO", "250 fake.example")
    outcomes = send(mailer_for(server.url.replace("smtp://", "smtp://me:secret@")), FIVE[:1])
    assert verdicts(outcomes) == ["transport_down"]


def test_it_has_no_evidence_of_what_became_of_a_message(mailer_for: MakeMailer) -> None:
    assert mailer_for("smtp://127.0.0.1?tls=off").evidence(FIVE[0].delivery_id) is None
