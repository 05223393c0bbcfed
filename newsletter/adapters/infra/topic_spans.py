"""Which words of a paper a query matched: the spans that a page marks as the reason.

Words are compared by the analyzers of ``topic_index``, so the highlights are what the index found. Handles
one paper and one query at a time, without an index.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from newsletter.adapters.infra.topic_query import ANALYZERS, PLAIN, STEMMED, bare
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import And, AndNot, Field, Query, Term, covers
from newsletter.core.arxiv.query_tree import category_of

Span = tuple[int, int]
"""From a character of the text to before another."""
Place = tuple[Field, int]
"""A field, and which of its values: authors are several."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Which parts of a paper matched; empty for a query that only excludes. Spans never overlap."""

    spans: dict[Place, tuple[Span, ...]] = field(default_factory=dict)
    categories: frozenset[str] = frozenset()
    """The paper's categories that the query names."""
    names_id: bool = False
    """Whether the query names this very paper."""

    def of(self, name: Field, number: int = 0) -> tuple[Span, ...]:
        return self.spans.get((name, number), ())


def explain(query: Query, *, record: PaperRecord) -> Reasons | None:
    """Return what of ``record`` matches ``query``, or None if it does not match.

    In ``a OR (b AND c)`` only the part that matches is a reason; nothing after ANDNOT is.
    """
    found = _Subscriber(record).holds(query)
    if found is None:
        return None
    spans: dict[Place, set[Span]] = defaultdict(set)
    for each in found:
        if isinstance(each, _Words):
            spans[each.place].add(each.span)
    return Reasons(
        spans={place: tuple(_merged(sorted(several))) for place, several in spans.items()},
        categories=frozenset(each for each in found if isinstance(each, str)),
        names_id=None in found,
    )


@dataclass(frozen=True, slots=True)
class _Words:
    place: Place
    span: Span


_Found = set[_Words | str | None]
"""Matched words, categories, and None for the id."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text's words as they are compared, with their spans in the original."""

    words: list[str]
    spans: list[Span]


class _Subscriber:
    """Reads one paper; every field is tokenized once."""

    def __init__(self, record: PaperRecord) -> None:
        self._record = record
        self._read: dict[tuple[Field, bool], list[_Text]] = {}

    def holds(self, query: Query) -> _Found | None:
        if isinstance(query, Term):
            return self._term(query) or None
        if isinstance(query, AndNot):
            if self.holds(query.drop) is not None:
                return None
            return set() if query.keep is None else self.holds(query.keep)
        parts = [self.holds(part) for part in query.parts]
        held = [part for part in parts if part is not None]
        enough = len(held) == len(parts) if isinstance(query, And) else bool(held)
        return set().union(*held) if enough else None

    def _term(self, term: Term) -> _Found:
        if term.field is Field.CATEGORY:
            pattern = category_of(term)
            return {code for code in self._record.categories if covers(pattern, code)}
        if term.field is Field.ID:
            return {None} if self._is_named(term.words[0]) else set()
        if term.field is not Field.ALL:
            return set(self._words(term.field, term))
        found: _Found = {words for name in (*STEMMED, *PLAIN) for words in self._words(name, term)}
        if len(term.words) == 1 and not term.prefix:
            (word,) = term.words
            found |= {code for code in self._record.categories if code.lower() == word.lower()}
            found |= {None} if self._is_named(word) else set()
        return found

    def _is_named(self, text: str) -> bool:
        return text.lower() in (self._record.arxiv_id.lower(), self._record.versioned_id.lower())

    def _words(self, name: Field, term: Term) -> Iterator[_Words]:
        """Yield each place where the term's words follow each other."""
        stemmed = name in STEMMED and not term.prefix
        wanted = [word for text in term.words for word in _analyzed(bare(text), stemmed=stemmed)]
        if not wanted:
            return
        for number, text in enumerate(self._values(name, stemmed=stemmed)):
            for start in _starts(text.words, wanted, prefix=term.prefix):
                last = start + len(wanted) - 1
                yield _Words((name, number), (text.spans[start][0], text.spans[last][1]))

    def _values(self, name: Field, *, stemmed: bool) -> list[_Text]:
        key = (name, stemmed)
        if key not in self._read:
            self._read[key] = [_read(text, stemmed=stemmed) for text in self._texts(name)]
        return self._read[key]

    def _texts(self, name: Field) -> Sequence[str]:
        if name is Field.AUTHOR:
            return self._record.authors
        texts = {
            Field.TITLE: self._record.title,
            Field.ABSTRACT: self._record.abstract,
            Field.COMMENT: self._record.comment,
            Field.JOURNAL: self._record.journal_ref,
        }
        return (texts[name],)


def _starts(words: list[str], wanted: list[str], *, prefix: bool) -> Iterator[int]:
    """Yield where in ``words`` the wanted ones follow each other; a prefix may match the last."""
    *before, last = wanted
    for end, word in enumerate(words):
        if word == last or (prefix and word.startswith(last)):
            start = end - len(before)
            if start >= 0 and words[start:end] == before:
                yield start


_WORD = re.compile(r"[^\W_]+")


def _read(text: str, *, stemmed: bool) -> _Text:
    normalized, origins = _normalized(text)
    read = _Text([], [])
    for match in _WORD.finditer(normalized):
        start, end = match.span()
        for word in _analyzed(match.group(), stemmed=stemmed):
            read.words.append(word)
            read.spans.append((origins[start], origins[end - 1] + 1))
    return read


def _normalized(text: str) -> tuple[str, Sequence[int]]:
    """Return ``bare(text)``, and for each of its characters the one of ``text`` it came from."""
    if text.isascii():
        return text, range(len(text))
    bare_characters = [bare(character) for character in text]
    origins = [position for position, bare_character in enumerate(bare_characters) for _ in bare_character]
    return "".join(bare_characters), origins


@lru_cache(maxsize=20_000)
def _analyzed(text: str, *, stemmed: bool) -> tuple[str, ...]:
    return tuple(ANALYZERS["stemmed" if stemmed else "plain"].analyze(text))


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Join spans, in order, that overlap."""
    start, end = -1, -1
    for left, right in spans:
        if left >= end:
            if end > start:
                yield start, end
            start = left
        end = max(end, right)
    if end > start:
        yield start, end
