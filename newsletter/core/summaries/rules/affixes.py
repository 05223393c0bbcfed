"""Sense that a prefix or suffix turns round: unsafe and safe, over- and underestimate, harmful and harmless.

Owns which affixes do and which words only seem to have one (``information`` is no denial of ``formation``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_NEGATED = re.compile(
    r"""(?:un(?!like|less|lock|cover|fold|learn|able|til|der)|non)(?P<plain>[a-z]{4,})
    |in(?P<in>(?:\w*(?:able|ibl[ey]|ably|bility|enc[ey]|ent(?:ly)?|equa\w+|riate(?:ly)?)|vari(?:ant|ance)\w*
        |signific\w+|accura\w+|complete\w*|correct\w*|effective\w*|sensitiv\w+|active\w*|exact\w*|valid\w*|direct\w*
        |definite\w*|finite\w*|homogene\w+|elastic\w*|secur\w+))
    |im(?P<im>perfect\w*|possib\w+|practica\w+|plausib\w+|balance\w*|precis\w+|proper\w*|pur(?:e|ity)|mature\w*)
    |ir(?P<ir>relevan\w+|reducib\w+|regular\w*|reversib\w+|rational\w*|responsib\w+)|il(?P<il>legal\w*|logical\w*)
    |dis(?P<dis>agree\w*|advantage\w*|similar\w*|continuous\w*|connect\w*|honest\w*|ordered|prov(?:e[sd]?|ing)
        |favou?r\w*|allow\w*|entangl\w+|appear\w*)
    |a(?P<a>symmetr\w+|synchron\w+|cyclic\w*|typical\w*|periodic\w*|causal\w*)|ab(?P<ab>normal\w*)
    |mis(?P<mis>match\w*|align\w*|calibrat\w+|classif\w+|specif\w+|label\w*)
    |de(?P<de>centrali[sz]\w+|coupl\w+|stabili[sz]\w+|correlat\w+)""",
    re.VERBOSE,
)
_OPPOSED = (
    "over under|inter intra|pre post|up down|hyper hypo|homo hetero|macro micro|sub super|mono multi"
    "|uni multi|uni bi|single multi|fore back|endo exo|sym asym|maxi mini"
)
_OPPOSED_PAIRS = tuple(tuple(pair.split()) for pair in _OPPOSED.split("|"))
_OPPOSED_STEMS = (
    "includ exclud|inclus exclus|intern extern|intrins extrins|interior exterior|implicit explicit"
    "|encod decod|encrypt decrypt|indoor outdoor|inlier outlier|inflow outflow|offline online|lossless lossy"
)
_STEM_PAIRS = tuple(tuple(pair.split()) for pair in _OPPOSED_STEMS.split("|"))
_SUFFIX_PAIRS = (("ful", "less"),)
_PREFIXES = tuple({prefix for pair in (*_OPPOSED_PAIRS, *_STEM_PAIRS) for prefix in pair})
_SUFFIXES = tuple(suffix for pair in _SUFFIX_PAIRS for suffix in pair)
_PREFIX_ALONE = re.compile(
    r"\b(non|un|over|under|inter|intra|pre|post|up|down|sub|super|mono|multi|uni|mis|dis)-(?=[a-z])"
)
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_MIN_ROOT = 4
_ENDING = 2
"""Letters in which two words of one root may differ: stable, stability."""

_TURNS = re.compile(
    r"\b(?:not|no|never|nor|neither|without|cannot|hardly|few(?:er)?|less|lack\w*|avoid\w*|prevent\w*|remov\w*"
    r"|reduc\w*|lower\w*|decreas\w*|mitigat\w*|alleviat\w*|suppress\w*|eliminat\w*|exclud\w*|filter\w*|discard\w*"
    r"|reject\w*|overcom\w*|correct\w*|resolv\w*|fail\w*|rather than|instead of|despite|violat\w*"
    r"|fix\w*|address\w*)\b|n['’]t\b"
)
"""What turns the sense of a word near by: "reduces instability" does say "more stable"."""
_NEAR = re.compile(r"[^,;:.()]*$")
_WORDS_NEAR = 6

Found = dict[str, set[bool]]
"""A word without hyphens, and whether something before it turns it round, for each place where it stands."""


def turns_inside(claim: str, quoted: str) -> bool:
    """Say whether ``claim`` says of a word the opposite of all that ``quoted`` says, told by an affix.

    A denial before the word counts: "reduces instability" bears out "stable", not "reduces stability".
    """
    said, shown = _words(claim), _words(quoted)
    return any(
        not _senses(said, word, other) & _senses(shown, word, other)
        for word, other in _opposites(said, shown)
    )


def _opposites(said: Found, shown: Found) -> Iterator[tuple[str, str]]:
    """Yield the pairs of opposite words, one from each text."""
    for word in said:
        for other in shown if _has_affix(word) else filter(_has_affix, shown):
            if word != other and (_is_opposite(word, other) or _is_opposite(other, word)):
                yield word, other


def _senses(words: Found, plain: str, turned: str) -> set[bool]:
    """Return in which senses ``words`` have either: True for ``plain``, and for ``turned`` that is denied."""
    as_plain = {
        not is_turned for word, turns in words.items() if _is_same_root(word, plain) for is_turned in turns
    }
    return as_plain | {
        is_turned for word, turns in words.items() if _is_same_root(word, turned) for is_turned in turns
    }


@lru_cache(maxsize=1024)
def _words(text: str) -> Found:
    found: Found = {}
    lowered = _PREFIX_ALONE.sub(r"\1", text.casefold())
    for match in _WORD.finditer(lowered):
        near = _NEAR.search(lowered[: match.start()])
        before = " ".join((near.group() if near else "").split()[-_WORDS_NEAR:])
        for word in {match.group().replace("-", ""), *match.group().split("-")}:
            if len(word) >= _MIN_ROOT:
                found.setdefault(word, set()).add(bool(_TURNS.search(before)))
    return found


@lru_cache(maxsize=8192)
def _has_affix(word: str) -> bool:
    return bool(_NEGATED.fullmatch(word)) or word.startswith(_PREFIXES) or word.endswith(_SUFFIXES)


@lru_cache(maxsize=8192)
def _is_opposite(word: str, other: str) -> bool:
    """Say whether ``word`` is ``other`` with its sense turned by an affix."""
    denied = _NEGATED.fullmatch(word)
    if denied and _is_same_root(next(filter(None, denied.groups())), other):
        return True
    for first, last in _OPPOSED_PAIRS:
        if (
            word.startswith(first)
            and other.startswith(last)
            and _is_same_root(word[len(first) :], other[len(last) :])
        ):
            return True
    if any(word.startswith(first) and other.startswith(last) for first, last in _STEM_PAIRS):
        return True
    return any(
        word.endswith(first) and other.endswith(last) and word[: -len(first)] == other[: -len(last)]
        for first, last in _SUFFIX_PAIRS
    )


def _is_same_root(word: str, other: str) -> bool:
    shorter = min(len(word), len(other))
    shared = next((at for at in range(shorter) if word[at] != other[at]), shorter)
    return shared >= max(_MIN_ROOT, shorter - _ENDING)
