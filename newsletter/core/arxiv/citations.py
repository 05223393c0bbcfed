"""Citations of papers as BibTeX, safe for TeX without Unicode, as far as TeX has the characters."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

from pylatexenc.latexencode import RULE_DICT, UnicodeToLatexConversionRule, UnicodeToLatexEncoder

from newsletter.core.arxiv.links import abstract_url
from newsletter.core.arxiv.papers import PaperRecord

_NEEDS_BRACES = re.compile(r",|\band\b", re.IGNORECASE)
"""In an author's name: BibTeX divides names there."""
NO_SURNAME = re.compile(r"(?:jr|sr|ii|iii|iv)\.?|collaboration|team", re.IGNORECASE)
_GROUP = re.compile(
    r"\b(?:(?i:collaborations?|teams?|groups?|consortium|project|labs?|laboratory|research|university|institute"
    r"|inc|network|survey|alliance|initiative|community|committee|society|foundation)|AI)\b"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/[!-~]+")
_VERBATIM = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C"})


def bibtex(papers: Iterable[PaperRecord]) -> str:
    """Return an entry for each paper, in order, each under a key of its own."""
    listed = list(papers)
    return "\n".join(map(_entry, listed, citation_keys(listed)))


def citation_keys(papers: Iterable[PaperRecord]) -> list[str]:
    """Return a key for each paper: letters, digits and hyphens, no two alike."""
    taken: Counter[str] = Counter()
    return [_key(paper, taken) for paper in papers]


def doi_of(paper: PaperRecord) -> str:
    """Return the first DOI that its authors gave; nothing for what is none."""
    found = "".join(paper.doi.split()[:1])
    return found if _DOI.fullmatch(found) else ""


def is_of_a_group(name: str) -> bool:
    """Whether an author is no person as far as the name shows: "ATLAS Collaboration"."""
    return bool(_GROUP.search(name))


def _entry(paper: PaperRecord, key: str) -> str:
    fields = {
        "title": f"{{{in_tex(paper.title)}}}",  # in braces once more, so that no style changes its capitals
        "author": " and ".join(map(_author, paper.authors)),
        "year": f"{paper.published_at:%Y}",
        "day": f"{paper.published_at.day}",
        "eprint": paper.arxiv_id,
        "archiveprefix": "arXiv",
        "primaryclass": paper.primary_category,
        "version": f"{paper.version}",
        "doi": doi_of(paper).translate(_VERBATIM),
        "note": in_tex(paper.journal_ref),
        "url": abstract_url(paper),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    lines.append(f"  month = {_MONTHS[paper.published_at.month - 1]},")  # a style's own word: no braces
    return "\n".join([f"@misc{{{key},", *lines, "}\n"])


def in_tex(text: str) -> str:
    """Return text for TeX; characters that it has no command for (Chinese, emoji) stay."""
    # BibTeX counts braces whether escaped or not, so those without a partner are spelt out.
    encoder = _encoder(spells_braces=not _is_balanced(text))
    return str(encoder.unicode_to_latex(" ".join(text.split())))


def _is_balanced(text: str) -> bool:
    depth = 0
    for brace in re.findall(r"[{}]", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


@cache
def _encoder(*, spells_braces: bool) -> UnicodeToLatexEncoder:
    braces = {ord("{"): r"\textbraceleft", ord("}"): r"\textbraceright"}
    rules = [UnicodeToLatexConversionRule(RULE_DICT, braces)] if spells_braces else []
    return UnicodeToLatexEncoder(
        conversion_rules=[*rules, "defaults"],
        replacement_latex_protection="braces-all",
        unknown_char_policy="keep",
        unknown_char_warning=False,
    )


def _author(name: str) -> str:
    is_whole = _NEEDS_BRACES.search(name) or is_of_a_group(name)
    return f"{{{in_tex(name)}}}" if is_whole else in_tex(name)


def _key(paper: PaperRecord, taken: Counter[str]) -> str:
    """Return ``lovelace2026avatar``; of further papers with that ``lovelace2026avatar-2``, ``-3``…"""
    names = [part for part in "".join(paper.authors[:1]).split() if not NO_SURNAME.fullmatch(part)]
    surname = "".join(_letters(names[-1])) if names else ""
    word = next((word for word in _letters(paper.title) if len(word) > 3), "")
    key = f"{surname or 'arxiv'}{paper.published_at:%Y}{word}"
    taken[key] += 1
    return key if taken[key] == 1 else f"{key}-{taken[key]}"


def _letters(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return re.findall(r"[a-z]+", "".join(sign for sign in decomposed if not unicodedata.combining(sign)))
