"""Find the papers that match a topic's query: an in-memory tantivy index of a batch of papers.

Owns how words are compared (case, accents, English endings). ``core/arxiv/query.py`` owns what a query means;
``topic_spans`` shows which words of a paper matched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import tantivy
from tantivy import Filter, Occur, Tokenizer
from tantivy import Query as Compiled

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import And, AndNot, Field, Query, Term

STEMMED = (Field.TITLE, Field.ABSTRACT)
PLAIN = (Field.AUTHOR, Field.COMMENT, Field.JOURNAL)
_CODES = (Field.CATEGORY, Field.ID)
_UNSTEMMED = "_words"
"""Suffix of a stemmed field's unstemmed copy: a prefix must be compared with whole words."""
_WRITER_BYTES = 15_000_000  # the least that tantivy takes


@dataclass(frozen=True, slots=True)
class Match:
    paper_id: int
    """The database id that came with the paper."""
    score: float
    """Orders the papers of one query; says nothing between queries."""


class TopicIndex:
    """An index of ``papers``, each with its database id; it does not change once built."""

    def __init__(self, papers: Sequence[tuple[int, PaperRecord]]) -> None:
        self._published = {paper_id: record.published_at.timestamp() for paper_id, record in papers}
        self._analyzers = {"stemmed": word_analyzer(stemmed=True), "plain": word_analyzer(stemmed=False)}
        self._schema = _schema()
        index = tantivy.Index(self._schema)
        for name, analyzer in self._analyzers.items():
            index.register_tokenizer(name, analyzer)
        writer = index.writer(_WRITER_BYTES, num_threads=1)
        for paper_id, record in papers:
            writer.add_document(_document(paper_id, record))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()

    def search(self, query: Query) -> list[Match]:
        """Return every paper that matches: best first, then newest, then by id."""
        matches = [Match(paper_id=number, score=score) for number, score in self._hits(query)]
        return sorted(matches, key=lambda hit: (-hit.score, -self._published[hit.paper_id], hit.paper_id))

    def find(self, query: Query) -> frozenset[int]:
        """Return the ids of every paper that matches, unordered."""
        return frozenset(number for number, _ in self._hits(query))

    def _hits(self, query: Query) -> list[tuple[int, float]]:
        limit = max(1, len(self._published))  # tantivy panics at 0
        hits = self._searcher.search(self._compile(query), limit=limit, count=False).hits
        ids = self._searcher.fast_field_values("paper_id", [address for _, address in hits])
        return [
            (int(number), score) for (score, _), number in zip(hits, ids, strict=True) if number is not None
        ]

    def _compile(self, query: Query) -> Compiled:
        if isinstance(query, Term):
            return self._term(query)
        if isinstance(query, AndNot):
            keep = Compiled.all_query() if query.keep is None else self._compile(query.keep)
            return Compiled.boolean_query([(Occur.Must, keep), (Occur.MustNot, self._compile(query.drop))])
        occur = Occur.Must if isinstance(query, And) else Occur.Should
        return Compiled.boolean_query([(occur, self._compile(part)) for part in query.parts])

    def _term(self, term: Term) -> Compiled:
        if term.field in _CODES:
            return self._code(term.field, term.words[0], prefix=term.prefix)
        if term.field is not Field.ALL:
            return self._words(term.field, term)
        anywhere = [self._words(field, term) for field in (*STEMMED, *PLAIN)]
        if len(term.words) == 1 and not term.prefix:
            anywhere += [self._code(field, term.words[0]) for field in _CODES]
        return Compiled.boolean_query([(Occur.Should, part) for part in anywhere])

    def _words(self, field: Field, term: Term) -> Compiled:
        analyzer = "stemmed" if field in STEMMED and not term.prefix else "plain"
        tokens = self._analyzers[analyzer].analyze(bare(" ".join(term.words)))
        if not tokens:
            return Compiled.empty_query()
        if term.prefix:
            return self._prefix(f"{field}{_UNSTEMMED}" if field in STEMMED else str(field), tokens)
        if len(tokens) == 1:
            return Compiled.term_query(self._schema, field, tokens[0])
        return Compiled.phrase_query(self._schema, field, list(tokens))

    def _prefix(self, field: str, tokens: Sequence[str]) -> Compiled:
        # phrase_prefix_query would stop at 50 different words
        patterns = [*tokens[:-1], f"{tokens[-1]}.*"]
        if len(patterns) == 1:
            return Compiled.regex_query(self._schema, field, patterns[0])
        return Compiled.regex_phrase_query(self._schema, field, list(patterns))

    def _code(self, field: Field, code: str, *, prefix: bool = False) -> Compiled:
        """Match a category or an id without a score: being in cs.CV does not make a paper a better match."""
        lowered = code.lower()
        if not prefix:
            found = Compiled.term_query(self._schema, field, lowered)
        else:
            ending = r"(\..*)?" if lowered.endswith(".") else ".*"
            pattern = re.escape(lowered.removesuffix(".")) + ending
            found = Compiled.regex_query(self._schema, field, pattern)
        return Compiled.const_score_query(found, 0.0)


def word_analyzer(*, stemmed: bool) -> tantivy.TextAnalyzer:
    """Return the tokenizer: titles and abstracts are stemmed (English), other fields are not."""
    builder = tantivy.TextAnalyzerBuilder(Tokenizer.simple())
    builder = builder.filter(Filter.lowercase()).filter(Filter.ascii_fold())
    return builder.filter(Filter.stemmer("english")).build() if stemmed else builder.build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # an unsigned field panics on Document(n=…)
    builder.add_integer_field("paper_id", fast=True)
    for field in STEMMED:
        builder.add_text_field(field, tokenizer_name="stemmed")
        builder.add_text_field(f"{field}{_UNSTEMMED}", tokenizer_name="plain")
    for field in PLAIN:
        builder.add_text_field(field, tokenizer_name="plain")
    for field in _CODES:
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _document(paper_id: int, record: PaperRecord) -> tantivy.Document:
    document = tantivy.Document()
    document.add_integer("paper_id", paper_id)
    for field, text in ((Field.TITLE, record.title), (Field.ABSTRACT, record.abstract)):
        document.add_text(field, bare(text))
        document.add_text(f"{field}{_UNSTEMMED}", bare(text))
    for author in record.authors:
        # one value an author: tantivy leaves a gap between values, so no phrase runs across two
        document.add_text(Field.AUTHOR, bare(author))
    document.add_text(Field.COMMENT, bare(record.comment))
    document.add_text(Field.JOURNAL, bare(record.journal_ref))
    for category in record.categories:
        document.add_text(Field.CATEGORY, category.lower())
    for name in (record.arxiv_id, record.versioned_id):
        document.add_text(Field.ID, name.lower())
    return document


def bare(text: str) -> str:
    """Strip combining accents: the tokenizer would split a word at one it cannot fold."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
