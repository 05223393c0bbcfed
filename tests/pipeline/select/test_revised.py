"""Revised since you read it: whom a revision is told, once, in which digest, and at what cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from newsletter.audience.tokens import Purpose, delivery_subject, digest_token, make_token
from newsletter.core.arxiv.revisions import TOLD_FOR, Change, Revision
from newsletter.core.digests.selection import Place
from newsletter.models import Delivery, Paper, PaperFeedback, PaperRevision, Subscriber
from newsletter.models.delivery import State
from newsletter.models.taste import Source, Verdict
from newsletter.pipeline.explain import explain
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.preview import preview_digest
from newsletter.pipeline.schedule import plan_ahead
from newsletter.pipeline.select import revised as stage
from newsletter.pipeline.select.eligibility import RACE
from newsletter.pipeline.select.revised import revised_for
from newsletter.pipeline.select.select import select_planned
from newsletter.subscribers.export import export_everything
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import LOOKBACK, MONDAY, NEXT_MONDAY, SUNDAY, WEDNESDAY, Newsroom, body, states

pytestmark = pytest.mark.django_db(transaction=True)

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
HEADING = "Revised since you read it"
OTHER = "Faces are easy to draw. A diffusion prior renders them from text alone, without any rig."


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path)
    room.topic("heads", "cat:cs.CV")
    room.topic("graphs", "cat:cs.LG")
    return room


def take_in(room: Newsroom, *numbers: int, now: datetime = SUNDAY, **fields: Any) -> None:
    at = {"published_at": now - timedelta(hours=3)} | fields
    room.take_in(*(paper_record(number, **at) for number in numbers), now=now)


def revise(room: Newsroom, number: int = 1, *, now: datetime = WEDNESDAY, **fields: Any) -> None:
    old = paper(number).record
    changed: dict[str, Any] = {"version": old.version + 1, "abstract": OTHER} | fields
    room.take_in(replace(old, **changed), now=now)


def paper(number: int) -> Paper:
    return Paper.objects.get(arxiv_id=f"2606.{number:05d}")


def keep(
    subscriber: Subscriber,
    number: int,
    *,
    at: datetime,
    verdict: str = Verdict.LIKE,
    version: int | None = None,
    saved_at: datetime | None = None,
) -> None:
    record = paper(number).record
    row = PaperFeedback(
        subscriber=subscriber,
        arxiv_id=record.arxiv_id,
        verdict=verdict,
        saved_at=saved_at,
        source=Source.PAGE,
        at=at,
    )
    row.keep_texts(replace(record, version=version or record.version))
    row.save()


def told(subscriber: Subscriber, *, now: datetime) -> dict[str, Revision | None]:
    """Return what a digest made now would tell."""
    fresh = Subscriber.objects.prefetch_related("subscriptions__topic").get(pk=subscriber.pk)
    found = revised_for([fresh], now=now).get(fresh.pk, [])
    names = dict(Paper.objects.values_list("pk", "arxiv_id"))
    return {names[each.paper_id]: each.why.revision for each in found}


# --- once, in the next digest ----------------------------------------------------------------------------


def test_a_summarized_paper_that_changed_is_told_once_in_the_next_digest(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    for week in range(1, 4):
        take_in(room, week + 1, now=MONDAY + week * WEEK - timedelta(hours=5))
        room.run(MONDAY + week * WEEK)
    first, second, third, _ = (text.replace("\r\n", "\n") for text in room.texts())
    assert HEADING not in first
    assert (
        f"{HEADING}\n-------------------------\n\n"
        "Avatar 1  version 2: its abstract changed.  arXiv:2606.00001v2\n"
        "What changed:\n"
        "http://localhost:8000/papers/2606.00001/#changes\n"
    ) in second
    assert HEADING not in third
    selected = Delivery.objects.filter(subscriber=ann).order_by("slot_at")[1].selected
    [shown] = selected.revised
    assert (shown.place, shown.final_place) == (Place.REVISED, Place.REVISED)
    assert shown.why.revision == Revision(2, (Change.ABSTRACT,))


def test_it_is_in_no_count(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    take_in(room, 2, now=WEDNESDAY)
    room.run(NEXT_MONDAY)
    mail = room.mails()[1]
    assert mail["Subject"] == "Heads: Talking Heads from Speech"
    assert "1 of 1 new paper matched." in " ".join(body(mail, "plain").split())


def test_a_weekly_reader_is_told_when_nothing_is_new(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room, is_withdrawn=True, comment="This paper has been withdrawn by its authors")
    room.run(NEXT_MONDAY)
    assert "withdrawn by its authors" in room.texts()[1]


def test_it_is_never_by_itself_the_cause_of_a_daily_mail(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads", cadence="daily")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room, now=MONDAY + timedelta(hours=12))
    for day in (1, 2):
        room.run(MONDAY + timedelta(days=day))
    take_in(room, 2, now=MONDAY + timedelta(days=2, hours=12))
    room.run(MONDAY + timedelta(days=3))
    assert [state for _, state in states(ann)] == ["ACCEPTED", "SKIPPED", "SKIPPED", "ACCEPTED"]
    assert HEADING in room.texts()[1]


def test_a_digest_that_failed_tells_it_again(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    room.run(NEXT_MONDAY)
    assert told(ann, now=NEXT_MONDAY + WEEK) == {}
    Delivery.objects.filter(subscriber=ann, slot_at=NEXT_MONDAY).update(state=State.FAILED)
    assert list(told(ann, now=NEXT_MONDAY + WEEK)) == ["2606.00001"]
    room.run(NEXT_MONDAY + WEEK)
    assert HEADING in room.texts()[-1]


def test_what_is_found_between_selecting_and_the_slot_is_told_at_the_slot(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    plan_ahead(now=NEXT_MONDAY - timedelta(hours=3))
    select_planned(now=NEXT_MONDAY - timedelta(hours=3))
    revise(room, now=NEXT_MONDAY - timedelta(hours=2))
    room.run(NEXT_MONDAY)
    assert HEADING in room.texts()[1]


def test_several_revisions_of_one_paper_are_one_line(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    revise(room, now=WEDNESDAY + MINUTE, comment="Accepted at NeurIPS 2026")
    both = Revision(3, (Change.ABSTRACT, Change.ACCEPTED), "NeurIPS 2026")
    assert told(ann, now=NEXT_MONDAY) == {"2606.00001": both}
    room.run(NEXT_MONDAY)
    assert "version 3: its abstract changed; accepted at NeurIPS 2026" in room.texts()[1]
    assert told(ann, now=NEXT_MONDAY + WEEK) == {}
    revise(room, now=NEXT_MONDAY + WEEK, version=3, journal_ref="TMLR 2026")
    assert told(ann, now=NEXT_MONDAY + WEEK) == {"2606.00001": Revision(3, (Change.PUBLISHED,), "TMLR 2026")}


# --- of which papers -------------------------------------------------------------------------------------


def test_a_paper_that_was_shown_as_it_is_now_is_no_news(room: Newsroom) -> None:
    room.subscriber("bob@example.org", "heads", cadence="daily", at="18:00")
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(SUNDAY + timedelta(hours=7))  # only Bob's, which makes it a paper that was read
    revise(room, now=SUNDAY + timedelta(hours=8))
    room.run(MONDAY)
    assert Delivery.objects.get(subscriber=ann).state == State.ACCEPTED
    assert PaperRevision.objects.count() == 1
    assert told(ann, now=NEXT_MONDAY) == {}


def test_only_summarized_papers_are_told_not_listed_ones(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads", max_papers=1)
    room.subscriber("bob@example.org", "heads")
    take_in(room, 1, 2)
    room.run(MONDAY)
    [first] = Delivery.objects.get(subscriber=ann).selected.chosen
    for number in (1, 2):
        revise(room, number)
    assert PaperRevision.objects.count() == 2
    assert list(told(ann, now=NEXT_MONDAY)) == [Paper.objects.get(pk=first.paper_id).arxiv_id]


def test_saved_and_liked_papers_are_told_disliked_ones_are_not(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads", now=MONDAY)
    take_in(room, 1, 2, 3, 4, 5, now=SUNDAY)
    keep(ann, 1, at=MONDAY)
    keep(ann, 2, at=MONDAY, verdict=Verdict.NONE, saved_at=MONDAY)
    keep(ann, 3, at=MONDAY, verdict=Verdict.DISLIKE, saved_at=MONDAY)
    keep(ann, 4, at=MONDAY - TOLD_FOR)
    for number in range(1, 6):
        revise(room, number)
    assert list(told(ann, now=NEXT_MONDAY)) == ["2606.00001", "2606.00002"]


def test_a_paper_that_was_liked_as_it_is_now_is_no_news(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    keep(ann, 1, at=SUNDAY + MINUTE)
    revise(room)
    PaperFeedback.objects.update(version=2, at=WEDNESDAY + MINUTE)
    assert told(ann, now=NEXT_MONDAY) == {}


def test_a_paper_liked_by_the_link_of_an_old_mail_is_told(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads", max_papers=1)
    room.subscriber("bob@example.org", "heads")
    take_in(room, 1, 2)
    room.run(MONDAY)
    listed = Paper.objects.get(pk=Delivery.objects.get(subscriber=ann).selected.listed[0])
    number = int(listed.arxiv_id[-5:])
    revise(room, number)
    room.run(NEXT_MONDAY)
    assert told(ann, now=NEXT_MONDAY + WEEK) == {}
    keep(ann, number, at=NEXT_MONDAY + timedelta(days=2), version=1)
    assert list(told(ann, now=NEXT_MONDAY + WEEK)) == [listed.arxiv_id]
    room.run(NEXT_MONDAY + WEEK)
    assert told(ann, now=NEXT_MONDAY + 2 * WEEK) == {}


def test_a_paper_told_before_and_liked_later_is_not_told_again(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    room.run(NEXT_MONDAY)
    keep(ann, 1, at=NEXT_MONDAY + timedelta(days=2), version=1)
    assert told(ann, now=NEXT_MONDAY + WEEK) == {}


def test_who_does_not_want_it_is_told_nothing(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    Subscriber.objects.update(shows_revised=False)
    assert told(ann, now=NEXT_MONDAY) == {}


def test_an_old_revision_and_a_coming_one_are_not_told(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    assert told(ann, now=WEDNESDAY - MINUTE) == {}
    assert told(ann, now=WEDNESDAY + TOLD_FOR) == {}


def test_it_stands_under_the_topic_that_brought_it(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads,graphs")
    take_in(room, 1, categories=("cs.LG",))
    room.run(MONDAY)
    revise(room)
    fresh = Subscriber.objects.get(pk=ann.pk)
    [[shown]] = revised_for([fresh], now=NEXT_MONDAY).values()
    assert shown.topic == fresh.subscriptions.get(topic__slug="graphs").topic_id


def test_who_has_left_every_topic_is_told_nothing(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    ann.subscriptions.all().delete()
    assert told(ann, now=NEXT_MONDAY) == {}


def test_the_gravest_come_first_and_there_is_an_end(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "MOST_REVISED", 2)
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1, 2, 3)
    room.run(MONDAY)
    revise(room, 1, abstract=paper(1).abstract, comment="Accepted at NeurIPS 2026")
    revise(room, 2)
    revise(room, 3, is_withdrawn=True)
    assert list(told(ann, now=NEXT_MONDAY)) == ["2606.00003", "2606.00002"]


# --- a revision that becomes visible late ----------------------------------------------------------------


def late(number: int, *, found_at: datetime, **fields: Any) -> None:
    """Write a revision as a gather does that began before the last digest and ended after it."""
    usual = {"from_version": 1, "to_version": 2, "changes": ["title"], "venue": ""}
    PaperRevision.objects.create(paper=paper(number), found_at=found_at, **usual | fields)


def test_one_that_the_last_digest_could_not_see_yet_is_told(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    room.run(NEXT_MONDAY)
    late(1, found_at=NEXT_MONDAY - MINUTE)
    assert list(told(ann, now=NEXT_MONDAY + WEEK)) == ["2606.00001"]
    room.run(NEXT_MONDAY + WEEK)
    assert told(ann, now=NEXT_MONDAY + 2 * WEEK) == {}
    late(1, found_at=NEXT_MONDAY + WEEK - RACE - MINUTE, changes=["abstract"])
    assert told(ann, now=NEXT_MONDAY + 2 * WEEK) == {}


def test_one_that_was_told_by_the_digest_of_the_same_moment_is_not_told_again(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room, now=NEXT_MONDAY)
    room.run(NEXT_MONDAY)
    assert HEADING in room.texts()[1]
    assert told(ann, now=NEXT_MONDAY + WEEK) == {}


def test_one_of_a_paper_that_the_same_digest_showed_anew_is_not_told(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    take_in(room, 1, now=MONDAY - timedelta(hours=2))
    late(1, found_at=MONDAY - MINUTE)
    room.run(MONDAY)
    assert told(ann, now=NEXT_MONDAY) == {}


# --- what it costs ---------------------------------------------------------------------------------------


def test_statements_do_not_grow_with_subscribers_and_there_is_one_without_revisions(room: Newsroom) -> None:
    for number in range(40):
        room.subscriber(f"reader{number}@example.org", "heads")
    take_in(room, 1, 2)
    room.run(MONDAY)
    room.run(NEXT_MONDAY)
    counts = {}
    for name in ("none", "some"):
        subscribers = list(Subscriber.objects.order_by("pk").prefetch_related("subscriptions__topic"))
        for many in (1, 40):
            with CaptureQueriesContext(connection) as queries:
                found = revised_for(subscribers[:many], now=NEXT_MONDAY + WEEK)
            counts[name, many] = len(queries), len(found)
        revise(room, now=NEXT_MONDAY - MINUTE)  # as close to the last digest as costs most
    assert counts["none", 1] == counts["none", 40] == (1, 0)
    assert counts["some", 1][0] == counts["some", 40][0] <= 5
    assert counts["some", 40][1] == 40


def test_who_is_not_concerned_costs_no_statement(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    bob = room.subscriber("bob@example.org", "graphs")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    with CaptureQueriesContext(connection) as queries:
        assert revised_for([bob], now=NEXT_MONDAY) == {}
    assert len(queries) == 2


# --- elsewhere -------------------------------------------------------------------------------------------


@pytest.fixture
def second_digest(room: Newsroom) -> Delivery:
    ann = room.subscriber("ann@example.org", "heads,graphs")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    take_in(room, 2, now=WEDNESDAY)
    room.run(NEXT_MONDAY)
    return Delivery.objects.get(subscriber=ann, slot_at=NEXT_MONDAY)


def test_explain_says_it(second_digest: Delivery) -> None:
    assert second_digest.subscriber is not None
    answer = explain(second_digest.subscriber, "2606.00001", now=NEXT_MONDAY + MINUTE).as_json()
    assert (answer["place"], answer["topic"]) == ("revised", "heads")
    [reason] = answer["reasons"]
    assert reason["code"] == "revised"
    assert "version 2: its abstract changed" in reason["words"]


def test_a_preview_lists_it_last_of_the_named(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads,graphs")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room)
    take_in(room, 2, now=WEDNESDAY, categories=("cs.LG",))
    ann.refresh_from_db()
    shown = preview_digest(ann, context=room.context, now=NEXT_MONDAY)
    assert [(each["arxiv_id"], each["place"], each["topic"], each["why"]) for each in shown.selection] == [
        ("2606.00002", "summarized", "graphs", "query"),
        ("2606.00001", "revised", "heads", "revised"),
    ]


def test_the_digests_page_shows_it_and_its_share_page_does_not(second_digest: Delivery) -> None:
    assert second_digest.subscriber is not None
    own = digest_token(second_digest.pk, link_key=second_digest.subscriber.link_key)
    shared = make_token(Purpose.SHARE, subject=delivery_subject(second_digest.pk))
    client = Client(SERVER_NAME="localhost")
    pages = [client.get(f"/digests/{token}").content.decode() for token in (own, shared)]
    assert [HEADING in page for page in pages] == [True, False]
    assert ["2606.00001" in page for page in pages] == [True, False]


@pytest.mark.usefixtures("second_digest")
def test_the_papers_page_says_what_changed() -> None:
    client = Client(SERVER_NAME="localhost")
    page = client.get("/papers/2606.00001/").content.decode()
    assert 'id="changes"' in page
    assert "version 2: its abstract changed" in page
    assert "its abstract changed" not in client.get("/papers/2606.00002/").content.decode()


def test_a_chinese_reader_reads_it_in_chinese(room: Newsroom) -> None:
    room.subscriber("li@example.org", "heads", language="zh-hans")
    take_in(room, 1)
    room.run(MONDAY)
    revise(room, comment="Accepted at NeurIPS 2026")
    room.run(NEXT_MONDAY)
    text = room.texts()[1]
    assert "读过的论文有更新" in text
    assert "第 2 版：摘要有改动；已被 NeurIPS 2026 接收" in text


def test_the_export_names_it(second_digest: Delivery) -> None:
    assert second_digest.subscriber is not None
    data = export_everything(second_digest.subscriber, now=NEXT_MONDAY)
    assert data["reader"]["summarized_papers"] == ["2606.00001", "2606.00002"]
    assert sorted(row["papers"]["revised"] for row in data["deliveries"]) == [[], ["2606.00001"]]


def test_a_forged_title_or_venue_is_text_only(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    take_in(room, 1)
    room.run(MONDAY)
    revise(
        room,
        title="[[email]] <b>bold</b>",
        version=2,
        journal_ref='<script>alert("x")</script> [[unsubscribe_url]]',
    )
    match_papers(now=WEDNESDAY, lookback=LOOKBACK)
    room.run(NEXT_MONDAY)
    html = body(room.mails()[1], "html")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "ann@example.org &lt;b&gt;" not in html
