"""What is printed above a paper's text: where the authors work, and the paper's own keywords."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice

MOST = 40
LONGEST = 300
_INSTITUTION = re.compile(
    r"universi|institut|college|school|departe?ment|dept|facult|laborator|\blabs?\b|research|academ|cent(?:er|re|ro|rum)\b"
    r"|hospital|polytechni|politecnico|hochschule|école|ecole|\b(?:inc|corp|ltd|llc|gmbh|ag)\b\.?"
    r"|company|group\b|observator|foundation|agency|technolog|sciences?\b|\beth\b|\bepfl\b|\bmit\b|\bcnrs\b|inria"
    r"|google|microsoft|deepmind|meta ai|nvidia|openai|anthropic|alibaba|tencent|huawei|bytedance|baidu"
    r"|amazon|apple\b|\bibm\b|adobe|大学|研究",
    re.I,
)
_EMAIL = re.compile(r"\{[^}]*\}\s*@\s*\S+|[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+", re.I)
_NOT_A_PLACE = re.compile(
    r"\b(?:equal(?:ly)? contribut\w*|corresponding authors?|correspondence|project (?:lead|page)|work done"
    r"|intern\b|anonymous|double-blind|dated|e-?mails?|these authors|https?:|preprint|under review"
    r"|proceedings|orcid|footnotemark)",
    re.I,
)
_MARK_CHARACTERS = "*∗†‡§¶‖#⋆★✉⁰¹²³⁴⁵⁶⁷⁸⁹"
_LEADING_MARK = re.compile(
    r"^\s*(?:\(?\d{1,2}\)?(?=\s*[A-Z])|[*∗†‡§¶‖#⋆★]+|\([a-z]\)|[a-z](?=[A-Z][a-z]))\s*"
)
_SEPARATORS = re.compile(r"[;,·•∙⋅|]|\.(?=\s*$)|\s[–—-]\s")


def is_institution(text: str) -> bool:
    return bool(_INSTITUTION.search(text))


def affiliations_of(places: Iterable[str], *, authors: Sequence[str]) -> tuple[str, ...]:
    """Clean what is printed as authors' places: no marks, mail addresses, notes or names; each once.

    ``authors`` are arXiv's: their names are what tells a line of names from a line of places.
    """
    names = {_plain(author) for author in authors}
    names |= {_plain(author.split()[-1]) for author in authors if len(author.split()) > 1}
    people = sorted(filter(None, names), key=len, reverse=True)
    first = [place[: 2 * LONGEST] for place in islice(places, 5 * MOST)]
    cleaned = [text for place in first if (text := _clean(place)) and _is_place(text)]
    return tuple(dict.fromkeys(text for text in cleaned if not _is_names(text, people)))[:MOST]


def keywords_of(text: str) -> tuple[str, ...]:
    """Divide the paragraph after ``Keywords:``."""
    parts = (" ".join(part.split()).strip(" .;,:—–") for part in _SEPARATORS.split(text))
    return tuple(dict.fromkeys(part for part in parts if 1 < len(part) <= 80))[:20]


def _is_names(text: str, people: Sequence[str]) -> bool:
    """Say whether most of a line is authors' names."""
    plain = left = _plain(text)
    for name in people:
        left = left.replace(name, "")
    return bool(plain) and len(left) <= 0.5 * len(plain) and len(left) < len(plain)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isalpha())


def _clean(text: str) -> str:
    text = _EMAIL.sub("", text)
    text = _LEADING_MARK.sub("", " ".join(text.split()))
    text = re.sub(r"(?:\s*,)+", ",", text)
    return text.strip(f" ,;.&{_MARK_CHARACTERS}")[:LONGEST].removesuffix(" and").strip(" ,")


def _is_place(text: str) -> bool:
    return sum(map(str.isalpha, text)) >= 2 and not _NOT_A_PLACE.search(text)
