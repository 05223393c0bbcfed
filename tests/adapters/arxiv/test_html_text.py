"""What a person sees of an element, and what is told from its styles to be hidden."""

from __future__ import annotations

import time

import pytest
from lxml import etree

from newsletter.adapters.arxiv.html_front import places_of
from newsletter.adapters.arxiv.html_text import Look, text_of
from newsletter.core.arxiv.front_matter import affiliations_of
from newsletter.errors import PermanentError


def parsed(html: str) -> etree._Element:
    return etree.fromstring(f"<div>{html}</div>", etree.HTMLParser(encoding="utf-8")).find("body/div")


def seen(html: str) -> str:
    return text_of(parsed(html), Look())


@pytest.mark.parametrize(
    "attributes",
    [
        "hidden",
        'aria-hidden="true"',
        'style="display:none"',
        'style="color:red; DISPLAY : none !important"',
        'style="visibility:hidden;"',
        'style="opacity:0"',
        'style="opacity:.01"',
        'style="font-size:0"',
        'style="font-size:1pt"',
        'style="font-size:5%"',
        'style="color:#FFF"',
        'style="color:#FFFFFF;"',
        'style="color:white"',
        'style="color:rgb(250, 250, 250)"',
        'style="color:hsl(0, 0%, 99%)"',
        'style="color:transparent"',
        'style="color:#00000000"',
        'style="--ltx-fg-color:#FFFFFF;"',
        'style="color:#000;background-color:#000"',
        'style="position:absolute;left:-9999px"',
        'style="text-indent:-1000em"',
        'style="width:0;overflow:hidden"',
        'style="clip:rect(0 0 0 0)"',
        'style="clip-path:inset(50%)"',
        'style="transform:translate(0pt,0pt) scale(0.01,0.01)"',
        'class="ltx_text ltx_phantom"',
        'class="ltx_ERROR undefined"',
        'class="ltx_rdf"',
        'class="sr-only"',
    ],
)
def test_what_nobody_sees_is_no_text(attributes: str) -> None:
    assert seen(f"We <span {attributes}>really <b>do</b></span>see.") == "We see."


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        'style="color:#FF0000"',
        'style="color:#BBBBBB"',
        'style="color:nosuchcolour"',
        'style="color:white;background-color:black"',
        'style="--ltx-fg-color:#FFFFFF;--ltx-bg-color:#1F4E79;"',
        'style="font-size:50%"',
        'style="font-size:90%;width:0.0pt;"',
        'style="opacity:0.5"',
        'style="transform:scale(0.8,0.8)"',
        'style="transform:rotate(-90deg)"',
        'style="left:-3px"',
        'class="ltx_text ltx_font_bold"',
        'aria-hidden="false"',
    ],
)
def test_what_can_be_seen_is_text(attributes: str) -> None:
    assert seen(f"We <span {attributes}>really <b>do</b> </span>see.") == "We really do see."


def test_a_colour_on_a_dark_ground_counts_with_the_ground_around_it() -> None:
    white = '<span style="color:#FFFFFF">see</span>'
    assert seen(f'We <span style="background-color:#003366">do <i>{white}</i></span> it.') == "We do see it."
    assert (
        seen(f'<span style="color:#FFFFFF">no <span style="color:#000000">yes</span> {white}</span>') == "yes"
    )


def test_sizes_multiply() -> None:
    small = '<span style="font-size:40%">small <span style="font-size:40%">smaller</span></span>'
    assert seen(small) == "small"


@pytest.mark.parametrize(
    "html",
    [
        "<script>no</script>",
        "<style>p { color: red }</style>",
        "<template>no</template>",
        "<noscript>no</noscript>",
        "<!-- no -->",
        "<button>no</button>",
        "<svg><text>no</text></svg>",
        '<nav class="ltx_TOC">no</nav>',
        '<span class="ltx_note ltx_role_footnote"><sup>1</sup><span class="ltx_note_outer">no</span></span>',
    ],
)
def test_what_is_no_text_of_the_paper_is_left_out(html: str) -> None:
    assert seen(f"We {html}see.") == "We see."


def test_characters_without_shape_go() -> None:
    assert seen("We\u200b see\u00ad\u2060 \U000e0061\U000e0062it\u00a0all.") == "We see it all."


# --- mathematics -------------------------------------------------------------------------------------------


def test_a_formula_is_its_tex_as_text() -> None:
    assert seen('at <math alttext="60\\,\\mathrm{Hz}"><mi>no</mi></math>.') == "at 60 Hz."
    assert seen('at <math alttext="\\tfrac{1}{2}x^{2}"></math>.') == "at 1/2x²."
    assert seen('<img class="ltx_Math" alt="x^{2}">') == "x²"
    assert seen('<math alttext="H_{0}=$67.3\\text{ km}$"></math>') == "H₀=67.3 km"
    assert seen('<math alttext="68\\char 37"></math>') == "68%"
    wrapped = '<math alttext="\\alpha+%\n\\beta"></math>'
    assert seen(wrapped) == "α+β"


def test_a_formula_without_tex_is_its_characters_and_no_annotation() -> None:
    said = "<mi>x</mi><mo>=</mo><mn>2</mn><annotation>no</annotation><annotation-xml>no</annotation-xml>"
    assert seen(f"<math><semantics>{said}</semantics></math>") == "x=2"


@pytest.mark.parametrize(
    "inside",
    [
        "<mphantom><mtext>no</mtext></mphantom>",
        '<mtext mathcolor="#FFFFFF">no</mtext>',
        '<mstyle mathsize="1%"><mtext>no</mtext></mstyle>',
        '<mtext style="display:none">no</mtext>',
        '<mtext class="ltx_phantom">no</mtext>',
    ],
)
def test_what_is_hidden_in_a_formula_is_not_read_from_its_tex(inside: str) -> None:
    assert seen(f'<math alttext="x=2\\text{{no}}"><mi>x</mi><mo>=</mo><mn>2</mn>{inside}</math>') == "x=2"


def test_a_phantom_counts_even_where_the_tree_does_not_show_it() -> None:
    assert seen('<math alttext="x\\phantom{no}"><mi>x</mi></math>') == "x"


def test_a_command_that_was_not_converted_does_not_cost_the_formula() -> None:
    error = '<merror class="ltx_ERROR undefined"><mtext>\\mathbb</mtext></merror><mi>R</mi>'
    assert seen(f'<math alttext="\\mathbb{{R}}^{{2}}">{error}</math>') == "ℝ²"


def test_a_white_formula_is_hidden() -> None:
    assert seen('We <span style="color:#FFFFFF"><math alttext="x"><mi>x</mi></math></span>see.') == "We see."


def test_reading_has_an_end() -> None:
    with pytest.raises(PermanentError) as caught:
        text_of(parsed("<b>We</b>"), Look(ends=time.monotonic() - 1))
    assert caught.value.reason == "timed_out"


# --- affiliations ------------------------------------------------------------------------------------------


def places(authors: str) -> tuple[str, ...]:
    people = ("Ada Lovelace", "Émile Borel")
    return affiliations_of(places_of(parsed(authors), Look()), authors=people)


def test_an_affiliation_of_its_own_without_its_label_and_address() -> None:
    """As arXiv has it since August 2026: a hidden label before it."""
    contact = (
        '<span class="ltx_creator ltx_role_author"><span class="ltx_personname">Ada Lovelace</span>'
        '<span class="ltx_author_notes"><span class="ltx_author_notes_content">'
        '<span class="ltx_contact ltx_role_affiliation"><span class="ltx_contact_name">Affiliation: </span>\n'
        'University of Marylebone\n<br class="ltx_break">{ada, emile}@example.org\n'
        "</span></span></span></span>"
    )
    assert places(contact) == ("University of Marylebone",)


def test_affiliations_with_marks_below_the_names() -> None:
    names = (
        '<span class="ltx_personname">Ada Lovelace<sup>1</sup>, Émile Borel<sup>2</sup><br>'
        "<sup>1</sup>University of Marylebone <sup>2</sup>Institute of Chance<br>ada@example.org</span>"
    )
    assert places(names) == ("University of Marylebone", "Institute of Chance")


def test_a_note_counts_where_it_names_an_institution() -> None:
    note = '<span class="ltx_author_notes">{}</span>'
    assert places(note.format("Department of Mechanisms, London")) == ("Department of Mechanisms, London",)
    assert places(note.format("Equal contribution.")) == ()


def test_names_alone_are_no_places() -> None:
    assert places('<span class="ltx_personname">Ada Lovelace<br>Émile Borel</span>') == ()
