"""Which sentences cannot be read without their neighbours."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.dangling import dangles, refers_back


@pytest.mark.parametrize(
    "sentence",
    [
        "This makes gauges superfluous in all harbours.",
        "Thereby, ports can do without their gauges.",
        "(2) Ships follow the tide with a delay.",
        "ii) Ships follow the tide with a delay.",
        "The latter is slower by a factor of two.",
        "The other six harbours have no gauges at all.",
        "In this setting, ships follow the tide at once.",
        "On the second benchmark, it reduces the error by 31%.",
        "On 14 harbours it reduces the error by 31%.",
        "Evaluated on 14 harbours, it reduces the error by 31%.",
        "After an adjustment, both recovered within a day.",
        "By comparing those with gauges, we find a delay.",
        "To capture the first, we read ships; to capture the second, we read gauges.",
        "We therefore recommend to read ships in every harbour.",
        "By noon, however, the delay has nearly gone away.",
        "The results instead point to ships as the better gauges.",
        "Three findings emerge.",
        "The main contributions are as follows: ships are gauges.",
        "Can ships be gauges in harbours without any?",
        "a novel filter of the motion of moored ships.",
        "The abstract was cut in the middle of a",
    ],
)
def test_it_refers_to_another_asks_or_is_a_fragment(sentence: str) -> None:
    assert dangles(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "This paper shows that ships can be gauges.",
        "This focused methodological review compares ships with gauges.",
        "Both ships and gauges follow the tide with a delay.",
        "Instead of reading gauges, TideNet reads moored ships.",
        "In addition to levels, TideNet forecasts the currents.",
        "In contrast to gauges, moored ships need no upkeep.",
        "We find that errors are larger for those of the smaller ships.",
        "Levels are forecast from ships, such as ferries, without gauges.",
        "Ships of every size are read, and this halves the error.",
        "Gauges and ships agree, the latter with a delay of 4 minutes.",
    ],
)
def test_it_stands_alone(sentence: str) -> None:
    assert not dangles(sentence)
    assert not refers_back(sentence)


def test_the_last_full_stop_may_be_missing() -> None:
    assert not dangles("Experiments show that TideNet halves the error of gauges")
    assert dangles("Experiments show that TideNet halves the error of the")


def test_what_was_cut_may_begin_small() -> None:
    assert not dangles("we propose a filter of the motion of ships.", is_cut=True)


@pytest.mark.parametrize(
    "sentence",
    [
        "These results show that ships can be gauges.",
        "We develop this idea for harbours without gauges.",
        "We re-examine this narrative with ships of every size.",
        "We show how this limitation can be overcome with ships.",
        "We study the consequences of this effect for harbours.",
        "We find that these conditions hold in every harbour.",
    ],
)
def test_what_it_names_may_be_guessed_from_the_title(sentence: str) -> None:
    assert refers_back(sentence)
    assert not dangles(sentence)
