"""The folder of figure images, named by content hash, shared by all processes with the data folder."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from newsletter.adapters.ports import Image
from newsletter.config.private_files import write_whole
from newsletter.errors import TemporaryError

YOUNG = 3600.0
"""Seconds before a file that no row names may be deleted: its row may not be committed yet."""
_NAME = re.compile(r"[0-9a-f]{40}\.(?:png|jpg)")


@dataclass(frozen=True, slots=True)
class FigureStore:
    folder: Path

    def put(self, image: Image) -> str:
        """Keep an image; return its name, which is the same for the same bytes. Raises TemporaryError."""
        name = f"{sha256(image.data).hexdigest()[:40]}.{image.extension}"
        path = self.folder / name
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.is_file():
                path.touch()
                return name
            write_whole(path, image.data)
        except OSError as error:
            raise TemporaryError(f"{self.folder} cannot be written: {error.strerror}") from error
        return name

    def path(self, name: str) -> Path | None:
        """Return the file of that name, or None; never a file outside the folder."""
        path = self.folder / name
        return path if _NAME.fullmatch(name) and path.is_file() else None

    def remove_all_but(self, names: Collection[str]) -> int:
        """Remove the files that are older than an hour and not among ``names``; return how many."""
        if not self.folder.is_dir():
            return 0
        before, removed = time.time() - YOUNG, 0
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another process may be deleting too
                if path.name not in names and path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
        return removed
