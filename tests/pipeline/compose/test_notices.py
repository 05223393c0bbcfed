"""What the operator says at the head of digests: once to each, of a paper to those who have seen it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.models import DigestNotice, Paper
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path)
    room.topic("heads", "cat:cs.CV")
    room.topic("stars", "cat:astro-ph.EP")
    return room


def said(room: Newsroom) -> list[str]:
    return [" ".join(text.split()) for text in room.texts()]


def test_an_announcement_is_told_once_to_everybody_in_their_language(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    room.subscriber("li@example.org", "stars", language="zh-hans")
    texts = {"en": "The digest moves\nto a new server.", "zh-hans": "本服务将迁移。"}
    DigestNotice.objects.create(
        kind="announcement",
        texts=texts,
        url="https://news.example.org/",
        published_at=SUNDAY,
    )
    room.take_in(
        paper_record(1), paper_record(2, categories=("astro-ph.EP",)), now=SUNDAY + timedelta(hours=1)
    )
    room.run(MONDAY)
    room.take_in(
        paper_record(3), paper_record(4, categories=("astro-ph.EP",)), now=MONDAY + timedelta(hours=1)
    )
    room.run(MONDAY + WEEK)
    first, second = said(room)[:2], said(room)[2:]
    expected = "From the operator. The digest moves to a new server. Read more: https://news.example.org/"
    assert sum(expected in text for text in first) == 1
    assert sum("来自管理员。本服务将迁移。" in text for text in first) == 1
    assert len(second) == 2
    assert not any("operator." in text or "管理员" in text for text in second)


def test_a_correction_is_told_to_those_who_have_seen_the_paper(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    room.subscriber("bob@example.org", "stars")
    room.take_in(
        paper_record(1), paper_record(2, categories=("astro-ph.EP",)), now=SUNDAY + timedelta(hours=1)
    )
    room.run(MONDAY)
    paper = Paper.objects.get(arxiv_id="2606.00001")
    DigestNotice.objects.create(
        kind="correction",
        texts={"en": "It names two."},
        paper=paper,
        published_at=MONDAY + WEEK / 2,
    )
    room.take_in(
        paper_record(3), paper_record(4, categories=("astro-ph.EP",)), now=MONDAY + timedelta(hours=1)
    )
    room.run(MONDAY + WEEK)
    told = {str(mail["To"]) for mail in room.mails() if "Correction." in str(mail.get_body(("plain",)))}
    assert told == {"ann@example.org"}
