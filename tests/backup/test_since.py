"""What a restored database is told of the time since the back-up, and what it is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from newsletter.adapters.ports import ProviderEvent, Verdict
from newsletter.audience.departures import departure_log
from newsletter.audience.suppression import Reason, is_suppressed, suppress, suppressed
from newsletter.core.delivery.events import EventKind
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.errors import NewsletterError
from newsletter.models import SendPause, Subscriber, Suppression
from newsletter.models.delivery import Cause, Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.feedback.provider_events import apply_events, store_events
from newsletter.pipeline.schedule import plan_due
from newsletter.pipeline.send.pause import pause_sending, resume_sending
from newsletter.pipeline.send.subscriber_status import complained
from newsletter.subscribers.change import set_topics
from newsletter.subscribers.revoke_links import revoke_links
from newsletter.subscribers.unsubscribe import erase, unsubscribe
from tests.backup.steps import LATER, leaves, put_back, state, yesterday
from tests.fakes.mailer import answer
from tests.pipeline.deliveries import (
    CARD,
    NOW,
    deliver,
    digest,
    new_subscriber,
    reconcile_now,
    store,
    topic,
    transactional_mail,
)
from tests.pipeline.killed import Smtp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("data")]


def test_what_a_send_journal_shows_was_accepted_or_refused_and_the_rest_is_held(tmp_path: Path) -> None:
    rows = [digest(papers={"summarised": [number]}) for number in range(4)]
    readers = [row.subscriber for row in rows]
    path = yesterday(tmp_path)
    addresses = [reader.email for reader in readers if reader]
    told = {addresses[1]: answer(Verdict.BAD_ADDRESS, code="5.1.1"), addresses[2]: answer(Verdict.RETRY)}
    mailer = Smtp(answers=told)
    deliver(mailer)
    reconcile_now(mailer)
    since = put_back(path)
    assert (since.accepted, since.refused, since.held) == (2, 1, 1)
    states = [State.ACCEPTED, State.FAILED, State.AMBIGUOUS, State.ACCEPTED]
    assert [state(row) for row in rows] == states
    assert is_suppressed(addresses[1])
    resume_sending()
    again = Smtp()
    reconcile_now(again, real_now=timezone.now() + timedelta(hours=1))
    assert deliver(again, now=LATER).handled == 0


def test_what_the_replaced_database_knows_to_be_accepted_is_accepted(tmp_path: Path, data: Path) -> None:
    with time_machine.travel(NOW):
        ada, bob = new_subscriber("ada@example.org"), new_subscriber("bob@example.org")
        rows = [digest(reader, papers={"summarised": [7]}) for reader in (ada, bob)]
        path = yesterday(tmp_path)
        deliver(Smtp(answers={bob.email: answer(Verdict.UNKNOWN)}))
        shutil.rmtree(data)
        since = put_back(path)
    assert (since.accepted, since.held) == (1, 1)
    assert [state(row) for row in rows] == [State.ACCEPTED, State.AMBIGUOUS]


def test_alerts_pass_the_pause_and_digests_do_not(tmp_path: Path) -> None:
    put_back(yesterday(tmp_path))
    to = {"recipient": "operator@example.org", "fragments": store(CARD)}
    alert, news = transactional_mail(None, Kind.ALERT, **to), digest()
    assert deliver(Smtp(), now=NOW).states == {"ACCEPTED": 1}
    assert (state(alert), state(news)) == (State.ACCEPTED, State.COMPOSED)


def test_slots_that_passed_are_passed_over_and_the_next_one_comes(tmp_path: Path) -> None:
    reader = new_subscriber(cadence="daily", next_slot_at=NOW)
    path = yesterday(tmp_path)
    assert put_back(path).moved_on == 1
    assert plan_due(now=LATER) == 0
    reader.refresh_from_db()
    assert reader.next_slot_at == LATER + timedelta(days=1)
    assert plan_due(now=reader.next_slot_at) == 1


def complains(reader: Subscriber) -> None:
    complained(digest(reader, recipient=reader.email, slot_key="2026-06-01"), reader, at=NOW)


def is_imported(reader: Subscriber) -> None:
    suppress(reader.email_key, reason=Reason.IMPORTED, at=NOW)


WAYS: dict[str, tuple[Callable[[Subscriber], None], Status, Reason]] = {
    "unsubscribe": (leaves, Status.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
    "complaint": (complains, Status.COMPLAINED, Reason.COMPLAINED),
    "import": (is_imported, Status.UNSUBSCRIBED, Reason.IMPORTED),
}


@pytest.mark.parametrize("way", WAYS)
def test_who_left_since_has_left(way: str, tmp_path: Path) -> None:
    leave, status, reason = WAYS[way]
    ada, bob = new_subscriber("ada@example.org"), new_subscriber("bob@example.org")
    path = yesterday(tmp_path)
    leave(ada)
    since = put_back(path)
    assert (since.left, since.knows_who_left) == (1, True)
    assert Subscriber.objects.get(pk=ada.pk).status == status
    assert Subscriber.objects.get(pk=bob.pk).status == Status.ACTIVE
    assert suppressed(["ada@example.org", "bob@example.org"]) == {"ada@example.org": reason}
    digest(Subscriber.objects.get(pk=ada.pk), slot_at=LATER, slot_key="2026-06-20")
    resume_sending()
    assert deliver(mailer := Smtp(), now=LATER).states == {"CANCELLED": 1}
    assert not mailer.sent


def test_who_was_erased_since_is_erased_and_not_mailed(tmp_path: Path) -> None:
    ada = new_subscriber("ada@example.org")
    path = yesterday(tmp_path)
    erase(ada, now=NOW)
    assert put_back(path).erased == 1
    assert not Subscriber.objects.exists()
    assert suppressed(["ada@example.org"]) == {"ada@example.org": Reason.ERASED}


@pytest.mark.parametrize("kind", [Kind.CONFIRMATION, Kind.LINK, Kind.ALERT])
def test_a_notice_that_waited_is_held_too(kind: Kind, tmp_path: Path) -> None:
    status = {Kind.CONFIRMATION: Status.PENDING, Kind.LINK: Status.ACTIVE}.get(kind)
    reader = new_subscriber(status=status) if status else None
    row = transactional_mail(reader, kind)
    path = yesterday(tmp_path)
    assert put_back(path).held == 1
    resume_sending()
    assert deliver(Smtp(), now=LATER).handled == 0
    assert state(row) == State.AMBIGUOUS


def test_what_is_due_only_later_waits_as_before(tmp_path: Path) -> None:
    row = digest(state=State.PLANNED, slot_at=LATER + timedelta(hours=2), slot_key="2026-06-20")
    assert put_back(yesterday(tmp_path)).held == 0
    assert state(row) == State.PLANNED


def test_an_event_that_comes_later_decides_about_what_is_held(tmp_path: Path) -> None:
    row = digest(papers={"summarised": [7]}, transport="sendgrid", recipient="ada@example.org")
    put_back(yesterday(tmp_path))
    told = ProviderEvent(delivery_id=row.pk, kind=EventKind.DELIVERED, at=LATER, dedupe_key="1", detail={})
    store_events("sendgrid", [told])
    apply_events(now=LATER)
    assert state(row) == State.DELIVERED
    assert set(unpack_seen(bytes(Subscriber.objects.get().seen_papers))) == {7}


def test_a_topic_that_was_left_since_is_left_and_the_other_stays(tmp_path: Path) -> None:
    ada, heads, graphs = new_subscriber(), topic("heads"), topic("graphs")
    set_topics(ada, topics=["heads", "graphs"], now=NOW)
    path = yesterday(tmp_path)
    unsubscribe(ada, source="test", now=NOW, topic=heads)
    assert put_back(path).topics_left == 1
    assert list(ada.subscriptions.values_list("topic", flat=True)) == [graphs.pk]
    set_topics(ada, topics=["heads"], now=NOW)
    put_back(path)
    # The one was left twice, in two ways; leaving the last topic is leaving.
    assert not ada.subscriptions.exists() or Subscriber.objects.get().status == Status.UNSUBSCRIBED


def test_who_left_and_came_back_stays(tmp_path: Path) -> None:
    from newsletter.audience.suppression import lift

    ada = new_subscriber("ada@example.org")
    path = yesterday(tmp_path)
    leaves(ada)
    lift(ada.email_key)
    assert put_back(path).left == 0
    assert Subscriber.objects.get().status == Status.ACTIVE
    assert not is_suppressed("ada@example.org")


def test_who_came_and_left_since_is_suppressed_though_unknown(tmp_path: Path) -> None:
    path = yesterday(tmp_path)
    leaves(new_subscriber("eve@example.org"))
    put_back(path)
    assert not Subscriber.objects.exists()
    assert is_suppressed("eve@example.org")


def test_links_that_were_revoked_since_are_revoked(tmp_path: Path) -> None:
    ada = new_subscriber()
    path = yesterday(tmp_path)
    revoke_links(ada, now=NOW)
    put_back(path)
    assert Subscriber.objects.get().link_key != ada.revoked_keys.get().key
    assert ada.revoked_keys.count() == 1


def test_who_left_before_the_back_up_and_came_back_is_not_sent_away(tmp_path: Path) -> None:
    ada = new_subscriber()
    leaves(ada)
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        Subscriber.objects.update(status=Status.ACTIVE)
        Suppression.objects.all().delete()
        path = yesterday(tmp_path)
    put_back(path)
    assert Subscriber.objects.get().status == Status.ACTIVE


def test_it_starts_paused_and_says_how_old_it_is(tmp_path: Path) -> None:
    digest()
    path = yesterday(tmp_path)
    with time_machine.travel(timezone.now() + timedelta(hours=26, minutes=1)):
        put_back(path)
    pause = SendPause.objects.get()
    assert (pause.transport, pause.cause) == ("*", Cause.RESTORED)
    assert "26 hours old" in pause.reason
    assert "who left since is known" in pause.reason
    assert "1 mail may have gone since" in pause.reason
    with pytest.raises(NewsletterError, match="paused already"):
        pause_sending("another reason", now=LATER)
    digest(slot_at=LATER)
    assert deliver(mailer := Smtp(), now=LATER).handled == 0
    resume_sending()
    assert deliver(mailer, now=LATER).states == {"ACCEPTED": 1}


@pytest.mark.parametrize("lost", ["missing", "another", "shorter", "damaged", "incomplete"])
def test_without_the_whole_log_it_stays_paused_until_the_operator_decides(
    lost: str, tmp_path: Path, data: Path
) -> None:
    ada = new_subscriber("ada@example.org")
    bob = new_subscriber("bob@example.org")
    leaves(bob)
    path, log = yesterday(tmp_path), data / "departures.log"
    older = log.read_bytes()
    leaves(ada)
    if lost in ("missing", "another", "incomplete"):
        log.rename(log.with_suffix(".incomplete"))
    if lost == "another":
        departure_log().begun()
    if lost == "shorter":
        log.write_bytes(older.splitlines(keepends=True)[0])
    if lost == "damaged":
        log.write_bytes(log.read_bytes().replace(b'"kind"', b'"kin', 1))
    since = put_back(path)
    assert not since.knows_who_left
    assert SendPause.objects.get().cause == Cause.UNLOGGED
    with pytest.raises(NewsletterError, match=r"who left since is not known.*resume --without-log"):
        resume_sending()
    assert SendPause.objects.exists()
    resume_sending(without_log=True)
    assert not SendPause.objects.exists()
