"""Text at 72 columns, in both scripts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.mail.text import unbroken, underline, width, wrap


def test_it_breaks_at_spaces_and_indents_what_follows() -> None:
    lines = wrap("word " * 30, "- ", "  ").splitlines()
    assert [line[:6] for line in lines] == ["- word", "  word", "  word"]
    assert all(len(line) <= 72 for line in lines)


def test_han_takes_two_columns_and_breaks_anywhere_but_before_punctuation() -> None:
    lines = wrap("好" * 36 + "，" + "好" * 10).splitlines()
    assert [width(line) for line in lines] == [70, 24]
    assert lines[1].startswith("好，")


def test_number_and_measure_word_stay_together() -> None:
    assert wrap("好" * 34 + " 311\u00a0篇。").splitlines()[1] == "311 篇。"


def test_an_address_stands_on_its_own_line_whole() -> None:
    address = "https://lamps.example.org/" + "x" * 80
    assert wrap(f"code at {address} and data").splitlines() == ["code at", address, "and data"]


def test_headings_are_underlined_as_wide_as_they_are() -> None:
    assert underline("Lamps (2)") == "Lamps (2)\n---------"
    assert underline("伴语手势") == "伴语手势\n--------"


@given(st.text(alphabet="ab1 \n，。（篇主\u00a0", max_size=300))
def test_wrapping_loses_nothing_and_keeps_to_72_columns(text: str) -> None:
    wrapped = wrap(text)
    assert "".join(wrapped.split()) == "".join(text.split())
    for line in wrapped.splitlines():
        assert width(line) <= 72 or not any(char in line.strip() for char in " 主")


def test_words_that_belong_together_move_to_the_next_line_together() -> None:
    text = f"{'a' * 66} {unbroken('引自摘要')}"
    assert wrap(text) == f"{'a' * 66}\n引自摘要"
    assert width(unbroken("引自摘要")) == 8
