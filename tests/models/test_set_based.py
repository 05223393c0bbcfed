"""Many rows in one statement, each with values of its own, on both databases."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import State
from newsletter.models.set_based import update_each
from tests.pipeline.deliveries import NOW, digest, new_subscriber, topic

pytestmark = pytest.mark.django_db


def test_each_row_gets_its_own_values_and_all_get_the_same_of_others() -> None:
    rows, journal = [digest() for _ in range(3)], uuid4()
    values = [(row.pk, number, f"código {number}", number or None) for number, row in enumerate(rows)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        updated = update_each(
            Delivery,
            values[:2],
            match=("id",),
            change=("attempt", "last_detail", "journal_group"),
            to_all={"journal": journal, "outcome_at": NOW, "lease_until": None},
        )
    assert len(queries) == 1
    assert updated == {row.pk for row in rows[:2]}
    found = Delivery.objects.order_by("attempt", "last_detail").values_list(
        "pk", "attempt", "last_detail", "journal_group", "journal", "outcome_at"
    )
    assert set(found) == {
        (rows[0].pk, 0, "código 0", None, journal, NOW),
        (rows[1].pk, 1, "código 1", 1, journal, NOW),
        (rows[2].pk, 0, "", None, None, None),
    }


def test_a_row_that_does_not_match_or_is_in_another_state_stays() -> None:
    right, other_fence, other_state = digest(fence=1), digest(fence=2), digest(fence=1, state=State.FAILED)
    updated = update_each(
        Delivery,
        [(row.pk, 1, "250") for row in (right, other_fence, other_state)],
        match=("id", "fence"),
        change=("last_code",),
        where={"state": (State.COMPOSED, State.SENDING)},
    )
    assert updated == {right.pk}
    assert list(Delivery.objects.filter(last_code="250")) == [right]


def test_a_value_is_only_raised_where_that_is_asked_for() -> None:
    person = new_subscriber()
    earlier, later = NOW - timedelta(days=1), NOW + timedelta(days=1)
    before = {topic(name): at for name, at in (("none", None), ("earlier", earlier), ("later", later))}
    for position, (each, at) in enumerate(before.items()):
        Subscription.objects.create(
            subscriber=person, topic=each, position=position, created_at=NOW, covered_until=at
        )
    updated = update_each(
        Subscription,
        [(person.pk, each.pk, NOW) for each in before],
        match=("subscriber", "topic"),
        change=("covered_until",),
        only_raising="covered_until",
    )
    assert len(updated) == 2
    covered = dict(Subscription.objects.values_list("topic__slug", "covered_until"))
    assert covered == {"none": NOW, "earlier": NOW, "later": later}


def test_bytes_are_kept_as_they_are() -> None:
    people = [new_subscriber() for _ in range(2)]
    values = [(people[0].pk, bytes(range(256))), (people[1].pk, b"")]
    update_each(Subscriber, values, match=("id",), change=("seen_papers",))
    assert {(key, bytes(seen)) for key, seen in Subscriber.objects.values_list("pk", "seen_papers")} == set(
        values
    )


def test_a_thousand_rows_fit_into_one_statement() -> None:
    person = new_subscriber()
    rows = [
        Delivery.planned(subscriber_id=person.pk, kind="digest", slot_key=str(number), slot_at=NOW, now=NOW)  # type: ignore[arg-type]
        for number in range(1200)
    ]
    Delivery.objects.bulk_create(rows)
    values = [(row.pk, number, f"{number}", NOW, "") for number, row in enumerate(rows)]
    change = ("fence", "last_code", "outcome_at", "provider_id")
    assert len(update_each(Delivery, values, match=("id",), change=change)) == 1200
    assert {(row.slot_key, row.last_code) for row in Delivery.objects.filter(fence=77)} == {("77", "77")}


def test_nothing_to_update_asks_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert update_each(Delivery, [], match=("id",), change=("attempt",)) == set()
    assert len(queries) == 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no lengths")
def test_a_text_that_is_too_long_is_an_error_and_not_cut() -> None:
    with pytest.raises(DataError):
        update_each(Delivery, [(digest().pk, "x" * 41)], match=("id",), change=("last_code",))
