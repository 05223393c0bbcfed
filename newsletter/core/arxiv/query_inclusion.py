"""Include one missed paper in a query: OR a phrase that it shares with others nearby.

Pure: which papers a query finds comes from a function (``query_proposal.Search``).
"""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.core.arxiv.nearness import Near
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.phrases import phrases
from newsletter.core.arxiv.query import MAX_LENGTH, And, AndNot, Field, Or, Query, Term, parse, to_text
from newsletter.core.arxiv.query_exclusion import NoRoomError
from newsletter.core.arxiv.query_proposal import Search
from newsletter.errors import BadInput

_TRIED = 60
"""How many of the paper's most frequent phrases are tried."""


@dataclass(frozen=True, slots=True)
class Inclusion:
    text: str
    """The new query, at most MAX_LENGTH characters."""
    added: Term
    gained: frozenset[int]
    """Other recent papers that it finds too."""


def include(
    text: str, *, wanted: PaperRecord, wanted_id: int, near: Near, search: Search
) -> Inclusion | None:
    """Add to the query ``text`` the phrase of ``wanted`` that brings in most of what is near, and least else.

    ``wanted_id`` is the paper among those that ``search`` returns. None where the query finds it already, or
    the paper has no phrase. Raises BadInput for a query that cannot be read, NoRoomError for one that cannot
    take more.
    """
    query = parse(text)
    known = frozenset(search(query))
    if wanted_id in known:
        return None
    area = Term(Field.CATEGORY, (wanted.primary_category,))
    best: tuple[tuple[bool, bool, float, float], Query, Inclusion] | None = None
    for phrase in sorted(phrases(wanted).values(), key=lambda each: (-each.worth, each.key))[:_TRIED]:
        with_phrase = frozenset(search(phrase.term)) - {wanted_id}
        longer = _with(query, phrase.term)
        if wanted_id not in (found := search(longer)):
            longer = Or((*_parts(query), And((area, phrase.term))))
            found = search(longer)
        if wanted_id not in found:
            continue
        gained = frozenset(found) - known - {wanted_id}
        is_near = any(near.gain([paper]) > 0 for paper in with_phrase)
        rank = (is_near, bool(with_phrase), near.gain(gained), phrase.telling)
        if best is None or rank > best[0]:
            best = rank, longer, Inclusion(to_text(longer), phrase.term, gained)
    if best is None:
        return None
    _check_room(*best[1:])
    return best[2]


def _check_room(query: Query, found: Inclusion) -> None:
    if len(found.text) <= MAX_LENGTH:
        try:
            if parse(found.text) == query:
                return
        except BadInput:
            pass  # too deep
    raise NoRoomError(f"the query has no room for more: shorten it to well under {MAX_LENGTH} characters")


def _with(query: Query, term: Term) -> Query:
    """Put ``term`` beside the other phrases, within the same categories and exclusions if there are any."""
    if isinstance(query, AndNot) and query.keep is not None:
        return AndNot(_with(query.keep, term), query.drop)
    if isinstance(query, And):
        phrased = [part for part in query.parts if not _is_area(part)]
        if len(phrased) == 1 and len(query.parts) > 1:
            areas = [part for part in query.parts if _is_area(part)]
            return And((*areas, Or((*_parts(phrased[0]), term))))
    return Or((*_parts(query), term))


def _parts(query: Query) -> tuple[Query, ...]:
    return query.parts if isinstance(query, Or) else (query,)


def _is_area(query: Query) -> bool:
    if isinstance(query, Term):
        return query.field is Field.CATEGORY
    return isinstance(query, Or) and all(map(_is_area, query.parts))
