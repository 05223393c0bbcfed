"""Log formatting without the tokens in readers' links."""

from __future__ import annotations

import logging

from newsletter.core.delivery.redaction import without_keys


class LogLine(logging.Formatter):
    """Redacts tokens in lines and tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return without_keys(super().format(record))
