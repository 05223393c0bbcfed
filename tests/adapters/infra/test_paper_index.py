"""The search index on disk: what it finds, who may write, and what becomes of one that is broken."""

from __future__ import annotations

import os
import re
import tempfile
import time
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import Stemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.adapters.infra.paper_index import DiskPaperIndex
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import And, AndNot, Field, Or, Query, Term
from newsletter.core.arxiv.search import Search, read_search
from newsletter.errors import BadInput, TemporaryError
from tests.fakes.papers import paper_record

CHANGED = datetime(2026, 6, 20, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def index(tmp_path: Path) -> DiskPaperIndex:
    return DiskPaperIndex(tmp_path / "search")


def put(index: DiskPaperIndex, *papers: PaperRecord) -> None:
    with index.writing() as writer:
        assert writer is not None
        writer.put((number, paper, CHANGED) for number, paper in enumerate(papers, start=1))
        writer.commit(is_whole=True)


def found(index: DiskPaperIndex, text: str, *, newest_first: bool = False) -> list[int]:
    hits = index.search(read_search(text), limit=50, newest_first=newest_first)
    assert hits is not None
    assert hits.total == len(hits.paper_ids)
    return list(hits.paper_ids)


# --- what it finds ----------------------------------------------------------------------------------------

STEM = Stemmer.Stemmer("english").stemWord
WORDS = (
    "speech",
    "speeches",
    "Latency",
    "latencies",
    "naïve",
    "naive",
    "state-of-the-art",
    "GPT-4",
    "κ",
    "机器",
    "the",
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
PAPERS = st.lists(st.tuples(TEXTS, TEXTS, st.lists(TEXTS, max_size=2)), min_size=1, max_size=6)
TERMS = st.builds(
    Term,
    st.sampled_from([Field.ALL, Field.TITLE, Field.ABSTRACT, Field.AUTHOR]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(tuple),
)
QUERIES: st.SearchStrategy[Query] = st.recursive(
    TERMS,
    lambda parts: st.one_of(
        st.builds(lambda one, other: And((one, other)), parts, parts),
        st.builds(lambda one, other: Or((one, other)), parts, parts),
        st.builds(AndNot, parts, parts),
    ),
    max_leaves=4,
)


def normalized(text: str, *, stemmed: bool) -> list[str]:
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    words = re.findall(r"[^\W_]+", bare.lower())
    return [STEM(word) for word in words] if stemmed else words


def holds(paper: PaperRecord, query: Query) -> bool:
    """Say whether the paper's normalized text holds it: the rule, without an index."""
    if isinstance(query, And):
        return all(holds(paper, part) for part in query.parts)
    if isinstance(query, Or):
        return any(holds(paper, part) for part in query.parts)
    if isinstance(query, AndNot):
        return (query.keep is None or holds(paper, query.keep)) and not holds(paper, query.drop)
    texts = {Field.TITLE: (paper.title,), Field.ABSTRACT: (paper.abstract,), Field.AUTHOR: paper.authors}
    fields = texts if query.field is Field.ALL else {query.field: texts[query.field]}
    for field, values in fields.items():
        is_stemmed = field is not Field.AUTHOR
        wanted = normalized(" ".join(query.words), stemmed=is_stemmed)
        for value in values:
            words = normalized(value, stemmed=is_stemmed)
            if any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1)):
                return True
    return False


@settings(max_examples=60)
@given(PAPERS, st.lists(QUERIES, min_size=1, max_size=8))
def test_it_finds_exactly_the_papers_that_hold_the_words(
    texts: list[tuple[str, str, list[str]]], queries: list[Query]
) -> None:
    papers = [
        paper_record(number, title=title, abstract=abstract, authors=tuple(names))
        for number, (title, abstract, names) in enumerate(texts, start=1)
    ]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        index = DiskPaperIndex(Path(folder))
        put(index, *papers)
        for query in queries:
            hits = index.search(Search(query=query), limit=50)
            assert hits is not None
            expected = {number for number, paper in enumerate(papers, start=1) if holds(paper, query)}
            assert set(hits.paper_ids) == expected, query
            assert hits.total == index.count(query) == len(expected)


def test_dates_are_whole_days_in_utc(index: DiskPaperIndex) -> None:
    moments = (
        datetime(2026, 5, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 6, 1, 0, 0, tzinfo=UTC),
        datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 7, 1, 0, 0, tzinfo=UTC),
        datetime(1991, 8, 14, tzinfo=UTC),
    )
    put(index, *(paper_record(number, published_at=at) for number, at in enumerate(moments)))
    assert found(index, "date:2026-06", newest_first=True) == [3, 2]
    assert found(index, "date:2026-06 avatar") == [2, 3]
    assert found(index, "date:..2026-05", newest_first=True) == [1, 5]
    assert found(index, "date:2026-07..") == [4]


def test_the_newest_come_first_when_asked(index: DiskPaperIndex) -> None:
    days = [datetime(2026, 6, day, tzinfo=UTC) for day in (3, 9, 1, 5)]
    put(index, *(paper_record(number, published_at=at) for number, at in enumerate(days)))
    assert found(index, "avatar", newest_first=True) == [2, 4, 1, 3]
    hits = index.search(read_search("avatar"), limit=2, offset=1, newest_first=True)
    assert hits is not None
    assert hits.paper_ids == (4, 1)
    assert hits.total == 4


def test_a_title_is_a_better_match_than_an_abstract(index: DiskPaperIndex) -> None:
    put(index, paper_record(1, abstract="It has latency."), paper_record(2, title="Latency"))
    assert found(index, "latency") == [2, 1]


def test_a_star_for_more_words_than_can_be_followed_is_refused_and_breaks_nothing(
    index: DiskPaperIndex,
) -> None:
    many = " ".join(f"deep abc{number:05d}" for number in range(17_000))
    put(index, paper_record(1, abstract=many))
    with pytest.raises(BadInput, match="leave out a star"):
        index.search(read_search("deep_abc*"), limit=1)
    assert found(index, "deep") == [1]


# --- who writes, and what is lost -------------------------------------------------------------------------


def test_only_one_writes_at_a_time(index: DiskPaperIndex) -> None:
    with index.writing() as first, DiskPaperIndex(index._root).writing() as second:
        assert first is not None
        assert second is None
    with index.writing() as again:
        assert again is not None


def test_a_missing_one_is_made_only_when_asked(index: DiskPaperIndex) -> None:
    with index.writing(is_made=False) as writer:
        assert writer is None
    assert not index._root.exists()
    assert index.papers is None
    assert index.search(read_search("avatar"), limit=1) is None
    assert index.count(Term(Field.ALL, ("avatar",))) == 0


def test_what_was_not_committed_is_not_there(index: DiskPaperIndex) -> None:
    put(index, paper_record(1))
    with index.writing() as writer:
        assert writer is not None
        writer.put([(2, paper_record(2), CHANGED)])
    assert index.papers == 1


def test_another_process_sees_a_commit_at_once(index: DiskPaperIndex) -> None:
    put(index, paper_record(1))
    reader = DiskPaperIndex(index._root)
    assert found(reader, "avatar") == [1]
    put(index, paper_record(1), paper_record(2))
    assert sorted(found(reader, "avatar")) == [1, 2]


def test_changes_are_kept_to_the_microsecond(index: DiskPaperIndex) -> None:
    later = CHANGED + timedelta(microseconds=1)
    with index.writing() as writer:
        assert writer is not None
        assert writer.newest_change is None
        writer.put([(1, paper_record(1), CHANGED), (2, paper_record(2), later)])
        writer.commit(is_whole=False)
        assert writer.newest_change == later
        assert writer.changes_of([1, 3]) == {1: CHANGED}
        assert writer.changes_between(1, None) == {1: CHANGED, 2: later}
        assert writer.changes_between(1, 1) == {1: CHANGED}
        assert writer.changes_between(3, None) == {}


def test_one_that_is_half_made_says_so(index: DiskPaperIndex) -> None:
    with index.writing() as writer:
        assert writer is not None
        writer.put([(1, paper_record(1), CHANGED)])
        writer.commit(is_whole=False)
        half = index.search(read_search("avatar"), limit=1)
        writer.commit(is_whole=True)
    whole = index.search(read_search("avatar"), limit=1)
    assert half is not None
    assert whole is not None
    assert (half.is_whole, whole.is_whole) == (False, True)


@pytest.mark.parametrize("pattern", ["*.term", "*.fast", "*.store", "meta.json"])
@pytest.mark.parametrize("content", [b"", b"x", None], ids=["empty", "cut", "gone"])
def test_a_broken_one_is_made_anew(tmp_path: Path, pattern: str, content: bytes | None) -> None:
    folder = tmp_path / "search"
    put(DiskPaperIndex(folder), paper_record(1))
    for path in folder.rglob(pattern):
        path.unlink() if content is None else path.write_bytes(content)
    reader = DiskPaperIndex(folder)
    assert reader.search(read_search("avatar"), limit=1) is None
    put(reader, paper_record(1))
    assert found(reader, "avatar") == [1]


def scramble(folder: Path, pattern: str, *, made_ago: float) -> None:
    """Change what is inside of files, as a failing disk does: they can still be opened."""
    for path in folder.rglob(pattern):
        content = bytearray(path.read_bytes())
        for at in range(len(content) // 10, len(content) * 7 // 10):
            content[at] = (content[at] * 7 + 13) % 256
        path.write_bytes(content)
    for path in folder.rglob("made"):
        os.utime(path, (time.time() - made_ago, time.time() - made_ago))


@pytest.mark.parametrize("pattern", ["*.term", "*.idx"])
def test_one_that_fails_inside_is_made_anew_but_not_again_within_the_hour(
    index: DiskPaperIndex, pattern: str
) -> None:
    papers = [paper_record(number) for number in range(1, 200)]
    for made_ago in (3_601, 10):
        put(index, *papers)
        scramble(index._root, pattern, made_ago=made_ago)
        reader = DiskPaperIndex(index._root)
        if made_ago > 3_600:
            assert reader.search(read_search("avatar 17"), limit=1) is None
            assert reader.papers is None
            put(reader, *papers)
            assert found(reader, "avatar 17") == [17]
        else:
            with pytest.raises(BadInput):
                reader.search(read_search("avatar 17"), limit=1)
            assert reader.papers == 199


def test_a_write_that_fails_is_no_end_of_the_thread(index: DiskPaperIndex) -> None:
    papers = [paper_record(number) for number in range(1, 200)]
    put(index, *papers)
    scramble(index._root, "*.term", made_ago=3_601)
    with pytest.raises(TemporaryError):
        put(DiskPaperIndex(index._root), *papers)
    put(DiskPaperIndex(index._root), *papers)
    assert found(index, "avatar 17") == [17]


def test_one_of_another_version_is_removed(index: DiskPaperIndex) -> None:
    old = index._root / "0"
    old.mkdir(parents=True)
    (old / "meta.json").write_text("{}")
    put(index, paper_record(1))
    assert not old.exists()
