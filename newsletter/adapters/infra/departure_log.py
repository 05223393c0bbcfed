"""The departure log: who left, in a file of the data folder, so that a restored database can be told.

A line for each unsubscribe, bounce, complaint, erasure, topic left, address left and links revoked since, and
for each return. Addresses are in it only as keyed hashes (``audience/departures.py``).

A line is on the disk before the transaction that it tells of commits: after a crash in between, somebody who
got no answer counts as having left. The other way round a departure could be forgotten. For the same reason
a return is written after its commit.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from newsletter.config.private_files import make_private_folder, write_whole

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Departure:
    address: str
    """Its keyed hash."""
    kind: str
    """``audience.departures.Kind``."""
    at: datetime
    written_at: datetime
    """Real time."""
    topic: int | None = None
    """The id of the topic that was left."""


@dataclass(frozen=True, slots=True)
class Log:
    """The log as somebody reads it."""

    id: str
    since: datetime
    """Lines written before this may have been dropped."""
    dropped: int
    departures: tuple[Departure, ...]
    is_whole: bool
    """Whether every line could be read."""

    @property
    def lines(self) -> int:
        """How many were ever written."""
        return self.dropped + len(self.departures)


class DepartureLog:
    """The file, made when it is first needed. Any number of processes may write to it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, departures: Iterable[Departure]) -> None:
        """Write these lines to the disk. It never raises: leaving matters more than its log.

        A log that cannot be written is renamed: it is not whole any more, and whoever restores learns it.
        """
        content = b"".join(_line(asdict(each)) for each in departures)
        if not content:
            return
        try:
            with self._opened() as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._path.replace(self._path.with_suffix(".incomplete"))
            log.error(  # noqa: TRY400 - the line says it all
                "%s cannot be written (%s): the log of who left is incomplete, and begins anew",
                self._path,
                error.strerror,
            )

    def read(self) -> Log | None:
        """Return the log, or None where there is none that can be read."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return None
        first, *rest = content.split(b"\n")[:-1] or [b""]  # what follows the last newline was cut off
        try:
            head = json.loads(first)
            log_id, since, dropped = str(head["log"]), _moment(head["since"]), int(head["dropped"])
        except (ValueError, KeyError, TypeError):
            return None
        departures = [_departure(line) for line in rest]
        read = tuple(each for each in departures if each is not None)
        return Log(log_id, since, dropped, read, is_whole=len(read) == len(departures))

    def begun(self) -> Log | None:
        """Return the log, made if there was none. Raises OSError where it cannot be made."""
        with self._opened():
            return self.read()

    def drop(self, *, before: datetime) -> int:
        """Remove the lines that were written before; return how many."""
        if not self._path.exists():
            return 0
        with self._opened():
            found = self.read()
            if found is None or not found.is_whole:
                return 0
            kept = [each for each in found.departures if each.written_at >= before]
            dropped = len(found.departures) - len(kept)
            if dropped:
                head = _head(found.id, since=before, dropped=found.dropped + dropped)
                write_whole(self._path, head + b"".join(_line(asdict(each)) for each in kept))
        return dropped

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        """Open it, alone among all processes; cut off what a crash left of a line."""
        make_private_folder(self._path.parent)
        with self._path.with_suffix(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._path.exists():
                write_whole(self._path, _head(str(uuid4()), since=datetime.now(UTC), dropped=0))
            with self._path.open("r+b") as file:
                _cut_torn_line(file)
                yield file


def _cut_torn_line(file: IO[bytes]) -> None:
    """Leave the file at its end; what a crash left of a line goes, since its transaction never committed."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 1))
    if file.read() != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.seek(0, os.SEEK_END)


def _head(log_id: str, *, since: datetime, dropped: int) -> bytes:
    return _line({"log": log_id, "since": since, "dropped": dropped})


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, default=datetime.isoformat).encode() + b"\n"


def _departure(line: bytes) -> Departure | None:
    try:
        values = json.loads(line)
        at, written_at = _moment(values["at"]), _moment(values["written_at"])
        return Departure(values["address"], values["kind"], at, written_at, values["topic"])
    except (ValueError, KeyError, TypeError):
        return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return moment
