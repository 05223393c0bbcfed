"""The rates hold over all workers together, and hold up nobody they do not concern."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from newsletter.adapters.infra.rate_windows import RateWindows
from newsletter.models import Delivery
from newsletter.models.delivery import Kind, State
from newsletter.pipeline.send.rate_limit import RateLimit
from tests.fakes.mailer import ScriptedMailer
from tests.fakes.redis import redis_server
from tests.pipeline.deliveries import deliver, new_subscriber, transactional_mail
from tests.pipeline.rate_limits import START, Begun, Clock, due
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_rate_is_never_passed_and_everything_goes(clock: Clock) -> None:
    for _ in range(24):
        due()
    begun, rate_limit = Begun(clock), RateLimit("scripted", rate=10, counts=RateWindows())
    report = deliver(begun.mailer(), rate_limit=rate_limit, clock=clock, sleep=clock.sleep)
    assert report.states == {"ACCEPTED": 24}
    assert begun.most_within(1) <= 9
    assert clock.now - START < timedelta(seconds=5)


def test_a_lease_takes_no_more_rows_than_may_begin_now(clock: Clock) -> None:
    for _ in range(10):
        due()
    sending = list[int]()
    mailer = ScriptedMailer(
        in_body=lambda _message: sending.append(Delivery.objects.filter(state=State.SENDING).count())
    )
    deliver(
        mailer, rate_limit=RateLimit("scripted", rate=2, counts=RateWindows()), clock=clock, sleep=clock.sleep
    )
    assert len(sending) == 10
    assert max(sending) <= 2


def test_a_domain_that_is_full_holds_up_no_other(clock: Clock) -> None:
    for _ in range(8):
        due(f"{time.monotonic_ns()}@gmail.com")
    for _ in range(12):
        due()
    begun = Begun(clock)
    rate_limit = RateLimit("scripted", domain_rates={"gmail.com": 2}, counts=RateWindows())
    deliver(begun.mailer(), rate_limit=rate_limit, clock=clock, sleep=clock.sleep)
    assert Counter(address.endswith("@gmail.com") for _, address in begun.at) == {True: 2, False: 12}
    assert clock.now == START
    put_off = Delivery.objects.filter(state=State.COMPOSED).values_list("next_attempt_at", flat=True)
    assert len(set(put_off)) == 6  # each at a moment of its own, so none is looked at again and again
    while Delivery.objects.filter(state__in=(State.COMPOSED, State.RETRY_WAIT)).exists():
        clock.sleep(1)
        deliver(begun.mailer(), rate_limit=rate_limit, clock=clock, sleep=clock.sleep)
    assert begun.most_within(1, domain="@gmail.com") <= 2
    assert clock.now - START < timedelta(seconds=30)


def test_transactional_mail_does_not_queue_behind_a_domains_digests(clock: Clock) -> None:
    for _ in range(30):
        due(f"{time.monotonic_ns()}@gmail.com")
    rate_limit = RateLimit("scripted", domain_rates={"gmail.com": 1}, counts=RateWindows())
    deliver(ScriptedMailer(), rate_limit=rate_limit, clock=clock, sleep=clock.sleep)
    for _ in range(2):
        transactional_mail(
            new_subscriber(f"{time.monotonic_ns()}@gmail.com"), Kind.LINK, next_attempt_at=clock.now
        )
    deliver(ScriptedMailer(), rate_limit=rate_limit, clock=clock, sleep=clock.sleep)
    transactional = Delivery.objects.filter(kind=Kind.LINK)
    waits = [row.next_attempt_at - clock.now for row in transactional if row.next_attempt_at]
    assert max(waits) <= timedelta(seconds=2)


def test_a_domain_is_limited_however_its_name_is_written(settings: Settings) -> None:
    config = settings.CONFIG.model_copy(update={"domain_rates": {"münchen.example": 2.0}})
    rate_limit = RateLimit.of(config, transport="smtp")
    buckets = {
        rate_limit.bucket(Delivery(), f"a@{domain}")
        for domain in ("MÜNCHEN.example", "xn--mnchen-3ya.example")
    }
    assert buckets == {("xn--mnchen-3ya.example", False)}


def test_two_workers_that_leased_at_once_begin_no_more_than_one_would(clock: Clock) -> None:
    for _ in range(8):
        due()
    counts, begun = RateWindows(), Begun(clock)
    other = RateLimit("scripted", rate=4, counts=counts)

    def race(_message: object) -> None:
        """Another worker takes the last places after our claim."""
        rows = [Delivery(recipient="x@example.org", kind=Kind.LINK)] * 3
        other.take(rows, real_now=clock.now)

    mailer = begun.mailer()
    mailer.before_begin = race
    report = deliver(mailer, rate_limit=RateLimit("scripted", rate=4, counts=counts), clock=clock, limit=4)
    assert len(begun.at) <= 1
    assert report.states["RETRY_WAIT"] >= 3
    released = Delivery.objects.filter(state=State.RETRY_WAIT)
    assert set(released.values_list("attempt", "retries")) == {(0, 0)}
    assert all(row.next_attempt_at and row.next_attempt_at >= clock.now for row in released)


@hypothesis_settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    rate=st.sampled_from([0.5, 1, 3, 10, 25]),
    steps=st.lists(
        st.tuples(
            st.integers(0, 1500),  # milliseconds that pass
            st.integers(0, 2),  # the worker
            st.sampled_from(["a@gmail.com", "a@example.org"]),
            st.booleans(),
            st.integers(1, 30),
        ),
        max_size=60,
    ),
)
def test_no_window_of_any_worker_or_domain_is_ever_passed(
    clock: Clock, rate: float, steps: list[tuple[int, int, str, bool, int]]
) -> None:
    counts = RateWindows()
    workers = [RateLimit("smtp", rate=rate, domain_rates={"gmail.com": 2}, counts=counts) for _ in range(3)]
    passed = list[tuple[float, str, bool]]()
    for passing, worker, address, transactional, number in steps:
        clock.sleep(passing / 1000)
        rows = [
            Delivery(recipient=address, kind=Kind.LINK if transactional else Kind.DIGEST)
            for _ in range(number)
        ]
        later = workers[worker].take(rows, real_now=clock.now)
        at = clock.now.timestamp()
        passed += [(at, address, transactional) for row in rows if row.pk not in later]
    seconds, amount = (1, int(rate)) if rate >= 1 else (2, 1)
    for start, _, _ in passed:
        within = [
            (address, transactional) for at, address, transactional in passed if start <= at < start + seconds
        ]
        assert len(within) <= amount
        second = [address for at, address, _ in passed if start <= at < start + 1]
        assert second.count("a@gmail.com") <= 2


@pytest.mark.parametrize("rate", [1, 100])
def test_transactional_mail_passes_within_ten_seconds_while_digests_take_all_they_can(
    clock: Clock, rate: float
) -> None:
    counts = RateWindows()
    digests, others = (RateLimit("smtp", rate=rate, counts=counts) for _ in range(2))
    waits = list[float]()
    asked_at: datetime | None = None
    many = [Delivery(recipient="a@example.org")] * 50
    transactional = Delivery(recipient="b@example.org", kind=Kind.CONFIRMATION)
    for step in range(300):  # a minute, in steps of 200 ms
        digests.take(many, real_now=clock.now)
        if step % 62 == 8:
            asked_at = clock.now
        if asked_at and not others.take([transactional], real_now=clock.now):
            waits.append((clock.now - asked_at).total_seconds())
            asked_at = None
        clock.sleep(0.2)
    assert len(waits) == 5
    assert max(waits) <= 10


# --- Redis -----------------------------------------------------------------------------------------------


def test_processes_that_share_a_redis_share_the_rate() -> None:
    """On the real clock, which may only make it slower."""
    before, after = list[float](), list[float]()

    def worker(url: str) -> Callable[[], None]:
        rate_limit = RateLimit("smtp", rate=20, counts=RateWindows(url))

        def work() -> None:
            until = time.monotonic() + 1.5
            while time.monotonic() < until:
                row, asked_at = Delivery(recipient="a@example.org", kind=Kind.LINK), time.time()
                if not rate_limit.take([row], real_now=START):
                    before.append(asked_at)
                    after.append(time.time())

        return work

    with redis_server() as url:
        run_together(*(worker(url) for _ in range(3)))
    assert len(before) >= 20
    # Whatever held up a thread: the 21st was counted a second after the first, or later.
    spans = [end - start for start, end in zip(sorted(before), sorted(after)[20:], strict=False)]
    assert all(span > 0.99 for span in spans), spans


def test_nothing_begins_while_redis_cannot_be_asked(tmp_path: Path, clock: Clock) -> None:
    row = due()
    rate_limit = RateLimit("scripted", rate=5, counts=RateWindows(f"unix://{tmp_path / 'gone.sock'}"))
    mailer = ScriptedMailer()
    assert "Redis does not answer" in deliver(mailer, rate_limit=rate_limit, clock=clock).held
    assert mailer.sent == []
    assert set(rate_limit.take([row], real_now=clock.now)) == {row.pk}
