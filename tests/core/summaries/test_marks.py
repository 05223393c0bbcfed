"""What is marked, what is bold, and how an authors' sentence is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.summaries.marks import bold_span, made_next, marked_spans, result_span
from newsletter.core.summaries.summary import Claim, Summary, Voice

GAIN = "Across five benchmarks HarnessX yields an average gain of +14.5% (up to +44.0%), largest where weak."


def marked(quote: str, *parts: str) -> list[str]:
    spans = [(quote.index(part), quote.index(part) + len(part)) for part in parts]
    return [quote[start:end] for start, end in marked_spans(quote, spans)]


@pytest.mark.parametrize(
    ("quote", "carrying", "expected"),
    [
        ("LampNet reads lamp labels with 4.2 % fewer errors than before", ["4.2 % fewer errors"], None),
        (GAIN, [GAIN], ["average gain of +14.5% (up to +44.0%)"]),
        ("It fails at night.", ["It fails at night."], ["fails"]),
        ("We gain by 3–14% over strong baselines in six tests", ["gain by 3–14%"], None),
        ("one two three four five six seven", ["one", "three", "five"], ["three", "five"]),
        (
            "it reveals that systems suffer from latency on speech",
            ["that systems suffer from"],
            ["systems suffer from"],
        ),
        ("On MCIF the quality improves by 5.8 points there", ["MCIF", "by 5.8 points"], ["by 5.8 points"]),
        ("memory collapses (6-43%) while UaC stays near-perfect", ["collapses (6-43%)"], None),
    ],
)
def test_at_most_two_spans_of_eight_words_and_never_a_whole_sentence(
    quote: str, carrying: list[str], expected: list[str] | None
) -> None:
    assert marked(quote, *carrying) == (carrying if expected is None else expected)


@given(st.text(alphabet="ab3%. -()–", max_size=120), st.lists(st.integers(0, 120), min_size=2, max_size=8))
def test_marks_are_inside_in_order_and_short(quote: str, edges: list[int]) -> None:
    edges = sorted({min(edge, len(quote)) for edge in edges})
    spans = list(zip(edges[::2], edges[1::2], strict=False))
    found = marked_spans(quote, spans)
    assert len(found) <= 2
    assert all(0 <= start <= end <= len(quote) for start, end in found)
    assert all(one[1] <= other[0] for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It improves over strong baselines by 3-14%.", "by 3-14%"),
        ("The evidence was retrievable 10 times more often than missing.", "retrievable 10 times more often"),
        (GAIN, "an average gain of +14.5%"),
        ("We surpass the leader by +1.5 dB PSNR without training on it.", "by +1.5 dB PSNR"),
        ("It reduces time-to-first-token by 2.5x-11x, and is simple.", "by 2.5x-11x"),
        ("Across 89 tasks it achieves 73.9% average reward.", "achieves 73.9%"),
        ("CMTF improves success from 32.1% to 85.7% here.", "from 32.1% to 85.7%"),
        ("The ratio increases from 0.64 ± 0.07 to 1.21 ± 0.10.", "increases from 0.64 ± 0.07 to 1.21 ± 0.10"),
        ("Winds reach 6.2 ± 0.5 km/s eastward.", "reach 6.2 ± 0.5 km/s"),
        ("We study triple systems in which every tight path is increasing.", None),
        ("We study 200 papers of 2026.", None),
        ("It beats Seedance 2.0 and Veo on our benchmark.", None),
        ("The student achieves Dice 78.36 (plus or minus 1.44) there.", "78.36"),
        ("The model achieves Dice 0.716+/-0.006 with a single pass.", "0.716+/-0.006"),
        (
            "It wins, achieving macro-average gains of +12.8 to +25.3 points.",
            "gains of +12.8 to +25.3 points",
        ),
        ("They remain even if each qubit depolarizes with probability 30%.", None),
        ("Summaries up to the 6-point function capture less than the field.", None),
        ("Using a telescope of 4 m, we demonstrate mitigation.", None),
    ],
)
def test_the_clause_with_the_result_is_marked(sentence: str, expected: str | None) -> None:
    span = result_span(sentence)
    assert (sentence[slice(*span)] if span else None) == expected


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("Errors fall by 4.2\u00a0% in 300 labels.", "4.2% fewer errors in 300 labels", "4.2\u00a0%"),
        ("Errors fall by 5.1 %.", "4.2% fewer errors", None),
        ("A plain agent matches all three add-ons.", "it matches all three modules", "all three"),
        ("平均提升 14.5%，基线越弱越大。", "an average gain of +14.5%", "14.5%"),
        ("It uses Qwen 3.5 models.", "Qwen 3.5", None),
        ("It appeared in 2026.", "in 2026", None),
        ("13 configurations are tested.", "13 memory configurations", "13"),
    ],
)
def test_one_number_that_the_quote_states_is_bold(text: str, quote: str, expected: str | None) -> None:
    span = bold_span(text, quotes=[quote])
    assert (text[slice(*span)] if span else None) == expected


def test_after_the_authors_finding_comes_what_was_made() -> None:
    made, result, other = "We introduce LampNet.", "Lamps are read at night.", "It improves reading by 4.2%."
    claims = [Claim(text=text, evidence=()) for text in (result, other, made)]
    summary = Summary(voice=Voice.AUTHORS, headline=claims[0], takeaways=tuple(claims[1:]))
    ordered = made_next(summary)
    assert [each.text for each in ordered.claims] == [result, made, other]
    by_model = Summary(voice=Voice.MODEL, headline=claims[0], takeaways=tuple(claims[1:]))
    assert made_next(by_model) is by_model
