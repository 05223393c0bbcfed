"""A reader of two topics, with a digest of five papers and three more by title."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.seen_papers import pack_seen
from newsletter.core.digests.selection import Place, Selected
from newsletter.core.digests.selection import Selection as SelectionValue
from newsletter.models import Delivery, Paper, PaperFeedback, Selection, Subscriber, Topic
from newsletter.models.delivery import State
from newsletter.models.selection import store_selections
from newsletter.subscribers.taste.mailed import LinkedPaper
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import digest
from tests.pipeline.newsroom import MONDAY, NEXT_MONDAY, SUNDAY, Newsroom

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
    records = [paper_record(number) for number in range(1, SHOWN + LISTED + 1)]
    room.take_in(*records, now=SUNDAY + HOUR)
    topic = Topic.objects.get(slug="heads")
    papers = list(Paper.objects.order_by("arxiv_id"))
    # As a run would leave it, without the seconds that one takes.
    delivery = digest(
        subscriber,
        selection=_offered(papers, topic=topic),
        state=State.ACCEPTED,
        slot_key=MONDAY.date().isoformat(),
        slot_at=MONDAY,
        composed_at=MONDAY,
    )
    subscriber.next_slot_at = NEXT_MONDAY
    subscriber.seen_papers = pack_seen(each.pk for each in papers)
    subscriber.save()
    return Reader(room, subscriber, delivery, topic)


def _offered(papers: list[Paper], *, topic: Topic) -> Selection:
    selected = [
        Selected(
            paper_id=each.pk,
            topic=topic.pk,
            position=place,
            place=Place.SUMMARIZED if place < SHOWN else Place.LISTED,
        )
        for place, each in enumerate(papers)
    ]
    [row] = store_selections([SelectionValue(topics=(topic.pk,), papers=tuple(selected))])
    return row
