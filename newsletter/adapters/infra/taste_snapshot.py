"""The snapshot that ships with the project: what a service uses until it has weeks of its own.

``benchmarks/taste_snapshot.py`` makes the file. It holds stems and counts, no paper's text.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from newsletter.core.taste.snapshot import Snapshot

FILE = "taste_snapshot.zlib"


@cache
def shipped_snapshot() -> Snapshot:
    """Return the snapshot of ``newsletter/data``; read once a process."""
    return Snapshot.unpack((files("newsletter") / "data" / FILE).read_bytes())
