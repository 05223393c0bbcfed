"""The daily token cap: never passed, whoever asks, and said in the digest."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import Sum

from newsletter.adapters.genai import GenaiSummariser
from newsletter.core.reading import Depth
from newsletter.models import Allowance, Paper, Summary
from newsletter.pipeline.budget import KIND, CappedSummariser
from newsletter.pipeline.summarise import Wanted, write_summaries
from tests.fakes.gemini_server import Fault, GeminiServer
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom, body

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
def inner(gemini: GeminiServer) -> GenaiSummariser:
    return GenaiSummariser(api_key="k", model="m", endpoint=gemini.url, max_attempts=1)


@pytest.fixture(autouse=True)
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path)
    room.topic("heads", "cat:cs.CV AND ti:heads")
    room.take_in(*(paper_record(number) for number in range(1, 9)), now=SUNDAY + timedelta(hours=1))
    return room


def most(inner: GenaiSummariser) -> int:
    return inner.most_tokens(Paper.objects.all()[0].record, language="en", depth=Depth.HEADLINE)


def counted() -> int:
    return int(Allowance.objects.filter(kind=KIND).aggregate(tokens=Sum("count"))["tokens"] or 0)


def wanted() -> list[Wanted]:
    return [Wanted(paper.pk, "en", Depth.HEADLINE) for paper in Paper.objects.order_by("pk")]


def test_it_counts_what_was_really_spent(inner: GenaiSummariser) -> None:
    write_summaries(wanted()[:2], summariser=CappedSummariser(inner, daily=10**9), now=MONDAY)
    rows = Summary.objects.filter(model="m").aggregate(spent=Sum("input_tokens") + Sum("output_tokens"))
    assert counted() == rows["spent"] > 0


def test_not_one_call_is_made_that_could_pass_the_cap(inner: GenaiSummariser, gemini: GeminiServer) -> None:
    report = write_summaries(wanted(), summariser=CappedSummariser(inner, daily=most(inner) - 1), now=MONDAY)
    assert (gemini.calls, report.model, report.failed) == (0, 0, 8)
    # No attempt is used up: tomorrow they are asked for again.
    assert set(Summary.objects.filter(model="m").values_list("failure", "attempts")) == {("daily_cap", 0)}


def test_workers_together_do_not_pass_it(inner: GenaiSummariser) -> None:
    cap = most(inner) * 3
    capped = CappedSummariser(inner, daily=cap)

    def work(want: Wanted) -> None:
        try:
            write_summaries([want], summariser=capped, now=MONDAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, wanted()))
    assert 0 < counted() <= cap


def test_a_paid_answer_that_cannot_be_used_is_counted(inner: GenaiSummariser, gemini: GeminiServer) -> None:
    gemini.answer_always(Fault.INVALID_JSON)
    write_summaries(wanted()[:1], summariser=CappedSummariser(inner, daily=10**9), now=MONDAY)
    assert 0 < counted() < most(inner)


def test_a_request_without_an_answer_stays_counted_in_full(gemini: GeminiServer) -> None:
    gemini.answer_always(Fault.HANG)
    impatient = GenaiSummariser(api_key="k", model="m", endpoint=gemini.url, max_attempts=1, timeout=0.3)
    write_summaries(wanted()[:1], summariser=CappedSummariser(impatient, daily=10**9), now=MONDAY)
    assert counted() == most(impatient)


def test_beyond_the_cap_a_digest_carries_the_authors_words_and_says_so(
    room: Newsroom, inner: GenaiSummariser
) -> None:
    room.summariser = CappedSummariser(inner, daily=0)
    room.reader("a@example.org", "heads", depth="headline")
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 1}
    [mail] = room.mails()
    assert body(mail, "plain").count("No summary of this paper could be used") == 8
