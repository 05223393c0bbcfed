"""Child processes that do not outlive their parent, have a name, and give memory back."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal this process gets when its parent dies."""
_PR_SET_NAME = 15
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""mallopt(3)."""


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


def give_memory_back() -> None:
    """Have freed memory returned to the system, by this process and what it forks. glibc only.

    Otherwise what one index of papers took, and each thread, is kept for ever: 5 MiB of an idle worker.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform.startswith("linux") else None
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 2)
        mallopt(_M_MMAP_THRESHOLD, 128 * 1024)
        mallopt(_M_TRIM_THRESHOLD, 128 * 1024)
