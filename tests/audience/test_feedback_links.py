"""The links under a paper: one token a digest, short, bound to it and to its reader's key."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience.feedback_links import (
    NAME_LENGTH,
    OLD_NAME_LENGTH,
    digest_of_link,
    feedback_token,
)
from newsletter.audience.tokens import MAC_LENGTH, Purpose, delivery_subject, make_token
from newsletter.core.delivery.ids import new_id
from newsletter.models import Delivery
from newsletter.models.delivery import Kind
from newsletter.models.taste import Act
from tests.pipeline.deliveries import digest, new_subscriber

KEY = "abcdefghijkl"
HOST = "https://digest.example.org"
OLD_STYLE = ("hep-th/9901001", "cond-mat/0201082", "acc-phys/9411001")


def test_an_address_has_64_characters_and_with_an_old_id_at_most_70() -> None:
    token = feedback_token(new_id(), link_key=KEY)
    for act in Act:
        assert len(f"{HOST}/r/{token}/2606.17328/{act}") == 64
        for old in OLD_STYLE:
            assert len(f"{HOST}/r/{token}/{old}/{act}") <= 70


def test_the_proof_has_72_bits() -> None:
    assert MAC_LENGTH * 6 == 72
    assert len(feedback_token(new_id(), link_key=KEY)) == NAME_LENGTH + MAC_LENGTH
    assert len(feedback_token(uuid.uuid4(), link_key=KEY)) == OLD_NAME_LENGTH + MAC_LENGTH


@given(st.uuids())
def test_no_token_ends_in_what_mail_programs_leave_out(delivery_id: uuid.UUID) -> None:
    assert feedback_token(delivery_id, link_key=KEY)[-1].isalnum()


@pytest.mark.django_db
@pytest.mark.parametrize("number", [0, 1, 2**110, 2**128 - 1, 2**127, 2**128 - 2**110])
def test_a_token_names_its_digest_wherever_its_id_lies(number: int) -> None:
    # Ids of the shape that Django stores: any 128 bits.
    row = digest(id=uuid.UUID(int=number))
    assert row.subscriber is not None
    assert digest_of_link(feedback_token(row.pk, link_key=row.subscriber.link_key)) == row


@pytest.mark.django_db
def test_digests_whose_ids_begin_alike_are_told_apart() -> None:
    base = uuid.uuid4().int >> 110 << 110
    rows = [digest(id=uuid.UUID(int=base + number)) for number in range(5)]
    for row in rows:
        assert row.subscriber is not None
        found = digest_of_link(feedback_token(row.pk, link_key=row.subscriber.link_key))
        assert found == row
        assert found.subscriber == row.subscriber


@pytest.mark.django_db
@pytest.mark.parametrize("make", [uuid.uuid4, new_id])
def test_links_of_mails_from_before_ids_had_a_time_work_beside_the_others(
    make: Callable[[], uuid.UUID],
) -> None:
    rows = [digest(id=make()) for make in [uuid.uuid4, new_id, make] * 3]
    for row in rows:
        assert row.subscriber is not None
        assert digest_of_link(feedback_token(row.pk, link_key=row.subscriber.link_key)) == row


@pytest.mark.django_db
def test_an_old_link_is_never_looked_for_among_ids_with_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        digest(id=new_id())
    tried: list[str] = []
    monkeypatch.setattr(
        "newsletter.audience.feedback_links.read_token",
        lambda token, **_: tried.append(token),
    )
    assert digest_of_link("AAA" + "B" * MAC_LENGTH) is None  # ids with a time begin with 18 zero bits
    assert tried == []


@pytest.mark.django_db
def test_another_key_another_digest_and_any_changed_character_break_it() -> None:
    row, other = digest(new_subscriber(link_key=KEY)), digest()
    token = feedback_token(row.pk, link_key=KEY)
    assert digest_of_link(token) == row
    assert digest_of_link(feedback_token(row.pk, link_key="mnopqrstuvwx")) is None
    assert digest_of_link(feedback_token(other.pk, link_key=KEY)) is None
    for place in range(len(token)):
        changed = "B" if token[place] != "B" else "C"
        assert digest_of_link(token[:place] + changed + token[place + 1 :]) is None


@pytest.mark.django_db
@pytest.mark.parametrize("broken", ["", "x", "é" * 15, "A" * 14, "A" * 16, "!!!" + "A" * 12, "\x00" * 15])
def test_what_is_no_token_is_refused(broken: str) -> None:
    digest()
    assert digest_of_link(broken) is None


@pytest.mark.django_db
def test_a_token_for_anything_else_is_none_here_and_this_one_nowhere_else() -> None:
    row = digest(new_subscriber(link_key=KEY))
    subject = delivery_subject(row.pk)
    for purpose in Purpose:
        if purpose is not Purpose.FEEDBACK:
            mac = make_token(purpose, subject=subject, holder=KEY)[-MAC_LENGTH:]
            name = feedback_token(row.pk, link_key=KEY)[:-MAC_LENGTH]
            assert digest_of_link(name + mac) is None


@pytest.mark.django_db
def test_a_transactional_mail_has_no_such_link() -> None:
    row = digest(new_subscriber(link_key=KEY), kind=Kind.LINK)
    assert digest_of_link(feedback_token(row.pk, link_key=KEY)) is None


@pytest.mark.django_db
def test_a_rotated_secret_keeps_the_links_of_mails_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    row = digest(new_subscriber(link_key=KEY))
    token = feedback_token(row.pk, link_key=KEY)
    monkeypatch.setattr(settings, "SECRET_KEY_FALLBACKS", [settings.SECRET_KEY])
    monkeypatch.setattr(settings, "SECRET_KEY", "n" * 50)
    assert digest_of_link(token) == row


@pytest.mark.django_db
def test_a_forged_token_costs_one_small_query(django_assert_num_queries: object) -> None:
    for _ in range(3):
        digest()
    token = feedback_token(Delivery.objects.all()[0].pk, link_key=KEY)[:-MAC_LENGTH] + "A" * MAC_LENGTH
    with django_assert_num_queries(1):  # type: ignore[operator]  # pytest-django's fixture
        assert digest_of_link(token) is None
