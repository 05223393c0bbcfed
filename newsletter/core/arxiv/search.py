"""What somebody types into the search: plain words, or a query as topics have it → one tree and dates.

Plain words must all occur, in any order: ``latency "speech translation" au:Nakamura -survey``. With AND, OR,
ANDNOT or a group after a field it is a topic's query and means what it means there. ``date:2026-06`` narrows
either: a year, a month, a day, or two of them with ``..`` between, of the first version (UTC).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

from newsletter.core.arxiv.categories import is_category
from newsletter.core.arxiv.papers import parse_id
from newsletter.core.arxiv.query import OTHER_NAMES, And, AndNot, Field, Or, Query, Term, parse, to_text
from newsletter.core.arxiv.query_tree import terms_of
from newsletter.errors import BadInput

LONGEST = 500
"""Characters of plain words, of a topic's query ``query.MAX_LENGTH``."""
MOST_TERMS = 40
MOST_PREFIXES = 3
SHORTEST_PREFIX = 3
"""Letters before a star: shorter ones stand for too many words of a large index."""

_OPERATORS = ("AND", "OR", "ANDNOT")
_TOKEN = re.compile(r'-?(?:[a-zA-Z]+:)?(?:"[^"]*"?|[^\s"]+)')
_OPERATOR = re.compile(r"\b(?:AND|OR|ANDNOT)\b|[a-z]:\(")
_QUOTED = re.compile(r'"[^"]*"?')
_DATE = re.compile(r"(?<!\S)date:(\S+)\s+AND\b|(?:\bAND\s+)?(?<!\S)date:(\S+)")
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "\N{FULLWIDTH QUOTATION MARK}": '"'})
_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_FIELDS = {name: name for name in Field} | OTHER_NAMES


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase that must occur, as it was typed."""

    text: str
    query: Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    query: Query | None
    """None: only dates narrow it."""
    since: date | None = None
    until: date | None = None
    """Both included."""
    words: tuple[Word, ...] = ()
    """What must occur, where it is not a topic's query."""
    rest: str = ""
    """As typed: what is excluded, and the dates."""

    def without(self, *gone: Word) -> str:
        """Return the text of the same search without some of its words."""
        kept = [each.text for each in self.words if not any(each is word for word in gone)]
        return " ".join([*kept, *([self.rest] if self.rest else [])])

    @property
    def topic_query(self) -> str:
        """Return it as a topic's query, without dates; empty where they are all there is."""
        return "" if self.query is None else to_text(self.query)

    @property
    def any_word(self) -> Query | None:
        """Return what a paper near it has: any of the words that are looked for."""
        return _any_of(self._words())

    @property
    def in_title(self) -> Query | None:
        """Return what makes a match a better one: any of the words that may stand anywhere, in the title."""
        anywhere = (term for term in self._words() if term.field is Field.ALL)
        return _any_of(Term(Field.TITLE, term.words, prefix=term.prefix) for term in anywhere)

    def _words(self) -> list[Term]:
        terms = () if self.query is None else terms_of(self.query)
        return [term for term in terms if term.field in (Field.ALL, Field.TITLE, Field.ABSTRACT)]


def read_search(text: str) -> Search:
    """Return what is searched for. Raises BadInput with what is wrong and what to do."""
    text = " ".join(text.translate(_QUOTES).split())
    if any(not character.isprintable() for character in text):
        raise BadInput("the query holds characters that cannot be printed: type it anew")
    if found := parse_id(text):
        return _checked(Search(query=Term(Field.ID, (found.base,))))
    bare = _QUOTED.sub(lambda quoted: "_" * len(quoted[0]), text)
    return _checked(_topic_query(text) if _OPERATOR.search(bare) else _plain(text))


def _plain(text: str) -> Search:
    if len(text) > LONGEST:
        raise BadInput(f"the query has {len(text):,} characters: keep it to {LONGEST}")
    words, excluded, rest, dates = list[Word](), list[Query](), list[str](), list[str]()
    for token in _TOKEN.findall(text):
        if token.lower().startswith("date:"):
            dates.append(token[5:])
            rest.append(token)
            continue
        is_excluded = token.startswith("-")
        found = list(_words(token.removeprefix("-")))
        if is_excluded:
            excluded += [query for _, query in found]
            rest += [f"-{written}" for written, _ in found]
        else:
            words += [Word(written, query) for written, query in found]
    since, until = _period(dates)
    keep = _all_of([word.query for word in words])
    query = reduce(AndNot, excluded, keep)
    if query is None and not dates:
        raise BadInput("there is nothing to look for: give at least one letter or digit")
    return Search(query=query, since=since, until=until, words=tuple(words), rest=" ".join(rest))


def _words(token: str) -> Iterator[tuple[str, Query]]:
    """Yield what a token asks for; signs alone ask for nothing, and an unknown field is a word."""
    name, colon, value = token.partition(":")
    field = _FIELDS.get(name.lower(), "") if colon and '"' not in name else ""
    if field and not _has_letters(value):
        raise BadInput(f"nothing after '{name}:': put what to look for right after the colon")
    prefix = f"{field}:" if field else ""
    body = value if field else token
    for part in [body] if body.startswith('"') else re.split(r"[:()]", body):
        if _has_letters(part):
            written = f"{prefix}{_quoted(part, is_code=field in (Field.CATEGORY, Field.ID))}"
            yield written, parse(written, known_category=is_category)


def _quoted(body: str, *, is_code: bool) -> str:
    """Close a quote, and quote what the topic language would take for a sign of its own."""
    if body.startswith('"'):
        return body if body.endswith('"') else f'{body}"'
    # A star is left to it: at the end it stands for more letters, elsewhere it is refused.
    is_plain = body.isalnum() and body not in _OPERATORS
    return body if is_code or "*" in body or is_plain else f'"{body}"'


def _has_letters(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _all_of(queries: Sequence[Query]) -> Query | None:
    return And(tuple(queries)) if len(queries) > 1 else next(iter(queries), None)


def _any_of(queries: Iterable[Query]) -> Query | None:
    several = tuple(queries)
    return Or(several) if len(several) > 1 else next(iter(several), None)


def _topic_query(text: str) -> Search:
    dates, kept = list[str](), text
    for found in reversed(list(_DATE.finditer(text))):
        dates.append(found[1] or found[2])
        kept = f"{kept[: found.start()]} {kept[found.end() :]}"
    since, until = _period(dates)
    rest = " ".join(f"date:{each}" for each in dates)
    return Search(query=parse(kept.strip(), known_category=is_category), since=since, until=until, rest=rest)


def _period(dates: Sequence[str]) -> tuple[date | None, date | None]:
    """Return the days that all of these have in common."""
    since, until = None, None
    for written in dates:
        first, dots, last = written.partition("..")
        start = _day(first, written, is_last=False) if first else None
        end = _day(last if dots else first, written, is_last=True) if (last or not dots) else None
        if not (start or end):
            raise _no_date(written)
        since = max(filter(None, (since, start)), default=None)
        until = min(filter(None, (until, end)), default=None)
    return since, until


def _day(text: str, written: str, *, is_last: bool) -> date:
    found = _DAY.fullmatch(text)
    if found is None:
        raise _no_date(written)
    year, month, day = int(found[1]), found[2], found[3]
    try:
        of_year = int(month) if month else (12 if is_last else 1)
        of_month = int(day) if day else (monthrange(year, of_year)[1] if is_last else 1)
        return date(year, of_year, of_month)
    except ValueError:
        raise _no_date(written) from None


def _no_date(written: str) -> BadInput:
    return BadInput(
        f"'date:{written}' is no date: write date:2026, date:2026-06, date:2026-06-17 or two of them with "
        "'..' between"
    )


def _checked(search: Search) -> Search:
    """Refuse what would cost too much."""
    terms = [] if search.query is None else list(terms_of(search.query, with_excluded=True))
    if len(terms) > MOST_TERMS:
        raise BadInput(f"the query has {len(terms):,} terms: keep it to {MOST_TERMS}")
    prefixes = [term for term in terms if term.prefix and term.field is not Field.CATEGORY]
    for term in prefixes:
        if len(term.words[-1]) < SHORTEST_PREFIX:
            raise BadInput(
                f"'{term.words[-1]}*' matches too much: give at least {SHORTEST_PREFIX} letters before "
                "the star"
            )
    if len(prefixes) > MOST_PREFIXES:
        raise BadInput(f"{len(prefixes)} words end in a star: keep it to {MOST_PREFIXES}")
    return search
