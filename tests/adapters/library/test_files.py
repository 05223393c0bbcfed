"""A file is what it holds, in whatever encoding; what is none of a library is refused in one line."""

from __future__ import annotations

import gzip
import io
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.library.files import MAX_BYTES, read_library
from newsletter.core.storable import is_storable
from newsletter.core.taste.library import MAX_ENTRIES, Source, Unread
from newsletter.errors import BadInput

BIB = "@article{key,\n title = {Über Größe},\n journal = {arXiv:2406.01234}\n}\n"
RIS = "TY  - JOUR\nTI  - Über Größe\nUR  - https://arxiv.org/abs/2406.01234\nER  - \n"
JSON = '[\n {"title": "Über Größe", "note": "arXiv:2406.01234"}]\n'
TEXT = "Über Größe: arXiv:2406.01234\n"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (BIB, Source.BIBTEX),
        (f"Some prose.\n\n  {BIB}", Source.BIBTEX),
        (RIS, Source.RIS),
        (f"\n{RIS}", Source.RIS),
        (JSON, Source.CSL),
        (TEXT, Source.TEXT),
        (f"[1] {TEXT}", Source.TEXT),
        (f"mail me @ home {{{TEXT}", Source.TEXT),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_its_kind_shows_in_what_it_holds(text: str, source: Source, encoding: str, end: str) -> None:
    read = read_library(text.replace("\n", end).encode(encoding))
    assert [(entry.source, entry.arxiv_id) for entry in read.entries] == [(source, "2406.01234")]
    assert read.entries[0].title in {"Über Größe", ""}
    assert read.problems == ()


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize("text", [BIB, RIS, JSON])
def test_an_older_encoding_is_read_and_said(text: str, encoding: str) -> None:
    read = read_library(text.encode(encoding))
    assert [(entry.title, entry.arxiv_id) for entry in read.entries] == [("Über Größe", "2406.01234")]
    assert [problem.reason for problem in read.problems] == [Unread.ENCODING]
    assert str(read.problems[0]).startswith("the file: it is not UTF-8")


def zipped() -> bytes:
    """A bomb: 100 MB of spaces."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("library.bib", " " * 100_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "nothing in the file"),
        (b"\xef\xbb\xbf \r\n", "nothing in the file"),
        (BIB.encode() + b"\0", "not text"),
        (BIB.encode("utf-16-le"), "not text"),
        (b"\xff\xfe" + BIB.encode("utf-16-le")[:-1], "UTF-16 and is broken"),
        (zipped(), "is compressed"),
        (gzip.compress(b" " * 100_000_000), "is compressed"),
        (b"%PDF-1.7\n%\xe2\xe3", "is a PDF"),
        (b"SQLite format 3\0", "is a database"),
        (b"a" * (MAX_BYTES + 1), "larger than 10 MB"),
        (b"[]", "describes no paper"),
        (b"@comment{nothing}", "describes no paper"),
        (b"---\n", "describes no paper"),
        (b"[" * 100_000, "nested too deeply"),
        (b'[{"title":"A"},{"ti', "broken at line 1"),
    ],
    ids=[
        *("empty", "only a mark", "NUL", "UTF-16 unmarked", "UTF-16 cut", "zip", "gzip", "PDF", "database"),
        *("too large", "no items", "no entries", "no words", "deep JSON", "cut JSON"),
    ],
)
def test_what_is_no_library_is_refused_in_one_line(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        read_library(data)
    assert "\n" not in str(refused.value)


def test_prose_without_papers_is_listed() -> None:
    read = read_library(b"Dear editor,\nthank you.\n")
    assert read.entries == ()
    assert [problem.text for problem in read.problems] == ["Dear editor,", "thank you."]


def bibtex_of(size: int) -> bytes:
    entry = (
        "@misc{{key{0},\n title={{The {{GPT}} of {0}}},\n author={{Lovelace, Ada}},\n abstract={{{1}}}\n}}\n"
    )
    return "".join(entry.format(number, "word " * 20) for number in range(50_000)).encode()[:size]


PART = MAX_BYTES // 5


@pytest.mark.parametrize(
    "data",
    [
        bibtex_of(MAX_BYTES),
        b"a\n" * (MAX_BYTES // 2),
        b"@a{b, title={" + b"{" * PART,
        b"TY  - \n" * (PART // 7),
        b'[{"title":"' + "\U0001f600".encode() * (PART // 4) + b'"}]',
        b"[{}," + b"1.5," * (PART // 4) + b"1]",
        b"https://a.b/c " * (PART // 14),
        b"arxiv:" + b" " * PART,
    ],
    ids=["50,000 entries", "lines", "braces", "records", "emoji", "numbers", "addresses", "spaces"],
)
def test_megabytes_of_anything_take_seconds_and_little_is_kept(data: bytes) -> None:
    began = time.process_time()
    read = read_library(data)
    assert time.process_time() - began < 20  # ten megabytes of lines take six seconds on a core of their own
    assert len(read.entries) <= MAX_ENTRIES
    assert len(read.problems) <= 102


def test_fifty_thousand_entries_need_little_memory() -> None:
    data = bibtex_of(MAX_BYTES // 2)
    tracemalloc.start()
    try:
        read_library(data)
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()


STARTS = st.sampled_from(
    [b"", b"@misc{a, title={", b"TY  - GEN\nTI  - ", b'[{"title":"', b"\xff\xfe", b"\xef\xbb\xbf"]
)


@given(STARTS, st.binary())
def test_any_bytes_are_read_or_refused(start: bytes, data: bytes) -> None:
    try:
        read = read_library(start + data)
    except BadInput:
        return
    assert read.entries or read.problems
    assert all(is_storable(each.text) for each in read.problems)
    assert all(
        is_storable(text) for each in read.entries for text in (each.title, each.doi or "", *each.authors)
    )
