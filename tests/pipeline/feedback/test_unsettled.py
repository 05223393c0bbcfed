"""A lost answer and the next slot: a paper is shown twice by nobody, and is never dropped."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from newsletter.adapters.ports import Outcome, Verdict
from newsletter.core.delivery.retry_policy import EVIDENCE_WAIT
from newsletter.core.digests.selection import Place
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from tests.fakes.mailer import ScriptedMailer
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import reconcile_now, record_now
from tests.pipeline.newsroom import MONDAY, TUESDAY, WEDNESDAY, Newsroom

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV")
    return room


def lost_on_monday(room: Newsroom) -> tuple[Subscriber, Delivery]:
    """Have Monday's digest of one paper end with its answer lost, by a transport that keeps no evidence."""
    ann = room.subscriber("ann@example.org", "heads", cadence="daily")
    room.take_in(paper_record(), now=MONDAY - timedelta(hours=1))
    room.run(MONDAY)
    row = Delivery.objects.get()
    Delivery.objects.filter(pk=row.pk).update(
        state=State.AMBIGUOUS, transport="smtp", next_attempt_at=timezone.now() + EVIDENCE_WAIT
    )
    Subscriber.objects.update(seen_papers=b"")
    ann.subscriptions.update(covered_until=None)
    row.refresh_from_db()
    return ann, row


def shown(key: str) -> tuple[str, int]:
    row = Delivery.objects.get(slot_key=key)
    return row.state, len(row.selected.shown(Place.SUMMARIZED))


def test_the_next_digest_waits_while_evidence_may_still_come(room: Newsroom) -> None:
    lost_on_monday(room)
    room.run(TUESDAY)
    assert shown("2026-06-16") == (State.PLANNED, 0)


def test_evidence_that_it_arrived_keeps_its_papers_out_of_the_next_one(room: Newsroom) -> None:
    _, monday = lost_on_monday(room)
    room.run(TUESDAY)
    accepted = Outcome(delivery_id=str(monday.pk), verdict=Verdict.ACCEPTED)
    assert record_now(monday, accepted, now=TUESDAY) == State.ACCEPTED
    room.run(TUESDAY)
    assert shown("2026-06-16") == (State.SKIPPED, 0)


def test_without_evidence_its_papers_are_carried_into_the_next_one(room: Newsroom) -> None:
    lost_on_monday(room)
    room.run(TUESDAY)
    reconcile_now(
        ScriptedMailer(name="smtp"),
        real_now=timezone.now() + EVIDENCE_WAIT + timedelta(seconds=1),
        now=TUESDAY,
    )
    room.run(TUESDAY)
    assert shown("2026-06-16") == (State.ACCEPTED, 1)


def test_a_digest_that_waited_too_long_makes_way_for_the_one_after(room: Newsroom) -> None:
    lost_on_monday(room)
    room.run(TUESDAY)
    room.run(WEDNESDAY)
    assert shown("2026-06-16") == (State.EXPIRED, 0)
    assert shown("2026-06-17") == (State.PLANNED, 0)
