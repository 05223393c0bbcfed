"""Another address, all data, erasure: only by a link that was mailed within the hour."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.utils import timezone

from newsletter.audience.mailed_links import MailedLink, Place
from newsletter.audience.suppression import Reason, suppress
from newsletter.audience.tokens import Purpose, make_timed_token
from newsletter.models import AddressChange, ConsentEvent, Delivery, FreshLink, Subscriber, Suppression
from newsletter.models.delivery import Kind, State
from newsletter.models.taste import Act
from newsletter.pipeline.context import Context
from newsletter.pipeline.run import run_once
from newsletter.subscribers.account import CHANGES_A_DAY, mail_fresh_link
from newsletter.subscribers.taste.authors import follow_authors
from newsletter.subscribers.unsubscribe import unsubscribe
from newsletter.transactional import texts
from newsletter.transactional.texts import page_of_who_left
from tests.web.conftest import JOINED, Service, every_row
from tests.web.links import mailed_path
from tests.web.test_public_pages import text_of
from tests.web.test_taste import act, learn


def fresh(service: Service, *, minutes_ago: float = 0) -> str:
    """Return the path of a link that has not been used."""
    made = timezone.now() - timedelta(minutes=minutes_ago)
    link = FreshLink.objects.create(subscriber=service.subscriber, requested_at=made)
    return f"/account/{make_timed_token(Purpose.FRESH, subject=link.key, now=made)}"


def press(visitor: Client, path: str, **fields: str) -> Any:
    """Load a page and send its form, as a browser does."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text_of(visitor, path))
    assert found is not None
    return visitor.post(path, fields | {"csrfmiddlewaretoken": found[1]})


def test_the_mailed_link_opens_the_page(visitor: Client, service: Service) -> None:
    assert mail_fresh_link(service.subscriber, now=timezone.now())
    assert "ada@example.org" in text_of(visitor, mailed_path("fresh-"))


@pytest.mark.parametrize("tail", ["", "/export", "/erase"])
def test_it_works_for_an_hour_and_only_as_it_was_made(visitor: Client, service: Service, tail: str) -> None:
    assert visitor.get(fresh(service, minutes_ago=59) + tail).status_code == 200
    forever = service.link(Purpose.PREFERENCES).rpartition("/")[2]
    bad = [fresh(service, minutes_ago=61), fresh(service) + "x", f"/account/{forever}", "/account/x"]
    for path in bad:
        assert "This link does not work" in text_of(visitor, path + tail, status=404)
        assert Client(SERVER_NAME="localhost").post(path + tail).status_code in (404, 405)
    assert Subscriber.objects.count() == 1


def test_a_new_address_counts_once_it_is_confirmed(visitor: Client, service: Service) -> None:
    asked = press(visitor, fresh(service), email="Ada@Elsewhere.example")
    assert "on its way to Ada@Elsewhere.example" in asked.content.decode()
    assert Subscriber.objects.get().email == "ada@example.org"
    mail = Delivery.objects.get(slot_key__startswith="address-")
    assert mail.recipient == "Ada@Elsewhere.example"
    before = every_row()
    path = mailed_path("address-")
    assert "Nothing has changed so far" in text_of(visitor, path)
    assert visitor.head(path).status_code == 200
    assert every_row() == before
    for _ in range(2):
        visitor.cookies.clear()
        done = press(visitor, path) if Subscriber.objects.get().email != mail.recipient else visitor.get(path)
        assert "It is your address now" in done.content.decode()
    subscriber = Subscriber.objects.get()
    assert (subscriber.email, subscriber.email_key) == ("Ada@Elsewhere.example", "ada@elsewhere.example")
    assert subscriber.link_key != service.subscriber.link_key
    told = Delivery.objects.get(slot_key__startswith="address-old-")
    assert told.recipient == "ada@example.org"
    assert ConsentEvent.objects.filter(source="change of address").count() == 1


def test_a_used_or_suppressed_address_is_asked_nothing_and_the_page_says_the_same(
    visitor: Client, service: Service
) -> None:
    Subscriber.objects.create(
        email="b@example.org", email_key="b@example.org", joined_at=timezone.now(), status="active"
    )
    suppress("c@example.org", reason=Reason.COMPLAINED, at=timezone.now())
    pages = set()
    for address in ("b@example.org", "c@example.org", "d@example.org"):
        said = press(visitor, fresh(service), email=address).content.decode()
        pages.add(re.sub(r"/account/[\w.-]+", "", said.replace(address, "")))
    assert len(pages) == 1
    recipients = Delivery.objects.filter(kind=Kind.LINK).values_list("recipient", flat=True)
    assert list(recipients) == ["d@example.org"]


def test_an_address_that_was_taken_meanwhile_is_not_taken_over(visitor: Client, service: Service) -> None:
    press(visitor, fresh(service), email="b@example.org")
    Subscriber.objects.create(email="b@example.org", email_key="b@example.org", joined_at=timezone.now())
    done = press(visitor, mailed_path("address-"))
    assert done.status_code == 409
    assert Subscriber.objects.get(pk=service.subscriber.pk).email == "ada@example.org"


def test_only_the_newest_change_counts_and_only_for_a_day(visitor: Client, service: Service) -> None:
    press(visitor, fresh(service), email="first@example.org")
    first = mailed_path("address-")
    press(visitor, fresh(service), email="second@example.org")
    text_of(visitor, first, status=404)
    change = AddressChange.objects.get(email="second@example.org")
    late = timezone.now() - timedelta(hours=25)
    text_of(
        visitor, f"/address/{make_timed_token(Purpose.ADDRESS, subject=change.key, now=late)}", status=404
    )


def test_changes_are_few_a_day_and_to_real_addresses(visitor: Client, service: Service) -> None:
    for wrong in ("nobody", "ada@example.org", "a@b\r\nBcc: x@y.example", "a" * 400 + "@example.org"):
        response = press(visitor, fresh(service), email=wrong)
        assert response.status_code == 400
        assert "is not another e-mail address" in response.content.decode()
    for number in range(CHANGES_A_DAY):
        assert press(visitor, fresh(service), email=f"n{number}@example.org").status_code == 200
    assert press(visitor, fresh(service), email="late@example.org").status_code == 400
    assert AddressChange.objects.count() == CHANGES_A_DAY


def test_the_export_holds_every_row_of_the_subscriber(visitor: Client, service: Service) -> None:
    press(visitor, fresh(service), email="new@example.org")
    response = visitor.get(fresh(service) + "/export")
    assert response["Content-Disposition"].startswith('attachment; filename="arxiv-digest-')
    told = json.loads(response.content)
    assert told["reader"]["email"] == "ada@example.org"
    assert len(told["reader"]["seen_papers"]) == 14
    for model in apps.get_app_config("newsletter").get_models():
        for field in model._meta.fields:
            if field.related_model is Subscriber:
                assert field.remote_field is not None
                name = field.remote_field.get_accessor_name()
                rows = model._default_manager.filter(**{field.name: service.subscriber})
                keys = [str(row.pk) for row in rows]
                assert sorted(str(row["id"]) for row in told[str(name)]) == sorted(keys), name
    assert told["private_topics"][0]["name"] == "Secret"
    digest = next(row for row in told["deliveries"] if row["kind"] == "digest")
    assert len(digest["papers"]["listed"]) == 6
    assert digest["papers"]["summarised"][0].startswith("2606.")


def test_the_export_holds_their_taste(visitor: Client, service: Service) -> None:
    act(service, Act.SAVE, 1)
    follow_authors(service.subscriber, ["Ada Lovelace"], now=JOINED)
    learn(service.subscriber)
    told = json.loads(visitor.get(fresh(service) + "/export").content)
    [paper] = told["feedback"]
    assert (paper["arxiv_id"], paper["title"]) == ("2606.00001", "Avatar 1: Talking Heads from Speech")
    assert told["followed_authors"][0]["name"] == "Ada Lovelace"
    assert told["profiles"][0]["terms"].keys() == {"agents", "language", "survey"}
    assert told["reader"]["muted_terms"] == {}


def test_erasure_asks_once_and_repeating_it_is_no_fault(visitor: Client, service: Service) -> None:
    path = fresh(service) + "/erase"
    before = every_row()
    assert "Nothing has changed so far." in text_of(visitor, path)
    assert every_row() == before
    assert "Everything about you is deleted" in press(visitor, path).content.decode()
    assert not Subscriber.objects.exists()
    assert Suppression.objects.get().reason == "erased"
    assert "Everything about you is deleted" in text_of(visitor, path)


def test_a_form_from_elsewhere_erases_nobody(visitor: Client, service: Service) -> None:
    assert visitor.post(fresh(service) + "/erase").status_code == 403
    assert Subscriber.objects.exists()


def test_who_has_left_cannot_move_but_can_still_be_erased(visitor: Client, service: Service) -> None:
    path = fresh(service)
    unsubscribe(service.subscriber, source="test", now=timezone.now())
    assert 'type="email"' not in text_of(visitor, path)
    assert "Everything about you is deleted" in press(visitor, f"{path}/erase").content.decode()


def test_who_has_left_gets_a_fresh_link_takes_the_data_along_and_is_erased(
    visitor: Client, service: Service
) -> None:
    unsubscribe(service.subscriber, source="test", now=timezone.now())
    assert visitor.post("/preferences/", {"email": "ada@example.org"}).status_code == 200
    own_page = mailed_path("link-")
    press(visitor, own_page, do="link")
    run_once(Context(settings.CONFIG), now=timezone.now(), gather=False)
    states = Delivery.objects.filter(kind=Kind.LINK).values_list("state", flat=True)
    assert list(states) == [State.ACCEPTED] * 2
    path = mailed_path("fresh-")
    assert json.loads(visitor.get(f"{path}/export").content)["reader"]["status"] == "unsubscribed"
    assert Subscriber.objects.get().next_slot_at is None
    assert Delivery.objects.filter(kind=Kind.DIGEST).count() == 1
    press(visitor, f"{path}/erase")
    assert not Subscriber.objects.exists()


def test_a_mail_of_a_link_promises_who_has_left_only_what_it_opens(service: Service) -> None:
    unsubscribe(service.subscriber, source="test", now=timezone.now())
    service.subscriber.refresh_from_db()
    assert mail_fresh_link(service.subscriber, now=timezone.now())
    assert Delivery.objects.get(kind=Kind.LINK).subject == "Your link to data and erasure"


def test_no_letter_in_chinese_has_a_space_between_its_sentences() -> None:
    link = MailedLink(Place.ACCOUNT, "key")
    mails = [
        texts.fresh_link(language="zh-hans", link=link),
        texts.fresh_link(language="zh-hans", link=link, is_reading=False),
        page_of_who_left(language="zh-hans", link=link),
        texts.address_confirmation(language="zh-hans", link=link),
        texts.address_changed(language="zh-hans"),
    ]
    paragraphs = [each for mail in mails for each in mail.paragraphs]
    assert "一切不变。" in "".join(paragraphs)
    assert not [each for each in paragraphs if "。 " in each]
