"""What the service writes is for its own user: folders 0700, files 0600.

Mails, links and addresses stand in them in clear. Another user of the machine gets none, and neither does a
back-up that is made as another user.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

OTHERS = 0o077


def write_private_files() -> None:
    """From now on let this process and its children make files that only their user can read."""
    os.umask(OTHERS)


def make_private_folder(folder: Path) -> None:
    """Make the folder, or take an existing one of ours away from other users."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_everybodys(folder):
        close_to_others(folder)


def close_to_others(path: Path) -> None:
    """Take a file or folder away from other users, if it is there and ours."""
    with suppress(OSError):
        mode = path.stat().st_mode
        if mode & OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)


def _is_everybodys(folder: Path) -> bool:
    """A data folder such as /tmp or somebody's home has other things in it, which others may need."""
    shared = folder.stat().st_mode & stat.S_ISVTX
    return bool(shared) or folder in (Path.home(), Path(folder.anchor))
