"""A summary that was taken down or amended: who got it is told in their next digest, once; nobody else is."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from newsletter.audience.topics import find_topics
from newsletter.core.summaries.summary import summary_from_json
from newsletter.errors import BadInput
from newsletter.models import Delivery, DigestNotice, Subscriber, Summary
from newsletter.models.delivery import State
from newsletter.subscribers.reports import amend, claim_key, put_back, take_down
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, THURSDAY, TUESDAY, WEDNESDAY, Newsroom

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)
WRONG = "is withdrawn"


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path)
    room.topic("heads", "cat:cs.CV")
    room.topic("stars", "cat:astro-ph.EP")
    return room


def summary_of(number: int = 1, language: str = "en") -> Summary:
    return Summary.objects.get(paper__arxiv_id=f"2606.{number:05}", language=language)


def news(room: Newsroom, *numbers: int, now: datetime) -> None:
    for number in numbers:
        room.take_in(
            paper_record(number), paper_record(number + 50, categories=("astro-ph.EP",)), now=now + HOUR
        )


def told(room: Newsroom, words: str = "Correction.") -> list[str]:
    """Return to whom a mail with these words went, once for each mail."""
    return sorted(
        str(mail["To"]) for mail in room.mails() if words in " ".join(str(mail.get_body(("plain",))).split())
    )


def test_who_got_it_is_told_once_and_nobody_else(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    room.subscriber("bob@example.org", "stars")
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    room.subscriber("cal@example.org", "heads", now=MONDAY + HOUR)
    take_down(summary_of(), now=WEDNESDAY)
    for week in (1, 2, 3):
        news(room, 1 + week, now=MONDAY + (week - 1) * WEEK + HOUR)
        room.run(MONDAY + week * WEEK)
    assert told(room) == ["ann@example.org"]
    [notice] = DigestNotice.objects.all()
    assert (notice.after, bool(notice.before), notice.language) == ("", True, "en")


def test_a_daily_reader_is_told_after_days_with_nothing_to_say(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads", cadence="daily")
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    take_down(summary_of(), now=MONDAY + HOUR)
    room.run(TUESDAY)
    assert Delivery.objects.get(slot_key="2026-06-16").state == State.SKIPPED
    room.take_in(paper_record(2), now=TUESDAY + HOUR)
    room.run(WEDNESDAY)
    room.take_in(paper_record(3), now=WEDNESDAY + HOUR)
    room.run(THURSDAY)
    assert told(room) == ["ann@example.org"]


def test_topics_of_different_cadences_do_not_tell_twice(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads,stars", cadence="daily")
    ann.subscriptions.filter(topic__slug="stars").update(cadence="weekly:thu")
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    take_down(summary_of(), now=MONDAY + HOUR)
    for number, day in enumerate((TUESDAY, WEDNESDAY, THURSDAY), 2):
        news(room, number, now=day - 3 * HOUR)
        room.run(day)
    assert told(room) == ["ann@example.org"]


def test_a_digest_that_was_not_accepted_has_told_nothing(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    take_down(summary_of(), now=WEDNESDAY)
    news(room, 2, now=MONDAY + HOUR)
    room.run(MONDAY + WEEK)
    Delivery.objects.filter(slot_key="2026-06-22").update(state=State.FAILED)
    news(room, 3, now=MONDAY + WEEK + HOUR)
    room.run(MONDAY + 2 * WEEK)
    assert told(room) == ["ann@example.org"] * 2


def test_every_one_of_many_is_told(room: Newsroom) -> None:
    """The newest three were told before, and of those only to readers of the newest papers."""
    room.subscriber("ann@example.org", "heads")
    room.subscriber("bob@example.org", "stars")
    room.take_in(
        *(paper_record(number) for number in range(1, 5)),
        *(paper_record(50 + number, categories=("astro-ph.EP",)) for number in range(1, 5)),
        now=SUNDAY + HOUR,
    )
    room.run(MONDAY)
    for number in (1, 2, 3, 4, 51, 52, 53, 54):
        take_down(summary_of(number), now=WEDNESDAY + number * timedelta(minutes=1))
    news(room, 9, now=MONDAY + HOUR)
    room.run(MONDAY + WEEK)
    texts = room.texts()[-2:]
    assert [text.count(WRONG) for text in (" ".join(each.split()) for each in texts)] == [4, 4]


def test_who_left_is_told_nothing(room: Newsroom) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    room.subscriber("bob@example.org", "heads")
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    take_down(summary_of(), now=WEDNESDAY)
    unsubscribe(ann, source="test", now=WEDNESDAY + HOUR)
    news(room, 2, now=MONDAY + HOUR)
    room.run(MONDAY + WEEK)
    assert told(room) == ["bob@example.org"]


def test_only_readers_of_its_language_and_of_its_words_are_told(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    other = summary_of()
    take_down(other, now=WEDNESDAY)
    DigestNotice.objects.update(language="zh-hans")
    news(room, 2, now=MONDAY + HOUR)
    room.run(MONDAY + WEEK)
    assert told(room) == []


def test_what_is_put_back_before_anybody_was_told_is_not_told(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    take_down(summary_of(), now=WEDNESDAY)
    put_back(summary_of(), now=THURSDAY)
    news(room, 2, now=MONDAY + HOUR)
    room.run(MONDAY + WEEK)
    assert told(room) == []


def test_an_amended_claim_is_told_with_its_new_words(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    room.subscriber("bob@example.org", "heads", now=WEDNESDAY)
    row = summary_of()
    claim = summary_from_json(row.content or {}).headline
    amend(row, claim_key(row, claim), "  It names\ntwo. ", now=WEDNESDAY)
    news(room, 2, now=MONDAY + HOUR)
    room.run(MONDAY + WEEK)
    assert told(room, "It now reads: It names two.") == ["ann@example.org"]
    row.refresh_from_db()
    assert summary_from_json(row.content or {}).headline.text == "It names two."
    assert summary_from_json(row.content or {}).headline.evidence == claim.evidence
    [notice] = DigestNotice.objects.all()
    assert (notice.before, notice.after) == (claim.text, "It names two.")


@pytest.mark.parametrize("text", ["", " \n", "x" * 401])
def test_an_amendment_without_words_or_of_a_claim_that_is_gone_is_refused(room: Newsroom, text: str) -> None:
    room.subscriber("ann@example.org", "heads")
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    row = summary_of()
    claim = summary_from_json(row.content or {}).headline
    with pytest.raises(BadInput):
        amend(row, claim_key(row, claim), text, now=WEDNESDAY)
    with pytest.raises(BadInput):
        amend(row, f"{row.pk}-000000000000", "Two.", now=WEDNESDAY)
    assert not DigestNotice.objects.exists()


def test_an_announcement_goes_to_whom_it_is_for_until_its_end(room: Newsroom) -> None:
    room.subscriber("ann@example.org", "heads")
    room.subscriber("bob@example.org", "stars")
    [heads] = find_topics(["heads"])
    until = MONDAY + WEEK + HOUR
    texts = {"en": "We move."}
    DigestNotice.objects.create(
        kind="announcement", texts=texts, topic=heads, published_at=SUNDAY, until=until
    )
    news(room, 1, now=SUNDAY)
    room.run(MONDAY)
    room.subscriber("cal@example.org", "heads", now=MONDAY + HOUR)
    news(room, 2, now=MONDAY + HOUR)
    room.run(MONDAY + WEEK)
    room.subscriber("dan@example.org", "heads", now=MONDAY + WEEK + 2 * HOUR)
    news(room, 3, now=MONDAY + WEEK + HOUR)
    room.run(MONDAY + 2 * WEEK)
    assert told(room, "We move.") == ["ann@example.org", "cal@example.org"]
    assert Subscriber.objects.count() == 4
