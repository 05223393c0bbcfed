"""Progress of long work, for whoever displays it."""

from __future__ import annotations


class Progress:
    """Shows nothing; a subclass does."""

    def stage(self, words: str, *, total: int | None = None) -> None:
        """Begin a stage; ``total``: its number of steps, if known."""

    def step(self) -> None:
        """One step of the stage is done."""


SILENT = Progress()
"""For who listens to none."""
