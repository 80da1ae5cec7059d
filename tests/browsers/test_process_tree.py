"""Finding and prioritising the threads of marked processes, on processes made for it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.browsers.process_tree import give_realtime_priority, processes_marked, threads_named

MARK = f"unisono-test-{os.getpid()}."
NAME_LIMIT_SEC = 30.0
POLL_SEC = 0.01
# A parent and a child that does not inherit the mark: only the parent link leads to it.
FAMILY = (
    "import os, subprocess, sys; "
    "child = subprocess.Popen(['sleep', '600'], env={'PATH': os.environ['PATH']}); "
    "print(child.pid, flush=True); sys.stdin.read(); child.kill(); child.wait()"
)


@pytest.fixture
def family() -> Iterator[tuple[int, int]]:
    parent = subprocess.Popen(
        [sys.executable, "-c", FAMILY],
        env={**os.environ, "UNISONO_DEVICE_MARK": MARK},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    # The kernel lets the parent go on before the child has its new name.
    give_up_at = time.monotonic() + NAME_LIMIT_SEC
    while Path(f"/proc/{child}/comm").read_text().strip() != "sleep" and time.monotonic() < give_up_at:
        time.sleep(POLL_SEC)
    yield parent.pid, child
    parent.communicate()


def test_a_marked_process_is_found_with_its_children_and_nobody_else(family: tuple[int, int]) -> None:
    assert processes_marked(MARK) == set(family)
    assert processes_marked("unisono-test-no-such-mark.") == set()


def test_threads_are_chosen_by_the_beginning_of_their_name(family: tuple[int, int]) -> None:
    assert threads_named(set(family), ("slee",)) == {family[1]: "sleep"}
    assert threads_named({family[1]}, ("leep",)) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="realtime priority needs root")
def test_the_chosen_threads_really_are_scheduled_round_robin(family: tuple[int, int]) -> None:
    assert os.sched_getscheduler(family[1]) == os.SCHED_OTHER
    assert give_realtime_priority(threads_named(set(family), ("sleep",))) == ["sleep"]
    assert os.sched_getscheduler(family[1]) == os.SCHED_RR
    assert os.sched_getscheduler(family[0]) == os.SCHED_OTHER
