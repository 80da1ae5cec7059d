"""A small LAN in network namespaces: one switch, members with an address each, paths that can be cut.

    with Network("server", "ada", "bo") as network:
        network.block("ada", "bo")
        subprocess.run([*network.command("ada"), "ping", network.address("server")])

Needs root and iproute2. The host's own interfaces, routes and namespaces are not touched, so nothing in here
can reach the outside, and what is removed at the end is what was made. Knows no clock and no program.
"""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
from types import TracebackType
from typing import Self

SUBNET = "10.77.0"
SWITCH_ADDRESS = f"{SUBNET}.254"

# A burst of ten full frames; and a queue so short that a sender notices the rate (behind a deeper one,
# Chromium's sender falls silent for seconds after slow start).
SHAPER = ("burst", "16kb", "limit", "50000")

# Why a test is skipped there; `make test` makes them as root, as a bare machine of CI has it.
NEEDS_NETWORKS = "network namespaces need root, iproute2, and a kernel and container that allow them"

# Long for one command of iproute2, on a machine that is busy with browsers.
COMMAND_LIMIT_SEC = 30.0


class Network:
    """A context manager; members are numbered from 10.77.0.1 in the order they are named."""

    _numbers = itertools.count(1)

    def __init__(self, *members: str) -> None:
        if not 1 <= len(members) <= 200 or len(set(members)) != len(members):
            raise ValueError("a network has 1 to 200 members of different names")
        prefix = f"unisono-{os.getpid()}-{next(Network._numbers)}"
        self._switch = f"{prefix}-switch"
        self._namespaces = {member: f"{prefix}-{member}" for member in members}
        self._addresses = {member: f"{SUBNET}.{number}" for number, member in enumerate(members, start=1)}
        self._made: list[str] = []

    def __enter__(self) -> Self:
        try:
            self._make_switch()
            for number, member in enumerate(self._namespaces):
                self._plug_in(member, f"port{number}")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def members(self) -> list[str]:
        """In the order they were named."""
        return list(self._namespaces)

    def address(self, member: str) -> str:
        return self._addresses[member]

    def command(self, member: str) -> tuple[str, ...]:
        """What to put before a command so that it runs there. It replaces itself: the process id stays."""
        return ("ip", "netns", "exec", self._namespaces[member])

    def block(self, one: str, other: str) -> None:
        """Cuts the direct path, both ways; what goes through a third member still arrives. Idempotent."""
        for here, there in ((one, other), (other, one)):
            _ip("-n", self._namespaces[here], "route", "replace", "blackhole", f"{self.address(there)}/32")

    def unblock(self, one: str, other: str) -> None:
        """Opens a path that `block` has cut."""
        for here, there in ((one, other), (other, one)):
            _ip("-n", self._namespaces[here], "route", "del", "blackhole", f"{self.address(there)}/32")

    def readdress(self, member: str, number: int) -> None:
        """Gives the member the address 10.77.0.`number` instead of its own, as another network would."""
        inside = self._namespaces[member]
        _ip("-n", inside, "address", "del", f"{self.address(member)}/24", "dev", "eth0")
        self._addresses[member] = f"{SUBNET}.{number}"
        _ip("-n", inside, "address", "add", f"{self.address(member)}/24", "dev", "eth0")
        _ip("-n", inside, "route", "replace", "default", "via", SWITCH_ADDRESS)

    def shape_uplink(self, member: str, rate_kbit: int) -> None:
        """Whatever this member sends leaves at this rate, headers included. May be called again."""
        shaper = ("tbf", "rate", f"{rate_kbit}kbit", *SHAPER)
        _run(*self.command(member), "tc", "qdisc", "replace", "dev", "eth0", "root", *shaper)

    def close(self) -> None:
        """Removes the namespaces this network made, and with them their interfaces. Idempotent."""
        while self._made:
            _ip("netns", "del", self._made.pop())

    def _make_switch(self) -> None:
        self._add_namespace(self._switch)
        _ip("-n", self._switch, "link", "add", "switch", "type", "bridge", "mcast_snooping", "0")
        _ip("-n", self._switch, "address", "add", f"{SWITCH_ADDRESS}/24", "dev", "switch")
        _ip("-n", self._switch, "link", "set", "switch", "up")

    def _plug_in(self, member: str, port: str) -> None:
        inside = self._namespaces[member]
        self._add_namespace(inside)
        _ip("-n", self._switch, *f"link add {port} type veth peer name eth0 netns {inside}".split())
        _ip("-n", self._switch, "link", "set", port, "master", "switch", "up")
        _ip("-n", inside, "link", "set", "lo", "up")
        _ip("-n", inside, "address", "add", f"{self.address(member)}/24", "dev", "eth0")
        _ip("-n", inside, "link", "set", "eth0", "up")
        # As in any LAN: browsers take their own address from the default route. The switch forwards nothing.
        _ip("-n", inside, "route", "add", "default", "via", SWITCH_ADDRESS)

    def _add_namespace(self, name: str) -> None:
        _ip("netns", "add", name)
        self._made.append(name)


@functools.cache
def can_make_networks() -> bool:
    """Whether this process has the right to, which containers and plain users often lack."""
    try:
        with Network("probe"):
            return True
    except (OSError, NetworkError):
        return False


class NetworkError(Exception):
    """A command of iproute2 failed; the message holds the command and what it said."""


def _ip(*arguments: str) -> None:
    _run("ip", *arguments)


def _run(*command: str) -> None:
    run = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_LIMIT_SEC, check=False)
    if run.returncode != 0:
        raise NetworkError(f"{' '.join(command)}: {run.stderr.strip()}")
