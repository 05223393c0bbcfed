"""A reader of two topics, with a digest of five papers and three more by title."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.models import Delivery, Paper, PaperFeedback, Subscriber, Topic
from newsletter.subscribers.taste.mailed import LinkedPaper
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom

HOUR = timedelta(hours=1)
SHOWN, LISTED = 5, 3


@dataclass(frozen=True, slots=True)
class Reader:
    room: Newsroom
    subscriber: Subscriber
    delivery: Delivery
    topic: Topic

    def link(self, number: int) -> LinkedPaper:
        """Return the link of the paper of this number."""
        return LinkedPaper(delivery=self.delivery, subscriber=self.subscriber, paper=paper(number))

    def standing(self, number: int) -> tuple[str, bool] | None:
        """Return (verdict, whether saved) as it is stored."""
        row = PaperFeedback.objects.filter(
            subscriber=self.subscriber, arxiv_id=paper_record(number).arxiv_id
        ).first()
        return (row.verdict, row.saved_at is not None) if row else None

    def version(self) -> int:
        return Subscriber.objects.values_list("taste_version", flat=True).get(pk=self.subscriber.pk)


def record(number: int) -> PaperRecord:
    return paper(number).record


def paper(number: int) -> Paper:
    return Paper.objects.get(arxiv_id=paper_record(number).arxiv_id)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    folder = tmp_path / "outbox"
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"outbox_dir": folder}))
    return Newsroom(folder)


@pytest.fixture
def reader(db: None, room: Newsroom) -> Reader:  # noqa: ARG001 - the database
    room.topic("heads", 'cat:cs.CV AND abs:"talking heads"')
    room.topic("graphs", "cat:cs.LG")
    subscriber = room.subscriber("ada@example.org", "heads,graphs", max_papers=SHOWN)
    papers = [paper_record(number) for number in range(1, SHOWN + LISTED + 1)]
    room.take_in(*papers, now=SUNDAY + HOUR)
    room.run(MONDAY)
    subscriber.refresh_from_db()
    return Reader(room, subscriber, subscriber.deliveries.get(), Topic.objects.get(slug="heads"))
