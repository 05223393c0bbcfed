"""A service that has sent a digest, and a visitor to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from newsletter.adapters.ports import Answer
from newsletter.audience.tokens import Purpose, delivery_subject, digest_token, make_token
from newsletter.audience.topics import add_topic
from newsletter.core.digests.selection import Place
from newsletter.models import Delivery, Paper, Subscriber, Topic
from newsletter.pipeline.context import Context
from newsletter.pipeline.gather import save_answer
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.run import run_once
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from tests.fakes.papers import paper_record
from tests.fakes.rows import Rows, put_rows, take_rows

JOINED = datetime(2026, 6, 12, 8, 0, tzinfo=UTC)
SENT = JOINED + timedelta(days=7)
PAPERS = 14
"""One summarised, ten listed, three counted."""


@dataclass(frozen=True, slots=True)
class Service:
    """One public topic with papers, another without, a private one, and a reader who got a digest."""

    subscriber: Subscriber
    delivery: Delivery
    private: Topic

    def link(self, purpose: Purpose) -> str:
        """Return the path of a reader's link, or of a digest's."""
        if purpose is Purpose.DIGEST:
            return f"/digests/{digest_token(self.delivery.pk, link_key=self.subscriber.link_key)}"
        if purpose is Purpose.SHARE:
            return f"/digests/{make_token(purpose, subject=delivery_subject(self.delivery.pk))}"
        return f"/{purpose}/{make_token(purpose, subject=self.subscriber.link_key)}"

    def counted(self) -> list[Paper]:
        return list(Paper.objects.filter(pk__in=self.delivery.selected.shown(Place.COUNTED)))


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """As ``wsgi.py`` does: WhiteNoise warns without it."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def visitor() -> Client:
    """Somebody whose requests are checked like a browser's."""
    return Client(enforce_csrf_checks=True, SERVER_NAME="localhost")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a service left behind that ran once for all tests of a session."""

    rows: Rows
    mails: dict[Path, bytes]


@pytest.fixture(scope="session")
def kept(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Kept:  # noqa: ARG001 - the database
    with django_db_blocker.unblock(), transaction.atomic():
        _run_service()
        rows = take_rows()
        transaction.set_rollback(True)
    mails = {path: path.read_bytes() for path in settings.CONFIG.outbox_folder.iterdir()}
    shutil.rmtree(settings.CONFIG.outbox_folder)
    return Kept(rows, mails)


def _run_service() -> None:
    add_topic(
        "heads",
        name="Talking heads",
        names={"zh-hans": "说话人头像"},
        group="Vision",
        query='cat:cs.CV AND abs:"talking heads"',
        now=JOINED,
    )
    add_topic("quiet", name="Quiet corner", query="cat:math.CO", now=JOINED)
    papers = tuple(paper_record(number) for number in range(1, PAPERS + 1))
    save_answer(Answer(query="all", total_results=PAPERS, papers=papers), now=SENT - timedelta(days=1))
    match_papers(now=SENT - timedelta(days=1), lookback=timedelta(days=14))
    preferences = Preferences.checked(cadence="weekly:fri", timezone="UTC", max_papers=1)
    subscriber = add_by_operator(
        "ada@example.org", topics=["heads", "quiet"], preferences=preferences, source="test", now=JOINED
    )
    add_topic("secret", name="Secret", query="cat:cs.CV", now=JOINED, owner=subscriber)
    run_once(Context(settings.CONFIG), now=SENT, gather=False)


@pytest.fixture
def service(db: None, kept: Kept) -> Iterator[Service]:  # noqa: ARG001 - the database
    put_rows(kept.rows)
    for path, content in kept.mails.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    subscriber = Subscriber.objects.get()
    private = Topic.objects.get(owner=subscriber)
    yield Service(subscriber, subscriber.deliveries.get(), private)
    shutil.rmtree(settings.CONFIG.outbox_folder, ignore_errors=True)


def every_row() -> dict[str, list[dict[str, Any]]]:
    """Return the whole database, to be compared with itself later."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()
    }


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Let the pages of joining live at the time of the service's papers; waits and leases stay real."""
    now = SENT + timedelta(hours=1)
    for module in ("home", "confirm", "link_by_mail"):
        monkeypatch.setattr(f"newsletter.web.{module}.timezone", SimpleNamespace(now=lambda: now))
    return now
