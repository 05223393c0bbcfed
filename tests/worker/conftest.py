"""Fixtures of the workers' tests."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.models import Subscriber
from newsletter.pipeline import tasks as work
from newsletter.pipeline.schedule import plan_due
from tests.fakes.mailer import ScriptedMailer
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom
from tests.worker.workers import Workers


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workers:
    """Bind the tasks to an outbox of this test's, and note whom they wake."""
    room = Newsroom(tmp_path / "outbox")
    workers = Workers(room, room.context)
    monkeypatch.setattr(work, "context", lambda: workers.context)
    monkeypatch.setattr(work, "wake", workers.wake)
    return workers


@pytest.fixture
def mailer(workers: Workers) -> ScriptedMailer:
    mailer = ScriptedMailer()
    workers.context.__dict__["mailer"] = mailer  # cached_property looks into the instance first
    return mailer


@pytest.fixture
def ann(workers: Workers) -> Subscriber:
    """Return a daily reader whose digest of Monday is planned, with one paper."""
    workers.room.topic("heads", "cat:cs.CV")
    ann = workers.room.subscriber("ann@example.org", "heads", cadence="daily")
    workers.room.take_in(paper_record(), now=SUNDAY + timedelta(hours=1))
    plan_due(now=MONDAY)
    return ann
