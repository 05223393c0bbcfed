"""A query in English words, for who wrote it: what is read may not be what was meant."""

from __future__ import annotations

from newsletter.core.arxiv.query_tree import And, AndNot, Field, Or, Query, Term

_WHERE = {
    Field.ALL: "that say {} anywhere",
    Field.TITLE: "with {} in the title",
    Field.ABSTRACT: "with {} in the abstract",
    Field.AUTHOR: "by an author named {}",
    Field.COMMENT: "with {} in the comments",
    Field.JOURNAL: "with {} in the journal reference",
    Field.CATEGORY: "in {}",
    Field.ID: "with the id {}",
}


def in_words(query: Query) -> str:
    """Return what follows "papers": ``in cs.CV and with “lip sync” in the title``.

    A star is an ellipsis: any ending. A group inside another has parentheses.
    """
    return _words(query, is_inner=False)


def _words(query: Query, *, is_inner: bool) -> str:
    if isinstance(query, Term):
        return _WHERE[query.field].format(_term(query))
    if not isinstance(query, AndNot) and (field := _one_field(query)) is not None:
        terms = [_term(part) for part in query.parts if isinstance(part, Term)]
        return _WHERE[field].format(_joined(query, terms))
    if isinstance(query, AndNot):
        keep = "of any kind" if query.keep is None else _words(query.keep, is_inner=True)
        said = f"{keep}, but not those {_words(query.drop, is_inner=True)}"
    else:
        said = _joined(query, [_words(part, is_inner=True) for part in query.parts])
    return f"({said})" if is_inner else said


def _joined(query: And | Or, parts: list[str]) -> str:
    word = "and" if isinstance(query, And) else "or"
    return f" {word} ".join(parts)


def _one_field(query: And | Or) -> Field | None:
    """Return the field of a group that consists of terms of one field."""
    fields = {part.field if isinstance(part, Term) else None for part in query.parts}
    return fields.pop() if len(fields) == 1 else None


def _term(term: Term) -> str:
    words = " ".join(term.words)
    if term.field is Field.CATEGORY:
        return f"any category of {words.rstrip('.')}" if term.prefix else words
    return words if term.field is Field.ID else f"“{words}{'…' if term.prefix else ''}”"
