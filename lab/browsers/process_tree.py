"""The processes and threads of one browser, found in /proc by a mark in its command line or environment.

Playwright does not tell a browser's process id, and a browser is many processes. Linux only. Knows nothing of
pages.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

TICKS_PER_SEC = os.sysconf("SC_CLK_TCK")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_KIND = re.compile(r"--type=([\w-]+)")
REALTIME_PRIORITY = 5  # the same as PulseAudio's, so neither starves the other


def processes_marked(mark: str) -> set[int]:
    """Every process that carries the mark, and all descendants of those."""
    wanted = mark.encode()
    parents: dict[int, int] = {}
    marked: set[int] = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            # The parent's id is the second field after the name, which is in brackets and may hold anything.
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if wanted in (folder / "cmdline").read_bytes() or wanted in (folder / "environ").read_bytes():
                marked.add(int(folder.name))
        except (OSError, IndexError):
            continue  # it ended while being looked at, or belongs to someone else
    found = marked
    while found:
        found = {pid for pid, parent in parents.items() if parent in marked and pid not in marked}
        marked |= found
    return marked


def threads_named(pids: set[int], prefixes: tuple[str, ...]) -> dict[int, str]:
    """Thread id -> name, of threads whose name begins with one of the prefixes (Linux keeps 15 letters)."""
    threads: dict[int, str] = {}
    for pid in pids:
        try:
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
        except OSError:
            continue
        for task in tasks:
            try:
                name = (task / "comm").read_text().strip()
            except OSError:
                continue
            if name.startswith(prefixes):
                threads[int(task.name)] = name
    return threads


def give_realtime_priority(threads: dict[int, str]) -> list[str]:
    """Put the threads under SCHED_RR and return their names; raises PermissionError when not allowed."""
    raised: list[str] = []
    for thread, name in threads.items():
        try:
            os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))
        except ProcessLookupError:
            continue
        raised.append(name)
    return sorted(raised)


def cpu_sec(pids: Iterable[int]) -> float:
    """CPU time that these processes have used so far; those that ended count no more."""
    total = 0
    for pid in pids:
        try:
            # User and system time are the 12th and 13th field after the name, which may hold anything.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS_PER_SEC


def cpu_sec_by_thread(pids: Iterable[int]) -> dict[str, float]:
    """CPU time that the threads of these processes have used so far, by name; those that ended count no more.

    The main threads of a browser's processes all have one name: they are told by the kind of their process.
    """
    used: Counter[str] = Counter()
    for pid in pids:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
        except OSError:
            continue
        kind = _KIND.search(command)
        for task in tasks:
            try:
                name, fields = (task / "comm").read_text().strip(), (task / "stat").read_text()
            except OSError:
                continue
            ticks = sum(int(each) for each in fields.rpartition(")")[2].split()[11:13])
            if int(task.name) == pid:
                name = f"main of {kind[1] if kind else 'browser'}"
            used[name] += ticks
    return {name: ticks / TICKS_PER_SEC for name, ticks in used.items()}


def memory_mib(pids: Iterable[int]) -> float:
    """What these processes hold together now, as the proportional set size: what they share counts once."""
    total_kib = 0
    for pid in pids:
        try:
            found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
        except OSError:
            continue
        total_kib += int(found[1]) if found else 0
    return total_kib / 1024
