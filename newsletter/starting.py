"""How a process of the service that is no command stops at a setting that is wrong: with one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.errors import ConfigurationError

EXIT_CODE = 4
"""Not 1, which a supervisor takes for a crash: gunicorn, too, gives up at 4 instead of trying for ever."""


@contextmanager
def stopping_in_one_line() -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        sys.stderr.write(f"newsletter: {' '.join(str(error).split())}\n")
        raise SystemExit(EXIT_CODE) from None
