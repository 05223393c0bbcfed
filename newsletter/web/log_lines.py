"""What the log shows of a request: never the key in a reader's link."""

from __future__ import annotations

import logging

from newsletter.core.delivery.redaction import without_keys


class LogLine(logging.Formatter):
    """A line, and its traceback, without the keys of readers."""

    def format(self, record: logging.LogRecord) -> str:
        return without_keys(super().format(record))
