"""Several workers at once, and readers who leave at the worst moment: threads on a real database."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from threading import Barrier, Event, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from newsletter.adapters.ports import Outgoing
from newsletter.audience.suppression import Reason, suppress
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.send.bodies import begin, boot_seconds
from newsletter.pipeline.send.claim import Batch, Leased, lease_batch
from newsletter.pipeline.send.rate_limit import RateLimit
from tests.fakes.mailer import Killed, ScriptedMailer, accepted
from tests.pipeline.deliveries import (
    NOW,
    deliver,
    digest,
    new_subscriber,
    reconcile_now,
    record_now,
    send_journal,
)

pytestmark = pytest.mark.django_db(transaction=True)

LEASE = ScriptedMailer().lease


def lease(*, ahead: timedelta = timedelta()) -> Batch:
    """Lease what is due, as a worker would whose clock is ``ahead``."""
    return lease_batch(
        mailer_name="scripted",
        lease=LEASE,
        limit=50,
        owner="host/1/1.0",
        now=NOW,
        real_now=timezone.now() + ahead,
        turn=RateLimit("scripted").turn(transactional=False, real_now=timezone.now()),
        journal=send_journal(),
    )


def begun(leased: Sequence[Leased]) -> frozenset[str]:
    """Begin these now, as a worker does."""
    limit, now = RateLimit("scripted"), timezone.now()
    return begin(leased, lease=LEASE, now=NOW, real_now=now, rate_limit=limit, seconds=boot_seconds).ids


def run_together(*jobs: Callable[[], object]) -> None:
    """Run each in a thread with a database connection of its own; raise what any of them raised."""
    failures: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]


def test_two_workers_send_each_of_two_hundred_digests_once() -> None:
    rows = [digest(papers={"summarised": [number]}) for number in range(200)]
    mailer, start = ScriptedMailer(batch_size=7), Barrier(2)
    shares: list[int] = []

    def work() -> None:
        start.wait()
        shares.append(deliver(mailer).states["ACCEPTED"])

    run_together(work, work)
    assert sum(shares) == 200
    sent = Counter(message.delivery_id for message in mailer.sent)
    assert sent == Counter(str(row.pk) for row in rows)
    assert set(Delivery.objects.values_list("state", "attempt", "fence")) == {(State.ACCEPTED.value, 1, 1)}


def test_an_unsubscribe_that_commits_between_lease_and_body_stops_the_send() -> None:
    row = digest(new_subscriber("ann@example.org"))

    def leave(_message: Outgoing) -> None:
        run_together(lambda: Subscriber.objects.update(status=Status.UNSUBSCRIBED))

    mailer = ScriptedMailer(before_begin=leave)
    assert deliver(mailer).states == {"CANCELLED": 1}
    assert not mailer.sent
    row.refresh_from_db()
    assert (row.state, row.body_begun_at, row.lease_owner) == (State.CANCELLED, None, "")


def test_a_suppression_that_commits_between_lease_and_body_stops_the_send() -> None:
    digest(new_subscriber("ann@example.org"))

    def complain(_message: Outgoing) -> None:
        run_together(lambda: suppress("ann@example.org", reason=Reason.COMPLAINED, at=NOW))

    mailer = ScriptedMailer(before_begin=complain)
    assert deliver(mailer).states == {"CANCELLED": 1}
    assert not mailer.sent


def test_a_body_waits_for_an_unsubscribe_that_is_about_to_commit() -> None:
    digest(new_subscriber("ann@example.org"))
    asked, allowed = Event(), list[frozenset[str]]()
    claimed = lease().leased

    def leave() -> None:
        with transaction.atomic():
            Subscriber.objects.update(status=Status.UNSUBSCRIBED)
            asked.set()
            time.sleep(0.3)

    def send() -> None:
        asked.wait(60)
        allowed.append(begun(claimed))

    run_together(leave, send)
    assert allowed == [frozenset()]


def test_a_worker_that_was_given_up_for_lost_may_not_begin() -> None:
    row = digest()
    slow = lease().leased
    reconcile_now(ScriptedMailer(), real_now=timezone.now() + 2 * LEASE)
    assert not begun(slow)
    row.refresh_from_db()
    assert (row.state, row.body_begun_at) == (State.RETRY_WAIT, None)
    [again] = lease(ahead=3 * LEASE).leased
    assert not begun(slow)
    assert begun([again]) == {again.id}


def test_a_lease_forgets_the_body_of_the_try_before() -> None:
    row = digest(state=State.RETRY_WAIT, body_begun_at=NOW)
    lease()
    row.refresh_from_db()
    assert (row.state, row.body_begun_at) == (State.SENDING, None)


def test_workers_that_are_killed_at_random_lose_nothing_and_repeat_nothing_they_began() -> None:
    """Every seventh message kills its worker before the body, in it, or after it; the tick reconciles."""
    rows = [digest(papers={"summarised": [number]}) for number in range(60)]
    mailer, seen = ScriptedMailer(batch_size=10), Counter[str]()

    def die(moment: str) -> Callable[[Outgoing], None]:
        def maybe(message: Outgoing) -> None:
            seen[moment] += 1
            if seen[moment] % 7 == 0:
                raise Killed(message.delivery_id)

        return maybe

    mailer.before_begin, mailer.in_body, mailer.before_answer = die("before"), die("in"), die("after")
    kills = 0
    while Delivery.objects.filter(state__in=(State.COMPOSED, State.RETRY_WAIT, State.SENDING)).exists():
        try:
            deliver(mailer, owner="host/1/1.0")
        except Killed:
            kills += 1
        reconcile_now(mailer, dead_owners=["host/1/1.0"])
    states = Counter(Delivery.objects.values_list("state", flat=True))
    sent = Counter(message.delivery_id for message in mailer.sent)
    assert kills > 10
    assert sum(states.values()) == len(rows)
    assert set(states) <= {State.ACCEPTED, State.AMBIGUOUS}
    assert max(sent.values()) == 1
    assert states[State.AMBIGUOUS] == seen["after"] // 7  # one in flight a kill, not a group
    assert states.total() == len(sent)
    seen_papers = Subscriber.objects.filter(deliveries__state=State.ACCEPTED).values_list("seen_papers")
    assert all(bytes(papers) for (papers,) in seen_papers)


def test_two_reconciles_at_once_settle_each_lost_answer_once() -> None:
    until = timezone.now() - timedelta(seconds=1)
    held = [
        digest(
            state=State.SENDING, transport="scripted", fence=1, attempt=1, lease_until=until, body_begun_at=at
        )
        for at in (NOW, None)
        for _ in range(20)
    ]
    mailer, start = ScriptedMailer(known={str(row.pk): True for row in held[:10]}), Barrier(2)

    def work() -> None:
        start.wait()
        reconcile_now(mailer)

    run_together(work, work)
    counts = Counter(Delivery.objects.values_list("state", "attempt", "fence"))
    assert counts == {("ACCEPTED", 1, 1): 10, ("AMBIGUOUS", 1, 1): 10, ("RETRY_WAIT", 1, 1): 20}


def test_a_worker_whose_clock_jumps_ahead_takes_nothing_that_another_has_begun() -> None:
    digest()
    batch = lease()
    slow = batch.leased
    assert begun(slow)
    reconcile_now(ScriptedMailer(), real_now=timezone.now() + timedelta(hours=1))
    assert not lease(ahead=timedelta(hours=1))
    assert record_now(slow[0].delivery, accepted()) == State.ACCEPTED
