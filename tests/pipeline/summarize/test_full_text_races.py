"""Many workers at once, on a real database: a paper is read once, and every one of them gets its text."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import connection

from newsletter.adapters.llm.genai import GenaiSummariser
from newsletter.adapters.ports import PaperText
from newsletter.core.arxiv.full_text import FullText, TextSection
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.summary import DetailLevel, Wanted
from newsletter.models import FullTextRecord, KeptText, Paper, Summary
from newsletter.pipeline.summarize.full_text import FullTextLater, full_text_for
from newsletter.pipeline.summarize.generate import write_summaries
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.papers import paper_record

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
TEXT = FullText(sections=(TextSection(title="Method", text="We do."),))
WORKERS = 6


class Slow:
    """A FullTextSource that is still reading when the others come."""

    def __init__(self) -> None:
        self.reads = 0
        self.started = threading.Barrier(WORKERS)

    def licence(self, paper: PaperRecord) -> str:  # noqa: ARG002  # the protocol's
        return ""

    def read(self, paper: PaperRecord, *, figures: int) -> PaperText:  # noqa: ARG002
        self.reads += 1
        time.sleep(0.3)
        return PaperText(text=TEXT)


@pytest.mark.django_db(transaction=True)
def test_six_workers_read_a_paper_once() -> None:
    paper = Paper.from_record(paper_record(), first_seen_at=NOW)
    paper.save()
    source = Slow()

    def work(_: int) -> FullText | None:
        source.started.wait()
        try:
            while True:
                try:
                    return full_text_for(Paper.objects.get(), source=source, now=NOW)
                except FullTextLater:
                    time.sleep(0.05)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as pool:
        texts = list(pool.map(work, range(WORKERS)))

    assert texts == [TEXT] * WORKERS
    assert source.reads == 1
    assert (FullTextRecord.objects.count(), KeptText.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_paper_wanted_in_two_languages_is_read_once_and_late_digests_get_both_readings() -> None:
    paper = Paper.from_record(paper_record(), first_seen_at=NOW)
    paper.save()
    source = Slow()
    with GeminiServer() as gemini:
        write_summaries(
            [Wanted(paper.pk, language, DetailLevel.READING) for language in ("en", "zh-hans")],
            summariser=GenaiSummariser(api_key="k", model="gemini-test", endpoint=gemini.url),
            now=NOW,
            full_text=partial(full_text_for, source=source),
        )
    written = Summary.objects.filter(model="gemini-test").order_by("language")
    assert [(each.language, each.detail, each.fallback) for each in written] == [
        ("en", DetailLevel.READING, ""),
        ("zh-hans", DetailLevel.READING, ""),
    ]
    assert source.reads == 1
