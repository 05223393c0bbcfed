"""Title and abstract → the terms that a paper is compared by: English stems, single or in pairs.

Owns what a term is. How much one weighs is ``snapshot.py``'s.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import Stemmer

from newsletter.core.arxiv.plain_words import STOP_WORDS
from newsletter.core.arxiv.sentences import sentences

TITLE_WORTH = 3
"""What one occurrence in the title counts, against one in the abstract."""
MOST_CHARACTERS = 20_000
"""Of an abstract: ten times what arXiv allows."""

_URL = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)+/\S*", re.IGNORECASE)
_IS_OFFERED = re.compile(
    r"\b(?:codes?|codebase|checkpoints)\b[^.;]{0,80}\b(?:available|accessible|released|open-?sourced|found)\b"
    r"|\b(?:release|open-source|share|provide)\b[^.;]{0,60}\b(?:codes?|codebase|checkpoints)\b"
    r"|\bproject (?:web)?page\b",
    re.IGNORECASE,
)
_LONGEST_OFFER = 24
"""Words: a longer sentence also says what the paper is about, and only loses its addresses."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_JOINS = {" ", "-", "‐", "‑", "–", " of "}
"""What may stand between the words of a pair. "chain of thought" is the pair of chain and thought."""
_NAME = re.compile(r"^.+[A-Z0-9]")
_STOP_WORDS = STOP_WORDS | {"of"}
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)


@dataclass(frozen=True, slots=True)
class Term:
    count: int
    """Occurrences; one in the title counts three."""
    surface: str
    """As the paper writes it: "language agents"."""


class _Word(NamedTuple):
    start: int
    end: int
    stem: str
    written: str
    is_bare: bool
    """A number or one letter: no term by itself, but part of "3-manifold", "GPT-4" and "p-adic"."""


def paper_terms(*, title: str, abstract: str) -> dict[str, Term]:
    """Return the terms of a paper by their key: stems, two of them divided by a space ("languag agent").

    Both texts are as a person reads them, without TeX. Addresses and sentences that offer code are left out.
    """
    found: dict[str, Term] = {}
    stemmer = Stemmer.Stemmer("english", 0)  # cheap to make, and not to be shared by threads
    texts = ((_lowered(title), TITLE_WORTH), (without_offers(abstract[:MOST_CHARACTERS]), 1))
    for text, worth in texts:
        for key, surface in _terms(text, stemmer=stemmer):
            known = found.get(key)
            found[key] = Term(known.count + worth, known.surface) if known else Term(worth, surface)
    return found


def fold(text: str) -> str:
    """Return ``text`` in lower case without accents: "Schrödinger" and "Schrodinger" are one word."""
    if text.isascii():
        return text.lower()
    # casefold may compose again, and what was a styled letter (𝑨) becomes a plain capital first
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).translate(_LETTERS)


def _lowered(title: str) -> str:
    """A title's capitals say little; a capital or digit after the first letter is a name's (NeRF)."""
    return " ".join(word if _NAME.search(word) else word.lower() for word in title.split())


def without_offers(abstract: str) -> str:
    """Drop addresses, and whole sentences that say where the code is."""
    kept = []
    for sentence in sentences(abstract):
        is_offer = len(sentence.split()) <= _LONGEST_OFFER and (
            _URL.search(sentence) or _IS_OFFERED.search(sentence)
        )
        if not is_offer:
            kept.append(_URL.sub(". ", sentence))
    return "\n".join(kept)


def _terms(text: str, *, stemmer: Stemmer.Stemmer) -> Iterator[tuple[str, str]]:
    """Yield (key, surface) of each word and each pair of neighbours."""
    text = unicodedata.normalize("NFC", text)
    words = list(_words(text, stemmer=stemmer))
    for word in words:
        if not word.is_bare:
            yield word.stem, word.written
    for one, other in pairwise(words):
        between = text[one.end : other.start]
        if between.lower() in _JOINS and not (one.is_bare and other.is_bare):
            yield f"{one.stem} {other.stem}", f"{one.written}{between}{other.written}"


def _words(text: str, *, stemmer: Stemmer.Stemmer) -> Iterator[_Word]:
    for match in _WORD.finditer(text):
        written = re.split("['’]", match.group(), maxsplit=1)[0]
        folded = fold(written)
        if folded in _STOP_WORDS:
            continue
        stem = stemmer.stemWord(folded)
        yield _Word(
            start=match.start(),
            end=match.end(),
            stem=stem,
            written=written,
            is_bare=len(stem) < 2 or folded.isdecimal(),
        )
