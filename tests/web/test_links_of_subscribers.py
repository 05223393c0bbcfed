"""What a reader's own links open: the digest, the preferences, leaving. No GET changes a row."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from newsletter.audience.tokens import Purpose, make_token
from newsletter.models import ConsentEvent, FragmentRow, Subscriber, Suppression
from newsletter.models.subscriber import Status
from newsletter.subscribers.unsubscribe import erase
from tests.web.conftest import SENT, Service, every_row
from tests.web.test_public_pages import text_of

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PERSONAL = (Purpose.PREFERENCES, Purpose.UNSUBSCRIBE, Purpose.DIGEST, Purpose.SHARE)


@pytest.fixture
def _soon_after() -> Iterator[None]:
    """Links of feedback work for 90 days."""
    with time_machine.travel(SENT, tick=True):
        yield


@pytest.mark.usefixtures("_soon_after")
def test_following_every_link_of_a_digest_changes_no_row(visitor: Client, service: Service) -> None:
    before = every_row()
    followed = set()
    waiting = [service.link(purpose) for purpose in PERSONAL]
    while waiting:
        path = waiting.pop()
        followed.add(path)
        assert visitor.head(path).status_code == 200, path
        page = text_of(visitor, path)
        ours = re.findall(r'href="(?:http://localhost:8000)?(/[^"#?]*)', page)
        waiting += [link for link in set(ours) if link not in followed and not link.startswith("/static/")]
    assert len(followed) > 20
    assert every_row() == before


def test_a_digest_names_every_paper_that_it_offered_also_those_it_only_counted(
    visitor: Client, service: Service
) -> None:
    page = text_of(visitor, service.link(Purpose.DIGEST))
    counted = service.counted()
    assert len(counted) == 7
    titled = page[page.index('class="titles"') :]
    for paper in counted:
        assert f"/papers/{paper.arxiv_id}/" in titled
    assert "14 of 14 new papers matched; one in full, 13 by title." in page
    assert 'Talking heads <small>1 of <a href="/topics/heads/2026-W25/">14</a></small>' in page
    assert "[[" not in page


def test_its_reader_reads_the_mail_as_it_was_sent(visitor: Client, service: Service) -> None:
    own = service.link(Purpose.DIGEST)
    assert f'href="{own}/mail"' in text_of(visitor, own)
    mail = text_of(visitor, f"{own}/mail")
    assert "ada@example.org" in mail
    assert service.link(Purpose.UNSUBSCRIBE) in mail
    assert "[[" not in mail
    shared = service.link(Purpose.SHARE)
    assert "/mail" not in text_of(visitor, shared)
    assert visitor.get(f"{shared}/mail").status_code == 404


@pytest.mark.usefixtures("_soon_after")
def test_a_shared_digest_holds_nothing_of_the_subscribers(visitor: Client, service: Service) -> None:
    page = text_of(visitor, service.link(Purpose.SHARE))
    assert "ada@example.org" not in page
    assert not re.search(r"/preferences/[\w-]", page)
    assert "/unsubscribe/" not in page
    assert service.link(Purpose.DIGEST) not in page
    assert "/topics/heads/" in page
    assert "[[" not in page
    assert 'href="/?topics=heads,quiet"' in page
    assert "Subscribe to these two topics" in page
    # Its papers are there with their links; what the reader alone can do with them is not.
    read = text_of(visitor, service.link(Purpose.DIGEST))
    own = re.findall(r'href="(/papers/[^"]+)', read)
    assert len(set(own)) == 14
    assert re.findall(r'href="(/papers/[^"]+)', page) == own
    assert "Read on" in page
    assert "Not for me" in read
    for personal in ("/r/", ">Save<", "More like this", "Not for me"):
        assert personal not in page


def test_a_digest_whose_fragments_are_gone_still_names_its_papers(visitor: Client, service: Service) -> None:
    gone = FragmentRow.objects.order_by("pk").first()
    assert gone is not None
    service.delivery.fragments = ["0" * 64]
    service.delivery.save(update_fields=["fragments"])
    page = text_of(visitor, service.link(Purpose.DIGEST))
    assert "no longer kept" in page
    assert "As it was mailed" not in page
    assert "/papers/2606.00014/" in page
    assert "no longer kept" in text_of(visitor, f"{service.link(Purpose.DIGEST)}/mail")


def test_a_personal_page_is_kept_by_nobody(visitor: Client, service: Service) -> None:
    for purpose in PERSONAL:
        response = visitor.get(service.link(purpose))
        assert "no-store" in response["Cache-Control"]
        assert response["X-Robots-Tag"] == "noindex"
        assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("folder", ["digests", "preferences", "unsubscribe"])
def test_every_unusable_token_gets_the_same_page(visitor: Client, service: Service, folder: str) -> None:
    good = {
        "digests": Purpose.DIGEST,
        "preferences": Purpose.PREFERENCES,
        "unsubscribe": Purpose.UNSUBSCRIBE,
    }[folder]
    token = service.link(good).rpartition("/")[2]
    other = service.link(Purpose.UNSUBSCRIBE if folder != "unsubscribe" else Purpose.PREFERENCES)
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    forged = [token[:-3], flipped, token + "x", "x", "ключ", other.rpartition("/")[2]]
    pages = {text_of(visitor, f"/{folder}/{each}", status=404) for each in forged}
    assert len(pages) == 1
    assert "This link does not work" in pages.pop()


def test_the_unsubscribe_page_says_what_would_happen(visitor: Client, service: Service) -> None:
    page = text_of(visitor, f"{service.link(Purpose.UNSUBSCRIBE)}/heads")
    assert "Stop “Talking heads”?" in page
    assert "Quiet corner" in page


@pytest.mark.parametrize("multipart", [True, False])
def test_one_click_unsubscribes_any_number_of_times(
    visitor: Client, service: Service, multipart: bool
) -> None:
    path = service.link(Purpose.UNSUBSCRIBE)
    for _ in range(3):
        if multipart:
            response = visitor.post(path, ONE_CLICK)
        else:
            response = visitor.post(
                path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
            )
        assert (response.status_code, response.content) == (200, b"")
        assert not response.cookies
    service.subscriber.refresh_from_db()
    assert service.subscriber.status == Status.UNSUBSCRIBED
    assert Suppression.objects.count() == 1
    assert ConsentEvent.objects.filter(action="unsubscribed").count() == 1


def test_one_click_on_a_topic_ends_that_topic_alone(visitor: Client, service: Service) -> None:
    path = f"{service.link(Purpose.UNSUBSCRIBE)}/heads"
    assert [visitor.post(path, ONE_CLICK).status_code for _ in range(3)] == [200] * 3
    service.subscriber.refresh_from_db()
    assert service.subscriber.status == Status.ACTIVE
    assert [each.topic.slug for each in service.subscriber.subscriptions.all()] == ["quiet"]


def test_the_last_topic_ends_everything(visitor: Client, service: Service) -> None:
    for slug in ("heads", "quiet"):
        visitor.post(f"{service.link(Purpose.UNSUBSCRIBE)}/{slug}", ONE_CLICK)
    service.subscriber.refresh_from_db()
    assert service.subscriber.status == Status.UNSUBSCRIBED


def test_the_button_gets_a_page_that_confirms(visitor: Client, service: Service) -> None:
    response = visitor.post(service.link(Purpose.UNSUBSCRIBE))
    assert response.status_code == 200
    assert "You are unsubscribed" in response.content.decode()
    assert Subscriber.objects.get().status == Status.UNSUBSCRIBED


def test_a_subscriber_who_was_erased_sees_success(visitor: Client, service: Service) -> None:
    path = service.link(Purpose.UNSUBSCRIBE)
    erase(service.subscriber, now=SENT)
    before = every_row()
    assert "You are unsubscribed" in text_of(visitor, path)
    response = visitor.post(path, ONE_CLICK)
    assert (response.status_code, response.content) == (200, b"")
    assert "ada@example.org" not in visitor.post(path).content.decode()
    assert every_row() == before


def test_a_revoked_key_opens_no_preferences(visitor: Client, service: Service) -> None:
    old = service.link(Purpose.PREFERENCES)
    Subscriber.objects.update(link_key="another-key")
    assert visitor.get(old).status_code == 404


def test_a_delivery_that_never_was_has_no_digest_page(visitor: Client, service: Service) -> None:  # noqa: ARG001
    token = make_token(Purpose.DIGEST, subject="AAAAAAAAAAAAAAAAAAAAAA")
    assert visitor.get(f"/digests/{token}").status_code == 404
