"""arXiv's query language: text → tree, with errors that point at the character.

The language is that of arXiv's API manual §5.1, read as arXiv's own search reads it:

- ``ti abs au co jr cat id all`` before a colon; no field means ``all``; ``ti:(a OR b)`` spreads the field.
- ``AND``, ``OR``, ``ANDNOT`` in capitals, all of one rank, from left to right: ``a OR b AND c`` is
  ``(a OR b) AND c``. Two terms side by side mean OR, as at arXiv. A leading ANDNOT means all others.
- Between two terms a bare ``and``, ``or``, ``not`` or ``andnot`` in other letters is taken for a slip and
  refused; elsewhere, or in quotes, it is a word like any other.
- ``"two words"`` and ``two_words`` are phrases. ``word*`` matches longer words; within quotes a star is text.
- ``cat:cs.*`` is a whole archive. ``id:2606.14173`` is any version of a paper.

Hand-written: most of the code is good error messages, which no parser library gives.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import NoReturn

from newsletter.core.arxiv.categories import closest
from newsletter.core.arxiv.query_tree import (
    And,
    AndNot,
    Field,
    Or,
    Query,
    Term,
    categories,
    category_code,
    covers,
    to_text,
)
from newsletter.errors import BadInput

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "And",
    "AndNot",
    "Field",
    "Or",
    "Query",
    "Term",
    "categories",
    "covers",
    "parse",
    "parse_stored",
    "point_at",
    "to_text",
]

MAX_LENGTH = 1_000
"""Characters."""
MAX_DEPTH = 20
"""Nested groups."""

_TOKEN = re.compile(r"""(?P<open>\()|(?P<close>\))|(?P<quoted>"[^"]*"?)|(?P<word>[^\s()"]+)""")
_STRAIGHT_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "\N{FULLWIDTH QUOTATION MARK}": '"'})
_WEB_ADDRESS = re.compile(r"\+(AND|OR|ANDNOT)\+|%2[0289]")
_ID = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+/\d{7})(v[1-9]\d*)?", re.IGNORECASE)
_OPERATORS = ("AND", "OR", "ANDNOT")
_SLIPS = {"and": "AND", "or": "OR", "andnot": "ANDNOT", "not": "ANDNOT"}
OTHER_NAMES = {
    "title": "ti",
    "abstract": "abs",
    "author": "au",
    "authors": "au",
    "comment": "co",
    "comments": "co",
    "category": "cat",
    "journal": "jr",
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """``open``, ``close``, ``quoted``, ``word`` or ``end``."""
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_operator(self) -> bool:
        return self.kind == "word" and self.text in _OPERATORS

    @property
    def starts_operand(self) -> bool:
        return self.kind in ("open", "quoted", "word") and not self.is_operator


def parse(text: str, *, known_category: Callable[[str], bool] | None = None) -> Query:
    """Return the tree of ``text``.

    ``known_category`` is asked about every ``cat:``, with a code (``cs.CV``) or a pattern as written
    (``cs.*``). Raises BadInput with ``position``, from 0 to the length of ``text``; messages count from 1.
    """
    if len(text) > MAX_LENGTH:
        _refuse("the query goes on", MAX_LENGTH, f"keep it to {MAX_LENGTH} characters")
    for position, character in enumerate(text):
        if not character.isprintable() and not character.isspace():
            _refuse(f"unusable character U+{ord(character):04X}", position, "remove it")
    if encoded := _WEB_ADDRESS.search(text):
        advice = "write spaces, quotes and parentheses as such"
        _refuse(f"{encoded[0]!r} from a web address", encoded.start(), advice)
    straight = text.translate(_STRAIGHT_QUOTES)
    tokens = [_Token(found.lastgroup or "", found[0], found.start()) for found in _TOKEN.finditer(straight)]
    return _Parser([*tokens, _Token("end", "", len(text))], known_category).whole()


@lru_cache(maxsize=20_000)
def parse_stored(text: str) -> Query:
    """Return the tree of a topic's query, which was checked when it was stored.

    Cached: whenever papers come in, all topics are read.
    """
    return parse(text)


def point_at(text: str, *, error: BadInput) -> str:
    """Return the error's message, and where it has a position, ``text`` with a caret under it."""
    if error.position is None or not text.strip():
        return str(error)
    line = "".join(" " if character.isspace() else character for character in text)
    width = sum(_columns(character) for character in line[: error.position])
    return f"{error}\n  {line}\n  {' ' * width}^"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _refuse(what: str, position: int, advice: str) -> NoReturn:
    raise BadInput(f"{what} at character {position + 1}: {advice}", position=position)


class _Parser:
    """Recursive descent over the tokens; one object parses one query."""

    def __init__(self, tokens: list[_Token], known_category: Callable[[str], bool] | None) -> None:
        self._tokens = tokens
        self._next = 0
        self._nesting = 0
        self._known_category = known_category

    def whole(self) -> Query:
        if self._peek().kind == "end":
            _refuse("the query is empty", 0, 'give something to look for, such as ti:"talking head"')
        query = self._expression(Field.ALL)
        if (token := self._peek()).kind == "close":
            _refuse("')' without '('", token.start, "remove it, or open the group")
        return query

    def _peek(self, ahead: int = 0) -> _Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> _Token:
        token = self._peek()
        self._next += 1
        return token

    def _expression(self, scope: Field) -> Query:
        if self._peek().text == "ANDNOT":
            self._take()
            left: Query = AndNot(None, self._operand(scope))
        else:
            left = self._operand(scope)
        while (token := self._peek()).kind not in ("end", "close"):
            operator = self._operator()
            left = _combine(left, operator, self._operand(scope))
            if _depth(left) > MAX_DEPTH:
                _refuse("groups too deep", token.start, f"use at most {MAX_DEPTH} within one another")
        return left

    def _operator(self) -> str:
        """Take the operator, or leave the next operand alone: side by side means OR."""
        token = self._peek()
        if token.is_operator:
            return self._take().text
        meant = _SLIPS.get(token.text.lower())
        follower = self._peek(1)
        if meant and (follower.starts_operand or follower.is_operator):
            advice = f"write {meant}, or put it in quotes if you look for the word"
            _refuse(f"{token.text!r} is no operator", token.start, advice)
        return "OR"

    def _operand(self, scope: Field) -> Query:
        token = self._take()
        if token.kind == "open":
            return self._group(token, scope)
        if token.kind == "quoted":
            return self._quoted(token, scope)
        if token.kind in ("end", "close") or token.is_operator:
            self._missing(token)
        if token.text == "NOT":
            _refuse("'NOT' is no operator", token.start, "write ANDNOT between two terms, without AND")
        if ":" not in token.text:
            return self._word(token, scope)
        name, _, rest = token.text.partition(":")
        field = _field(name, token.start)
        if rest:
            return self._word(_Token("word", rest, token.start + len(name) + 1), field)
        following = self._peek()
        if following.start != token.end or following.kind not in ("open", "quoted"):
            _refuse(f"nothing after '{name}:'", token.end, "put what to look for right after the colon")
        self._take()
        return self._group(following, field) if following.kind == "open" else self._quoted(following, field)

    def _missing(self, token: _Token) -> NoReturn:
        found = {"end": "the end", "close": "')'"}.get(token.kind, token.text)
        if self._next < 2:
            _refuse(f"nothing before {found}", token.start, "begin with a term")
        before = self._tokens[self._next - 2].text
        _refuse(f"nothing between '{before}' and {found}", token.start, "put a term there")

    def _group(self, token: _Token, scope: Field) -> Query:
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            _refuse("groups too deep", token.start, f"use at most {MAX_DEPTH} within one another")
        query = self._expression(scope)
        if self._peek().kind == "end":
            _refuse("'(' is never closed", token.start, "add ')'")
        self._take()
        self._nesting -= 1
        return query

    def _quoted(self, token: _Token, field: Field) -> Term:
        if len(token.text) < 2 or not token.text.endswith('"'):
            _refuse("a quote is never closed", token.start, 'add "')
        inner = token.text[1:-1]
        if field in (Field.CATEGORY, Field.ID):
            return self._code(inner.strip(), field, token.start + 1)
        _require_letters(inner, token.start)
        return Term(field, tuple(inner.split()))

    def _word(self, token: _Token, field: Field) -> Term:
        text, start = token.text, token.start
        if field in (Field.CATEGORY, Field.ID):
            return self._code(text, field, start)
        if ":" in text:
            _refuse("second ':'", start + text.index(":"), "use one field a term, and quotes around a colon")
        if text[0] in "+-" and len(text) > 1:
            _refuse(f"{text[0]!r} is no operator", start, "write AND or ANDNOT before the term")
        stem = text.removesuffix("*")
        if wild := re.search(r"[*?]", stem):
            advice = "a star may stand at the end of a word only; put plain text in quotes"
            _refuse(f"{wild[0]!r} within a word", start + wild.start(), advice)
        _require_letters(stem, start)
        prefix = stem != text
        if prefix and not re.search(r"[^\W_]{2}$", stem):
            _refuse(f"{text!r} matches too much", start, "give at least two letters before the star")
        return Term(field, tuple(stem.replace("_", " ").split()), prefix=prefix)

    def _code(self, text: str, field: Field, start: int) -> Term:
        if field is Field.ID:
            if not _ID.fullmatch(text):
                _refuse(f"{text!r} is no arXiv id", start, "write it like 2606.14173 or quant-ph/0201082")
            return Term(field, (text.lower(),))
        code = category_code(text)
        if code is None or (self._known_category and not self._known_category(code)):
            meant = closest(text)
            advice = "give a code such as cs.CL or hep-th, or cs.* for a whole archive"
            advice = f"did you mean {meant}? Otherwise {advice}" if meant else advice
            _refuse(f"unknown category {text!r}", start, advice)
        return Term(field, (code.removesuffix("*"),), prefix=code.endswith("*"))


def _field(name: str, start: int) -> Field:
    lowered = name.lower()
    if lowered in set(Field):
        return Field(lowered)
    close = get_close_matches(lowered, OTHER_NAMES, n=1)
    if close:
        advice = f"use {OTHER_NAMES[close[0]]}:"
    elif lowered == "submitteddate":
        advice = "leave dates out; a digest covers the papers since the last one"
    else:
        advice = f"use one of {', '.join(Field)}, or quotes around a colon"
    _refuse(f"unknown field {name!r}", start, advice)


def _require_letters(text: str, start: int) -> None:
    if not any(character.isalnum() for character in text):
        _refuse(f"nothing to look for in {text!r}", start, "give at least one letter or digit")


def _combine(left: Query, operator: str, right: Query) -> Query:
    if operator == "ANDNOT":
        return AndNot(left, right)
    kind = And if operator == "AND" else Or
    return kind((*_parts(left, kind), *_parts(right, kind)))


def _parts(query: Query, kind: type[And] | type[Or]) -> tuple[Query, ...]:
    return query.parts if isinstance(query, kind) else (query,)


def _depth(query: Query) -> int:
    if isinstance(query, Term):
        return 0
    if isinstance(query, AndNot):
        return 1 + max(_depth(query.drop), 0 if query.keep is None else _depth(query.keep))
    return 1 + max(map(_depth, query.parts))
