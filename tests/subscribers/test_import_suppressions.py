"""Suppressions from other services: their columns, their reasons, and what they do to readers here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.audience.suppression import Reason, suppress, suppressed
from newsletter.errors import NewsletterError
from newsletter.models import ConsentEvent, Delivery, Subscriber, Suppression
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.import_suppressions import SuppressionImport, import_suppressions
from newsletter.subscribers.preferences import Preferences
from tests.subscribers.conftest import NOW, Write

pytestmark = pytest.mark.django_db
LISTMONK = (
    "uuid,email,name,attributes,status,created_at,updated_at\n"
    '5f0c,bl@example.org,Bl,"{""city"": ""Graz""}",blocklisted,'
    "2023-01-02 03:04:05.6 +0000 UTC,2024-03-01 09:30:00.512345 +0200 CEST\n"
    '5f0d,dis@example.org,Dis,{},disabled,"2023-01-02 03:04:05 +0000 UTC","2024-03-01 09:30:00 +0000 UTC"\n'
    "5f0e,on@example.org,On,{},enabled,2023-01-02 03:04:05 +0000 UTC,2023-01-02 03:04:05 +0000 UTC\n"
)
KEILA = (
    "Email,First name,Last name,Data,Status,External ID\r\n"
    "left@example.org,Le,Ft,,unsubscribed,\r\n"
    'dead@example.org,De,Ad,"{""a"":1}",unreachable,\r\n'
    "on@example.org,On,,,active,\r\n"
)


def _known(*names: str) -> dict[str, Reason]:
    found = suppressed(f"{name}@example.org" for name in names)
    return {key.partition("@")[0]: reason for key, reason in found.items()}


def test_it_takes_the_columns_of_our_own_export(write: Write) -> None:
    rows = (
        "left@example.org,unsubscribed,2024-05-06\nDEAD@Example.org,Hard_Bounce,\nspam@example.org,complaint,"
    )
    done = import_suppressions(write(f"email,reason,date\n{rows}\n"), now=NOW)
    assert done == SuppressionImport(added=3, known=0, active=0, unsubscribed=0, faults=[])
    assert _known("left", "dead", "spam") == {
        "left": Reason.UNSUBSCRIBED,
        "dead": Reason.BOUNCED,
        "spam": Reason.COMPLAINED,
    }
    left = Suppression.objects.get(reason=Reason.UNSUBSCRIBED)
    assert left.at == datetime(2024, 5, 6, tzinfo=UTC)


def test_a_plain_list_of_addresses_will_do(write: Write) -> None:
    import_suppressions(write("email\na@example.org\nb@example.org\n"), now=NOW)
    assert _known("a", "b") == {"a": Reason.IMPORTED, "b": Reason.IMPORTED}


def test_a_reason_or_date_that_is_not_understood_suppresses_all_the_same(write: Write) -> None:
    done = import_suppressions(write("email,reason,date\na@example.org,gone fishing,long ago\n"), now=NOW)
    assert done.faults == []
    assert _known("a") == {"a": Reason.IMPORTED}
    assert Suppression.objects.get().at == NOW


def test_it_understands_listmonks_export(write: Write) -> None:
    done = import_suppressions(write(LISTMONK), now=NOW)
    assert (done.added, done.active) == (2, 1)
    assert _known("bl", "dis", "on") == {"bl": Reason.IMPORTED, "dis": Reason.IMPORTED}
    times = set(Suppression.objects.values_list("at", flat=True))
    assert datetime(2024, 3, 1, 7, 30, 0, 512345, tzinfo=UTC) in times


@pytest.mark.parametrize("export", [KEILA, KEILA.replace(",External ID", "").replace(",\r\n", "\r\n")])
def test_it_understands_keilas_export_of_every_version(write: Write, export: str) -> None:
    done = import_suppressions(write(export), now=NOW)
    assert (done.added, done.active, done.faults) == (2, 1, [])
    assert _known("left", "dead", "on") == {"left": Reason.UNSUBSCRIBED, "dead": Reason.BOUNCED}


def test_an_unknown_status_or_no_address_is_reported_by_line(write: Write) -> None:
    done = import_suppressions(
        write("email,status\na@example.org,odd\nb@example.org,blocklisted\nc,disabled\n"), now=NOW
    )
    assert [fault.line for fault in done.faults] == [2, 4]
    assert done.added == 1


def test_a_list_of_subscribers_is_not_taken_for_suppressions(write: Write) -> None:
    with pytest.raises(NewsletterError, match="unknown column"):
        import_suppressions(write("email,topics,consent_source\na@example.org,heads,form\n"), now=NOW)
    assert not Suppression.objects.exists()


def test_importing_again_changes_nothing(write: Write) -> None:
    path = write("email,reason,date\na@example.org,bounced,2024-05-06\na@example.org,unsubscribed,\n")
    first = import_suppressions(path, now=NOW)
    rows = list(Suppression.objects.order_by("pk").values())
    second = import_suppressions(path, now=NOW + timedelta(days=1))
    assert (first.added, first.known, second.added, second.known) == (1, 1, 0, 2)
    assert list(Suppression.objects.order_by("pk").values()) == rows
    assert rows[0]["reason"] == Reason.BOUNCED


def test_a_stronger_reason_replaces_a_weaker_one_only(write: Write) -> None:
    suppress("a@example.org", reason=Reason.UNSUBSCRIBED, at=NOW)
    suppress("b@example.org", reason=Reason.COMPLAINED, at=NOW)
    import_suppressions(write("email,reason\na@example.org,bounced\nb@example.org,bounced\n"), now=NOW)
    assert _known("a", "b") == {"a": Reason.BOUNCED, "b": Reason.COMPLAINED}
    assert Suppression.objects.count() == 2


@pytest.fixture
def subscriber(topics: None) -> Subscriber:  # noqa: ARG001 - the topics
    return add_by_operator(
        "ada@example.org", topics=["heads"], preferences=Preferences.checked(), source="test", now=NOW
    )


def _due(subscriber: Subscriber) -> Delivery:
    row = Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key="2026-06-15", slot_at=NOW, now=NOW
    )
    row.save(force_insert=True)
    return row


WRITTEN = (
    "Ada <ada@example.org>",
    '"Lovelace, Ada" <ADA@Example.org>',
    "mailto:ada@example.org",
    "ada@example.org.",
    "ada@exam\N{ZERO WIDTH SPACE}ple.org",
    "\N{ZERO WIDTH NO-BREAK SPACE}ada@example.org",
    "s3@example.org; ada@example.org",
    "<ada@example.org>",
    "'ada@example.org'",
)


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("header", ["email\n", ""], ids=["column", "bare"])
def test_an_address_counts_however_the_list_writes_it(
    write: Write, subscriber: Subscriber, written: str, header: str
) -> None:
    due, quoted = _due(subscriber), written.replace('"', '""')
    done = import_suppressions(write(f'{header}"{quoted}"\n' if header else f"{written}\n"), now=NOW)
    subscriber.refresh_from_db()
    due.refresh_from_db()
    assert (done.faults, done.unsubscribed) == ([], 1)
    assert (subscriber.status, due.state) == (Status.UNSUBSCRIBED, State.CANCELLED)
    assert ConsentEvent.objects.filter(subscriber=subscriber, action="unsubscribed").count() == 1
    assert "ada" in _known("ada")


@pytest.mark.parametrize(
    "written", ["nobody", "ada@@example.org", "Ada <ada at example.org>", "", "a@b c@d e"]
)
def test_what_is_no_address_is_reported_and_suppresses_nothing(write: Write, written: str) -> None:
    done = import_suppressions(write(f"email,reason\n{written},bounced\n"), now=NOW)
    assert ([fault.line for fault in done.faults], done.added) == ([2], 0)
    assert "is not an e-mail address" in done.faults[0].reason
    assert not Suppression.objects.exists()


def test_of_a_row_that_can_be_read_in_part_the_rest_is_reported(write: Write) -> None:
    done = import_suppressions(write("email\na@example.org; nobody; b@example.org\n"), now=NOW)
    assert _known("a", "b") == {"a": Reason.IMPORTED, "b": Reason.IMPORTED}
    ((line, reason),) = [(fault.line, fault.reason) for fault in done.faults]
    assert line == 2
    assert "'nobody'" in reason
    assert "other addresses are suppressed" in reason


def test_a_subscriber_on_the_list_is_unsubscribed_and_what_waits_is_cancelled(
    write: Write, subscriber: Subscriber
) -> None:
    due = _due(subscriber)
    done = import_suppressions(write("email,reason\nADA@example.org,bounced\n"), now=NOW)
    subscriber.refresh_from_db()
    due.refresh_from_db()
    assert done.unsubscribed == 1
    assert (subscriber.status, subscriber.next_slot_at, due.state) == (
        Status.UNSUBSCRIBED,
        None,
        State.CANCELLED,
    )
    event = ConsentEvent.objects.get(action="unsubscribed")
    assert event.source == "subscriber import --suppressions"
    assert _known("ada") == {"ada": Reason.BOUNCED}


def test_a_dry_run_writes_nothing_and_counts_the_same(write: Write, subscriber: Subscriber) -> None:
    path: Path = write("email,reason\nada@example.org,bounced\nb@example.org,\nbad,\n")
    dry = import_suppressions(path, now=NOW, dry_run=True)
    subscriber.refresh_from_db()
    assert subscriber.status == Status.ACTIVE
    assert not Suppression.objects.exists()
    assert import_suppressions(path, now=NOW) == dry
