"""The pipeline on SendGrid's own adapter, against a server that checks requests as SendGrid does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from newsletter.adapters.mailers.sendgrid import SendgridMailer
from newsletter.adapters.mailers.sendgrid_events import SendgridEvents
from newsletter.models import Delivery, SendDay, Subscriber
from newsletter.models.delivery import State
from newsletter.pipeline.feedback.provider_events import apply_events, store_events
from newsletter.pipeline.run import run_once
from newsletter.pipeline.send import send
from newsletter.pipeline.send.claim import Batch, lease_batch
from newsletter.pipeline.send.rate_limit import RateLimit
from tests.fakes.mailer import Killed
from tests.fakes.papers import paper_record
from tests.fakes.sendgrid_events import body_of, sendgrid_event
from tests.fakes.sendgrid_server import Answer, Request, SendgridServer, Trouble
from tests.pipeline.deliveries import NOW, deliver, digest, later, reconcile_now
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom

pytestmark = pytest.mark.django_db


@pytest.fixture
def server() -> Iterator[SendgridServer]:
    with SendgridServer() as running:
        yield running


@pytest.fixture
def mailer(server: SendgridServer) -> Iterator[SendgridMailer]:
    with closing(SendgridMailer(server.api_key, host=server.url, timeout=30)) as made:
        yield made


def sizes(server: SendgridServer) -> list[int]:
    return [len(request.delivery_ids) for request in server.requests]


def states() -> set[str]:
    return set(Delivery.objects.values_list("state", flat=True))


def identical(count: int) -> list[Delivery]:
    return [digest(body_key="the same", papers={"summarised": [1]}) for _ in range(count)]


def report(name: str, *deliveries: str) -> None:
    """Have SendGrid report the same of all these."""
    body = body_of([sendgrid_event(name, delivery, at=timezone.now()) for delivery in deliveries])
    store_events("sendgrid", SendgridEvents("").read(body, now=timezone.now()))
    apply_events(now=NOW)


def test_identical_digests_are_leased_and_sent_together_however_many(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    identical(120)
    for _ in range(3):
        digest(subject="another")
    assert deliver(mailer).states == {"ACCEPTED": 123}
    assert sizes(server) == [120, 3]
    assert set(server.accepted.values()) == {1}


def test_identical_digests_share_a_request_wherever_they_stand_in_the_queue(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    start = timezone.now() - timedelta(minutes=1)
    for number in range(80):
        alike: dict[str, Any] = (
            {"body_key": "the same"} if number < 10 or number >= 70 else {"subject": f"number {number}"}
        )
        digest(next_attempt_at=start + timedelta(milliseconds=number), **alike)
    assert deliver(mailer).states == {"ACCEPTED": 80}
    assert sizes(server) == [20, *[1] * 60]


def test_a_batch_holds_whole_requests_or_one_large_one(
    server: SendgridServer, mailer: SendgridMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, leased = timezone.now() - timedelta(minutes=1), list[int]()

    def watched(**options: Any) -> Batch:
        batch = lease_batch(**options)
        leased.append(len(batch.leased))
        return batch

    monkeypatch.setattr(send, "lease_batch", watched)
    for number in range(120):  # thirty times four identical ones, far apart
        at, kind = start + timedelta(milliseconds=number), str(number % 30)
        digest(next_attempt_at=at, body_key=kind, subject=kind)
    for _ in range(70):
        digest(next_attempt_at=start + timedelta(seconds=1), body_key="many")
    assert deliver(mailer).states == {"ACCEPTED": 190}
    assert sizes(server) == [*[4] * 30, 70]
    assert leased == [48, 48, 24, 70, 0]


def test_digests_that_are_composed_for_subscribers_of_one_topic_share_a_request(
    server: SendgridServer, mailer: SendgridMailer, tmp_path: Path
) -> None:
    newsroom = Newsroom(tmp_path)
    newsroom.topic("heads", "cat:cs.CV")
    newsroom.take_in(paper_record(1), paper_record(2), now=SUNDAY)
    for name in ("ada", "bob", "eve"):
        newsroom.subscriber(f"{name}@example.org", "heads", cadence="daily")
    newsroom.subscriber("zoe@example.org", "heads", cadence="daily", language="zh-hans")
    context = newsroom.context
    context.__dict__["mailer"] = mailer
    run_once(context, now=MONDAY, gather=False)
    assert states() == {State.ACCEPTED}
    assert sorted(sizes(server)) == [1, 3]
    assert Delivery.objects.values("body_key").distinct().count() == 2


def test_a_lost_answer_leaves_one_request_ambiguous_until_sendgrid_reports(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    mails = identical(60)
    server.plan(Trouble.ACCEPT_AND_DROP)
    assert deliver(mailer).states == {"AMBIGUOUS": 60}
    assert deliver(mailer, clock=later(hours=1)).handled == 0
    report("processed", *(str(mail.pk) for mail in mails))
    assert states() == {State.ACCEPTED}
    assert all(bytes(subscriber.seen_papers) for subscriber in Subscriber.objects.all())
    assert set(server.accepted.values()) == {1}


def test_a_request_that_is_split_down_to_a_bad_address_counts_each_digest_once_in_the_day(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    rows = identical(18)
    assert rows[3].subscriber is not None
    server.bad_addresses, server.names_the_culprit = frozenset({rows[3].subscriber.email}), False
    assert deliver(mailer, rate_limit=RateLimit("sendgrid", daily=20)).states == {"ACCEPTED": 17, "FAILED": 1}
    assert SendDay.objects.get().digests == 18


def test_a_dry_run_sends_nothing_and_the_real_one_after_it_everything(
    server: SendgridServer, mailer: SendgridMailer
) -> None:
    identical(3)
    with closing(SendgridMailer(server.api_key, host=server.url, is_dry_run=True)) as dry:
        assert deliver(dry).states == {"RETRY_WAIT": 3}
    assert not server.accepted
    assert not any(bytes(subscriber.seen_papers) for subscriber in Subscriber.objects.all())
    assert deliver(mailer, clock=later(minutes=59)).handled == 0
    assert deliver(mailer, clock=later(hours=2)).states == {"ACCEPTED": 3}
    assert set(server.accepted.values()) == {1}


def test_a_worker_that_is_killed_leaves_no_more_than_one_request_ambiguous(
    server: SendgridServer, mailer: SendgridMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        digest(subject=f"number {number}")
    sent_before = server.receive

    def kill_at_the_third(request: Request) -> Answer | None:
        answer = sent_before(request)
        if len(server.requests) == 3:
            monkeypatch.setattr(mailer, "_answer_to", die)
        return answer

    def die(_payload: object) -> None:
        raise Killed

    monkeypatch.setattr(server, "receive", kill_at_the_third)
    with pytest.raises(Killed):
        deliver(mailer)
    owners = set(Delivery.objects.filter(state=State.SENDING).values_list("lease_owner", flat=True))
    reconcile_now(mailer, dead_owners=owners)
    counts = Counter(Delivery.objects.values_list("state", flat=True))
    assert counts == {State.ACCEPTED: 3, State.AMBIGUOUS: 1, State.RETRY_WAIT: 26}
    monkeypatch.undo()
    assert deliver(mailer, clock=later(minutes=1)).states == {"ACCEPTED": 26}
    assert set(server.accepted.values()) == {1}
