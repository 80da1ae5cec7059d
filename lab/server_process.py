"""A real `unisono serve` for tests: its own process, a free port, its log in a file, ended by its pid.

server.url, server.port, server.log_text(), server.stop(), server.stop(signal.SIGKILL), server.restart()
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from lab.ports import free_port

# Generous: a loaded machine with two cores starts browsers at the same time.
START_LIMIT_SEC = 60.0
STOP_LIMIT_SEC = 30.0
POLL_SEC = 0.02

# All test browsers share one address; limits meant for parties must not end a test.
ROOMY = ("--joins-per-address", "100000", "--connections-per-address", "10000")

_LISTENING = re.compile(r" listening port=(\d+) ")


class ServerProcess:
    """Started by the constructor. `stop` and `restart` may be called in any order and any number of times."""

    def __init__(
        self,
        log_path: Path,
        extra_args: Sequence[str] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        command: Sequence[str] = (sys.executable, "-m", "unisono"),
        env: dict[str, str] | None = None,
    ) -> None:
        self.host = host
        self.port = port or free_port()
        self._log_path = log_path
        self._extra_args = tuple(extra_args)
        self._command = tuple(command)
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start_bytes = 0
        self.restart()

    @property
    def scheme(self) -> str:
        return "https" if "--tls-cert" in self._extra_args else "http"

    @property
    def url(self) -> str:
        """Where the SPA is, without a trailing slash."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def control_url(self) -> str:
        """The WebSocket address, with a shard that suits any swarm as long as there is one server."""
        return f"{self.url.replace('http', 'ws', 1)}/v1/control?s=0000"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_text(self) -> str:
        """All that the server printed and logged, over all restarts."""
        return self._log_path.read_text(encoding="utf-8", errors="replace") if self._log_path.exists() else ""

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """Ends the process, if it runs, and returns its exit code (negative: the signal that killed it)."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(STOP_LIMIT_SEC)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the server ignored {how.name}:\n{self.log_text()}") from None

    def wait(self) -> int:
        """The exit code of a process that is already on its way out."""
        assert self._process is not None, "the server is not running"
        return self._process.wait(STOP_LIMIT_SEC)

    def restart(self) -> None:
        """Starts the process, on the same port as before. A running one is stopped first."""
        self.stop()
        with self._log_path.open("ab") as log:
            self._log_start_bytes = log.tell()
            arguments = ["serve", "--host", self.host, "--port", str(self.port), *ROOMY, *self._extra_args]
            self._process = subprocess.Popen(
                [*self._command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
            )
        self._wait_until_listening()

    def _wait_until_listening(self) -> None:
        deadline_sec = time.monotonic() + START_LIMIT_SEC
        while time.monotonic() < deadline_sec and self.is_running:
            found = _LISTENING.search(
                self._log_path.read_bytes()[self._log_start_bytes :].decode(errors="replace")
            )
            if found:
                self.port = int(found[1])
                if self.scheme == "https" or self._is_healthy():
                    return
            time.sleep(POLL_SEC)
        self.stop(signal.SIGKILL)
        raise AssertionError(f"the server did not start:\n{self.log_text()}")

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=START_LIMIT_SEC) as answer:
                return bool(answer.status == 200)
        except OSError:  # refused, too late, or cut in the middle
            return False
