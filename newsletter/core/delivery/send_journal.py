"""The send journal's format: what a process was doing with each body, and what that proves if it dies.

A header and records of one fixed length, each with a CRC. The length divides a page of memory, so a kill
cannot tear a record: the kernel copies a page at a time. ``adapters/infra/send_journal.py`` owns the file.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from uuid import UUID
from zlib import crc32

FORMAT = 1
SIZE = 128
"""Bytes of the header, and of each record."""
_CRC = struct.Struct(">I")
_HEADER = struct.Struct(">8sB16s16s83x")
_RECORD = struct.Struct(">BI16sd16s24s40s15x")
_MAGIC = b"sendjrnl"
FOR_GOOD = frozenset({"accepted", "bad_address", "refused", "bad_message"})
"""Verdicts after which a delivery is never sent again."""
NO_BOOT_ID = UUID(int=0)
"""Where the kernel names no boot: equal to nothing, so that absent lines prove nothing."""


class Event(IntEnum):
    STARTS = 1
    """Written before the first byte of a body leaves."""
    DOT = 2
    """Written before the last byte leaves (SMTP: the final dot): from here on it may be accepted."""
    ANSWER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the other side answered; its words are left out, since they may name the recipient."""

    verdict: str
    code: str = ""
    provider_id: str = ""
    retry_after: float | None = None


class Unanswered(Enum):
    NOT_SENT = auto()
    """It was not accepted: its last byte has not left."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Line:
    event: Event
    group: int
    answer: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A journal as somebody reads it."""

    lines: Mapping[UUID, Line] = field(default_factory=dict)
    """The last line of each delivery."""
    last_group: int = 0
    is_conclusive: bool
    """Whether an absent line proves anything: no line can be lost, and none can still come."""

    def fate(self, delivery_id: UUID, *, group: int) -> Answer | Unanswered:
        """Return what became of a delivery that began in this group and has no outcome in the database.

        A process leases nothing while something of its last group is open. So a later group shows that an
        older database was restored: this delivery may have gone since by whatever way, and only an answer for
        good counts.
        """
        line = self.lines.get(delivery_id)
        if line is not None and line.group < group:
            line = None
        answer = line.answer if line else None
        if self.last_group > group:
            return answer if answer is not None and answer.verdict in FOR_GOOD else Unanswered.UNKNOWN
        if answer is not None:
            return answer
        if not self.is_conclusive or (line is not None and line.event is Event.DOT):
            return Unanswered.UNKNOWN
        return Unanswered.NOT_SENT


def header(journal_id: UUID, *, boot_id: UUID) -> bytes:
    return _sealed(_HEADER.pack(_MAGIC, FORMAT, journal_id.bytes, boot_id.bytes))


def records(event: Event, delivery_ids: Iterable[UUID], *, group: int, answer: Answer | None = None) -> bytes:
    """Return one record for each of these deliveries."""
    told = answer or Answer(verdict="")
    retry_after = math.nan if told.retry_after is None else told.retry_after
    fields = (retry_after, _ascii(told.verdict), _ascii(told.code), _ascii(told.provider_id))
    return b"".join(
        _sealed(_RECORD.pack(event, group, delivery_id.bytes, *fields)) for delivery_id in delivery_ids
    )


def read(content: bytes, *, journal_id: UUID, boot_id: UUID, is_ended: bool) -> Journal:
    """Read a journal. ``boot_id``: the running kernel's. ``is_ended``: its process can write no more.

    After a power loss (another boot id) lines that were not synced may be missing. Damaged records are
    skipped and the others count, but nothing counts below a header that is not this journal's.
    """
    written_in = _boot_of(content[:SIZE], journal_id=journal_id)
    if written_in is None:
        return Journal(is_conclusive=False)
    lines, is_whole = dict[UUID, Line](), len(content) % SIZE == 0
    for start in range(SIZE, len(content) - SIZE + 1, SIZE):
        try:
            delivery_id, line = _line(_opened(content[start : start + SIZE]))
        except ValueError:
            is_whole = False
        else:
            lines[delivery_id] = line
    is_of_this_boot = written_in == boot_id != NO_BOOT_ID
    return Journal(
        lines=lines,
        last_group=max((line.group for line in lines.values()), default=0),
        is_conclusive=is_ended and is_whole and is_of_this_boot,
    )


def _boot_of(sealed: bytes, *, journal_id: UUID) -> UUID | None:
    """Return the boot id in a header; None unless it is whole, of our format and this journal's."""
    try:
        magic, version, journal, boot = _HEADER.unpack(_opened(sealed))
    except (ValueError, struct.error):
        return None
    is_ours = (magic, version, journal) == (_MAGIC, FORMAT, journal_id.bytes)
    return UUID(bytes=boot) if is_ours else None


def _line(record: bytes) -> tuple[UUID, Line]:
    """Raises ValueError for a record of another format."""
    kind, group, delivery_id, retry_after, *texts = _RECORD.unpack(record)
    event = Event(kind)
    verdict, code, provider_id = (text.rstrip(b"\0").decode("ascii") for text in texts)
    answer = Answer(
        verdict=verdict,
        code=code,
        provider_id=provider_id,
        retry_after=None if math.isnan(retry_after) else retry_after,
    )
    return UUID(bytes=delivery_id), Line(event, group, answer if event is Event.ANSWER else None)


def _sealed(content: bytes) -> bytes:
    return content + _CRC.pack(crc32(content))


def _opened(sealed: bytes) -> bytes:
    """Raises ValueError where the CRC does not match."""
    content = sealed[: -_CRC.size]
    if sealed != _sealed(content):
        raise ValueError("damaged")
    return content


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "replace").replace(b"\0", b"?")
