"""Workers that are gone: who holds what, and what becomes of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.utils import timezone

from newsletter.adapters.mailers.outbox import OutboxMailer
from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import Delivery
from newsletter.models.delivery import UNSETTLED, State
from newsletter.pipeline.feedback.reconcile import next_attempt_at
from newsletter.pipeline.lease import boot_id, dead_owners
from tests.fakes.mailer import Killed, ScriptedMailer, answer
from tests.pipeline.deliveries import (
    deliver,
    digest,
    end_leases_now,
    later,
    new_subscriber,
    reconcile_now,
)

pytestmark = pytest.mark.django_db

OWNER = "host/1/1.0"


def kill(_message: Outgoing) -> None:
    raise Killed


def killed(row: Delivery, mailer: ScriptedMailer) -> Delivery:
    """Run a worker that is killed while it sends; return the row as it is left."""
    with pytest.raises(Killed):
        deliver(mailer, owner=OWNER)
    row.refresh_from_db()
    assert (row.state, row.lease_owner) == (State.SENDING, OWNER)
    return row


def test_a_worker_killed_before_the_body_is_replaced_when_its_lease_ends() -> None:
    row, mailer = digest(), ScriptedMailer()
    killed(row, ScriptedMailer(before_begin=kill))
    assert not reconcile_now(mailer).lapsed
    report = reconcile_now(mailer, real_now=timezone.now() + timedelta(seconds=16))
    assert report.lapsed == {"RETRY_WAIT": 1}
    assert deliver(mailer, clock=later(seconds=20)).states == {"ACCEPTED": 1}
    row.refresh_from_db()
    assert (row.attempt, row.fence, len(mailer.sent)) == (2, 2, 1)


def test_a_worker_killed_in_the_body_had_not_sent_the_final_dot() -> None:
    row, mailer = digest(), ScriptedMailer()
    killed(row, ScriptedMailer(in_body=kill))
    assert reconcile_now(mailer, dead_owners=[OWNER]).lapsed == {"RETRY_WAIT": 1}
    assert deliver(mailer).states == {"ACCEPTED": 1}
    row.refresh_from_db()
    assert (row.attempt, row.fence, len(mailer.sent)) == (2, 2, 1)


def test_a_worker_killed_after_the_body_leaves_an_ambiguous_delivery_that_is_never_repeated() -> None:
    row, mailer = digest(papers={"summarised": [1]}), ScriptedMailer()
    killed(row, ScriptedMailer(before_answer=kill))
    real = timezone.now() + timedelta(seconds=16)
    assert reconcile_now(mailer, real_now=real).lapsed == {"AMBIGUOUS": 1}
    assert Delivery.objects.filter(UNSETTLED).count() == 1
    assert not reconcile_now(mailer, real_now=real + timedelta(minutes=29)).settled
    report = reconcile_now(mailer, real_now=real + timedelta(minutes=31))
    assert report.settled == {"AMBIGUOUS": 1}
    assert not Delivery.objects.filter(UNSETTLED).exists()
    assert not reconcile_now(mailer, real_now=real + timedelta(days=1)).settled
    assert deliver(mailer, clock=later(days=2)).handled == 0
    row.refresh_from_db()
    assert row.state == State.AMBIGUOUS
    assert row.subscriber is not None
    assert not row.subscriber.seen_papers


def test_the_outboxs_file_shows_that_a_killed_worker_had_finished(tmp_path: Path) -> None:
    row, outbox = digest(papers={"summarised": [5]}), OutboxMailer(tmp_path)
    with pytest.raises(Killed):
        deliver(KilledAfterwards(tmp_path), owner=OWNER)
    report = reconcile_now(outbox, dead_owners=[OWNER])
    assert (report.lapsed, report.settled) == ({"AMBIGUOUS": 1}, {"ACCEPTED": 1})
    row.refresh_from_db()
    assert row.state == State.ACCEPTED
    assert row.subscriber is not None
    assert list(unpack_seen(bytes(row.subscriber.seen_papers))) == [5]


class KilledAfterwards(OutboxMailer):
    """Dies with the file written and nothing reported."""

    def _deliver(self, message: Outgoing, *, bodies: Bodies) -> Outcome:
        super()._deliver(message, bodies=bodies)
        raise Killed


def test_without_the_outboxs_file_the_message_is_sent_again_at_once(tmp_path: Path) -> None:
    row, outbox = digest(), OutboxMailer(tmp_path)
    killed(row, ScriptedMailer(name="outbox", before_answer=kill))
    report = reconcile_now(outbox, dead_owners=[OWNER])
    assert report.settled == {"RETRY_WAIT": 1}
    assert deliver(outbox).states == {"ACCEPTED": 1}
    assert [path.name for path in tmp_path.iterdir()] == [f"{row.pk}.eml"]


def test_another_transports_evidence_is_not_asked_for() -> None:
    row = digest()
    deliver(ScriptedMailer(name="smtp", answers={row.subscriber.email: answer(Verdict.UNKNOWN)}))  # type: ignore[union-attr]
    other = ScriptedMailer(name="outbox", known={str(row.pk): True})
    assert not reconcile_now(other).settled


def test_the_leases_of_a_dead_process_end_at_once_and_nobody_elses() -> None:
    mine = digest(state=State.SENDING, fence=1, lease_owner="host/1/1.0", lease_until=timezone.now())
    theirs = digest(state=State.SENDING, fence=1, lease_owner="host/2/1.0", lease_until=timezone.now())
    assert end_leases_now("host/1/1.0") == {"RETRY_WAIT": 1}
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.state, theirs.state) == (State.RETRY_WAIT, State.SENDING)


def test_it_finds_the_leases_of_processes_that_are_gone() -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    host, pid = socket.gethostname()[:40], child.stdout.strip()
    gone, reborn = f"{host}/{pid}/1.0", f"{host}/{os.getpid()}/1.0"
    owners = [gone, reborn, boot_id(), f"other/{pid}/1.0", "by hand"]
    for owner in owners:
        digest(state=State.SENDING, lease_owner=owner)
    assert sorted(dead_owners()) == sorted([gone, reborn])


def test_a_process_keeps_its_boot_id() -> None:
    assert boot_id() == boot_id()
    start = float(boot_id().rpartition("/")[2])
    assert abs(start - psutil.Process().create_time()) < 1


def test_a_forked_child_has_a_boot_id_of_its_own() -> None:
    program = """
import os, django
django.setup()
from newsletter.pipeline.lease import boot_id
mine = boot_id()
if os.fork() == 0:
    print(mine, boot_id(), os.getpid())
else:
    os.wait()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    mine, theirs, pid = done.stdout.split()
    assert theirs != mine
    assert theirs.split("/")[1] == pid


def test_it_says_when_the_next_try_is() -> None:
    real = timezone.now()
    digest(state=State.RETRY_WAIT, next_attempt_at=real - timedelta(seconds=1))
    digest(state=State.RETRY_WAIT, next_attempt_at=real + timedelta(seconds=30))
    digest(new_subscriber(), state=State.ACCEPTED, next_attempt_at=real - timedelta(days=1))
    assert next_attempt_at() == real - timedelta(seconds=1)
