"""A small typesetter that prints papers as LaTeX would: two columns, floats, footnotes, running headers.

A soft hyphen in the text is where a word may be divided; ``^{1}`` raises, ``**…**`` is bold.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import reportlab
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 612.0, 792.0
LEFT, RIGHT, TOP, BOTTOM, GUTTER = 54.0, 558.0, 720.0, 72.0, 18.0
COLUMN = (RIGHT - LEFT - GUTTER) / 2
BODY, LEADING = 9.0, 11.0
REGULAR, BOLD, ITALIC = "Vera", "VeraBd", "VeraIt"
SOFT = "\u00ad"
_PARTS = re.compile(r"(\*\*.+?\*\*|\^\{.+?\})")


def register_fonts() -> None:
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in (REGULAR, BOLD, ITALIC):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


@dataclass
class Sheet:
    """One PDF being printed; text flows down the left column, then the right one, then to a new page."""

    header: str = ""
    stamp: str = ""
    footnotes: list[str] = field(default_factory=list)
    page: int = 1
    x: float = LEFT
    y: float = TOP
    top: float = TOP
    buffer: io.BytesIO = field(default_factory=io.BytesIO)

    def __post_init__(self) -> None:
        register_fonts()
        self.canvas = Canvas(self.buffer, pagesize=(WIDTH, HEIGHT), invariant=True)
        self._furniture()

    def finish(self) -> bytes:
        self._footnotes()
        self.canvas.save()
        return self.buffer.getvalue()

    # --- across both columns -----------------------------------------------------------------------------

    def centred(self, text: str, *, font: str = REGULAR, size: float = BODY, drop: float = 14) -> None:
        """A line across the page, above the columns."""
        width = sum(part[3] for part in _measured(text, font=font, size=size))
        self._draw(text, x=(WIDTH - width) / 2, y=self.y, font=font, size=size)
        self.y -= drop
        self.top = self.y

    def begin_columns(self) -> None:
        self.top = self.y - 8
        self.x, self.y = LEFT, self.top

    # --- in a column -------------------------------------------------------------------------------------

    def heading(self, text: str, *, font: str = BOLD, size: float = 11.0) -> None:
        self._need(3 * LEADING)
        self.y -= 8
        self._draw(text, x=self.x, y=self.y, font=font, size=size)
        self.y -= LEADING + 3

    def paragraph(self, text: str, *, font: str = REGULAR, size: float = BODY, indent: float = 10) -> None:
        """Set justified; a word may be divided at a soft hyphen only."""
        for number, (line, is_last) in enumerate(_broken(text, font=font, size=size, indent=indent)):
            self._need(LEADING)
            shift = indent if number == 0 else 0.0
            spread = None if is_last else COLUMN - shift
            self._draw(line, x=self.x + shift, y=self.y, font=font, size=size, spread=spread)
            self.y -= LEADING

    def figure(self, draw: Callable[[Canvas, float, float, float, float], None], caption: str) -> None:
        """A drawing of 100 points' height with its caption below."""
        self._need(160)
        self.y -= 104
        draw(self.canvas, self.x + 14, self.y + 4, COLUMN - 28, 100)
        self.y -= 12
        self.paragraph(caption, size=8, indent=0)
        self.y -= 8

    def link(self, text: str, url: str) -> None:
        """A line whose text leads somewhere."""
        self._need(LEADING)
        self._draw(text, x=self.x, y=self.y, font=REGULAR, size=BODY)
        width = pdfmetrics.stringWidth(text, REGULAR, BODY)
        self.canvas.linkURL(url, (self.x, self.y - 2, self.x + width, self.y + 8))
        self.y -= LEADING

    def footnote(self, text: str) -> None:
        """At the end of the left column of this page."""
        self.footnotes.append(text)

    def next_page(self) -> None:
        self._footnotes()
        self.canvas.showPage()
        self.page += 1
        self.top, self.x, self.y = TOP, LEFT, TOP
        self._furniture()

    # --- inside ------------------------------------------------------------------------------------------

    def _need(self, height: float) -> None:
        floor = BOTTOM + (14 + 9 * len(self.footnotes) if self.x == LEFT and self.footnotes else 0)
        if self.y - height >= floor:
            return
        if self.x == LEFT:
            self.x, self.y = LEFT + COLUMN + GUTTER, self.top
        else:
            self.next_page()

    def _furniture(self) -> None:
        if self.page > 1 and self.header:
            self._draw(self.header, x=LEFT, y=750, font=ITALIC, size=8)
        self._draw(str(self.page), x=WIDTH / 2, y=40, font=REGULAR, size=BODY)
        if self.page == 1 and self.stamp:
            self.canvas.saveState()
            self.canvas.translate(28, 250)
            self.canvas.rotate(90)
            self._draw(self.stamp, x=0, y=0, font=REGULAR, size=16)
            self.canvas.restoreState()

    def _footnotes(self) -> None:
        for number, text in enumerate(reversed(self.footnotes)):
            self._draw(text, x=LEFT, y=BOTTOM - 4 + 9 * number, font=REGULAR, size=7)
        self.footnotes.clear()

    def _draw(
        self, text: str, *, x: float, y: float, font: str, size: float, spread: float | None = None
    ) -> None:
        parts = _measured(text, font=font, size=size)
        gaps = sum(part[0].count(" ") for part in parts)
        extra = (spread - sum(part[3] for part in parts)) / gaps if spread and gaps else 0.0
        for piece, name, points, width, rise in parts:
            words = self.canvas.beginText(x, y + rise)
            words.setFont(name, points)
            for number, word in enumerate(piece.split(" ")):
                if number:
                    x += pdfmetrics.stringWidth(" ", name, points) + extra
                words.setTextOrigin(x, y + rise)
                words.textOut(word)
                x += pdfmetrics.stringWidth(word, name, points)
            self.canvas.drawText(words)
            assert width >= 0


def _measured(text: str, *, font: str, size: float) -> list[tuple[str, str, float, float, float]]:
    """(text, font, size, width, rise) for each piece of one look."""
    found = []
    for part in filter(None, _PARTS.split(text)):
        if part.startswith("**"):
            piece, name, points, rise = part[2:-2], BOLD, size, 0.0
        elif part.startswith("^{"):
            piece, name, points, rise = part[2:-1], font, size * 0.7, size * 0.35
        else:
            piece, name, points, rise = part, font, size, 0.0
        found.append((piece, name, points, pdfmetrics.stringWidth(piece, name, points), rise))
    return found


def _broken(text: str, *, font: str, size: float, indent: float) -> Iterator[tuple[str, bool]]:
    """Divide a paragraph into lines of a column's width; soft hyphens that are not used vanish."""
    line, room = "", COLUMN - indent
    for word in text.split():
        tried = f"{line} {word}".strip()
        if _width(tried, font, size) <= room:
            line = tried
            continue
        head, tail = _divided(line, word, font, size, room)
        yield _printed(f"{line} {head}-" if head and head[-1] != "-" else f"{line} {head}".strip()), False
        line, room = tail, COLUMN
    yield _printed(line), True


def _divided(line: str, word: str, font: str, size: float, room: float) -> tuple[str, str]:
    """The longest beginning of ``word`` that still fits with a hyphen, and the rest."""
    places = [found.end() for found in re.finditer(f"[{SOFT}-]", word)]
    for place in reversed(places):
        if _width(f"{line} {word[:place]}-", font, size) <= room:
            return word[:place].rstrip(SOFT), word[place:]
    return "", word


def _width(text: str, font: str, size: float) -> float:
    return sum(part[3] for part in _measured(_printed(text), font=font, size=size))


def _printed(text: str) -> str:
    return text.replace(SOFT, "")


def chart(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """A drawing of lines with labelled axes."""
    canvas.setStrokeColorRGB(0.1, 0.3, 0.7)
    canvas.rect(x, y, width, height)
    for step in range(1, 8):
        canvas.line(x + (step - 1) * width / 8, y + step * 9, x + step * width / 8, y + step * 11)
    canvas.setFont(REGULAR, 6)
    for step in range(5):
        canvas.drawString(x + step * width / 5 + 4, y + 3, f"{step * 10} epochs")


def photograph(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """A picture of pixels."""
    picture = Image.linear_gradient("L").resize((320, 200)).convert("RGB")
    canvas.drawImage(ImageReader(picture), x, y, width, height)
