"""Captions, the figures they belong to, and footnotes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.core.pdf.columns import Placed
from newsletter.core.pdf.floats import captions_of, footnotes_of, without_marks
from newsletter.core.pdf.lines import Box, Line, Span
from newsletter.core.pdf.regions import AIR, figures_of
from tests.core.pdf.printing import set_line

PAGE = Box(0, 0, 612, 792)
COLUMN = Box(50, 0, 290, 792)


def placed(*lines: Line) -> list[Placed]:
    return [Placed(line, COLUMN, 1) for line in lines]


def prose(y: float) -> Line:
    return set_line("a line of running text that fills its column", y=y, width=240)


CAPTION = set_line("Figure 2: What the ring heard over", y=400, size=9, width=230)
BELOW = set_line("a whole year of tides.", y=410, size=9)


def air(box: Box) -> Box:
    return Box(box.x0 - AIR, box.top - AIR, box.x1 + AIR, box.bottom + AIR)


def region(boxes: list[Box], *lines: Line) -> Box | None:
    page = placed(*lines)
    found = figures_of(captions_of(page, body=10), page, boxes, page=PAGE, body=10)
    return found[0].box if found else None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Figure 2: A", "2"),
        ("Fig. 3. A", "3"),
        ("FIGURE 4 | A", "4"),
        ("Figure S1: A", "S1"),
        ("Fig. B.2: A", "B.2"),
        ("Table IV: A", "IV"),
    ],
)
def test_captions_are_known_by_their_label(text: str, number: str) -> None:
    [caption] = captions_of(placed(set_line(text, size=9)), body=10)
    assert caption.number == number


@pytest.mark.parametrize(
    "text", ["Figure 2 shows that the ring", "Figures 2 and 3: both", "Fig. 2. is quoted here"]
)
def test_a_sentence_about_a_figure_is_no_caption(text: str) -> None:
    assert captions_of(placed(set_line(text)), body=10) == []


def test_a_caption_goes_on_below_and_ends_at_the_text() -> None:
    [caption] = captions_of(placed(CAPTION, BELOW, prose(432)), body=10)
    assert [line.text for line in caption.lines] == [CAPTION.text, BELOW.text]


def test_a_figure_is_what_is_drawn_above_its_caption_up_to_the_text() -> None:
    drawing, part, other = Box(60, 250, 280, 330), Box(60, 340, 280, 388), Box(60, 100, 280, 190)
    lines = (prose(200), prose(212), CAPTION, BELOW)
    assert region([drawing, part, other], *lines) == air(drawing.union(part))


def test_a_figure_may_be_below_its_caption() -> None:
    assert region([Box(60, 420, 280, 600)], prose(300), CAPTION, BELOW) == air(Box(60, 420, 280, 600))


def test_the_labels_of_axes_belong_to_a_figure_and_a_paragraphs_end_does_not() -> None:
    drawing = Box(60, 250, 280, 380)
    label = set_line("epochs", x=150, y=389, size=7)
    assert region([drawing], label, CAPTION) == air(Box(60, 250, 280, 391))
    assert region([drawing], set_line("the end.", y=246), CAPTION) == air(drawing)


@pytest.mark.parametrize("box", [Box(0, 0, 612, 792), Box(60, 389, 280, 390), Box(400, 250, 560, 380)])
def test_a_background_a_rule_and_another_columns_drawing_are_no_figure(box: Box) -> None:
    assert region([box], CAPTION, BELOW) is None


def note(text: str, y: float) -> Line:
    mark, words = text[0], text[1:]
    return replace(set_line(text, y=y, size=7), spans=(Span(mark, rise=1), Span(words)))


def test_footnotes_are_small_low_and_marked() -> None:
    lines = placed(prose(600), note("1See the appendix.", 700), set_line("It has more.", y=709, size=7))
    assert [line.text for line in footnotes_of(lines, body=10, page=PAGE, is_first=False)] == [
        "¹See the appendix.",
        "It has more.",
    ]


@pytest.mark.parametrize(
    "line",
    [set_line("12.4 33.0 small numbers", y=700, size=8), note("1Too high", 100), set_line("1See", y=700)],
)
def test_small_tables_and_text_are_no_footnotes(line: Line) -> None:
    assert footnotes_of(placed(prose(90), line), body=10, page=PAGE, is_first=False) == []


def test_a_mark_goes_with_its_footnote_and_a_power_stays() -> None:
    def line(*spans: Span) -> Line:
        return replace(set_line("x"), spans=spans)

    raised = Span("2", rise=1)
    lines = [
        line(Span("of the dataset"), raised, Span(" we")),
        line(Span("10"), raised),
        line(Span("in m"), raised),
    ]
    texts = [each.line.text for each in without_marks(placed(*lines), [note("2See below.", 700)])]
    assert texts == ["of the dataset we", "10²", "in m²"]
