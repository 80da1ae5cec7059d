"""Ports of this host for programs that a test starts: a free one, and the wait until somebody listens."""

import socket
import time

LISTEN_LIMIT_SEC = 60.0  # a cold driver on a busy machine
POLL_SEC = 0.05


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, who: str) -> None:
    """Until `who` listens there; raises TimeoutError, with its name."""
    give_up_at = time.monotonic() + LISTEN_LIMIT_SEC
    while time.monotonic() < give_up_at:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(POLL_SEC)
    raise TimeoutError(f"{who} does not listen on {port}")
