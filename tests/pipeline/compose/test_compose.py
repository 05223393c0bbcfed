"""Compose: how long a digest waits, and that one bad digest holds up no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from newsletter.adapters.llm.genai import GenaiSummariser
from newsletter.core.digests.digest import Digest
from newsletter.core.summaries.summary import DetailLevel, Wanted
from newsletter.models import ArxivGate, Paper, Summary
from newsletter.pipeline.compose.compose import ComposeReport, compose_planned
from newsletter.pipeline.compose.render import DigestRenderer, FragmentStore, RenderedDigest
from newsletter.pipeline.schedule import plan_due
from newsletter.pipeline.summarize.generate import write_summaries
from newsletter.pipeline.summarize.store import PATIENCE
from tests.fakes.gemini_server import Fault, GeminiServer
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import deliver
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom, states

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    return room


def compose(room: Newsroom, *, after: timedelta = timedelta(0)) -> ComposeReport:
    """Compose as a worker does: patiently."""
    now = MONDAY + after
    plan_due(now=now)
    context = room.context
    return compose_planned(
        now=now, summariser=context.summariser, renderer_for=context.renderer, is_patient=True
    )


class FailingRenderer(DigestRenderer):
    """Renders everyone's digest but one."""

    def render(self, digest: Digest) -> RenderedDigest:
        if digest.email.startswith("bad@"):
            raise RuntimeError("no words for it")
        return super().render(digest)


def renderer_that_fails(fragment_store: FragmentStore) -> DigestRenderer:
    return FailingRenderer(
        name="arXiv digest", base_url="http://localhost", postal_address="", fragment_store=fragment_store
    )


def test_it_waits_half_an_hour_for_a_summary_and_goes_without(room: Newsroom, gemini: GeminiServer) -> None:
    room.summariser = GenaiSummariser(api_key="k", model="m", endpoint=gemini.url)
    subscriber = room.subscriber("a@example.org", "heads")
    assert compose(room).waiting == 1
    assert compose(room, after=PATIENCE - timedelta(seconds=1)).waiting == 1
    assert compose(room, after=PATIENCE).composed == 1
    assert states(subscriber) == [("2026-06-15", "COMPOSED")]
    assert gemini.calls == 0


def test_a_summary_that_comes_later_causes_no_second_mail(room: Newsroom, gemini: GeminiServer) -> None:
    room.summariser = GenaiSummariser(api_key="k", model="m", endpoint=gemini.url)
    subscriber = room.subscriber("a@example.org", "heads")
    late = MONDAY + PATIENCE
    assert compose(room, after=PATIENCE).composed == 1
    deliver(room.context.mailer, now=late)
    wanted = [Wanted(paper.pk, "en", DetailLevel.TAKEAWAYS) for paper in Paper.objects.all()]
    assert write_summaries(wanted, summariser=room.summariser, now=late).model == 1
    for minutes in (1, 60):
        room.run(late + timedelta(minutes=minutes))
    assert states(subscriber) == [("2026-06-15", "ACCEPTED")]
    [text] = room.texts()
    assert "the summary was not ready in time" in " ".join(text.split())


def test_it_does_not_wait_for_a_summary_that_cannot_come_in_time(
    room: Newsroom, gemini: GeminiServer
) -> None:
    room.summariser = GenaiSummariser(api_key="k", model="m", endpoint=gemini.url, max_attempts=1)
    room.subscriber("a@example.org", "heads")
    assert compose(room).waiting == 1
    gemini.answer_always(Fault.SERVER_ERROR)
    wanted = [Wanted(paper.pk, "en", DetailLevel.TAKEAWAYS) for paper in Paper.objects.all()]
    write_summaries(wanted, summariser=room.summariser, now=MONDAY)
    assert compose(room, after=timedelta(minutes=1)).waiting == 1
    Summary.objects.filter(model="m").update(retry_at=timezone.now() + timedelta(minutes=40))
    assert compose(room, after=timedelta(minutes=2)).composed == 1


def test_it_waits_for_a_running_gather(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    now = timezone.now()
    ArxivGate.objects.create(id=1, holder="x", held_until=now + timedelta(minutes=1), next_request_at=now)
    assert compose(room).waiting == 1
    ArxivGate.objects.update(held_until=None)
    assert compose(room).composed == 1


def test_it_waits_until_new_papers_are_matched(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    Paper.objects.update(matched_at=None)
    assert compose(room).waiting == 1
    assert compose(room, after=PATIENCE).composed == 1


def test_one_digest_that_cannot_be_composed_holds_up_no_other(
    room: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    # Not alike: the digest of one would be the digest of the other, rendered once.
    bad = room.subscriber("bad@example.org", "heads", depth="headline")
    good = room.subscriber("good@example.org", "heads")
    plan_due(now=MONDAY)
    report = compose_planned(
        now=MONDAY, summariser=room.context.summariser, renderer_for=renderer_that_fails, is_patient=True
    )
    assert (report.composed, report.failed) == (1, 1)
    assert (states(bad), states(good)) == ([("2026-06-15", "PLANNED")], [("2026-06-15", "COMPOSED")])
    assert "could not be composed" in caplog.text
