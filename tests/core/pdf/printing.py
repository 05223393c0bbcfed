"""Pages without a PDF: lines and characters set by hand, for tests of what is made of them."""

from __future__ import annotations

from newsletter.core.pdf.lines import Box, Char, Line, Span

WIDTH = 5.0
"""Of every letter, in points; letters are 10 high."""


def set_line(
    text: str,
    *,
    x: float = 50,
    y: float = 100,
    size: float = 10,
    bold: bool = False,
    page: int = 1,
    width: float | None = None,
) -> Line:
    """One line whose baseline is at ``y``; as wide as its letters unless ``width`` says."""
    end = x + (WIDTH * len(text) if width is None else width)
    box = Box(x, y - size, end, y + 2)
    return Line(page=page, box=box, base=y, size=size, tallest=size, spans=(Span(text, bold),))


def set_chars(
    text: str, *, x: float = 50, y: float = 100, size: float = 10, font: str = "Times"
) -> list[Char]:
    """The characters of ``text``, spaces as pdfium gives them: with no place of their own."""
    found = []
    for index, letter in enumerate(text):
        left = x + index * WIDTH
        found.append(Char(letter, left, y - size, left + WIDTH, y + 2, y, size, font))
    return found
