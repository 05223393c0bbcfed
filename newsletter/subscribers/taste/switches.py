"""What may be done with a subscriber's taste: switches, and terms that nothing is learned from."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from newsletter.errors import BadInput
from newsletter.models import Subscriber
from newsletter.subscribers.change import lock
from newsletter.subscribers.taste.acts import move_on

SWITCHES = ("learns", "shows_near", "shows_revised", "names_imports")
MOST_MUTED = 500


@transaction.atomic
def set_switches(subscriber: Subscriber, switches: Mapping[str, bool]) -> bool:
    """Set those given, by the names of ``SWITCHES``; whether any moved."""
    lock(subscriber)
    moved = [name for name in SWITCHES if name in switches and switches[name] != getattr(subscriber, name)]
    for name in moved:
        setattr(subscriber, name, switches[name])
    if moved:
        subscriber.save(update_fields=moved)
        move_on(subscriber)
    return bool(moved)


@transaction.atomic
def mute_term(subscriber: Subscriber, key: str, *, surface: str) -> None:
    """Learn nothing more from a term. ``key``: its stems, as a snapshot names it. Raises BadInput."""
    lock(subscriber)
    if key not in subscriber.muted_terms and len(subscriber.muted_terms) >= MOST_MUTED:
        raise BadInput(f"at most {MOST_MUTED} terms are left out: put some back first")
    _set_muted(subscriber, {**subscriber.muted_terms, key: surface})


@transaction.atomic
def unmute_term(subscriber: Subscriber, key: str) -> None:
    lock(subscriber)
    _set_muted(subscriber, {each: said for each, said in subscriber.muted_terms.items() if each != key})


def _set_muted(subscriber: Subscriber, terms: dict[str, str]) -> None:
    if terms != subscriber.muted_terms:
        subscriber.muted_terms = terms
        subscriber.save(update_fields=["muted_terms"])
        move_on(subscriber)
