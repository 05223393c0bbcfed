"""A database that refuses every write for ten minutes: few tries, few lines, and it goes on afterwards."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.backends.signals import connection_created

from newsletter.adapters.infra.broker import TASK, Queue
from newsletter.config.console_log import ConsoleHandler
from newsletter.models import Delivery, DeliveryEvent
from newsletter.models.delivery import State
from newsletter.pipeline.db_retry import BackOff, with_db_retry
from tests.worker.workers import LATE, Workers, finished, planned, seconds_to_next
from worker.app import app
from worker.schedule import SCHEDULE

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = 250
"""Digests to be composed; there are as many to be sent, and as many events."""
DELIVERY, EVENT = Delivery._meta.db_table, DeliveryEvent._meta.db_table
REFUSE = "CREATE TRIGGER refuse_{0} BEFORE UPDATE ON {0} "
TRIGGER = {
    "sqlite": REFUSE + "BEGIN SELECT RAISE(ABORT, 'no updates'); END",
    "postgresql": "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'no updates'; END $$; "
    + REFUSE
    + "FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
}
READ_ONLY = {
    "sqlite": "PRAGMA query_only = {}",
    "postgresql": "SET default_transaction_read_only = {}",
}


@contextmanager
def read_only() -> Iterator[None]:
    """Refuse every write on this connection, and on those that come after it."""

    def apply(value: str = "on", **_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(READ_ONLY[connection.vendor].format(value))

    def on_connect(**_: Any) -> None:
        apply()

    apply()
    connection_created.connect(on_connect)
    yield
    connection_created.disconnect(on_connect)
    apply("off")


@contextmanager
def trigger_on(table: str) -> Iterator[None]:
    """Refuse updates of this table, as a constraint does: the error tells nothing of which row."""
    with connection.cursor() as cursor:
        cursor.execute(TRIGGER[connection.vendor].format(table))
    yield
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION refuse() CASCADE")
        else:
            cursor.execute(f"DROP TRIGGER refuse_{table}")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    app.loader.import_default_modules()  # it configures logging
    handler = ConsoleHandler()
    lines = handler.stream = io.StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    return lines


def run_for(duration: timedelta, workers: Workers, clock: time_machine.Traveller) -> int:
    """Run what beat publishes and what tasks wake, gathering apart; return how many statements it took."""
    entries = [entry for entry in SCHEDULE.values() if entry["options"]["queue"] != "gather"]
    statements = 0

    def count(execute: Any, *given: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*given)

    with connection.execute_wrapper(count):
        for second in range(0, int(duration.total_seconds()), 5):
            waiting = [entry["task"] for entry in entries if second % seconds_to_next(entry["schedule"]) == 0]
            while waiting:
                workers.woken.clear()
                app.tasks[waiting.pop(0)]()
                waiting += [TASK.format(queue) for queue in workers.woken if queue is not Queue.GATHER]
            clock.shift(timedelta(seconds=5))
    return statements


@pytest.mark.parametrize(
    "refusal",
    [read_only, lambda: trigger_on(DELIVERY), lambda: trigger_on(EVENT)],
    ids=["all", "deliveries", "events"],
)
@pytest.mark.timeout(300)
def test_ten_minutes_of_refusal_cost_little_and_lose_nothing(
    refusal: Any, workers: Workers, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(LATE, tick=False) as clock:
        monkeypatch.setattr(time, "monotonic", time.time)  # the clock that is moved
        monkeypatch.setattr("worker.app.back_off", BackOff(clock=time.time))
        monkeypatch.setitem(
            with_db_retry.__kwdefaults__ or {}, "sleep", lambda s: clock.shift(timedelta(seconds=s))
        )
        rows = [make(at=LATE) for make in (planned, finished) for _ in range(NUMBER)]
        DeliveryEvent.objects.bulk_create(
            DeliveryEvent(
                provider="test", dedupe_key=str(n), delivery=row, kind="delivered", at=LATE, payload={}
            )
            for n, row in enumerate(rows[NUMBER:])
        )
        with refusal():
            statements = run_for(timedelta(minutes=10), workers, clock)
        assert log.getvalue().count("\n") < 2_000
        assert statements < 20_000
        run_for(timedelta(minutes=3), workers, clock)
        assert not DeliveryEvent.objects.filter(applied_at=None).exists()
        states = set(Delivery.objects.filter(pk__in=[row.pk for row in rows]).values_list("state", flat=True))
        assert states <= {State.ACCEPTED, State.DELIVERED, State.SKIPPED}
