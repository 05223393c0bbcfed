"""Characters into lines: spaces, scripts, ligatures, columns."""

from __future__ import annotations

from newsletter.core.pdf.lines import Char, lines_of
from tests.core.pdf.printing import WIDTH, set_chars


def texts(chars: list[Char]) -> list[str]:
    return [line.text for line in lines_of(chars, page=1)]


def test_words_are_as_far_apart_as_they_are_printed() -> None:
    close, far = set_chars("talking"), set_chars("heads", x=50 + 7 * WIDTH + 3)
    assert texts(close + far) == ["talking heads"]
    assert texts(set_chars("talk") + set_chars("ing", x=50 + 4 * WIDTH + 0.5)) == ["talking"]


def test_a_space_that_was_put_into_a_word_set_in_small_capitals_is_none() -> None:
    chars = set_chars("I", size=10) + set_chars(" ", x=55) + set_chars("NTRODUCTION", x=55.2, size=8)
    assert texts(chars) == ["INTRODUCTION"]


def test_a_wide_gap_and_a_new_baseline_begin_another_line() -> None:
    assert texts(set_chars("left") + set_chars("right", x=120)) == ["left", "right"]
    assert texts(set_chars("above") + set_chars("below", y=112)) == ["above", "below"]


def test_raised_and_lowered_digits_are_no_plain_ones() -> None:
    chars = [
        *set_chars("10"),
        *set_chars("3", x=60, y=96, size=7),
        *set_chars(" CO", x=65),
        *set_chars("2", x=80, y=103, size=7),
    ]
    assert texts(chars) == ["10³CO₂"] or texts(chars) == ["10³ CO₂"]


def test_a_mark_before_the_line_it_belongs_to_is_part_of_it() -> None:
    chars = set_chars("1", y=96, size=7) + set_chars("University", x=55)
    [line] = lines_of(chars, page=1)
    assert (line.text, line.size, line.spans[0].rise) == ("¹University", 10, 1)


def test_ligatures_and_the_hyphens_of_pdfium_are_spelt_out() -> None:
    assert texts(set_chars("eﬃcient ﬁelds, calibra\x02")) == ["efficient fields, calibra-"]


def test_the_letters_of_a_ligature_may_share_a_place() -> None:
    first, second = set_chars("f", x=60)[0], set_chars("f", x=60)[0]
    chars = [
        *set_chars("di"),
        *(each._replace(x1=each.x0 + 7) for each in (first, second)),
        *set_chars("er", x=67),
    ]
    assert texts(chars) == ["differ"]


def test_bold_and_italic_are_read_off_the_fonts_name() -> None:
    for font in ("Times-Bold", "NimbusRomNo9L-Medi", "CMBX12", "LinLibertineTB"):
        [line] = lines_of(set_chars("Heading", font=font), page=1)
        assert line.is_bold, font
    for font in ("Times-Roman", "CMR10", "SFRM1000", "Medium"):
        [line] = lines_of(set_chars("Heading", font=font), page=1)
        assert not line.is_bold, font
    [line] = lines_of(set_chars("A. Setup", font="CMTI10"), page=1)
    assert line.is_italic
