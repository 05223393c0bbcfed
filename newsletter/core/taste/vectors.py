"""Sparse vectors: term number → weight. Their arithmetic, and the bytes in which rows keep them.

A term's number belongs to one snapshot: vectors of different snapshots must not meet.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping

Vector = Mapping[int, float]

MOST_TERMS = 375
"""Of a packed paper: 1,500 bytes."""


def dot(one: Vector, other: Vector) -> float:
    """Return the scalar product; of two unit vectors it is the cosine."""
    if len(one) > len(other):
        one, other = other, one
    return math.fsum(weight * other[term] for term, weight in one.items() if term in other)


def norm(vector: Vector) -> float:
    return math.sqrt(math.fsum(weight * weight for weight in vector.values()))


def scaled(vector: Vector, factor: float) -> dict[int, float]:
    return {term: weight * factor for term, weight in vector.items()}


def unit(vector: Vector) -> dict[int, float]:
    """Return the vector with length 1; the empty one stays empty."""
    length = norm(vector)
    return scaled(vector, 1 / length) if length else {}


def combined(parts: Iterable[tuple[float, Vector]]) -> dict[int, float]:
    """Return the sum of (factor × vector). The order of the parts does not change one bit of it."""
    addends: dict[int, list[float]] = {}
    for factor, vector in parts:
        for term, weight in vector.items():
            addends.setdefault(term, []).append(factor * weight)
    return {term: math.fsum(several) for term, several in sorted(addends.items())}


def strongest(vector: Vector, most: int) -> dict[int, float]:
    """Return the ``most`` weights that are largest, whatever their sign; of equal ones the lower number."""
    kept = sorted(vector, key=lambda term: (-abs(vector[term]), term))[:most]
    return {term: vector[term] for term in sorted(kept) if vector[term]}


def pack(vector: Vector, *, most: int = MOST_TERMS) -> bytes:
    """Return the stored form: 2 bytes a term's number, in order, then 2 bytes a weight (IEEE half)."""
    kept = strongest(vector, most)
    return struct.pack(f"<{len(kept)}H{len(kept)}e", *kept, *kept.values())


def unpack(stored: bytes) -> dict[int, float]:
    """Return the vector that was stored; no bytes are the empty one. Raise ValueError for other lengths."""
    size, rest = divmod(len(stored), 4)
    if rest:
        raise ValueError(f"a packed vector has 4 bytes a term, not {len(stored)} in all")
    values = struct.unpack(f"<{size}H{size}e", stored)
    return dict(zip(values[:size], values[size:], strict=True))
