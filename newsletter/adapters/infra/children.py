"""Child processes that do not outlive their parent, and have a name."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal this process gets when its parent dies."""
_PR_SET_NAME = 15


def die_with_parent(parent_pid: int | None = None) -> None:
    """Have the kernel kill this process when its parent dies, however that happens.

    Linux only; elsewhere it has no effect.
    To be called in the child. The setting survives exec but not fork: each generation calls it for itself.
    ``parent_pid`` closes the gap in which the parent dies before this call.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent_pid is not None and os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def set_name(name: str) -> None:
    """Name this process, and what it forks, in ``ps -e`` and ``top``: at most 15 characters. Linux only."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name[:15].encode(), 0, 0, 0)
