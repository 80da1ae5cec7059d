"""Threads that carry sound run before others where the system lets them, as a browser's do.

Realtime scheduling needs a right that root has, and that most distributions give to the group "audio"; a
negative niceness is the next best. Where neither is allowed, and on other systems, all stays as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# What PulseAudio asks for, by default, for its own threads.
REALTIME_PRIORITY = 5
NICENESS = -11


@contextmanager
def sound_priority() -> Iterator[None]:
    """For threads that begin inside: they inherit the scheduling of the one that makes them."""
    undo = _prefer() if sys.platform == "linux" else None
    try:
        yield
    finally:
        if undo is not None:
            undo()


def _prefer() -> Callable[[], None] | None:
    """This thread alone, as 0 says to Linux. Returns how that is taken back; None: it is not allowed."""
    try:
        policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))
    except OSError:
        return _prefer_by_niceness()
    return lambda: os.sched_setscheduler(0, policy, parameter)


def _prefer_by_niceness() -> Callable[[], None] | None:
    try:
        niceness = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    except OSError:
        return None
    return lambda: os.setpriority(os.PRIO_PROCESS, 0, niceness)
