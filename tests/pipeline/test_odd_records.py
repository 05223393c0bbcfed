"""One odd record costs only itself, on every database: this file runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from django.db import DataError
from django.test import Client
from pytest_django import Settings

from newsletter.adapters.ports import Outcome, ProviderEvent, Verdict
from newsletter.audience.topics import add_topic
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.delivery.events import EventKind
from newsletter.core.storable import fault_of
from newsletter.core.summaries.prompt import parse_response
from newsletter.core.summaries.summary import DetailLevel
from newsletter.models import Delivery, DeliveryEvent, GatherRun, Paper, SignUp, Subscriber, Summary
from newsletter.models.paper import record_fields
from newsletter.pipeline.context import Context
from newsletter.pipeline.feedback.bounces import take_in
from newsletter.pipeline.feedback.provider_events import store_events
from newsletter.pipeline.gather import gather_files, gather_papers
from tests.cli.runner import newsletter
from tests.fakes.arxiv_server import ArxivServer, Fault, entry, feed
from tests.fakes.papers import PUBLISHED, ListSource, paper_record
from tests.pipeline.deliveries import digest, record_now
from tests.pipeline.newsroom import LOOKBACK

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 6, 16, 22, 0, tzinfo=UTC)

ODD: dict[str, dict[str, Any]] = {
    "a DOI of 335 characters": {"doi": "10.1000/1 " * 33 + "10.10"},
    "a category of 60 characters": {"categories": ("c" * 60,)},
    "a version of 40000": {"version": 40_000},
    "a version of 0": {"version": 0},
    "an id of 50 characters": {"arxiv_id": "2" * 50},
    "NUL in the title": {"title": "Talking\0Heads"},
    "NUL in the abstract": {"abstract": "\0"},
    "NUL in an author": {"authors": ("Ada\0Lovelace",)},
    "NUL in a second category": {"categories": ("cs.CV", "cs.\0")},
    "half a character in the comment": {"comment": "\ud83d"},
    "half a character in an author": {"authors": ("\udc00",)},
    "a title of a megabyte": {"title": "x" * 1_000_000},
    "an abstract of a megabyte": {"abstract": "x" * 1_000_000},
    "a comment of a megabyte": {"comment": "x" * 1_000_000},
    "a journal of a megabyte": {"journal_ref": "x" * 1_000_000},
    "authors of three megabytes": {"authors": ("x" * 3_000_000,)},
    "the year 1 east of Greenwich": {"published_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))},
    "the year 9999": {"updated_at": datetime(9999, 12, 31, tzinfo=UTC)},
}


@pytest.fixture(autouse=True)
def _topic() -> None:
    add_topic("heads", name="Heads", query="cat:cs.CV", now=NOW - timedelta(days=2))


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_record_costs_only_itself_and_is_recorded_with_the_reason(kind: str) -> None:
    odd = paper_record(2, **({"updated_at": PUBLISHED} | ODD[kind]))
    report = gather_papers(ListSource(paper_record(1), odd, paper_record(3)), now=NOW, lookback=LOOKBACK)
    assert set(Paper.objects.values_list("arxiv_id", flat=True)) == {"2606.00001", "2606.00003"}
    assert (report.failed, report.new) == (0, 2)
    run = GatherRun.objects.get()
    [line] = run.refused
    assert line.startswith(odd.versioned_id[:60])
    assert ": " in line


@pytest.mark.parametrize("kind", sorted(ODD.keys() - {"an id of 50 characters", "a version of 0"}))
def test_an_odd_new_version_leaves_the_paper_as_it_was(kind: str) -> None:
    gather_papers(ListSource(paper_record(2)), now=NOW, lookback=LOOKBACK)
    odd = paper_record(2, **({"version": 2, "updated_at": PUBLISHED} | ODD[kind]))
    gather_papers(ListSource(odd, paper_record(3)), now=NOW + timedelta(days=1), lookback=LOOKBACK)
    assert Paper.objects.get(arxiv_id="2606.00002").record == paper_record(2)
    assert Paper.objects.filter(arxiv_id="2606.00003").exists()


def test_a_limit_that_nobody_thought_of_costs_one_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(record: PaperRecord) -> dict[str, object]:
        if record.title == "Odd":
            raise DataError("a limit of this database's own")
        return record_fields(record)

    monkeypatch.setattr("newsletter.pipeline.gather.record_fields", strict)
    first = [paper_record(number) for number in (1, 2)]
    gather_papers(ListSource(*first), now=NOW, lookback=LOOKBACK)
    odd, sound = replace(first[0], version=2, title="Odd"), replace(first[1], version=2, title="Sound")
    gather_papers(ListSource(odd, sound), now=NOW + timedelta(hours=1), lookback=LOOKBACK)
    assert [paper.version for paper in Paper.objects.order_by("arxiv_id")] == [1, 2]
    assert "a limit of this database's own" in GatherRun.objects.latest("pk").refused[0]


@pytest.mark.parametrize("error", [ValueError("x\0y"), DataError("too long"), OverflowError("\ud800")])
def test_whatever_breaks_a_gather_a_run_is_recorded_and_nothing_is_raised(error: Exception) -> None:
    class Broken(ListSource):
        def fetch(self, *_: Any, **__: Any) -> Iterator[Any]:
            raise error

    report = gather_papers(Broken(), now=NOW, lookback=LOOKBACK)
    assert report.failed == 1
    assert GatherRun.objects.get().error


# --- the whole way, from arXiv's bytes -------------------------------------------------------------------


ODD_ENTRIES = {
    "DOI": entry("2606.00002v1", doi="10.1000/1 " * 33 + "10.10"),
    "category": entry("2606.00002v1", categories=["c" * 60, "cs.CV"]),
    "version": entry("2606.00002v40000"),
    "version of 5,000 digits": entry("2606.00002v" + "9" * 5_000),
    "date": entry("2606.00002v1", published="9999-99-99T00:00:00Z"),
    "a year without end": entry("2606.00002v1", published="99999999999-01-01T00:00:00Z"),
}


@pytest.fixture
def asks(settings: Settings, tmp_path: Path) -> Iterator[ArxivServer]:
    with ArxivServer() as server:
        update = {"arxiv_api_url": server.url, "arxiv_interval": 0.0, "outbox_dir": tmp_path / "outbox"}
        settings.CONFIG = settings.CONFIG.model_copy(update=update)
        yield server


@pytest.mark.parametrize("kind", ODD_ENTRIES)
def test_a_run_with_an_odd_entry_succeeds_and_everybody_gets_their_digest(
    kind: str, asks: ArxivServer
) -> None:
    """``run`` ended with 1, nobody got a digest, and arXiv was asked again at every tick."""
    asks.entries += [entry("2606.00001v1"), ODD_ENTRIES[kind], entry("2606.00003v1")]
    newsletter("subscriber", "add", "a@example.org", "--topics", "heads", "--now", "2026-06-14T12:00Z")
    result = newsletter("run", "--now", "2026-06-22T08:00Z", "--json")
    assert (result.code, result.json["gathered"]["new"]) == (0, 2)
    assert result.json["deliveries"] == {"ACCEPTED": 1}
    assert len(GatherRun.objects.get().refused) == 1


@pytest.mark.parametrize("odd", ["&#0;", "&#xD800;", "&#x110000;", "&#99999999999;", "\x0b", "\x00"])
def test_what_xml_forbids_in_one_abstract_does_not_cost_the_page(odd: str, asks: ArxivServer) -> None:
    sound = entry("2606.00002v1", abstract="HERE is more.")
    asks.entries += [entry("2606.00001v1"), replace(sound, xml=sound.xml.replace("HERE", odd))]
    gather_papers(Context(_config(asks)).source, now=NOW, lookback=LOOKBACK)
    assert Paper.objects.get(arxiv_id="2606.00002").abstract == "\ufffd is more."


def test_bytes_that_are_no_utf_8_cost_a_character(tmp_path: Path, asks: ArxivServer) -> None:
    path = tmp_path / "odd.xml"
    path.write_bytes(feed([entry("2606.00001v1", title="Caf#")]).encode().replace(b"#", b"\xe9"))
    gather_files(Context(_config(asks)).source, paths=[str(path)], now=NOW)
    assert Paper.objects.get().title == "Caf\ufffd"


@pytest.mark.parametrize("total", ["9" * 5_000, "٣", "-1", "1e9"])
def test_a_number_of_results_that_cannot_be_is_a_failure_that_is_recorded(
    total: str, asks: ArxivServer
) -> None:
    body = feed([entry("2606.00001v1")], total=123_456).replace("123456", total)
    asks.fail(*[Fault(body=body)] * 9)
    source = Context(_config(asks)).source
    report = gather_papers(replace(source, sleep=lambda _: None), now=NOW, lookback=LOOKBACK)  # type: ignore[type-var]
    assert report.failed == 1
    assert GatherRun.objects.get().error


def _config(_: ArxivServer) -> Any:
    from django.conf import settings

    return settings.CONFIG


def test_a_content_length_of_5000_digits_is_a_failure_that_is_recorded(asks: ArxivServer) -> None:
    asks.entries.append(entry("2606.00001v1"))
    asks.fail(*[Fault(headers=(("Content-Length", "9" * 5_000),))] * 9)
    gather_papers(
        replace(Context(_config(asks)).source, sleep=lambda _: None),  # type: ignore[type-var]
        now=NOW,
        lookback=LOOKBACK,
    )
    assert GatherRun.objects.exists()


@pytest.mark.parametrize("wait", ["9" * 5_000, "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_retry_after_without_end_holds_off_for_a_day_at_most(wait: str, asks: ArxivServer) -> None:
    asks.fail(Fault(status=429, headers=(("Retry-After", wait),), body="no"))
    gather_papers(Context(_config(asks)).source, now=NOW, lookback=LOOKBACK)
    assert GatherRun.objects.get().retry_at == NOW + timedelta(days=1)


def test_the_name_of_a_file_may_hold_bytes_that_are_no_text(tmp_path: Path, asks: ArxivServer) -> None:
    path = tmp_path / "\udcff.xml"
    path.write_text(feed([entry("2606.00001v1")]))
    gather_files(Context(_config(asks)).source, paths=[str(path)], now=NOW)
    assert GatherRun.objects.get().query.endswith("\ufffd.xml")


# --- other things that come from outside -----------------------------------------------------------------


def test_what_a_model_answers_can_be_stored() -> None:
    answer = {"headline": {"text": "A\0b", "quotes": ["c\0d"]}, "takeaways": []}
    draft = parse_response(json.dumps(answer), detail=DetailLevel.HEADLINE)
    assert (draft.headline.text, draft.headline.evidence[0].quote) == ("A\ufffdb", "c\ufffdd")
    paper = Paper.from_record(paper_record(1), first_seen_at=NOW)
    paper.save()
    key = {"language": "en", "prompt_version": "1", "model": "m", "detail": "headline"}
    said = [draft.headline.text, draft.headline.evidence[0].quote]
    row = Summary.objects.create(paper=paper, paper_version=1, content=said, **key)
    assert Summary.objects.get(pk=row.pk).content == said


def test_what_a_mail_server_answers_can_be_stored() -> None:
    row = digest(state="SENDING", fence=1)
    outcome = Outcome(
        delivery_id=str(row.pk),
        verdict=Verdict.REFUSED,
        code="550\0",
        detail="no\0 \ud800" * 900,
        provider_id="\0",
    )
    assert record_now(row, outcome) == "FAILED"
    assert "\ufffd" in Delivery.objects.get(pk=row.pk).last_detail


def test_what_a_provider_reports_can_be_stored() -> None:
    event = ProviderEvent(
        delivery_id=None,
        kind=EventKind.UNKNOWN,
        at=NOW,
        dedupe_key="k",
        detail={"reason": "no\0such\ud83duser"},
    )
    assert store_events("sendgrid", [event]) == 1
    assert DeliveryEvent.objects.get().payload == {"reason": "no\ufffdsuch\ufffduser"}


def test_a_mail_that_came_back_with_nul_in_it_is_taken_in() -> None:
    report = (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; a\0\xff@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; no\0\xff\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        b"X-Newsletter-Delivery: \0\r\nList-Unsubscribe: <http://x/unsubscribe/\0\xff>\r\n\r\n--b--\r\n"
    )
    assert "no mail of this service" in take_in(report, recipient="\0\udcff", now=NOW).said


FORM = {
    "email": "a@example.org",
    "topics": "heads",
    "cadence": "weekly:mon",
    "at": "08:00",
    "timezone": "UTC",
    "language": "en",
    "depth": "takeaways",
}


@pytest.mark.parametrize("field", FORM)
def test_nul_in_a_form_is_dropped_or_refused_and_never_kept(field: str) -> None:
    client = Client(headers={"host": "localhost"})
    said = client.post("/", FORM | {field: f"{FORM[field]}\0"})
    assert said.status_code in (200, 400)
    kept = [*Delivery.objects.values(), *SignUp.objects.values(), *Subscriber.objects.values()]
    assert not [fault for row in kept if (fault := fault_of(row))]
    assert client.post("/preferences/", {"email": "a\0b@example.org"}).status_code in (200, 400)


@pytest.mark.parametrize(
    "path",
    [
        "/topics/a%00b/",
        "/topics/heads/?page=%00",
        "/topics/heads/feed.atom?language=%00",
        "/papers/2606.00001%00/",
        "/confirm/%00/",
        "/unsubscribe/%00",
        "/unsubscribe/%00/%00",
        "/preferences/%00",
        "/digests/%00",
        "/?topics=%00",
    ],
)
def test_the_address_of_a_page_with_nul_is_no_error_of_ours(path: str) -> None:
    said = Client(headers={"host": "localhost"}).get(path)
    assert said.status_code in (200, 400, 404), path
