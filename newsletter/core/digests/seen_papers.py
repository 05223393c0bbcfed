"""Seen papers: one compact value a reader, not a row per paper and reader.

The value is a Roaring bitmap of paper ids (0 to 2³²−1) in its portable format (RoaringFormatSpec), which
other implementations read too. Callers decide when a paper counts as seen.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyroaring import BitMap


def pack_seen(paper_ids: Iterable[int]) -> bytes:
    """Return the stored form of a set of paper ids. Equal sets give equal bytes."""
    seen_papers = BitMap(paper_ids)
    seen_papers.run_optimize()
    return seen_papers.serialize()


def unpack_seen(stored: bytes) -> BitMap:
    """Return the set that was stored; no bytes are the empty set. Raise ValueError when they are damaged."""
    return BitMap.deserialize(stored) if stored else BitMap()
