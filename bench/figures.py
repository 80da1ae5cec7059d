"""What a browser and the server cost while they run: CPU seconds and memory from /proc, counts from /metrics.

Linux only. Memory is the proportional set size, so that what many processes share counts once.
"""

from __future__ import annotations

import os
import re
import socket
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from tests.browsers.process_tree import processes_marked

MIB = 1024 * 1024
TICKS_PER_SEC = os.sysconf("SC_CLK_TCK")
_SAMPLE = re.compile(r"^(unisono_\w+)(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE)
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def marked(marks: Iterable[str]) -> set[int]:
    """Every process of browsers with these marks; browsers that share one are counted once."""
    return {pid for mark in set(marks) for pid in processes_marked(mark)}


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


def memory_mib(pids: Iterable[int]) -> float:
    """What these processes hold together now."""
    total_kib = 0
    for pid in pids:
        try:
            found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
        except OSError:
            continue
        total_kib += int(found[1]) if found else 0
    return total_kib / 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def server_counts(metrics_port: int) -> dict[str, float]:
    """All of the server's figures by name, summed over their labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
        text = answer.read().decode()
    counts: dict[str, float] = {}
    for name, value in _SAMPLE.findall(text):
        counts[name] = counts.get(name, 0.0) + float(value)
    return counts
