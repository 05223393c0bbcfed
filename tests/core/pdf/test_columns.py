"""The order of reading, and what stands around the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.pdf.columns import gutters, in_reading_order, without_furniture
from newsletter.core.pdf.lines import Line
from tests.core.pdf.printing import set_line

LEFT, RIGHT, WIDE = 50.0, 310.0, 240.0


def column(name: str, *, x: float, count: int, top: float = 120) -> list[Line]:
    return [set_line(f"{name} {n}", x=x, y=top + 12 * n, width=WIDE) for n in range(count)]


def order(lines: list[Line]) -> list[str]:
    [middle] = gutters([lines])
    return [placed.line.text for placed in in_reading_order(lines, middle=middle)]


def test_the_left_column_comes_before_the_right() -> None:
    lines = column("right", x=RIGHT, count=3) + column("left", x=LEFT, count=3)
    assert order(lines) == ["left 0", "left 1", "left 2", "right 0", "right 1", "right 2"]


def test_a_line_across_the_page_divides_what_is_above_from_what_is_below() -> None:
    across = set_line("across", x=LEFT, y=150, width=500)
    lines = [*column("left", x=LEFT, count=4), across, *column("right", x=RIGHT, count=4)]
    assert order(lines) == [
        *("left 0", "left 1", "left 2", "right 0", "right 1", "right 2"),
        *("across", "left 3", "right 3"),
    ]


def test_one_column_is_read_from_top_to_bottom() -> None:
    lines = [set_line(f"line {n}", x=LEFT, y=100 + 12 * n, width=500) for n in range(5)]
    lines.append(set_line("(3)", x=540, y=124, width=15))
    assert order(lines) == ["line 0", "line 1", "line 2 (3)", "line 3", "line 4"]


def test_a_last_page_too_short_to_tell_has_the_columns_of_the_others() -> None:
    full = column("left", x=LEFT, count=9) + column("right", x=RIGHT, count=9)
    short = [*column("left", x=LEFT, count=9), set_line("end", x=RIGHT, y=120, width=20)]
    middles = gutters([full, full, short])
    assert middles[2] == middles[0] is not None
    assert [each.line.text for each in in_reading_order(short, middle=middles[2])][-1] == "end"


@given(st.permutations(column("left", x=LEFT, count=6) + column("right", x=RIGHT, count=6)))
def test_the_order_of_writing_does_not_matter_and_no_line_is_lost(lines: list[Line]) -> None:
    assert order(lines) == [f"{name} {n}" for name in ("left", "right") for n in range(6)]


def test_running_headers_page_numbers_and_the_stamp_go() -> None:
    pages = [
        [
            set_line(f"A. Lovelace et al. {number}", x=50, y=40),
            set_line("Something said once at the top", x=50, y=60),
            set_line("body", x=50, y=300),
            set_line(str(number), x=300, y=760),
            set_line("arXiv:2606.00001v1 [cs.CV] 15 Jun 2026", x=20, y=400),
        ]
        for number in (1, 2)
    ]
    pages[1][1] = set_line("and this once too", x=50, y=60)
    kept = without_furniture(pages, [792, 792])
    assert [[line.text for line in page] for page in kept] == [
        ["Something said once at the top", "body"],
        ["and this once too", "body"],
    ]


def test_the_numbers_beside_a_drafts_lines_go_and_those_of_a_table_stay() -> None:
    numbers = [set_line(f"{n:03}", x=20, y=100 + 12 * n) for n in range(30)]
    body = [set_line("body", x=50, y=100 + 12 * n) for n in range(30)]
    assert without_furniture([numbers + body], [792]) == [body]
    assert without_furniture([numbers[:5] + body], [792]) == [numbers[:5] + body]
