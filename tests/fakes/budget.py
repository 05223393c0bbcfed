"""A budget of tokens that never ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """The tokens of a day without end, which notes how each request was settled."""

    def __init__(self) -> None:
        self.set_aside: list[int] = []
        self.settled: list[int] = []

    @contextmanager
    def spending(self, most: int) -> Iterator[Budget]:
        self.set_aside.append(most)
        yield self

    def paid(self, tokens: int) -> None:
        self.settled.append(tokens)
