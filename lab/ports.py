"""Ports of this host for programs that a test starts: free ones, and the wait until somebody listens.

A port that the system chose, and that is free for a moment, may be somebody else's in the next: before the
program is up, or while a server that was killed is started anew. A client that tries to reach it meanwhile
may even be given that port for its own end, and then talks to itself. So these lie below what the system
chooses from, and processes that test at the same time have a share each.
"""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

LISTEN_LIMIT_SEC = 60.0  # a cold driver on a busy machine
POLL_SEC = 0.05

_CHOSEN_BY_SYSTEM = Path("/proc/sys/net/ipv4/ip_local_port_range")
# Above the last port that browsers refuse (10080).
_LOWEST = 11_000
_USUAL_HIGHEST = 32_767
_SHARES = 8


def free_port() -> int:
    """Taken by nobody, neither for TCP nor for UDP. Not given again by this process for a long while."""
    return next(_free)


def free_ports(count: int) -> list[int]:
    return list(islice(_free, count))


def wait_for_port(port: int, who: str) -> None:
    """Until `who` listens there; raises TimeoutError, with its name."""
    give_up_at = time.monotonic() + LISTEN_LIMIT_SEC
    while time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(POLL_SEC)  # asks again; the deadline ends it
    raise TimeoutError(f"{who} does not listen on {port}")


def _free_ports() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = (_highest() + 1 - _LOWEST) // _SHARES
    first = _LOWEST + worker % _SHARES * share
    at = random.SystemRandom().randrange(share)  # another run may go on beside this one
    while True:
        if _is_free(first + at):
            yield first + at
        at = (at + 1) % share


def _highest() -> int:
    if not _CHOSEN_BY_SYSTEM.exists():
        return _USUAL_HIGHEST
    below = int(_CHOSEN_BY_SYSTEM.read_text().split()[0]) - 1
    return below if below > 2 * _LOWEST else _USUAL_HIGHEST  # it may choose from all of them


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                return False
    return True


_free = _free_ports()
