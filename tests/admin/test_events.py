"""What providers reported, as the operator sees it."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.models import Delivery, DeliveryEvent, Subscriber
from newsletter.models.delivery import Kind
from tests.admin.conftest import NOW, text

EVENTS = "/admin/newsletter/deliveryevent/"


@pytest.fixture
def delivery(subscriber: Subscriber) -> Delivery:
    row = Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key="2026-06-15", slot_at=NOW, now=NOW
    )
    row.save(force_insert=True)
    for number, (about, kind, words) in enumerate(
        [
            (row, "deferred", {"event": "deferred", "response": "450 mailbox busy"}),
            (row, "delivered", {"event": "delivered", "response": "250 OK"}),
            (None, "unknown", {"event": "account_status_change"}),
        ]
    ):
        DeliveryEvent.objects.create(
            provider="sendgrid", dedupe_key=str(number), delivery=about, kind=kind, at=NOW, payload=words
        )
    return row


def test_a_delivery_shows_its_events_in_order(operator: Client, delivery: Delivery) -> None:
    page = text(operator, f"/admin/newsletter/delivery/{delivery.pk}/change/")
    assert page.index("450 mailbox busy") < page.index("250 OK")
    assert "account_status_change" not in page


@pytest.mark.usefixtures("delivery")
def test_the_list_can_be_narrowed_to_what_nobody_here_knows(operator: Client) -> None:
    page = text(operator, f"{EVENTS}?delivery__isempty=1")
    assert "account_status_change" in page
    assert "250 OK" not in page
    assert "250 OK" in text(operator, f"{EVENTS}?q=ada@example.org")


@pytest.mark.usefixtures("delivery")
def test_events_are_looked_at_and_not_edited(operator: Client) -> None:
    event = DeliveryEvent.objects.first()
    assert event is not None
    assert operator.get(f"{EVENTS}add/").status_code == 403
    assert operator.post(f"{EVENTS}{event.pk}/change/", {"kind": "complaint"}).status_code == 403
