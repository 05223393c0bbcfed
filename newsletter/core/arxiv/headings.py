"""What a section's title tells: whether it is of other people's work, or the list of references."""

from __future__ import annotations

import re

_RELATED = re.compile(
    r"\b(?:related (?:work|research|stud|literature|approach|method)|(?:prior|previous|existing|earlier) "
    r"(?:work|art|research|stud|approach|method)|background|literature (?:review|survey)|preliminaries"
    r"|preliminary$|preliminary (?:concepts|knowledge|notions|definitions)|state of the art$)",
    re.I,
)
_OWN_FIRST = re.compile(r"introduction\b", re.I)
_REFERENCES = frozenset({"references", "bibliography", "literaturecited", "workscited", "referencesandnotes"})


def is_related(title: str) -> bool:
    """Say whether a section of this title tells of what others did."""
    return bool(_RELATED.search(title)) and not _OWN_FIRST.match(title)


def is_references(title: str) -> bool:
    return "".join(filter(str.isalpha, title.casefold())) in _REFERENCES
