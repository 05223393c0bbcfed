"""Words a claim may use only where its quote bears them out."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.rules.contrasts import contradiction
from newsletter.core.summaries.rules.polarity import flips_negation
from newsletter.core.summaries.rules.wording import KIN


def is_stronger(claim: str, quote: str) -> bool:
    return any(claimed.search(claim) and not kin.search(quote) for claimed, kin in KIN)


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It eliminates leakage.", "It reduces leakage."),
        ("It fully keeps the utility.", "It keeps the utility."),
        ("It is the first and largest benchmark of tides.", "We introduce a benchmark of tides."),
        ("These are the fastest schedulers.", "We design schedulers."),
        ("It is best among all approaches.", "It is best among optimising approaches."),
        ("In road tests it holds its lane.", "In simulations it holds its lane."),
        ("Deployments show fewer errors.", "Simulations show fewer errors."),
        ("Turns help only when steps are small.", "Turns help when steps are small."),
        ("It reports daily.", "It reports weekly."),
        ("It is better on all tasks.", "It is better on most tasks."),
        ("It is better across the board.", "It is better on most tasks."),
        ("It is better on all tasks.", "It is better across most tasks at 100 frames per second."),
        ("It is better on every task.", "It is better on most tasks."),
        ("It is better on each task.", "It is better on most tasks."),
        ("它在所有任务上更好。", "It is better on most tasks."),
        ("它在每个任务上更好。", "It is better on most tasks."),
        ("它在全部任务上更好。", "It is better on most tasks."),
        ("研究证明监督是必要的。", "Our findings suggest that supervision may be necessary."),
        ("只有步骤较小时才有用。", "It helps when steps are small."),
        ("每日报告一次。", "It reports weekly."),
    ],
)
def test_a_stronger_word_is_found(claim: str, quote: str) -> None:
    assert is_stronger(claim, quote)


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It eliminates leakage.", "It removes all leakage."),
        ("A first-attempt pass rate is given.", "An initial pass rate is given."),
        ("First and second moments are used.", "Two moments are used."),
        ("It wins over all baselines.", "It beats every baseline."),
        ("误差最高降低 20%。", "It reduces errors by up to 20%."),
        ("It beats all three baselines.", "It beats three baselines."),
        ("Each is read with one model.", "They are read with one model."),
        ("它在每个任务上更好。", "It is better in task-wise terms."),
        ("它在所有任务上更好。", "It is consistently better across tasks."),
        ("价差有数个最小变动单位宽。", "The spread is several ticks wide."),
        ("只有八项的基线更好。", "A baseline of eight terms is better."),
        ("提示无法完全消除注入。", "Prompts fail to eliminate injections."),
    ],
)
def test_an_equal_word_is_not(claim: str, quote: str) -> None:
    assert not is_stronger(claim, quote)


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It minimises the information.", "It maximizes the information."),
        ("It improves memory usage.", "It improves the running time."),
        ("It fine-tunes the encoder.", "It is a training-free method with an encoder."),
        ("该理论分析生产者。", "The theory analyses consumers."),
    ],
)
def test_words_that_exclude_each_other_contradict(claim: str, quote: str) -> None:
    assert contradiction(claim, quote)


def test_a_denial_is_looked_for_in_the_sentence_that_tells_of_the_same() -> None:
    quote = (
        "We look for evidence of drift in buoys. No evidence of drift was found in the gauges of harbours."
    )
    assert flips_negation("Evidence of drift appears in the gauges of harbours.", quote, is_chinese=False)
    assert not flips_negation("The gauges of harbours show no evidence of drift.", quote, is_chinese=False)


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It needs no training on boats.", "It is a training-free filter of boats."),
        ("The core stays as it is, untouched.", "It works without changing the core."),
    ],
)
def test_the_same_may_be_denied_in_other_words(claim: str, quote: str) -> None:
    assert not flips_negation(claim, quote, is_chinese=False)
