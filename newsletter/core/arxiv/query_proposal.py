"""Propose a topic's query from example papers, a sentence, or both.

Pure: recent papers are searched through a function (``Search``), and those that resemble what was given come
as ``Near``. ``phrases.py`` finds the phrases. A person edits the proposal; every phrase comes with its
reason. The constants are from ``benchmarks/describe.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import combinations

from newsletter.core.arxiv.distinctive import distinctive, shared
from newsletter.core.arxiv.nearness import Near
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.phrases import Phrase, is_within, phrases, phrases_of, says_something
from newsletter.core.arxiv.query import MAX_LENGTH, And, Field, Or, Query, Term, to_text

MAX_PAPERS = 20
MAX_PHRASES = 8
MAX_CATEGORIES = 4

Key = tuple[str, ...]
"""Of a phrase: its stems."""
Search = Callable[[Query], Set[int]]
"""Query → the ids of the recent papers that match it."""

_TIMES = 10
"""So many times more frequent among examples than in their categories is a word that tells them apart."""
_SMALL = 25
"""Times fewer are enough where the categories have fewer than ten times so many papers a week."""
_FEWEST_TIMES = 2
_BELIEVED = 50
"""What all papers say counts as so many of the categories' own: a young service has few."""
_NEW_EXAMPLE = 1.0
"""What finding one more of the examples is worth, in wanted papers."""
_TERM_COSTS = 0.3
"""The same for each term: a query is read by a person."""
_MOST = 0.75
"""What this share of the examples have says how broad their topic is; of fewer than three, nothing does."""
_UNKNOWN_BREADTH = 30
"""Papers a week."""
_COMMON = 0.05
"""What a larger share of all papers says is used together with something else only."""
_MOST_SAID = 40
"""Phrases of a sentence that are paired: the rarest ones."""
_MOSTLY = 0.7
"""A word that so often stands in a longer phrase of the sentence is not used without it."""
_NARROWS = 0.8
"""Two phrases are paired if the pair has at most this share of what either has."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A phrase of the proposal, or two that must both occur, and why it is there."""

    text: str
    in_given: int
    """How many of the given papers have it."""
    in_recent: int
    """How many recent papers of the categories have it, the given ones apart."""


@dataclass(frozen=True, slots=True)
class Proposal:
    query: Query
    text: str
    """In arXiv's language, at most MAX_LENGTH characters."""
    categories: tuple[str, ...]
    phrases: tuple[Telling, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    query: Query
    """A phrase, or two that must both occur."""
    examples: frozenset[int]
    """The given papers that have it."""
    recent: frozenset[int]
    """The recent papers of the categories that have it."""
    terms: int = 1

    @property
    def text(self) -> str:
        return to_text(self.query).strip('"') if self.terms == 1 else to_text(self.query)


def propose(
    given: Mapping[int, PaperRecord],
    *,
    sentence: str = "",
    categories: Collection[str] = (),
    near: Near,
    search: Search,
    share: Callable[[Key], float],
) -> Proposal | None:
    """Propose a query for papers (id → paper), a sentence, and categories that were named beside them.

    ``share``: in what share of all papers a phrase occurs. The given papers may be among the recent ones. Of
    papers, phrases are used that several share; of a sentence, its own. None where there is nothing to ask
    for.
    """
    codes = _categories(given.values(), named=categories) or near.categories
    if not codes:
        return None
    areas = _any([_category(code) for code in codes])
    looked_up = _LookUp(given, area=frozenset(search(areas)), search=search, share=share)
    found = looked_up.shared(weeks=near.weeks)
    if given:
        near = near.narrowed(_breadth(found, given=len(given), weeks=near.weeks))
    said = looked_up.said(sentence) if sentence else []
    chosen = _chosen([*found, *said], near=near, is_wanted=bool(said) and not given)
    if not (chosen or given or categories):
        return None
    while True:
        query = And((areas, _any([each.query for each in chosen]))) if chosen else areas
        text = to_text(query)
        if len(text) <= MAX_LENGTH or not chosen:
            break
        chosen = chosen[:-1]
    told = tuple(Telling(each.text, len(each.examples), len(each.recent - given.keys())) for each in chosen)
    return Proposal(query=query, text=text, categories=codes, phrases=told)


def _categories(papers: Iterable[PaperRecord], *, named: Collection[str]) -> tuple[str, ...]:
    """The categories named, then the papers' primary ones, most frequent first."""
    primary = Counter(paper.primary_category for paper in papers)
    ranked = sorted(primary, key=lambda code: (-primary[code], code))
    return tuple(dict.fromkeys([*named, *ranked]))[: max(MAX_CATEGORIES, len(named))]


def _category(code: str) -> Term:
    return Term(Field.CATEGORY, (code.removesuffix("*"),), prefix=code.endswith("*"))


def _any(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Or(tuple(queries))


def _breadth(found: Iterable[_Candidate], *, given: int, weeks: float) -> float:
    """Return about how many recent papers the topic has: twice what the rarest phrase of most examples finds.

    Four papers on avatars share a word of eight papers a week, four on memory one of a hundred.
    """
    if given < 3:
        return _UNKNOWN_BREADTH * weeks
    usual = [each for each in found if len(each.examples) >= _MOST * given]
    sizes = [len(each.recent | each.examples) / len(each.examples) * given for each in usual]
    return 2 * min(sizes, default=float("inf"))


def _chosen(candidates: Sequence[_Candidate], *, near: Near, is_wanted: bool) -> list[_Candidate]:
    """Take the phrase that adds most, again and again, while it is worth its place.

    ``is_wanted``: take one in any case.
    """
    chosen: list[_Candidate] = []
    found: set[int] = set()
    seen: set[int] = set()

    def worth(each: _Candidate) -> tuple[float, int, str]:
        added = near.gain(each.recent - found) + _NEW_EXAMPLE * len(each.examples - seen)
        return added - _TERM_COSTS * each.terms, len(each.examples), each.text

    while candidates and len(chosen) < MAX_PHRASES:
        best = max(candidates, key=worth)
        if worth(best)[0] <= 0 and (chosen or not is_wanted):
            break
        chosen.append(best)
        found |= best.recent
        seen |= best.examples
    return sorted(chosen, key=lambda each: -len(each.examples))


class _LookUp:
    """Looks up which recent papers of an area have a phrase."""

    def __init__(
        self,
        given: Mapping[int, PaperRecord],
        *,
        area: frozenset[int],
        search: Search,
        share: Callable[[Key], float],
    ) -> None:
        self._held = {paper: phrases(record) for paper, record in given.items()}
        self._area = area
        self._search = search
        self._share = share

    def shared(self, *, weeks: float) -> list[_Candidate]:
        """Return what several given papers share and few others have."""
        sets = [own.keys() for own in self._held.values()]
        found = {key: self._candidate(self._spokesman(key)) for key in shared(sets)}
        others = {
            key: len(each.recent - self._held.keys()) + _BELIEVED * self._share(key)
            for key, each in found.items()
        }
        documents = len(self._area - self._held.keys()) + _BELIEVED
        times = max(_FEWEST_TIMES, min(_TIMES, documents / weeks / _SMALL))
        telling = distinctive(sets, counts=others, documents=documents, times=times)
        return [found[each.key] for each in telling]

    def said(self, sentence: str) -> list[_Candidate]:
        """Return a sentence's phrases that occur, and pairs; common ones only where nothing else is."""
        own = phrases_of((sentence, 1), all_words=True)
        known = {key: self._candidate(phrase) for key, phrase in own.items()}
        usable = [key for key, each in known.items() if each.recent and not _is_part(key, known)]
        usable.sort(key=lambda key: (self._share(key), key))
        telling = [key for key in usable if " " in own[key].text or says_something([own[key].text])]
        pairs = [
            _Candidate(And((one.query, other.query)), one.examples & other.examples, both, terms=2)
            for key, other_key in combinations(usable[:_MOST_SAID], 2)
            if not {*key} & {*other_key} and (key in telling or other_key in telling)
            for one, other in [(known[key], known[other_key])]
            if len(both := one.recent & other.recent) > 1
            and len(both) <= _NARROWS * min(len(one.recent), len(other.recent))
        ]
        rare = [known[key] for key in telling if self._share(key) <= _COMMON]
        return [*rare, *pairs] or [known[key] for key in telling]

    def _candidate(self, phrase: Phrase) -> _Candidate:
        examples = frozenset(paper for paper, own in self._held.items() if phrase.key in own)
        return _Candidate(phrase.term, examples, frozenset(self._search(phrase.term)) & self._area)

    def _spokesman(self, key: Key) -> Phrase:
        several = [own[key] for own in self._held.values() if key in own]
        return max(several, key=lambda phrase: (phrase.in_title, -len(phrase.text), phrase.text))


def _is_part(key: Key, known: Mapping[Key, _Candidate]) -> bool:
    """Whether a longer phrase has most of what this one finds: "matter" is "dark matter"."""
    return any(
        is_within(key, longer) and len(each.recent) >= _MOSTLY * len(known[key].recent)
        for longer, each in known.items()
        if longer != key
    )
