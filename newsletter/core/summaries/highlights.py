"""Highlights: the spans of a quote that carry its claim."""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.core.summaries.normalize import is_cjk
from newsletter.core.summaries.rules.quantities import Span, names, quantities
from newsletter.core.summaries.rules.words import LITTLE_WORDS, STEM

MAX_HIGHLIGHTS = 3

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_CLAUSE = re.compile(r"[^,;:()—–]+")


@dataclass(frozen=True, slots=True)
class _Token:
    span: Span
    carries: bool
    is_empty: bool


def carrying_spans(quote: str, *, claim: str) -> tuple[Span, ...]:
    """Return up to three spans of ``quote``, in order: the longest runs of what ``claim`` repeats of it.

    Where they share no number, name or content word (a claim in another language may not), the clause with
    most content words stands for the quote.
    """
    runs = _runs(_tokens(quote, claim=claim))
    longest = sorted(runs, key=lambda run: (-run[1], run[0]))[:MAX_HIGHLIGHTS]
    spans = tuple(sorted(span for span, _ in longest))
    return spans or _most_telling_clause(quote)


def shares_content(quote: str, *, claim: str) -> bool:
    """Say whether ``quote`` repeats at least one number, name or content word of ``claim``."""
    return any(token.carries for token in _tokens(quote, claim=claim))


def is_chinese(text: str) -> bool:
    """Say whether at least a fifth of the characters are Chinese: the rest may be names and numbers."""
    letters = [character for character in text if not character.isspace()]
    return 5 * sum(map(is_cjk, letters)) >= max(1, len(letters))


def _tokens(quote: str, *, claim: str) -> list[_Token]:
    stated = quantities(claim)
    numbers = [found.span for found in quantities(quote) if any(other.agrees_with(found) for other in stated)]
    named = {name.casefold() for name, _ in names(claim)}
    spans = [span for name, span in names(quote) if name.casefold() in named] + numbers
    stems = {_stem(word) for word in _WORD.findall(claim)} - {""}
    tokens = [_Token(span, carries=True, is_empty=False) for span in spans]
    for match in _WORD.finditer(quote):
        if not any(start < match.end() and match.start() < end for start, end in spans):
            stem = _stem(match.group())
            tokens.append(_Token(match.span(), carries=stem in stems, is_empty=not stem))
    return sorted(tokens, key=lambda token: token.span)


def _stem(word: str) -> str:
    """The beginning of a content word; empty for a stop word and for a bare number."""
    lowered = word.casefold()
    return "" if lowered in LITTLE_WORDS or lowered.isdigit() or len(lowered) < 2 else lowered[:STEM]


def _runs(tokens: list[_Token]) -> list[tuple[Span, int]]:
    """Join neighbours that carry, across empty words between them; each run with how many words carry it."""
    runs: list[tuple[Span, int]] = []
    is_open = False
    for token in tokens:
        if token.carries and is_open:
            (start, _), count = runs[-1]
            runs[-1] = ((start, token.span[1]), count + 1)
        elif token.carries:
            runs.append((token.span, 1))
        is_open = token.carries or (is_open and token.is_empty)
    return runs


def _most_telling_clause(quote: str) -> tuple[Span, ...]:
    clauses = list(_CLAUSE.finditer(quote))
    if not clauses:
        return ()
    best = max(
        clauses,
        key=lambda match: (sum(bool(_stem(word)) for word in _WORD.findall(match.group())), -match.start()),
    )
    text = best.group()
    return ((best.start() + len(text) - len(text.lstrip()), best.start() + len(text.rstrip(" ."))),)
