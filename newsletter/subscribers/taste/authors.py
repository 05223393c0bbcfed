"""Follow authors by name, and stop following them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from newsletter.core.storable import is_storable
from newsletter.core.taste.terms import fold
from newsletter.errors import BadInput
from newsletter.models import FollowedAuthor, Subscriber
from newsletter.subscribers.change import lock
from newsletter.subscribers.taste.acts import move_on

MOST_AUTHORS = 200
MAX_NAME = 120


class TooManyAuthorsError(BadInput):
    def __init__(self) -> None:
        super().__init__(f"a reader follows at most {MOST_AUTHORS} authors: unfollow some first")


@transaction.atomic
def follow_authors(subscriber: Subscriber, names: Iterable[str], *, now: datetime) -> int:
    """Follow these names; return how many are new.

    Raises BadInput, TooManyAuthorsError, with nothing changed.
    """
    lock(subscriber)
    wanted = {name_key(name): name for name in map(checked_name, names)}
    followed = set(subscriber.followed_authors.values_list("name_key", flat=True))
    new = [
        FollowedAuthor(subscriber=subscriber, name=name, name_key=key, at=now)
        for key, name in wanted.items()
        if key not in followed
    ]
    if len(followed) + len(new) > MOST_AUTHORS:
        raise TooManyAuthorsError
    FollowedAuthor.objects.bulk_create(new)
    if new:
        move_on(subscriber)
    return len(new)


@transaction.atomic
def unfollow_authors(subscriber: Subscriber, names: Iterable[str]) -> int:
    """Return how many of these names were followed, in whatever spelling."""
    lock(subscriber)
    keys = [name_key(name) for name in names]
    gone: int = subscriber.followed_authors.filter(name_key__in=keys).delete()[0]
    if gone:
        move_on(subscriber)
    return gone


def checked_name(name: str) -> str:
    """Return a name with single spaces. Raises BadInput for what can be nobody's."""
    name = " ".join(name.split())
    if not any(map(str.isalpha, name)) or not is_storable(name):
        raise BadInput(f"{name[:40]!r} is not a name: write one such as Ada Lovelace")
    if max(len(name), len(name_key(name))) > MAX_NAME:
        raise BadInput(f"a name has at most {MAX_NAME} characters")
    return name


def name_key(name: str) -> str:
    """Return what spellings of one name share: no case, no accents, single spaces."""
    return fold(" ".join(name.split()))
