"""``newsletter preview``: three files, and no trace of a delivery."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.models import GatherRun, Subscriber
from tests.cli.runner import DUE, JOINED, add_subscriber, add_topic, done, newsletter, rows
from tests.fakes.arxiv_server import entry, feed

pytestmark = pytest.mark.django_db
ADDRESS = "a@example.org"


@pytest.fixture(autouse=True)
def _room(tmp_path: Path) -> None:
    add_topic()
    add_subscriber(ADDRESS)
    path = tmp_path / "answer.xml"
    path.write_text(feed([entry(title="Heads That Talk", submitted=datetime(2026, 6, 13, tzinfo=UTC))]))
    done("gather", "--file", str(path), "--now", JOINED)


def test_it_writes_html_text_and_the_whole_message(tmp_path: Path) -> None:
    out = tmp_path / "look" / "here"
    shown = done("preview", ADDRESS, "--out", str(out), "--now", DUE, "--json").json
    assert sorted(path.suffix for path in out.iterdir()) == [".eml", ".html", ".txt"]
    assert sorted(shown["files"]) == sorted(str(path) for path in out.iterdir())
    assert (shown["summarised"], shown["listed"], shown["counted"]) == (1, 0, 0)
    assert "Heads That Talk" in (out / f"{ADDRESS}.html").read_text(encoding="utf-8")
    assert "Heads That Talk" in (out / f"{ADDRESS}.txt").read_text(encoding="utf-8")
    message = email.message_from_bytes((out / f"{ADDRESS}.eml").read_bytes(), policy=email.policy.default)
    assert message["To"] == ADDRESS
    assert message["Subject"] == shown["subject"]


def test_it_records_no_delivery_and_the_digest_still_goes_out(tmp_path: Path) -> None:
    before = {"shown": done("subscriber", "show", ADDRESS, "--json").out, "deliveries": rows()["Delivery"]}
    done("preview", ADDRESS, "--out", str(tmp_path / "look"), "--now", DUE)
    after = {"shown": done("subscriber", "show", ADDRESS, "--json").out, "deliveries": rows()["Delivery"]}
    assert after == before
    report = done("run", "--no-gather", "--now", DUE, "--json").json
    assert report["deliveries"] == {"ACCEPTED": 1}


def test_it_says_when_nothing_would_go_out(tmp_path: Path) -> None:
    out = str(tmp_path / "look")
    assert done("preview", ADDRESS, "--out", out, "--now", DUE, "--json").json["why_not"] is None
    Subscriber.objects.update(status="unsubscribed")
    shown = done("preview", ADDRESS, "--out", out, "--now", DUE)
    assert "it would not go out: the reader is unsubscribed" in shown.out
    Subscriber.objects.update(status="active")
    done("topic", "remove", "heads")
    assert "no topic left" in done("preview", ADDRESS, "--out", out, "--now", DUE, "--json").json["why_not"]


@pytest.mark.parametrize("cadence", ["daily", "weekdays", "weekly:mon"])
def test_it_says_that_a_daily_subscriber_gets_no_mail_when_nothing_matched(
    cadence: str, tmp_path: Path
) -> None:
    add_topic("quiet", query="cat:math.CO")
    add_subscriber("b@example.org", "--cadence", cadence, topics="quiet")
    shown = done("preview", "b@example.org", "--out", str(tmp_path), "--now", DUE, "--json").json
    assert shown["summarised"] == 0
    if cadence == "weekly:mon":
        assert shown["why_not"] is None
    else:
        assert "nothing matched" in shown["why_not"]
    GatherRun.objects.update(error="503")
    unknown = done("preview", "b@example.org", "--out", str(tmp_path), "--now", DUE, "--json").json
    assert unknown["subject"].startswith("arXiv could not be asked")
    assert cadence == "weekly:mon" or "arXiv gave no answer" in unknown["why_not"]
    deliveries = done("run", "--no-gather", "--now", DUE, "--json").json["deliveries"]
    assert deliveries == ({"ACCEPTED": 2} if shown["why_not"] is None else {"ACCEPTED": 1, "SKIPPED": 1})


@pytest.mark.parametrize(("address", "code"), [("b@example.org", 1), ("nobody", 2)])
def test_an_address_that_is_no_subscribers_is_one_line(address: str, code: int, tmp_path: Path) -> None:
    result = newsletter("preview", address, "--out", str(tmp_path / "look"))
    assert (result.code, result.out) == (code, "")
    assert address in result.line
    assert not (tmp_path / "look").exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = newsletter("preview", ADDRESS, "--out", str(tmp_path / "file" / "look"), "--now", DUE)
    assert (result.code, result.out) == (1, "")
    assert str(tmp_path / "file" / "look") in result.line
