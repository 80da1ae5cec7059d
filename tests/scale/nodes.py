"""Four servers and the proxy before them, as deploy/haproxy.cfg has them; a fifth may be added."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.networks.haproxy import Proxy
from lab.ports import free_ports
from lab.server_process import ServerProcess

NODES = 4


class Nodes:
    """The servers by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.ports = dict(zip(self.names, free_ports(len(self.names)), strict=True))
        with ThreadPoolExecutor() as pool:
            self.servers = dict(zip(self.names, pool.map(self.start, self.names[:NODES]), strict=False))
        self.proxy = Proxy(folder, self.ports.items())
        try:
            self.proxy.wait_until(**dict.fromkeys(self.names[:NODES], "UP"))
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The proxy's."""
        return f"http://127.0.0.1:{self.proxy.port}"

    @property
    def names(self) -> list[str]:
        """One more than run at first: it is added later."""
        return [f"node{number}" for number in range(1, NODES + 2)]

    def start(self, name: str) -> ServerProcess:
        return ServerProcess(
            self._folder / f"{name}.log",
            ["--trusted-proxy", "127.0.0.1/32", "--stun-port", "0"],
            port=self.ports[name],
        )

    def add(self, name: str) -> None:
        self.servers[name] = self.start(name)
        self.proxy.wait_until(**{name: "UP"})

    def close(self) -> None:
        self.proxy.close()
        for server in self.servers.values():
            server.stop(signal.SIGKILL)
