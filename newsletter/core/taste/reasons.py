"""Why a paper was chosen: the kept paper that has most in common with it, and in which words.

A word said is printed in the paper itself, and its stem stands in the kept paper that is named. Words that
are common in the topic, or only mentioned, say nothing. Where nothing is left, nothing is said.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from newsletter.core.arxiv.phrases import says_something
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import Vector, dot
from newsletter.core.taste.wording import Phrase, Text

MOST_TERMS = 3
_ALIKE = 0.05
"""The least cosine of a kept paper that is named."""
_LOOKED_AT = 3
"""Of the kept papers, those that are nearest."""
_COMMON = {False: (0.035, 0.06), True: (0.015, 0.033)}
"""A phrase (True: a single word) as common as that tells nothing: where both papers say it, and where both
are about it. It is the geometric mean of two shares, of the topic's papers and of all: "language models" has
0.2 among papers on retrieval and "hallucination" 0.03, "conjecture" and "theorem" 0.06 in number theory."""
_HALF = 0.5
"""And so does what half of the topic's papers say, however rare it is elsewhere."""
_COMMON_SUBJECT = {False: 0.06, True: 0.012}
"""The most of all papers that say what is named as the subject of both."""
_ABOUT = 3
"""A paper is about what it says in its title and once more, or so often."""
_DOUBT = 10
"""Papers: a topic's share counts against that of all papers as if it had so many more."""
_PAIR = 0.3
"""A pair of words stands for both from this share of what they weigh by themselves."""


@dataclass(frozen=True)
class Paper:
    """A paper that was chosen."""

    vector: Vector
    text: Text
    phrases: Sequence[Phrase]
    """``text.phrases``."""

    @cached_property
    def by_term(self) -> Mapping[int, list[Phrase]]:
        """Its phrases by the terms that they are made of."""
        found = defaultdict[int, list[Phrase]](list)
        for phrase in self.phrases:
            for term in phrase.terms:
                found[term].append(phrase)
        return found


@dataclass(frozen=True, slots=True)
class Kept:
    """A paper that the subscriber kept."""

    vector: Vector
    text: Text


@dataclass(frozen=True, slots=True)
class Why:
    paper: int
    """The kept paper."""
    terms: tuple[str, ...]
    """One to three, the one that weighed most first."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """A phrase that two papers say."""

    phrase: Phrase
    weight: float
    here: int
    """How often the chosen paper says it."""
    there: int
    """How often the kept one does."""

    @property
    def is_subject(self) -> bool:
        return min(self.here, self.there) >= _ABOUT

    @property
    def is_mention(self) -> bool:
        """A single word counts if both say it in the title or twice, others if one of them does."""
        return (min if self.phrase.is_word else max)(self.here, self.there) < 2


@dataclass(frozen=True, slots=True)
class Commonness:
    """In how many papers of a topic each term is."""

    papers: int
    counts: Callable[[int], int]
    snapshot: Snapshot

    def tells(self, shared: _Shared) -> bool:
        """Whether it is more than a mention, and not as common as that among the topic's papers."""
        phrase = shared.phrase
        is_rare = self._of(phrase) < _COMMON[phrase.is_word][shared.is_subject]
        return is_rare and self._here(phrase) < _HALF and not shared.is_mention

    def is_subject(self, shared: _Shared) -> bool:
        """Whether both papers are about it: what can be said where the whole topic is about it too."""
        is_subject = shared.is_subject if shared.phrase.is_word else min(shared.here, shared.there) > 1
        return is_subject and self._anywhere(shared.phrase) < _COMMON_SUBJECT[shared.phrase.is_word]

    def weighed(self, shared: _Shared) -> tuple[float, Phrase]:
        """Return it with its weight, which is the larger the fewer papers say it."""
        return -shared.weight * math.log(self._of(shared.phrase)), shared.phrase

    def _of(self, phrase: Phrase) -> float:
        return math.sqrt(self._here(phrase) * self._anywhere(phrase))

    def _anywhere(self, phrase: Phrase) -> float:
        """Return the share of all papers that say it, or more than it."""
        return min(self.snapshot.counts[term] for term in phrase.terms) / self.snapshot.documents

    def _here(self, phrase: Phrase) -> float:
        """Return the share of the topic's other papers that do."""
        others = max(0, min(map(self.counts, phrase.terms)) - 1)
        return (others + _DOUBT * self._anywhere(phrase)) / (max(0, self.papers - 1) + _DOUBT)


def why(
    paper: Paper,
    *,
    profile: Vector,
    kept: Mapping[int, Kept],
    commonness: Commonness,
    muted: Collection[str] = (),
) -> Why | None:
    """Say why ``profile`` wants ``paper``, if one of the ``kept`` papers (by any number) shows it.

    ``muted``: keys of terms that the subscriber has taken out of their profiles. They are not said.
    """
    wanted = {term: weight for term, weight in paper.vector.items() if profile.get(term, 0.0) > 0}
    ranked = sorted((-dot(paper.vector, each.vector), number) for number, each in kept.items())[:_LOOKED_AT]
    nearest = [number for cosine, number in ranked if -cosine >= _ALIKE]
    shared = {number: _shared(paper, wanted, kept[number], muted) for number in nearest}
    for may_tell, most in ((commonness.tells, MOST_TERMS), (commonness.is_subject, 1)):
        best, heaviest = None, 0.0
        for number in nearest:
            whole = [
                commonness.weighed(each)
                for each in shared[number]
                if may_tell(each) and _is_whole(each, paper.text, kept[number].text, commonness.snapshot)
            ]
            chosen = _apart(whole)[:most]
            weight = math.fsum(weight for weight, _ in chosen)
            if weight > heaviest:
                best, heaviest = Why(number, tuple(phrase.written for _, phrase in chosen)), weight
        if best:
            return best
    return None


def _shared(paper: Paper, wanted: Vector, kept: Kept, muted: Collection[str]) -> list[_Shared]:
    """Return what both papers say, of what weighs in both."""
    weights = {term: wanted[term] * weight for term, weight in kept.vector.items() if term in wanted}
    phrases = {phrase.key: phrase for term in weights for phrase in paper.by_term.get(term, ())}
    return [
        _Shared(
            phrase,
            weight=math.fsum(weights.get(term, 0.0) for term in phrase.terms),
            here=paper.text.times(phrase),
            there=kept.text.times(phrase),
        )
        for key, phrase in sorted(phrases.items())
        if key in kept.text.stems and not any(f" {term} " in key for term in muted)
    ]


def _is_whole(shared: _Shared, paper: Text, kept: Text, snapshot: Snapshot) -> bool:
    phrase = shared.phrase
    return kept.prints(phrase) and (
        phrase.is_compound
        or paper.has_whole(phrase, snapshot=snapshot)
        or kept.has_whole(phrase, snapshot=snapshot)
    )


def _apart(weighed: Sequence[tuple[float, Phrase]]) -> list[tuple[float, Phrase]]:
    """Return, heaviest first, those that repeat no word of one before, in full or as an acronym."""
    said: set[str] = set()
    chosen: list[tuple[float, Phrase]] = []
    for weight, phrase in sorted(weighed, key=lambda each: (-each[0], each[1].key)):
        stems = set(phrase.key.split())
        if not stems & said and not any(_abbreviates(phrase, other) for _, other in chosen):
            said |= stems
            chosen.append((weight, phrase))
    return chosen


def _abbreviates(one: Phrase, other: Phrase) -> bool:
    """Whether one is an acronym of the other: VLA of "vision-language-action models"."""
    for short, long in ((one, other), (other, one)):
        letters = "".join(sign for sign in short.written if sign.isupper() or sign.isdecimal()).lower()
        initials = "".join(stem if stem[0].isdecimal() else stem[0] for stem in long.key.split())
        if len(letters) > 1 and len(initials) > 1 and (letters in initials or initials in letters):
            return True
    return False


def shared_terms(
    paper: Vector, *, others: Sequence[Vector], snapshot: Snapshot, most: int = 3
) -> tuple[str, ...]:
    """Return what a paper has in common with more than half of the others: "one of 9 on …"."""
    weighed: dict[int, float] = {}
    for term, weight in paper.items():
        held = [vector[term] for vector in others if term in vector]
        if len(held) > len(others) / 2:
            weighed[term] = math.fsum((weight, *held)) / (1 + len(others)) - snapshot.background(term)
    wanted = {term: weight for term, weight in weighed.items() if weight > 0}
    return tuple(map(snapshot.surface, best_terms(wanted, snapshot=snapshot, most=most)))


def best_terms(weighed: Mapping[int, float], *, snapshot: Snapshot, most: int) -> list[int]:
    """Return the terms that weighed most, best first, that say something and do not repeat each other.

    A pair that weighs enough stands for its words too: "language agents" rather than "agents".
    """
    parts = {
        term: [snapshot.numbers.get(stem, term) for stem in snapshot.keys[term].split()] for term in weighed
    }
    worth: dict[int, float] = {}
    for term, weight in weighed.items():
        if not _says_something(snapshot.surface(term)):
            continue
        alone = sum(weighed.get(part, 0.0) for part in parts[term] if part != term)
        worth[term] = weight + alone if weight >= _PAIR * alone else weight
    chosen: list[int] = []
    said: set[str] = set()
    for term in sorted(worth, key=lambda term: (-worth[term], term)):
        stems = set(snapshot.keys[term].split())
        if len(chosen) < most and not stems <= said:
            chosen.append(term)
            said |= stems
    return chosen


@cache
def _says_something(surface: str) -> bool:
    return says_something(surface.split())
