"""The operator's pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client

from newsletter.models import Subscriber, Topic
from newsletter.models.subscriber import Status
from tests.web.conftest import Service, every_row


@pytest.fixture
def operator(db: None) -> Client:  # noqa: ARG001 - the database
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser("operator", last_login=datetime(2026, 6, 1, tzinfo=UTC)))
    return client


def test_every_list_and_every_page_opens(operator: Client, service: Service) -> None:  # noqa: ARG001
    before = every_row()
    opened = 0
    for model in apps.get_app_config("newsletter").get_models():
        if model not in admin.site._registry:
            continue
        path = f"/admin/newsletter/{model._meta.model_name}/"
        assert operator.get(path).status_code == 200
        first = model._default_manager.first()
        if first is not None:
            assert operator.get(f"{path}{first.pk}/change/").status_code == 200
            opened += 1
    assert opened >= 5
    assert every_row() == before


def test_records_cannot_be_changed(operator: Client, service: Service) -> None:
    path = f"/admin/newsletter/delivery/{service.delivery.pk}/change/"
    assert operator.post(path, {"state": "PLANNED"}).status_code == 403


def test_unsubscribing_there_is_the_same_as_everywhere(operator: Client, service: Service) -> None:
    chosen = {"action": "unsubscribe_subscribers", "_selected_action": [service.subscriber.pk]}
    operator.post("/admin/newsletter/subscriber/", chosen)
    assert Subscriber.objects.get().status == Status.UNSUBSCRIBED


def test_a_topics_query_is_checked(operator: Client) -> None:
    fields = {"slug": "heads", "name": "Heads", "names": "{}", "group_names": "{}", "is_active": "on"}
    refused = operator.post("/admin/newsletter/topic/add/", {**fields, "query": "cat:cs.CV AND ("})
    assert refused.status_code == 200
    assert not Topic.objects.exists()
    operator.post("/admin/newsletter/topic/add/", {**fields, "query": "cat:cs.CV"})
    assert Topic.objects.get().looks_back


@pytest.mark.django_db
def test_strangers_see_the_login(visitor: Client) -> None:
    assert visitor.get("/admin/newsletter/subscriber/").status_code == 302


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_moments_are_written_in_figures_whatever_the_language(
    operator: Client,
    service: Service,  # noqa: ARG001 - a newsroom to look at
    language: str,
) -> None:
    said = operator.get(
        "/admin/newsletter/subscriber/", headers={"accept-language": language}
    ).content.decode()
    assert re.search(r"next_slot_at nowrap\">\d{4}-\d\d-\d\d \d\d:\d\d<", said)
