"""A topic in plain words: what is read from them, what is proposed, what it misses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter.adapters.ports import Answer
from newsletter.audience.query_preview import forget_recent, try_query
from newsletter.audience.topics import add_topic
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import parse
from newsletter.core.arxiv.query_proposal import MAX_PAPERS
from newsletter.models import Paper, PaperFeedback, Subscriber, TasteSnapshot
from newsletter.models.taste import Act, Source, Verdict
from newsletter.pipeline.gather import save_answer
from newsletter.pipeline.select.snapshots import current_snapshot
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.describe import Surroundings, read_description, surroundings
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.private_topics import add_private_topic, change_private_topic
from newsletter.subscribers.taste.acts import MOST_PAPERS, TooManyPapersError, act_on
from tests.fakes.fields import field_ids, field_papers
from tests.fakes.papers import PUBLISHED, paper_record

NOW = PUBLISHED + timedelta(days=2)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def papers() -> Iterator[None]:
    forget_recent()
    found = tuple(field_papers())
    save_answer(Answer(query="all", total_results=len(found), papers=found), now=NOW - timedelta(days=1))
    yield
    forget_recent()


@pytest.fixture
def subscriber() -> Subscriber:
    add_topic("heads", name="Heads", query="ti:okapi", now=NOW)
    preferences = Preferences.checked(cadence="weekly:mon")
    return add_by_operator("ada@example.org", topics=["heads"], preferences=preferences, source="t", now=NOW)


def around(text: str, *, subscriber: Subscriber | None = None) -> Surroundings:
    return surroundings(read_description(text, subscriber=subscriber), now=NOW)


def proposed(text: str) -> str:
    found = around(text).proposal()
    assert found is not None
    return found.text


# --- what is read -----------------------------------------------------------------------------------------


def test_papers_are_found_by_id_address_and_title() -> None:
    text = "2606.00001v2\nsee https://arxiv.org/abs/2606.00002, please\nAvatars that speak.\n"
    found = read_description(text)
    assert [paper.arxiv_id for paper in found.examples] == field_ids(1, 3)
    assert found.sentence == "see please"


def test_a_category_is_no_word_and_the_rest_is_the_sentence() -> None:
    found = read_description("Talking heads in cs.CV (or cat:math.*)\nand hep-th, driven by speech")
    assert found.categories == ("cs.CV", "math.*", "hep-th")
    assert found.sentence == "Talking heads in (or and driven by speech"


def test_a_paper_that_is_not_here_is_named() -> None:
    found = read_description("2401.00001 10.1000/xyz.7 2606.00001")
    assert [paper.arxiv_id for paper in found.examples] == ["2606.00001"]
    assert found.unknown == ("2401.00001", "10.1000/xyz.7")


def test_a_paper_is_found_by_the_doi_of_its_journal() -> None:
    Paper.objects.filter(arxiv_id="2606.00002").update(doi="10.1000/Avatar.2")
    found = read_description("https://doi.org/10.1000/avatar.2")
    assert ([paper.arxiv_id for paper in found.examples], found.unknown) == (["2606.00002"], ())


def test_a_withdrawn_paper_is_no_example() -> None:
    Paper.objects.filter(arxiv_id="2606.00001").update(is_withdrawn=True)
    found = read_description("2606.00001 2606.00002")
    assert ([paper.arxiv_id for paper in found.examples], found.withdrawn) == (
        ["2606.00002"],
        ("2606.00001",),
    )


def test_papers_that_a_subscriber_kept_outlive_ours(subscriber: Subscriber) -> None:
    act_on(subscriber, Act.SAVE, [_old()], source=Source.PAGE, now=NOW)
    assert read_description(_old().arxiv_id).unknown == (_old().arxiv_id,)
    found = read_description(_old().arxiv_id, subscriber=subscriber)
    assert [paper.title for paper in found.examples] == [_old().title]


def test_more_papers_than_are_read_are_counted() -> None:
    save_answer(
        Answer(query="all", total_results=30, papers=tuple(paper_record(500 + n) for n in range(30))), now=NOW
    )
    found = read_description(" ".join(field_ids(500, 30)))
    assert (len(found.examples), found.left_out) == (MAX_PAPERS, 30 - MAX_PAPERS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "…",
        "\0",
        "zebra\0 quagga okapi",
        "10.1000/\0x",
        "\ud800 zebra quagga",
        "()",
        "arXiv:",
        "💥" * 5000,
        "% _ %" * 300,
        "'; DROP TABLE",
    ],
)
def test_anything_can_be_typed(text: str) -> None:
    found = read_description(text)
    assert found.examples == ()
    assert around(text).proposal() is None


def _old() -> PaperRecord:
    return paper_record(
        9,
        arxiv_id="1906.00009",
        title="Avatars of old",
        abstract="An avatar from before.",
        categories=("cs.GR",),
    )


# --- what is proposed -------------------------------------------------------------------------------------


def test_what_several_papers_share_and_few_others_have_is_asked_for() -> None:
    found = proposed(" ".join(field_ids(1, 4)))
    assert "avatar" in found.lower()
    matched = {paper.arxiv_id for paper in try_query(found, now=NOW).best()}
    assert set(field_ids(1, 6)) <= matched
    assert not matched & set(field_ids(201, 8))


def test_a_word_of_one_paper_is_never_asked_for() -> None:
    found = around(" ".join(field_ids(1, 4))).proposal()
    assert found is not None
    assert found.phrases
    assert all(phrase.in_given >= 2 for phrase in found.phrases)
    for word in ("photo", "relightable", "template", "seconds"):
        assert word not in found.text


def test_papers_with_nothing_in_common_give_their_categories() -> None:
    found = around(f"{field_ids(101, 1)[0]} {field_ids(301, 1)[0]}").proposal()
    assert found is not None
    assert (found.text, found.phrases) == ("cat:(cs.CL OR cs.CV)", ())


def test_a_sentence_becomes_the_words_that_papers_use() -> None:
    found = proposed("I would like to read about the segmentation of organs in magnetic resonance")
    matched = {paper.arxiv_id for paper in try_query(found, now=NOW).best()}
    assert matched
    assert matched <= set(field_ids(201, 8))
    assert "read" not in found
    assert "like" not in found


def test_a_phrase_is_preferred_to_its_words() -> None:
    assert '"machine translation"' in proposed("machine translation")


def test_words_that_no_paper_has_make_no_proposal() -> None:
    for text in ("zebra quagga okapi", "说话人头像", "the method"):
        assert around(text).proposal() is None, text


def test_a_category_narrows_a_sentence() -> None:
    assert proposed("parallel corpora cs.CL").startswith("cat:cs.CL AND ")


def test_without_recent_papers_a_sentence_makes_no_proposal() -> None:
    late = NOW + timedelta(days=60)
    found = surroundings(read_description("machine translation"), now=late)
    assert (found.proposal(), dict(found.recent.published_at)) == (None, {})
    found = surroundings(read_description(" ".join(field_ids(1, 3))), now=late)
    proposal = found.proposal()
    assert proposal is not None
    assert "avatar" in proposal.text.lower()


def test_the_stored_vocabulary_is_used_where_there_is_one() -> None:
    current_snapshot()
    assert TasteSnapshot.objects.count() == 1
    assert "avatar" in proposed(" ".join(field_ids(1, 4))).lower()


def test_nothing_is_stored() -> None:
    proposed("machine translation")
    assert not TasteSnapshot.objects.exists()


# --- what is missed ---------------------------------------------------------------------------------------


def test_what_is_near_and_not_found_is_named_examples_first() -> None:
    found = around(" ".join(field_ids(1, 3)))
    missed = [paper.arxiv_id for paper in found.missed(parse('ti:"head avatars" OR ti:relightable'))]
    assert missed[0] == "2606.00003"
    assert set(field_ids(4, 3)) <= set(missed)
    assert not set(field_ids(301, 8)) & set(missed)


def test_it_says_how_many_of_the_examples_it_finds(subscriber: Subscriber) -> None:
    act_on(subscriber, Act.SAVE, [_old()], source=Source.PAGE, now=NOW)
    found = around(f"{_old().arxiv_id} 2606.00001 2606.00002", subscriber=subscriber)
    assert found.found_examples(parse("avatar")) == 3
    assert found.found_examples(parse("avatar AND photo")) == 1


# --- likes ------------------------------------------------------------------------------------------------


def liked(subscriber: Subscriber) -> dict[str, tuple[str, str, list[int]]]:
    rows = PaperFeedback.objects.filter(subscriber=subscriber)
    return {row.arxiv_id: (row.verdict, row.source, row.topics) for row in rows}


def test_a_topic_begins_with_the_papers_it_was_made_from(subscriber: Subscriber) -> None:
    examples = read_description("2606.00001 2606.00002").examples
    before = subscriber.taste_version
    topic = add_private_topic(subscriber, name="Mine", query="ti:zebra", now=NOW, likes=examples)
    kept = (Verdict.LIKE, Source.IMPORT, [topic.pk])
    assert liked(subscriber) == {"2606.00001": kept, "2606.00002": kept}
    assert subscriber.taste_version > before


def test_a_paper_liked_before_counts_for_the_topic_too(subscriber: Subscriber) -> None:
    [paper] = read_description("2606.00001").examples
    other = add_private_topic(subscriber, name="Other", query="avatar", now=NOW)
    act_on(subscriber, Act.MORE, [paper], source=Source.PAGE, now=NOW)
    topic = add_private_topic(subscriber, name="Mine", query="ti:zebra", now=NOW, likes=[paper])
    assert liked(subscriber) == {"2606.00001": (Verdict.LIKE, Source.PAGE, [other.pk, topic.pk])}


def test_a_paper_disliked_before_is_liked_now(subscriber: Subscriber) -> None:
    [paper] = read_description("2606.00001").examples
    act_on(subscriber, Act.LESS, [paper], source=Source.PAGE, now=NOW)
    topic = add_private_topic(subscriber, name="Mine", query="ti:zebra", now=NOW, likes=[paper])
    assert liked(subscriber)["2606.00001"] == (Verdict.LIKE, Source.IMPORT, [topic.pk])


def test_a_changed_topic_keeps_its_papers_and_again_changes_nothing(subscriber: Subscriber) -> None:
    examples = read_description("2606.00001 2606.00002").examples
    topic = add_private_topic(subscriber, name="Mine", query="ti:zebra", now=NOW)
    change_private_topic(topic, name="Mine", query="avatar", now=NOW, likes=examples)
    kept = liked(subscriber)
    assert set(kept) == {"2606.00001", "2606.00002"}
    version = Subscriber.objects.get().taste_version
    change_private_topic(topic, name="Mine", query="avatar", now=NOW, likes=examples)
    assert (liked(subscriber), Subscriber.objects.get().taste_version) == (kept, version)


def test_a_full_shelf_refuses_the_topic_too(subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_PAPERS > 1
    monkeypatch.setattr("newsletter.subscribers.taste.acts.MOST_PAPERS", 1)
    examples = read_description("2606.00001 2606.00002").examples
    with pytest.raises(TooManyPapersError):
        add_private_topic(subscriber, name="Mine", query="avatar", now=NOW, likes=examples)
    assert not subscriber.private_topics.exists()
    assert liked(subscriber) == {}
