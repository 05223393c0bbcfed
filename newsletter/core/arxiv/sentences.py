"""English prose → its sentences, with the habits of scientific abstracts.

Own code because general splitters (sentencex, syntok) break "Eq. (3)" and join paragraphs over an apostrophe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BREAK = re.compile(r"(?P<stop>[.!?…]+)(?P<close>['\"”’)\]}]*)(?P<gap>[^\S\n]+)(?=\S)")
_LOST_SPACE = re.compile(r"(?<=[a-z\d)*]{2})(?P<stop>\.)(?P<close>)(?P<gap>)(?=[A-Z][a-z]+,? [a-z])")
"""Where arXiv's line break was lost: ``… the same view.Each view …``. Only before a common sentence
opening."""
_BRACKETS = re.compile(r"\([^()\n]{0,300}\)|\[[^\[\]\n]{0,300}\]|\{[^{}\n]{0,300}\}")
_NEXT_TOKEN = re.compile(r"['\"“‘(\[`$\\{]*(?P<word>\w[\w\-]*)")
_UNIT = re.compile(r"\d\s?[A-Z]$")
"""One letter after a number ends a sentence: "below 25 K". """
_INITIALS = re.compile(r"(?:[A-Z]\.-?)*[A-Z]")
_LIST_MARK = re.compile(r"\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])[.)]*", re.IGNORECASE)


_LOWER_CASE_NAME = re.compile(r"[a-z]+\d[a-z\d-]*[a-z][a-z\d-]*|[a-z]{1,3}\d+|[a-z]-[a-z]+")
_LOWER_CASE_NAMES = frozenset(
    {"scikit", "scikit-learn", "sklearn", "numpy", "scipy", "pandas", "spacy", "fasttext"}
)


def is_lower_case_name(word: str) -> bool:
    """Say whether a sentence may begin with ``word`` although it is lower case: word2vec, p53, k-means."""
    return bool(_LOWER_CASE_NAME.fullmatch(word)) or word in _LOWER_CASE_NAMES


def opens_small(text: str) -> bool:
    """Say whether ``text`` begins with a lower-case word that is not a name (vLLM, word2vec)."""
    first = text.split(maxsplit=1)[:1]
    return bool(first) and first[0].islower() and not is_lower_case_name(first[0].strip(".,;:"))


def word_set(words: str) -> frozenset[str]:
    """The words of a table, written with white space between them."""
    return frozenset(words.split())


def one_of(words: str) -> str:
    """The words of a table as a pattern; each may be a pattern itself, with ``_`` for white space."""
    return f"(?:{'|'.join(words.split())})".replace("_", r"\s")


_NEVER_LAST = word_set(
    """e.g i.e cf vs viz fig figs eq eqs eqn eqns sec secs sect thm lem alg approx ca ref refs w.r.t wrt dr
    mr mrs prof st var subsp ssp a.k.a s.t i.i.d trans conf proc univ dept"""
)
"""Abbreviations, without the last full stop, that a sentence does not end with."""

_BEFORE_NUMBERS = word_set("no nos tab prop cor def app ch vol pp p seq")
"""Abbreviations only where a number follows; otherwise words of their own."""

_SELDOM_LAST = word_set(
    "al etc u.s u.k u.n e.u ph.d a.m p.m inc ltd co corp jr sr resp min max sp spp avg est"
)
"""Abbreviations that end a sentence only where a usual opening word follows."""

_USUAL_OPENINGS = word_set(
    """a accordingly additionally after all although among an and as at based beyond both building but by
    code compared comprehensive consequently crucially current despite each empirical evaluation existing
    experimental experiments extensive finally first for from furthermore given hence here however if
    importantly in instead it its leveraging many meanwhile moreover most motivated nevertheless notably on
    our overall previous prior recent recently results second similarly since some specifically such that the
    their then there therefore these they third this those through thus to together two under unlike using
    via we what when whereas while with within without yet"""
)


def sentences(text: str) -> list[str]:
    """Split ``text`` into sentences, each an exact slice of it without outer white space.

    A line break always ends one. Nothing is split inside brackets of up to 300 characters.
    """
    return [sentence for line in text.split("\n") for sentence in _split(line)]


def _split(line: str) -> Iterator[str]:
    bracketed = [match.span() for match in _BRACKETS.finditer(line)]
    start = 0
    for match in _breaks(line):
        inside = any(left < match.start("stop") and match.end("close") < right for left, right in bracketed)
        if not inside and _ends_sentence(line, match, start=start):
            yield line[start : match.end("close")].strip()
            start = match.end()
    if rest := line[start:].strip():
        yield rest


def _breaks(line: str) -> list[re.Match[str]]:
    found = [*_BREAK.finditer(line), *_LOST_SPACE.finditer(line)]
    return sorted(found, key=lambda match: match.start())


def _ends_sentence(line: str, match: re.Match[str], *, start: int) -> bool:
    before = line[start : match.start("stop")].strip()
    following = _next_word(line, match.end())
    if not following or (following.islower() and not is_lower_case_name(following)):
        return False
    if not match["gap"] and following.lower() not in _USUAL_OPENINGS:
        return False
    if _LIST_MARK.fullmatch(before):
        return False
    if match["stop"] != ".":
        return True
    return bool(_UNIT.search(before)) or _may_end(
        before.rsplit(maxsplit=1)[-1] if before else "", following=following
    )


def _next_word(line: str, position: int) -> str:
    """The word at ``position`` without its opening quotes and brackets; empty before a dash or a comma.

    A word like ``eCNNTO`` may begin a sentence.
    """
    found = _NEXT_TOKEN.match(line, position)
    return found["word"] if found else ""


def _may_end(token: str, *, following: str) -> bool:
    """Say whether a full stop after ``token`` can end a sentence when ``following`` comes next."""
    bare = token.lstrip("([{'\"“‘~").rsplit("~", 1)[-1]
    abbreviation = bare.lower()
    is_acronym = len(bare) > 1 and bare.isupper() and "." not in bare
    if is_acronym:
        return True
    if abbreviation in _NEVER_LAST or (abbreviation in _BEFORE_NUMBERS and following[0].isdigit()):
        return False
    if _INITIALS.fullmatch(bare) or abbreviation in _SELDOM_LAST:
        return following.lower() in _USUAL_OPENINGS
    return True
