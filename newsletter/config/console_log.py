"""The log on the console: what repeats is told of a few times a minute, with how often it was."""

from __future__ import annotations

import copy
import logging
import threading

MOST = 10
"""Records of one kind in a minute. The first has its traceback, the others the error."""
MINUTE = 60.0
_KINDS = 1_000


class ConsoleHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in stubs only
    """Writes records; of warnings and errors from the same place it writes ``MOST`` a minute.

    One database that refuses, or one broken template, would otherwise be a traceback a digest.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, int, str], tuple[float, int]] = {}
        """Kind → when its minute began, and how many came in it."""
        self._counting = threading.Lock()

    def handle(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return super().handle(record)
        with self._counting:
            number, left_out = self._count(record)
        if number > MOST:
            return False
        shown = copy.copy(record)
        if number > 1 and record.exc_info:
            shown.msg, shown.args = f"{record.getMessage()}: {_error(record)}", ()
            shown.exc_info = shown.exc_text = None
        if number == MOST:
            shown.msg, shown.args = f"{shown.getMessage()} (others like it are counted, for a minute)", ()
        if left_out:
            shown.msg, shown.args = f"{shown.getMessage()} (and {left_out} like it before)", ()
        return super().handle(shown)

    def _count(self, record: logging.LogRecord) -> tuple[int, int]:
        """Return which of its kind in a minute this one is, and how many were left out in the last one."""
        kind = (record.name, record.levelno, str(record.msg))
        began, number = self._seen.get(kind, (record.created, 0))
        left_out = 0
        if not 0 <= record.created - began < MINUTE:
            began, number, left_out = record.created, 0, max(0, number - MOST)
        if len(self._seen) >= _KINDS:  # messages that were put together beforehand
            self._seen.clear()
        self._seen[kind] = (began, number + 1)
        return number + 1, left_out


def _error(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    return f"{type(error).__name__}: {error}"
