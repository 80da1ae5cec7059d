"""A real `unisono join` for tests: its own process, what it prints in a file, ended by its pid."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_LIMIT_SEC = 30.0
# A state that has not come by then never will; two cores may carry browsers meanwhile.
WAIT_LIMIT_SEC = 90.0
POLL_SEC = 0.1


class PeerProcess:
    """A context manager; leaving it says that it leaves the swarm."""

    def __init__(
        self, log_path: Path, arguments: Sequence[str], env: Mapping[str, str] | None = None
    ) -> None:
        self._log_path = log_path
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "unisono", "join", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def text(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, words: str) -> None:
        """Until it has printed these words."""
        deadline_sec = time.monotonic() + WAIT_LIMIT_SEC
        while words not in self.text():
            if self._process.poll() is not None or time.monotonic() > deadline_sec:
                raise AssertionError(f"the peer never said {words!r}:\n{self.text()}")
            time.sleep(POLL_SEC)

    def stop(self) -> int:
        """Asks it to leave; returns its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(STOP_LIMIT_SEC)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the peer ignored SIGTERM:\n{self.text()}") from None
