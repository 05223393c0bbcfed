"""Topics in the admin: checked, switched off, never removed."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.audience.topics import add_topic
from newsletter.models import Subscriber, Topic
from tests.admin.conftest import NOW, text

TOPICS = "/admin/newsletter/topic/"
FIELDS = {
    "slug": "graphs",
    "name": "Graphs",
    "names": "{}",
    "group_names": "{}",
    "query": "cat:math.CO",
    "is_active": "on",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("query", "cat:cs.CV AND ("),
        ("query", "cat:cs.NOPE"),
        ("slug", "Upper_Case"),
        ("names", '["zh"]'),
        ("names", '{"zh-hans": 5}'),
        ("name", ""),
    ],
)
def test_what_the_command_line_refuses_is_refused(operator: Client, field: str, value: str) -> None:
    assert operator.post(f"{TOPICS}add/", FIELDS | {field: value}).status_code == 200
    assert not Topic.objects.exists()


def test_a_changed_query_looks_back_and_the_slug_stays(operator: Client, subscriber: Subscriber) -> None:  # noqa: ARG001
    topic = Topic.objects.get()
    Topic.objects.update(looks_back=False)
    operator.post(f"{TOPICS}{topic.pk}/change/", FIELDS | {"name": "Heads", "query": "cat:cs.CV"})
    assert not Topic.objects.get().looks_back
    operator.post(f"{TOPICS}{topic.pk}/change/", FIELDS)
    topic.refresh_from_db()
    assert (topic.slug, topic.query, topic.looks_back) == ("heads", "cat:math.CO", True)


def test_the_list_says_how_many_read_it(operator: Client, subscriber: Subscriber) -> None:  # noqa: ARG001
    assert '<td class="field-subscribers">1</td>' in text(operator, TOPICS)


def test_a_private_topic_is_shown_and_not_edited(operator: Client, subscriber: Subscriber) -> None:
    own = add_topic("own", name="Own", query="cat:cs.CV", owner=subscriber, now=NOW)
    text(operator, f"{TOPICS}{own.pk}/change/")
    assert operator.post(f"{TOPICS}{own.pk}/change/", FIELDS).status_code == 403
    assert "own" in text(operator, f"{TOPICS}?owned=yes")
    assert ">own<" not in text(operator, f"{TOPICS}?owned=no")


def test_no_topic_is_deleted_here(operator: Client, subscriber: Subscriber) -> None:  # noqa: ARG001
    topic = Topic.objects.get()
    assert operator.post(f"{TOPICS}{topic.pk}/delete/", {"post": "yes"}).status_code == 403
    operator.post(TOPICS, {"action": "delete_selected", "_selected_action": [topic.pk], "post": "yes"})
    assert Topic.objects.exists()
