"""How much memory and disk this computer has to spare, as far as its system says so."""

from __future__ import annotations

import os
from pathlib import Path

# Where a system does not say: enough for a long song, and little for a computer of today.
ASSUMED_FREE_BYTES = 2 * 1024**3
MEMINFO = Path("/proc/meminfo")
MOUNTS = Path("/proc/mounts")
# File systems whose files lie in memory.
IN_MEMORY = frozenset({"tmpfs", "ramfs"})


def free_memory_bytes() -> int:
    """What could be used without swapping."""
    try:
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
        [available] = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
        return int(available) * 1024
    except (OSError, ValueError, IndexError):
        return ASSUMED_FREE_BYTES


def lies_in_memory(folder: Path) -> bool:
    """Whether files in this folder take memory instead of disk. False where the system does not say."""
    try:
        mounts = [line.split() for line in MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return False
    whole = os.path.realpath(folder)
    kinds = {
        point: kind
        for point, kind in ((each[1], each[2]) for each in mounts if len(each) > 2)
        if whole == point or whole.startswith(point.rstrip("/") + "/")
    }
    return bool(kinds) and kinds[max(kinds, key=len)] in IN_MEMORY
