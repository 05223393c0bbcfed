"""What the day says of gathers, of mails without a paper, and of pauses: ``status`` and the page alike."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from newsletter.errors import TemporaryError
from newsletter.models import Delivery, GatherRun, Incident
from newsletter.models.delivery import Cause, Kind
from newsletter.operating.situation import situation
from newsletter.operating.today import next_gather, today
from newsletter.pipeline.gather import gather_files, gather_papers, has_newer_papers
from newsletter.pipeline.schedule import plan_due
from newsletter.pipeline.send.pause import pause_sending
from tests.cli.runner import done, newsletter
from tests.fakes.papers import ListSource, paper_record
from tests.pipeline.newsroom import LOOKBACK, MONDAY, SUNDAY, Newsroom

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(MONDAY, tick=False):
        yield


@pytest.fixture
def room(tmp_path: Path, settings: Settings) -> Newsroom:
    settings.CONFIG = settings.CONFIG.model_copy(
        update={"operator_email": "op@example.org", "outbox_dir": tmp_path / "outbox"}
    )
    done("subscriber", "list")  # the first command records which key the database is used with
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    return room


def page() -> str:
    operator = Client(SERVER_NAME="localhost")
    user = User.objects.filter(username="operator").first()
    operator.force_login(user or User.objects.create_superuser("operator", last_login=MONDAY))
    return unescape(operator.get("/admin/").content.decode())


def line(name: str) -> str:
    [found] = [each for each in done("status").out.splitlines() if each.strip().startswith(name)]
    return found


# --- mails without a paper -------------------------------------------------------------------------------


def test_the_operator_hears_of_mails_that_said_that_arxiv_could_not_be_asked(room: Newsroom) -> None:
    for number in range(3):
        room.subscriber(f"r{number}@example.org", "heads", depth=("headline", "takeaways", "reading")[number])
    room.run(MONDAY)
    words = "3 without a paper: arXiv could not be asked"
    assert words in line("Composed")
    assert words in page()
    assert done("status", "--json").json["without_a_paper"] == {"unasked": 3}
    assert Incident.objects.get(name="digests-empty").detail.startswith(
        "3 digests composed today without a paper"
    )
    alert = Delivery.objects.get(kind=Kind.ALERT, subject="arXiv digest: digests empty")
    assert alert.state == "ACCEPTED"
    room.run(MONDAY + timedelta(hours=1))
    assert done("status", "--json").json["without_a_paper"] == {"unasked": 3}
    room.run(MONDAY + timedelta(days=1))
    assert Incident.objects.get(name="digests-empty").closed_at == MONDAY + timedelta(days=1)


def test_daily_readers_who_got_no_mail_for_that_reason_are_told_apart(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads", cadence="daily")
    room.run(MONDAY)
    said = line("Composed")
    assert "! 1 skipped, and arXiv had not answered, or not fully" in said
    assert "nothing to say" not in said


def test_daily_readers_for_whom_nothing_matched_are_no_trouble(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads", cadence="daily")
    announced = SUNDAY - timedelta(days=2)
    room.take_in(paper_record(title="Cats", published_at=announced), now=MONDAY - timedelta(hours=1))
    room.run(MONDAY)
    assert "1 skipped with nothing to say" in line("Composed")
    assert "!" not in line("Composed")


def test_mails_in_which_nothing_matched_are_counted_and_no_trouble(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(title="Cats"), now=MONDAY - timedelta(hours=2))
    room.run(MONDAY)
    assert "1 of them without a paper, since nothing matched" in line("Composed")
    assert "!" not in line("Composed")
    assert not Incident.objects.filter(name="digests-empty").exists()


def test_a_mail_with_papers_is_counted_nowhere(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(), now=SUNDAY + timedelta(hours=1))
    room.run(MONDAY)
    assert done("status", "--json").json["without_a_paper"] == {}
    assert "without a paper" not in line("Composed")


# --- gathers ---------------------------------------------------------------------------------------------


def test_requests_that_failed_are_told_with_their_last_error(room: Newsroom) -> None:  # noqa: ARG001
    source = ListSource(error=TemporaryError("arXiv answered 503"))
    gather_papers(source, now=MONDAY - 3 * MINUTE, lookback=LOOKBACK)
    has_newer_papers(source, now=MONDAY - 2 * MINUTE, lookback=LOOKBACK)
    said = line("Gathered")
    assert "arXiv asked 2 times" in said
    assert "! 2 requests failed, last at 07:58: arXiv answered 503" in said
    assert "2 requests failed, last at 07:58: arXiv answered 503" in page()


def test_files_are_told_apart_from_answers(room: Newsroom) -> None:  # noqa: ARG001
    assert "arXiv was not asked today" in line("Gathered")
    gather_files(ListSource(paper_record()), paths=["a.xml", "b.xml"], now=MONDAY - MINUTE)
    assert "1  new of 2 seen: arXiv was not asked today, 2 files read" in line("Gathered")


def test_the_next_gather_heeds_that_arxiv_asked_to_wait(room: Newsroom) -> None:  # noqa: ARG001
    until = MONDAY + timedelta(hours=3)
    assert next_gather(MONDAY) == MONDAY
    GatherRun.objects.create(started_at=MONDAY - MINUTE, query="all", error="503", retry_at=until)
    assert next_gather(MONDAY) == until


# --- what waits ------------------------------------------------------------------------------------------


def test_a_digest_that_waits_for_arxiv_after_an_outage_says_so(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    back = MONDAY + timedelta(hours=5)
    with time_machine.travel(back, tick=False):
        plan_due(now=back - 5 * MINUTE)
        words = "the service was off at"
        [late] = today(situation(now=back, real_now=back)).late
        assert (late.code, late.needs_person, late.then) == (
            "gathering",
            False,
            "13:25 at the latest, by itself",
        )
        assert words in late.waiting_for
        assert words in done("deliveries").out
        assert "It waits until 13:25 UTC at most" in done("subscriber", "show", "a@example.org").out
        GatherRun.objects.create(started_at=back, query="all", error="503")
        assert words not in done("status").out
        assert words not in done("deliveries").out


def test_a_digest_that_nobody_planned_is_not_called_out(room: Newsroom) -> None:
    """The service does not run: what was sent before must not hide it."""
    room.subscriber("a@example.org", "heads")
    room.subscriber("b@example.org", "heads", at="09:00")
    room.run(MONDAY)
    with time_machine.travel(MONDAY + timedelta(hours=2), tick=False):
        said = done("status").out
        assert said.startswith("1 of 2 digests is out; 1 not planned yet.")
        assert "! 1 reader due and not planned: is the service running? newsletter up" in said
        assert "Nothing is late" not in said
        assert "1 reader due and not planned" in page()
        assert "Nothing is late" not in page()


# --- pauses ----------------------------------------------------------------------------------------------


def test_a_pause_has_one_sentence_and_its_whole_reason(room: Newsroom) -> None:  # noqa: ARG001
    reason = "the footer names another postal address than the one we have since June, and " * 4 + "END"
    pause_sending(reason, now=MONDAY)
    sentence = f"No mail goes out since 08:00 UTC (a person): {' '.join(reason.split())}"
    assert f"! {sentence}" in done("status").out.splitlines()
    assert sentence in page()


# --- commands --------------------------------------------------------------------------------------------


def test_a_delay_of_days_is_told_in_days(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    with time_machine.travel(MONDAY + timedelta(days=3), tick=False):
        shown = done("subscriber", "show", "a@example.org").out
    assert "3 days ago, and is not planned yet" in shown
    assert "minutes ago" not in shown


def test_the_list_of_readers_says_of_which_zone_its_times_are(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    assert "2026-06-15 08:00 UTC" in done("subscriber", "list").out


def test_a_pass_says_that_an_alert_is_no_digest(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads", cadence="daily")
    pause_sending("credentials", now=MONDAY, cause=Cause.BREAKER)
    room.take_in(paper_record(), now=SUNDAY + timedelta(hours=1))
    said = newsletter("run", "--no-gather", "--now", MONDAY.isoformat())
    assert re.search(r"delivered   1 COMPOSED, \d ACCEPTED \(alerts to you, no digests\)\n", said.out)
