"""What stands on one page of a PDF, by pypdfium2: characters, graphics, links, and pictures of a part of it.

pdfium's origin is at the lower left; here everything grows down the page.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import hypot
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from newsletter.core.pdf.lines import Box, Char

MOST_CHARACTERS = 60_000
"""Of one page."""
MOST_OBJECTS = 20_000
MOST_LINKS = 500
_LONGEST_URL = 2_000
_UPRIGHT = 0.1
"""The sine from which text counts as rotated: arXiv's stamp, the label of an axis."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What of a page is shown, in the PDF's own coordinates."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, page: pdfium.PdfPage) -> Frame:
        left, bottom, right, top = page.get_bbox()
        return cls(left, top, right - left, top - bottom)

    def box(self, *, left: float, bottom: float, right: float, top: float) -> Box:
        return Box(left - self.left, self.top - top, right - self.left, self.top - bottom)


def characters(page: pdfium.PdfPage, *, frame: Frame) -> tuple[list[Char], list[Box]]:
    """Return the upright characters in the order in which they were written, with the spaces in between.

    And where the others are: to a figure the label of its axis is part of the drawing.
    """
    text_page = page.get_textpage()
    fonts: dict[int, tuple[float, str, bool]] = {}
    found: list[Char] = []
    rotated: list[Box] = []
    box, origin = pdfium_c.FS_RECTF(), [ctypes.c_double() for _ in range(2)]
    for index in range(min(text_page.count_chars(), MOST_CHARACTERS)):
        code = pdfium_c.FPDFText_GetUnicode(text_page, index)
        if code in {0x20, 0xA0, 0x0A, 0x0D}:
            if found and found[-1].text != " ":
                found.append(found[-1]._replace(text=" "))
            continue
        size, font, is_upright = _font(text_page, index, fonts)
        if not pdfium_c.FPDFText_GetLooseCharBox(text_page, index, ctypes.byref(box)):
            continue
        place = frame.box(left=box.left, bottom=box.bottom, right=box.right, top=box.top)
        if not is_upright:
            rotated.append(place)
            continue
        pdfium_c.FPDFText_GetCharOrigin(text_page, index, *map(ctypes.byref, origin))
        base = frame.top - origin[1].value
        text = chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else ""
        if text:
            found.append(Char(text, *place, base, size, font))
    text_page.close()
    return found, rotated


def _font(
    text_page: pdfium.PdfTextPage, index: int, known: dict[int, tuple[float, str, bool]]
) -> tuple[float, str, bool]:
    """Return size on the page, font name, and whether the text is upright; once for each piece of text."""
    piece = pdfium_c.FPDFText_GetTextObject(text_page, index)
    key = ctypes.addressof(piece.contents) if piece else -1
    if key not in known:
        matrix = pdfium_c.FS_MATRIX()
        pdfium_c.FPDFText_GetMatrix(text_page, index, ctypes.byref(matrix))
        scale = hypot(matrix.c, matrix.d) or 1.0
        size = pdfium_c.FPDFText_GetFontSize(text_page, index) * scale
        is_upright = abs(matrix.b) <= _UPRIGHT * hypot(matrix.a, matrix.b) and matrix.d >= 0
        known[key] = size, _font_name(text_page, index), is_upright
    return known[key]


def _font_name(text_page: pdfium.PdfTextPage, index: int) -> str:
    buffer, flags = ctypes.create_string_buffer(128), ctypes.c_int()
    pdfium_c.FPDFText_GetFontInfo(text_page, index, buffer, 128, ctypes.byref(flags))
    return buffer.value.decode("utf-8", "replace")


def graphics(page: pdfium.PdfPage, *, frame: Frame) -> list[Box]:
    """Return where images, drawings and shadings are; those placed as one form count as one."""
    kinds = [
        pdfium_c.FPDF_PAGEOBJ_IMAGE,
        pdfium_c.FPDF_PAGEOBJ_PATH,
        pdfium_c.FPDF_PAGEOBJ_SHADING,
        pdfium_c.FPDF_PAGEOBJ_FORM,
    ]
    boxes = []
    for item in islice(page.get_objects(filter=kinds, max_depth=1), MOST_OBJECTS):
        left, bottom, right, top = item.get_bounds()
        boxes.append(frame.box(left=left, bottom=bottom, right=right, top=top))
    return boxes


def links(page: pdfium.PdfPage, document: pdfium.PdfDocument, *, frame: Frame) -> Iterator[tuple[str, Box]]:
    """Yield the addresses behind a page's links, and where they are."""
    position, link = ctypes.c_int(0), pdfium_c.FPDF_LINK()
    for _ in range(MOST_LINKS):
        if not pdfium_c.FPDFLink_Enumerate(page, ctypes.byref(position), ctypes.byref(link)):
            return
        action, rect = pdfium_c.FPDFLink_GetAction(link), pdfium_c.FS_RECTF()
        if not action or pdfium_c.FPDFAction_GetType(action) != pdfium_c.PDFACTION_URI:
            continue
        if url := _uri(document, action):
            pdfium_c.FPDFLink_GetAnnotRect(link, ctypes.byref(rect))
            yield url, frame.box(left=rect.left, bottom=rect.bottom, right=rect.right, top=rect.top)


def _uri(document: pdfium.PdfDocument, action: Any) -> str:
    buffer = ctypes.create_string_buffer(_LONGEST_URL)
    size = pdfium_c.FPDFAction_GetURIPath(document, action, buffer, _LONGEST_URL)
    return buffer.value.decode("utf-8", "replace") if size <= _LONGEST_URL else ""


def picture(page: pdfium.PdfPage, part: Box, *, frame: Frame, pixels: int) -> Image.Image:
    """Draw a part of the page, ``pixels`` wide at most and never finer than 300 dots an inch."""
    scale = min(pixels / max(part.width, 1.0), 300 / 72)
    crop = (part.x0, frame.height - part.bottom, frame.width - part.x1, part.top)
    bitmap = page.render(scale=scale, crop=tuple(max(each, 0.0) for each in crop), may_draw_forms=False)
    image: Image.Image = bitmap.to_pil().convert("RGB")
    bitmap.close()
    return image
