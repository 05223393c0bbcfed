"""A small newsroom on a real database and a real outbox, run at any moment of its clock."""

from __future__ import annotations

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from django.conf import settings

from newsletter.adapters.ports import Summariser
from newsletter.audience.topics import add_topic
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.selection import Place
from newsletter.models import Delivery, Subscriber
from newsletter.pipeline.context import Context
from newsletter.pipeline.gather import gather_papers
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.run import RunReport, run_once
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from tests.fakes.papers import ListSource

SUNDAY = datetime(2026, 6, 14, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=days) for days in range(1, 5))
NEXT_MONDAY = MONDAY + timedelta(days=7)
LOOKBACK = timedelta(days=14)


@dataclass
class Newsroom:
    folder: Path
    summariser: Summariser | None = None

    @property
    def context(self) -> Context:
        context = Context(settings.CONFIG.model_copy(update={"outbox_dir": self.folder}))
        if self.summariser:
            # cached_property looks into the instance first
            context.__dict__["summariser"] = self.summariser
        return context

    def topic(self, slug: str, query: str) -> None:
        add_topic(slug, name=slug.title(), names={"zh-hans": f"主题{slug}"}, query=query, now=SUNDAY)

    def subscriber(
        self, address: str, topics: str, *, now: datetime = SUNDAY, **preferences: Any
    ) -> Subscriber:
        checked = Preferences.checked(**preferences)
        return add_by_operator(address, topics=topics.split(","), preferences=checked, source="test", now=now)

    def take_in(self, *papers: PaperRecord, now: datetime) -> None:
        gather_papers(ListSource(*papers), now=now, lookback=LOOKBACK)
        match_papers(now=now, lookback=LOOKBACK)

    def run(self, now: datetime) -> RunReport:
        return run_once(self.context, now=now, gather=False)

    def mails(self) -> list[EmailMessage]:
        """Return every mail in the outbox, by its date."""
        read = [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in self.folder.glob("*.eml")
        ]
        return sorted(read, key=lambda mail: str(mail["Date"].datetime))

    def texts(self) -> list[str]:
        return [body(mail, "plain") for mail in self.mails()]


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\u00a0", " ")


def states(subscriber: Subscriber) -> list[tuple[str, str]]:
    rows = Delivery.objects.filter(subscriber=subscriber).order_by("slot_at")
    return [(row.slot_key, row.state) for row in rows]


def account(subscriber: Subscriber) -> list[tuple[int, int, int, int]]:
    """Return (summarised, listed, counted, scanned) of each digest, by slot."""
    found = []
    for row in Delivery.objects.filter(subscriber=subscriber).order_by("slot_at"):
        summarised, listed, counted = (
            len(row.selected.shown(place)) for place in (Place.SUMMARIZED, Place.LISTED, Place.COUNTED)
        )
        found.append((summarised, listed, counted, row.selected.scanned))
    return found
