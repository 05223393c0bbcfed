"""Rendered fragments: written once under what they were made from, read by what they say."""

from __future__ import annotations

from newsletter.core.composition import Piece
from newsletter.models import Fragment

CHUNK = 500


class DatabaseFragments:
    """A FragmentStore on the Fragment table, with what this batch has seen kept in memory.

    New pieces are written together by ``save``, before the deliveries that name them.
    """

    def __init__(self) -> None:
        self._pieces: dict[str, Piece] = {}
        self._new: dict[str, Piece] = {}

    def get(self, key: str) -> Piece | None:
        if key not in self._pieces:
            row = Fragment.objects.filter(key=key).first()
            if row is None:
                return None
            self._pieces[key] = Piece(html=row.html, text=row.text)
        return self._pieces[key]

    def put(self, key: str, piece: Piece) -> None:
        self._pieces[key] = self._new[key] = piece

    def save(self) -> None:
        rows = [
            Fragment(key=key, digest=piece.digest, html=piece.html, text=piece.text)
            for key, piece in self._new.items()
        ]
        Fragment.objects.bulk_create(rows, ignore_conflicts=True, batch_size=CHUNK)
        self._new.clear()
