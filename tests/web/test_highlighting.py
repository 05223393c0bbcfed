"""Where quotes stand in a text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.web.highlighting import find_quotes, highlighted_parts, numbered, segments

TEXT = "It is fast. It is also small: 20 units suffice. Nothing else is needed."


def marked(text: str, quotes: dict[str, str]) -> list[str]:
    return [part.text for part in segments(text, find_quotes(text, quotes)) if part.is_highlighted]


def test_a_quoted_sentence_is_marked_with_its_full_stop() -> None:
    assert marked(TEXT, {"q1": "It is also small: 20 units suffice."}) == [
        "It is also small: 20 units suffice."
    ]


def test_a_quote_that_does_not_occur_marks_nothing() -> None:
    assert find_quotes(TEXT, {"q1": "It is slow."}) == {}


def test_overlapping_marks_are_one_and_each_has_its_number() -> None:
    spans = find_quotes(TEXT, {"q1": "It is also small", "q2": "small: 20 units"})
    parts = numbered(TEXT, anchors=spans, marks=[(1, spans["q1"]), (2, spans["q2"])])
    assert "".join(part.text for part in parts) == TEXT
    assert "".join(part.text for part in parts if part.is_highlighted) == "It is also small: 20 units"
    assert [part.anchors for part in parts if part.anchors] == [("q1", "m1"), ("q2", "m2")]
    assert [(part.text, part.ends) for part in parts if part.ends] == [("small", (1,)), (": 20 units", (2,))]


def test_only_the_first_mark_of_a_claim_is_led_to() -> None:
    parts = numbered(TEXT, anchors={}, marks=[(3, (23, 28)), (3, (30, 38)), (4, (30, 38))])
    assert [(part.text, part.anchors, part.ends) for part in parts if part.is_highlighted] == [
        ("small", ("m3",), (3,)),
        ("20 units", ("m4",), (3, 4)),
    ]


def test_a_quote_that_no_mark_is_in_can_be_led_to() -> None:
    parts = numbered(TEXT, anchors={"q7": (12, 28)}, marks=[])
    assert [part.anchors for part in parts] == [(), ("q7",)]
    assert not any(part.is_highlighted for part in parts)


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


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted).map(tuple), max_size=5),
)
def test_numbered_segments_are_always_the_text(text: str, spans: list[tuple[int, ...]]) -> None:
    inside = [(min(left, len(text)), min(right, len(text))) for left, right in spans]
    parts = numbered(
        text, anchors={"q1": inside[0]} if inside else {}, marks=list(enumerate(inside, start=1))
    )
    assert "".join(part.text for part in parts) == text
