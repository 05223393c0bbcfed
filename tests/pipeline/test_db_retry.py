"""A database that goes away while mail is being sent: nothing that is known is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from newsletter.adapters.ports import Outgoing
from newsletter.core.delivery.retry_policy import FEW
from newsletter.models.delivery import State
from newsletter.pipeline.db_retry import MOST_IN_A_ROW, RefusedError, together_or_apart, with_db_retry
from newsletter.pipeline.send import send
from newsletter.pipeline.send.claim import Batch, lease_batch
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import deliver, digest
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def failing(times: int, *, error: type[Exception] = OperationalError) -> Callable[[], str]:
    """Return a step that fails so often before it works."""
    left = iter(range(times))

    def step() -> str:
        if next(left, None) is not None:
            raise error("the database system is starting up")
        return "done"

    return step


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_step_is_taken_again_while_the_database_is_away(error: type[Exception]) -> None:
    pauses: list[float] = []
    assert with_db_retry(failing(3, error=error), sleep=pauses.append) == "done"
    assert len(pauses) == 3


def test_retries_end() -> None:
    with pytest.raises(OperationalError):
        with_db_retry(failing(1), longest=timedelta())


def test_another_error_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="starting up"):
        with_db_retry(failing(1, error=ValueError))


def test_a_step_inside_a_transaction_is_not_repeated_alone() -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        with_db_retry(failing(1))


def cut_connection() -> None:
    """End this thread's connection as a server that dies does; where there is no server, close it."""
    if connection.vendor != "postgresql":
        connection.close()
        return
    with connection.cursor() as cursor:
        [mine] = cursor.execute("SELECT pg_backend_pid()").fetchone()
    run_together(lambda: end_backend(mine))


def end_backend(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])


@pytest.mark.parametrize("moment", ["before_begin", "in_body"])
def test_a_connection_lost_while_sending_costs_no_attempt_and_no_answer(moment: str) -> None:
    rows = [digest() for _ in range(3)]

    def cut(message: Outgoing) -> None:
        if message.delivery_id == str(rows[1].pk):
            cut_connection()

    mailer = ScriptedMailer(**{moment: cut})  # type: ignore[arg-type]
    assert deliver(mailer).states == {"ACCEPTED": 3}
    assert len(mailer.sent) == 3
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempt) == (State.ACCEPTED, 1)


@pytest.mark.parametrize("number", [1, 2])
def test_a_lease_that_was_committed_though_its_answer_was_lost_is_given_up_before_the_next(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, tries = [digest() for _ in range(3)], list[Batch]()

    def lost(**options: Any) -> Batch:
        tries.append(lease_batch(**options))
        if len(tries) == number:
            raise OperationalError("the connection was lost while committing")
        return tries[-1]

    monkeypatch.setattr(send, "lease_batch", lost)
    mailer = ScriptedMailer(batch_size=2)
    assert deliver(mailer).states == {"ACCEPTED": 3}
    assert len(mailer.sent) == 3
    for row in rows:
        row.refresh_from_db()
    lost_ones = {row.pk for row in rows if row.attempt == 2}
    assert lost_ones == {each.delivery.pk for each in tries[number - 1].leased}
    assert {(row.state, row.fence - row.attempt) for row in rows} == {(State.ACCEPTED, 0)}


def test_what_a_broken_off_task_of_this_process_held_is_free_when_it_leases_again() -> None:
    until = timezone.now() + timedelta(minutes=15)
    row = digest(state=State.SENDING, fence=1, attempt=1, lease_owner="host/1/1.0", lease_until=until)
    assert deliver(ScriptedMailer(), owner="host/1/1.0").states == {"ACCEPTED": 1}
    row.refresh_from_db()
    assert (row.fence, row.attempt) == (2, 2)


def apart(number: int, *, broken: set[int]) -> tuple[list[int], set[int], int]:
    """Do a step that fails on these numbers; return what was refused, what was done, and how many tries."""
    done, tries = set[int](), 0

    def step(rows: Sequence[int]) -> list[int]:
        nonlocal tries
        tries += 1
        if broken.intersection(rows):
            raise ValueError("no")
        done.update(rows)
        return []

    try:
        refused = together_or_apart(range(number), step, done="done", name=str)
    except RefusedError as error:
        refused = list(error.broken)
    return refused, done, tries


def test_a_few_broken_rows_hold_up_no_other() -> None:
    broken = {3, 4, 500}
    refused, done, _ = apart(900, broken=broken)
    assert (set(refused), done) == (broken, set(range(900)) - broken)


def test_many_that_lie_together_do_not_look_like_a_refusal() -> None:
    refused, done, _ = apart(200, broken=set(range(100)))
    assert (set(refused), done) == (set(range(100)), set(range(100, 200)))


def test_a_few_that_are_all_broken_are_all_found() -> None:
    refused, done, _ = apart(FEW, broken=set(range(FEW)))
    assert (sorted(refused), done) == (list(range(FEW)), set())


def test_when_all_are_refused_few_are_tried() -> None:
    for number in (200, 900):
        refused, _, tries = apart(number, broken=set(range(number)))
        assert len(refused) == MOST_IN_A_ROW
        assert tries < 50
