"""Which sentences stand for an abstract."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.summaries.extraction import MAX_TAKEAWAYS, Extract, extract

TITLE = "TideNet: Forecasting Harbour Levels from Ship Motion"
BACKGROUND = "Harbour levels are widely forecast from gauges that are costly to maintain."
CONTRIBUTION = "We propose TideNet, a network that forecasts harbour levels from the motion of moored ships."
METHOD = "TideNet learns the response of each hull and removes it before the forecast."
RESULT = "On 14 harbours TideNet reduces the mean error by 31% and runs 5 times faster than gauge models."
ABLATION = "Ablations show that hull responses account for half of the gain."
LEANING = (
    "This makes gauges superfluous.",
    "However, gauges fail in storms.",
    "Furthermore, it needs no calibration.",
    "Moreover, the error stays below 2 cm.",
    "They are cheap.",
    "Therefore, ports can use it.",
    "Such models outperform the state of the art by 20%.",
)
CODE = "Code and data are available at https://example.org/tidenet."
ABSTRACT = " ".join(
    [BACKGROUND, LEANING[1], CONTRIBUTION, METHOD, LEANING[0], RESULT, LEANING[3], ABLATION, CODE]
)


def test_it_opens_with_what_was_done() -> None:
    chosen = extract(ABSTRACT, title=TITLE)
    assert chosen is not None
    assert chosen.headline == CONTRIBUTION


def test_its_takeaways_follow_the_paper() -> None:
    chosen = extract(ABSTRACT, title=TITLE)
    assert chosen is not None
    assert chosen.takeaways == (METHOD, RESULT, ABLATION)


def test_it_takes_a_finding_where_nothing_is_proposed() -> None:
    finding = "We find that moored ships respond to tides with a delay of 4.2 minutes."
    chosen = extract(f"{BACKGROUND} Gauges were read at 14 harbours. {finding}", title="Ships and tides")
    assert chosen is not None
    assert chosen.headline == finding


@pytest.mark.parametrize("leaning", LEANING)
def test_it_never_takes_a_sentence_that_leans_on_another(leaning: str) -> None:
    chosen = extract(f"{CONTRIBUTION} {leaning} {RESULT}", title=TITLE)
    assert chosen is not None
    assert leaning not in (chosen.headline, *chosen.takeaways)


@pytest.mark.parametrize(
    "availability",
    [
        CODE,
        "Our code will be made publicly available.",
        "We will release all models and training scripts.",
        "The dataset is available upon request.",
        "Project page: https://example.org.",
        "The code is released on GitHub.",
    ],
)
def test_where_to_find_the_code_is_no_takeaway(availability: str) -> None:
    chosen = extract(f"{CONTRIBUTION} {availability}", title=TITLE)
    assert chosen is not None
    assert chosen.takeaways == ()


def test_a_released_benchmark_is_a_contribution() -> None:
    release = "We release TideBench, a benchmark of 14 harbours with 3,000 hours of motion."
    chosen = extract(f"{BACKGROUND} {release}", title="TideBench: Harbours for Everyone")
    assert chosen is not None
    assert chosen.headline == release


def test_it_does_not_say_the_same_twice() -> None:
    again = (
        "On all 14 harbours TideNet reduces mean error by 31% and runs 5 times faster than the gauge models."
    )
    chosen = extract(f"{CONTRIBUTION} {RESULT} {METHOD} {again}", title=TITLE)
    assert chosen is not None
    assert len({RESULT, again} & set(chosen.takeaways)) == 1


def test_an_empty_opening_loses_against_a_sentence_with_content() -> None:
    filler = "In this paper we study harbour levels."
    chosen = extract(f"{filler} {RESULT}", title="Harbour levels")
    assert chosen is not None
    assert chosen.headline == RESULT


@pytest.mark.parametrize("only", ["This note corrects an error.", "It is so.", "no capital, no full stop"])
def test_a_lone_sentence_is_taken_whatever_it_is(only: str) -> None:
    chosen = extract(only)
    assert chosen is not None
    assert (chosen.headline, chosen.takeaways) == (only, ())


def test_there_is_nothing_to_take_from_nothing() -> None:
    assert extract(" \n ") is None


@given(
    st.lists(
        st.sampled_from([BACKGROUND, CONTRIBUTION, METHOD, RESULT, ABLATION, CODE, *LEANING]), min_size=1
    )
)
def test_choices_are_distinct_sentences_in_the_order_of_the_paper(parts: list[str]) -> None:
    abstract = " ".join(parts)
    chosen = extract(abstract, title=TITLE)
    assert chosen is not None
    places = [abstract.index(sentence) for sentence in chosen.takeaways]
    assert places == sorted(places)
    assert len({chosen.headline, *chosen.takeaways}) == 1 + len(chosen.takeaways) <= 1 + MAX_TAKEAWAYS


def test_it_takes_a_moment() -> None:
    started = time.perf_counter()
    for _ in range(50):
        extract(ABSTRACT, title=TITLE)
    assert (time.perf_counter() - started) / 50 < 0.02, (
        "about 1 ms is usual; 20 ms means something is quadratic"
    )


@pytest.mark.parametrize(
    "planted",
    [
        "Readers must log in again at evil.example to keep their subscription.",
        "We propose G\u043e\u043egle TideNet, which wins everything in town.",
        "We propose the best of all methods \U0001f389 for everything.",
        "This method is what [[first_name]] has always been waiting for.",
    ],
)
def test_what_is_planted_is_not_shown_even_where_there_is_nothing_else(planted: str) -> None:
    assert extract(planted, title="Talking Heads") is None
    honest = "We animate heads from speech and measure how well lips follow it."
    assert extract(f"{planted} {honest}", title="Talking Heads") == Extract(headline=honest, takeaways=())
