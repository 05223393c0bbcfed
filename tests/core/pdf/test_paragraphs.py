"""Lines into paragraphs: which hyphens go, which stay, where a paragraph begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.pdf.columns import Placed
from newsletter.core.pdf.lines import Box
from newsletter.core.pdf.paragraphs import Vocabulary, begins_paragraph
from tests.core.pdf.printing import set_line

WORDS = Vocabulary.of(
    [
        "We measure speech in a multi-view setting, driven by audio.",
        "A correc-",
        "tion of the calibration is end-to-end and well posed.",
    ]
)
LETTERS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9)
COLUMN = Box(50, 0, 290, 700)


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("the calibra-", "tion works", "the calibration works"),  # met elsewhere
        ("an unheard-", "ofness", "an unheardofness"),  # never met: divided is likelier
        ("in a multi-", "view scene", "in a multi-view scene"),  # met with its hyphen
        ("it is speech-", "driven now", "it is speech-driven now"),  # both are words
        ("a zero-", "shot model", "a zero-shot model"),  # begins compounds
        ("a domain-", "specific one", "a domain-specific one"),  # ends compounds
        ("from end-to-", "end training", "from end-to-end training"),  # a chain
        ("the state-", "of-the-art one", "the state-of-the-art one"),
        ("using GPT-", "4 and more", "using GPT-4 and more"),
        ("a Vision-", "Language model", "a Vision-Language model"),
        ("pages 3-", "4 of it", "pages 3-4 of it"),
        ("as follows -", "then more", "as follows - then more"),
        ("an aside—", "here", "an aside—here"),
        ("plain", "text", "plain text"),
        ("", "text", "text"),
        ("text", "", "text"),
    ],
)
def test_two_lines_are_joined_as_they_were_meant(before: str, after: str, joined: str) -> None:
    assert WORDS.join(before, after) == joined


@given(left=LETTERS, right=LETTERS)
def test_a_word_met_whole_is_never_left_divided(left: str, right: str) -> None:
    words = Vocabulary.of([f"the {left}{right} is known"])
    assert words.join(f"the {left}-", f"{right} is") == f"the {left}{right} is"


@given(left=LETTERS, right=LETTERS)
def test_a_compound_met_with_its_hyphen_keeps_it(left: str, right: str) -> None:
    words = Vocabulary.of([f"x{left}-{right}y and {left}-{right} are known"])
    if left + right not in words.words:
        assert words.join(f"the {left}-", f"{right} is") == f"the {left}-{right} is"


@given(before=st.text(max_size=40), after=st.text(max_size=40))
def test_joining_loses_and_invents_no_letter(before: str, after: str) -> None:
    joined = Vocabulary().join(before, after)
    kept = [character for character in before + after if character.isalnum()]
    assert [character for character in joined if character.isalnum()] == kept


@given(st.lists(st.text(alphabet="ab- ", max_size=12)))
def test_what_a_lines_end_divided_is_no_word(lines: list[str]) -> None:
    words = Vocabulary.of([*lines, "mea-", "surement"]).words
    assert "mea" not in words
    assert "surement" not in words


def placed(
    text: str, *, x: float = 50, y: float = 100, width: float = 240, page: int = 1, side: int = 1
) -> Placed:
    return Placed(set_line(text, x=x, y=y, width=width, page=page), COLUMN, side)


FULL = placed("a line that goes to the edge and", y=100)
ENDED = placed("a sentence that ends.", y=100, width=120)


@pytest.mark.parametrize(
    ("line", "last", "begins"),
    [
        (placed("goes on below", y=112), FULL, False),
        (placed("Indented, after the end", x=62, y=112), placed("that ends at the edge.", y=100), True),
        (placed("Far below", y=124), FULL, True),
        (placed("After a short line", y=112), ENDED, True),
        (placed("goes on in the other column", y=80, side=2), FULL, False),
        (placed("goes on over the page", y=80, page=2), FULL, False),
        (placed("Indented on the next page", x=62, y=80, page=2), ENDED, True),
        (placed("tion of a word", x=50, y=80, page=2), placed("a calibra-", y=700, width=120), False),
    ],
)
def test_a_paragraph_begins_where_it_is_set_off(line: Placed, last: Placed, begins: bool) -> None:
    assert begins_paragraph(line, last, body=10) is begins
