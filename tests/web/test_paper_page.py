"""A whole reading on its paper's page: grouped for its kind, claims beside their quotes, gaps owned up to."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from django.test import Client

from newsletter.core.summaries.grounding import WithheldReason
from newsletter.core.summaries.paper_kinds import SECTION_KINDS, PaperKind
from newsletter.core.summaries.summary import NO_FULL_TEXT, NO_KIND, DetailLevel, Summary, Withheld, at_detail
from newsletter.models import Summary as SummaryRow
from newsletter.web.reasons import WITHHELD
from newsletter.web.section_names import KINDS, SECTIONS
from tests.fakes import readings
from tests.web.test_public_pages import text_of

pytestmark = pytest.mark.django_db

PAGE = "/papers/2606.90001/"
CHINESE = "zh-CN,zh;q=0.9"


def plain(page: str) -> str:
    """Return what is read, marks and tags gone."""
    return " ".join(re.sub(r"</?(?:mark|span|a)\b[^>]*>", "", page).replace("\u00a0", " ").split())


def headings(page: str, level: int) -> list[str]:
    return re.findall(rf"<h{level}[^>]*>([^<]+)</h{level}>", page)


def shallow(**fields: object) -> Summary:
    return replace(at_detail(readings.reading("harbornet"), DetailLevel.TAKEAWAYS), **fields)  # type: ignore[arg-type]


def test_a_reading_is_grouped_for_its_kind_of_paper(visitor: Client) -> None:
    readings.store("harbornet", "en")
    page = text_of(visitor, PAGE)
    assert headings(page, 3) == ["Problem", "Method", "Results", "Conclusion"]
    assert headings(page, 4)[:6] == [
        "Background",
        "Earlier methods and their problems",
        "Steps",
        "Task",
        "Data",
        "Performance",
    ]
    assert "Read as a paper about a method" in page
    assert page.count("Not stated in the paper.") == 1


def test_a_position_paper_is_not_asked_for_its_performance(visitor: Client) -> None:
    readings.store("ledgers", "en")
    page = text_of(visitor, "/papers/2606.90002/")
    assert headings(page, 3) == ["Problem", "Position and arguments", "Implications", "Conclusion"]
    assert "Performance" not in page


def test_steps_are_a_numbered_list(visitor: Client) -> None:
    readings.store("harbornet", "en")
    [steps] = re.findall(r'<ol class="plain steps">(.*?)</ol>', text_of(visitor, PAGE), re.DOTALL)
    assert steps.count('<li class="claim">') == 4


def test_quotes_say_where_they_stand_and_lead_there(visitor: Client) -> None:
    readings.store("harbornet", "en")
    page = text_of(visitor, PAGE)
    assert re.search(r'<a href="#q\d+">from the abstract</a>', page)
    there = '<a href="https://arxiv.org/html/2606.90001v1#S9">from “Limitations”</a>'
    assert there in page
    assert "of <mark>38 dockings</mark>" in page
    assert "引自“Limitations”" in text_of(visitor, PAGE, accept_language=CHINESE)


def test_it_says_who_made_it_when_and_what_for(visitor: Client) -> None:
    readings.store("harbornet", "en")
    said = plain(text_of(visitor, PAGE))
    assert (
        "Written by gemini-flash-latest (prompt 4) on 15 June 2026. 28 claims checked against the paper. "
        "For a first screening, not for citing."
    ) in said


UNCHECKED = "In this language quotes, numbers in digits, links and markup are checked; the wording is not."


@pytest.mark.parametrize(
    ("language", "is_said"), [("en", False), ("zh-hans", False), ("de", True), ("fr", True)]
)
def test_it_says_where_wording_is_not_checked(visitor: Client, language: str, is_said: bool) -> None:
    readings.store("harbornet", language)
    assert (UNCHECKED in plain(text_of(visitor, PAGE))) is is_said
    assert ("措辞未经核对" in text_of(visitor, PAGE, accept_language=CHINESE)) is is_said


def test_what_was_withheld_is_counted_by_reason_without_its_text(visitor: Client) -> None:
    readings.store("harbornet", "en")
    said = plain(text_of(visitor, PAGE))
    assert "3 claims withheld for lack of evidence" in said
    assert "<li>a number that its quote does not state 2</li>" in said
    assert "<li>a quote that is not in the paper 1</li>" in said


def test_both_languages_stand_on_the_page_with_heads_of_their_own(visitor: Client) -> None:
    readings.store("harbornet", "en", "zh-hans")
    english, chinese = text_of(visitor, PAGE), text_of(visitor, PAGE, accept_language=CHINESE)
    assert headings(english, 3)[4:] == headings(chinese, 3)[:4] == ["问题", "方法", "结果", "结论"]
    assert "论文未提及。" in english
    assert "The same in Chinese" in english
    assert english.index("HarborNet docks") < english.index("借助小艇")
    assert chinese.index("借助小艇") < chinese.index("HarborNet docks")


def test_a_summary_that_exists_in_another_language_only_says_in_which(visitor: Client) -> None:
    readings.store("harbornet", "zh-hans")
    there = "What it claims <small>{}</small>"
    assert there.format("简体中文") in text_of(visitor, PAGE)
    assert "<small>简体中文</small>" not in text_of(visitor, PAGE, accept_language=CHINESE)


@pytest.mark.parametrize(
    ("summary", "says"),
    [
        (shallow(incomplete=(NO_FULL_TEXT,)), "the full text could not be read, and an abstract supports"),
        (shallow(incomplete=(NO_KIND,)), "the model did not say what kind of paper it is"),
        (
            shallow(incomplete=("data", "performance")),
            "these parts could not be backed by quotes: Data, Performance.",
        ),
        (shallow(), "Nobody has asked for a whole reading of this paper yet."),
    ],
)
def test_a_summary_that_is_no_reading_says_why(visitor: Client, summary: Summary, says: str) -> None:
    readings.store("harbornet", "en", summary=summary)
    page = text_of(visitor, PAGE)
    assert says in page
    assert headings(page, 3) == []


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        ("daily_cap", "limit for summaries was reached"),
        ("safety", "refused to write about this paper"),
        ("ungrounded: number_not_in_quote", "was not borne out by the paper"),
        ("something_new", "gave no answer that could be used"),
    ],
)
def test_a_paper_without_a_summary_says_why(visitor: Client, failure: str, says: str) -> None:
    from newsletter.pipeline.summarize.generate import write_extracts

    row = readings.store("harbornet", "en")
    SummaryRow.objects.update(content=None, failure=failure, written_at=None)
    write_extracts([row.pk], now=readings.PUBLISHED)
    page = text_of(visitor, PAGE)
    assert "There is no summary of this paper." in page
    assert says in page
    assert "No model wrote anything here." in page


def test_a_claim_is_text_whatever_it_says(visitor: Client) -> None:
    evil = "<script>alert(1)</script>"
    headline = replace(readings.reading("harbornet").headline, text=evil)
    quoted = replace(headline.evidence[0], quote=evil, where=evil, anchor=evil, highlights=((0, 8),))
    summary = shallow(headline=replace(headline, evidence=(quoted,)), withheld=(Withheld(reason=evil),))
    readings.store("harbornet", "en", summary=summary)
    assert "<script" not in text_of(visitor, PAGE)


def test_every_kind_section_and_reason_has_its_words() -> None:
    assert set(KINDS) == set(PaperKind)
    assert set(SECTIONS) >= set(SECTION_KINDS)
    assert set(WITHHELD) >= set(WithheldReason)


def test_what_the_full_text_brings_stands_on_the_page(visitor: Client) -> None:
    readings.store("harbornet", "en")
    readings.store_details("harbornet", image=b"an image")
    page = text_of(visitor, PAGE)
    assert "Nordfjord Institute of Technology; Universidad del Litoral; Keelung Ocean University" in page
    assert "acoustic mapping, autonomous docking, marine robotics" in page
    assert 'href="https://recordings.example.org/harbour-echoes/" rel="nofollow noopener"' in page
    [image] = re.findall(r"<img[^>]*>", page)
    assert re.search(r'src="/figures/\w+\.png" width="1120" height="420"', image)
    assert f'alt="{readings.FIGURE.caption}"' in image
    assert 'href="https://creativecommons.org/licenses/by/4.0/" rel="license noopener"' in page
    assert "CC BY 4.0" in page


def test_without_a_full_text_there_is_no_line_of_it(visitor: Client) -> None:
    readings.store("harbornet", "en")
    page = text_of(visitor, PAGE)
    assert not re.search(r"<img|<figure|affiliations|Keywords|more address", page)
    assert ">Code<" not in page
    assert ">Project<" in page
