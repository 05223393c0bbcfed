"""Compiled queries: on real papers and queries of every kind they find what a plain reading finds."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from tantivy import Query as Compiled

from newsletter.adapters.arxiv.feed import parse as read_feed
from newsletter.adapters.infra import topic_query
from newsletter.adapters.infra.topic_index import Match, TopicIndex
from newsletter.adapters.infra.topic_spans import explain
from newsletter.core.arxiv.query import Query, parse
from newsletter.errors import BadInput
from tests.fakes.queries import Queries

PAPERS = read_feed((files("newsletter") / "sample" / "week.xml").read_bytes()).papers
INDEX = TopicIndex(list(enumerate(PAPERS)))


def _queries(number: int, *, seed: int) -> dict[str, Query]:
    maker, found = Queries(PAPERS, seed=seed), dict[str, Query]()
    while len(found) < number:
        text = maker.make()
        try:
            found[text] = parse(text)
        except BadInput:
            continue
    return found


@pytest.mark.parametrize("seed", range(2))
def test_it_finds_what_reading_each_paper_finds(seed: int) -> None:
    for text, query in _queries(100, seed=seed).items():
        read = {number for number, paper in enumerate(PAPERS) if explain(query, record=paper) is not None}
        assert INDEX.find(query) == read, text


def test_beginnings_of_words_and_archives_find_and_score_as_patterns_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = {text: query for text, query in _queries(600, seed=7).items() if "*" in text}
    assert len(wanted) > 80
    found = _found(wanted)
    monkeypatch.setattr(topic_query, "_prefix", _pattern)
    assert _found(wanted) == found


def _pattern(field: str, start: str) -> Compiled:
    return Compiled.regex_query(topic_query.SCHEMA, field, f"{re.escape(start)}.*")


def _found(queries: dict[str, Query]) -> dict[str, list[Match]]:
    return {text: INDEX.search(query) for text, query in queries.items()}
