"""What is old is forgotten, in chunks; what may still be asked for is kept byte for byte."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from newsletter.audience.tokens import Purpose, delivery_subject, make_token
from newsletter.core.digests.message import Fragment
from newsletter.models import (
    CanaryFlight,
    Delivery,
    DeliveryEvent,
    Forgotten,
    FragmentRow,
    Incident,
    Selection,
    SummaryRequest,
)
from newsletter.models.delivery import State
from newsletter.models.summary import keep_fragments
from newsletter.pipeline.compose import fragments
from newsletter.pipeline.compose.fragments import StoredFragments
from newsletter.pipeline.monitor import retention
from newsletter.pipeline.monitor.retention import forget_old
from newsletter.pipeline.schedule import plan_due
from newsletter.pipeline.select.select import select_planned
from tests.fakes.mailer import ScriptedMailer
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import deliver, digest, message_bytes, new_subscriber, offering
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom

pytestmark = pytest.mark.django_db

NOW = timezone.now()
DAY = timedelta(days=1)


def event(number: int, *, age: timedelta, applied: bool = True) -> None:
    at = NOW - age
    DeliveryEvent.objects.create(
        provider="sendgrid",
        dedupe_key=str(number),
        kind="delivered",
        at=at,
        applied_at=at if applied else None,
    )


def test_events_go_after_ninety_days_but_none_that_was_not_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 3)
    for number in range(7):
        event(number, age=91 * DAY)
    event(7, age=91 * DAY, applied=False)
    event(8, age=89 * DAY)
    assert forget_old(now=NOW)["events"] == 7
    assert set(DeliveryEvent.objects.values_list("dedupe_key", flat=True)) == {"7", "8"}


def test_a_mail_loses_what_is_personal_after_its_time_and_keeps_its_place() -> None:
    who = new_subscriber("ada@example.org")
    old = digest(
        who,
        state=State.ACCEPTED,
        outcome_at=NOW - 366 * DAY,
        recipient="ada@example.org",
        placeholders={"opening": "x"},
    )
    young = digest(state=State.ACCEPTED, outcome_at=NOW - 364 * DAY)
    waiting = digest(state=State.COMPOSED, slot_key="2020-01-01")
    assert forget_old(now=NOW)["mails"] == 1
    old.refresh_from_db()
    assert (old.fragments, old.placeholders, old.recipient, old.last_detail) == ([], {}, "", "")
    assert (old.subscriber, old.slot_key, old.state) == (who, "2026-06-19", State.ACCEPTED)
    for kept in (young, waiting):
        kept.refresh_from_db()
        assert kept.fragments


def test_a_table_that_was_looked_through_is_not_looked_through_again() -> None:
    digest(state=State.ACCEPTED, outcome_at=NOW - 400 * DAY)
    forget_old(now=NOW)
    assert Forgotten.objects.get(what="mails").until == NOW - 365 * DAY
    digest(state=State.ACCEPTED, outcome_at=NOW - 365 * DAY + timedelta(hours=1))
    assert forget_old(now=NOW)["mails"] == 0
    assert forget_old(now=NOW + DAY)["mails"] == 1


def test_it_stops_after_its_time_and_goes_on_the_next_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    for _ in range(6):
        digest(state=State.FAILED, outcome_at=NOW - 400 * DAY)
    clock = iter(
        [NOW + timedelta(seconds=seconds) for seconds in (0, 59, 61)]
    )  # the last two: after two mails
    assert forget_old(now=NOW, clock=lambda: next(clock))["mails"] == 4
    assert forget_old(now=NOW)["mails"] == 2


def test_within_its_time_a_mail_is_written_again_byte_for_byte_and_its_page_shows_it(
    tmp_path: Path,
) -> None:
    newsroom = Newsroom(tmp_path)
    newsroom.topic("heads", "cat:cs.CV")
    newsroom.subscriber("ada@example.org", "heads")
    newsroom.take_in(*(paper_record(number) for number in range(1, 4)), now=SUNDAY)
    newsroom.run(MONDAY)
    row = Delivery.objects.get()
    sent = (tmp_path / f"{row.pk}.eml").read_bytes()
    composed_at = timezone.now()
    Delivery.objects.update(outcome_at=composed_at)

    forget_old(now=composed_at + 364 * DAY)
    row.refresh_from_db()
    assert message_bytes(row) == sent

    page = f"/digests/{make_token(Purpose.DIGEST, subject=delivery_subject(row.pk))}"
    forget_old(now=composed_at + 366 * DAY)
    gone = Client(SERVER_NAME="localhost").get(page)
    assert gone.status_code == 200
    assert "no longer kept" in gone.content.decode()
    assert paper_record(1).title in gone.content.decode()
    assert FragmentRow.objects.exists()  # until nothing can need them, whenever the mail went
    forget_old(now=composed_at + 427 * DAY)
    assert not FragmentRow.objects.exists()


# --- fragments -------------------------------------------------------------------------------------------

FRAGMENT = Fragment(html="<p>a</p>\n", text="a\n")


def aged(**since: float) -> None:
    FragmentRow.objects.update(needed_until=NOW + timedelta(**since))


def test_a_fragment_is_kept_as_long_as_digests_are_made_of_it() -> None:
    keep_fragments([FRAGMENT])
    aged(days=300)
    store = StoredFragments()
    store.save([FRAGMENT])
    assert FragmentRow.objects.get().needed_until > NOW + 424 * DAY


def test_a_fragment_is_written_once_a_pass(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    store = StoredFragments()
    store.save([FRAGMENT, FRAGMENT])
    with django_assert_num_queries(0):
        store.save([FRAGMENT])


def test_a_fragment_whose_transaction_failed_is_written_again() -> None:
    store = StoredFragments()
    with suppress(DatabaseError), transaction.atomic():
        store.save([FRAGMENT])
        raise DatabaseError
    store.take_back()
    store.save([FRAGMENT])
    assert FragmentRow.objects.get().checksum == FRAGMENT.checksum


def test_what_a_pass_keeps_in_memory_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "MOST", 2)
    store = StoredFragments()
    for number in range(5):
        each = Fragment(html=f"<p>{number}</p>\n", text=f"{number}\n")
        store.put(f"key {number}", each)
        store.save([each])
        assert max(len(store._fragments), len(store._saved)) <= 2
    assert FragmentRow.objects.count() == 5


def test_a_fragment_that_is_used_anew_while_old_ones_are_deleted_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep_fragments([FRAGMENT])
    aged(hours=-1)
    genuine = QuerySet.delete

    def used_meanwhile(rows: QuerySet[FragmentRow]) -> tuple[int, dict[str, int]]:
        if rows.model is FragmentRow:
            keep_fragments([FRAGMENT])
        return genuine(rows)

    monkeypatch.setattr(QuerySet, "delete", used_meanwhile)
    forget_old(now=NOW)
    assert FragmentRow.objects.get().needed_until > NOW


def test_a_fragment_that_nothing_needs_any_more_goes() -> None:
    keep_fragments([FRAGMENT])
    aged(days=-2)
    assert forget_old(now=NOW)["fragments"] == 1


def test_a_selection_stays_as_long_as_a_digest_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    kept = digest(papers={"summarised": [1]}, state=State.ACCEPTED, outcome_at=NOW - 400 * DAY)
    others = [offering({"summarised": [number]}) for number in range(2, 7)]
    assert forget_old(now=NOW)["selections"] == 0  # their deliveries may be on their way
    old = timezone.now() - timedelta(days=2)
    Selection.objects.exclude(pk=others[0].pk).update(used_at=old)
    assert forget_old(now=NOW)["selections"] == 4
    assert set(Selection.objects.values_list("pk", flat=True)) == {kept.selection_id, others[0].pk}


def test_a_service_without_a_model_keeps_no_requests_of_past_digests(tmp_path: Path) -> None:
    room = Newsroom(tmp_path)
    room.topic("heads", "cat:cs.CV")
    room.subscriber("ann@example.org", "heads")
    room.take_in(paper_record(1), now=SUNDAY)
    plan_due(now=MONDAY)
    select_planned(now=MONDAY)
    assert forget_old(now=MONDAY)["requests"] == 0
    assert SummaryRequest.objects.count() == 1
    room.run(MONDAY)
    assert forget_old(now=MONDAY)["requests"] == 1
    assert not SummaryRequest.objects.exists()


def test_incidents_and_flights_go_with_the_events() -> None:
    Incident.objects.create(name="a", opened_at=NOW - 200 * DAY, closed_at=NOW - 100 * DAY)
    Incident.objects.create(name="b", opened_at=NOW - 200 * DAY)
    CanaryFlight.objects.create(
        day=(NOW - 100 * DAY).date(), started_at=NOW - 100 * DAY, judged_at=NOW - 100 * DAY
    )
    forget_old(now=NOW)
    assert list(Incident.objects.values_list("name", flat=True)) == ["b"]
    assert not CanaryFlight.objects.exists()


def test_a_mail_that_was_forgotten_is_never_sent_again() -> None:
    digest(state=State.ACCEPTED, outcome_at=NOW - 400 * DAY)
    forget_old(now=NOW)
    mailer = ScriptedMailer()
    deliver(mailer)
    assert mailer.sent == []
