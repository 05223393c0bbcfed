"""The reader's page: what the last mail held, topics found and dropped, taste, and a preview."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from newsletter.audience.tokens import Purpose
from newsletter.models import Delivery, Paper, Subscriber
from newsletter.models.delivery import Kind
from newsletter.models.taste import Act, Source
from newsletter.pipeline.select.select import choose
from newsletter.subscribers.change import set_topics
from newsletter.subscribers.taste.acts import act_on
from newsletter.subscribers.taste.authors import follow_authors
from newsletter.subscribers.taste.words import ProfileWords, Word, strongest
from newsletter.web.numbers import in_words
from tests.web.conftest import JOINED, SENT, Service, every_row
from tests.web.test_preferences_actions import order, said_after, send
from tests.web.test_public_pages import text_of
from tests.web.test_rendered import statements


def own(visitor: Client, service: Service, query: str = "") -> str:
    return text_of(visitor, f"{service.link(Purpose.PREFERENCES)}{query}")


def section(page: str, name: str) -> str:
    """Return a section's text without markup."""
    start = page.index(f'id="{name}"')
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page[start : page.index("</section>", start)])).split())


def test_a_topic_says_what_the_last_mail_held_of_it(visitor: Client, service: Service) -> None:
    set_topics(service.subscriber, topics=["heads", "quiet", "secret"], now=JOINED)
    page = own(visitor, service)
    assert "Talking heads 1 of 14 every Friday" in section(page, "topics")
    assert "Quiet corner 0 of 0 every Friday" in section(page, "topics")
    assert "Secret your own query, seen by nobody else not yet" in section(page, "topics")
    assert '<a href="/topics/heads/2026-W25/">14</a>' in page


def test_a_topic_is_dropped_and_taken_back(visitor: Client, service: Service) -> None:
    response = send(visitor, service, drop="heads")
    assert response["Location"].endswith("?done=dropped&topic=heads#topics")
    assert order(service) == ["quiet"]
    page = text_of(visitor, response["Location"].partition("#")[0])
    assert "You follow it no longer." in page
    assert "Follow “Talking heads” again" in page
    assert said_after(visitor, send(visitor, service, add="heads")).startswith("You follow it.")
    assert order(service) == ["quiet", "heads"]


def test_the_last_topic_is_not_dropped(visitor: Client, service: Service) -> None:
    set_topics(service.subscriber, topics=["heads"], now=JOINED)
    response = send(visitor, service, drop="heads")
    assert response.status_code == 400
    assert "Choose at least one topic." in response.content.decode()
    assert order(service) == ["heads"]


@pytest.mark.parametrize("field", ["add", "drop", "move", "part"])
@pytest.mark.parametrize("value", ["", "unknown", "up:unknown", "<script>", "x" * 5_000])
def test_odd_values_change_no_topic(visitor: Client, service: Service, field: str, value: str) -> None:
    before = order(service)
    response = send(visitor, service, topics=["heads", "quiet"], **{field: value})
    assert response.status_code == 303
    assert order(service) == before
    assert "<script>" not in text_of(visitor, response["Location"].partition("#")[0])


def test_when_and_how_much_change_without_a_word_of_topics(visitor: Client, service: Service) -> None:
    assert (
        said_after(visitor, send(visitor, service, part="when", cadence="daily", max_papers="7")) == "Saved."
    )
    assert order(service) == ["heads", "quiet"]
    assert (Subscriber.objects.get().cadence, Subscriber.objects.get().max_papers) == ("daily", 7)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("secret", ["secret"]),
        ("CS.CV secr", ["secret"]),
        ("egrets", []),
        ('"><script>', []),
        ("x" * 9_000, []),
    ],
)
def test_topics_are_found_by_words(visitor: Client, service: Service, words: str, found: list[str]) -> None:
    page = visitor.get(service.link(Purpose.PREFERENCES), {"find": words}).content.decode()
    assert re.findall(r'name="add" value="([^"]*)"', page) == found
    assert ("No topic has these words." in page) == (not found)
    assert "<script" not in page


def test_only_topics_that_are_not_followed_are_offered(visitor: Client, service: Service) -> None:
    assert re.findall(r'name="add" value="([^"]*)"', own(visitor, service)) == ["secret"]


def test_nothing_learned_says_what_to_do(visitor: Client, service: Service) -> None:
    assert "Save three papers and the order becomes yours." in section(own(visitor, service), "taste")


def test_what_is_learned_is_summed_up_and_taken_back_here(visitor: Client, service: Service) -> None:
    papers = Paper.objects.order_by("pk")[:5]
    act_on(service.subscriber, Act.SAVE, [row.record for row in papers[:4]], source=Source.PAGE, now=SENT)
    act_on(service.subscriber, Act.LESS, [papers[4].record], source=Source.PAGE, now=SENT)
    follow_authors(service.subscriber, ["Grace Hopper"], now=SENT)
    page = own(visitor, service)
    assert "Learned from 4 papers you kept and 1 you did not want." in section(page, "taste")
    assert 'aria-label="Unfollow Grace Hopper"' in page
    assert "4 saved papers" in page
    said = said_after(visitor, send(visitor, service, do="unfollow", name="Grace Hopper"))
    assert said == "You follow them no longer."
    assert not service.subscriber.followed_authors.exists()
    Subscriber.objects.update(names_imports=True)
    send(visitor, service, do="switches", learns="on", names_imports="on")
    subscriber = Subscriber.objects.get()
    assert (subscriber.learns, subscriber.shows_near, subscriber.names_imports) == (True, False, True)
    send(visitor, service, do="forget")
    assert not service.subscriber.feedback.exists()


def test_saving_the_switches_keeps_the_one_that_is_not_shown(visitor: Client, service: Service) -> None:
    Subscriber.objects.update(names_imports=True)
    assert '<input type="hidden" name="names_imports" value="on">' in own(visitor, service)


def test_the_strongest_words_of_all_profiles_stand_once() -> None:
    def word(key: str, weight: float) -> Word:
        return Word(key=key, surface=key, weight=weight)

    profiles = [
        ProfileWords(
            topic=None, lifts=(word("agent", 0.2), word("tool", 0.9)), lowers=(word("survey", -0.1),)
        ),
        ProfileWords(topic=None, lifts=(word("agent", 0.8),), lowers=(word("survey", -0.5),)),
    ]
    lifts, lowers = strongest(profiles, most=2)
    assert [(each.key, each.weight) for each in lifts] == [("tool", 0.9), ("agent", 0.8)]
    assert [(each.key, each.weight) for each in lowers] == [("survey", -0.5)]


def test_without_a_digest_the_page_says_when_the_first_comes(visitor: Client, service: Service) -> None:
    service.delivery.delete()
    Subscriber.objects.update(next_slot_at=timezone.now() + timedelta(days=3))
    assert "No digest yet. The first comes on" in section(own(visitor, service), "digests")


def test_a_digest_that_came_back_says_so(visitor: Client, service: Service) -> None:
    Delivery.objects.update(state="BOUNCED")
    assert "sent, and returned by your mailbox" in section(own(visitor, service), "digests")


@pytest.mark.parametrize(
    ("number", "words"), [(0, "none"), (3, "three"), (10, "ten"), (11, "11"), (1234, "1,234")]
)
def test_small_numbers_are_words(number: int, words: str) -> None:
    assert in_words(number, "en") == words


def test_dates_of_this_year_have_no_year(visitor: Client, service: Service) -> None:
    Subscriber.objects.update(next_slot_at="2026-12-28T08:00Z")
    for now, said in (("2026-12-01", "28 December."), ("2025-12-01", "28 December 2026.")):
        with time_machine.travel(date.fromisoformat(now)):
            assert f"The next one: {said}" in own(visitor, service)


# --- what it would hold today ----------------------------------------------------------------------------


def test_a_preview_shows_what_a_digest_would_hold_and_records_nothing(
    visitor: Client, service: Service
) -> None:
    path = f"{service.link(Purpose.PREFERENCES)}/preview"
    with time_machine.travel(SENT + timedelta(hours=1), tick=True):
        assert "Nothing would be in it yet." in text_of(visitor, path)  # all of it was sent
        _as_before_the_mail(service, max_papers=2)
        before = every_row()
        page = text_of(visitor, path)
        [choice] = choose([_planned(service)], now=timezone.now())
    assert every_row() == before
    assert "14 of 14 new papers matched; two in full, 12 by title." in page
    named = set(re.findall(r"/papers/([\d.]+)/", page))
    assert named == {paper.arxiv_id for paper in Paper.objects.filter(pk__in=choice.selection.paper_ids)}
    assert "/r/" not in page  # nothing was sent, so no link of a mail works


def _as_before_the_mail(service: Service, *, max_papers: int) -> None:
    Subscriber.objects.update(seen_papers=b"", max_papers=max_papers)
    service.subscriber.subscriptions.update(covered_until=None)
    service.subscriber.refresh_from_db()


def _planned(service: Service) -> Any:
    now = timezone.now()
    delivery = Delivery.planned(
        subscriber_id=service.subscriber.pk, kind=Kind.DIGEST, slot_key="first", slot_at=now, now=now
    )
    delivery.subscriber = service.subscriber
    return delivery


def test_what_a_preview_asks_of_the_database_is_bounded(visitor: Client, service: Service) -> None:
    """It is chosen as a mail is: the same statements for any number of papers."""
    papers = Paper.objects.order_by("pk")[:3]
    act_on(service.subscriber, Act.SAVE, [row.record for row in papers], source=Source.PAGE, now=SENT)
    said = []
    for most in (1, 10):
        _as_before_the_mail(service, max_papers=most)
        with time_machine.travel(SENT + timedelta(hours=1), tick=True):
            said.append(statements(visitor, f"{service.link(Purpose.PREFERENCES)}/preview").said)
    assert len(said[1]) <= len(said[0]) <= 37, said[0]
    assert not service.subscriber.profiles.exists()  # what was learned on the way is not kept either


def test_only_a_readers_own_link_opens_it(visitor: Client, service: Service) -> None:
    for purpose in (Purpose.DIGEST, Purpose.UNSUBSCRIBE):
        token = service.link(purpose).rpartition("/")[2]
        assert visitor.get(f"/preferences/{token}/preview").status_code == 404
    anybody = Client(SERVER_NAME="localhost")
    assert anybody.post(f"{service.link(Purpose.PREFERENCES)}/preview").status_code == 405
