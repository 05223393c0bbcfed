"""The child of ``pdf_text``: reads one PDF with pypdfium2 under limits of its own, and says what it found.

``python -m newsletter.adapters.pdf_child PARENT`` gets a line of JSON and then the PDF on its standard input,
and answers with lines of JSON. Django is not needed here, so that starting takes a fraction of a second.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from newsletter.adapters.children import die_with_parent
from newsletter.core.fulltext import FullText, TextSection, full_text_to_json

MOST_PAGES = 1_000
"""A document with more is a book: not read at all."""


def main() -> None:
    die_with_parent(int(sys.argv[1]))
    asked = json.loads(sys.stdin.buffer.readline())
    _limit(memory=asked["memory"], seconds=asked["seconds"])
    try:
        document = pdfium.PdfDocument(sys.stdin.buffer.read())
    except pdfium.PdfiumError as error:
        is_locked = error.err_code == pdfium_c.FPDF_ERR_PASSWORD
        _say({"failed": "encrypted" if is_locked else "unreadable"})
        return
    if len(document) > MOST_PAGES:
        _say({"failed": "too_long"})
        return
    text = _text(document, max_pages=asked["max_pages"], max_characters=asked["max_characters"])
    _say({"text": full_text_to_json(text)} if text.sections else {"failed": "no_text"})


def _text(document: pdfium.PdfDocument, *, max_pages: int, max_characters: int) -> FullText:
    texts: list[str] = []
    for number in range(min(len(document), max_pages)):
        page = document[number]
        texts.append(page.get_textpage().get_text_range())
        page.close()
    whole, starts = "", []
    for number, text in enumerate(texts, start=1):
        starts.append((len(whole), number))
        whole += text + "\n\n"
    section = TextSection(title="", text=whole[:max_characters], page_starts=tuple(starts))
    return FullText(
        sections=(section,) if whole.strip() else (),
        pages=len(document),
        is_cut=len(document) > max_pages or len(whole) > max_characters,
    )


def _limit(*, memory: int, seconds: float) -> None:
    """Have the kernel end this process rather than let it take more than its share."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    cpu = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201  # the parent reads it


if __name__ == "__main__":
    main()
