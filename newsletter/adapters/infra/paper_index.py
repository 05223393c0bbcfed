"""The search index of everything gathered: tantivy, in a folder of this machine (ADR 46).

It holds nothing that the database has not: whatever is wrong with it, it is made anew. One process writes at
a time, any number read; a reader sees what was committed last. ``pipeline/search_index.py`` keeps it up.
"""

from __future__ import annotations

import fcntl
import logging
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import tantivy
from tantivy import FieldType, Occur
from tantivy import Query as Compiled

from newsletter.adapters.infra.topic_index import document_of
from newsletter.adapters.infra.topic_query import ANALYZERS, CHANGED, PUBLISHED, STORED_SCHEMA, compiled
from newsletter.adapters.ports import Hits, PaperIndexWriter
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import Query
from newsletter.core.arxiv.search import Search
from newsletter.errors import BadInput, TemporaryError

log = logging.getLogger(__name__)

VERSION = "1"
"""Of the fields and of how words are compared: a folder of another one is removed."""
_WRITER_BYTES = 50_000_000
_INCOMPLETE, _BROKEN, _MADE = "incomplete", "broken", "made"
"""Files that say: papers are still missing; it cannot be read; when it was made."""
_TRUSTED_SECONDS = 3_600
_TITLE = 2.0
"""How much more a word of the title counts."""
_DAY = 86_400
_EPOCH = datetime.fromtimestamp(0, UTC)


class DiskPaperIndex:
    """The index in ``folder``. An object serves the threads of one process."""

    def __init__(self, folder: Path) -> None:
        self._root = folder
        self._folder = folder / VERSION
        self._opened: tuple[tuple[int, int], tantivy.Index] | None = None

    # --- reading --------------------------------------------------------------------------------------------

    def search(
        self, search: Search, *, limit: int, offset: int = 0, newest_first: bool = False
    ) -> Hits | None:
        """Return a page of papers, or None. Raises BadInput for a query that the index cannot run."""
        query = _narrowed(search, is_ranked=not newest_first)
        order = PUBLISHED if newest_first else None
        return self._run(query, limit=limit, offset=offset, order_by_field=order)

    def count(self, query: Query) -> int:
        hits = self._run(compiled(query), limit=1)
        return hits.total if hits else 0

    def _run(self, query: Compiled, **options: Any) -> Hits | None:
        searcher = self._searcher()
        if searcher is None:
            return None
        try:
            found = searcher.search(query, **options)
            ids = searcher.fast_field_values("paper_id", [address for _, address in found.hits])
        except BaseException as error:
            if not _is_of_tantivy(error):
                raise
            # A phrase with a star may stand for more words than tantivy follows.
            if "max expansions" not in str(error) and self._is_suspected(error):
                return None
            raise BadInput(
                "the query asks for too many different words: leave out a star, or write more"
            ) from error
        return Hits(
            total=_count(found),
            paper_ids=tuple(int(each) for each in ids if each is not None),
            papers=searcher.num_docs,
            is_whole=not (self._folder / _INCOMPLETE).exists(),
        )

    @property
    def papers(self) -> int | None:
        searcher = self._searcher()
        return searcher.num_docs if searcher else None

    @property
    def exists(self) -> bool:
        return (self._folder / "meta.json").exists()

    def _searcher(self) -> tantivy.Searcher | None:
        """Return what was committed last. What cannot be read is left to the next writer to make anew."""
        try:
            stat = (self._folder / "meta.json").stat()
        except FileNotFoundError:
            return None
        if (self._folder / _BROKEN).exists():
            return None
        # Every commit, of whatever process, makes it another file.
        stamp, opened = (stat.st_ino, stat.st_mtime_ns), self._opened
        try:
            if opened is None or opened[0] != stamp:
                opened = (stamp, _open(self._folder))
                self._opened = opened
            return opened[1].searcher()
        except (ValueError, OSError) as error:
            log.warning("the search index cannot be read, and is made anew: %s", error)
            with suppress(OSError):
                (self._folder / _BROKEN).touch()
            return None

    def _is_suspected(self, error: BaseException) -> bool:
        """Leave it to the next writer to make anew; False for one so new that it must be the query's fault.

        So a query that made tantivy fail could not have it made anew again and again.
        """
        try:
            age = time.time() - (self._folder / _MADE).stat().st_mtime
        except OSError:
            age = _TRUSTED_SECONDS
        if age < _TRUSTED_SECONDS:
            log.warning("a search or a write failed: %s", error)
            return False
        log.warning("the search index fails, and is made anew: %s", error)
        with suppress(OSError):
            (self._folder / _BROKEN).touch()
        return True

    # --- writing --------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, *, anew: bool = False, is_made: bool = True) -> Iterator[PaperIndexWriter | None]:
        if not (is_made or self.exists):
            yield None
            return
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The kernel ends the lock with its process (flock(2)). tantivy's own covers no removal of the folder.
        with (self._root / "writer.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            writer = self._writer(anew=anew)
            try:
                yield writer
            except BaseException as error:
                if not _is_of_tantivy(error):
                    raise
                if "No space left" not in str(error):
                    self._is_suspected(error)
                raise TemporaryError("the search index cannot be written") from error
            finally:
                writer.close()

    def _writer(self, *, anew: bool) -> DiskPaperIndexWriter:
        for other in self._root.iterdir():
            if other.is_dir() and (anew or other != self._folder or (other / _BROKEN).exists()):
                shutil.rmtree(other)
        if self.exists:
            try:
                return DiskPaperIndexWriter(self._folder, _open(self._folder))
            except (ValueError, OSError) as error:
                log.warning("the search index cannot be written to, and is made anew: %s", error)
                shutil.rmtree(self._folder)
        self._folder.mkdir(exist_ok=True)
        for name in (_INCOMPLETE, _MADE):
            (self._folder / name).touch()
        index = tantivy.Index(STORED_SCHEMA, path=str(self._folder))
        _register(index)
        return DiskPaperIndexWriter(self._folder, index)


class DiskPaperIndexWriter:
    """Writes while its caller holds the lock. What was not committed when the process ends is not there."""

    def __init__(self, folder: Path, index: tantivy.Index) -> None:
        self._folder = folder
        self._index = index
        self._searcher = index.searcher()
        self._writer: tantivy.IndexWriter | None = None

    @property
    def papers(self) -> int:
        return int(self._searcher.num_docs)

    @property
    def is_whole(self) -> bool:
        return not (self._folder / _INCOMPLETE).exists()

    @property
    def newest_change(self) -> datetime | None:
        found = self._searcher.search(Compiled.all_query(), limit=1, order_by_field=CHANGED).hits
        return _moment(found[0][0]) if found else None

    def changes_of(self, paper_ids: Sequence[int]) -> dict[int, datetime]:
        return self._changes(Compiled.term_set_query(STORED_SCHEMA, "paper_id", list(paper_ids)))

    def changes_between(self, first: int, last: int | None) -> dict[int, datetime]:
        return self._changes(Compiled.range_query(STORED_SCHEMA, "paper_id", FieldType.Integer, first, last))

    def _changes(self, query: Compiled) -> dict[int, datetime]:
        found = self._searcher.search(query, limit=max(1, self.papers), count=False).hits
        addresses = [address for _, address in found]
        ids, changes = (self._searcher.fast_field_values(name, addresses) for name in ("paper_id", CHANGED))
        return {int(key or 0): _moment(change) for key, change in zip(ids, changes, strict=True)}

    def put(self, papers: Iterable[tuple[int, PaperRecord, datetime]]) -> None:
        writer = self._open()
        for paper_id, record, changed_at in papers:
            writer.delete_documents_by_term("paper_id", paper_id)
            document = document_of(paper_id, record)
            document.add_integer(PUBLISHED, int(record.published_at.timestamp()))
            document.add_integer(CHANGED, _stamp(changed_at))
            writer.add_document(document)

    def remove(self, paper_ids: Iterable[int]) -> None:
        writer = self._open()
        for paper_id in paper_ids:
            writer.delete_documents_by_term("paper_id", paper_id)

    def commit(self, *, is_whole: bool) -> None:
        if self._writer is not None:
            self._writer.commit()
            self._index.reload()
            self._searcher = self._index.searcher()
            if is_whole:
                self._writer.wait_merging_threads()
                self._writer = None
        if is_whole:
            (self._folder / _INCOMPLETE).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of tantivy's own lock, and of what was not committed."""
        self._writer = None

    def _open(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._writer = self._index.writer(_WRITER_BYTES, num_threads=1)
        return self._writer


def _stamp(moment: datetime) -> int:
    """Return whole microseconds, which a float of seconds has not."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(stamp: Any) -> datetime:
    return _EPOCH + timedelta(microseconds=int(stamp))


def _open(folder: Path) -> tantivy.Index:
    index = tantivy.Index.open(str(folder))
    _register(index)
    return index


def _register(index: tantivy.Index) -> None:
    for name, analyzer in ANALYZERS.items():
        index.register_tokenizer(name, analyzer)


def _narrowed(search: Search, *, is_ranked: bool) -> Compiled:
    """Return the query within its dates. ``is_ranked``: a word in the title counts more."""
    parts = [(Occur.Must, Compiled.all_query() if search.query is None else compiled(search.query))]
    if search.since is not None or search.until is not None:
        since = None if search.since is None else _midnight(search.since)
        until = None if search.until is None else _midnight(search.until) + _DAY - 1
        days = Compiled.range_query(STORED_SCHEMA, PUBLISHED, FieldType.Integer, since, until)
        parts.append((Occur.Must, Compiled.const_score_query(days, 0.0)))
    if is_ranked and search.in_title is not None:
        parts.append((Occur.Should, Compiled.boost_query(compiled(search.in_title), _TITLE)))
    return Compiled.boolean_query(parts)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _is_of_tantivy(error: BaseException) -> bool:
    """Whether it came from tantivy, whose panics are no Exception: they would end the thread."""
    return isinstance(error, ValueError | OSError) or type(error).__name__ == "PanicException"


def _count(found: tantivy.SearchResult) -> int:
    return int(found.count or 0)  # type: ignore[attr-defined]  # missing in its type information
