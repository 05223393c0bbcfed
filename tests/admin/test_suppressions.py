"""The list of addresses that must not be mailed: counted, asked about, never changed."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.audience.suppression import Reason, suppress
from newsletter.models import Suppression
from tests.admin.conftest import NOW, text
from tests.web.conftest import every_row

LIST = "/admin/newsletter/suppression/"


@pytest.fixture(autouse=True)
def suppressed(db: None) -> None:  # noqa: ARG001 - the database
    for number in range(3):
        suppress(f"gone{number}@example.org", reason=Reason.UNSUBSCRIBED, at=NOW)
    suppress("dead@example.org", reason=Reason.BOUNCED, at=NOW)


def test_it_counts_by_reason_and_shows_no_hash(operator: Client) -> None:
    page = text(operator, LIST)
    assert "1 bounced, 3 unsubscribed" in page
    assert not any(row.email_hmac in page for row in Suppression.objects.all())


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("DEAD@example.org", "is suppressed (bounced)"),
        ("Dead <dead@example.org>", "is suppressed (bounced)"),
        ("mailto:dead@example.org", "is suppressed (bounced)"),
        ("dead@example.org.", "is suppressed (bounced)"),
        ("dead@exam\N{ZERO WIDTH SPACE}ple.org", "is suppressed (bounced)"),
        ("ada@example.org", "is not suppressed"),
        ("nobody", "is not an address"),
        ("dead@example.org; gone0@example.org", "is not an address"),
    ],
)
def test_an_address_can_be_asked_about_and_nothing_is_kept(
    operator: Client, address: str, answer: str
) -> None:
    before = every_row()
    response = operator.post(f"{LIST}check/", {"address": address})
    assert answer in response.content.decode()
    assert every_row() == before


def test_nothing_can_be_added_changed_or_deleted(operator: Client) -> None:
    row = Suppression.objects.first()
    assert row is not None
    assert operator.get(f"{LIST}add/").status_code == 403
    for path in (f"{LIST}add/", f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/delete/"):
        assert operator.post(path, {"post": "yes"}).status_code == 403
    operator.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert Suppression.objects.count() == 4


def test_asking_needs_the_permission_to_look(viewer: Client, client: Client) -> None:
    assert viewer.get(f"{LIST}check/").status_code == 200
    assert client.get(f"{LIST}check/", SERVER_NAME="localhost").status_code == 302
