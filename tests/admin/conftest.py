"""An operator who is logged in, and a reader."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from newsletter.audience.topics import add_topic
from newsletter.models import Subscriber
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences

NOW = datetime(2026, 6, 12, 8, 0, tzinfo=UTC)
READERS = "/admin/newsletter/subscriber/"


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """As ``wsgi.py`` does: WhiteNoise warns without it."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture
def operator(db: None) -> Client:  # noqa: ARG001 - the database
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser("operator", last_login=NOW))
    return client


@pytest.fixture
def viewer(db: None) -> Client:  # noqa: ARG001 - the database
    """Somebody of the staff who may look at readers and at suppressions, and do nothing."""
    from django.contrib.auth.models import Permission

    client = Client(SERVER_NAME="localhost")
    user = User.objects.create_user("viewer", is_staff=True, last_login=NOW)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["view_subscriber", "view_suppression", "view_topic"])
    )
    client.force_login(user)
    return client


@pytest.fixture
def subscriber(db: None) -> Subscriber:  # noqa: ARG001 - the database
    add_topic("heads", name="Heads", query="cat:cs.CV", now=NOW)
    return add_by_operator(
        "ada@example.org",
        topics=["heads"],
        preferences=Preferences.checked(),
        source="a form of 2024",
        now=NOW,
    )


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()
