"""The search page: what it finds and shows, what it refuses, and that nothing of a paper runs in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils.html import escape
from pytest_django import Settings

from newsletter.adapters.infra.paper_index import DiskPaperIndex
from newsletter.core.arxiv.query import parse
from newsletter.models import Paper
from newsletter.pipeline.context import Context
from newsletter.pipeline.gather import save_papers
from newsletter.web import search as search_page
from newsletter.web.search import MOST_PAGES, ON_A_PAGE, keep_index_up
from tests.fakes.papers import paper_record
from tests.web.conftest import SENT, Service
from tests.web.test_rendered import statements

HOSTILE = "<script>alert(1)</script> \"onload='x' {{ 7*7 }} $x$ ]]> --> \u202e"
PAPERS = (
    paper_record(
        101,
        title="Simultaneous Speech Translation",
        abstract="We translate long speech. " * 12
        + "Current systems suffer from latency accumulation on long speech.",
        authors=("Yulin Xue", "Satoshi Nakamura", "Lei Li"),
        categories=("cs.CL", "cs.SD"),
        published_at=datetime(2026, 5, 20, tzinfo=UTC),
    ),
    paper_record(
        102,
        title="A Survey of Latency",
        abstract="It surveys what latency costs.",
        authors=("Ada Lovelace",),
        categories=("cs.DC",),
        published_at=datetime(2026, 6, 17, tzinfo=UTC),
    ),
    paper_record(
        103,
        title="Transformers with latency budgets",
        abstract="Exact words matter here.",
        authors=("Satoshi Tanaka",),
        categories=("cs.LG",),
        published_at=datetime(2026, 6, 18, tzinfo=UTC),
    ),
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: Settings) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"data_dir": tmp_path})


def index_papers() -> None:
    Context(django_settings.CONFIG).index_keeper.keep_up()


@pytest.fixture
def papers(db: None) -> None:  # noqa: ARG001 - the database
    save_papers(PAPERS, now=SENT)
    index_papers()


def text_of(visitor: Client, asked: str, *, status: int = 200, **headers: str) -> str:
    response = visitor.get(f"/search?{asked}", headers=headers)
    assert response.status_code == status, asked
    return response.content.decode()


def shown(page: str) -> list[str]:
    return re.findall(r'<li id="p([^"]+)">', page)


# --- what it finds and shows -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("latency", {"101", "102", "103"}),
        ("latency speech", {"101"}),
        ("speech latency survey", set()),
        ("latency -survey", {"101", "103"}),
        ('"exact words"', {"103"}),
        ('"words exact"', set()),
        ('latency -"exact words"', {"101", "102"}),
        ("au:Nakamura", {"101"}),
        ('au:"Satoshi Nakamura"', {"101"}),
        ("satoshi", {"101", "103"}),
        ("cat:cs.CL", {"101"}),
        ("cat:cs.* latency", {"101", "102", "103"}),
        ("date:2026-06 latency", {"102", "103"}),
        ("date:2026-06-17", {"102"}),
        ("date:2026-05..2026-06-17", {"101", "102"}),
        ("transf*", {"103"}),
        ("transformer", {"103"}),
        ("ti:latency", {"102", "103"}),
        ("ti:speech OR abs:exact", {"101", "103"}),
        ("cat:cs.DC OR (au:Tanaka AND latency)", {"102", "103"}),
        ("2606.00102", {"102"}),
        ("https://arxiv.org/abs/2606.00102v3", {"102"}),
    ],
)
@pytest.mark.usefixtures("papers")
def test_a_search_finds(visitor: Client, words: str, found: set[str]) -> None:
    page = text_of(visitor, f"q={quote(words)}")
    assert {each[-3:] for each in shown(page)} == found
    assert f"<strong>{len(found)} paper" in page


@pytest.mark.usefixtures("papers")
def test_the_best_match_or_the_newest_comes_first(visitor: Client) -> None:
    best = text_of(visitor, "q=survey+OR+latency")
    assert shown(best)[0] == "2606.00102"
    newest = text_of(visitor, "q=survey+OR+latency&order=newest")
    assert shown(newest) == ["2606.00103", "2606.00102", "2606.00101"]


@pytest.mark.usefixtures("papers")
def test_a_snippet_shows_the_hits_that_the_title_does_not_cut_at_words(visitor: Client) -> None:
    page = text_of(visitor, "q=speech+latency")
    (snippet,) = re.findall(r'<p class="snippet" lang="en">(.*?)</p>', page, re.DOTALL)
    assert "<b>latency</b> accumulation" in snippet
    assert "<mark>" not in page
    plain = re.sub(r"</?b>", "", snippet)
    assert plain.startswith("… ")
    assert plain.endswith(" …")
    assert f" {plain[2:-2]} " in PAPERS[0].abstract


@pytest.mark.usefixtures("papers")
def test_an_author_who_was_hit_is_named(visitor: Client) -> None:
    page = text_of(visitor, "q=au%3ANakamura")
    people = re.search(r'<span class="people" lang="en">(.*?)</span>', page)
    assert people
    assert people[1] == "Yulin Xue … Satoshi <b>Nakamura</b> … Lei Li"


@pytest.mark.usefixtures("service", "papers")
def test_its_words_can_be_followed_as_a_topic(visitor: Client) -> None:
    words = 'latency "long speech" -survey date:2026'
    page = text_of(visitor, f"q={quote(words)}")
    link = re.search(r'<a href="([^"]+)">Follow these words as a topic</a>', page)
    assert link
    query = parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)["query"]
    assert [parse(each) for each in query] == [parse('(latency AND "long speech") ANDNOT survey')]
    assert query[0] in unescape(visitor.get(unescape(link[1])).content.decode())


def test_without_result_it_offers_less_and_topics_near(visitor: Client, service: Service) -> None:
    index_papers()
    page = text_of(visitor, "q=heads+zebrafish+speech")
    assert "No paper has all of this." in page
    assert 'href="/search?q=heads+speech"' in page
    assert "Search without zebrafish" in page
    assert '<a href="/topics/heads/">Talking heads</a>' in page
    assert service.private.name not in page
    assert 'href="/topics/"' in text_of(visitor, "q=zebrafish+quagga")


@pytest.mark.usefixtures("service")
def test_without_a_query_it_says_what_is_searched(visitor: Client) -> None:
    index_papers()
    page = text_of(visitor, "")
    assert "Titles, abstracts and authors of 14 papers." in page
    assert "date:2026-06-01..2026-06-17" in page
    assert '<a href="/search">Search</a>' in text_of(visitor, "")
    assert "noindex" not in visitor.get("/search").headers.get("X-Robots-Tag", "")
    assert visitor.get("/search?q=heads")["X-Robots-Tag"] == "noindex"


@pytest.mark.usefixtures("service")
def test_it_speaks_the_readers_language(visitor: Client) -> None:
    index_papers()
    page = text_of(visitor, "q=heads", accept_language="zh-CN")
    assert '<html lang="zh-Hans">' in page
    assert len(shown(page)) == 14


@pytest.mark.usefixtures("service")
def test_long_results_have_pages(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_page, "ON_A_PAGE", 4)
    index_papers()
    pages = [text_of(visitor, f"q=heads&order=newest&page={number}") for number in (1, 2, 3, 4)]
    assert [len(shown(page)) for page in pages] == [4, 4, 4, 2]
    assert len({each for page in pages for each in shown(page)}) == 14
    assert 'href="/search?q=heads&amp;order=newest&amp;page=3"' in pages[1]
    assert "Page 2 of 4" in pages[1]
    assert "There is nothing on this page any more." in text_of(visitor, "q=heads&page=5")


def test_a_withdrawn_and_a_revised_paper_are_as_they_are_now(visitor: Client, papers: None) -> None:  # noqa: ARG001
    save_papers([paper_record(102, version=2, title="Quagga", is_withdrawn=True)], now=SENT)
    index_papers()
    page = text_of(visitor, "q=quagga")
    assert "arXiv:2606.00102v2" in page
    assert "Withdrawn by its authors." in page
    assert shown(text_of(visitor, "q=survey")) == []


def test_what_was_deleted_since_is_left_out(visitor: Client, papers: None) -> None:  # noqa: ARG001
    Paper.objects.filter(arxiv_id="2606.00102").delete()
    assert "2606.00102" not in shown(text_of(visitor, "q=latency"))


# --- an index that is not there ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_while_the_index_is_made_it_says_so(visitor: Client) -> None:
    save_papers(PAPERS, now=SENT)
    answer = visitor.get("/search?q=latency")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "60"
    assert "The search is being made ready." in answer.content.decode()
    assert visitor.get("/search").status_code == 200
    with DiskPaperIndex(django_settings.CONFIG.search_folder).writing() as writer:
        assert writer is not None
        writer.put((paper.pk, paper.record, paper.changed_at) for paper in Paper.objects.order_by("pk")[:1])
        writer.commit(is_whole=False)
    assert "Papers are still being added" in text_of(visitor, "q=latency")
    index_papers()
    assert "Papers are still being added" not in text_of(visitor, "q=latency")


def test_the_site_makes_its_index_and_keeps_it_up(
    visitor: Client,
    service: Service,  # noqa: ARG001 - its papers
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stopped(Exception):
        pass

    turns = []

    def sleep(seconds: float) -> None:
        turns.append(seconds)
        if len(turns) == 2:
            raise Stopped
        save_papers(PAPERS, now=SENT)

    monkeypatch.setattr("newsletter.web.search.time.sleep", sleep)
    monkeypatch.setattr(
        search_page, "close_old_connections", lambda: None
    )  # it would end the test's transaction
    with pytest.raises(Stopped):
        keep_index_up()
    assert turns == [60, 60]
    assert len(shown(text_of(visitor, "q=latency"))) == 3


# --- bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "advice"),
    [
        ("q=tr*", "give at least 3 letters"),
        ("q=*former", "at the end of a word only"),
        ("q=cat:cs.XX", "give a code such as cs.CL"),
        ("q=date:soon", "write date:2026"),
        ("q=" + "x" * 10_240, "keep it to 1,000 characters"),
        ("q=" + "word+" * 199, "keep it to 500"),
        ("q=" + "+OR+".join(f"w{number}" for number in range(100)), "keep it to 40"),
        ("q=" + "(" * 900 + "a", "keep it to 500"),
        ("q=latency&page=1000000000", "narrow the search with a category or a date"),
        (f"q=latency&page={MOST_PAGES + 1}", f"Only the first {ON_A_PAGE * MOST_PAGES:,} results"),
        ("q=latency&page=0", "Only the first"),
        ("q=latency&page=-1", "Only the first"),
        ("q=latency&page=x", "Only the first"),
        ("q=latency&page=", "Only the first"),
        ("q=latency%C2%A0%E2%80%AE", "type it anew"),
    ],
)
@pytest.mark.usefixtures("papers")
def test_what_costs_too_much_or_means_nothing_is_refused_with_what_to_do(
    visitor: Client, asked: str, advice: str
) -> None:
    page = text_of(visitor, asked, status=400)
    assert advice in page
    assert 'role="alert"' in page
    assert len(page) < 20_000


@pytest.mark.parametrize("asked", ["q=latency&order=x", "q=latency&q=survey", "q=latency&page=50", "Q=x"])
@pytest.mark.usefixtures("papers")
def test_odd_parameters_do_no_harm(visitor: Client, asked: str) -> None:
    text_of(visitor, asked)


@pytest.mark.django_db
def test_nothing_of_a_hostile_paper_or_query_runs(visitor: Client) -> None:
    hostile = paper_record(
        104, title=f"Quagga {HOSTILE}", abstract=f"{HOSTILE} quagga {HOSTILE}", authors=(f"Quagga {HOSTILE}",)
    )
    save_papers([hostile], now=SENT)
    index_papers()
    page = text_of(visitor, "q=quagga")
    assert shown(page) == ["2606.00104"]
    for asked in ("q=quagga", "q=au%3Aquagga", f"q={quote(HOSTILE)}", f"q={quote('quagga' + HOSTILE)}"):
        answer = visitor.get(f"/search?{asked}")
        page = answer.content.decode()
        assert "<script" not in page
        assert "49" not in re.sub(r"\d{4}\.\d+", "", page)
        assert not re.search(r"<[^>]*\sonload=", re.sub(r'"[^"]*"', '""', page))
        assert "script-src" not in answer["Content-Security-Policy"]
    assert escape("<script>alert(1)</script>") in page


# --- what it costs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "most"), [("", 0), ("?q=heads", 1), ("?q=heads&order=newest&page=1", 1)])
@pytest.mark.usefixtures("service")
def test_a_page_of_results_is_one_statement(visitor: Client, asked: str, most: int) -> None:
    index_papers()
    for _ in range(2):  # nothing of it is kept
        said = statements(visitor, f"/search{asked}").said
        assert len(said) <= most, said
    assert visitor.get(f"/search{asked}")["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("service")
def test_a_search_without_result_costs_at_most_four(visitor: Client) -> None:
    index_papers()
    said = statements(visitor, "/search?q=heads+zebrafish").said
    assert len(said) <= 4, said
