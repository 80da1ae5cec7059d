"""Threads of a sound card are preferred where the system allows it, and only they."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from unisono.peer.sound_priority import NICENESS, sound_priority

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is asked of other systems")


def scheduling() -> tuple[int, int]:
    return os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)


def scheduling_of_a_thread() -> tuple[int, int]:
    found: list[tuple[int, int]] = []
    thread = threading.Thread(target=lambda: found.append(scheduling()))
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_that_begins_inside_is_preferred_and_nobody_else() -> None:
    before = scheduling()
    with sound_priority():
        inside = scheduling_of_a_thread()
    assert inside in ((os.SCHED_RR, before[1]), (before[0], NICENESS), before)
    assert scheduling() == before
    assert scheduling_of_a_thread() == before


def test_without_the_right_all_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = scheduling()

    def schedule(_: int, policy: int, __: object) -> None:
        if policy != before[0]:
            raise PermissionError

    def set_niceness(_: int, __: int, niceness: int) -> None:
        if niceness != before[1]:
            raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr("unisono.peer.sound_priority.os.sched_setscheduler", schedule)
        patched.setattr("unisono.peer.sound_priority.os.setpriority", set_niceness)
        with sound_priority():
            assert scheduling_of_a_thread() == before
    assert scheduling() == before
