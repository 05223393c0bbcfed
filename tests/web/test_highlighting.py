"""Where quotes stand in a text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.web.highlighting import cited, find_quotes, highlighted_parts, segments

TEXT = "It is fast. It is also small: 20 units suffice. Nothing else is needed."


def marked(text: str, quotes: dict[str, str]) -> list[str]:
    return [part.text for part in segments(text, find_quotes(text, quotes)) if part.is_highlighted]


def test_a_quoted_sentence_is_marked_with_its_full_stop() -> None:
    assert marked(TEXT, {"q1": "It is also small: 20 units suffice."}) == [
        "It is also small: 20 units suffice."
    ]


def test_a_quote_that_does_not_occur_marks_nothing() -> None:
    assert find_quotes(TEXT, {"q1": "It is slow."}) == {}


def test_overlapping_quotes_are_both_led_to() -> None:
    spans = find_quotes(TEXT, {"q1": "It is also small", "q2": "small: 20 units"})
    parts = segments(TEXT, spans)
    assert "".join(part.text for part in parts if part.is_highlighted) == "It is also small: 20 units"
    assert [anchor for part in parts for anchor in part.anchors] == ["q1", "q2"]


def test_of_a_quote_only_the_words_that_carry_its_claim_are_highlighted() -> None:
    quotes = find_quotes(TEXT, {"q1": "It is also small: 20 units suffice."})
    parts = cited(TEXT, quotes=quotes, highlights=[(23, 28)])
    assert "".join(part.text for part in parts) == TEXT
    assert [part.text for part in parts if part.is_highlighted] == ["small"]
    assert "".join(part.text for part in parts if part.is_quoted) == "It is also small: 20 units suffice."
    assert [part.anchors for part in parts if part.anchors] == [("q1",)]


def test_the_words_that_carry_a_claim_are_highlighted() -> None:
    assert [(part.text, part.is_highlighted) for part in highlighted_parts("on two sets", ((3, 6),))] == [
        ("on ", False),
        ("two", True),
        (" sets", False),
    ]


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted).map(tuple), max_size=5),
)
def test_the_segments_are_always_the_text(text: str, spans: list[tuple[int, ...]]) -> None:
    inside = [(min(left, len(text)), min(right, len(text))) for left, right in spans]
    parts = segments(text, {f"q{number}": span for number, span in enumerate(inside)})
    assert "".join(part.text for part in parts) == text
