"""Send journals in odd circumstances: a restored database, a full disk, and when they are deleted."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from newsletter.adapters.infra.send_journal import SendJournal
from newsletter.adapters.ports import Verdict
from newsletter.core.delivery.send_journal import SIZE, Answer, Event
from newsletter.models import Delivery
from newsletter.models.delivery import State
from newsletter.pipeline.send.lost import KEPT
from tests.fakes.mailer import answer
from tests.pipeline.deliveries import deliver, digest, later, reconcile_now, send_journal
from tests.pipeline.killed import (
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
    due,
    killed,
    states,
    the_journal,
)

pytestmark = pytest.mark.django_db(transaction=True)


# --- an older database -----------------------------------------------------------------------------------


@contextmanager
def restored_afterwards() -> Iterator[None]:
    """Put the deliveries back as they were, as the restoring of a back-up does; the journals stay."""
    rows: list[dict[str, Any]] = [dict(row) for row in Delivery.objects.values()]
    yield
    for row in rows:
        Delivery.objects.filter(pk=row["id"]).update(**row)


def test_a_database_restored_to_the_middle_of_a_group_learns_what_was_answered_since() -> None:
    rows, journal = due(), send_journal()
    back_up = restored_afterwards()
    mailer = Smtp(in_body=at_message(ANSWERED, back_up.__enter__))
    assert deliver(mailer, journal=journal, owner=HERE).states == {"ACCEPTED": MANY}
    journal.close()
    back_up.__exit__(None, None, None)
    assert states(rows) == OPEN
    reconcile_now(Smtp(), dead_owners=[HERE])
    assert states(rows) == [State.ACCEPTED] * MANY
    assert deliver(Smtp(), clock=later(days=1)).handled == 0


def test_a_database_restored_to_before_later_groups_repeats_nothing() -> None:
    """The first of the group was refused for now, and had gone with the next group."""
    rows, journal = due(2), send_journal()
    first = rows[0].subscriber
    assert first is not None
    back_up, mailer = restored_afterwards(), Smtp(answers={first.email: answer(Verdict.RETRY)})
    mailer.in_body = at_message(1, back_up.__enter__)
    deliver(mailer, journal=journal, owner=HERE)
    mailer = Smtp()
    assert deliver(mailer, journal=journal, owner=HERE, clock=later(minutes=1)).states == {"ACCEPTED": 1}
    digest(next_attempt_at=timezone.now())
    assert deliver(mailer, journal=journal, owner=HERE, clock=later(minutes=1)).states == {"ACCEPTED": 1}
    journal.close()
    back_up.__exit__(None, None, None)
    assert states(rows) == [State.SENDING] * 2
    reconcile_now(Smtp(), dead_owners=[HERE])
    assert states(rows) == [State.ACCEPTED] * 2


def test_a_database_restored_to_a_group_whose_journal_is_gone_repeats_nothing() -> None:
    rows, path = killed(), the_journal()
    with restored_afterwards():
        reconcile_now(Smtp(), dead_owners=[HERE])
        deliver(Smtp(), clock=later(minutes=1))
    path.unlink()
    reconcile_now(Smtp(), dead_owners=[HERE])
    assert states(rows) == [UNKNOWN] * MANY
    assert deliver(Smtp(), clock=later(days=1)).handled == 0


# --- a full disk -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines_that_fit", range(9))
def test_with_no_space_for_a_line_nothing_more_is_sent_and_nothing_is_lost(lines_that_fit: int) -> None:
    rows, journal = due(3), SendJournal(settings.CONFIG.journal_folder, most_bytes=2**40)
    filler = [str(uuid4())] * (2**23 // SIZE)  # a file larger than any of SQLite's, which the limit spares
    journal.next_group().write(Event.ANSWER, filler, answer=Answer(verdict="accepted"))
    mailer, before = Smtp(), resource.getrlimit(resource.RLIMIT_FSIZE)
    full = SIZE * (1 + len(filler) + lines_that_fit) + 60
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, before[1]))
    try:
        report = deliver(mailer, journal=journal, owner=HERE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert report.held == "nothing is sent: the send journal cannot be written: File too large"
    sent = (lines_that_fit + 1) // LINES_EACH  # two lines go before a mail
    assert len(mailer.sent) == sent
    assert states(rows) == [State.ACCEPTED] * sent + [WAITS] * (3 - sent)
    waiting = Delivery.objects.filter(state=WAITS)
    assert set(waiting.values_list("attempt", "body_begun_at")) <= {(0, None)}
    assert deliver(mailer, journal=journal, owner=HERE).handled == 0
    assert deliver(mailer, journal=journal, owner=HERE, clock=later(minutes=2)).handled == 3 - sent
    assert len(mailer.sent) == 3
    journal.close()


def test_a_journal_that_cannot_be_made_leases_nothing(tmp_path: Path) -> None:
    rows = due(2)
    (tmp_path / "journals").touch()
    report = deliver(Smtp(), journal=SendJournal(tmp_path / "journals"))
    assert report.held.startswith("nothing is sent: ")
    assert set(Delivery.objects.values_list("state", "attempt", "fence")) == {("COMPOSED", 0, 0)}
    assert deliver(Smtp()).states == {"ACCEPTED": len(rows)}


# --- old journals ----------------------------------------------------------------------------------------


def test_a_journal_goes_two_weeks_after_its_last_line_when_nothing_names_it_any_more() -> None:
    """Until then it is what a restored back-up learns from."""
    killed(owner=ELSEWHERE)
    path = the_journal()
    ended = after_the_lease()["real_now"]
    reconcile_now(Smtp(), real_now=ended + KEPT - timedelta(minutes=5))
    assert path.exists()
    reconcile_now(Smtp(), real_now=ended + KEPT)
    assert not path.exists()


def test_a_journal_that_a_delivery_names_stays() -> None:
    killed(owner=ELSEWHERE)
    Delivery.objects.update(lease_until=timezone.now() + 2 * KEPT)
    reconcile_now(Smtp(), real_now=timezone.now() + KEPT + timedelta(days=1))
    assert the_journal().exists()


def test_answers_for_good_are_gathered_from_all_journals() -> None:
    rows = due(4)
    readers = [row.subscriber.email for row in rows if row.subscriber]
    told = {readers[0]: answer(Verdict.RETRY), readers[1]: answer(Verdict.BAD_ADDRESS, code="5.1.1")}
    deliver(Smtp(answers=told))
    deliver(Smtp(), clock=later(minutes=1))
    found = send_journal().answers_for_good()
    verdicts = [found[row.pk].verdict for row in rows]
    assert verdicts == ["accepted", "bad_address", "accepted", "accepted"]
