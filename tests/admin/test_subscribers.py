"""Readers in the admin: what an operator can do, and what they cannot."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from newsletter.audience.suppression import Reason, is_suppressed, suppress
from newsletter.models import ConsentEvent, Delivery, DeliveryEvent, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.unsubscribe import erase, unsubscribe
from tests.admin.conftest import NOW, READERS, text
from tests.web.conftest import every_row
from tests.web.links import mailed_path


def _form(email: str = "bo@example.org", **fields: str) -> dict[str, object]:
    from newsletter.models import Topic

    return {
        "email": email,
        "consent_source": "asked me in person",
        "topics": [str(topic.pk) for topic in Topic.objects.all()],
        "cadence": "weekly:fri",
        "at": "07:30",
        "timezone": "Europe/Berlin",
        "language": "zh-hans",
        "depth": "reading",
        "max_papers": "5",
        **fields,
    }


def _act(subscriber: Subscriber, name: str) -> str:
    return f"{READERS}{subscriber.pk}/{name}/act/"


# --- finding ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["ada", "example.org", "ADA@Example.ORG", "Ada <ada@example.org>", "mailto:ADA@example.org."]
)
def test_a_subscriber_is_found_by_address(operator: Client, subscriber: Subscriber, words: str) -> None:  # noqa: ARG001
    assert "ada@example.org" in text(operator, f"{READERS}?q={words}")


def test_a_domain_in_another_script_is_found_as_it_is_kept(operator: Client, subscriber: Subscriber) -> None:  # noqa: ARG001
    add_by_operator(
        "zoe@bücher.example", topics=["heads"], preferences=Preferences.checked(), source="x", now=NOW
    )
    assert "zoe@" in text(operator, f"{READERS}?q=zoe@xn--bcher-kva.example")
    assert "ada@example.org" not in text(operator, f"{READERS}?q=zoe@xn--bcher-kva.example")


def test_a_paused_subscriber_is_shown_as_paused_and_filtered(
    operator: Client, subscriber: Subscriber
) -> None:
    Subscriber.objects.filter(pk=subscriber.pk).update(paused_until=NOW.replace(year=2999))
    assert '<td class="field-shown_status">paused</td>' in text(operator, f"{READERS}?paused=yes")
    assert "ada@example.org" not in text(operator, f"{READERS}?paused=no")


def test_the_list_costs_the_same_for_many_subscribers(
    operator: Client, subscriber: Subscriber, django_assert_max_num_queries: object
) -> None:
    for number in range(20):
        add_by_operator(
            f"r{number}@example.org", topics=["heads"], preferences=Preferences.checked(), source="x", now=NOW
        )
        Delivery.planned(
            subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key=str(number), slot_at=NOW, now=NOW
        ).save(force_insert=True)
    assert callable(django_assert_max_num_queries)
    for path in (READERS, "/admin/newsletter/topic/", "/admin/newsletter/delivery/"):
        with django_assert_max_num_queries(10):
            assert operator.get(path).status_code == 200


# --- adding ----------------------------------------------------------------------------------------------


def test_adding_is_what_the_command_line_does(operator: Client, subscriber: Subscriber) -> None:  # noqa: ARG001
    response = operator.post(f"{READERS}add/", _form())
    added = Subscriber.objects.get(email_key="bo@example.org")
    assert response.headers["Location"] == f"{READERS}{added.pk}/change/"
    assert (added.status, added.confirmed_by_operator, added.cadence) == ("active", True, "weekly:fri")
    assert (f"{added.at:%H:%M}", added.language, added.depth, added.max_papers) == (
        "07:30",
        "zh-hans",
        "reading",
        5,
    )
    assert added.next_slot_at is not None
    assert added.consents.get().source == "asked me in person"
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("field", ["email", "consent_source", "topics"])
def test_a_form_without_what_is_required_adds_nobody(
    operator: Client, subscriber: Subscriber, field: str
) -> None:
    assert operator.post(f"{READERS}add/", _form() | {field: ""}).status_code == 200
    assert list(Subscriber.objects.all()) == [subscriber]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"email": "ada@example.org"}, "is a reader already"),
        ({"email": "nobody"}, "is not an e-mail address"),
        ({"cadence": "hourly"}, "cadence"),
        ({"timezone": "Mars"}, "time zone"),
    ],
)
def test_what_is_refused_is_said_in_the_form(
    operator: Client, subscriber: Subscriber, fields: dict[str, str], says: str
) -> None:
    response = operator.post(f"{READERS}add/", _form(**fields))
    assert says in response.content.decode()
    assert list(Subscriber.objects.all()) == [subscriber]


@pytest.mark.parametrize("reason", list(Reason))
def test_whoever_must_not_be_mailed_cannot_be_added(
    operator: Client, subscriber: Subscriber, reason: Reason
) -> None:
    suppress("bo@example.org", reason=reason, at=NOW)
    response = operator.post(f"{READERS}add/", _form("BO@example.org"))
    assert "only the reader can come back" in response.content.decode()
    assert list(Subscriber.objects.all()) == [subscriber]


def test_whoever_left_or_was_erased_cannot_be_added(operator: Client, subscriber: Subscriber) -> None:
    unsubscribe(subscriber, source="a link", now=NOW)
    operator.post(f"{READERS}add/", _form("ada@example.org"))
    assert Subscriber.objects.get().status == Status.UNSUBSCRIBED
    erase(subscriber, now=NOW)
    operator.post(f"{READERS}add/", _form("ada@example.org"))
    assert not Subscriber.objects.exists()


REFUSED = {"event": "bounce", "type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 not today"}

# --- looking ---------------------------------------------------------------------------------------------


def test_the_history_shows_consents_deliveries_and_events(operator: Client, subscriber: Subscriber) -> None:
    digest = Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key="2026-06-15", slot_at=NOW, now=NOW
    )
    digest.state, digest.subject = State.BOUNCED, "Eleven papers on heads"
    digest.save(force_insert=True)
    DeliveryEvent.objects.create(
        provider="sendgrid", dedupe_key="1", delivery=digest, kind="soft_bounce", at=NOW, payload=REFUSED
    )
    page = text(operator, f"{READERS}{subscriber.pk}/change/")
    for words in ("a form of 2024", "Eleven papers on heads", "bounced", "sendgrid reported soft_bounce"):
        assert words in page
    assert "bounce – blocked – 5.7.1 – 550 5.7.1 not today" in page
    assert str(digest.pk) in page


def test_a_page_and_a_question_change_nothing(operator: Client, subscriber: Subscriber) -> None:
    before = every_row()
    text(operator, f"{READERS}{subscriber.pk}/change/")
    text(operator, f"{READERS}add/")
    for name in ("unsubscribe", "erase"):
        text(operator, _act(subscriber, name))
    assert every_row() == before


# --- ending ----------------------------------------------------------------------------------------------


def test_unsubscribing_suppresses_and_is_recorded(operator: Client, subscriber: Subscriber) -> None:
    operator.post(_act(subscriber, "unsubscribe"))
    subscriber.refresh_from_db()
    assert subscriber.status == Status.UNSUBSCRIBED
    assert is_suppressed("ada@example.org")
    assert ConsentEvent.objects.get(action="unsubscribed").source == "admin"
    assert LogEntry.objects.get().object_id == str(subscriber.pk)


def test_who_has_left_is_not_unsubscribed_again(operator: Client, subscriber: Subscriber) -> None:
    operator.post(_act(subscriber, "unsubscribe"))
    assert operator.post(_act(subscriber, "unsubscribe")).status_code == 403
    chosen = {"action": "unsubscribe_subscribers", "_selected_action": [subscriber.pk]}
    operator.post(READERS, chosen)
    assert ConsentEvent.objects.filter(action="unsubscribed").count() == 1


def test_erasing_leaves_the_hash_and_no_address_anywhere(operator: Client, subscriber: Subscriber) -> None:
    response = operator.post(_act(subscriber, "erase"))
    assert response.headers["Location"] == READERS
    assert not Subscriber.objects.exists()
    assert is_suppressed("ada@example.org")
    assert "ada@example.org" not in str(every_row())


def test_there_is_no_other_way_to_delete_or_to_change_a_subscriber(
    operator: Client, subscriber: Subscriber
) -> None:
    page = f"{READERS}{subscriber.pk}"
    assert operator.get(f"{page}/delete/").status_code == 403
    assert operator.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert operator.post(f"{page}/change/", {"status": "active"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [subscriber.pk], "post": "yes"}
    operator.post(READERS, chosen)
    assert Subscriber.objects.get().status == Status.ACTIVE
    assert 'name="_save"' not in text(operator, f"{page}/change/")
    assert "deletelink" not in text(operator, f"{page}/change/")


# --- coming back -----------------------------------------------------------------------------------------


def test_asking_to_confirm_sends_a_mail_and_makes_nobody_active(
    operator: Client, subscriber: Subscriber
) -> None:
    unsubscribe(subscriber, source="a link", now=NOW)
    operator.post(_act(subscriber, "invite"))
    subscriber.refresh_from_db()
    assert subscriber.status == Status.UNSUBSCRIBED
    assert is_suppressed("ada@example.org")
    mail = subscriber.deliveries.get()
    assert (mail.kind, mail.state) == (Kind.CONFIRMATION, State.COMPOSED)


def test_the_subscriber_who_confirms_has_the_preferences_from_before(
    operator: Client, subscriber: Subscriber
) -> None:
    unsubscribe(subscriber, source="a link", now=NOW)
    operator.post(_act(subscriber, "invite"))
    address = mailed_path("confirm-")
    Client(SERVER_NAME="localhost").post(address)
    subscriber.refresh_from_db()
    assert (subscriber.status, subscriber.cadence) == (Status.ACTIVE, "weekly:mon")
    assert [each.topic.slug for each in subscriber.subscriptions.all()] == ["heads"]
    assert not subscriber.confirmed_by_operator


def test_asking_twice_a_day_sends_one_mail(operator: Client, subscriber: Subscriber) -> None:
    unsubscribe(subscriber, source="a link", now=NOW)
    for _ in range(2):
        response = operator.post(_act(subscriber, "invite"), follow=True)
    assert "Nothing was sent" in response.content.decode()
    assert subscriber.deliveries.count() == 1


def test_an_active_subscriber_is_not_asked(operator: Client, subscriber: Subscriber) -> None:
    assert operator.post(_act(subscriber, "invite")).status_code == 403
    assert not subscriber.deliveries.exists()


# --- who may ---------------------------------------------------------------------------------------------


def test_without_permission_one_may_only_look(viewer: Client, subscriber: Subscriber) -> None:
    page = text(viewer, f"{READERS}{subscriber.pk}/change/")
    assert "/act/" not in page
    assert viewer.get(f"{READERS}add/").status_code == 403
    assert viewer.post(f"{READERS}add/", _form()).status_code == 403
    for name in ("unsubscribe", "erase"):
        assert viewer.post(_act(subscriber, name)).status_code == 403
    viewer.post(READERS, {"action": "unsubscribe_subscribers", "_selected_action": [subscriber.pk]})
    assert Subscriber.objects.get().status == Status.ACTIVE


def test_an_unknown_act_and_an_unknown_subscriber_are_refused(
    operator: Client, subscriber: Subscriber
) -> None:
    assert operator.post(_act(subscriber, "promote")).status_code == 403
    assert operator.post(f"{READERS}999/erase/act/").status_code == 404


def test_strangers_see_the_login(client: Client, subscriber: Subscriber) -> None:
    for path in (f"{READERS}add/", _act(subscriber, "erase"), "/admin/newsletter/suppression/check/"):
        response = client.post(path, SERVER_NAME="localhost")
        assert response.status_code == 302
        assert "/admin/login/" in response.headers["Location"]
    assert Subscriber.objects.exists()


# --- links -----------------------------------------------------------------------------------------------


def test_the_operator_revokes_the_links_of_one_subscriber_and_of_several(
    operator: Client, subscriber: Subscriber
) -> None:
    old = subscriber.link_key
    assert "Revoke links" in text(operator, f"{READERS}{subscriber.pk}/change/")
    assert operator.post(_act(subscriber, "revoke")).status_code == 302
    subscriber.refresh_from_db()
    assert subscriber.link_key != old
    operator.post(READERS, {"action": "revoke_links", "_selected_action": [subscriber.pk]})
    assert subscriber.revoked_keys.count() == 2
    assert not subscriber.deliveries.exists(), "no mail is sent"
    assert old not in text(operator, f"{READERS}{subscriber.pk}/change/")


def test_who_may_only_look_revokes_nothing(viewer: Client, subscriber: Subscriber) -> None:
    assert viewer.post(_act(subscriber, "revoke")).status_code == 403
    viewer.post(READERS, {"action": "revoke_links", "_selected_action": [subscriber.pk]})
    assert not subscriber.revoked_keys.exists()
