"""A crawl ends with the process that began it, so that no crawl runs on without its daemon."""

from __future__ import annotations

import ctypes
import os
import signal

PARENT = "ARCHIVER_PARENT"  # in a child's environment: the process id of whom it is to end with
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def end_with_parent() -> bool:
    """Have the kernel send SIGINT once the parent ends that the environment names.

    SIGINT, so that a crawl closes its files and ends. The child asks for it itself: a parent that
    does so between fork and exec has to copy its page tables for every child, which takes as long
    as it is large. False where that parent is gone already: then end now. True, and nothing done,
    where the environment names none.
    """
    named = os.environ.get(PARENT, "")
    if not named.isdecimal():
        return True
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    return os.getppid() == int(named)  # asked afterwards: it may have ended just before
