"""The form of the reader's own page."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.audience.tokens import Purpose
from newsletter.models import Subscriber
from newsletter.models.subscriber import Status
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.web.conftest import JOINED, Service, every_row

WISHES = {
    "topics": ["quiet", "heads"],
    "cadence": "weekdays",
    "at": "07:15",
    "timezone": "Asia/Shanghai",
    "language": "zh-hans",
    "depth": "headline",
    "max_papers": "7",
}


def send(visitor: Client, service: Service, **changes: Any) -> Any:
    """Load the page and send its form, as a browser does."""
    path = service.link(Purpose.PREFERENCES)
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.get(path).content.decode())
    assert found is not None
    return visitor.post(path, WISHES | changes | {"csrfmiddlewaretoken": found[1]})


def test_it_shows_what_comes_and_when(visitor: Client, service: Service) -> None:
    page = visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
    assert "<h1>Every Friday at 08:00: up to one paper from two topics, with takeaways</h1>" in page
    assert "ada@example.org" in page
    assert service.delivery.subject.split(":")[0] in page
    assert service.private.name in page


def test_it_stores_every_preference_and_plans_the_next_slot(visitor: Client, service: Service) -> None:
    Subscriber.objects.update(next_slot_at=timezone.now() + timedelta(days=3))
    response = send(visitor, service)
    assert response.status_code == 303
    subscriber = Subscriber.objects.get()
    stored = {name: str(getattr(subscriber, name)) for name in WISHES if name not in ("topics", "at")}
    assert stored == {name: value for name, value in WISHES.items() if name in stored}
    assert subscriber.at == time(7, 15)
    assert subscriber.next_slot_at is not None
    assert subscriber.next_slot_at.strftime("%H:%M") == "23:15"
    assert "已保存。" in visitor.get(response["Location"]).content.decode()


def test_a_slot_that_has_passed_stays_due(visitor: Client, service: Service) -> None:
    passed = Subscriber.objects.get().next_slot_at
    assert passed is not None
    assert passed < timezone.now()
    send(visitor, service)
    assert Subscriber.objects.get().next_slot_at == passed


def test_a_topic_that_stays_keeps_its_place_and_what_it_covered(visitor: Client, service: Service) -> None:
    kept = service.subscriber.subscriptions.get(topic__slug="quiet")
    send(visitor, service, topics=["secret", "quiet"])
    order = [each.topic.slug for each in service.subscriber.subscriptions.select_related("topic")]
    assert order == ["quiet", "secret"]
    again = service.subscriber.subscriptions.get(topic__slug="quiet")
    assert (again.pk, again.covered_until, again.created_at) == (kept.pk, kept.covered_until, JOINED)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("at", "25:00", "“25:00” is not a time of day."),
        ("timezone", "Mars/Olympus", "“Mars/Olympus” is not a time zone."),
        ("max_papers", "51", "a whole number from 1 to 50"),
        ("max_papers", "many", "a whole number from 1 to 50"),
        ("cadence", "hourly", "“hourly” is not one of the choices."),
        ("language", "tlh", "“tlh” is not one of the choices."),
        ("depth", "abyss", "“abyss” is not one of the choices."),
        ("topics", [], "Choose at least one topic."),
        ("topics", ["unknown"], "Choose at least one topic."),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_changed(
    visitor: Client, service: Service, field: str, value: str | list[str], says: str
) -> None:
    before = every_row()
    response = send(visitor, service, **{field: value})
    page = response.content.decode()
    assert response.status_code == 400
    assert says in page[page.index(f'id="problem-{field}"') :]
    assert every_row() == before


def test_another_subscribers_private_topic_cannot_be_taken(visitor: Client, service: Service) -> None:
    other = Subscriber.objects.create(email="b@example.org", email_key="b@example.org", joined_at=JOINED)
    service.private.owner = other
    service.private.save()
    send(visitor, service, topics=["heads", "secret"])
    assert [each.topic.slug for each in service.subscriber.subscriptions.all()] == ["heads"]


def test_a_form_without_its_csrf_token_changes_nothing(visitor: Client, service: Service) -> None:
    before = every_row()
    response = visitor.post(service.link(Purpose.PREFERENCES), WISHES)
    assert response.status_code == 403
    assert "Nothing was changed" in response.content.decode()
    assert every_row() == before


def test_who_has_left_finds_no_form_and_cannot_post_one(visitor: Client, service: Service) -> None:
    unsubscribe(service.subscriber, source="test", now=timezone.now())
    path = service.link(Purpose.PREFERENCES)
    page = visitor.get(path).content.decode()
    assert "No mail is sent to ada@example.org." in page
    assert re.findall(r'name="do" value="(\w+)"', page) == ["link", "revoke"]
    assert page.count("<form") == 2
    assert 'name="do" value="link"' in page
    Client(SERVER_NAME="localhost").post(path, WISHES)
    assert Subscriber.objects.get().status == Status.UNSUBSCRIBED
    assert Subscriber.objects.get().cadence == "weekly:fri"


def test_no_script_of_the_page_is_needed(visitor: Client, service: Service) -> None:
    assert "<script" not in visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
