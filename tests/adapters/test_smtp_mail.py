from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from newsletter.adapters.ports import Outcome, Outgoing, Verdict
from newsletter.adapters.smtp_mail import SmtpMailer
from tests.fakes.outgoing import Begun, outgoing
from tests.fakes.smtp_server import SmtpServer, Trouble

FIVE = [outgoing(number) for number in range(1, 6)]


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


MakeMailer = Callable[..., SmtpMailer]


@pytest.fixture
def mailer_for() -> Iterator[MakeMailer]:
    made: list[SmtpMailer] = []

    def make(url: str, **options: object) -> SmtpMailer:
        quick = {
            "connect_timeout": 5.0,
            "command_timeout": 5.0,
            "data_timeout": 5.0,
            "ehlo_name": "test.example",
        }
        made.append(SmtpMailer(url, **(quick | options)))  # type: ignore[arg-type] # passed on as given
        return made[-1]

    yield make
    for mailer in made:
        mailer.close()


def send(mailer: SmtpMailer, messages: Sequence[Outgoing], begin: Begun | None = None) -> list[Outcome]:
    return list(mailer.send(messages, begin=begin or Begun()))


def verdicts(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.verdict.value for outcome in outcomes]


def test_the_bytes_arrive_as_they_were_written(server: SmtpServer, mailer_for: MakeMailer) -> None:
    [outcome] = send(mailer_for(server.url), FIVE[:1])
    [received] = server.messages
    assert received.content == FIVE[0].message
    assert b"\r\n.a line that begins with a dot\r\n..and two\r\n" in received.content
    assert (received.sender, received.recipients) == (FIVE[0].sender, (FIVE[0].recipient,))
    assert (outcome.verdict, outcome.code) == (Verdict.ACCEPTED, "250")


def test_one_connection_serves_all_with_a_reset_between(server: SmtpServer, mailer_for: MakeMailer) -> None:
    mailer = mailer_for(server.url)
    send(mailer, FIVE[:2])
    send(mailer, FIVE[2:3])
    assert server.connections == 1
    message = ["MAIL", "RCPT", "DATA", "END"]
    assert server.commands == ["EHLO", *message, "RSET", *message, "RSET", *message]


def test_begin_is_asked_after_the_recipient_and_before_the_body(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    seen: list[list[str]] = []

    def begin(delivery_ids: Sequence[str]) -> frozenset[str]:
        seen.append(list(server.commands))
        return frozenset(delivery_ids)

    list(mailer_for(server.url).send(FIVE[:1], begin=begin))
    assert seen == [["EHLO", "MAIL", "RCPT"]]


def test_begin_is_not_asked_for_a_recipient_the_server_refuses(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    server.plan("RCPT", "550 5.1.1 no such user")
    begin = Begun()
    send(mailer_for(server.url), FIVE[:1], begin)
    assert begin.asked == []


@pytest.mark.parametrize("step", ["RCPT", "DATA", "END"])
@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("450 4.2.1 mailbox busy", Verdict.RETRY),
        ("451 try later", Verdict.RETRY),
        ("452 4.2.2 over quota", Verdict.RETRY),
        ("550 5.1.1 no such user", Verdict.BAD_ADDRESS),
        ("550 5.1.2 no such domain", Verdict.BAD_ADDRESS),
        ("501 5.1.3 bad syntax", Verdict.BAD_ADDRESS),
        ("556 5.1.10 null MX", Verdict.BAD_ADDRESS),
        ("550 5.2.1 mailbox disabled", Verdict.BAD_ADDRESS),
        ("550 5.7.1 blocked by a list", Verdict.REFUSED),
        ("552 5.2.2 mailbox full", Verdict.REFUSED),
        ("554 no", Verdict.REFUSED),
        ("550 5.1.10x not a code", Verdict.REFUSED),
    ],
)
def test_refusals_are_told_apart_and_the_next_message_goes(
    server: SmtpServer, mailer_for: MakeMailer, step: str, reply: str, verdict: Verdict
) -> None:
    server.plan(step, reply)
    refused, accepted = send(mailer_for(server.url), FIVE[:2])
    assert refused.verdict is verdict
    assert refused.code in reply
    assert refused.detail == reply[4:]
    assert accepted.verdict is Verdict.ACCEPTED
    assert server.connections == 1
    assert list(server.accepted) == [FIVE[1].delivery_id]


def test_a_refused_sender_is_never_held_against_the_reader(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    server.plan("MAIL", "550 5.1.2 sender's domain not found", "451 4.3.0 later")
    assert verdicts(send(mailer_for(server.url), FIVE[:3])) == ["refused", "retry", "accepted"]


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT"])
@pytest.mark.parametrize("event", ["421 4.3.2 closing", Trouble.DROP])
def test_a_server_that_leaves_before_the_body_is_tried_again_later(
    server: SmtpServer, mailer_for: MakeMailer, step: str, event: str | Trouble
) -> None:
    server.plan(step, event)
    begin = Begun()
    [outcome] = send(mailer_for(server.url), FIVE[:1], begin)
    assert outcome.verdict is Verdict.RETRY
    assert begin.asked == []
    assert verdicts(send(mailer_for(server.url), FIVE[:1])) == ["accepted"]


@pytest.mark.parametrize("event", ["421 4.3.2 closing", Trouble.DROP])
def test_a_connection_lost_at_data_has_sent_nothing(
    server: SmtpServer, mailer_for: MakeMailer, event: str | Trouble
) -> None:
    server.plan("DATA", event)
    [outcome] = send(mailer_for(server.url), FIVE[:1])
    assert outcome.verdict is Verdict.RETRY
    assert not server.accepted


@pytest.mark.parametrize("event", ["421 4.3.2 too many messages", Trouble.DROP])
@pytest.mark.parametrize("step", ["RSET", "MAIL"])
def test_a_kept_connection_that_has_gone_is_replaced_at_once(
    server: SmtpServer, mailer_for: MakeMailer, step: str, event: str | Trouble
) -> None:
    mailer = mailer_for(server.url)
    send(mailer, FIVE[:1])
    server.plan(step, event)
    assert verdicts(send(mailer, FIVE[1:])) == ["accepted"] * 4
    assert server.connections == 2
    assert set(server.accepted.values()) == {1}


@pytest.mark.parametrize("event", [Trouble.DROP, Trouble.ACCEPT_AND_DROP])
def test_an_answer_lost_after_the_body_is_unknown_and_the_next_message_goes(
    server: SmtpServer, mailer_for: MakeMailer, event: Trouble
) -> None:
    server.plan("END", event)
    assert verdicts(send(mailer_for(server.url), FIVE[:2])) == ["unknown", "accepted"]
    assert server.accepted[FIVE[0].delivery_id] == (event is Trouble.ACCEPT_AND_DROP)


def test_an_answer_without_sense_after_the_body_is_unknown(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    server.plan("END", "gibberish")
    assert verdicts(send(mailer_for(server.url), FIVE[:2])) == ["unknown", "accepted"]


def test_a_server_that_hangs_after_the_body_is_asked_nothing_more(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    server.plan("END", Trouble.HANG)
    begin = Begun()
    outcomes = send(mailer_for(server.url, data_timeout=0.3), FIVE[:3], begin)
    assert verdicts(outcomes) == ["unknown", "retry", "retry"]
    assert begin.ids == [FIVE[0].delivery_id]
    assert outcomes[1].detail.startswith("not tried: ")


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_server_that_hangs_before_the_body_is_asked_nothing_more(
    server: SmtpServer, mailer_for: MakeMailer, step: str
) -> None:
    server.plan(step, Trouble.HANG)
    outcomes = send(mailer_for(server.url, command_timeout=0.3), FIVE[:3])
    assert verdicts(outcomes) == ["retry"] * 3
    assert server.connections == 1


def test_the_longer_time_out_holds_after_the_body_only(server: SmtpServer, mailer_for: MakeMailer) -> None:
    mailer = mailer_for(server.url, command_timeout=0.3)
    send(mailer, FIVE[:1])
    server.plan("RSET", Trouble.HANG)
    server.plan("EHLO", "421 4.3.2 closing")
    started = time.monotonic()
    assert verdicts(send(mailer, FIVE[1:2])) == ["retry"]
    assert time.monotonic() - started < 3


def test_no_server_is_tried_again_later(mailer_for: MakeMailer) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    begin = Begun()
    outcomes = send(mailer_for(f"smtp://127.0.0.1:{port}?tls=off"), FIVE[:3], begin)
    assert verdicts(outcomes) == ["retry"] * 3
    assert "refused" in outcomes[0].detail
    assert begin.asked == []


@pytest.mark.parametrize(
    ("field", "address"),
    [("recipient", "读者@example.org"), ("recipient", "a@b\r\nDATA"), ("sender", "no address")],
)
def test_an_address_that_cannot_go_out_leaves_the_rest_unharmed(
    server: SmtpServer, mailer_for: MakeMailer, field: str, address: str
) -> None:
    bad = outgoing(1, recipient=address) if field == "recipient" else outgoing(1, sender=address)
    assert verdicts(send(mailer_for(server.url), [bad, FIVE[1]])) == ["bad_message", "accepted"]


def test_a_domain_beyond_ascii_goes_out_in_idna(server: SmtpServer, mailer_for: MakeMailer) -> None:
    send(mailer_for(server.url), [outgoing(1, recipient="reader@bücher.example")])
    assert server.messages[0].recipients == ("reader@xn--bcher-kva.example",)


def test_an_interrupted_body_does_not_leave_its_connection_to_the_next(
    server: SmtpServer, mailer_for: MakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = mailer_for(server.url)
    send(mailer, FIVE[2:3])
    server.plan("END", Trouble.HANG)

    def interrupted(_connection: object, _seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("newsletter.adapters.smtp_mail._set_timeout", interrupted)
        with pytest.raises(KeyboardInterrupt):
            send(mailer, FIVE[:1])
    assert verdicts(send(mailer, FIVE[1:2])) == ["accepted"]
    assert server.messages[-1].content == FIVE[1].message


# --- TLS and login ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-made certificate for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fake SMTP server")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


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
