"""Threads that carry sound run before others where the system lets them, as a browser's do.

Realtime scheduling needs a right that root has, and that most distributions give to the group "audio"; a
negative niceness is the next best. Where neither is allowed, and on other systems, all stays as it is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# What PulseAudio asks for, by default, for its own threads.
REALTIME_PRIORITY = 5
NICENESS = -11


@contextmanager
def sound_priority() -> Iterator[None]:
    """For threads that begin inside: they inherit the scheduling of the one that makes them."""
    if sys.platform != "linux":
        yield
        return
    # Of this thread alone, as 0 says to Linux.
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    _prefer()
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameter)
        os.setpriority(os.PRIO_PROCESS, 0, niceness)


def _prefer() -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))
    except OSError:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
