"""Files are readable by the service's user only: folders 0700, files 0600.

They hold mails, links and addresses in clear text. Back-ups must run as the same user.
"""

from __future__ import annotations

import os
import stat
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


def _is_everybodys(folder: Path) -> bool:
    """Leave shared folders such as /tmp alone: others need access to them."""
    shared = folder.stat().st_mode & stat.S_ISVTX
    return bool(shared) or folder in (Path.home(), Path(folder.anchor))
