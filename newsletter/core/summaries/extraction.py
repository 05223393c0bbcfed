"""Choose sentences of an abstract: one headline and up to five takeaways, verbatim.

Sentences are scored by cues, by words shared with the title and the other sentences, and by length.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from newsletter.core.arxiv.sentences import opens_small, sentences, word_set
from newsletter.core.summaries.cues import AVAILABILITY, CONTRIBUTION, CUES, DANGLING, STANDS_ALONE
from newsletter.core.summaries.openings import without_opening
from newsletter.core.summaries.rules.disguises import is_disguised
from newsletter.core.summaries.rules.injections import is_planted

MAX_TAKEAWAYS = 5
_MIN_TAKEAWAYS = 3
_NEAR_DUPLICATE = 0.6
"""Cosine similarity from which two sentences say the same."""
_WEAK = 0.3
"""A takeaway scoring less is taken only to reach three."""
_BEFORE_IT = -0.8
"""Penalty for a sentence before the one that announces the paper's own work: it is background."""
_NAMED_IN_TITLE = 1.5
_FIRST_CONTRIBUTION = 0.8
"""Extra for a headline that names what the title names, and for the first sentence that says "we propose"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Sentences of one abstract, each a slice of it; a dependent opening may be cut off."""

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

    One that orders its reader about or hides letters behind others never is. One that leans on the sentence
    before it, or only says where code is, is taken for the headline only when there is nothing else, and
    never as a takeaway.
    """
    whole = sentences(abstract)
    found = [each for each in dict.fromkeys(map(without_opening, whole)) if _may_be_shown(each)]
    if not found:
        return None
    usable = [index for index, sentence in enumerate(found) if _stands_alone(sentence, whole=whole)]
    vectors = [_vector(sentence) for sentence in found]
    headlines, takeaways = _worths(found, vectors=vectors, title=title)
    headline = max(usable or range(len(found)), key=lambda index: (headlines[index], -index))
    chosen = _pick(
        {index: takeaways[index] for index in usable if index != headline},
        vectors=vectors,
        headline=headline,
        wanted=_wanted(len(found)),
    )
    return Extract(headline=found[headline], takeaways=tuple(found[index] for index in sorted(chosen)))


def _may_be_shown(sentence: str) -> bool:
    return not is_planted(sentence) and not is_disguised(sentence, quoted=sentence, language="en")


def _stands_alone(sentence: str, *, whole: Collection[str]) -> bool:
    bare = sentence.lstrip("'\"“‘`([{ ")
    leans = DANGLING.match(bare) and not STANDS_ALONE.match(bare)
    return (
        not leans
        and not AVAILABILITY.search(sentence)
        and len(sentence.split()) >= 4
        and (sentence not in whole or not opens_small(bare))
    )


def _worths(
    found: Sequence[str], *, vectors: Sequence[Mapping[str, float]], title: str
) -> tuple[list[float], list[float]]:
    """What each sentence is worth as the headline, and as a takeaway."""
    shared = _shared_weights(vectors, title=_vector(title))
    names, lowered = _names(title), [sentence.lower() for sentence in found]
    own_work = next((index for index, text in enumerate(lowered) if CONTRIBUTION.search(text)), None)
    headlines, takeaways = [], []
    for index, text in enumerate(lowered):
        cues = [cue for cue in CUES if cue.pattern.search(text)]
        words = len(text.split())
        is_before = index < own_work if own_work is not None else index == 0 and " we " not in f" {text}"
        common = shared[index] + _BEFORE_IT * is_before
        lead = _NAMED_IN_TITLE * bool(names & vectors[index].keys()) + _FIRST_CONTRIBUTION * (
            index == own_work
        )
        headlines.append(common + lead + sum(cue.headline for cue in cues) + _length_worth(words, best=26))
        takeaways.append(common + sum(cue.takeaway for cue in cues) + _length_worth(words, best=24))
    return headlines, takeaways


def _length_worth(words: int, *, best: int) -> float:
    """0 from 12 words to ``best`` + 10, then falling: a headline of 60 words is not read."""
    too_short, too_long = max(0, 12 - words), max(0, words - best - 10)
    return -0.15 * too_short - 0.06 * too_long


def _wanted(count: int) -> int:
    """How many takeaways for an abstract of ``count`` sentences: three to five."""
    return max(_MIN_TAKEAWAYS, min(MAX_TAKEAWAYS, count // 2))


def _pick(
    worths: Mapping[int, float], *, vectors: Sequence[Mapping[str, float]], headline: int, wanted: int
) -> list[int]:
    """Take the best ones that repeat neither the headline nor one another."""
    chosen: list[int] = []
    for index in sorted(worths, key=lambda index: (-worths[index], index)):
        enough = len(chosen) >= (wanted if worths[index] > _WEAK else _MIN_TAKEAWAYS)
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


def _shared_weights(vectors: Sequence[Mapping[str, float]], *, title: Mapping[str, float]) -> list[float]:
    """What each sentence shares with the title and, on average, with the others (the degree of LexRank)."""
    rest = max(1, len(vectors) - 1)
    total: Counter[str] = Counter()
    for vector in vectors:
        total.update(vector)
    return [2.0 * _cosine(vector, title) + 3.0 * (_cosine(vector, total) - 1.0) / rest for vector in vectors]


def _names(title: str) -> frozenset[str]:
    """The names in a title: words with an inner capital or digit, and the part before a colon."""
    head = title.split(":", 1)[0].split() if ":" in title else []
    coined = [word for word in _WORD.findall(title) if re.search(r"[A-Z0-9]", word[1:])]
    return frozenset(
        _singular(word.strip(".,").lower()) for word in [*coined, *(head if len(head) <= 2 else [])]
    )
