"""``newsletter run``: what it reports, when it has failed, and whose clock it records."""

from __future__ import annotations

import email
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import DateTimeField

from newsletter.models import Delivery, SendPause
from newsletter.pipeline import run as run_module
from tests.cli.runner import DUE, JOINED, add_subscriber, add_topic, done, newsletter
from tests.fakes.arxiv_server import ArxivServer, entry, feed, throttled

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("outbox")]
SATURDAY = datetime(2026, 6, 13, 12, tzinfo=UTC)
REAL_TIMES = {
    "ArxivGate.held_until",
    "ArxivGate.next_request_at",
    "Delivery.body_begun_at",
    "Delivery.lease_until",
    "Delivery.next_attempt_at",
    "FragmentRow.created_at",
    "FragmentRow.needed_until",
    "PageChange.at",
    "Paper.changed_at",
    "Selection.used_at",
    "Summary.leased_until",
    "Summary.retry_at",
}
"""Waiting, leases, gates and what caches and indexes are kept up by stay in real time; a rendered fragment
belongs to no slot."""


@pytest.fixture(autouse=True)
def _room() -> None:
    add_topic()


def gather(folder: Path, *numbers: int, now: str = JOINED) -> None:
    path = folder / "answer.xml"
    papers = [entry(f"2606.{number:05}v1", title=f"Heads {number}", submitted=SATURDAY) for number in numbers]
    path.write_text(feed(papers), encoding="utf-8")
    done("gather", "--file", str(path), "--now", now)


def test_without_subscribers_it_says_so_and_succeeds() -> None:
    said = done("run", "--no-gather").out
    assert "nothing was due" in said
    assert "no readers" in said


def test_without_topics_it_says_where_to_get_some(asks: ArxivServer) -> None:
    done("topic", "remove", "heads")
    assert "newsletter topic starter" in done("run").out
    assert asks.requests == []


def test_its_report_has_the_shape_that_scripts_rely_on(tmp_path: Path) -> None:
    add_subscriber()
    gather(tmp_path, 1, 2)
    report = done("run", "--no-gather", "--now", DUE, "--json").json
    expected = {
        "now": "2026-06-15T08:00:00+00:00",
        "matched": 0,
        "summarised": {"model": 0, "extractive": 2, "withheld": 0, "failed": 0},
        "composed": 1,
        "deliveries": {"ACCEPTED": 1},
        "next_due_at": "2026-06-22T08:00:00+00:00",
    }
    assert {name: report[name] for name in expected} == expected
    assert {"seen", "new", "failed"} <= set(report["gathered"])


def test_it_says_the_same_in_words(tmp_path: Path) -> None:
    add_subscriber()
    gather(tmp_path, 1)
    said = done("run", "--no-gather", "--now", DUE).out
    assert "composed    1 digest\n" in said
    assert "delivered   1 ACCEPTED\n" in said
    assert "next due    2026-06-22 08:00 UTC\n" in said


def test_it_asks_arxiv_first(asks: ArxivServer) -> None:
    add_subscriber()
    asks.entries.append(entry(submitted=SATURDAY))
    report = done("run", "--now", DUE, "--json").json
    assert (report["gathered"]["new"], report["matched"], report["deliveries"]) == (1, 1, {"ACCEPTED": 1})


def test_a_failed_gather_makes_it_fail_and_does_not_stop_what_is_due(
    tmp_path: Path, asks: ArxivServer, outbox: Path
) -> None:
    add_subscriber()
    gather(tmp_path, 1)
    asks.fail(throttled("3600"))
    result = newsletter("run", "--now", DUE, "--json")
    assert result.code == 1
    assert result.json["gathered"]["failed"] == 1
    assert result.json["deliveries"] == {"ACCEPTED": 1}
    assert "429" in result.line
    assert len(list(outbox.glob("*.eml"))) == 1


def test_an_outbox_that_cannot_be_written_is_one_line_and_the_mail_waits(
    tmp_path: Path, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "RETRY_TIME", timedelta(seconds=1))
    add_subscriber()
    gather(tmp_path, 1)
    outbox.write_text("a file, where the folder should be")
    result = newsletter("run", "--no-gather", "--now", DUE, "--json")
    assert result.code == 1
    assert result.json["deliveries"] == {"RETRY_WAIT": 1}
    assert result.json["problems"] == [result.line]
    assert str(outbox) in result.line
    outbox.unlink()
    # The wait before the next try is in real time.
    Delivery.objects.update(next_attempt_at=datetime.now(UTC))
    assert done("run", "--no-gather", "--now", DUE, "--json").json["deliveries"] == {"ACCEPTED": 1}


def test_a_pause_is_shown_and_is_no_failure(tmp_path: Path) -> None:
    add_subscriber()
    gather(tmp_path, 1)
    SendPause.objects.create(transport="*", reason="moving house", since=datetime.now(UTC))
    result = newsletter("run", "--no-gather", "--now", DUE)
    assert result.code == 0
    assert "paused      moving house" in result.out
    assert "1 COMPOSED" in result.out


def test_it_records_the_clock_it_was_given(tmp_path: Path, asks: ArxivServer) -> None:
    add_subscriber()
    gather(tmp_path, 1)
    asks.entries.append(entry("2606.00002v1", submitted=SATURDAY))
    done("run", "--now", DUE)
    done("topic", "starter", "--now", DUE)
    early, late = SATURDAY, datetime(2026, 6, 16, 9, tzinfo=UTC)
    recorded = {
        f"{model.__name__}.{field.name}": model._default_manager.values_list(field.name, flat=True)
        for model in apps.get_app_config("newsletter").get_models()
        for field in model._meta.get_fields()
        if isinstance(field, DateTimeField)
    }
    assert set(recorded) > REAL_TIMES
    # A snapshot that ships with the project is dated by the papers it was counted from.
    for name in set(recorded) - REAL_TIMES - {"Subscriber.next_slot_at", "TasteSnapshot.made_at"}:
        for moment in recorded[name]:
            assert moment is None or early <= moment < late, name


def test_the_mail_is_dated_by_that_clock(tmp_path: Path, outbox: Path) -> None:
    add_subscriber()
    gather(tmp_path, 1)
    done("run", "--no-gather", "--now", DUE)
    [path] = outbox.glob("*.eml")
    assert email.message_from_bytes(path.read_bytes())["Date"] == "Mon, 15 Jun 2026 08:00:00 +0000"


def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    add_subscriber()
    gather(tmp_path, 1)
    assert done("run", "--no-gather", "--now", "2026-06-15T07:59:59", "--json").json["deliveries"] == {}
    due = done("run", "--no-gather", "--now", "2026-06-15T10:00+02:00", "--json").json
    assert (due["now"], due["deliveries"]) == ("2026-06-15T08:00:00+00:00", {"ACCEPTED": 1})


def test_a_year_of_slots_can_be_replayed(tmp_path: Path) -> None:
    add_subscriber()
    placeholders = [datetime(2026, 6, 15, 8, tzinfo=UTC) + timedelta(weeks=week) for week in range(52)]
    for number, slot in enumerate(placeholders, start=1):
        gather(tmp_path, number, now=f"{slot - timedelta(days=1):%Y-%m-%dT%H:%MZ}")
        done("run", "--no-gather", "--now", f"{slot:%Y-%m-%dT%H:%MZ}")
    shown = done("subscriber", "show", "a@example.org", "--json").json["deliveries"]
    assert [each["slot_at"] for each in shown] == [slot.isoformat() for slot in placeholders]
    assert {each["state"] for each in shown} == {"ACCEPTED"}
    assert {each["summarised"] for each in shown} == {1}


def test_an_earlier_clock_than_before_does_no_harm(tmp_path: Path) -> None:
    add_subscriber()
    gather(tmp_path, 1)
    done("run", "--no-gather", "--now", DUE)
    before = done("subscriber", "show", "a@example.org", "--json").out
    report = done("run", "--no-gather", "--now", "2026-06-01T08:00Z", "--json").json
    assert (report["composed"], report["deliveries"]) == (0, {})
    assert done("subscriber", "show", "a@example.org", "--json").out == before
