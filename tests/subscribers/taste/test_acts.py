"""Liking, disliking, saving and taking back: what stands in the rows, and what moves what is learned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from newsletter.errors import BadInput
from newsletter.models import PaperFeedback, Subscriber
from newsletter.models.taste import Act, Source, Verdict
from newsletter.subscribers.taste import acts
from newsletter.subscribers.taste.acts import (
    TooManyPapersError,
    WithdrawnPaperError,
    act_on,
    keep_imported,
    take_back,
)
from newsletter.subscribers.taste.authors import (
    MOST_AUTHORS,
    TooManyAuthorsError,
    follow_authors,
    unfollow_authors,
)
from newsletter.subscribers.taste.switches import mute_term, set_switches, unmute_term
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import new_subscriber
from tests.pipeline.send.test_deliver_races import run_together
from tests.subscribers.taste.conftest import Reader, record

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)


def act(reader: Reader, what: Act, *numbers: int, now: datetime = NOW) -> int:
    papers = [record(number) for number in numbers]
    return act_on(reader.subscriber, what, papers, source=Source.PAGE, now=now)


def test_the_last_verdict_counts_and_saving_is_apart(reader: Reader) -> None:
    steps = [
        (Act.SAVE, ("", True)),
        (Act.MORE, ("like", True)),
        (Act.LESS, ("dislike", True)),
        (Act.SAVE, ("dislike", True)),
        (Act.MORE, ("like", True)),
    ]
    for what, becomes in steps:
        act(reader, what, 1)
        assert reader.standing(1) == becomes
    assert PaperFeedback.objects.count() == 1


def test_texts_version_and_facts_are_kept_in_the_row(reader: Reader) -> None:
    act(reader, Act.MORE, 2)
    row = PaperFeedback.objects.get()
    assert row.record == replace(record(2), updated_at=record(2).published_at)
    assert (row.source, row.at, row.delivery_id) == (Source.PAGE, NOW, None)


def test_a_like_counts_for_each_topic_whose_query_matches(reader: Reader) -> None:
    act(reader, Act.MORE, 1)
    assert PaperFeedback.objects.get().topics == [reader.topic.pk]
    of_graphs = replace(record(2), arxiv_id="2401.00001", categories=("cs.LG",), primary_category="cs.LG")
    act_on(reader.subscriber, Act.MORE, [of_graphs], source=Source.OPERATOR, now=NOW)
    graphs = reader.subscriber.subscriptions.get(topic__slug="graphs").topic_id
    assert PaperFeedback.objects.get(arxiv_id="2401.00001").topics == [graphs]


def test_every_act_that_changes_something_moves_the_version_once(reader: Reader) -> None:
    subscriber, version = reader.subscriber, reader.version()
    changes: list[Callable[[], object]] = [
        lambda: act(reader, Act.MORE, 1, 2),
        lambda: act(reader, Act.LESS, 1),
        lambda: act(reader, Act.SAVE, 3),
        lambda: take_back(subscriber, [record(1).arxiv_id], act=Act.LESS),
        lambda: take_back(subscriber, [record(2).arxiv_id]),
        lambda: follow_authors(subscriber, ["Ada Lovelace"], now=NOW),
        lambda: unfollow_authors(subscriber, ["ADA  LOVELACE"]),
        lambda: mute_term(subscriber, "languag agent", surface="language agents"),
        lambda: unmute_term(subscriber, "languag agent"),
        lambda: set_switches(subscriber, {"learns": False, "shows_near": True}),
        lambda: keep_imported(subscriber, [record(4)], topics={}, now=NOW),
    ]
    for number, change in enumerate(changes, start=1):
        change()
        assert reader.version() == version + number
        change()  # done twice, each changes nothing more
        assert reader.version() == version + number


def test_a_repeated_act_does_not_make_a_like_younger(reader: Reader) -> None:
    act(reader, Act.MORE, 1)
    assert act(reader, Act.MORE, 1, now=NOW + timedelta(days=300)) == 0
    assert PaperFeedback.objects.get().at == NOW


def test_taking_back_what_was_not_done_changes_nothing(reader: Reader) -> None:
    act(reader, Act.MORE, 1)
    arxiv_id = record(1).arxiv_id
    assert take_back(reader.subscriber, [arxiv_id], act=Act.LESS) == 0
    assert take_back(reader.subscriber, [arxiv_id], act=Act.SAVE) == 0
    assert reader.standing(1) == ("like", False)
    assert take_back(reader.subscriber, [arxiv_id], act=Act.MORE) == 1
    assert reader.standing(1) is None


def test_a_paper_that_stays_saved_stays(reader: Reader) -> None:
    act(reader, Act.SAVE, 1)
    act(reader, Act.MORE, 1)
    take_back(reader.subscriber, [record(1).arxiv_id], act=Act.MORE)
    assert reader.standing(1) == ("", True)


def test_a_withdrawn_paper_is_not_kept_but_may_be_unwanted(reader: Reader) -> None:
    withdrawn = replace(record(1), is_withdrawn=True)
    for what in (Act.SAVE, Act.MORE):
        with pytest.raises(WithdrawnPaperError, match=r"2606\.00001 was withdrawn by its authors"):
            act_on(reader.subscriber, what, [record(2), withdrawn], source=Source.PAGE, now=NOW)
    assert not PaperFeedback.objects.exists()
    assert act_on(reader.subscriber, Act.LESS, [withdrawn], source=Source.PAGE, now=NOW) == 1


def test_an_import_leaves_what_was_said_before(reader: Reader) -> None:
    act(reader, Act.LESS, 1)
    act(reader, Act.SAVE, 2)
    papers = [record(number) for number in (1, 2, 3)] + [replace(record(4), is_withdrawn=True)]
    assert keep_imported(reader.subscriber, papers, topics={}, now=NOW) == 1
    assert [reader.standing(number) for number in (1, 2, 3, 4)] == [
        ("dislike", False),
        ("", True),
        ("like", False),
        None,
    ]


def test_beyond_the_limit_nothing_is_kept_and_the_message_says_what_to_do(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MOST_PAPERS", 3)
    act(reader, Act.MORE, 1, 2)
    version = reader.version()
    with pytest.raises(TooManyPapersError, match=r"at most .* papers, .* 2 more: remove some first"):
        act(reader, Act.MORE, 3, 4)
    with pytest.raises(TooManyPapersError):
        keep_imported(reader.subscriber, [record(3), record(4)], topics={}, now=NOW)
    assert act(reader, Act.LESS, 1) == 1  # no new paper
    assert PaperFeedback.objects.count() == 2
    assert reader.version() == version + 1


def test_five_thousand_papers_fit_and_one_more_does_not() -> None:
    subscriber = new_subscriber()
    papers = [replace(paper_record(1), arxiv_id=f"2401.{number:05}") for number in range(acts.MOST_PAPERS)]
    assert keep_imported(subscriber, papers, topics={}, now=NOW) == acts.MOST_PAPERS
    with pytest.raises(TooManyPapersError):
        act_on(subscriber, Act.MORE, [paper_record(1)], source=Source.PAGE, now=NOW)
    assert PaperFeedback.objects.count() == acts.MOST_PAPERS


# --- authors -----------------------------------------------------------------------------------------------


def test_one_spelling_of_a_name_is_followed_once() -> None:
    subscriber = new_subscriber()
    names = ["Jorge Iranzo-Sánchez", " jorge  iranzo-sanchez "]
    assert follow_authors(subscriber, names, now=NOW) == 1
    assert follow_authors(subscriber, names, now=NOW) == 0
    assert unfollow_authors(subscriber, ["JORGE IRANZO-SANCHEZ"]) == 1


@pytest.mark.parametrize("name", ["", "   ", "42", ":", "x" * 121, "Ada\0Lovelace", "\ud800abc", "ﷺ" * 60])
def test_what_is_no_name_is_refused_with_nothing_followed(name: str) -> None:
    subscriber = new_subscriber()
    with pytest.raises(BadInput):
        follow_authors(subscriber, ["Ada Lovelace", name], now=NOW)
    assert not subscriber.followed_authors.exists()


def test_two_hundred_authors_are_the_most() -> None:
    subscriber = new_subscriber()
    names = [f"Ada {chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(MOST_AUTHORS)]
    follow_authors(subscriber, names, now=NOW)
    with pytest.raises(TooManyAuthorsError, match="at most 200 authors"):
        follow_authors(subscriber, ["One More"], now=NOW)
    assert follow_authors(subscriber, names[:3], now=NOW) == 0


# --- races -------------------------------------------------------------------------------------------------


def test_likes_from_many_tabs_at_once_are_all_kept_once(reader: Reader) -> None:
    def like(number: int) -> Callable[[], object]:
        subscriber = Subscriber.objects.get(pk=reader.subscriber.pk)
        paper = record(number)
        return lambda: act_on(subscriber, Act.MORE, [paper], source=Source.PAGE, now=NOW)

    version = reader.version()
    run_together(*(like(number) for number in (1, 1, 2, 2, 3, 3)))
    assert PaperFeedback.objects.count() == 3
    assert reader.version() == version + 3


def test_the_limit_holds_when_two_ask_at_once(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "MOST_PAPERS", 1)
    refused: list[str] = []

    def like(number: int) -> Callable[[], object]:
        subscriber, paper = Subscriber.objects.get(pk=reader.subscriber.pk), record(number)

        def try_it() -> None:
            try:
                act_on(subscriber, Act.MORE, [paper], source=Source.PAGE, now=NOW)
            except TooManyPapersError:
                refused.append(paper.arxiv_id)

        return try_it

    run_together(like(1), like(2))
    assert (PaperFeedback.objects.count(), len(refused)) == (1, 1)


def test_following_twice_at_once_follows_once() -> None:
    subscriber = new_subscriber()
    same = [Subscriber.objects.get(pk=subscriber.pk) for _ in range(4)]
    run_together(*(partial(follow_authors, each, ["Ada Lovelace"], now=NOW) for each in same))
    assert subscriber.followed_authors.count() == 1
    assert Subscriber.objects.get().taste_version == 1


def test_opposite_verdicts_at_once_leave_one_of_them(reader: Reader) -> None:
    rows = [Subscriber.objects.get(pk=reader.subscriber.pk) for _ in range(2)]
    paper = record(1)
    run_together(
        lambda: act_on(rows[0], Act.MORE, [paper], source=Source.PAGE, now=NOW),
        lambda: act_on(rows[1], Act.LESS, [paper], source=Source.PAGE, now=NOW),
    )
    assert PaperFeedback.objects.get().verdict in (Verdict.LIKE, Verdict.DISLIKE)
