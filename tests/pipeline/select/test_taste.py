"""What a subscriber likes decides the order, the reasons and what stands near the topics."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.core.digests.selection import Selection, WhyCode
from newsletter.models import (
    Delivery,
    FollowedAuthor,
    Paper,
    PaperFeedback,
    PaperVector,
    Subscriber,
    TasteProfile,
    Topic,
)
from newsletter.models.taste import Source, Verdict
from newsletter.pipeline.schedule import plan_ahead
from newsletter.pipeline.select.profiles import learn_outdated
from newsletter.pipeline.select.select import select_planned
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom

pytestmark = pytest.mark.django_db(transaction=True)

AHEAD = MONDAY - timedelta(hours=3)
MEMORY = (
    "Long-term memory for language agents",
    "We give language agents a long-term memory. Memory retrieval lets agents act over long horizons.",
)
SEGMENTATION = (
    "Segmentation of liver tumors in CT",
    "A network segments liver tumors in computed tomography. Medical image segmentation gains in Dice score.",
)
TRANSLATION = (
    "Machine translation of low-resource languages",
    "Neural machine translation for low-resource languages with parallel corpora and better BLEU scores.",
)
BESIDES = (
    "Gradient descent on convex functions converges.",
    "Protein folding is predicted from sequences.",
    "Galaxies merge in dark matter halos.",
    "Wireless channels fade in dense cities.",
)
"""What else the abstracts of kept papers speak of: none of them is like another through and through."""
SUBJECTS = {"memory": MEMORY, "segmentation": SEGMENTATION, "translation": TRANSLATION}


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path)
    room.topic("agents", "cat:cs.AI")
    room.topic("vision", "cat:cs.CV")
    return room


def take_in(
    room: Newsroom, *subjects: str, category: str = "cs.AI", first: int = 1, **fields: object
) -> None:
    """Gather one paper of each subject, numbered from ``first``, a minute apart."""
    papers = [
        paper_record(
            number,
            title=f"{SUBJECTS[subject][0]}, part {number}",
            abstract=SUBJECTS[subject][1],
            categories=(category,),
            published_at=SUNDAY + timedelta(minutes=number),
            **fields,
        )
        for number, subject in enumerate(subjects, start=first)
    ]
    room.take_in(*papers, now=SUNDAY + timedelta(hours=1))


def judge(
    subscriber: Subscriber,
    subject: str,
    *,
    number: int = 900,
    verdict: Verdict = Verdict.LIKE,
    source: Source = Source.DIGEST,
    topics: tuple[str, ...] = (),
) -> None:
    title, abstract = SUBJECTS[subject]
    PaperFeedback.objects.create(
        subscriber=subscriber,
        arxiv_id=f"2605.{number:05d}",
        version=1,
        title=f"{title}, part {number}",
        abstract=f"{abstract} {BESIDES[number % 4]}",
        categories=["cs.AI", "cs.CL"],
        published_at=SUNDAY,
        verdict=verdict,
        source=source,
        topics=list(Topic.objects.filter(slug__in=topics).values_list("pk", flat=True)),
        at=SUNDAY - timedelta(days=number - 899),
    )
    subscriber.taste_version += 1
    subscriber.save()


def selected(subscriber: Subscriber) -> Selection:
    plan_ahead(now=AHEAD)
    select_planned(now=AHEAD, is_refreshing=True)
    return Delivery.objects.get(subscriber=subscriber).selected


def titles(selection: Selection) -> list[str]:
    """Return the subjects of the papers, in the order of the selection."""
    papers = Paper.objects.in_bulk([each.paper_id for each in selection.papers])
    of_title = {title: subject for subject, (title, _) in SUBJECTS.items()}
    return [of_title[papers[each.paper_id].title.partition(",")[0]] for each in selection.papers]


def test_liked_papers_bring_those_like_them_to_the_top_and_say_why(room: Newsroom) -> None:
    take_in(room, *["segmentation", "translation", "memory"] * 4)
    reader = room.subscriber("ada@example.org", "agents", max_papers=4)
    judge(reader, "memory", topics=("agents",))
    selection = selected(reader)
    assert titles(selection)[:3] == ["memory"] * 3
    first = selection.papers[0].why
    assert (first.code, first.papers) == (WhyCode.KEPT, ("2605.00900",))
    assert 2 <= len(first.terms) <= 4
    text = " ".join(MEMORY).lower()
    assert all(term.lower() in text for term in first.terms)
    assert selection.papers[3].why.code is WhyCode.BREADTH
    room.run(MONDAY)
    assert "Because you kept Long-term memory for language agents" in " ".join(room.texts()[0].split())


def test_an_import_is_not_named_unless_the_subscriber_allows_it(room: Newsroom) -> None:
    take_in(room, *["memory", "segmentation"] * 3)
    reader = room.subscriber("ada@example.org", "agents", max_papers=2)
    judge(reader, "memory", source=Source.IMPORT)
    why = selected(reader).papers[0].why
    assert (why.code, why.papers) == (WhyCode.KEPT, ())
    assert why.terms
    reader.names_imports, reader.taste_version = True, reader.taste_version + 1
    reader.save()
    assert selected(reader).papers[0].why.papers == ("2605.00900",)


def test_those_of_whom_nothing_is_known_share_one_selection_and_nobody_elses(room: Newsroom) -> None:
    take_in(room, *["memory", "segmentation", "translation"] * 4)
    same = [room.subscriber(f"r{number}@example.org", "agents", max_papers=3) for number in range(2)]
    other = room.subscriber("ada@example.org", "agents", max_papers=3)
    judge(other, "memory")
    plan_ahead(now=AHEAD)
    select_planned(now=AHEAD)
    rows = {row.subscriber_id: row for row in Delivery.objects.select_related("selection")}
    assert rows[same[0].pk].selection == rows[same[1].pk].selection
    cold = rows[same[0].pk].selected
    assert sorted(titles(cold)[:3]) == ["memory", "segmentation", "translation"]
    assert len({each.score for each in cold.papers}) == len(cold.papers)
    assert rows[other.pk].selected != cold


def test_who_does_not_want_to_be_learned_from_is_one_of_whom_nothing_is_known(room: Newsroom) -> None:
    take_in(room, *["memory", "segmentation", "translation"] * 4)
    plain = room.subscriber("r@example.org", "agents", max_papers=3)
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    judge(reader, "memory")
    reader.learns = False
    reader.save()
    assert selected(reader) == selected(plain)
    assert not TasteProfile.objects.exists()


def test_what_was_disliked_goes_last_where_nothing_is_liked(room: Newsroom) -> None:
    take_in(room, *["memory", "segmentation", "translation"] * 3)
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    judge(reader, "segmentation", verdict=Verdict.DISLIKE)
    assert titles(selected(reader))[-3:] == ["segmentation"] * 3


def test_near_papers_need_four_likes_stand_apart_and_stay_as_selected(room: Newsroom) -> None:
    take_in(room, *["segmentation", "translation"] * 3)
    take_in(room, *["translation"] * 30, category="cs.CL", first=100)
    take_in(room, "memory", category="cs.CL", first=200)
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    for number in range(3):
        judge(reader, "memory", number=900 + number, topics=("agents",))
    assert selected(reader).near == ()
    Delivery.objects.update(selection=None)
    judge(reader, "memory", number=903, topics=("agents",))
    selection = selected(reader)
    [near] = selection.near
    paper = Paper.objects.get(pk=near.paper_id)
    assert paper.arxiv_id == "2606.00200"
    assert near.why.code is WhyCode.KEPT
    assert near.paper_id not in selection.matched_ids
    # A better one that comes later does not take its place; a withdrawal takes it away.
    take_in(room, "memory", category="cs.CL", first=201)
    assert selected(reader).near == (near,)
    Paper.objects.filter(pk=near.paper_id).update(is_withdrawn=True)
    assert selected(reader).near == ()


def test_one_thing_in_common_with_a_kept_paper_is_enough_to_be_near(room: Newsroom) -> None:
    take_in(room, *["segmentation", "translation"] * 3)
    room.take_in(
        paper_record(
            200,
            title="Language agents at the stock exchange",
            abstract="Prices follow what language agents trade, in a market of many buyers.",
            categories=("cs.CL",),
            published_at=SUNDAY,
        ),
        now=SUNDAY + timedelta(hours=1),
    )
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    for number in range(4):
        judge(reader, "memory", number=900 + number, topics=("agents",))
    [near] = selected(reader).near
    assert near.why.terms == ("language agents",)


def test_a_paper_whose_field_no_kept_paper_is_from_is_never_near(room: Newsroom) -> None:
    take_in(room, *["segmentation", "translation"] * 3)
    take_in(room, "memory", category="q-bio.NC", first=200)
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    for number in range(4):
        judge(reader, "memory", number=900 + number, topics=("agents",))
    assert selected(reader).near == ()


def test_a_reason_is_written_as_the_paper_writes_it(room: Newsroom) -> None:
    take_in(room, *["segmentation", "translation"] * 4)
    abstract = "Each LANGUAGE AGENT has a MEMORY. The LANGUAGE AGENT retrieves."
    room.take_in(
        paper_record(
            50, title="One LANGUAGE AGENT", abstract=abstract, categories=("cs.AI",), published_at=SUNDAY
        ),
        now=SUNDAY + timedelta(hours=1),
    )
    reader = room.subscriber("ada@example.org", "agents", max_papers=2)
    judge(reader, "memory", topics=("agents",))
    assert "LANGUAGE AGENT" in selected(reader).papers[0].why.terms


def test_near_papers_are_off_by_one_switch(room: Newsroom) -> None:
    take_in(room, *["segmentation", "translation"] * 3)
    take_in(room, "memory", category="cs.CL", first=200)
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    for number in range(4):
        judge(reader, "memory", number=900 + number, topics=("agents",))
    reader.shows_near = False
    reader.save()
    assert selected(reader).near == ()


def test_a_near_paper_is_in_the_mail_in_no_count_and_seen_afterwards(room: Newsroom) -> None:
    take_in(room, *["segmentation", "translation"] * 3)
    take_in(room, "memory", category="cs.CL", first=200)
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    for number in range(4):
        judge(reader, "memory", number=900 + number, topics=("agents",))
    room.run(MONDAY)
    [text] = room.texts()
    assert "6 of 6 new papers matched" in " ".join(text.split())
    assert "Near your topics" in text
    assert text.index("Near your topics") < text.index("2606.00200")
    row = Delivery.objects.get(subscriber=reader)
    assert Paper.objects.get(arxiv_id="2606.00200").pk in row.paper_ids


def test_followed_authors_come_first_and_stand_near_without_a_match(room: Newsroom) -> None:
    take_in(room, *["memory", "segmentation", "translation"] * 3)
    take_in(room, "translation", first=50, authors=("Ana Ramírez", "Wei Chen"))
    take_in(room, "segmentation", category="cs.CL", first=60, authors=("Ana Ramirez", "Wei Chen"))
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    FollowedAuthor.objects.create(subscriber=reader, name="Ana Ramirez", name_key="ana ramirez", at=SUNDAY)
    reader.taste_version = 1
    reader.save()
    selection = selected(reader)
    ids = dict(Paper.objects.values_list("pk", "arxiv_id"))
    assert ids[selection.papers[0].paper_id] == "2606.00050"
    assert selection.papers[0].why.code is WhyCode.FOLLOWS
    assert [ids[each.paper_id] for each in selection.near] == ["2606.00060"]
    assert selection.near[0].why.author == "Ana Ramirez"


def test_where_kept_papers_tell_who_is_meant_a_namesake_of_another_field_is_left_out(room: Newsroom) -> None:
    take_in(room, *["memory", "segmentation"] * 3)
    take_in(room, "translation", first=50, authors=("Xin Zhang", "Wei Chen"))
    take_in(room, "segmentation", category="astro-ph.CO", first=60, authors=("Xin Zhang", "Ana Ramirez"))
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    FollowedAuthor.objects.create(subscriber=reader, name="Xin Zhang", name_key="xin zhang", at=SUNDAY)
    reader.taste_version = 1
    reader.save()
    assert [each.why.code for each in selected(reader).near] == [WhyCode.NAMESAKE]
    Delivery.objects.update(selection=None)
    take_in(room, "memory", first=900)
    judge(reader, "memory", number=900, topics=("agents",))
    PaperFeedback.objects.update(arxiv_id="2606.00900")
    selection = selected(reader)
    assert selection.near == ()
    assert selection.papers[0].why.code is WhyCode.FOLLOWS


def test_the_lead_is_of_the_topic_whose_best_paper_is_best(room: Newsroom) -> None:
    take_in(room, *["segmentation", "translation"] * 3)
    take_in(room, *["translation", "translation", "memory"], category="cs.CV", first=100)
    plain = room.subscriber("r@example.org", "agents,vision", max_papers=4)
    reader = room.subscriber("ada@example.org", "agents,vision", max_papers=4)
    for number in range(4):
        judge(reader, "memory", number=900 + number)
    vision = Topic.objects.get(slug="vision").pk
    assert selected(plain).papers[0].topic != vision
    lead = selected(reader).papers[0]
    assert (lead.topic, titles(selected(reader))[0]) == (vision, "memory")


def test_statements_do_not_grow_with_profiles(room: Newsroom) -> None:
    take_in(room, *["memory", "segmentation", "translation"] * 4)
    counts = []
    # Every paper is summarized: what is drawn for breadth would now and then be asked for anew.
    for batch, more in enumerate((1, 1, 12)):  # the first also stores the papers' vectors
        for number in range(more):
            reader = room.subscriber(f"r{batch}-{number}@example.org", "agents,vision", max_papers=12)
            judge(reader, "memory", topics=("agents",))
        plan_ahead(now=AHEAD)
        learn_outdated(Subscriber.objects.prefetch_related("subscriptions"), now=AHEAD)
        with CaptureQueriesContext(connection) as queries:
            select_planned(now=AHEAD)
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_a_namesake_who_comes_later_changes_what_is_said_of_a_followed_author(room: Newsroom) -> None:
    take_in(room, "memory", first=50, authors=("Ana Ramírez", "Wei Chen"))
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    FollowedAuthor.objects.create(subscriber=reader, name="Ana Ramirez", name_key="ana ramirez", at=SUNDAY)
    reader.taste_version = 1
    reader.save()
    assert selected(reader).papers[0].why.code is WhyCode.FOLLOWS
    take_in(room, "segmentation", category="math.AG", first=60, authors=("Ana Ramirez", "Jo Doe"))
    assert selected(reader).papers[0].why.code is WhyCode.NAMESAKE


def test_papers_have_one_vector_a_version_and_profiles_follow_the_acts(room: Newsroom) -> None:
    take_in(room, "memory", "segmentation")
    reader = room.subscriber("ada@example.org", "agents", max_papers=3)
    judge(reader, "memory", topics=("agents",))
    selected(reader)
    rows = dict(PaperVector.objects.values_list("paper_id", "pk"))
    assert len(rows) == 2
    profile = TasteProfile.objects.get(subscriber=reader, topic=None)
    assert (profile.likes, profile.taste_version) == (1, 1)
    assert len(bytes(profile.terms)) <= 4096
    judge(reader, "translation", number=901)
    selected(reader)
    again = TasteProfile.objects.get(subscriber=reader, topic=None)
    assert (again.likes, again.taste_version) == (2, 2)
    assert bytes(again.terms) != bytes(profile.terms)
    assert dict(PaperVector.objects.values_list("paper_id", "pk")) == rows
