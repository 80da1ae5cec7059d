"""Debian's HAProxy with the file that we ship: only addresses and the certificate are others here."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from lab.ports import free_ports

SHIPPED = Path(__file__).parents[2] / "deploy/haproxy.cfg"
START_LIMIT_SEC = 30.0
POLL_SEC = 0.05


def haproxy() -> str:
    """The program; administration tools are not always on the PATH of a plain user."""
    found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/sbin")
    assert found is not None, "haproxy is missing; `make test-tools` installs it"
    return found


def adapted(folder: Path, port: int, peer_port: int, nodes: Iterable[tuple[str, int]]) -> str:
    """The shipped configuration for plain http on this port, with these nodes (name, port) here."""
    text = SHIPPED.read_text(encoding="utf-8")
    servers = "\n".join(f"    server {name} 127.0.0.1:{node_port}" for name, node_port in nodes)
    for pattern, replacement in (
        (r"^    user haproxy\n    group haproxy\n", ""),
        (r"maxconn \d+", "maxconn 1500"),  # what a plain user may open
        (r"/run/haproxy/admin\.sock", str(folder / "admin.sock")),
        (r"^    bind :80\n    bind :443 .*$", f"    bind 127.0.0.1:{port}"),
        (r"^    http-request redirect scheme https .*\n", ""),
        (r"127\.0\.0\.1:10000", f"127.0.0.1:{peer_port}"),
        (r"(^    server node\d .*\n)+", f"{servers}\n"),
    ):
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count > 0, f"the shipped file has no {pattern}"
    return text


class Proxy:
    """Runs until `close`."""

    def __init__(self, folder: Path, nodes: Iterable[tuple[str, int]]) -> None:
        self.port, peer_port = free_ports(2)
        self._admin = folder / "admin.sock"
        config = folder / "haproxy.cfg"
        config.write_text(adapted(folder, self.port, peer_port, nodes), encoding="utf-8")
        self._log = (folder / "haproxy.log").open("wb")
        self._process = subprocess.Popen(
            [haproxy(), "-db", "-L", "proxy1", "-f", str(config)], stdout=self._log, stderr=self._log
        )

    def say(self, command: str) -> str:
        """One command to the running proxy, and what it answers."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self._admin))
            admin.sendall(command.encode() + b"\n")
            answer = b""
            while part := admin.recv(65536):
                answer += part
        return answer.decode()

    def busiest(self) -> str:
        """The node that carries most sockets now."""
        rows = [row for row in self._servers() if row[1].startswith("node")]
        return max(rows, key=lambda row: int(row[4]))[1]

    def wait_until(self, **states: str) -> None:
        """Until the health checks say so: `wait_until(node1="UP", node5="DOWN")`."""
        deadline_sec = time.monotonic() + START_LIMIT_SEC
        while not self._are(states):
            assert self._process.poll() is None, "haproxy ended"
            assert time.monotonic() < deadline_sec, self.say("show stat")
            time.sleep(POLL_SEC)  # asks again; the deadline ends it

    def _are(self, states: dict[str, str]) -> bool:
        try:
            now = {row[1]: row[17].split(" ")[0] for row in self._servers()}
        except (FileNotFoundError, ConnectionError):
            return False  # it is starting
        return all(now.get(node) == state for node, state in states.items())

    def _servers(self) -> list[list[str]]:
        """A row of statistics for each: name in column 1, sockets in 4, health in 17."""
        lines = self.say("show stat").splitlines()
        return [line.split(",") for line in lines if line.startswith("control,")]

    def close(self) -> None:
        """Idempotent."""
        self._process.kill()
        self._process.wait()
        self._log.close()
