"""The send journals in the data folder: each sending process appends to one, and locks it while it lives.

What the lines mean is in ``core/delivery/send_journal.py``. The lock ends with its process, however that ends
(flock(2)); a process that is stopped or slow still holds it.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from uuid import UUID, uuid4

from newsletter.config.private_files import make_private_folder
from newsletter.core.delivery.send_journal import (
    FOR_GOOD,
    NO_BOOT_ID,
    Answer,
    Event,
    Journal,
    header,
    read,
    records,
)
from newsletter.errors import TemporaryError

SUFFIX = ".journal"
MOST_BYTES = 1_000_000
"""A larger file is followed by another one: reading it after a crash must not take long."""


class JournalError(TemporaryError):
    """The journal cannot be written (no space, most likely): nothing may be sent."""


@dataclass(slots=True)
class Found:
    """Another process's journal, or an earlier one of our own."""

    journal: Journal | None
    """None: there is no such file here, or it cannot be opened."""
    is_ended: bool
    """Whether its process can write no more: we hold its lock."""


class SendJournal:
    """This process's journal. The file is made when the first group begins; a forked child makes its own."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._file: _File | None = None
        self._groups = 0

    def next_group(self) -> Group:
        """Return the next group to write lines of. Raises JournalError."""
        file = self._file
        if file is None or file.is_closed or file.size >= self._most_bytes:
            self.close()
            file = self._file = _File.made(self._folder)
        self._groups += 1
        return Group(file, self._groups)

    def close(self) -> None:
        """Release the file: others may then decide what became of the deliveries that name it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @contextmanager
    def found(self, journal_id: UUID) -> Iterator[Found]:
        """Read a journal, holding its lock if it can be had, so that nobody else decides meanwhile."""
        if self._file is not None and self._file.id == journal_id:
            # Asked by its own process, which is sending nothing meanwhile.
            yield Found(_parsed(self._file.content(), journal_id, is_ended=True), is_ended=True)
            return
        with _opened(self._path(journal_id)) as (descriptor, is_locked):
            journal = None
            if descriptor is not None:
                journal = _parsed(_content(descriptor), journal_id, is_ended=is_locked)
            yield Found(journal, is_locked)

    def others(self, *, before: datetime | None = None) -> set[UUID]:
        """Return the journals in the folder that are not our own; ``before``: those not written to since."""
        paths = [
            path for path in self._folder.glob(f"*{SUFFIX}") if before is None or _is_older(path, before)
        ]
        ids = {found for path in paths if (found := _id(path)) is not None}
        return ids - ({self._file.id} if self._file is not None else set())

    def answers_for_good(self) -> dict[UUID, Answer]:
        """Return the answers in all the other journals after which a delivery is never sent again."""
        found = dict[UUID, Answer]()
        for journal_id in self.others():
            with self.found(journal_id) as other:
                lines = other.journal.lines if other.journal else {}
            answers = {key: line.answer for key, line in lines.items() if line.answer}
            found |= {key: answer for key, answer in answers.items() if answer.verdict in FOR_GOOD}
        return found

    def remove(self, journal_ids: Collection[UUID]) -> None:
        """Delete these journals; one whose process lives stays."""
        for path in map(self._path, journal_ids):
            with _opened(path) as (_, is_locked):
                if is_locked:
                    path.unlink(missing_ok=True)

    def _path(self, journal_id: UUID) -> Path:
        return self._folder / f"{journal_id}{SUFFIX}"


@dataclass(frozen=True, slots=True)
class Group:
    """What is claimed and begun together: journal and number stand in the claimed rows."""

    _file: _File
    number: int

    @property
    def journal_id(self) -> UUID:
        return self._file.id

    def write(self, event: Event, delivery_ids: Iterable[str], *, answer: Answer | None = None) -> None:
        """Append one line for each of these deliveries. Raises JournalError."""
        ids = map(UUID, delivery_ids)
        self._file.append(records(event, ids, group=self.number, answer=answer))


class _File:
    def __init__(self, descriptor: int, journal_id: UUID) -> None:
        self._descriptor = descriptor
        self.id = journal_id
        self.size = 0
        _OPEN.add(self)

    @classmethod
    def made(cls, folder: Path) -> _File:
        journal_id = uuid4()
        path = folder / f"{journal_id}{SUFFIX}"
        try:
            make_private_folder(folder)
            file = cls(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600), journal_id)
            fcntl.flock(file._descriptor, fcntl.LOCK_EX)
            is_named = os.fstat(file._descriptor).st_nlink > 0
        except OSError as error:
            raise _unwritable(folder, error) from error
        if not is_named:  # somebody was quicker to lock it, and took it for an old one
            return cls.made(folder)
        try:
            file.append(header(journal_id, boot_id=kernel_boot_id()))
        except JournalError:
            path.unlink(missing_ok=True)
            raise
        return file

    @property
    def is_closed(self) -> bool:
        return self._descriptor < 0

    def append(self, content: bytes) -> None:
        """Write with one call; what a full disk took of it only in part is cut off again."""
        try:
            written = os.write(self._descriptor, content)
            while written < len(content):  # no space, most likely: the next call says so
                written += os.write(self._descriptor, content[written:])
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
            raise _unwritable("the send journal", error) from error
        self.size += written

    def content(self) -> bytes:
        return _content(self._descriptor)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


_OPEN: weakref.WeakSet[_File] = weakref.WeakSet()


def _close_in_child() -> None:
    """A forked child would keep its parent's lock alive, and write into its file."""
    for file in list(_OPEN):
        file.close()


os.register_at_fork(after_in_child=_close_in_child)


@cache
def kernel_boot_id() -> UUID:
    """Return what Linux calls this boot: the same in all containers of a machine. Elsewhere NO_BOOT_ID."""
    try:
        return UUID(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return NO_BOOT_ID


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int | None, bool]]:
    """Open a journal (None: it is not here), and lock it if nobody else does: its process has ended."""
    try:
        descriptor = os.open(path, os.O_RDWR)  # an exclusive lock on NFS needs a writable file
    except OSError:
        yield None, False
        return
    try:
        is_locked = False
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_locked = True
        yield descriptor, is_locked
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    """Return the whole file, or nothing where it cannot be read: it then proves nothing."""
    try:
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    except OSError:
        return b""


def _parsed(content: bytes, journal_id: UUID, *, is_ended: bool) -> Journal:
    return read(content, journal_id=journal_id, boot_id=kernel_boot_id(), is_ended=is_ended)


def _is_older(path: Path, moment: datetime) -> bool:
    try:
        return path.stat().st_mtime < moment.timestamp()
    except OSError:  # somebody else removed it
        return False


def _id(path: Path) -> UUID | None:
    with suppress(ValueError):
        return UUID(path.stem)
    return None


def _unwritable(what: object, error: Exception) -> JournalError:
    reason = error.strerror if isinstance(error, OSError) else error
    return JournalError(f"nothing is sent: {what} cannot be written: {reason}")
