"""Keep the search index up with the database: what changed since the last commit, and at times everything.

The index itself says how far the database was read, so nothing is lost between a commit there and one here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone

from newsletter.adapters.ports import PaperIndex, PaperIndexWriter
from newsletter.models import Paper
from newsletter.progress import Progress

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=10)
"""Read again before the latest change: a transaction may be slow to commit, another machine's clock late."""
BATCH = 2_000
COMMIT_EVERY = 20_000
"""Papers: what a process that is killed does again."""
CHUNK = 500
"""Ids a statement; below SQLite's limit on variables."""
Changes = Sequence[tuple[int, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    written: int
    removed: int
    papers: int
    """What the index holds now."""


class IndexKeeper:
    """Keeps one index up. It remembers what it found: a look at nothing new is one statement."""

    def __init__(self, index: PaperIndex) -> None:
        self.index = index
        self._settled: object = None

    def keep_up(
        self,
        *,
        is_made: bool = True,
        anew: bool = False,
        is_thorough: bool = False,
        progress: Progress | None = None,
    ) -> IndexReport | None:
        """Write what is missing; None where nothing is to be done, or another process is at it.

        ``is_made``: make an index that is not there. ``anew``: make it from nothing. ``is_thorough``: compare
        every paper, also where nothing says that one is missing.
        """
        if not (is_made or self.index.exists):
            return None
        state = Paper.objects.aggregate(number=Count("pk"), newest=Max("changed_at"))
        if self._is_settled(state) and not (anew or is_thorough):
            return None
        with self.index.writing(anew=anew, is_made=is_made) as writer:
            if writer is None:
                return None
            update = _Update(writer, progress or Progress(), total=state["number"])
            report = update.run(is_thorough=is_thorough)
        # Until then a slow transaction may still bring a change with an earlier time.
        is_old = state["newest"] is None or state["newest"] < timezone.now() - OVERLAP
        self._settled = state if is_old else None
        return report

    def _is_settled(self, state: dict[str, Any]) -> bool:
        return self._settled == state and self.index.papers == state["number"]


class _Update:
    """One turn of the only writer."""

    def __init__(self, writer: PaperIndexWriter, progress: Progress, *, total: int) -> None:
        self._writer = writer
        self._progress = progress
        self._total = total
        self._written = self._removed = self._uncommitted = 0

    def run(self, *, is_thorough: bool) -> IndexReport:
        self._progress.stage("indexing papers", total=self._total)
        newest = self._writer.newest_change
        self._put_changed(_changed_since(newest - OVERLAP if newest else None))
        self._writer.commit(is_whole=False)
        if is_thorough or self._writer.papers != Paper.objects.count():
            self._compare_all()
        self._writer.commit(is_whole=True)
        return IndexReport(written=self._written, removed=self._removed, papers=self._writer.papers)

    def _compare_all(self) -> None:
        """Put what is missing, and remove what the database has no more, after a restore for example."""
        rows, last = Paper.objects.order_by("pk").values_list("pk", "changed_at"), 0
        while True:
            batch = list(rows.filter(pk__gt=last)[:BATCH])
            end = batch[-1][0] if len(batch) == BATCH else None
            held = self._writer.changes_between(last + 1, end)
            gone = held.keys() - {pk for pk, _ in batch}
            self._writer.remove(gone)
            self._removed += len(gone)
            self._put([(pk, at) for pk, at in batch if held.get(pk) != at])
            if end is None:
                return
            last = end

    def _put_changed(self, rows: Iterator[tuple[int, datetime]]) -> None:
        while batch := list(islice(rows, BATCH)):
            held = self._writer.changes_of([pk for pk, _ in batch]) if self._writer.papers else {}
            self._put([(pk, at) for pk, at in batch if held.get(pk) != at])

    def _put(self, rows: Changes) -> None:
        for start in range(0, len(rows), CHUNK):
            papers = list(Paper.objects.filter(pk__in=[pk for pk, _ in rows[start : start + CHUNK]]))
            self._writer.put((paper.pk, paper.record, paper.changed_at) for paper in papers)
            self._written += len(papers)
            self._uncommitted += len(papers)
            for _ in papers:
                self._progress.step()
            if self._uncommitted >= COMMIT_EVERY:
                self._writer.commit(is_whole=False)
                self._uncommitted = 0


def _changed_since(since: datetime | None) -> Iterator[tuple[int, datetime]]:
    """Yield papers, the earliest change first: an index that is only half made then says how far it came."""
    rows = Paper.objects.order_by("changed_at", "pk").values_list("pk", "changed_at")
    after = Q() if since is None else Q(changed_at__gte=since)
    while found := list(rows.filter(after)[:BATCH]):
        yield from found
        pk, at = found[-1]
        after = Q(changed_at__gt=at) | Q(changed_at=at, pk__gt=pk)


def keep_up_quietly(keeper: IndexKeeper, *, is_made: bool, is_thorough: bool = False) -> None:
    """Keep the index up; a failure is logged and left to the next turn: no mail waits for it."""
    try:
        report = keeper.keep_up(is_made=is_made, is_thorough=is_thorough)
    except Exception:
        log.exception("the search index was not kept up")
        return
    if report and (report.written or report.removed):
        log.info("the search index holds %d papers: %d written, %d removed", *_numbers(report))


def _numbers(report: IndexReport) -> Iterable[int]:
    return report.papers, report.written, report.removed
