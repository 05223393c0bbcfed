"""Propose a topic's query from papers: their categories, and the phrases that distinguish them.

Pure: recent papers are searched through a function (``Search``). ``phrases.py`` finds the phrases. A person
edits the proposal; every phrase comes with its reason.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.phrases import TITLE_WORTH, Phrase, is_within, phrases
from newsletter.core.arxiv.query import MAX_LENGTH, And, Field, Or, Query, Term, to_text

MAX_PAPERS = 10
MAX_PHRASES = 6
MAX_CATEGORIES = 4

Search = Callable[[Query], Set[int]]
"""Query → the ids of the recent papers that match it."""

_TOO_COMMON = 0.02
"""A phrase in a larger share of the recent papers is too common, unless most of the given papers have it."""
_ASKED = 80
"""How many phrases are looked up among the recent papers: the most promising ones."""
_WEAK = 0.35
"""A phrase below this share of the best score is left out once every given paper has a phrase."""
_LOOSE = 0.2
"""Factor for a phrase whose words seldom occur together."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A phrase of the proposal and why it is there."""

    text: str
    in_given: int
    """How many of the given papers have it."""
    in_recent: int
    """How many recent papers have it, the given ones apart."""


@dataclass(frozen=True, slots=True)
class Proposal:
    query: Query
    text: str
    """In arXiv's language, at most 500 characters."""
    categories: tuple[str, ...]
    phrases: tuple[Telling, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    phrase: Phrase
    papers: frozenset[int]
    """The given papers that have it."""
    promise: float
    recent: int = 0
    score: float = 0.0


def propose(
    papers: Mapping[int, PaperRecord], *, categories: Collection[str] = (), search: Search, recent: int
) -> Proposal | None:
    """Propose a query for ``papers`` (id → paper) and ``categories`` that were named beside them.

    ``recent``: how many papers ``search`` looks through; the given ones may be among them. Each given paper
    has one of the categories, and as many as can be have one of the phrases. None without papers and
    categories.
    """
    codes = _categories(papers.values(), named=categories)
    if not codes:
        return None
    chosen = _chosen(papers, search=search, recent=recent)
    while True:
        query = _query(codes, [each.phrase for each in chosen])
        text = to_text(query)
        if len(text) <= MAX_LENGTH or not chosen:
            break
        chosen = chosen[:-1]
    told = tuple(Telling(each.phrase.text, len(each.papers), each.recent) for each in chosen)
    return Proposal(query=query, text=text, categories=codes, phrases=told)


def _categories(papers: Iterable[PaperRecord], *, named: Collection[str]) -> tuple[str, ...]:
    """The categories named, then the papers' primary ones, most frequent first."""
    primary = Counter(paper.primary_category for paper in papers)
    ranked = sorted(primary, key=lambda code: (-primary[code], code))
    return tuple(dict.fromkeys([*named, *ranked]))[: max(MAX_CATEGORIES, len(named))]


def _query(codes: Sequence[str], chosen: Sequence[Phrase]) -> Query:
    areas = _any([_category(code) for code in codes])
    return And((areas, _any([phrase.term for phrase in chosen]))) if chosen else areas


def _category(code: str) -> Term:
    return Term(Field.CATEGORY, (code.removesuffix("*"),), prefix=code.endswith("*"))


def _any(terms: Sequence[Term]) -> Query:
    return terms[0] if len(terms) == 1 else Or(tuple(terms))


def _chosen(papers: Mapping[int, PaperRecord], *, search: Search, recent: int) -> list[_Candidate]:
    """Take the best phrases; first those of papers that have none yet."""
    judge = _Judge(given=frozenset(papers), search=search, recent=recent)
    ranked = sorted(map(judge.scored, _candidates(papers)), key=lambda each: (-each.score, each.phrase.key))
    chosen: list[_Candidate] = []
    bare = set(papers)
    while len(chosen) < MAX_PHRASES:
        usable = [each for each in ranked if not _repeats(each, chosen)]
        needed = [each for each in usable if each.papers & bare]
        good = [each for each in usable if each.recent and each.score >= _WEAK * ranked[0].score]
        # A phrase that no other paper has finds nothing new: use it only if a paper has nothing else.
        pick = next(iter([each for each in needed if each.recent] or needed or good), None)
        if pick is None:
            break
        chosen.append(pick)
        bare -= pick.papers
    return sorted(chosen, key=lambda each: -len(each.papers))


def _candidates(papers: Mapping[int, PaperRecord]) -> list[_Candidate]:
    """The most promising phrases, some of each paper, however little it shares with the others."""
    held: dict[tuple[str, ...], dict[int, Phrase]] = {}
    for number, paper in papers.items():
        for key, phrase in phrases(paper).items():
            held.setdefault(key, {})[number] = phrase
    found = [
        _Candidate(_spokesman(by_paper), frozenset(by_paper), _promise(by_paper.values()))
        for by_paper in held.values()
    ]
    ranked = sorted(found, key=lambda each: (-each.promise, each.phrase.key))
    own = [[each for each in ranked if number in each.papers][: _ASKED // len(papers)] for number in papers]
    return list({each.phrase.key: each for several in own for each in several}.values())


def _spokesman(by_paper: Mapping[int, Phrase]) -> Phrase:
    return max(by_paper.values(), key=lambda phrase: (phrase.in_title, -len(phrase.text), phrase.text))


def _promise(several: Collection[Phrase]) -> float:
    """A phrase's worth by the given papers alone: how often they use it, and how many share it."""
    said = sum(math.log1p(phrase.worth) for phrase in several)
    return math.sqrt(len(several)) * said * _size_worth(next(iter(several))) * _insistence(several)


def _size_worth(phrase: Phrase) -> float:
    """Two words are best. One hyphenated word is mostly an adjective (``patch-based``)."""
    written = len(phrase.text.split())
    if written == 1:
        return 0.4 if len(phrase.key) == 1 else 0.5
    return 1.0 if written == 2 else 0.9


def _insistence(several: Collection[Phrase]) -> float:
    """Low for a word used once: two papers may share one by chance."""
    worths = sorted((phrase.worth for phrase in several), reverse=True)
    if worths[0] > TITLE_WORTH:
        return 1.0 if len(worths) == 1 or worths[1] > 1 else 0.7
    return 0.4 if worths[0] > 1 else 0.2


class _Judge:
    """Scores how well a phrase distinguishes the given papers from the recent ones."""

    def __init__(self, *, given: frozenset[int], search: Search, recent: int) -> None:
        self._given = given
        self._search = search
        self._recent = recent
        self._known: dict[tuple[str, ...], Set[int]] = {}

    def scored(self, candidate: _Candidate) -> _Candidate:
        words = candidate.phrase.term.words
        others = self._others(words)
        share = len(candidate.papers) / len(self._given)
        rate = (len(others) + 0.5) / (self._recent + 1)
        telling = max(0.0, math.log((share + 0.02) / rate)) if rate < max(_TOO_COMMON, 0.1 * share) else 0.0
        score = candidate.promise * telling * self._cohesion(words, others=others)
        return replace(candidate, recent=len(others), score=score)

    def _cohesion(self, words: tuple[str, ...], *, others: Set[int]) -> float:
        """How often the rarest word is in the phrase: "efficient LLM" seldom, "talking head" mostly."""
        if len(words) == 1:
            return 1.0
        rarest = min(len(self._others((word,))) for word in words)
        return min(1.0, _LOOSE + (len(others) + 0.5) / (rarest + 0.5))

    def _others(self, words: tuple[str, ...]) -> Set[int]:
        if words not in self._known:
            self._known[words] = self._search(Term(Field.ALL, words)) - self._given
        return self._known[words]


def _repeats(candidate: _Candidate, chosen: Iterable[_Candidate]) -> bool:
    """Whether one of ``chosen`` is within the phrase, or the phrase within it."""
    return any(
        is_within(candidate.phrase.key, other.phrase.key) or is_within(other.phrase.key, candidate.phrase.key)
        for other in chosen
    )
