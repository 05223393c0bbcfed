"""How a long sentence of the authors is shortened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.summaries.clipping import LONGEST_SENTENCE, clipped
from newsletter.core.summaries.marks import result_span


def test_a_long_sentence_is_cut_at_a_clause_and_keeps_its_mark() -> None:
    late = "We look at a great many things in this work, " + "and so on " * 12 + ", yet it improves by 12%."
    text, mark = clipped(late, mark=result_span(late))
    assert mark
    assert text[slice(*mark)] == "improves by 12%"
    assert text.startswith("… ")
    early = "It improves by 12%, " + "which is a lot and more than before " * 6
    text, mark = clipped(early, mark=result_span(early))
    assert mark
    assert text[slice(*mark)] == "improves by 12%"
    assert text.endswith("…")
    assert len(text) <= 161
    assert clipped("Short.", mark=None) == ("Short.", None)


def test_no_cut_goes_through_a_formula_or_a_list() -> None:
    sentence = (
        "Every large family of subsets of the ground set {1, 2, ..., n} neither too small nor too big "
        "contains A, B, C, D with A ∪ B = C ∪ D, and the exponent cannot fall below 0.86."
    )
    text, _ = clipped(sentence, mark=result_span(sentence))
    assert text == "… and the exponent cannot fall below 0.86."


@given(st.text(alphabet="ab c,;:.1%", max_size=500))
def test_what_is_cut_stays_short_and_marks_the_same_words(sentence: str) -> None:
    mark = result_span(sentence)
    text, kept = clipped(sentence, mark=mark)
    assert (mark is None) == (kept is None)
    if mark and kept:
        assert text[slice(*kept)] == sentence[slice(*mark)]


FLEET = "Numerical simulations of a moored fleet demonstrate that, unlike conventional gauges on the quay, "
COAST = "Extensive experiments on fourteen harbours of the Atlantic coast of Europe show that "
PARTS = "Across rivers, harbours and the open sea of the north with six kinds of ships, "
TRANSFORM = "By implementing a specialized transform of the motion of ships in the fabric of the receiver, "


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        (FLEET, "the filter keeps both its accuracy and its speed in the presence of a heavy swell."),
        (COAST, "TideNet improves every forecast at all quays, lowering the mean error by 19.3% and 18.4%."),
        (COAST, "it requires not only carefully placed gauges, but also a principled choice of ships."),
        (PARTS, "TideNet beats gauges at every quay, with an average gain of 12.8 to 25.3 points at sea."),
        (TRANSFORM, "we reach a forecast at every quay within milliseconds of the arrival of a wave."),
    ],
)
def test_what_came_out_stays_and_has_its_subject(before: str, shown: str) -> None:
    sentence = before + shown
    assert len(sentence) > LONGEST_SENTENCE
    assert clipped(sentence, mark=result_span(sentence))[0] == f"… {shown}"


def test_a_condition_is_not_cut_off() -> None:
    proved = "We prove that the filter of moored ships converges on every harbour if and only if q ∈ (1,2]"
    text, _ = clipped(
        f"{proved}, which establishes the exact threshold at q=2 for every tide that was ever seen.",
        mark=None,
    )
    assert proved.removeprefix("We prove that ") in text
    assert text.endswith("…")


def test_what_turns_the_sense_is_not_cut_off() -> None:
    gap = "Experiments reveal a clear gap between reading ships and steering them"
    rest = (
        "present models read well in the calm harbours of every coast that was ever tried, but fail to steer"
    )
    text, _ = clipped(f"{gap}: {rest}.", mark=None)
    assert text == f"{gap}…"


def test_no_cut_goes_through_a_list() -> None:
    known = "Trained on a new record of harbours, TideNet outperforms gauges across all quays and our records"
    listed = "in accuracy, naturalness, and coherence"
    sentence = f"{known} {listed} over all of the seasons of a year with storms of any kind in it."
    assert clipped(sentence, mark=None)[0] == f"{known} {listed}…"


def test_what_was_cut_before_has_one_ellipsis() -> None:
    sentence = f"… we show that {'the level of a harbour follows ' * 6}the tide."
    assert clipped(sentence, mark=None)[0].count("… ") == 1
