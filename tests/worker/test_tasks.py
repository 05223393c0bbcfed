"""The wiring of the workers: a task calls its function, a stage and a schedule entry have a task."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from celery.exceptions import WorkerLostError
from celery.signals import setup_logging, task_failure, worker_process_init

from newsletter.adapters.infra.broker import TASK, Queue
from newsletter.adapters.mailers.smtp import SmtpMailer
from newsletter.pipeline import tasks as work
from tests.pipeline.newsroom import MONDAY
from tests.worker.workers import seconds_to_next
from worker.app import LookAtOnce, app
from worker.schedule import SCHEDULE

TASKS = (
    "gather_if_due",
    "gather",
    "ask_revisions",
    "tick",
    "summarize",
    "compose",
    "send",
    "transactional",
    "events",
    "retry",
    "forget_figures",
    "close_weeks",
)
LOOKUP = "look_up_libraries"
OTHERS = ("forget_unconfirmed", "check_health", "canary", "forget_old")
"""Each calls a function that is no stage's with the time."""
PREFIX = TASK.format("")


@pytest.mark.parametrize("name", TASKS)
def test_a_task_calls_the_function_of_its_name_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    for each in TASKS:
        monkeypatch.setattr(work, each, lambda each=each, **_: called.append(each))
    app.loader.import_default_modules()
    app.tasks[PREFIX + name].run()
    assert called == [name]


@pytest.mark.parametrize("name", OTHERS)
def test_a_task_beside_the_flow_calls_its_function_with_the_time(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[datetime] = []
    app.loader.import_default_modules()
    monkeypatch.setattr(f"worker.tasks._{name}", lambda *, now: called.append(now))
    app.tasks[PREFIX + name].run()
    (now,) = called
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=2)


def test_these_are_all_the_tasks() -> None:
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert ours == {PREFIX + name for name in (*TASKS, *OTHERS, LOOKUP)}


@pytest.mark.parametrize("queue", Queue)
def test_a_queue_has_a_task_that_is_routed_to_its_queue(queue: Queue) -> None:
    app.loader.import_default_modules()
    task = TASK.format(queue)
    assert task in app.tasks
    assert app.amqp.router.route({}, task)["queue"].name == queue.value


@pytest.mark.parametrize("entry", SCHEDULE)
def test_a_schedule_entry_names_a_task_and_a_queue_that_exist(entry: str) -> None:
    app.loader.import_default_modules()
    assert SCHEDULE[entry]["task"] in app.tasks
    assert SCHEDULE[entry]["options"]["queue"] in set(Queue)


@pytest.mark.parametrize("entry", SCHEDULE)
def test_what_piles_up_while_no_worker_runs_expires_before_the_next_is_due(entry: str) -> None:
    assert SCHEDULE[entry]["options"]["expires"] <= seconds_to_next(SCHEDULE[entry]["schedule"])


@pytest.mark.parametrize("name", ["send", "transactional"])
def test_a_delivering_task_may_wait_as_long_as_a_mail_server_is_waited_for(name: str) -> None:
    app.loader.import_default_modules()
    limit = app.tasks[PREFIX + name].soft_time_limit
    assert limit is not None
    assert timedelta(seconds=limit) > work.TURN + SmtpMailer.lease


def test_no_task_is_acknowledged_late_or_retried_by_the_broker() -> None:
    """Both run tasks again that kill their worker; what is due stands in the database."""
    assert not app.conf.task_acks_late
    assert not app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_soft_time_limit < app.conf.task_time_limit


@pytest.mark.parametrize(("name", "looks"), [("send", 1), ("compose", 1), ("tick", 0)])
def test_a_task_that_went_down_with_its_process_is_looked_after_at_once_but_for_a_tick(
    name: str, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[str] = []
    monkeypatch.setattr("worker.app.publish_tick", lambda: published.append("tick"))
    app.loader.import_default_modules()
    task_failure.send(sender=app.tasks[PREFIX + name], exception=WorkerLostError("signal 9"))
    assert len(published) == looks


def test_a_task_that_only_failed_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[str] = []
    monkeypatch.setattr("worker.app.publish_tick", lambda: published.append("tick"))
    app.loader.import_default_modules()
    task_failure.send(sender=app.tasks[PREFIX + "send"], exception=ValueError("a bug"))
    assert published == []


def test_a_worker_that_connects_looks_at_once_for_what_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that died has lost its queues, and a worker that died has left its leases."""
    published: list[str] = []
    monkeypatch.setattr("worker.app.publish_tick", lambda: published.append("tick"))
    assert LookAtOnce in app.steps["consumer"]
    LookAtOnce(None).start(None)
    assert published == ["tick"]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("retry", 5),
        ("tick", 60),
        ("check_health", 60),
        ("gather_if_due", 600),
        ("look_up_libraries", 60),
        ("canary", 600),
        ("close_weeks", 600),
        ("forget_old", 3600),
        ("forget_unconfirmed", 3600),
        ("forget_figures", 3600),
    ],
)
def test_what_nobody_wakes_is_looked_for_in_time(name: str, seconds: int) -> None:
    """The longest that each may wait: a lost message costs no more than that."""
    entries = [entry for entry in SCHEDULE.values() if entry["task"] == PREFIX + name]
    assert len(entries) == 1
    assert 0 < seconds_to_next(entries[0]["schedule"]) <= seconds


def test_a_tick_comes_as_a_minute_begins_since_slots_do() -> None:
    [tick] = [entry for entry in SCHEDULE.values() if entry["task"] == PREFIX + "tick"]
    assert seconds_to_next(tick["schedule"], after=MONDAY + timedelta(seconds=17)) == 43


def test_no_periodic_task_is_left_out() -> None:
    """The others are woken by whoever leaves them work, and by the tick."""
    periodic = {entry["task"].removeprefix(PREFIX) for entry in SCHEDULE.values()}
    woken = {*(queue.value for queue in Queue)}
    assert periodic.isdisjoint(woken)
    assert periodic | woken == {*TASKS, *OTHERS, LOOKUP}


def test_a_workers_child_ends_with_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    parents: list[int] = []
    monkeypatch.setattr("worker.app.die_with_parent", parents.append)
    worker_process_init.send(sender=None)
    assert parents == [os.getpid()]


def test_celery_leaves_the_log_as_django_set_it_up() -> None:
    assert setup_logging.send(sender=None) != []  # without a receiver Celery makes handlers of its own
    assert not app.conf.worker_hijack_root_logger


def test_a_silent_broker_holds_no_process_for_ever() -> None:
    assert 0 < app.conf.broker_transport_options["socket_timeout"] <= 60
    assert app.conf.task_ignore_result
