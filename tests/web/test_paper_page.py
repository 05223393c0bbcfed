"""A whole reading on its paper's page: grouped for its kind, claims beside their quotes, gaps owned up to."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client

from newsletter.core.summaries.grounding import WithheldReason
from newsletter.core.summaries.paper_kinds import SECTION_KINDS, PaperKind
from newsletter.core.summaries.summary import NO_FULL_TEXT, NO_KIND, DetailLevel, Summary, Withheld, at_detail
from newsletter.models import DigestNotice, Match, Paper, PaperRevision, PaperVector, TasteSnapshot, Topic
from newsletter.models import Summary as SummaryRow
from newsletter.web import near
from newsletter.web.reasons import WITHHELD
from newsletter.web.section_names import KINDS, SECTIONS
from tests.fakes import readings
from tests.fakes.papers import paper_record
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


# --- claims and their words --------------------------------------------------------------------------------


def test_every_claim_has_a_number_and_its_words_have_the_same(visitor: Client) -> None:
    readings.store("harbornet", "en")
    page = text_of(visitor, PAGE)
    claims = re.findall(r'<li id="c(\d+)"', page)
    assert claims == [str(number) for number in range(1, 9)]
    marks, evidence = re.findall(r'id="m(\d+)"', page), re.findall(r'id="e(\d+)"', page)
    assert sorted({*marks, *evidence}, key=int) == claims
    for target in re.findall(r'<a class="number" href="#([^"]+)"', page):
        assert page.count(f'id="{target}"') == 1
    for target in set(re.findall(r'<sup><a href="#([^"]+)"', page)):
        assert page.count(f'id="{target}"') == 1


def test_the_abstract_is_whole_whatever_is_marked(visitor: Client) -> None:
    row = readings.store("harbornet", "en")
    [shown] = re.findall(r'<p class="abstract" lang="en">(.*?)</p>', text_of(visitor, PAGE), re.DOTALL)
    read = re.sub(r"<sup>.*?</sup>|<[^>]+>", "", shown)
    assert read.replace("&#39;", "'") == row.abstract


def test_evidence_of_the_full_text_stands_under_the_abstract_by_section(visitor: Client) -> None:
    readings.store("harbornet", "en")
    page = text_of(visitor, PAGE)
    after = page[page.index('class="abstract"') : page.index('id="reading"')]
    places = re.findall(r'<h3>Evidence <small class="where"><a href="([^"]+)">', after)
    assert places
    assert all(place.startswith("https://arxiv.org/html/2606.90001v1#S") for place in places)


def test_an_extract_stands_in_one_column_with_the_sentences_that_a_digest_shows(visitor: Client) -> None:
    from newsletter.pipeline.summarize.generate import write_extracts

    row = readings.store("harbornet", "en")
    SummaryRow.objects.update(content=None, written_at=None)
    write_extracts([row.pk], now=readings.PUBLISHED)
    page = text_of(visitor, f"/papers/{row.arxiv_id}/")
    assert 'id="claims"' not in page
    assert "<sup>" not in page
    [abstract] = re.findall(r'<p class="abstract" lang="en">(.*?)</p>', page, re.DOTALL)
    assert abstract.count("<mark>") == 2
    assert "No model wrote anything here." in page


# --- head --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "folded"), [(1, 0), (12, 0), (13, 1), (574, 562)])
def test_above_twelve_the_authors_fold(visitor: Client, number: int, folded: int) -> None:
    row = readings.store("harbornet")
    row.authors = [f"Ada L{each}" for each in range(number)]
    row.save()
    page = text_of(visitor, PAGE)
    assert (f"and {folded} more" in page) == bool(folded)
    head = page[page.index("<h1") : page.index('<p class="links">')]
    assert all(re.search(rf"{name}[,<]", head) for name in row.authors)


def test_the_public_page_can_do_nothing(visitor: Client) -> None:
    readings.store("harbornet", "en")
    page = text_of(visitor, PAGE)
    for words in (">Save<", "More like this", "Not for me", "/r/"):
        assert words not in page
    assert '<a href="/">Follow an author</a>' in page


def test_a_withdrawn_paper_says_so_above_its_title(visitor: Client) -> None:
    row = readings.store("harbornet", "en")
    Paper.objects.filter(pk=row.pk).update(is_withdrawn=True)
    page = text_of(visitor, PAGE)
    assert page.index("has been withdrawn") < page.index("<h1")


# --- close to it, history ----------------------------------------------------------------------------------


def in_topic(*numbers: int, weights: dict[int, float]) -> None:
    """Store papers of one public topic, with vectors of two terms."""
    from newsletter.core.taste.vectors import pack

    topic = Topic.objects.create(slug="boats", name="Boats", query="cat:cs.RO", created_at=readings.PUBLISHED)
    snapshot = TasteSnapshot.objects.create(made_at=readings.PUBLISHED, papers=1, content=b"")
    for number in numbers:
        record = paper_record(number, title=f"Boat {number}: it floats")
        row = Paper.from_record(record, first_seen_at=readings.PUBLISHED)
        row.save()
        Match.objects.create(topic=topic, paper=row, score=1.0, created_at=readings.PUBLISHED)
        vector = {1: weights[number], 2: 1.0}
        PaperVector.objects.create(paper=row, snapshot=snapshot, version=1, terms=pack(vector))


def test_the_closest_papers_of_its_topics_come_first(visitor: Client) -> None:
    in_topic(1, 2, 3, 4, weights={1: 1.0, 2: 0.1, 3: 0.9, 4: 0.8})
    page = text_of(visitor, "/papers/2606.00001/")
    shown = page[page.index('id="near"') : page.index('id="changes"')]
    assert re.findall(r'href="/papers/([^/]+)/"', shown) == ["2606.00003", "2606.00004"]


def test_only_the_newest_matches_of_a_topic_are_looked_at(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_topic(1, 2, 3, 4, 5, weights={1: 1.0, 2: 1.0, 3: 0.1, 4: 0.9, 5: 0.2})
    monkeypatch.setattr(near, "NEWEST", 3)
    page = text_of(visitor, "/papers/2606.00001/")
    shown = page[page.index('id="near"') : page.index('id="changes"')]
    assert re.findall(r'href="/papers/([^/]+)/"', shown) == ["2606.00004", "2606.00005"]


def test_a_paper_that_shares_only_a_hidden_topic_is_not_close(visitor: Client) -> None:
    in_topic(1, 2, weights={1: 1.0, 2: 1.0})
    Topic.objects.update(is_active=False)
    assert 'id="near"' not in text_of(visitor, "/papers/2606.00001/")


def test_what_is_taken_down_of_a_close_paper_is_gone_at_once(visitor: Client) -> None:
    from newsletter.subscribers.reports import take_down
    from tests.web.test_public_pages import write_summary

    in_topic(1, 2, weights={1: 1.0, 2: 1.0})
    write_summary(Paper.objects.get(arxiv_id="2606.00002"), language="en", headline="Boats are 12% faster.")
    assert "faster" in text_of(visitor, "/papers/2606.00001/")
    take_down(SummaryRow.objects.get(), now=readings.PUBLISHED)
    assert "faster" not in text_of(visitor, "/papers/2606.00001/")


def test_its_history_is_in_the_order_of_time(visitor: Client) -> None:
    in_topic(1, weights={1: 1.0})
    row = Paper.objects.get(arxiv_id="2606.00001")
    later = [readings.PUBLISHED + timedelta(days=day) for day in range(1, 5)]
    Paper.objects.filter(pk=row.pk).update(version=2, updated_at=later[0])
    PaperRevision.objects.create(
        paper=row, from_version=1, to_version=2, changes=["abstract"], found_at=later[1]
    )
    DigestNotice.objects.create(
        paper=row,
        kind="correction",
        texts={"en": "“faster” became “shorter”."},
        url="https://example.org/before",
        published_at=later[2],
    )
    page = text_of(visitor, "/papers/2606.00001/")
    said = plain(re.sub(r"<[^>]+>", " ", page[page.index('id="changes"') :]))
    for earlier, after in (
        ("v1 on arXiv", "v2 on arXiv"),
        ("v2 on arXiv", "version 2: its abstract changed"),
        ("its abstract changed", "corrected: “faster” became “shorter”."),
    ):
        assert said.index(earlier) < said.index(after)
    assert "matched: Boats" in said
    assert '<a href="https://example.org/before" rel="nofollow noopener">Before and after</a>' in page


# --- ids ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        "2606.90001",
        "2606.90001v1",
        "arXiv:2606.90001",
        "10.48550/arXiv.2606.90001",
        "doi:10.48550/ARXIV.2606.90001",
        "https://doi.org/10.48550/arXiv.2606.90001",
        "https://arxiv.org/abs/2606.90001v1",
        "https:/arxiv.org/abs/2606.90001",
        "http://www.arxiv.org/pdf/2606.90001.pdf",
        "arxiv.org/html/2606.90001v1",
    ],
)
def test_an_id_in_any_form_leads_to_the_page(visitor: Client, given: str) -> None:
    readings.store("harbornet")
    for answer in (
        visitor.get(f"/papers/{given}", follow=True),
        visitor.get("/papers/", {"id": f" {given} "}, follow=True),
    ):
        assert answer.status_code == 200
        assert answer.request["PATH_INFO"] == PAGE


def test_another_version_is_named_and_not_kept(visitor: Client) -> None:
    row = readings.store("harbornet", "en")
    Paper.objects.filter(pk=row.pk).update(version=3)
    for asked in (1, 4):
        answer = visitor.get(f"/papers/2606.90001v{asked}/")
        page = answer.content.decode()
        assert f"You asked for version {asked}." in page
        assert f'href="https://arxiv.org/abs/2606.90001v{asked}"' in page
        assert '<link rel="canonical" href="http://localhost:8000/papers/2606.90001/">' in page
        assert "no-store" in answer["Cache-Control"]
    assert visitor.get("/papers/2606.90001v3/")["Location"] == PAGE


@pytest.mark.parametrize("given", ["x" * 5000, "2606.99999", "../../etc", "<script>", "2613.00001", "\u0000"])
def test_an_id_of_nothing_gets_a_page_that_helps(visitor: Client, given: str) -> None:
    answer = visitor.get("/papers/", {"id": given})
    assert answer.status_code in (400, 404)
    if answer.status_code == 404:
        page = answer.content.decode()
        assert 'name="id"' in page
        assert "<script" not in page
    assert visitor.get("/papers/")["Location"] == "/"
