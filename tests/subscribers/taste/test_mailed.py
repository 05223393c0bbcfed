"""Acts by the links of a digest: a reader's are done, a program's are not, and each can be undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.audience.feedback_links import VALID_FOR, acts_since_last_digest, feedback_token
from newsletter.core.arxiv.papers import parse_id
from newsletter.core.digests.selection import Place, Selected, Selection
from newsletter.models import Delivery, MailedAct, Paper, PaperFeedback, Subscriber
from newsletter.models.taste import Act, Source
from newsletter.pipeline.monitor.retention import forget_old
from newsletter.subscribers.revoke_links import revoke_links
from newsletter.subscribers.taste.acts import WithdrawnPaperError, act_on, take_back
from newsletter.subscribers.taste.mailed import (
    LinkedPaper,
    Unusable,
    act_by_link,
    open_link,
    topics_of,
    undo_by_link,
)
from newsletter.subscribers.unsubscribe import erase
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, NEXT_MONDAY
from tests.pipeline.send.test_deliver_races import run_together
from tests.subscribers.taste.conftest import HOUR, SHOWN, Reader, paper, record

pytestmark = pytest.mark.django_db(transaction=True)
NOW = MONDAY + 3 * HOUR
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def everything() -> tuple[object, ...]:
    rows = PaperFeedback.objects.order_by("arxiv_id").values_list("arxiv_id", "verdict", "saved_at", "at")
    return tuple(rows)


# --- what a link opens -------------------------------------------------------------------------------------


def test_a_token_opens_the_papers_of_its_digest_and_no_others(reader: Reader) -> None:
    token = feedback_token(reader.delivery.pk, link_key=reader.subscriber.link_key)
    Paper.from_record(paper_record(99), first_seen_at=NOW).save()
    for number in range(1, SHOWN + 4):
        link = open_link(token, parse_id(paper_record(number).arxiv_id), now=NOW)
        assert isinstance(link, LinkedPaper)
        assert (link.paper.arxiv_id, link.subscriber) == (paper_record(number).arxiv_id, reader.subscriber)
    for other in (paper_record(99).arxiv_id, "2606.77777", "no id"):
        assert open_link(token, parse_id(other), now=NOW) is Unusable.OTHER_PAPER


def test_a_token_ends_after_ninety_days_with_its_key_and_with_its_reader(reader: Reader) -> None:
    token = feedback_token(reader.delivery.pk, link_key=reader.subscriber.link_key)
    asked = parse_id(paper_record(1).arxiv_id)
    last = reader.delivery.slot_at + VALID_FOR
    assert isinstance(open_link(token, asked, now=last), LinkedPaper)
    assert open_link(token, asked, now=last + SECOND) is Unusable.EXPIRED
    revoke_links(reader.subscriber, now=NOW)
    assert open_link(token, asked, now=NOW) is Unusable.BROKEN
    token = feedback_token(reader.delivery.pk, link_key=reader.subscriber.link_key)
    assert isinstance(open_link(token, asked, now=NOW), LinkedPaper)
    erase(reader.subscriber, now=NOW)
    assert open_link(token, asked, now=NOW) is Unusable.BROKEN


# --- a reader ----------------------------------------------------------------------------------------------


def test_an_act_counts_for_the_topics_that_brought_the_paper(reader: Reader) -> None:
    act_by_link(reader.link(1), Act.MORE, now=NOW)
    row = PaperFeedback.objects.get()
    assert (row.source, row.delivery_id, row.topics) == (Source.DIGEST, reader.delivery.pk, [reader.topic.pk])
    assert row.record == replace(record(1), updated_at=record(1).published_at)


def test_topics_are_those_of_the_selection_wherever_the_paper_stands() -> None:
    from pyroaring import BitMap

    both = Selected(paper_id=1, topic=7, position=0, also_in=(8, 9))
    near = Selected(paper_id=2, topic=9, position=0, place=Place.NEAR)
    selection = Selection(topics=(7, 8, 9), papers=(both, near), counted={8: BitMap([3])})
    assert [topics_of(selection, number) for number in (1, 2, 3, 4)] == [[7, 8, 9], [9], [8], []]


def test_doing_it_twice_changes_nothing(reader: Reader) -> None:
    for seconds in (0, 1, 60, 4000):
        assert act_by_link(reader.link(1), Act.SAVE, now=NOW + seconds * SECOND)
    assert reader.standing(1) == ("", True)
    assert (MailedAct.objects.count(), reader.version()) == (1, 1)


def test_a_reader_who_takes_their_time_may_say_what_they_like(reader: Reader) -> None:
    """Three quick acts, then a pause; opposite acts on different papers; a change of mind a little later."""
    plan = [(0, 1, Act.MORE), (2, 2, Act.LESS), (4, 3, Act.SAVE), (16, 4, Act.MORE), (30, 1, Act.LESS)]
    for seconds, number, what in plan:
        assert act_by_link(reader.link(number), what, now=NOW + seconds * SECOND)
    assert [reader.standing(number) for number in (1, 2, 3, 4)] == [
        ("dislike", False),
        ("dislike", False),
        ("", True),
        ("like", False),
    ]


def test_undoing_restores_what_was_said_before(reader: Reader) -> None:
    act_on(reader.subscriber, Act.MORE, [record(1)], source=Source.IMPORT, now=NOW - HOUR)
    before = PaperFeedback.objects.get().standing
    act_by_link(reader.link(1), Act.LESS, now=NOW)
    undo_by_link(reader.link(1), Act.LESS)
    assert PaperFeedback.objects.get().standing == before
    undo_by_link(reader.link(1), Act.LESS)
    assert PaperFeedback.objects.get().standing == before
    act_by_link(reader.link(2), Act.SAVE, now=NOW)
    undo_by_link(reader.link(2), Act.SAVE)
    assert reader.standing(2) is None
    assert not MailedAct.objects.exists()


def test_undoing_what_more_came_after_takes_back_that_act_alone(reader: Reader) -> None:
    act_by_link(reader.link(1), Act.SAVE, now=NOW)
    act_by_link(reader.link(1), Act.MORE, now=NOW + MINUTE)
    undo_by_link(reader.link(1), Act.SAVE)
    assert reader.standing(1) == ("like", False)
    act_by_link(reader.link(2), Act.MORE, now=NOW)
    act_on(reader.subscriber, Act.LESS, [record(2)], source=Source.PAGE, now=NOW + MINUTE)
    undo_by_link(reader.link(2), Act.MORE)
    assert reader.standing(2) == ("dislike", False)


def test_a_withdrawn_paper_changes_nothing(reader: Reader) -> None:
    Paper.objects.update(is_withdrawn=True)
    with pytest.raises(WithdrawnPaperError):
        act_by_link(reader.link(1), Act.SAVE, now=NOW)
    assert not MailedAct.objects.exists()
    assert not PaperFeedback.objects.exists()


# --- programs ----------------------------------------------------------------------------------------------


def scan(reader: Reader, *, seconds: float, acts: tuple[Act, ...] = tuple(Act)) -> list[bool]:
    """Follow every link of the mail and send every form, as a program that checks mail does."""
    done, at = [], NOW
    for number in range(1, SHOWN + 1):
        for what in acts:
            done.append(act_by_link(reader.link(number), what, now=at))
            at += timedelta(seconds=seconds)
    return done


@pytest.mark.parametrize("seconds", [0, 0.5, 2, 3, 5, 9])
def test_nothing_of_a_program_that_tries_every_link_is_left(reader: Reader, seconds: float) -> None:
    act_on(reader.subscriber, Act.SAVE, [record(1)], source=Source.PAGE, now=NOW - HOUR)
    act_on(reader.subscriber, Act.LESS, [record(2)], source=Source.PAGE, now=NOW - HOUR)
    before = everything()
    assert False in scan(reader, seconds=seconds)
    assert everything() == before


@pytest.mark.parametrize("what", list(Act))
def test_nothing_is_left_of_one_that_tries_one_kind_of_link(reader: Reader, what: Act) -> None:
    scan(reader, seconds=1, acts=(what,))
    assert everything() == ()


def test_a_slow_one_that_asks_for_more_of_everything_is_known_by_that(reader: Reader) -> None:
    assert scan(reader, seconds=30, acts=(Act.MORE,)) == [True] * (SHOWN - 1) + [False]
    assert everything() == ()


def test_a_reader_who_likes_everything_says_so_again(reader: Reader) -> None:
    scan(reader, seconds=30, acts=(Act.MORE,))
    later = NOW + 5 * MINUTE
    assert act_by_link(reader.link(SHOWN), Act.MORE, now=later, is_confirmed=True)
    assert reader.standing(SHOWN) == ("like", False)


def test_saying_again_at_once_does_not_help_a_program(reader: Reader) -> None:
    for number in range(1, 5):
        act_by_link(reader.link(number), Act.MORE, now=NOW)
    assert not act_by_link(reader.link(4), Act.MORE, now=NOW + SECOND, is_confirmed=True)
    assert everything() == ()
    assert act_by_link(reader.link(4), Act.MORE, now=NOW + 12 * SECOND, is_confirmed=True)


def test_over_a_week_a_reader_may_like_everything(reader: Reader) -> None:
    for number in range(1, SHOWN + 1):
        assert act_by_link(reader.link(number), Act.MORE, now=NOW + number * HOUR)
    assert len(everything()) == SHOWN


def test_what_a_program_leaves_does_not_grow(reader: Reader) -> None:
    for seconds in range(0, 200, 2):
        for what in Act:
            act_by_link(reader.link(1), what, now=NOW + seconds * SECOND)
    assert MailedAct.objects.count() == len(Act)


def test_one_digests_links_do_not_speak_for_anothers(reader: Reader) -> None:
    reader.room.take_in(*(paper_record(number) for number in range(20, 30)), now=NOW)
    reader.room.run(NEXT_MONDAY)
    other = reader.subscriber.deliveries.exclude(pk=reader.delivery.pk).get()
    second = replace(reader, delivery=other)
    for number in (1, 2, 3):
        act_by_link(reader.link(number), Act.SAVE, now=NOW)
    assert act_by_link(second.link(20), Act.SAVE, now=NOW)


# --- what the next digest tells ----------------------------------------------------------------------------


def test_the_next_digest_hears_what_the_links_changed_since_the_last(reader: Reader) -> None:
    key = reader.subscriber.pk
    assert acts_since_last_digest([key]) == {}
    act_by_link(reader.link(1), Act.SAVE, now=NOW)
    act_by_link(reader.link(2), Act.LESS, now=NOW + MINUTE)
    act_by_link(reader.link(3), Act.MORE, now=NOW + 2 * MINUTE)
    act_on(reader.subscriber, Act.MORE, [record(4)], source=Source.PAGE, now=NOW)
    undo_by_link(reader.link(3), Act.MORE)
    told = acts_since_last_digest([key, 12345])[key]
    assert [(each.arxiv_id, each.verdict, each.is_saved) for each in told] == [
        (paper_record(1).arxiv_id, "", True),
        (paper_record(2).arxiv_id, "dislike", False),
    ]
    assert {each.delivery_id for each in told} == {reader.delivery.pk}
    Delivery.objects.update(composed_at=NOW + HOUR)
    assert acts_since_last_digest([key]) == {}
    take_back(reader.subscriber, [record(1).arxiv_id])


def test_it_takes_two_queries_for_many(reader: Reader, django_assert_num_queries: object) -> None:
    act_by_link(reader.link(1), Act.SAVE, now=NOW)
    with django_assert_num_queries(2):  # type: ignore[operator]  # pytest-django's fixture
        acts_since_last_digest([reader.subscriber.pk, *range(1000, 1500)])


def test_what_is_noted_of_a_link_goes_when_its_time_is_over(reader: Reader) -> None:
    act_by_link(reader.link(1), Act.SAVE, now=NOW)
    assert forget_old(now=NOW + VALID_FOR - SECOND)["acts"] == 0
    assert forget_old(now=NOW + VALID_FOR + SECOND)["acts"] == 1
    assert reader.standing(1) == ("", True)


# --- races -------------------------------------------------------------------------------------------------


def test_a_program_with_many_connections_leaves_nothing(reader: Reader) -> None:
    def post(number: int, what: Act) -> None:
        subscriber = Subscriber.objects.get(pk=reader.subscriber.pk)
        link = LinkedPaper(delivery=reader.delivery, subscriber=subscriber, paper=paper(number))
        act_by_link(link, what, now=NOW)

    reader.delivery.selected  # noqa: B018 - read once, before the threads
    run_together(*(lambda n=n, w=w: post(n, w) for n in range(1, 5) for w in (Act.SAVE, Act.LESS)))
    assert everything() == ()


def test_two_clicks_on_one_button_are_one_act(reader: Reader) -> None:
    def post() -> None:
        subscriber = Subscriber.objects.get(pk=reader.subscriber.pk)
        link = LinkedPaper(delivery=reader.delivery, subscriber=subscriber, paper=paper(1))
        assert act_by_link(link, Act.SAVE, now=NOW)

    run_together(post, post, post)
    assert (reader.standing(1), reader.version()) == (("", True), 1)
