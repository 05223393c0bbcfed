"""Composing among digests that break it, or kill whoever composes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from newsletter.adapters.infra.broker import Queue
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.pipeline import tasks as work
from newsletter.pipeline.compose.compose import ComposeReport, compose_planned
from newsletter.pipeline.compose.composer import Composer
from newsletter.pipeline.compose.render import RenderedDigest
from newsletter.pipeline.lease import boot_id, dead_owners
from newsletter.pipeline.schedule import plan_due
from newsletter.pipeline.select.select import Choice, select
from tests.fakes.mailer import Killed
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import end_leases_now
from tests.pipeline.newsroom import MONDAY, Newsroom, states
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)

GONE = "elsewhere/1/1.0"


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV")
    for number in range(4):
        room.subscriber(f"reader{number}@example.org", "heads", cadence="daily")
    room.take_in(paper_record(), now=MONDAY - timedelta(hours=1))
    plan_due(now=MONDAY)
    return room


def compose(room: Newsroom, *, after: UUID | None = None, deadline: datetime | None = None) -> ComposeReport:
    context = room.context
    return compose_planned(
        now=MONDAY,
        summariser=context.summariser,
        renderer_for=context.renderer,
        is_patient=False,
        after=after,
        deadline=deadline,
    )


def tries() -> dict[str, int]:
    return dict(Delivery.objects.values_list("subscriber__email", "attempt"))


def killing(subscriber: Subscriber) -> Callable[..., list[Choice]]:
    """Return what chooses papers as ever, and dies of this reader's."""

    def select_or_die(deliveries: Sequence[Delivery], *, now: datetime) -> list[Choice]:
        if any(row.subscriber_id == subscriber.pk for row in deliveries):
            raise Killed
        return select(deliveries, now=now)

    return select_or_die


def test_one_whose_papers_cannot_be_chosen_is_quarantined_after_five_tries_and_holds_up_no_other(
    room: Newsroom,
) -> None:
    poison = Subscriber.objects.get(email="reader2@example.org")
    Subscriber.objects.filter(pk=poison.pk).update(timezone="Mars/Olympus")
    report = compose(room)
    assert (report.composed, report.failed) == (3, 1)
    assert [compose(room).failed for _ in range(5)] == [1, 1, 1, 1, 0]
    row = Delivery.objects.get(subscriber=poison)
    assert (row.state, row.attempt) == (State.QUARANTINED, 5)
    assert row.last_detail == "composing it broke off 5 times"


def test_one_that_kills_its_worker_is_tried_alone_and_quarantined_after_five_tries(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = Subscriber.objects.get(email="reader2@example.org")
    monkeypatch.setattr("newsletter.pipeline.compose.compose.select", killing(poison))
    deaths = 0
    for _ in range(8):
        try:
            compose(room)
        except Killed:
            deaths += 1
            # As another process sees it: the owner is gone, and its leases with it.
            Delivery.objects.filter(lease_owner=boot_id()).update(lease_owner=GONE)
            end_leases_now(GONE)
    assert deaths == 5
    assert states(poison) == [("2026-06-15", "QUARANTINED")]
    others = Delivery.objects.exclude(subscriber=poison)
    assert set(others.values_list("state", "attempt", "lease_owner")) == {("COMPOSED", 0, "")}


@pytest.mark.parametrize("fault", [ValueError, Killed])
def test_a_batch_is_stored_whole_or_not_at_all(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException]
) -> None:
    poison = Subscriber.objects.get(email="reader2@example.org")
    genuine = Composer._update

    def update_or_fail(
        self: Composer, digests: Sequence[tuple[Choice, RenderedDigest]], **more: Any
    ) -> set[UUID]:
        if any(choice.subscriber.pk == poison.pk for choice, _ in digests):
            raise fault
        return genuine(self, digests, **more)

    with monkeypatch.context() as patched:
        patched.setattr(Composer, "_update", update_or_fail)
        with suppress(Killed):
            report = compose(room)
            assert (report.composed, report.failed) == (3, 1)  # those that can be are stored without it
    composed = Delivery.objects.filter(state=State.COMPOSED).count()
    assert composed == (0 if fault is Killed else 3)
    assert compose(room).composed == 4 - composed
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 4}


def test_those_that_went_down_with_it_do_not_come_after_it_again(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Delivery.objects.order_by("pk")[0].subscriber
    assert first is not None
    Delivery.objects.update(attempt=2)
    Delivery.objects.filter(subscriber=first).update(attempt=3)
    monkeypatch.setattr("newsletter.pipeline.compose.compose.select", killing(first))
    with pytest.raises(Killed):
        compose(room)
    assert Delivery.objects.filter(state=State.COMPOSED).count() == 3


def test_a_pass_whose_time_is_up_is_gone_on_with_from_where_it_stopped(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.pipeline.compose.compose.CHUNK", 3)
    ids = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))
    now = timezone.now()
    report = compose(room, after=ids[0], deadline=now)
    assert (report.composed, report.stopped_after) == (3, ids[3])
    assert compose(room, after=ids[3], deadline=now).composed == 0
    assert compose(room, deadline=now).composed == 1


def test_a_worker_hands_over_where_its_time_was_up(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[dict[str, str]] = []
    monkeypatch.setattr(work, "context", lambda: room.context)
    monkeypatch.setattr(work, "wake", lambda stage, **hint: woken.append({"stage": stage} | hint))
    monkeypatch.setattr(work, "TURN", timedelta())
    monkeypatch.setattr("newsletter.pipeline.compose.compose.CHUNK", 3)
    ids = list(Delivery.objects.order_by("pk").values_list("pk", flat=True))
    work.compose()
    assert {"stage": Queue.COMPOSE, "after": ids[2]} in woken
    work.compose(after=str(ids[2]))
    assert not Delivery.objects.filter(state=State.PLANNED).exists()


def test_a_worker_that_died_composing_is_found_dead(room: Newsroom) -> None:
    gone = f"{boot_id().partition('/')[0]}/{os.getpid()}/1.0"
    Delivery.objects.update(lease_owner=gone, lease_until=timezone.now() + timedelta(minutes=5))
    assert dead_owners() == [gone]
    end_leases_now(gone)
    assert compose(room).composed == 4


def test_what_another_worker_is_composing_is_left_to_it(room: Newsroom) -> None:
    held = Delivery.objects.filter(subscriber__email="reader1@example.org")
    held.update(lease_owner=GONE, lease_until=timezone.now() + timedelta(minutes=5), attempt=1)
    assert compose(room).composed == 3
    held.update(lease_until=timezone.now())
    assert compose(room).composed == 1


def test_a_task_that_broke_off_costs_no_try(room: Newsroom) -> None:
    Delivery.objects.update(
        lease_owner=boot_id(), lease_until=timezone.now() + timedelta(minutes=5), attempt=1
    )
    assert compose(room).composed == 4
    assert set(tries().values()) == {0}


def test_two_workers_compose_each_digest_once(room: Newsroom) -> None:
    composed: list[int] = []
    run_together(*[lambda: composed.append(compose(room).composed)] * 2)
    assert sum(composed) == 4
