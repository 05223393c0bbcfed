"""Asking arXiv until its answer can be believed, and what is said meanwhile: against a real server."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from newsletter.adapters import registry
from newsletter.adapters.arxiv.api import ArxivApi
from newsletter.models import Delivery, GatherRun, Incident, Paper
from newsletter.models.delivery import HALF_ANSWERED
from newsletter.pipeline import tasks as work
from newsletter.pipeline.gather import gather_files, gather_papers
from newsletter.pipeline.gather_history import lasting_gap
from newsletter.pipeline.monitor.alerts import check_health
from tests.fakes.arxiv_server import EMPTY, ArxivServer, Entry, Fault, entry, feed
from tests.fakes.papers import ListSource
from tests.pipeline.newsroom import LOOKBACK, Newsroom

pytestmark = pytest.mark.django_db(transaction=True)

JOINED = datetime(2026, 5, 24, 12, 0, tzinfo=UTC)
THURSDAY = datetime(2026, 6, 19, 0, 0, tzinfo=UTC)
"""The announcement of Thursday 18 June, 20:00 in New York."""
WHOLE, NEWEST = "2000", "100"
HOUR = timedelta(hours=1)
SHORT = Fault(drop=1)
A_DAY = 5
"""Papers of a day of submissions."""


def submitted(first: datetime, days: int, *, a_day: int = A_DAY, title: str = "Talking Heads") -> list[Entry]:
    """Papers of so many days, weekends left out, each submitted at ten in the morning UTC."""
    mornings = (first + timedelta(days=day) for day in range(days))
    return [
        entry(f"{day:%y%m}.{day.day:02}{number:03}v1", title=title, submitted=day.replace(hour=10))
        for day in mornings
        if day.weekday() < 5
        for number in range(a_day)
    ]


@pytest.fixture
def arxiv(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArxivServer]:
    """An arXiv that holds what was announced until the Wednesday before, and is asked without pauses."""
    monkeypatch.setattr(registry, "ArxivApi", functools.partial(ArxivApi, give_up_after=0.5))
    with ArxivServer(entries=submitted(datetime(2026, 5, 25, tzinfo=UTC), 24)) as server:
        update = {"arxiv_api_url": server.url, "arxiv_interval": 0.0}
        settings.CONFIG = settings.CONFIG.model_copy(update=update)
        work.context.cache_clear()
        yield server
        work.context.cache_clear()


@pytest.fixture
def room(arxiv: ArxivServer, tmp_path: Path) -> Newsroom:
    """Gathered on Wednesday night, as every night before."""
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    gather(THURSDAY - timedelta(days=1) + 2 * HOUR, days=30)
    arxiv.requests.clear()
    return room


def gather(now: datetime, *, days: int = 14) -> None:
    gather_papers(work.context().source, now=now, lookback=timedelta(days=days))


def tick(start: datetime, hours: float) -> None:
    """Do what the scheduler does every five minutes."""
    for step in range(int(hours * 12)):
        with time_machine.travel(start + step * timedelta(minutes=5)):
            work.gather_if_due()


def sizes(server: ArxivServer) -> list[str]:
    return [request.parameters["max_results"] for request in server.requests]


def queries(server: ArxivServer) -> list[str]:
    return [request.parameters["search_query"] for request in server.requests]


# --- asking on -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("room")
def test_after_nothing_new_small_looks_are_taken_hourly_and_the_whole_when_one_shows_something(
    arxiv: ArxivServer,
) -> None:
    tick(THURSDAY + HOUR, 5)
    assert sizes(arxiv) == [WHOLE, *[NEWEST] * 4]
    assert len(set(queries(arxiv))) == 5  # arXiv: no identical query twice a day
    assert GatherRun.objects.filter(is_probe=True).count() == 4
    arxiv.requests.clear()
    arxiv.entries += submitted(datetime(2026, 6, 18, tzinfo=UTC), 1)
    tick(THURSDAY + 6.5 * HOUR, 60)
    assert sizes(arxiv) == [NEWEST, WHOLE]
    assert Paper.objects.filter(published_at__day=18).count() == A_DAY


@pytest.mark.usefixtures("room")
def test_one_record_with_a_date_to_come_hides_no_silence() -> None:
    odd = Paper.objects.order_by("pk").last()
    assert odd is not None
    Paper.objects.filter(pk=odd.pk).update(published_at=THURSDAY + timedelta(days=30_000))
    gather(THURSDAY + 2 * HOUR)
    assert "no paper of the last announcement" in GatherRun.objects.latest("pk").doubt


def test_a_look_sees_no_further_than_the_look_back(
    arxiv: ArxivServer, tmp_path: Path, settings: Settings
) -> None:
    """Or a new service with a short one asked for the whole every other hour, all weekend."""
    settings.CONFIG = settings.CONFIG.model_copy(update={"arxiv_lookback_days": 1})
    Newsroom(tmp_path / "outbox").topic("heads", "cat:cs.CV AND ti:heads")
    tick(THURSDAY + timedelta(days=2), 5)
    assert sizes(arxiv) == [WHOLE, *[NEWEST] * 4]


@pytest.mark.usefixtures("room")
def test_after_one_new_paper_of_many_it_looks_on_and_takes_the_rest(arxiv: ArxivServer) -> None:
    late = submitted(datetime(2026, 6, 18, tzinfo=UTC), 1)
    arxiv.entries += late[:1]
    tick(THURSDAY + HOUR, 1.1)
    arxiv.entries += late[1:]
    tick(THURSDAY + 2.2 * HOUR, 10)
    assert Paper.objects.filter(published_at__day=18).count() == A_DAY
    assert sizes(arxiv)[:2] == [WHOLE, NEWEST]
    assert sizes(arxiv).count(WHOLE) == 2


@pytest.mark.usefixtures("room")
def test_an_outage_of_a_day_is_asked_through(arxiv: ArxivServer) -> None:
    """Four failures were the end of it for the whole weekend."""
    arxiv.entries += submitted(datetime(2026, 6, 18, tzinfo=UTC), 1)
    arxiv.fail(*[Fault(status=503)] * 10)
    tick(THURSDAY + HOUR, 9)
    assert Paper.objects.filter(published_at__day=18).count() == A_DAY
    assert len(queries(arxiv)) == len(set(queries(arxiv)))


@pytest.mark.usefixtures("room")
def test_an_entry_that_cannot_be_saved_is_not_new_at_every_look(arxiv: ArxivServer) -> None:
    arxiv.entries.append(entry("2606.18999v1", doi="10.1/x " * 60, submitted=THURSDAY - 12 * HOUR))
    tick(THURSDAY + HOUR, 4)
    assert sizes(arxiv) == [WHOLE, *[NEWEST] * 3]


# --- what is not believed --------------------------------------------------------------------------------


@pytest.mark.parametrize("answered_before", [False, True])
def test_an_empty_window_is_an_incident_and_nothing_is_said_to_be_nothing(
    arxiv: ArxivServer, room: Newsroom, answered_before: bool
) -> None:
    if not answered_before:
        GatherRun.objects.all().delete()
    room.subscriber("a@example.org", "heads", cadence="weekly:fri", now=THURSDAY - timedelta(hours=8))
    arxiv.entries.clear()
    Paper.objects.all().delete()
    gather(THURSDAY + 2 * HOUR)
    assert "no paper at all" in GatherRun.objects.latest("pk").doubt
    assert "gather-doubtful" in check_health(now=THURSDAY + 2 * HOUR)
    room.run(THURSDAY + 8 * HOUR)
    [said] = (" ".join(text.replace("\u00a0", " ").split()) for text in room.texts())
    assert "arXiv had not answered fully on 19 June." in said
    if answered_before:
        assert "No new papers are known so far in your fields." in said
    else:
        assert "arXiv has not answered fully, so what is new there is not known yet." in said
    assert "came out in your fields" not in said


def test_a_frozen_answer_is_an_incident_by_the_afternoon_and_is_not_called_empty(room: Newsroom) -> None:
    subscriber = room.subscriber(
        "a@example.org", "heads", cadence="daily", now=THURSDAY - timedelta(hours=20)
    )
    room.run(THURSDAY - timedelta(hours=16))
    gather(THURSDAY + 2 * HOUR)
    run = GatherRun.objects.latest("pk")
    assert (run.new, run.error) == (0, "")
    assert "hold no paper of the last announcement; such a day usually brings 5" in run.doubt
    assert "gather-doubtful" not in check_health(now=THURSDAY + 3 * HOUR)  # an hour or two late is normal
    assert "gather-doubtful" in check_health(now=THURSDAY + 7 * HOUR)
    assert "usually brings 5" in Incident.objects.get(name="gather-doubtful").detail
    room.run(THURSDAY + 8 * HOUR)
    skipped = Delivery.objects.filter(subscriber=subscriber, state="SKIPPED").latest("slot_at")
    assert skipped.last_detail == HALF_ANSWERED


def test_the_next_mail_says_on_which_day_arxiv_had_not_answered_fully(
    arxiv: ArxivServer, room: Newsroom
) -> None:
    room.subscriber("a@example.org", "heads", cadence="daily", now=THURSDAY - timedelta(hours=20))
    room.run(THURSDAY - timedelta(hours=16))
    gather(THURSDAY + 2 * HOUR)
    room.run(THURSDAY + 8 * HOUR)
    arxiv.entries += submitted(datetime(2026, 6, 18, tzinfo=UTC), 1)
    gather(THURSDAY + 20 * HOUR)
    assert check_health(now=THURSDAY + 20 * HOUR) == ["gather-doubtful"]  # it ends
    room.run(THURSDAY + 32 * HOUR)
    said = " ".join(room.texts()[-1].replace("\u00a0", " ").split())
    assert "No mail came on 19 June, when arXiv had not answered fully." in said
    assert "Nothing matched your topics on" not in said


def test_over_a_weekend_nothing_is_missing_and_nobody_is_told_that_arxiv_was_silent(
    arxiv: ArxivServer, room: Newsroom
) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily", now=THURSDAY - timedelta(hours=8))
    arxiv.entries += submitted(datetime(2026, 6, 18, tzinfo=UTC), 1, title="Cats")
    gather(THURSDAY + 2 * HOUR)
    for day in range(3):
        room.run(THURSDAY + timedelta(days=day, hours=8))
    skipped = Delivery.objects.filter(subscriber=subscriber, state="SKIPPED").order_by("slot_at")
    assert [row.last_detail for row in skipped][-2:] == ["", ""]
    assert check_health(now=THURSDAY + timedelta(days=2)) == []


def test_a_topics_page_does_not_say_that_nothing_matched_while_nobody_knows(
    arxiv: ArxivServer, tmp_path: Path
) -> None:
    client = Client(headers={"host": "localhost"})
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    nothing, unknown = "No paper of this topic has come yet", "arXiv has not answered fully"
    assert unknown in client.get("/topics/heads/").content.decode()
    arxiv.entries = submitted(datetime(2026, 5, 25, tzinfo=UTC), 25, title="Cats")
    gather(timezone.now() - timedelta(minutes=1), days=4_000)
    GatherRun.objects.update(doubt="")
    assert nothing in client.get("/topics/heads/").content.decode()
    GatherRun.objects.update(doubt="arXiv's answer is days old.")
    said = client.get("/topics/heads/").content.decode()
    assert (nothing in said, unknown in said) == (False, True)


def test_a_first_answer_that_is_days_old_is_not_believed_for_its_many_papers(
    tmp_path: Path, arxiv: ArxivServer
) -> None:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV")
    gather(THURSDAY + timedelta(days=4, hours=2), days=30)
    run = GatherRun.objects.latest("pk")
    assert run.new == len(arxiv.entries)
    assert "no paper of the last 3 announcements" in run.doubt


def test_a_small_field_may_have_a_day_without_a_paper(tmp_path: Path, arxiv: ArxivServer) -> None:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV")
    arxiv.entries = [one for one in arxiv.entries if one.submitted.day % 7 == 1 and "000v1" in one.xml]
    gather(THURSDAY - timedelta(days=1) + 2 * HOUR, days=30)
    gather(THURSDAY + 2 * HOUR, days=30)
    run = GatherRun.objects.latest("pk")
    assert (run.received > 0, run.new, run.doubt) == (True, 0, "")


def test_a_file_without_a_usable_paper_is_no_answer(tmp_path: Path, arxiv: ArxivServer) -> None:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    room.subscriber("a@example.org", "heads", cadence="weekly:fri", now=THURSDAY - timedelta(hours=8))
    path = tmp_path / "odd.xml"
    path.write_text(feed([entry("2606.00001v1", doi="10.1/x " * 60)]))
    gather_files(work.context().source, paths=[str(path)], now=THURSDAY + HOUR)
    room.run(THURSDAY + 8 * HOUR)
    [said] = (" ".join(text.split()) for text in room.texts())
    assert "arXiv has not answered fully" in said
    assert "came out in your fields" not in said
    assert arxiv.requests == []


def test_a_gather_that_broke_off_half_way_is_not_believed() -> None:
    from newsletter.audience.topics import add_topic
    from newsletter.errors import TemporaryError
    from tests.fakes.papers import paper_record

    add_topic("heads", name="Heads", query="cat:cs.CV", now=JOINED)
    source = ListSource(paper_record(1), error=TemporaryError("arXiv answered 503"))
    gather_papers(source, now=THURSDAY + HOUR, lookback=LOOKBACK)
    assert [bool(run.doubt) for run in GatherRun.objects.order_by("pk")] == [True, False]


# --- a lasting mismatch ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("room")
def test_after_three_equal_answers_hours_apart_what_is_whole_is_kept(arxiv: ArxivServer) -> None:
    arxiv.entries += submitted(datetime(2026, 6, 18, tzinfo=UTC), 1)
    arxiv.fail(*[Fault(drop=1)] * 99)
    source = ArxivApi(
        gate=work.context().source.gate,  # type: ignore[attr-defined]
        url=arxiv.url,
        sleep=lambda _: None,
    )
    before = Paper.objects.count()
    for hours in (1, 1.5, 3):
        gather_papers(source, now=THURSDAY + hours * HOUR, lookback=LOOKBACK)
    assert lasting_gap(THURSDAY + 3.5 * HOUR) == 0  # three, but only two of them an hour apart
    assert Paper.objects.count() == before
    gather_papers(source, now=THURSDAY + 4.5 * HOUR, lookback=LOOKBACK)
    run = GatherRun.objects.latest("pk")
    assert (run.error, run.missing, run.received) == ("", 1, run.total_results - 1)
    assert Paper.objects.count() == before + A_DAY - int(run.new < A_DAY)
    assert "papers-missing" in check_health(now=THURSDAY + 5 * HOUR)
    assert "one entry more than it sent" in Incident.objects.get(name="papers-missing").detail
    arxiv.faults.clear()
    gather_papers(source, now=THURSDAY + 6 * HOUR, lookback=LOOKBACK)
    assert "papers-missing" in check_health(now=THURSDAY + 6 * HOUR)  # it ends
    assert not Incident.objects.filter(name="papers-missing", closed_at=None).exists()


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("fault", [EMPTY, Fault(drop=2)])
def test_another_mismatch_or_an_empty_page_is_never_kept(arxiv: ArxivServer, fault: Fault) -> None:
    source = ArxivApi(
        gate=work.context().source.gate,  # type: ignore[attr-defined]
        url=arxiv.url,
        sleep=lambda _: None,
    )
    arxiv.fail(*[Fault(drop=1)] * 10)
    for hours in (1, 3):
        gather_papers(source, now=THURSDAY + hours * HOUR, lookback=LOOKBACK)
    arxiv.faults.clear()
    arxiv.fail(*[fault] * 99)
    gather_papers(source, now=THURSDAY + 5 * HOUR, lookback=LOOKBACK)
    assert GatherRun.objects.latest("pk").error
