"""What another server said of a mail, with every address taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ADDRESS = re.compile(r"\S*(?:@|%40)\S*", re.IGNORECASE)


def redacted(words: str, *, names: Iterable[str], by: str) -> str:
    """Put ``by`` in the place of whatever looks like an address, and of each of ``names`` by itself.

    ``names`` are what stands before the @ of the addresses that it may speak of.
    """
    shown = _ADDRESS.sub(by, words)
    for name in filter(None, names):
        shown = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", by, shown, flags=re.IGNORECASE)
    return shown
