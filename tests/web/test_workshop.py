"""The topic workshop, as a browser without scripts uses it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from newsletter.audience.tokens import Purpose
from newsletter.audience.topics import add_topic
from newsletter.models import Subscriber, Topic
from newsletter.models.subscriber import Status
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from tests.web.conftest import JOINED, PAPERS, Service, every_row
from tests.web.workshop import new_topic_page, press, query_of, shown_text

QUERY = 'cat:cs.CV AND "talking heads"'


def _of(service: Service, slug: str) -> str:
    return f"{service.link(Purpose.PREFERENCES)}/topics/{slug}"


def test_trying_a_query_shows_what_it_would_have_found_and_why(visitor: Client, service: Service) -> None:
    before = every_row()
    response = press(visitor, new_topic_page(service), query=QUERY, action="try")
    page = shown_text(response)
    assert response.status_code == 200
    assert f"{PAPERS} of {PAPERS} papers of the 14 days" in page
    assert f"About {PAPERS} papers a week" in page
    assert "<mark>Talking Heads</mark> from Speech" in page
    assert "<mark>cs.CV</mark>" in page
    assert every_row() == before


def test_a_mistake_is_shown_at_its_character(visitor: Client, service: Service) -> None:
    response = press(visitor, new_topic_page(service), query="cat:cs.CV AND (ti:avatar", action="try")
    page = shown_text(response)
    assert response.status_code == 400
    assert "'(' is never closed at character 15" in page
    assert "cat:cs.CV AND (ti:avatar\n              ^" in page
    assert query_of(response) == "cat:cs.CV AND (ti:avatar"


def test_one_click_takes_a_false_friend_out(visitor: Client, service: Service) -> None:
    response = press(visitor, new_topic_page(service), query=QUERY, exclude="2606.00003")
    assert query_of(response).startswith(f"({QUERY}) ANDNOT ")
    assert f"{PAPERS - 1} of {PAPERS} papers" in shown_text(response)
    assert 'value="2606.00003"' not in shown_text(response)
    assert 'value="undo"' in shown_text(response)


def test_saving_makes_a_topic_of_the_subscribers_own(visitor: Client, service: Service) -> None:
    response = press(visitor, new_topic_page(service), name="Heads of mine", query=QUERY, action="save")
    assert response.status_code == 303
    topic = Topic.objects.get(name="Heads of mine")
    assert (topic.owner, topic.query, topic.looks_back) == (service.subscriber, QUERY, True)
    assert list(service.subscriber.subscriptions.all())[-1].topic == topic
    shown = shown_text(visitor.get(response["Location"].partition("#")[0]))
    assert "Saved." in shown
    assert "Remove this topic" in shown


def test_saving_without_a_name_changes_nothing(visitor: Client, service: Service) -> None:
    before = every_row()
    response = press(visitor, new_topic_page(service), name=" ", query=QUERY, action="save")
    assert response.status_code == 400
    assert "A name has 1 to 120 characters." in shown_text(response)
    assert every_row() == before


def test_a_topic_can_be_changed_and_removed(visitor: Client, service: Service) -> None:
    path = _of(service, "secret")
    assert query_of(visitor.get(path)) == "cat:cs.CV"
    press(visitor, path, name="Other", query="ti:avatar", action="save")
    changed = Topic.objects.get(slug="secret")
    assert (changed.name, changed.query) == ("Other", "ti:avatar")
    assert press(visitor, path, name="Other", query="ti:avatar", action="remove").status_code == 303
    assert not Topic.objects.filter(slug="secret").exists()


def test_the_21st_topic_is_refused(visitor: Client, service: Service) -> None:
    for number in range(19):
        add_topic(f"own-{number}", name="Own", query="ti:a", owner=service.subscriber, now=JOINED)
    response = press(visitor, new_topic_page(service), name="One more", query=QUERY, action="save")
    assert response.status_code == 400
    assert "You have 20 topics of your own already" in shown_text(response)
    assert query_of(response) == QUERY


def test_nobody_else_sees_a_private_topic(visitor: Client, service: Service) -> None:
    preferences = Preferences.checked()
    add_by_operator("alan@example.org", topics=["heads"], preferences=preferences, source="test", now=JOINED)
    other = Service(Subscriber.objects.get(email="alan@example.org"), service.delivery, service.private)
    for path in (_of(other, "secret"), "/topics/secret/"):
        assert visitor.get(path).status_code == 404, path
    assert visitor.get(_of(service, "secret")).status_code == 200
    for path in ("/", "/topics/", other.link(Purpose.PREFERENCES)):
        assert "Secret" not in shown_text(visitor.get(path)), path


def test_everyones_topic_is_not_a_subscribers_to_change(visitor: Client, service: Service) -> None:
    assert visitor.get(_of(service, "heads")).status_code == 404


def test_a_forged_token_gets_the_page_for_broken_links(visitor: Client, service: Service) -> None:
    assert visitor.get(f"{service.link(Purpose.UNSUBSCRIBE)}x/topics/new").status_code == 404
    assert visitor.get("/preferences/forged/topics/new").status_code == 404


def test_a_subscriber_who_left_is_led_to_their_page(visitor: Client, service: Service) -> None:
    Subscriber.objects.update(status=Status.UNSUBSCRIBED)
    response = visitor.get(new_topic_page(service))
    assert (response.status_code, response["Location"]) == (302, service.link(Purpose.PREFERENCES))


def test_it_stays_out_of_caches_and_search_engines(visitor: Client, service: Service) -> None:
    response = visitor.get(new_topic_page(service))
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"


def test_it_speaks_the_subscribers_language(visitor: Client, service: Service) -> None:
    Subscriber.objects.update(language="zh-hans")
    response = press(visitor, new_topic_page(service), query=QUERY, exclude="2606.00003")
    page = shown_text(response)
    assert response["Content-Language"] == "zh-Hans"
    assert "每周约" in page
    assert "Not this one" not in page


def test_what_was_typed_is_shown_as_text(visitor: Client, service: Service) -> None:
    nasty = '"><script>alert(1)</script>'
    response = press(visitor, new_topic_page(service), name=nasty, query=nasty, about=nasty, action="propose")
    assert "<script>" not in response.content.decode()


# --- the operator's ----------------------------------------------------------------------------------------

OPERATORS = "/admin/newsletter/topic/workshop/"


@pytest.fixture
def operator(visitor: Client, db: None) -> Client:  # noqa: ARG001 - the database
    visitor.force_login(User.objects.create_superuser("op", "op@example.org", "secret"))
    return visitor


@pytest.mark.usefixtures("service")
def test_the_operator_makes_and_changes_everyones_topics(operator: Client) -> None:
    fields = {"name": "Avatars", "slug": "avatars", "group": "Vision", "query": "ti:avatar"}
    response = press(operator, OPERATORS, **fields, action="save")
    assert response["Location"] == f"{OPERATORS}avatars/?saved=1#main"
    topic = Topic.objects.get(slug="avatars")
    assert (topic.owner, topic.group) == (None, "Vision")
    Topic.objects.update(looks_back=False)
    press(operator, f"{OPERATORS}avatars/", **fields | {"name": "Faces"}, action="save")
    topic.refresh_from_db()
    assert (topic.name, topic.looks_back) == ("Faces", False)


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("slug", ["heads", "No Slug", ""])
def test_a_slug_that_cannot_be_is_refused(operator: Client, slug: str) -> None:
    before = Topic.objects.count()
    response = press(operator, OPERATORS, name="Heads", slug=slug, query="ti:a", action="save")
    assert response.status_code == 400
    assert 'id="problem-slug"' in shown_text(response)
    assert Topic.objects.count() == before


@pytest.mark.usefixtures("service")
def test_subscribers_private_topics_are_not_the_operators_to_see_there(operator: Client) -> None:
    assert operator.get(f"{OPERATORS}secret/").status_code == 404


def test_the_admin_leads_there(operator: Client, service: Service) -> None:
    assert OPERATORS in shown_text(operator.get("/admin/newsletter/topic/"))
    heads = Topic.objects.get(slug="heads")
    assert f"{OPERATORS}heads/" in shown_text(operator.get(f"/admin/newsletter/topic/{heads.pk}/change/"))
    private = f"/admin/newsletter/topic/{service.private.pk}/change/"
    assert f"{OPERATORS}secret/" not in shown_text(operator.get(private))


@pytest.mark.usefixtures("service")
def test_strangers_are_asked_to_log_in(visitor: Client) -> None:
    response = visitor.get(OPERATORS)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


@pytest.mark.usefixtures("service")
def test_staff_without_the_permission_are_refused(visitor: Client) -> None:
    visitor.force_login(User.objects.create_user("clerk", is_staff=True))
    assert visitor.get(OPERATORS).status_code == 403
    assert visitor.get(f"{OPERATORS}heads/").status_code == 403
