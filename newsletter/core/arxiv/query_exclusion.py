"""Exclude one wrong paper from a query: ANDNOT the phrase that distinguishes it from the right ones.

Pure: the number of papers a phrase would remove comes from a function (``query_proposal.Search``).
"""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.phrases import Phrase, is_within, phrase_key, phrases
from newsletter.core.arxiv.query import MAX_LENGTH, And, AndNot, Field, Or, Query, Term, parse, to_text
from newsletter.core.arxiv.query_proposal import Search
from newsletter.errors import BadInput

_LOOKED_UP = 60
"""How many of the paper's most frequent phrases are looked up."""
_MAY_COST = 0.2
"""A phrase that removes more than this share of the other matches is worse than excluding the paper's id."""


class NoRoomError(BadInput):
    """The query with one more exclusion would be too long or too deep."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    text: str
    """The new query, at most MAX_LENGTH characters."""
    dropped: Term
    """What follows ANDNOT: a phrase, or the paper's id if no phrase is good enough."""
    lost: frozenset[int]
    """Other matches among the recent papers that it removes too."""


def exclude(text: str, *, wrong: PaperRecord, wrong_id: int, search: Search) -> Exclusion:
    """Exclude ``wrong`` from the query ``text`` with the least loss of other matches.

    ``wrong_id`` is the paper among those that ``search`` returns. Raises BadInput for a query that cannot be
    read, NoRoomError for one that cannot take more.
    """
    query = parse(text)
    others = search(query) - {wrong_id}
    dropped, lost = _best(query, wrong=wrong, wrong_id=wrong_id, others=frozenset(others), search=search)
    return Exclusion(text=_without(text, dropped), dropped=dropped, lost=lost)


def _best(
    query: Query, *, wrong: PaperRecord, wrong_id: int, others: frozenset[int], search: Search
) -> tuple[Term, frozenset[int]]:
    asked = _asked(query)
    usable = [each for each in phrases(wrong).values() if not any(is_within(key, each.key) for key in asked)]
    best: tuple[tuple[float, ...], Phrase, frozenset[int]] | None = None
    for phrase in sorted(usable, key=lambda each: (-each.worth, each.key))[:_LOOKED_UP]:
        found = search(phrase.term)
        lost = others & found
        if wrong_id not in found or len(lost) > _MAY_COST * len(others):
            continue
        rank = (len(lost), -_telling(phrase, elsewhere=len(found - others)))
        if best is None or rank < best[0]:
            best = (rank, phrase, lost)
    if best is None:
        return Term(Field.ID, (wrong.arxiv_id,)), frozenset()
    return best[1].term, best[2]


def _telling(phrase: Phrase, *, elsewhere: int) -> float:
    """How well a phrase names the paper's subject, so that similar papers are excluded too."""
    return phrase.telling * (1.0 if elsewhere > 1 else 0.5)


def _asked(query: Query) -> set[tuple[str, ...]]:
    """Return the query's own phrases: excluding one would leave nothing."""
    if isinstance(query, Term):
        return set() if query.field in (Field.CATEGORY, Field.ID) else {phrase_key(query.words)}
    if isinstance(query, AndNot):
        return set() if query.keep is None else _asked(query.keep)
    return set().union(*(_asked(part) for part in query.parts))


def _without(text: str, dropped: Term) -> str:
    """Write ``text`` ANDNOT ``dropped``; the typed text is kept.

    Operators have one rank, left to right; the parentheses only make that visible. A query that already ends
    in exclusions gets one more there.
    """
    query = parse(text)
    longer = AndNot(query, dropped)
    if isinstance(query, AndNot):
        before = to_text(AndNot(None, query.drop))
        parts = query.drop.parts if isinstance(query.drop, Or) else (query.drop,)
        longer = AndNot(query.keep, Or((*parts, dropped)))
        candidates = [text.removesuffix(before) + to_text(AndNot(None, longer.drop)), to_text(longer)]
    elif isinstance(query, Term | And | Or):
        whole = text if isinstance(query, Term) else f"({text})"
        candidates = [f"{whole} {to_text(AndNot(None, dropped))}", to_text(longer)]
    for candidate in candidates:
        if len(candidate) <= MAX_LENGTH and _means(candidate, longer):
            return candidate
    raise NoRoomError(f"the query has no room for more: shorten it to well under {MAX_LENGTH} characters")


def _means(text: str, query: Query) -> bool:
    try:
        return parse(text) == query
    except BadInput:
        return False
