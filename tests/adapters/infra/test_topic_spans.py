"""Why a paper matched: the words that a page marks are those the index found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.adapters.infra.topic_spans import Reasons, explain
from newsletter.core.arxiv.query import And, AndNot, Field, Or, Query, Term, parse
from tests.fakes.papers import paper_record


def _reasons(query: str, **fields: Any) -> Reasons | None:
    return explain(parse(query), record=paper_record(**fields))


def _marked(query: str, *, of: Field = Field.TITLE, **fields: Any) -> list[str]:
    reasons = _reasons(query, **fields)
    assert reasons is not None
    text = fields["title"] if of is Field.TITLE else fields["abstract"]
    return [text[start:end] for start, end in reasons.of(of)]


@pytest.mark.parametrize(
    ("query", "title", "marked"),
    [
        ("ti:transformers", "A Transformer for Graphs", ["Transformer"]),
        (
            'ti:"talking heads"',
            "TALKING-HEAD synthesis of a talking  head",
            ["TALKING-HEAD", "talking  head"],
        ),
        ("ti:moire", "Moiré bands", ["Moiré"]),
        ("ti:école", "Une e\u0301cole", ["e\u0301cole"]),
        ("ti:generati*", "Generation, generative, degenerate", ["Generation", "generative"]),
        ("ti:talking_hea*", "A talking head", ["talking head"]),
        ("ti:efficient", "Eﬃcient tuning", ["Eﬃcient"]),
        ("ti:a OR ti:b", "a b c a", ["a", "b", "a"]),
        ('ti:"a b" OR ti:"b c"', "a b c d", ["a b c"]),
        ("ti:ǅ", "Ǆ", ["Ǆ"]),
    ],
)
def test_it_marks_what_the_index_finds(query: str, title: str, marked: list[str]) -> None:
    assert _marked(query, title=title) == marked
    assert TopicIndex([(1, paper_record(title=title))]).search(parse(query))


def test_only_what_holds_is_a_reason() -> None:
    title = "Ant and bee"
    assert _marked("ti:bee OR (ti:ant AND ti:cow)", title=title) == ["bee"]
    assert _marked("ti:ant ANDNOT ti:cow", title=title) == ["Ant"]
    assert _reasons("ti:ant ANDNOT ti:bee", title=title) is None
    assert _reasons("ti:ant AND ti:cow", title=title) is None


def test_a_query_that_only_excludes_marks_nothing() -> None:
    assert _reasons("ANDNOT ti:cow", title="Ant") == Reasons()


def test_it_says_which_author_category_or_id_was_asked_for() -> None:
    authors = ("José Ramírez", "Ann Water")
    reasons = _reasons(
        "au:water AND cat:cs.* AND id:2606.00001", authors=authors, categories=("cs.CV", "eess.AS")
    )
    assert reasons is not None
    assert reasons.of(Field.AUTHOR, 1) == ((4, 9),)
    assert reasons.of(Field.AUTHOR, 0) == ()
    assert reasons.categories == {"cs.CV"}
    assert reasons.names_id
    assert _reasons("au:jose_ann", authors=authors) is None


_WORDS = (
    "talking",
    "heads",
    "head",
    "Moiré",
    "moire",
    "CO-speech",
    "gestures",
    "2606.00001",
    "cs.CV",
    "cat",
    "x",
)
_TEXT = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=6).map(" ".join)
_TEXT_TERM = st.builds(
    Term,
    st.sampled_from([Field.TITLE, Field.ABSTRACT, Field.AUTHOR, Field.COMMENT, Field.JOURNAL, Field.ALL]),
    st.lists(st.sampled_from(_WORDS), min_size=1, max_size=2).map(tuple),
    st.booleans(),
)
_CODE_TERM = st.sampled_from(
    [
        Term(Field.CATEGORY, ("cs.CV",)),
        Term(Field.CATEGORY, ("cs.",), prefix=True),
        Term(Field.CATEGORY, ("math.",), prefix=True),
        Term(Field.ID, ("2606.00001v1",)),
        Term(Field.ID, ("2606.00002",)),
    ]
)
_QUERY: st.SearchStrategy[Query] = st.recursive(
    _TEXT_TERM | _CODE_TERM,
    lambda inner: (
        st.builds(And, st.tuples(inner, inner))
        | st.builds(Or, st.tuples(inner, inner))
        | st.builds(AndNot, st.none() | inner, inner)
    ),
    max_leaves=5,
)


@settings(max_examples=60)  # each builds an index
@given(_QUERY, _TEXT, _TEXT, _TEXT, _TEXT)
def test_it_explains_a_paper_exactly_when_the_index_finds_it(
    query: Query, title: str, abstract: str, author: str, comment: str
) -> None:
    record = paper_record(title=title, abstract=abstract, authors=(author, "Ada"), comment=comment)
    is_found = bool(TopicIndex([(1, record)]).search(query))
    assert (explain(query, record=record) is not None) is is_found
