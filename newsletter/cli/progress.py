"""Progress on a terminal: what is being done, and a bar where the number of steps is known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Display

from newsletter.progress import Progress

SPINNING: tuple[ProgressColumn, ...] = (SpinnerColumn(), TextColumn("{task.description}"))
COUNTING: tuple[ProgressColumn, ...] = (BarColumn(), MofNCompleteColumn())


class TerminalProgress(Progress):
    def __init__(self, display: Display) -> None:
        self._display = display
        self._task: TaskID | None = None

    def stage(self, words: str, *, total: int | None = None) -> None:
        if self._task is not None:
            self._display.remove_task(self._task)
        self._display.columns = SPINNING if total is None else SPINNING + COUNTING
        self._task = self._display.add_task(words, total=total)

    def step(self) -> None:
        if self._task is not None:
            self._display.advance(self._task)


@contextmanager
def terminal_progress() -> Iterator[Progress]:
    """Show progress on stderr; it is cleared at the end."""
    with Display(console=Console(stderr=True), transient=True) as display:
        yield TerminalProgress(display)
