"""Stop a server or worker process with one line when a setting is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.errors import ConfigurationError

EXIT_CODE = 4
"""Of a start that trying again cannot mend."""


@contextmanager
def stopping_in_one_line() -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        sys.stderr.write(f"newsletter: {' '.join(str(error).split())}\n")
        raise SystemExit(EXIT_CODE) from None
