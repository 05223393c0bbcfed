"""Several connections, commands in one write, and a connection that is cut at any point of the dialogue."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from newsletter.adapters import registry
from newsletter.adapters.ports import Verdict
from newsletter.config import load_config
from tests.adapters.conftest import MakeMailer, within
from tests.fakes.cutting_server import POINTS, CuttingServer
from tests.fakes.outgoing import Begun, outgoing, send, verdicts
from tests.fakes.smtp_server import SmtpServer, Trouble

TWELVE = [outgoing(number) for number in range(1, 13)]


@pytest.mark.parametrize("connections", [1, 2])
@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("cut", POINTS)
def test_a_connection_that_is_cut_loses_nothing_and_sends_nothing_twice(
    mailer_for: MakeMailer, cut: str, pipelining: bool, connections: int
) -> None:
    begun = Begun()
    with CuttingServer(cut=cut, pipelining=pipelining) as server:
        mailer = mailer_for(server.url, connections=connections)
        first = {each.delivery_id: each.verdict for each in send(mailer, TWELVE, begun)}
        assert first.keys() == {message.delivery_id for message in TWELVE}
        again = [message for message in TWELVE if first[message.delivery_id] is Verdict.RETRY]
        assert set(verdicts(send(mailer, again))) <= {"accepted"}
        mailer.close()
    unknown = {key for key, verdict in first.items() if verdict is Verdict.UNKNOWN}
    assert set(first.values()) <= {Verdict.ACCEPTED, Verdict.RETRY, Verdict.UNKNOWN}
    assert max(server.accepted.values()) == 1
    assert unknown <= {key for group in begun.ended for key in group}
    assert server.accepted.keys() | unknown == first.keys()
    may_have_left = cut in {"after DATA", "in the body", "before it is taken", "after it is taken"}
    assert len(unknown) <= may_have_left
    assert (len(unknown & server.accepted.keys()) == 1) is (cut == "after it is taken")


def test_two_connections_take_turns(server: SmtpServer, mailer_for: MakeMailer) -> None:
    mailer = mailer_for(server.url, connections=2)
    assert set(verdicts(send(mailer, TWELVE))) == {"accepted"}
    assert [message.connection for message in server.messages].count(1) == 6
    assert server.connections == 2
    assert set(server.accepted.values()) == {1}


def test_a_few_messages_are_not_worth_a_second_connection(server: SmtpServer, mailer_for: MakeMailer) -> None:
    send(mailer_for(server.url, connections=2), TWELVE[:3])
    assert server.connections == 1


class OnlyOne(SmtpServer):
    """Wants no second connection, and says so at ``step``."""

    def __init__(self, step: str, event: str | Trouble) -> None:
        super().__init__()
        self._step, self._event, self._is_said = step, event, False

    def next_event(self, step: str) -> str | Trouble | None:
        event = super().next_event(step)
        is_first_time = self.connections > 1 and not self._is_said and step == self._step
        self._is_said = self._is_said or is_first_time
        return self._event if is_first_time else event


@pytest.mark.parametrize(
    ("step", "event"),
    [
        ("CONNECT", "421 4.7.0 too many connections from you"),
        ("CONNECT", "554 5.7.0 too many connections from you"),
        ("CONNECT", Trouble.DROP),
        ("EHLO", "421 4.7.0 too many connections from you"),
        ("MAIL", "421 4.7.0 too many connections from you"),
        ("MAIL", Trouble.DROP),
    ],
)
def test_a_server_that_refuses_a_second_connection_is_served_by_one(
    mailer_for: MakeMailer, step: str, event: str | Trouble
) -> None:
    with OnlyOne(step, event) as server:
        mailer = mailer_for(server.url, connections=2)
        assert set(verdicts(send(mailer, TWELVE))) == {"accepted"}
        assert set(verdicts(send(mailer, TWELVE))) == {"accepted"}
        assert server.connections <= 3
        mailer.close()


def test_where_a_body_is_asked_for_though_the_recipient_was_refused_a_lone_dot_ends_it(
    mailer_for: MakeMailer,
) -> None:
    begun = Begun()
    with CuttingServer(refused=TWELVE[1].recipient) as server:
        mailer = mailer_for(server.url)
        outcomes = send(mailer, TWELVE[:3], begun)
        mailer.close()
    assert verdicts(outcomes) == ["accepted", "bad_address", "accepted"]
    assert (outcomes[1].code, outcomes[1].detail) == ("550 5.1.1", "no such user")
    assert server.connections == 1
    assert server.lines.count("a lone dot") == 1
    assert "RSET" not in server.lines
    assert begun.ids == [TWELVE[0].delivery_id, TWELVE[2].delivery_id]


def test_a_reader_who_leaves_while_the_server_thinks_gets_nothing(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    """The server waits for the body by then: the connection is closed, since a dot would be a message."""

    class Leaving(Begun):
        def begin(self, delivery_ids: Sequence[str]) -> frozenset[str]:
            return super().begin(delivery_ids) - {TWELVE[0].delivery_id}

    assert verdicts(send(mailer_for(server.url), TWELVE[:2], Leaving())) == ["not_begun", "accepted"]
    assert list(server.accepted) == [TWELVE[1].delivery_id]
    assert server.connections == 2


def test_who_left_before_is_not_named_to_the_server(server: SmtpServer, mailer_for: MakeMailer) -> None:
    begun = Begun(refused=[TWELVE[0].delivery_id])
    assert verdicts(send(mailer_for(server.url), TWELVE[:1], begun)) == ["not_begun"]
    assert server.commands == []


def test_what_a_begin_raises_waits_for_the_answers_on_their_way(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    class Full(Begun):
        def begin(self, delivery_ids: Sequence[str]) -> frozenset[str]:
            if len(self.asked) == 7:
                raise OSError("no space")
            return super().begin(delivery_ids)

    known = list[str]()
    sending = mailer_for(server.url, connections=2).send(TWELVE, bodies=Full())
    with pytest.raises(OSError, match="no space"):
        known.extend(outcome.delivery_id for outcome in sending)
    assert set(known) == set(server.accepted)
    assert len(known) == 7


def test_a_server_that_hangs_on_one_connection_is_given_its_time_once(
    server: SmtpServer, mailer_for: MakeMailer
) -> None:
    mailer = mailer_for(server.url, connections=2, time_outs=within(5, end=0.4))
    send(mailer, TWELVE)
    server.plan("END", Trouble.HANG, Trouble.HANG)
    outcomes = verdicts(send(mailer, TWELVE))
    assert sorted(outcomes) == sorted(["unknown"] * 2 + ["retry"] * 10)


@pytest.mark.parametrize(("setting", "connections"), [({}, 2), ({"NEWSLETTER_SMTP_CONNECTIONS": "3"}, 3)])
def test_the_setting_says_how_many(server: SmtpServer, setting: dict[str, str], connections: int) -> None:
    smtp = {"NEWSLETTER_MAILER": "smtp", "NEWSLETTER_SMTP_URL": server.url}
    mailer = registry.mailer(load_config(smtp | setting))
    assert set(verdicts(send(mailer, TWELVE))) == {"accepted"}
    mailer.close()
    assert server.connections == connections
