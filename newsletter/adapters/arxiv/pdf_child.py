"""The child of ``pdf_text``: reads one PDF under limits of its own, and says what it found.

``python -m newsletter.adapters.arxiv.pdf_child PARENT`` gets a line of JSON and then the PDF on its standard
input, and answers with lines of JSON: the text first, then a figure a line, so that a figure that ends this
process does not take the text with it. Django is not needed here: starting takes a fraction of a second.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from newsletter.adapters.arxiv.pdfium_page import Frame, characters, graphics, links, picture
from newsletter.adapters.infra import figure_images
from newsletter.adapters.infra.children import die_with_parent
from newsletter.adapters.ports import Image
from newsletter.core.arxiv.full_text import full_text_to_json
from newsletter.core.pdf.paper import FoundFigure, RawPage, read_paper

MOST_PAGES = 1_000
"""A document with more is a book: not read at all."""


def main() -> None:
    die_with_parent(int(sys.argv[1]))
    asked = json.loads(sys.stdin.buffer.readline())
    _limit(memory=asked["memory"], seconds=asked["seconds"])
    for answer in _answers(asked, sys.stdin.buffer.read()):
        print(json.dumps(answer), flush=True)  # noqa: T201  # the parent reads it


def _answers(asked: dict[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        is_locked = error.err_code in {pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY}
        yield {"failed": "encrypted" if is_locked else "unreadable"}
        return
    if not 0 < len(document) <= MOST_PAGES:
        yield {"failed": "too_long" if len(document) else "unreadable"}
        return
    read = read_paper(
        list(_pages(document, asked)),
        title=asked["title"],
        authors=asked["authors"],
        pages=len(document),
        max_characters=asked["max_characters"],
    )
    if read is None:
        yield {"failed": "no_text"}
        return
    yield {"text": full_text_to_json(read.text)}
    for figure in read.figures[: asked["figures"]]:
        if cut := _cut(document, figure):
            yield {"figure": cut}


def _pages(document: pdfium.PdfDocument, asked: dict[str, Any]) -> Iterator[RawPage]:
    """Yield the pages up to the bounds; one that cannot be loaded is left out."""
    size = 0
    for index in range(min(len(document), asked["max_pages"])):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            continue
        frame = Frame.of(page)
        chars, rotated = characters(page, frame=frame)
        yield RawPage(
            number=index + 1,
            width=frame.width,
            height=frame.height,
            chars=chars,
            graphics=[*graphics(page, frame=frame), *rotated] if asked["figures"] else [],
            links=list(links(page, document, frame=frame)),
        )
        page.close()
        size += len(chars)
        if size > 2 * asked["max_characters"]:
            return


def _cut(document: pdfium.PdfDocument, figure: FoundFigure) -> dict[str, Any] | None:
    page = document[figure.page - 1]
    if page.get_rotation():
        return None  # what is upright there is not so in the coordinates of its characters
    drawn = picture(page, figure.box, frame=Frame.of(page), pixels=figure_images.PAGE_PIXELS)
    page.close()
    inked = figure_images.trimmed(drawn)
    image = figure_images.for_page(inked) if inked else None
    if inked is None or image is None:
        return None
    small = figure_images.for_mail(inked)
    return {
        "number": figure.number,
        "caption": figure.caption,
        "page": figure.page,
        "image": _as_json(image),
        "mail_image": _as_json(small) if small else None,
    }


def _as_json(image: Image) -> dict[str, Any]:
    data = base64.b64encode(image.data).decode("ascii")
    return {"data": data, "width": image.width, "height": image.height}


def _limit(*, memory: int, seconds: float) -> None:
    """Have the kernel end this process rather than let it take more than its share."""
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: int(seconds) + 1,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    for kind, most in limits.items():
        with suppress(ValueError, OSError):  # macOS refuses some of them; the parent's time limit holds there
            resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main()
