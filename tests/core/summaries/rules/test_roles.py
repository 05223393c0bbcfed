"""What part a number plays in a change, and which is the part of which."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.rules.quantities import quantities
from newsletter.core.summaries.rules.roles import (
    Role,
    changes_role,
    ends_swapped,
    part_is_whole,
    role_of,
    takes_another_part,
)

FALLS = "It reduces the word error rate from 4.2% to 3.1% on noisy data."
BY = "It reduces the word error rate by 12% on noisy data."


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        (FALLS, [Role.START, Role.END]),
        ("The rate falls to 3.1%, from 4.2%.", [Role.END, Role.START]),
        ("The rate is 3.1%, down from 4.2%.", [Role.REACHED, Role.START]),
        ("词错误率从 4.2% 降到 3.1%。", [Role.START, Role.END]),
        ("将词错误率由 4.2% 降低至约 3.1%。", [Role.START, Role.END]),
        (BY, [Role.CHANGE]),
        ("A reduction of 12% is seen.", [Role.CHANGE]),
        ("It brings a 12% relative reduction.", [Role.CHANGE]),
        ("词错误率降低了 12%。", [Role.CHANGE]),
        ("It reaches a word error rate of 3.1%.", [Role.REACHED]),
        ("词错误率达到 3.1%。", [Role.REACHED]),
        ("Gains from 5% to 20% are seen.", [Role.NONE, Role.NONE]),
        ("It cuts errors by 5% to 20%.", [Role.CHANGE, Role.NONE]),
        ("It improves over 12% compared to 3.1%.", [Role.CHANGE, Role.NONE]),
        ("The rate drops 12%.", [Role.CHANGE]),
        ("It rose from 64% without gestures to 82%.", [Role.START_OF_ANOTHER, Role.END]),
        ("It learns from 12 speakers to read 20 lips.", [Role.NONE, Role.NONE]),
    ],
)
def test_a_number_is_read_with_its_part(text: str, roles: list[Role]) -> None:
    assert [role_of(number, text) for number in quantities(text)] == roles


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It reduces the word error rate by 3.1%.", FALLS),
        ("It reduces the word error rate by 4.2%.", FALLS),
        ("It reaches a word error rate of 4.2%.", FALLS),
        ("It lowers the word error rate to 4.2%.", FALLS),
        ("A 3.1% reduction in the word error rate is seen.", FALLS),
        ("The word error rate drops 3.1%.", FALLS),
        ("The word error rate is 4.2% with it.", FALLS),
        ("词错误率为 4.2%。", FALLS),
        ("词错误率降低了 3.1%。", FALLS),
        ("词错误率达到 4.2%。", FALLS),
        ("It reduces the word error rate to 12%.", BY),
        ("词错误率降到 12%。", BY),
    ],
)
def test_a_part_that_a_number_does_not_play_is_found(claim: str, quote: str) -> None:
    assert changes_role(claim, [quote])


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It reaches a word error rate of 3.1%, down from 4.2%.", FALLS),
        ("The word error rate was 4.2% before.", FALLS),
        ("The initial word error rate is 4.2%.", FALLS),
        ("此前的词错误率为 4.2%。", FALLS),
        ("Without gestures comprehension is 64%.", "It rose from 64% without gestures to 82%."),
        ("The lumped model reaches 0.41.", "It rises from 0.41 with a lumped model to 0.63."),
        ("词错误率由 4.2% 降至 3.1%。", FALLS),
        ("It achieves a 12% lower word error rate.", BY),
        ("It achieves a reduction of 12%.", BY),
        ("词错误率下降 12%。", BY),
        ("It cuts errors by up to 20%.", "It cuts errors by 5% to 20%."),
    ],
)
def test_the_same_part_in_other_words_is_not(claim: str, quote: str) -> None:
    assert not changes_role(claim, [quote])


@pytest.mark.parametrize(
    ("claim", "quote", "swapped"),
    [
        ("The rate rises from 3.1% to 4.2%.", FALLS, True),
        ("Posts fall from 3,100 to 4,200.", "Posts fall from 4,200 to 3,100.", True),
        ("Security falls from 71 to 128 bits.", "It reduces the security from 128 to 71 bits.", True),
        ("The rate falls from 4.2% to 3.1%.", FALLS, False),
    ],
)
def test_a_change_the_other_way_is_found(claim: str, quote: str, swapped: bool) -> None:
    assert ends_swapped(claim, quote) is swapped


def test_a_sentence_of_nothing_but_changes_is_read_once_a_number() -> None:
    quote, claim = ("It reduces from 5% to 6% by 7% " * 32)[:1000], "It reduces from 5% to 6% by 7% " * 18
    role_of.cache_clear()
    assert not changes_role(claim, [quote])
    assert role_of.cache_info().misses == len(quantities(quote)) + len(quantities(claim))


@pytest.mark.parametrize(
    ("claim", "swapped"),
    [
        ("It folds 100 of 62 garments.", True),
        ("在 62 件衣物中叠好了 100 件。", True),
        ("Of 62 garments it folds 100.", True),
        ("Of 100 garments it folds 62.", False),
        ("It folds 62 out of the 100 garments.", False),
        ("在 100 件衣物中叠好了 62 件。", False),
    ],
)
def test_a_part_larger_than_its_whole_is_found(claim: str, swapped: bool) -> None:
    assert part_is_whole(claim, "The robot folds 62 of 100 garments.") is swapped


def test_another_part_of_the_same_whole_is_found() -> None:
    quote = "A baseline with eight terms outperforms six of the nine learned models."
    assert takes_another_part("It outperforms eight of the nine models.", quote)
    assert not takes_another_part("It outperforms six of nine models, with eight terms.", quote)
    assert not takes_another_part("It outperforms eight of ten models.", quote)
