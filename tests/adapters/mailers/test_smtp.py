from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from email import message_from_bytes
from typing import Any

import pytest

from newsletter.adapters import registry
from newsletter.adapters.mailers.smtp_session import Dialogue
from newsletter.adapters.ports import Verdict
from newsletter.config import load_config
from tests.adapters.conftest import MakeMailer
from tests.fakes.outgoing import Begun, outgoing, send, verdicts
from tests.fakes.processes import free_port
from tests.fakes.smtp_server import SmtpServer

FIVE = [outgoing(number) for number in range(1, 6)]


def test_the_bytes_arrive_as_they_were_written(server: SmtpServer, mailer_for: MakeMailer) -> None:
    [outcome] = send(mailer_for(server.url), FIVE[:1])
    [received] = server.messages
    assert received.content == FIVE[0].message
    text = message_from_bytes(received.content).get_payload(0).get_payload(decode=True)  # type: ignore[union-attr]
    assert b"\r\n.a line that begins with a dot\r\n..and two\r\n" in text
    assert (received.sender, received.recipients) == (FIVE[0].sender, (FIVE[0].recipient,))
    assert (outcome.verdict, outcome.code) == (Verdict.ACCEPTED, "250")


def test_one_connection_serves_all_with_a_reset_after_a_refusal(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    mailer = mailer_for(server.url)
    send(mailer, FIVE[:2])
    server.recipient_answers[FIVE[2].recipient] = "550 5.1.1 no such user"
    send(mailer, FIVE[2:4])
    assert server.connections == 1
    message = ["MAIL", "RCPT", "DATA", "END"]
    assert server.commands == ["EHLO", *message, *message, *message[:3], "RSET", *message]


@pytest.mark.parametrize(("pipelining", "writes"), [(True, 3), (False, 5)])
def test_a_message_takes_three_writes_where_the_server_allows_it(
    mailer_for: MakeMailer, monkeypatch: pytest.MonkeyPatch, pipelining: bool, writes: int
) -> None:
    """Its commands, its body, its dot; of which the latter two are one packet where they fit."""
    sent: list[bytes] = []
    write = Dialogue._send

    def listen(dialogue: Dialogue, data: bytes, **options: bool) -> None:
        sent.append(data)
        write(dialogue, data, **options)

    monkeypatch.setattr(Dialogue, "_send", listen)
    with SmtpServer(pipelining=pipelining) as server:
        mailer = mailer_for(server.url)
        send(mailer, FIVE[:1])
        sent.clear()
        send(mailer, FIVE[1:2])
        mailer.close()
    assert len(sent) == writes
    assert sent[-2:] == [FIVE[1].message, b".\r\n"]


@pytest.mark.parametrize(("refused", "verdict"), [("MAIL", "bad_message"), ("RCPT", "refused")])
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_refusal_in_a_group_lets_no_body_through_and_no_answer_slip(
    mailer_for: MakeMailer, pipelining: bool, refused: str, verdict: str
) -> None:
    with SmtpServer(pipelining=pipelining) as server:
        mailer = mailer_for(server.url)
        send(mailer, FIVE[:1])
        server.plan(refused, f"550 5.7.1 {refused} refused")
        begin = Begun()
        outcomes = send(mailer, FIVE[1:4], begin)
        mailer.close()
    assert verdicts(outcomes) == [verdict, "accepted", "accepted"]
    assert outcomes[0].detail == f"{refused} refused"
    assert begin.ids == [message.delivery_id for message in FIVE[2:4]]
    assert FIVE[1].delivery_id not in server.accepted
    assert server.connections == 1


def test_a_subscriber_who_may_not_be_mailed_leaves_the_connection_clean(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    begin = Begun(refused=[FIVE[0].delivery_id])
    assert verdicts(send(mailer_for(server.url), FIVE[:2], begin)) == ["not_begun", "accepted"]
    assert [message.recipients for message in server.messages] == [(FIVE[1].recipient,)]


def test_begin_is_asked_when_the_server_waits_for_the_body(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    seen: list[list[str]] = []

    class Watching(Begun):
        def begin(self, delivery_ids: Sequence[str]) -> frozenset[str]:
            seen.append(list(server.commands))
            return super().begin(delivery_ids)

    send(mailer_for(server.url), FIVE[:1], Watching())
    assert seen == [["EHLO", "MAIL", "RCPT", "DATA"]]


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
    assert f"{refused.code} {refused.detail}" == reply
    assert accepted.verdict is Verdict.ACCEPTED
    assert server.connections == 1
    assert list(server.accepted) == [FIVE[1].delivery_id]


def test_a_refused_sender_is_never_held_against_the_subscriber(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    server.plan("MAIL", "550 5.1.2 sender's domain not found", "451 4.3.0 later")
    assert verdicts(send(mailer_for(server.url), FIVE[:3])) == ["bad_message", "retry", "accepted"]


def test_no_server_is_tried_again_later(mailer_for: MakeMailer) -> None:
    begin = Begun()
    outcomes = send(mailer_for(f"smtp://127.0.0.1:{free_port()}?tls=off"), FIVE[:3], begin)
    assert verdicts(outcomes) == ["retry"] * 3
    assert "refused" in outcomes[0].detail
    assert begin.asked == []


@pytest.mark.parametrize(
    ("field", "address"),
    [("recipient", "a@b\r\nDATA"), ("recipient", "a\u202eb@example.org"), ("sender", "no address")],
)
def test_an_address_that_cannot_go_out_leaves_the_rest_unharmed(
    server: SmtpServer, mailer_for: MakeMailer, field: str, address: str
) -> None:
    change: dict[str, Any] = {field: address}
    bad = replace(FIVE[0], **change)
    assert verdicts(send(mailer_for(server.url), [bad, FIVE[1]])) == ["bad_message", "accepted"]


def test_a_domain_beyond_ascii_goes_out_in_idna(server: SmtpServer, mailer_for: MakeMailer) -> None:
    send(mailer_for(server.url), [outgoing(1, recipient="reader@bücher.example")])
    assert server.messages[0].recipients == ("reader@xn--bcher-kva.example",)


def test_an_address_beyond_ascii_goes_where_the_server_offers_smtputf8(mailer_for: MakeMailer) -> None:
    with SmtpServer(smtputf8=True) as server:
        mailer = mailer_for(server.url)
        international = outgoing(1, recipient="读者@例子.测试")
        assert verdicts(send(mailer, [international, FIVE[1]])) == ["accepted"] * 2
        mailer.close()
    first, second = server.messages
    assert first.recipients == ("读者@xn--fsqu00a.xn--0zwm56d",)
    assert "SMTPUTF8" in first.options
    assert "SMTPUTF8" not in second.options
    assert "To: 读者@xn--fsqu00a.xn--0zwm56d\r\n".encode() in first.content


def test_an_address_beyond_ascii_is_refused_in_words_where_it_does_not(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    begin = Begun()
    outcomes = send(mailer_for(server.url), [outgoing(1, recipient="读者@example.org"), FIVE[1]], begin)
    assert verdicts(outcomes) == ["bad_message", "accepted"]
    assert "SMTPUTF8" in outcomes[0].detail
    assert "读者@example.org" in outcomes[0].detail
    assert begin.ids == [FIVE[1].delivery_id]


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://news.example.org", "news.example.org"),
        ("http://localhost:8000", None),
        ("http://127.0.0.1:8000", None),
    ],
)
def test_it_says_the_sites_name_where_that_is_one(
    server: SmtpServer, base_url: str, name: str | None
) -> None:
    config = load_config(
        {
            "NEWSLETTER_MAILER": "smtp",
            "NEWSLETTER_SMTP_URL": server.url,
            "NEWSLETTER_BASE_URL": base_url,
        }
    )
    mailer = registry.mailer(config)
    list(mailer.send(FIVE[:1], bodies=Begun()))
    mailer.close()
    [said] = server.names
    assert said == name or (name is None and said not in {"localhost", "127.0.0.1"})
