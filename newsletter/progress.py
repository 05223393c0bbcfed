"""How a long piece of work tells how far it is, whoever listens."""

from __future__ import annotations


class Progress:
    """Keeps it to itself. A subclass shows it."""

    def stage(self, words: str, *, total: int | None = None) -> None:
        """What is being done from now on; ``total``: in how many steps, when that is known."""

    def step(self) -> None:
        """One step of the stage is done."""


SILENT = Progress()
"""For who listens to none."""
