"""PDFs that are too much, broken or hostile: each costs its child, and nothing else."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from typing import Any

import psutil
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from newsletter.adapters.arxiv.pdf_text import PdfReader, _objects
from newsletter.core.arxiv.full_text import Role
from newsletter.errors import PermanentError
from tests.fakes.papers import paper_record
from tests.fakes.pdf_papers import gaze_pdf, gaze_record
from tests.fakes.typesetter import Sheet, photograph


def refusal(pdf: bytes, *, reader: PdfReader | None = None) -> str:
    with pytest.raises(PermanentError) as caught:
        (reader or PdfReader()).read(pdf, paper=paper_record(), figures=4)
    return caught.value.reason


def blank(pages: int, *, encrypt: StandardEncryption | None = None) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=encrypt)
    for _ in range(pages):
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def test_reading_ends_at_the_bound_of_pages_and_says_so() -> None:
    text = PdfReader(max_pages=1).read(gaze_pdf(), paper=gaze_record(), figures=0).text
    assert (text.is_cut, text.pages) == (True, 3)
    assert {page for each in text.sections for _, page in each.page_starts} == {1}


def test_reading_ends_at_the_bound_of_characters_and_says_so() -> None:
    text = PdfReader(max_characters=1_500).read(gaze_pdf(), paper=gaze_record(), figures=0).text
    assert text.is_cut
    assert 0 < sum(len(each.text) for each in text.sections) <= 1_600


def test_a_book_is_not_read() -> None:
    assert refusal(blank(1_001)) == "too_long"


def test_a_document_without_text_is_scanned() -> None:
    sheet = Sheet()
    sheet.figure(photograph, "")
    assert refusal(sheet.finish()) == "no_text"


def test_an_encrypted_document_is_not_opened() -> None:
    assert refusal(blank(1, encrypt=StandardEncryption("secret"))) == "encrypted"


@pytest.mark.parametrize(
    "pdf",
    [
        b"",
        b"<!DOCTYPE html><html></html>",
        b"%PDF-1.7\n",
        gaze_pdf()[:2_000],
        b"%PDF-1.7\n" + b"\xff" * 100_000,
    ],
    ids=["empty", "HTML", "a header alone", "truncated", "noise"],
)
def test_what_is_no_whole_pdf_is_unreadable(pdf: bytes) -> None:
    assert refusal(pdf) == "unreadable"


def test_a_broken_table_of_references_is_mended_or_refused() -> None:
    damaged = gaze_pdf().replace(b"startxref\n", b"startxref\n9")
    read = PdfReader().read(damaged, paper=gaze_record(), figures=0)
    assert ("Method", Role.OWN) in [(each.title, each.role) for each in read.text.sections]


def test_a_document_that_takes_too_long_costs_its_child() -> None:
    began = time.monotonic()
    assert refusal(gaze_pdf(), reader=PdfReader(seconds=0.05)) == "timed_out"
    assert time.monotonic() - began < 10
    assert_no_child_is_left()


def test_a_child_without_memory_for_it_costs_nothing_else() -> None:
    assert refusal(gaze_pdf(), reader=PdfReader(memory=40 * 1024 * 1024)) == "crashed"
    assert_no_child_is_left()


def _read_in_a_daemon(answers: SimpleQueue[str]) -> None:
    answers.put(PdfReader().read(gaze_pdf(), paper=gaze_record(), figures=0).text.sections[1].title)


def test_it_works_in_a_process_that_may_have_no_children_of_its_own() -> None:
    """As a Celery worker's are: multiprocessing calls them daemonic."""
    context = get_context("spawn")
    answers: SimpleQueue[str] = context.SimpleQueue()
    process = context.Process(target=_read_in_a_daemon, args=(answers,), daemon=True)
    process.start()
    assert answers.get() == "Introduction"
    process.join()


class Nonsense(PdfReader):
    """Its child was taken over by what it read."""

    def _answers(self, given: bytes) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        yield from _objects(SAID[self.max_pages])


SAID = [
    b"",
    b'{"text": {"sections": 3}}\n',
    (
        b'{"text": {"sections": [], "pages": 1, "is_cut": false, "affiliations": [], "keywords": [], '
        b'"links": []}}\n{"figure": {"number": "1", "caption": "", "page": 1, "mail_image": null, '
        b'"image": {"data": "PHN2Zz4=", "width": 1, "height": 1}}}\n'
    ),
    b"not JSON\n",
    b"[1, 2]\n",
    b'{"te',
]


@pytest.mark.parametrize("index", range(len(SAID)))
def test_what_makes_no_sense_is_a_crash_and_no_picture_but_png_and_jpeg_passes(index: int) -> None:
    assert refusal(b"", reader=Nonsense(max_pages=index)) == "crashed"


def assert_no_child_is_left() -> None:
    commands = [child.cmdline() for child in psutil.Process().children(recursive=True)]
    assert [command for command in commands if "newsletter.adapters.arxiv.pdf_child" in command] == []


def bomb(content: bytes, *, resources: bytes = b"", more: bytes = b"") -> bytes:
    """A page of our own writing; readers rebuild the table of objects that it lacks."""
    return (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>"
        + resources
        + b">>>>endobj\n4 0 obj<</Length %d>>stream\n" % len(content)
        + content
        + b"\nendstream endobj\n5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>endobj\n"
        + more
        + b"trailer<</Root 1 0 R>>\n"
    )


LINES = b"".join(
    b"BT /F 10 Tf 60 %d Td (We measure one thing after the other and write it down for you.) Tj ET\n" % y
    for y in range(300, 700, 12)
)
CAPTION = b"BT /F 9 Tf 60 100 Td (Figure 1: A picture.) Tj ET\n"


def test_the_text_stands_when_a_figure_ends_the_child() -> None:
    """An image of ten thousand million pixels above a caption."""
    image = (
        b"6 0 obj<</Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceRGB"
        b"/BitsPerComponent 8/Length 3>>stream\nabc\nendstream endobj\n"
    )
    pdf = bomb(
        LINES + b"q 400 0 0 150 60 120 cm /I Do Q\n" + CAPTION,
        resources=b"/XObject<</I 6 0 R>>",
        more=image,
    )
    read = PdfReader(seconds=20).read(pdf, paper=paper_record(), figures=4)
    assert "We measure one thing" in read.text.sections[0].text
    assert all(len(each.image.data) < 2_000_000 for each in read.figures)


def test_a_form_that_draws_itself_twice_costs_its_child() -> None:
    """Each level doubles what is to be read: pdfium takes memory until it is ended."""
    form = (
        b"6 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</XObject<</I 6 0 R>>>>/Length 12>>"
        b"stream\n/I Do /I Do \nendstream endobj\n"
    )
    pdf = bomb(LINES + b"/I Do\n", resources=b"/XObject<</I 6 0 R>>", more=form)
    assert refusal(pdf, reader=PdfReader(seconds=2)) in {"crashed", "timed_out"}
    assert_no_child_is_left()


def test_a_page_the_size_of_a_country_does_no_harm() -> None:
    pdf = bomb(LINES + b"60 120 9000000 150 re f\n" + CAPTION).replace(
        b"[0 0 612 792]", b"[0 0 9999999 9999999]"
    )
    read = PdfReader(seconds=20).read(pdf, paper=paper_record(), figures=4)
    assert "We measure one thing" in read.text.sections[0].text


def test_a_tree_of_pages_that_leads_back_to_itself_is_refused() -> None:
    pdf = bomb(LINES).replace(b"/Kids[3 0 R]/Count 1", b"/Kids[2 0 R 2 0 R]/Count 999999999")
    assert refusal(pdf, reader=PdfReader(seconds=20)) in {"unreadable", "too_long", "no_text"}
