"""Choose sentences of an abstract: one headline and up to five takeaways, verbatim.

Sentences are scored by cues, by words shared with the title and the other sentences, and by length.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from newsletter.core.arxiv.sentences import sentences, word_set
from newsletter.core.summaries.cues import AVAILABILITY, CUES
from newsletter.core.summaries.dangling import dangles, refers_back
from newsletter.core.summaries.openings import CUT, without_opening
from newsletter.core.summaries.own_work import own_work_begins, tells_of_others, tells_of_own
from newsletter.core.summaries.rules.disguises import is_disguised
from newsletter.core.summaries.rules.injections import is_planted

MAX_TAKEAWAYS = 5
_NEAR_DUPLICATE = 0.6
"""Cosine similarity from which two sentences say the same."""
_WEAK, _EMPTY = -0.1, -1.0
"""A takeaway worth less than the first is taken only where there is no other; less than the second, never."""
_FIRST, _LATE, _REPEATS_TITLE, _REFERS_BACK = 0.8, 0.5, -1.2, -1.0
"""For a headline: the first sentence of the own work; the last one (those between in proportion); one that
says what the title says; one that refers to its neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Sentences of one abstract, each a slice of it, after ``CUT`` where its opening was cut off."""

    headline: str
    takeaways: tuple[str, ...]
    """In the paper's order; never the headline."""


_WORD = re.compile(r"[^\W_]+(?:[-.'][^\W_]+)*")
_STOP_WORDS = word_set(
    """a about across after all also among an and any are as at be been both but by can could do does each
    for from further has have here how however in into is it its may more most no not of on one only or other
    our over paper show shows such than that the their them then there these they this those through to under
    up upon use used using via was we well were what when where whether which while who will with within
    without work would"""
)


def extract(abstract: str, *, title: str = "") -> Extract | None:
    """Choose from ``abstract``; None when it holds no sentence that may be shown.

    One that orders its reader about or hides letters behind others never is. One from before the authors' own
    work, or about other people's, one that refers to its neighbours and one that only says where code is are
    left out; where nothing else is left, the first of the own work is the headline.
    """
    whole = [sentence for sentence in sentences(abstract) if _may_be_shown(sentence)]
    if not whole:
        return None
    found = list(map(without_opening, whole))
    own = range(own_work_begins(whole, title=title), len(whole))
    alone = [index for index in own if _stands_alone(found[index], whole=whole[index])]
    usable = [index for index in alone if not refers_back(found[index])]
    vectors = list(map(_vector, found))
    headlines = _headlines(found, among=alone or own[:1], vectors=vectors, title=title)
    headline = max(headlines, key=lambda index: (headlines[index], -index))
    chosen = _pick(
        _takeaways(found, among=set(usable) - {headline}, vectors=vectors, title=title),
        vectors=vectors,
        headline=headline,
        wanted=_wanted(len(found)),
    )
    shown = [
        words if words == all_of_it else f"{CUT}{words}"
        for words, all_of_it in zip(found, whole, strict=True)
    ]
    return Extract(headline=shown[headline], takeaways=tuple(shown[index] for index in sorted(chosen)))


def _may_be_shown(sentence: str) -> bool:
    return not is_planted(sentence) and not is_disguised(sentence, quoted=sentence, language="en")


def _stands_alone(sentence: str, *, whole: str) -> bool:
    return not (
        dangles(sentence, is_cut=sentence != whole)
        or tells_of_others(sentence)
        or AVAILABILITY.search(sentence)
    )


def _headlines(
    found: Sequence[str], *, among: Sequence[int], vectors: Sequence[Mapping[str, float]], title: str
) -> dict[int, float]:
    """What the sentences ``among`` those found are worth as the headline."""
    named, worths = _vector(title), {}
    for index in among:
        text = found[index]
        like_title = _cosine(vectors[index], named)
        worths[index] = (
            like_title
            + _length_worth(len(text.split()))
            + sum(cue.headline for cue in CUES if cue.headline and cue.pattern.search(text.lower()))
            + _FIRST * (index == among[0] and tells_of_own(text))
            + _LATE * (index - among[0]) / max(1, len(found) - 1 - among[0])
            + _REPEATS_TITLE * (like_title >= _NEAR_DUPLICATE)
            + _REFERS_BACK * refers_back(text)
        )
    return worths


def _takeaways(
    found: Sequence[str], *, among: Iterable[int], vectors: Sequence[Mapping[str, float]], title: str
) -> dict[int, float]:
    """What the sentences ``among`` those found are worth as a takeaway."""
    named = _vector(title)
    return {
        index: _cosine(vectors[index], named)
        + _length_worth(len(found[index].split()))
        + sum(cue.takeaway for cue in CUES if cue.takeaway and cue.pattern.search(found[index].lower()))
        for index in among
    }


def _length_worth(words: int) -> float:
    """0 from 12 words to 36, then falling: a sentence of 60 words is not read."""
    return -0.2 * max(0, 12 - words) - 0.02 * max(0, words - 36)


def _wanted(count: int) -> int:
    """How many takeaways at most for an abstract of ``count`` sentences: three to five."""
    return max(3, min(MAX_TAKEAWAYS, count // 2))


def _pick(
    worths: Mapping[int, float], *, vectors: Sequence[Mapping[str, float]], headline: int, wanted: int
) -> list[int]:
    """Take the best ones that repeat neither the headline nor one another; one even if it is weak."""
    chosen: list[int] = []
    for index in sorted(worths, key=lambda index: (-worths[index], index)):
        enough = len(chosen) >= (wanted if worths[index] > _WEAK else worths[index] > _EMPTY)
        repeats = any(
            _cosine(vectors[index], vectors[other]) >= _NEAR_DUPLICATE for other in [headline, *chosen]
        )
        if not enough and not repeats:
            chosen.append(index)
    return chosen


def _words(text: str) -> list[str]:
    return [
        word for word in (match.group().lower() for match in _WORD.finditer(text)) if word not in _STOP_WORDS
    ]


def _vector(text: str) -> dict[str, float]:
    """Term frequencies, dampened, of unit length; a plural counts as its singular."""
    counts = Counter(_singular(word) for word in _words(text))
    weights = {word: 1 + math.log(count) for word, count in counts.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {word: weight / length for word, weight in weights.items()}


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    return sum(weight * other.get(word, 0.0) for word, weight in one.items())
