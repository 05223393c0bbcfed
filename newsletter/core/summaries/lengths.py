"""How long a model's finding and takeaways may be: what is longer than asked for is not shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    words: int
    """Of a finding; 0 where words are not counted. It may have more in few characters."""
    finding: int
    """Characters."""
    takeaway: int


LENGTHS = Lengths(words=18, finding=110, takeaway=90)
HAN_LENGTHS = Lengths(words=0, finding=60, takeaway=45)


def is_finding_too_long(text: str, *, language: str) -> bool:
    most = lengths_of(language)
    return len(text) > most.finding and len(text.split()) > most.words


def is_takeaway_too_long(text: str, *, language: str) -> bool:
    return len(text) > lengths_of(language).takeaway


def lengths_of(language: str) -> Lengths:
    return HAN_LENGTHS if language.startswith("zh") else LENGTHS
