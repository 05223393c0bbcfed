from __future__ import annotations

import json
import logging
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from email.utils import formatdate
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any

import pytest

from newsletter.adapters.mailers.sendgrid import SendgridMailer
from newsletter.adapters.ports import Outgoing, Verdict
from newsletter.core.digests.message import Fragment, join_html, join_text
from newsletter.errors import ConfigurationError
from tests.fakes.outgoing import BASE, PIECES, Begun, outgoing, send, verdicts
from tests.fakes.processes import free_port
from tests.fakes.sendgrid_server import Answer, SendgridServer, Trouble, answer

SHARED = [outgoing(number, shared_key="week 25") for number in range(1, 6)]
APART = [outgoing(number) for number in range(1, 6)]
MakeMailer = Callable[..., SendgridMailer]


@pytest.fixture
def server() -> Iterator[SendgridServer]:
    with SendgridServer() as running:
        yield running


@pytest.fixture
def hasty(server: SendgridServer) -> Iterator[SendgridMailer]:
    """One that soon gives up waiting for an answer."""
    with closing(SendgridMailer(server.api_key, host=server.url, connect_timeout=30, timeout=1)) as made:
        yield made


@pytest.fixture
def mailer(server: SendgridServer) -> Iterator[SendgridMailer]:
    with closing(SendgridMailer(server.api_key, host=server.url, connect_timeout=30, timeout=30)) as made:
        yield made


def ids(messages: Sequence[Outgoing]) -> list[str]:
    return [message.delivery_id for message in messages]


# --- the request -----------------------------------------------------------------------------------------


def test_identical_digests_share_one_request(server: SendgridServer, mailer: SendgridMailer) -> None:
    begin = Begun()
    outcomes = send(mailer, SHARED[:2], begin)
    [request] = server.requests
    off = {"enable": False}
    assert request.payload == {
        "from": {"email": "digest@news.example.org", "name": "arXiv digest"},
        "reply_to": {"email": "team@example.org"},
        "subject": "9 new papers",
        "personalizations": [
            {
                "to": [{"email": message.recipient}],
                "headers": {
                    "Message-ID": f"<{number:032x}@news.example.org>",
                    "X-Newsletter-Delivery": message.delivery_id,
                    "List-Unsubscribe": f"<{BASE}/unsubscribe/{number:037d}>",
                },
                "custom_args": {"delivery_id": message.delivery_id},
                "substitutions": {
                    "[[email]]": message.recipient,
                    "[[unsubscribe_url]]": f"{BASE}/unsubscribe/{number:037d}",
                },
            }
            for number, message in enumerate(SHARED[:2], start=1)
        ],
        "content": [
            {"type": "text/plain", "value": join_text(PIECES)},
            {"type": "text/html", "value": join_html(PIECES)},
        ],
        "headers": {
            "Auto-Submitted": "auto-generated",
            "Feedback-ID": "digest:arxiv-newsletter",
            "List-Id": "<digests.news.example.org>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": off,
            "subscription_tracking": off,
            "ganalytics": off,
        },
    }
    assert begin.asked == [tuple(ids(SHARED[:2]))]
    assert [outcome.code for outcome in outcomes] == ["202", "202"]
    assert outcomes[0].provider_id.startswith("sg-1-")


def test_a_digest_of_ones_own_is_filled_before_it_goes(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    send(mailer, APART[:1])
    [request] = server.requests
    [text, html] = [part["value"] for part in request.payload["content"]]
    assert f"Sent to {APART[0].recipient}.\n{BASE}/unsubscribe/" in text
    assert f'<a href="{BASE}/unsubscribe/' in html
    assert "[[" not in text + html
    assert "substitutions" not in request.payload["personalizations"][0]


def test_a_value_that_html_would_escape_goes_in_a_request_of_its_own(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    special = outgoing(9, shared_key="week 25", recipient="o'brien&co@example.org")
    assert verdicts(send(mailer, [SHARED[0], special, SHARED[1]])) == ["accepted"] * 3
    assert [request.delivery_ids for request in server.requests] == [
        ids(SHARED[:2]),
        [special.delivery_id],
    ]
    [text, html] = [part["value"] for part in server.requests[1].payload["content"]]
    assert "Sent to o'brien&co@example.org." in text
    assert "Sent to o&#x27;brien&amp;co@example.org." in html


def test_substitutions_that_are_too_long_to_share_go_alone(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    long = outgoing(9, shared_key="week 25", email="x" * 9_990)
    assert verdicts(send(mailer, [*SHARED[:2], long])) == ["accepted"] * 3
    assert len(server.requests) == 2


def test_no_request_has_more_than_a_thousand_subscribers(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    messages = [outgoing(number, shared_key="week 25") for number in range(1, 1003)]
    assert set(verdicts(send(mailer, messages))) == {"accepted"}
    assert [len(request.delivery_ids) for request in server.requests] == [1000, 2]
    assert server.accepted == dict.fromkeys(ids(messages), 1)


def test_no_request_is_larger_than_it_may_be(
    server: SendgridServer, mailer: SendgridMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.adapters.mailers.sendgrid._MAX_PERSONAL_BYTES", 1_500)
    assert set(verdicts(send(mailer, SHARED))) == {"accepted"}
    people = [request.payload["personalizations"] for request in server.requests]
    assert [len(each) for each in people] == [3, 2]
    assert all(len(json.dumps(each, separators=(",", ":"))) <= 1_500 + len("[,,]") for each in people)


def test_one_connection_serves_all(server: SendgridServer, mailer: SendgridMailer) -> None:
    send(mailer, APART[:3])
    send(mailer, APART[3:])
    assert [request.connection for request in server.requests] == [1] * 5


def test_a_connection_that_was_idle_for_long_is_not_trusted(
    server: SendgridServer, mailer: SendgridMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(mailer, APART[:1])
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 60)
    monkeypatch.setattr("newsletter.adapters.mailers.sendgrid_http.time", later)
    send(mailer, APART[1:2])
    assert [request.connection for request in server.requests] == [1, 2]


def test_a_connection_that_the_server_closed_while_idle_is_replaced(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    server.keeps_connections = False
    send(mailer, APART[:1])
    assert server.has_closed.wait(60)
    server.keeps_connections = True
    assert verdicts(send(mailer, APART[1:3])) == ["accepted"] * 2
    assert server.accepted == dict.fromkeys(ids(APART[:3]), 1)
    assert server.connections == 2


def test_a_kept_connection_that_is_closed_on_a_request_has_perhaps_sent_it(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    """No second try: nobody knows what the server did with the first."""
    send(mailer, APART[:1])
    server.plan(Trouble.ACCEPT_AND_DROP)
    assert verdicts(send(mailer, APART[1:2])) == ["unknown"]
    assert server.accepted[APART[1].delivery_id] == 1


def test_a_request_takes_two_writes(mailer: SendgridMailer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head and the content."""
    send(mailer, SHARED[:1])
    sizes, write = list[int](), HTTPConnection.send

    def counted(connection: HTTPConnection, data: bytes) -> None:
        sizes.append(len(data))
        write(connection, data)

    monkeypatch.setattr(HTTPConnection, "send", counted)
    send(mailer, SHARED)
    assert len(sizes) == 2


def test_addresses_go_out_in_ascii(server: SendgridServer, mailer: SendgridMailer) -> None:
    send(mailer, [outgoing(1, recipient="reader@bücher.example")])
    [to] = server.requests[0].payload["personalizations"][0]["to"]
    assert to == {"email": "reader@xn--bcher-kva.example"}


def test_the_key_and_the_subscribers_stay_out_of_the_log(
    server: SendgridServer, mailer: SendgridMailer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        send(mailer, APART[:1])
    assert server.api_key not in caplog.text
    assert APART[0].recipient not in caplog.text


# --- what never goes -------------------------------------------------------------------------------------


def test_a_subscriber_who_left_is_left_out_of_the_shared_request(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    left = SHARED[1].delivery_id
    outcomes = send(mailer, SHARED[:3], Begun(refused=[left]))
    assert {outcome.delivery_id: outcome.verdict for outcome in outcomes}[left] is Verdict.NOT_BEGUN
    assert server.requests[0].delivery_ids == [SHARED[0].delivery_id, SHARED[2].delivery_id]


@pytest.mark.parametrize(
    "bad",
    [
        outgoing(1, shared_key="week 25", recipient="读者@example.org"),
        replace(SHARED[0], values={"email": "x"}),
        replace(SHARED[0], values={**SHARED[0].values, "email": "[[unsubscribe_url]]"}),
        replace(SHARED[0], headers=replace(SHARED[0].headers, from_email="nobody")),
    ],
)
def test_a_message_that_cannot_be_whole_never_goes_and_harms_no_other(
    server: SendgridServer, mailer: SendgridMailer, bad: Outgoing
) -> None:
    begin = Begun()
    assert verdicts(send(mailer, [bad, *SHARED[1:3]], begin)) == ["bad_message", "accepted", "accepted"]
    assert bad.delivery_id not in begin.ids
    assert bad.delivery_id not in server.accepted


def test_a_hole_that_no_value_fills_is_never_sent(server: SendgridServer, mailer: SendgridMailer) -> None:
    message = replace(APART[0], fragments=[Fragment("[[unknown]]\n", "")])
    [outcome] = send(mailer, [message])
    assert (outcome.verdict, outcome.detail) == (Verdict.BAD_MESSAGE, "no usable value for unknown")
    assert server.requests == []


# --- the answers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "verdict", "rest"),
    [
        (answer(500), Verdict.RETRY, "accepted"),
        (answer(503), Verdict.RETRY, "retry"),
        (answer(429), Verdict.RETRY, "retry"),
        (answer(429, {"Retry-After": "9"}), Verdict.RETRY, "not_tried"),
        (answer(502), Verdict.UNKNOWN, "retry"),
        (answer(504), Verdict.UNKNOWN, "retry"),
        (Answer(200, body=b"<html>a portal</html>"), Verdict.UNKNOWN, "retry"),
        (Trouble.DROP, Verdict.UNKNOWN, "retry"),
        (Trouble.ACCEPT_AND_DROP, Verdict.UNKNOWN, "retry"),
        (Trouble.HANG, Verdict.UNKNOWN, "retry"),
        (
            answer(401, errors=[{"message": "bad key", "field": None}]),
            Verdict.TRANSPORT_DOWN,
            "transport_down",
        ),
        (
            answer(403, errors=[{"message": "sender", "field": "from"}]),
            Verdict.TRANSPORT_DOWN,
            "transport_down",
        ),
        (answer(307, {"Location": "https://elsewhere.example"}), Verdict.TRANSPORT_DOWN, "transport_down"),
        (answer(404), Verdict.TRANSPORT_DOWN, "transport_down"),
        (answer(400, errors=[{"message": "bad", "field": "content"}]), Verdict.BAD_MESSAGE, "accepted"),
        (answer(413), Verdict.BAD_MESSAGE, "accepted"),
    ],
)
def test_answers_are_told_apart(
    server: SendgridServer,
    mailer: SendgridMailer,
    hasty: SendgridMailer,
    event: Answer | Trouble,
    verdict: Verdict,
    rest: str,
) -> None:
    server.plan(event)
    begin = Begun()
    outcomes = send(hasty if event is Trouble.HANG else mailer, APART[:3], begin)
    assert verdicts(outcomes) == [verdict, rest, rest]
    if rest != "accepted":
        assert begin.ids == ids(APART[:1])
        assert outcomes[1].detail.startswith("not tried: ")
    if isinstance(event, Answer):
        assert outcomes[0].code == str(event.status)


def test_an_accepted_request_whose_answer_was_lost_is_not_sent_again(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    server.plan(Trouble.ACCEPT_AND_DROP)
    assert verdicts(send(mailer, SHARED)) == ["unknown"] * 5
    assert server.accepted == dict.fromkeys(ids(SHARED), 1)


def test_a_hanging_server_costs_one_time_out(server: SendgridServer, hasty: SendgridMailer) -> None:
    server.plan(*[Trouble.HANG] * 5)
    send(hasty, APART)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers_at", "least", "most"),
    [
        (lambda _: {"Retry-After": "17"}, 17, 17),
        (lambda now: {"Retry-After": formatdate(now + 600, usegmt=True)}, 500, 601),
        (lambda now: {"X-RateLimit-Reset": str(int(now) + 600)}, 500, 601),
        (lambda _: {"X-RateLimit-Reset": "0"}, 0, 0),
    ],
)
def test_it_passes_on_how_long_to_wait(
    server: SendgridServer,
    mailer: SendgridMailer,
    headers_at: Callable[[float], dict[str, str]],
    least: float,
    most: float,
) -> None:
    server.plan(answer(429, headers_at(time.time())))
    for outcome in send(mailer, APART[:2]):
        assert outcome.retry_after is not None
        assert least <= outcome.retry_after <= most


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}, {"X-RateLimit-Reset": "?"}])
def test_it_names_no_wait_when_the_server_names_none(
    server: SendgridServer, mailer: SendgridMailer, headers: dict[str, str]
) -> None:
    server.plan(answer(429, headers))
    assert send(mailer, APART[:1])[0].retry_after is None


def test_a_server_that_is_not_there_is_tried_again_later() -> None:
    with closing(SendgridMailer("key", host=f"http://127.0.0.1:{free_port()}")) as mailer:
        begin = Begun()
        assert verdicts(send(mailer, APART[:3], begin)) == ["retry"] * 3
    assert begin.ids == []


def test_a_wrong_key_stops_the_transport(server: SendgridServer) -> None:
    with closing(SendgridMailer("SG.wrong", host=server.url)) as mailer:
        outcomes = send(mailer, SHARED)
    assert verdicts(outcomes) == ["transport_down"] * 5
    assert "SG.wrong" not in repr(outcomes)
    assert len(server.requests) == 1


# --- a dry run -------------------------------------------------------------------------------------------


def test_a_dry_run_has_every_message_checked_and_leaves_all_of_them_due(server: SendgridServer) -> None:
    server.bad_addresses = frozenset({SHARED[2].recipient})
    with closing(SendgridMailer(server.api_key, host=server.url, is_dry_run=True)) as mailer:
        outcomes = {outcome.delivery_id: outcome for outcome in send(mailer, [*SHARED, *APART[:1]])}
    wrong = outcomes.pop(SHARED[2].delivery_id)
    assert wrong.verdict is Verdict.BAD_MESSAGE
    assert {(each.verdict, each.code, each.retry_after) for each in outcomes.values()} == {
        (Verdict.RETRY, "200", 3600)
    }
    assert not server.accepted
    assert all(request.payload["mail_settings"]["sandbox_mode"]["enable"] for request in server.requests)


@pytest.mark.parametrize("event", [Trouble.DROP, Answer(502)])
def test_a_dry_run_has_no_answer_to_lose(server: SendgridServer, event: Answer | Trouble) -> None:
    server.plan(event)
    with closing(SendgridMailer(server.api_key, host=server.url, is_dry_run=True)) as mailer:
        assert verdicts(send(mailer, APART[:2])) == ["retry", "retry"]


def test_only_a_dry_run_asks_for_the_sandbox(server: SendgridServer, mailer: SendgridMailer) -> None:
    send(mailer, APART[:1])
    assert "mail_settings" not in server.requests[0].payload


# --- one bad message among many --------------------------------------------------------------------------


@pytest.mark.parametrize("names_the_culprit", [True, False])
@pytest.mark.parametrize("places", [[0], [37], [99], [3, 50, 51]])
def test_a_bad_address_fails_alone(
    server: SendgridServer, mailer: SendgridMailer, places: list[int], names_the_culprit: bool
) -> None:
    messages = [outgoing(number, shared_key="week 25") for number in range(1, 101)]
    server.bad_addresses = frozenset(messages[place].recipient for place in places)
    server.names_the_culprit = names_the_culprit
    outcomes = {outcome.delivery_id: outcome.verdict for outcome in send(mailer, messages)}
    for place, message in enumerate(messages):
        expected = Verdict.BAD_MESSAGE if place in places else Verdict.ACCEPTED
        assert outcomes[message.delivery_id] is expected
        assert server.accepted[message.delivery_id] == (place not in places)
    most = len(places) + 2 if names_the_culprit else 40
    assert len(server.requests) <= most


def test_begin_is_asked_again_before_each_part_of_a_request_that_was_split(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    server.plan(answer(400))
    leaver = SHARED[4].delivery_id

    class LeavesMeanwhile(Begun):
        def begin(self, delivery_ids: Sequence[str]) -> frozenset[str]:
            if self.asked:
                self.refused.add(leaver)
            return super().begin(delivery_ids)

    begin = LeavesMeanwhile()
    outcomes = send(mailer, SHARED, begin)
    assert [len(batch) for batch in begin.asked] == [5, 2, 3]
    assert {outcome.delivery_id: outcome.verdict for outcome in outcomes} == {
        **dict.fromkeys(ids(SHARED[:4]), Verdict.ACCEPTED),
        leaver: Verdict.NOT_BEGUN,
    }
    assert leaver not in server.accepted


def test_content_that_is_refused_for_all_is_not_tried_one_by_one(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    server.plan(
        answer(400, errors=[{"message": "The content value must be a string", "field": "content.1.value"}])
    )
    assert verdicts(send(mailer, SHARED)) == ["bad_message"] * 5
    assert len(server.requests) == 1


def test_trouble_in_the_middle_of_a_split_leaves_an_outcome_for_each(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    server.plan(answer(413), Trouble.DROP)
    outcomes = send(mailer, SHARED)
    assert sorted(outcome.delivery_id for outcome in outcomes) == ids(SHARED)
    assert verdicts(outcomes) == ["unknown"] * 2 + ["retry"] * 3


# --- settings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"api_key": ""}, "SENDGRID_API_KEY"),
        ({"api_key": "SG.a\nb"}, "SENDGRID_API_KEY"),
        ({"host": "api.sendgrid.com"}, "NEWSLETTER_SENDGRID_HOST"),
        ({"host": "ftp://api.sendgrid.com"}, "NEWSLETTER_SENDGRID_HOST"),
    ],
)
def test_a_wrong_setting_is_named(options: dict[str, Any], setting: str) -> None:
    with pytest.raises(ConfigurationError, match=setting) as caught:
        SendgridMailer(**({"api_key": "SG.key"} | options))
    assert "SG." not in str(caught.value)


def test_it_leaves_evidence_to_the_events(mailer: SendgridMailer) -> None:
    assert mailer.evidence(APART[0].delivery_id) is None


def test_an_https_proxy_of_the_environment_is_asked_for_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    said = list[bytes]()
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        monkeypatch.setenv("https_proxy", f"http://ada:pass%40word@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "")

        def refuse() -> None:
            client, _ = proxy.accept()
            with client:
                said.append(client.recv(4096))
                client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        with closing(SendgridMailer("SG.x", host="https://api.example.org")) as mailer:
            assert verdicts(send(mailer, APART[:1])) == ["retry"]
        thread.join()
    assert said[0].startswith(b"CONNECT api.example.org:443 ")
    assert b"Basic " + b64encode(b"ada:pass@word") in said[0].replace(b"basic", b"Basic")
