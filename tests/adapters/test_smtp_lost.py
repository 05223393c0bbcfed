"""Servers that leave, hang or talk nonsense: what may be sent again, and what nobody knows."""

from __future__ import annotations

import pytest

from newsletter.adapters.mailers.smtp_session import Dialogue
from newsletter.adapters.ports import Verdict
from newsletter.core.digests.message import Fragment
from tests.adapters.conftest import MakeMailer, within
from tests.fakes.outgoing import Begun, outgoing, send, verdicts
from tests.fakes.smtp_server import SmtpServer, Trouble

FIVE = [outgoing(number) for number in range(1, 6)]


def test_a_server_that_hangs_up_after_a_refusal_leaves_the_refusal_standing(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    server.plan("MAIL", "550 5.7.1 not you")
    server.plan("RCPT", Trouble.DROP)
    assert verdicts(send(mailer_for(server.url), FIVE[:2])) == ["bad_message", "accepted"]
    assert server.connections == 2


def test_a_connection_that_stood_idle_is_not_trusted(
    server: SmtpServer, mailer_for: MakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = mailer_for(server.url)
    send(mailer, FIVE[:1])
    monkeypatch.setattr("newsletter.adapters.mailers.smtp_session._IDLE", -1.0)
    assert verdicts(send(mailer, FIVE[1:2])) == ["accepted"]
    assert server.connections == 2


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT"])
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


@pytest.mark.parametrize(
    ("step", "event"),
    [
        ("RSET", "421 4.3.2 too many messages"),
        ("RSET", "502 5.5.1 unknown"),
        ("RSET", Trouble.DROP),
        ("MAIL", "421 4.3.2 too many messages"),
        ("MAIL", Trouble.DROP),
    ],
)
def test_a_kept_connection_that_has_gone_is_replaced_at_once(
    server: SmtpServer, mailer_for: MakeMailer, step: str, event: str | Trouble
) -> None:
    mailer = mailer_for(server.url)
    server.plan("RCPT", "550 5.1.1 no such user")  # RSET follows
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


@pytest.mark.parametrize(("event", "rest"), [(Trouble.DROP, "accepted"), (Trouble.HANG, "retry")])
def test_a_body_of_which_the_last_part_never_left_is_tried_again(
    server: SmtpServer, mailer_for: MakeMailer, event: Trouble, rest: str
) -> None:
    """More than the machine's buffers hold, so that the server's silence is felt before the dot."""
    large = outgoing(1, fragments=[Fragment("<p>\n" + "x" * 12_000_000 + "\n", "\n")])
    server.plan("BODY", event)
    mailer = mailer_for(server.url, time_outs=within(30, block=1))
    assert verdicts(send(mailer, [large, FIVE[1]])) == ["retry", rest]
    assert large.delivery_id not in server.accepted


def test_an_answer_of_endless_length_is_no_answer(server: SmtpServer, mailer_for: MakeMailer) -> None:
    server.plan("RCPT", "250 " + "x" * 10_000)
    server.plan("END", "250 " + "x" * 10_000)
    assert verdicts(send(mailer_for(server.url), FIVE[:3])) == ["retry", "unknown", "accepted"]


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
    outcomes = send(mailer_for(server.url, time_outs=within(30, end=1)), FIVE[:3], begin)
    assert verdicts(outcomes) == ["unknown", "retry", "retry"]
    assert begin.ids == [FIVE[0].delivery_id]
    assert outcomes[1].detail.startswith("not tried: ")


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_server_that_hangs_before_the_body_is_asked_nothing_more(
    server: SmtpServer, mailer_for: MakeMailer, step: str
) -> None:
    server.plan(step, Trouble.HANG)
    outcomes = send(mailer_for(server.url, time_outs=within(1)), FIVE[:3])
    assert verdicts(outcomes) == ["retry"] * 3
    assert server.connections == 1


def test_the_longer_time_out_holds_after_the_body_only(server: SmtpServer, mailer_for: MakeMailer) -> None:
    mailer = mailer_for(server.url, time_outs=within(1, end=600))  # longer than a test may take
    send(mailer, FIVE[:1])
    server.plan("MAIL", Trouble.HANG)
    server.plan("EHLO", "421 4.3.2 closing")
    assert verdicts(send(mailer, FIVE[1:2])) == ["retry"]


def test_an_interrupted_body_does_not_leave_its_connection_to_the_next(
    server: SmtpServer, mailer_for: MakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = mailer_for(server.url)
    send(mailer, FIVE[2:3])

    def interrupted(_dialogue: Dialogue) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Dialogue, "answer", interrupted)
        with pytest.raises(KeyboardInterrupt):
            send(mailer, FIVE[:1])
    assert verdicts(send(mailer, FIVE[1:2])) == ["accepted"]
    assert server.messages[-1].content == FIVE[1].message
