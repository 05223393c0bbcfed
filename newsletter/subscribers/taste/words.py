"""The terms that lift or lower a paper, of each profile, as pages and exports show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.adapters.infra.taste_stored import stored_snapshot
from newsletter.core.taste.vectors import unpack
from newsletter.models import Subscriber, TasteProfile, Topic

MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class Word:
    key: str
    """Its stems, as the snapshot names it."""
    surface: str
    weight: float


@dataclass(frozen=True, slots=True)
class ProfileWords:
    topic: Topic | None
    """None: what was learned for all topics together."""
    lifts: tuple[Word, ...]
    """Strongest first, as are those that lower."""
    lowers: tuple[Word, ...]


def profile_words(subscriber: Subscriber, *, most: int = MOST_WORDS) -> list[ProfileWords]:
    """Return the strongest terms of each profile that has any: of all topics first, then topic by topic."""
    rows = subscriber.profiles.select_related("topic", "snapshot").defer("snapshot__content")
    known = [
        _words(row, muted=subscriber.muted_terms, most=most) for row in rows.order_by("topic__name", "pk")
    ]
    known.sort(key=lambda words: words.topic is not None)
    return [words for words in known if words.lifts or words.lowers]


def weighed_words(row: TasteProfile) -> dict[str, float]:
    """Return every term of a profile, as papers write it, with its weight."""
    snapshot = stored_snapshot(row.snapshot_id, row.snapshot.made_at)
    return {snapshot.surface(number): weight for number, weight in unpack(bytes(row.terms)).items()}


def _words(row: TasteProfile, *, muted: dict[str, str], most: int) -> ProfileWords:
    snapshot = stored_snapshot(row.snapshot_id, row.snapshot.made_at)
    words = [
        Word(key=snapshot.keys[number], surface=snapshot.surface(number), weight=weight)
        for number, weight in unpack(bytes(row.terms)).items()
    ]
    kept = [word for word in words if word.key not in muted]
    return ProfileWords(
        topic=row.topic,
        lifts=_strongest([word for word in kept if word.weight > 0], most),
        lowers=_strongest([word for word in kept if word.weight < 0], most),
    )


def _strongest(words: Sequence[Word], most: int) -> tuple[Word, ...]:
    return tuple(sorted(words, key=lambda word: (-abs(word.weight), word.key))[:most])


def strongest(profiles: Sequence[ProfileWords], *, most: int = 8) -> tuple[list[Word], list[Word]]:
    """Return the words that lift and that lower most, over all profiles, each once."""
    return (
        _once([word for each in profiles for word in each.lifts], most),
        _once([word for each in profiles for word in each.lowers], most),
    )


def _once(words: Sequence[Word], most: int) -> list[Word]:
    best: dict[str, Word] = {}
    for word in sorted(words, key=lambda word: (-abs(word.weight), word.key)):
        best.setdefault(word.key, word)
    return list(best.values())[:most]
