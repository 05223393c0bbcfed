"""Real PDFs, printed by our own typesetter, read in the child: sections, pages, facts and figures."""

from __future__ import annotations

import io
from functools import cache

import pytest
from PIL import Image

from newsletter.adapters.arxiv.pdf_text import PdfReader
from newsletter.adapters.ports import CutFigure, PaperText
from newsletter.core.arxiv.full_text import Role, TextSection
from tests.fakes.pdf_papers import GAZE_URL, gaze_pdf, gaze_record, tide_pdf, tide_record


@cache
def gaze() -> PaperText:
    return PdfReader().read(gaze_pdf(), paper=gaze_record(), figures=4)


@cache
def tide() -> PaperText:
    return PdfReader().read(tide_pdf(), paper=tide_record(), figures=4)


def section(read: PaperText, title: str) -> TextSection:
    [found] = [each for each in read.text.sections if each.title == title]
    return found


def page_of(read: PaperText, words: str) -> tuple[str, int]:
    """The title of the section that says so, and the page."""
    [found] = [each for each in read.text.sections if words in each.text]
    return found.title, found.page_at(found.text.index(words))


# --- sections, pages, roles --------------------------------------------------------------------------------


def test_it_finds_numbered_sections_with_whose_work_they_tell_of() -> None:
    assert [(each.title, each.role) for each in gaze().text.sections] == [
        ("Abstract", Role.OWN),
        ("Introduction", Role.OWN),
        ("Related Work", Role.RELATED),
        ("Gaze in Rendering", Role.RELATED),
        ("Method", Role.OWN),
        ("Choosing the Angle", Role.OWN),
        ("Experiments", Role.OWN),
        ("Conclusion", Role.OWN),
        ("Further Recordings", Role.OWN),
        ("Captions", Role.OWN),
    ]


def test_it_finds_headings_in_capitals_and_those_a_paragraph_goes_on_after() -> None:
    assert [(each.title, each.role) for each in tide().text.sections] == [
        ("Abstract", Role.OWN),
        ("INTRODUCTION", Role.OWN),
        ("Related work", Role.RELATED),
        ("Contributions", Role.OWN),
        ("THE RING", Role.OWN),
        ("Electronics", Role.OWN),
        ("RESULTS", Role.OWN),
        ("CONCLUSION", Role.OWN),
        ("Captions", Role.OWN),
    ]


def test_it_knows_the_page_of_every_passage() -> None:
    assert page_of(gaze(), "corrects the eyes of a rendered head") == ("Abstract", 1)
    assert page_of(gaze(), "The angle follows from") == ("Choosing the Angle", 2)
    assert page_of(gaze(), "Eyes can be mended") == ("Conclusion", 3)
    assert page_of(gaze(), "A corrected frame beside") == ("Captions", 2)
    assert page_of(tide(), "differ by 2.1 cm") == ("RESULTS", 1)
    assert section(tide(), "RESULTS").page_starts[-1][1] == 2
    assert (gaze().text.pages, tide().text.pages) == (3, 3)


def test_a_sentence_that_goes_over_columns_and_pages_stays_whole() -> None:
    text = section(gaze(), "Method").text
    assert "\n\n" not in text
    assert text.count("so that the camera meets the eyes at the height of the screen.") == 2


def test_divided_words_are_whole_and_compounds_keep_their_hyphens() -> None:
    introduction = section(gaze(), "Introduction").text
    for words in (
        "correction keeps",
        "state-of-the-art avatars",
        "no camera calibration",
        "share one workflow",
    ):
        assert words in introduction
    everything = " ".join(each.text for read in (gaze(), tide()) for each in read.text.sections)
    assert everything.count("measurement five times") > 10
    assert "measure-ment" not in everything
    assert "- " not in everything


def test_ligatures_are_spelt_out_and_powers_are_no_plain_digits() -> None:
    introduction = section(gaze(), "Introduction").text
    assert "Our efficient correction" in introduction
    assert "10³ frames" in introduction


def test_what_stands_around_the_text_is_not_in_it() -> None:
    everything = " ".join(each.text for read in (gaze(), tide()) for each in read.text.sections)
    for words in (
        "Steady Gaze for Talking Heads",  # the running header
        "JOURNAL OF INVENTED",
        "arXiv:2606",  # the stamp
        "Released under",  # a footnote
        "Work done while",
        "training data¹",  # its mark
        "by a second network. In Proceedings",  # the references
        "Journal of Painted Eyes",
        "Machines that look back",
        "One heavy gauge. 1936",
        "epochs",  # the labels of an axis
        "Ada Lovelace",  # who wrote it is arXiv's to say
        "Shore Studies",
        "Index Terms",
    ):
        assert words not in everything


# --- facts -------------------------------------------------------------------------------------------------


def test_affiliations_are_as_printed_whether_marked_or_in_blocks() -> None:
    assert gaze().text.affiliations == (
        "University of Marylebone",
        "Institute for Patient Machines, Paris",
        "Harbour Computing Laboratory",
    )
    assert tide().text.affiliations == (
        "Department of Shore Studies, Lyme College, Lyme Regis",
        "Observatory of the Inner Sea, Copenhagen",
    )


def test_keywords_are_the_papers_own() -> None:
    assert gaze().text.keywords == ()
    assert tide().text.keywords == (
        "tides",
        "low-cost sensing",
        "pressure sensors",
        "long-term deployment",
    )


def test_links_are_those_of_the_paper_and_not_of_what_it_cites() -> None:
    assert gaze().text.links == (GAZE_URL,)


# --- figures -----------------------------------------------------------------------------------------------


def test_figures_come_with_number_caption_and_page() -> None:
    assert [(each.number, each.caption, each.page) for each in (*gaze().figures, *tide().figures)] == [
        ("1", "Angular error over time. Lower is better; the band shows five seeds.", 1),
        ("2", "A corrected frame beside the one that was given.", 2),
        ("1", "The ring before it was sunk, seen from the pier.", 1),
    ]


def test_a_figure_is_its_drawing_and_nothing_of_the_text_around_it() -> None:
    for figure in (*gaze().figures, *tide().figures):
        assert 2.0 < figure.image.width / figure.image.height < 2.2  # it was drawn 215 by 100
        picture = opened(figure)
        assert picture.size == (figure.image.width, figure.image.height)
        assert picture.info.keys() <= {
            "dpi",
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
        }


def test_a_figure_fits_page_and_mail() -> None:
    for figure in (*gaze().figures, *tide().figures):
        assert figure.image.width <= 1_200
        assert figure.mail_image is not None
        assert len(figure.mail_image.data) < 60_000


def opened(figure: CutFigure) -> Image.Image:
    return Image.open(io.BytesIO(figure.image.data))


def test_a_page_whose_corner_is_not_at_the_origin_is_read_alike() -> None:
    moved = gaze_pdf().replace(b"/MediaBox [ 0 0 612 792 ]", b"/MediaBox [ 9 9 612 792 ]")
    assert moved != gaze_pdf()
    read = PdfReader().read(moved, paper=gaze_record(), figures=4)
    assert [each.title for each in read.text.sections] == [each.title for each in gaze().text.sections]
    for cut, before in zip(read.figures, gaze().figures, strict=True):
        assert (cut.number, cut.page) == (before.number, before.page)
        assert (cut.image.width, cut.image.height) == pytest.approx(
            (before.image.width, before.image.height), abs=2
        )


def test_no_figures_are_cut_when_none_are_asked_for() -> None:
    read = PdfReader().read(gaze_pdf(), paper=gaze_record(), figures=0)
    assert read.figures == ()
    assert read.text.sections[1].title == "Introduction"
