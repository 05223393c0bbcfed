"""Files are readable by the service's user only, folders 0700, files 0600; and whole when the power fails.

They hold mails, links and addresses in clear text. Back-ups must run as the same user.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

OTHERS = 0o077


def write_private_files() -> None:
    """Set the umask: this process and its children create files that only their user can read."""
    os.umask(OTHERS)


def make_private_folder(folder: Path) -> None:
    """Make the folder, or remove other users' access from an existing one of ours."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_everybodys(folder):
        close_to_others(folder)


def close_to_others(path: Path) -> None:
    """Remove other users' access to a file or folder, if it exists and is ours."""
    with suppress(OSError):
        mode = path.stat().st_mode
        if mode & OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in its place at once: after a cut the old one is there, or the new one as a whole.

    Only this process's user can read it. Raises OSError.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name.lstrip('.')}.", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Sync the directory entries: without this a power cut may lose a new name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_everybodys(folder: Path) -> bool:
    """Leave shared folders such as /tmp alone: others need access to them."""
    shared = folder.stat().st_mode & stat.S_ISVTX
    return bool(shared) or folder in (Path.home(), Path(folder.anchor))
