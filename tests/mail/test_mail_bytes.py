"""Every mail of a sample week as the service writes it: form, size, and the same papers in both forms."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import fast_mail_parser
import pytest
from django.conf import settings

from newsletter.audience.topics import add_topic
from newsletter.core.summaries.summary import DetailLevel
from newsletter.sample.newsroom import LAST_DAY, write_week
from newsletter.sample.newsroom import newsroom as sample
from newsletter.subscribers.account import mail_fresh_link
from tests.fakes.wire import faults, head_fields
from tests.pipeline.newsroom import MONDAY, Newsroom

pytestmark = pytest.mark.django_db

READERS = [(language, depth) for language in ("en", "zh-hans") for depth in DetailLevel]
WEEK = MONDAY.replace(year=LAST_DAY.year, month=LAST_DAY.month, day=LAST_DAY.day) + timedelta(days=3)
"""The Monday after the last day of the sample."""
PAPER_ID = re.compile(r"\b\d{4}\.\d{5}v\d+\b")


@pytest.fixture
def mails(tmp_path: Path) -> list[bytes]:
    room = Newsroom(tmp_path / "outbox")
    joined = WEEK - timedelta(days=8)
    topics = sample().topics
    for topic in topics:
        names = {"zh-hans": topic["name_zh"]}
        add_topic(topic["slug"], name=topic["name"], names=names, query=topic["query"], now=joined)
    add_topic("nothing", name="Herons", query="cat:cs.CV AND ti:egrets", now=joined)
    slugs = ",".join(topic["slug"] for topic in topics)
    for language, depth in READERS:
        preferences = {"language": language, "depth": depth.value, "max_papers": 50}
        subscriber = room.subscriber(
            f"{language}-{depth.value}@example.org", slugs, now=joined, **preferences
        )
        mail_fresh_link(subscriber, now=WEEK)
        room.subscriber(
            f"{language}-{depth.value}-none@example.org", "nothing", now=joined, language=language
        )
    for path in write_week(tmp_path, last_day=LAST_DAY):
        records = room.context.source.read_file(str(path)).papers
        room.take_in(*records, now=WEEK - timedelta(hours=1))
    room.run(WEEK)
    return [path.read_bytes() for path in sorted(room.folder.glob("*.eml"))]


def test_every_mail_is_well_formed_small_enough_and_says_the_same_twice(mails: list[bytes]) -> None:
    assert len(mails) == 3 * len(READERS)
    papers = 0
    for raw in mails:
        assert faults(raw) == []
        read = fast_mail_parser.parse_email(raw)
        assert read.warnings == []
        [text], [html] = read.text_plain, read.text_html
        assert len(html.encode()) <= 90_000
        assert set(PAPER_ID.findall(text)) == set(PAPER_ID.findall(html))
        papers += len(set(PAPER_ID.findall(text)))
        assert text.strip()
        assert read.headers["To"][0] in text
        is_digest = "List-Id" in read.headers
        assert {"List-Unsubscribe", "List-Unsubscribe-Post"} <= read.headers.keys() or not is_digest
        assert dict(head_fields(raw))["Message-ID"].endswith(f"@{settings.BASE_HOST}>")
    assert papers > 100
