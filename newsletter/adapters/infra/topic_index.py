"""Find the papers that match a topic's query: an in-memory tantivy index of a batch of papers.

``topic_query`` compiles the query; ``topic_spans`` shows which words of a paper matched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import tantivy

from newsletter.adapters.infra.topic_query import ANALYZERS, SCHEMA, UNSTEMMED, bare, compiled
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import Field, Query

_WRITER_BYTES = 15_000_000  # the least that tantivy takes


class Match(NamedTuple):
    paper_id: int
    """The database id that came with the paper."""
    score: float
    """Orders the papers of one query; says nothing between queries."""


class TopicIndex:
    """An index of ``papers``, each with its database id; it does not change once built."""

    def __init__(self, papers: Sequence[tuple[int, PaperRecord]]) -> None:
        self._published = {paper_id: record.published_at.timestamp() for paper_id, record in papers}
        index = tantivy.Index(SCHEMA)
        for name, analyzer in ANALYZERS.items():
            index.register_tokenizer(name, analyzer)
        writer = index.writer(_WRITER_BYTES, num_threads=1)
        for paper_id, record in papers:
            writer.add_document(document_of(paper_id, record))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()

    def search(self, query: Query) -> list[Match]:
        """Return every paper that matches: best first, then newest, then by id."""
        matches = self._hits(query)
        return sorted(matches, key=lambda hit: (-hit.score, -self._published[hit.paper_id], hit.paper_id))

    def find(self, query: Query) -> frozenset[int]:
        """Return the ids of every paper that matches, unordered."""
        return frozenset(hit.paper_id for hit in self._hits(query))

    def _hits(self, query: Query) -> list[Match]:
        limit = max(1, len(self._published))  # tantivy panics at 0
        hits = self._searcher.search(compiled(query), limit=limit, count=False).hits
        ids = self._searcher.fast_field_values("paper_id", [address for _, address in hits])
        return [
            Match(int(number), score)
            for (score, _), number in zip(hits, ids, strict=True)
            if number is not None
        ]


def document_of(paper_id: int, record: PaperRecord) -> tantivy.Document:
    """Return a paper as every index has it."""
    document = tantivy.Document()
    document.add_integer("paper_id", paper_id)
    for field, text in ((Field.TITLE, bare(record.title)), (Field.ABSTRACT, bare(record.abstract))):
        document.add_text(field, text)
        document.add_text(f"{field}{UNSTEMMED}", text)
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
