"""Load for a bench: devices that join beside it meet a machine that is too slow for them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def busy_cores() -> Iterator[None]:
    """One endless loop for each core, of ordinary priority, for as long as the block lasts."""
    loop = ["sh", "-c", "while :; do :; done"]
    loops = [subprocess.Popen(loop) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in loops:
            process.kill()
        for process in loops:
            process.wait()
