"""Browsers, each in a network namespace of its own behind the same shaped uplink, and what they send.

The server's own link is not shaped. Bytes are those of the interfaces, headers and acknowledgements included.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.browsers.device import Device
from lab.browsers.process_tree import cpu_sec, processes_marked
from lab.networks.network import Network
from lab.networks.programs import NetworkFleet, NetworkServer

SERVER = "server"
SEEDER = "seeder"

# Without a secure context there is neither OPFS nor the browser's own hash, for us as for WebTorrent; and a
# browser that plays nothing needs no sound card.
_ARGS = ("--disable-audio-output",)


class Site:
    """A seeder and leechers, their browsers open on the front door of the product."""

    def __init__(
        self, network: Network, server: NetworkServer, fleet: NetworkFleet, trusted: list[str]
    ) -> None:
        self.network = network
        self.server = server
        self._members = [member for member in network.members if member != SERVER]
        args = (*_ARGS, f"--unsafely-treat-insecure-origin-as-secure={','.join(trusted)}")
        for member in self._members:
            fleet.chromium_at(member, {}, show_local_ips=True, extra_args=args)
        self.devices: list[Device] = fleet.devices

    @property
    def seeder(self) -> Device:
        return self.devices[0]

    @property
    def leechers(self) -> list[Device]:
        return self.devices[1:]

    def shape(self, rate_kbit: int) -> None:
        for member in self._members:
            self.network.shape_uplink(member, rate_kbit)

    def wire_bytes(self) -> int:
        """What all browsers together have sent so far."""
        return sum(_sent_bytes(self.network.command(member)) for member in self._members)

    def cpu_sec(self) -> float:
        """CPU time that all browsers together have used so far."""
        return cpu_sec(pid for device in self.devices for pid in processes_marked(device.mark))

    def resting_cores(self, for_sec: float) -> float:
        """How many cores all browsers together keep busy while nobody touches anything."""
        used_sec, began_sec = self.cpu_sec(), time.monotonic()
        time.sleep(for_sec)  # what is measured is that nothing happens
        return (self.cpu_sec() - used_sec) / (time.monotonic() - began_sec)

    @contextmanager
    def only_from_the_seeder(self) -> Iterator[None]:
        """Leechers cannot reach each other meanwhile."""
        leechers = self._members[1:]
        pairs = [(one, other) for one in leechers for other in leechers if one < other]
        for pair in pairs:
            self.network.block(*pair)
        try:
            yield
        finally:
            for pair in pairs:
                self.network.unblock(*pair)


class CpuMeter:
    """The share of all cores that was busy since this was made, 0 to 1."""

    def __init__(self) -> None:
        self._busy, self._all = _cpu_ticks()

    def read(self) -> float:
        busy, total = _cpu_ticks()
        return (busy - self._busy) / max(1, total - self._all)


def _cpu_ticks() -> tuple[int, int]:
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, sum(fields)


def _sent_bytes(prefix: tuple[str, ...]) -> int:
    command = [*prefix, "ip", "-json", "-statistics", "link", "show", "dev", "eth0"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    [link] = json.loads(run.stdout)
    return int(link["stats64"]["tx"]["bytes"])
