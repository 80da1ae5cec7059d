"""What a swarm costs while it runs: the processes of its browsers, and the server's own counts."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from lab.browsers.process_tree import processes_marked

_SAMPLE = re.compile(r"^(unisono_\w+)(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE)


def builds_in_turn(before: Path | None) -> dict[str, Path | None]:
    """By name, the checkouts whose built web app is served in turn; None is this one."""
    return {"now": None, **({"before": before} if before else {})}


def marked(marks: Iterable[str]) -> set[int]:
    """Every process of browsers with these marks; browsers that share one are counted once."""
    return {pid for mark in set(marks) for pid in processes_marked(mark)}


def server_counts(metrics_port: int) -> dict[str, float]:
    """All of the server's figures by name, summed over their labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
        text = answer.read().decode()
    counts: dict[str, float] = {}
    for name, value in _SAMPLE.findall(text):
        counts[name] = counts.get(name, 0.0) + float(value)
    return counts
