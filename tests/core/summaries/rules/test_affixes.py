"""A claim does not turn round a word of its quote by a prefix or a suffix."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.rules.affixes import turns_inside


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("The controller is safe.", "The controller is unsafe."),
        ("The controller acts unsafely.", "The controller acts safely under all loads."),
        ("Training is stable.", "Training shows instability."),
        ("It reduces stability.", "It reduces instability."),
        ("Estimates are accurate.", "The estimates are inaccurate."),
        ("Signals are stationary.", "The signals are non-stationary."),
        ("It underestimates the mass.", "It overestimates the mass."),
        ("Intra-class distances grow.", "Inter-class distances grow."),
        ("Compounds are harmless.", "The compounds are harmful to fish."),
        ("The scheme is implicit.", "The scheme is explicit."),
        ("Losses come from upstream tasks.", "Losses come from downstream tasks."),
    ],
)
def test_a_word_turned_round_is_found(claim: str, quote: str) -> None:
    assert turns_inside(claim, quote)


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("It makes training more stable.", "It reduces training instability."),
        ("The controller is not safe.", "The controller is unsafe."),
        ("Unsafe actions are avoided, safe ones kept.", "It keeps safe actions and avoids unsafe ones."),
        ("The formation of ice is observed.", "Information on ice is gathered."),
        ("A stance is found in each case.", "An instance of each case is found."),
        ("It is important in position papers.", "Portability matters."),
        ("Similar work exists.", "Unlike earlier work, ours is similar."),
    ],
)
def test_other_words_are_left_alone(claim: str, quote: str) -> None:
    assert not turns_inside(claim, quote)
