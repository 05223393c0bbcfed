"""The judge of the crash tests sees every way in which a promise can be broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from tests.chaos import witness
from tests.chaos.ledger import Entry
from tests.chaos.verdict import Verdict, judge
from tests.pipeline.deliveries import NOW, digest, new_subscriber, topic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _witness() -> Iterator[None]:
    witness.set_up()
    yield
    witness.remove()


def sent(state: State = State.ACCEPTED, *, seen_papers: bytes = b"papers") -> Delivery:
    """Make a digest whose body has begun."""
    row = digest(new_subscriber(seen_papers=seen_papers), state=state)
    Delivery.objects.filter(pk=row.pk).update(body_begun_at=NOW)
    return row


def taken(row: Delivery, *, recipient: str = "") -> Entry:
    return Entry(str(row.pk), recipient or str(row.subscriber and row.subscriber.email), 1, 0.0)


def judged(*ledger: Entry, most_ambiguous: int = 1) -> Verdict:
    return judge(ledger, subscribers=Subscriber.objects.count(), most_ambiguous=most_ambiguous)


def test_what_arrived_once_is_no_fault() -> None:
    row = sent()
    assert judged(taken(row)).faults == []


def test_a_digest_that_was_never_taken_in_is_lost() -> None:
    sent()
    assert judged().lost == 1


@pytest.mark.parametrize(
    "state", [State.PLANNED, State.RETRY_WAIT, State.FAILED, State.QUARANTINED, State.CANCELLED]
)
def test_a_digest_that_was_not_sent_to_a_subscriber_who_stayed_is_lost(state: State) -> None:
    digest(state=state)
    assert judged().lost == 1


def test_a_subscriber_who_was_never_planned_is_lost() -> None:
    new_subscriber()
    assert judged().lost == 1


def test_a_mail_that_was_taken_in_twice_is_a_duplicate() -> None:
    row = sent()
    assert judged(taken(row), taken(row)).duplicates == 1


def test_a_body_that_began_after_its_subscriber_left_is_found() -> None:
    row = digest()
    Subscriber.objects.update(status=Status.UNSUBSCRIBED)
    Delivery.objects.filter(pk=row.pk).update(body_begun_at=NOW, state=State.AMBIGUOUS)
    assert judged(taken(row)).after_leaving == 1


def test_a_body_that_began_before_its_subscriber_left_is_no_fault() -> None:
    row = sent()
    Subscriber.objects.update(status=Status.UNSUBSCRIBED)
    assert judged(taken(row)).faults == []


@pytest.mark.parametrize(("covers", "late"), [(0, 1), (1, 0)])
def test_a_body_that_began_with_a_topic_its_subscriber_had_left_is_found(covers: int, late: int) -> None:
    person, topics = new_subscriber(seen_papers=b"papers"), [topic("left"), topic("kept")]
    for each in topics:
        Subscription.objects.create(subscriber=person, topic=each, position=0, created_at=NOW)
    row = digest(person, topics=[topics[covers].pk])
    Subscription.objects.filter(topic=topics[0]).delete()
    Delivery.objects.filter(pk=row.pk).update(body_begun_at=NOW, state=State.ACCEPTED)
    assert judged(taken(row)).after_leaving == late


def test_what_was_taken_in_without_having_begun_is_found() -> None:
    row = digest(new_subscriber(seen_papers=b"papers"), state=State.ACCEPTED)
    assert judged(taken(row)).faults == [f"{row.pk} was taken in and had never begun"]


def test_papers_of_a_lost_answer_must_not_be_seen() -> None:
    row = sent(State.AMBIGUOUS)
    assert judged().faults == [f"{row.pk} is AMBIGUOUS, its papers are seen"]


def test_more_lost_answers_than_can_be_explained_are_a_fault() -> None:
    sent(State.AMBIGUOUS, seen_papers=b"")
    assert judged(most_ambiguous=0).faults == ["1 ambiguous, where 0 can be explained"]


def test_a_mail_to_another_address_is_found() -> None:
    row = sent()
    assert judged(taken(row, recipient="eve@example.org")).faults == [f"{row.pk} went to eve@example.org"]
