"""A link of a mail that was followed with what stood behind it leads where the link leads."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.audience.tokens import Purpose
from newsletter.audience.topics import add_topic
from newsletter.models import Subscriber
from newsletter.models.subscriber import Status
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.signup import JoinRequest, request_to_join
from tests.web.conftest import Service
from tests.web.links import mailed_path

pytestmark = pytest.mark.django_db

MARKS = [
    *(".", ")", ").", "%3E", ",", ";", "!", "%22", "'", "%5D", "*", "%20", "...", "%E2%80%A6"),
    *("%E2%80%8B", "%EF%BB%BF", "%E2%81%A0", "%C2%A0", "%E3%80%82", "%EF%BC%89", "%E2%80%9D", ".%E2%80%8B"),
]
"""Marks as browsers send them; from ``%E2%80%8B`` on what cannot be seen, and Chinese punctuation."""


def test_every_kind_of_link_may_be_followed_by_a_mark(visitor: Client, service: Service) -> None:
    personal = [service.link(each) for each in (Purpose.PREFERENCES, Purpose.UNSUBSCRIBE, Purpose.DIGEST)]
    unsubscribe = service.link(Purpose.UNSUBSCRIBE)
    for path in (*personal, f"{unsubscribe}/heads", "/papers/2606.00001/", "/topics/heads/", "/"):
        plain = visitor.get(path)
        assert plain.status_code == 200
        for mark in MARKS:
            marked = visitor.get(path + mark)
            assert marked.status_code == 200, mark
            assert _without_form_token(marked.content) == _without_form_token(plain.content)


def _without_form_token(content: bytes) -> bytes:
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", content)


def test_a_confirmation_works_with_a_mark_behind_its_link(visitor: Client) -> None:
    add_topic("heads", name="Heads", query="cat:cs.CV", now=timezone.now())
    preferences = Preferences.checked(cadence="daily")
    asked = JoinRequest(
        email="new@example.org",
        preferences=preferences,
        topics=["heads"],
        form="home",
        text_shown="Yes.",
        ip="192.0.2.1",
    )
    request_to_join(asked, now=timezone.now())
    path = mailed_path("confirm-")
    for mark in MARKS:
        assert b"<form" in visitor.get(path + mark).content
    assert visitor.post(f"{path}.%E2%80%8B").status_code == 200
    assert Subscriber.objects.get(email="new@example.org").status == Status.ACTIVE


def test_one_click_is_answered_without_a_redirect(visitor: Client, service: Service) -> None:
    answer = visitor.post(service.link(Purpose.UNSUBSCRIBE) + ".", {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert Subscriber.objects.get(pk=service.subscriber.pk).status == Status.UNSUBSCRIBED


def test_a_mark_makes_no_bad_link_good(visitor: Client, service: Service) -> None:
    path = service.link(Purpose.PREFERENCES)
    for bad in (path[:-1], path[:-1] + ".", path[:-1] + "a.b", path[:-6] + "." + path[-6:]):
        assert visitor.get(bad).status_code == 404
