"""Timers of the kernel that send this process a signal at a given moment, running or stopped.

See timer_create(2). SIGKILL reaches a process that SIGSTOP holds, and one that hangs; no thread
of the process has to run for it. They are not inherited by child processes.
"""

from __future__ import annotations

import ctypes
import logging
import signal
import time

logger = logging.getLogger(__name__)

_BY_SIGNAL = 0  # SIGEV_SIGNAL, <asm-generic/siginfo.h>
_ABSOLUTE = 1  # TIMER_ABSTIME, <linux/time.h>


class _Event(ctypes.Structure):
    """`struct sigevent`, sigevent(3type)."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 48),
    )


class _Times(ctypes.Structure):
    """`struct itimerspec`: interval, then value; seconds and nanoseconds of each."""

    _fields_ = (
        ("every_s", ctypes.c_long),
        ("every_ns", ctypes.c_long),
        ("at_s", ctypes.c_long),
        ("at_ns", ctypes.c_long),
    )


class Alarm:
    """One such timer; `made` gives one that does nothing where the system has none."""

    def __init__(self, timer: ctypes.c_void_p | None) -> None:
        self._timer = timer
        self._libc = ctypes.CDLL(None, use_errno=True)

    @classmethod
    def made(cls, number: int = signal.SIGKILL) -> Alarm:
        """A timer for a signal, not set yet."""
        libc = ctypes.CDLL(None, use_errno=True)
        clock = getattr(time, "CLOCK_BOOTTIME", None)
        timer = ctypes.c_void_p()
        event = _Event(signo=number, notify=_BY_SIGNAL)
        if clock is None or not hasattr(libc, "timer_create"):
            return cls(None)
        if libc.timer_create(clock, ctypes.byref(event), ctypes.byref(timer)):
            logger.warning("the kernel gives no timer (error %d)", ctypes.get_errno())
            return cls(None)
        return cls(timer)

    def arm(self, at: float) -> None:
        """Send it at this moment of CLOCK_BOOTTIME (seconds) instead of any before."""
        self._set(max(at, 0.001))

    def disarm(self) -> None:
        """Send nothing."""
        self._set(0.0)

    def _set(self, at: float) -> None:
        if self._timer is None:
            return
        seconds = int(at)
        times = _Times(at_s=seconds, at_ns=int((at - seconds) * 1e9))
        self._libc.timer_settime(self._timer, _ABSOLUTE, ctypes.byref(times), None)
