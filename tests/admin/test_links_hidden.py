"""Staff who may look at everything find no link with which they could act as a reader."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from newsletter.audience.tokens import Purpose, make_token
from newsletter.models import CanaryFlight, DeliveryEvent, Incident, Subscriber, Suppression
from newsletter.models.delivery import Kind, State
from tests.admin.conftest import NOW
from tests.pipeline.deliveries import digest, new_subscriber

SECRET = "s3cretT0ken"


@pytest.fixture
def looker(db: None) -> Client:  # noqa: ARG001 - the database
    """Somebody who may view every kind of row, and change none."""
    client = Client(SERVER_NAME="localhost")
    user = User.objects.create_user("looker", is_staff=True, last_login=NOW)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    return client


@pytest.fixture
def rows() -> list[str]:
    """Put a link wherever text is kept; return what must not be seen."""
    ada = new_subscriber("ada@example.org")
    links = {
        purpose: f"https://digest.example.org/{purpose.value}/{make_token(purpose, subject=ada.link_key)}"
        for purpose in (Purpose.PREFERENCES, Purpose.UNSUBSCRIBE)
    }
    words = f"refused: https://x.example/confirm/{SECRET}?a=b {links[Purpose.UNSUBSCRIBE]}"
    row = digest(
        ada,
        kind=Kind.CONFIRMATION,
        slot_key="confirm-1",
        state=State.BOUNCED,
        placeholders={
            "url": links[Purpose.PREFERENCES],
            "more": [f"/account/{SECRET}/erase", f"/address/{SECRET}"],
        },
        last_detail=words,
        last_code="550",
        subject=f"/digests/{SECRET}",
        outcome_at=NOW,
    )
    DeliveryEvent.objects.create(
        provider="smtp", dedupe_key="1", delivery=row, kind="bounce", at=NOW, payload={"reason": words}
    )
    Incident.objects.create(name="mails-refused", detail=words, opened_at=NOW)
    CanaryFlight.objects.create(day=NOW.date(), started_at=NOW, failure=words)
    Suppression.objects.create(email_hmac="f" * 64, reason="bounced", at=NOW)
    return [SECRET, ada.link_key, *(link.rpartition("/")[2] for link in links.values())]


def test_no_page_of_the_admin_shows_one(looker: Client, rows: list[str]) -> None:
    seen = 0
    for model in admin.site._registry:
        if model._meta.app_label != "newsletter":
            continue
        base = f"admin:newsletter_{model._meta.model_name}"
        pages = [reverse(f"{base}_changelist")]
        pages += [
            reverse(f"{base}_change", args=[pk]) for pk in model._default_manager.values_list("pk", flat=True)
        ]
        for page in pages:
            answer = looker.get(page)
            assert answer.status_code == 200, page
            body = answer.content.decode()
            seen += "/confirm/…" in body
            for secret in rows:
                assert secret not in body, page
    assert seen >= 4  # the words are shown, their keys are not


@pytest.mark.parametrize(
    ("model", "query"),
    [
        ("delivery", "slots__url__startswith=https"),
        ("delivery", "last_detail__contains=confirm"),
        ("subscriber", "link_key__startswith=a"),
        ("subscriber", "email__startswith=a"),
        ("deliveryevent", "payload__reason__contains=confirm"),
        ("deliveryevent", "delivery__slots__url__startswith=https"),
        ("suppression", "email_hmac__startswith=f"),
    ],
)
def test_no_question_to_a_list_finds_one_out(looker: Client, rows: list[str], model: str, query: str) -> None:  # noqa: ARG001
    assert looker.get(f"/admin/newsletter/{model}/?{query}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "delivery/?state=BOUNCED",
        "delivery/?state__exact=BOUNCED",
        "subscriber/?paused=no&status__exact=active",
        "subscriber/?joined_at__isnull=False",
        "deliveryevent/?delivery__isempty=1",
        "mistakereport/?state=all",
    ],
)
def test_the_filters_of_the_lists_go_on_working(looker: Client, rows: list[str], path: str) -> None:  # noqa: ARG001
    assert looker.get(f"/admin/newsletter/{path}").status_code == 200


def test_looking_changes_nothing(looker: Client, rows: list[str]) -> None:  # noqa: ARG001
    row = Subscriber.objects.get(email="ada@example.org").deliveries.get()
    looker.get(f"/admin/newsletter/delivery/{row.pk}/change/")
    row.refresh_from_db()
    assert re.search(r"/preferences/[^…]+$", row.placeholders["url"])
