"""What every mailer promises, shown on all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.adapters.mailers.outbox import OutboxMailer
from newsletter.adapters.mailers.sendgrid import SendgridMailer
from newsletter.adapters.mailers.smtp import SmtpMailer
from newsletter.adapters.ports import Mailer, Outgoing, Verdict
from tests.fakes.outgoing import Begun, outgoing
from tests.fakes.sendgrid_server import SendgridServer
from tests.fakes.smtp_server import SmtpServer


@dataclass
class Case:
    mailer: Mailer
    accepted: Callable[[], list[str]]
    """The delivery ids that have left, in order."""


def an_outbox(folder: Path, _stack: ExitStack) -> Case:
    outbox = folder / "outbox"
    return Case(OutboxMailer(outbox), lambda: sorted(path.stem for path in outbox.glob("*.eml")))


def over_smtp(_folder: Path, stack: ExitStack) -> Case:
    server = stack.enter_context(SmtpServer())
    return Case(SmtpMailer(server.url, ehlo_name="test.example"), lambda: list(server.accepted.elements()))


def over_sendgrid(_folder: Path, stack: ExitStack) -> Case:
    server = stack.enter_context(SendgridServer())
    mailer = SendgridMailer(server.api_key, host=server.url)
    return Case(mailer, lambda: list(server.accepted.elements()))


@pytest.fixture(params=[an_outbox, over_smtp, over_sendgrid])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    with ExitStack() as stack:
        made = request.param(tmp_path, stack)
        yield made
        made.mailer.close()


def verdicts(case: Case, messages: Sequence[Outgoing], begin: Begun) -> list[tuple[str, Verdict]]:
    return [(outcome.delivery_id, outcome.verdict) for outcome in case.mailer.send(messages, bodies=begin)]


@pytest.mark.parametrize("shared_key", ["", "same"])
def test_each_message_is_accepted_once_and_told_in_order(case: Case, shared_key: str) -> None:
    messages = [outgoing(number, shared_key=shared_key) for number in range(1, 6)]
    ids = [message.delivery_id for message in messages]
    begin = Begun()
    assert verdicts(case, messages, begin) == [(delivery_id, Verdict.ACCEPTED) for delivery_id in ids]
    assert case.accepted() == ids
    assert begin.ids == ids


@pytest.mark.parametrize("shared_key", ["", "same"])
def test_nothing_leaves_for_a_subscriber_whose_body_may_not_begin(case: Case, shared_key: str) -> None:
    messages = [outgoing(number, shared_key=shared_key) for number in range(1, 4)]
    ids = [message.delivery_id for message in messages]
    told = dict(verdicts(case, messages, Begun(refused=[ids[1]])))
    assert told == {ids[0]: Verdict.ACCEPTED, ids[1]: Verdict.NOT_BEGUN, ids[2]: Verdict.ACCEPTED}
    assert case.accepted() == [ids[0], ids[2]]


def test_nothing_leaves_when_no_body_may_begin(case: Case) -> None:
    messages = [outgoing(number) for number in range(1, 4)]
    told = verdicts(case, messages, Begun(refused=[message.delivery_id for message in messages]))
    assert [verdict for _, verdict in told] == [Verdict.NOT_BEGUN] * 3
    assert case.accepted() == []


@pytest.mark.parametrize("moment", ["begin", "end"])
def test_an_error_in_what_is_told_stops_before_anything_is_accepted(case: Case, moment: str) -> None:
    def broken(delivery_ids: Sequence[str]) -> frozenset[str]:
        raise ConnectionError(f"the database is gone: {delivery_ids}")

    bodies = Begun()
    setattr(bodies, moment, broken)
    with pytest.raises(ConnectionError):
        list(case.mailer.send([outgoing()], bodies=bodies))
    assert case.accepted() == []
    assert verdicts(case, [outgoing()], Begun())[0][1] is Verdict.ACCEPTED


@pytest.mark.parametrize("shared_key", ["", "same"])
def test_the_end_of_a_body_is_told_after_its_begin_and_before_it_can_be_accepted(
    case: Case, shared_key: str
) -> None:
    accepted_before = list[list[str]]()

    class Watching(Begun):
        def end(self, delivery_ids: Sequence[str]) -> None:
            assert set(delivery_ids) <= set(self.ids)
            accepted_before.append([each for each in delivery_ids if each in case.accepted()])
            super().end(delivery_ids)

    bodies = Watching(refused=[outgoing(2).delivery_id])
    messages = [outgoing(number, shared_key=shared_key) for number in range(1, 4)]
    assert len(verdicts(case, messages, bodies)) == 3
    assert [each for batch in bodies.ended for each in batch] == case.accepted()
    assert not any(accepted_before)


def test_outcomes_are_told_as_they_are_known(case: Case) -> None:
    messages = [outgoing(1), outgoing(2)]
    outcomes = iter(case.mailer.send(messages, bodies=Begun()))
    next(outcomes)
    assert case.accepted() == [messages[0].delivery_id]
    assert len(list(outcomes)) == 1


def test_a_mailer_goes_on_after_it_was_closed(case: Case) -> None:
    verdicts(case, [outgoing(1)], Begun())
    case.mailer.close()
    assert verdicts(case, [outgoing(2)], Begun())[0][1] is Verdict.ACCEPTED


def test_nothing_to_send_is_nothing_done(case: Case) -> None:
    begin = Begun()
    assert verdicts(case, [], begin) == []
    assert begin.asked == []


def test_a_mailer_names_itself_its_lease_and_its_batch(case: Case) -> None:
    assert case.mailer.name in {"outbox", "smtp", "sendgrid"}
    assert case.mailer.lease > timedelta(0)
    assert case.mailer.batch_size >= 1
