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


def test_it_opens_with_what_came_of_it() -> None:
    chosen = extract(ABSTRACT, title=TITLE)
    assert chosen is not None
    assert chosen.headline == RESULT


def test_its_takeaways_follow_the_paper() -> None:
    chosen = extract(ABSTRACT, title=TITLE)
    assert chosen is not None
    assert chosen.takeaways == (CONTRIBUTION, METHOD, ABLATION)


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
    assert len({RESULT, again} & {chosen.headline, *chosen.takeaways}) == 1


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


@pytest.mark.parametrize(
    "vacuous",
    [
        "Extensive experiments demonstrate the effectiveness of the framework.",
        "We evaluate the framework on 14 harbours.",
        "Ablations show that 12% of the gain comes from the hulls of ships.",
        "We hope that ports will benefit from better forecasts of their levels.",
        "Numerical experiments are conducted to show the efficiency of the approach.",
        "Our main objective is to achieve an error of 0.01 m in every harbour.",
        "We conclude by discussing how better sensors will improve the levels of harbours.",
        "We do not claim that gauges in rivers are outperformed by ships.",
        "How gauges of the sea bed behave in storms remains largely unknown.",
    ],
)
def test_a_contribution_is_the_headline_where_no_result_is_told(vacuous: str) -> None:
    chosen = extract(f"{BACKGROUND} {CONTRIBUTION} {vacuous}", title=TITLE)
    assert chosen is not None
    assert chosen.headline == CONTRIBUTION


@pytest.mark.parametrize(
    "result",
    [
        "We show that such filters converge on every harbour with a finite tide.",
        "We prove that the tide of a harbour is determined by three ships.",
        "It is shown that three ships suffice in a harbour of any shape.",
        "The delay of moored ships varies systematically with their draught.",
        "No significant delay is detected in the harbours of the Baltic.",
        "Compared to existing methods, the error falls by 51% on average.",
        "These findings suggest that three ships suffice in every harbour.",
        "We then apply the filter to eleven rivers, finding a steady increase of levels since 2022.",
        "Experiments show that levels are forecast more accurately than by gauges",
    ],
)
def test_what_came_out_is_the_headline_however_it_is_told(result: str) -> None:
    chosen = extract(f"{BACKGROUND} {CONTRIBUTION} {METHOD} {result}", title=TITLE)
    assert chosen is not None
    assert chosen.headline == result


def test_what_was_derived_from_something_is_no_finding() -> None:
    made = "We introduce a chain of ships derived from the honeycomb of a quay with better mooring."
    chosen = extract(f"{BACKGROUND} {made} {RESULT}", title="Chains of ships")
    assert chosen is not None
    assert chosen.headline == RESULT


def test_an_opening_that_is_cut_off_leaves_an_ellipsis() -> None:
    chosen = extract(f"{BACKGROUND} In this paper, we show that moored ships follow the tide.", title=TITLE)
    assert chosen is not None
    assert chosen.headline == "… we show that moored ships follow the tide."


def test_what_only_repeats_the_title_is_no_headline() -> None:
    repeated = "We propose a filter for harbour levels from the motion of ships."
    chosen = extract(
        f"{repeated} {METHOD} {RESULT}", title="A filter for harbour levels from the motion of ships"
    )
    assert chosen is not None
    assert chosen.headline == RESULT


@given(st.lists(st.sampled_from([BACKGROUND, CODE, *LEANING]), min_size=1))
def test_nothing_from_before_the_own_work_is_shown(before: list[str]) -> None:
    chosen = extract(" ".join([*before, CONTRIBUTION, RESULT]), title=TITLE)
    assert chosen is not None
    assert {chosen.headline, *chosen.takeaways} == {CONTRIBUTION, RESULT}


def test_one_good_takeaway_is_enough() -> None:
    abstract = f"{BACKGROUND} {CONTRIBUTION} {RESULT} {LEANING[0]} We discuss future work on harbours. {CODE}"
    chosen = extract(abstract, title=TITLE)
    assert chosen is not None
    assert chosen.takeaways == (CONTRIBUTION,)


def test_what_others_did_is_shown_nowhere() -> None:
    others = "Kalman gauges were introduced by Doe et al. and reduce errors by 50% [9]."
    chosen = extract(f"{CONTRIBUTION} {others} {METHOD}", title=TITLE)
    assert chosen is not None
    assert others not in (chosen.headline, *chosen.takeaways)


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
    started = time.process_time()
    for _ in range(50):
        extract(ABSTRACT, title=TITLE)
    assert (time.process_time() - started) / 50 < 0.02, (
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
