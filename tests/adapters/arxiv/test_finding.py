"""Single papers from arXiv's API: by id, however old, and by title."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from newsletter.adapters.arxiv.api import MOST_IDS, ArxivApi
from newsletter.adapters.ports import PaperFinder
from newsletter.errors import PermanentError, TemporaryError
from tests.fakes.arxiv_server import CLOSED, EMPTY, ERROR_ENTRY, HTML, ArxivServer, Fault, entry, feed


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    entries = [
        entry("2401.00001v3", title="Attention Is All You Need: a Memory"),
        entry("hep-th/9901001v1", title="The Casimir effect, revisited"),
        entry("2401.00002v1", title="A GPT-4 Survey", comment="This paper has been withdrawn by the authors"),
    ]
    with ArxivServer(entries=entries) as running:
        yield running


def finder(server: ArxivServer) -> PaperFinder:
    return ArxivApi(
        gate=nullcontext, url=server.url, sleep=lambda _: None, give_up_after=60, timeout=(30, 30)
    )


def test_it_asks_for_ids_and_takes_what_there_is(server: ArxivServer) -> None:
    answer = finder(server).by_ids(["2401.00001", "hep-th/9901001", "2401.99999"])
    assert {(paper.arxiv_id, paper.version) for paper in answer.papers} == {
        ("2401.00001", 3),
        ("hep-th/9901001", 1),
    }
    [request] = server.requests
    assert request.parameters == {"id_list": "2401.00001,hep-th/9901001,2401.99999", "max_results": "200"}


def test_as_many_ids_as_allowed_fit_an_address(server: ArxivServer) -> None:
    finder(server).by_ids([f"cond-mat/{number:07}" for number in range(MOST_IDS)])
    assert len(server.host + server.requests[0].path) < 4_000


def test_a_withdrawn_paper_says_so(server: ArxivServer) -> None:
    [paper] = finder(server).by_ids(["2401.00002"]).papers
    assert paper.is_withdrawn


def test_it_asks_for_titles_word_by_word(server: ArxivServer) -> None:
    answer = finder(server).by_titles(["The Casimir effect, revisited", 'A "GPT-4" survey', "***"])
    assert {paper.arxiv_id for paper in answer.papers} == {"hep-th/9901001", "2401.00002"}
    [request] = server.requests
    assert request.parameters == {
        "search_query": 'ti:"The Casimir effect revisited" OR ti:"A GPT 4 survey"',
        "max_results": "100",
        "sortBy": "relevance",
    }


def test_ten_long_titles_fit_an_address(server: ArxivServer) -> None:
    finder(server).by_titles([f"{number} " + "Löwenheim " * 40 for number in range(10)])
    assert len(server.host + server.requests[0].path) < 4_000


@pytest.mark.parametrize("fault", [HTML, CLOSED, EMPTY, Fault(status=503)], ids=str)
def test_what_is_no_answer_is_asked_again(server: ArxivServer, fault: Fault) -> None:
    server.fail(fault)
    assert len(finder(server).by_ids(["2401.00001"]).papers) == 1
    server.fail(*[fault] * 9)
    with pytest.raises(TemporaryError):
        finder(server).by_ids(["2401.00001"])


def test_a_refusal_says_why(server: ArxivServer) -> None:
    server.fail(Fault(status=400, body=feed([ERROR_ENTRY])))
    with pytest.raises(PermanentError, match="incorrect id format for abc"):
        finder(server).by_ids(["abc/1234567"])
