"""A sentence that stands alone loses the opening that leans on another, and nothing that it says."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.extraction import extract
from newsletter.core.summaries.openings import CUT, without_opening


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("To address this, we propose TideNet.", "we propose TideNet."),
        ("To bridge this gap, we introduce a benchmark.", "we introduce a benchmark."),
        ("To overcome both issues at once, this paper presents TideNet.", "this paper presents TideNet."),
        ("To address the trade-off, we present WAM4D.", "we present WAM4D."),
        ("Building on this insight, we develop TideNet.", "we develop TideNet."),
        ("Motivated by these findings, a new loss is proposed.", "a new loss is proposed."),
        ("In this paper, we prove a bound.", "we prove a bound."),
        ("In this work we prove a bound.", "we prove a bound."),
        ("Here we show that tides are late.", "we show that tides are late."),
        ("To this end, we collect 412 dockings.", "we collect 412 dockings."),
        ("Moreover, the error stays below 2 cm.", "the error stays below 2 cm."),
        ("Second, progress is slow.", "progress is slow."),
        ("Finally, to address this, we propose TideNet.", "we propose TideNet."),
        ("In particular, we show that tides are late.", "we show that tides are late."),
        ("As a result, the error is halved.", "the error is halved."),
        ("However, we find a delay.", "we find a delay."),
        ("Using this filter, we find a delay.", "we find a delay."),
        ("In order to do so, we read ships.", "we read ships."),
        ("Results: Ships follow the tide.", "Ships follow the tide."),
        ("Through this filter, we find a delay.", "we find a delay."),
    ],
)
def test_what_leans_goes(sentence: str, left: str) -> None:
    assert without_opening(sentence) == left


@pytest.mark.parametrize(
    "sentence",
    [
        "To reduce the cost of gauges, we propose TideNet.",
        "For this class of grammars, we construct transformers.",
        "With these assumptions, we prove a bound.",
        "Based on UASM, we develop a framework.",
        "Using ships, we find a delay.",
        "Further ships are read.",
        "To address this, harbours are surveyed and we wait.",
        "We propose TideNet to address this.",
        "In this paper and its appendix, proofs are given.",
    ],
)
def test_what_says_something_stays(sentence: str) -> None:
    assert without_opening(sentence) == sentence


@pytest.mark.parametrize("name", ["word2vec", "p53", "vLLM", "k-means"])
def test_a_name_that_is_written_small_opens_a_headline(name: str) -> None:
    sentence = f"{name} reduces the error of every harbour by 31%."
    found = extract(f"We propose TideNet, a filter. {sentence}")
    assert found is not None
    assert found.headline == sentence


def test_the_papers_own_work_is_shown_however_it_opens() -> None:
    abstract = (
        "Harbour levels are forecast from gauges that are costly. "
        "To address this limitation, we propose TideNet, which forecasts levels from the motion of ships. "
        "Experiments on 14 harbours show that the mean error falls by 31%."
    )
    found = extract(abstract, title="TideNet: Levels from Ships")
    assert found is not None
    assert found.takeaways == ("… we propose TideNet, which forecasts levels from the motion of ships.",)
    assert found.takeaways[0].removeprefix(CUT) in abstract


def test_this_paper_stands_on_its_own() -> None:
    abstract = (
        "Gauges are costly. This paper introduces TideNet, a network that reads the motion of moored ships. "
        "The results show that it is fast."
    )
    found = extract(abstract, title="TideNet")
    assert found is not None
    assert found.headline.startswith("This paper introduces TideNet")
