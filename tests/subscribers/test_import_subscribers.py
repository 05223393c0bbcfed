"""Readers from a CSV file: what is taken, what is refused by line, and that an export comes back the same."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.audience.suppression import Reason, address_key, suppress
from newsletter.audience.topics import add_topic
from newsletter.core.summaries.summary import DetailLevel
from newsletter.errors import NewsletterError
from newsletter.models import ConsentEvent, Delivery, Subscriber
from newsletter.models.subscriber import Status
from newsletter.subscribers import import_subscribers as importing
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.import_subscribers import import_subscribers
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.records import CSV_COLUMNS, csv_rows, find_subscriber
from newsletter.subscribers.unsubscribe import erase, unsubscribe
from tests.subscribers.conftest import NOW, Write

pytestmark = pytest.mark.usefixtures("topics")
HEADER = "email,topics,cadence,at,timezone,language,depth,max_papers,consent_source\n"
ADA = "ada@example.org,heads;quiet,weekly:fri,07:30,Europe/Berlin,zh,reading,5,old list 2024\n"


def _reasons(path: Path) -> list[tuple[int, str]]:
    return [(fault.line, fault.reason) for fault in import_subscribers(path, now=NOW).faults]


def test_it_makes_active_subscribers_and_mails_nobody(write: Write) -> None:
    done = import_subscribers(write(HEADER + ADA), now=NOW)
    assert (done.imported, done.faults) == (1, [])
    subscriber = Subscriber.objects.get()
    assert (subscriber.email, subscriber.status, str(subscriber.at)) == (
        "ada@example.org",
        "active",
        "07:30:00",
    )
    assert (subscriber.language, subscriber.depth, subscriber.max_papers) == ("zh-hans", "reading", 5)
    assert [each.topic.slug for each in subscriber.subscriptions.all()] == ["heads", "quiet"]
    assert not Delivery.objects.exists()


def test_the_consent_is_recorded_with_its_source(write: Write) -> None:
    import_subscribers(write(HEADER + ADA), now=NOW)
    event = ConsentEvent.objects.get()
    assert (event.action, event.source, event.at) == ("imported", "old list 2024", NOW)


def test_the_first_slot_is_that_of_a_subscriber_added_by_hand(write: Write) -> None:
    import_subscribers(write(HEADER + ADA.replace("weekly:fri", "biweekly:fri")), now=NOW)
    preferences = Preferences.checked(cadence="biweekly:fri", at="07:30", timezone="Europe/Berlin")
    by_hand = add_by_operator(
        "bo@example.org", topics=["heads"], preferences=preferences, source="test", now=NOW
    )
    imported = find_subscriber("ada@example.org")
    assert (imported.next_slot_at, imported.anchor_date) == (by_hand.next_slot_at, by_hand.anchor_date)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfemail,topics,consent_source\nada@example.org,heads,form\n",
        b"email,topics,consent_source\r\nada@example.org,heads,form\r\n",
        b'"email","topics","consent_source"\r\n"ada@example.org","heads","form, 2024"',
        b"Consent_Source, Topics ,EMAIL\nform, heads ; heads , ada@example.org \n\n,,\n",
        b'email,topics,consent_source,cadence,max_papers\nada@example.org,heads,"two\nlines",,\n',
    ],
    ids=["byte-order-mark", "crlf", "quoted", "other-order-and-spaces", "line-break-and-empty-cells"],
)
def test_it_reads_what_spreadsheets_write(write: Write, content: bytes) -> None:
    assert import_subscribers(write(content), now=NOW).faults == []
    subscriber = Subscriber.objects.get()
    assert (subscriber.email, subscriber.cadence, subscriber.max_papers) == (
        "ada@example.org",
        "weekly:mon",
        10,
    )
    assert subscriber.subscriptions.count() == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty"),
        ("email,topics\na@example.org,heads\n", "consent_source"),
        ("email,topics,consent_source,colour\n", "colour"),
        ("email;topics;consent_source\n", "email;topics"),
        ("email;topics;consent_source\na@example.org;heads;x\n", "semicolons .* commas"),
        ("email\ttopics\tconsent_source\na@example.org\theads\tx\n", "tabs .* commas"),
        ("email,topics,email,consent_source\n", "two columns"),
        ("email,topics,consent_source\n" + '"never closed', "line 2"),
        ("email,topics,consent_source\nä@example.org,heads,x\n".encode("latin-1"), "UTF-8"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_whole(write: Write, content: str | bytes, says: str) -> None:
    with pytest.raises(NewsletterError, match=says):
        import_subscribers(write(content), now=NOW)
    assert not Subscriber.objects.exists()


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NewsletterError, match="cannot be read"):
        import_subscribers(tmp_path / "none.csv", now=NOW)


def test_every_bad_row_is_reported_by_line_and_the_good_ones_are_taken(write: Write) -> None:
    rows = [
        "not an address,heads,,,,,,,form",
        "bo@example.org,unknown,,,,,,,form",
        "bo@example.org,,,,,,,,form",
        "bo@example.org,heads,hourly,,,,,,form",
        "bo@example.org,heads,,25:00,,,,,form",
        "bo@example.org,heads,,,Mars/Olympus,,,,form",
        "bo@example.org,heads,,,,klingon,,,form",
        "bo@example.org,heads,,,,,everything,,form",
        "bo@example.org,heads,,,,,,51,form",
        "bo@example.org,heads,,,,,,-1,form",
        "bo@example.org,heads,,,,,,many,form",
        "bo@example.org,heads,,,,,,,",
        f"bo@example.org,heads,,,,,,,{'x' * 201}",
        "bo@example.org,heads",
        ADA.strip(),
    ]
    done = import_subscribers(write(HEADER + "\n".join(rows)), now=NOW)
    assert [fault.line for fault in done.faults] == list(range(2, 16))
    assert done.imported == 1
    assert [subscriber.email for subscriber in Subscriber.objects.all()] == ["ada@example.org"]


def test_all_that_is_wrong_with_a_row_is_said_at_once(write: Write) -> None:
    ((line, reason),) = _reasons(write(HEADER + "nobody,unknown,hourly,,,,,,\n"))
    assert line == 2
    assert all(each in reason for each in ("nobody", "unknown", "hourly", "consent_source"))


def test_a_row_after_a_line_break_in_a_cell_keeps_its_own_line(write: Write) -> None:
    rows = 'a@example.org,heads,,,,,,,"two\nlines"\nbad,heads,,,,,,,form\n'
    assert [line for line, _ in _reasons(write(HEADER + rows))] == [4]


def test_the_same_mailbox_twice_is_taken_once(write: Write) -> None:
    rows = ADA + ADA.replace("ada@example.org", "Ada@EXAMPLE.org")
    assert _reasons(write(HEADER + rows)) == [(3, "Ada@EXAMPLE.org is on line 2 already")]
    assert Subscriber.objects.get().email == "ada@example.org"


def test_a_subscriber_there_is_stays_as_is(write: Write) -> None:
    path = write(HEADER + ADA)
    import_subscribers(path, now=NOW)
    before = list(Subscriber.objects.order_by("pk").values())
    ((line, reason),) = _reasons(path)
    assert line == 2
    assert "already" in reason
    assert list(Subscriber.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("reason", list(Reason))
def test_a_suppressed_address_is_refused_by_line(write: Write, reason: Reason) -> None:
    suppress(address_key("ADA@example.org"), reason=reason, at=NOW)
    ((line, words),) = _reasons(write(HEADER + ADA))
    assert line == 2
    assert reason.value in words
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    "leave", [erase, lambda subscriber, now: unsubscribe(subscriber, source="test", now=now)]
)
def test_nobody_who_left_is_brought_back(write: Write, leave: object) -> None:
    path = write(HEADER + ADA)
    import_subscribers(path, now=NOW)
    assert callable(leave)
    leave(Subscriber.objects.get(), now=NOW)
    assert len(_reasons(path)) == 1
    assert not Subscriber.objects.filter(status=Status.ACTIVE).exists()


def test_a_private_topic_counts_as_unknown(write: Write) -> None:
    import_subscribers(write(HEADER + ADA), now=NOW)
    add_topic("secret", name="Secret", query="cat:cs.CV", now=NOW, owner=Subscriber.objects.get())
    ((_, reason),) = _reasons(write(HEADER + "bo@example.org,secret,,,,,,,form\n"))
    assert "no topic 'secret'" in reason


def test_a_dry_run_reports_the_same_and_writes_nothing(write: Write) -> None:
    suppress(address_key("cy@example.org"), reason=Reason.BOUNCED, at=NOW)
    path = write(HEADER + ADA + "bad,heads,,,,,,,form\ncy@example.org,heads,,,,,,,form\n")
    dry = import_subscribers(path, now=NOW, dry_run=True)
    assert not Subscriber.objects.exists()
    assert import_subscribers(path, now=NOW) == dry


def test_it_says_when_nobody_is_known_who_must_not_be_mailed(write: Write) -> None:
    path = write(HEADER + ADA)
    assert not import_subscribers(path, now=NOW, dry_run=True).has_suppressions
    suppress("gone@example.org", reason=Reason.IMPORTED, at=NOW)
    assert import_subscribers(path, now=NOW).has_suppressions


def test_many_rows_go_in_chunks_with_a_fixed_number_of_queries(
    write: Write, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: object
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 20)
    rows = "".join(f"reader{number}@example.org,heads;quiet,,,,,,,form\n" for number in range(50))
    assert callable(django_assert_max_num_queries)
    with django_assert_max_num_queries(3 * 8 + 2):
        done = import_subscribers(write(HEADER + rows), now=NOW)
    assert done.imported == Subscriber.objects.count() == 50


PREFERENCES = st.fixed_dictionaries(
    {
        "cadence": st.sampled_from(["daily", "weekdays", "weekly:mon,thu", "biweekly:fri", "monthly:last"]),
        "at": st.times().map(lambda at: f"{at:%H:%M}"),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]),
        "language": st.sampled_from(["en", "zh-hans"]),
        "depth": st.sampled_from([depth.value for depth in DetailLevel]),
        "max_papers": st.integers(1, 50).map(str),
        "topics": st.sampled_from(["heads", "quiet", "heads;quiet", "quiet;heads"]),
        "name": st.sampled_from(["", "Ada Lovelace", 'O\'Neill; "x", y', "李雷"]),
        "consent_source": st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], include_characters='"\n,'),
            min_size=1,
            max_size=40,
        ).filter(lambda text: text == text.strip() and text),
    }
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(st.lists(PREFERENCES, min_size=1, max_size=4))
def test_an_export_imports_as_the_same_subscribers(tmp_path: Path, subscribers: list[dict[str, str]]) -> None:
    Subscriber.objects.all().delete()
    rows = [{"email": f"Reader{number}@example.org", **row} for number, row in enumerate(subscribers)]
    assert import_subscribers(_written(tmp_path, rows), now=NOW).faults == []
    exported, stored = csv_rows(), _stored()
    assert exported == rows
    Subscriber.objects.all().delete()
    assert import_subscribers(_written(tmp_path, exported), now=NOW).faults == []
    assert csv_rows() == exported
    assert _stored() == stored


def _written(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "readers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, CSV_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def _stored() -> list[dict[str, object]]:
    own = {"id", "link_key"}
    rows = Subscriber.objects.order_by("email_key").values()
    return [{name: value for name, value in row.items() if name not in own} for row in rows]


def test_an_export_leaves_out_whoever_left_and_what_is_private(write: Write) -> None:
    rows = ADA + ADA.replace("ada@", "bo@")
    import_subscribers(write(HEADER + rows), now=NOW)
    ada, bo = find_subscriber("ada@example.org"), find_subscriber("bo@example.org")
    unsubscribe(bo, source="test", now=NOW + timedelta(days=1))
    secret = add_topic("secret", name="Secret", query="cat:cs.CV", now=NOW, owner=ada)
    ada.subscriptions.create(topic=secret, position=2, created_at=NOW)
    ConsentEvent.objects.create(
        subscriber=ada, at=NOW + timedelta(days=1), action="unsubscribed", source="a topic"
    )
    (row,) = csv_rows()
    assert (row["email"], row["topics"]) == ("ada@example.org", "heads;quiet")
    assert row["consent_source"] == "old list 2024"
