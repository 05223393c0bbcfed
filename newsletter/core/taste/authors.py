"""Followed authors: is one of a paper's authors the person that a subscriber follows?

arXiv has names, not people. Spellings of a name are compared in ``names.py``. People of one name are told
apart here by their co-authors and fields; where that fails, the answer says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from newsletter.core.taste.names import Agreement, compare_names, family_keys


class AuthorMatch(StrEnum):
    SAME = "same"
    """The name agrees, and a co-author or a field does too."""
    AMBIGUOUS = "ambiguous"
    """The name agrees; whether the person does is not known. Say so, or ask."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A person by name, and what is known from papers that are theirs for certain."""

    name: str
    coauthors: frozenset[str] = frozenset()
    """Names as printed."""
    categories: frozenset[str] = frozenset()
    """arXiv's codes, such as ``cs.CV``."""


@dataclass(frozen=True, slots=True)
class Byline:
    """What a paper says about its authors."""

    authors: tuple[str, ...]
    categories: tuple[str, ...]


def match_author(followed: Followed, byline: Byline) -> AuthorMatch | None:
    """Say whether an author of the paper is the person followed; None where no author has the name.

    A shared co-author is enough. A shared category is enough where the first name is written out in both.
    """
    agreed = {name: compare_names(followed.name, name) for name in byline.authors}
    best = max(agreed.values(), default=Agreement.NONE)
    if best is Agreement.NONE:
        return None
    others = [name for name, agreement in agreed.items() if agreement is Agreement.NONE]
    if _meet(others, followed.coauthors):
        return AuthorMatch.SAME
    if best is Agreement.FULL and followed.categories & set(byline.categories):
        return AuthorMatch.SAME
    return AuthorMatch.AMBIGUOUS


def tell_apart(name: str, papers: Mapping[int, Byline]) -> list[frozenset[int]]:
    """Divide the papers by authors of that name into one set a person, as far as one can tell; largest first.

    Two papers are of one person if they share another author, or a category and the first name in full. More
    than one set: people of the same name, or one who changed fields. Papers without the name are left out.
    """
    groups: list[frozenset[int]] = []
    for paper_id, byline in sorted(papers.items()):
        linked = [
            group for group in groups if any(_are_of_one(name, papers[other], byline) for other in group)
        ]
        if match_author(Followed(name), byline):
            groups = [group for group in groups if group not in linked]
            groups.append(frozenset({paper_id}).union(*linked))
    return sorted(groups, key=lambda group: (-len(group), min(group)))


def known_from(name: str, papers: Iterable[Byline]) -> Followed:
    """Return the person with the co-authors and categories of ``papers``, which are theirs for certain."""
    several = list(papers)
    others = {
        author
        for paper in several
        for author in paper.authors
        if compare_names(name, author) is Agreement.NONE
    }
    categories = {category for paper in several for category in paper.categories}
    return Followed(name=name, coauthors=frozenset(others), categories=frozenset(categories))


def _are_of_one(name: str, one: Byline, other: Byline) -> bool:
    return match_author(known_from(name, [one]), other) is AuthorMatch.SAME


def _meet(names: Sequence[str], others: Collection[str]) -> bool:
    """Whether a person is in both, by names that are written out."""
    known: dict[str, list[str]] = {}
    for name in others:
        for key in family_keys(name):
            known.setdefault(key, []).append(name)
    return any(
        compare_names(name, other) is Agreement.FULL
        for name in names
        for key in family_keys(name)
        for other in known.get(key, ())
    )
