"""Fragments and personal slots → the exact bytes of a message."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

SLOT_OPEN, SLOT_CLOSE = "[[", "]]"
"""What stands around a personal slot's name in a fragment. ``literal()`` keeps data from forging one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One finished fragment of a digest, in both forms. Pieces are joined; nothing is rendered again.

    ``html`` and ``text`` end in a line break (so that their quoted-printable forms concatenate) and may
    hold slots: ``[[preferences_url]]`` stands for a string that differs from reader to reader.
    """

    html: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 over both forms, hexadecimal: a fragment's address."""
        return hashlib.sha256(f"{self.html}\0{self.text}".encode()).hexdigest()


def slot(name: str) -> str:
    """Return the placeholder for the personal string ``name``."""
    return f"{SLOT_OPEN}{name}{SLOT_CLOSE}"


def literal(data: str) -> str:
    """Return ``data`` so that nothing in it can be taken for a slot (a zero-width space splits ``[[``)."""
    return data.replace(SLOT_OPEN, "[\u200b[")
