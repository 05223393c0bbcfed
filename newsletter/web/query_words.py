"""A topic's query in words: what it looks for, roughly. The exact query stands beside it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext, ngettext

from newsletter.core.arxiv.query import And, AndNot, Field, Or, Query, Term, parse_stored
from newsletter.core.arxiv.query_tree import categories, terms_of
from newsletter.web.pages import current_language, sentence_gap

MOST, MOST_LEFT_OUT = 4, 3
"""Words that are named; of the others only how many."""
MOST_CODES, FIRST_CODES = 4, 3
LONGEST = 120
"""Characters of what is said at first."""


def query_in_words(text: str) -> tuple[str, str]:
    """Return what the query looks for, and what else is to be said where that makes it too long."""
    query = parse_stored(text)
    keep, drop = (query.keep, query.drop) if isinstance(query, AndNot) else (query, None)
    found = _found(keep, codes=_codes(sorted(categories(query) or ())))
    left_out = _several([_term(term) for term in terms_of(drop)], most=MOST_LEFT_OUT) if drop else ""
    if not left_out:
        return found, ""
    left_out = gettext("Left out: %(words)s.") % {"words": left_out}
    whole = sentence_gap(current_language()).join((found, left_out))
    return (whole, "") if len(whole) <= LONGEST else (found, left_out)


def _codes(names: Sequence[str]) -> str:
    if len(names) > MOST_CODES:
        return f"{_comma().join(names[:FIRST_CODES])} …"
    return _any_of(names)


def _found(keep: Query | None, *, codes: str) -> str:
    terms = [term for term in terms_of(keep) if term.field is not Field.CATEGORY]
    if not terms:
        return (
            gettext("All papers in %(codes)s.") % {"codes": codes}
            if codes
            else gettext("All papers of arXiv.")
        )
    words = {"codes": codes, "words": _exactly(keep) or _such_as(terms)}
    match codes, {term.field for term in terms}:
        case "", _:
            return gettext("Papers with %(words)s.") % words
        case _, fields if fields == {Field.TITLE}:
            return gettext("Papers in %(codes)s whose title has %(words)s.") % words
        case _, fields if fields == {Field.ABSTRACT}:
            return gettext("Papers in %(codes)s whose abstract has %(words)s.") % words
        case _:
            return gettext("Papers in %(codes)s with %(words)s.") % words


def _exactly(keep: Query | None) -> str:
    """Return what must be said, where that is a few words; else nothing."""
    parts = keep.parts if isinstance(keep, And) else (keep,)
    said = []
    for part in parts:
        options = part.parts if isinstance(part, Or) else (part,)
        terms = [each for each in options if isinstance(each, Term)]
        if len(terms) < len(options):
            return ""
        if all(term.field is Field.CATEGORY for term in terms):
            continue
        if len(terms) > MOST or any(term.field is Field.CATEGORY for term in terms):
            return ""
        said.append(_any_of([_term(term) for term in terms]))
    return _all_of(said) if len(said) < 3 else ""


def _such_as(terms: Sequence[Term]) -> str:
    return gettext("words such as %(words)s") % {
        "words": _several([_term(term) for term in terms], most=MOST)
    }


def _term(term: Term) -> str:
    words = " ".join(term.words)
    if term.field is Field.AUTHOR:
        return gettext("the author %(name)s") % {"name": words}
    if term.field in (Field.CATEGORY, Field.ID):
        return words + "*" * term.prefix
    return gettext("“%(words)s”") % {"words": f"{words}…" if term.prefix else words}


def _several(names: Sequence[str], *, most: int) -> str:
    """Return the first names, and how many more there are."""
    names = list(dict.fromkeys(names))
    more = len(names) - most
    if more < 2:
        return _all_of(names)
    others = ngettext("%(num)s more", "%(num)s more", more) % {"num": more}
    return _all_of([*names[:most], others])


def _any_of(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return gettext("%(first)s or %(last)s") % {"first": _comma().join(names[:-1]), "last": names[-1]}


def _all_of(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return gettext("%(first)s and %(last)s") % {"first": _comma().join(names[:-1]), "last": names[-1]}


def _comma() -> str:
    return gettext(", ")
