"""The index of papers: what a term finds in a paper, and in which order papers come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import parse
from newsletter.errors import BadInput

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


PAPER = PaperRecord(
    arxiv_id="2606.14173",
    version=2,
    title="Untitled",
    abstract="Nothing.",
    authors=("Ada Example",),
    primary_category="cs.CV",
    categories=("cs.CV",),
    published_at=NOON,
    updated_at=NOON,
)


def _paper(**fields: Any) -> PaperRecord:
    return replace(PAPER, **fields)


def _finds(query: str, **fields: Any) -> bool:
    return bool(TopicIndex([(1, _paper(**fields))]).search(parse(query)))


def _found(query: str, *papers: PaperRecord) -> list[int]:
    index = TopicIndex(list(enumerate(papers, 1)))
    return [match.paper_id for match in index.search(parse(query))]


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("ti:transformers", "A Transformer for Graphs"),
        ('ti:"talking heads"', "TALKING HEAD synthesis"),
        ("ti:moire", "Moiré bands"),
        ("ti:Moiré", "Moire bands"),
        ("ti:école", "Une e\u0301cole"),
        ("ti:co-speech", "Co-Speech gestures"),
        ('ti:"speech gesture"', "Co-speech gestures"),
        ("ti:generati*", "Generation of faces"),
        ("ti:generative*", "Generative faces"),
        ("ti:talking_hea*", "A talking head"),
        ("ti:ffi*", "Eﬃcient ﬃnetuning"),
        ("efficient", "Eﬃcient tuning"),
    ],
)
def test_it_finds_a_word_whatever_its_case_accents_and_ending(query: str, title: str) -> None:
    assert _finds(query, title=title)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ('ti:"head talking"', "Talking head"),
        ('ti:"talking head"', "Talking of a head"),
        ("abs:head", "Talking head"),
        ("ti:ead*", "Talking head"),
        ("ti:hea", "Talking head"),
        ("ti:generative*", "Generation of faces"),
        ("ti:head_tal*", "Talking head"),
    ],
)
def test_it_does_not_find_words_in_another_order_field_or_place(query: str, title: str) -> None:
    assert not _finds(query, title=title)


def test_it_stems_no_names_and_no_comments() -> None:
    assert not _finds("au:waters", authors=("Ann Water",))
    assert not _finds("co:workshops", comment="A workshop paper")
    assert _finds("co:workshop", comment="A Workshop paper")
    assert _finds("jr:nature", journal_ref="Nature 600, 1 (2026)")


def test_it_finds_an_author_by_surname_accents_or_not() -> None:
    authors = ("Adrian Del Maestro", "José Ramírez-Müller", "Łukasz Kaiser")
    for query in ("au:maestro", "au:del_maestro", "au:ramirez", "au:Ramírez-Müller", "au:lukasz", "au:kais*"):
        assert _finds(query, authors=authors), query


def test_a_phrase_does_not_run_from_one_author_into_the_next() -> None:
    assert not _finds('au:"maestro jose"', authors=("Adrian Del Maestro", "José Ramírez"))
    assert not _finds("au:maestro_jos*", authors=("Adrian Del Maestro", "José Ramírez"))


def test_a_phrase_does_not_run_from_the_title_into_the_abstract() -> None:
    assert not _finds('"head start"', title="A talking head", abstract="Start here.")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cat:cs.cv", True),
        ("cat:math.AG", True),
        ("cat:cs.*", True),
        ("cat:math*", True),
        ("cat:hep-th.*", True),
        ("cat:cs.CL", False),
        ("cat:c.*", False),
        ("cat:stat.*", False),
        ("cat:hep-*", True),
        ("math.AG", True),
        ("mat*", False),
    ],
)
def test_it_finds_every_category_of_a_paper(query: str, found: bool) -> None:
    assert _finds(query, categories=("cs.CV", "math.AG", "hep-th")) is found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("id:2606.14173", True),
        ("id:2606.14173v2", True),
        ("id:2606.14173v1", False),
        ("id:2606.14170", False),
        ("2606.14173", True),
    ],
)
def test_it_finds_a_paper_by_id_of_any_version_or_of_its_own(query: str, found: bool) -> None:
    assert _finds(query) is found


def test_it_finds_an_old_style_id() -> None:
    assert _finds("id:quant-ph/0201082", arxiv_id="quant-ph/0201082", version=1)


def test_all_looks_in_title_abstract_authors_comment_and_journal() -> None:
    for fields in (
        {"title": "Zebra"},
        {"abstract": "A zebra."},
        {"authors": ("Z. Zebra",)},
        {"comment": "zebra"},
        {"journal_ref": "Zebra 1"},
    ):
        assert _finds("zebra", **fields), fields
        assert _finds("zebr*", **fields), fields


def test_it_combines_terms() -> None:
    papers = (_paper(title="Ant bee"), _paper(title="Ant"), _paper(title="Cow"))
    assert _found("ti:ant AND ti:bee", *papers) == [1]
    assert sorted(_found("ti:ant OR ti:cow", *papers)) == [1, 2, 3]
    assert _found("ti:ant ANDNOT ti:bee", *papers) == [2]
    assert _found("ti:(ant cow) ANDNOT ti:bee", *papers) != []


def test_a_query_of_only_exclusions_finds_all_others() -> None:
    papers = (_paper(title="Ant"), _paper(title="Bee"), _paper(title="Cow"))
    assert _found("ANDNOT ti:ant", *papers) == [2, 3]
    assert _found("(ANDNOT ti:ant) AND (ANDNOT ti:bee)", *papers) == [3]
    assert _found("ti:bee OR (ANDNOT ti:ant)", *papers) == [2, 3]


def test_the_better_match_comes_first() -> None:
    weak = _paper(abstract="Many words about other things, and one diffusion among them. " * 2)
    strong = _paper(title="Diffusion", abstract="Diffusion of diffusion.")
    assert _found("diffusion", weak, strong) == [2, 1]


def test_equal_matches_come_newest_first_then_by_id() -> None:
    index = TopicIndex(
        [
            (30, _paper(published_at=NOON)),
            (20, _paper(published_at=NOON)),
            (10, _paper(published_at=NOON.replace(day=14))),
            (40, _paper(published_at=NOON.replace(day=16))),
        ]
    )
    assert [match.paper_id for match in index.search(parse("cat:cs.CV"))] == [40, 20, 30, 10]


def test_a_category_says_whether_and_not_how_well() -> None:
    both = _paper(categories=("cs.CV", "cs.GR"), published_at=NOON.replace(day=1))
    one = _paper()
    assert _found("cat:cs.CV OR cat:cs.GR", both, one) == [2, 1]


def test_it_returns_every_match_of_many() -> None:
    index = TopicIndex([(number, _paper(title=f"Word{number}")) for number in range(1, 301)])
    assert len(index.search(parse("ti:word*"))) == 300
    assert len(index.search(parse("cat:cs.CV"))) == 300


def test_an_empty_index_finds_nothing() -> None:
    assert TopicIndex([]).search(parse("ANDNOT ant")) == []


ONE_PAPER = TopicIndex([(1, _paper())])


@given(
    st.text(st.characters(categories=["L", "N"]) | st.sampled_from("_-'.+#"), min_size=2, max_size=12),
    st.sampled_from(["", "*"]),
    st.sampled_from(["", "ti:", "au:"]),
)
def test_any_word_that_can_be_asked_for_can_be_searched(word: str, star: str, field: str) -> None:
    try:
        query = parse(f"{field}{word}{star} ANDNOT ti:untitled")
    except BadInput:
        return
    assert ONE_PAPER.search(query) == []


def test_it_keeps_large_database_ids() -> None:
    index = TopicIndex([(2**53 + 1, _paper())])
    assert [match.paper_id for match in index.search(parse("cat:cs.CV"))] == [2**53 + 1]
