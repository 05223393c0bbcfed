"""The daily limit holds over all workers, reserves a tenth for transactional mail, and loses nobody."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Barrier

import pytest

from newsletter.models import Delivery, SendDay
from newsletter.models.delivery import Kind, State
from newsletter.pipeline.send.rate_limit import RateLimit
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import CARD, deliver, new_subscriber, store, transactional_mail
from tests.pipeline.rate_limits import START, Begun, Clock, due
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_days_number_is_never_passed_by_two_workers_and_the_rest_waits_for_tomorrow(clock: Clock) -> None:
    rows = [due() for _ in range(30)]
    start, begun = Barrier(2), Begun(clock)
    held = list[str]()

    def work() -> None:
        start.wait()
        mailer = begun.mailer(batch_size=4)
        held.append(deliver(mailer, rate_limit=RateLimit("scripted", daily=20), clock=clock).held)

    run_together(work, work)
    assert len(begun.at) == 18  # a tenth is reserved for transactional mail
    assert all("tomorrow" in why for why in held)
    waiting = Delivery.objects.exclude(state=State.ACCEPTED)
    assert waiting.count() == 12
    assert set(waiting.values_list("attempt", flat=True)) == {0}
    clock.now += timedelta(days=1)
    deliver(begun.mailer(), rate_limit=RateLimit("scripted", daily=20), clock=clock)
    assert len(begun.at) == len(rows)
    assert dict(SendDay.objects.values_list("day", "digests")) == {
        date(2026, 11, 2): 18,
        date(2026, 11, 3): 12,
    }


def test_a_confirmation_still_goes_when_the_digests_of_the_day_have_gone(clock: Clock) -> None:
    for _ in range(30):
        due()
    rate_limit = RateLimit("scripted", daily=20)
    deliver(ScriptedMailer(), rate_limit=rate_limit, clock=clock)
    for _ in range(4):
        transactional_mail(new_subscriber(), Kind.LINK, fragments=store(CARD), next_attempt_at=START)
    assert deliver(ScriptedMailer(), rate_limit=rate_limit, clock=clock, transactional=True).states == {
        "ACCEPTED": 2
    }
    assert Delivery.objects.filter(state=State.ACCEPTED).count() == 20


def test_who_leaves_before_the_body_begins_uses_up_nothing_of_the_day(clock: Clock) -> None:
    row = due()
    mailer = ScriptedMailer(before_begin=lambda _message: leave())

    def leave() -> None:
        assert row.subscriber
        type(row.subscriber).objects.update(status="unsubscribed")

    deliver(mailer, rate_limit=RateLimit("scripted", daily=20), clock=clock)
    assert mailer.sent == []
    assert not SendDay.objects.exists()


def test_a_warm_up_counts_from_the_first_day_that_something_was_sent(clock: Clock) -> None:
    for _ in range(40):
        due()
    begun, sent = Begun(clock), list[int]()
    for _ in range(5):
        before = len(begun.at)
        deliver(begun.mailer(), rate_limit=RateLimit("scripted", warmup=2, daily=10), clock=clock)
        sent.append(len(begun.at) - before)
        clock.now += timedelta(days=1)
    assert sent == [1, 3, 7, 9, 9]


def test_without_limits_nothing_is_counted(clock: Clock) -> None:
    due()
    assert deliver(ScriptedMailer(), clock=clock).states == {"ACCEPTED": 1}
    assert not SendDay.objects.exists()
