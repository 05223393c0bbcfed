"""Rendered fragments: in memory under what they were made from, stored for the mails that are made of them.

A piece is rendered once a pass: to ask the database for it takes longer than to render it.
"""

from __future__ import annotations

from newsletter.core.digests.message import Piece
from newsletter.models.summary import keep_pieces

MOST = 8_192
"""Pieces in memory, of some kilobytes each."""


class StoredFragments:
    """A FragmentStore whose pieces ``save`` writes to the Fragment table."""

    def __init__(self) -> None:
        self._pieces: dict[str, Piece] = {}
        self._new: dict[str, Piece] = {}

    def get(self, key: str) -> Piece | None:
        return self._pieces.get(key)

    def put(self, key: str, piece: Piece) -> None:
        if len(self._pieces) >= MOST:
            self._pieces = dict(self._new)
        self._pieces[key] = self._new[key] = piece

    def save(self) -> None:
        """Write what is new, before the deliveries that name it; what is stored is kept as if it were new."""
        keep_pieces(self._new)
        self._new.clear()

    def take_back(self) -> None:
        """Forget all, since the transaction that saved it has failed."""
        self._pieces.clear()
        self._new.clear()
