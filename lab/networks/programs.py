"""What runs inside a network of `network.py`: the server, coturn, and Chromium, each ended by its own pid.

Browsers are driven through a pipe and the server is asked after its health from inside, so the test process
itself needs no address there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.browsers.device import Device
from lab.browsers.launch import CHROMIUM_ARGS, CHROMIUM_PATH, QUIET_VIEWPORT, Fleet
from lab.networks.network import Network
from lab.server_process import POLL_SEC, START_LIMIT_SEC, STOP_LIMIT_SEC, ServerProcess

COTURN_CONFIG = Path(__file__).parents[2] / "deploy" / "coturn.conf"

# turnutils_stunclient asks once, and waits for ever when coturn was not listening yet.
ANSWER_LIMIT_SEC = 2.0

# A certificate made for a test is trusted by nobody.
_ASK_HEALTH = """
import ssl, sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=10, context=ssl._create_unverified_context())
"""


class NetworkServer(ServerProcess):
    """`unisono serve` at one member of a network, on that member's address."""

    def __init__(
        self,
        network: Network,
        member: str,
        log_path: Path,
        extra_args: Sequence[str] = (),
        *,
        env: dict[str, str] | None = None,
    ) -> None:
        self._prefix = network.command(member)
        command = (*self._prefix, sys.executable, "-m", "unisono")
        super().__init__(log_path, extra_args, host=network.address(member), command=command, env=env)

    def _is_healthy(self) -> bool:
        question = [*self._prefix, sys.executable, "-c", _ASK_HEALTH, f"{self.url}/healthz"]
        return subprocess.run(question, capture_output=True, check=False).returncode == 0


class Coturn:
    """Debian's coturn at one member, with the configuration that deploy/ ships. A context manager."""

    def __init__(self, network: Network, member: str, folder: Path, *, secret: str, port: int) -> None:
        self.address = network.address(member)
        self.port = port
        self._prefix = network.command(member)
        self._log_path = folder / "coturn.log"
        self._config_path = folder / "coturn.conf"
        self._config_path.write_text(self._config(folder, secret), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._prefix, "turnserver", "-c", str(self._config_path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline_sec = time.monotonic() + START_LIMIT_SEC
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline_sec:
                self.close()
                raise AssertionError(f"coturn did not start:\n{self.log_text()}")
            time.sleep(POLL_SEC)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"turn:{self.address}:{self.port}"

    def log_text(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """Idempotent."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_LIMIT_SEC)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _answers(self) -> bool:
        question = [*self._prefix, "turnutils_stunclient", "-p", str(self.port), self.address]
        try:
            run = subprocess.run(question, capture_output=True, timeout=ANSWER_LIMIT_SEC, check=False)
        except subprocess.TimeoutExpired:
            return False
        return run.returncode == 0

    def _config(self, folder: Path, secret: str) -> str:
        """The shipped file with its example values replaced, and what this network needs added."""
        own = {
            "listening-port": str(self.port),
            "static-auth-secret": secret,
            "realm": self.address,
            "listening-ip": self.address,
            "relay-ip": self.address,
            # The relay is on a private address here, and both ends of a relayed path are.
            "allowed-peer-ip": self.address,
            "pidfile": str(folder / "coturn.pid"),
            "userdb": str(folder / "coturn.sqlite"),
        }
        shipped = COTURN_CONFIG.read_text(encoding="utf-8").splitlines()
        kept = [line for line in shipped if line.partition("=")[0] not in own]
        return "\n".join([*kept, *(f"{name}={value}" for name, value in own.items())]) + "\n"


class NetworkFleet(Fleet):
    """A fleet whose browsers each sit at one member of a network."""

    def __init__(self, network: Network, base_url: str) -> None:
        super().__init__(base_url)
        self.network = network
        self._folder = Path(tempfile.mkdtemp(prefix="unisono-fleet-"))
        self._profiles.append(self._folder)

    def chromium_at(
        self,
        member: str,
        env: Mapping[str, str],
        *,
        show_local_ips: bool,
        extra_args: Sequence[str] = (),
    ) -> Device:
        """A Chromium at this member, named like it.

        `show_local_ips=False` is how people's browsers are: candidates carry mDNS names, not addresses.
        """
        mark = self._mark()
        launcher = self._folder / member
        prefix = " ".join(self.network.command(member))
        launcher.write_text(f'#!/bin/sh\nexec {prefix} {CHROMIUM_PATH} "$@"\n', encoding="utf-8")
        launcher.chmod(0o755)
        shown = () if not show_local_ips else ("--disable-features=WebRtcHideLocalIpsWithMdns",)
        context = self._api.chromium.launch_persistent_context(
            self._folder / f"{member}-profile",
            executable_path=launcher,
            headless=True,
            args=[*CHROMIUM_ARGS, f"--unisono-device={mark}", "--disable-gpu", *shown, *extra_args],
            ignore_default_args=["--mute-audio"],
            env=self._env(env, mark),
            viewport=QUIET_VIEWPORT,
        )
        return self._device(member, context, mark)


def faults(device: Device) -> list[str]:
    """The page's errors, without Chromium's remark that plain http gets no cross-origin isolation."""
    return [
        each for each in device.errors if "Cross-Origin-Opener-Policy header has been ignored" not in each
    ]
