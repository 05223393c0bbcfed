"""What the operator's answers cost the database: counted, and the same for two readers as for sixty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from newsletter.models import Paper, Subscriber, Subscription
from newsletter.models.delivery import State
from newsletter.operating.listing import deliveries
from newsletter.operating.situation import Situation, situation
from newsletter.operating.subscribers import sentences
from newsletter.operating.today import today
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import NOW, digest, new_subscriber, topic

pytestmark = pytest.mark.django_db

MOST = {"situation": 4, "today": 22, "listing": 1, "states": 3, "reader": 2}


def make(readers: int) -> Subscriber:
    heads = topic(f"heads{readers}")
    for number in range(readers):
        reader = new_subscriber(next_slot_at=NOW + timedelta(days=1), cadence="daily")
        Subscription.objects.create(subscriber=reader, topic=heads, position=0, created_at=NOW)
        state = list(State)[number % len(State)]
        digest(reader, state=state, outcome_at=NOW, last_code="451", last_detail=f"try {number}")
    return reader


def cost(read: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as said:
        read()
    return len(said)


@pytest.mark.parametrize("readers", [2, 60])
def test_statements_do_not_grow_with_readers(readers: int) -> None:
    reader = make(readers)
    now: Situation = situation(now=NOW, real_now=timezone.now())
    costs = {
        "situation": cost(lambda: situation(now=NOW, real_now=timezone.now())),
        "today": cost(lambda: today(now)),
        "listing": cost(lambda: deliveries(now)),
        "states": cost(lambda: deliveries(now, states=(State.SENDING, State.COMPOSED, State.RETRY_WAIT))),
        "reader": cost(lambda: sentences(reader, now)),
    }
    assert costs == MOST


@pytest.mark.parametrize("readers", [2, 60])
def test_summaries_that_planned_digests_wait_for_are_counted_in_one_statement(
    readers: int, settings: Settings
) -> None:
    update = {"summariser": "gemini", "gemini_api_key": "none"}
    settings.CONFIG = settings.CONFIG.model_copy(update=update)
    for number in range(readers):
        paper = Paper.from_record(paper_record(number), first_seen_at=NOW)
        paper.save()
        planned = {"state": State.PLANNED, "composed_at": None, "papers": {"summarised": [paper.pk]}}
        digest(new_subscriber(), **planned)
    Paper.objects.update(matched_at=NOW)
    now = situation(now=NOW, real_now=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        found = deliveries(now, states=(State.PLANNED,), limit=100)
    assert {each.told.code for each in found} == {"summaries"}
    assert (len(found), len(asked)) == (readers, 2)
