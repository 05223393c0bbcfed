"""Charts as geometry: bars a day and lines, from zero, for SVG that the server writes (``_charts.html``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil, floor, log10

BASE, LEFT, TOP = 24.0, 44.0, 12.0
"""Room below for dates, at the left for numbers, and above."""


@dataclass(frozen=True, slots=True)
class Part:
    kind: str
    """The name of its class."""
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    label: str
    is_labelled: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    width: float
    height: float
    ticks: tuple[tuple[float, int], ...]
    """Height on the page, and value."""
    bars: tuple[Bar, ...]

    @property
    def base(self) -> float:
        return self.height - BASE


@dataclass(frozen=True, slots=True)
class Line:
    width: float
    height: float
    points: str
    """As ``polyline`` takes them."""
    last: tuple[float, float]
    base: float
    cap: float | None
    """Height of the dashed line."""
    first_label: str
    last_label: str
    value: str
    """The last one, in words."""


def nice(most: float) -> int:
    """Return the end of an axis: 1, 2, 4, 5 or 10 times a power of ten, not below ``most``."""
    if most <= 2:
        return 2
    power: int = 10 ** floor(log10(most))
    return next(step * power for step in (1, 2, 4, 5, 10) if step * power >= most)


def bars(
    days: Sequence[tuple[date, Sequence[tuple[str, int]]]], *, width: float = 640, height: float = 200
) -> Bars:
    """Return stacked bars: (day, (class and value of each part, from below))."""
    top = nice(max((sum(value for _, value in parts) for _, parts in days), default=0))
    base, room = height - BASE, height - BASE - TOP
    step = (width - LEFT) / max(1, len(days))
    every = ceil(len(days) / 7)
    found = []
    for place, (day, parts) in enumerate(days):
        x, y, drawn = LEFT + place * step + step * 0.1, base, []
        for kind, value in parts:
            tall = round(room * value / top, 2)
            y = round(y - tall, 2)
            if value:
                drawn.append(Part(kind, y, tall))
        is_labelled = (len(days) - 1 - place) % every == 0
        found.append(Bar(round(x, 2), round(step * 0.8, 2), str(day.day), is_labelled, tuple(drawn)))
    ticks = tuple((round(base - room * value / top, 2), value) for value in (0, top // 2, top))
    return Bars(width, height, ticks, tuple(found))


def line(
    values: Sequence[tuple[date, float]],
    *,
    value: str,
    cap: float | None = None,
    width: float = 320,
    height: float = 110,
) -> Line:
    """Return a line from zero; ``value`` is its last one in words, ``cap`` a limit drawn dashed."""
    end, base, room = width - 64, height - BASE, height - BASE - TOP
    top = max((number for _, number in values), default=0) or 1
    top = max(top, cap or 0) * 1.05
    step = end / max(1, len(values) - 1)
    points = [
        (round(place * step, 2), round(base - room * number / top, 2))
        for place, (_, number) in enumerate(values)
    ]
    return Line(
        width=width,
        height=height,
        points=" ".join(f"{x},{y}" for x, y in points),
        last=points[-1] if points else (0, base),
        base=base,
        cap=round(base - room * cap / top, 2) if cap else None,
        first_label=_day(values[0][0]) if values else "",
        last_label=_day(values[-1][0]) if values else "",
        value=value,
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"
