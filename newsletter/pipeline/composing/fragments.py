"""Rendered fragments: written once under what they were made from, read by what they say.

Each is kept for as long as a mail that was made from it can be written again: every use moves that on.
"""

from __future__ import annotations

from collections.abc import Collection

from django.utils import timezone

from newsletter.core.composition import Piece
from newsletter.models import Fragment
from newsletter.models.summary import TO_OUTCOME, keep_pieces, kept_until

MOST = 8_192
"""Pieces in memory, of some kilobytes each."""


class DatabaseFragments:
    """A FragmentStore on the Fragment table, with what one pass has seen kept in memory.

    A pass is minutes: nothing that it has seen is deleted meanwhile (``retention.GRACE``).
    """

    def __init__(self) -> None:
        self._pieces: dict[str, Piece] = {}
        self._new: dict[str, Piece] = {}
        self._kept: set[str] = set()

    def get(self, key: str) -> Piece | None:
        """Return a piece that is not about to be deleted."""
        if key not in self._pieces:
            if len(self._pieces) >= MOST:
                self.forget()
            row = Fragment.objects.filter(key=key, needed_until__gt=timezone.now()).first()
            if row is None:
                return None
            self._pieces[key] = Piece(html=row.html, text=row.text)
        return self._pieces[key]

    def put(self, key: str, piece: Piece) -> None:
        self._pieces[key] = self._new[key] = piece

    def save(self, used: Collection[str]) -> None:
        """Write what is new, and keep what is ``used`` (digests): before the delivery that names it."""
        keep_pieces(self._new)
        self._kept.update(piece.digest for piece in self._new.values())
        self._new.clear()
        self._keep(set(used) - self._kept)

    def forget(self) -> None:
        """Begin anew with what is stored: when memory is full, or what was saved was not committed."""
        self._pieces = dict(self._new)
        self._kept.clear()

    def take_back(self) -> None:
        """Forget all, since the transaction that saved it has failed."""
        self._new.clear()
        self.forget()

    def _keep(self, used: set[str]) -> None:
        """Move on what is used, about once a month each: most digests are made of the same pieces."""
        until = kept_until()
        ending = Fragment.objects.filter(digest__in=used, needed_until__lt=until - TO_OUTCOME / 2)
        if used:
            ending.update(needed_until=until)
        self._kept |= used
