"""What the reader's own page does besides its large form: order, own cadences, a pause, a digest now."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.audience.tokens import Purpose
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import HALF_ANSWERED, UNASKED, Kind, State
from newsletter.subscribers.account import LINKS_A_DAY
from newsletter.subscribers.change import set_topics
from newsletter.web.past_digests import in_words
from tests.web.conftest import JOINED, Service, every_row
from tests.web.links import mailed_url


def send(visitor: Client, service: Service, **fields: Any) -> Any:
    """Load the page and press one of its buttons, as a browser does."""
    path = service.link(Purpose.PREFERENCES)
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.get(path).content.decode())
    assert found is not None
    return visitor.post(path, fields | {"csrfmiddlewaretoken": found[1]})


def said_after(visitor: Client, response: Any) -> str:
    """Return what the page says was done."""
    assert response.status_code == 303
    page = visitor.get(response["Location"].partition("#")[0]).content.decode()
    found = re.search(r'role="status">([^<]*)<', page)
    assert found is not None
    return found[1]


def order(service: Service) -> list[str]:
    return [each.topic.slug for each in service.subscriber.subscriptions.select_related("topic")]


def test_a_topic_moves_by_a_button_and_nothing_else_is_lost(visitor: Client, service: Service) -> None:
    topics = ["heads", "quiet", "secret"]
    response = send(visitor, service, topics=topics, move="up:quiet", at="09:30")
    assert response["Location"].endswith("#topics")
    assert order(service) == ["quiet", "heads", "secret"]
    send(visitor, service, topics=topics, move="down:quiet")
    assert order(service) == ["heads", "quiet", "secret"]
    for beyond in ("up:heads", "down:secret", "sideways:quiet", "up:unknown", "up"):
        send(visitor, service, topics=topics, move=beyond)
        assert order(service) == ["heads", "quiet", "secret"]
    assert f"{Subscriber.objects.get().at:%H:%M}" == "09:30"


def test_the_buttons_are_named_for_who_cannot_see_them(visitor: Client, service: Service) -> None:
    page = visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
    assert 'aria-label="Move “Quiet corner” up"' in page
    assert "How often “Talking heads” comes" in page
    first = page[page.index('value="up:heads"') :]
    assert "disabled" in first[: first.index(">")]


def test_a_topic_gets_a_cadence_of_its_own_and_loses_it(visitor: Client, service: Service) -> None:
    send(visitor, service, topics=["heads", "quiet"], **{"cadence-heads": "daily", "cadence-quiet": ""})
    own = dict(service.subscriber.subscriptions.values_list("topic__slug", "cadence"))
    assert own == {"heads": "daily", "quiet": ""}
    page = visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
    assert '<option value="daily" selected>' in page[page.index('id="cadence-heads"') :]
    send(visitor, service, topics=["heads", "quiet"], **{"cadence-heads": ""})
    assert not service.subscriber.subscriptions.exclude(cadence="").exists()


def test_a_wrong_cadence_of_a_topic_is_named_and_nothing_is_changed(
    visitor: Client, service: Service
) -> None:
    before = every_row()
    response = send(visitor, service, topics=["heads"], **{"cadence-heads": "hourly"})
    assert response.status_code == 400
    assert "“hourly” is not one of the choices." in response.content.decode()
    assert every_row() == before


def test_a_pause_lasts_until_its_day_and_can_be_ended(visitor: Client, service: Service) -> None:
    until = (timezone.now() + timedelta(days=20)).date()
    assert said_after(visitor, send(visitor, service, do="pause", until=until.isoformat())) == "Paused."
    subscriber = Subscriber.objects.get()
    assert subscriber.paused_until is not None
    assert subscriber.paused_until.date() == until
    assert subscriber.next_slot_at is not None
    assert subscriber.next_slot_at >= subscriber.paused_until
    assert "Paused until" in visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
    assert said_after(visitor, send(visitor, service, do="resume")) == "Digests come again."
    assert Subscriber.objects.get().paused_until is None


@pytest.mark.parametrize("until", ["", "tomorrow", "2020-01-01", "2999-01-01", "2026-02-30"])
def test_a_pause_needs_a_day_to_come(visitor: Client, service: Service, until: str) -> None:
    before = every_row()
    response = send(visitor, service, do="pause", until=until)
    assert response.status_code == 400
    assert "is not a date in the next 366 days" in response.content.decode()
    assert every_row() == before


def test_a_digest_is_made_now_and_then_is_under_way(visitor: Client, service: Service) -> None:
    assert "is being made" in said_after(visitor, send(visitor, service, do="now"))
    row = Delivery.objects.get(is_on_demand=True)
    assert (row.state, row.slot_key) == (State.PLANNED, f"{row.slot_at:%Y-%m-%d}")
    assert timezone.now() - row.slot_at < timedelta(minutes=2)
    assert said_after(visitor, send(visitor, service, do="now")) == "A digest is on its way already."
    Delivery.objects.filter(pk=row.pk).update(state=State.ACCEPTED)
    assert "one a day is the most" in said_after(visitor, send(visitor, service, do="now"))


def test_a_fresh_link_is_mailed_a_few_times_a_day(visitor: Client, service: Service) -> None:
    for _ in range(LINKS_A_DAY):
        assert "on its way" in said_after(visitor, send(visitor, service, do="link"))
    assert "Several links" in said_after(visitor, send(visitor, service, do="link"))
    rows = Delivery.objects.filter(kind=Kind.LINK)
    assert rows.count() == LINKS_A_DAY
    assert all("/account/" in mailed_url(row) for row in rows)
    page = visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
    assert "/account/" not in page


def test_last_digests_say_what_became_of_them(visitor: Client, service: Service) -> None:
    for days, state in enumerate((State.SKIPPED, State.FAILED), start=1):
        Delivery.planned(
            subscriber_id=service.subscriber.pk,
            kind=Kind.DIGEST,
            slot_key=f"2026-06-2{days}",
            slot_at=JOINED + timedelta(days=7 + days),
            now=JOINED,
        ).save()
        Delivery.objects.filter(slot_key=f"2026-06-2{days}").update(state=state)
    page = visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
    last = page[page.index('id="digests"') :]
    assert last.index("could not be sent") < last.index("nothing matched, so no mail") < last.index("1 of 14")
    assert "sent<" not in last
    assert service.link(Purpose.DIGEST) in last


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        (UNASKED, "arXiv could not be asked, so no mail"),
        (HALF_ANSWERED, "arXiv had not answered fully, so no mail"),
    ],
)
def test_a_day_without_an_answer_from_arxiv_is_not_called_one_without_a_match(
    visitor: Client, service: Service, detail: str, said: str
) -> None:
    Delivery.objects.update(state=State.SKIPPED, last_detail=detail, selection=None)
    page = visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
    assert said in page
    assert "nothing matched" not in page
    assert "0 of 0" not in page


def test_every_state_has_words() -> None:
    assert all(in_words(state) for state in State)


def test_who_pauses_or_has_left_is_offered_what_is_possible(visitor: Client, service: Service) -> None:
    set_topics(service.subscriber, topics=["quiet", "heads"], now=JOINED)
    Subscriber.objects.update(paused_until=timezone.now() + timedelta(days=3))
    page = visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
    assert 'value="resume"' in page
    assert 'value="now"' not in page
    Subscriber.objects.update(status="bounced")
    page = visitor.get(service.link(Purpose.PREFERENCES)).content.decode()
    assert "<form" not in page
    assert "/?topics=quiet,heads" in page
