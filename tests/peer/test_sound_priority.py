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


@pytest.mark.parametrize("refused", [["sched_setscheduler", "setpriority"], ["sched_setscheduler"], []])
def test_what_is_refused_is_done_without(monkeypatch: pytest.MonkeyPatch, refused: list[str]) -> None:
    """Also where the next best is allowed; and it is taken back."""

    def refuse(*_: object) -> None:
        raise PermissionError

    before = scheduling()
    with monkeypatch.context() as patched:
        for name in refused:
            patched.setattr(f"unisono.peer.sound_priority.os.{name}", refuse)
        with sound_priority():
            inside = scheduling_of_a_thread()
    assert scheduling() == before
    if len(refused) == 2:
        assert inside == before
    elif refused:
        assert inside in ((before[0], NICENESS), before)
