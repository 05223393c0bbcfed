"""Rendered fragments: in memory under what they were made from, stored for the mails that are made of them.

A piece is rendered once a pass: to ask the database for it takes longer than to render it.
"""

from __future__ import annotations

from newsletter.core.digests.message import Fragment
from newsletter.models.summary import keep_fragments

MOST = 8_192
"""Pieces in memory, of some kilobytes each."""


class StoredFragments:
    """A FragmentStore whose pieces ``save`` writes to the Fragment table."""

    def __init__(self) -> None:
        self._fragments: dict[str, Fragment] = {}
        self._new: dict[str, Fragment] = {}

    def get(self, key: str) -> Fragment | None:
        return self._fragments.get(key)

    def put(self, key: str, fragment: Fragment) -> None:
        if len(self._fragments) >= MOST:
            self._fragments = dict(self._new)
        self._fragments[key] = self._new[key] = fragment

    def save(self) -> None:
        """Write what is new, before the deliveries that name it; what is stored is kept as if it were new."""
        keep_fragments(self._new)
        self._new.clear()

    def take_back(self) -> None:
        """Forget all, since the transaction that saved it has failed."""
        self._fragments.clear()
        self._new.clear()
