"""The same reports at once from several requests and workers, and readers who leave meanwhile."""

from __future__ import annotations

import random
import time
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from newsletter.adapters.ports import Outcome, ProviderEvent, Verdict
from newsletter.core.delivery.events import EventKind
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import ConsentEvent, Delivery, DeliveryEvent, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.feedback.provider_events import apply_events, store_events
from newsletter.subscribers.unsubscribe import erase
from tests.pipeline.deliveries import NOW, digest, new_subscriber, record_now
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)

KINDS = (EventKind.PROCESSED, EventKind.DELIVERED, EventKind.COMPLAINT)


def mails(count: int, **fields: object) -> list[Delivery]:
    rows = []
    for number in range(count):
        address = f"racer{number}@example.org"
        given = {"state": State.AMBIGUOUS, "papers": {"summarised": [1]}, "fence": 1} | fields
        rows.append(digest(new_subscriber(address), recipient=address, transport="sendgrid", **given))
    return rows


def reports(rows: list[Delivery]) -> list[ProviderEvent]:
    return [
        ProviderEvent(delivery_id=row.pk, kind=kind, at=NOW, dedupe_key=f"{row.pk}:{kind}")
        for row in rows
        for kind in KINDS
    ]


def test_requests_and_workers_that_race_leave_one_of_everything() -> None:
    rows, start = mails(80), Barrier(3)

    def take_in(seed: int) -> None:
        chance, events = random.Random(seed), reports(rows)  # noqa: S311 - shuffles that can be repeated
        start.wait()
        for _ in range(2):
            store_events("sendgrid", chance.sample(events, len(events)))
            apply_events(now=NOW)

    run_together(*(lambda seed=seed: take_in(seed) for seed in range(3)))
    assert DeliveryEvent.objects.filter(applied_at=NOW).count() == DeliveryEvent.objects.count() == 240
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.COMPLAINED}
    assert set(Subscriber.objects.values_list("status", flat=True)) == {Status.COMPLAINED}
    assert ConsentEvent.objects.filter(action="complained").count() == 80
    assert all(set(unpack_seen(bytes(each.seen_papers))) == {1} for each in Subscriber.objects.all())


def test_our_own_record_and_the_report_may_come_at_the_same_instant() -> None:
    rows, start = mails(20, state=State.SENDING, body_begun_at=NOW), Barrier(2)

    def answer() -> None:
        start.wait()
        for row in rows:
            outcome = Outcome(delivery_id=str(row.pk), verdict=Verdict.ACCEPTED, code="202")
            record_now(row, outcome)

    def report() -> None:
        start.wait()
        for row in reversed(rows):
            store_events("sendgrid", reports([row])[:2])
            apply_events(now=NOW)

    run_together(answer, report)
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.DELIVERED}
    assert all(set(unpack_seen(bytes(each.seen_papers))) == {1} for each in Subscriber.objects.all())


def test_a_subscriber_may_be_erased_while_a_report_is_being_stored() -> None:
    [row] = mails(1)
    is_stored, is_erasing = Event(), Event()

    def report() -> None:
        with transaction.atomic():
            store_events("sendgrid", reports([row]))
            is_stored.set()
            is_erasing.wait(60)
            time.sleep(0.2)  # by now it waits for us

    def leave() -> None:
        # SQLite has one writer at a time: there it begins afterwards.
        is_stored.wait(60)
        is_erasing.set()
        erase(Subscriber.objects.get(), now=NOW)

    run_together(report, leave)
    connection.check_constraints()
    assert not Delivery.objects.exists()
    assert not DeliveryEvent.objects.exists()
