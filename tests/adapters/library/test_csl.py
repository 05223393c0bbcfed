"""JSON of Zotero, Better BibTeX and others: one item after another, whatever is in them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.library.csl import MAX_VALUES, read_csl
from newsletter.core.taste.library import MAX_ENTRIES, LibraryEntry, Source, Unread
from newsletter.errors import BadInput
from tests.fakes.zotero import item


def only(value: Any) -> LibraryEntry:
    read = read_csl(json.dumps(value))
    assert read.problems == ()
    [entry] = read.entries
    return entry


CSL = {
    "id": "vaswani",
    "type": "article",
    "title": 'Attention <span class="nocase">Is</span> All You Need',
    "author": [
        {"family": "Vaswani", "given": "Ashish"},
        {"family": "Beethoven", "given": "Ludwig", "non-dropping-particle": "van"},
        {"literal": "Google Brain"},
    ],
    "DOI": "10.48550/arXiv.1706.03762",
    "URL": "http://arxiv.org/abs/1706.03762",
    "number": "arXiv:1706.03762",
    "publisher": "arXiv",
    "issued": {"date-parts": [["2017", 6, 12]]},
}


@pytest.mark.parametrize(
    "value", [[CSL], {"items": [CSL]}, CSL], ids=["an export", "the API's csljson", "a single item"]
)
def test_it_reads_csl_json(value: Any) -> None:
    assert only(value) == LibraryEntry(
        arxiv_id="1706.03762",
        doi=None,
        title="Attention Is All You Need",
        authors=("Ashish Vaswani", "Ludwig van Beethoven", "Google Brain"),
        source=Source.CSL,
        line=1,
    )


BETTER_BIBTEX = {
    "config": {"id": "36a3b0b5", "label": "BetterBibTeX JSON", "options": {"Export notes": False}},
    "collections": {},
    "items": [
        {
            "itemType": "preprint",
            "title": "Attention Is All You Need",
            "creators": [
                {"firstName": "Ashish", "lastName": "Vaswani", "creatorType": "author"},
                {"name": "Google Brain", "creatorType": "author"},
                {"firstName": "An", "lastName": "Editor", "creatorType": "editor"},
            ],
            "archiveID": "arXiv:1706.03762",
            "citationKey": "vaswani2017",
            "attachments": [{"itemType": "attachment", "title": "PDF"}],
        },
        {"itemType": "attachment", "title": "Alone.pdf"},
        {"itemType": "note", "note": "<p>arXiv:2406.09999</p>"},
    ],
}


def test_it_reads_better_bibtex_and_passes_over_attachments_and_notes() -> None:
    entry = only(BETTER_BIBTEX)
    assert (entry.arxiv_id, entry.authors) == ("1706.03762", ("Ashish Vaswani", "Google Brain"))


def test_it_reads_what_zoteros_api_answers() -> None:
    assert only([item(1, archiveID="arXiv:2406.01234", DOI="10.1000/A")]) == LibraryEntry(
        arxiv_id="2406.01234", doi="10.1000/a", title="Paper 1", authors=(), source=Source.CSL, line=1
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"URL": "https://arxiv.org/abs/2406.01234v2"},
        {"url": "https://arxiv.org/pdf/2406.01234"},
        {"DOI": "https://doi.org/10.48550/arXiv.2406.01234"},
        {"doi": "10.48550/arXiv.2406.01234"},
        {"number": "arXiv:2406.01234"},
        {"archiveID": "2406.01234"},
        {"archive": "arXiv", "archive_location": "2406.01234"},
        {"note": "arXiv:2406.01234 [cs]\nversion: 2"},
        {"extra": "Citation Key: x\narXiv: 2406.01234\ntex.y: z"},
        {"extra": "DOI: 10.48550/arXiv.2406.01234"},
        {"publicationTitle": "arXiv preprint arXiv:2406.01234"},
        {"container-title": "CoRR", "volume": "abs/2406.01234"},
    ],
)
def test_the_id_is_found_wherever_reference_managers_put_it(fields: dict[str, str]) -> None:
    assert only([{"title": "A", **fields}]).arxiv_id == "2406.01234"


def test_items_that_are_none_are_listed_and_the_others_kept() -> None:
    read = read_csl(json.dumps([None, {"title": "A"}, 7, [], "x", {}, {"title": ["x"]}]))
    assert [(entry.line, entry.title) for entry in read.entries] == [(2, "A")]
    assert [(problem.line, problem.reason) for problem in read.problems] == [
        (1, Unread.BROKEN),
        (3, Unread.BROKEN),
        (4, Unread.BROKEN),
        (5, Unread.BROKEN),
        (6, Unread.EMPTY),
        (7, Unread.EMPTY),
    ]
    assert str(read.problems[1]) == "item 3: 7: it is broken and was left out"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"title": "A"}, {"ti', "broken at line 1"),
        ('[{"title": "A"},\n\n}]', "broken at line 3"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"a":' * 100_000, "nested too deeply"),
        ("[" * (MAX_VALUES + 1), "too much for one time"),
        (f"[{'1' * 10_000}]", "a number that cannot be read"),
        ('{"name": "package"}', "no list of items"),
        ('{"items": 7}', "no list of items"),
        ('"text"', "no list of items"),
    ],
    ids=["cut", "comma", "deep lists", "deep objects", "wide", "number", "object", "no items", "string"],
)
def test_json_that_is_no_library_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        read_csl(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 120


def test_fifty_thousand_items_cost_little_and_the_first_are_read() -> None:
    text = json.dumps([{"title": f"Title {number}", "author": [{"family": "A"}]} for number in range(50_000)])
    began = time.process_time()
    read = read_csl(text)
    assert time.process_time() - began < 5
    assert len(read.entries) == MAX_ENTRIES
    assert [(problem.line, problem.reason) for problem in read.problems] == [
        (MAX_ENTRIES + 1, Unread.TOO_MANY)
    ]


NAMES = st.sampled_from(
    ["title", "author", "creators", "DOI", "URL", "data", "extra", "note", "itemType", "family"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        read_csl(json.dumps(value))
    except BadInput:
        assert not isinstance(value, list)


PEOPLE = st.lists(st.tuples(st.text("abcé", min_size=1), st.text("xyzñ", min_size=1)), max_size=4)


@given(
    st.lists(
        st.tuples(st.text("abcé ß中", min_size=1).filter(str.strip), PEOPLE),
        unique_by=lambda one: one[0].split()[0],
    )
)
def test_written_items_come_back(papers: list[tuple[str, list[tuple[str, str]]]]) -> None:
    items = [
        {
            "title": title,
            "DOI": f"10.1000/{number}",
            "author": [{"given": given_name, "family": family} for given_name, family in people],
        }
        for number, (title, people) in enumerate(papers)
    ]
    read = read_csl(json.dumps(items))
    assert [(each.doi, each.title, each.authors) for each in read.entries] == [
        (f"10.1000/{number}", " ".join(title.split()), tuple(map(" ".join, people)))
        for number, (title, people) in enumerate(papers)
    ]
