"""Which phrases rose in a week of a topic: more papers have them than the eight weeks before let expect.

Pure counting of papers, not of occurrences. Whoever shows a phrase shows its counts too.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from newsletter.core.arxiv.phrases import TITLE_WORTH, is_within, phrases_of

WEEKS = 8
"""That a week is compared with; with fewer nothing is said."""
LEAST_PAPERS = 3
"""Of the week that have the phrase."""
TIMES = 2.0
"""Its share is at least so many times that of the weeks before."""
LEAST_SURPRISE = 15.14
"""Of the likelihood ratio G: by chance alone one phrase in ten thousand has more (chi-square, 1 degree)."""
MOST = 5

Key: TypeAlias = tuple[str, ...]
PaperPhrases: TypeAlias = Mapping[Key, str]
"""Stems → as the paper writes them."""


@dataclass(frozen=True, slots=True)
class Trend:
    phrase: str
    papers: tuple[int, ...]
    """Of the week that have it."""
    of: int
    """How many papers the week has."""
    before: int
    """How many papers of the weeks before have it."""
    of_before: int
    """How many papers those weeks have."""


def paper_phrases(*, title: str, abstract: str) -> PaperPhrases:
    """Return what may rise: two or three words, also common ones ("world models"), and names ("GRPO")."""
    found = phrases_of((title, TITLE_WORTH), (abstract, 1), all_words=True)
    return {key: phrase.text for key, phrase in found.items() if len(key) > 1 or not phrase.text.islower()}


def rising(week: Mapping[int, PaperPhrases], before: Iterable[PaperPhrases]) -> tuple[Trend, ...]:
    """Return at most five phrases that rose, the least expected first.

    ``week``: paper → its phrases; ``before``: those of each paper of the weeks before, read one by one.
    """
    papers, texts = _papers_by_phrase(week)
    papers = {key: found for key, found in papers.items() if len(found) >= LEAST_PAPERS}
    earlier, of_before = Counter[Key](), 0
    for phrases in before:
        earlier.update(phrases.keys() & papers.keys())
        of_before += 1
    surprises = {
        key: _surprise(len(found), of=len(week), before=earlier[key], of_before=of_before)
        for key, found in papers.items()
    }
    risen = (key for key, surprise in surprises.items() if surprise >= LEAST_SURPRISE)
    kept: list[Key] = []
    for key in sorted(risen, key=lambda key: (-surprises[key], -len(key), key)):
        if not any(_says_the_same(key, other, papers) for other in kept):
            kept.append(key)
    return tuple(
        Trend(_usual(texts[key]), tuple(sorted(papers[key])), len(week), earlier[key], of_before)
        for key in kept[:MOST]
    )


def trends_to_json(found: Iterable[Trend], *, weeks: int) -> dict[str, Any]:
    """Return the stored form: what rose, and with how many weeks before it was compared."""
    rows = [[each.phrase, list(each.papers), each.of, each.before, each.of_before] for each in found]
    return {"weeks": weeks, "rose": rows}


def trends_from_json(stored: Mapping[str, Any]) -> tuple[Trend, ...]:
    return tuple(
        Trend(phrase, tuple(papers), of, before, of_before)
        for phrase, papers, of, before, of_before in stored["rose"]
    )


def _papers_by_phrase(
    week: Mapping[int, PaperPhrases],
) -> tuple[dict[Key, set[int]], dict[Key, Counter[str]]]:
    papers: dict[Key, set[int]] = {}
    texts: dict[Key, Counter[str]] = {}
    for paper, phrases in week.items():
        for key, text in phrases.items():
            papers.setdefault(key, set()).add(paper)
            texts.setdefault(key, Counter())[text] += 1
    return papers, texts


def _usual(texts: Counter[str]) -> str:
    """Return how most papers write it; of several the first in the alphabet."""
    return min(texts, key=lambda text: (-texts[text], text))


def _surprise(count: int, *, of: int, before: int, of_before: int) -> float:
    """Return how unlikely the count is if nothing changed, as G of a Poisson count; 0 if it did not rise."""
    expected = of * (before + 0.5) / (of_before + 1)
    if count < TIMES * expected:
        return 0.0
    return 2 * (count * math.log(count / expected) - (count - expected))


def _says_the_same(key: Key, other: Key, papers: Mapping[Key, set[int]]) -> bool:
    """Whether one phrase contains the other, in mostly the same papers."""
    if not (is_within(key, other) or is_within(other, key)):
        return False
    both = len(papers[key] & papers[other])
    return 2 * both > min(len(papers[key]), len(papers[other]))
