"""``newsletter topic describe``: a query from words or papers, tried at once."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.conf import settings

from newsletter.adapters.ports import Answer
from newsletter.audience.query_preview import forget_recent
from newsletter.pipeline.gather import save_answer
from tests.cli.runner import done, newsletter, rows
from tests.fakes.arxiv_server import ArxivServer, entry
from tests.fakes.fields import field_ids, field_papers
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.papers import PUBLISHED

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.enable_socket]

NOW = ("--now", f"{PUBLISHED:%Y-%m-%dT%H:%MZ}")


@pytest.fixture(autouse=True)
def papers() -> Iterator[None]:
    forget_recent()
    found = tuple(field_papers())
    save_answer(Answer(query="all", total_results=len(found), papers=found), now=PUBLISHED)
    yield
    forget_recent()


@pytest.fixture(autouse=True)
def arxiv(monkeypatch: pytest.MonkeyPatch) -> Iterator[ArxivServer]:
    with ArxivServer() as server:
        changed = {"arxiv_api_url": server.url, "arxiv_interval": 0.0}
        monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update=changed))
        yield server


def test_papers_give_a_query_what_it_finds_and_what_it_misses(arxiv: ArxivServer) -> None:
    before = rows()
    told = done("topic", "describe", *field_ids(1, 4), *NOW)
    query, *_ = told.out.splitlines()
    assert query.startswith("cat:cs.CV AND ")
    assert "avatar" in query.lower()
    assert "of 30 papers of the last 14 days" in told.out
    assert "It finds 4 of your 4 papers." in told.out
    found = done("topic", "describe", " ".join(field_ids(1, 4)), *NOW, "--json").json
    assert (found["query"], found["by"]) == (query, "words")
    assert (found["examples"], found["examples_found"]) == (field_ids(1, 4), 4)
    assert set(field_ids(1, 6)) <= {each["id"].partition("v")[0] for each in found["papers"]}
    assert len(found["papers"]) == found["matched"]
    assert all(phrase["in_examples"] >= 2 for phrase in found["phrases"])
    assert {"per_week", "of", "days", "missed", "unknown", "withdrawn"} <= set(found)
    assert (rows(), arxiv.requests) == (before, [])


def test_a_sentence_needs_no_quotes() -> None:
    quoted = done("topic", "describe", "machine translation", *NOW).out
    assert quoted == done("topic", "describe", "machine", "translation", *NOW).out
    assert '"machine translation"' in quoted.splitlines()[0]


def test_a_paper_that_is_not_here_is_asked_for_at_arxiv(arxiv: ArxivServer) -> None:
    arxiv.entries.append(entry("1906.00009v1", title="Avatars of old", abstract="An avatar."))
    found = done("topic", "describe", "1906.00009", "1906.99999", *field_ids(1, 2), *NOW, "--json").json
    assert set(found["examples"]) == {"1906.00009", *field_ids(1, 2)}
    assert found["unknown"] == ["1906.99999"]
    assert len(arxiv.requests) == 1


@pytest.mark.parametrize("words", [["zebra", "quagga"], ["说话人头像"], ["…"], [""], ["the", "method"]])
def test_words_that_no_paper_has_are_one_line(words: list[str]) -> None:
    result = newsletter("topic", "describe", *words, *NOW)
    assert (result.code, result.out) == (2, "")
    assert "no recent paper says this" in result.line


def test_nothing_gathered_says_what_to_do() -> None:
    result = newsletter("topic", "describe", "avatars", "--now", "2027-01-01T00:00Z")
    assert result.code == 2
    assert "newsletter gather" in result.line


def test_no_words_are_bad_use() -> None:
    assert newsletter("topic", "describe").code == 2


def test_a_model_that_is_not_there_is_bad_use() -> None:
    result = newsletter("topic", "describe", "avatars", "--model", *NOW)
    assert result.code == 2
    assert "GEMINI_API_KEY" in result.err


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        changed = {"summariser": "gemini", "gemini_api_key": "k", "gemini_endpoint": server.url}
        monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update=changed))
        yield server


def test_a_model_may_write_it(gemini: GeminiServer) -> None:
    gemini.says = lambda _asked: json.dumps({"query": "cat:cs.CV AND ti:avatars"})
    found = done("topic", "describe", "avatars", "--model", *NOW, "--json").json
    assert (found["query"], found["by"], found["matched"]) == ("cat:cs.CV AND ti:avatars", "model", 6)
    assert found["phrases"] == []


def test_a_models_query_that_cannot_be_read_is_said(gemini: GeminiServer) -> None:
    gemini.says = lambda _asked: json.dumps({"query": "cat:cs.QQ"})
    result = newsletter("topic", "describe", "avatars", "--model", *NOW)
    assert result.code == 2
    assert "the model's query cannot be read: unknown category 'cs.QQ'" in result.line
