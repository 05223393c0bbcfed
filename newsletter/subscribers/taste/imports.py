"""A library that a subscriber brings: looked up, shown, and kept only when they say so.

What this service has by id is found at once. The rest is looked up by a worker, since arXiv may be asked once
in three seconds; the row holds how far that came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from newsletter.adapters.infra.broker import publish_library_lookup
from newsletter.adapters.ports import PaperFinder
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.storable import storable
from newsletter.core.taste.library import ReadLibrary
from newsletter.errors import TemporaryError
from newsletter.models import LibraryImport, Subscriber
from newsletter.subscribers.change import lock
from newsletter.subscribers.quotas import Limit, take
from newsletter.subscribers.taste.acts import keep_imported, matching_topics
from newsletter.subscribers.taste.lookup import Reason, Search, Sought

LEASE = timedelta(minutes=3)
"""Longer than one request to arXiv, its retries included."""
MOST_TRIES = 5
"""Failures to get an answer, before the rest counts as not found."""


def begin_import(subscriber: Subscriber, library: ReadLibrary, *, name: str, now: datetime) -> bool:
    """Look up a library, in place of one before it; False when too many were brought today."""
    if not take([(Limit.LIBRARY_IMPORTS, str(subscriber.pk))], now=now):
        return False
    search = Search([Sought.of(entry) for entry in library.entries])
    search.look_by_id()
    with transaction.atomic():
        lock(subscriber)
        LibraryImport.objects.filter(subscriber=subscriber).delete()
        LibraryImport.objects.create(
            subscriber=subscriber,
            name=storable(name)[:120],
            started_at=now,
            problems=[[each.line, each.text, each.reason.name] for each in library.problems],
            **_columns(search),
        )
        if search.sought:
            publish_library_lookup()
    return True


def keep_import(subscriber: Subscriber, *, now: datetime) -> int | None:
    """Keep what was found; return how many papers are new. None when there is nothing to keep any more.

    What is still sought is given up. Raises TooManyPapersError with nothing kept.
    """
    row = LibraryImport.objects.filter(subscriber=subscriber).first()
    if row is None:
        return None
    papers = search_of(row).papers()
    topics = matching_topics(subscriber, papers)  # outside of the transaction: it may take a second
    with transaction.atomic():
        lock(subscriber)
        if not LibraryImport.objects.filter(pk=row.pk).delete()[0]:
            return None
        return keep_imported(subscriber, papers, topics=topics, now=now)


@transaction.atomic
def drop_import(subscriber: Subscriber) -> None:
    lock(subscriber)
    LibraryImport.objects.filter(subscriber=subscriber).delete()


# --- by a worker -------------------------------------------------------------------------------------------


def look_up_libraries(finder: PaperFinder, *, deadline: datetime) -> int:
    """Look up what imports seek, the oldest first; return how many are done.

    After ``deadline`` (real time) arXiv is asked no more: another task goes on. Where arXiv fails, the next
    tick tries again.
    """
    done = 0
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    for row in LibraryImport.objects.filter(free).exclude(sought=[]).order_by("started_at", "pk"):
        if timezone.now() > deadline:
            publish_library_lookup()
            break
        done += _look_up(row, finder, deadline=deadline)
    return done


def _look_up(row: LibraryImport, finder: PaperFinder, *, deadline: datetime) -> bool:
    """Whether it is all looked up."""
    if not _lease(row):
        return False
    search = search_of(row)
    search.look_among_ours()
    try:
        while search.sought and timezone.now() <= deadline:
            if not _store(row, search, lease=LEASE):
                return False  # kept, dropped or replaced meanwhile
            search.ask(finder)
    except TemporaryError:
        row.tries += 1
        if row.tries >= MOST_TRIES:
            search.give_up()
    else:
        if search.sought:
            publish_library_lookup()
    _store(row, search, lease=None)
    return not search.sought


def _lease(row: LibraryImport) -> bool:
    until = timezone.now() + LEASE
    mine = LibraryImport.objects.filter(pk=row.pk, leased_until=row.leased_until).update(leased_until=until)
    row.leased_until = until
    return bool(mine)


def _store(row: LibraryImport, search: Search, *, lease: timedelta | None) -> bool:
    """Write what was found under our lease; False when it is not ours any more."""
    until = timezone.now() + lease if lease else None
    ours = LibraryImport.objects.filter(pk=row.pk, leased_until=row.leased_until)
    is_written = ours.update(**_columns(search), tries=row.tries, leased_until=until)
    row.leased_until = until
    return bool(is_written)


# --- the stored form ---------------------------------------------------------------------------------------


def search_of(row: LibraryImport) -> Search:
    return Search(
        sought=[Sought(arxiv_id, doi, title, tuple(names)) for arxiv_id, doi, title, names in row.sought],
        ours=[each for each in row.found if isinstance(each, str)],
        others=[_record(each) for each in row.found if not isinstance(each, str)],
        missing=[(text, Reason(reason)) for text, reason in row.missing],
    )


def _columns(search: Search) -> dict[str, Any]:
    return {
        "found": [*search.ours, *(_to_json(record) for record in search.others)],
        "sought": [[each.arxiv_id, each.doi, each.title, list(each.authors)] for each in search.sought],
        "missing": [[text, reason.value] for text, reason in search.missing],
    }


def _to_json(record: PaperRecord) -> dict[str, Any]:
    return asdict(record) | {
        "published_at": record.published_at.isoformat(),
        "updated_at": record.updated_at.isoformat(),
    }


def _record(value: Mapping[str, Any]) -> PaperRecord:
    moments = {name: datetime.fromisoformat(value[name]) for name in ("published_at", "updated_at")}
    lists = {name: tuple(value[name]) for name in ("authors", "categories")}
    return PaperRecord(**{**value, **moments, **lists})
