"""The digest that would go out to one reader, as it would be; no delivery is recorded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preview:
    subject: str
    html: str
    text: str
    message: bytes
    account: dict[str, int]
    """summarised, listed, counted, scanned."""
