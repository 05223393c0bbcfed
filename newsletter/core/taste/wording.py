"""Phrases that may be said of a paper, as it prints them, and whether another paper says them too.

A phrase is not cut out of a compound ("long-horizon agents", never "horizon agents"), nor before the noun
that its words belong to ("nanowire detectors", never "superconducting nanowire").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import Stemmer

from newsletter.core.arxiv.phrases import EMPTY_STEMS, says_something
from newsletter.core.arxiv.plain_words import STOP_WORDS
from newsletter.core.arxiv.sentences import word_set
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.terms import fold, without_offers

LONGEST = 4
"""Words; a compound with hyphens is one."""
_HYPHENS = "-‐‑–"
_WORD = re.compile(rf"[^\W_]+(?:[{_HYPHENS}][^\W_]+)*")
_IN_COMPOUND = re.compile(rf"(?<=[^\W_])[{_HYPHENS}](?=[^\W_])")
_ACRONYM = re.compile(r"[^\W_]*[A-Z][^\W_]*[A-Z][^\W_]*")
_TO_SPACES = str.maketrans(dict.fromkeys(_HYPHENS, " "))
_SENTENCE_ENDS = frozenset({"", ".", "!", "?", ":"})
_LEFT_OUT = re.compile(r"(?<=[^\W_])['’][\w'’-]*|(?<![\w-])\w+ly(?![\w-])")
"""A possessive's end, and adverbs."""
_BREAK = re.compile(r"(?:(?! )[\W_])+(?: *(?! )[\W_]+)*| {2,}")
"""What is between words that do not follow each other."""
_AFTER_VERBS = word_set(
    """a an the this these that those its their our his her each every some any all both such various several
    how whether where when to"""
)
"""Seldom after a noun: "we segment the organ"."""
_ROMAN = re.compile("[IVX]+")
_ENDING = 5
"""Letters in which forms of one word may differ: "frustrated", "frustration"."""
_LONGEST_UNIT = 4
"""Letters: "GeV", "kpc", "Myr"."""
_BELONGS = 1.0
"""Two words belong together if they follow each other so much oftener than by chance: "virtual element"."""
_USUAL_PAIR = 0.003
"""Or in so large a share of all papers: "optimal control"."""
_STOP_WORDS = STOP_WORDS | {"of", ""} | word_set("eight nine ten hundred thousand million billion")
_STOPS = frozenset(Stemmer.Stemmer("english", 0).stemWords(sorted(_STOP_WORDS)))
_BEFORE_PHRASES = {"|"} | _STOPS
_AFTER_NOUNS = {"|"} | _STOPS - _AFTER_VERBS


class _Token(NamedTuple):
    written: str
    start: int
    stems: tuple[str, ...]
    """One for each part of a compound."""
    is_stop: bool
    """No phrase has it."""
    is_bare: bool
    """A number or one letter: no phrase begins or ends with it."""
    is_joined: bool
    """Only a space divides it from the token before."""


@dataclass(frozen=True, slots=True)
class Phrase:
    written: str
    """As the paper prints it: without hyphens and within a sentence if it can be."""
    key: str
    """Its stems between spaces, as they stand in ``Text.stems``."""
    terms: tuple[int, ...]
    """The snapshot's terms that it is made of, words and pairs."""
    is_compound: bool
    """One word with hyphens."""
    is_word: bool
    """A single word, and no acronym: it says less than several."""


@dataclass(frozen=True)
class Text:
    """Title and abstract of a paper."""

    title: str
    abstract: str

    @cached_property
    def stems(self) -> str:
        """All stems, each between spaces; a stroke divides what no phrase may bridge.

        The title stands there twice, so that what a paper is about is found at least twice.
        """
        folded = fold(f"{self.title} | {self.title} | {self.abstract}")
        text = _IN_COMPOUND.sub(" ", _LEFT_OUT.sub("|", folded))
        stemmer = Stemmer.Stemmer("english", 0)  # cheap to make, and not to be shared by threads
        return f" | {' '.join(stemmer.stemWords(_BREAK.sub(' | ', text).split()))} | "

    def times(self, phrase: Phrase) -> int:
        """Return how often the paper says it; the title counts two."""
        return self.stems.count(phrase.key)

    def prints(self, phrase: Phrase) -> bool:
        """Whether its acronyms have the same capitals here, and a single word about the same form.

        "GHZ" is not "GHz", and "tensorization" is no "tensor", though it has its stem.
        """
        text = f"{self.title} {self.abstract}"
        if phrase.is_word:
            return phrase.written[: max(3, len(phrase.written) - _ENDING)].lower() in text.lower()
        is_all_capitals = phrase.written.isupper() and " " in phrase.written
        names = () if is_all_capitals else _ACRONYM.findall(phrase.written)
        return all(name.removesuffix("s") in text for name in names)

    def has_whole(self, phrase: Phrase, *, snapshot: Snapshot) -> bool:
        """Whether it stands here somewhere without a word before or after that belongs to it."""
        stems, words = self.stems, phrase.key.split()
        start = stems.find(phrase.key)
        while start >= 0:
            end = start + len(phrase.key)
            before, after = stems[stems.rfind(" ", 0, start) + 1 : start], stems[end : stems.find(" ", end)]
            is_alone = before in EMPTY_STEMS if phrase.is_word else not before.isdecimal()
            begins = is_alone and not _belong(before, words[0], snapshot=snapshot)
            ends = after in EMPTY_STEMS and not _belong(words[-1], after, snapshot=snapshot)
            if (begins or before in _BEFORE_PHRASES) and (ends or after in _AFTER_NOUNS):
                return True
            start = stems.find(phrase.key, end - 1)
        return False

    def phrases(self, snapshot: Snapshot) -> list[Phrase]:
        """Return what may be said of the paper where another says it too, each once."""
        found: dict[str, tuple[tuple[bool, int], str, Sequence[_Token]]] = {}
        for text, place in ((without_offers(self.abstract), 0), (self.title, 2)):
            text = unicodedata.normalize("NFC", text)
            for run in _runs(text):
                if _may_be_said(run, snapshot=snapshot):
                    key = f" {' '.join(stem for token in run for stem in token.stems)} "
                    is_opening = text[: run[0].start].rstrip()[-1:] in _SENTENCE_ENDS
                    rank = len(run) == 1 < len(run[0].stems), place + is_opening
                    if key not in found or rank < found[key][0]:
                        written = text[run[0].start : run[-1].start + len(run[-1].written)]
                        found[key] = rank, written, run
        phrases = [_phrase(key, written, run, snapshot) for key, (_, written, run) in found.items()]
        return [
            each
            for each in phrases
            if each.terms and not (each.is_word and self._is_adjective(each, snapshot))
        ]

    def _is_adjective(self, word: Phrase, snapshot: Snapshot) -> bool:
        """Whether it mostly stands before nouns, and has no plural here."""
        stem = word.key.split()[-1]
        return stem in snapshot.modifiers and not re.search(rf"\b{stem}\w*(?<!s)s\b", fold(self.abstract))


def _phrase(key: str, written: str, run: Sequence[_Token], snapshot: Snapshot) -> Phrase:
    stems = key.split()
    terms = (*stems, *map(" ".join, pairwise(stems)))
    return Phrase(
        written,
        key,
        terms=tuple(dict.fromkeys(snapshot.numbers[term] for term in terms if term in snapshot.numbers)),
        is_compound=len(run) == 1 < len(stems),
        is_word=len(run) == 1 and not written.isupper(),
    )


def _may_be_said(run: Sequence[_Token], *, snapshot: Snapshot) -> bool:
    first, last = run[0], run[-1]
    if len(run) > 1 and len(last.stems) > 1:
        return False  # an adjective before a noun: "large vision-language"
    if len(run) > 1 and EMPTY_STEMS.issuperset(first.stems):
        pair = (*first.stems, *run[1].stems)[:2]
        if not _belong(*pair, snapshot=snapshot) and snapshot.share(pair) < _USUAL_PAIR:
            return False
    is_participle = last.written.endswith("ed") and not last.stems[-1].endswith("ed")
    return not is_participle and says_something([token.written for token in run])


def _belong(one: str, other: str, *, snapshot: Snapshot) -> bool:
    together = snapshot.share((one, other))
    return together > _BELONGS * snapshot.share((one,)) * snapshot.share((other,))


def _runs(text: str) -> Iterator[Sequence[_Token]]:
    """Yield each run of words that follow each other, without stop words. What follows a number is a unit."""
    tokens = _tokens(text)
    units = {
        one.written
        for number, one in pairwise(tokens)
        if number.written[-1].isdecimal()
        and number.is_bare
        and one.is_joined
        and len(one.written) <= _LONGEST_UNIT
    }
    for start, first in enumerate(tokens):
        if first.is_bare or first.is_stop or first.written in units:
            continue
        for end in range(start, min(len(tokens), start + LONGEST)):
            last = tokens[end]
            if last.is_stop or (end > start and not last.is_joined):
                break
            if not last.is_bare:
                yield tokens[start : end + 1]


def _tokens(text: str) -> list[_Token]:
    matches = list(_WORD.finditer(text))
    parts = [fold(match.group()).translate(_TO_SPACES).split() for match in matches]
    stemmer = Stemmer.Stemmer("english", 0)
    found: list[_Token] = []
    end = -1
    for match, words in zip(matches, parts, strict=True):
        written = match.group()
        found.append(
            _Token(
                written=written,
                start=match.start(),
                stems=tuple(stemmer.stemWords(words)),
                is_stop=words == []
                or (words[0] in _STOP_WORDS and len(words) == 1)
                or written.endswith("ly"),
                is_bare=all(len(word) < 2 or word.isdecimal() for word in words)
                or _ROMAN.fullmatch(written) is not None,
                is_joined=text[end : match.start()] == " ",
            )
        )
        end = match.end()
    return found
