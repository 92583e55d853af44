"""The process itself: it leaves no copy of its memory behind, and opens as many files as it may."""

from __future__ import annotations

import ctypes
import logging
import resource

_LOG = logging.getLogger("allchat.process")

FILES = 65_536
"""Files that are enough: a connection is one, and the listener takes a thousand."""

_SET_DUMPABLE = 4
"""``PR_SET_DUMPABLE`` of Linux's ``prctl``."""


def keep_to_itself() -> None:
    """Write no core file, and let no other process of this user read this one's memory: it holds what families ask.

    ``/proc/PID`` is root's from here on: only to root can the metrics tell the number of open files.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if not set_undumpable():
        _LOG.warning("the process stays readable for others of its user: this is not Linux, or it does not allow it")


def set_undumpable() -> bool:
    """Ask Linux that neither a core file nor another process may copy this memory; whether it does."""
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return False
    return int(prctl(_SET_DUMPABLE, 0, 0, 0, 0)) == 0


def raise_file_limit() -> int:
    """Raise the soft limit of open files to the hard one, or to ``FILES``, and give it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
