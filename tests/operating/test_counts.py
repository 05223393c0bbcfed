"""What the operator's answers cost the database: counted, and the same for two readers as for sixty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.models import Subscriber, Subscription
from newsletter.models.delivery import State
from newsletter.operating.listing import deliveries
from newsletter.operating.readers import sentences
from newsletter.operating.situation import Situation, situation
from newsletter.operating.today import today
from tests.pipeline.deliveries import NOW, digest, new_subscriber, topic

pytestmark = pytest.mark.django_db

MOST = {"situation": 4, "today": 19, "listing": 1, "states": 3, "reader": 2}


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
