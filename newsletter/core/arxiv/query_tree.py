"""What a topic's query means: the tree, its text, and the categories it requires.

``core.arxiv.query`` makes trees from text; ``adapters.infra.topic_index`` finds the papers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Field(StrEnum):
    """arXiv's field prefixes (API manual §5.1). ``rn`` is missing: report numbers are not kept."""

    ALL = "all"
    TITLE = "ti"
    ABSTRACT = "abs"
    AUTHOR = "au"
    COMMENT = "co"
    JOURNAL = "jr"
    CATEGORY = "cat"
    ID = "id"


@dataclass(frozen=True, slots=True)
class Term:
    """One word, phrase, category or id that a field must hold."""

    field: Field
    words: tuple[str, ...]
    """As typed; several make a phrase. A category or an id is one word, in arXiv's spelling."""
    prefix: bool = False
    """Whether the last word may go on: ``transf*``. The star is not part of the word."""


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Query, ...]
    """Two or more, none of them an And."""


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Query, ...]
    """Two or more, none of them an Or."""


@dataclass(frozen=True, slots=True)
class AndNot:
    keep: Query | None
    """None stands for every paper."""
    drop: Query


Query: TypeAlias = Term | And | Or | AndNot


def terms_of(query: Query | None, *, with_excluded: bool = False) -> Iterator[Term]:
    """Yield the terms of a query in order: those that a paper may have, or also those that are left out."""
    if isinstance(query, Term):
        yield query
    elif query is not None:
        drop = query.drop if isinstance(query, AndNot) and with_excluded else None
        parts = (query.keep, drop) if isinstance(query, AndNot) else query.parts
        for part in parts:
            yield from terms_of(part, with_excluded=with_excluded)


_BARE_WORD = re.compile(r"[^\s()\":*?_+-][^\s()\":*?_]*")
_OPERATOR_LIKE = re.compile(r"and|or|not|andnot", re.IGNORECASE)
_CATEGORY = re.compile(r"([a-z-]+)(?:\.([a-z-]+))?", re.IGNORECASE)
_CATEGORY_PATTERN = re.compile(r"[a-z-]+(\.[a-z-]*)?", re.IGNORECASE)


def to_text(query: Query) -> str:
    """Write ``query`` in arXiv's language, so that parsing the text gives an equal tree.

    Every inner group has its parentheses, and a field that all terms of a group share stands before it.
    The text can be longer than the typed query: store the typed one.
    """
    return _text(query, scope=Field.ALL, inner=False)


def _text(query: Query, *, scope: Field, inner: bool) -> str:
    if isinstance(query, Term):
        return _term_text(query, scope=scope)
    fields = _fields(query)
    if len(fields) == 1 and fields != {scope}:
        (field,) = fields
        return f"{field}:({_group_text(query, scope=field)})"
    text = _group_text(query, scope=scope)
    return f"({text})" if inner else text


def _group_text(query: And | Or | AndNot, *, scope: Field) -> str:
    if isinstance(query, AndNot):
        keep = "" if query.keep is None else f"{_text(query.keep, scope=scope, inner=True)} "
        return f"{keep}ANDNOT {_text(query.drop, scope=scope, inner=True)}"
    operator = " AND " if isinstance(query, And) else " OR "
    return operator.join(_text(part, scope=scope, inner=True) for part in query.parts)


def _fields(query: Query) -> set[Field]:
    if isinstance(query, Term):
        return {query.field}
    if isinstance(query, AndNot):
        return _fields(query.drop) | (set() if query.keep is None else _fields(query.keep))
    return set().union(*(_fields(part) for part in query.parts))


def _term_text(term: Term, *, scope: Field) -> str:
    field = "" if term.field == scope else f"{term.field}:"
    if term.prefix:
        return f"{field}{'_'.join(term.words)}*"
    (first, *others) = term.words
    if not others and _BARE_WORD.fullmatch(first) and not _OPERATOR_LIKE.fullmatch(first):
        return f"{field}{first}"
    return f'{field}"{" ".join(term.words)}"'


def categories(query: Query) -> frozenset[str] | None:
    """Return categories of which every matching paper has at least one; None if all of arXiv is asked for.

    A category may be a pattern (``cs.*``), see ``covers``. An empty set means that nothing can match.
    Of several sets that would all do (``cat:cs.* AND cat:cs.CV``), it is the narrowest.
    """
    if isinstance(query, Term):
        return frozenset({category_of(query)}) if query.field is Field.CATEGORY else None
    if isinstance(query, AndNot):
        required = None if query.keep is None else categories(query.keep)
        if required is None:
            return None
        dropped = _excluded(query.drop)
        return frozenset(code for code in required if not any(covers(gone, code) for gone in dropped))
    sets = [categories(part) for part in query.parts]
    if isinstance(query, And):
        return min((codes for codes in sets if codes is not None), key=_breadth, default=None)
    found: frozenset[str] = frozenset()
    for codes in sets:
        if codes is None:
            return None
        found |= codes
    return found


def category_of(term: Term) -> str:
    """Return the category or pattern that a ``cat:`` term asks for."""
    return term.words[0] + "*" * term.prefix


def category_code(text: str) -> str | None:
    """Return the code or pattern in arXiv's letters (``CS.cv`` is ``cs.CV``), None if it cannot be one."""
    if text.endswith("*"):
        stem = text[:-1]
        archive, dot, subject = stem.partition(".")
        return f"{archive.lower()}{dot}{subject}*" if _CATEGORY_PATTERN.fullmatch(stem) else None
    match = _CATEGORY.fullmatch(text)
    if not match:
        return None
    archive, subject = match[1].lower(), match[2]
    if subject is None:
        return archive
    return f"{archive}.{subject.upper() if len(subject) == 2 else subject.lower()}"


def covers(pattern: str, category: str) -> bool:
    """Say whether ``pattern`` (``cs.CV``, ``cs.*``, ``astro-ph*``) includes ``category`` (code or pattern).

    An archive without subjects belongs to its own pattern: ``hep-th.*`` includes ``hep-th``.
    """
    wanted, given = pattern.lower(), category.lower()
    if not wanted.endswith("*"):
        return wanted == given
    return given.startswith(wanted[:-1]) or given == wanted.removesuffix(".*")


def _excluded(query: Query) -> frozenset[str]:
    """Return categories each of which alone makes ``query`` match."""
    if isinstance(query, Term) and query.field is Field.CATEGORY:
        return frozenset({category_of(query)})
    if isinstance(query, Or):
        return frozenset().union(*(_excluded(part) for part in query.parts))
    return frozenset()


def _breadth(codes: frozenset[str]) -> tuple[int, int, list[str]]:
    return (sum(code.endswith("*") for code in codes), len(codes), sorted(codes))
