"""Workers that are gone, and what their journals say became of each delivery of the group."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pyroaring import BitMap

from newsletter.adapters.infra import send_journal as journals
from newsletter.adapters.infra.send_journal import SendJournal
from newsletter.adapters.ports import Outcome, Verdict
from newsletter.audience.suppression import Reason, suppressed
from newsletter.core.delivery.send_journal import SIZE
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import Delivery, SendPause
from newsletter.models.delivery import State
from newsletter.pipeline.send import outcomes
from newsletter.pipeline.send.lost import LONGEST_WAIT
from tests.fakes.mailer import Killed, accepted, answer
from tests.pipeline.deliveries import NOW, deliver, digest, later, reconcile_now, record_now, send_journal
from tests.pipeline.killed import (
    AFTER,
    ANSWERED,
    ELSEWHERE,
    HERE,
    LINES_EACH,
    MANY,
    OPEN,
    UNKNOWN,
    WAITS,
    Smtp,
    after_the_lease,
    at_message,
    die,
    due,
    fates,
    killed,
    states,
    the_journal,
)

pytestmark = pytest.mark.django_db(transaction=True)


# --- a killed process ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "in_flight"), [("before_begin", WAITS), ("in_body", WAITS), ("before_answer", UNKNOWN)]
)
def test_a_killed_worker_leaves_one_mail_of_its_group_open(moment: str, in_flight: State) -> None:
    rows = killed(moment=moment)
    assert reconcile_now(Smtp(), dead_owners=[HERE]).lapsed.total() == MANY
    assert states(rows) == fates(in_flight, WAITS)
    for row in rows[:ANSWERED]:
        row.refresh_from_db()
        assert row.subscriber is not None
        assert (row.last_code, row.provider_id, row.lease_owner) == ("250", "provider-1", "")
        assert unpack_seen(bytes(row.subscriber.seen_papers)) == BitMap(row.paper_ids)
    waiting = Delivery.objects.filter(state=WAITS)
    assert set(waiting.values_list("attempt", "body_begun_at", "lease_owner")) == {(1, None, "")}
    mailer = Smtp()
    deliver(mailer, clock=later(minutes=1))
    again = {row.pk for row, state in zip(rows, fates(in_flight, WAITS), strict=True) if state == WAITS}
    assert sorted(message.delivery_id for message in mailer.sent) == sorted(map(str, again))


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (accepted(), State.ACCEPTED),
        (answer(Verdict.RETRY, code="451", retry_after=90), WAITS),
        (answer(Verdict.BAD_ADDRESS, code="550 5.1.1", detail="no such user"), State.FAILED),
        (answer(Verdict.REFUSED, code="550 5.7.1"), State.FAILED),
        (answer(Verdict.UNKNOWN), UNKNOWN),
        (answer(Verdict.TRANSPORT_DOWN, code="535"), WAITS),
    ],
    ids=lambda given: given.verdict.value if isinstance(given, Outcome) else "",
)
def test_what_was_answered_has_its_outcome_and_all_that_follows(reply: Outcome, state: State) -> None:
    row, _ = due(2)
    ann = row.subscriber
    assert ann is not None
    with pytest.raises(Killed):
        deliver(Smtp(answers={ann.email: reply}, before_begin=at_message(1, die)), owner=HERE)
    real_now = timezone.now()
    reconcile_now(Smtp(), dead_owners=[HERE], real_now=real_now)
    row.refresh_from_db()
    ann.refresh_from_db()
    assert (row.state, row.last_code) == (state, reply.code)
    is_bounced = suppressed([ann.email]) == {ann.email: Reason.BOUNCED}
    assert is_bounced == (reply.verdict is Verdict.BAD_ADDRESS)
    assert ann.soft_bounces == (reply.verdict is Verdict.REFUSED)
    assert SendPause.objects.exists() == (reply.verdict is Verdict.TRANSPORT_DOWN)
    if reply.retry_after:
        assert row.next_attempt_at == real_now + timedelta(seconds=90)
        assert (row.attempt, row.retries) == (0, 1)


def test_an_answer_that_cannot_be_recorded_is_open_and_harms_none_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = killed()
    genuine = outcomes._record

    def broken(answers: Any) -> Any:
        if any(each.delivery.pk == rows[2].pk for each in answers):
            raise ValueError("a bug that only this delivery meets")
        return genuine(answers)

    monkeypatch.setattr(outcomes, "_record", broken)
    reconcile_now(Smtp(), dead_owners=[HERE])
    expected = fates(UNKNOWN, WAITS)
    expected[2] = UNKNOWN
    assert states(rows) == expected


# --- a journal that proves less --------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [None, 0, 1, 4, LINES_EACH * ANSWERED + 1])
def test_after_a_power_loss_whatever_has_no_answer_is_open_for_the_whole_group(
    kept: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was synced, and of the journal's lines only the first so many, or all."""
    rows = killed()
    if kept is not None:
        os.truncate(the_journal(), SIZE * (1 + kept))
    another_boot = uuid4()
    monkeypatch.setattr(journals, "kernel_boot_id", lambda: another_boot)
    reconcile_now(Smtp(), dead_owners=[HERE])
    answered = ANSWERED if kept is None else kept // LINES_EACH
    assert states(rows) == [State.ACCEPTED] * answered + [UNKNOWN] * (MANY - answered)
    assert deliver(Smtp(), clock=later(days=1)).handled == 0


@pytest.mark.parametrize("damage", ["torn", "a bad record", "no header", "empty"])
def test_a_damaged_journal_leaves_the_whole_group_open(damage: str) -> None:
    rows, path = killed(), the_journal()
    content = bytearray(path.read_bytes())
    match damage:
        case "torn":
            del content[-5:]
        case "a bad record":
            content[SIZE * (1 + LINES_EACH * ANSWERED) + 40] ^= 1
        case "no header":
            content[3] ^= 1
        case _:
            content.clear()
    path.write_bytes(content)
    reconcile_now(Smtp(), dead_owners=[HERE])
    answered = ANSWERED if damage in {"torn", "a bad record"} else 0
    assert states(rows) == [State.ACCEPTED] * answered + [UNKNOWN] * (MANY - answered)


def test_a_missing_journal_of_this_machine_leaves_the_whole_group_open_at_once() -> None:
    rows = killed()
    the_journal().unlink()
    reconcile_now(Smtp(), dead_owners=[HERE])
    assert states(rows) == [UNKNOWN] * MANY


def test_what_was_leased_before_there_were_journals_is_open_once_it_has_begun() -> None:
    until = timezone.now() + timedelta(minutes=5)
    held: dict[str, Any] = {"state": State.SENDING, "fence": 1, "lease_owner": HERE, "lease_until": until}
    rows = [digest(**held, body_begun_at=NOW), digest(**held)]
    reconcile_now(Smtp(), dead_owners=[HERE])
    assert states(rows) == [UNKNOWN, WAITS]


# --- other machines and containers -----------------------------------------------------------------------


def test_whoever_can_open_the_journal_of_a_container_that_is_gone_decides() -> None:
    """The containers of one machine share the data folder, and the kernel."""
    rows = killed(owner=ELSEWHERE)
    reconcile_now(Smtp())
    assert states(rows) == OPEN
    reconcile_now(Smtp(), **after_the_lease())
    assert states(rows) == fates(UNKNOWN, WAITS)


def test_a_journal_that_nobody_can_open_leaves_the_group_open_after_fifteen_minutes(tmp_path: Path) -> None:
    rows = killed(owner=ELSEWHERE)
    other_machine = SendJournal(tmp_path)
    for wait in (timedelta(), LONGEST_WAIT - timedelta(seconds=5)):
        assert not reconcile_now(Smtp(), journal=other_machine, **after_the_lease(wait)).lapsed
    assert states(rows) == OPEN
    reconcile_now(Smtp(), journal=other_machine, **after_the_lease(LONGEST_WAIT))
    assert states(rows) == [UNKNOWN] * MANY


def test_what_had_not_begun_waits_for_no_journal(tmp_path: Path) -> None:
    rows = killed(owner=ELSEWHERE)
    Delivery.objects.update(body_begun_at=None)
    reconcile_now(Smtp(), journal=SendJournal(tmp_path), **after_the_lease())
    assert states(rows) == [WAITS] * MANY


# --- a slow or stopped process ---------------------------------------------------------------------------


def test_who_still_holds_the_journal_may_go_on_for_fifteen_minutes_and_answers_after_that() -> None:
    journal = send_journal()  # of a process that is stopped, not dead
    rows = killed(journal=journal)
    reconcile_now(Smtp(), **after_the_lease())
    assert states(rows) == fates(State.SENDING, State.SENDING)  # an answer is an answer
    reconcile_now(Smtp(), **after_the_lease(LONGEST_WAIT))
    assert states(rows) == fates(UNKNOWN, UNKNOWN)
    assert record_now(Delivery.objects.get(pk=rows[ANSWERED].pk), accepted()) == State.ACCEPTED
    journal.close()


def test_a_process_that_lives_settles_what_its_task_left_when_it_sends_again() -> None:
    journal = send_journal()
    rows = killed(journal=journal)
    mailer = Smtp()
    assert deliver(mailer, journal=journal, owner=HERE).states == {"ACCEPTED": AFTER}
    assert states(rows) == [*[State.ACCEPTED] * ANSWERED, UNKNOWN, *[State.ACCEPTED] * AFTER]
    assert len(mailer.sent) == AFTER
    journal.close()
