"""The tasks beside the flow: the tick, the health checks, the canary, and what is forgotten in its time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from newsletter.adapters.infra.broker import Queue
from newsletter.models import (
    CanaryFlight,
    Delivery,
    Figure,
    FullTextRecord,
    GatherRun,
    Incident,
    KeptText,
    Paper,
    Subscriber,
    Topic,
)
from newsletter.models.delivery import FIRST, State
from newsletter.models.subscriber import Status
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import new_subscriber
from tests.pipeline.newsroom import MONDAY, SUNDAY, TUESDAY, states
from tests.worker.workers import MINUTE, Workers, finished

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


# --- tick ------------------------------------------------------------------------------------------------


def test_the_tick_plans_each_subscriber_ahead_and_wakes_who_goes_on_once_the_slot_has_passed(
    workers: Workers,
) -> None:
    workers.room.topic("heads", "cat:cs.CV")
    ann = workers.room.subscriber("ann@example.org", "heads", cadence="daily")
    zoe = workers.room.subscriber("zoe@example.org", "heads", cadence="daily", at="09:00")
    assert workers.run("tick", at=MONDAY - MINUTE) == []
    assert states(ann) == states(zoe) == [("2026-06-15", "PLANNED")]
    assert workers.run("tick", at=MONDAY) == [Queue.COMPOSE]
    assert workers.run("tick", at=MONDAY + MINUTE) == [Queue.COMPOSE]
    assert Delivery.objects.count() == 2
    Delivery.objects.update(state=State.SKIPPED)
    assert workers.run("tick", at=MONDAY + MINUTE) == []


@pytest.mark.parametrize(
    ("fields", "woken"),
    [
        ({}, [Queue.SEND]),
        ({"state": State.RETRY_WAIT}, [Queue.SEND]),
        ({"next_attempt_at": None}, [Queue.SEND]),  # none can be overlooked for lack of a time
        ({"slot_key": FIRST}, [Queue.TRANSACTIONAL]),
        ({"is_on_demand": True}, [Queue.TRANSACTIONAL]),
        ({"next_attempt_at": MONDAY + MINUTE}, []),
        ({"state": State.ACCEPTED}, []),
        ({"state": State.SENDING, "lease_owner": "elsewhere/1/1.0", "lease_until": MONDAY + MINUTE}, []),
        (
            {"state": State.SENDING, "lease_owner": "elsewhere/1/1.0", "lease_until": MONDAY - MINUTE},
            [Queue.SEND],
        ),
        ({"state": State.QUARANTINED}, []),
    ],
)
@pytest.mark.parametrize("task", ["tick", "retry"])
def test_what_is_due_wakes_the_worker_that_it_belongs_to(
    task: str, fields: dict[str, Any], woken: list[Queue], workers: Workers
) -> None:
    finished(**fields)
    assert workers.run(task) == woken


def test_the_tick_forgets_full_texts_when_their_day_is_over(workers: Workers) -> None:
    paper = Paper.from_record(paper_record(), first_seen_at=SUNDAY)
    paper.save()
    record = FullTextRecord.objects.create(paper=paper, paper_version=1)
    KeptText.objects.create(record=record, content={}, kept_until=MONDAY)
    workers.run("tick", at=MONDAY - MINUTE)
    assert KeptText.objects.exists()
    workers.run("tick", at=MONDAY + MINUTE)
    assert not KeptText.objects.exists()


# --- health, canary ----------------------------------------------------------------------------------------


def open_incidents() -> list[str]:
    return sorted(Incident.objects.filter(closed_at=None).values_list("name", flat=True))


def test_health_checks_tell_of_what_waits_too_long(workers: Workers) -> None:
    finished(at=MONDAY)
    workers.run("check_health", at=MONDAY + 59 * MINUTE)
    assert open_incidents() == []
    workers.run("check_health", at=MONDAY + 61 * MINUTE)
    assert open_incidents() == ["mails-waiting"]


def test_health_checks_ask_for_no_answer_for_topics_that_have_ended(workers: Workers) -> None:
    workers.room.topic("heads", "cat:cs.CV")
    Topic.objects.update(is_active=False)
    workers.run("check_health", at=TUESDAY)
    assert open_incidents() == []
    Topic.objects.update(is_active=True)
    workers.run("check_health", at=TUESDAY)
    assert open_incidents() == ["gather-late"]


def test_health_checks_go_by_arxivs_latest_answer(workers: Workers) -> None:
    workers.room.topic("heads", "cat:cs.CV")
    for moment in (SUNDAY - 30 * DAY, MONDAY + timedelta(hours=17, minutes=5)):
        GatherRun.objects.create(started_at=moment, query="all", new=100, received=100, total_results=100)
    workers.run("check_health", at=TUESDAY)
    assert open_incidents() == []


@pytest.mark.parametrize(
    "fields", [{"from_file": True}, {"error": "503"}], ids=["a file is no answer", "nor is a failure"]
)
def test_health_checks_take_nothing_else_for_an_answer(fields: dict[str, object], workers: Workers) -> None:
    workers.room.topic("heads", "cat:cs.CV")
    GatherRun.objects.create(started_at=TUESDAY - MINUTE, query="all", new=100, **fields)
    workers.run("check_health", at=TUESDAY)
    assert open_incidents() == ["gather-late"]


def test_the_canary_flies_once_a_day_and_its_bait_is_the_transactional_workers(
    workers: Workers, settings: Settings, live_server: LiveServer
) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns without it
    update = {"base_url": live_server.url, "operator_email": "operator@example.org"}
    settings.CONFIG = settings.CONFIG.model_copy(update=update)
    workers.room.topic("heads", "cat:cs.CV")
    workers.run("canary")
    flight = CanaryFlight.objects.get()
    assert (flight.day, flight.judged_at, flight.failure) == (MONDAY.date(), None, "")
    assert workers.run("retry", at=MONDAY + MINUTE) == [Queue.TRANSACTIONAL]
    workers.run("transactional", at=MONDAY + MINUTE)
    workers.run("canary", at=MONDAY + 5 * MINUTE)
    flight.refresh_from_db()
    assert flight.judged_at is not None
    assert workers.room.mails() == []
    workers.run("canary", at=MONDAY + 10 * MINUTE)
    assert CanaryFlight.objects.count() == 1


# --- what is forgotten -------------------------------------------------------------------------------------


def test_figures_that_may_be_shown_no_longer_go_with_their_files(
    workers: Workers, settings: Settings, tmp_path: object
) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"data_dir": tmp_path, "figures": "licensed"})
    shown = figure(1, licence="http://creativecommons.org/licenses/by/4.0/")
    figure(2, licence="http://arxiv.org/licenses/nonexclusive-distrib/1.0/")
    workers.run("forget_figures")
    assert list(Figure.objects.all()) == [shown]


def figure(number: int, *, licence: str) -> Figure:
    paper = Paper.from_record(paper_record(number), first_seen_at=SUNDAY)
    paper.save()
    record = FullTextRecord.objects.create(paper=paper, paper_version=1, licence=licence)
    return Figure.objects.create(
        record=record, position=1, number="1", caption="", image=f"{number}.webp", width=1, height=1
    )


def test_old_mails_lose_what_is_personal(workers: Workers) -> None:
    old = finished(state=State.ACCEPTED, outcome_at=MONDAY, recipient="ann@example.org")
    workers.run("forget_old", at=MONDAY + 364 * DAY)
    assert Delivery.objects.get(pk=old.pk).recipient == "ann@example.org"
    workers.run("forget_old", at=MONDAY + 366 * DAY)
    assert Delivery.objects.get(pk=old.pk).recipient == ""


def test_addresses_that_never_confirmed_are_forgotten(workers: Workers) -> None:
    new_subscriber("never@example.org", status=Status.PENDING, joined_at=MONDAY)
    new_subscriber("ann@example.org", joined_at=MONDAY)
    workers.run("forget_unconfirmed", at=MONDAY + 5 * DAY)
    assert Subscriber.objects.count() == 2
    workers.run("forget_unconfirmed", at=MONDAY + 30 * DAY)
    assert Subscriber.objects.get().email == "ann@example.org"
