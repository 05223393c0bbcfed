"""A journal, cut off anywhere, never says that what was accepted was not sent, nor the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.delivery.send_journal import (
    NO_BOOT_ID,
    SIZE,
    Answer,
    Event,
    Journal,
    Unanswered,
    header,
    read,
    records,
)

JOURNAL, BOOT, OTHER_BOOT = (UUID(int=number) for number in (1, 2, 3))
ACCEPTED = Answer(verdict="accepted", code="250 2.0.0", provider_id="abc")
REFUSED = Answer(verdict="retry", code="451 4.3.2", retry_after=90.5)
GROUP = 7


@dataclass
class Moment:
    """The latest instant before the next line is written: whatever can have happened by then has happened."""

    written: bytes
    accepted: frozenset[UUID]
    in_flight: frozenset[UUID]
    """The deliveries whose last byte may have left and that were not answered."""


def life(requests: list[tuple[int, bool]]) -> Iterator[Moment]:
    """Yield every moment of a process that sends requests of so many messages, accepted or refused."""
    content, accepted, number = header(JOURNAL, boot_id=BOOT), set[UUID](), 0
    yield Moment(content, frozenset(), frozenset())
    for size, is_accepted in requests:
        ids = [delivery(number + place) for place in range(size)]
        number += size
        content += records(Event.STARTS, ids, group=GROUP)
        yield Moment(content, frozenset(accepted), frozenset())
        content += records(Event.DOT, ids, group=GROUP)
        accepted |= set(ids) if is_accepted else set()
        yield Moment(content, frozenset(accepted), frozenset(ids))
        for place, delivery_id in enumerate(ids, 1):
            answer = ACCEPTED if is_accepted else REFUSED
            content += records(Event.ANSWER, [delivery_id], group=GROUP, answer=answer)
            yield Moment(content, frozenset(accepted), frozenset(ids[place:]))


def delivery(number: int) -> UUID:
    return uuid5(JOURNAL, str(number))


lives = st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=8).map(lambda life_: list(life(life_)))


def fates(journal: Journal, ids: range = range(40)) -> dict[UUID, Answer | Unanswered]:
    return {delivery(number): journal.fate(delivery(number), group=GROUP) for number in ids}


@given(lives, st.data())
def test_a_process_killed_at_any_moment_leaves_its_request_in_flight_unknown_and_nothing_else(
    moments: list[Moment], data: st.DataObject
) -> None:
    moment = data.draw(st.sampled_from(moments))
    journal = read(moment.written, journal_id=JOURNAL, boot_id=BOOT, is_ended=True)
    for delivery_id, fate in fates(journal).items():
        assert (fate is Unanswered.UNKNOWN) == (delivery_id in moment.in_flight)
        if fate is Unanswered.NOT_SENT or fate == REFUSED:
            assert delivery_id not in moment.accepted
        if fate == ACCEPTED:
            assert delivery_id in moment.accepted


@given(lives, st.data(), st.sampled_from([OTHER_BOOT, NO_BOOT_ID]))
def test_after_a_power_loss_any_prefix_tells_answers_only(
    moments: list[Moment], data: st.DataObject, boot_id: UUID
) -> None:
    """The lines that were not synced are lost, and all that happened before stays in the database."""
    moment = data.draw(st.sampled_from(moments))
    kept = moment.written[: data.draw(st.integers(0, len(moment.written)))]
    answered = fates(read(moment.written, journal_id=JOURNAL, boot_id=BOOT, is_ended=True))
    for delivery_id, fate in fates(read(kept, journal_id=JOURNAL, boot_id=boot_id, is_ended=True)).items():
        assert fate in (Unanswered.UNKNOWN, answered[delivery_id])
        assert fate is not Unanswered.NOT_SENT


@given(lives, st.data())
def test_a_torn_or_damaged_journal_tells_answers_only(moments: list[Moment], data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(moments)).written)
    answered = fates(read(bytes(content), journal_id=JOURNAL, boot_id=BOOT, is_ended=True))
    if data.draw(st.booleans()):
        del content[-data.draw(st.integers(1, SIZE - 1)) :]
    else:
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
    damaged = read(bytes(content), journal_id=JOURNAL, boot_id=BOOT, is_ended=True)
    for delivery_id, fate in fates(damaged).items():
        assert fate is not Unanswered.NOT_SENT
        assert fate in (Unanswered.UNKNOWN, answered[delivery_id])


@given(lives, st.data())
def test_while_its_process_may_still_write_an_absent_line_proves_nothing(
    moments: list[Moment], data: st.DataObject
) -> None:
    content = data.draw(st.sampled_from(moments)).written
    journal = read(content, journal_id=JOURNAL, boot_id=BOOT, is_ended=False)
    assert Unanswered.NOT_SENT not in fates(journal).values()


@given(lives, st.binary(max_size=3 * SIZE))
def test_a_journal_of_another_process_or_format_tells_nothing(moments: list[Moment], noise: bytes) -> None:
    content = moments[-1].written
    another = header(UUID(int=9), boot_id=BOOT) + content[SIZE:]
    newer = bytearray(content)
    newer[8] += 1
    for foreign in (another, bytes(newer), noise, b""):
        found = fates(read(foreign, journal_id=JOURNAL, boot_id=BOOT, is_ended=True))
        assert set(found.values()) == {Unanswered.UNKNOWN}


def lines(*events: tuple[Event, int, Answer | None]) -> Journal:
    content = header(JOURNAL, boot_id=BOOT)
    for event, group, answer in events:
        content += records(event, [delivery(0)], group=group, answer=answer)
    return read(content, journal_id=JOURNAL, boot_id=BOOT, is_ended=True)


def test_a_request_that_was_refused_and_is_sent_again_in_parts_has_not_left_until_its_next_dot() -> None:
    again = [(Event.STARTS, 1, None), (Event.DOT, 1, None), (Event.STARTS, 1, None)]
    assert lines(*again).fate(delivery(0), group=1) is Unanswered.NOT_SENT
    assert lines(*again, (Event.DOT, 1, None)).fate(delivery(0), group=1) is Unanswered.UNKNOWN


def test_lines_of_an_earlier_group_say_nothing_of_this_one() -> None:
    journal = lines((Event.DOT, 1, None), (Event.ANSWER, 1, REFUSED))
    assert journal.fate(delivery(0), group=2) is Unanswered.NOT_SENT


def test_where_groups_follow_only_an_answer_for_good_counts_since_the_database_is_an_older_one() -> None:
    unknown = Unanswered.UNKNOWN
    journal = lines((Event.ANSWER, 1, REFUSED), (Event.DOT, 4, None), (Event.ANSWER, 4, ACCEPTED))
    assert journal.fate(delivery(0), group=1) == ACCEPTED
    assert journal.fate(delivery(1), group=1) is unknown  # who knows who sent it since
    assert journal.fate(delivery(1), group=4) is Unanswered.NOT_SENT
    assert lines((Event.ANSWER, 1, REFUSED), (Event.DOT, 4, None)).fate(delivery(0), group=1) is unknown
    assert lines((Event.STARTS, 1, None), (Event.ANSWER, 4, REFUSED)).fate(delivery(0), group=1) is unknown


@pytest.mark.parametrize(
    "answer",
    [
        ACCEPTED,
        REFUSED,
        Answer(verdict="transport_down", code="5" * 24, provider_id="p" * 40, retry_after=0.0),
    ],
)
def test_an_answer_comes_back_as_it_was_written(answer: Answer) -> None:
    assert lines((Event.ANSWER, 1, answer)).fate(delivery(0), group=1) == answer


def test_what_does_not_fit_or_is_not_ascii_is_shortened() -> None:
    answer = Answer(verdict="accepted", code="250 " + "x" * 99, provider_id="é\0" + "p" * 99)
    found = lines((Event.ANSWER, 1, answer)).fate(delivery(0), group=1)
    assert found == Answer(verdict="accepted", code="250 " + "x" * 20, provider_id="??" + "p" * 38)


def test_a_page_of_memory_holds_whole_records() -> None:
    assert len(records(Event.STARTS, [delivery(0)], group=1)) == len(header(JOURNAL, boot_id=BOOT)) == SIZE
    assert 4096 % SIZE == 0
