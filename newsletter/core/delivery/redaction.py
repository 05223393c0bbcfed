"""Lines for operators, with what is a reader's taken out: addresses, and the keys in links."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ADDRESS = re.compile(r"\S*(?:@|%40)\S*", re.IGNORECASE)

_LINK = re.compile(
    r"""((?:/|%2F)(?:confirm|preferences|unsubscribe|digests|account|address)(?:/|%2F)+)[^\s/?&#"'<>()]+""",
    re.IGNORECASE,
)
"""A path whose next part is a token (``newsletter.web.urls``)."""
_MAILTO = re.compile(r"(?<=\+)u[a-z2-7]{20,60}(?=@|%40)", re.IGNORECASE)
"""The token in an address of List-Unsubscribe (``pipeline.composing.return_path``)."""


def without_keys(line: str) -> str:
    """Put ``…`` in the place of every token in a link: whoever has it can act as the reader."""
    return _MAILTO.sub("…", _LINK.sub(r"\1…", line))


def redacted(words: str, *, names: Iterable[str], by: str) -> str:
    """Put ``by`` in the place of whatever looks like an address, and of each of ``names`` by itself.

    Keys in links go too: a server that refuses a mail may quote what it found in it.

    ``names`` are what stands before the @ of the addresses that it may speak of.
    """
    shown = _ADDRESS.sub(by, without_keys(words))
    for name in filter(None, names):
        shown = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", by, shown, flags=re.IGNORECASE)
    return shown
