"""Compile a topic's query for tantivy: what the tree asks for, in the index's words.

Owns the index's fields and how words are compared (case, accents, English endings). ``core/arxiv/query.py``
owns what a query means.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import filterfalse

import tantivy
from tantivy import Filter, Occur, Tokenizer
from tantivy import Query as Compiled

from newsletter.core.arxiv.query import And, AndNot, Field, Query, Term

STEMMED = (Field.TITLE, Field.ABSTRACT)
PLAIN = (Field.AUTHOR, Field.COMMENT, Field.JOURNAL)
CODES = (Field.CATEGORY, Field.ID)
UNSTEMMED = "_words"
"""Suffix of a stemmed field's unstemmed copy: a prefix must be compared with whole words."""

PUBLISHED, CHANGED = "published", "changed"
"""Fields of an index on disk: seconds of version 1's date, and microseconds of ``Paper.changed_at``."""


def _analyzer(*, stemmed: bool) -> tantivy.TextAnalyzer:
    """Return the tokenizer: titles and abstracts are stemmed (English), other fields are not."""
    builder = tantivy.TextAnalyzerBuilder(Tokenizer.simple())
    builder = builder.filter(Filter.lowercase()).filter(Filter.ascii_fold())
    return builder.filter(Filter.stemmer("english")).build() if stemmed else builder.build()


def _schema(*, is_stored: bool = False) -> tantivy.Schema:
    """Return the fields; an index on disk has others after them, so that compiled queries run there too."""
    builder = tantivy.SchemaBuilder()
    # an unsigned field panics on Document(n=…)
    builder.add_integer_field("paper_id", fast=True, indexed=is_stored)
    for field in STEMMED:
        builder.add_text_field(field, tokenizer_name="stemmed")
        builder.add_text_field(f"{field}{UNSTEMMED}", tokenizer_name="plain")
    for field in PLAIN:
        builder.add_text_field(field, tokenizer_name="plain")
    for field in CODES:
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    if is_stored:
        builder.add_integer_field(PUBLISHED, fast=True, indexed=True)
        builder.add_integer_field(CHANGED, fast=True)
    return builder.build()


ANALYZERS = {"stemmed": _analyzer(stemmed=True), "plain": _analyzer(stemmed=False)}
SCHEMA, STORED_SCHEMA = _schema(), _schema(is_stored=True)
"""A query is compiled for the first, and runs on both: their common fields have the same numbers."""


def compiled(query: Query) -> Compiled:
    """Return ``query`` as tantivy runs it; about ten microseconds."""
    if isinstance(query, Term):
        return _term(query)
    if isinstance(query, AndNot):
        keep = Compiled.all_query() if query.keep is None else compiled(query.keep)
        return Compiled.boolean_query([(Occur.Must, keep), (Occur.MustNot, compiled(query.drop))])
    occur = Occur.Must if isinstance(query, And) else Occur.Should
    return Compiled.boolean_query([(occur, compiled(part)) for part in query.parts])


def _term(term: Term) -> Compiled:
    if term.field in CODES:
        return _code(term.field, term.words[0], prefix=term.prefix)
    if term.field is not Field.ALL:
        return _words(term.field, term)
    anywhere = [_words(field, term) for field in (*STEMMED, *PLAIN)]
    if len(term.words) == 1 and not term.prefix:
        anywhere += [_code(field, term.words[0]) for field in CODES]
    return Compiled.boolean_query([(Occur.Should, part) for part in anywhere])


def _words(field: Field, term: Term) -> Compiled:
    analyzer = "stemmed" if field in STEMMED and not term.prefix else "plain"
    tokens = ANALYZERS[analyzer].analyze(bare(" ".join(term.words)))
    if not tokens:
        return Compiled.empty_query()
    if term.prefix:
        return _words_with_prefix(f"{field}{UNSTEMMED}" if field in STEMMED else str(field), tokens)
    if len(tokens) == 1:
        return Compiled.term_query(SCHEMA, field, tokens[0])
    return Compiled.phrase_query(SCHEMA, field, list(tokens))


def _words_with_prefix(field: str, tokens: Sequence[str]) -> Compiled:
    if len(tokens) == 1:
        return _prefix(field, tokens[0])
    # phrase_prefix_query would stop at 50 different words
    return Compiled.regex_phrase_query(SCHEMA, field, [*tokens[:-1], f"{tokens[-1]}.*"])


def _prefix(field: str, start: str) -> Compiled:
    # regex_query finds the same, with the same score, and takes 0.2 ms to compile
    return Compiled.fuzzy_term_query(SCHEMA, field, start, distance=0, prefix=True)


def _code(field: Field, code: str, *, prefix: bool = False) -> Compiled:
    """Match a category or an id without a score: being in cs.CV does not make a paper a better match."""
    lowered = code.lower()
    found = _prefix(field, lowered) if prefix else Compiled.term_query(SCHEMA, field, lowered)
    if prefix and lowered.endswith("."):  # hep-th.* includes hep-th
        archive = Compiled.term_query(SCHEMA, field, lowered.removesuffix("."))
        found = Compiled.boolean_query([(Occur.Should, archive), (Occur.Should, found)])
    return Compiled.const_score_query(found, 0.0)


def bare(text: str) -> str:
    """Strip combining accents: the tokenizer would split a word at one it cannot fold."""
    if text.isascii():
        return text
    return "".join(filterfalse(unicodedata.combining, unicodedata.normalize("NFKD", text)))
