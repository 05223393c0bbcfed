"""Where the authors' own work begins in an abstract."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.own_work import coined_name, own_work_begins, tells_of_others

TITLE = "Harbour levels from the motion of ships"
BACKGROUND = "Harbour levels are widely forecast from gauges."


@pytest.mark.parametrize(
    "own",
    [
        "We forecast levels from ships.",
        "Here, moored ships serve as gauges.",
        "In this note, levels are forecast from ships.",
        "The present study reads ships instead of gauges.",
        "Our method reads ships.",
        "A filter that reads ships is proposed.",
        "To close this gap, a filter was trained on ships.",
        "Experiments on 14 harbours show that ships suffice.",
        "Results: Ships suffice on 14 harbours.",
        "Unlike existing methods, we read ships.",
        "These lecture notes introduce tides.",
    ],
)
def test_it_is_told_by_its_wording(own: str) -> None:
    assert own_work_begins([BACKGROUND, own], title=TITLE) == 1


@pytest.mark.parametrize(
    "background",
    [
        "How we live and interact depends on harbours.",
        "We still lack gauges in most harbours.",
        "We observe the Universe from one side only.",
        "Kalman gauges were introduced by Doe et al. in two harbours [9].",
        "Recent experiments show that gauges fail in storms.",
        "Existing approaches, which are proposed for lakes, fail at sea.",
        "In recent work, we proposed a filter for lakes.",
        "In the companion paper [3], we demonstrated that lakes behave.",
        "To avoid these costs, researchers have built simpler gauges.",
        "Can we forecast levels without gauges?",
        "Our society depends on harbours, i.e. on ports.",
    ],
)
def test_other_peoples_work_is_not_taken_for_it(background: str) -> None:
    assert own_work_begins([background, "We read ships."], title=TITLE) == 1


def test_the_papers_own_name_begins_it() -> None:
    sentences = [BACKGROUND, "TideNet reads the motion of moored ships."]
    assert own_work_begins(sentences, title="TideNet: Harbours without Gauges") == 1


def test_what_is_announced_early_goes_before_every_we() -> None:
    earlier = "With TideNet 1, we read ships in lakes."
    assert (
        own_work_begins([BACKGROUND, earlier, "Here we present TideNet 2.", "It is fast."], title=TITLE) == 2
    )


def test_what_is_announced_at_the_end_is_the_end() -> None:
    sentences = [BACKGROUND, "We read ships.", "Errors fall by 31%.", "In this work, gauges are optional."]
    assert own_work_begins(sentences, title=TITLE) == 1


def test_an_impersonal_abstract_begins_after_what_others_did() -> None:
    sentences = ["Prior work reads gauges.", "Moored ships follow the tide.", "Levels follow from them."]
    assert own_work_begins(sentences, title=TITLE) == 1
    assert own_work_begins([], title=TITLE) == 0


@pytest.mark.parametrize(
    "compared",
    [
        "Experiments demonstrate that TideNet outperforms the best prior methods by 10%.",
        "We extend the filter of Doe et al. [9] to harbours.",
        "Compared to existing methods, TideNet cuts the error by 51%.",
    ],
)
def test_a_comparison_with_others_is_own_work(compared: str) -> None:
    assert not tells_of_others(compared)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("TideNet: Levels from Ships", "tidenet"),
        ("Tides: A Survey", ""),
        ("Deep Tides: Levels", ""),
        ("Levels from TideNet", ""),
    ],
)
def test_a_coined_name_stands_before_the_colon(title: str, name: str) -> None:
    assert coined_name(title) == name
