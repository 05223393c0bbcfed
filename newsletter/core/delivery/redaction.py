"""Remove personal data from log lines and messages: addresses, and tokens in links."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ADDRESS = re.compile(r"\S*(?:@|%40)\S*", re.IGNORECASE)

_LINK = re.compile(
    r"""((?:/|%2F)(?:confirm|preferences|unsubscribe|digests|account|address|r)(?:/|%2F)+)[^\s/?&#"'<>()]+""",
    re.IGNORECASE,
)
"""A path whose next part is a token (``newsletter.web.urls``)."""
_MAILTO = re.compile(r"(?<=\+)u[a-z2-7]{20,60}(?=@|%40)", re.IGNORECASE)
"""The token in an address of List-Unsubscribe (``audience.tagged_addresses``)."""


def without_keys(line: str) -> str:
    """Put ``…`` in the place of every token in a link: whoever has it can act as the reader."""
    return _MAILTO.sub("…", _LINK.sub(r"\1…", line))


def redacted(words: str, *, names: Iterable[str], by: str) -> str:
    """Replace everything that looks like an address, and each of ``names`` by itself, by ``by``.

    Tokens in links are replaced too: a server that refuses a mail may quote it. ``names`` are the local parts
    of the addresses in question.
    """
    shown = _ADDRESS.sub(by, without_keys(words))
    for name in filter(None, names):
        shown = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", by, shown, flags=re.IGNORECASE)
    return shown
