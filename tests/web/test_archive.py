"""The archive of a digest: its numbers are the record's, and a shared page tells nothing of its reader."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from random import Random

import pytest
import time_machine
from django.test import Client
from django.urls import NoReverseMatch, reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.audience.tokens import Purpose, delivery_subject, digest_token, make_token
from newsletter.audience.topics import add_topic
from newsletter.core.digests.message import emphasis
from newsletter.core.digests.selection import (
    Candidate,
    Place,
    Ranking,
    Selected,
    Selection,
    select_papers,
)
from newsletter.models import Delivery, Paper, Subscriber, Topic
from newsletter.models.delivery import Kind, State
from newsletter.models.selection import store_selections
from newsletter.models.taste import Act, Source
from newsletter.subscribers.taste.acts import act_on
from newsletter.web import archive as archives
from tests.fakes.papers import paper_record
from tests.web.conftest import JOINED, SENT, Service
from tests.web.test_public_pages import text_of

NOW = datetime(2026, 6, 22, 8, 0, tzinfo=UTC)
PAPERS = 24


@dataclass(frozen=True)
class Room:
    """A reader of two public topics and one of their own, and papers to choose from."""

    reader: Subscriber
    topics: dict[int, Topic]
    papers: list[Paper]


@pytest.fixture
def room(db: None) -> Room:  # noqa: ARG001 - the database
    reader = Subscriber.objects.create(
        email="ada@example.org", email_key="ada@example.org", joined_at=JOINED, status="active"
    )
    own = partial(add_topic, query="cat:cs.CV", now=JOINED)
    topics = [own("heads", name="Heads"), own("hands", name="Hands"), own("mine", name="Mine", owner=reader)]
    papers = [Paper.from_record(paper_record(n), first_seen_at=NOW) for n in range(1, PAPERS + 1)]
    return Room(reader, {topic.pk: topic for topic in topics}, Paper.objects.bulk_create(papers))


def delivered(room: Room, selection: Selection, *, day: int = 0) -> Delivery:
    [row] = store_selections([selection])
    delivery = Delivery.planned(
        subscriber_id=room.reader.pk,
        kind=Kind.DIGEST,
        slot_key=f"{NOW - timedelta(days=day):%Y-%m-%d}",
        slot_at=NOW - timedelta(days=day),
        now=NOW,
    )
    delivery.state, delivery.selection, delivery.topics = State.ACCEPTED, row, list(selection.topics)
    delivery.save()
    return delivery


def pages(room: Room, delivery: Delivery) -> tuple[str, str]:
    """Return the reader's own page and the shared one."""
    visitor = Client(SERVER_NAME="localhost")
    own = digest_token(delivery.pk, link_key=room.reader.link_key)
    shared = make_token(Purpose.SHARE, subject=delivery_subject(delivery.pk))
    with time_machine.travel(NOW + timedelta(hours=1), tick=True):
        return text_of(visitor, f"/digests/{own}"), text_of(visitor, f"/digests/{shared}")


def test_random_histories_have_the_numbers_of_their_record(room: Room) -> None:
    """Over what selecting makes of random matches: page by page, topic by topic, paper by paper."""
    days = iter(range(10_000))

    @settings(max_examples=30)
    @given(
        seed=st.integers(0, 2**32),
        shares=st.lists(st.integers(0, 20), min_size=3, max_size=3),
        most=st.integers(0, 12),
        scanned=st.integers(0, 2_000),
        is_moved=st.booleans(),
    )
    def hold(seed: int, shares: list[int], most: int, scanned: int, is_moved: bool) -> None:
        random = Random(seed)  # noqa: S311 - a history to try
        rankings = [
            Ranking.of(
                topic, [candidate(paper, topic, random) for paper in random.sample(room.papers, share)]
            )
            for topic, share in zip(room.topics, shares, strict=True)
        ]
        selection = select_papers(rankings, max_papers=most, scanned=scanned)
        if is_moved:  # fitting a mail into its size moves the last ones
            moved = {each.paper_id: random.choice([each.place, Place.LISTED]) for each in selection.papers}
            selection = selection.with_places(moved)
        own, shared = pages(room, delivered(room, selection, day=next(days)))
        everything, public = (
            set(room.topics),
            {key for key, topic in room.topics.items() if not topic.owner_id},
        )
        assert_numbers(own, selection, topics=everything, room=room)
        assert_numbers(shared, selection, topics=public, room=room)

    hold()


def candidate(paper: Paper, topic: int, random: Random) -> Candidate:
    return Candidate(paper.pk, topic, score=random.random(), published_at=paper.published_at)


def assert_numbers(page: str, selection: Selection, *, topics: set[int], room: Room) -> None:
    matched = sum(selection.brought_by(topic) for topic in topics)
    if topics == set(room.topics):
        assert matched == len(selection.matched_ids)
    said = " ".join(unescape(re.sub(r"<[^>]*>", "", page)).split())
    first = f"{matched:,} of" if matched else "None of"
    assert f"{first} {selection.scanned:,} new paper" in said
    named = set(re.findall(r"/papers/([\d.]+)/", page))
    expected = {each.paper_id for each in selection.papers if each.topic in topics}
    expected |= {paper for topic in topics for paper in selection.counted.get(topic, ())}
    assert named == {paper.arxiv_id for paper in room.papers if paper.pk in expected}
    sections = dict(re.findall(r'<h2 class="rule">(\w+) <small>(.*?)</small>', page))
    assert sections.keys() == {room.topics[key].name for key in topics if selection.brought_by(key)}
    for key in topics:
        shown = [each for each in selection.papers if each.topic == key]
        in_full = sum(each.final_place is Place.SUMMARIZED for each in shown)
        if total := selection.brought_by(key):
            told = re.sub(r"<[^>]*>", "", sections[room.topics[key].name])
            assert told == (f"{in_full} of {total}" if in_full else f"{total}")


def chosen(room: Room, *numbers: int, topic: str) -> list[Selected]:
    key = next(key for key, each in room.topics.items() if each.slug == topic)
    return [Selected(room.papers[number].pk, key, position) for position, number in enumerate(numbers)]


def selection_of(room: Room, *papers: Selected, scanned: int = 40) -> Selection:
    return Selection(topics=tuple(room.topics), papers=papers, scanned=scanned)


def test_a_shared_page_tells_nothing_of_a_private_topic(room: Room) -> None:
    selection = selection_of(room, *chosen(room, 0, topic="mine"), *chosen(room, 1, 2, topic="heads"))
    own, shared = pages(room, delivered(room, selection))
    secret = room.papers[0]
    for word in ("Mine", secret.title, secret.arxiv_id, "mine"):
        assert word in own or word == "mine"
        assert word not in shared
    assert "2 of 40 new papers matched; all stand in full." in shared
    assert "3 of 40 new papers matched; all stand in full." in own
    assert 'href="/topics/mine/"' not in own  # nobody else may see it, so it has no page


def test_a_shared_page_of_private_topics_alone_has_no_number_of_its_reader(room: Room) -> None:
    mine = next(key for key, each in room.topics.items() if each.slug == "mine")
    selection = replace(selection_of(room, *chosen(room, 0, topic="mine")), topics=(mine,))
    own, shared = pages(room, delivered(room, selection))
    assert "1 of 40 new papers matched; it stands in full." in own
    assert "40" not in re.sub(r"<(?:head|style|script).*?</(?:head|style|script)>", "", shared, flags=re.S)
    assert "As sent, without anything personal." in shared


def test_the_own_page_has_the_reasons_of_the_mail_and_what_was_saved(room: Room) -> None:
    delivery = delivered(room, selection_of(room, *chosen(room, 1, 2, topic="heads")))
    first, second = (room.papers[number] for number in (1, 2))
    delivery.placeholders = {
        f"why:{first.arxiv_id}": f"Because you kept {emphasis('Lamps <b>')}: light.",
        "period": "Week of 15 June 2026",
    }
    delivery.save()
    act_on(room.reader, Act.SAVE, [second.record], source=Source.PAGE, now=NOW)
    own, shared = pages(room, delivery)
    assert 'Because you kept <i lang="en">Lamps &lt;b&gt;</i>: light.' in own
    assert re.search(rf'/{first.arxiv_id}/save">Save</a>', own)
    assert re.search(rf'/{second.arxiv_id}/save">Saved</a>', own)
    assert "<h1>Week of 15 June 2026</h1>" in own
    assert "<h1>Week of 15 June 2026</h1>" in shared
    for personal in ("Because", "/r/", ">Save", "Not for me", "ada@example.org"):
        assert personal not in shared


def test_its_papers_are_there_as_bibtex_as_soon_as_the_site_has_that(room: Room) -> None:
    try:
        reverse("digest_cite", kwargs={"token": "x", "form": "bib"})
        links = 1
    except NoReverseMatch:
        links = 0
    for page in pages(room, delivered(room, selection_of(room, *chosen(room, 1, topic="heads")))):
        assert len(re.findall('href="/digests/[^"]+/cite.bib"', page)) == links


def test_reasons_that_were_forgotten_are_not_on_the_page(room: Room) -> None:
    delivery = delivered(room, selection_of(room, *chosen(room, 1, topic="heads")))
    delivery.placeholders = {f"why:{room.papers[1].arxiv_id}": ""}
    delivery.save()
    assert 'class="why' not in pages(room, delivery)[0]


def test_other_digests_stand_beside_the_readers_own_and_not_beside_a_shared_one(room: Room) -> None:
    for day in (7, 14):
        delivered(room, selection_of(room, *chosen(room, day, topic="hands")), day=day)
    own, shared = pages(room, delivered(room, selection_of(room, *chosen(room, 1, topic="heads"))))
    assert re.findall(r"(?:<strong[^>]*>|<a href=\"/digests/[^>]*>)(\d+ June)<", own) == [
        "22 June",
        "15 June",
        "8 June",
    ]
    assert "Other digests" not in shared


def test_a_digest_from_before_periods_were_kept_is_named_by_its_day(room: Room) -> None:
    own, _ = pages(room, delivered(room, selection_of(room, *chosen(room, 1, topic="heads"))))
    assert "<h1>Digest of 22 June 2026</h1>" in own


def test_a_topic_that_is_gone_keeps_its_papers_for_its_reader_alone(room: Room) -> None:
    delivery = delivered(room, selection_of(room, *chosen(room, 1, 2, topic="hands")))
    Topic.objects.get(slug="hands").delete()
    own, shared = pages(room, delivery)
    assert "A topic that is gone <small>2 of 2</small>" in own
    assert "2 of 40 new papers matched" in own
    assert room.papers[1].title not in shared
    assert "None of 40 new papers matched." in shared


def test_a_page_names_a_bounded_number_of_titles_and_counts_the_rest(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_TITLES", 4)
    topic, chance = next(iter(room.topics)), Random(0)  # noqa: S311 - scores
    rankings = [Ranking.of(topic, [candidate(each, topic, chance) for each in room.papers])]
    own, _ = pages(room, delivered(room, select_papers(rankings, max_papers=2, scanned=90)))
    assert len(re.findall('class="by-title"', own)) == 4
    assert "22 more, by title" in own
    assert "18 more are not named here." in own


def test_an_empty_digest_says_what_to_do_next(room: Room) -> None:
    own, _ = pages(room, delivered(room, selection_of(room, scanned=1)))
    assert "None of 1 new paper matched." in own
    assert "No paper was in it." in own
    assert 'href="/topics/"' in own


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_hostile_titles_and_names_are_inert(room: Room, hostile: str) -> None:
    Paper.objects.update(title=hostile, authors=[hostile], comment=f"Accepted at ICML 2026 {hostile}")
    Topic.objects.filter(slug="heads").update(name=hostile)
    for page in pages(room, delivered(room, selection_of(room, *chosen(room, 1, 2, topic="heads")))):
        assert "<script" not in page
        assert "<img" not in page


def test_links_of_feedback_end_when_those_of_the_mail_do(visitor: Client, service: Service) -> None:
    for days, is_there in ((89, True), (91, False)):
        with time_machine.travel(SENT + timedelta(days=days), tick=True):
            page = text_of(visitor, service.link(Purpose.DIGEST))
        assert ("/r/" in page) is is_there
        assert "/papers/" in page
