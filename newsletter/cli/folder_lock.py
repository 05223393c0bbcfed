"""One service per data folder: a second one would take over its Redis and run a second scheduler."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newsletter.config.private_files import make_private_folder, write_private_files
from newsletter.errors import ConfigurationError

NAME = "service.lock"


@contextmanager
def only_service_in(folder: Path) -> Iterator[None]:
    """Make the folder and lock it. Raises ConfigurationError when another process holds it.

    The kernel ends the lock with its process, however that ends (flock(2)): a leftover file locks nothing.
    """
    path = folder / NAME
    try:
        write_private_files()
        make_private_folder(folder)
        file = path.open("a+", encoding="ascii")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = path.read_text(encoding="ascii").strip() or "unknown"
            raise ConfigurationError(
                f"{folder} is in use by another newsletter up or demo (process {holder}): "
                "stop that one first, or start this one in another folder"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
